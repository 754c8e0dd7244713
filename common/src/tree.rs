//! A decision tree over numeric features: its nodes, checked once, and what it says of a row.
//!
//! Trees are grown in [`grow`] (ours) or [`smartcore`] (the second engine); both yield this one type, so that
//! classification, explanation and the model file know a single shape. Missing values are `NaN`.

use thiserror::Error;

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
    /// An answer: the weight of each class among the training rows that ended here, in thousandths of a pod;
    /// one entry a class, the sum above zero.
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
