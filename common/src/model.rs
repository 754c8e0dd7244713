//! The trained model: what it may hold, checked once, and what it says of a row of features.
//!
//! Training yields [`ModelParts`], [`Model::new`] checks them, [`file`] writes and reads them. How a tree is walked
//! is [`crate::tree`]'s; what a weak answer means (`unknown`) is decided where verdicts are made.

pub mod file;

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::ballot::top;
use crate::dataset::Feature;
use crate::labels::UNKNOWN;
use crate::tree::Tree;
use crate::unit::Unit;

/// The most classes of a model.
pub const MAX_CLASSES: usize = 1024;
/// The most features of a model.
pub const MAX_FEATURES: usize = 1024;
/// The most trees of a model.
pub const MAX_TREES: usize = 1000;
/// The most evaluation figures that a model carries.
pub const MAX_FIGURES: usize = 1024;
/// The longest class name in bytes: it must fit a Kubernetes label value.
pub const MAX_CLASS_NAME: usize = 63;
/// The longest name of a feature or an evaluation figure in bytes.
pub const MAX_NAME: usize = 255;
/// The longest description of the training source in bytes.
pub const MAX_SOURCE: usize = 1024;

/// Weight of one pod in a leaf, see [`crate::tree::Node::Leaf`].
const POD: f64 = 1000.0;

/// What grew the trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Our own histogram trees.
    Podprint,
    /// smartcore's trees.
    Smartcore,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Podprint => "podprint",
            Self::Smartcore => "smartcore",
        })
    }
}

impl FromStr for Engine {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, ModelError> {
        match name {
            "podprint" => Ok(Self::Podprint),
            "smartcore" => Ok(Self::Smartcore),
            other => Err(ModelError::Engine(brief(other))),
        }
    }
}

/// What training yields; any values at all until [`Model::new`] has checked them.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelParts {
    /// What grew the trees.
    pub engine: Engine,
    /// Class names, in the order of the class list.
    pub classes: Vec<String>,
    /// Name and unit of each value of a row.
    pub features: Vec<Feature>,
    /// Least and largest training value of each feature, if rows are to be normalised to 0..1 by them.
    pub scaling: Option<Vec<(f64, f64)>>,
    /// The trees; the model's answer is the mean of theirs.
    pub trees: Vec<Tree>,
    /// What the model was made from, and how good it was.
    pub facts: TrainingFacts,
}

/// What a model was made from, and how good it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainingFacts {
    /// When, in Unix milliseconds; from 1970 to 9999.
    pub trained_at: i64,
    /// Where the rows came from, in words.
    pub source: String,
    /// The seed of everything random in training.
    pub seed: u64,
    /// Pods by class index.
    pub pods: Vec<u32>,
    /// Samples by class index.
    pub samples: Vec<u64>,
    /// Evaluation figures by name, e.g. `accuracy`; finite.
    pub figures: Vec<(String, f64)>,
    /// Importance by feature index; finite and not negative.
    pub importance: Vec<f64>,
}

/// A checked model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    parts: ModelParts,
}

/// A model's answer about one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// Index of the most probable class; the lowest of several.
    pub class: usize,
    /// Its probability.
    pub confidence: f64,
    /// Probability by class index, with a sum of 1.
    pub probabilities: Vec<f64>,
}

