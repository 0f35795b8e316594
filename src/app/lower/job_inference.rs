//! Which services end by themselves: jobs that nobody declares and nobody waits for.
//!
//! In: restart policies, `deploy.mode`, commands, and who reaches whom. Out: whether a service is a job, and two
//! diagnostics: of those that are, and of those of which nothing says. Source: Compose specification, `restart` and
//! `deploy.mode`: what is not restarted has ended for good.

use super::LoweringContext;
use super::address_scan::{BareWords, KnownHosts, addresses, slice};
use super::command_end;
use super::flat_text::FlatText;
use super::host_directory::HostDirectory;
use super::host_reaches::listening_ports;
use super::service_edges::known;
use crate::document::ComposeService;
use crate::rules;
use crate::settings::PublicSetting;
use crate::{AppService, At, ManagedDatabase, ManifestName, Text};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_facts::ending_commands::name_says_it_ends;
use tranship_frontend::diagnostic::{Diagnostic, Severity};
use tranship_frontend::source::Origin;

/// Services that others name in a value, as a host.
pub(super) fn reached_by_name(
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
    directory: &HostDirectory,
) -> BTreeSet<ManifestName> {
    let listening = listening_ports(services, databases);
    let mut reached = BTreeSet::new();
    for service in services.values() {
        let container = &service.container;
        let is_host = |name: &str| directory.resolve(&service.name, name).is_some();
        let listens = |name: &str, port: u16| {
            let to = directory.resolve(&service.name, name);
            to.and_then(|to| listening.get(to)).is_some_and(|ports| ports.contains(&port))
        };
        let mut read = |text: &Text, bare_words: BareWords| {
            let flat = FlatText::of(text);
            let hosts = KnownHosts { is_host: &is_host, listens: &listens, bare_words };
            let found = addresses(&flat.text, &hosts);
            let named =
                found.iter().filter_map(|it| directory.resolve(&service.name, slice(&flat.text, &it.host)));
            reached.extend(named.filter(|to| **to != service.name).cloned());
        };
        for (variable, variant) in &container.environment {
            variant.value.iter().for_each(|text| read(text, BareWords::of(variable)));
        }
        let lists = [&container.entrypoint, &container.command].into_iter().flatten();
        lists.flat_map(|list| &list.value).for_each(|text| read(text, BareWords::AreWords));
    }
    reached
}

/// What is known of the end of a service that nobody declares a job and nobody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndEvidence {
    /// `deploy.mode` or its command says that it ends.
    Certain,
    /// It is not restarted, and nobody reaches it.
    NotRestarted,
    /// It may end: its restart policy or its name says so, its command does not.
    Doubtful,
    /// It keeps running.
    None,
}

/// Goes over the services, and remembers what to tell.
#[derive(Default)]
pub(super) struct JobInference {
    jobs: Vec<(ManifestName, Origin, EndEvidence)>,
    doubtful: Vec<(ManifestName, Origin)>,
}

impl JobInference {
    /// Whether a service is a job: why, as a place in the manifest.
    pub(super) fn job(
        &mut self,
        cx: &mut LoweringContext<'_>,
        service: &AppService,
        given: &ComposeService,
        reached: &BTreeSet<ManifestName>,
    ) -> Option<Origin> {
        let mode = given.description.value.mode.as_ref().filter(|mode| is_job_mode(mode));
        if let Some(mode) = mode {
            cx.ledger.decided(mode, "it runs to completion");
        }
        let restart = service.container.restart.as_ref();
        let evidence = match mode {
            Some(_) => EndEvidence::Certain,
            None => evidence(cx, service, reached.contains(&service.name)),
        };
        let origin = mode.or(restart).map_or(service.origin, |at| at.origin);
        match evidence {
            EndEvidence::Certain | EndEvidence::NotRestarted => {
                self.jobs.push((service.name.clone(), origin, evidence));
                Some(origin)
            }
            EndEvidence::Doubtful => {
                self.doubtful.push((service.name.clone(), origin));
                // The diagnostic about its end says what becomes of the policy.
                restart.iter().for_each(|restart| cx.ledger.reported(*restart));
                None
            }
            EndEvidence::None => None,
        }
    }

