//! The gathered settings and how one of them is read: as text with its origin, or as a type.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::error::{Origin, SettingsError};
use super::table::{Setting, setting};

/// Longest value that an error quotes.
const SHOWN_CHARACTERS: usize = 120;

/// The settings of one run, each with where it came from.
#[derive(Debug)]
pub struct Lookup {
    pub(super) values: BTreeMap<&'static str, Given>,
    pub(super) rust_log: Option<String>,
    pub(super) color: bool,
    pub(super) in_container: bool,
}

/// One setting's text, tidied and not empty, and where it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    setting: &'static Setting,
    text: String,
    origin: Origin,
}

impl Given {
    pub(super) fn new(setting: &'static Setting, text: String, origin: Origin) -> Self {
        Self { setting, text, origin }
    }

    /// The setting's name.
    pub fn name(&self) -> &'static str {
        self.setting.name
    }

    /// The text. Of a secret it is the secret itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The error for a text that does not hold up, for parsers of their own; `reason` may be empty
    /// and must not quote a secret.
    pub fn refused(&self, reason: impl fmt::Display) -> SettingsError {
        SettingsError::Value {
            setting: self.setting.name,
            shown: self.shown(),
            origin: self.origin.clone(),
            reason: reason.to_string(),
            allowed: self.setting.allowed,
        }
    }

    /// The entries of a list: trimmed, in order, without empty ones.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
    }

    /// The value as it may be printed.
    fn shown(&self) -> String {
        if self.setting.secret { "***".to_owned() } else { shown(&self.text) }
    }

    fn parse<T: FromStr>(&self) -> Result<T, SettingsError> {
        self.text.parse().map_err(|_| self.refused(""))
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.name(), self.shown(), self.origin)
    }
}

/// `text` for an error: quoted, on one line, not endless, without a user and password before `@`.
pub(super) fn shown(text: &str) -> String {
    let text = match text.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.find("://").map_or("", |at| &before[..at + 3]);
            format!("{scheme}***@{host}")
        }
        None => text.to_owned(),
    };
    let mut cut: String = text.chars().take(SHOWN_CHARACTERS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("`{}`", cut.escape_debug())
}

impl Lookup {
    /// What was given for this setting, or its default; `None` when there is neither.
    pub fn optional(&self, name: &str) -> Option<Given> {
        let found = setting(name);
        debug_assert!(found.is_some(), "{name} is not in the table");
        let found = found?;
        self.values.get(name).cloned().or_else(|| {
            let text = found.default?.to_owned();
            Some(Given::new(found, text, Origin::Default))
        })
    }

    /// What was given for this setting, or its default, or an error that it is needed.
    pub fn required(&self, name: &str) -> Result<Given, SettingsError> {
        self.needed(name, "")
    }

    pub(super) fn needed(&self, name: &str, reason: &'static str) -> Result<Given, SettingsError> {
        let found = setting(name);
        self.optional(name).ok_or(SettingsError::Missing {
            setting: found.map_or("a setting outside of the table", |found| found.name),
            reason,
            allowed: found.map_or("nothing", |found| found.allowed),
        })
    }

    /// The setting as a `T`; it has a default or is needed.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Result<T, SettingsError> {
        self.required(name)?.parse()
    }

    /// The setting as a `T`, where it is set.
    pub fn optional_parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, SettingsError> {
        self.optional(name).map(|given| given.parse()).transpose()
    }

    /// The setting as a number within `range`.
    pub fn within<T: FromStr + PartialOrd>(&self, name: &str, range: &RangeInclusive<T>) -> Result<T, SettingsError> {
        let given = self.required(name)?;
        let number = given.parse()?;
        if range.contains(&number) { Ok(number) } else { Err(given.refused("")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Program, name};

    #[track_caller]
    fn lookup(name: &str, value: &str) -> Lookup {
        let env = [(name.into(), value.into())].into_iter();
        Lookup::gather(Program::Both, std::iter::empty(), env, None).unwrap()
    }

    #[test]
    fn an_error_names_setting_source_value_and_what_is_allowed() {
        let lookup = lookup("TRAINING_RATIO", "1.5");
        let error = lookup.within(name::TRAINING_RATIO, &(0.01..=0.99)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "training.ratio = `1.5` (environment variable TRAINING_RATIO) is not allowed; \
             allowed: a number from 0.01 to 0.99",
        );
    }

    #[test]
    fn a_needed_setting_says_how_to_give_it() {
        let lookup = lookup("training.ratio", "0.5");
        let error = lookup.required(name::INFLUX_DATABASE).unwrap_err();
        assert_eq!(
            error.to_string(),
            "influxdb.database is not set; give it as --influxdb.database, as environment variable \
             influxdb.database or INFLUXDB_DATABASE, or in the --config file; allowed: a database's name",
        );
    }

    #[test]
    fn a_parser_elsewhere_can_refuse_with_a_reason() {
        let given = lookup("training.schedule", "x y").required(name::TRAINING_SCHEDULE).unwrap();
        let error = given.refused("2 fields");
        let start = "training.schedule = `x y` (environment variable training.schedule) \
                     is not allowed: 2 fields; allowed: a cron expression";
        assert!(error.to_string().starts_with(start), "{error}");
    }

    #[test]
    fn not_a_number_is_refused() {
        let lookup = lookup("training.ratio", "NaN");
        assert!(lookup.within(name::TRAINING_RATIO, &(0.01..=0.99)).is_err());
    }

    #[test]
    fn shown_values_hold_no_login_no_line_breaks_and_an_end() {
        assert_eq!(shown("http://u:p/a@host:1"), "`http://***@host:1`");
        assert_eq!(shown("u:p@host"), "`***@host`");
        assert_eq!(shown("a\nb"), "`a\\nb`");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), SHOWN_CHARACTERS + 3);
    }

    #[test]
    fn entries_of_a_list_are_trimmed() {
        let given = lookup("watch.namespaces", " a, ,b,").required(name::WATCH_NAMESPACES).unwrap();
        assert_eq!(given.entries().collect::<Vec<_>>(), ["a", "b"]);
    }
}
