//! The `tranship` binary.
fn main() {}
