//! How the program is linked.
//!
//! In: the target, `benches/function_order.txt`, and where to write what the linker put where. Out: arguments of the linker.
//! Invariant: what the program does is the same without them; it only has more pages in memory.

#![allow(clippy::disallowed_methods, reason = "a build script is told its target in the environment")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The functions that a compile runs, in groups: patterns of their symbols. `benches/run order` writes it.
const FUNCTION_ORDER: &str = "benches/function_order.txt";

/// The variable with the path of a file that the linker writes: what it put where. `benches/run order` reads it.
const LINK_MAP: &str = "TRANSHIP_LINK_MAP";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={FUNCTION_ORDER}");
    println!("cargo:rerun-if-env-changed={LINK_MAP}");
    if !(is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu")) {
        return;
    }
    // A program at a fixed address needs no relocation: with the AWS SDK there are 56,000, in pages that each start of the
    // program would write to before it does anything.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    // One library less to load: of it, only a backtrace needs a part.
    if let Some(unwinder) = static_unwinder().filter(|_| is_for_this_machine() && is_linked_as_usual()) {
        for argument in ["-Wl,--whole-archive", &unwinder, "-Wl,--no-whole-archive"] {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
    if let Ok(path) = env::var(LINK_MAP) {
        println!("cargo:rustc-link-arg-bins=-Wl,-Map={path}");
    }
    // Linux maps sixteen pages around each one that is used: the functions that run are next to each other.
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("PROFILE", "release") && is_linked_as_usual() {
        match linker_script() {
            // Not behind `-Wl,`, which would part a path with a comma in it.
            Some(script) => println!("cargo:rustc-link-arg-bins=-T{script}"),
            None => println!(
                "cargo:warning={FUNCTION_ORDER} cannot be used; the program is larger in memory for it"
            ),
        }
    }
}

fn is(variable: &str, value: &str) -> bool {
    env::var(variable).is_ok_and(|found| found == value)
}

/// Whether Rust's own linker or GNU's is used: not every other one reads a script.
fn is_linked_as_usual() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    env::var_os("RUSTC_LINKER").is_none()
        && !["linker", "link-arg", "link-self"].iter().any(|it| flags.contains(it))
}

/// Whether the C compiler of this machine has libraries of the target.
fn is_for_this_machine() -> bool {
    env::var_os("HOST") == env::var_os("TARGET")
}

/// The archive that GCC has beside the shared library for unwinding, where there is one.
fn static_unwinder() -> Option<String> {
    let found = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let path = String::from_utf8(found.stdout).ok()?.trim().to_owned();
    // What is not found is printed as it was asked for.
    Path::new(&path).is_absolute().then_some(path)
}

/// A script that puts the functions into a section of their own before all others, group by group, and the same for what they look
/// up: constants, and the tables of places that a `match` goes to, which have the function's name.
fn linker_script() -> Option<String> {
    let order = fs::read_to_string(FUNCTION_ORDER).ok()?;
    let lines = order.lines().filter(|line| !line.starts_with('#'));
    let patterns: Vec<&str> = lines.collect();
    let groups: Vec<&[&str]> =
        patterns.split(|line| line.is_empty()).filter(|group| !group.is_empty()).collect();
    // A function that the compiler takes for a rare one, as all that grow a list are, has a section of another name, and so has
    // one of C that runs at the start or the end.
    let functions = first_section(".text", &["", "unlikely.", "startup.", "exit."], &groups);
    let tables = first_section(".rodata", &["", "unlikely."], &groups);
    let path = Path::new(&env::var_os("OUT_DIR")?).join("function_order.ld");
    fs::write(&path, functions + &tables).ok()?;
    path.to_str().map(str::to_owned)
}

/// The statement that puts what belongs to functions before the rest of a section.
fn first_section(section: &str, kinds: &[&str], groups: &[&[&str]]) -> String {
    // Several functions of one name have numbers behind it.
    let names = |pattern: &&str| -> String {
        kinds.iter().map(|kind| format!(" {section}.{kind}{pattern} {section}.{kind}{pattern}.*")).collect()
    };
    let groups: String = groups
        .iter()
        .map(|group| format!("    *({} )\n", group.iter().map(names).collect::<String>()))
        .collect();
    format!("SECTIONS {{\n  {section}.first : {{\n{groups}  }}\n}} INSERT BEFORE {section};\n")
}
