//! Feature values as small numbers: each column cut into at most 255 bins, once, for any number of trees.
//!
//! A bin holds the values above one cut and up to the next; missing values have a bin of their own, [`MISSING`].
//! What comes out depends on the set of rows alone, never on their order: cuts come from sorted values, and where a
//! table is too large to sort, from rows picked by a hash of their content. Knows nothing of classes or weights;
//! [`super::grow`] turns bins into trees.
#![allow(clippy::float_cmp, reason = "whether two values are the same one is asked, not whether they are close")]

use rayon::prelude::*;

/// The bin of missing (`NaN`) values.
pub const MISSING: u8 = 255;
/// The most bins for values, numbered 0 to 254.
pub const MAX_BINS: usize = 255;

/// Up to this many rows, quantiles are taken over all of them.
const EXACT_ROWS: usize = 200_000;
/// About how many rows are sorted of a larger table: 65,536 / 255 = 257 a bin, so a bin is off by 1 / sqrt(257) = 6 %.
const SAMPLE_ROWS: usize = 65_536;
/// Rows turned or hashed at a time: 1024 rows of 16 bytes stay in the first-level cache while the columns pass.
const BLOCK_ROWS: usize = 1024;

/// A table in bins, with the cuts that made them.
///
/// It is held twice, a byte a value: by row, where counting a node's rows touches a cache line a row, and by column,
/// where asking them one question touches few bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Binned {
    rows: usize,
    /// Bytes from one row to the next: the feature count, rounded up to a multiple of 8.
    stride: usize,
    by_row: Vec<u8>,
    by_column: Vec<Vec<u8>>,
    cuts: Vec<Vec<f64>>,
}

