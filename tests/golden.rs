//! Goldens: what the compiler must reproduce, byte for byte.
//!
//! A case is a folder of `tests/golden`: `input/` is the project, `command` the arguments, `expected/` the tree it
//! writes (a zip as its list of entries), `stderr` what it says. An application of `fixtures/` is verified against
//! its own `golden/` as its users would do it. `TRANSHIP_BLESS=1` writes what is expected from what is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test may fail loudly")]

use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tranship::artifact::bundle::unzip;
use tranship::artifact::{ArtifactSet, golden};

fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blessing() -> bool {
    std::env::var_os("TRANSHIP_BLESS").is_some()
}

/// The folders of a folder, sorted; none where it does not exist.
fn folders(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(entries) = folder.read_dir_utf8() else { return Vec::new() };
    let mut found: Vec<_> =
        entries.map(|entry| entry.unwrap().into_path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// Runs the binary with nothing of this machine's in its environment.
fn tranship(directory: &Utf8Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tranship"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("HOME", "/nonexistent")
        .output()
        .unwrap()
}

fn copy(from: &Utf8Path, to: &Utf8Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// What a build wrote; a zip as the archive that it is of the tree beside it.
fn written(directory: &Utf8Path) -> ArtifactSet {
    let mut set = golden::read(directory).unwrap();
    let zips: Vec<String> =
        set.iter().map(|(path, _)| path.to_owned()).filter(|path| path.ends_with(".zip")).collect();
    for path in zips {
        let tree = path.trim_end_matches(".zip").to_owned();
        let zip = unzip(&set.remove(&path).unwrap().bytes).unwrap();
        let mut beside = ArtifactSet::new();
        for (file, artifact) in set.iter() {
            if let Some(below) = file.strip_prefix(&format!("{tree}/")) {
                beside.add(below, artifact.clone()).unwrap();
            }
        }
        assert_eq!(zip.entry_list(), beside.entry_list(), "{path}");
        set.pack(&path, &tree).unwrap();
    }
    set
}

/// Writes a set as it is committed.
fn write(set: &ArtifactSet, directory: &Utf8Path) {
    let _ = fs::remove_dir_all(directory);
    for (path, artifact) in set.iter() {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &artifact.bytes).unwrap();
        if artifact.mode == tranship::artifact::FileMode::Executable {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

fn differences(case: &Utf8Path, made: &ArtifactSet) -> Vec<String> {
    let expected = golden::read(&case.join("expected")).unwrap();
    golden::compare(&expected, made).iter().map(|(path, change)| format!("  {path}: {change:?}")).collect()
}

/// Runs one case; says what differs.
fn check(case: &Utf8Path) -> Vec<String> {
    let room = tempfile::tempdir().unwrap();
    let project = Utf8PathBuf::from_path_buf(room.path().join("project")).unwrap();
    copy(&case.join("input"), &project);
    let command = fs::read_to_string(case.join("command")).unwrap();
    let mut arguments: Vec<&str> = command.split_whitespace().collect();
    arguments.extend(["--out", "../out"]);
    let output = tranship(&project, &arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    let said = format!("exit {}\n{said}", output.status.code().unwrap_or(-1));
    let out = Utf8PathBuf::from_path_buf(room.path().join("out")).unwrap();
    let mut set = written(&out);
    // What a pipeline's host wants in the repository itself.
    let host = project.join(".github");
    if host.is_dir() {
        set.nest("repository", golden::read(&host).unwrap()).unwrap();
    }
    let made = golden::committed(&set).unwrap();
    if blessing() {
        write(&made, &case.join("expected"));
        fs::write(case.join("stderr"), said).unwrap();
        return Vec::new();
    }
    let mut found = differences(case, &made);
    let expected = fs::read_to_string(case.join("stderr")).unwrap_or_default();
    if expected != said {
        found.push(format!("  expected:\n{expected}\n  said:\n{said}"));
    }
    found
}

#[test]
fn every_case_compiles_to_what_is_expected() {
    let cases = folders(&root().join("tests/golden"));
    assert!(!cases.is_empty(), "there is no case");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check(case);
                    if !found.is_empty() {
                        let told = format!("{}:\n{}", case.file_name().unwrap(), found.join("\n"));
                        wrong.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{}\n\nTRANSHIP_BLESS=1 writes what is expected; read its diff",
        wrong.join("\n")
    );
}

#[test]
fn every_fixture_verifies() {
    let fixtures = folders(&root().join("fixtures"));
    assert!(!fixtures.is_empty(), "there is no fixture");
    for fixture in fixtures {
        let mut arguments = vec!["verify", "--all"];
        if blessing() {
            arguments.push("--bless");
        }
        let output = tranship(&fixture, &arguments);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{fixture}:\n{said}");
        assert!(!folders(&fixture.join("golden")).is_empty(), "{fixture} has no golden");
    }
}
