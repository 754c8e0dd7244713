//! The settings by purpose, typed and within range. A program reads the sections it uses at start,
//! so that a wrong value ends it before it does anything.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::error::SettingsError;
use super::lookup::{Given, Lookup, shown};
use super::table::name;
use super::values::{Access, HttpUrl, Level, LogFormat, Secret, SourceKind, Speed, is_namespace};
use crate::model::Engine;
use crate::telemetry;

const INTERVAL_MS: RangeInclusive<u64> = 1000..=30 * 24 * 60 * 60 * 1000;
const FETCH_SECONDS: RangeInclusive<u64> = 1..=7 * 24 * 60 * 60;
const TIMEOUT_MS: RangeInclusive<u64> = 1000..=24 * 60 * 60 * 1000;
const ITERATIONS: RangeInclusive<u32> = 1..=1000;
const RATIO: RangeInclusive<f64> = 0.01..=0.99;
const MAX_NUMBER: RangeInclusive<u32> = 1..=10_000;

/// How to reach the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubernetes {
    /// Its address.
    pub endpoint: HttpUrl,
    /// Whether somebody chose the address; if not, a kubeconfig's own address is the better one.
    pub endpoint_given: bool,
    /// How to log in.
    pub access: Access,
}

/// Where samples come from, with what is needed to get them.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricsSource {
    /// `InfluxDB` 1.x.
    InfluxDb(Influx),
    /// A recording folder, replayed at this speed.
    Recording(Speed),
}

/// How to reach `InfluxDB`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Influx {
    /// Its address.
    pub url: HttpUrl,
    /// The user; without one there is no login.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The database that Telegraf writes to.
    pub database: String,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A filter of `tracing-subscriber`: `RUST_LOG`, else the level of `logging.level.root`.
    pub filter: String,
    /// The form of the lines.
    pub format: LogFormat,
    /// False when `NO_COLOR` is set.
    pub color: bool,
}

/// When the collector trains and what on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collecting {
    /// From the start of one pass to the start of the next, where there is no `schedule`.
    pub interval: Duration,
    /// A cron expression; wins over `interval`.
    pub schedule: Option<Given>,
    /// How far back a pass fetches metrics.
    pub fetch: Duration,
    /// The class list.
    pub classes: Given,
    /// What says which class a pod belongs to.
    pub label_source: Given,
}

/// How a model is trained and evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// Repeats of the evaluation before the report.
    pub iterations: u32,
    /// Share of the pods that is trained on, 0.01 to 0.99.
    pub ratio: f64,
    /// Largest size on the learning curve.
    pub max_number: u32,
    /// The features to train on.
    pub features: Given,
    /// Whether every feature is scaled to 0..1 first.
    pub normalise: bool,
    /// Which decision tree.
    pub engine: Engine,
}

/// What the watcher watches, and with which model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// How long to wait for a new pod's first metrics.
    pub timeout: Duration,
    /// The model's file.
    pub model: PathBuf,
    /// The class list, where one is set: it must be the model's.
    pub classes: Option<Given>,
    /// Follow only these namespaces; empty means all.
    pub namespaces: Vec<String>,
    /// Never follow these namespaces.
    pub exclude_namespaces: Vec<String>,
    /// `pod.controller.watch.rate`, where somebody set it: to be called unused, once.
    pub unused_watch_rate: Option<Given>,
}

impl Lookup {
    /// How to reach the API server.
    pub fn kubernetes(&self) -> Result<Kubernetes, SettingsError> {
        let by_place = if self.in_container { Access::ServiceAccount } else { Access::Kubeconfig };
        Ok(Kubernetes {
            endpoint: self.parsed(name::API_ENDPOINT)?,
            endpoint_given: self.values.contains_key(name::API_ENDPOINT),
            access: self.optional_parsed(name::FROM_OUTSIDE)?.unwrap_or(by_place),
        })
    }

    /// Where samples come from; `recording` says that the command line named a recording, which
    /// wins over `metrics.source`.
    pub fn metrics_source(&self, recording: bool) -> Result<MetricsSource, SettingsError> {
        let source: SourceKind = self.parsed(name::METRICS_SOURCE)?;
        let speed = self.parsed(name::RECORDING_SPEED)?;
        if recording || source == SourceKind::Recording {
            // Not needed, but a wrong one is an error all the same.
            self.optional_parsed::<HttpUrl>(name::INFLUX_URL)?;
            return Ok(MetricsSource::Recording(speed));
        }
        self.influx().map(MetricsSource::InfluxDb)
    }

