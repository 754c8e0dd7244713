//! The collector on its schedule: pass after pass, never two at once, until a signal.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use podprint_tests::{CLASS_LIST, Running, bundled, collector, recording, training};

const PROMPT: Duration = Duration::from_secs(5);

fn scheduled(recording: &Path, list: &str, interval: &str) -> Command {
    let mut command = collector();
    command.env(CLASS_LIST, list).env("data.aggregator.decision.tree.interval", interval);
    command.arg("--recording").arg(recording);
    command
}

#[test]
fn passes_follow_one_another_and_never_overlap() {
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), &["nginx", "redis"], 3);
    let model = dir.path().join("model");
    let mut command = scheduled(dir.path(), "nginx,redis", "1000");
    let mut running = Running::start(command.arg("--output").arg(&model));
    for _ in 0..3 {
        running.wait_for("INFO reading ");
        running.wait_for("INFO wrote the model ");
        assert!(model.exists());
    }
    let (done, took) = running.terminate();
    let done = done.ended_with(0).said(&["training on schedule schedule=every 1000 ms"]);
    assert!(took < PROMPT, "{took:?}");
    assert!(done.stdout.matches("Model, base64").count() >= 3);
    assert_alternating(&done.stderr);
}

/// Each pass ends before the next one begins.
#[track_caller]
fn assert_alternating(log: &str) {
    let steps: Vec<bool> = log
        .lines()
        .filter_map(|line| {
            let begins = line.contains("INFO reading ");
            (begins || line.contains("INFO wrote the model ")).then_some(begins)
        })
        .collect();
    assert!(steps.iter().zip([true, false].iter().cycle()).all(|(step, wanted)| step == wanted), "{log}");
}

#[test]
fn a_pass_longer_than_the_interval_makes_the_late_ones_fall_away() {
    let dir = tempfile::tempdir().unwrap();
    // 40 repeats of the evaluation take longer than a second on any machine that compiles this.
    let mut command = scheduled(&bundled("train"), podprint_tests::CLASSES, "1000");
    command.env("training.iterations", "40").arg("--output").arg(dir.path().join("model"));
    let mut running = Running::start(&mut command);
    let mut begins = Vec::new();
    for _ in 0..3 {
        begins.push(seconds(&running.wait_for("INFO reading ")));
        running.wait_for("INFO wrote the model ");
    }
    let (done, _) = running.terminate();
    assert_alternating(&done.ended_with(0).stderr);
    for pair in begins.windows(2) {
        let after = pair[1] - pair[0];
        // Starts stay on the interval's grid: 2 s, 3 s, ... after the one before, and late by the time of waking up.
        assert!(after > 0.9 && after.fract().min(1.0 - after.fract()) < 0.4, "{begins:?}");
    }
}

/// Seconds within the hour of a log line's time.
fn seconds(line: &str) -> f64 {
    let (minutes, seconds) = line[14..23].split_once(':').expect("2026-11-20T08:15:00.042Z");
    minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
}

#[test]
fn a_pass_that_fails_is_said_and_the_schedule_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), &["haproxy"], 2);
    let mut running = Running::start(&mut scheduled(dir.path(), "nginx,redis", "1000"));
    for _ in 0..2 {
        let said = running.wait_for("this training pass failed, the next one comes on schedule");
        assert!(said.contains("ERROR") && said.contains("no samples of any class of the list nginx,redis"), "{said}");
    }
    // What was missing comes, and the next pass finds it.
    recording::write(dir.path(), &["nginx", "redis"], 2);
    running.wait_for("training the model on all rows");
    running.terminate().0.ended_with(0);
}

#[test]
fn a_sigterm_ends_the_wait_for_the_next_pass() {
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), &["nginx", "redis"], 2);
    for cron in [None, Some("0 3 1 1 *")] {
        let mut command = scheduled(dir.path(), "nginx,redis", "3600000");
        if let Some(cron) = cron {
            command.env("training.schedule", cron);
        }
        let mut running = Running::start(&mut command);
        running.wait_for(if cron.is_some() {
            "training on schedule schedule=at 0 3 1 1 *"
        } else {
            "the pass is done"
        });
        let (done, took) = running.terminate();
        let done = done.ended_with(0).said(&["shutting down signal=SIGTERM"]);
        assert!(took < PROMPT, "{took:?}");
        assert_eq!(done.stdout.contains("Model, base64"), cron.is_none());
    }
}

#[test]
fn a_sigterm_ends_a_pass_in_the_middle_and_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("model");
    for (once, code) in [(true, 1), (false, 0)] {
        let mut command = training();
        command.args(["--training.iterations", "1000", "--output"]).arg(&model);
        if !once {
            command = scheduled(&bundled("train"), "nginx,redis", "3600000");
            command.args(["--training.iterations", "1000", "--output"]).arg(&model);
        }
        let mut running = Running::start(&mut command);
        running.wait_for("evaluating");
        let (done, took) = running.terminate();
        let done = done.ended_with(code).said(&["shutting down signal=SIGTERM"]);
        assert!(took < PROMPT, "{took:?}");
        assert_eq!(done.stdout, "");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
