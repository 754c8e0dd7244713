//! The collector's entry: hands arguments and environment over, and ends with the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let result = collector::run::main(std::env::args_os(), std::env::vars_os());
    common::failure::exit_code("collector", result)
}
