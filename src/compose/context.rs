//! What every stage of the front end has at hand: the tables it writes to and the door it reads through.

use super::LoadOptions;
use super::limits::Budget;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, Origin, Sources, VariableSource};
use crate::world::World;
use camino::Utf8PathBuf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Handed from stage to stage during one load.
pub struct Context<'a> {
    /// What was asked for.
    pub options: &'a LoadOptions,
    /// Files and environment variables.
    pub world: &'a dyn World,
    /// Where texts and origins are kept.
    pub sources: &'a mut Sources,
    /// What was found so far.
    pub diagnostics: &'a mut Diagnostics,
    /// Variables that interpolation read, and their values.
    pub variables: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// What the load has cost so far.
    pub(super) budget: Budget,
    /// Files that were read, by their absolute paths: each is read once.
    pub(super) read: BTreeMap<Utf8PathBuf, FileId>,
}

impl Context<'_> {
    /// Adds a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// What is known of the project besides its tree.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The name, normalised.
    pub name: Arc<str>,
    /// Where the name was written, if it was.
    pub name_origin: Origin,
    /// The project directory, absolute.
    pub directory: Utf8PathBuf,
    /// Variables for interpolation and for environment entries without a value.
    pub environment: Environment,
    /// Profiles that are active.
    pub profiles: Vec<String>,
}

/// Variables by name, each with where it came from.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: Arc<BTreeMap<Arc<str>, Variable>>,
}

/// One variable's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The value; may be empty.
    pub value: Arc<str>,
    /// Where it came from.
    pub source: VariableSource,
}

impl Environment {
    /// The variable of a name.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// The value of a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|variable| &*variable.value)
    }

    /// Sets a variable, whatever stood there.
    pub fn set(&mut self, name: impl Into<Arc<str>>, variable: Variable) {
        Arc::make_mut(&mut self.variables).insert(name.into(), variable);
    }

    /// Sets a variable that is not there yet.
    pub fn set_default(&mut self, name: impl Into<Arc<str>>, variable: Variable) {
        Arc::make_mut(&mut self.variables).entry(name.into()).or_insert(variable);
    }

    /// The variable of a name and no other.
    pub fn only(&self, name: &str) -> Environment {
        let kept = self.variables.get_key_value(name).map(|(name, value)| (name.clone(), value.clone()));
        Environment { variables: Arc::new(kept.into_iter().collect()) }
    }

    /// Every variable, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Variable)> {
        self.variables.iter()
    }
}
