//! Every setting but the secrets as a flag of the same name, as Spring Boot's users wrote them:
//! `--influxdb.server.url http://influxdb:8086`. The only part of the settings that knows clap.

use clap::{Arg, ArgMatches};

use super::table::{Program, SETTINGS, Setting};

/// The flags of `program`'s settings, under a help heading of their own.
pub fn flags(program: Program) -> Vec<Arg> {
    flag_settings(program)
        .map(|setting| {
            Arg::new(setting.name)
                .long(setting.name)
                .value_name(setting.value_name)
                .help(help(setting))
                .help_heading("Settings")
        })
        .collect()
}

/// The settings that the command line gave, with their texts.
pub fn given(matches: &ArgMatches, program: Program) -> Vec<(String, String)> {
    flag_settings(program)
        .filter_map(|setting| {
            // An error means that the command at hand has no such flag.
            let text = matches.try_get_one::<String>(setting.name).ok().flatten()?;
            Some((setting.name.to_owned(), text.clone()))
        })
        .collect()
}

fn flag_settings(program: Program) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| !setting.secret && setting.used_by.includes(program))
}

fn help(setting: &Setting) -> String {
    let default = setting.default.unwrap_or(setting.unset);
    format!("{} [default: {default}]", setting.about)
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    fn command(program: Program) -> Command {
        Command::new("program").args(flags(program))
    }

    #[test]
    fn the_flags_are_a_valid_command_line() {
        command(Program::Collector).debug_assert();
        command(Program::Watcher).debug_assert();
    }

    #[test]
    fn a_setting_is_given_by_a_flag_of_its_name() {
        let arguments = ["program", "--influxdb.server.url", "http://i", "--training.maxNumber=7"];
        let matches = command(Program::Collector).get_matches_from(arguments);
        let expected = [("influxdb.server.url", "http://i"), ("training.maxNumber", "7")];
        let found = given(&matches, Program::Collector);
        let found: Vec<_> = found.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_secret_has_no_flag() {
        let arguments = ["program", "--influxdb.password=geheim"];
        let error = command(Program::Both).try_get_matches_from(arguments).unwrap_err();
        assert!(!error.to_string().contains("geheim"), "{error}");
    }

    #[test]
    fn the_help_shows_defaults_but_no_flag_of_the_other_program() {
        let help = command(Program::Watcher).render_long_help().to_string();
        assert!(help.contains("--timeout.fetching.metrics <MS>"), "{help}");
        assert!(help.contains("[default: 120000]"), "{help}");
        assert!(!help.contains("--training.ratio"), "{help}");
    }
}
