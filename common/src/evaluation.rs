//! How right a learner is on groups (pods) that it has not seen: whole groups held out, each group weighing the same.
//!
//! Pure: takes a [`Dataset`] and any [`Learner`], gives plain figures; prints nothing and reads no clock. A split by
//! rows would recognise the pod, not its type, so there is none.

mod confusion;
mod curve;
mod splits;
mod units;

use std::collections::BTreeSet;

use serde::Serialize;

pub use confusion::{ClassFigures, Confusion};
pub use curve::{CurveAverage, CurvePoint, LearningCurve, learning_curve};
pub use splits::{RATIO, Split, splits};

use crate::ballot::{Ballot, top};
use crate::dataset::Dataset;
use confusion::{mean, share};
use units::Units;

/// After how many samples of a held-out group its verdict is counted.
pub const AFTER: [u32; 4] = [1, 3, 6, 12];
/// After how many samples, or all if the group has fewer, a verdict enters the confusion matrix.
pub const CONFUSION_AFTER: u32 = 6;
/// With more groups, the held-out groups are not listed one by one.
pub const LISTED_GROUPS: usize = 10_000;

/// What learns from rows.
pub trait Learner: Sync {
    /// What it has learned.
    type Fitted: Classifier;
    /// Why it could not.
    type Error: Send;
    /// Learns from `rows` (row indices, at least one, maybe of one class only) of `data`.
    fn fit(&self, data: &Dataset, rows: &[u32]) -> Result<Self::Fitted, Self::Error>;
}

/// What tells the class of a row.
pub trait Classifier {
    /// The probability of each class, by class index, 0 to 1, for the values of one row in the order of the features.
    fn probabilities(&self, row: &[f64]) -> Vec<f64>;
}

/// How to hold groups out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Share of each class's groups that trains, within [`RATIO`] (`training.ratio`).
    pub ratio: f64,
    /// How often the groups are shuffled anew (`training.iterations`).
    pub repeats: u32,
    /// Same seed, same splits.
    pub seed: u64,
}

/// What was found; counts are *tests*: a group that is held out in two repeats is tested twice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Share of each class's groups that trained.
    pub ratio: f64,
    /// How often the groups were shuffled anew.
    pub repeats: u32,
    /// Of the shuffling.
    pub seed: u64,
    /// How many trainings the figures rest on.
    pub splits: usize,
    /// How many groups have rows.
    pub groups: usize,
    /// How many different groups were tested.
    pub groups_tested: usize,
    /// How many tests there were.
    pub tests: usize,
    /// Verdicts after each of [`AFTER`] samples.
    pub after: Vec<AfterSamples>,
    /// After how many samples the confusion matrix stands ([`CONFUSION_AFTER`]).
    pub confusion_after: u32,
    /// Verdicts by class.
    pub confusion: Confusion,
    /// Each row judged for itself.
    pub by_row: ByRow,
    /// What each training held out and what was said of it; absent with more than [`LISTED_GROUPS`] groups.
    pub folds: Option<Vec<Fold>>,
    /// What keeps figures away, or shows that they rest on little.
    pub notes: Vec<Note>,
}

/// Verdicts after so many samples of a group: the class with the highest mean probability over them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AfterSamples {
    /// How many samples.
    pub samples: u32,
    /// Different groups that have as many.
    pub groups: usize,
    /// Tests of them.
    pub tested: u64,
    /// Tests that gave the right class.
    pub right: u64,
    /// right / tested, 0 to 1.
    pub accuracy: Option<f64>,
    /// Mean confidence of these verdicts, 0 to 1; well above the accuracy means overconfident.
    pub confidence: Option<f64>,
}

/// Rows judged one by one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByRow {
    /// How many rows were judged.
    pub rows: u64,
    /// Share of right rows, each tested group weighing the same, 0 to 1.
    pub accuracy: Option<f64>,
}

/// One training: every group that is not listed has trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fold {
    /// Which repeat, from 0.
    pub repeat: u32,
    /// Which round of the repeat, from 0.
    pub round: u32,
    /// The groups held out, by name.
    pub held_out: Vec<HeldOutGroup>,
}

/// A held-out group and what was said of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldOutGroup {
    /// Its name.
    pub group: String,
    /// What it is.
    pub class: String,
    /// What was said, as in the confusion matrix; absent when its class had not trained, so that it was not tested.
    pub predicted: Option<String>,
    /// Mean probability of what was said, 0 to 1.
    pub confidence: Option<f64>,
    /// After how many samples.
    pub samples: u32,
}

/// What keeps figures from being computed, or shows that they rest on little.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// A class of one group cannot be trained and tested at once: it trains, and has no figures.
    OneGroup {
        /// Name of the class.
        class: String,
    },
    /// A class of the list without any row.
    NoGroup {
        /// Name of the class.
        class: String,
    },
    /// Some groups have rows of several classes; each class's part of such a group is a verdict of its own.
    MixedGroups {
        /// How many groups.
        groups: usize,
    },
    /// Nothing could be held out: no class has two groups.
    NothingHeldOut,
}

