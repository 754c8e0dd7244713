//! What can be wrong with settings, and where a value came from. Every text names the setting,
//! the source and what is allowed; none holds a secret.

use std::fmt;
use std::path::PathBuf;

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag(String),
    /// The environment variable of this name.
    Environment(String),
    /// This file.
    File(PathBuf),
    /// Nothing was given.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting that is missing, misspelt, contradictory or out of range. The programs end with exit
/// code 2.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value that the setting does not take.
    #[error("{setting} = {shown} ({origin}) is not allowed{}; allowed: {allowed}", because(.reason))]
    Value {
        /// The setting.
        setting: &'static str,
        /// The value as it may be shown.
        shown: String,
        /// Where it came from.
        origin: Origin,
        /// Why, where `allowed` does not say it all; may be empty.
        reason: String,
        /// What the setting takes.
        allowed: &'static str,
    },
    /// A needed setting without a value.
    #[error("{setting} is not set{}; {}; allowed: {allowed}", because(.reason), ways(.setting))]
    Missing {
        /// The setting.
        setting: &'static str,
        /// What needs it; may be empty.
        reason: &'static str,
        /// What the setting takes.
        allowed: &'static str,
    },
    /// The environment holds both forms of a name, with different values.
    #[error(
        "{setting} has different values in environment variable {dotted} and environment variable {upper}; allowed: one of the two, or the same value in both"
    )]
    Conflict {
        /// The setting.
        setting: &'static str,
        /// The name with dots.
        dotted: String,
        /// The name in upper case.
        upper: String,
    },
    /// Two settings of which only one may be set.
    #[error("{first} ({first_origin}) and {second} ({second_origin}) are both set; allowed: one of the two")]
    Both {
        /// One setting.
        first: &'static str,
        /// Where it came from.
        first_origin: Origin,
        /// The other setting.
        second: &'static str,
        /// Where that came from.
        second_origin: Origin,
    },
    /// An environment value that is not text.
    #[error("{setting} ({origin}) is not valid UTF-8; allowed: {allowed}")]
    NotText {
        /// The setting, or `RUST_LOG`.
        setting: &'static str,
        /// Where it came from.
        origin: Origin,
        /// What the setting takes.
        allowed: &'static str,
    },
    /// An unknown name in the environment that is close to a setting's.
    #[error("{name} ({origin}) is not a setting; {meant} is: correct or remove it")]
    Misspelt {
        /// The name as given.
        name: String,
        /// Where it stands.
        origin: Origin,
        /// The setting that was meant.
        meant: &'static str,
    },
    /// A key in the file that is no setting.
    #[error("{key} ({origin}) is not a setting{}", hint(*.meant))]
    UnknownKey {
        /// The key, with dots.
        key: String,
        /// The file.
        origin: Origin,
        /// The setting that was probably meant.
        meant: Option<&'static str>,
    },
    /// A flag that is no setting, or one that may not be a flag.
    #[error("{name} cannot be set by a flag; {instead}")]
    Flag {
        /// The name as given.
        name: String,
        /// What to do.
        instead: &'static str,
    },
    /// One setting twice in the file, for example in different cases.
    #[error("{setting} ({origin}) is there twice; allowed: once")]
    Twice {
        /// The setting.
        setting: &'static str,
        /// The file.
        origin: Origin,
    },
    /// A value of a kind that the setting cannot take.
    #[error("{setting} ({origin}) is {found}; allowed: {allowed}")]
    Kind {
        /// The setting.
        setting: &'static str,
        /// The file.
        origin: Origin,
        /// The kind of value found.
        found: &'static str,
        /// What the setting takes.
        allowed: &'static str,
    },
    /// A file that cannot be read.
    #[error("{what}: cannot read file {}", .path.display())]
    Read {
        /// The setting or flag that names the file.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A settings file that is not TOML.
    #[error("file {} is not valid TOML: {detail}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why, without the text of the file: it may hold a password.
        detail: String,
    },
    /// `RUST_LOG` does not parse.
    #[error(
        "RUST_LOG = {shown} (environment variable RUST_LOG) is not allowed: {reason}; allowed: a level, or directives like info,podprint=debug"
    )]
    RustLog {
        /// Its value.
        shown: String,
        /// Why.
        reason: String,
    },
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn hint(meant: Option<&str>) -> String {
    meant.map_or_else(|| ": correct or remove it".to_owned(), |meant| format!("; {meant} is: correct or remove it"))
}

fn ways(setting: &str) -> String {
    format!(
        "give it as --{setting}, as environment variable {setting} or {}, or in the --config file",
        setting.to_uppercase().replace('.', "_")
    )
}
