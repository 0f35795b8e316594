//! The order of the rooms, held by reading the code: imports go one way, files stay short, nothing
//! prints outside the command line, and the compile path sees no SDK.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms of the same crate a room may import, leaves first. Between crates the compiler holds the order.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("secrets", &[]),
    ("source", &["secrets"]),
    ("world", &[]),
    ("diagnostic", &["secrets", "source"]),
    ("yaml", &["diagnostic", "source"]),
    ("compose", &["yaml", "diagnostic", "secrets", "source", "world"]),
    ("container", &[]),
    ("project_files", &[]),
    ("patches", &[]),
    ("ecs", &["container", "patches", "project_files"]),
    ("fargate", &["container", "ecs"]),
    ("ecs_ec2", &["container", "ecs"]),
    ("beanstalk", &["container", "patches", "project_files"]),
    ("registry", &[]),
    ("compile", &["registry"]),
    ("pipeline", &["compile"]),
    ("operation", &[]),
    ("deploy", &["compile", "operation"]),
    ("publish", &["deploy"]),
    ("cli", &["publish", "deploy", "operation", "pipeline", "compile", "registry"]),
];

/// Which crates of the workspace a crate may depend on, leaves first.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("src/frontend", &[]),
    ("src/cloudformation", &[]),
    ("src/artifact", &[]),
    ("src/facts", &[]),
    ("src/images", &[]),
    ("src/app", &["facts", "frontend", "images"]),
    ("targets", &["app", "artifact", "cloudformation", "facts", "frontend", "images"]),
];

/// The words that the field knows as they stand. Every other type has a name of two words or more, which a search finds.
const WORDS_THAT_STAND_ALONE: &[&str] = &[
    "Application",
    "Artifact",
    "At",
    "Claim",
    "Compilation",
    "Diagnostic",
    "Diagnostics",
    "Disposition",
    "Ledger",
    "Manifest",
    "Mapping",
    "Node",
    "Origin",
    "Provenance",
    "Resource",
    "Severity",
    "Shell",
    "Sources",
    "Span",
    "Target",
    "Template",
    "Text",
    "Verbosity",
    "World",
];

/// Lines of code a file may have, its tests not counted.
const LONGEST_FILE: usize = 600;

/// One source file of the product.
struct File {
    path: PathBuf,
    room: String,
    /// Without its test module.
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn files() -> Vec<File> {
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    walk(&root().join("targets"), &mut paths);
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| {
            !path.ends_with("build.rs")
                && !path.ends_with("tests.rs")
                && !path.iter().any(|part| part == "tests")
        })
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("").to_owned();
            let relative = path.strip_prefix(root()).unwrap().to_owned();
            let parts: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
            let room = match parts[..] {
                ["src", "frontend", room, _, ..] | ["src", room, _, ..] | [room, _, ..] if room != "src" => {
                    room
                }
                _ => relative.file_stem().unwrap().to_str().unwrap(),
            };
            File { room: room.to_owned(), path: relative.clone(), code }
        })
        .collect()
}

/// The code without its comment lines.
fn uncommented(code: &str) -> String {
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a file names: every `crate::room`, in groups too.
fn imports(code: &str) -> BTreeSet<String> {
    let code = uncommented(code);
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let rest = &code[at + 7..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = group.split('}').next().unwrap_or("");
                found.extend(group.split(',').map(|path| word(path.trim())).filter(|name| !name.is_empty()));
            }
            None => {
                found.insert(word(rest));
            }
        }
    }
    found
}

