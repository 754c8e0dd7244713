//! The report of one training or of `collector evaluate`: every figure in one struct, as JSON and as text.
//!
//! Computes nothing: figures come from [`common::evaluation`], facts from the caller.

mod text;

use common::dataset::Dataset;
use common::evaluation::{Evaluation, LearningCurve, Note};
use serde::Serialize;

use crate::table::Table;

/// Everything that is reported. Its JSON is the file of `--report`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Where from, when and how.
    #[serde(flatten)]
    pub about: About,
    /// Rows of the training set.
    pub samples: u64,
    /// Groups (pods) of the training set.
    pub groups: usize,
    /// Sizes of the classes, in the order of the class list.
    pub classes: Vec<ClassSize>,
    /// What was learned from.
    pub features: Vec<FeatureUnit>,
    /// Figures on held-out groups.
    pub evaluation: Evaluation,
    /// Accuracy by number of training samples.
    pub learning_curve: LearningCurve,
    /// What the tree relies on, most important first, features of no importance left out.
    pub importance: Vec<Importance>,
    /// The tree, as text.
    pub tree: String,
    /// The model, if one was made.
    pub model: Option<ModelSize>,
}

/// Where the data came from, when, and how they were judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// The source of the rows in words, e.g. `recording recordings/train`.
    pub source: String,
    /// When the report was made, RFC 3339.
    pub time: String,
    /// Seed of everything random.
    pub seed: u64,
    /// What learned: `podprint` or `smartcore`.
    pub engine: String,
    /// What was held out as a whole.
    pub held_out: HeldOut,
    /// What the reader must know, with what to do about it.
    pub notes: Vec<String>,
}

/// What a group is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldOut {
    /// A container of a pod.
    Pods,
    /// All rows with one value in this column.
    Column(String),
    /// A single row: the table has no column of groups.
    Rows,
}

impl HeldOut {
    /// `pod`, `group` or `row`, with an `s` unless `count` is one.
    pub fn noun(&self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Pods, 1) => "pod",
            (Self::Pods, _) => "pods",
            (Self::Column(_), 1) => "group",
            (Self::Column(_), _) => "groups",
            (Self::Rows, 1) => "row",
            (Self::Rows, _) => "rows",
        }
    }
}

/// How much there is of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassSize {
    /// Its name.
    pub class: String,
    /// Groups (pods) with rows of it.
    pub groups: usize,
    /// Rows.
    pub samples: u64,
}

/// A feature and its unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeatureUnit {
    /// Its name.
    pub name: String,
    /// Symbol of its unit; empty for a plain number.
    pub unit: String,
}

/// How much the tree relies on a feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// Name of the feature.
    pub feature: String,
    /// Share of the whole, 0 to 1.
    pub share: f64,
}

/// The size and identity of the model file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelSize {
    /// Length of the binary file in bytes.
    pub bytes: usize,
    /// Its SHA-256, hexadecimal.
    pub fingerprint: String,
}

/// What was learned from all rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Importance by feature index, not negative, in any scale.
    pub importance: Vec<f64>,
    /// The tree as text.
    pub tree: String,
    /// The model, if one was made.
    pub model: Option<ModelSize>,
}

impl Report {
    /// Puts the parts together; what `evaluation` notes is added to the notes, in words.
    pub fn new(
        mut about: About,
        data: &Dataset,
        evaluation: Evaluation,
        learning_curve: LearningCurve,
        learned: Learned,
    ) -> Self {
        about.notes.extend(evaluation.notes.iter().map(|note| sentence(note, &about.held_out)));
        let features = data.features.iter();
        Self {
            samples: data.rows() as u64,
            groups: evaluation.groups,
            classes: class_sizes(data),
            features: features.map(|f| FeatureUnit { name: f.name.clone(), unit: f.unit.clone() }).collect(),
            importance: shares(data, &learned.importance),
            evaluation,
            learning_curve,
            tree: learned.tree,
            model: learned.model,
            about,
        }
    }

    /// The report for people, as `kubectl logs` shows it: no colours, UTF-8, a line feed at the end.
    pub fn text(&self) -> String {
        text::of(self)
    }

    /// The same figures, and what each training held out, as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// What a reader of the report must know about a table: which columns became codes, and what was held out.
pub fn table_notes(table: &Table) -> (HeldOut, Vec<String>) {
    let mut notes: Vec<String> = table
        .coded
        .iter()
        .map(|coded| {
            let (column, count) = (&coded.column, coded.values.len());
            format!("column {column:?} has names: its {count} values were taken as the codes 0, 1, ..., numbers first by size, then by their text")
        })
        .collect();
    let Some(column) = &table.group_column else {
        notes.push(
            "no --group column: each row is a group of its own, so rows of one pod may be on both sides; \
             figures are too high if there are such rows"
                .to_owned(),
        );
        return (HeldOut::Rows, notes);
    };
    (HeldOut::Column(column.clone()), notes)
}

/// A note of the evaluation, in words, with what to do.
fn sentence(note: &Note, held_out: &HeldOut) -> String {
    let (one, many) = (held_out.noun(1), held_out.noun(2));
    match note {
        Note::OneGroup { class } => format!(
            "class {class:?} has one {one}: it cannot be trained and tested at once, so it has no figures; \
             add a second {one} of it"
        ),
        Note::NoGroup { class } => {
            format!(
                "class {class:?} has no {one}: it can never be told; check the labels, or take it off the class list"
            )
        }
        Note::MixedGroups { groups } => format!(
            "{groups} {} rows of several classes; each class's part is judged by itself",
            if *groups == 1 { format!("{one} has") } else { format!("{many} have") }
        ),
        Note::NothingHeldOut => {
            format!("nothing could be held out, so there are no figures: no class has two {many}; add {many}")
        }
    }
}

fn class_sizes(data: &Dataset) -> Vec<ClassSize> {
    let size = |class: &String| ClassSize { class: class.clone(), groups: 0, samples: 0 };
    let mut sizes: Vec<ClassSize> = data.classes.iter().map(size).collect();
    let mut pairs: Vec<(u16, u32)> = data.class.iter().copied().zip(data.group.iter().copied()).collect();
    for (class, _) in &pairs {
        sizes[usize::from(*class)].samples += 1;
    }
    pairs.sort_unstable();
    pairs.dedup();
    for (class, _) in pairs {
        sizes[usize::from(class)].groups += 1;
    }
    sizes
}

fn shares(data: &Dataset, importance: &[f64]) -> Vec<Importance> {
    let whole: f64 = importance.iter().sum();
    let named = data.features.iter().zip(importance).filter(|(_, value)| **value > 0.0);
    let mut shares: Vec<Importance> =
        named.map(|(feature, value)| Importance { feature: feature.name.clone(), share: value / whole }).collect();
    shares.sort_by(|a, b| b.share.total_cmp(&a.share));
    shares
}

#[cfg(test)]
pub(crate) mod tests;
