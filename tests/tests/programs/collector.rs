//! One training: the report, the model in every form, the files.

use std::fs;
use std::process::Stdio;

use common::model::Model;
use common::model::file::decode;
use podprint_tests::{CLASSES, Trained, collector, recording, run, train, trained, training, watching};
use serde_json::Value;

/// The line after the heading of the model.
fn printed_model(stdout: &str) -> &str {
    let (_, model) = stdout.split_once("\nModel, base64 (").expect("a model");
    model.split_once('\n').expect("a line").1
}

/// What is the same in every run: all of the model but its time.
fn timeless(model: &[u8]) -> impl PartialEq + std::fmt::Debug {
    let mut parts = decode(model).unwrap().into_parts();
    parts.facts.trained_at = 0;
    Model::new(parts).unwrap()
}

#[test]
fn the_report_rests_on_held_out_pods_and_ends_with_the_model_in_one_line() {
    let Trained { done, model, report, .. } = trained();
    assert!(done.stdout.contains("=== Evaluation: whole pods held out ==="), "{}", done.stdout);
    assert!(done.stdout.contains("they rest on 153 pods"), "{}", done.stdout);
    let printed = printed_model(&done.stdout);
    assert_eq!(printed.trim_end().lines().count(), 1);
    assert!(printed.ends_with('\n') && done.stdout.ends_with(printed));
    assert_eq!(decode(printed.as_bytes()).unwrap(), decode(model).unwrap());

    // The printed figures are the report's, and each pod of it was held out once (1 repeat).
    let evaluation = &report["evaluation"];
    assert_eq!((&report["held_out"], &evaluation["groups_tested"]), (&"pods".into(), &report["groups"]));
    let held_out: usize =
        evaluation["folds"].as_array().unwrap().iter().map(|fold| fold["held_out"].as_array().unwrap().len()).sum();
    assert_eq!(held_out, 153);
    let counts = evaluation["confusion"]["counts"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
    assert_eq!(counts.map(|count| count.as_u64().unwrap()).sum::<u64>(), 153);
    let accuracy = evaluation["confusion"]["accuracy"].as_f64().unwrap();
    assert!(done.stdout.contains(&format!("accuracy {accuracy:.3}, balanced accuracy ")), "{accuracy}");
    // recordings/train, 7 types, 153 pods held out: the most frequent type alone would be 26/153 = 0.17.
    assert!(accuracy > 0.85, "{accuracy}");
}

#[test]
fn the_watcher_takes_the_model_in_every_form_in_which_it_can_be_copied() {
    let Trained { done, model, .. } = trained();
    let one_line = printed_model(&done.stdout).trim_end();
    let folded = |line_break: &str| {
        let lines: Vec<&str> =
            (0..one_line.len()).step_by(76).map(|at| &one_line[at..one_line.len().min(at + 76)]).collect();
        lines.join(line_break) + line_break
    };
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), &["nginx", "redis"], 2);
    let verdicts = |form: &str, bytes: &[u8]| {
        let (file, lines) = (dir.path().join(form), dir.path().join("verdicts.jsonl"));
        fs::write(&file, bytes).unwrap();
        let mut command = watching(&file);
        run(command.arg("--verdicts").arg(&lines)).ended_with(0).said(&["loaded the model classes=nginx,httpd,redis"]);
        fs::read_to_string(lines).unwrap()
    };
    let binary = verdicts("binary", model);
    assert!(binary.lines().count() > 60);
    for (form, bytes) in [
        ("one-line", one_line.to_owned()),
        ("with-a-last-line-break", format!("{one_line}\n")),
        ("folded", folded("\n")),
        ("folded-with-carriage-returns", folded("\r\n")),
    ] {
        assert_eq!(verdicts(form, bytes.as_bytes()), binary, "{form}");
    }
}

#[test]
fn a_configmap_stands_alone_on_standard_output() {
    let done = run(training().arg("--configmap")).ended_with(0).said(&["=== Confusion matrix"]);
    let lines: Vec<&str> = done.stdout.lines().collect();
    let [api, kind, metadata, name, namespace, data, model] = lines.as_slice() else { panic!("{}", done.stdout) };
    assert_eq!([*api, *kind, *metadata, *data], ["apiVersion: v1", "kind: ConfigMap", "metadata:", "binaryData:"]);
    assert!(name.starts_with("  name: ") && namespace.starts_with("  namespace: "), "{name} {namespace}");
    let encoded = model.strip_prefix("  model: ").expect("the key that the watcher mounts");
    assert_eq!(timeless(encoded.as_bytes()), timeless(&trained().model));
}

