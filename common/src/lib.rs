//! What the collector and the watcher agree on.
//!
//! ```text
//!  sources ─> samples ─> windows ─> features ─┬─> train ─> model ──────────┐        collector: on a schedule
//!                                             └─> type ─> anomaly ─> fault ─┴─> verdict ─> report, event, action     watcher: on each new pod
//! ```

pub mod dataset;
pub mod tree;
pub mod unit;
