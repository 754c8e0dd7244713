//! Whole-program tests: the real binaries, on recordings, from the outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail them by panicking")]

mod collector;
mod damage;
mod reload;
mod schedule;
mod settings;
mod watcher;
