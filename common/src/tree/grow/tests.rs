//! What a grown tree must be: on small tables by hand, on random ones by its properties.

use proptest::prelude::*;

use super::search::FEW_ROWS;
use super::{GrowSettings, Grown, MAX_NODES, Node, Tree, grow};
use crate::tree::bins::{Binned, MAX_BINS};

const NAN: f64 = f64::NAN;

/// Grown on all rows, one pod each, two classes.
fn grown(columns: &[Vec<f64>], class: &[u16]) -> Grown {
    let rows: Vec<u32> = (0..class.len() as u32).collect();
    let weight = vec![1.0; class.len()];
    grow(&Binned::new(columns, MAX_BINS), class, 2, &weight, &rows, &GrowSettings::default())
}

fn split(feature: u16, threshold: f64, missing_left: bool, left: u32) -> Node {
    Node::Split { feature, threshold, missing_left, left, right: left + 1 }
}

fn leaf(weights: [u32; 2]) -> Node {
    Node::Leaf { weights: weights.to_vec() }
}

/// Pseudo-random numbers below `below`, the same on every run.
fn random(seed: u64, below: u64) -> impl Iterator<Item = u64> {
    let step =
        |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(seed), step).skip(1).map(move |state| (state >> 33) % below)
}

#[test]
fn a_split_between_tied_values_is_found() {
    // smartcore finds none here: below 0.5 are 3 of class 0 and 1 of class 1, above the opposite.
    let grown = grown(&[vec![0., 0., 0., 0., 1., 1., 1., 1.]], &[1, 0, 0, 0, 0, 1, 1, 1]);
    assert_eq!(grown.tree.nodes(), [split(0, 0.5, true, 1), leaf([3000, 1000]), leaf([1000, 3000])]);
    assert_eq!(grown.importance, [1.0]);
}

#[test]
fn the_better_feature_is_asked_and_the_lowest_of_equals() {
    let (noise, signal) = (vec![1., 2., 1., 2.], vec![5., 5., 7., 7.]);
    let found = grown(&[noise, signal.clone(), signal], &[0, 0, 1, 1]);
    assert_eq!(found.tree.nodes(), [split(1, 6.0, true, 1), leaf([2000, 0]), leaf([0, 2000])]);
    assert_eq!(found.importance, [0.0, 1.0, 0.0]);
}

#[test]
fn nothing_to_tell_apart_gives_a_leaf() {
    let weights = |columns: &[Vec<f64>], class: &[u16]| {
        let grown = grown(columns, class);
        assert_eq!(grown.importance, vec![0.0; columns.len()]);
        assert_eq!(grown.tree.nodes().len(), 1);
        grown.tree.leaf(&vec![0.0; columns.len()]).to_vec()
    };
    assert_eq!(weights(&[vec![1., 2.]], &[1, 1]), [0, 2000]); // one class
    assert_eq!(weights(&[vec![1., 1.]], &[0, 1]), [1000, 1000]); // constant
    assert_eq!(weights(&[vec![NAN, NAN]], &[0, 1]), [1000, 1000]); // never known
    assert_eq!(weights(&[vec![1.]], &[1]), [0, 1000]); // one row
    assert_eq!(weights(&[vec![]], &[]), [1, 1]); // no row: every class alike
    assert_eq!(weights(&[], &[0, 1]), [1, 1]); // no feature, so no row in the table
    // Both sides as mixed as the whole: no gain.
    assert_eq!(weights(&[vec![1., 1., 2., 2.]], &[0, 1, 0, 1]), [2000, 2000]);
}

#[test]
fn rows_that_cannot_be_used_are_left_out() {
    let binned = Binned::new(&[[1., 2., 3., 4., 5., 6.]], MAX_BINS);
    let weight = [1.0, 0.0, NAN, f64::INFINITY, -1.0, 1.0];
    let grown = grow(&binned, &[0, 1, 1, 1, 1, 9], 2, &weight, &[0, 1, 2, 3, 4, 5, 77], &GrowSettings::default());
    assert_eq!(grown.tree.nodes(), [leaf([1000, 0])]); // row 5 has no class below 2, row 77 does not exist
    let none = grow(&binned, &[0; 6], 0, &[1.0; 6], &[0, 1], &GrowSettings::default());
    assert_eq!(none.tree.nodes(), [Node::Leaf { weights: vec![2000] }]);
}

