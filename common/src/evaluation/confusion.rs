//! Confusion matrix of any number of classes and the figures that follow from it. A figure that would divide by
//! zero is absent, never `NaN`.

use serde::Serialize;

/// What was there against what was said, counted in tests of held-out groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// Names of the classes, in the order of the class list.
    pub classes: Vec<String>,
    /// `counts[actual][predicted]`.
    pub counts: Vec<Vec<u64>>,
    /// Figures of each class.
    pub per_class: Vec<ClassFigures>,
    /// Right tests / all tests, 0 to 1.
    pub accuracy: Option<f64>,
    /// Mean recall over the classes that were tested, 0 to 1 (as `balanced_accuracy_score` of scikit-learn).
    pub balanced_accuracy: Option<f64>,
    /// Mean F1 over the classes that were tested, 0 to 1.
    pub macro_f1: Option<f64>,
}

/// Figures of one class, 0 to 1; all absent when no group of the class was tested.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Name of the class.
    pub class: String,
    /// Tests of groups of this class.
    pub tested: u64,
    /// Those that were given this class.
    pub right: u64,
    /// Tests of any class that were given this class.
    pub predicted: u64,
    /// right / predicted; absent when nothing was given this class.
    pub precision: Option<f64>,
    /// right / tested.
    pub recall: Option<f64>,
    /// 2 right / (tested + predicted), the harmonic mean of precision and recall.
    pub f1: Option<f64>,
}

impl Confusion {
    /// The figures of `counts[actual][predicted]`; both indices run over `classes`.
    pub fn new(classes: Vec<String>, counts: Vec<Vec<u64>>) -> Self {
        let per_class: Vec<ClassFigures> = classes
            .iter()
            .enumerate()
            .map(|(index, class)| {
                let right = counts[index][index];
                let tested: u64 = counts[index].iter().sum();
                let predicted: u64 = counts.iter().map(|row| row[index]).sum();
                let when_tested = |figure: Option<f64>| figure.filter(|_| tested > 0);
                ClassFigures {
                    class: class.clone(),
                    tested,
                    right,
                    predicted,
                    precision: when_tested(share(right, predicted)),
                    recall: share(right, tested),
                    f1: when_tested(share(2 * right, tested + predicted)),
                }
            })
            .collect();
        let (right, tested) = per_class.iter().fold((0, 0), |sum, class| (sum.0 + class.right, sum.1 + class.tested));
        Self {
            accuracy: share(right, tested),
            balanced_accuracy: mean(per_class.iter().filter_map(|class| class.recall)),
            macro_f1: mean(per_class.iter().filter_map(|class| class.f1)),
            classes,
            counts,
            per_class,
        }
    }
}

/// `part / whole`, absent for an empty whole.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The mean, absent for nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: Option<f64>, wanted: f64) {
        assert!(found.is_some_and(|found| (found - wanted).abs() < 1e-12), "{found:?} is not {wanted}");
    }

    #[test]
    fn figures_follow_from_the_counts() {
        // actual a: 3 as a, 1 as b; actual b: 2 as b, 2 as a; c: never tested.
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let confusion = Confusion::new(classes, vec![vec![3, 1, 0], vec![2, 2, 0], vec![0, 0, 0]]);
        check(confusion.accuracy, 5.0 / 8.0);
        // recalls 3/4 and 2/4
        check(confusion.balanced_accuracy, 0.625);
        // a: precision 3/5, recall 3/4, F1 = 6 / (4 + 5); b: precision 2/3, recall 1/2, F1 = 4 / (4 + 3)
        check(confusion.per_class[0].precision, 0.6);
        check(confusion.per_class[0].f1, 6.0 / 9.0);
        check(confusion.per_class[1].precision, 2.0 / 3.0);
        check(confusion.per_class[1].f1, 4.0 / 7.0);
        check(confusion.macro_f1, 0.5 * (6.0 / 9.0 + 4.0 / 7.0));
        let c = &confusion.per_class[2];
        assert_eq!((c.precision, c.recall, c.f1), (None, None, None));
    }

    #[test]
    fn class_that_is_never_said_has_no_precision_and_zero_f1() {
        let classes = ["a", "b"].map(str::to_owned).to_vec();
        let confusion = Confusion::new(classes, vec![vec![4, 0], vec![2, 0]]);
        let b = &confusion.per_class[1];
        assert_eq!((b.precision, b.recall, b.f1), (None, Some(0.0), Some(0.0)));
    }

    #[test]
    fn nothing_tested_gives_no_figures() {
        let confusion = Confusion::new(vec!["a".to_owned()], vec![vec![0]]);
        assert_eq!((confusion.accuracy, confusion.balanced_accuracy, confusion.macro_f1), (None, None, None));
        assert!(!serde_json::to_string(&confusion).unwrap().contains("NaN"));
    }
}
