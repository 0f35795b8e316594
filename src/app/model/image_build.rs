//! `build` of a service: how its image is made from the project.

use super::ManifestName;
use crate::At;
use crate::Text;
use camino::{Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;

/// How an image is made from the project.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageBuild {
    /// `context`: an absolute folder, or the address of a repository. The project's folder where it is missing.
    pub context: At<String>,
    /// `dockerfile`, relative to the context.
    pub dockerfile: Option<At<String>>,
    /// `dockerfile_inline`.
    pub dockerfile_inline: Option<At<String>>,
    /// `target`: a stage of the Dockerfile.
    pub target: Option<At<String>>,
    /// `args`; `None` takes the value of the shell.
    pub args: IndexMap<ManifestName, At<Option<Text>>>,
    /// `additional_contexts`.
    pub additional_contexts: IndexMap<ManifestName, At<String>>,
    /// `labels`.
    pub labels: IndexMap<ManifestName, Text>,
}

impl ImageBuild {
    /// The folder that it is built from; `None` where that is a repository elsewhere.
    pub fn folder(&self) -> Option<&Utf8Path> {
        Some(Utf8Path::new(&self.context.value)).filter(|context| context.is_absolute())
    }

    /// A folder of the build as the project's directory sees it; an address as it is.
    pub fn from_project(context: &str, project: &Utf8Path) -> String {
        let path = Utf8Path::new(context);
        if !path.is_absolute() {
            return context.to_owned();
        }
        match relative(project, path).into_string() {
            here if here.is_empty() => ".".to_owned(),
            relative => relative,
        }
    }
}

/// A path relative to a directory, whether it lies in it or not.
pub(crate) fn relative(directory: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let common = directory.components().zip(path.components()).take_while(|(one, other)| one == other);
    let common = common.count();
    let up = directory.components().skip(common).map(|_| "..");
    up.chain(path.components().skip(common).map(|part| part.as_str())).collect()
}
