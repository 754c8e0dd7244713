//! The learning curve: how right the learner is after so many training samples, as the first system printed it.

use rayon::prelude::*;
use serde::Serialize;

use super::confusion::mean;
use super::splits::{Random, splits};
use super::units::Units;
use super::{Classifier, Learner, Plan};
use crate::ballot::top;
use crate::dataset::Dataset;

/// At most so many held-out rows are asked per split, evenly spread; more change the second digit of nothing, and
/// 200 sizes x 10,000 rows is about a second.
const ASKED_ROWS: usize = 10_000;

/// Accuracy by number of training samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LearningCurve {
    /// One point for each size from 1, until the plan's largest or the training rows end.
    pub points: Vec<CurvePoint>,
    /// Averages of every ten sizes: 1 to 10, 11 to 20, ...; the last may hold fewer.
    pub averages: Vec<CurveAverage>,
}

/// One size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Training samples (rows), drawn at random from the training groups.
    pub samples: u32,
    /// Share of held-out samples told right, each held-out group weighing the same; mean over the splits, 0 to 1.
    pub accuracy: f64,
    /// Splits that had as many training samples.
    pub splits: u32,
}

/// The mean accuracy of sizes `from..=to`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurveAverage {
    /// First size.
    pub from: u32,
    /// Last size.
    pub to: u32,
    /// 0 to 1.
    pub accuracy: f64,
}

/// The curve for 1 to `largest` training samples over the plan's splits; each size is a draw of its own. Empty when
/// nothing can be held out.
pub fn learning_curve<L: Learner>(
    data: &Dataset,
    learner: &L,
    plan: &Plan,
    largest: u32,
) -> Result<LearningCurve, L::Error> {
    let units = Units::of(data);
    let mut accuracies: Vec<Vec<f64>> = vec![Vec::new(); largest as usize];
    for (number, split) in splits(data, plan.ratio, plan.repeats, plan.seed).iter().enumerate() {
        let training = units.rows_of(&split.train_groups);
        let held_out = HeldOut::of(data, &units, &split.test_groups, &data.classes_in(training.iter().copied()));
        if held_out.rows.is_empty() {
            continue;
        }
        let sizes = (largest as usize).min(training.len());
        let of_split: Vec<f64> = (1..=sizes)
            .into_par_iter()
            .map(|size| {
                let mut random = Random::new(plan.seed, &[number as u64, size as u64, u64::from(b'c')]);
                let fitted = learner.fit(data, &draw(&training, size, &mut random))?;
                Ok(held_out.accuracy(&fitted))
            })
            .collect::<Result<_, L::Error>>()?;
        for (all, accuracy) in accuracies.iter_mut().zip(of_split) {
            all.push(accuracy);
        }
    }
    let points: Vec<CurvePoint> = (1_u32..)
        .zip(&accuracies)
        .filter_map(|(samples, all)| {
            let accuracy = mean(all.iter().copied())?;
            Some(CurvePoint { samples, accuracy, splits: all.len() as u32 })
        })
        .collect();
    let averages = points
        .chunks(10)
        .filter_map(|ten| {
            let accuracy = mean(ten.iter().map(|point| point.accuracy))?;
            Some(CurveAverage { from: ten.first()?.samples, to: ten.last()?.samples, accuracy })
        })
        .collect();
    Ok(LearningCurve { points, averages })
}

/// `size` different rows of `rows`, any set as likely as any other (Floyd), in the order of `rows`.
fn draw(rows: &[u32], size: usize, random: &mut Random) -> Vec<u32> {
    let mut drawn = std::collections::BTreeSet::new();
    for last in rows.len() - size..rows.len() {
        let at = random.below(last + 1);
        if !drawn.insert(at) {
            drawn.insert(last);
        }
    }
    drawn.into_iter().map(|at| rows[at]).collect()
}

/// The rows that are asked, gathered once a split.
struct HeldOut {
    rows: Vec<Vec<f64>>,
    class: Vec<u16>,
    /// Sums to 1; the same for each unit.
    weight: Vec<f64>,
}

