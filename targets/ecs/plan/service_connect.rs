//! Names that work as they are: which services find which others by Service Connect.
//!
//! In: the names that nothing rewrites ([`WrittenHost`]), and who talks to whom. Out: a [`ConnectPlan`], and the order in
//! which services are created, since a task sees the endpoints that existed when its deployment began. Invariant: one
//! name a port entry, no name and port twice, nothing that Amazon ECS would refuse; every name that is not served is
//! reported with the name that works.

use super::planner::EcsPlanner;
use super::start_order::TaskWaits;
use super::{ConnectEntry, ConnectProtocol, host_network, names};
use crate::container::{ignore_internal_protocol, internal_protocols};
use crate::ecs::rules;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_app::{
    AppService, Application, At, HostPlace, ManifestName, NameResolution, PortSpec, ServiceEdge, ServiceRole,
    TaskGroups, WrittenHost,
};
use tranship_facts::TransportProtocol;
use tranship_facts::quotas::ecs::LONGEST_CLIENT_ALIAS;
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule, listed};
use tranship_frontend::source::Origin;

/// Who finds whom by Service Connect.
#[derive(Debug, Default)]
pub(super) struct ConnectPlan {
    /// What the tasks of each leader offer.
    servers: BTreeMap<ManifestName, Vec<ConnectEntry>>,
    /// What the tasks of each leader find, as `name:port`.
    clients: BTreeMap<ManifestName, BTreeSet<String>>,
    /// The name that values in the tasks of a leader keep for a service.
    kept: BTreeMap<(ManifestName, ManifestName), ManifestName>,
}

impl ConnectPlan {
    /// What the tasks of a leader offer.
    pub(super) fn offered_by(&self, task: &str) -> &[ConnectEntry] {
        self.servers.get(task).map(Vec::as_slice).unwrap_or_default()
    }

    /// What the tasks of a leader find.
    pub(super) fn found_by(&self, task: &str) -> Option<&BTreeSet<String>> {
        self.clients.get(task)
    }

    /// Whether the tasks of a leader have a proxy.
    pub(super) fn has_proxy(&self, task: &str) -> bool {
        self.servers.contains_key(task) || self.clients.contains_key(task)
    }

    /// The name that values in the tasks of a leader keep for a service.
    pub(super) fn kept_name(&self, task: &str, service: &str) -> Option<&ManifestName> {
        self.kept.get(&(task.into(), service.into()))
    }
}

/// Why Service Connect does not serve a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnservedName {
    /// `names: dns`.
    Off,
    /// Only services have proxies.
    Job,
    /// Both are in one task.
    SameTask,
    /// The network of the machine.
    HostNetwork,
    /// One task on each machine.
    Daemon,
    /// The service speaks UDP there.
    Udp,
    /// Nobody knows the port, which another diagnostic says.
    UnknownPort,
    /// One of the two must be created first.
    Circle,
    /// A port entry has one name, and it is another.
    OtherName,
    /// A name that Service Connect cannot have.
    Spelling,
    /// A managed database is no service.
    Database,
}

impl UnservedName {
    /// What follows the name that works.
    fn clause(self) -> &'static str {
        match self {
            UnservedName::Off => "as `names: dns` is set",
            UnservedName::Job => "as Service Connect serves services, not jobs",
            UnservedName::SameTask => "as both run in one task",
            UnservedName::HostNetwork => "as Service Connect does not work on the network of the instance",
            UnservedName::Daemon => "as Service Connect does not serve one task on each instance",
            UnservedName::Udp => "as Service Connect has no UDP",
            UnservedName::UnknownPort => "as its port is unknown",
            UnservedName::Circle => "as each of them needs the other to be created first",
            UnservedName::OtherName => "as Service Connect gives the service another of its names",
            UnservedName::Spelling => "as Service Connect takes lower-case names only",
            UnservedName::Database => "which only variables know",
        }
    }
}

/// A service that is to find another under a name.
struct ConnectRequest<'a> {
    from: &'a AppService,
    to: &'a AppService,
    host: &'a ManifestName,
    origin: Origin,
    /// Where the name stands; nothing where a value would be rewritten otherwise.
    written: Option<&'a WrittenHost>,
}

