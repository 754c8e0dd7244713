//! The second engine: smartcore's decision tree, fitted on the same inputs as [`super::grow`] and turned into our
//! [`Tree`], so that prediction, validation and the model file are shared. The only file that knows smartcore.
//!
//! smartcore 0.7's tree knows neither missing values, weights nor class fractions, and depends on the order of its
//! rows. So missing values become a number below their column's least, rows are sorted by content, one class never
//! reaches it, and the leaves are filled by sending the training rows through its nodes. Those are private: they are
//! read from its serde form, as JSON values in memory. What stays: it drops some valid splits between tied values,
//! and needs time and memory for every row at every node (a million rows: minutes, gigabytes).

use std::cmp::Ordering;

use ::smartcore::linalg::basic::matrix::DenseMatrix;
use ::smartcore::tree::decision_tree_classifier::{DecisionTreeClassifier, DecisionTreeClassifierParameters};
use serde::Deserialize;
use thiserror::Error;

use super::grow::{GrowSettings, Grown};
use super::{MAX_DEPTH, Node, Tree, TreeError};

/// Values are held within this, so that the sum of two, from which smartcore takes its thresholds, is finite.
const LARGEST: f64 = f64::MAX / 8.0;

type Classifier = DecisionTreeClassifier<f64, u32, DenseMatrix<f64>, Vec<u32>>;

