//! What the collector runs with: its own settings, typed, and the arguments that go with them.

use std::ffi::OsString;
use std::path::PathBuf;

use common::evaluation;
use common::failure::Failure;
use common::settings::{self, LogSettings, Lookup, MetricsSource, Program};

use crate::args::{self, Args, Evaluate, Job, Results};
use crate::collect;
use crate::schedule::Schedule;
use crate::train::Trainer;

/// Everything that a run of the collector is told.
#[derive(Debug)]
pub struct Settings {
    /// What is logged, and how.
    pub log: LogSettings,
    /// How models are trained and judged.
    pub learning: Learning,
    /// What to do.
    pub work: Work,
}

/// How models are trained and judged.
#[derive(Debug, Clone)]
pub struct Learning {
    /// What learns.
    pub trainer: Trainer,
    /// How pods are held out.
    pub plan: evaluation::Plan,
    /// Largest size on the learning curve.
    pub largest: u32,
}

/// What to do.
#[derive(Debug)]
pub enum Work {
    /// Train once, or on a schedule.
    Train {
        /// When; absent: once.
        schedule: Option<Schedule>,
        /// What each pass does.
        pass: Pass,
    },
    /// Evaluate a table.
    Evaluate(Evaluate),
}

/// What one pass of training reads and writes.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The recordings to train from.
    pub recordings: Vec<PathBuf>,
    /// How the training set is made.
    pub plan: collect::Plan,
    /// Report, plots, seed.
    pub results: Results,
    /// Where the model is written.
    pub output: Option<PathBuf>,
    /// Whether the ConfigMap alone goes to standard output.
    pub configmap: bool,
    /// Where the training set is written as ARFF.
    pub arff: Option<PathBuf>,
    /// Where the training set is written as CSV.
    pub csv: Option<PathBuf>,
}

impl Settings {
    /// Reads command line, environment and file.
    pub fn read(
        line: impl IntoIterator<Item = OsString>,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Failure> {
        let (args, flags) = args::parse(line)?;
        let Args { once, recording, results, output, configmap, arff, csv, config, command } = args;
        let lookup = Lookup::gather(Program::Collector, flags.into_iter(), env.into_iter(), config.as_deref())?;
        let log = lookup.log()?;
        let settings::Training { iterations, ratio, max_number, features, normalise, engine } = lookup.training()?;
        let seed = match &command {
            Some(Job::Evaluate(job)) => job.results.seed,
            None => results.seed,
        };
        let learning = Learning {
            trainer: Trainer { engine, normalise },
            plan: evaluation::Plan { ratio, repeats: iterations, seed },
            largest: max_number,
        };
        if let Some(Job::Evaluate(job)) = command {
            return Ok(Self { log, learning, work: Work::Evaluate(job) });
        }
        let settings::Collecting { interval, schedule, fetch: _, classes, label_source } = lookup.collecting()?;
        let schedule = match schedule {
            Some(given) => Schedule::parse(given.text()).map_err(|error| given.refused(error))?,
            None => Schedule::Every(interval),
        };
        let plan = collect::Plan {
            classes: classes.text().parse().map_err(|error| classes.refused(error))?,
            labels: label_source
                .entries()
                .map(str::parse)
                .collect::<Result<_, _>>()
                .map_err(|error| label_source.refused(error))?,
            features: features.text().parse().map_err(|error| features.refused(error))?,
        };
        // Read in any case: a wrong value is an error even where nobody asks for it.
        let source = lookup.metrics_source(!recording.is_empty())?;
        if recording.is_empty() {
            return Err(match source {
                MetricsSource::Recording(_) => {
                    Failure::Settings("metrics.source is recording: name at least one with --recording DIR".to_owned())
                }
                MetricsSource::InfluxDb(_) => Failure::Settings(
                    "metrics.source is influxdb, which this version does not read yet; train from a recording with \
                     --recording DIR"
                        .to_owned(),
                ),
            });
        }
        let pass = Pass { recordings: recording, plan, results, output, configmap, arff, csv };
        Ok(Self { log, learning, work: Work::Train { schedule: (!once).then_some(schedule), pass } })
    }
}