/// What is wrong with parts that claim to be a model.
#[derive(Debug, Error, PartialEq)]
#[allow(missing_docs, reason = "each message says what the variant is")]
pub enum ModelError {
    #[error("model engine {0:?} is not known; \"podprint\" and \"smartcore\" are allowed")]
    Engine(String),
    #[error("the model has {found} {what}; 1 to {most} are allowed")]
    Count { what: &'static str, found: usize, most: usize },
    #[error("{what} {index} is named {name:?}; 1 to {most} bytes without control characters are allowed")]
    Name { what: &'static str, index: usize, name: String, most: usize },
    #[error("two {what} names are {name:?}; each may occur once")]
    Duplicate { what: &'static str, name: String },
    #[error("class {0} is named \"{UNKNOWN}\", which is the answer for no class; another name is needed")]
    Reserved(usize),
    #[error("feature {feature:?} has unit {unit:?}; allowed are {}", units())]
    Unit { feature: String, unit: String },
    #[error("{what} has {found} entries; one for each of the {needed} {of} is needed")]
    Entries { what: &'static str, found: usize, needed: usize, of: &'static str },
    #[error("feature {feature:?} is scaled from {min} to {max}; finite limits in ascending order are allowed")]
    Scaling { feature: String, min: f64, max: f64 },
    #[error(
        "tree {tree} is over {features} features and {classes} classes; the model has {own_features} and {own_classes}"
    )]
    Tree { tree: usize, features: usize, classes: usize, own_features: usize, own_classes: usize },
    #[error("the training time is {0} ms since 1970; a time from 1970 to 9999 is allowed")]
    TrainedAt(i64),
    #[error(
        "the training source is described by {0} bytes; at most {MAX_SOURCE} without control characters are allowed"
    )]
    Source(usize),
    #[error("evaluation figure {name:?} is {value}; finite numbers are allowed")]
    Figure { name: String, value: f64 },
    #[error("the importance of feature {feature:?} is {value}; finite numbers from 0 on are allowed")]
    Importance { feature: String, value: f64 },
}

impl Model {
    /// Checks the parts of a model.
    pub fn new(parts: ModelParts) -> Result<Self, ModelError> {
        count("classes", parts.classes.len(), MAX_CLASSES)?;
        count("features", parts.features.len(), MAX_FEATURES)?;
        count("trees", parts.trees.len(), MAX_TREES)?;
        names("class", parts.classes.iter(), MAX_CLASS_NAME)?;
        names("feature", parts.features.iter().map(|feature| &feature.name), MAX_NAME)?;
        if let Some(index) = parts.classes.iter().position(|name| name == UNKNOWN) {
            return Err(ModelError::Reserved(index));
        }
        if let Some(wrong) = parts.features.iter().find(|feature| Unit::from_symbol(&feature.unit).is_none()) {
            return Err(ModelError::Unit { feature: brief(&wrong.name), unit: brief(&wrong.unit) });
        }
        check_scaling(&parts)?;
        let (own_features, own_classes) = (parts.features.len(), parts.classes.len());
        for (index, tree) in parts.trees.iter().enumerate() {
            let (features, classes) = (tree.features(), tree.classes());
            if (features, classes) != (own_features, own_classes) {
                return Err(ModelError::Tree { tree: index, features, classes, own_features, own_classes });
            }
        }
        check_facts(&parts)?;
        Ok(Self { parts })
    }

    /// The most probable class of a row; see [`Self::probabilities`].
    pub fn classify(&self, row: &[f64]) -> Classification {
        let probabilities = self.probabilities(row);
        let (class, confidence) = top(&probabilities);
        Classification { class, confidence, probabilities }
    }

    /// The probability of each class, with a sum of 1: the mean over the trees of the class shares in the leaf that
    /// the row ends in, smoothed by one more pod that is shared by all classes (Laplace).
    ///
    /// `row` has a value for each of [`Self::features`], `NaN` where it is missing.
    pub fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        let scaled: Vec<f64>;
        let row = match &self.parts.scaling {
            None => row,
            Some(limits) => {
                scaled = row.iter().zip(limits).map(|(value, limits)| scale(*value, *limits)).collect();
                &scaled
            }
        };
        let mut sum = vec![0.0; self.parts.classes.len()];
        let share = POD / sum.len() as f64;
        for tree in &self.parts.trees {
            let weights = tree.leaf(row);
            let total = weights.iter().map(|weight| f64::from(*weight)).sum::<f64>() + POD;
            for (sum, weight) in sum.iter_mut().zip(weights) {
                *sum += (f64::from(*weight) + share) / total;
            }
        }
        let trees = self.parts.trees.len() as f64;
        sum.into_iter().map(|sum| sum / trees).collect()
    }

    /// What grew the trees.
    pub fn engine(&self) -> Engine {
        self.parts.engine
    }

    /// Class names, in the order of the class indices.
    pub fn classes(&self) -> &[String] {
        &self.parts.classes
    }

    /// Name and unit of each value of a row.
    pub fn features(&self) -> &[Feature] {
        &self.parts.features
    }

    /// Least and largest training value of each feature, if rows are normalised by them.
    pub fn scaling(&self) -> Option<&[(f64, f64)]> {
        self.parts.scaling.as_deref()
    }

    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.parts.trees
    }

    /// What the model was made from.
    pub fn facts(&self) -> &TrainingFacts {
        &self.parts.facts
    }

    /// The parts, to make another model from.
    pub fn into_parts(self) -> ModelParts {
        self.parts
    }
}

