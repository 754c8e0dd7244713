//! How right the verdicts on a recording were: against its `truth.csv`, as a table per type.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use comfy_table::{CellAlignment, Table, presets};
use serde::Deserialize;

use crate::assess::{Saying, What};
use common::labels::UNKNOWN;

/// A line of `truth.csv`; other columns are left alone.
#[derive(Debug, Deserialize)]
struct Truth {
    uid: String,
    container: String,
    #[serde(rename = "type")]
    pod_type: String,
}

/// What was said of one container.
#[derive(Debug, Default)]
struct Answer {
    pod_type: Option<Arc<str>>,
    first_seconds: Option<f64>,
    settled_seconds: Option<f64>,
}

/// Truth and answers by container.
#[derive(Debug, Default)]
pub struct Score {
    truth: HashMap<(String, String), String>,
    answers: HashMap<(Arc<str>, Arc<str>), Answer>,
}

/// Counts of one type, or of all.
#[derive(Debug, Default, Clone)]
struct Tally {
    right: usize,
    wrong: usize,
    unknown: usize,
    without: usize,
    first: Vec<f64>,
    settled: Vec<f64>,
}

impl Score {
    /// Reads `dir/truth.csv`; `None` where a recording has none.
    pub fn open(dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = dir.join("truth.csv");
        if !path.exists() {
            return Ok(None);
        }
        let mut reader = csv::Reader::from_path(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut truth = HashMap::new();
        for row in reader.deserialize::<Truth>() {
            let row = row.with_context(|| format!("cannot read {}", path.display()))?;
            truth.insert((row.uid, row.container), row.pod_type);
        }
        Ok(Some(Self { truth, answers: HashMap::new() }))
    }

    /// Takes note of what is said.
    pub fn note(&mut self, saying: &Saying) {
        let What::Classified { container, verdict, millis } = &saying.what else { return };
        let answer = self.answers.entry((Arc::clone(&saying.uid), Arc::clone(container))).or_default();
        let seconds = *millis as f64 / 1000.0;
        answer.pod_type = Some(Arc::clone(&verdict.pod_type));
        answer.first_seconds.get_or_insert(seconds);
        if verdict.settled {
            answer.settled_seconds = Some(seconds);
        }
    }

    /// The table: a line per type of the truth, those that the model knows first.
    pub fn table(&self, classes: &[String]) -> String {
        let mut types: BTreeMap<(bool, &str), Tally> = BTreeMap::new();
        for ((uid, container), pod_type) in &self.truth {
            let known = classes.iter().any(|class| class == pod_type);
            let tally = types.entry((!known, pod_type)).or_default();
            let answer = self.answers.get(&(uid.as_str().into(), container.as_str().into()));
            match answer.and_then(|answer| answer.pod_type.as_deref()) {
                None => tally.without += 1,
                Some(UNKNOWN) => tally.unknown += 1,
                Some(said) if said == pod_type => tally.right += 1,
                Some(_) => tally.wrong += 1,
            }
            tally.first.extend(answer.and_then(|answer| answer.first_seconds));
            tally.settled.extend(answer.and_then(|answer| answer.settled_seconds));
        }
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header([
            "type",
            "right",
            "wrong",
            "unknown",
            "no metrics",
            "right of answered",
            "s to first",
            "s to settled",
        ]);
        for unseen in [false, true] {
            let of_kind: Vec<_> = types.iter().filter(|((other, _), _)| *other == unseen).collect();
            if of_kind.is_empty() {
                continue;
            }
            let mut all = Tally::default();
            for ((_, name), tally) in &of_kind {
                table.add_row(tally.row(name, unseen));
                all.add(tally);
            }
            table.add_row(all.row(if unseen { "not in the model" } else { "all in the model" }, unseen));
        }
        for column in 1..8 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!(
            "{table}\nright of answered: of the containers with a verdict; a type that is not in the model is right when it \
             is called unknown.\ns to ...: median seconds of recorded time from the container running to its first and to \
             its settled verdict.\n"
        )
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.unknown += other.unknown;
        self.without += other.without;
        self.first.extend(&other.first);
        self.settled.extend(&other.settled);
    }

    fn row(&self, name: &str, unseen: bool) -> [String; 8] {
        let answered = self.right + self.wrong + self.unknown;
        let good = if unseen { self.unknown } else { self.right };
        let share =
            if answered == 0 { "-".to_owned() } else { format!("{:.1} %", good as f64 * 100.0 / answered as f64) };
        [
            name.to_owned(),
            self.right.to_string(),
            self.wrong.to_string(),
            self.unknown.to_string(),
            self.without.to_string(),
            share,
            median(&self.first),
            median(&self.settled),
        ]
    }
}

/// The upper median, `-` of nothing.
fn median(values: &[f64]) -> String {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).map_or_else(|| "-".to_owned(), |median| format!("{median:.1}"))
}