/// Cross-validates `learner` on `data` with whole groups held out.
pub fn evaluate<L: Learner>(data: &Dataset, learner: &L, plan: &Plan) -> Result<Evaluation, L::Error> {
    let units = Units::of(data);
    let splits = splits(data, plan.ratio, plan.repeats, plan.seed);
    let mut tally = Tally::new(data.classes.len());
    let mut folds = (units.groups() <= LISTED_GROUPS).then(Vec::new);
    for split in &splits {
        let training = units.rows_of(&split.train_groups);
        let trained = data.classes_in(training.iter().copied());
        let fitted = learner.fit(data, &training)?;
        let mut held_out = Vec::new();
        for (unit, rows) in units.of_groups(&split.test_groups) {
            let verdict =
                trained[usize::from(unit.class)].then(|| tally.test(data, &fitted, unit.group, unit.class, rows));
            if folds.is_some() {
                held_out.push(HeldOutGroup {
                    group: data.groups[unit.group as usize].clone(),
                    class: data.classes[usize::from(unit.class)].clone(),
                    predicted: verdict.map(|(class, _)| data.classes[usize::from(class)].clone()),
                    confidence: verdict.map(|(_, confidence)| confidence),
                    samples: CONFUSION_AFTER.min(rows.len() as u32),
                });
            }
        }
        if let Some(folds) = &mut folds {
            folds.push(Fold { repeat: split.repeat, round: split.round, held_out });
        }
    }
    Ok(tally.finish(data, plan, &units, splits.len(), folds))
}

/// Counts while the splits go by.
struct Tally {
    counts: Vec<Vec<u64>>,
    /// For each of [`AFTER`]: groups, tested, right, sum of confidence.
    after: [(BTreeSet<u32>, u64, u64, f64); AFTER.len()],
    groups: BTreeSet<u32>,
    rows: u64,
    /// Share of right rows of each test.
    row_shares: Vec<f64>,
}

impl Tally {
    fn new(classes: usize) -> Self {
        Self {
            counts: vec![vec![0; classes]; classes],
            after: Default::default(),
            groups: BTreeSet::new(),
            rows: 0,
            row_shares: Vec::new(),
        }
    }

    /// Judges the rows of one unit; gives the verdict that enters the confusion matrix.
    fn test(&mut self, data: &Dataset, fitted: &impl Classifier, group: u32, class: u16, rows: &[u32]) -> (u16, f64) {
        let mut ballot = Ballot::default();
        let mut row = Vec::with_capacity(data.columns.len());
        let mut right_rows = 0_u64;
        let mut verdict = (0, 0.0);
        for (samples, index) in (1_u32..).zip(rows) {
            data.row(*index as usize, &mut row);
            let probabilities = fitted.probabilities(&row);
            right_rows += u64::from(top(&probabilities).0 == usize::from(class));
            if samples > AFTER[AFTER.len() - 1] {
                continue;
            }
            ballot.add(&probabilities);
            let (said, confidence) = ballot.top().unwrap_or_default();
            let so_far = (said as u16, confidence);
            if let Some(at) = AFTER.iter().position(|n| *n == samples) {
                let (groups, tested, right, confidence) = &mut self.after[at];
                groups.insert(group);
                *tested += 1;
                *right += u64::from(so_far.0 == class);
                *confidence += so_far.1;
            }
            if samples <= CONFUSION_AFTER {
                verdict = so_far;
            }
        }
        self.counts[usize::from(class)][usize::from(verdict.0)] += 1;
        self.groups.insert(group);
        self.rows += rows.len() as u64;
        self.row_shares.push(right_rows as f64 / rows.len() as f64);
        verdict
    }

    fn finish(self, data: &Dataset, plan: &Plan, units: &Units, splits: usize, folds: Option<Vec<Fold>>) -> Evaluation {
        let after = AFTER.into_iter().zip(self.after).map(|(samples, (groups, tested, right, confidence))| {
            let confidence = (tested > 0).then(|| confidence / tested as f64);
            let accuracy = share(right, tested);
            AfterSamples { samples, groups: groups.len(), tested, right, accuracy, confidence }
        });
        Evaluation {
            ratio: plan.ratio.clamp(*RATIO.start(), *RATIO.end()),
            repeats: plan.repeats,
            seed: plan.seed,
            splits,
            groups: units.groups(),
            groups_tested: self.groups.len(),
            tests: self.row_shares.len(),
            after: after.collect(),
            confusion_after: CONFUSION_AFTER,
            confusion: Confusion::new(data.classes.clone(), self.counts),
            by_row: ByRow { rows: self.rows, accuracy: mean(self.row_shares.into_iter()) },
            folds,
            notes: notes(data, units, splits),
        }
    }
}

fn notes(data: &Dataset, units: &Units, splits: usize) -> Vec<Note> {
    let mut notes = Vec::new();
    for (class, groups) in data.classes.iter().zip(units.groups_per_class(data.classes.len())) {
        match groups {
            0 => notes.push(Note::NoGroup { class: class.clone() }),
            1 => notes.push(Note::OneGroup { class: class.clone() }),
            _ => {}
        }
    }
    if units.mixed_groups() > 0 {
        notes.push(Note::MixedGroups { groups: units.mixed_groups() });
    }
    if splits == 0 {
        notes.push(Note::NothingHeldOut);
    }
    notes
}

#[cfg(test)]
mod tests;
