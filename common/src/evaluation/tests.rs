//! Tests of the whole evaluation, with learners small enough to follow by hand.

use std::convert::Infallible;

use super::*;

/// Learns every row and gives the class of the nearest by the first feature; no doubt: probability 1.
pub(super) struct Nearest;

pub(super) struct Known {
    rows: Vec<(f64, u16)>,
    classes: usize,
}

impl Learner for Nearest {
    type Fitted = Known;
    type Error = Infallible;

    fn fit(&self, data: &Dataset, rows: &[u32]) -> Result<Known, Infallible> {
        let known = rows.iter().map(|row| (data.columns[0][*row as usize], data.class[*row as usize])).collect();
        Ok(Known { rows: known, classes: data.classes.len() })
    }
}

impl Classifier for Known {
    fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        let nearest = self.rows.iter().min_by(|a, b| (a.0 - row[0]).abs().total_cmp(&(b.0 - row[0]).abs()));
        let mut probabilities = vec![0.0; self.classes];
        if let Some((_, class)) = nearest {
            probabilities[usize::from(*class)] = 1.0;
        }
        probabilities
    }
}

/// Gives the row's own values as the probabilities: the data decides what is said.
struct Echo;

impl Learner for Echo {
    type Fitted = Echo;
    type Error = Infallible;

    fn fit(&self, _: &Dataset, _: &[u32]) -> Result<Echo, Infallible> {
        Ok(Echo)
    }
}

impl Classifier for Echo {
    fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        row.to_vec()
    }
}

/// Adds a group with one row for each entry of `values`.
fn add(data: &mut Dataset, class: u16, name: &str, values: &[&[f64]]) {
    let group = data.groups.len() as u32;
    data.groups.push(name.to_owned());
    for (window, row) in (1_u8..=12).chain(std::iter::repeat(12)).zip(values) {
        data.columns.resize(row.len(), Vec::new());
        for (column, value) in data.columns.iter_mut().zip(*row) {
            column.push(*value);
        }
        data.class.push(class);
        data.group.push(group);
        data.window.push(window);
    }
}

/// Two classes around 0 and 100, `pods` pods of `rows` rows each.
pub(super) fn two_classes(pods: usize, rows: usize) -> Dataset {
    let mut data = Dataset { classes: vec!["low".to_owned(), "high".to_owned()], ..Dataset::default() };
    for pod in 0..pods {
        for class in 0..2_u16 {
            let values: Vec<[f64; 1]> = (0..rows).map(|row| [f64::from(class) * 100.0 + (row % 7) as f64]).collect();
            let values: Vec<&[f64]> = values.iter().map(<[f64; 1]>::as_slice).collect();
            add(&mut data, class, &format!("pod-{class}-{pod}"), &values);
        }
    }
    data
}

const PLAN: Plan = Plan { ratio: 0.5, repeats: 1, seed: 1 };
/// Rows that say class 0 with 0.8, and class 1 with 0.6.
const ZERO: &[f64] = &[0.8, 0.2];
const ONE: &[f64] = &[0.4, 0.6];

#[test]
fn classes_far_apart_are_told_without_a_mistake() {
    let evaluation = evaluate(&two_classes(4, 12), &Nearest, &Plan { repeats: 3, ..PLAN }).unwrap();
    assert_eq!(evaluation.confusion.accuracy, Some(1.0));
    // 8 pods x 3 repeats, each tested once a repeat
    assert_eq!((evaluation.tests, evaluation.groups_tested, evaluation.splits), (24, 8, 6));
    assert_eq!(evaluation.by_row.rows, 24 * 12);
    assert!(evaluation.notes.is_empty());
}

