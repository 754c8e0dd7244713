//! What the watcher runs with: its own settings, typed, and the arguments that go with them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use common::failure::Failure;
use common::labels::ClassList;
use common::settings::{Given, LogSettings, Lookup, MetricsSource, Program, Speed};

use crate::args::{self, Args};
use crate::assess::Namespaces;

/// Everything that a run of the watcher is told.
#[derive(Debug)]
pub struct Settings {
    /// What is logged, and how.
    pub log: LogSettings,
    /// The recording to watch, and how fast.
    pub recording: PathBuf,
    /// How fast it is replayed.
    pub speed: Speed,
    /// The model's file.
    pub model: PathBuf,
    /// The class list that the model must have, where one is set.
    pub classes: Option<ClassList>,
    /// Which namespaces are watched.
    pub namespaces: Namespaces,
    /// How long a container's first sample may take before it is said.
    pub timeout: Duration,
    /// Where verdicts are written.
    pub verdicts: Option<PathBuf>,
    /// A rate of polling that somebody set: there is none any more.
    pub unused_watch_rate: Option<Given>,
}

impl Settings {
    /// Reads command line, environment and file.
    pub fn read(
        line: impl IntoIterator<Item = OsString>,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Failure> {
        let (Args { recording, model, verdicts, config }, flags) = args::parse(line)?;
        let lookup = Lookup::gather(Program::Watcher, flags.into_iter(), env.into_iter(), config.as_deref())?;
        let log = lookup.log()?;
        let watching = lookup.watching()?;
        let classes = match &watching.classes {
            Some(given) => Some(given.text().parse().map_err(|error| given.refused(error))?),
            None => None,
        };
        let source = lookup.metrics_source(recording.is_some())?;
        let (recording, speed) = match (recording, source) {
            (Some(dir), MetricsSource::Recording(speed)) => (dir, speed),
            (None, MetricsSource::Recording(_)) => {
                return Err(Failure::Settings("metrics.source is recording: name it with --recording DIR".to_owned()));
            }
            (_, MetricsSource::InfluxDb(_)) => return Err(not_yet()),
        };
        Ok(Self {
            log,
            recording,
            speed,
            model: model.unwrap_or(watching.model),
            classes,
            namespaces: Namespaces { only: watching.namespaces, except: watching.exclude_namespaces },
            timeout: watching.timeout,
            verdicts,
            unused_watch_rate: watching.unused_watch_rate,
        })
    }
}

fn not_yet() -> Failure {
    Failure::Settings(
        "metrics.source is influxdb, which this version does not read yet; watch a recording with --recording DIR"
            .to_owned(),
    )
}
