//! CSV: a header line, then rows. A column with any cell that is not a number is a column of names. Spaces around cells
//! do not count: `a, b` is written by hand as often as `a,b`.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use common::dataset::Dataset;
use csv::{ErrorKind, Reader, StringRecord, Writer};

use super::{CLASS, Column, GROUP, Names, Roles, Table, TableError, assemble, find_roles, number};

/// Writes a header and the rows; a missing value is an empty cell.
pub(super) fn write(data: &Dataset, out: impl Write) -> io::Result<()> {
    let mut writer = Writer::from_writer(out);
    let names = data.features.iter().map(|feature| feature.name.as_str());
    writer.write_record(names.chain([GROUP, CLASS]))?;
    for row in 0..data.rows() {
        for column in &data.columns {
            let value = column[row];
            writer.write_field(if value.is_nan() { String::new() } else { number(value) })?;
        }
        writer.write_field(&data.groups[data.group[row] as usize])?;
        writer.write_field(&data.classes[usize::from(data.class[row])])?;
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

/// Reads twice: first what each column is, then the cells.
pub(super) fn read(mut source: impl Read + Seek, roles: &Roles) -> Result<Table, TableError> {
    let lines = Lines { crlf: ends_with_crlf(&mut source).map_err(TableError::Read)? };
    let refusal = |error| lines.refusal(error);
    let mut reader = Reader::from_reader(&mut source);
    let mut names: Vec<String> = reader.headers().map_err(refusal)?.iter().map(str::to_owned).collect();
    if let Some(first) = names.first_mut() {
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    for name in &mut names {
        *name = name.trim().to_owned();
    }
    match names.as_slice() {
        [] => return Err(TableError::Empty("header line")),
        [one] if one.is_empty() => return Err(TableError::Empty("header line")),
        [one] => {
            if let Some(separator) = one.chars().find(|c| [';', '\t', '|'].contains(c)) {
                return Err(TableError::Separator(separator));
            }
        }
        _ => {}
    }
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    let (class, group) = find_roles(&borrowed, roles)?;
    let is_role = |at: usize| at == class || Some(at) == group;

    let mut is_number: Vec<bool> = (0..names.len()).map(|at| !is_role(at)).collect();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(refusal)? {
        for (number, cell) in is_number.iter_mut().zip(&record) {
            *number = *number && (missing_number(cell) || cell.trim().parse::<f64>().is_ok());
        }
    }
    drop(reader);
    source.seek(SeekFrom::Start(0)).map_err(TableError::Read)?;

    let mut columns: Vec<Column> = is_number
        .into_iter()
        .map(|number| if number { Column::Numbers(Vec::new()) } else { Column::Names(Names::default()) })
        .collect();
    let mut reader = Reader::from_reader(&mut source);
    while reader.read_record(&mut record).map_err(refusal)? {
        let line = lines.of(record.position());
        for (at, (column, cell)) in columns.iter_mut().zip(&record).enumerate() {
            match column {
                Column::Numbers(values) if missing_number(cell) => values.push(f64::NAN),
                Column::Numbers(values) => match cell.trim().parse::<f64>() {
                    Ok(value) if value.is_finite() => values.push(value),
                    _ => return Err(TableError::Number { line, column: names[at].clone(), value: cell.to_owned() }),
                },
                Column::Names(_) if is_role(at) && missing(cell) => {
                    return Err(TableError::Missing { line, column: names[at].clone() });
                }
                Column::Names(values) => {
                    values.push((!missing(cell)).then_some(cell.trim()));
                }
            }
        }
    }
    assemble(names, columns, class, group)
}

fn missing(cell: &str) -> bool {
    matches!(cell.trim(), "" | "?")
}

fn missing_number(cell: &str) -> bool {
    missing(cell) || ["nan", "na", "n/a", "null"].iter().any(|word| cell.trim().eq_ignore_ascii_case(word))
}

/// Whether the first line ends as on Windows; the source is at its start before and after.
fn ends_with_crlf(source: &mut (impl Read + Seek)) -> io::Result<bool> {
    let mut first = Vec::new();
    BufReader::new(&mut *source).read_until(b'\n', &mut first)?;
    source.seek(SeekFrom::Start(0))?;
    Ok(first.ends_with(b"\r\n"))
}

/// Numbers of lines, for messages.
#[derive(Clone, Copy)]
struct Lines {
    crlf: bool,
}

impl Lines {
    /// The `csv` crate ends a record at `\r` and counts the line at `\n`: after the first, Windows lines are one behind.
    fn of(self, position: Option<&csv::Position>) -> u64 {
        position.map_or(0, |position| position.line() + u64::from(self.crlf && position.byte() > 0))
    }

    fn refusal(self, error: csv::Error) -> TableError {
        let line = self.of(error.position());
        match error.into_kind() {
            ErrorKind::Io(source) => TableError::Read(source),
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                TableError::Ragged { line, found: len as usize, expected: expected_len as usize }
            }
            ErrorKind::Utf8 { .. } => TableError::Line { line, reason: "it is not UTF-8 text".to_owned() },
            other => TableError::Line { line, reason: format!("{other:?}") },
        }
    }
}