#[test]
fn missing_values_go_where_they_belong() {
    // Missing rows are of class 1, like those above 2.5.
    let found = grown(&[vec![1., 2., 3., 4., NAN, NAN]], &[0, 0, 1, 1, 1, 1]);
    assert_eq!(found.tree.nodes(), [split(0, 2.5, false, 1), leaf([2000, 0]), leaf([0, 4000])]);
    // Missing rows are of class 0, like those below.
    let found = grown(&[vec![1., 2., 3., 4., NAN, NAN]], &[0, 0, 1, 1, 0, 0]);
    assert_eq!(found.tree.nodes(), [split(0, 2.5, true, 1), leaf([4000, 0]), leaf([0, 2000])]);
}

#[test]
fn missing_against_present_is_a_question() {
    let found = grown(&[vec![1., 2., NAN, NAN]], &[0, 0, 1, 1]);
    assert_eq!(found.tree.nodes(), [split(0, f64::MAX, false, 1), leaf([2000, 0]), leaf([0, 2000])]);
    assert_eq!(found.tree.leaf(&[f64::INFINITY]), [2000, 0]);
    let with_constant = grown(&[vec![7., 7., NAN, NAN]], &[0, 0, 1, 1]);
    assert_eq!(with_constant.tree.nodes()[0], split(0, f64::MAX, false, 1));
}

#[test]
fn missing_values_new_to_a_node_go_to_its_heavier_child() {
    assert_eq!(grown(&[vec![1., 2., 2.]], &[0, 1, 1]).tree.leaf(&[NAN]), [0, 2000]);
    assert_eq!(grown(&[vec![1., 1., 2.]], &[0, 0, 1]).tree.leaf(&[NAN]), [2000, 0]);
    assert_eq!(grown(&[vec![1., 2.]], &[0, 1]).tree.leaf(&[NAN]), [1000, 0]); // equal: left
}

#[test]
fn a_pod_weighs_the_same_however_many_rows_it_has() {
    // Pod 0 (class 0): 60 rows at 1; pod 1 (class 1): one row at 1 and pod 2 (class 1): 3 rows at 2.
    let value: Vec<f64> = (0..64).map(|row| if row < 61 { 1.0 } else { 2.0 }).collect();
    let class: Vec<u16> = (0..64).map(|row| u16::from(row >= 60)).collect();
    let weight = |row| {
        if row < 60 {
            1.0 / 60.0
        } else if row < 61 {
            1.0
        } else {
            1.0 / 3.0
        }
    };
    let weight: Vec<f64> = (0..64).map(weight).collect();
    let rows: Vec<u32> = (0..64).collect();
    let settings = GrowSettings { min_leaf: 1.0, ..GrowSettings::default() };
    let grow = |settings| grow(&Binned::new(&[&value], MAX_BINS), &class, 2, &weight, &rows, settings).tree;
    // Sums of rounded thirds still count as the one pod that a leaf must hold.
    assert_eq!(grow(&settings).nodes(), [split(0, 1.5, true, 1), leaf([1000, 1000]), leaf([0, 1000])]);
    assert_eq!(grow(&GrowSettings { min_leaf: 1.001, ..settings }).nodes(), [leaf([1000, 2000])]);
}

#[test]
fn a_class_that_is_present_is_never_rounded_away() {
    let binned = Binned::new(&[[1.0, 1.0]], MAX_BINS);
    let tree = grow(&binned, &[0, 1], 2, &[1.0, 1e-12], &[0, 1], &GrowSettings::default()).tree;
    assert_eq!(tree.nodes(), [leaf([1000, 1])]);
}

