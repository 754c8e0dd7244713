//! The report of a data set small enough to follow, as text and as JSON.

use std::convert::Infallible;

use common::dataset::Feature;
use common::evaluation::{Classifier, Learner, Plan, evaluate, learning_curve};

use super::*;

/// Says what the sign of the first value says.
struct Sign;

impl Learner for Sign {
    type Fitted = Sign;
    type Error = Infallible;

    fn fit(&self, _: &Dataset, _: &[u32]) -> Result<Sign, Infallible> {
        Ok(Sign)
    }
}

impl Classifier for Sign {
    fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        if row[0] < 0.0 { vec![0.9, 0.1, 0.0] } else { vec![0.25, 0.75, 0.0] }
    }
}

/// nginx: 3 pods of one sample, one of them wrong; mysql: 2 pods, right; lone: one pod.
pub(crate) fn data() -> Dataset {
    let names = ["a1", "a2", "a3", "b1", "b2", "c1"];
    Dataset {
        features: vec![Feature { name: "x".to_owned(), unit: "B/s".to_owned() }],
        columns: vec![vec![-1.0, -2.0, 3.0, 4.0, 5.0, 6.0]],
        classes: ["nginx", "mysql\u{1b}[31m", "lone"].map(str::to_owned).to_vec(),
        class: vec![0, 0, 0, 1, 1, 2],
        groups: names.map(str::to_owned).to_vec(),
        group: (0..6).collect(),
        window: vec![1; 6],
    }
}

pub(crate) fn report(data: &Dataset) -> Report {
    let plan = Plan { ratio: 0.5, repeats: 1, seed: 1 };
    let about = About {
        source: "recording x".to_owned(),
        time: "2026-11-21T00:00:00Z".to_owned(),
        seed: 1,
        engine: "podprint".to_owned(),
        held_out: HeldOut::Pods,
        notes: vec![],
    };
    let learned = Learned {
        importance: vec![4.0],
        tree: "x <= 0: nginx\nx > 0: mysql\n".to_owned(),
        model: Some(ModelSize { bytes: 321, fingerprint: "ab".repeat(32) }),
    };
    let evaluation = evaluate(data, &Sign, &plan).unwrap();
    let curve = learning_curve(data, &Sign, &plan, 2).unwrap();
    Report::new(about, data, evaluation, curve, learned)
}

