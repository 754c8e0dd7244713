//! Says what the watcher finds: in the log, in the original's words, and as lines of a verdict file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use tracing::{info, warn};

use crate::assess::{Saying, What};
use common::labels::UNKNOWN;
use common::time::Time;

/// One line of the verdict file.
#[derive(Debug, Serialize)]
struct VerdictLine<'a> {
    time: Time,
    namespace: &'a str,
    pod: &'a str,
    uid: &'a str,
    container: &'a str,
    #[serde(rename = "type")]
    pod_type: &'a str,
    confidence: f64,
    samples: usize,
    settled: bool,
}

/// Where verdicts are written beside the log.
pub struct VerdictFile(Option<BufWriter<File>>);

impl VerdictFile {
    /// Begins a new file, or none.
    pub fn create(path: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            File::create(path)
                .map(BufWriter::new)
                .with_context(|| format!("cannot write verdicts to {}", path.display()))
        };
        Ok(Self(path.map(open).transpose()?))
    }

    /// Writes a line where the saying is a verdict; whole lines reach the file at once.
    pub fn write(&mut self, saying: &Saying) -> anyhow::Result<()> {
        let (Some(file), What::Classified { container, verdict, .. }) = (&mut self.0, &saying.what) else {
            return Ok(());
        };
        let line = VerdictLine {
            time: saying.time,
            namespace: &saying.pod.namespace,
            pod: &saying.pod.name,
            uid: &saying.uid,
            container,
            pod_type: &verdict.pod_type,
            confidence: (verdict.confidence * 1e4).round() / 1e4,
            samples: verdict.samples,
            settled: verdict.settled,
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        file.write_all(&text).and_then(|()| file.flush()).context("cannot write to the verdict file")
    }
}

/// Says it in the log.
pub fn log(saying: &Saying) {
    let pod = &saying.pod.name;
    let namespace = &*saying.pod.namespace;
    match &saying.what {
        What::Recognized => info!(namespace, "Recognized Pod {pod}"),
        What::Running { container } => info!(namespace, container = &**container, "Thread {pod} running"),
        What::Classified { container, verdict, millis } => {
            let confidence = (verdict.confidence * 100.0).round() / 100.0;
            let (samples, settled) = (verdict.samples, verdict.settled);
            let said = match &*verdict.pod_type {
                UNKNOWN => format!("{pod} is of unknown type, no class of the model is probable enough"),
                pod_type => format!("{pod} got classified by the model as {pod_type}"),
            };
            info!(namespace, container = &**container, confidence, samples, milliseconds = millis, settled, "{said}");
        }
        What::Finished { container } => info!(namespace, container = &**container, "Thread {pod} finished"),
        What::TimedOut { container, millis } => warn!(
            namespace,
            container = &**container,
            "Timeout for {pod} cant classify as we cannot fetch Metrics in the Time Interval of {millis} Milliseconds"
        ),
        What::Deleted => info!(namespace, "Pod {pod} is deleted"),
    }
}