/// A value normalised to 0..1 by the least and largest value of its column; a missing one stays missing, a constant
/// column is 0.
pub fn scale(value: f64, (min, max): (f64, f64)) -> f64 {
    if value.is_nan() || min < max { (value - min) / (max - min) } else { 0.0 }
}

fn check_scaling(parts: &ModelParts) -> Result<(), ModelError> {
    let Some(limits) = &parts.scaling else { return Ok(()) };
    entries("scaling", limits.len(), parts.features.len(), "features")?;
    for (feature, (min, max)) in parts.features.iter().zip(limits) {
        // The difference of two finite limits can still be infinite.
        if !(min <= max && (max - min).is_finite()) {
            return Err(ModelError::Scaling { feature: brief(&feature.name), min: *min, max: *max });
        }
    }
    Ok(())
}

fn check_facts(ModelParts { classes, features, facts, .. }: &ModelParts) -> Result<(), ModelError> {
    if facts.trained_at < 0 || jiff::Timestamp::from_millisecond(facts.trained_at).is_err() {
        return Err(ModelError::TrainedAt(facts.trained_at));
    }
    if facts.source.len() > MAX_SOURCE || facts.source.contains(char::is_control) {
        return Err(ModelError::Source(facts.source.len()));
    }
    entries("the list of pods", facts.pods.len(), classes.len(), "classes")?;
    entries("the list of samples", facts.samples.len(), classes.len(), "classes")?;
    entries("the list of importances", facts.importance.len(), features.len(), "features")?;
    count("evaluation figures", facts.figures.len().max(1), MAX_FIGURES)?;
    names("evaluation figure", facts.figures.iter().map(|(name, _)| name), MAX_NAME)?;
    if let Some((name, value)) = facts.figures.iter().find(|(_, value)| !value.is_finite()) {
        return Err(ModelError::Figure { name: brief(name), value: *value });
    }
    let mut importances = features.iter().zip(&facts.importance);
    if let Some((feature, value)) = importances.find(|(_, value)| !(value.is_finite() && **value >= 0.0)) {
        return Err(ModelError::Importance { feature: brief(&feature.name), value: *value });
    }
    Ok(())
}

fn count(what: &'static str, found: usize, most: usize) -> Result<(), ModelError> {
    if (1..=most).contains(&found) { Ok(()) } else { Err(ModelError::Count { what, found, most }) }
}

fn entries(what: &'static str, found: usize, needed: usize, of: &'static str) -> Result<(), ModelError> {
    if found == needed { Ok(()) } else { Err(ModelError::Entries { what, found, needed, of }) }
}

/// Checks that names can be shown in a table and are told apart by their text.
fn names<'a>(what: &'static str, all: impl Iterator<Item = &'a String>, most: usize) -> Result<(), ModelError> {
    let mut seen = HashSet::new();
    for (index, name) in all.enumerate() {
        if !(1..=most).contains(&name.len()) || name.contains(char::is_control) {
            return Err(ModelError::Name { what, index, name: brief(name), most });
        }
        if !seen.insert(name) {
            return Err(ModelError::Duplicate { what, name: brief(name) });
        }
    }
    Ok(())
}

/// The start of a name for an error message: a damaged model can hold one of many kilobytes.
fn brief(name: &str) -> String {
    let mut start: String = name.chars().take(64).collect();
    if start.len() < name.len() {
        start.push('…');
    }
    start
}

fn units() -> String {
    Unit::ALL.map(|unit| format!("{:?}", unit.symbol())).join(", ")
}

#[cfg(test)]
mod tests;