    /// One line for the jobs, one for those of which nothing says whether they end.
    pub(super) fn report(self, cx: &mut LoweringContext<'_>) {
        let jobs: Vec<&ManifestName> = self.jobs.iter().map(|(name, ..)| name).collect();
        if let [first, rest @ ..] = jobs.as_slice() {
            let guessed = self.jobs.iter().any(|(_, _, evidence)| *evidence == EndEvidence::NotRestarted);
            let severity = if guessed { Severity::Warning } else { Severity::Note };
            let end = match rest {
                [] => "exits on its own, so it becomes a job",
                _ => "exit on their own, so they become jobs",
            };
            let message = format!("{} {end}", listed(&jobs));
            let diagnostic = Diagnostic::new(&rules::app::INFERRED_JOB, message).severity(severity);
            let placed = self.jobs.iter().fold(diagnostic, |one, (_, origin, _)| one.at(*origin));
            cx.diagnostics.push(placed.service(&***first).help(
                "if it keeps running, write `restart: always`; to make other services wait for it, write `x-tranship: { job: before-deploy }`",
            ));
        }
        let doubtful: Vec<&ManifestName> = self.doubtful.iter().map(|(name, _)| name).collect();
        if let [first, rest @ ..] = doubtful.as_slice() {
            let end = match rest {
                [] => "exits: it runs as a service, and AWS restarts it each time",
                _ => "exit: they run as services, and AWS restarts them each time",
            };
            let message = format!("cannot tell whether {} {end}", listed(&doubtful));
            let diagnostic = Diagnostic::new(&rules::app::UNCERTAIN_END, message);
            let placed = self.doubtful.iter().fold(diagnostic, |one, (_, origin)| one.at(*origin));
            cx.diagnostics.push(placed.service(&***first).help(
                "write `x-tranship: { job: before-deploy }` if it exits, or `restart: always` if it keeps running",
            ));
        }
    }
}

fn listed(names: &[&ManifestName]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    }
}

fn is_job_mode(mode: &At<String>) -> bool {
    matches!(mode.value.as_str(), "replicated-job" | "global-job")
}

fn evidence(cx: &LoweringContext<'_>, service: &AppService, reached: bool) -> EndEvidence {
    let restart = service.container.restart.as_ref().map(|restart| &*restart.value);
    let policy = restart.and_then(|restart| restart.split(':').next()).unwrap_or_default();
    let ends = command_end::ends(&service.container);
    let serves = reached || serves(cx, service);
    match policy {
        "" | "no" | "none" | "on-failure" if ends && !reached => EndEvidence::Certain,
        _ if ends => EndEvidence::Doubtful,
        _ if serves => EndEvidence::None,
        "no" | "none" => EndEvidence::NotRestarted,
        // What others start after, without a wait for its end, is there for them.
        "on-failure" if is_depended_on(cx, &service.name) => EndEvidence::None,
        "on-failure" => EndEvidence::Doubtful,
        "" if name_says_it_ends(&service.name) => EndEvidence::Doubtful,
        _ => EndEvidence::None,
    }
}

fn is_depended_on(cx: &LoweringContext<'_>, name: &ManifestName) -> bool {
    let dependencies = cx.document.services.values().flat_map(|other| &other.description.value.dependencies);
    dependencies.into_iter().any(|dependency| dependency.on == *name)
}

/// Whether something says that a service waits for connections: a port, a health check, its image.
fn serves(cx: &LoweringContext<'_>, service: &AppService) -> bool {
    let container = &service.container;
    let public = cx.settings.service(&service.name).and_then(|settings| settings.public.as_ref());
    let own_command = container.command.is_some() || container.entrypoint.is_some();
    !container.ports.is_empty()
        || container.health_check.is_some()
        || public.is_some_and(|public| !matches!(public, PublicSetting::Private(_)))
        || service.scaling.is_some()
        || !own_command && known(container).is_some_and(|image| !image.ports.is_empty())
}
