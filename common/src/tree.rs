//! A decision tree over numeric features: its nodes, checked once, and what it says of a row.
//!
//! Trees are grown in [`grow`] (ours) or [`smartcore`] (the second engine); both yield this one type, so that
//! classification, explanation and the model file know a single shape. Missing values are `NaN`; an infinite value
//! counts as the largest finite one of its sign.

use std::fmt::Write as _;

use thiserror::Error;

use crate::dataset::Feature;
use crate::unit::Unit;

pub mod bins;
pub mod grow;
pub mod smartcore;

/// The most nodes a tree may have; 1 MiB of model file holds fewer.
pub const MAX_NODES: usize = 65_535;
/// The deepest a tree may be, the root counted as depth 0.
pub const MAX_DEPTH: usize = 64;

/// A node; children stand after their parent in [`Tree::nodes`].
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A question: `row[feature] <= threshold` goes left, a missing value goes left if `missing_left`.
    Split {
        /// Index of the feature, below the tree's feature count.
        feature: u16,
        /// Finite.
        threshold: f64,
        /// Where a missing (`NaN`) value goes.
        missing_left: bool,
        /// Index of the left child, above this node's own.
        left: u32,
        /// Index of the right child, above this node's own.
        right: u32,
    },
    /// An answer: the weight of each class among the training rows that ended here, in thousandths of a pod; one entry
    /// a class, the sum above zero. Training scales the sum to the number of pods that ended here.
    Leaf {
        /// Weight by class index.
        weights: Vec<u32>,
    },
}

/// A checked tree: every path from the root ends in a leaf.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
    features: usize,
    classes: usize,
}

/// What is wrong with nodes that claim to be a tree.
#[derive(Debug, Error, PartialEq)]
#[allow(missing_docs, reason = "each message says what the variant is")]
pub enum TreeError {
    #[error("a tree has {0} nodes; 1 to {MAX_NODES} are allowed")]
    Size(usize),
    #[error("node {node} asks feature {feature} of {features}")]
    Feature { node: usize, feature: u16, features: usize },
    #[error("node {0} has a threshold that is not finite")]
    Threshold(usize),
    #[error("node {node} has child {child}; a child stands after its parent, below {nodes}, and has one parent")]
    Child { node: usize, child: u32, nodes: usize },
    #[error("node {0} cannot be reached from the root")]
    Orphan(usize),
    #[error("node {0} is deeper than {MAX_DEPTH}")]
    Depth(usize),
    #[error("leaf {node} has {found} class weights; {classes} with a sum above zero are allowed")]
    Leaf { node: usize, found: usize, classes: usize },
}

impl Tree {
    /// Checks `nodes` as a tree over `features` features and `classes` classes; the root is node 0.
    pub fn from_nodes(nodes: Vec<Node>, features: usize, classes: usize) -> Result<Self, TreeError> {
        if nodes.is_empty() || nodes.len() > MAX_NODES {
            return Err(TreeError::Size(nodes.len()));
        }
        // Depth of each node once its parent has been met; the root has none.
        let mut depth: Vec<Option<usize>> = vec![None; nodes.len()];
        depth[0] = Some(0);
        for (index, node) in nodes.iter().enumerate() {
            let Some(own) = depth[index] else { return Err(TreeError::Orphan(index)) };
            if own > MAX_DEPTH {
                return Err(TreeError::Depth(index));
            }
            match node {
                Node::Leaf { weights } => {
                    if weights.len() != classes || weights.iter().all(|w| *w == 0) {
                        return Err(TreeError::Leaf { node: index, found: weights.len(), classes });
                    }
                }
                Node::Split { feature, threshold, left, right, .. } => {
                    if usize::from(*feature) >= features {
                        return Err(TreeError::Feature { node: index, feature: *feature, features });
                    }
                    if !threshold.is_finite() {
                        return Err(TreeError::Threshold(index));
                    }
                    for child in [*left, *right] {
                        let at = child as usize;
                        if at <= index || at >= nodes.len() || depth[at].is_some() {
                            return Err(TreeError::Child { node: index, child, nodes: nodes.len() });
                        }
                        depth[at] = Some(own + 1);
                    }
                }
            }
        }
        Ok(Self { nodes, features, classes })
    }

