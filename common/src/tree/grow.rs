//! Growing a decision tree: weighted Gini over histograms of bins, exact and the same in any row order.
//!
//! Takes a [`Binned`] table, classes and weights; yields a [`Grown`] tree. Weights are turned into whole numbers and
//! added up as such, so neither the order of the rows nor the number of threads can change a bit of the result.
//! Knows nothing of pods or files; which rows to train from is the caller's choice.

use self::search::{Best, Entry, FEW_ROWS, Histogram, Search};
use super::bins::{Binned, MISSING};
use super::{MAX_DEPTH, MAX_NODES, Node, Tree};

mod search;

/// From this many rows on, work is shared between threads.
pub(super) const PARALLEL_ROWS: usize = 16_384;
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
/// Of splits that gain alike the one in the widest gap is taken, its threshold in the middle of the gap; other ties go
/// to the lowest feature, then the lowest threshold, then missing left. A node that saw missing values sends
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
    // The sum of rounded weights may fall short of a pod by a little.
    let min_leaf = (settings.min_leaf * scale * (1.0 - 1e-6)).max(1.0);
    let search = Search::new(binned, class, classes, min_leaf);
    let grower = Grower { search, max_depth: settings.max_depth.min(MAX_DEPTH) };
    let root = grower.node(&mut entries, &mut spare, weights, None, 0);
    finish(&root, binned.features(), classes, scale)
}

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
    search: Search<'a>,
    max_depth: usize,
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
        let histogram = histogram.or_else(|| (entries.len() > FEW_ROWS).then(|| self.search.histogram(entries)));
        let totals: Vec<f64> = weights.iter().map(|weight| *weight as f64).collect();
        let unsplit = squares(&totals) / totals.iter().sum::<f64>();
        let least = unsplit + LEAST_GAIN * totals.iter().sum::<f64>();
        let found = match &histogram {
            Some(histogram) => self.search.best_of_histogram(histogram, &totals, least),
            None => self.search.best_of_few(entries, &totals, least),
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

        let split = Split {
            feature: best.feature as u16,
            threshold: best.threshold,
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
        let counted = self.search.histogram(smaller.0);
        for (rest, counted) in rest.as_flattened_mut().iter_mut().zip(counted.as_flattened()) {
            *rest -= counted;
        }
        (Some(rest), needed(smaller).then_some(counted))
    }

    /// Brings the entries that go left to the front, both parts in their order; how many, and their class weights.
    fn partition(&self, entries: &mut [Entry], spare: &mut [Entry], best: &Best) -> (usize, Vec<u64>) {
        let mut weights = vec![0; self.search.classes];
        let (mut lefts, mut rights) = (0, 0);
        let missing_left = best.missing_left == Some(true);
        let bins = self.search.binned.column(best.feature);
        for at in 0..entries.len() {
            let entry = entries[at];
            let bin = bins[entry.row as usize];
            let left = if bin == MISSING { missing_left } else { usize::from(bin) <= best.bin };
            // Written to both sides, kept on one: cheaper than a branch that is wrong half the time.
            entries[lefts] = entry;
            spare[rights] = entry;
            lefts += usize::from(left);
            rights += usize::from(!left);
            weights[self.search.class_of(entry)] += u64::from(entry.weight) * u64::from(left);
        }
        entries[lefts..].copy_from_slice(&spare[..rights]);
        (lefts, weights)
    }
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
        for share in &mut importance {
            *share /= total;
        }
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
mod tests;
