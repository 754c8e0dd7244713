//! ARFF as Weka 3 reads and writes it (`weka.core.converters.ArffLoader`, `weka.core.Utils.quote`), own code.
//!
//! Numeric (`numeric`, `real`, `integer`), nominal and string attributes. Sparse rows, instance weights, `date` and
//! `relational` attributes are refused by name.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use common::dataset::Dataset;

use super::{CLASS, Column, GROUP, Names, Roles, Table, TableError, assemble, find_roles, number};

/// Writes a header that names every column, then the rows; a missing value is `?`.
pub(super) fn write(data: &Dataset, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    writeln!(out, "@relation podprint\n")?;
    for feature in &data.features {
        writeln!(out, "@attribute {} numeric", quoted(&feature.name))?;
    }
    let classes: Vec<Cow<'_, str>> = data.classes.iter().map(|class| quoted(class)).collect();
    let groups: Vec<Cow<'_, str>> = data.groups.iter().map(|group| quoted(group)).collect();
    writeln!(out, "@attribute {GROUP} string\n@attribute {CLASS} {{{}}}\n\n@data", classes.join(","))?;
    for row in 0..data.rows() {
        for column in &data.columns {
            let value = column[row];
            if value.is_nan() {
                out.write_all(b"?,")?;
            } else {
                write!(out, "{},", number(value))?;
            }
        }
        writeln!(out, "{},{}", groups[data.group[row] as usize], classes[usize::from(data.class[row])])?;
    }
    out.flush()
}

/// `text` as one token: bare when it cannot be taken for anything else, else in single quotes.
fn quoted(text: &str) -> Cow<'_, str> {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || "_-./:+".contains(letter);
    if !text.is_empty() && text.chars().all(bare) {
        return Cow::Borrowed(text);
    }
    let mut token = String::from("'");
    for letter in text.chars() {
        match letter {
            '\n' => token.push_str("\\n"),
            '\r' => token.push_str("\\r"),
            '\t' => token.push_str("\\t"),
            '\\' | '\'' | '"' | '%' => token.extend(['\\', letter]),
            _ => token.push(letter),
        }
    }
    token.push('\'');
    Cow::Owned(token)
}

/// A word, a quoted text, or a mark.
#[derive(Debug, PartialEq)]
enum Token<'a> {
    Bare(&'a str),
    Quoted(Cow<'a, str>),
    Comma,
    Open,
    Close,
}

/// The tokens of one line, up to a comment.
fn tokens(line: &str) -> Result<Vec<Token<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '%' => break,
            ',' => (Token::Comma, 1),
            '{' => (Token::Open, 1),
            '}' => (Token::Close, 1),
            '\'' | '"' => {
                let (text, length) = quote(&rest[1..], first).ok_or("a quote is not closed")?;
                (Token::Quoted(text), length + 1)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || ",{}%".contains(c)).unwrap_or(rest.len());
                (Token::Bare(&rest[..end]), end)
            }
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// The text up to the closing `mark`, and how many bytes it took with the mark.
fn quote(rest: &str, mark: char) -> Option<(Cow<'_, str>, usize)> {
    let plain = rest.find(['\\', mark])?;
    if rest[plain..].starts_with(mark) {
        return Some((Cow::Borrowed(&rest[..plain]), plain + 1));
    }
    let mut text = rest[..plain].to_owned();
    let mut letters = rest[plain..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => text.push(match letters.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }),
            letter if letter == mark => return Some((Cow::Owned(text), plain + at + 1)),
            letter => text.push(letter),
        }
    }
    None
}