    /// Weights by class of the leaf that `row` reaches, in thousandths of a pod.
    ///
    /// `row` holds one value a feature, in the order of training; an absent column counts as missing.
    pub fn leaf(&self, row: &[f64]) -> &[u32] {
        self.descend(row).1
    }

    /// The index in [`Self::nodes`] of the leaf that `row` reaches; `row` as for [`Tree::leaf`].
    pub fn leaf_index(&self, row: &[f64]) -> usize {
        self.descend(row).0
    }

    fn descend(&self, row: &[f64]) -> (usize, &[u32]) {
        debug_assert_eq!(row.len(), self.features, "a row has one value a feature");
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                Node::Leaf { weights } => return (at, weights),
                Node::Split { feature, threshold, missing_left, left, right } => {
                    let goes_left = goes_left(value_of(row, *feature), *threshold, *missing_left);
                    at = if goes_left { *left } else { *right } as usize;
                }
            }
        }
    }

    /// The same questions with other leaf weights: `weights` gets a leaf's index and its weights.
    pub fn with_leaves(mut self, mut weights: impl FnMut(usize, &[u32]) -> Vec<u32>) -> Result<Self, TreeError> {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if let Node::Leaf { weights: old } = node {
                *old = weights(index, old);
            }
        }
        Self::from_nodes(self.nodes, self.features, self.classes)
    }

    /// The questions that `row` answers on its way to its leaf, the root's first; empty for a single leaf.
    ///
    /// `row` as for [`Tree::leaf`].
    pub fn path(&self, row: &[f64]) -> Vec<Step> {
        debug_assert_eq!(row.len(), self.features, "a row has one value a feature");
        let mut steps = Vec::new();
        let mut at = 0;
        while let Node::Split { feature, threshold, missing_left, left, right } = &self.nodes[at] {
            let value = value_of(row, *feature);
            let goes_left = goes_left(value, *threshold, *missing_left);
            steps.push(Step { feature: *feature, value, threshold: *threshold, left: goes_left });
            at = if goes_left { *left } else { *right } as usize;
        }
        steps
    }

    /// The most questions on any path: 0 for a single leaf, at most [`MAX_DEPTH`].
    pub fn depth(&self) -> usize {
        let mut depth = vec![0; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            if let Node::Split { left, right, .. } = node {
                depth[*left as usize] = depth[index] + 1;
                depth[*right as usize] = depth[index] + 1;
            }
        }
        depth.into_iter().max().unwrap_or(0)
    }

    /// The tree for people, one line a branch, each leaf with its class, that class's share and the leaf's weight:
    ///
    /// ```text
    /// memory_rss_bytes <= 12.4 MiB (missing: left): nginx (97 %, 12.3 pods)
    /// memory_rss_bytes > 12.4 MiB
    /// |   uptime_seconds present: mysql (99 %, 4 pods)
    /// |   uptime_seconds missing: postgres (100 %, 3 pods)
    /// ```
    ///
    /// `features` and `classes` are those of the training data; a name that is not there is written as its index.
    pub fn to_text(&self, features: &[Feature], classes: &[String]) -> String {
        let mut text = String::new();
        // What is still to be written, the next one last: the line's head, the node below it, its indent.
        let mut open = vec![(String::new(), 0, 0)];
        while let Some((head, at, indent)) = open.pop() {
            match &self.nodes[at] {
                Node::Leaf { weights } => {
                    let colon = if head.is_empty() { "" } else { ": " };
                    let _ = writeln!(text, "{head}{colon}{}", leaf_text(weights, classes));
                }
                Node::Split { feature, threshold, missing_left, left, right } => {
                    if !head.is_empty() {
                        let _ = writeln!(text, "{head}");
                    }
                    let (yes, no) = question(features.get(usize::from(*feature)), *feature, *threshold, *missing_left);
                    let bars = "|   ".repeat(indent);
                    open.push((format!("{bars}{no}"), *right as usize, indent + 1));
                    open.push((format!("{bars}{yes}"), *left as usize, indent + 1));
                }
            }
        }
        text
    }

    /// The nodes, the root first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many features a row has.
    pub fn features(&self) -> usize {
        self.features
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }
}

