//! Points in time: Unix milliseconds, read from and written as RFC 3339. The only user of `jiff`.

use std::fmt;

use jiff::Timestamp;

/// A point in time in Unix milliseconds, between the years -9999 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

impl Time {
    /// The latest time that can be written; later ones are cut to it.
    const MAX: i64 = 253_402_207_200_000;

    /// From Unix milliseconds.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(-Self::MAX, Self::MAX))
    }

    /// From Unix nanoseconds, as line protocol has them.
    pub fn from_nanos(nanos: i64) -> Self {
        Self(nanos.div_euclid(1_000_000))
    }

    /// From RFC 3339 text such as `2026-11-20T23:32:36.263Z`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(|time| Self(time.as_millisecond()))
    }

    /// The wall clock.
    #[cfg(feature = "io")]
    pub fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// Unix milliseconds.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to this time, negative where this one is before it.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 1000.0
    }

    /// This time moved by `millis`.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn text_survives_the_round_trip() {
        for text in ["2026-11-20T23:32:36.263Z", "1970-01-01T00:00:00.000Z"] {
            assert_eq!(Time::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Time::parse("2026-11-20T23:32:36Z").unwrap().to_string(), "2026-11-20T23:32:36.000Z");
        assert_eq!(Time::parse("yesterday"), None);
    }

    #[test]
    fn every_number_is_a_time_that_can_be_written() {
        for millis in [i64::MIN, -1, 0, i64::MAX] {
            assert!(Time::from_millis(millis).to_string().ends_with('Z'), "{millis}");
        }
        assert_eq!(Time::from_nanos(1_500_000).millis(), 1);
    }
}
