//! Growing a decision tree: weighted Gini over histograms of bins, exact and the same in any row order.
//!
//! Takes a [`Binned`] table, classes and weights; yields a [`Grown`] tree. Weights are turned into whole numbers and
//! added up as such, so neither the order of the rows nor the number of threads can change a bit of the result.
//! Knows nothing of pods or files; which rows to train from is the caller's choice.

use super::bins::{Binned, MISSING};
use super::{MAX_DEPTH, MAX_NODES, Node, Tree};

/// From this many rows on, work is shared between threads.
const PARALLEL_ROWS: usize = 16_384;
/// Up to this many rows, a node looks at one feature after another instead of keeping a histogram of all of them:
/// touching the bins of few rows is cheaper than passing over all 256.
const FEW_ROWS: usize = 128;
/// Rows that are touched before they are counted, so that the waits for their memory overlap: a third of the time
/// on a table of 1e6 rows.
const TOUCHED_ROWS: usize = 64;
/// A gain below this share of a node's weight is rounding: sums of up to 2^53 leave about 1e-15 a class.
const LEAST_GAIN: f64 = 1e-12;

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrowSettings {
    /// The most questions on a path, 0 to [`MAX_DEPTH`]; more counts as that. scikit-learn's `max_depth`.
    pub max_depth: usize,
    /// The least weight of a leaf, in pods; 0 or less for no limit.
    pub min_leaf: f64,
}

impl Default for GrowSettings {
    /// Depth 10, leaves of any weight.
    fn default() -> Self {
        Self { max_depth: 10, min_leaf: 0.0 }
    }
}

/// A tree and what its features contributed.
#[derive(Debug, Clone, PartialEq)]
pub struct Grown {
    /// The tree.
    pub tree: Tree,
    /// The share of each feature in the decrease of impurity, summing to 1; zeros when the tree is a single leaf.
    pub importance: Vec<f64>,
}

/// Grows a tree from the rows of `binned` that `rows` names; a row named twice counts twice.
///
/// `class[row]` is below `classes`; `weight[row]` is in pods. A row with a weight that is not above zero and finite,
/// without a class below `classes`, or outside the table is left out. `classes` of 0 counts as 1. One class, constant
/// features or one row give a single leaf; no row at all gives a leaf that holds every class alike.
///
/// Ties go to the lowest feature, then the lowest threshold, then missing left. A node that saw missing values sends
/// them where the impurity is lower, and may ask "present or missing" (threshold `f64::MAX`); a node that saw none
/// sends them to its heavier child, left when equal. At most [`MAX_NODES`] nodes: the lowest levels give way.
pub fn grow(
    binned: &Binned,
    class: &[u16],
    classes: usize,
    weight: &[f64],
    rows: &[u32],
    settings: &GrowSettings,
) -> Grown {
    let classes = classes.max(1);
    let (mut entries, scale) = entries(binned, class, classes, weight, rows);
    let mut spare = vec![Entry { row: 0, weight: 0 }; entries.len()];
    let mut weights = vec![0; classes];
    for entry in &entries {
        weights[usize::from(class[entry.row as usize])] += u64::from(entry.weight);
    }
    let grower = Grower {
        binned,
        class,
        classes,
        // A node's feature is a u16.
        features: binned.features().min(usize::from(u16::MAX) + 1),
        max_depth: settings.max_depth.min(MAX_DEPTH),
        // The sum of rounded weights may fall short of a pod by a little.
        min_leaf: (settings.min_leaf * scale * (1.0 - 1e-6)).max(1.0),
    };
    let root = grower.node(&mut entries, &mut spare, weights, None, 0);
    finish(&root, binned.features(), classes, scale)
}

/// A row of the node at hand.
#[derive(Debug, Clone, Copy)]
struct Entry {
    row: u32,
    /// In units of 1 / scale pods, at least 1.
    weight: u32,
}

/// `cells[class * features + feature][bin]`: the weight of the node's rows there. By class first, because rows are
/// kept sorted by class and one class's cells (2 KiB a feature) fit the fastest cache.
type Histogram = Vec<[u64; 256]>;

/// A grown node: its weight by class, and its split if it has one.
#[derive(Debug)]
struct Branch {
    weights: Vec<u64>,
    split: Option<Box<Split>>,
}

