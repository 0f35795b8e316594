//! The applications: a folder each, with `compose.yaml` and the files that it names.

use std::fs;
use std::path::{Path, PathBuf};
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, account, delivery};
use tranship::compose::LoadOptions;
use tranship::world::MemoryWorld;

/// An application of the proof.
#[derive(Debug, Clone)]
pub(crate) struct ProofProject {
    pub(crate) name: String,
    pub(crate) text: String,
    files: MemoryWorld,
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/metamorphic")
}

/// The leaves that are known to fail, with the reason: `target application key: reason`.
pub(crate) fn known() -> String {
    fs::read_to_string(home().join("known.txt")).unwrap()
}

/// Every application, by name.
pub(crate) fn all() -> Vec<ProofProject> {
    let mut names: Vec<String> = fs::read_dir(home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| home().join(name).join("compose.yaml").is_file())
        .collect();
    names.sort();
    names.into_iter().map(|name| project(&name)).collect()
}

fn project(name: &str) -> ProofProject {
    let folder = home().join(name);
    let mut files = MemoryWorld::new().set("TOKEN", "k3P9vQ2xW7").set("SETTING", "of-the-environment");
    add(&folder, &folder, &mut files);
    let text = fs::read_to_string(folder.join("compose.yaml")).unwrap();
    ProofProject { name: name.to_owned(), text, files }
}

fn add(folder: &Path, root: &Path, files: &mut MemoryWorld) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(&path, root, files);
        } else {
            let inside = path.strip_prefix(root).unwrap().to_str().unwrap();
            *files = files.clone().file(inside, fs::read(&path).unwrap());
        }
    }
}

/// What the applications are compiled for: each target, and each platform where one has several.
pub(crate) const PLATFORMS: &[&str] = &["beanstalk", "beanstalk-docker", "ecs-ec2", "fargate"];

/// The target of one of them, and the file that chooses its platform.
pub(crate) fn target_of(platform: &str) -> (&str, Option<&'static str>) {
    match platform {
        "beanstalk" => ("beanstalk", Some("x-tranship: { platform: ecs }\n")),
        "beanstalk-docker" => ("beanstalk", Some("x-tranship: { platform: docker }\n")),
        target => (target, None),
    }
}

impl ProofProject {
    /// Compiles the project with this text in the place of its manifest.
    pub(crate) fn compile(&self, text: &str, platform: &str) -> CompileOutcome {
        let (target, chosen) = target_of(platform);
        // An application that chooses a platform itself keeps its own line.
        let own = text.contains("\n  platform: ");
        let chosen = chosen.filter(|_| !own);
        let text = match platform {
            "beanstalk-docker" => text.replace("\n  platform: ecs\n", "\n  platform: docker\n"),
            _ => text.to_owned(),
        };
        let world = self.files.clone().file("compose.yaml", text.as_str());
        let world = chosen.iter().fold(world, |world, text| world.file("platform.yaml", *text));
        let files = ["compose.yaml", "platform.yaml"].map(Into::into).into_iter();
        let files = files.take(if chosen.is_some() { 2 } else { 0 }).collect();
        let named = text.contains("\n  environments:");
        let choice = match named {
            true => EnvironmentChoice::Environment(target.to_owned()),
            false => EnvironmentChoice::Target(target.to_owned()),
        };
        let options = LoadOptions { files, profiles: vec!["debug".to_owned()], ..LoadOptions::default() };
        account(&CompileRequest { options, choice }, &world)
    }

    /// What a delivery pipeline takes from the manifest, where it has one: its settings end in no artifact of a target.
    pub(crate) fn delivery(&self, text: &str) -> String {
        if !text.contains("\n  pipeline:\n") {
            return String::new();
        }
        let world = self.files.clone().file("compose.yaml", text);
        format!("{:?}", delivery(&LoadOptions::default(), &world).0)
    }
}
