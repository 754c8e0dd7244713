//! Rows put together as they are judged: the rows of one class in one group, in the group's own order.

use std::ops::Range;

use super::splits::groups_by_name;
use crate::dataset::Dataset;

/// Rows of one class of one group, judged together; in pod data, all rows of the group.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) group: u32,
    pub(super) class: u16,
    rows: Range<usize>,
}

/// All units, by name of group and class, so that row order across groups does not matter.
pub(super) struct Units {
    /// Row indices; those of a unit stand together, in time order.
    rows: Vec<u32>,
    all: Vec<Unit>,
    /// Where the units of each group index stand in `all`.
    of_group: Vec<Range<usize>>,
}

impl Units {
    pub(super) fn of(data: &Dataset) -> Self {
        let mut rank = vec![0_u32; data.groups.len()];
        for (place, group) in (0_u32..).zip(groups_by_name(data)) {
            rank[group as usize] = place;
        }
        let key = |row: u32| (rank[data.group[row as usize] as usize], data.class[row as usize], row);
        let mut rows: Vec<u32> = (0..data.rows() as u32).collect();
        rows.sort_unstable_by_key(|row| key(*row));
        let mut units: Vec<Unit> = Vec::new();
        let mut of_group: Vec<Range<usize>> = vec![0..0; data.groups.len()];
        for (at, row) in rows.iter().enumerate() {
            let (group, class) = (data.group[*row as usize], data.class[*row as usize]);
            match units.last_mut() {
                Some(unit) if unit.group == group && unit.class == class => unit.rows.end = at + 1,
                last => {
                    let same_group = last.is_some_and(|unit| unit.group == group);
                    units.push(Unit { group, class, rows: at..at + 1 });
                    let range = &mut of_group[group as usize];
                    *range = if same_group { range.start } else { units.len() - 1 }..units.len();
                }
            }
        }
        Self { rows, all: units, of_group }
    }

    /// The units of `groups` with their rows.
    pub(super) fn of_groups<'a>(&'a self, groups: &'a [u32]) -> impl Iterator<Item = (&'a Unit, &'a [u32])> {
        groups
            .iter()
            .flat_map(|group| &self.all[self.of_group[*group as usize].clone()])
            .map(|unit| (unit, &self.rows[unit.rows.clone()]))
    }

    /// All rows of `groups`.
    pub(super) fn rows_of(&self, groups: &[u32]) -> Vec<u32> {
        self.of_groups(groups).flat_map(|(_, rows)| rows).copied().collect()
    }

    /// In how many groups each class occurs.
    pub(super) fn groups_per_class(&self, classes: usize) -> Vec<usize> {
        let mut count = vec![0; classes];
        for unit in &self.all {
            count[usize::from(unit.class)] += 1;
        }
        count
    }

    /// How many groups have rows.
    pub(super) fn groups(&self) -> usize {
        self.of_group.iter().filter(|units| !units.is_empty()).count()
    }

    /// How many groups have rows of several classes.
    pub(super) fn mixed_groups(&self) -> usize {
        self.of_group.iter().filter(|units| units.len() > 1).count()
    }
}