    fn influx(&self) -> Result<Influx, SettingsError> {
        let reason = "metrics.source is influxdb";
        self.needed(name::INFLUX_URL, reason)?;
        let username = self.optional(name::INFLUX_USERNAME);
        if let Some(username) = username.as_ref().filter(|name| name.text().contains(':')) {
            return Err(username.refused(""));
        }
        let password = self.influx_password()?;
        if password.is_some() && username.is_none() {
            self.needed(name::INFLUX_USERNAME, "influxdb has a password")?;
        }
        Ok(Influx {
            url: self.parsed(name::INFLUX_URL)?,
            username: username.map(|given| given.text().to_owned()),
            password,
            database: self.needed(name::INFLUX_DATABASE, reason)?.text().to_owned(),
        })
    }

    fn influx_password(&self) -> Result<Option<Secret>, SettingsError> {
        let direct = self.optional(name::INFLUX_PASSWORD);
        let file = self.optional(name::INFLUX_PASSWORD_FILE);
        match (direct, file) {
            (None, None) => Ok(None),
            (Some(direct), None) => Ok(Some(Secret::new(direct.text().to_owned()))),
            (None, Some(file)) => password_from(&file).map(Some),
            (Some(direct), Some(file)) => Err(SettingsError::Both {
                first: direct.name(),
                first_origin: direct.origin().clone(),
                second: file.name(),
                second_origin: file.origin().clone(),
            }),
        }
    }

    /// What is logged, and how.
    pub fn log(&self) -> Result<LogSettings, SettingsError> {
        let level: Level = self.parsed(name::LOG_LEVEL)?;
        let filter = match &self.rust_log {
            Some(directives) => {
                telemetry::check_filter(directives).map_err(|reason| SettingsError::RustLog {
                    shown: shown(directives),
                    reason: reason.to_string(),
                })?;
                directives.clone()
            }
            None => level.directive().to_owned(),
        };
        Ok(LogSettings { filter, format: self.parsed(name::LOG_FORMAT)?, color: self.color })
    }

    /// When the collector trains and what on.
    pub fn collecting(&self) -> Result<Collecting, SettingsError> {
        let interval = self.within(name::TRAINING_INTERVAL, &INTERVAL_MS)?;
        let fetch = self.within(name::FETCH_INTERVAL, &FETCH_SECONDS)?;
        Ok(Collecting {
            interval: Duration::from_millis(interval),
            schedule: self.optional(name::TRAINING_SCHEDULE),
            fetch: Duration::from_secs(fetch),
            classes: self.required(name::CLASSIFIER_LIST)?,
            label_source: self.required(name::LABEL_SOURCE)?,
        })
    }

    /// How a model is trained and evaluated.
    pub fn training(&self) -> Result<Training, SettingsError> {
        Ok(Training {
            iterations: self.within(name::TRAINING_ITERATIONS, &ITERATIONS)?,
            ratio: self.within(name::TRAINING_RATIO, &RATIO)?,
            max_number: self.within(name::TRAINING_MAX_NUMBER, &MAX_NUMBER)?,
            features: self.required(name::TRAINING_FEATURES)?,
            normalise: self.truth(name::TRAINING_NORMALISE)?,
            engine: self.parsed(name::MODEL_ENGINE)?,
        })
    }

    /// What the watcher watches, and with which model.
    pub fn watching(&self) -> Result<Watching, SettingsError> {
        let timeout = self.within(name::FETCH_TIMEOUT, &TIMEOUT_MS)?;
        Ok(Watching {
            timeout: Duration::from_millis(timeout),
            model: PathBuf::from(self.required(name::MODEL_PATH)?.text()),
            classes: self.optional(name::CLASSIFIER_LIST),
            namespaces: self.namespaces(name::WATCH_NAMESPACES)?,
            exclude_namespaces: self.namespaces(name::WATCH_EXCLUDE_NAMESPACES)?,
            unused_watch_rate: self.optional(name::WATCH_RATE),
        })
    }

    fn truth(&self, name: &str) -> Result<bool, SettingsError> {
        let given = self.required(name)?;
        match given.text().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(given.refused("")),
        }
    }

    fn namespaces(&self, name: &str) -> Result<Vec<String>, SettingsError> {
        let Some(given) = self.optional(name) else {
            return Ok(Vec::new());
        };
        if let Some(bad) = given.entries().find(|entry| !is_namespace(entry)) {
            let reason = format!("{} cannot be a namespace", shown(bad));
            return Err(given.refused(reason));
        }
        Ok(given.entries().map(str::to_owned).collect())
    }
}

fn password_from(file: &Given) -> Result<Secret, SettingsError> {
    let path = PathBuf::from(file.text());
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let password = text.trim_end_matches(['\r', '\n']);
            if password.is_empty() {
                return Err(file.refused("the file is empty"));
            }
            Ok(Secret::new(password.to_owned()))
        }
        Err(source) => Err(SettingsError::Read { what: file.name(), path, source }),
    }
}

#[cfg(test)]
mod tests;