/// One question on a row's way through a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Index of the feature that is asked.
    pub feature: u16,
    /// The row's value, `NaN` when missing.
    pub value: f64,
    /// The value is compared with this, in the feature's unit.
    pub threshold: f64,
    /// Whether the row went left: its value is at most `threshold`, or missing and the node sends missing left.
    pub left: bool,
}

fn value_of(row: &[f64], feature: u16) -> f64 {
    row.get(usize::from(feature)).copied().unwrap_or(f64::NAN)
}

/// `f64::min` turns infinity into the largest finite value, which only "present or missing" (threshold MAX) needs.
fn goes_left(value: f64, threshold: f64, missing_left: bool) -> bool {
    if value.is_nan() { missing_left } else { value.min(f64::MAX) <= threshold }
}

/// The texts of a split's two branches, left first.
fn question(feature: Option<&Feature>, index: u16, threshold: f64, missing_left: bool) -> (String, String) {
    let name = feature.map_or_else(|| format!("feature {index}"), |feature| feature.name.clone());
    if threshold >= f64::MAX && !missing_left {
        return (format!("{name} present"), format!("{name} missing"));
    }
    let unit = feature.and_then(|feature| Unit::from_symbol(&feature.unit)).unwrap_or(Unit::None);
    let (value, side) = (unit.show(threshold), if missing_left { "left" } else { "right" });
    (format!("{name} <= {value} (missing: {side})"), format!("{name} > {value}"))
}