/// Reads line by line.
pub(super) fn read(source: impl Read, roles: &Roles) -> Result<Table, TableError> {
    let mut lines = Lines { source: BufReader::new(source), bytes: Vec::new(), number: 0 };
    let mut names = Vec::new();
    let mut columns = Vec::new();
    loop {
        let Some((line, text)) = lines.next()? else { return Err(TableError::Empty("@data line")) };
        let (keyword, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        match keyword.to_ascii_lowercase().as_str() {
            "@relation" => {}
            "@data" => break,
            "@attribute" => {
                let (name, column) = attribute(rest, line)?;
                names.push(name);
                columns.push(column);
            }
            _ => {
                let reason = "@relation, @attribute or @data is expected before the data".to_owned();
                return Err(TableError::Line { line, reason });
            }
        }
    }
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    let (class, group) = find_roles(&borrowed, roles)?;
    for role in [Some(class), group].into_iter().flatten() {
        if matches!(columns[role], Column::Numbers(_)) {
            columns[role] = Column::Names(Names::default());
        }
    }
    while let Some((line, text)) = lines.next()? {
        let cells = cells(text, line)?;
        if cells.len() != columns.len() {
            return Err(TableError::Ragged { line, found: cells.len(), expected: columns.len() });
        }
        for (at, (column, cell)) in columns.iter_mut().zip(cells).enumerate() {
            let name = || names[at].clone();
            match (column, cell) {
                (_, None) if at == class || Some(at) == group => {
                    return Err(TableError::Missing { line, column: name() });
                }
                (Column::Numbers(values), None) => values.push(f64::NAN),
                (Column::Numbers(values), Some(cell)) => match cell.parse::<f64>() {
                    Ok(value) if !value.is_infinite() => values.push(value),
                    _ => return Err(TableError::Number { line, column: name(), value: cell.into_owned() }),
                },
                (Column::Names(values), cell) => {
                    if !values.push(cell.as_deref()) {
                        let value = cell.unwrap_or_default().into_owned();
                        return Err(TableError::Undeclared { line, column: name(), value });
                    }
                }
            }
        }
    }
    assemble(names, columns, class, group)
}

/// `name type` of an `@attribute` line.
fn attribute(rest: &str, line: u64) -> Result<(String, Column), TableError> {
    let refuse = |reason: &str| TableError::Line { line, reason: reason.to_owned() };
    let tokens = tokens(rest).map_err(|reason| refuse(&reason))?;
    let mut tokens = tokens.into_iter();
    let name = match tokens.next() {
        Some(Token::Bare(name)) => name.to_owned(),
        Some(Token::Quoted(name)) => name.into_owned(),
        _ => return Err(refuse("the attribute has no name")),
    };
    let column = match tokens.next() {
        Some(Token::Open) => {
            let mut values = Vec::new();
            loop {
                match tokens.next() {
                    Some(Token::Bare(value)) => values.push(value.to_owned()),
                    Some(Token::Quoted(value)) => values.push(value.into_owned()),
                    Some(Token::Comma) => {}
                    Some(Token::Close) => break,
                    Some(Token::Open) | None => return Err(refuse("the list of values is not closed")),
                }
            }
            let names = Names::declared(values);
            if names.index.len() < names.values.len() {
                return Err(refuse("a value is listed twice"));
            }
            Column::Names(names)
        }
        Some(Token::Bare(kind)) => match kind.to_ascii_lowercase().as_str() {
            "numeric" | "real" | "integer" => Column::Numbers(Vec::new()),
            "string" => Column::Names(Names::default()),
            "date" => {
                let hint = "turn dates into numbers first";
                return Err(TableError::Unsupported { line, what: "date attributes", hint });
            }
            "relational" => {
                let hint = "flatten the table first";
                return Err(TableError::Unsupported { line, what: "relational attributes", hint });
            }
            _ => return Err(refuse("the type is none of numeric, real, integer, string, {values}")),
        },
        _ => return Err(refuse("the attribute has no type")),
    };
    Ok((name, column))
}

/// The values of a data line; values are parted by commas or spaces, and nothing between two commas is missing.
fn cells(text: &str, line: u64) -> Result<Vec<Option<Cow<'_, str>>>, TableError> {
    let mut cells = Vec::new();
    let mut expected = true;
    for token in tokens(text).map_err(|reason| TableError::Line { line, reason })? {
        match token {
            Token::Bare(value) => cells.push((value != "?").then_some(Cow::Borrowed(value))),
            Token::Quoted(value) => cells.push(Some(value)),
            Token::Comma => {
                if expected {
                    cells.push(None);
                }
                expected = true;
                continue;
            }
            Token::Open if cells.is_empty() => {
                let hint = "convert the table with Weka's SparseToNonSparse filter";
                return Err(TableError::Unsupported { line, what: "sparse rows", hint });
            }
            Token::Open | Token::Close => {
                let hint = "remove the weight in braces at the end of the line";
                return Err(TableError::Unsupported { line, what: "instance weights", hint });
            }
        }
        expected = false;
    }
    if expected {
        cells.push(None);
    }
    Ok(cells)
}

/// Lines that are neither empty nor comments, trimmed, with their numbers from 1.
struct Lines<R> {
    source: BufReader<R>,
    bytes: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> Result<Option<(u64, &str)>, TableError> {
        loop {
            self.bytes.clear();
            if self.source.read_until(b'\n', &mut self.bytes).map_err(TableError::Read)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.bytes.starts_with("\u{feff}".as_bytes()) {
                self.bytes.drain(..3);
            }
            // Comments of old files are often Latin-1; what is in them does not matter.
            let bare = self.bytes.trim_ascii_start();
            if !bare.is_empty() && bare[0] != b'%' {
                break;
            }
        }
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(Some((self.number, text.trim()))),
            Err(_) => Err(TableError::Line { line: self.number, reason: "it is not UTF-8 text".to_owned() }),
        }
    }
}
