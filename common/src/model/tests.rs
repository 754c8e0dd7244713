//! Tests of what a model may hold, by message, and of its answers, by arithmetic.

use super::*;
use crate::tree::Node;

fn tree(weights: [u32; 2]) -> Tree {
    let leaf = |weights: [u32; 2]| Node::Leaf { weights: weights.to_vec() };
    let split = Node::Split { feature: 0, threshold: 0.5, missing_left: false, left: 1, right: 2 };
    Tree::from_nodes(vec![split, leaf(weights), leaf([1000, 1000])], 2, 2).unwrap()
}

fn parts() -> ModelParts {
    let feature = |name: &str| Feature { name: name.to_owned(), unit: "B".to_owned() };
    ModelParts {
        engine: Engine::Podprint,
        classes: vec!["nginx".to_owned(), "mysql".to_owned()],
        features: vec![feature("memory"), feature("disk")],
        scaling: None,
        trees: vec![tree([3000, 0])],
        facts: TrainingFacts {
            pods: vec![3, 2],
            samples: vec![30, 20],
            importance: vec![1.0, 0.0],
            ..TrainingFacts::default()
        },
    }
}

/// Asserts the message about parts with one thing changed.
#[track_caller]
fn check(change: impl Fn(&mut ModelParts), message: &str) {
    let mut parts = parts();
    change(&mut parts);
    assert_eq!(Model::new(parts).map_err(|e| e.to_string()), Err(message.to_owned()));
}

#[test]
fn class_names_are_checked() {
    check(|p| p.classes.clear(), "the model has 0 classes; 1 to 1024 are allowed");
    check(|p| p.classes.resize(1025, String::new()), "the model has 1025 classes; 1 to 1024 are allowed");
    check(|p| p.classes[1].clear(), "class 1 is named \"\"; 1 to 63 bytes without control characters are allowed");
    check(
        |p| p.classes[0] = "a\nb".to_owned(),
        r#"class 0 is named "a\nb"; 1 to 63 bytes without control characters are allowed"#,
    );
    check(
        |p| p.classes[0] = "x".repeat(70_000),
        &format!("class 0 is named \"{}…\"; 1 to 63 bytes without control characters are allowed", "x".repeat(64)),
    );
    check(|p| p.classes[1] = "nginx".to_owned(), "two class names are \"nginx\"; each may occur once");
    check(
        |p| p.classes[1] = "unknown".to_owned(),
        "class 1 is named \"unknown\", which is the answer for no class; another name is needed",
    );
}

#[test]
fn features_and_scaling_are_checked() {
    check(|p| p.features.clear(), "the model has 0 features; 1 to 1024 are allowed");
    check(|p| p.features[1].name = "memory".to_owned(), "two feature names are \"memory\"; each may occur once");
    check(
        |p| p.features[1].unit = "KB".to_owned(),
        r#"feature "disk" has unit "KB"; allowed are "", "B", "B/s", "1/s", "cores", "ncores", "s", "ns""#,
    );
    check(|p| p.scaling = Some(vec![(0.0, 1.0)]), "scaling has 1 entries; one for each of the 2 features is needed");
    let limits =
        |max: &str| format!("feature \"disk\" is scaled from 1 to {max}; finite limits in ascending order are allowed");
    check(|p| p.scaling = Some(vec![(0.0, 0.0), (1.0, 0.5)]), &limits("0.5"));
    check(|p| p.scaling = Some(vec![(0.0, 0.0), (1.0, f64::NAN)]), &limits("NaN"));
    check(|p| p.scaling = Some(vec![(0.0, 0.0), (1.0, f64::INFINITY)]), &limits("inf"));
    assert!(Model::new(ModelParts { scaling: Some(vec![(f64::MIN, f64::MAX); 2]), ..parts() }).is_err());
}

