//! The settings of both programs: one table, three sources, typed and validated sections.
//!
//! Owns every name, default and range, and the precedence flag > environment > file > default.
//! Does not parse what has a home of its own: class lists, label sources and feature lists (the
//! core's `labels` and `features`) and cron expressions (the collector's `schedule`) leave as
//! [`Given`] text, which can still say where it came from.
//!
//! ```text
//!  flags ──────┐
//!  environment ┼─> sources ─> Lookup ─> sections (Kubernetes, MetricsSource, LogSettings, ...)
//!  TOML file ──┘      ^
//!                   table ─> flags(), table_markdown()
//! ```
//!
//! Nothing here reads the process environment by itself: `main` hands over
//! [`std::env::vars_os`], tests hand over a list.

mod error;
mod file;
mod flags;
mod lookup;
mod sections;
mod sources;
mod table;
mod values;

pub use error::{Origin, SettingsError};
pub use flags::{flags, given};
pub use lookup::{Given, Lookup};
pub use sections::{Collecting, Influx, Kubernetes, LogSettings, MetricsSource, Training, Watching};
pub use table::{Program, SETTINGS, Setting, name, setting, table_markdown};
pub use values::{Access, HttpUrl, LogFormat, Secret, SourceKind, Speed};
