//! Settings from the outside: every form is taken, and what is wrong is said with its name, its source and what is allowed.

use std::fs;
use std::path::Path;
use std::process::Command;

use podprint_tests::{CLASS_LIST, CLASSES, collector, recording, run, watcher};

/// A small recording, and the collector that trains on it but for its class list.
fn small(dir: &Path) -> Command {
    recording::write(dir, &["nginx", "redis"], 3);
    let mut command = collector();
    command.arg("--once").arg("--recording").arg(dir);
    command
}

/// Both programs end with 2, nothing on standard output, one line that holds `texts`, and no secret.
#[track_caller]
fn refused(env: &[(&str, &str)], texts: &[&str]) {
    for mut command in [collector(), watcher()] {
        command.env(CLASS_LIST, CLASSES).args(["--recording", "nowhere"]).envs(env.iter().copied());
        let done = run(&mut command).ended_with(2).said(texts);
        assert_eq!((done.stdout.as_str(), done.stderr.lines().count()), ("", 1), "{}", done.stderr);
        assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    }
}

#[test]
fn an_unknown_name_close_to_a_setting_is_refused() {
    let misspelt = "data.aggregator.decision.tree.clasifier.list";
    refused(
        &[(misspelt, "a,b")],
        &[misspelt, "environment variable", "data.aggregator.decision.tree.classifier.list is"],
    );
    refused(&[("influxdb.pasword", "hunter2")], &["influxdb.pasword", "influxdb.password is"]);
}

#[test]
fn a_name_that_is_close_to_no_setting_is_none_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = small(dir.path());
    run(command.env(CLASS_LIST, "nginx,redis").env("java.home", "/opt").env("KUBERNETES_PORT", "tcp://10.0.0.1:443"))
        .ended_with(0);
}

#[test]
fn two_forms_of_one_setting_with_different_values_are_refused() {
    refused(
        &[("logging.level.root", "INFO"), ("LOGGING_LEVEL_ROOT", "DEBUG")],
        &["logging.level.root has different values", "LOGGING_LEVEL_ROOT", "allowed: one of the two"],
    );
    refused(
        &[("influxdb.password", "hunter2"), ("INFLUXDB_PASSWORD", "hunter22")],
        &["influxdb.password has different values", "INFLUXDB_PASSWORD"],
    );
}

#[test]
fn a_value_that_is_not_allowed_is_refused_with_what_is() {
    refused(
        &[("recording.speed", "0")],
        &[
            "recording.speed = `0` (environment variable recording.speed)",
            "allowed: max, or a factor from 0.001 to 1000000",
        ],
    );
    refused(
        &[("LOGGING_FORMAT", "xml")],
        &["logging.format = `xml` (environment variable LOGGING_FORMAT)", "text or json"],
    );
    refused(&[(CLASS_LIST, "nginx,nginx")], &["class `nginx` is named twice"]);
    refused(
        &[("influxdb.server.url", "http://me:hunter2@db:8086")],
        &["influxdb.server.url", "without user and password"],
    );
    refused(&[("RUST_LOG", "info,x=loud")], &["RUST_LOG"]);
}

#[test]
fn the_collectors_own_values_have_bounds() {
    let dir = tempfile::tempdir().unwrap();
    for (name, value, allowed) in [
        ("training.ratio", "1.5", "a number from 0.01 to 0.99"),
        ("training.ratio", "NaN", "a number from 0.01 to 0.99"),
        ("training.iterations", "0", "a whole number from 1 to 1000"),
        ("training.maxNumber", "-1", "a whole number from 1 to 10000"),
        ("data.aggregator.decision.tree.interval", "999", "from 1000 to 2592000000"),
        ("data.metrics.fetch.interval.seconds", "10m", "from 1 to 604800"),
        ("training.schedule", "61 * * * *", "minute `61`"),
        ("training.schedule", "0 0 30 2 *", "never fires"),
        ("training.features", "memory_rss_byte", "neither a set of features nor a feature"),
        ("label.source", "image,guess", "`guess` is not a label source"),
        ("model.engine", "weka", "podprint or smartcore"),
    ] {
        let done = run(small(dir.path()).env(CLASS_LIST, "nginx,redis").env(name, value)).ended_with(2);
        done.said(&[name, value, allowed, &format!("(environment variable {name})")]);
    }
}

