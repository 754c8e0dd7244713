//! A table of rows to train from or to evaluate on: columns of numbers, a class and a group (pod) for each row.

/// Rows in columns. `NaN` marks a missing value; infinite values do not occur.
///
/// Every vector of rows has the same length, `classes` has at least every index in `class`,
/// `groups` every index in `group`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dataset {
    /// Name and unit of each column.
    pub features: Vec<Feature>,
    /// `columns[feature][row]`.
    pub columns: Vec<Vec<f64>>,
    /// Names of the classes, in the order of the class list.
    pub classes: Vec<String>,
    /// Class index of each row.
    pub class: Vec<u16>,
    /// Names of the groups that are held out as a whole: `namespace/pod/uid/container`, or a table's group column.
    pub groups: Vec<String>,
    /// Group index of each row. All rows of one group have one class in pod data; in a table they may differ.
    pub group: Vec<u32>,
    /// How many samples the row's window holds, 1 to 12; 1 in a plain table.
    pub window: Vec<u8>,
}

/// A column: its name and the unit of its values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Feature {
    /// Unique in a data set, e.g. `memory_usage_bytes`.
    pub name: String,
    /// Unit symbol as [`crate::unit::Unit`] names it, e.g. `B/s`; empty for plain numbers.
    pub unit: String,
}

impl Dataset {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.class.len()
    }

    /// Which classes occur in `rows`, by class index.
    pub fn classes_in(&self, rows: impl IntoIterator<Item = u32>) -> Vec<bool> {
        let mut found = vec![false; self.classes.len()];
        for row in rows {
            found[usize::from(self.class[row as usize])] = true;
        }
        found
    }

    /// The values of one row, in the order of the features, written over `row`.
    pub fn row(&self, index: usize, row: &mut Vec<f64>) {
        row.clear();
        row.extend(self.columns.iter().map(|column| column[index]));
    }
}
