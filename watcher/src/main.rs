//! The watcher's entry: hands arguments and environment over, and ends with the exit code.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let result = watcher::run::main(std::env::args_os(), std::env::vars_os()).await;
    common::failure::exit_code("watcher", result)
}
