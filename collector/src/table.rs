//! Data sets as tables in files: ARFF, which Weka opens, and CSV. Written for people, read by `collector evaluate`.
//!
//! A table has one line a row: the features, then `group` (text) and `class`. It keeps neither units nor window
//! lengths: what is read has no units and windows of one sample.
//!
//! Read columns are numbers or names. A column of names that is neither class nor group becomes codes: 0 for the
//! first of its values, 1 for the second, and so on; [`Table::coded`] says which. Values that are numbers come first,
//! by size, so that a stray word in a column of numbers does not hide their order; the others in the order of their
//! text. Missing is `?`, an empty cell, and in columns of numbers `NaN`, `NA`, `N/A` and `null` (any case); class and
//! group may not be missing. Spaces around the cells of CSV do not count.
//!
//! What no model can hold (the word `unknown` as a class, more features than it has room for, ...) is refused here,
//! by the name that it has in the table.

mod arff;
mod comma;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use common::dataset::{Dataset, Feature};
use common::labels::UNKNOWN;
use common::model::{MAX_CLASS_NAME, MAX_CLASSES, MAX_FEATURES, MAX_NAME};
use thiserror::Error;

/// Name of the written column that holds the group.
pub const GROUP: &str = "group";
/// Name of the written column that holds the class.
pub const CLASS: &str = "class";

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Weka's attribute-relation file format.
    Arff,
    /// Comma-separated values with a header line.
    Csv,
}

impl Format {
    /// The format that the file name's extension says.
    pub fn of(path: &Path) -> Result<Self, TableError> {
        let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("arff") => Ok(Self::Arff),
            Some("csv") => Ok(Self::Csv),
            _ => Err(TableError::Extension(path.display().to_string())),
        }
    }
}

/// Which columns are not features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// Column of the class.
    pub class: String,
    /// Column of the group; without one, each row is a group of its own.
    pub group: Option<String>,
}

/// A table that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its rows. Classes stand in the order that the file declares (ARFF), else in the order of their text; groups in
    /// the order of their first row.
    pub data: Dataset,
    /// Columns of names that became codes.
    pub coded: Vec<Coded>,
    /// The column of the groups; absent: each row is a group of its own, `row 1` being the first.
    pub group_column: Option<String>,
}

/// A column of names as codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// Its name.
    pub column: String,
    /// The value that each code stands for.
    pub values: Vec<String>,
}

