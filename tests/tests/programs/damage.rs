//! Recordings that are damaged: counted and reported, never fatal; recordings that are none: refused.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use podprint_tests::{CLASS_LIST, CLASSES, bundled, collector, recording, run, trained, watcher};

/// A copy of the bundled recording `name` whose metrics end in the middle of a compressed block.
fn cut(name: &str, dir: &Path) {
    let from = bundled(name);
    let metrics = fs::read(from.join("metrics.lp.zst")).unwrap();
    fs::write(dir.join("metrics.lp.zst"), &metrics[..metrics.len() * 6 / 10]).unwrap();
    for file in ["pods.jsonl.zst", "nodes.json", "truth.csv"] {
        fs::copy(from.join(file), dir.join(file)).unwrap();
    }
}

/// Adds lines that cannot be read to both files of a small recording.
fn spoil(dir: &Path) {
    let add = |file: &str, bytes: &[u8]| {
        fs::OpenOptions::new().append(true).open(dir.join(file)).unwrap().write_all(bytes).unwrap();
    };
    add("pods.jsonl", b"{\"time\": \"2026-11-20T23:31:00.000Z\", \"type\": \"ADD\n\xff\xfe not text\n[]\n{}\n");
    add(
        "metrics.lp",
        b"kubernetes_pod_container,namespace=shop,pod_n\n,=, =\n\xff\xfe\nm f=1i 99999999999999999999999\n\n",
    );
}

#[test]
fn a_recording_that_was_cut_is_used_as_far_as_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    cut("train", dir.path());
    let mut command = collector();
    command.env(CLASS_LIST, CLASSES).arg("--once").arg("--recording").arg(dir.path());
    let done = run(&mut command).ended_with(0).said(&["WARN the file ends early", "file=\"metrics.lp\""]);
    assert!(done.stdout.contains("Model, base64"));

    let (dir, model) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    cut("another-day", dir.path());
    fs::write(model.path(), &trained().model).unwrap();
    let mut command = watcher();
    command.arg("--model").arg(model.path()).arg("--recording").arg(dir.path());
    let done = run(&mut command).ended_with(0).said(&["WARN the file ends early", "got classified"]);
    assert!(done.stdout.contains("all in the model"), "{}", done.stdout);
}

#[test]
fn lines_that_cannot_be_read_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), &["nginx", "redis"], 3);
    let train = || {
        let mut command = collector();
        command.env(CLASS_LIST, "nginx,redis").arg("--once").arg("--recording").arg(dir.path());
        run(command.arg("--csv").arg(dir.path().join("t.csv"))).ended_with(0)
    };
    let whole = train();
    assert!(!whole.stderr.contains("WARN"), "{}", whole.stderr);
    let rows = fs::read_to_string(dir.path().join("t.csv")).unwrap();

    spoil(dir.path());
    let spoilt = train().said(&["skipped lines that cannot be read"]);
    let said = |file: &str| {
        let line = spoilt.stderr.lines().find(|line| line.contains(file)).expect(file);
        let count = line.split_once(" bad=").expect("a count").1;
        count.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!((said("file=\"metrics.lp\""), said("file=\"pods.jsonl\"")), (4, 4), "{}", spoilt.stderr);
    assert_eq!(fs::read_to_string(dir.path().join("t.csv")).unwrap(), rows, "the good lines count as before");
}

#[test]
fn a_folder_that_is_no_recording_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let train = |folder: &Path| {
        let mut command = collector();
        command.env(CLASS_LIST, CLASSES).arg("--once").arg("--recording").arg(folder);
        run(&mut command).ended_with(1)
    };
    train(&dir.path().join("absent")).said(&["cannot read the recording", "absent"]);
    train(dir.path()).said(&["metrics.lp.zst"]);
    recording::write(dir.path(), &["nginx", "redis"], 2);
    fs::write(dir.path().join("nodes.json"), "[]").unwrap();
    train(dir.path()).said(&["nodes.json is not a list of nodes"]);
    fs::remove_file(dir.path().join("nodes.json")).unwrap();
    fs::write(dir.path().join("metrics.lp"), "").unwrap();
    train(dir.path()).said(&["no samples of any class of the list"]);
}