/// The identifier that a text starts with.
fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn imports_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in files() {
        let Some(may) = allowed.get(file.room.as_str()) else { continue };
        for import in imports(&file.code).iter().filter(|import| allowed.contains_key(import.as_str())) {
            if *import != file.room && !may.contains(&import.as_str()) {
                wrong.push(format!("{}: `{}` must not import `{import}`", file.path.display(), file.room));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
}

#[test]
fn the_compose_tree_is_read_in_its_own_rooms_alone() {
    let readers = ["src/app/document", "src/app/settings", "src/frontend", "src/cli", "src/deploy"];
    // What numbers, claims and accounts for nodes sees them without reading them.
    let keepers = [
        "src/app/at.rs",
        "src/app/compose_tree.rs",
        "src/app/text.rs",
        "src/app/ledger.rs",
        "src/app/support.rs",
    ];
    let reads = [".root.", "as_mapping()", "as_sequence()", ".at(&["];
    let mut wrong = Vec::new();
    for file in files() {
        let path = file.path.to_str().unwrap();
        let is_reader = readers.iter().chain(&keepers).any(|room| path.starts_with(room));
        if (path.starts_with("src/app") && !is_reader) || path.starts_with("targets") {
            let code = uncommented(&file.code);
            let found = reads.iter().filter(|call| code.contains(*call));
            wrong.extend(found.map(|call| format!("{path}: `{call}`")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join(", "));
}

#[test]
fn crates_depend_one_way() {
    for (crate_folder, may) in MAY_DEPEND {
        let manifest = fs::read_to_string(root().join(crate_folder).join("Cargo.toml")).unwrap();
        let named = manifest.lines().filter_map(|line| line.strip_prefix("tranship-"));
        let dependencies: BTreeSet<&str> = named.filter_map(|line| line.split(['.', ' ']).next()).collect();
        assert_eq!(dependencies, may.iter().copied().collect(), "{crate_folder}");
    }
}

#[test]
fn the_table_of_rooms_has_no_cycle() {
    let order: Vec<&str> = MAY_IMPORT.iter().map(|(room, _)| *room).collect();
    for (index, (room, may)) in MAY_IMPORT.iter().enumerate() {
        for import in *may {
            let at = order.iter().position(|name| name == import).unwrap();
            assert!(at < index, "`{room}` may import `{import}`, which stands after it");
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    let mut wrong = Vec::new();
    for file in files() {
        if !file.code.starts_with("//!") {
            wrong.push(format!("{}: does not open with `//!`", file.path.display()));
        }
        let lines = file.code.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines", file.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files that `mod` lines of a file lead to, whether they are there or not.
fn modules(path: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(path).unwrap();
    let folder = match path.file_stem().unwrap().to_str().unwrap() {
        "mod" | "lib" | "main" => path.parent().unwrap().to_owned(),
        stem => path.parent().unwrap().join(stem),
    };
    // A macro may make modules of a list, a line each.
    let listed = text.contains("mod $");
    let names = text.lines().map(str::trim).filter_map(|line| match line.strip_suffix(';') {
        Some(line) => line.rsplit_once("mod ").map(|(_, name)| name),
        None => line.strip_suffix(',').filter(|_| listed),
    });
    names.flat_map(|name| [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")]).collect()
}

#[test]
fn every_file_is_part_of_the_house() {
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    walk(&root().join("targets"), &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let libraries = MAY_DEPEND.iter().map(|(folder, _)| root().join(folder).join("lib.rs"));
    let roots = ["src/lib.rs", "src/main.rs", "targets/build.rs"].map(|path| root().join(path));
    let roots = roots.into_iter().chain(libraries);
    let known: BTreeSet<PathBuf> = paths.iter().flat_map(|path| modules(path)).chain(roots).collect();
    let strays: Vec<_> = paths.iter().filter(|path| !known.contains(*path)).collect();
    assert!(strays.is_empty(), "no module has {strays:?}");
}

/// The type that a line defines.
fn defined_type(line: &str) -> Option<String> {
    let item = line.trim_start();
    let item = match item.strip_prefix("pub(") {
        Some(restricted) => restricted.split_once(") ")?.1,
        None => item.strip_prefix("pub ").unwrap_or(item),
    };
    let (keyword, rest) = item.split_once(' ')?;
    let defines = ["struct", "enum", "trait", "type", "union"].contains(&keyword);
    Some(word(rest)).filter(|name| defines && name.starts_with(char::is_uppercase))
}

/// The types that a file defines. What an implementation assigns to the types of a trait is no definition.
fn defined_types(code: &str) -> Vec<String> {
    let mut implements = false;
    let mut found = Vec::new();
    for line in code.lines() {
        if !line.starts_with([' ', '{', '}']) && line != "where" {
            implements = line.starts_with("impl");
        }
        found.extend(defined_type(line).filter(|_| !implements));
    }
    found
}

#[test]
fn a_type_is_found_by_its_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files() {
        for name in defined_types(&file.code) {
            places.entry(name).or_default().push(file.path.display().to_string());
        }
    }
    assert!(places.len() > 500, "only {} types were read", places.len());
    let mut wrong = Vec::new();
    for (name, places) in &places {
        let words = name.chars().filter(|letter| letter.is_uppercase()).count();
        if words < 2 && !WORDS_THAT_STAND_ALONE.contains(&name.as_str()) {
            wrong.push(format!("`{name}` is one word: {places:?}"));
        }
        if places.len() > 1 {
            wrong.push(format!("`{name}` is defined twice: {places:?}"));
        }
    }
    for word in WORDS_THAT_STAND_ALONE.iter().filter(|word| !places.contains_key(**word)) {
        wrong.push(format!("no type is named `{word}`"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints_and_only_deploy_sees_the_sdk() {
    let mut wrong = Vec::new();
    for file in files() {
        let code = uncommented(&file.code);
        let prints = ["println!", "print!(", "eprintln!", "eprint!(", "io::stdout", "io::stderr"];
        if file.room != "cli" && prints.iter().any(|word| code.contains(word)) {
            wrong.push(format!("{}: prints", file.path.display()));
        }
        let sdk = ["aws_sdk_", "aws_config", "aws_smithy", "tokio::"];
        let may = ["deploy", "publish"].contains(&file.room.as_str()) || file.path.starts_with("src/cli");
        if !may && sdk.iter().any(|word| code.contains(word)) {
            wrong.push(format!("{}: sees the SDK", file.path.display()));
        }
        if file.room != "deploy" && ["HashMap", "HashSet"].iter().any(|word| code.contains(word)) {
            wrong.push(format!("{}: uses a collection without order", file.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_artifacts_are_made_for_aws() {
    let mut paths = Vec::new();
    for folder in ["src", "targets", "ebextensions"] {
        let folder = root().join(folder);
        if folder.is_dir() {
            walk(&folder, &mut paths);
        }
    }
    assert!(!paths.is_empty());
    for path in paths {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let text = text.to_lowercase();
        for word in ["ministack", "localstack", "fakecloud", "moto_server", "ignore_checks"] {
            assert!(!text.contains(word), "{}: names {word}", path.display());
        }
    }
}

/// Paths between backticks, up to the first part that stands for something.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    let rooms = ["src/", "targets/", "tests/", "docs/", "fixtures/", "ebextensions/", "benches/"];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(move |path| rooms.iter().any(|room| path.starts_with(room)) && !path.contains(' '))
        .map(|path| path.split(['<', '*', '{']).next().unwrap_or(path))
}

#[test]
fn the_guides_name_what_exists() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for guide in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/benchmarks.md",
        "docs/deploying.md",
        "docs/files.md",
        "docs/images.md",
        "docs/jobs.md",
        "docs/networking.md",
        "docs/secrets.md",
    ] {
        let text = fs::read_to_string(root().join(guide)).unwrap();
        for path in named_paths(&text) {
            seen += 1;
            if !root().join(path).exists() {
                wrong.push(format!("{guide}: there is no {path}"));
            }
        }
    }
    assert!(seen > 20, "only {seen} paths were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
