//! The collector: trains a type model on labelled pod metrics, says how good it is, and prints it.
//!
//! ```text
//!  schedule ─> collect ─> train ─> report ─> results: text, JSON, SVG, ConfigMap, model file
//!                 └─> table: ARFF, CSV ─> evaluate
//! ```

pub mod args;
pub mod collect;
pub mod plots;
pub mod report;
pub mod results;
pub mod run;
pub mod schedule;
pub mod settings;
pub mod table;
pub mod train;