#[test]
fn depth_is_limited_as_in_scikit_learn() {
    // Alternating classes over 16 values need more than 4 levels.
    let (value, class): (Vec<f64>, Vec<u16>) = (0..16).map(|row| (f64::from(row), row % 2)).unzip();
    let binned = Binned::new(&[value], MAX_BINS);
    for max_depth in 0..5 {
        let settings = GrowSettings { max_depth, ..GrowSettings::default() };
        let rows: Vec<u32> = (0..16).collect();
        assert_eq!(grow(&binned, &class, 2, &[1.0; 16], &rows, &settings).tree.depth(), max_depth);
    }
}

#[test]
fn a_tree_stays_within_the_most_nodes() {
    // Classes at random over 255^3 places: 120,000 rows would take some 80,000 nodes.
    let rows = 120_000;
    let columns: Vec<Vec<f64>> = (1..4).map(|seed| random(seed, 255).take(rows).map(|n| n as f64).collect()).collect();
    let class: Vec<u16> = random(9, 2).take(rows).map(|n| n as u16).collect();
    let all: Vec<u32> = (0..rows as u32).collect();
    let settings = GrowSettings { max_depth: 64, min_leaf: 0.0 };
    let tree = grow(&Binned::new(&columns, MAX_BINS), &class, 2, &vec![1.0; rows], &all, &settings).tree;
    assert_eq!(tree.nodes().len(), MAX_NODES);
    assert!(Tree::from_nodes(tree.nodes().to_vec(), 3, 2).is_ok());
}

#[test]
fn the_large_and_the_small_path_find_the_same_splits() {
    // Twice the rows, each twice: past the size up to which a node has no histogram; same shares, same splits.
    let rows = FEW_ROWS;
    let columns: Vec<Vec<f64>> =
        (1..5).map(|seed| random(seed, 9).take(rows).map(|n| if n == 8 { NAN } else { n as f64 }).collect()).collect();
    let class: Vec<u16> = random(9, 2).take(rows).map(|n| n as u16).collect();
    let binned = Binned::new(&columns, MAX_BINS);
    let (once, weight) = ((0..rows as u32).collect::<Vec<_>>(), vec![1.0; rows]);
    let twice: Vec<u32> = once.iter().chain(&once).copied().collect();
    let settings = GrowSettings { max_depth: 6, min_leaf: 0.0 };
    let shape = |rows: &[u32]| {
        let tree = grow(&binned, &class, 2, &weight, rows, &settings).tree;
        tree.nodes().iter().filter(|node| matches!(node, Node::Split { .. })).cloned().collect::<Vec<_>>()
    };
    assert!(shape(&once).len() > 20);
    assert_eq!(shape(&once), shape(&twice));
}

#[test]
fn trees_are_the_same_in_any_order_and_with_any_threads() {
    let rows = 40_000; // above PARALLEL_ROWS
    let columns: Vec<Vec<f64>> = (1..4).map(|seed| random(seed, 1000).take(rows).map(|n| n as f64).collect()).collect();
    let class: Vec<u16> =
        random(9, 3).zip(&columns[0]).map(|(n, x)| if n == 0 { 2 } else { u16::from(*x > 500.0) }).collect();
    let weight: Vec<f64> = random(8, 60).take(rows).map(|n| 1.0 / (n + 1) as f64).collect();
    let forward: Vec<u32> = (0..rows as u32).collect();
    let settings = GrowSettings::default();
    let expected = grow(&Binned::new(&columns, MAX_BINS), &class, 3, &weight, &forward, &settings);
    assert!(expected.tree.nodes().len() > 100);

    let mut reversed = (columns.clone(), class.clone(), weight.clone());
    reversed.0.iter_mut().for_each(|column| column.reverse());
    reversed.1.reverse();
    reversed.2.reverse();
    assert_eq!(grow(&Binned::new(&reversed.0, MAX_BINS), &reversed.1, 3, &reversed.2, &forward, &settings), expected);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = one.install(|| grow(&Binned::new(&columns, MAX_BINS), &class, 3, &weight, &forward, &settings));
    assert_eq!(alone, expected);
}