/// Why smartcore gave no tree.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant is")]
pub enum SmartcoreError {
    #[error("smartcore cannot fit a tree to {rows} rows: {reason}")]
    Fit { rows: usize, reason: String },
    #[error("smartcore's tree cannot be written by serde")]
    Encode(#[source] serde_json::Error),
    #[error("smartcore's tree does not have the nodes that version 0.7.0 writes")]
    Decode(#[source] serde_json::Error),
    #[error("smartcore's tree is not one that podprint can use")]
    Tree(#[from] TreeError),
}

/// Fits a tree on `columns[feature][row]` (`NaN` = missing), the rows that `rows` names.
///
/// `class`, `classes`, `weight` (pods) and the rows that are left out are as for [`super::grow::grow`], but weights
/// fill the leaves only: smartcore fits every row alike. `settings.min_leaf` becomes a count of rows by the mean
/// weight of a row. Importance is smartcore's own, zeros where it is undefined. A missing value goes where missing
/// values went in training, and in a node that saw none to the heavier child, left when equal.
pub fn fit<C: AsRef<[f64]>>(
    columns: &[C],
    class: &[u16],
    classes: usize,
    weight: &[f64],
    rows: &[u32],
    settings: &GrowSettings,
) -> Result<Grown, SmartcoreError> {
    let classes = classes.max(1);
    let table = Table::new(columns, class, classes, weight, rows);
    let one_class = table.rows.windows(2).all(|pair| pair[0].class == pair[1].class);
    if one_class || columns.is_empty() || settings.max_depth == 0 {
        let leaf = Node::Leaf { weights: vec![1; classes] };
        return Ok(Grown { tree: table.tree(vec![leaf], classes)?, importance: vec![0.0; columns.len()] });
    }
    let mean_weight = table.rows.iter().map(|row| row.weight).sum::<f64>() / table.rows.len() as f64;
    let parameters = DecisionTreeClassifierParameters {
        // smartcore counts the root.
        max_depth: Some(settings.max_depth.min(MAX_DEPTH) as u16 + 1),
        // A little less, so that 60 rows of 1/60 pod make a leaf of one pod.
        min_samples_leaf: ((settings.min_leaf / mean_weight - 1e-6).ceil() as usize).max(1),
        seed: Some(0),
        ..DecisionTreeClassifierParameters::default()
    };
    let failed =
        |error: ::smartcore::error::Failed| SmartcoreError::Fit { rows: table.rows.len(), reason: error.to_string() };
    let values = table.columns.iter().flatten().copied().collect();
    let matrix = DenseMatrix::new(table.rows.len(), table.columns.len(), values, true).map_err(failed)?;
    let labels: Vec<u32> = table.rows.iter().map(|row| u32::from(row.class)).collect();
    let fitted: Classifier = DecisionTreeClassifier::fit(&matrix, &labels, parameters).map_err(failed)?;

    let value = serde_json::to_value(&fitted).map_err(SmartcoreError::Encode)?;
    let Mirror { nodes } = serde_json::from_value(value).map_err(SmartcoreError::Decode)?;
    let importance = fitted.compute_feature_importances(true);
    let importance = importance.into_iter().map(|share| if share.is_finite() { share } else { 0.0 }).collect();
    let shape = nodes.iter().map(|node| node.to_node(classes)).collect();
    Ok(Grown { tree: table.tree(shape, classes)?, importance })
}

/// What is read of smartcore's tree, by the field names of version 0.7.0.
#[derive(Deserialize)]
struct Mirror {
    nodes: Vec<MirrorNode>,
}

#[derive(Deserialize)]
struct MirrorNode {
    split_feature: usize,
    /// Absent in a leaf, and where it is not finite, which JSON cannot say; values within [`LARGEST`] give none.
    split_value: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

impl MirrorNode {
    /// Its place in the tree; leaf weights and missing directions are yet to come. A number that does not fit its
    /// type, or is absent, becomes one that [`Tree::from_nodes`] refuses.
    fn to_node(&self, classes: usize) -> Node {
        let (Some(left), Some(right)) = (self.true_child, self.false_child) else {
            return Node::Leaf { weights: vec![1; classes] };
        };
        Node::Split {
            feature: u16::try_from(self.split_feature).unwrap_or(u16::MAX),
            threshold: self.split_value.unwrap_or(f64::NAN),
            missing_left: true,
            left: u32::try_from(left).unwrap_or(0),
            right: u32::try_from(right).unwrap_or(0),
        }
    }
}

/// The training rows in the order of their content, finite.
struct Table {
    /// `columns[feature][row]`; a number below the column's least stands for missing.
    columns: Vec<Vec<f64>>,
    /// The least value that is present in each column; infinite in a column without any.
    least: Vec<f64>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    index: usize,
    class: u16,
    weight: f64,
}

impl Table {
    fn new<C: AsRef<[f64]>>(columns: &[C], class: &[u16], classes: usize, weight: &[f64], rows: &[u32]) -> Self {
        let length = columns.iter().map(|column| column.as_ref().len()).max().unwrap_or(0);
        let usable = |row: &u32| {
            let index = *row as usize;
            let weight = weight.get(index).copied().filter(|weight| *weight > 0.0 && weight.is_finite())?;
            let class = class.get(index).copied().filter(|class| usize::from(*class) < classes)?;
            (index < length).then_some(Row { index, class, weight })
        };
        let mut rows: Vec<Row> = rows.iter().filter_map(usable).collect();
        let mut table = Self { columns: Vec::new(), least: Vec::new(), rows: Vec::new() };
        for column in columns {
            let column = column.as_ref();
            let value = |row: &Row| {
                let value = column.get(row.index).copied().unwrap_or(f64::NAN);
                (value + 0.0).clamp(-LARGEST, LARGEST)
            };
            let least = rows.iter().map(value).fold(f64::INFINITY, f64::min);
            let missing = if least.is_finite() { least - (least.abs() + 1.0) } else { 0.0 };
            let filled = |value: f64| if value.is_nan() { missing } else { value };
            table.columns.push(rows.iter().map(|row| filled(value(row))).collect());
            table.least.push(least);
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_unstable_by(|a, b| {
            let by_value = table.columns.iter().map(|column| column[*a].total_cmp(&column[*b]));
            let by_rest = rows[*a].class.cmp(&rows[*b].class).then(rows[*a].weight.total_cmp(&rows[*b].weight));
            by_value.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(by_rest)
        });
        for column in &mut table.columns {
            *column = order.iter().map(|row| column[*row]).collect();
        }
        rows = order.into_iter().map(|row| rows[row]).collect();
        table.rows = rows;
        table
    }

    /// The tree with the splits of `shape`; leaf weights and missing directions are what the rows show.
    fn tree(&self, shape: Vec<Node>, classes: usize) -> Result<Tree, TreeError> {
        let mut tree = Tree::from_nodes(shape, self.columns.len(), classes)?;
        let count = tree.nodes.len();
        let mut pods = vec![vec![0.0; classes]; count];
        let mut saw_missing = vec![false; count];
        for (index, row) in self.rows.iter().enumerate() {
            let mut at = 0;
            while let Node::Split { feature, threshold, left, right, .. } = &tree.nodes[at] {
                let feature = usize::from(*feature);
                let value = self.columns[feature][index];
                saw_missing[at] |= value < self.least[feature];
                at = if value <= *threshold { *left } else { *right } as usize;
            }
            pods[at][usize::from(row.class)] += row.weight;
        }
        // Children stand after their parents, so going backwards a child's weight is known before it is asked for.
        let mut weight = vec![0.0; count];
        for at in (0..count).rev() {
            match &mut tree.nodes[at] {
                Node::Leaf { weights } => {
                    weight[at] = pods[at].iter().sum();
                    *weights = super::grow::thousandths(&pods[at]);
                }
                Node::Split { feature, threshold, missing_left, left, right } => {
                    let (left_weight, right_weight) = (weight[*left as usize], weight[*right as usize]);
                    weight[at] = left_weight + right_weight;
                    let feature = usize::from(*feature);
                    if !saw_missing[at] {
                        *missing_left = left_weight >= right_weight;
                    } else if *threshold < self.least[feature] {
                        // Missing alone went left: "present or missing", which puts missing right.
                        (*threshold, *missing_left) = (f64::MAX, false);
                        std::mem::swap(left, right);
                    } else {
                        *missing_left = true;
                    }
                }
            }
        }
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{GrowSettings, Grown, MirrorNode, Node, Tree, TreeError, fit};

    const NAN: f64 = f64::NAN;

    /// Fitted on all rows, one pod each, two classes.
    fn fitted(columns: &[Vec<f64>], class: &[u16]) -> Grown {
        let rows: Vec<u32> = (0..class.len() as u32).collect();
        fit(columns, class, 2, &vec![1.0; class.len()], &rows, &GrowSettings::default()).unwrap()
    }

    fn split(feature: u16, threshold: f64, missing_left: bool, left: u32, right: u32) -> Node {
        Node::Split { feature, threshold, missing_left, left, right }
    }

    fn leaf(weights: [u32; 2]) -> Node {
        Node::Leaf { weights: weights.to_vec() }
    }

    #[test]
    fn its_nodes_become_our_tree() {
        let found = fitted(&[vec![1., 1., 1., 1.], vec![5., 5., 7., 7.]], &[0, 0, 1, 1]);
        assert_eq!(found.tree.nodes(), [split(1, 6.0, true, 1, 2), leaf([2000, 0]), leaf([0, 2000])]);
        assert_eq!(found.importance, [0.0, 1.0]);
    }

    #[test]
    fn number_that_json_cannot_say_is_refused() {
        let json = r#"{"split_feature": 0, "split_value": null, "true_child": 1, "false_child": 2}"#;
        let node: MirrorNode = serde_json::from_str(json).unwrap();
        let leaves = [leaf([1, 1]), leaf([1, 1])];
        let nodes = [node.to_node(2)].into_iter().chain(leaves).collect();
        assert!(matches!(Tree::from_nodes(nodes, 1, 2), Err(TreeError::Threshold(0))));
    }

    #[test]
    fn nothing_to_tell_apart_gives_a_leaf() {
        for (columns, class, expected) in [
            (vec![vec![1., 2.]], vec![1, 1], [0, 2000]), // one class, which smartcore refuses
            (vec![vec![3., 3.]], vec![0, 1], [1000, 1000]), // constant: smartcore's importance is 0 / 0
            (vec![vec![NAN, NAN]], vec![0, 1], [1000, 1000]),
            (vec![vec![1.]], vec![1], [0, 1000]),
            (vec![vec![]], vec![], [1, 1]),
            (vec![], vec![0, 1], [1, 1]),
        ] {
            let found = fitted(&columns, &class);
            assert_eq!(found.tree.nodes(), [leaf(expected)]);
            assert_eq!(found.importance, vec![0.0; columns.len()]);
        }
    }

    #[test]
    fn missing_values_go_where_they_went_in_training() {
        // Missing stands below 1, so missing and 1, 2 are told from 3, 4.
        let found = fitted(&[vec![1., 2., 3., 4., NAN, NAN]], &[0, 0, 1, 1, 0, 0]);
        assert_eq!(found.tree.nodes(), [split(0, 2.5, true, 1, 2), leaf([4000, 0]), leaf([0, 2000])]);
        // Missing alone is of class 1: present goes left, missing right, as in our own trees.
        let found = fitted(&[vec![1., 2., NAN, NAN]], &[0, 0, 1, 1]);
        assert_eq!(found.tree.leaf(&[1.0]), [2000, 0]);
        assert_eq!(found.tree.leaf(&[-1e300]), [2000, 0]);
        assert_eq!(found.tree.leaf(&[NAN]), [0, 2000]);
        // New to the node: the heavier child.
        assert_eq!(fitted(&[vec![1., 2., 2.]], &[0, 1, 1]).tree.leaf(&[NAN]), [0, 2000]);
    }

    #[test]
    fn infinite_and_huge_values_do_not_hide_a_split() {
        for (low, high) in [(1.0, f64::INFINITY), (f64::NEG_INFINITY, f64::INFINITY), (1e308, 1.7e308), (f64::MIN, 0.0)]
        {
            let tree = fitted(&[vec![low, low, high, high]], &[0, 0, 1, 1]).tree;
            // Values above MAX / 8 = 2.2e307 are one value here.
            let expected = if low > 1e300 { [2000, 2000] } else { [2000, 0] };
            assert_eq!(tree.leaf(&[low]), expected, "{low} and {high}");
        }
    }

    #[test]
    fn depth_is_counted_as_in_our_trees() {
        let (value, class): (Vec<f64>, Vec<u16>) = (0..16).map(|row| (f64::from(row), row / 2 % 2)).unzip();
        let rows: Vec<u32> = (0..16).collect();
        for max_depth in 0..4 {
            let settings = GrowSettings { max_depth, min_leaf: 0.0 };
            assert_eq!(fit(&[&value], &class, 2, &[1.0; 16], &rows, &settings).unwrap().tree.depth(), max_depth);
        }
    }

    #[test]
    fn weights_fill_the_leaves_and_bound_their_rows() {
        // Half a pod a row: 1.5 pods are 3 rows, which the split 2 : 4 does not leave.
        let (value, class, rows) = (vec![1., 1., 2., 2., 2., 2.], [0, 0, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5]);
        let tree = |min_leaf| {
            let settings = GrowSettings { max_depth: 3, min_leaf };
            fit(&[&value], &class, 2, &[0.5; 6], &rows, &settings).unwrap().tree
        };
        assert_eq!(tree(1.0).nodes(), [split(0, 1.5, false, 1, 2), leaf([1000, 0]), leaf([0, 2000])]);
        assert_eq!(tree(1.5).nodes(), [leaf([1000, 2000])]);
    }

    proptest! {
        #[test]
        fn any_table_gives_a_valid_tree_that_row_order_does_not_change(
            table in prop::collection::vec((prop::array::uniform2(prop_oneof![
                4 => (0..5_i32).prop_map(f64::from),
                1 => Just(NAN),
                1 => any::<f64>(),
            ]), 0..3_u16, 1..4_u8), 0..60),
        ) {
            let fit = |table: &[([f64; 2], u16, u8)]| {
                let columns: Vec<Vec<f64>> =
                    (0..2).map(|feature| table.iter().map(|(values, ..)| values[feature]).collect()).collect();
                let class: Vec<u16> = table.iter().map(|(_, class, _)| *class).collect();
                let weight: Vec<f64> = table.iter().map(|(.., weight)| 1.0 / f64::from(*weight)).collect();
                let rows: Vec<u32> = (0..table.len() as u32).collect();
                fit(&columns, &class, 3, &weight, &rows, &GrowSettings::default()).unwrap()
            };
            let grown = fit(&table);
            prop_assert!(Tree::from_nodes(grown.tree.nodes().to_vec(), 2, 3).is_ok());
            for (values, class, weight) in &table {
                // At least the row's own weight is in the leaf that it reaches.
                let held = grown.tree.leaf(values)[usize::from(*class)];
                prop_assert!(held >= (1000.0 / f64::from(*weight)) as u32);
            }
            let reversed: Vec<_> = table.iter().rev().copied().collect();
            prop_assert_eq!(fit(&reversed), grown);
        }
    }
}
