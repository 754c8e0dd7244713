//! Where results go: standard output and the files that were asked for. Files appear whole or not at all.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use common::dataset::Dataset;
use common::model::file::to_base64;
use tracing::info;

use crate::args::Results;
use crate::plots;
use crate::report::Report;
use crate::settings::Pass;
use crate::table::{self, Format};

/// Name and namespace of the ConfigMap that the watcher mounts, and the key of the model in it.
const CONFIGMAP: (&str, &str, &str) = ("serialized-model", "anomaly-detection", "model");

/// Writes the training set to the files that `pass` names.
pub fn training_set(pass: &Pass, data: &Dataset) -> anyhow::Result<()> {
    for (path, format) in [(&pass.arff, Format::Arff), (&pass.csv, Format::Csv)] {
        let Some(path) = path else { continue };
        whole_file(path, |out| table::write(data, format, out).map_err(Into::into))?;
        info!(file = %path.display(), rows = data.rows(), "wrote the training set");
    }
    Ok(())
}

/// Writes the report as JSON and plots, where asked for.
pub fn report(results: &Results, report: &Report) -> anyhow::Result<()> {
    if let Some(path) = &results.report {
        let json = report.json()?;
        whole_file(path, |out| Ok(out.write_all(json.as_bytes())?))?;
        info!(file = %path.display(), "wrote the report");
    }
    if let Some(dir) = &results.plots {
        for path in plots::write(dir, report)? {
            info!(file = %path.display(), "drew a plot");
        }
    }
    Ok(())
}

/// Writes the model's file where asked for, and prints: the ConfigMap alone, or the report with the model last.
pub fn model(pass: &Pass, report: &Report, model: &[u8]) -> anyhow::Result<()> {
    if let Some(path) = &pass.output {
        whole_file(path, |out| Ok(out.write_all(model)?))?;
        info!(file = %path.display(), bytes = model.len(), "wrote the model");
    }
    let text = report.text();
    if pass.configmap {
        std::io::stderr().write_all(text.as_bytes()).context("cannot write to standard error")?;
        return print(&configmap(model));
    }
    let mut text = text;
    writeln!(text, "\nModel, base64 ({} bytes):\n{}", model.len(), to_base64(model))?;
    print(&text)
}

/// Prints to standard output. A reader that has gone away is no error of ours to hide: it is said.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// The ConfigMap with the model, ready for `kubectl apply -f -`.
fn configmap(model: &[u8]) -> String {
    let (name, namespace, key) = CONFIGMAP;
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\nbinaryData:\n  {key}: {}\n",
        to_base64(model)
    )
}

/// Writes a file beside `path` and moves it there, so that nobody ever reads half of it.
fn whole_file(path: &Path, write: impl FnOnce(&mut BufWriter<fs::File>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut name = path.file_name().with_context(|| format!("{} names no file", path.display()))?.to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let all = || -> anyhow::Result<()> {
        let mut out = BufWriter::new(fs::File::create(&part)?);
        write(&mut out)?;
        out.into_inner()?.sync_all()?;
        Ok(fs::rename(&part, path)?)
    };
    all().with_context(|| format!("cannot write {}", path.display()))
}
