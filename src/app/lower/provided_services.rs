//! Services that a plug-in of Docker Compose provides: they make no container, so nothing of them is deployed.
//!
//! In: the services that are left out, and those that are deployed. Out: one warning for all of them, with the variables
//! that the plug-in would have given to their dependents: on AWS somebody else has to set them.

use super::LoweringContext;
use super::service_selection::ServiceSelection;
use crate::document::ComposeService;
use crate::rules;
use crate::{AppService, BehaviourEffect, ManifestName};
use indexmap::IndexMap;
use tranship_facts::compose_providers::{provided_prefix, provided_variables};
use tranship_frontend::diagnostic::{Diagnostic, Severity, listed};

/// Claims and reports them.
pub(super) fn report(
    cx: &mut LoweringContext<'_>,
    selection: &ServiceSelection<'_>,
    services: &IndexMap<ManifestName, AppService>,
) {
    let provided: Vec<ProvidedService> =
        selection.provided.iter().filter_map(|given| ProvidedService::of(given, services)).collect();
    for one in &provided {
        let reason = "a Docker Compose plug-in provides the service, without a container";
        cx.ledger.ignored(&one.given.node, reason, BehaviourEffect::Equivalent);
        let reason = "the plug-in does not run on AWS";
        cx.ledger.ignored(one.kind, reason, BehaviourEffect::changed_if(one.is_missed()));
        cx.ledger.reported(one.kind);
    }
    if !provided.is_empty() {
        cx.diagnostics.push(diagnostic(&provided));
    }
}

/// A service that is left out.
struct ProvidedService<'a> {
    given: &'a ComposeService,
    /// `provider.type`.
    kind: &'a crate::At<String>,
    /// Who gets its variables, and which of them nobody sets.
    dependents: Vec<(&'a ManifestName, MissingVariables)>,
}

/// The variables of a plug-in that a dependent does not set itself.
enum MissingVariables {
    /// By name.
    Named(Vec<String>),
    /// The plug-in is unknown: some that begin with this.
    Beginning(String),
}

impl<'a> ProvidedService<'a> {
    fn of(given: &'a ComposeService, services: &'a IndexMap<ManifestName, AppService>) -> Option<Self> {
        let kind = given.provider.as_ref()?;
        let depends = |service: &&AppService| service.dependencies.iter().any(|one| one.on == given.name);
        let dependents = services.values().filter(depends);
        let missing = |service: &'a AppService| {
            (&service.name, MissingVariables::of(kind.peek(), &given.name, service))
        };
        Some(ProvidedService { given, kind, dependents: dependents.map(missing).collect() })
    }

    /// Whether a dependent lacks a variable.
    fn is_missed(&self) -> bool {
        self.dependents.iter().any(|(_, missing)| !missing.is_empty())
    }

    /// `chat`, by the plug-in `model`: `app` gets no `CHAT_URL`.
    fn note(&self) -> Option<String> {
        let lacking = self.dependents.iter().filter(|(_, missing)| !missing.is_empty());
        let lacking: Vec<String> =
            lacking.map(|(name, missing)| format!("`{name}` gets {}", missing.shown())).collect();
        (!lacking.is_empty()).then(|| {
            format!(
                "under Compose, the plug-in `{}` sets variables for `{}`; here {}",
                self.kind.peek(),
                self.given.name,
                listed(&lacking)
            )
        })
    }
}

impl MissingVariables {
    fn of(plugin: &str, provided: &str, service: &AppService) -> MissingVariables {
        let environment = &service.container.environment;
        let prefix = provided_prefix(provided);
        match provided_variables(plugin, provided) {
            Some(mut names) => {
                names.retain(|name| !environment.contains_key(name.as_str()));
                MissingVariables::Named(names)
            }
            None if environment.keys().any(|name| name.starts_with(&prefix)) => {
                MissingVariables::Named(Vec::new())
            }
            None => MissingVariables::Beginning(prefix),
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, MissingVariables::Named(names) if names.is_empty())
    }

    fn shown(&self) -> String {
        match self {
            MissingVariables::Named(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("no {}", names.join(" and no "))
            }
            MissingVariables::Beginning(prefix) => format!("no variable that begins with `{prefix}`"),
        }
    }

    /// As lines of `environment`.
    fn lines(&self) -> String {
        match self {
            MissingVariables::Named(names) => {
                names.iter().map(|name| format!("{name}: ...")).collect::<Vec<_>>().join(", ")
            }
            MissingVariables::Beginning(prefix) => format!("{prefix}...: ..."),
        }
    }
}

fn diagnostic(provided: &[ProvidedService<'_>]) -> Diagnostic {
    let names: Vec<String> = provided.iter().map(|one| format!("`{}`", one.given.name)).collect();
    let (is, it) = if names.len() == 1 { ("is", "it makes") } else { ("are", "they make") };
    let message = format!(
        "{} {is} provided by a Docker Compose plug-in, which does not run on AWS: {it} no container",
        listed(&names)
    );
    let missed: Vec<&ProvidedService<'_>> = provided.iter().filter(|one| one.is_missed()).collect();
    let severity = if missed.is_empty() { Severity::Note } else { Severity::Warning };
    let mut diagnostic = Diagnostic::new(&rules::app::PROVIDED_SERVICE, message).severity(severity);
    for one in provided {
        diagnostic = diagnostic.at(one.kind.origin);
    }
    diagnostic = missed.iter().filter_map(|one| one.note()).fold(diagnostic, Diagnostic::note);
    for one in &missed {
        for (name, missing) in one.dependents.iter().filter(|(_, missing)| !missing.is_empty()) {
            let line = format!("`services: {{ {name}: {{ environment: {{ {} }} }} }}`", missing.lines());
            diagnostic = diagnostic.help(format!("set them where the service runs on AWS: {line}"));
        }
    }
    match provided {
        [only] => diagnostic.service(&*only.given.name),
        _ => diagnostic,
    }
}
