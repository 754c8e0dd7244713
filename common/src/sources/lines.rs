//! Lines of a recording's files: read in constant memory, and InfluxDB's line protocol into readings.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use influxdb_line_protocol::{FieldValue, parse_lines};

use crate::reading::Reading;
use crate::telegraf;
use crate::time::Time;

/// A longer line is skipped and counted; a pod object is at most 1.5 MiB.
const LONGEST_LINE: u64 = 4 << 20;

/// Lines of a file, zstd-compressed or plain, that were read, used and left out. Nothing in a line is fatal.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Lines read.
    pub lines: u64,
    /// Lines of no use here: other measurements, other events.
    pub unused: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// The first of those: its number, from 1, and what is wrong with it.
    pub first_bad: Option<(u64, String)>,
    /// Why the file ended early, where it did.
    pub cut: Option<String>,
}

impl Counts {
    fn bad(&mut self, what: impl Into<String>) {
        self.bad += 1;
        if self.first_bad.is_none() {
            self.first_bad = Some((self.lines, what.into()));
        }
    }
}

/// What can be wrong with a file as a whole.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {path}")]
pub struct OpenError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// A file read line by line.
pub struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    /// What was read so far.
    pub counts: Counts,
}

impl Lines {
    /// Opens `dir/name.zst`, or `dir/name` where that is not there.
    pub fn open(dir: &Path, name: &str) -> Result<Self, OpenError> {
        let packed = dir.join(format!("{name}.zst"));
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError { path, source }
        };
        let reader: Box<dyn Read + Send> = match File::open(&packed) {
            Ok(file) => Box::new(zstd::Decoder::new(file).map_err(fail(&packed))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let plain = dir.join(name);
                Box::new(File::open(&plain).map_err(|_| OpenError { path: packed, source: error })?)
            }
            Err(error) => return Err(OpenError { path: packed, source: error }),
        };
        Ok(Self::new(reader))
    }

    fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, reader), line: Vec::new(), counts: Counts::default() }
    }

    /// Hands every line to `read` until it gives a value. `read` answers `Ok(None)` for a line of no use and `Err` for a
    /// bad one; both are counted. `None` at the end, which is also where the file cannot be read on.
    pub fn next_by<T>(&mut self, mut read: impl FnMut(&str) -> Result<Option<T>, String>) -> Option<T> {
        loop {
            self.line.clear();
            match (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    self.counts.cut = Some(error.to_string());
                    return None;
                }
            }
            self.counts.lines += 1;
            if self.line.len() as u64 == LONGEST_LINE && self.line.last() != Some(&b'\n') {
                self.counts.bad(format!("the line is longer than {LONGEST_LINE} bytes"));
                if let Err(error) = self.reader.skip_until(b'\n') {
                    self.counts.cut = Some(error.to_string());
                    return None;
                }
                continue;
            }
            let Ok(text) = std::str::from_utf8(&self.line) else {
                self.counts.bad("the line is not UTF-8");
                continue;
            };
            match read(text.trim_end_matches(['\n', '\r'])) {
                Ok(Some(value)) => return Some(value),
                Ok(None) => self.counts.unused += 1,
                Err(what) => self.counts.bad(what),
            }
        }
    }
}

