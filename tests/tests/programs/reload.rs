//! A model that changes while the watcher runs, as a mounted ConfigMap changes: `..data` is swapped for another folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use podprint_tests::{Running, collector, recording, run, train, trained, watching};

/// Brings `bytes` in as the kubelet does: a new folder, a link beside `..data`, and one rename over it.
fn swap(mount: &Path, version: u32, bytes: &[u8]) {
    let folder = format!("..2026_{version}");
    fs::create_dir(mount.join(&folder)).unwrap();
    fs::write(mount.join(&folder).join("model"), bytes).unwrap();
    symlink(&folder, mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    if version > 1 {
        fs::remove_dir_all(mount.join(format!("..2026_{}", version - 1))).unwrap();
    }
}

/// A good model of two classes.
fn of_other_classes() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), &["nginx", "redis"], 3);
    let model = dir.path().join("model");
    let mut command = collector();
    command.env(podprint_tests::CLASS_LIST, "nginx,redis").arg("--once").arg("--recording").arg(dir.path());
    run(command.arg("--output").arg(&model)).ended_with(0);
    fs::read(model).unwrap()
}

#[test]
fn a_good_new_model_is_taken_and_a_bad_one_leaves_the_old_in_use() {
    // The same trees at another time make another file.
    let (first, second, others) = (&trained().model, train().model, of_other_classes());
    assert_ne!(*first, second);
    let mount = tempfile::tempdir().unwrap();
    swap(mount.path(), 1, first);
    symlink("..data/model", mount.path().join("model")).unwrap();

    let mut command = watching(&mount.path().join("model"));
    // 22 minutes in 55 seconds: longer than the swaps below take.
    command.env("recording.speed", "24").env(podprint_tests::CLASS_LIST, podprint_tests::CLASSES);
    let mut watcher = Running::start(&mut command);
    let begin = watcher.wait_for("loaded the model");
    watcher.wait_for("got classified");

    swap(mount.path(), 2, &second);
    let changed = watcher.wait_for("loaded the changed model");
    let print = |line: &str| line.split_once("fingerprint=").unwrap().1.split(' ').next().unwrap().to_owned();
    assert_ne!(print(&begin), print(&changed));

    swap(mount.path(), 3, b"garbage");
    let kept = watcher.wait_for("keeping the one in use");
    assert!(kept.contains("ERROR") && kept.contains(&format!("kept={}", print(&changed))), "{kept}");
    watcher.wait_for("got classified");

    swap(mount.path(), 4, &others);
    let refused = watcher.wait_for("keeping the one in use");
    assert!(refused.contains("`nginx,redis`"), "{refused}");

    fs::remove_file(mount.path().join("..data")).unwrap();
    let gone = watcher.wait_for("keeping the one in use");
    assert!(gone.contains("cannot read the model"), "{gone}");

    swap(mount.path(), 5, first);
    assert_eq!(print(&watcher.wait_for("loaded the changed model")), print(&begin));
    watcher.wait_for("got classified");
    watcher.terminate().0.ended_with(0);
}