/// Decides who finds whom, and orders the services.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>, waits: &mut TaskWaits) -> ConnectPlan {
    claim_settings(planner);
    let (app, layout) = (planner.app, planner.layout);
    let mut unserved: Vec<(&WrittenHost, UnservedName)> = Vec::new();
    let mut fit: Vec<ConnectRequest<'_>> = Vec::new();
    let ports = EdgePorts::of_edges(&app.edges);
    let requests = requests(planner, &mut unserved);
    let wanted: Vec<_> = requests.iter().flat_map(|request| task_pairs(layout, request)).collect();
    let circling = waits.circling_with(wanted);
    for request in requests {
        let own = ports.of(&request);
        match unfit(planner, &request, own).or_else(|| out_of_order(layout, &request, waits, &circling)) {
            None => fit.push(request),
            Some(reason) => unserved.extend(request.written.map(|written| (written, reason))),
        }
    }
    let mut plan = ConnectPlan::default();
    let mut claimed: BTreeMap<(ManifestName, u16), &AppService> = BTreeMap::new();
    let mut served: Vec<&WrittenHost> = Vec::new();
    let chosen = chosen_names(&fit);
    for request in &fit {
        let name = chosen.get(&request.to.name).unwrap_or(&request.host);
        if *name != request.host {
            unserved.extend(request.written.map(|written| (written, UnservedName::OtherName)));
            continue;
        }
        for port in ports.of(request).iter().filter(|port| port.protocol == TransportProtocol::Tcp) {
            let other = *claimed.entry((request.host.clone(), port.number)).or_insert(request.to);
            match other.name == request.to.name {
                true => plan.connect(layout, request, port.number),
                false => report_collision(planner, request, other, port.number),
            }
        }
        served.extend(request.written);
    }
    claim_protocols(planner, &plan);
    report_served(planner, &plan, &served);
    report_unserved(planner, &unserved);
    plan
}

impl ConnectPlan {
    /// Lets the tasks of one service find a port of another.
    fn connect(&mut self, layout: &TaskGroups, request: &ConnectRequest<'_>, port: u16) {
        let ConnectRequest { from, to, host, written, .. } = request;
        let declared = to.container.ports.iter().find(|declared| declared.container.get() == port);
        let spoken = declared.and_then(|declared| declared.app_protocol.as_ref());
        let protocol = spoken.map(|spoken| ConnectProtocol::of(spoken.peek())).unwrap_or_default();
        for task in layout.tasks_of(&to.name) {
            let entries = self.servers.entry(task.clone()).or_default();
            if !entries.iter().any(|entry| entry.service == to.name && entry.port == port) {
                entries.push(ConnectEntry {
                    service: to.name.clone(),
                    port,
                    protocol,
                    alias: (*host).clone(),
                    discovery: names::connect_discovery(&to.name, port, protocol.as_str()),
                });
            }
        }
        for task in layout.tasks_of(&from.name) {
            self.clients.entry(task.clone()).or_default().insert(format!("{host}:{port}"));
            if written.is_none() {
                self.kept.insert((task.clone(), to.name.clone()), (*host).clone());
            }
        }
    }
}

/// Says which names are to be found: those that nothing rewrites, and all of a service that asks for it.
fn requests<'a>(
    planner: &EcsPlanner<'a, '_>,
    unserved: &mut Vec<(&'a WrittenHost, UnservedName)>,
) -> Vec<ConnectRequest<'a>> {
    let app = planner.app;
    let mut found = Vec::new();
    for written in &app.written_hosts {
        let WrittenHost { service, host, to, origin, .. } = written;
        let Some(task) = planner.layout.tasks_of(service).first() else { continue };
        if !app.databases.contains_key(to) && planner.renderer(task).host(to) == **host {
            continue;
        }
        match (app.services.get(service), app.services.get(to)) {
            (Some(from), Some(_)) if resolution(app, from) == NameResolution::Dns => {
                unserved.push((written, UnservedName::Off));
            }
            (Some(from), Some(to)) => {
                found.push(ConnectRequest { from, to, host, origin: *origin, written: Some(written) });
            }
            _ => unserved.push((written, UnservedName::Database)),
        }
    }
    for edge in app.edges.iter().filter(|edge| edge.from != edge.to) {
        let (Some(from), Some(to)) = (app.services.get(&edge.from), app.services.get(&edge.to)) else {
            continue;
        };
        if resolution(app, from) == NameResolution::ServiceConnect {
            found.push(ConnectRequest { from, to, host: &to.name, origin: edge.origin, written: None });
        }
    }
    found
}

/// How a service finds others.
fn resolution(app: &Application, service: &AppService) -> NameResolution {
    service.names.as_ref().or(app.settings.names()).map(|names| *names.peek()).unwrap_or_default()
}

/// The ports on which services connect to each other.
#[derive(Default)]
struct EdgePorts<'a>(BTreeMap<(&'a ManifestName, &'a ManifestName), Vec<PortSpec>>);

impl<'a> EdgePorts<'a> {
    fn of_edges(edges: &'a [ServiceEdge]) -> Self {
        let mut ports = EdgePorts::default();
        for edge in edges {
            ports.0.entry((&edge.from, &edge.to)).or_default().extend(edge.port);
        }
        ports
    }

