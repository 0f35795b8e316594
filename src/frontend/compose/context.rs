//! The shared state of all front-end stages: the tables they write to and the world they read from.

use super::LoadOptions;
use super::limits::LoadBudget;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, Origin, Sources, VariableSource};
use crate::world::World;
use camino::Utf8PathBuf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Passed from stage to stage during one load.
pub struct LoadContext<'a> {
    /// The load options.
    pub options: &'a LoadOptions,
    /// Files and environment variables.
    pub world: &'a dyn World,
    /// Holds all texts and origins.
    pub sources: &'a mut Sources,
    /// The diagnostics so far.
    pub diagnostics: &'a mut Diagnostics,
    /// Variables that interpolation read, with their values.
    pub variables: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// What the load has cost so far.
    pub(super) budget: LoadBudget,
    /// Files that were read, by their absolute paths: each is read once.
    pub(super) read: BTreeMap<Utf8PathBuf, FileId>,
}

impl LoadContext<'_> {
    /// Adds a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// What is known about the project besides its tree.
#[derive(Debug, Clone, Default)]
pub struct ProjectContext {
    /// The normalized name.
    pub name: Arc<str>,
    /// Where the name was written, if it was.
    pub name_origin: Origin,
    /// The project directory, absolute.
    pub directory: Utf8PathBuf,
    /// Variables for interpolation and for environment entries without a value.
    pub environment: ProjectVariables,
    /// The active profiles.
    pub profiles: Vec<String>,
}

/// Variables by name, each with its source.
#[derive(Debug, Clone, Default)]
pub struct ProjectVariables {
    variables: Arc<BTreeMap<Arc<str>, SourcedValue>>,
}

/// One variable's value.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcedValue {
    /// The value; may be empty.
    pub value: Arc<str>,
    /// Its source.
    pub source: VariableSource,
}

impl ProjectVariables {
    /// The variable with a name.
    pub fn get(&self, name: &str) -> Option<&SourcedValue> {
        self.variables.get(name)
    }

    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|variable| &*variable.value)
    }

    /// Sets a variable, replacing any previous value.
    pub fn set(&mut self, name: impl Into<Arc<str>>, variable: SourcedValue) {
        Arc::make_mut(&mut self.variables).insert(name.into(), variable);
    }

    /// Sets a variable unless it is already set.
    pub fn set_default(&mut self, name: impl Into<Arc<str>>, variable: SourcedValue) {
        Arc::make_mut(&mut self.variables).entry(name.into()).or_insert(variable);
    }

    /// An environment that contains only this variable, if it is set.
    pub fn only(&self, name: &str) -> ProjectVariables {
        let kept = self.variables.get_key_value(name).map(|(name, value)| (name.clone(), value.clone()));
        ProjectVariables { variables: Arc::new(kept.into_iter().collect()) }
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &SourcedValue)> {
        self.variables.iter()
    }
}