/// Why a table could not be read or written.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant is")]
pub enum TableError {
    #[error("cannot tell the format of {0:?}; name it .arff or .csv")]
    Extension(String),
    #[error("the table cannot be read")]
    Read(#[source] io::Error),
    #[error("the table cannot be written")]
    Write(#[source] io::Error),
    #[error("line {line} is not a line of a table: {reason}")]
    Line { line: u64, reason: String },
    #[error("line {line} has {found} values; {expected} columns are declared")]
    Ragged { line: u64, found: usize, expected: usize },
    #[error("line {line}, column {column:?}: {value:?} is not a finite number")]
    Number { line: u64, column: String, value: String },
    #[error("line {line}, column {column:?}: {value:?} is not among the declared values")]
    Undeclared { line: u64, column: String, value: String },
    #[error("line {line}, column {column:?}: the value is missing; class and group need one in every row")]
    Missing { line: u64, column: String },
    #[error("line {line}: {what} are not supported; {hint}")]
    Unsupported { line: u64, what: &'static str, hint: &'static str },
    #[error("there is no column {column:?}; the columns are {known}")]
    UnknownColumn { column: String, known: String },
    #[error("column {0:?} occurs twice")]
    Duplicate(String),
    #[error("column {0:?} cannot be both class and group")]
    SameColumn(String),
    #[error("the header line has {0:?} between its names; columns must be separated by commas")]
    Separator(char),
    #[error("column {0} has no name; name it, or remove it if it only numbers the rows")]
    Unnamed(usize),
    #[error("column {column:?} has {found} classes; up to {limit} are possible")]
    Classes { column: String, found: usize, limit: usize },
    #[error("column {0:?} has the class \"unknown\", which is the answer for no class; rename or remove its rows")]
    Reserved(String),
    #[error("the table has {found} columns besides class and group; up to {limit} are possible")]
    Features { found: usize, limit: usize },
    #[error("{name:?} cannot be the name of a {what}: 1 to {limit} bytes without control characters are allowed")]
    Name { what: &'static str, name: String, limit: usize },
    #[error("the table has no {0}")]
    Empty(&'static str),
}

/// Writes `data` as `format`, row by row.
pub fn write(data: &Dataset, format: Format, out: impl Write) -> Result<(), TableError> {
    let mut names: Vec<&str> = data.features.iter().map(|feature| feature.name.as_str()).collect();
    names.extend([GROUP, CLASS]);
    refuse_duplicates(&names)?;
    match format {
        Format::Arff => arff::write(data, out).map_err(TableError::Write),
        Format::Csv => comma::write(data, out).map_err(TableError::Write),
    }
}

/// Reads a table; CSV is read twice, to know which columns are numbers.
pub fn read(source: impl Read + Seek, format: Format, roles: &Roles) -> Result<Table, TableError> {
    match format {
        Format::Arff => arff::read(source, roles),
        Format::Csv => comma::read(source, roles),
    }
}

/// `value` so that reading it gives the same number: the shortest such text.
fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The class's and the group's place among `names`; spaces around a name are forgiven.
fn find_roles(names: &[&str], roles: &Roles) -> Result<(usize, Option<usize>), TableError> {
    if let Some(at) = names.iter().position(|name| name.trim().is_empty()) {
        return Err(TableError::Unnamed(at + 1));
    }
    refuse_duplicates(names)?;
    let find = |column: &String| {
        let exact = names.iter().position(|name| name == column);
        exact.or_else(|| names.iter().position(|name| name.trim() == column.trim())).ok_or_else(|| {
            let known: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            TableError::UnknownColumn { column: column.clone(), known: known.join(", ") }
        })
    };
    let class = find(&roles.class)?;
    let group = roles.group.as_ref().map(find).transpose()?;
    if group == Some(class) {
        return Err(TableError::SameColumn(roles.class.clone()));
    }
    let features = || (0..).zip(names).filter(|(at, _)| *at != class && Some(*at) != group).map(|(_, name)| *name);
    let (found, limit) = (features().count(), MAX_FEATURES);
    if found > limit {
        return Err(TableError::Features { found, limit });
    }
    features().try_for_each(|name| refuse_name("feature", name, MAX_NAME))?;
    Ok((class, group))
}

/// A model's names are short and readable.
fn refuse_name(what: &'static str, name: &str, limit: usize) -> Result<(), TableError> {
    if (1..=limit).contains(&name.len()) && !name.contains(char::is_control) {
        return Ok(());
    }
    let mut start: String = name.chars().take(64).collect();
    if start.len() < name.len() {
        start.push('…');
    }
    Err(TableError::Name { what, name: start, limit })
}

/// Classes that no model can hold.
fn refuse_classes(column: &str, classes: &[String]) -> Result<(), TableError> {
    let (found, limit) = (classes.len(), MAX_CLASSES);
    if found > limit {
        return Err(TableError::Classes { column: column.to_owned(), found, limit });
    }
    if classes.iter().any(|class| class == UNKNOWN) {
        return Err(TableError::Reserved(column.to_owned()));
    }
    classes.iter().try_for_each(|class| refuse_name("class", class, MAX_CLASS_NAME))
}

fn refuse_duplicates(names: &[&str]) -> Result<(), TableError> {
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(**name)) {
        Some(name) => Err(TableError::Duplicate((*name).to_owned())),
        None => Ok(()),
    }
}

/// A column while it is read.
enum Column {
    /// `NaN` is missing.
    Numbers(Vec<f64>),
    Names(Names),
}

/// Text values, each kept once.
#[derive(Default)]
struct Names {
    /// Index in `values`; [`Names::MISSING`].
    cells: Vec<u32>,
    values: Vec<String>,
    index: HashMap<String, u32>,
    /// The file says which values there are, and their order.
    declared: bool,
}

impl Names {
    const MISSING: u32 = u32::MAX;

    fn declared(values: Vec<String>) -> Self {
        let index = values.iter().cloned().zip(0..).collect();
        Self { values, index, declared: true, ..Self::default() }
    }

    /// Appends a cell; false when the value is not among the declared.
    fn push(&mut self, value: Option<&str>) -> bool {
        let cell = match value {
            None => Self::MISSING,
            Some(value) => match self.index.get(value) {
                Some(cell) => *cell,
                None if self.declared => return false,
                None => {
                    let cell = self.values.len() as u32;
                    self.index.insert(value.to_owned(), cell);
                    self.values.push(value.to_owned());
                    cell
                }
            },
        };
        self.cells.push(cell);
        true
    }

    /// The values in the order of their text, and the cells as indices in it.
    fn sorted(self) -> (Vec<String>, Vec<u32>) {
        self.sorted_by(str::cmp)
    }

    /// As [`Names::sorted`], but values that are numbers come first, by size.
    fn codes(self) -> (Vec<String>, Vec<u32>) {
        // "nan" parses too, and is a name here.
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| !value.is_nan());
        self.sorted_by(|a, b| {
            let by_size = match (number(a), number(b)) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            };
            by_size.then_with(|| a.cmp(b))
        })
    }

    fn sorted_by(self, compare: impl Fn(&str, &str) -> Ordering) -> (Vec<String>, Vec<u32>) {
        let mut order: Vec<u32> = (0..self.values.len() as u32).collect();
        order.sort_by(|a, b| compare(&self.values[*a as usize], &self.values[*b as usize]));
        let mut rank = vec![0; order.len()];
        for (place, at) in (0..).zip(&order) {
            rank[*at as usize] = place;
        }
        let cells = self.cells.iter().map(|cell| rank.get(*cell as usize).copied().unwrap_or(Self::MISSING));
        let cells = cells.collect();
        (order.iter().map(|at| self.values[*at as usize].clone()).collect(), cells)
    }
}

/// Puts the columns that were read together; class and group are columns of names without missing cells.
fn assemble(names: Vec<String>, columns: Vec<Column>, class: usize, group: Option<usize>) -> Result<Table, TableError> {
    let mut data = Dataset::default();
    let mut coded = Vec::new();
    let group_column = group.map(|at| names[at].clone());
    for (at, (name, column)) in names.into_iter().zip(columns).enumerate() {
        match column {
            Column::Names(cells) if at == class => {
                let (values, cells) = if cells.declared { (cells.values, cells.cells) } else { cells.sorted() };
                refuse_classes(&name, &values)?;
                data.classes = values;
                data.class = cells.iter().map(|cell| *cell as u16).collect();
            }
            Column::Names(cells) if Some(at) == group => {
                data.groups = cells.values;
                data.group = cells.cells;
            }
            Column::Names(cells) => {
                let (values, cells) = cells.codes();
                let code = |cell: &u32| if *cell == Names::MISSING { f64::NAN } else { f64::from(*cell) };
                data.columns.push(cells.iter().map(code).collect());
                coded.push(Coded { column: name.clone(), values });
                data.features.push(Feature { name, unit: String::new() });
            }
            Column::Numbers(values) => {
                data.columns.push(values);
                data.features.push(Feature { name, unit: String::new() });
            }
        }
    }
    if data.features.is_empty() {
        return Err(TableError::Empty("column besides class and group"));
    }
    if data.class.is_empty() {
        return Err(TableError::Empty("rows"));
    }
    if group.is_none() {
        data.group = (0..data.class.len() as u32).collect();
        data.groups = (1..=data.class.len()).map(|row| format!("row {row}")).collect();
    }
    data.window = vec![1; data.class.len()];
    Ok(Table { data, coded, group_column })
}

#[cfg(test)]
mod tests;
