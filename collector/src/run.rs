//! Wires the collector: settings, the schedule and its passes, or the evaluation of a table.

use std::ffi::OsString;
use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use common::dataset::Dataset;
use common::evaluation::{evaluate, learning_curve};
use common::failure::Failure;
use common::model::file::{encode, fingerprint};
use common::model::{MAX_SOURCE, Model, TrainingFacts};
use common::shutdown::Shutdown;
use common::sources::recording::Recording;
use common::telemetry;
use common::time::Time;
use tracing::{error, info};

use crate::args::Evaluate;
use crate::collect::{Collected, Collector};
use crate::report::{About, HeldOut, Learned, ModelSize, Report, table_notes};
use crate::results;
use crate::schedule::Schedule;
use crate::settings::{Learning, Pass, Settings, Work};
use crate::table::{self, Format, Roles};

/// Runs the collector to its end. A signal ends it at once, in the middle of a pass too: what a pass writes appears whole
/// or not at all, so a pass that is cut off leaves nothing behind.
pub fn main(
    line: impl IntoIterator<Item = OsString>,
    env: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), Failure> {
    let Settings { log, learning, work } = Settings::read(line, env)?;
    telemetry::init(&log).context("cannot begin to log")?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let mut shutdown = Shutdown::signals().context("cannot listen to signals")?;
        let once = match work {
            Work::Train { schedule: Some(schedule), pass } => {
                return on_schedule(&schedule, &pass, &learning, shutdown).await;
            }
            Work::Train { schedule: None, pass } => {
                unless_asked(&mut shutdown, move || train_once(&pass, &learning)).await
            }
            Work::Evaluate(job) => unless_asked(&mut shutdown, move || evaluate_table(&job, &learning)).await,
        };
        once.unwrap_or_else(|| Err(anyhow!("stopped by a signal before the work was done")))
    });
    // A pass that was cut off still computes on its thread; nobody waits for it.
    runtime.shutdown_background();
    Ok(result?)
}

/// Runs passes one after the other until a signal comes; a pass that fails is said, and the schedule goes on.
async fn on_schedule(
    schedule: &Schedule,
    pass: &Pass,
    learning: &Learning,
    mut shutdown: Shutdown,
) -> anyhow::Result<()> {
    info!(%schedule, "training on schedule");
    let Some(first) = schedule.first_run(Time::now()) else { bail!("the schedule {schedule} never comes due") };
    let mut due = first;
    loop {
        let wait = u64::try_from(due.millis() - Time::now().millis()).unwrap_or(0);
        tokio::select! {
            () = shutdown.recv() => return Ok(()),
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
        }
        let (this, how) = (pass.clone(), learning.clone());
        match unless_asked(&mut shutdown, move || train_once(&this, &how)).await {
            None => return Ok(()),
            Some(Ok(())) => {}
            Some(Err(reason)) => {
                error!(reason = %format!("{reason:#}"), "this training pass failed, the next one comes on schedule");
            }
        }
        // A pass that took longer than the interval makes the ones that came due meanwhile fall away.
        let now = Time::now();
        due = match schedule.next_run(first, now.max(due)) {
            Some(next) => next,
            None => bail!("the schedule {schedule} never comes due again"),
        };
    }
}

/// Does `work` on a thread of its own; `None` when the process is asked to stop first.
async fn unless_asked(
    shutdown: &mut Shutdown,
    work: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
) -> Option<anyhow::Result<()>> {
    tokio::select! {
        () = shutdown.recv() => None,
        done = tokio::task::spawn_blocking(work) => {
            Some(done.context("the pass ended unexpectedly").and_then(std::convert::identity))
        }
    }
}

/// One pass: fetch, label, windows, features, train, evaluate by pod, report, model.
fn train_once(pass: &Pass, learning: &Learning) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut collector = Collector::new(pass.plan.clone());
    for dir in &pass.recordings {
        info!(recording = %dir.display(), "reading");
        let mut recording =
            Recording::open(dir).with_context(|| format!("cannot read the recording {}", dir.display()))?;
        collector.images(recording.images());
        for event in recording.by_ref() {
            collector.on(event);
        }
        recording.log_losses(dir);
    }
    let Collected { data, unlabelled } = collector.finish();
    refuse_unusable(&data, pass)?;
    results::training_set(pass, &data)?;
    let source =
        pass.recordings.iter().map(|dir| format!("recording {}", dir.display())).collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    if unlabelled > 0 {
        notes.push(format!("{unlabelled} containers with metrics belong to no class of the list and were left out"));
    }
    let (report, model) = learn(&data, learning, source, HeldOut::Pods, notes)?;
    let bytes = encode(&model)?;
    let size = ModelSize { bytes: bytes.len(), fingerprint: fingerprint(&bytes) };
    let report = Report { model: Some(size), ..report };
    results::report(&pass.results, &report)?;
    results::model(pass, &report, &bytes)?;
    info!(seconds = format!("{:.1}", begun.elapsed().as_secs_f64()), "the pass is done");
    Ok(())
}

