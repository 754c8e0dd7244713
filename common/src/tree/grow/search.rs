//! The best split of one node: its rows counted into bins, every cut of every feature tried.
//!
//! Yields a [`Best`] or nothing; what to split, and when to stop, is [`super`]'s. All sums are of whole numbers below
//! 2^53, so they are exact in any order.

use super::PARALLEL_ROWS;
use crate::tree::bins::{Binned, MISSING};

/// Up to this many rows, a node looks at one feature after another instead of keeping a histogram of all of them:
/// touching the bins of few rows is cheaper than passing over all 256.
pub(super) const FEW_ROWS: usize = 128;
/// Rows that are touched before they are counted, so that the waits for their memory overlap: a third of the time
/// on a table of 1e6 rows.
const TOUCHED_ROWS: usize = 64;

/// A row of the node at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) row: u32,
    /// In units of 1 / scale pods, at least 1.
    pub(super) weight: u32,
}

/// `cells[class * features + feature][bin]`: the weight of the node's rows there. By class first, because rows are
/// kept sorted by class and one class's cells (2 KiB a feature) fit the fastest cache.
pub(super) type Histogram = Vec<[u64; 256]>;

/// Splits whose gains differ by less than this share of the most there is to gain count as alike, and the wider gap
/// between the two sides decides: among a few dozen pods many cuts divide the classes by chance, and a cut in a wide gap is
/// the one that holds for the next pod.
const ALIKE: f64 = 1.0 / 64.0;

/// The best split found so far in a node: rows up to `bin` go left.
pub(super) struct Best {
    pub(super) feature: usize,
    pub(super) bin: usize,
    /// In the middle of the gap between the node's values on both sides.
    pub(super) threshold: f64,
    /// Width of that gap, in shares of its ends: 0 where the node's values are dense, at most 2.
    gap: f64,
    /// Gains that count as alike have the same step.
    step: f64,
    /// `None` where the node has no missing values.
    pub(super) missing_left: Option<bool>,
    /// The sum over both children of (sum of squared class weights) / weight; impurity falls as it rises.
    pub(super) score: f64,
}

/// A table with its classes, as far as every node sees the same.
pub(super) struct Search<'a> {
    pub(super) binned: &'a Binned,
    class: &'a [u16],
    pub(super) classes: usize,
    features: usize,
    /// In weight units, at least 1.
    min_leaf: f64,
}

impl<'a> Search<'a> {
    pub(super) fn new(binned: &'a Binned, class: &'a [u16], classes: usize, min_leaf: f64) -> Self {
        // A node's feature is a u16.
        let features = binned.features().min(usize::from(u16::MAX) + 1);
        Self { binned, class, classes, features, min_leaf }
    }

    /// Counts `entries`, which are sorted by class.
    pub(super) fn histogram(&self, entries: &[Entry]) -> Histogram {
        if entries.len() >= 2 * PARALLEL_ROWS && rayon::current_num_threads() > 1 {
            let (one, other) = entries.split_at(entries.len() / 2);
            let (mut one, other) = rayon::join(|| self.histogram(one), || self.histogram(other));
            for (one, other) in one.as_flattened_mut().iter_mut().zip(other.as_flattened()) {
                *one += other;
            }
            return one;
        }
        let mut histogram = vec![[0; 256]; self.classes * self.features];
        for run in entries.chunk_by(|a, b| self.class_of(*a) == self.class_of(*b)) {
            let class = self.class_of(run[0]);
            let table = &mut histogram[class * self.features..(class + 1) * self.features];
            for batch in run.chunks(TOUCHED_ROWS) {
                let touch = |sum: u8, entry: &Entry| sum ^ self.binned.row(entry.row as usize).first().unwrap_or(&0);
                std::hint::black_box(batch.iter().fold(0, touch));
                for entry in batch {
                    for (cells, bin) in table.iter_mut().zip(self.binned.row(entry.row as usize)) {
                        cells[usize::from(*bin)] += u64::from(entry.weight);
                    }
                }
            }
        }
        histogram
    }

    pub(super) fn class_of(&self, entry: Entry) -> usize {
        usize::from(self.class[entry.row as usize])
    }

    /// The best split with a score above `least`, if there is one; `totals` are the node's class weights.
    pub(super) fn best_of_histogram(&self, histogram: &Histogram, totals: &[f64], least: f64) -> Option<Best> {
        let mut best = None;
        for feature in 0..self.features {
            let bins = 0..=self.binned.cuts(feature).len();
            let cell = |bin: usize, class: usize| histogram[class * self.features + feature][bin & 255];
            self.scan(feature, bins, cell, totals, least, &mut best);
        }
        best
    }

