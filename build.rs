//! How the program is linked.

#[allow(clippy::disallowed_methods, reason = "a build script is told its target in the environment")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(name).unwrap_or_default();
    // A program at a fixed address needs no relocation: with the AWS SDK there are 56,000, in pages that each start of the
    // program would write to before it does anything.
    if target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
