//! The table of all settings. The flags, the environment's allow-list, the check of file keys, the
//! error texts and the README's table are all made from it.

use std::fmt::Write as _;

/// Who reads a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Only the collector.
    Collector,
    /// Only the watcher.
    Watcher,
    /// Both programs.
    Both,
}

impl Program {
    /// Whether a setting used by `self` is one of `program`'s.
    pub fn includes(self, program: Self) -> bool {
        self == Self::Both || program == Self::Both || self == program
    }

    fn word(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Watcher => "watcher",
            Self::Both => "both",
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name, with dots; also its flag and its key in the file.
    pub name: &'static str,
    /// The text that holds when nothing is given.
    pub default: Option<&'static str>,
    /// What holds when nothing is given and `default` is `None`, for people.
    pub unset: &'static str,
    /// What may be given, for people.
    pub allowed: &'static str,
    /// Who reads it; the other program accepts it silently.
    pub used_by: Program,
    /// What it does, for people.
    pub about: &'static str,
    /// Never a flag, never printed.
    pub secret: bool,
    /// Several entries, separated by commas; in the file also an array.
    pub list: bool,
    /// The word for its value in `--help`.
    pub value_name: &'static str,
}

impl Setting {
    const fn new(name: &'static str, default: Option<&'static str>, used_by: Program) -> Self {
        Self {
            name,
            default,
            unset: "none",
            allowed: "",
            used_by,
            about: "",
            secret: false,
            list: false,
            value_name: "VALUE",
        }
    }

    const fn says(self, value_name: &'static str, allowed: &'static str, about: &'static str) -> Self {
        Self { allowed, about, value_name, ..self }
    }

    const fn unset(self, unset: &'static str) -> Self {
        Self { unset, ..self }
    }

