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

/// The best split found so far in a node: rows up to `bin` go left.
pub(super) struct Best {
    pub(super) feature: usize,
    pub(super) bin: usize,
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
        let mut score = least;
        for feature in 0..self.features {
            let bins = 0..=self.binned.cuts(feature).len();
            let cell = |bin: usize, class: usize| histogram[class * self.features + feature][bin & 255];
            self.scan(feature, bins, cell, totals, &mut score, &mut best);
        }
        best
    }

    /// The same for a node of few rows, which has no histogram.
    pub(super) fn best_of_few(&self, entries: &[Entry], totals: &[f64], least: f64) -> Option<Best> {
        let mut best = None;
        let mut score = least;
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
            self.scan(feature, present, cell, totals, &mut score, &mut best);
            for bin in ones(occupied) {
                cells[bin * self.classes..(bin + 1) * self.classes].fill(0);
            }
        }
        best
    }

    /// Tries every cut of one feature; `bins` ascend and leave out only empty ones. What beats `score` becomes `best`.
    fn scan(
        &self,
        feature: usize,
        bins: impl Iterator<Item = usize>,
        cell: impl Fn(usize, usize) -> u64,
        totals: &[f64],
        score: &mut f64,
        best: &mut Option<Best>,
    ) {
        let all: f64 = totals.iter().sum();
        let missing: Vec<f64> = (0..self.classes).map(|class| cell(usize::from(MISSING), class) as f64).collect();
        let missing_weight: f64 = missing.iter().sum();
        let mut left = vec![0.0; self.classes];
        let mut left_weight = 0.0;
        let mut try_split = |bin: usize, missing_left: Option<bool>, left: &[f64], extra: &[f64], weight: f64| {
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
            let found = here / weight + there / right_weight;
            if found > *score {
                *score = found;
                *best = Some(Best { feature, bin, missing_left, score: found });
            }
        };
        let none = vec![0.0; self.classes];
        for bin in bins {
            let mut held = 0.0;
            for (class, left) in left.iter_mut().enumerate() {
                // At most 52 bits: exact.
                let weight = cell(bin, class) as i64 as f64;
                *left += weight;
                held += weight;
            }
            if held == 0.0 {
                continue;
            }
            left_weight += held;
            if missing_weight == 0.0 {
                try_split(bin, None, &left, &none, left_weight);
            } else if left_weight + missing_weight < all {
                try_split(bin, Some(true), &left, &missing, left_weight + missing_weight);
                try_split(bin, Some(false), &left, &none, left_weight);
            } else {
                try_split(usize::from(MISSING) - 1, Some(false), &left, &none, left_weight);
            }
        }
    }
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
