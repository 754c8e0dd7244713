//! Which groups (pods) are held out when: splits that are grouped, stratified by class, seeded, and the same
//! whatever the order of the rows. Knows nothing of learners.

use std::collections::BTreeMap;

use crate::dataset::Dataset;

/// Shares of training groups that are accepted; others are moved to the nearest end.
pub const RATIO: std::ops::RangeInclusive<f64> = 0.01..=0.99;

/// One way to part the groups: every group is in exactly one of the two lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Which repeat, from 0; a repeat shuffles the groups anew.
    pub repeat: u32,
    /// Which round of the repeat, from 0.
    pub round: u32,
    /// Group indices to train from, by name of group.
    pub train_groups: Vec<u32>,
    /// Group indices that are held out, by name of group; never empty.
    pub test_groups: Vec<u32>,
}

/// The splits of `iterations` repeats, where `ratio` of each class's groups train and the rest is held out.
///
/// In each repeat the groups of each class are shuffled and laid evenly on the circle `[0, 1)`, group `i` of `n` at
/// `i / n`. Round `j` of `k = ceil(1 / (1 - ratio))` holds out the arc of length `1 - ratio` from `j / k` on, but
/// never all groups of a class. So every group is held out at least once a repeat (unless its class has no other);
/// a ratio of 0.5 is two-fold cross-validation, 0.9 is ten-fold. Rounds that hold nothing out are left out.
///
/// A group with rows of several classes counts with the class of most of its rows.
pub fn splits(data: &Dataset, ratio: f64, iterations: u32, seed: u64) -> Vec<Split> {
    let held_out = 1.0 - ratio.clamp(*RATIO.start(), *RATIO.end());
    // 1 / (1 - 0.9) is 10.000000000000002 in floating point, which is ten rounds, not eleven.
    let rounds = (1.0 / held_out - 1e-9).ceil() as u32;
    let order = groups_by_name(data);
    let strata = strata(data, &order);
    let mut all = Vec::new();
    for repeat in 0..iterations {
        let circles: Vec<Vec<u32>> = strata
            .iter()
            .map(|(class, groups)| {
                let mut groups = groups.clone();
                // By the class's name: the order of the class list changes nothing.
                let name = data.classes[usize::from(*class)].bytes().map(u64::from);
                let path: Vec<u64> = std::iter::once(u64::from(repeat)).chain(name).collect();
                Random::new(seed, &path).shuffle(&mut groups);
                groups
            })
            .collect();
        for round in 0..rounds {
            let mut tested = vec![false; data.groups.len()];
            for circle in &circles {
                for group in arc(circle, round, rounds, held_out) {
                    tested[group as usize] = true;
                }
            }
            let (test_groups, train_groups): (Vec<u32>, Vec<u32>) =
                order.iter().partition(|group| tested[**group as usize]);
            if !test_groups.is_empty() && !train_groups.is_empty() {
                all.push(Split { repeat, round, train_groups, test_groups });
            }
        }
    }
    all
}

/// The groups of one class that `round` of `rounds` holds out; at most all but one.
fn arc(circle: &[u32], round: u32, rounds: u32, length: f64) -> Vec<u32> {
    let (n, k, j) = (circle.len() as u64, u64::from(rounds), u64::from(round));
    // Group i lies i/n - j/k after the arc's start, modulo 1; in units of 1/(n k) that is an exact integer.
    let mut on_arc: Vec<(u64, u32)> = circle
        .iter()
        .enumerate()
        .map(|(i, group)| ((i as u64 * k + n * k - j * n) % (n * k), *group))
        .filter(|(distance, _)| (*distance as f64) / ((n * k) as f64) < length - 1e-9)
        .collect();
    on_arc.sort_unstable();
    on_arc.truncate(circle.len().saturating_sub(1));
    on_arc.into_iter().map(|(_, group)| group).collect()
}

/// The groups that have rows, sorted by name (equal names by index), so that row order does not matter.
pub(super) fn groups_by_name(data: &Dataset) -> Vec<u32> {
    let mut used = vec![false; data.groups.len()];
    for group in &data.group {
        used[*group as usize] = true;
    }
    let mut order: Vec<u32> = (0..data.groups.len() as u32).filter(|group| used[*group as usize]).collect();
    order.sort_by(|a, b| data.groups[*a as usize].cmp(&data.groups[*b as usize]).then(a.cmp(b)));
    order
}

/// The groups of each class, in `order`; a mixed group stands under the class of most of its rows (then the first).
fn strata(data: &Dataset, order: &[u32]) -> BTreeMap<u16, Vec<u32>> {
    let mut rows: Vec<BTreeMap<u16, usize>> = vec![BTreeMap::new(); data.groups.len()];
    for (group, class) in data.group.iter().zip(&data.class) {
        *rows[*group as usize].entry(*class).or_default() += 1;
    }
    let mut strata: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for group in order {
        // max_by_key keeps the last of equals, so go from the last class to the first.
        if let Some((class, _)) = rows[*group as usize].iter().rev().max_by_key(|(_, count)| **count) {
            strata.entry(*class).or_default().push(*group);
        }
    }
    strata
}

/// splitmix64 (Steele, Lea, Flood 2014), the generator that `java.util.SplittableRandom` uses: small, seeded, ours,
/// so that the same seed gives the same splits for ever.
pub(super) struct Random(u64);

