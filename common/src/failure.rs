//! How a program ends when it cannot do its work: one message on standard error, and exit codes that differ.

use std::io::Write;
use std::process::ExitCode;

use crate::settings::SettingsError;

/// Why a program ends.
#[derive(Debug)]
pub enum Failure {
    /// Wrong arguments, or `--help` and `--version`, which end well: clap's own message and code.
    Usage(clap::Error),
    /// Wrong settings, or arguments that do not go together: exit code 2.
    Settings(String),
    /// The work failed: exit code 1.
    Work(anyhow::Error),
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Work(error)
    }
}

/// Says why `program` ends, and gives its exit code: 0 done, 1 failed, 2 wrong settings or arguments.
pub fn exit_code(program: &str, result: Result<(), Failure>) -> ExitCode {
    let say = |text: String| {
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(std::io::stderr(), "{program}: {text}");
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => {
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        Err(Failure::Settings(text)) => {
            say(text);
            ExitCode::from(2)
        }
        Err(Failure::Work(error)) => {
            say(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