#[derive(Debug)]
struct Split {
    feature: u16,
    threshold: f64,
    missing_left: bool,
    gain: f64,
    left: Branch,
    right: Branch,
}

/// The usable rows, sorted by class, and how many weight units make a pod.
///
/// The unit is a power of two, chosen from the largest weight so that a row has at most 31 bits and all rows together
/// at most 52: a sum of weights is then exact in `u64` and in `f64` alike. A weight is off by half a unit at most,
/// for a million rows 2^-32 of the largest.
fn entries(binned: &Binned, class: &[u16], classes: usize, weight: &[f64], rows: &[u32]) -> (Vec<Entry>, f64) {
    let usable = |row: u32| {
        let index = row as usize;
        let weight = weight.get(index).copied().filter(|weight| *weight > 0.0 && weight.is_finite())?;
        let class = class.get(index).map(|class| usize::from(*class)).filter(|class| *class < classes)?;
        (index < binned.rows()).then_some((class, weight))
    };
    let mut counts = vec![0_usize; classes];
    let mut largest = f64::MIN_POSITIVE;
    for (class, weight) in rows.iter().filter_map(|row| usable(*row)) {
        counts[class] += 1;
        largest = largest.max(weight);
    }
    let total: usize = counts.iter().sum();
    let bits = 31.min(52 - total.next_power_of_two().ilog2() as i32);
    // largest < 2^(exponent + 1)
    let exponent = (largest.to_bits() >> 52) as i32 - 1023;
    let scale = 2_f64.powi((bits - exponent - 1).min(1000));
    let mut next = counts;
    let mut start = 0;
    for place in &mut next {
        start += std::mem::replace(place, start);
    }
    let mut entries = vec![Entry { row: 0, weight: 0 }; total];
    for &row in rows {
        if let Some((class, weight)) = usable(row) {
            entries[next[class]] = Entry { row, weight: ((weight * scale).round() as u32).max(1) };
            next[class] += 1;
        }
    }
    (entries, scale)
}

struct Grower<'a> {
    binned: &'a Binned,
    class: &'a [u16],
    classes: usize,
    features: usize,
    max_depth: usize,
    /// In weight units, at least 1.
    min_leaf: f64,
}

/// The best split found so far in a node: rows up to `bin` go left.
struct Best {
    feature: usize,
    bin: usize,
    /// `None` where the node has no missing values.
    missing_left: Option<bool>,
    /// The sum over both children of (sum of squared class weights) / weight; impurity falls as it rises.
    score: f64,
}

