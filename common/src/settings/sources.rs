//! Gathers the settings from flags, environment and file. Precedence: flag > environment > file >
//! default. Reads of the environment go by an allow-list of known names; of everything else only
//! dotted names are looked at, as they may be misspelt settings.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::error::{Origin, SettingsError};
use super::file;
use super::lookup::{Given, Lookup};
use super::table::{Program, SETTINGS, Setting, setting};

/// Environment variables that are no settings but matter to them.
const RUST_LOG: &str = "RUST_LOG";
const NO_COLOR: &str = "NO_COLOR";
const KUBERNETES_SERVICE_HOST: &str = "KUBERNETES_SERVICE_HOST";

impl Lookup {
    /// Gathers the settings of `program`: `flags` as [`given`](super::given) returns them, `env`
    /// as [`std::env::vars_os`] does, `file` as `--config` names it.
    ///
    /// Settings of the other program are accepted silently: people share one environment.
    pub fn gather(
        program: Program,
        flags: impl Iterator<Item = (String, String)>,
        env: impl Iterator<Item = (OsString, OsString)>,
        file: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let env = Environment::of(env)?;
        let mut lookup = Self {
            values: BTreeMap::new(),
            rust_log: env.text(RUST_LOG, "log directives")?,
            color: !env.has(NO_COLOR),
            in_container: env.has(KUBERNETES_SERVICE_HOST),
        };
        // Later sources override earlier ones.
        if let Some(path) = file {
            for (setting, text) in file::read(path)? {
                lookup.put(setting, &text, Origin::File(path.to_owned()));
            }
        }
        for setting in SETTINGS {
            if let Some((name, text)) = env.setting(setting)? {
                lookup.put(setting, &text, Origin::Environment(name));
            }
        }
        for (name, text) in flags {
            let setting = flag_setting(&name, program)?;
            lookup.put(setting, &text, Origin::Flag(name));
        }
        Ok(lookup)
    }

    /// An empty value counts as not set, so it leaves what an earlier source said.
    fn put(&mut self, setting: &'static Setting, text: &str, origin: Origin) {
        let text = tidy(setting, text);
        if !text.is_empty() {
            let given = Given::new(setting, text.to_owned(), origin);
            self.values.insert(setting.name, given);
        }
    }
}

/// `text` without what editors and `echo` add around it; of a secret only the line end goes.
fn tidy<'a>(setting: &Setting, text: &'a str) -> &'a str {
    if setting.secret { text.trim_end_matches(['\r', '\n']) } else { text.trim() }
}

fn flag_setting(name: &str, program: Program) -> Result<&'static Setting, SettingsError> {
    let refused = |instead| Err(SettingsError::Flag { name: name.to_owned(), instead });
    match setting(name) {
        None => refused("it is not a setting"),
        Some(setting) if setting.secret => {
            refused("command lines are visible to others: use the environment or a file")
        }
        Some(setting) if !setting.used_by.includes(program) => refused("this program does not use it"),
        Some(setting) => Ok(setting),
    }
}

/// The part of the environment that may concern settings, by name.
struct Environment(BTreeMap<String, OsString>);

impl Environment {
    fn of(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, SettingsError> {
        let known: BTreeMap<String, &Setting> = SETTINGS
            .iter()
            .flat_map(|setting| [setting.name.to_owned(), setting.upper_case()].map(|n| (n, setting)))
            .collect();
        let mut kept = BTreeMap::new();
        let mut strangers = Vec::new();
        for (name, value) in variables {
            // A name that is not text is nobody's setting.
            let Ok(name) = name.into_string() else {
                continue;
            };
            if known.contains_key(&name) || [RUST_LOG, NO_COLOR, KUBERNETES_SERVICE_HOST].contains(&name.as_str()) {
                kept.insert(name, value);
            } else if name.contains('.') {
                strangers.push(name);
            }
        }
        strangers.sort();
        for name in strangers {
            if let Some(meant) = close_to(&name) {
                return Err(SettingsError::Misspelt { origin: Origin::Environment(name.clone()), name, meant });
            }
        }
        Ok(Self(kept))
    }

    /// Whether the variable is there and not empty.
    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_empty())
    }

    fn text(&self, name: &'static str, allowed: &'static str) -> Result<Option<String>, SettingsError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let text = value.to_str().ok_or_else(|| SettingsError::NotText {
            setting: name,
            origin: Origin::Environment(name.to_owned()),
            allowed,
        })?;
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// What the environment says about `setting`, and under which of its two names.
    fn setting(&self, setting: &'static Setting) -> Result<Option<(String, String)>, SettingsError> {
        let mut found: Option<(String, String)> = None;
        for name in [setting.name.to_owned(), setting.upper_case()] {
            let Some(value) = self.0.get(&name) else {
                continue;
            };
            let Some(text) = value.to_str() else {
                return Err(SettingsError::NotText {
                    setting: setting.name,
                    origin: Origin::Environment(name),
                    allowed: setting.allowed,
                });
            };
            let text = tidy(setting, text);
            match &found {
                _ if text.is_empty() => {}
                None => found = Some((name, text.to_owned())),
                Some((_, first)) if first == text => {}
                Some((dotted, _)) => {
                    return Err(SettingsError::Conflict { setting: setting.name, dotted: dotted.clone(), upper: name });
                }
            }
        }
        Ok(found)
    }
}

