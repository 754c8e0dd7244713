//! The watcher: follows pods and says which type of service each runs.
//!
//! ```text
//!  source ─> events ─> assess (pure) ─> sayings ─> say: log, verdict file
//!                        ^                    └──> score: right or wrong, where the truth is known
//!  model file ─> model_cell
//! ```

pub mod args;
pub mod assess;
pub mod model_cell;
pub mod run;
pub mod say;
pub mod score;
pub mod settings;
