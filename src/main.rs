//! The `tranship` binary: arguments in, exit code out.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A compile makes and drops hundreds of thousands of small things on several threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    tranship::cli::main(std::env::args_os()).into()
}