#[test]
fn trees_are_checked_against_the_model() {
    check(|p| p.trees.clear(), "the model has 0 trees; 1 to 1000 are allowed");
    check(|p| p.trees = vec![tree([1, 1]); 1001], "the model has 1001 trees; 1 to 1000 are allowed");
    check(|p| p.classes.push("redis".to_owned()), "tree 0 is over 2 features and 2 classes; the model has 2 and 3");
}

#[test]
fn facts_are_checked() {
    let time = "the training time is -1 ms since 1970; a time from 1970 to 9999 is allowed";
    check(|p| p.facts.trained_at = -1, time);
    check(|p| p.facts.trained_at = i64::MAX, &time.replace("-1", &i64::MAX.to_string()));
    check(
        |p| p.facts.source = "x".repeat(1025),
        "the training source is described by 1025 bytes; at most 1024 without control characters are allowed",
    );
    check(|p| p.facts.pods.clear(), "the list of pods has 0 entries; one for each of the 2 classes is needed");
    check(|p| p.facts.samples.push(1), "the list of samples has 3 entries; one for each of the 2 classes is needed");
    check(
        |p| p.facts.importance.clear(),
        "the list of importances has 0 entries; one for each of the 2 features is needed",
    );
    check(
        |p| p.facts.importance[1] = -1.0,
        "the importance of feature \"disk\" is -1; finite numbers from 0 on are allowed",
    );
    check(
        |p| p.facts.figures = vec![("F1".to_owned(), f64::NAN)],
        "evaluation figure \"F1\" is NaN; finite numbers are allowed",
    );
    check(
        |p| p.facts.figures = vec![("F1".to_owned(), 1.0); 2],
        "two evaluation figure names are \"F1\"; each may occur once",
    );
    check(
        |p| p.facts.figures = vec![(String::new(), 1.0); 1025],
        "the model has 1025 evaluation figures; 1 to 1024 are allowed",
    );
}

#[test]
fn shares_are_smoothed_by_one_pod_and_averaged_over_the_trees() {
    let model = Model::new(ModelParts { trees: vec![tree([3000, 0]), tree([0, 1000])], ..parts() }).unwrap();
    // (3 + 1/2) / (3 + 1) = 7/8 and (0 + 1/2) / (1 + 1) = 1/4; mean 9/16.
    let answer = model.classify(&[0.0, 0.0]);
    assert_eq!(answer, Classification { class: 0, confidence: 0.5625, probabilities: vec![0.5625, 0.4375] });
    // A missing value goes right, where both classes weigh the same: the lower index wins.
    let answer = model.classify(&[f64::NAN, 0.0]);
    assert_eq!(answer, Classification { class: 0, confidence: 0.5, probabilities: vec![0.5, 0.5] });
}

#[test]
fn rows_are_normalised_by_the_training_limits() {
    let scaled = |limits| Model::new(ModelParts { scaling: Some(vec![limits; 2]), ..parts() }).unwrap();
    let first = |model: &Model, value: f64| model.probabilities(&[value, 0.0])[0].to_string();
    // 0.5 of 100..300 is 200, which goes left.
    let model = scaled((100.0, 300.0));
    assert_eq!(["0.875", "0.5"], [first(&model, 200.0), first(&model, 201.0)].each_ref().map(String::as_str));
    assert_eq!(first(&model, f64::NAN), "0.5");
    // A constant column is 0 whatever the value, but missing stays missing.
    let model = scaled((7.0, 7.0));
    assert_eq!(first(&model, 1e9), "0.875");
    assert_eq!(first(&model, f64::NAN), "0.5");
}

#[test]
fn engines_are_told_by_name() {
    for engine in [Engine::Podprint, Engine::Smartcore] {
        assert_eq!(engine.to_string().parse(), Ok(engine));
    }
    assert_eq!(
        "weka".parse::<Engine>().unwrap_err().to_string(),
        r#"model engine "weka" is not known; "podprint" and "smartcore" are allowed"#
    );
}
