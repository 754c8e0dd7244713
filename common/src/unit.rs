//! Units of features, and numbers written for people.

/// The unit of a feature or metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A plain number or ratio.
    None,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// A number of events a second.
    PerSecond,
    /// CPU cores (1 = one core fully used).
    Cores,
    /// 1e-9 of a core, as the kubelet reports it.
    Nanocores,
    /// Seconds.
    Seconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Bytes,
        Self::BytesPerSecond,
        Self::PerSecond,
        Self::Cores,
        Self::Nanocores,
        Self::Seconds,
        Self::Nanoseconds,
    ];

    /// Its symbol, as it stands in the model file.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Bytes => "B",
            Self::BytesPerSecond => "B/s",
            Self::PerSecond => "1/s",
            Self::Cores => "cores",
            Self::Nanocores => "ncores",
            Self::Seconds => "s",
            Self::Nanoseconds => "ns",
        }
    }

    /// The unit with this symbol.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.symbol() == symbol)
    }

    /// `value` for people: `4.1 MiB`, `12 ms`, `0.02 cores`; a missing value is `missing`.
    pub fn show(self, value: f64) -> String {
        if value.is_nan() {
            return "missing".to_owned();
        }
        match self {
            Self::None => short(value),
            Self::Bytes => bytes(value),
            Self::BytesPerSecond => format!("{}/s", bytes(value)),
            Self::PerSecond => format!("{}/s", short(value)),
            Self::Cores => cores(value),
            Self::Nanocores => cores(value / 1e9),
            Self::Seconds => seconds(value),
            Self::Nanoseconds => seconds(value / 1e9),
        }
    }
}

/// Three significant digits, without an exponent where it can be read without one.
fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e6).contains(&size) {
        format!("{value:.2e}")
    } else {
        let digits = (2 - size.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

fn bytes(value: f64) -> String {
    const STEPS: [(f64, &str); 5] =
        [(1_099_511_627_776.0, "TiB"), (1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1024.0, "KiB"), (0.0, "B")];
    let (size, name) = STEPS.into_iter().find(|(size, _)| value.abs() >= *size).unwrap_or((0.0, "B"));
    format!("{} {name}", short(if size == 0.0 { value } else { value / size }))
}

fn cores(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.1 {
        format!("{} mcores", short(value * 1e3))
    } else {
        format!("{} cores", short(value))
    }
}

fn seconds(value: f64) -> String {
    match value.abs() {
        v if v == 0.0 || v >= 1.0 => format!("{} s", short(value)),
        v if v >= 1e-3 => format!("{} ms", short(value * 1e3)),
        v if v >= 1e-6 => format!("{} µs", short(value * 1e6)),
        _ => format!("{} ns", short(value * 1e9)),
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn values_are_written_for_people() {
        assert_eq!(Unit::Bytes.show(4.3e6), "4.1 MiB");
        assert_eq!(Unit::Bytes.show(12.0), "12 B");
        assert_eq!(Unit::Bytes.show(-2048.0), "-2 KiB");
        assert_eq!(Unit::BytesPerSecond.show(1536.0), "1.5 KiB/s");
        assert_eq!(Unit::Nanocores.show(12_300_000.0), "12.3 mcores");
        assert_eq!(Unit::Cores.show(1.5), "1.5 cores");
        assert_eq!(Unit::Seconds.show(0.012), "12 ms");
        assert_eq!(Unit::None.show(0.333_33), "0.333");
        assert_eq!(Unit::None.show(1234.5), "1234");
        assert_eq!(Unit::None.show(f64::NAN), "missing");
    }

    #[test]
    fn every_symbol_names_one_unit() {
        for unit in Unit::ALL {
            assert_eq!(Unit::from_symbol(unit.symbol()), Some(unit));
        }
    }
}