/// Reads a line of InfluxDB's line protocol; `Ok(None)` for a comment, an empty line or a point of no use here.
pub fn parse_point(line: &str) -> Result<Option<Reading>, String> {
    let Some(parsed) = parse_lines(line).next() else { return Ok(None) };
    let point = parsed.map_err(|error| error.to_string())?;
    let nanos = point.timestamp.ok_or("the point has no time")?;
    let tags = point.series.tag_set.as_deref().unwrap_or_default();
    let tag = |name: &str| tags.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value.as_str());
    let fields = point.field_set.iter().filter_map(|(name, value)| {
        let value = match value {
            FieldValue::I64(value) => *value as f64,
            FieldValue::U64(value) => *value as f64,
            FieldValue::F64(value) => *value,
            FieldValue::String(_) | FieldValue::Boolean(_) => return None,
        };
        Some((name.as_str(), value))
    });
    Ok(telegraf::reading(point.series.measurement.as_str(), tag, fields, Time::from_nanos(nanos)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::Metric;

    const LINE: &str = r#"kubernetes_pod_container,container_name=app,namespace=shop,pod_name=web-1 memory_rss_bytes=5i,cpu_usage_nanocores=1.5,id="a b,c=d" 1795217560000000000"#;

    #[test]
    fn a_point_of_telegraf_is_read() {
        let reading = parse_point(LINE).unwrap().unwrap();
        assert_eq!(reading.pod.to_string(), "shop/web-1");
        assert!((reading.values.get(Metric::CpuUsage) - 1.5).abs() < 1e-12);
        assert_eq!(reading.time.millis(), 1_795_217_560_000);
    }

    #[test]
    fn a_line_cut_anywhere_is_an_error_or_of_no_use_but_never_another_pod() {
        for at in 0..LINE.len() {
            if let Ok(Some(reading)) = parse_point(&LINE[..at]) {
                // Cut within the digits of the time: the point is whole, but its time is wrong, which no parser can know.
                assert_eq!(reading.pod.to_string(), "shop/web-1");
                assert!(at > LINE.rfind(' ').unwrap(), "{at}");
            }
        }
    }

    fn lines(bytes: &[u8]) -> Lines {
        Lines::new(Box::new(io::Cursor::new(bytes.to_vec())))
    }

    #[test]
    fn bad_lines_are_counted_and_the_first_is_named() {
        let mut lines = lines(format!("{LINE}\nnonsense\n\n\u{0}\ncpu v=1 1\n{LINE}").as_bytes());
        assert!(lines.next_by(parse_point).is_some());
        assert!(lines.next_by(parse_point).is_some());
        assert!(lines.next_by(parse_point).is_none());
        let counts = &lines.counts;
        assert_eq!((counts.lines, counts.bad, counts.unused), (6, 2, 2), "{counts:?}");
        assert_eq!(counts.first_bad.as_ref().map(|(line, _)| *line), Some(2));
    }

    #[test]
    fn a_line_without_end_costs_no_memory() {
        let mut long = vec![b'x'; LONGEST_LINE as usize * 2 + 10];
        long.extend_from_slice(b"\n");
        long.extend_from_slice(LINE.as_bytes());
        let mut lines = lines(&long);
        assert!(lines.next_by(parse_point).is_some());
        assert_eq!((lines.counts.lines, lines.counts.bad), (2, 1));
        assert!(lines.line.capacity() <= 2 * LONGEST_LINE as usize);
    }

    fn escaped(text: &str) -> String {
        text.chars().flat_map(|c| matches!(c, ',' | '=' | ' ').then_some('\\').into_iter().chain([c])).collect()
    }

    proptest! {
        #[test]
        fn names_survive_the_escapes_of_line_protocol(pod in "[a-z0-9 ,=\"é-]{1,20}", value in 0_i64..i64::MAX, nanos in 0_i64..i64::MAX) {
            let line = format!("kubernetes_pod_network,namespace=shop,pod_name={} rx_bytes={value}i {nanos}", escaped(&pod));
            let reading = parse_point(&line).unwrap().unwrap();
            prop_assert_eq!(&*reading.pod.name, pod.as_str());
            prop_assert!((reading.values.get(Metric::RxBytes) - value as f64).abs() < 1e-9);
            prop_assert_eq!(reading.time, Time::from_nanos(nanos));
        }

        #[test]
        fn no_line_is_fatal(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut lines = lines(&bytes);
            while lines.next_by(parse_point).is_some() {}
        }

        #[test]
        fn no_damage_to_a_line_is_fatal(at in 0..LINE.len(), byte in any::<u8>()) {
            let mut bytes = LINE.as_bytes().to_vec();
            bytes[at] = byte;
            let mut lines = lines(&bytes);
            while lines.next_by(parse_point).is_some() {}
        }
    }
}