/// The setting that an unknown name most likely means: at most two letters wrong, one in eight for
/// long names. Wider would refuse names of other programs, such as `logging.level.web`.
fn close_to(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    SETTINGS
        .iter()
        .map(|setting| {
            let distance = strsim::osa_distance(&name, &setting.name.to_lowercase());
            (distance, setting.name)
        })
        .filter(|(distance, known)| *distance <= (known.len() / 8).max(2))
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;
    use crate::settings::name;

    fn os(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(n, v)| (n.into(), v.into())).collect()
    }

    fn gather(env: &[(&str, &str)]) -> Result<Lookup, SettingsError> {
        Lookup::gather(Program::Both, std::iter::empty(), os(env).into_iter(), None)
    }

    #[track_caller]
    fn check_refused(env: &[(&str, &str)], expected: &str) {
        assert_eq!(gather(env).unwrap_err().to_string(), expected);
    }

    #[track_caller]
    fn check_from(lookup: &Lookup, name: &str, text: &str, origin: &Origin) {
        let given = lookup.required(name).unwrap();
        assert_eq!((given.text(), given.origin()), (text, origin));
    }

    #[test]
    fn both_forms_of_a_name_set_the_setting() {
        for form in ["training.maxNumber", "TRAINING_MAXNUMBER"] {
            let lookup = gather(&[(form, "7")]).unwrap();
            let origin = Origin::Environment(form.to_owned());
            check_from(&lookup, name::TRAINING_MAX_NUMBER, "7", &origin);
        }
    }

    #[test]
    fn flag_beats_environment_beats_file_beats_default() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "training.ratio = 0.4\ntraining.iterations = 4").unwrap();
        writeln!(file, "training.maxNumber = 4").unwrap();
        let flags = [(name::TRAINING_RATIO.to_owned(), "0.2".to_owned())];
        let env = os(&[("training.ratio", "0.3"), ("TRAINING_ITERATIONS", "3")]);
        let lookup = Lookup::gather(Program::Collector, flags.into_iter(), env.into_iter(), Some(file.path())).unwrap();
        let flag = Origin::Flag("training.ratio".to_owned());
        check_from(&lookup, name::TRAINING_RATIO, "0.2", &flag);
        let env = Origin::Environment("TRAINING_ITERATIONS".to_owned());
        check_from(&lookup, name::TRAINING_ITERATIONS, "3", &env);
        let path = Origin::File(file.path().to_owned());
        check_from(&lookup, name::TRAINING_MAX_NUMBER, "4", &path);
        check_from(&lookup, name::MODEL_ENGINE, "podprint", &Origin::Default);
    }

    #[test]
    fn two_forms_with_different_values_are_refused_without_the_values() {
        check_refused(
            &[("influxdb.password", "geheim"), ("INFLUXDB_PASSWORD", "anders")],
            "influxdb.password has different values in environment variable influxdb.password and \
             environment variable INFLUXDB_PASSWORD; allowed: one of the two, or the same value in both",
        );
        assert!(gather(&[("training.ratio", "0.5"), ("TRAINING_RATIO", " 0.5\n")]).is_ok());
        assert!(gather(&[("training.ratio", ""), ("TRAINING_RATIO", "0.5")]).is_ok());
    }

    #[test]
    fn a_misspelt_dotted_name_is_refused() {
        check_refused(
            &[("influxdb.sever.url", "http://i")],
            "influxdb.sever.url (environment variable influxdb.sever.url) is not a setting; \
             influxdb.server.url is: correct or remove it",
        );
        let error = gather(&[("training.maxnumber", "7")]).unwrap_err();
        assert!(error.to_string().contains("training.maxNumber is"), "{error}");
    }

    #[test]
    fn names_of_other_programs_are_ignored() {
        let env = [
            ("logging.level.web", "DEBUG"),
            ("spring.profiles.active", "x"),
            ("a.b", "c"),
            ("INFLUXDB_SERVER_PORT", "tcp://10.0.0.1:8086"),
        ];
        assert!(gather(&env).is_ok());
    }

    #[test]
    fn no_setting_is_taken_for_a_misspelt_other_one() {
        for setting in SETTINGS {
            assert_eq!(close_to(setting.name), Some(setting.name));
            assert!(gather(&[(setting.name, "")]).is_ok());
        }
    }

    #[test]
    fn only_values_of_known_names_must_be_text() {
        let value = || OsString::from_vec(vec![0xff]);
        let of = |name: &str| {
            let env = [(name.into(), value())].into_iter();
            Lookup::gather(Program::Both, std::iter::empty(), env, None)
        };
        assert!(of("SOME_OTHER").is_ok());
        assert_eq!(
            of("TRAINING_RATIO").unwrap_err().to_string(),
            "training.ratio (environment variable TRAINING_RATIO) is not valid UTF-8; \
             allowed: a number from 0.01 to 0.99",
        );
    }

    #[test]
    fn settings_of_the_other_program_are_accepted() {
        let env = os(&[("training.ratio", "0.3"), ("pod.controller.watch.rate", "100")]);
        for program in [Program::Collector, Program::Watcher] {
            let env = env.clone().into_iter();
            assert!(Lookup::gather(program, std::iter::empty(), env, None).is_ok());
        }
    }

    #[test]
    fn a_secret_by_flag_is_refused_without_its_value() {
        let flags = [(name::INFLUX_PASSWORD.to_owned(), "geheim".to_owned())].into_iter();
        let error = Lookup::gather(Program::Both, flags, std::iter::empty(), None).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("influxdb.password") && !text.contains("geheim"), "{text}");
    }

    #[test]
    fn nothing_prints_a_secret() {
        let lookup = gather(&[("influxdb.password", "geheim")]).unwrap();
        let given = lookup.optional(name::INFLUX_PASSWORD).unwrap();
        let text = format!("{lookup:?} {given:?} {} ", given.refused("no"));
        assert!(text.contains("***") && !text.contains("geheim"), "{text}");
    }
}