    fn of(&self, request: &ConnectRequest<'a>) -> &[PortSpec] {
        self.0.get(&(&request.from.name, &request.to.name)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What Service Connect does not do, whatever the order.
fn unfit(
    planner: &EcsPlanner<'_, '_>,
    request: &ConnectRequest<'_>,
    ports: &[PortSpec],
) -> Option<UnservedName> {
    let (app, layout) = (planner.app, planner.layout);
    let (clients, servers) = (layout.tasks_of(&request.from.name), layout.tasks_of(&request.to.name));
    if clients.iter().any(|client| servers.contains(client)) {
        return Some(UnservedName::SameTask);
    }
    let tasks = || clients.iter().chain(servers);
    let leaders = || tasks().filter_map(|task| app.services.get(task));
    let members =
        || tasks().flat_map(|task| layout.members_of(task)).filter_map(|name| app.services.get(name));
    let is_global = |service: &AppService| service.mode.as_ref().is_some_and(|mode| mode.peek() == "global");
    if leaders().any(|leader| leader.role != ServiceRole::Service) {
        Some(UnservedName::Job)
    } else if members().any(host_network::is_asked_by) {
        Some(UnservedName::HostNetwork)
    } else if planner.compute.limits().daemons && leaders().any(is_global) {
        Some(UnservedName::Daemon)
    } else if ports.is_empty() {
        Some(UnservedName::UnknownPort)
    } else if ports.iter().all(|port| port.protocol == TransportProtocol::Udp) {
        Some(UnservedName::Udp)
    } else {
        (!is_alias(request.host)).then_some(UnservedName::Spelling)
    }
}

/// Whether a name may be the `DnsName` of a client alias (Amazon ECS API, `ServiceConnectClientAlias`).
fn is_alias(name: &str) -> bool {
    let legal =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-.".contains(letter);
    (1..=LONGEST_CLIENT_ALIAS).contains(&name.len()) && name.chars().all(legal) && !name.starts_with('-')
}

/// Each task of the client with each of the server.
fn task_pairs(layout: &TaskGroups, request: &ConnectRequest<'_>) -> Vec<(ManifestName, ManifestName)> {
    let servers = layout.tasks_of(&request.to.name);
    let clients = layout.tasks_of(&request.from.name).iter();
    clients.flat_map(|client| servers.iter().map(|server| (client.clone(), server.clone()))).collect()
}

/// Lets the client be created after its servers, unless these are created after it.
fn out_of_order(
    layout: &TaskGroups,
    request: &ConnectRequest<'_>,
    waits: &mut TaskWaits,
    circling: &BTreeSet<ManifestName>,
) -> Option<UnservedName> {
    let pairs = task_pairs(layout, request);
    let in_circle = |client, server| circling.contains(client) && circling.contains(server);
    if pairs.iter().any(|(client, server)| in_circle(client, server) && !waits.may_wait(client, server)) {
        return Some(UnservedName::Circle);
    }
    pairs.iter().for_each(|(client, server)| waits.wait(client, server));
    None
}

/// The one name of each service: its own if somebody uses it, else the first that somebody uses.
fn chosen_names<'a>(fit: &[ConnectRequest<'a>]) -> BTreeMap<&'a ManifestName, &'a ManifestName> {
    let mut chosen = BTreeMap::new();
    for request in fit {
        let name = chosen.entry(&request.to.name).or_insert(request.host);
        if *request.host == request.to.name {
            *name = request.host;
        }
    }
    chosen
}

fn claim_settings(planner: &mut EcsPlanner<'_, '_>) {
    let app = planner.app;
    let own = app.services.values().filter_map(|service| service.names.as_ref());
    let all: Vec<&At<NameResolution>> = app.settings.names().into_iter().chain(own).collect();
    all.into_iter().for_each(|names| planner.decided(names, "services: ServiceConnectConfiguration"));
}

/// What is spoken on a port that is not public matters to the proxies alone.
fn claim_protocols(planner: &mut EcsPlanner<'_, '_>, plan: &ConnectPlan) {
    let connected: BTreeSet<(&ManifestName, u16)> =
        plan.servers.values().flatten().map(|entry| (&entry.service, entry.port)).collect();
    for (service, port, spoken) in internal_protocols(planner.app) {
        if connected.contains(&(&service.name, port.container.get()))
            && ConnectProtocol::is_known(spoken.peek())
        {
            planner.decided(spoken, "task definition: AppProtocol");
        } else {
            ignore_internal_protocol(planner.cx, spoken);
        }
    }
}

fn report_collision(
    planner: &mut EcsPlanner<'_, '_>,
    request: &ConnectRequest<'_>,
    other: &AppService,
    port: u16,
) {
    let message = format!(
        "`{}` and `{}` are both called `{}` on port {port}",
        other.name, request.to.name, request.host
    );
    planner.report(
        Diagnostic::new(&rules::CONNECT_NAME, message)
            .at(request.origin)
            .label(other.origin, "the other one")
            .service(&*request.from.name)
            .help("give them different names: Service Connect has one namespace for all networks"),
    );
}

/// One line for all names that Service Connect serves.
fn report_served(planner: &mut EcsPlanner<'_, '_>, plan: &ConnectPlan, served: &[&WrittenHost]) {
    let Some(first) = served.first() else { return };
    let mut clients: IndexMap<&ManifestName, Vec<String>> = IndexMap::new();
    for WrittenHost { service, host, .. } in served {
        let hosts = clients.entry(service).or_default();
        let name = format!("`{host}`");
        if !hosts.contains(&name) {
            hosts.push(name);
        }
    }
    let pairs: Vec<String> =
        clients.iter().map(|(client, hosts)| format!("`{client}` finds {}", listed(hosts))).collect();
    let proxied: BTreeSet<&ManifestName> = plan.servers.keys().chain(plan.clients.keys()).collect();
    let tasks: Vec<String> = proxied.iter().map(|task| format!("`{task}`")).collect();
    let message =
        format!("{} by Service Connect, with a proxy in the tasks of {}", listed(&pairs), listed(&tasks),);
    planner.report(
        Diagnostic::new(&rules::SERVICE_CONNECT, message)
            .at(first.origin)
            .service(&*first.service)
            .help("name the services in values that are rewritten, such as URLs, and set `discovery: { names: dns }`, to do without proxies"),
    );
}

/// A line for all names in files, and one for all others, that do not lead anywhere on AWS.
fn report_unserved(planner: &mut EcsPlanner<'_, '_>, unserved: &[(&WrittenHost, UnservedName)]) {
    let told = unserved.iter().filter(|(_, reason)| *reason != UnservedName::UnknownPort);
    let (files, others): (Vec<_>, Vec<_>) =
        told.partition(|(written, _)| matches!(written.place, HostPlace::File(_)));
    report_lost(
        planner,
        &files,
        (&rules::HOST_IN_FILE, "host names in files are not rewritten"),
        "write that name in the file, and give it to the service as a network alias, so that Docker Compose finds it, too; or let the program read the name from a variable of `environment`, which is rewritten",
    );
    report_lost(
        planner,
        &others,
        (&rules::HOST_AS_WRITTEN, "host names that cannot be rewritten"),
        "write that name, and give it to the service as a network alias, so that Docker Compose finds it, too; or write the name where it is certain that it is a host, such as `API_URL: http://api:8000`",
    );
}

fn report_lost(
    planner: &mut EcsPlanner<'_, '_>,
    lost: &[&(&WrittenHost, UnservedName)],
    (rule, what): (&'static DiagnosticRule, &str),
    help: &str,
) {
    let mut changes: Vec<(String, UnservedName, &WrittenHost)> = Vec::new();
    for (written, reason) in lost.iter().copied() {
        let change = change(planner, written);
        if changes.iter().all(|(known, ..)| *known != change) {
            changes.push((change, *reason, written));
        }
    }
    let Some((change, reason, first)) = changes.first() else { return };
    let more = match changes.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let message = format!("{what}: {change} on ECS, {}{more}", reason.clause());
    let told = Diagnostic::new(rule, message).at(first.origin).service(&*first.service);
    let placed = changes.iter().skip(1).take(4).fold(told, |told, (change, reason, written)| {
        told.label(written.origin, format!("{change}, {}", reason.clause()))
    });
    planner.report(placed.help(help));
}

/// What a name is on AWS.
fn change(planner: &EcsPlanner<'_, '_>, written: &WrittenHost) -> String {
    let WrittenHost { service, place, host, to, .. } = written;
    let place = match place {
        HostPlace::File(path) => format!("`{path}`"),
        HostPlace::Variable(variable) => format!("`{variable}`"),
        HostPlace::Command => "the command".to_owned(),
        HostPlace::HealthCheck => "the health check".to_owned(),
        HostPlace::Image => "the image".to_owned(),
    };
    let task = planner.layout.tasks_of(service).first().map_or("", |task| &**task);
    let name = match planner.app.databases.contains_key(to) {
        true => format!("the address of the managed database `{to}`"),
        false => format!("`{}`", planner.renderer(task).host(to)),
    };
    format!("`{host}` in {place} of `{service}` is {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_names_as_ecs_takes_them() {
        for name in ["api", "my_api-2", "api.local", "2", &"a".repeat(127)] {
            assert!(is_alias(name), "{name}");
        }
        for name in ["", "Api", "-api", "a b", "é", &"a".repeat(128)] {
            assert!(!is_alias(name), "{name}");
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let all = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&all(2)), "0, 1");
        assert_eq!(listed(&all(9)), "0, 1, 2, 3, 4, 5, 6, 7 and 1 more");
    }
}
