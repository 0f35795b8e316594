//! Which containers share a task: init containers and sidecars move in with those they belong to.
//!
//! In: the services and their roles. Out: a [`Layout`]. Invariant: every service or job has one task
//! named after it; every other service is a member of at least one.

use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_app::{Application, Name, Piece, Role, Service};

/// Tasks by their main service, and who is in them.
#[derive(Debug, Default)]
pub struct Layout {
    /// Members in the manifest's order; the main service is one of them.
    tasks: IndexMap<Name, Vec<Name>>,
    /// Services that other tasks look up by name.
    looked_up: BTreeSet<Name>,
}

impl Layout {
    /// Decides who shares a task with whom, and who is looked up.
    pub fn of(app: &Application) -> Layout {
        let mut tasks: IndexMap<Name, Vec<Name>> = IndexMap::new();
        for service in app.services.values().filter(|service| leads(service)) {
            tasks.insert(service.name.clone(), Vec::new());
        }
        for service in app.services.values() {
            for host in hosts(app, service) {
                if let Some(members) = tasks.get_mut(&host) {
                    members.push(service.name.clone());
                }
            }
        }
        let mut layout = Layout { tasks, looked_up: BTreeSet::new() };
        layout.looked_up = layout.lookups(app);
        layout
    }

    /// The tasks, each with its main service and its members.
    pub fn tasks(&self) -> impl Iterator<Item = (&Name, &[Name])> {
        self.tasks.iter().map(|(name, members)| (name, members.as_slice()))
    }

    /// The tasks that a service's container is in.
    pub fn tasks_of(&self, service: &str) -> Vec<&Name> {
        let in_it = |members: &Vec<Name>| members.iter().any(|member| &**member == service);
        self.tasks.iter().filter(|(_, members)| in_it(members)).map(|(name, _)| name).collect()
    }

    /// Whether a service's container is in a task.
    pub fn is_in(&self, service: &str, task: &str) -> bool {
        self.tasks.get(task).is_some_and(|members| members.iter().any(|member| &**member == service))
    }

    /// Whether other tasks look the task up by name, its own or a sidecar's.
    pub fn is_looked_up(&self, task: &str) -> bool {
        self.looked_up.contains(task)
    }

    /// Tasks that others talk to, or whose name stands in a value of others.
    fn lookups(&self, app: &Application) -> BTreeSet<Name> {
        let mut found = BTreeSet::new();
        for edge in &app.edges {
            self.look_up(&edge.from, &edge.to, &mut found);
        }
        for service in app.services.values() {
            for host in hosts_named(service) {
                self.look_up(&service.name, &host, &mut found);
            }
        }
        for (name, secret) in &app.secrets {
            if let tranship_app::SecretSource::Derived(text) = &secret.source {
                for segment in &text.segments {
                    if let Piece::Host(host) = &segment.piece {
                        self.look_up(name, host, &mut found);
                    }
                }
            }
        }
        found
    }

    fn look_up(&self, from: &str, to: &str, found: &mut BTreeSet<Name>) {
        let sources = self.tasks_of(from);
        for task in self.tasks_of(to) {
            let outside = sources.is_empty() || sources.iter().any(|source| *source != task);
            if outside {
                found.insert(task.clone());
            }
        }
    }
}

/// Whether a task is named after the service.
fn leads(service: &Service) -> bool {
    matches!(service.role, Role::Service | Role::Job(_))
}

/// The tasks that a service's container is in.
fn hosts(app: &Application, service: &Service) -> Vec<Name> {
    let mut found = Vec::new();
    collect(app, service, 0, &mut found);
    found
}

/// A sidecar of a sidecar is in the task of the first; `depth` ends a circle.
fn collect(app: &Application, service: &Service, depth: usize, found: &mut Vec<Name>) {
    if depth > app.services.len() {
        return;
    }
    let mut follow = |name: &Name| {
        if let Some(next) = app.services.get(name) {
            collect(app, next, depth + 1, found);
        }
    };
    match &service.role {
        Role::Service | Role::Job(_) => {
            if !found.contains(&service.name) {
                found.push(service.name.clone());
            }
        }
        Role::Sidecar { of, .. } => follow(of),
        Role::Init { tasks, .. } => tasks.iter().for_each(follow),
    }
}

/// Services whose host names stand in values of this one.
fn hosts_named(service: &Service) -> Vec<Name> {
    let container = &service.container;
    let lists = [&container.entrypoint, &container.command];
    let lists = lists.into_iter().flatten().flat_map(|list| list.peek());
    let values = container.environment.values().filter_map(|variant| variant.value.as_ref());
    let segments = lists.chain(values).flat_map(|text| &text.segments);
    let hosts = segments.filter_map(|segment| match &segment.piece {
        Piece::Host(name) => Some(name.clone()),
        _ => None,
    });
    hosts.collect()
}
