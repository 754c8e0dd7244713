//! Models for tests: one small and fixed, and random ones of any size from a seed.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests")]

use common::dataset::Feature;
use common::model::{Engine, Model, ModelParts, TrainingFacts};
use common::tree::{Node, Tree};
use common::unit::Unit;

/// Splitmix64: the same numbers on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A finite number of any size.
    pub(crate) fn number(&mut self) -> f64 {
        match self.below(8) {
            0 => self.pick(&[0.0, -0.0, 1.0, f64::MIN_POSITIVE, f64::MAX / 4.0, f64::MIN / 4.0, 5e-324]),
            1 => self.below(10) as f64,
            _ => (self.next() as i64 as f64) / 2f64.powi(self.below(120) as i32),
        }
    }
}

/// How large a random model is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) classes: usize,
    pub(crate) features: usize,
    pub(crate) trees: usize,
    pub(crate) depth: usize,
}

/// A leaf.
pub(crate) fn leaf(weights: &[u32]) -> Node {
    Node::Leaf { weights: weights.to_vec() }
}

/// The model of the golden file; never changes.
pub(crate) fn small() -> Model {
    let split = |feature, threshold, missing_left| Node::Split { feature, threshold, missing_left, left: 1, right: 2 };
    let feature = |name: &str, unit: Unit| Feature { name: name.to_owned(), unit: unit.symbol().to_owned() };
    let trees = [
        vec![split(0, 0.5, true), leaf(&[2000, 0, 0]), leaf(&[0, 5000, 3000])],
        vec![split(1, 0.25, false), leaf(&[0, 0, 2000]), leaf(&[0, 5000, 0])],
    ];
    Model::new(ModelParts {
        engine: Engine::Podprint,
        classes: ["nginx", "mysql", "redis"].map(str::to_owned).to_vec(),
        features: vec![feature("memory_usage_bytes", Unit::Bytes), feature("cpu", Unit::Cores)],
        scaling: Some(vec![(0.0, 1000.0), (0.0, 4.0)]),
        trees: trees.into_iter().map(|nodes| Tree::from_nodes(nodes, 2, 3).unwrap()).collect(),
        facts: TrainingFacts {
            trained_at: 1_795_219_200_000,
            source: "recording demo".to_owned(),
            seed: 7,
            pods: vec![2, 5, 3],
            samples: vec![200, 500, 300],
            figures: vec![("accuracy".to_owned(), 0.875), ("macro F1".to_owned(), 0.85)],
            importance: vec![0.75, 0.25],
        },
    })
    .unwrap()
}

/// A valid model with everything in it that may be.
pub(crate) fn random(seed: u64, size: Size) -> Model {
    let mut random = Random(seed);
    let r = &mut random;
    let names = ["a", "nginx", "käse", "数据库", "x y=\"1\"", "UE9EUFJJTlQ", "..."];
    let trees = (0..size.trees).map(|_| tree(r, size)).collect();
    let scaling = (r.below(2) == 0).then(|| {
        let limits = (0..size.features).map(|_| (r.number(), r.number()));
        limits.map(|(a, b)| (a.min(b), a.max(b))).collect()
    });
    Model::new(ModelParts {
        engine: r.pick(&[Engine::Podprint, Engine::Smartcore]),
        classes: (0..size.classes).map(|i| format!("{}{i}", r.pick(&names))).collect(),
        features: (0..size.features)
            .map(|i| Feature { name: format!("{}{i}", r.pick(&names)), unit: r.pick(&Unit::ALL).symbol().to_owned() })
            .collect(),
        scaling,
        trees,
        facts: TrainingFacts {
            trained_at: (r.next() % 253_402_207_200_000) as i64,
            source: r.pick(&names).repeat(r.below(10)),
            seed: r.next(),
            pods: (0..size.classes).map(|_| r.next() as u32 >> r.below(32)).collect(),
            samples: (0..size.classes).map(|_| r.next() >> r.below(64)).collect(),
            figures: (0..r.below(5)).map(|i| (format!("{}{i}", r.pick(&names)), r.number())).collect(),
            importance: (0..size.features).map(|_| r.number().abs()).collect(),
        },
    })
    .unwrap()
}

fn tree(r: &mut Random, size: Size) -> Tree {
    let mut nodes = vec![leaf(&[])];
    let mut open = vec![(0, 0)];
    while !open.is_empty() {
        let (at, depth) = open.swap_remove(r.below(open.len()));
        nodes[at] = if depth < size.depth && r.below(8) > 0 {
            let children = [nodes.len() as u32, nodes.len() as u32 + 1];
            let swap = r.below(2);
            open.extend(children.map(|child| (child as usize, depth + 1)));
            nodes.extend([leaf(&[]), leaf(&[])]);
            Node::Split {
                feature: r.below(size.features) as u16,
                threshold: r.number(),
                missing_left: r.below(2) == 0,
                left: children[swap],
                right: children[1 - swap],
            }
        } else {
            let mut weights: Vec<u32> =
                (0..size.classes).map(|_| if r.below(2) == 0 { 0 } else { r.next() as u32 >> r.below(32) }).collect();
            weights[r.below(size.classes)] |= 1;
            leaf(&weights)
        };
    }
    Tree::from_nodes(nodes, size.features, size.classes).unwrap()
}
