//! When training passes start: at a fixed rate, or by a cron expression in UTC.
//!
//! Pure: tells the next start, somebody else sleeps. Every field of an expression is read here and
//! handed to the `cron` crate as plain numbers; the crate only searches the calendar. Left alone
//! it wants seconds, counts weekdays from 1 = Sunday, demands that the day of the month AND the
//! weekday match, and explains mistakes with a bare caret.

mod field;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::time::Time;

use field::{Days, Field, Kind};

/// When passes start.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// At a fixed rate from the first pass on.
    Every(Duration),
    /// By a cron expression.
    Cron(Cron),
}

impl Schedule {
    /// Reads a cron expression: five fields (minute, hour, day of month, month, weekday) or six
    /// with seconds first.
    pub fn parse(expression: &str) -> Result<Self, ScheduleError> {
        expression.parse().map(Self::Cron)
    }

    /// The first start of a program that came up at `now`: at once at a fixed rate, else the next
    /// time that matches.
    pub fn first_run(&self, now: Time) -> Option<Time> {
        match self {
            Self::Every(_) => Some(now),
            Self::Cron(cron) => cron.after(now),
        }
    }

    /// The next start after `now`, where the first was at `first`; `None` when there is none any
    /// more (cron expressions end with the year 2100).
    ///
    /// A pass that takes longer than the interval skips the starts it missed; they never pile up.
    pub fn next_run(&self, first: Time, now: Time) -> Option<Time> {
        match self {
            Self::Every(interval) => {
                let interval = i64::try_from(interval.as_millis()).ok()?.max(1);
                let passed = now.millis().saturating_sub(first.millis());
                if passed < 0 {
                    return Some(first);
                }
                let since_last = passed % interval;
                Some(now.plus_millis(interval - since_last))
            }
            Self::Cron(cron) => cron.after(now),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(interval) => write!(f, "every {} ms", interval.as_millis()),
            Self::Cron(cron) => write!(f, "at {} (UTC)", cron.expression),
        }
    }
}

/// A cron expression that fires at least once.
#[derive(Debug, Clone)]
pub struct Cron {
    expression: String,
    /// Two when the day of the month and the weekday are both restricted: either may match.
    either: Vec<cron::Schedule>,
}

/// An expression that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Neither five nor six fields.
    #[error(
        "`{expression}` has {found} fields; allowed: 5 (minute hour day-of-month month weekday) or 6 (with seconds first)"
    )]
    Fields {
        /// The expression.
        expression: String,
        /// How many fields it has.
        found: usize,
    },
    /// A field that does not hold up.
    #[error("`{expression}`: {field} `{text}`: {reason}; allowed: {allowed}")]
    Field {
        /// The expression.
        expression: String,
        /// Which field.
        field: &'static str,
        /// Its text.
        text: String,
        /// What is wrong with it.
        reason: String,
        /// What the field takes.
        allowed: &'static str,
    },
    /// No date ever matches, such as 30 February.
    #[error("`{expression}` never fires; allowed: an expression that matches some date")]
    Never {
        /// The expression.
        expression: String,
    },
    /// The calendar refuses what the fields allow: a mistake of this program.
    #[error("`{expression}` cannot be scheduled: {reason}")]
    Calendar {
        /// The expression.
        expression: String,
        /// The calendar's words.
        reason: String,
    },
}

impl FromStr for Cron {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let texts: Vec<&str> = text.split_whitespace().collect();
        let expression = texts.join(" ");
        let (seconds, rest) = match texts.as_slice() {
            [minute, rest @ ..] if rest.len() == 4 => ("0", [&[*minute], rest].concat()),
            [seconds, rest @ ..] if rest.len() == 5 => (*seconds, rest.to_vec()),
            _ => {
                return Err(ScheduleError::Fields { expression, found: texts.len() });
            }
        };
        let read = |kind: Kind, text: &str| {
            Field::parse(kind, text).map_err(|reason| ScheduleError::Field {
                expression: expression.clone(),
                field: kind.name(),
                text: text.to_owned(),
                reason,
                allowed: kind.allowed(),
            })
        };
        let seconds = read(Kind::Second, seconds)?;
        let minutes = read(Kind::Minute, rest[0])?;
        let hours = read(Kind::Hour, rest[1])?;
        let days = read(Kind::DayOfMonth, rest[2])?;
        let months = read(Kind::Month, rest[3])?;
        let weekdays = read(Kind::Weekday, rest[4])?;
        let either = Days::either(&days, &weekdays)
            .into_iter()
            .map(|Days { of_month, of_week }| {
                format!("{seconds} {minutes} {hours} {of_month} {months} {of_week}").parse::<cron::Schedule>().map_err(
                    |error| ScheduleError::Calendar { expression: expression.clone(), reason: error.to_string() },
                )
            })
            .collect::<Result<_, _>>()?;
        let cron = Self { expression, either };
        // The calendar repeats within 28 years, so a date that comes at all comes after 1970.
        if cron.after(Time::from_millis(0)).is_none() {
            return Err(ScheduleError::Never { expression: cron.expression });
        }
        Ok(cron)
    }
}

impl Cron {
    fn after(&self, now: Time) -> Option<Time> {
        let now = DateTime::<Utc>::from_timestamp_millis(now.millis())?;
        self.either
            .iter()
            .filter_map(|schedule| schedule.after(&now).next())
            .min()
            .map(|next| Time::from_millis(next.timestamp_millis()))
    }
}

#[cfg(test)]
mod tests;
