//! The command line: the watcher's own flags, beside one flag for each setting.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser};
use common::settings::{self, Program};

/// Says of every new pod, within seconds, which type of service it runs.
///
/// Settings come from flags, environment variables (`path.serialized.model` or `PATH_SERIALIZED_MODEL`), the file of
/// --config and defaults, in this order. Logs go to standard error; on a recording with a `truth.csv` the table of right
/// and wrong verdicts goes to standard output.
#[derive(Debug, Parser)]
#[command(name = "watcher", version)]
pub struct Args {
    /// Watch a recording instead of a cluster, and end with it.
    #[arg(long, value_name = "DIR")]
    pub recording: Option<PathBuf>,
    /// The model, binary or base64; instead of the setting path.serialized.model.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Write verdicts as JSON lines to this file.
    #[arg(long, value_name = "FILE.jsonl")]
    pub verdicts: Option<PathBuf>,
    /// A TOML file with settings.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Reads the command line; gives the settings among the flags apart. Wrong usage ends here with clap's own message.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<(Args, Vec<(String, String)>), clap::Error> {
    let matches = Args::command().args(settings::flags(Program::Watcher)).try_get_matches_from(line)?;
    let given = settings::given(&matches, Program::Watcher);
    Ok((Args::from_arg_matches(&matches)?, given))
}
