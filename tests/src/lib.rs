//! Harness of the whole-program tests: builds the two programs, starts them with an empty environment, listens to what they
//! say while they run, and writes small recordings.
//!
//! Decides nothing about what is right: that is in `tests/`. Every failure here is a panic with what the program said.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "a harness fails its test by panicking, and most calls are the check itself"
)]

pub mod recording;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The environment variable of the class list, as the users of the first system set it.
pub const CLASS_LIST: &str = "data.aggregator.decision.tree.classifier.list";
/// The types that the bundled recordings are trained on.
pub const CLASSES: &str = "nginx,httpd,redis,memcached,postgres,mysql,rabbitmq";
/// Longer than anything here takes on a slow machine; a program that says nothing for so long hangs.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A bundled recording.
pub fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("recordings").join(name)
}

/// The collector, without any environment.
pub fn collector() -> Command {
    program("collector")
}

/// The watcher, without any environment.
pub fn watcher() -> Command {
    program("watcher")
}

/// The collector, training once on the bundled recording.
pub fn training() -> Command {
    let mut command = collector();
    command.env(CLASS_LIST, CLASSES).arg("--once").arg("--recording").arg(bundled("train"));
    command
}

/// The watcher on the other bundled recording.
pub fn watching(model: &Path) -> Command {
    let mut command = watcher();
    command.arg("--recording").arg(bundled("another-day")).arg("--model").arg(model);
    command
}

fn program(name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    command.env_clear();
    command
}

/// Where the programs are: beside the tests' own folder, built in the tests' profile by the first who asks.
fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // target/PROFILE/deps/TEST
        let test = std::env::current_exe().expect("a test has a path");
        let folder = test.parent().and_then(Path::parent).expect("target/PROFILE").to_owned();
        let target = folder.parent().expect("target");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--quiet", "-p", "collector", "-p", "watcher", "--target-dir"]).arg(target);
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        match folder.file_name().and_then(|name| name.to_str()).expect("a profile") {
            "debug" => {}
            profile => drop(cargo.args(["--profile", profile])),
        }
        assert!(cargo.status().expect("cargo runs").success(), "the programs do not build");
        folder
    })
}

/// A program that has ended.
#[derive(Debug)]
pub struct Done {
    /// Its exit code; none when a signal killed it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Done {
    /// Itself, if it ended with `code`.
    #[track_caller]
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}", self.stderr);
        self
    }

    /// Itself, if each of `texts` stands on standard error.
    #[track_caller]
    pub fn said(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// Runs a program to its end.
#[track_caller]
pub fn run(command: &mut Command) -> Done {
    Running::start(command).end()
}

/// A program that runs; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    lines: Receiver<String>,
    said: String,
}

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stdout = child.stdout.take().expect("piped");
        let stdout = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("standard output is text");
            text
        });
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, lines) = channel();
        // Ends with the program, or with its reader.
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, stdout: Some(stdout), lines, said: String::new() }
    }

    /// Waits for the next log line that holds `text`.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push_str(&line);
                    self.said.push('\n');
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(why) => panic!("`{text}` was not said ({why}):\n{}", self.said),
            }
        }
    }

    /// Sends SIGTERM, as Kubernetes does, and gives the end with the time that it took.
    #[track_caller]
    pub fn terminate(self) -> (Done, Duration) {
        let id = self.child.id().to_string();
        let begun = Instant::now();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        let done = self.end();
        (done, begun.elapsed())
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Done {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.said += &(line + "\n"),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.said),
            }
        }
        let status: ExitStatus = self.child.wait().expect("it was started");
        let stdout = self.stdout.take().expect("read once").join().expect("standard output is text");
        Done { code: status.code(), stdout, stderr: std::mem::take(&mut self.said) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one training on the bundled recording gives, with every file that can be asked for. Made once.
#[derive(Debug)]
pub struct Trained {
    /// What was said.
    pub done: Done,
    /// The model's file.
    pub model: Vec<u8>,
    /// The report's file.
    pub report: serde_json::Value,
    /// The training set as CSV.
    pub csv: String,
    /// The training set as ARFF.
    pub arff: String,
    /// The plots: name and text.
    pub plots: Vec<(String, String)>,
}

/// The one training that most tests begin from.
pub fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(train)
}

/// One more training.
pub fn train() -> Trained {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| dir.path().join(name);
    let mut command = training();
    for (flag, file) in
        [("--output", "model"), ("--report", "r.json"), ("--csv", "t.csv"), ("--arff", "t.arff"), ("--plots", "plots")]
    {
        command.arg(flag).arg(at(file));
    }
    let done = run(&mut command).ended_with(0);
    let text =
        |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut plots: Vec<(String, String)> = std::fs::read_dir(at("plots"))
        .expect("a folder of plots")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), text(&entry.path())))
        .collect();
    plots.sort();
    Trained {
        done,
        model: std::fs::read(at("model")).expect("a model"),
        report: serde_json::from_str(&text(&at("r.json"))).expect("the report is JSON"),
        csv: text(&at("t.csv")),
        arff: text(&at("t.arff")),
        plots,
    }
}