impl Binned {
    /// Bins `columns[feature][row]` into at most `max_bins` bins a column, 1 to [`MAX_BINS`] (clamped to that).
    ///
    /// `NaN` is missing, as is what a column lacks at its end; an infinite value counts as the largest finite one of
    /// its sign; `-0.0` is `0.0`. A column with no more than `max_bins` distinct values is cut between every two.
    pub fn new<C: AsRef<[f64]> + Sync>(columns: &[C], max_bins: usize) -> Self {
        let max_bins = max_bins.clamp(1, MAX_BINS);
        let columns: Vec<&[f64]> = columns.iter().map(AsRef::as_ref).collect();
        let rows = columns.iter().map(|column| column.len()).max().unwrap_or(0);
        let sample = sample(&columns, rows);
        let cuts: Vec<Vec<f64>> = columns.par_iter().map(|column| cuts(column, sample.as_deref(), max_bins)).collect();
        let by_column: Vec<Vec<u8>> = columns
            .par_iter()
            .zip(&cuts)
            .map(|(column, cuts)| {
                let cuts = padded(cuts);
                let mut bins = Vec::with_capacity(rows);
                bins.extend(column.iter().map(|value| bin(&cuts, *value)));
                bins.resize(rows, MISSING);
                bins
            })
            .collect();
        let stride = columns.len().next_multiple_of(8);
        let mut by_row = vec![MISSING; rows * stride];
        // A table without columns has no bytes, but a chunk has at least one.
        by_row.par_chunks_mut((BLOCK_ROWS * stride).max(1)).enumerate().for_each(|(block, by_row)| {
            for (feature, column) in by_column.iter().enumerate() {
                for (bin, row) in column[block * BLOCK_ROWS..].iter().zip(by_row.chunks_exact_mut(stride)) {
                    row[feature] = *bin;
                }
            }
        });
        Self { rows, stride, by_row, by_column, cuts }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many features a row has.
    pub fn features(&self) -> usize {
        self.cuts.len()
    }

    /// The bins of row `index` (below [`Binned::rows`]), one a feature: 0 to the number of its cuts, or [`MISSING`].
    #[inline]
    pub fn row(&self, index: usize) -> &[u8] {
        let start = index * self.stride;
        &self.by_row[start..start + self.cuts.len()]
    }

    /// The bins of `feature` (below [`Binned::features`]), a row each.
    pub fn column(&self, feature: usize) -> &[u8] {
        &self.by_column[feature]
    }

    /// The cuts of `feature` (below [`Binned::features`]), ascending, finite, at most 254: a value is in the bin
    /// whose number is how many cuts are below the value, so `value <= cuts[b]` means a bin of at most `b`.
    pub fn cuts(&self, feature: usize) -> &[f64] {
        &self.cuts[feature]
    }
}

/// Cuts that are infinite never lie below a value, so a search over 256 needs no length.
fn padded(cuts: &[f64]) -> [f64; 256] {
    let mut padded = [f64::INFINITY; 256];
    padded[..cuts.len()].copy_from_slice(cuts);
    padded
}

/// How many cuts are below `value`, by halving without branches.
#[inline]
fn bin(cuts: &[f64; 256], value: f64) -> u8 {
    let mut below = 0;
    for step in [128, 64, 32, 16, 8, 4, 2, 1] {
        below += usize::from(cuts[(below + step - 1) & 255] < value) * step;
    }
    if value.is_nan() { MISSING } else { below as u8 }
}

/// One spelling for each value: finite or `NaN`, no negative zero.
#[inline]
fn plain(value: f64) -> f64 {
    (value + 0.0).clamp(f64::MIN, f64::MAX)
}

/// The rows whose values decide the cuts; `None` for all rows.
///
/// A row is picked by the hash of all its values. Rows that are equal are picked together, so a table that repeats
/// few rows gives a lopsided pick: then all rows decide.
fn sample(columns: &[&[f64]], rows: usize) -> Option<Vec<u32>> {
    if rows <= EXACT_ROWS || u32::try_from(rows).is_err() {
        return None;
    }
    let limit = (u64::MAX / rows as u64).saturating_mul(SAMPLE_ROWS as u64);
    let picked: Vec<(u64, u32)> = (0..rows.div_ceil(BLOCK_ROWS))
        .into_par_iter()
        .fold(Vec::new, |mut picked, block| {
            let start = block * BLOCK_ROWS;
            let mut hashes = [0_u64; BLOCK_ROWS];
            for column in columns {
                let values = column.get(start..).unwrap_or_default();
                let (present, absent) = hashes.split_at_mut(values.len().min(BLOCK_ROWS));
                for (hash, value) in present.iter_mut().zip(values) {
                    *hash = mix(*hash, *value);
                }
                for hash in absent {
                    *hash = mix(*hash, f64::NAN);
                }
            }
            let rows = hashes.into_iter().map(finish).take(rows - start).zip(start as u32..);
            picked.extend(rows.filter(|(hash, _)| *hash < limit));
            picked
        })
        .flatten()
        .collect();
    let mut distinct: Vec<u64> = picked.iter().map(|(hash, _)| *hash).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let fair = distinct.len() >= SAMPLE_ROWS / 2 && picked.len() <= 2 * SAMPLE_ROWS;
    fair.then(|| picked.into_iter().map(|(_, row)| row).collect())
}

/// The hash of a row so far and its next value: a turn, so that columns differ, and a product.
#[inline]
fn mix(hash: u64, value: f64) -> u64 {
    let bits = if value.is_nan() { 0x7ff8_0000_0000_0000 } else { plain(value).to_bits() };
    (hash.rotate_left(23) ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Spreads a hash over all bits: the finish of `SplitMix64`.
#[inline]
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The cuts of one column: between every two distinct values where they are few, else at quantiles of the sample.
fn cuts(column: &[f64], sample: Option<&[u32]>, max_bins: usize) -> Vec<f64> {
    if let Some(values) = few_distinct(column, max_bins) {
        return values.windows(2).map(|pair| between(pair[0], pair[1])).collect();
    }
    let mut values: Vec<f64> = match sample {
        None => column.iter().map(|value| plain(*value)).collect(),
        Some(rows) => rows.iter().filter_map(|row| column.get(*row as usize)).map(|value| plain(*value)).collect(),
    };
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f64::total_cmp);
    quantiles(&values, max_bins)
}

/// The distinct values of a column, ascending, unless there are more than `most`; always over all rows, so that a
/// rare value of a column with few values is never lost.
fn few_distinct(column: &[f64], most: usize) -> Option<Vec<f64>> {
    // At most 255 values in 1024 places; NaN is a free place.
    let mut places = [f64::NAN; 1024];
    let mut count = 0;
    let mut last = f64::NAN;
    for value in column.iter().map(|value| plain(*value)).filter(|value| !value.is_nan()) {
        if value == last {
            continue;
        }
        last = value;
        let mut at = (finish(mix(0, value)) >> 54) as usize;
        while places[at] != value {
            if places[at].is_nan() {
                count += 1;
                if count > most {
                    return None;
                }
                places[at] = value;
            } else {
                at = (at + 1) % places.len();
            }
        }
    }
    let mut values: Vec<f64> = places.into_iter().filter(|value| !value.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    Some(values)
}

/// Cuts of ascending `values` into bins of about equal counts. A bin ends once it holds its share of what is left, so
/// a value that fills several shares (often zero) takes one bin and leaves the others to the rest.
fn quantiles(values: &[f64], max_bins: usize) -> Vec<f64> {
    let runs: Vec<&[f64]> = values.chunk_by(|a, b| a == b).collect();
    if runs.len() <= max_bins {
        return runs.windows(2).map(|pair| between(pair[0][0], pair[1][0])).collect();
    }
    let mut cuts = Vec::with_capacity(max_bins - 1);
    let (mut held, mut left) = (0, values.len());
    for pair in runs.windows(2) {
        held += pair[0].len();
        let open = max_bins - cuts.len();
        if open > 1 && held * open >= left {
            cuts.push(between(pair[0][0], pair[1][0]));
            left -= held;
            held = 0;
        }
    }
    cuts
}

/// A cut `c` with `a <= c < b` for finite `a < b`: the middle, or `a` where the middle rounds up to `b`.
fn between(a: f64, b: f64) -> f64 {
    let middle = f64::midpoint(a, b);
    if a <= middle && middle < b { middle } else { a }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Binned, EXACT_ROWS, MAX_BINS, MISSING, between};

    fn one(column: &[f64], max_bins: usize) -> Binned {
        Binned::new(&[column], max_bins)
    }

    fn column_of_bins(binned: &Binned) -> Vec<u8> {
        (0..binned.rows()).map(|row| binned.row(row)[0]).collect()
    }

    #[test]
    fn few_values_are_cut_halfway_between_every_two() {
        let binned = one(&[3.0, 1.0, f64::NAN, 1.0, 2.0, -0.0, 0.0], MAX_BINS);
        assert_eq!(binned.cuts(0), [0.5, 1.5, 2.5]);
        assert_eq!(column_of_bins(&binned), [3, 1, MISSING, 1, 2, 0, 0]);
    }

    #[test]
    fn adjacent_floats_are_told_apart() {
        let next = 1.0_f64.next_up();
        let binned = one(&[1.0, next], MAX_BINS);
        assert_eq!(binned.cuts(0), [1.0]); // the middle of the two rounds to one of them
        assert_eq!(column_of_bins(&binned), [0, 1]);
        assert_eq!(column_of_bins(&one(&[next, next.next_up()], MAX_BINS)), [0, 1]);
    }

    #[test]
    fn infinite_and_huge_values_give_finite_cuts() {
        let binned = one(&[f64::NEG_INFINITY, f64::MIN, 0.0, f64::MAX, f64::INFINITY], MAX_BINS);
        assert_eq!(binned.cuts(0), [f64::MIN / 2.0, f64::MAX / 2.0]);
        assert_eq!(column_of_bins(&binned), [0, 0, 1, 2, 2]);
    }

    #[test]
    fn a_table_may_be_empty_ragged_or_all_missing() {
        let none: [&[f64]; 0] = [];
        assert_eq!((Binned::new(&none, 9).rows(), Binned::new(&none, 9).features()), (0, 0));
        let binned = Binned::new(&[vec![1.0, 2.0], vec![f64::NAN], vec![]], 9);
        assert_eq!((binned.row(0), binned.row(1)), (&[0, MISSING, MISSING][..], &[1, MISSING, MISSING][..]));
    }

    #[test]
    fn many_values_are_cut_into_bins_of_equal_counts() {
        // 1000 values in 4 bins: 250 each, cut after 249, 499 and 749.
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(one(&values, 4).cuts(0), [249.5, 499.5, 749.5]);
    }

    #[test]
    fn a_frequent_value_does_not_use_up_the_bins() {
        // 900 zeros and 1 to 100 in 5 bins: zero has one; the 100 others share four, 25 each.
        let values: Vec<f64> = (0..1000).map(|row| f64::from((row - 899).max(0))).collect();
        assert_eq!(one(&values, 5).cuts(0), [0.5, 25.5, 50.5, 75.5]);
    }

    /// A table above the exact size, its second column rare: one row in 100,000 is 1.
    fn large(order: impl Fn(usize) -> usize) -> Vec<Vec<f64>> {
        let rows = EXACT_ROWS + 50_000;
        let value = |row: usize| ((row * 7_919) % rows) as f64;
        let first = (0..rows).map(|row| value(order(row))).collect();
        vec![first, (0..rows).map(|row| f64::from(u8::from(order(row) % 100_000 == 7))).collect()]
    }

    #[test]
    fn large_tables_have_the_same_bins_in_any_order() {
        let rows = EXACT_ROWS + 50_000;
        let forward = Binned::new(&large(|row| row), MAX_BINS);
        let backward = Binned::new(&large(|row| rows - 1 - row), MAX_BINS);
        assert_eq!(forward.cuts, backward.cuts);
        assert!((0..rows).all(|row| forward.row(row) == backward.row(rows - 1 - row)));
        assert_eq!(forward.cuts(1), [0.5]); // a rare value is seen
        // 250,000 even values in 255 bins are 980 a bin; sampling blurs that by a few times 1 / sqrt(257) = 6 %.
        assert_eq!(forward.cuts(0).len(), MAX_BINS - 1);
        assert!(forward.cuts(0).windows(2).all(|pair| (600.0..1400.0).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn a_large_table_of_few_rows_is_cut_from_all_of_them() {
        // 300 distinct rows, 1000 times each: a sample by content would hold about 300 * 65,536 / 300,000 = 66 of them.
        let values: Vec<f64> = (0..300_000).map(|row| f64::from(row % 300)).collect();
        let binned = one(&values, MAX_BINS);
        // Equal counts: the first 45 bins or so hold two values, the rest one.
        assert_eq!(binned.cuts(0).len(), MAX_BINS - 1);
    }

    proptest! {
        #[test]
        fn a_cut_lies_at_or_above_the_lower_and_below_the_upper(a in any::<f64>(), b in any::<f64>()) {
            if a.is_finite() && b.is_finite() && a < b {
                let cut = between(a, b);
                prop_assert!(a <= cut && cut < b);
            }
        }

        #[test]
        fn a_bin_counts_the_cuts_below_its_value(
            column in prop::collection::vec(any::<f64>(), 0..400),
            max_bins in 0_usize..300,
        ) {
            let binned = one(&column, max_bins);
            let cuts = binned.cuts(0);
            prop_assert!(cuts.len() < max_bins.clamp(1, MAX_BINS));
            prop_assert!(cuts.iter().all(|cut| cut.is_finite()) && cuts.is_sorted_by(|a, b| a < b));
            for (row, value) in column.iter().enumerate() {
                let below = cuts.iter().filter(|cut| **cut < *value).count() as u8;
                prop_assert_eq!(binned.row(row)[0], if value.is_nan() { MISSING } else { below });
            }
        }
    }
}