impl Random {
    /// A stream of its own for each `path`, whatever the seed.
    pub(super) fn new(seed: u64, path: &[u64]) -> Self {
        let mut state = Self(seed);
        for step in path {
            state = Self(state.next() ^ step.wrapping_mul(0xd134_2543_de82_ef95));
        }
        state
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound - 1`; `bound` is above 0. The bias is below `bound` / 2^64.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// Fisher and Yates.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// One row a group; `sizes[class]` groups each, named so that the order of names is the order of indices.
    fn data(sizes: &[usize]) -> Dataset {
        let mut data = Dataset { classes: sizes.iter().map(|n| format!("c{n}")).collect(), ..Dataset::default() };
        for (class, size) in sizes.iter().enumerate() {
            for _ in 0..*size {
                data.group.push(data.groups.len() as u32);
                data.groups.push(format!("g{:04}", data.groups.len()));
                data.class.push(class as u16);
                data.window.push(1);
            }
        }
        data
    }

    #[track_caller]
    fn check_tests_per_group(sizes: &[usize], ratio: f64, splits_wanted: usize, times: &[usize]) {
        let data = data(sizes);
        let splits = splits(&data, ratio, 1, 7);
        assert_eq!(splits.len(), splits_wanted);
        let mut seen: Vec<usize> = (0..data.groups.len() as u32)
            .map(|group| splits.iter().filter(|split| split.test_groups.contains(&group)).count())
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, times);
    }

    #[test]
    fn half_is_two_fold_and_nine_tenths_is_ten_fold() {
        // 4 + 2 groups, two arcs of 1/2: each group once.
        check_tests_per_group(&[4, 2], 0.5, 2, &[1; 6]);
        // 20 groups at 0, 1/20, ...: each arc of 1/10 holds two of them.
        check_tests_per_group(&[20], 0.9, 10, &[1; 20]);
        // Two groups at 0 and 1/2: arcs 0 and 5 of ten hold one each; the other eight rounds hold nothing out.
        check_tests_per_group(&[2, 2], 0.9, 2, &[1; 4]);
    }

    #[test]
    fn overlapping_arcs_test_some_groups_twice() {
        // k = ceil(1 / 0.3) = 4 arcs of 0.3 from 0, 1/4, 1/2, 3/4; ten groups at 0, 0.1, ...:
        // {0, .1, .2}, {.3, .4, .5}, {.5, .6, .7}, {.8, .9, 0}: 12 tests, groups 0 and .5 twice.
        check_tests_per_group(&[10], 0.7, 4, &[1, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
    }

    #[test]
    fn lone_group_always_trains() {
        check_tests_per_group(&[1, 4], 0.5, 2, &[0, 1, 1, 1, 1]);
        check_tests_per_group(&[1, 1], 0.5, 0, &[0, 0]);
    }

    #[test]
    fn repeats_and_seeds_shuffle_anew() {
        let data = data(&[30]);
        let first = splits(&data, 0.5, 2, 1);
        assert_ne!(first[0].test_groups, first[2].test_groups);
        assert_ne!(first[0].test_groups, splits(&data, 0.5, 1, 2)[0].test_groups);
    }

    #[test]
    fn the_order_of_the_class_list_changes_nothing() {
        let one = data(&[5, 4, 7]);
        let mut other = one.clone();
        other.classes.reverse();
        for class in &mut other.class {
            *class = 2 - *class;
        }
        assert_eq!(splits(&one, 0.5, 3, 7), splits(&other, 0.5, 3, 7));
    }

    #[test]
    fn generator_is_splitmix64() {
        // The reference values of splitmix64 for seed 1234567.
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    proptest! {
        #[test]
        fn every_group_is_held_out_and_no_class_is_left_without_training(
            sizes in prop::collection::vec(1_usize..9, 1..5), ratio in 0.02_f64..0.98, seed: u64,
        ) {
            let data = data(&sizes);
            let splits = splits(&data, ratio, 1, seed);
            let mut tested = BTreeSet::new();
            for split in &splits {
                tested.extend(split.test_groups.iter().copied());
                let both: BTreeSet<u32> = split.test_groups.iter().chain(&split.train_groups).copied().collect();
                prop_assert_eq!(both.len(), split.test_groups.len() + split.train_groups.len());
                prop_assert_eq!(both.len(), data.groups.len());
                let trained: BTreeSet<u16> = split.train_groups.iter().map(|g| data.class[*g as usize]).collect();
                prop_assert_eq!(trained.len(), sizes.len());
            }
            let expected: usize = sizes.iter().filter(|n| **n > 1).sum();
            prop_assert_eq!(tested.len(), expected);
        }

        #[test]
        fn row_order_does_not_matter(sizes in prop::collection::vec(1_usize..9, 1..5), seed: u64) {
            let data = data(&sizes);
            // The same rows backwards, groups numbered the other way round.
            let mut other = data.clone();
            other.class.reverse();
            other.groups.reverse();
            let names = |data: &Dataset, groups: &[u32]| -> Vec<String> {
                groups.iter().map(|g| data.groups[*g as usize].clone()).collect()
            };
            for (a, b) in splits(&data, 0.6, 2, seed).iter().zip(splits(&other, 0.6, 2, seed)) {
                prop_assert_eq!(names(&data, &a.test_groups), names(&other, &b.test_groups));
                prop_assert_eq!(names(&data, &a.train_groups), names(&other, &b.train_groups));
            }
        }
    }
}