impl Grower<'_> {
    /// Grows the node of `entries` (with class weights `weights`) and all below it; `spare` is as long as `entries`.
    fn node(
        &self,
        entries: &mut [Entry],
        spare: &mut [Entry],
        weights: Vec<u64>,
        histogram: Option<Histogram>,
        depth: usize,
    ) -> Branch {
        if !self.divisible(entries, &weights, depth) {
            return Branch { weights, split: None };
        }
        let histogram = histogram.or_else(|| (entries.len() > FEW_ROWS).then(|| self.histogram(entries)));
        let totals: Vec<f64> = weights.iter().map(|weight| *weight as f64).collect();
        let unsplit = squares(&totals) / totals.iter().sum::<f64>();
        let least = unsplit + LEAST_GAIN * totals.iter().sum::<f64>();
        let found = match &histogram {
            Some(histogram) => self.best_of_histogram(histogram, &totals, least),
            None => self.best_of_few(entries, &totals, least),
        };
        let Some(best) = found else { return Branch { weights, split: None } };

        let (middle, left_weights) = self.partition(entries, spare, &best);
        let right_weights: Vec<u64> = weights.iter().zip(&left_weights).map(|(all, left)| all - left).collect();
        let heavier_left = left_weights.iter().sum::<u64>() >= right_weights.iter().sum::<u64>();
        let parallel = entries.len() >= PARALLEL_ROWS;
        let (left, right) = entries.split_at_mut(middle);
        let (left_spare, right_spare) = spare.split_at_mut(middle);
        let (left_histogram, right_histogram) = if left.len() > right.len() {
            let smaller = (&*right, &right_weights[..]);
            let (l, r) = self.divide(histogram, (&*left, &left_weights[..]), smaller, depth + 1);
            (l, r)
        } else {
            let smaller = (&*left, &left_weights[..]);
            let (r, l) = self.divide(histogram, (&*right, &right_weights[..]), smaller, depth + 1);
            (l, r)
        };
        let grow_left = || self.node(left, left_spare, left_weights, left_histogram, depth + 1);
        let grow_right = || self.node(right, right_spare, right_weights, right_histogram, depth + 1);
        let (left, right) = if parallel { rayon::join(grow_left, grow_right) } else { (grow_left(), grow_right()) };

        // Past the last cut only "present or missing" is left to ask.
        let threshold = self.binned.cuts(best.feature).get(best.bin).copied().unwrap_or(f64::MAX);
        let split = Split {
            feature: best.feature as u16,
            threshold,
            missing_left: best.missing_left.unwrap_or(heavier_left),
            gain: best.score - unsplit,
            left,
            right,
        };
        Branch { weights, split: Some(Box::new(split)) }
    }

    fn divisible(&self, entries: &[Entry], weights: &[u64], depth: usize) -> bool {
        depth < self.max_depth && entries.len() > 1 && weights.iter().filter(|weight| **weight > 0).count() > 1
    }

    /// The histograms of the larger and the smaller child from their parent's, where each is needed: the smaller is
    /// counted, the larger is what remains. A node without one counts for itself.
    fn divide(
        &self,
        parent: Option<Histogram>,
        larger: (&[Entry], &[u64]),
        smaller: (&[Entry], &[u64]),
        depth: usize,
    ) -> (Option<Histogram>, Option<Histogram>) {
        let Some(mut rest) = parent else { return (None, None) };
        let needed = |(entries, weights): (&[Entry], &[u64])| {
            entries.len() > FEW_ROWS && self.divisible(entries, weights, depth)
        };
        if !needed(larger) {
            return (None, None);
        }
        let counted = self.histogram(smaller.0);
        for (rest, counted) in rest.as_flattened_mut().iter_mut().zip(counted.as_flattened()) {
            *rest -= counted;
        }
        (Some(rest), needed(smaller).then_some(counted))
    }

    fn histogram(&self, entries: &[Entry]) -> Histogram {
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

    fn class_of(&self, entry: Entry) -> usize {
        usize::from(self.class[entry.row as usize])
    }

    fn best_of_histogram(&self, histogram: &Histogram, totals: &[f64], least: f64) -> Option<Best> {
        let mut best = None;
        let mut score = least;
        for feature in 0..self.features {
            let bins = 0..=self.binned.cuts(feature).len();
            let cell = |bin: usize, class: usize| histogram[class * self.features + feature][bin & 255];
            self.scan(feature, bins, cell, totals, &mut score, &mut best);
        }
        best
    }

    fn best_of_few(&self, entries: &[Entry], totals: &[f64], least: f64) -> Option<Best> {
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

    /// Brings the entries that go left to the front, both parts in their order; how many, and their class weights.
    fn partition(&self, entries: &mut [Entry], spare: &mut [Entry], best: &Best) -> (usize, Vec<u64>) {
        let mut weights = vec![0; self.classes];
        let (mut lefts, mut rights) = (0, 0);
        let missing_left = best.missing_left == Some(true);
        let bins = self.binned.column(best.feature);
        for at in 0..entries.len() {
            let entry = entries[at];
            let bin = bins[entry.row as usize];
            let left = if bin == MISSING { missing_left } else { usize::from(bin) <= best.bin };
            // Written to both sides, kept on one: cheaper than a branch that is wrong half the time.
            entries[lefts] = entry;
            spare[rights] = entry;
            lefts += usize::from(left);
            rights += usize::from(!left);
            weights[self.class_of(entry)] += u64::from(entry.weight) * u64::from(left);
        }
        entries[lefts..].copy_from_slice(&spare[..rights]);
        (lefts, weights)
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

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum()
}

/// Numbers the nodes level by level, as many as a tree may have, and sums up what each feature gained.
fn finish(root: &Branch, features: usize, classes: usize, scale: f64) -> Grown {
    let mut importance = vec![0.0; features];
    let mut nodes = Vec::new();
    let mut branches = vec![root];
    while let Some(branch) = branches.get(nodes.len()) {
        nodes.push(match &branch.split {
            Some(split) if branches.len() + 2 <= MAX_NODES => {
                let left = branches.len() as u32;
                importance[usize::from(split.feature)] += split.gain;
                let Split { feature, threshold, missing_left, .. } = **split;
                branches.extend([&split.left, &split.right]);
                Node::Split { feature, threshold, missing_left, left, right: left + 1 }
            }
            _ => {
                let pods: Vec<f64> = branch.weights.iter().map(|weight| *weight as f64 / scale).collect();
                Node::Leaf { weights: thousandths(&pods) }
            }
        });
    }
    let total: f64 = importance.iter().sum();
    if total > 0.0 {
        importance.iter_mut().for_each(|share| *share /= total);
    }
    Grown { tree: Tree { nodes, features, classes }, importance }
}

/// Pods by class as thousandths; a class that is present has at least 1, and where none is present all have 1.
pub(super) fn thousandths(pods: &[f64]) -> Vec<u32> {
    if pods.iter().all(|pods| *pods <= 0.0) {
        return vec![1; pods.len()];
    }
    let thousandths = |pods: f64| if pods > 0.0 { ((pods * 1000.0).round() as u32).max(1) } else { 0 };
    pods.iter().map(|pods| thousandths(*pods)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FEW_ROWS, GrowSettings, Grown, Node, Tree, grow};
    use crate::tree::bins::{Binned, MAX_BINS};

    const NAN: f64 = f64::NAN;

    /// Grown on all rows, one pod each, two classes.
    fn grown(columns: &[Vec<f64>], class: &[u16]) -> Grown {
        let rows: Vec<u32> = (0..class.len() as u32).collect();
        let weight = vec![1.0; class.len()];
        grow(&Binned::new(columns, MAX_BINS), class, 2, &weight, &rows, &GrowSettings::default())
    }

    fn split(feature: u16, threshold: f64, missing_left: bool, left: u32) -> Node {
        Node::Split { feature, threshold, missing_left, left, right: left + 1 }
    }

    fn leaf(weights: [u32; 2]) -> Node {
        Node::Leaf { weights: weights.to_vec() }
    }

    /// Pseudo-random numbers below `below`, the same on every run.
    fn random(seed: u64, below: u64) -> impl Iterator<Item = u64> {
        let step =
            |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        std::iter::successors(Some(seed), step).skip(1).map(move |state| (state >> 33) % below)
    }

    #[test]
    fn a_split_between_tied_values_is_found() {
        // smartcore finds none here: below 0.5 are 3 of class 0 and 1 of class 1, above the opposite.
        let grown = grown(&[vec![0., 0., 0., 0., 1., 1., 1., 1.]], &[1, 0, 0, 0, 0, 1, 1, 1]);
        assert_eq!(grown.tree.nodes(), [split(0, 0.5, true, 1), leaf([3000, 1000]), leaf([1000, 3000])]);
        assert_eq!(grown.importance, [1.0]);
    }

    #[test]
    fn the_better_feature_is_asked_and_the_lowest_of_equals() {
        let (noise, signal) = (vec![1., 2., 1., 2.], vec![5., 5., 7., 7.]);
        let found = grown(&[noise, signal.clone(), signal], &[0, 0, 1, 1]);
        assert_eq!(found.tree.nodes(), [split(1, 6.0, true, 1), leaf([2000, 0]), leaf([0, 2000])]);
        assert_eq!(found.importance, [0.0, 1.0, 0.0]);
    }

    #[test]
    fn nothing_to_tell_apart_gives_a_leaf() {
        let weights = |columns: &[Vec<f64>], class: &[u16]| {
            let grown = grown(columns, class);
            assert_eq!(grown.importance, vec![0.0; columns.len()]);
            assert_eq!(grown.tree.nodes().len(), 1);
            grown.tree.leaf(&vec![0.0; columns.len()]).to_vec()
        };
        assert_eq!(weights(&[vec![1., 2.]], &[1, 1]), [0, 2000]); // one class
        assert_eq!(weights(&[vec![1., 1.]], &[0, 1]), [1000, 1000]); // constant
        assert_eq!(weights(&[vec![NAN, NAN]], &[0, 1]), [1000, 1000]); // never known
        assert_eq!(weights(&[vec![1.]], &[1]), [0, 1000]); // one row
        assert_eq!(weights(&[vec![]], &[]), [1, 1]); // no row: every class alike
        assert_eq!(weights(&[], &[0, 1]), [1, 1]); // no feature, so no row in the table
        // Both sides as mixed as the whole: no gain.
        assert_eq!(weights(&[vec![1., 1., 2., 2.]], &[0, 1, 0, 1]), [2000, 2000]);
    }

    #[test]
    fn rows_that_cannot_be_used_are_left_out() {
        let binned = Binned::new(&[[1., 2., 3., 4., 5., 6.]], MAX_BINS);
        let weight = [1.0, 0.0, NAN, f64::INFINITY, -1.0, 1.0];
        let grown = grow(&binned, &[0, 1, 1, 1, 1, 9], 2, &weight, &[0, 1, 2, 3, 4, 5, 77], &GrowSettings::default());
        assert_eq!(grown.tree.nodes(), [leaf([1000, 0])]); // row 5 has no class below 2, row 77 does not exist
        let none = grow(&binned, &[0; 6], 0, &[1.0; 6], &[0, 1], &GrowSettings::default());
        assert_eq!(none.tree.nodes(), [Node::Leaf { weights: vec![2000] }]);
    }

    #[test]
    fn missing_values_go_where_they_belong() {
        // Missing rows are of class 1, like those above 2.5.
        let found = grown(&[vec![1., 2., 3., 4., NAN, NAN]], &[0, 0, 1, 1, 1, 1]);
        assert_eq!(found.tree.nodes(), [split(0, 2.5, false, 1), leaf([2000, 0]), leaf([0, 4000])]);
        // Missing rows are of class 0, like those below.
        let found = grown(&[vec![1., 2., 3., 4., NAN, NAN]], &[0, 0, 1, 1, 0, 0]);
        assert_eq!(found.tree.nodes(), [split(0, 2.5, true, 1), leaf([4000, 0]), leaf([0, 2000])]);
    }

    #[test]
    fn missing_against_present_is_a_question() {
        let found = grown(&[vec![1., 2., NAN, NAN]], &[0, 0, 1, 1]);
        assert_eq!(found.tree.nodes(), [split(0, f64::MAX, false, 1), leaf([2000, 0]), leaf([0, 2000])]);
        assert_eq!(found.tree.leaf(&[f64::INFINITY]), [2000, 0]);
        let with_constant = grown(&[vec![7., 7., NAN, NAN]], &[0, 0, 1, 1]);
        assert_eq!(with_constant.tree.nodes()[0], split(0, f64::MAX, false, 1));
    }

    #[test]
    fn missing_values_new_to_a_node_go_to_its_heavier_child() {
        assert_eq!(grown(&[vec![1., 2., 2.]], &[0, 1, 1]).tree.leaf(&[NAN]), [0, 2000]);
        assert_eq!(grown(&[vec![1., 1., 2.]], &[0, 0, 1]).tree.leaf(&[NAN]), [2000, 0]);
        assert_eq!(grown(&[vec![1., 2.]], &[0, 1]).tree.leaf(&[NAN]), [1000, 0]); // equal: left
    }

    #[test]
    fn a_pod_weighs_the_same_however_many_rows_it_has() {
        // Pod 0 (class 0): 60 rows at 1; pod 1 (class 1): one row at 1 and pod 2 (class 1): 3 rows at 2.
        let value: Vec<f64> = (0..64).map(|row| if row < 61 { 1.0 } else { 2.0 }).collect();
        let class: Vec<u16> = (0..64).map(|row| u16::from(row >= 60)).collect();
        let weight = |row| {
            if row < 60 {
                1.0 / 60.0
            } else if row < 61 {
                1.0
            } else {
                1.0 / 3.0
            }
        };
        let weight: Vec<f64> = (0..64).map(weight).collect();
        let rows: Vec<u32> = (0..64).collect();
        let settings = GrowSettings { min_leaf: 1.0, ..GrowSettings::default() };
        let grow = |settings| grow(&Binned::new(&[&value], MAX_BINS), &class, 2, &weight, &rows, settings).tree;
        // Sums of rounded thirds still count as the one pod that a leaf must hold.
        assert_eq!(grow(&settings).nodes(), [split(0, 1.5, true, 1), leaf([1000, 1000]), leaf([0, 1000])]);
        assert_eq!(grow(&GrowSettings { min_leaf: 1.001, ..settings }).nodes(), [leaf([1000, 2000])]);
    }

    #[test]
    fn a_class_that_is_present_is_never_rounded_away() {
        let binned = Binned::new(&[[1.0, 1.0]], MAX_BINS);
        let tree = grow(&binned, &[0, 1], 2, &[1.0, 1e-12], &[0, 1], &GrowSettings::default()).tree;
        assert_eq!(tree.nodes(), [leaf([1000, 1])]);
    }

    #[test]
    fn depth_is_limited_as_in_scikit_learn() {
        // Alternating classes over 16 values need more than 4 levels.
        let (value, class): (Vec<f64>, Vec<u16>) = (0..16).map(|row| (f64::from(row), row % 2)).unzip();
        let binned = Binned::new(&[value], MAX_BINS);
        for max_depth in 0..5 {
            let settings = GrowSettings { max_depth, ..GrowSettings::default() };
            let rows: Vec<u32> = (0..16).collect();
            assert_eq!(grow(&binned, &class, 2, &[1.0; 16], &rows, &settings).tree.depth(), max_depth);
        }
    }

    #[test]
    fn the_large_and_the_small_path_find_the_same_splits() {
        // Twice the rows, each twice: past the size up to which a node has no histogram; same shares, same splits.
        let rows = FEW_ROWS;
        let columns: Vec<Vec<f64>> = (1..5)
            .map(|seed| random(seed, 9).take(rows).map(|n| if n == 8 { NAN } else { n as f64 }).collect())
            .collect();
        let class: Vec<u16> = random(9, 2).take(rows).map(|n| n as u16).collect();
        let binned = Binned::new(&columns, MAX_BINS);
        let (once, weight) = ((0..rows as u32).collect::<Vec<_>>(), vec![1.0; rows]);
        let twice: Vec<u32> = once.iter().chain(&once).copied().collect();
        let settings = GrowSettings { max_depth: 6, min_leaf: 0.0 };
        let shape = |rows: &[u32]| {
            let tree = grow(&binned, &class, 2, &weight, rows, &settings).tree;
            tree.nodes().iter().filter(|node| matches!(node, Node::Split { .. })).cloned().collect::<Vec<_>>()
        };
        assert!(shape(&once).len() > 20);
        assert_eq!(shape(&once), shape(&twice));
    }

    #[test]
    fn trees_are_the_same_in_any_order_and_with_any_threads() {
        let rows = 40_000; // above PARALLEL_ROWS
        let columns: Vec<Vec<f64>> =
            (1..4).map(|seed| random(seed, 1000).take(rows).map(|n| n as f64).collect()).collect();
        let class: Vec<u16> =
            random(9, 3).zip(&columns[0]).map(|(n, x)| if n == 0 { 2 } else { u16::from(*x > 500.0) }).collect();
        let weight: Vec<f64> = random(8, 60).take(rows).map(|n| 1.0 / (n + 1) as f64).collect();
        let forward: Vec<u32> = (0..rows as u32).collect();
        let settings = GrowSettings::default();
        let expected = grow(&Binned::new(&columns, MAX_BINS), &class, 3, &weight, &forward, &settings);
        assert!(expected.tree.nodes().len() > 100);

        let mut reversed = (columns.clone(), class.clone(), weight.clone());
        reversed.0.iter_mut().for_each(|column| column.reverse());
        reversed.1.reverse();
        reversed.2.reverse();
        assert_eq!(
            grow(&Binned::new(&reversed.0, MAX_BINS), &reversed.1, 3, &reversed.2, &forward, &settings),
            expected
        );
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let alone = one.install(|| grow(&Binned::new(&columns, MAX_BINS), &class, 3, &weight, &forward, &settings));
        assert_eq!(alone, expected);
    }

    /// A column of few values, some missing, some infinite.
    fn column(rows: usize) -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![
            6 => (0..6_i32).prop_map(f64::from),
            1 => Just(NAN),
            1 => any::<f64>(),
        ];
        prop::collection::vec(value, rows)
    }

    /// The least impurity that any single split of `columns` leaves, tried one by one on the raw values.
    fn best_by_hand(columns: &[Vec<f64>], class: &[u16]) -> f64 {
        let impurity = |rows: &[usize]| {
            let ones = rows.iter().filter(|row| class[**row] == 1).count() as f64;
            let all = rows.len() as f64;
            if rows.is_empty() { 0.0 } else { all - (ones * ones + (all - ones) * (all - ones)) / all }
        };
        let mut least = impurity(&(0..class.len()).collect::<Vec<_>>());
        for column in columns {
            for threshold in column.iter().map(|value| value.clamp(f64::MIN, f64::MAX)).filter(|value| !value.is_nan())
            {
                for missing_left in [true, false] {
                    let left = |row: &usize| super::super::goes_left(column[*row], threshold, missing_left);
                    let (left, right): (Vec<usize>, Vec<usize>) = (0..class.len()).partition(left);
                    least = least.min(impurity(&left) + impurity(&right));
                }
            }
        }
        least
    }

    proptest! {
        #[test]
        fn one_question_leaves_the_least_impurity_there_is(
            (columns, class) in (1..60_usize).prop_flat_map(|rows| {
                (prop::collection::vec(column(rows), 3), prop::collection::vec(0..2_u16, rows))
            })
        ) {
            let rows: Vec<u32> = (0..class.len() as u32).collect();
            let settings = GrowSettings { max_depth: 1, min_leaf: 0.0 };
            let binned = Binned::new(&columns, MAX_BINS);
            let tree = grow(&binned, &class, 2, &vec![1.0; class.len()], &rows, &settings).tree;
            let gini = |weights: &Vec<u32>| {
                let [zeros, ones] = [f64::from(weights[0]) / 1000.0, f64::from(weights[1]) / 1000.0];
                zeros + ones - (zeros * zeros + ones * ones) / (zeros + ones)
            };
            let found: f64 = tree.nodes().iter().map(|node| match node {
                Node::Leaf { weights } => gini(weights),
                Node::Split { .. } => 0.0,
            }).sum();
            prop_assert!((found - best_by_hand(&columns, &class)).abs() < 1e-9);
        }

        #[test]
        fn every_tree_is_valid_and_holds_its_training_rows(
            (columns, class) in (0..300_usize).prop_flat_map(|rows| {
                (prop::collection::vec(column(rows), 2), prop::collection::vec(0..3_u16, rows))
            }),
            max_depth in 0..70_usize,
        ) {
            let rows: Vec<u32> = (0..class.len() as u32).collect();
            let settings = GrowSettings { max_depth, min_leaf: 0.0 };
            let binned = Binned::new(&columns, MAX_BINS);
            let grown = grow(&binned, &class, 3, &vec![1.0; class.len()], &rows, &settings);
            let tree = grown.tree;
            prop_assert!(Tree::from_nodes(tree.nodes().to_vec(), 2, 3).is_ok());
            prop_assert!(tree.depth() <= max_depth);
            let sum: f64 = grown.importance.iter().sum();
            let expected = if tree.nodes().len() > 1 { 1.0 } else { 0.0 };
            prop_assert!((sum - expected).abs() < 1e-9);
            // Each training row ends in a leaf that counted it: what the rows find adds up to what leaves hold.
            let mut found = 0;
            for (row, class) in class.iter().enumerate() {
                let weights = tree.leaf(&[columns[0][row], columns[1][row]]);
                prop_assert!(weights[usize::from(*class)] >= 1000);
                found += 1000;
            }
            let held: u32 = tree.nodes().iter().map(|node| match node {
                Node::Leaf { weights } => weights.iter().sum(),
                Node::Split { .. } => 0,
            }).sum();
            prop_assert_eq!(held, if class.is_empty() { 3 } else { found });
        }
    }
}