#[test]
fn the_collector_needs_a_class_list() {
    let dir = tempfile::tempdir().unwrap();
    run(&mut small(dir.path())).ended_with(2).said(&[CLASS_LIST, "is not set"]);
}

#[test]
fn a_setting_comes_from_either_form_of_the_environment_a_flag_or_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("settings.toml");
    fs::write(&file, "[data.aggregator.decision.tree.classifier]\nlist = [\"nginx\", \"redis\"]\n").unwrap();
    let upper = "DATA_AGGREGATOR_DECISION_TREE_CLASSIFIER_LIST";
    let results = [
        run(small(dir.path()).env(CLASS_LIST, "nginx,redis")),
        run(small(dir.path()).env(upper, "nginx,redis")),
        run(small(dir.path()).env(upper, "nginx,redis").env(CLASS_LIST, "nginx,redis")),
        run(small(dir.path()).args([&format!("--{CLASS_LIST}"), "nginx,redis"]).env(CLASS_LIST, "mysql,httpd")),
        run(small(dir.path()).arg("--config").arg(&file)),
        run(small(dir.path()).arg("--config").arg(&file).env(CLASS_LIST, "redis,nginx")),
    ];
    for (done, first) in results.into_iter().zip(["nginx", "nginx", "nginx", "nginx", "nginx", "redis"]) {
        let done = done.ended_with(0);
        assert!(done.stdout.contains(&format!("| 1 {first} ")), "{}", done.stdout);
    }
}

#[test]
fn a_file_is_read_strictly_and_quoted_never() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("settings.toml");
    for (text, said) in [
        ("[training]\nratios = 0.5\n", "training.ratio is"),
        ("[influxdb]\npassword = \"hunter2\n", "is not valid TOML"),
        ("[influxdb.password]\nx = \"hunter2\"\n", "influxdb.password"),
        ("training.ratio = [1, 2]\n", "training.ratio"),
    ] {
        fs::write(&file, text).unwrap();
        let done = run(small(dir.path()).env(CLASS_LIST, "nginx,redis").arg("--config").arg(&file)).ended_with(2);
        let done = done.said(&[said, "settings.toml"]);
        assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    }
    run(small(dir.path()).args(["--config", "absent.toml"])).ended_with(2).said(&["cannot read file absent.toml"]);
}

#[test]
fn arguments_that_are_wrong_end_with_2_and_help_with_0() {
    for program in [collector, watcher] {
        for args in [&["--no-such-flag"][..], &["--recording"], &["--influxdb.password", "hunter2"]] {
            assert!(!run(program().args(args)).ended_with(2).stderr.is_empty());
        }
        // No recording: there is no other source yet.
        run(program().env(CLASS_LIST, CLASSES)).ended_with(2).said(&["influxdb"]);
        for args in ["--help", "--version"] {
            assert!(!run(program().arg(args)).ended_with(0).stdout.is_empty());
        }
    }
}

#[test]
fn a_polling_rate_is_called_unused_once() {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("model");
    run(small(dir.path()).env(CLASS_LIST, "nginx,redis").arg("--output").arg(&model)).ended_with(0);
    let mut command = watcher();
    command
        .env("pod.controller.watch.rate", "5000")
        .arg("--recording")
        .arg(dir.path())
        .env("path.serialized.model", &model);
    let done = run(&mut command).ended_with(0);
    assert_eq!(done.stderr.matches("pod.controller.watch.rate").count(), 1, "{}", done.stderr);
}