#[test]
fn every_file_that_was_asked_for_is_whole() {
    let Trained { done, model, report, csv, arff, plots } = trained();
    assert!(done.stderr.contains(&format!("bytes={}", model.len())), "{}", done.stderr);
    assert_eq!(report["model"]["bytes"], model.len());

    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let samples = report["samples"].as_u64().unwrap() as usize;
    assert_eq!((csv.lines().count() - 1, header.len()), (samples, report["features"].as_array().unwrap().len() + 2));
    assert!(csv.lines().all(|line| line.split(',').count() == header.len()));
    let (attributes, rows) = arff.split_once("@data\n").expect("ARFF has data");
    assert_eq!(attributes.matches("@attribute ").count(), header.len());
    assert_eq!(rows.lines().filter(|line| !line.is_empty()).count(), samples);
    assert!(attributes.contains("{nginx,httpd,redis"), "{attributes}");

    let names: Vec<&str> = plots.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["confusion.svg", "learning-curve.svg"]);
    for (name, svg) in plots {
        assert!(svg.contains("<svg") && svg.trim_end().ends_with("</svg>"), "{name}");
    }
}

#[test]
fn the_training_set_is_evaluated_alike_as_csv_and_as_arff() {
    let dir = tempfile::tempdir().unwrap();
    let evaluate = |name: &str, text: &str| -> Value {
        let (table, report) = (dir.path().join(name), dir.path().join("report.json"));
        fs::write(&table, text).unwrap();
        let mut command = collector();
        command.args(["evaluate", "--class", "class", "--group", "group", "--training.maxNumber", "20"]);
        let done = run(command.arg("--table").arg(table).arg("--report").arg(&report)).ended_with(0);
        assert!(done.stdout.contains("=== Confusion matrix"), "{}", done.stdout);
        serde_json::from_slice(&fs::read(report).unwrap()).unwrap()
    };
    // CSV declares no classes: they stand in the order of their text, and so do the lines of the matrix.
    let mut sorted: Vec<&str> = CLASSES.split(',').collect();
    sorted.sort_unstable();
    let arff = trained().arff.replace(&format!("{{{CLASSES}}}"), &format!("{{{}}}", sorted.join(",")));
    assert_ne!(arff, trained().arff);
    let (csv, arff) = (evaluate("t.csv", &trained().csv), evaluate("t.arff", &arff));
    assert_eq!(csv["evaluation"]["confusion"], arff["evaluation"]["confusion"]);
    assert_eq!(csv["groups"], 153);
}

#[test]
fn the_same_seed_gives_the_same_model_and_figures_on_any_number_of_cores() {
    let again = train();
    let of = trained();
    assert_eq!(timeless(&again.model), timeless(&of.model));
    for figures in ["evaluation", "learning_curve", "importance", "tree", "classes", "features"] {
        assert_eq!(again.report[figures], of.report[figures], "{figures}");
    }
    assert_eq!((again.csv, again.arff), (of.csv.clone(), of.arff.clone()));

    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("model");
    run(training().env("RAYON_NUM_THREADS", "1").arg("--output").arg(&model)).ended_with(0);
    assert_eq!(timeless(&fs::read(&model).unwrap()), timeless(&of.model));
}

#[test]
fn another_seed_holds_other_pods_out_and_leaves_the_model() {
    let dir = tempfile::tempdir().unwrap();
    let (model, report) = (dir.path().join("model"), dir.path().join("report.json"));
    run(training().args(["--seed", "7", "--output"]).arg(&model).arg("--report").arg(&report)).ended_with(0);
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    assert_ne!(report["evaluation"]["folds"], trained().report["evaluation"]["folds"]);
    assert_eq!(decode(&fs::read(model).unwrap()).unwrap().trees(), decode(&trained().model).unwrap().trees());
}

#[test]
fn a_reader_that_goes_away_is_said_without_a_panic() {
    let mut child = training().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write to standard output") && !said.contains("panicked"), "{said}");
}

/// A training on small recordings that cannot work: exit code 1, and the reason with what to do.
#[track_caller]
fn refuses(list: &str, types: &[&str], pods: usize, texts: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), types, pods);
    let mut command = collector();
    command.env(podprint_tests::CLASS_LIST, list).arg("--once").arg("--recording").arg(dir.path());
    let done = run(&mut command).ended_with(1).said(texts);
    assert_eq!(done.stdout, "");
}

#[test]
fn what_cannot_be_trained_from_is_said_with_what_to_do() {
    refuses(CLASSES, &["haproxy"], 3, &["no samples of any class of the list", "podprint.io/type"]);
    refuses(CLASSES, &["nginx"], 3, &["only pods of nginx have samples", "start pods of another class"]);
    refuses("nginx", &["nginx", "redis"], 3, &["only pods of nginx have samples", "or add classes"]);
    refuses(CLASSES, &["nginx", "redis"], 0, &["no samples of any class of the list"]);
}

#[test]
fn one_pod_a_class_trains_a_model_and_the_report_says_that_nothing_could_be_held_out() {
    let dir = tempfile::tempdir().unwrap();
    recording::write(dir.path(), &["nginx", "redis"], 1);
    let mut command = collector();
    command.env(podprint_tests::CLASS_LIST, "nginx,redis").arg("--once").arg("--recording").arg(dir.path());
    let done = run(&mut command).ended_with(0);
    assert!(done.stdout.contains("nothing could be held out, so there are no figures"), "{}", done.stdout);
    assert!(done.stdout.contains("add a second pod"), "{}", done.stdout);
    decode(printed_model(&done.stdout).as_bytes()).unwrap();
}
