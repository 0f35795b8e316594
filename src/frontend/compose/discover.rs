//! Discovery of the Compose files, the project directory and the variables.
//!
//! In: command-line options and the world. Out: a [`DiscoveredFiles`]. The order follows Docker Compose
//! (`toProjectOptions`): process environment, `.env` next to the first file, `COMPOSE_FILE`,
//! default names in this directory and its parents, then `.env` in the project directory.

use super::env::{DotEnv, read_dotenv};
use super::{LoadContext, ProjectVariables, SourcedValue};
use crate::diagnostic::{Diagnostic, rules::file as rule};
use crate::source::{Origin, VariableSource};
use crate::world::PathKind;
use camino::{Utf8Path, Utf8PathBuf};

/// Default names of a Compose file, in order of preference (Compose specification, "Compose file").
const FILE_NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Default names of the override file next to a Compose file.
const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What to read.
#[derive(Debug)]
pub(super) struct DiscoveredFiles {
    /// Absolute paths, in merge order; `-` is standard input.
    pub(super) files: Vec<Utf8PathBuf>,
    /// The one of them that nobody named: the override beside the Compose file.
    pub(super) override_file: Option<Utf8PathBuf>,
    /// The project directory, absolute.
    pub(super) directory: Utf8PathBuf,
    /// Variables for interpolation.
    pub(super) environment: ProjectVariables,
    /// Active profiles.
    pub(super) profiles: Vec<String>,
}

/// Finds the project's files and variables.
pub(super) fn discover(cx: &mut LoadContext<'_>) -> Option<DiscoveredFiles> {
    let mut environment = process_environment(cx);
    let absolute = |path: &Utf8Path, cx: &LoadContext<'_>| {
        crate::world::normalise(&cx.world.current_directory().join(path))
    };
    let project = cx.options.project_directory.as_ref().map(|path| absolute(path, cx));
    let mut files: Vec<Utf8PathBuf> = cx
        .options
        .files
        .iter()
        .map(|path| if path == "-" { path.clone() } else { absolute(path, cx) })
        .collect();

    let mut dotenv = explicit_env_files(cx);
    add_dotenv(&mut dotenv, &directory(&project, &files, cx), &mut environment, cx)?;
    if files.is_empty() {
        files = files_from_variable(&environment, cx)?;
    }
    let mut override_file = None;
    if files.is_empty() {
        files = default_files(&directory(&project, &files, cx), cx);
        override_file = files.get(1).cloned();
    }
    if files.is_empty() {
        let wanted = directory(&project, &files, cx).join(FILE_NAMES[0]);
        let shown = cx.shown(&wanted);
        let place = cx.sources.start_of_unread(&shown);
        cx.report(
            Diagnostic::new(&rule::NONE, "no Compose file in this directory or its parents")
                .label(place, "expected here")
                .help("create a `compose.yaml`, or name a file with `-f`"),
        );
        return None;
    }
    let directory = directory(&project, &files, cx);
    add_dotenv(&mut dotenv, &directory, &mut environment, cx)?;
    let profiles = profiles(&environment, cx);
    Some(DiscoveredFiles { files, override_file, directory, environment, profiles })
}

/// `--set`, then the process's variables; `PWD` is always set.
fn process_environment(cx: &LoadContext<'_>) -> ProjectVariables {
    let mut environment = ProjectVariables::default();
    for (name, value) in &cx.options.set {
        let source = VariableSource::Flag(name.as_str().into());
        environment.set(name.as_str(), SourcedValue { value: value.as_str().into(), source });
    }
    if cx.options.ignore_process_environment {
        return environment;
    }
    let outside = cx.world.variables();
    let directory = cx.world.current_directory();
    for (name, value) in &outside {
        let source = VariableSource::Environment(name.as_str().into());
        environment.set_default(name.as_str(), SourcedValue { value: value.as_str().into(), source });
    }
    let source = VariableSource::Computed("PWD".into());
    environment.set_default("PWD", SourcedValue { value: directory.as_str().into(), source });
    environment
}