/// `collector evaluate`: the same report over any table.
fn evaluate_table(job: &Evaluate, learning: &Learning) -> anyhow::Result<()> {
    let shown = job.table.display();
    let read = || -> anyhow::Result<_> {
        let format = Format::of(&job.table)?;
        let roles = Roles { class: job.class.clone(), group: job.group.clone() };
        Ok(table::read(File::open(&job.table)?, format, &roles)?)
    };
    let table = read().with_context(|| format!("cannot evaluate {shown}"))?;
    info!(table = %shown, rows = table.data.rows(), "read the table");
    if let [one] = classes_with_rows(&table.data).as_slice() {
        bail!("column {:?} of {shown} holds one class only, {one:?}; a model tells at least two apart", job.class);
    }
    let (held_out, notes) = table_notes(&table);
    let (report, _) = learn(&table.data, learning, format!("table {shown}"), held_out, notes)?;
    results::report(&job.results, &report)?;
    results::print(&report.text())
}

/// Evaluates on held-out groups, then trains on all.
fn learn(
    data: &Dataset,
    learning: &Learning,
    source: String,
    held_out: HeldOut,
    notes: Vec<String>,
) -> anyhow::Result<(Report, Model)> {
    let Learning { trainer, plan, largest } = learning;
    let now = Time::now();
    info!(rows = data.rows(), groups = data.groups.len(), "evaluating");
    let evaluation = evaluate(data, trainer, plan)?;
    info!(largest, "drawing the learning curve");
    let curve = learning_curve(data, trainer, plan, *largest)?;
    let figures =
        [("accuracy", evaluation.confusion.accuracy), ("balanced_accuracy", evaluation.confusion.balanced_accuracy)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
    let rows: Vec<u32> = (0..data.rows() as u32).collect();
    let facts = TrainingFacts {
        trained_at: now.millis(),
        source: short(&source),
        seed: plan.seed,
        figures,
        ..TrainingFacts::default()
    };
    info!("training the model on all rows");
    let model = trainer.train(data, &rows, facts)?;
    let learned = Learned {
        importance: model.facts().importance.clone(),
        tree: model.trees().iter().map(|tree| tree.to_text(model.features(), &data.classes)).collect(),
        model: None,
    };
    let about =
        About { source, time: now.to_string(), seed: plan.seed, engine: trainer.engine.to_string(), held_out, notes };
    Ok((Report::new(about, data, evaluation, curve, learned), model))
}

/// A source's description as a model file can hold it.
fn short(source: &str) -> String {
    source.chars().filter(|c| !c.is_control()).take(MAX_SOURCE / 4).collect()
}

/// The classes that have rows.
fn classes_with_rows(data: &Dataset) -> Vec<&str> {
    let occurs = data.classes_in(0..data.rows() as u32);
    data.classes.iter().zip(occurs).filter(|(_, occurs)| *occurs).map(|(class, _)| class.as_str()).collect()
}

/// What cannot be trained from is said with what to do about it.
fn refuse_unusable(data: &Dataset, pass: &Pass) -> anyhow::Result<()> {
    let list = data.classes.join(",");
    let sources = pass.plan.labels.len();
    match classes_with_rows(data).as_slice() {
        [] => bail!(
            "no samples of any class of the list {list}; start pods whose label podprint.io/type, name or image names a \
             class, wait for their first metrics, or change data.aggregator.decision.tree.classifier.list (label.source \
             names {sources} of 3 label sources)"
        ),
        [one] => bail!(
            "only pods of {one} have samples, and a model tells at least two classes apart; start pods of another class of \
             the list {list}, or add classes to data.aggregator.decision.tree.classifier.list"
        ),
        _ => Ok(()),
    }
}