    /// The same for a node of few rows, which has no histogram.
    pub(super) fn best_of_few(&self, entries: &[Entry], totals: &[f64], least: f64) -> Option<Best> {
        let mut best = None;
        let mut cells = vec![0_u64; 256 * self.classes];
        for feature in 0..self.features {
            let mut occupied = [0_u64; 4];
            for entry in entries {
                let bin = usize::from(self.binned.row(entry.row as usize)[feature]);
                cells[bin * self.classes + self.class_of(*entry)] += u64::from(entry.weight);
                occupied[bin >> 6] |= 1 << (bin & 63);
            }
            let cell = |bin: usize, class: usize| cells[bin * self.classes + class];
            let present = ones(occupied).filter(|bin| *bin != usize::from(MISSING));
            self.scan(feature, present, cell, totals, least, &mut best);
            for bin in ones(occupied) {
                cells[bin * self.classes..(bin + 1) * self.classes].fill(0);
            }
        }
        best
    }

    /// Tries every cut of one feature; `bins` ascend and leave out only empty ones. What is better than `best` and scores
    /// above `least` becomes it.
    fn scan(
        &self,
        feature: usize,
        bins: impl Iterator<Item = usize>,
        cell: impl Fn(usize, usize) -> u64,
        totals: &[f64],
        least: f64,
        best: &mut Option<Best>,
    ) {
        let all: f64 = totals.iter().sum();
        let cuts = self.binned.cuts(feature);
        let missing: Vec<f64> = (0..self.classes).map(|class| cell(usize::from(MISSING), class) as f64).collect();
        let missing_weight: f64 = missing.iter().sum();
        // `bin` is the last on the left, `next` the first of the node's on the right.
        let mut try_split =
            |bin: usize, next: usize, missing_left: Option<bool>, left: &[f64], extra: &[f64], weight: f64| {
                let right_weight = all - weight;
                if weight < self.min_leaf || right_weight < self.min_leaf {
                    return;
                }
                let (mut here, mut there) = (0.0, 0.0);
                for ((left, extra), total) in left.iter().zip(extra).zip(totals) {
                    let (left, right) = (left + extra, total - left - extra);
                    here += left * left;
                    there += right * right;
                }
                let score = here / weight + there / right_weight;
                if score <= least {
                    return;
                }
                let step = ((score - least) / ((all - least) * ALIKE)).floor();
                if best.as_ref().is_some_and(|best| step < best.step) {
                    return;
                }
                let (threshold, gap) = match (cuts.get(bin), cuts.get(next.wrapping_sub(1))) {
                    (Some(low), Some(high)) if low < high => middle(*low, *high),
                    (Some(cut), _) => (*cut, 0.0),
                    // Past the last cut only "present or missing" is left to ask.
                    (None, _) => (f64::MAX, 0.0),
                };
                if best.as_ref().is_none_or(|best| (step, gap, score) > (best.step, best.gap, best.score)) {
                    *best = Some(Best { feature, bin, threshold, gap, step, missing_left, score });
                }
            };
        let none = vec![0.0; self.classes];
        let mut left = vec![0.0; self.classes];
        let mut left_weight = 0.0;
        let mut last = None;
        for bin in bins {
            let weights = || (0..self.classes).map(|class| cell(bin, class) as i64 as f64);
            let held: f64 = weights().sum();
            if held == 0.0 {
                continue;
            }
            if let Some(last) = last {
                if missing_weight == 0.0 {
                    try_split(last, bin, None, &left, &none, left_weight);
                } else {
                    try_split(last, bin, Some(true), &left, &missing, left_weight + missing_weight);
                    try_split(last, bin, Some(false), &left, &none, left_weight);
                }
            }
            // At most 52 bits: exact.
            left.iter_mut().zip(weights()).for_each(|(left, weight)| *left += weight);
            left_weight += held;
            last = Some(bin);
        }
        if missing_weight > 0.0 && last.is_some() {
            try_split(usize::from(MISSING) - 1, usize::from(MISSING), Some(false), &left, &none, left_weight);
        }
    }
}

/// The middle between two values, and the width of the gap in shares of its ends. Between positive values the middle is the
/// geometric one: sizes and rates spread over orders of magnitude.
fn middle(low: f64, high: f64) -> (f64, f64) {
    let middle = if low > 0.0 { low.sqrt() * high.sqrt() } else { low / 2.0 + high / 2.0 };
    (middle.clamp(low, high), (high / 2.0 - low / 2.0) / (high.abs() / 2.0 + low.abs() / 2.0))
}

/// The numbers of the bits that are set, ascending.
fn ones(bits: [u64; 4]) -> impl Iterator<Item = usize> {
    bits.into_iter().enumerate().flat_map(|(word, mut bits)| {
        std::iter::from_fn(move || {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits.wrapping_sub(1);
            (bit < 64).then_some(word * 64 + bit)
        })
    })
}