#[test]
fn report_is_read_by_people() {
    // Tested: 3 nginx (2 right), 2 mysql (2 right): 4 of 5; recalls 2/3 and 1, F1 4/5 and 4/5.
    // Confidence after one sample: (0.9 + 0.9 + 3 x 0.75) / 5.
    let text = report(&data()).text();
    let curve = text.find("=== Learning").unwrap()..text.find("=== Feature").unwrap();
    let wanted = "\
=== Training data ===
source recording x, 2026-11-21T00:00:00Z, seed 1, engine podprint
6 samples of 6 pods, 1 feature

| class      | pods | samples |
|------------|------|---------|
| nginx      |    3 |       3 |
| mysql\u{fffd}[31m |    2 |       2 |
| lone       |    1 |       1 |

features: x
note: class \"lone\" has one pod: it cannot be trained and tested at once, so it has no figures; add a second pod of it

=== Evaluation: whole pods held out ===
5 of 6 pods tested; 5 tests in 2 trainings, 1 x 50 % for training

| after samples | right | of | share | confidence | pods |
|---------------|-------|----|-------|------------|------|
|             1 |     4 |  5 | 0.800 |      0.810 |    5 |
|             3 |     0 |  0 |     - |          - |    0 |
|             6 |     0 |  0 |     - |          - |    0 |
|            12 |     0 |  0 |     - |          - |    0 |

single samples right: 0.800 (of 5, each pod weighing the same)

=== Confusion matrix after 6 samples, or all there are ===
lines: what it was; columns: what was said, by the number of the class

|              | 1 | 2 | 3 |
|--------------|---|---|---|
| 1 nginx      | 2 | 1 | 0 |
| 2 mysql\u{fffd}[31m | 0 | 2 | 0 |
| 3 lone       | 0 | 0 | 0 |

| class      | precision | recall |    F1 | right | of tests | pods |
|------------|-----------|--------|-------|-------|----------|------|
| nginx      |     1.000 |  0.667 | 0.800 |     2 |        3 |    3 |
| mysql\u{fffd}[31m |     0.667 |  1.000 | 0.800 |     2 |        2 |    2 |
| lone       |         - |      - |     - |     0 |        0 |    1 |

accuracy 0.800, balanced accuracy 0.833, macro F1 0.800; they rest on 5 pods

";
    assert_eq!(&text[..curve.start], wanted);
    assert!(text.ends_with(&format!("=== Model ===\n321 bytes, SHA-256 {}\n", "ab".repeat(32))));
}

#[test]
fn learning_curve_is_printed_as_the_first_system_did() {
    let mut report = report(&data());
    report.learning_curve.points[0].accuracy = 0.25;
    report.learning_curve.points[1].accuracy = 0.834_56;
    report.learning_curve.averages[0].accuracy = 0.542_28;
    let wanted = "\
Instances : 1 Accuracy 0.25
Instances : 2 Accuracy 0.83

for LaTeX
1 0.2500
2 0.8346

averages of every ten
1-2 0.5423
";
    assert!(report.text().contains(wanted), "{}", report.text());
}

#[test]
fn json_holds_every_figure_and_the_folds() {
    let json: serde_json::Value = serde_json::from_str(&report(&data()).json().unwrap()).unwrap();
    assert_eq!(json["source"], "recording x");
    assert_eq!(json["held_out"], "pods");
    assert_eq!(json["classes"][2]["groups"], 1);
    assert_eq!(json["evaluation"]["confusion"]["counts"][0], serde_json::json!([2, 1, 0]));
    assert_eq!(json["evaluation"]["confusion"]["per_class"][2]["f1"], serde_json::Value::Null);
    let folds = json["evaluation"]["folds"].as_array().unwrap();
    let held: Vec<&serde_json::Value> = folds.iter().flat_map(|fold| fold["held_out"].as_array().unwrap()).collect();
    assert_eq!(held.len(), 5);
    let wrong = held.iter().find(|group| group["group"] == "a3").unwrap();
    assert_eq!((&wrong["class"], &wrong["samples"]), (&"nginx".into(), &1.into()));
    assert_eq!(json["importance"][0]["share"], 1.0);
}

#[test]
fn many_classes_are_listed_by_confusion_not_as_a_matrix() {
    let mut data = data();
    data.classes = (0..31).map(|class| format!("class {class} {}", "long ".repeat(30))).collect();
    let text = report(&data).text();
    assert!(text.contains("31 classes; the 20 most frequent confusions"));
    let widest = text.lines().filter(|line| line.starts_with('|')).map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| widest < 130), "{widest:?}");
}

#[test]
fn nothing_to_report_is_still_a_report() {
    let mut data = data();
    data.group = vec![0; 6];
    data.groups.truncate(1);
    data.class = vec![0; 6];
    let text = report(&data).text();
    assert!(text.contains("nothing could be held out"), "{text}");
    assert!(!text.contains("NaN"));
}

#[test]
fn table_says_what_was_done_to_it() {
    let roles = crate::table::Roles { class: "class".to_owned(), group: None };
    let csv = std::io::Cursor::new("colour,class\nred,a\n");
    let table = crate::table::read(csv, crate::table::Format::Csv, &roles).unwrap();
    let (held_out, notes) = table_notes(&table);
    assert_eq!(held_out, HeldOut::Rows);
    assert!(notes[0].starts_with("column \"colour\" has names: its 1 values"));
    assert!(notes[1].starts_with("no --group column"));
}