/// The heaviest class of a leaf, the first of equals; 100 % is said of a pure leaf only.
fn leaf_text(weights: &[u32], classes: &[String]) -> String {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let best = (0..weights.len()).rev().max_by_key(|class| weights[*class]).unwrap_or(0);
    let top = u64::from(weights.get(best).copied().unwrap_or(0));
    let name = classes.get(best).cloned().unwrap_or_else(|| format!("class {best}"));
    let share = (100.0 * top as f64 / total.max(1) as f64).round();
    let share = if top == total { 100.0 } else { share.min(99.0) };
    format!("{name} ({share} %, {} pods)", Unit::None.show(total as f64 / 1000.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Feature, MAX_DEPTH, Node, Step, Tree, TreeError};

    fn split(feature: u16, threshold: f64, missing_left: bool, left: u32, right: u32) -> Node {
        Node::Split { feature, threshold, missing_left, left, right }
    }

    fn leaf(weights: [u32; 2]) -> Node {
        Node::Leaf { weights: weights.to_vec() }
    }

    /// Memory at most 13 MB (missing: left) is nginx; above, uptime present is mysql, missing is nginx.
    fn sample() -> Tree {
        let nodes = vec![
            split(0, 13e6, true, 1, 2),
            leaf([11_931, 369]), // 12.3 pods, 11.931 / 12.3 = 97 %
            split(1, f64::MAX, false, 3, 4),
            leaf([1, 3999]), // 4 pods, 99.975 %
            leaf([3000, 0]),
        ];
        Tree::from_nodes(nodes, 2, 2).unwrap()
    }

    #[test]
    fn rows_reach_the_leaf_that_their_values_lead_to() {
        let tree = sample();
        let nan = f64::NAN;
        assert_eq!(tree.leaf(&[13e6, nan]), [11_931, 369]); // equal goes left
        assert_eq!(tree.leaf(&[nan, 5.0]), [11_931, 369]);
        assert_eq!(tree.leaf(&[14e6, 5.0]), [1, 3999]);
        assert_eq!(tree.leaf(&[14e6, nan]), [3000, 0]);
        assert_eq!(tree.leaf(&[f64::INFINITY, f64::INFINITY]), [1, 3999]); // infinite is present
        assert_eq!(tree.leaf(&[f64::NEG_INFINITY, nan]), [11_931, 369]);
    }

    #[test]
    fn the_path_names_each_question_and_answer() {
        let steps = sample().path(&[14e6, 5.0]);
        let first = Step { feature: 0, value: 14e6, threshold: 13e6, left: false };
        assert_eq!(steps, [first, Step { feature: 1, value: 5.0, threshold: f64::MAX, left: true }]);
        assert_eq!(Tree::from_nodes(vec![leaf([1, 0])], 2, 2).unwrap().path(&[0.0, 0.0]), []);
    }

    #[test]
    fn depth_counts_questions() {
        assert_eq!(sample().depth(), 2);
        assert_eq!(Tree::from_nodes(vec![leaf([1, 0])], 2, 2).unwrap().depth(), 0);
    }

    #[test]
    fn text_reads_like_a_tree() {
        let feature = |name: &str, unit: &str| Feature { name: name.to_owned(), unit: unit.to_owned() };
        let features = [feature("memory_rss_bytes", "B"), feature("uptime_seconds", "s")];
        let expected = "\
memory_rss_bytes <= 12.4 MiB (missing: left): nginx (97 %, 12.3 pods)
memory_rss_bytes > 12.4 MiB
|   uptime_seconds present: mysql (99 %, 4 pods)
|   uptime_seconds missing: nginx (100 %, 3 pods)
";
        assert_eq!(sample().to_text(&features, &["nginx".to_owned(), "mysql".to_owned()]), expected);
        let nameless = sample().to_text(&[], &[]);
        assert!(nameless.starts_with("feature 0 <= 1.30e7 (missing: left): class 0 (97 %"), "{nameless}");
        let single = Tree::from_nodes(vec![leaf([1, 0])], 2, 2).unwrap();
        assert_eq!(single.to_text(&[], &[]), "class 0 (100 %, 0.001 pods)\n");
    }

    #[test]
    fn nodes_that_are_no_tree_are_refused() {
        let refused = |nodes| Tree::from_nodes(nodes, 2, 2).unwrap_err();
        assert_eq!(refused(vec![]), TreeError::Size(0));
        let own_child = vec![split(0, 1.0, true, 0, 1), leaf([1, 0])];
        assert_eq!(refused(own_child), TreeError::Child { node: 0, child: 0, nodes: 2 });
        let shared_child = vec![split(0, 1.0, true, 1, 1), leaf([1, 0])];
        assert_eq!(refused(shared_child), TreeError::Child { node: 0, child: 1, nodes: 2 });
        assert_eq!(refused(vec![leaf([1, 0]), leaf([1, 0])]), TreeError::Orphan(1));
        assert_eq!(refused(vec![leaf([0, 0])]), TreeError::Leaf { node: 0, found: 2, classes: 2 });
        let infinite = vec![split(0, f64::INFINITY, true, 1, 2), leaf([1, 0]), leaf([1, 0])];
        assert_eq!(refused(infinite), TreeError::Threshold(0));
        let unknown = vec![split(2, 1.0, true, 1, 2), leaf([1, 0]), leaf([1, 0])];
        assert_eq!(refused(unknown), TreeError::Feature { node: 0, feature: 2, features: 2 });
        // A chain of 65 questions; the node at depth 65 stands at 2 * 64 + 1.
        let chain = |questions: u32| {
            let question = |q| [split(0, 1.0, true, 2 * q + 1, 2 * q + 2), leaf([1, 0])];
            let mut nodes: Vec<Node> = (0..questions).flat_map(question).collect();
            // split, leaf, split, leaf ...: the left child of question q is the leaf after it.
            nodes.push(leaf([0, 1]));
            nodes
        };
        assert_eq!(Tree::from_nodes(chain(MAX_DEPTH as u32), 2, 2).unwrap().depth(), MAX_DEPTH);
        assert_eq!(refused(chain(MAX_DEPTH as u32 + 1)), TreeError::Depth(2 * MAX_DEPTH + 1));
    }

    /// Nodes with arbitrary children, features and weights, some of which are trees.
    fn arbitrary_node() -> impl Strategy<Value = Node> {
        let node = (0u16..3, any::<f64>(), any::<bool>(), 0u32..12, 0u32..12);
        prop_oneof![
            node.prop_map(|(feature, threshold, side, left, right)| split(feature, threshold, side, left, right)),
            any::<[u32; 2]>().prop_map(leaf),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_answers_every_row(
            nodes in prop::collection::vec(arbitrary_node(), 1..12),
            row in any::<[f64; 2]>(),
        ) {
            if let Ok(tree) = Tree::from_nodes(nodes, 2, 2) {
                prop_assert_eq!(tree.leaf(&row).len(), 2);
                prop_assert!(tree.path(&row).len() <= tree.depth());
                prop_assert!(tree.to_text(&[], &[]).lines().count() < tree.nodes().len().max(2));
            }
        }
    }
}