/// The project directory as far as it is known: the given one, or the first file's, or the current one.
fn directory(project: &Option<Utf8PathBuf>, files: &[Utf8PathBuf], cx: &LoadContext<'_>) -> Utf8PathBuf {
    let beside_first = || files.iter().find(|path| *path != "-")?.parent().map(Utf8Path::to_owned);
    project.clone().or_else(beside_first).unwrap_or_else(|| cx.world.current_directory())
}

/// `--env-file`, or the files in `COMPOSE_ENV_FILES` from the process environment.
fn explicit_env_files(cx: &LoadContext<'_>) -> DotEnv {
    let mut files = cx.options.env_files.clone();
    let named = |name: &str| cx.world.variable(name).filter(|_| !cx.options.ignore_process_environment);
    if files.is_empty()
        && let Some(list) = named("COMPOSE_ENV_FILES")
    {
        files = list.split(',').filter(|name| !name.is_empty()).map(Utf8PathBuf::from).collect();
    }
    let disabled = named("COMPOSE_DISABLE_ENV_FILE")
        .is_some_and(|value| matches!(value.as_str(), "1" | "t" | "T" | "TRUE" | "true" | "True"));
    DotEnv { explicit: !files.is_empty(), disabled, files }
}

/// Adds variables from the env files, without overriding earlier sources.
fn add_dotenv(
    dotenv: &mut DotEnv,
    directory: &Utf8Path,
    environment: &mut ProjectVariables,
    cx: &mut LoadContext<'_>,
) -> Option<()> {
    if !dotenv.explicit && !dotenv.disabled {
        let default = directory.join(".env");
        if cx.world.kind(&default) == Some(PathKind::File) {
            dotenv.files = vec![default];
        }
    }
    let read = read_dotenv(&dotenv.files, Origin::NOWHERE, environment, cx)?;
    for (name, variable) in read {
        environment.set_default(name, variable);
    }
    Some(())
}

/// The files in `COMPOSE_FILE`.
fn files_from_variable(environment: &ProjectVariables, cx: &mut LoadContext<'_>) -> Option<Vec<Utf8PathBuf>> {
    let Some(list) = environment.value("COMPOSE_FILE") else { return Some(Vec::new()) };
    let separator =
        environment.value("COMPOSE_PATH_SEPARATOR").filter(|separator| !separator.is_empty()).unwrap_or(":");
    let current = cx.world.current_directory();
    let files: Vec<Utf8PathBuf> = list
        .split(separator)
        .map(|name| if name == "-" { name.into() } else { crate::world::normalise(&current.join(name)) })
        .collect();
    Some(files)
}

/// The first directory, from this one upwards, with a Compose file: that file and its override.
fn default_files(directory: &Utf8Path, cx: &mut LoadContext<'_>) -> Vec<Utf8PathBuf> {
    for directory in directory.ancestors() {
        let Some(file) = first_of(&FILE_NAMES, directory, cx) else { continue };
        let over = if cx.options.no_override { None } else { first_of(&OVERRIDE_NAMES, directory, cx) };
        return std::iter::once(file).chain(over).collect();
    }
    Vec::new()
}

fn first_of(names: &[&str], directory: &Utf8Path, cx: &mut LoadContext<'_>) -> Option<Utf8PathBuf> {
    let mut present: Vec<Utf8PathBuf> =
        names.iter().map(|name| directory.join(name)).filter(|path| cx.world.kind(path).is_some()).collect();
    if present.len() > 1 {
        let shown: Vec<String> = present.iter().map(|path| cx.shown(path).into_string()).collect();
        let message = format!("found several Compose files: {}; using the first", shown.join(", "));
        cx.report(
            Diagnostic::new(&rule::SEVERAL, message).help("delete the others, or choose one with `-f`"),
        );
    }
    (!present.is_empty()).then(|| present.swap_remove(0))
}

/// `--profile`, or the profiles in `COMPOSE_PROFILES`.
fn profiles(environment: &ProjectVariables, cx: &LoadContext<'_>) -> Vec<String> {
    if !cx.options.profiles.is_empty() {
        return cx.options.profiles.clone();
    }
    let listed = environment.value("COMPOSE_PROFILES").unwrap_or_default();
    listed.split(',').map(|profile| profile.trim().to_owned()).filter(|profile| !profile.is_empty()).collect()
}
