//! The model in use: loaded from the mounted file, checked against the class list, loaded again when the file changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use common::labels::ClassList;
use common::model::file;
use common::verdict::Judge;
use tokio::sync::watch;
use tracing::{error, info};

/// How often the file is looked at. The kubelet itself takes up to a minute to bring a changed ConfigMap into a pod.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// More bytes than any encoding of a model has: base64 with line breaks, and some.
const MOST_BYTES: u64 = 2 << 20;

/// A model that is in use, with the fingerprint of its file.
#[derive(Debug)]
pub struct Loaded {
    /// The model, ready to judge.
    pub judge: Judge,
    /// First digits of the SHA-256 of the file.
    pub fingerprint: String,
}

/// The class list that was set is not the model's.
#[derive(Debug, thiserror::Error)]
#[error(
    "data.aggregator.decision.tree.classifier.list is `{list}`, but the model {model} was trained for `{of_model}`; set the \
     same list, or leave it out to take the model's"
)]
pub struct OtherClasses {
    list: String,
    model: String,
    of_model: String,
}

/// Loads the model at `path` and holds it to the class list, if one is set.
pub fn load(path: &Path, classes: Option<&ClassList>) -> anyhow::Result<Loaded> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("cannot read the model {shown}"))?.len();
    if size > MOST_BYTES {
        bail!("the model {shown} has {size} bytes; at most {MOST_BYTES} are allowed");
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read the model {shown}"))?;
    let model = file::decode(&bytes).with_context(|| format!("cannot use the model {shown}"))?;
    if let Some(list) = classes {
        let mut wanted: Vec<&str> = list.names().collect();
        let mut found: Vec<&str> = model.classes().iter().map(String::as_str).collect();
        let (written, of_model) = (wanted.join(","), found.join(","));
        wanted.sort_unstable();
        found.sort_unstable();
        if wanted != found {
            return Err(OtherClasses { list: written, model: shown.to_string(), of_model }.into());
        }
    }
    let judge = Judge::new(model).with_context(|| format!("cannot use the model {shown}"))?;
    Ok(Loaded { judge, fingerprint: file::fingerprint(&bytes) })
}

/// Follows the file for ever: a good new model replaces the old one, a bad one is said and left, once per change.
pub async fn follow(path: PathBuf, classes: Option<ClassList>, cell: watch::Sender<Arc<Loaded>>) {
    let mut seen = stamp(&path);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = stamp(&path);
        if now == seen {
            continue;
        }
        seen = now;
        match load(&path, classes.as_ref()) {
            Ok(new) if new.fingerprint == cell.borrow().fingerprint => {}
            Ok(new) => {
                info!(model = %path.display(), fingerprint = %new.fingerprint, "loaded the changed model");
                cell.send_replace(Arc::new(new));
            }
            Err(reason) => {
                let kept = &cell.borrow().fingerprint;
                error!(reason = %format!("{reason:#}"), %kept, "the changed model is no good, keeping the one in use");
            }
        }
    }
}

/// What tells one state of the file from another. A ConfigMap's file is a link to a folder that is swapped as a whole, so
/// the path behind the links counts, too.
fn stamp(path: &Path) -> Option<(PathBuf, u64, std::time::SystemTime)> {
    let real = path.canonicalize().ok()?;
    let meta = std::fs::metadata(&real).ok()?;
    Some((real, meta.len(), meta.modified().ok()?))
}
