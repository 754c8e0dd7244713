//! Wires the watcher: source, model, follower and what is said, until the source ends or a signal comes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use common::failure::Failure;
use common::sample::PodName;
use common::shutdown::Shutdown;
use common::sources::Timed;
use common::sources::recording::{Recording, replay};
use common::telemetry;
use common::time::Time;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::assess::{Follower, Saying, What};
use crate::model_cell::{self, Loaded};
use crate::say::{self, VerdictFile};
use crate::score::Score;
use crate::settings::Settings;

/// Events on their way from the source: a second's worth of a thousand pods.
const EVENTS: usize = 1024;

/// Runs the watcher to its end.
pub async fn main(
    line: impl IntoIterator<Item = OsString>,
    env: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), Failure> {
    let settings = Settings::read(line, env)?;
    telemetry::init(&settings.log).context("cannot begin to log")?;
    let shutdown = Shutdown::signals().context("cannot listen to signals")?;
    run(settings, shutdown).await
}

async fn run(settings: Settings, mut shutdown: Shutdown) -> Result<(), Failure> {
    let Settings { log: _, recording: dir, speed, model, classes, namespaces, timeout, verdicts, unused_watch_rate } =
        settings;
    if let Some(rate) = unused_watch_rate {
        info!("{} is not used any more: pods are watched, not polled", rate.name());
    }
    let loaded = model_cell::load(&model, classes.as_ref()).map_err(|error| {
        // Two lists that differ are a matter of settings; a file that is no model is not.
        if error.downcast_ref::<model_cell::OtherClasses>().is_some() {
            Failure::Settings(format!("{error:#}"))
        } else {
            Failure::Work(error)
        }
    })?;
    say_model(&loaded);
    let class_names = loaded.judge.model().classes().to_vec();
    let (cell, current) = watch::channel(Arc::new(loaded));
    let mut following = tokio::spawn(model_cell::follow(model, classes, cell));

    let recording = Recording::open(&dir).context("cannot watch the recording")?;
    let mut score = Score::open(&dir)?;
    let mut file = VerdictFile::create(verdicts.as_deref())?;
    let mut follower =
        Follower::new(namespaces, recording.images().clone(), i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
    let mut span = Span::default();
    let begun = Instant::now();
    info!(recording = %dir.display(), "Start watching pods");
    let (sender, mut events) = mpsc::channel(EVENTS);
    let replaying = tokio::task::spawn_blocking(move || replay(recording, speed, &sender));

    let mut batch: Vec<Timed> = Vec::with_capacity(EVENTS);
    loop {
        tokio::select! {
            () = shutdown.recv() => break,
            ended = &mut following => {
                let why = ended.err().map_or_else(String::new, |error| error.to_string());
                return Err(Failure::Work(anyhow::anyhow!("the model is not followed any more: {why}")));
            }
            received = events.recv_many(&mut batch, EVENTS) => if received == 0 { break },
        }
        let loaded = Arc::clone(&current.borrow());
        for event in batch.drain(..) {
            span.note(event.time);
            for saying in follower.on(&loaded.judge, event) {
                say::log(&saying);
                file.write(&saying)?;
                span.pod(&saying);
                if let Some(score) = &mut score {
                    score.note(&saying);
                }
            }
        }
    }
    drop(events);
    following.abort();
    let recording = replaying.await.context("the replay ended unexpectedly")?;
    recording.log_losses(&dir);
    span.log(begun, shutdown.is_set());
    if let Some(score) = score.filter(|_| !shutdown.is_set()) {
        std::io::stdout().write_all(score.table(&class_names).as_bytes()).context("cannot write to standard output")?;
    }
    Ok(())
}

fn say_model(loaded: &Loaded) {
    let model = loaded.judge.model();
    let classes = model.classes().join(",");
    let trained = Time::from_millis(model.facts().trained_at);
    let pods: u32 = model.facts().pods.iter().sum();
    info!(%classes, %trained, pods, fingerprint = %loaded.fingerprint, "loaded the model");
}

/// How much of a recording was watched.
#[derive(Default)]
struct Span {
    first: Option<Time>,
    last: Time,
    since: HashMap<PodName, Time>,
    pods: usize,
    pod_seconds: f64,
}

impl Span {
    fn note(&mut self, time: Time) {
        self.first.get_or_insert(time);
        self.last = time;
    }

    fn pod(&mut self, saying: &Saying) {
        match saying.what {
            What::Recognized => {
                self.pods += 1;
                self.since.insert(saying.pod.clone(), saying.time);
            }
            What::Deleted => {
                let since = self.since.remove(&saying.pod);
                self.pod_seconds += since.map_or(0.0, |since| saying.time.seconds_since(since));
            }
            _ => {}
        }
    }

    fn log(&self, begun: Instant, cut_short: bool) {
        let Some(first) = self.first else {
            warn!("the recording holds no event");
            return;
        };
        let open: f64 = self.since.values().map(|since| self.last.seconds_since(*since)).sum();
        let pod_minutes = (self.pod_seconds + open) / 60.0;
        let seconds = begun.elapsed().as_secs_f64();
        let minutes = format!("{:.1}", self.last.seconds_since(first) / 60.0);
        let per_second = (pod_minutes / seconds).round();
        info!(
            minutes,
            pods = self.pods,
            pod_minutes = pod_minutes.round(),
            seconds = format!("{seconds:.2}"),
            pod_minutes_per_second = per_second,
            "{}",
            if cut_short { "stopped watching the recording" } else { "watched the recording to its end" }
        );
    }
}
