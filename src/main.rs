//! The `tranship` binary: arguments in, exit code out.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A compile makes and drops hundreds of thousands of small things: with the system's allocator, thousands of services take more
/// than their share of time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    tranship::cli::main(std::env::args_os()).into()
}
