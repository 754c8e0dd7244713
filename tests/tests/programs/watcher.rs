//! The watcher on a recording: verdicts, table, refusals, the end on a signal.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use podprint_tests::{CLASS_LIST, CLASSES, Done, Running, bundled, run, trained, watching};
use serde_json::Value;

/// The keys of a verdict line, in DESIGN's order.
const KEYS: [&str; 9] = ["time", "namespace", "pod", "uid", "container", "type", "confidence", "samples", "settled"];

fn model_in(dir: &Path) -> PathBuf {
    let path = dir.join("model");
    fs::write(&path, &trained().model).unwrap();
    path
}

/// Watches the other day to its end.
fn watched() -> (Done, String) {
    let dir = tempfile::tempdir().unwrap();
    let verdicts = dir.path().join("verdicts.jsonl");
    let mut command = watching(&model_in(dir.path()));
    let done = run(command.env(CLASS_LIST, CLASSES).arg("--verdicts").arg(&verdicts)).ended_with(0);
    (done, fs::read_to_string(verdicts).unwrap())
}

/// uid and container, and what truly ran there.
fn truth() -> HashMap<(String, String), String> {
    let text = fs::read_to_string(bundled("another-day").join("truth.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (uid, container, of_type) = (at("uid"), at("container"), at("type"));
    lines.map(|row| ((row[uid].to_owned(), row[container].to_owned()), row[of_type].to_owned())).collect()
}

#[test]
fn every_pod_of_another_day_is_recognised_once_and_most_are_classified_right() {
    let (done, lines) = watched();
    let truth = truth();

    let mut recognised: Vec<&str> =
        done.stderr.lines().filter_map(|line| line.split_once("Recognized Pod ")).map(|l| l.1).collect();
    recognised.sort_unstable();
    let all = recognised.len();
    recognised.dedup();
    let pods: HashSet<&str> = truth.keys().map(|(uid, _)| uid.as_str()).collect();
    assert_eq!((recognised.len(), all), (pods.len(), pods.len()));

    let mut last: HashMap<(String, String), String> = HashMap::new();
    let mut settled: HashSet<(String, String)> = HashSet::new();
    let mut time = String::new();
    for line in lines.lines() {
        let verdict: Value = serde_json::from_str(line).unwrap();
        // The order of keys is lost in a Value.
        let order: Vec<usize> = KEYS.iter().map(|key| line.find(&format!("\"{key}\":")).expect(key)).collect();
        assert!(order.is_sorted() && verdict.as_object().unwrap().len() == KEYS.len(), "{line}");
        let text = |key: &str| verdict[key].as_str().unwrap().to_owned();
        assert!((0.0..=1.0).contains(&verdict["confidence"].as_f64().unwrap()), "{line}");
        assert!((1..=12).contains(&verdict["samples"].as_u64().unwrap()), "{line}");
        assert!(text("time") >= time, "verdicts come in time order: {line}");
        time = text("time");
        let of = (text("uid"), text("container"));
        let before = last.insert(of.clone(), text("type"));
        assert!(!settled.contains(&of), "nothing is said of a type that is settled: {line}");
        if verdict["settled"].as_bool().unwrap() {
            settled.insert(of);
        } else {
            assert_ne!(before, Some(text("type")), "an answer that has not changed is not said again: {line}");
        }
    }

    // 52 containers of the 7 types of the model; by chance 1 of 7 (14 %) is right, and always saying the type that is
    // most frequent that day (nginx) makes 13 of 52 (25 %).
    let answered: Vec<(&String, &String)> = truth
        .iter()
        .filter(|(_, of_type)| CLASSES.split(',').any(|class| class == *of_type))
        .filter_map(|(of, of_type)| Some((of_type, last.get(of)?)))
        .collect();
    let right = answered.iter().filter(|(of_type, said)| of_type == said).count();
    assert!(answered.len() >= 50, "{}", answered.len());
    assert!(right as f64 / answered.len() as f64 > 0.8, "{right} of {}", answered.len());

    // The table says the same.
    let row = done.stdout.lines().find(|line| line.contains("all in the model")).expect("a table");
    let mut counts = row.split_whitespace().filter_map(|cell| cell.parse::<usize>().ok());
    assert_eq!(counts.next(), Some(right), "{row}");
    assert!(done.stdout.contains("not in the model") && done.stdout.contains("s to settled"), "{}", done.stdout);
}

#[test]
fn two_watches_with_one_model_give_the_same_verdicts_and_table() {
    let (first, second) = (watched(), watched());
    assert_eq!(first.1, second.1);
    assert_eq!(first.0.stdout, second.0.stdout);
}

#[test]
fn a_class_list_that_is_not_the_models_is_refused_with_both_lists() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(watching(&model_in(dir.path())).env(CLASS_LIST, "mysql,nginx")).ended_with(2);
    assert_eq!(done.stdout, "");
    done.said(&[CLASS_LIST, "`mysql,nginx`", &format!("`{CLASSES}`")]);
}

#[test]
fn the_order_of_the_class_list_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let list = "rabbitmq=rabbit|mq,mysql=mysql|mariadb,postgres,memcached,redis,httpd,nginx";
    run(watching(&model_in(dir.path())).env(CLASS_LIST, list)).ended_with(0);
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    let good = &trained().model;
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 4;
    for bytes in [&b"garbage, and not even base64!"[..], b"", b"Z2FyYmFnZQ==", &good[..good.len() / 2], &flipped] {
        fs::write(&path, bytes).unwrap();
        let done = run(&mut watching(&path)).ended_with(1).said(&["watcher: cannot use the model", "model"]);
        assert_eq!((done.stdout.as_str(), done.stderr.lines().count()), ("", 1), "{}", done.stderr);
    }
    fs::remove_file(&path).unwrap();
    run(&mut watching(&path)).ended_with(1).said(&["cannot read the model"]);
}

