//! The settings file: TOML through the `config` crate, as a flat list of known settings.
//!
//! Only the crate's parser is used, not its layered store: that one resolves `a` beside `a.b` in
//! hash order, and its error texts quote the file, password included.

use std::collections::BTreeMap;
use std::path::Path;

use config::{ConfigError, File, FileFormat, Source as _, Value, ValueKind};

use super::error::{Origin, SettingsError};
use super::table::{SETTINGS, Setting};

/// The settings in the file at `path`, each known, each once.
pub(super) fn read(path: &Path) -> Result<Vec<(&'static Setting, String)>, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
        what: "--config",
        path: path.to_owned(),
        source,
    })?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Vec<(&'static Setting, String)>, SettingsError> {
    let tree = File::from_str(text, FileFormat::Toml)
        .collect()
        .map_err(|error| SettingsError::Syntax { path: path.to_owned(), detail: place_and_reason(&error) })?;
    let mut leaves = BTreeMap::new();
    let mut doubles = Vec::new();
    for (key, value) in tree {
        flatten(key, value, &mut leaves, &mut doubles);
    }
    // Hash order must not decide which of several mistakes is reported.
    doubles.sort();
    let origin = || Origin::File(path.to_owned());
    let mut found: Vec<(&'static Setting, String)> = Vec::with_capacity(leaves.len());
    for (key, value) in leaves {
        let Some(setting) = known(&key) else {
            return Err(SettingsError::UnknownKey { meant: nearest(&key), key, origin: origin() });
        };
        if doubles.contains(&key) || found.iter().any(|(other, _)| other.name == setting.name) {
            return Err(SettingsError::Twice { setting: setting.name, origin: origin() });
        }
        let text = text_of(setting, value.kind).map_err(|kind| SettingsError::Kind {
            setting: setting.name,
            origin: origin(),
            found: kind,
            allowed: setting.allowed,
        })?;
        found.push((setting, text));
    }
    Ok(found)
}

/// `[influxdb.server] url`, `influxdb.server.url` and `"influxdb.server.url"` are one key.
fn flatten(key: String, value: Value, leaves: &mut BTreeMap<String, Value>, doubles: &mut Vec<String>) {
    match value.kind {
        ValueKind::Table(table) if !table.is_empty() => {
            for (inner, value) in table {
                flatten(format!("{key}.{inner}"), value, leaves, doubles);
            }
        }
        // An empty `[section]` says nothing.
        ValueKind::Table(_) => {}
        _ => {
            if leaves.insert(key.clone(), value).is_some() {
                doubles.push(key);
            }
        }
    }
}

fn known(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(key))
}

/// The setting that shares the most words with `key`, and of several the one most like it.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase();
    SETTINGS
        .iter()
        .map(|setting| {
            let name = setting.name.to_lowercase();
            let shared = key.split('.').filter(|word| name.split('.').any(|other| other == *word)).count();
            (shared, strsim::jaro_winkler(&key, &name), setting.name)
        })
        .filter(|(_, likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map(|(_, _, name)| name)
}

fn text_of(setting: &Setting, kind: ValueKind) -> Result<String, &'static str> {
    match kind {
        ValueKind::String(text) => Ok(text),
        // 0.10 or 1e5 would come back as another text.
        _ if setting.secret => Err("not in quotes"),
        ValueKind::Boolean(value) => Ok(value.to_string()),
        ValueKind::I64(value) => Ok(value.to_string()),
        ValueKind::I128(value) => Ok(value.to_string()),
        ValueKind::U64(value) => Ok(value.to_string()),
        ValueKind::U128(value) => Ok(value.to_string()),
        ValueKind::Float(value) => Ok(value.to_string()),
        ValueKind::Array(values) if setting.list => {
            let entries: Result<Vec<_>, _> = values
                .into_iter()
                .map(|entry| match entry.kind {
                    ValueKind::String(text) => Ok(text),
                    _ => Err("an array with an entry that is not text"),
                })
                .collect();
            Ok(entries?.join(","))
        }
        ValueKind::Array(_) => Err("an array"),
        ValueKind::Table(_) => Err("a table"),
        ValueKind::Nil => Err("empty"),
    }
}

/// The parser's own text without the lines that quote the file.
fn place_and_reason(error: &ConfigError) -> String {
    let text = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains('|')).collect();
    lines.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = parse(text, Path::new("p.toml")).unwrap();
        let found: Vec<_> = found.iter().map(|(s, text)| (s.name, text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        let error = parse(text, Path::new("p.toml")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn dotted_nested_and_quoted_keys_are_the_same() {
        let expected = [("influxdb.server.url", "http://i:8086")];
        check("influxdb.server.url = 'http://i:8086'", &expected);
        check("[influxdb.server]\nurl = 'http://i:8086'", &expected);
        check("'influxdb.server.url' = 'http://i:8086'", &expected);
        check("[influxdb]\n'server.url' = 'http://i:8086'", &expected);
    }

    #[test]
    fn case_does_not_matter() {
        check("training.maxNumber = 7", &[("training.maxNumber", "7")]);
        check("Training.MAXNUMBER = 7", &[("training.maxNumber", "7")]);
    }

    #[test]
    fn numbers_booleans_and_lists_become_text() {
        check(
            "training.ratio = 0.5\ntraining.normalise = true\nwatch.namespaces = ['a', 'b']",
            &[("training.normalise", "true"), ("training.ratio", "0.5"), ("watch.namespaces", "a,b")],
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_one_meant() {
        check_refused(
            "influxdb.url = 'x'",
            "influxdb.url (file p.toml) is not a setting; influxdb.server.url is: correct or remove it",
        );
        check_refused("zzz = 1", "zzz (file p.toml) is not a setting: correct or remove it");
        check_refused(
            "[training]\nratio.x = 1",
            "training.ratio.x (file p.toml) is not a setting; training.ratio is: correct or remove it",
        );
    }

    #[test]
    fn the_same_setting_twice_is_refused() {
        let expected = "training.ratio (file p.toml) is there twice; allowed: once";
        check_refused("training.ratio = 0.5\nTraining.Ratio = 0.6", expected);
        check_refused("training.ratio = 0.5\n'training.ratio' = 0.6", expected);
    }

    #[test]
    fn a_list_for_a_number_is_refused() {
        check_refused(
            "training.iterations = [1]",
            "training.iterations (file p.toml) is an array; allowed: a whole number from 1 to 1000",
        );
    }

    #[test]
    fn no_error_quotes_a_password() {
        for text in [
            "influxdb.password = 'geheim",
            "influxdb.password = geheim",
            "influxdb.password = \"geheim\" geheim",
            "influxdb.password = \"geheim\\q\"",
            "influxdb.password = 'a'\ninfluxdb.password = 'geheim'",
            "influxdb.password = 'geheim'\ninfluxdb.password.file = 'geheim'",
            "influxdb.password = 1geheim",
            "influxdb.password = 0x99999999999999999999geheim",
            "influxdb.password = ge|heim",
            "influxdb.password = [\"geheim\"]",
            "influxdb.password = \"\"\"geheim\ngeheim\n",
        ] {
            let error = parse(text, Path::new("p.toml")).unwrap_err().to_string();
            assert!(error.contains("p.toml"), "{error}");
            assert!(!error.contains("heim"), "{error}");
        }
    }

    #[test]
    fn a_syntax_error_says_where() {
        check_refused(
            "\ntraining.ratio = ",
            "file p.toml is not valid TOML: TOML parse error at line 2, column 18: string values must be quoted, expected literal string",
        );
    }
}
