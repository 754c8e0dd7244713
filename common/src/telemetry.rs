//! Log lines on standard error (standard output is for results), as text for people or as JSON.
//!
//! What is logged and how comes from [`LogSettings`]. Owns the only use of `tracing-subscriber`.

use std::fmt;
use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::{LogFormat, LogSettings};
use crate::time::Time;

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse; `Lookup::log` lets none such through.
    #[error("wrong log filter")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// Something else logs in this process already.
    #[error("logging is set up already")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Sends what the program logs from now on to standard error.
///
/// Colours appear only on a terminal, and not when `NO_COLOR` is set.
pub fn init(settings: &LogSettings) -> Result<(), TelemetryError> {
    let color = settings.color && std::io::stderr().is_terminal();
    subscriber(settings, color, std::io::stderr)
        .map_err(TelemetryError::Filter)?
        .try_init()
        .map_err(TelemetryError::Twice)
}

/// Whether `filter` parses, as `RUST_LOG` is written.
pub(crate) fn check_filter(filter: &str) -> Result<(), impl fmt::Display + use<>> {
    EnvFilter::builder().parse(filter).map(drop)
}

fn subscriber<W>(
    settings: &LogSettings,
    color: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, tracing_subscriber::filter::ParseError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::builder().parse(&settings.filter)?)
        .with_timer(UtcMillis)
        .with_ansi(color)
        .with_writer(writer);
    Ok(match settings.format {
        LogFormat::Text => Box::new(builder.with_target(false).finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    })
}

/// RFC 3339 in UTC with milliseconds: `2026-11-20T08:15:00.042Z`.
struct UtcMillis;

impl FormatTime for UtcMillis {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", Time::now())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, format: LogFormat, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let settings = LogSettings { filter: filter.to_owned(), format, color: true };
        let subscriber = subscriber(&settings, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_is_time_level_message_then_fields() {
        let text = logged("info", LogFormat::Text, || {
            tracing::info!(confidence = 0.97, samples = 3, "x got classified");
            tracing::debug!("not at this level");
        });
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(Time::parse(time).is_some(), "{time}");
        assert_eq!((time.len(), &time[19..20], &time[23..]), (24, ".", "Z"));
        assert_eq!(rest.trim(), "INFO x got classified confidence=0.97 samples=3");
    }

    #[test]
    fn json_is_one_flat_object_a_line() {
        let text = logged("info", LogFormat::Json, || {
            tracing::warn!(pod = "a", "gone");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!((&line["message"], &line["pod"]), (&"gone".into(), &"a".into()));
        assert_eq!(line["level"], "WARN");
    }

    #[test]
    fn off_logs_nothing() {
        assert_eq!(logged("off", LogFormat::Text, || tracing::error!("x")), "");
    }
}
