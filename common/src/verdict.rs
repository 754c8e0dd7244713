//! From one container's samples to what is said of its type: first answer, changes, and the settled one.

use std::sync::Arc;

use crate::ballot::Ballot;
use crate::features::{Context, extract};
use crate::labels::UNKNOWN;
use crate::model::Model;
use crate::sample::Sample;
use crate::time::Time;
use crate::window::{Pushed, Window};

/// An answer is settled with this many samples.
pub const SETTLED_AFTER: usize = 6;
/// Below this confidence the answer is `unknown`.
pub const LEAST_CONFIDENCE: f64 = 0.5;

/// What is said of one container's type at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// A class of the model, or `unknown`.
    pub pod_type: Arc<str>,
    /// The probability of the most probable class, 0 to 1; for `unknown` too, where it is what was too little.
    pub confidence: f64,
    /// How many samples it rests on.
    pub samples: usize,
    /// Time of the last of them.
    pub time: Time,
    /// True once enough samples have been seen: it is the last word of this assessment.
    pub settled: bool,
}

/// A model with its feature names looked up in the catalog.
#[derive(Debug)]
pub struct Judge {
    model: Model,
    positions: Vec<usize>,
    classes: Vec<Arc<str>>,
    unknown: Arc<str>,
}

/// A model that names a feature which this version does not know.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the model uses the feature `{name}` ({unit}), which this version of podprint does not know; train it anew")]
pub struct UnknownFeature {
    /// The feature's name.
    pub name: String,
    /// The unit's symbol.
    pub unit: String,
}

impl Judge {
    /// Looks the model's features up.
    pub fn new(model: Model) -> Result<Self, UnknownFeature> {
        let positions = crate::features::positions(model.features())
            .map_err(|feature| UnknownFeature { name: feature.name, unit: feature.unit })?;
        let classes = model.classes().iter().map(|name| name.as_str().into()).collect();
        Ok(Self { model, positions, classes, unknown: UNKNOWN.into() })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Class probabilities of a window with at least one sample.
    fn probabilities(&self, window: &Window, context: Context<'_>) -> Vec<f64> {
        self.model.probabilities(&extract(window, context, &self.positions))
    }
}

/// One container while its type is found out.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    window: Window,
    ballot: Ballot,
    samples: usize,
    said: Option<Verdict>,
}

impl Assessment {
    /// Says when the container's process was started.
    pub fn started(&mut self, started: Time) {
        self.window.started(started);
    }

    /// Takes a sample and says what has changed: the first answer, another answer, or the settled one.
    pub fn observe(&mut self, judge: &Judge, context: Context<'_>, sample: Sample) -> Option<Verdict> {
        let time = sample.time;
        match self.window.push(sample) {
            Pushed::Added | Pushed::Restarted => {}
            Pushed::Repeated | Pushed::TooOld => return None,
        }
        if self.settled() {
            return None;
        }
        self.samples += 1;
        self.ballot.add(&judge.probabilities(&self.window, context));
        let (class, confidence) = self.ballot.top()?;
        let pod_type = if confidence >= LEAST_CONFIDENCE { &judge.classes[class] } else { &judge.unknown };
        let verdict = Verdict {
            pod_type: Arc::clone(pod_type),
            confidence,
            samples: self.samples,
            time,
            settled: self.samples >= SETTLED_AFTER,
        };
        let changed = self.said.as_ref().is_none_or(|said| said.pod_type != verdict.pod_type);
        (changed || verdict.settled).then(|| {
            self.said = Some(verdict.clone());
            verdict
        })
    }

    /// True once the last word was said.
    pub fn settled(&self) -> bool {
        self.said.as_ref().is_some_and(|said| said.settled)
    }

    /// The last answer.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.said.as_ref()
    }
}