impl HeldOut {
    fn of(data: &Dataset, units: &Units, groups: &[u32], trained: &[bool]) -> Self {
        let tested: Vec<_> = units.of_groups(groups).filter(|(unit, _)| trained[usize::from(unit.class)]).collect();
        let step = tested.iter().map(|(_, rows)| rows.len()).sum::<usize>().div_ceil(ASKED_ROWS).max(1);
        // Every step-th row of all that are tested, counted across the units.
        let mut skip = 0;
        let mut kept: Vec<(u16, Vec<u32>)> = Vec::new();
        for (unit, rows) in tested {
            let asked: Vec<u32> = rows.iter().skip(skip).step_by(step).copied().collect();
            skip = if asked.is_empty() { skip - rows.len() } else { (skip + asked.len() * step) - rows.len() };
            if !asked.is_empty() {
                kept.push((unit.class, asked));
            }
        }
        let mut held_out = Self { rows: Vec::new(), class: Vec::new(), weight: Vec::new() };
        for (class, asked) in &kept {
            for index in asked {
                let mut row = Vec::new();
                data.row(*index as usize, &mut row);
                held_out.rows.push(row);
                held_out.class.push(*class);
                held_out.weight.push(1.0 / (kept.len() * asked.len()) as f64);
            }
        }
        held_out
    }

    fn accuracy(&self, fitted: &impl Classifier) -> f64 {
        let right = |((row, class), weight): ((&Vec<f64>, &u16), &f64)| {
            let said = top(&fitted.probabilities(row)).0;
            if said == usize::from(*class) { *weight } else { 0.0 }
        };
        self.rows.iter().zip(&self.class).zip(&self.weight).map(right).sum::<f64>().min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Nearest, two_classes};
    use super::*;

    const PLAN: Plan = Plan { ratio: 0.5, repeats: 2, seed: 5 };

    #[test]
    fn one_sample_tells_one_class_and_many_tell_all() {
        // Two classes of 4 pods far apart: with one training sample everything is given its class, half is right;
        // with more samples than one class has rows in training (2 pods x 6 rows), both classes are known.
        let data = two_classes(4, 6);
        let curve = learning_curve(&data, &Nearest, &PLAN, 24).unwrap();
        assert_eq!(curve.points.len(), 24);
        assert!((curve.points[0].accuracy - 0.5).abs() < 1e-12);
        assert!((curve.points[12].accuracy - 1.0).abs() < 1e-12);
        assert_eq!(curve.points[0].splits, 4);
        let ends: Vec<(u32, u32)> = curve.averages.iter().map(|ten| (ten.from, ten.to)).collect();
        assert_eq!(ends, [(1, 10), (11, 20), (21, 24)]);
        let mean = curve.points[..10].iter().map(|point| point.accuracy).sum::<f64>() / 10.0;
        assert!((curve.averages[0].accuracy - mean).abs() < 1e-12);
    }

    #[test]
    fn curve_ends_where_the_training_rows_end() {
        // 2 classes x 2 pods x 3 rows; one pod of each trains: 6 rows.
        let curve = learning_curve(&two_classes(2, 3), &Nearest, &PLAN, 200).unwrap();
        assert_eq!(curve.points.len(), 6);
    }

    #[test]
    fn nothing_to_hold_out_gives_an_empty_curve() {
        let curve = learning_curve(&two_classes(1, 3), &Nearest, &PLAN, 200).unwrap();
        assert_eq!(curve, LearningCurve::default());
    }

    #[test]
    fn many_held_out_rows_are_thinned_evenly() {
        // 2 pods x 15,000 rows held out: every 3rd row, 5,000 of each pod, each 1 / (2 x 5,000).
        let data = two_classes(1, 15_000);
        let units = Units::of(&data);
        let held_out = HeldOut::of(&data, &units, &[0, 1], &[true, true]);
        assert_eq!(held_out.rows.len(), 10_000);
        assert!(held_out.weight.iter().all(|weight| (weight - 1e-4).abs() < 1e-15));
    }

    #[test]
    fn drawn_rows_are_different_and_all_can_be_drawn() {
        let rows: Vec<u32> = (10..20).collect();
        assert_eq!(draw(&rows, 10, &mut Random::new(1, &[])), rows);
        let three = draw(&rows, 3, &mut Random::new(1, &[]));
        assert!(three.windows(2).all(|pair| pair[0] < pair[1]) && three.len() == 3);
    }
}
