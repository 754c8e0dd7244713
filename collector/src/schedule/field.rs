//! One field of a cron expression: `*`, `?`, numbers, names, ranges, lists and steps, read into
//! the set of numbers that it means. Weekdays count as in Unix: 0 and 7 are Sunday.

use std::collections::BTreeSet;
use std::fmt;

/// Which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    Weekday,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::Weekday => "weekday",
        }
    }

    pub(super) fn allowed(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "0-59, * and lists, ranges and steps of them",
            Self::Hour => "0-23, * and lists, ranges and steps of them",
            Self::DayOfMonth => "1-31, *, ? and lists, ranges and steps of them",
            Self::Month => "1-12, JAN-DEC, * and lists, ranges and steps of them",
            Self::Weekday => "0-7 (0 and 7 are Sunday), SUN-SAT, *, ? and lists, ranges and steps of them",
        }
    }

    fn least(self) -> u32 {
        match self {
            Self::DayOfMonth | Self::Month => 1,
            _ => 0,
        }
    }

    /// The last number of `*`.
    fn last(self) -> u32 {
        match self {
            Self::Second | Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::Weekday => 6,
        }
    }

    /// The greatest number that may be written.
    fn greatest(self) -> u32 {
        match self {
            Self::Weekday => 7,
            _ => self.last(),
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::Weekday => &WEEKDAYS,
            _ => &[],
        }
    }

    fn number(self, text: &str) -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(index) = self.names().iter().position(|name| *name == lower) {
            return Ok(self.least() + index as u32);
        }
        let range = self.least()..=self.greatest();
        match digits(text) {
            Some(number) if range.contains(&number) => Ok(number),
            Some(_) => Err(format!("{text} is out of range")),
            None => Err(format!("`{text}` is not a number or name")),
        }
    }
}

fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// The numbers that a field means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    kind: Kind,
    numbers: BTreeSet<u32>,
    /// Whether it says more than `*`. `*/2` does, as in the `CronJob`s of Kubernetes.
    restricted: bool,
}

impl Field {
    pub(super) fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        let mut numbers = BTreeSet::new();
        let mut restricted = true;
        for entry in text.split(',') {
            let (span, step) = match entry.split_once('/') {
                Some((span, step)) => (span, Some(step_of(step)?)),
                None => (entry, None),
            };
            let any = span == "*" || span == "?";
            let (first, last) = span_of(kind, span, step.is_some())?;
            let step = step.unwrap_or(1);
            restricted &= !(any && step == 1);
            // A step beyond the span leaves its first number.
            numbers.extend((first..=last).step_by(step));
        }
        if kind == Kind::Weekday && numbers.remove(&7) {
            numbers.insert(0);
        }
        Ok(Self { kind, numbers, restricted })
    }

    fn any(kind: Kind) -> Self {
        Self { kind, numbers: (kind.least()..=kind.last()).collect(), restricted: false }
    }
}

fn step_of(text: &str) -> Result<usize, String> {
    match digits(text) {
        Some(step) if step > 0 => Ok(step as usize),
        _ => Err(format!("the step `{text}` is not a number above 0")),
    }
}

fn span_of(kind: Kind, text: &str, stepped: bool) -> Result<(u32, u32), String> {
    let question_mark = matches!(kind, Kind::DayOfMonth | Kind::Weekday);
    if text == "*" || (text == "?" && question_mark) {
        return Ok((kind.least(), kind.last()));
    }
    if let Some((first, last)) = text.split_once('-') {
        let (first, mut last) = (kind.number(first)?, kind.number(last)?);
        // `fri-sun`: at the end of a range Sunday is the seventh day.
        if kind == Kind::Weekday && text.to_ascii_lowercase().ends_with("-sun") {
            last = 7;
        }
        return if first <= last { Ok((first, last)) } else { Err(format!("the range {text} runs backwards")) };
    }
    let number = kind.number(text)?;
    // `5/10` is `5-59/10`, as in Quartz and Spring.
    let last = if stepped { kind.last().max(number) } else { number };
    Ok((number, last))
}

/// As the `cron` crate reads it: plain numbers, weekdays from 1 = Sunday.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.restricted {
            return f.write_str("*");
        }
        let shift = u32::from(self.kind == Kind::Weekday);
        let numbers: Vec<_> = self.numbers.iter().map(|n| (n + shift).to_string()).collect();
        f.write_str(&numbers.join(","))
    }
}

/// A pair of day fields that must both match.
pub(super) struct Days {
    pub(super) of_month: Field,
    pub(super) of_week: Field,
}

impl Days {
    /// Unix: where both fields are restricted, a day needs to match only one of them.
    pub(super) fn either(of_month: &Field, of_week: &Field) -> Vec<Self> {
        let pair = |of_month: &Field, of_week: &Field| Self { of_month: of_month.clone(), of_week: of_week.clone() };
        if of_month.restricted && of_week.restricted {
            vec![pair(of_month, &Field::any(Kind::Weekday)), pair(&Field::any(Kind::DayOfMonth), of_week)]
        } else {
            vec![pair(of_month, of_week)]
        }
    }
}
