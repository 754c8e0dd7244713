//! What the collector and the watcher agree on.
//!
//! ```text
//!  sources ─> samples ─> windows ─> features ─┬─> train ─> model ──────────┐        collector: on a schedule
//!                                             └─> type ─> anomaly ─> fault ─┴─> verdict ─> report, event, action     watcher: on each new pod
//! ```
//!
//! The pure core stands first, in the order of the data flow; it does no input or output and reads no clock. What touches
//! the outside world is behind the feature `io`.

pub mod unit;

pub mod time;

pub mod sample;

pub mod pod;

pub mod reading;

pub mod telegraf;

pub mod window;

pub mod features;

pub mod labels;

pub mod dataset;

pub mod tree;

pub mod ballot;

pub mod evaluation;

pub mod model;

pub mod verdict;

#[cfg(feature = "io")]
pub mod settings;

#[cfg(feature = "io")]
pub mod sources;

#[cfg(feature = "io")]
pub mod telemetry;

#[cfg(feature = "io")]
pub mod shutdown;

#[cfg(feature = "io")]
pub mod failure;