#[test]
fn verdict_is_the_mean_of_the_first_samples() {
    let mut data = Dataset { classes: vec!["zero".to_owned(), "one".to_owned()], ..Dataset::default() };
    // After 1 sample: one (0.6). After 3: one has 0.6 + 0.2 + 0.2 = 1.0 against 0.4 + 0.8 + 0.8 = 2.0: zero, 2/3.
    add(&mut data, 0, "turns-right", &[ONE, ZERO, ZERO]);
    add(&mut data, 0, "right-at-once", &[ZERO]);
    // Six samples: 5 x 0.6 + 0.2 = 3.2 of 6 is one; the seventh and on do not count for the confusion matrix.
    add(&mut data, 1, "six", &[ONE, ONE, ONE, ONE, ONE, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO]);
    add(&mut data, 1, "wrong", &[ZERO, ZERO]);
    let evaluation = evaluate(&data, &Echo, &PLAN).unwrap();
    let after: Vec<(u32, u64, u64)> = evaluation.after.iter().map(|n| (n.samples, n.right, n.tested)).collect();
    // 1: right-at-once and six of four; 3: both that have three; 6: six; 12: six is 5 x 0.6 + 7 x 0.2 = 4.4 of 12.
    assert_eq!(after, [(1, 2, 4), (3, 2, 2), (6, 1, 1), (12, 0, 1)]);
    // Confusion at the last available: turns-right and right-at-once right; six right; wrong wrong.
    assert_eq!(evaluation.confusion.counts, [[2, 0], [1, 1]]);
    // Rows right: 2/3, 1, 5/12, 0; each group counts 1.
    let wanted = (2.0 / 3.0 + 1.0 + 5.0 / 12.0) / 4.0;
    assert!((evaluation.by_row.accuracy.unwrap() - wanted).abs() < 1e-12);
    // Confidence after 1: 0.6, 0.8, 0.6, 0.8.
    assert!((evaluation.after[0].confidence.unwrap() - 0.7).abs() < 1e-12);
    let folds = evaluation.folds.unwrap();
    let turned = folds.iter().flat_map(|fold| &fold.held_out).find(|held| held.group == "turns-right").unwrap();
    assert_eq!((turned.predicted.as_deref(), turned.samples), (Some("zero"), 3));
    assert!((turned.confidence.unwrap() - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn class_of_one_pod_is_noted_and_never_tested() {
    let mut data = two_classes(2, 3);
    data.classes.extend(["lone".to_owned(), "absent".to_owned()]);
    add(&mut data, 2, "lone-0", &[&[1000.0]]);
    let evaluation = evaluate(&data, &Nearest, &PLAN).unwrap();
    let wanted = [Note::OneGroup { class: "lone".to_owned() }, Note::NoGroup { class: "absent".to_owned() }];
    assert_eq!(evaluation.notes, wanted);
    assert_eq!((evaluation.groups, evaluation.groups_tested), (5, 4));
    let lone = &evaluation.confusion.per_class[2];
    assert_eq!((lone.tested, lone.precision, lone.recall, lone.f1), (0, None, None, None));
    assert_eq!(evaluation.confusion.balanced_accuracy, Some(1.0));
}

#[test]
fn nothing_to_hold_out_is_noted() {
    for data in [two_classes(1, 3), Dataset { classes: vec!["a".to_owned()], ..Dataset::default() }] {
        let evaluation = evaluate(&data, &Nearest, &PLAN).unwrap();
        assert!(evaluation.notes.contains(&Note::NothingHeldOut));
        assert_eq!((evaluation.tests, evaluation.confusion.accuracy), (0, None));
    }
}

#[test]
fn each_class_of_a_mixed_group_is_a_verdict_of_its_own() {
    // Two subjects, each doing both activities, as in activity recognition data.
    let mut data = two_classes(2, 3);
    data.group.iter_mut().for_each(|group| *group /= 2);
    data.groups.truncate(2);
    let evaluation = evaluate(&data, &Nearest, &PLAN).unwrap();
    assert_eq!(evaluation.notes, [Note::MixedGroups { groups: 2 }]);
    assert_eq!((evaluation.tests, evaluation.groups_tested), (4, 2));
    assert_eq!(evaluation.confusion.counts, [[2, 0], [0, 2]]);
}

#[test]
fn row_order_across_groups_does_not_matter() {
    let data = two_classes(5, 4);
    let mut other = Dataset { classes: data.classes.clone(), groups: data.groups.clone(), ..Dataset::default() };
    other.columns = vec![Vec::new()];
    // Row by row across the pods: first rows of all pods, last pod first, then second rows, ...
    for sample in 0..4 {
        for pod in (0..10).rev() {
            let row = pod * 4 + sample;
            other.columns[0].push(data.columns[0][row]);
            other.class.push(data.class[row]);
            other.group.push(data.group[row]);
            other.window.push(data.window[row]);
        }
    }
    assert_eq!(evaluate(&data, &Nearest, &PLAN), evaluate(&other, &Nearest, &PLAN));
}

#[test]
fn equal_probabilities_give_the_first_class() {
    assert_eq!(top(&[0.2, 0.4, 0.4]).0, 1);
    assert_eq!(top(&[]), (0, 0.0));
    assert_eq!(top(&[f64::NAN, 0.4]), (1, 0.4));
}