/// A column of few values, some missing, some infinite.
fn column(rows: usize) -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        6 => (0..6_i32).prop_map(f64::from),
        1 => Just(NAN),
        1 => any::<f64>(),
    ];
    prop::collection::vec(value, rows)
}

/// The least impurity that any single split of `columns` leaves, tried one by one on the raw values.
fn best_by_hand(columns: &[Vec<f64>], class: &[u16]) -> f64 {
    let impurity = |rows: &[usize]| {
        let ones = rows.iter().filter(|row| class[**row] == 1).count() as f64;
        let all = rows.len() as f64;
        if rows.is_empty() { 0.0 } else { all - (ones * ones + (all - ones) * (all - ones)) / all }
    };
    let mut least = impurity(&(0..class.len()).collect::<Vec<_>>());
    for column in columns {
        for threshold in column.iter().map(|value| value.clamp(f64::MIN, f64::MAX)).filter(|value| !value.is_nan()) {
            for missing_left in [true, false] {
                let left = |row: &usize| crate::tree::goes_left(column[*row], threshold, missing_left);
                let (left, right): (Vec<usize>, Vec<usize>) = (0..class.len()).partition(left);
                least = least.min(impurity(&left) + impurity(&right));
            }
        }
    }
    least
}

proptest! {
    #[test]
    fn one_question_leaves_the_least_impurity_there_is(
        (columns, class) in (1..60_usize).prop_flat_map(|rows| {
            (prop::collection::vec(column(rows), 3), prop::collection::vec(0..2_u16, rows))
        })
    ) {
        let rows: Vec<u32> = (0..class.len() as u32).collect();
        let settings = GrowSettings { max_depth: 1, min_leaf: 0.0 };
        let binned = Binned::new(&columns, MAX_BINS);
        let tree = grow(&binned, &class, 2, &vec![1.0; class.len()], &rows, &settings).tree;
        let gini = |weights: &Vec<u32>| {
            let [zeros, ones] = [f64::from(weights[0]) / 1000.0, f64::from(weights[1]) / 1000.0];
            zeros + ones - (zeros * zeros + ones * ones) / (zeros + ones)
        };
        let found: f64 = tree.nodes().iter().map(|node| match node {
            Node::Leaf { weights } => gini(weights),
            Node::Split { .. } => 0.0,
        }).sum();
        prop_assert!((found - best_by_hand(&columns, &class)).abs() < 1e-9);
    }

    #[test]
    fn every_tree_is_valid_and_holds_its_training_rows(
        (columns, class) in (0..300_usize).prop_flat_map(|rows| {
            (prop::collection::vec(column(rows), 2), prop::collection::vec(0..3_u16, rows))
        }),
        max_depth in 0..70_usize,
    ) {
        let rows: Vec<u32> = (0..class.len() as u32).collect();
        let settings = GrowSettings { max_depth, min_leaf: 0.0 };
        let binned = Binned::new(&columns, MAX_BINS);
        let grown = grow(&binned, &class, 3, &vec![1.0; class.len()], &rows, &settings);
        let tree = grown.tree;
        prop_assert!(Tree::from_nodes(tree.nodes().to_vec(), 2, 3).is_ok());
        prop_assert!(tree.depth() <= max_depth);
        let sum: f64 = grown.importance.iter().sum();
        let expected = if tree.nodes().len() > 1 { 1.0 } else { 0.0 };
        prop_assert!((sum - expected).abs() < 1e-9);
        // Each training row ends in a leaf that counted it: what the rows find adds up to what leaves hold.
        let mut found = 0;
        for (row, class) in class.iter().enumerate() {
            let weights = tree.leaf(&[columns[0][row], columns[1][row]]);
            prop_assert!(weights[usize::from(*class)] >= 1000);
            found += 1000;
        }
        let held: u32 = tree.nodes().iter().map(|node| match node {
            Node::Leaf { weights } => weights.iter().sum(),
            Node::Split { .. } => 0,
        }).sum();
        prop_assert_eq!(held, if class.is_empty() { 3 } else { found });
    }
}
