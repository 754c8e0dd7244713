//! A recording of a real cluster as a source: pod events and samples in time order, in constant memory, on its own clock.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, Pod as KubePod};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::lines::{Counts, Lines, OpenError, parse_point};
use super::objects::{image_sizes, pod_event};
use super::{Event, Timed};
use crate::pod::{ImageSizes, PodEvent};
use crate::reading::{Joiner, Reading};
use crate::sample::{ContainerName, Sample};
use crate::settings::Speed;
use crate::time::Time;

/// What can be wrong with a recording as a whole.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// `nodes.json` is not a list of nodes.
    #[error("{path} is not a list of nodes: {reason}")]
    Nodes {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// One line of `pods.jsonl`.
#[derive(Deserialize)]
struct PodLine {
    time: String,
    #[serde(rename = "type")]
    kind: String,
    object: KubePod,
}

/// `nodes.json`: a list as the API server gives it (`NodeList`) or as kubectl prints it (`List`).
#[derive(Deserialize)]
struct Nodes {
    items: Vec<Node>,
}

/// A recording that is being read.
pub struct Recording {
    metrics: Lines,
    pods: Lines,
    joiner: Joiner,
    next_reading: Option<Reading>,
    next_pod: Option<(Time, PodEvent)>,
    ready: std::vec::IntoIter<(ContainerName, Sample)>,
    clock: Time,
    finished: bool,
    images: ImageSizes,
}

impl Recording {
    /// Opens the recording in `dir`: `metrics.lp.zst` and `pods.jsonl.zst` (or without `.zst`), and `nodes.json` if it is
    /// there.
    pub fn open(dir: &Path) -> Result<Self, RecordingError> {
        let mut metrics = Lines::open(dir, "metrics.lp")?;
        let mut pods = Lines::open(dir, "pods.jsonl")?;
        let next_reading = metrics.next_by(parse_point);
        let next_pod = pods.next_by(parse_pod);
        let path = dir.join("nodes.json");
        let images = match std::fs::read(&path) {
            Ok(json) => serde_json::from_slice::<Nodes>(&json)
                .map(|nodes| image_sizes(&nodes.items))
                .map_err(|error| RecordingError::Nodes { path, reason: error.to_string() })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => ImageSizes::default(),
            Err(source) => return Err(OpenError { path, source }.into()),
        };
        Ok(Self {
            metrics,
            pods,
            joiner: Joiner::default(),
            next_reading,
            next_pod,
            ready: Vec::new().into_iter(),
            clock: Time::from_millis(i64::MIN),
            finished: false,
            images,
        })
    }

    /// Sizes of the images on the recorded nodes.
    pub fn images(&self) -> &ImageSizes {
        &self.images
    }

    /// What was read, used and left out so far: metrics, pod events.
    pub fn counts(&self) -> (&Counts, &Counts) {
        (&self.metrics.counts, &self.pods.counts)
    }

    /// Says in the log what could not be read, once per file.
    pub fn log_losses(&self, dir: &Path) {
        for (file, counts) in [("metrics.lp", &self.metrics.counts), ("pods.jsonl", &self.pods.counts)] {
            let recording = dir.display();
            if let Some((line, reason)) = &counts.first_bad {
                let (bad, lines) = (counts.bad, counts.lines);
                tracing::warn!(%recording, file, bad, lines, line, %reason, "skipped lines that cannot be read");
            }
            if let Some(reason) = &counts.cut {
                tracing::warn!(%recording, file, lines = counts.lines, %reason, "the file ends early");
            }
        }
    }

    fn timed(&mut self, time: Time, event: Event) -> Timed {
        // Points arrive late now and then; the clock does not run backwards for them.
        self.clock = self.clock.max(time);
        Timed { time: self.clock, event }
    }
}

impl Iterator for Recording {
    type Item = Timed;

    fn next(&mut self) -> Option<Timed> {
        loop {
            if let Some((name, sample)) = self.ready.next() {
                let now = self.joiner.now();
                return Some(self.timed(now, Event::Sample(name, sample)));
            }
            let pod_is_next = match (&self.next_pod, &self.next_reading) {
                (Some((pod, _)), Some(reading)) => *pod <= reading.time.max(self.joiner.now()),
                (Some(_), None) => true,
                (None, _) => false,
            };
            if pod_is_next && let Some((time, event)) = self.next_pod.take() {
                self.next_pod = self.pods.next_by(parse_pod);
                return Some(self.timed(time, Event::Pod(event)));
            }
            if let Some(reading) = self.next_reading.take() {
                self.next_reading = self.metrics.next_by(parse_point);
                self.joiner.push(reading);
                self.ready = self.joiner.take_ready().into_iter();
            } else if !self.finished {
                self.finished = true;
                self.ready = self.joiner.finish().into_iter();
            } else {
                return None;
            }
        }
    }
}

fn parse_pod(line: &str) -> Result<Option<(Time, PodEvent)>, String> {
    if line.is_empty() {
        return Ok(None);
    }
    let line: PodLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let time = Time::parse(&line.time).ok_or_else(|| format!("`{}` is not a time", line.time.escape_debug()))?;
    let event = pod_event(&line.kind, &line.object).map_err(|error| error.to_string())?;
    Ok(event.map(|event| (time, event)))
}

/// Sends a recording's events at `speed` until its end or until nobody listens; blocks the thread. Gives the recording
/// back for its counts.
pub fn replay(mut recording: Recording, speed: Speed, events: &mpsc::Sender<Timed>) -> Recording {
    let begun = Instant::now();
    let mut first = None;
    while let Some(event) = recording.next() {
        if let Speed::Factor(factor) = speed {
            let seconds = event.time.seconds_since(*first.get_or_insert(event.time)) / factor;
            let due = begun + Duration::try_from_secs_f64(seconds).unwrap_or_default();
            // In steps, so that a listener that is gone is noticed during a long silence.
            while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                if events.is_closed() {
                    return recording;
                }
                std::thread::sleep(left.min(Duration::from_millis(200)));
            }
        }
        if events.blocking_send(event).is_err() {
            break;
        }
    }
    recording
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, metrics: &str, pods: &str) {
        std::fs::write(dir.join("metrics.lp"), metrics).unwrap();
        std::fs::write(dir.join("pods.jsonl"), pods).unwrap();
    }

    fn container(seconds: i64) -> String {
        format!(
            "kubernetes_pod_container,container_name=app,namespace=s,pod_name=p memory_rss_bytes=5i {seconds}000000000\n"
        )
    }

    fn added(seconds: i64) -> String {
        let time = Time::from_millis(seconds * 1000);
        format!(
            r#"{{"time":"{time}","type":"ADDED","object":{{"metadata":{{"namespace":"s","name":"p","uid":"u"}}}}}}"#
        ) + "\n"
    }

    #[test]
    fn pods_and_samples_come_in_time_order() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &(container(10) + &container(20) + &container(30)), &(added(5) + &added(15) + &added(40)));
        let events: Vec<(i64, bool)> = Recording::open(dir.path())
            .unwrap()
            .map(|timed| (timed.time.millis() / 1000, matches!(timed.event, Event::Pod(_))))
            .collect();
        // The first sample waits for the end of the first pass; then it is known that this source has nothing else.
        assert_eq!(events, [(5, true), (15, true), (20, false), (20, false), (30, false), (40, true)]);
    }

    #[test]
    fn a_damaged_line_is_skipped_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &(container(10) + "kubernetes_pod_container,cont\n"), &(added(5) + "{\"time\": 7\n"));
        let mut recording = Recording::open(dir.path()).unwrap();
        assert_eq!(recording.by_ref().count(), 2);
        assert_eq!((recording.counts().0.bad, recording.counts().1.bad), (1, 1));
    }

    #[test]
    fn a_missing_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = Recording::open(dir.path()).err().unwrap().to_string();
        assert!(error.contains("metrics.lp.zst"), "{error}");
    }
}
