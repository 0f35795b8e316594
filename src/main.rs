//! The `tranship` binary: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    tranship::cli::main(std::env::args_os()).into()
}
