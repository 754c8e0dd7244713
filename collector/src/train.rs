//! From a training set to a model: the learner that evaluation and the shipped model share.

use std::collections::HashSet;

use common::dataset::Dataset;
use common::evaluation::{Classifier, Learner};
use common::model::{Engine, Model, ModelError, ModelParts, TrainingFacts, scale};
use common::tree::bins::{Binned, MAX_BINS};
use common::tree::grow::{GrowSettings, Grown, grow};
use common::tree::smartcore::{self, SmartcoreError};
use common::tree::{Tree, TreeError};
use thiserror::Error;

/// Depth and leaf size of shipped trees: deep enough for a dozen types, with leaves that two pods agree on.
pub const TREE: GrowSettings = GrowSettings { max_depth: 12, min_leaf: 0.5 };

/// Why a training failed.
#[derive(Debug, Error)]
pub enum TrainError {
    /// The parts do not make a model, e.g. a class is called `unknown`.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The leaves do not hold: never seen.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The second engine gave no tree.
    #[error(transparent)]
    Smartcore(#[from] SmartcoreError),
}

/// How models are trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trainer {
    /// What grows the tree.
    pub engine: Engine,
    /// Whether rows are normalised to 0..1 first.
    pub normalise: bool,
}

/// A model that has learned, for evaluation.
pub struct Fitted(Model);

impl Classifier for Fitted {
    fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        self.0.probabilities(row)
    }
}

impl Learner for Trainer {
    type Fitted = Fitted;
    type Error = TrainError;

    fn fit(&self, data: &Dataset, rows: &[u32]) -> Result<Fitted, TrainError> {
        self.train(data, rows, TrainingFacts::default()).map(Fitted)
    }
}

impl Trainer {
    /// Trains on `rows` of `data`; `facts` go into the model, with pods, samples and importance filled in here.
    ///
    /// Each pod weighs the same, however many samples it has.
    pub fn train(&self, data: &Dataset, rows: &[u32], facts: TrainingFacts) -> Result<Model, TrainError> {
        let mut columns: Vec<Vec<f64>> =
            data.columns.iter().map(|column| rows.iter().map(|row| column[*row as usize]).collect()).collect();
        let class: Vec<u16> = rows.iter().map(|row| data.class[*row as usize]).collect();
        let scaling = self.normalise.then(|| columns.iter_mut().map(|column| normalise(column)).collect());
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let weights = pod_weights(data, rows);
        let Grown { tree, importance } = match self.engine {
            Engine::Podprint => {
                let binned = Binned::new(&columns, MAX_BINS);
                grow(&binned, &class, data.classes.len(), &weights, &all, &TREE)
            }
            Engine::Smartcore => smartcore::fit(&columns, &class, data.classes.len(), &weights, &all, &TREE)?,
        };
        let tree = weigh_by_pods(tree, &columns, data, rows)?;
        let (pods, samples) = counts(data, rows);
        Ok(Model::new(ModelParts {
            engine: self.engine,
            classes: data.classes.clone(),
            features: data.features.clone(),
            scaling,
            trees: vec![tree],
            facts: TrainingFacts { pods, samples, importance, ..facts },
        })?)
    }
}

/// The weight of each row, in pods; the rows of a pod sum to 1, however many they are.
///
/// A window of k samples weighs 1/k: the early answers are the ones that people wait for, and long windows are alike. The
/// windows from the start of a container weigh as much together as all later ones: a new pod is the usual case.
fn pod_weights(data: &Dataset, rows: &[u32]) -> Vec<f64> {
    let later = later_windows(data);
    let mut sums = vec![[0.0; 2]; data.groups.len()];
    let part = |row: u32| (data.group[row as usize] as usize, usize::from(later[row as usize]));
    for row in rows {
        let (group, later) = part(*row);
        sums[group][later] += 1.0 / f64::from(data.window[*row as usize].max(1));
    }
    rows.iter()
        .map(|row| {
            let (group, later) = part(*row);
            let parts = sums[group].iter().filter(|sum| **sum > 0.0).count() as f64;
            1.0 / f64::from(data.window[*row as usize].max(1)) / sums[group][later] / parts
        })
        .collect()
}

/// Which rows stand after their group's first run of growing windows.
fn later_windows(data: &Dataset) -> Vec<bool> {
    let mut longest = vec![(0_u8, false); data.groups.len()];
    data.group
        .iter()
        .zip(&data.window)
        .map(|(group, window)| {
            let (before, later) = &mut longest[*group as usize];
            *later |= *window < *before;
            *before = *window;
            *later
        })
        .collect()
}

/// Scales the weights of each leaf to the number of pods that ended there: that is what its shares rest on, while the
/// weight of a pod is spread over many leaves.
fn weigh_by_pods(tree: Tree, columns: &[Vec<f64>], data: &Dataset, rows: &[u32]) -> Result<Tree, TreeError> {
    let mut pods: Vec<HashSet<u32>> = vec![HashSet::new(); tree.nodes().len()];
    let mut values = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        values.clear();
        values.extend(columns.iter().map(|column| column[at]));
        pods[tree.leaf_index(&values)].insert(data.group[*row as usize]);
    }
    tree.with_leaves(|leaf, weights| {
        let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        let scale = pods[leaf].len() as f64 * 1000.0 / sum;
        weights
            .iter()
            .map(|weight| if *weight == 0 { 0 } else { (f64::from(*weight) * scale).round().max(1.0) as u32 })
            .collect()
    })
}

/// Scales a column to 0..1 and gives its least and largest value; a missing value stays missing.
fn normalise(column: &mut [f64]) -> (f64, f64) {
    let (min, max) = column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(*v), max.max(*v)));
    if min > max {
        return (0.0, 0.0);
    }
    for value in column {
        *value = scale(*value, (min, max));
    }
    (min, max)
}

/// Pods and samples of each class.
fn counts(data: &Dataset, rows: &[u32]) -> (Vec<u32>, Vec<u64>) {
    let mut pods = vec![0; data.classes.len()];
    let mut samples = vec![0; data.classes.len()];
    let mut met = vec![false; data.groups.len()];
    for row in rows {
        let (class, group) = (usize::from(data.class[*row as usize]), data.group[*row as usize] as usize);
        samples[class] += 1;
        if !std::mem::replace(&mut met[group], true) {
            pods[class] += 1;
        }
    }
    (pods, samples)
}