    const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The second name in the environment: upper case, underscores for dots.
    pub fn upper_case(&self) -> String {
        self.name.to_uppercase().replace('.', "_")
    }
}

/// The names, so that a reader of a setting cannot misspell one.
pub mod name {
    macro_rules! names {
        ($($constant:ident = $name:literal),+ $(,)?) => {
            $(#[doc = concat!("`", $name, "`")] pub const $constant: &str = $name;)+
        };
    }
    names! {
        API_ENDPOINT = "kubernetes.api.endpoint",
        FROM_OUTSIDE = "kubernetes.connect.from.outside",
        METRICS_SOURCE = "metrics.source",
        RECORDING_SPEED = "recording.speed",
        INFLUX_URL = "influxdb.server.url",
        INFLUX_USERNAME = "influxdb.username",
        INFLUX_PASSWORD = "influxdb.password",
        INFLUX_PASSWORD_FILE = "influxdb.password.file",
        INFLUX_DATABASE = "influxdb.database",
        TRAINING_INTERVAL = "data.aggregator.decision.tree.interval",
        TRAINING_SCHEDULE = "training.schedule",
        FETCH_INTERVAL = "data.metrics.fetch.interval.seconds",
        CLASSIFIER_LIST = "data.aggregator.decision.tree.classifier.list",
        LABEL_SOURCE = "label.source",
        TRAINING_ITERATIONS = "training.iterations",
        TRAINING_RATIO = "training.ratio",
        TRAINING_MAX_NUMBER = "training.maxNumber",
        TRAINING_FEATURES = "training.features",
        TRAINING_NORMALISE = "training.normalise",
        MODEL_ENGINE = "model.engine",
        MODEL_PATH = "path.serialized.model",
        FETCH_TIMEOUT = "timeout.fetching.metrics",
        WATCH_RATE = "pod.controller.watch.rate",
        WATCH_NAMESPACES = "watch.namespaces",
        WATCH_EXCLUDE_NAMESPACES = "watch.exclude.namespaces",
        LOG_LEVEL = "logging.level.root",
        LOG_FORMAT = "logging.format",
    }
}

/// Every setting, in the order in which people read about them.
pub static SETTINGS: &[Setting] = &[
    Setting::new(name::API_ENDPOINT, Some("https://kubernetes.default.svc"), Program::Both).says(
        "URL",
        "an http:// or https:// address",
        "address of the Kubernetes API server",
    ),
    Setting::new(name::FROM_OUTSIDE, None, Program::Both).unset("false in a container, else true").says(
        "BOOL",
        "true or false",
        "how to log in to the API server: true by kubeconfig, false by service account",
    ),
    Setting::new(name::METRICS_SOURCE, Some("influxdb"), Program::Both).says(
        "SOURCE",
        "influxdb or recording",
        "where samples come from",
    ),
    Setting::new(name::RECORDING_SPEED, Some("max"), Program::Both).says(
        "SPEED",
        "max, or a factor from 0.001 to 1000000",
        "how fast a recording is replayed: as fast as it goes, or this many times as fast as it was recorded",
    ),
    Setting::new(name::INFLUX_URL, None, Program::Both).unset("none; needed when metrics.source is influxdb").says(
        "URL",
        "an http:// or https:// address without user and password",
        "address of InfluxDB 1.x",
    ),
    Setting::new(name::INFLUX_USERNAME, None, Program::Both).says(
        "NAME",
        "a user name without a colon",
        "user for InfluxDB; without it no login",
    ),
    Setting::new(name::INFLUX_PASSWORD, None, Program::Both).secret().says(
        "SECRET",
        "any text; not together with influxdb.password.file",
        "password for InfluxDB; never a flag",
    ),
    Setting::new(name::INFLUX_PASSWORD_FILE, None, Program::Both).says(
        "FILE",
        "a readable file; not together with influxdb.password",
        "file that holds the password for InfluxDB, such as a mounted Secret",
    ),
    Setting::new(name::INFLUX_DATABASE, None, Program::Both)
        .unset("none; needed when metrics.source is influxdb")
        .says("NAME", "a database's name", "database that Telegraf writes to"),
    Setting::new(name::TRAINING_INTERVAL, Some("60000"), Program::Collector).says(
        "MS",
        "milliseconds, a whole number from 1000 to 2592000000 (30 days)",
        "time from the start of one training pass to the start of the next; training.schedule wins",
    ),
    Setting::new(name::TRAINING_SCHEDULE, None, Program::Collector).says(
        "CRON",
        "a cron expression in UTC, 5 fields or 6 with seconds first, weekdays 0-7 from Sunday",
        "when training passes start, instead of the interval",
    ),
    Setting::new(name::FETCH_INTERVAL, Some("600"), Program::Collector).says(
        "SECONDS",
        "seconds, a whole number from 1 to 604800 (7 days)",
        "how far back a training pass fetches metrics",
    ),
    Setting::new(name::CLASSIFIER_LIST, None, Program::Both)
        .unset("the model's (watcher); required (collector)")
        .list()
        .says(
            "CLASSES",
            "class names separated by commas, each alone or with a pattern: mysql=mysql|mariadb,nginx",
            "the classes to tell apart and what their pods are called",
        ),
    Setting::new(name::LABEL_SOURCE, Some("label,pod-name,image"), Program::Collector).list().says(
        "SOURCES",
        "one or more of label, pod-name and image, separated by commas",
        "what says which class a training pod belongs to; the first match wins",
    ),
    Setting::new(name::TRAINING_ITERATIONS, Some("1"), Program::Collector).says(
        "NUMBER",
        "a whole number from 1 to 1000",
        "how often the evaluation is repeated before the report",
    ),
    Setting::new(name::TRAINING_RATIO, Some("0.5"), Program::Collector).says(
        "SHARE",
        "a number from 0.01 to 0.99",
        "share of the pods that is trained on, the rest is tested on",
    ),
    Setting::new(name::TRAINING_MAX_NUMBER, Some("200"), Program::Collector).says(
        "NUMBER",
        "a whole number from 1 to 10000",
        "largest size on the learning curve",
    ),
    Setting::new(name::TRAINING_FEATURES, Some("default"), Program::Collector).list().says(
        "FEATURES",
        "default, or the name of a feature set, or feature names separated by commas",
        "the features that a model is trained on",
    ),
    Setting::new(name::TRAINING_NORMALISE, Some("false"), Program::Collector).says(
        "BOOL",
        "true or false",
        "scale every feature to 0..1 before training",
    ),
    Setting::new(name::MODEL_ENGINE, Some("podprint"), Program::Collector).says(
        "ENGINE",
        "podprint or smartcore",
        "the decision tree that is trained",
    ),
    Setting::new(name::MODEL_PATH, Some("/tmp/model"), Program::Watcher).says(
        "FILE",
        "a file, binary or base64",
        "the model to load",
    ),
    Setting::new(name::FETCH_TIMEOUT, Some("120000"), Program::Watcher).says(
        "MS",
        "milliseconds, a whole number from 1000 to 86400000 (1 day)",
        "how long to wait for a new pod's first metrics",
    ),
    Setting::new(name::WATCH_NAMESPACES, None, Program::Watcher).unset("all").list().says(
        "NAMESPACES",
        "namespaces separated by commas",
        "follow only pods of these namespaces",
    ),
    Setting::new(name::WATCH_EXCLUDE_NAMESPACES, None, Program::Watcher).list().says(
        "NAMESPACES",
        "namespaces separated by commas",
        "never follow pods of these namespaces; wins over watch.namespaces",
    ),
    Setting::new(name::WATCH_RATE, None, Program::Watcher).says(
        "MS",
        "anything",
        "accepted and unused: a watch has replaced polling",
    ),
    Setting::new(name::LOG_LEVEL, Some("INFO"), Program::Both).says(
        "LEVEL",
        "TRACE, DEBUG, INFO, WARN, ERROR, FATAL or OFF",
        "lowest level that is logged; RUST_LOG wins",
    ),
    Setting::new(name::LOG_FORMAT, Some("text"), Program::Both).says(
        "FORMAT",
        "text or json",
        "form of the log lines on standard error",
    ),
];

/// The setting with exactly this name.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The settings of `program` as a Markdown table, as it stands in the README.
pub fn table_markdown(program: Program) -> String {
    let mut table = String::from("| setting | default | allowed | used by | what it does |\n|---|---|---|---|---|\n");
    for setting in SETTINGS.iter().filter(|setting| setting.used_by.includes(program)) {
        let default = setting.default.map_or_else(|| setting.unset.to_owned(), |text| format!("`{text}`"));
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| `{}` | {default} | {} | {} | {} |",
            setting.name,
            setting.allowed.replace('|', "\\|"),
            setting.used_by.word(),
            setting.about.replace('|', "\\|"),
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_settings_share_a_name_in_any_case_or_form() {
        let lower: HashSet<_> = SETTINGS.iter().map(|s| s.name.to_lowercase()).collect();
        let upper: HashSet<_> = SETTINGS.iter().map(Setting::upper_case).collect();
        assert_eq!((lower.len(), upper.len()), (SETTINGS.len(), SETTINGS.len()));
    }

    #[test]
    fn every_setting_says_what_it_does_and_allows() {
        for setting in SETTINGS {
            assert!(!setting.about.is_empty(), "{}", setting.name);
            assert!(!setting.allowed.is_empty(), "{}", setting.name);
        }
    }

    #[test]
    fn the_markdown_table_has_a_row_per_setting_of_the_program() {
        let both = table_markdown(Program::Both);
        assert_eq!(both.lines().count(), SETTINGS.len() + 2);
        assert!(both.contains("| `training.ratio` | `0.5` | a number from 0.01 to 0.99 | collector |"));
        assert!(both.contains(r"mysql=mysql\|mariadb"));
        let watcher = table_markdown(Program::Watcher);
        assert!(watcher.contains("`timeout.fetching.metrics`"));
        assert!(!watcher.contains("`training.ratio`"));
    }
}
