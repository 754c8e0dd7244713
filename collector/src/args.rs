//! The command line: the collector's own flags, beside one flag for each setting.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand};
use common::settings::{self, Program};

/// Trains a type model on labelled pod metrics, reports how good it is, and prints it as base64.
///
/// Settings come from flags, environment variables (`influxdb.server.url` or `INFLUXDB_SERVER_URL`), the file of
/// --config and defaults, in this order. Results go to standard output, logs to standard error.
#[derive(Debug, Parser)]
#[command(name = "collector", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Train once and end, instead of on the schedule.
    #[arg(long)]
    pub once: bool,
    /// A recording to train from, instead of a cluster; may be given several times.
    #[arg(long, value_name = "DIR")]
    pub recording: Vec<PathBuf>,
    /// Where the results go.
    #[command(flatten)]
    pub results: Results,
    /// Write the model (binary) to this file.
    #[arg(long, value_name = "MODEL")]
    pub output: Option<PathBuf>,
    /// Print only a ConfigMap with the model, for `kubectl apply -f -`; the report goes to standard error.
    #[arg(long)]
    pub configmap: bool,
    /// Write the training set as ARFF.
    #[arg(long, value_name = "FILE")]
    pub arff: Option<PathBuf>,
    /// Write the training set as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// A TOML file with settings.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Another job than training.
    #[command(subcommand)]
    pub command: Option<Job>,
}

/// Where the figures go beside the printed report.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Results {
    /// Write every figure of the report to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Draw the learning curve and the confusion matrix as SVG into this folder.
    #[arg(long, value_name = "DIR")]
    pub plots: Option<PathBuf>,
    /// Seed of everything that is drawn at random.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// Another job than training.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// The same report over any table, with whole groups held out.
    Evaluate(Evaluate),
}

/// What to evaluate.
#[derive(Debug, ClapArgs)]
pub struct Evaluate {
    /// The table: FILE.arff or FILE.csv.
    #[arg(long, value_name = "FILE")]
    pub table: PathBuf,
    /// The column with the class.
    #[arg(long, value_name = "COLUMN")]
    pub class: String,
    /// The column whose equal values are held out together; without it each row stands alone.
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// Where the results go.
    #[command(flatten)]
    pub results: Results,
}

/// Reads the command line; gives the settings among the flags apart. Wrong usage ends here with clap's own message.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<(Args, Vec<(String, String)>), clap::Error> {
    let flags = settings::flags(Program::Collector).into_iter().map(|flag| flag.global(true));
    let matches = Args::command().args(flags).try_get_matches_from(line)?;
    let given = settings::given(&matches, Program::Collector);
    Ok((Args::from_arg_matches(&matches)?, given))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn settings_are_flags_too() {
        let (args, given) = parse(words("collector --once --training.ratio 0.9 --recording a --recording b")).unwrap();
        assert!(args.once);
        assert_eq!(args.recording.len(), 2);
        assert_eq!(given, [("training.ratio".to_owned(), "0.9".to_owned())]);
    }

    #[test]
    fn settings_go_with_a_job_as_well() {
        let line = "collector evaluate --table t.csv --class c --group g --training.iterations 3";
        let (args, given) = parse(words(line)).unwrap();
        assert!(matches!(args.command, Some(Job::Evaluate(_))));
        assert_eq!(given, [("training.iterations".to_owned(), "3".to_owned())]);
    }

    #[test]
    fn secrets_are_no_flags() {
        assert!(parse(words("collector --influxdb.password x")).is_err());
    }
}