#[test]
fn a_file_larger_than_any_model_is_refused_unread() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model");
    // A sparse file: 1 TiB of nothing.
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    run(&mut watching(&path)).ended_with(1).said(&["1099511627776 bytes; at most"]);
}

#[test]
fn every_line_of_a_json_log_is_a_json_object() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(watching(&model_in(dir.path())).env("logging.format", "json")).ended_with(0);
    assert!(done.stderr.lines().count() > 200);
    let mut classified = 0;
    for line in done.stderr.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["message"].is_string() && entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
        if entry["message"].as_str().unwrap().contains(" got classified by the model as ") {
            classified += 1;
            assert!(
                entry["confidence"].is_f64() && entry["samples"].is_u64() && entry["milliseconds"].is_i64(),
                "{line}"
            );
        }
    }
    assert!(classified > 50, "{classified}");
}

#[test]
fn a_container_without_metrics_times_out_and_is_answered_when_they_come() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = watching(&model_in(dir.path()));
    // Every container of that day has to wait longer than 1 s or, at least, some have.
    let done = run(command.env("timeout.fetching.metrics", "1000")).ended_with(0);
    done.said(&[
        "cant classify as we cannot fetch Metrics in the Time Interval of 1000 Milliseconds",
        "got classified",
    ]);
}

#[test]
fn a_sigterm_ends_a_slow_replay_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = watching(&model_in(dir.path()));
    // The 22 minutes of that day would take 22 minutes.
    let mut watcher = Running::start(command.env("recording.speed", "1"));
    watcher.wait_for("Recognized Pod");
    let (done, took) = watcher.terminate();
    let done = done.ended_with(0).said(&["shutting down signal=SIGTERM"]);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(done.stdout, "", "a watch that was cut short is not scored");
    assert!(!done.stderr.contains("to its end"), "{}", done.stderr);
}
