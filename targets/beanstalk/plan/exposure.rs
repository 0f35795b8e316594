//! Endpoints -> ports of the instance, processes of the load balancer and its rules.
//!
//! The catch-all endpoint is the default process on port 80; each further public endpoint is a process of
//! its own with a rule that leads to it.

use super::options::NO_BALANCER;
use super::{BeanstalkPlan, OpenedPort, OptionSetting, container_name, path};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::container::PortMapping;
use std::collections::BTreeMap;
use tranship_app::{
    Application, At, BehaviourEffect, EndpointExposure, PlatformKind, PublicExposure, PublicProtocol,
    ServiceEndpoint,
};
use tranship_facts::quotas::ecs::RESERVED_HOST_PORTS;
use tranship_facts::quotas::load_balancing::{DEREGISTRATION_DELAY, HTTP_PORT, HTTPS_PORT, SSL_POLICY};
use tranship_frontend::diagnostic::Diagnostic;

/// The instance's port of the default process.
const DEFAULT_PORT: u16 = HTTP_PORT;

/// The port of the instance's own `sshd`.
pub(in crate::beanstalk) const SECURE_SHELL: u16 = 22;

/// Seconds between the load balancer's checks, and for its answer.
const CHECK: (u32, u32) = (15, 5);

/// Decides ports, processes and rules.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let public: Vec<(&ServiceEndpoint, &PublicExposure)> =
        application.endpoints.iter().filter_map(public).collect();
    let default = default_endpoint(application, &public);
    let first = public.get(default).map(|(endpoint, _)| *endpoint);
    let mut taken: BTreeMap<u16, &ServiceEndpoint> = BTreeMap::new();
    let mut to = ListenersByPort::default();
    for (index, (endpoint, public)) in public.iter().enumerate() {
        let is_same = |other: &ServiceEndpoint| {
            (&other.service, other.port, other.protocol)
                == (&endpoint.service, endpoint.port, endpoint.protocol)
        };
        // The default endpoint has the last word: whatever shares its port of the container shares that of the instance.
        let shares_default = first.is_some_and(is_same);
        let earlier = taken.iter().find(|(_, other)| is_same(other)).map(|(port, _)| *port);
        let host_port = match index == default || shares_default {
            _ if is_in_host_network(application, endpoint, plan) => endpoint.port,
            true => DEFAULT_PORT,
            false => {
                earlier.unwrap_or_else(|| free_port(wanted_port(endpoint, public), &taken, plan.platform))
            }
        };
        let other = taken.insert(host_port, endpoint);
        match other.filter(|other| !is_same(other)) {
            Some(other) => refuse_clash(endpoint, host_port, Some(other), cx),
            None if reserved(plan.platform).contains(&host_port) => {
                refuse_clash(endpoint, host_port, None, cx)
            }
            None => {}
        }
        if other.is_none() {
            plan.opened.push(OpenedPort {
                service: endpoint.service.clone(),
                container: endpoint.port,
                protocol: endpoint.protocol,
                host: host_port,
                listener: listener_port(application, public),
            });
        }
        if !plan.has_balancer() {
            claim_single(public, cx);
            continue;
        }
        let process = if index == default { "default".to_owned() } else { process_name(endpoint, plan) };
        process_settings(application, endpoint, public, &process, host_port, plan, cx);
        match index == default && !is_catch_all(public) {
            true => claim_default(public, cx),
            false => claim_rule(public, &process, cx),
        }
        let listener = to.0.entry(listener_port(application, public)).or_default();
        if is_catch_all(public) && listener.process.is_none() {
            listener.process = Some(process);
        } else if index != default {
            rule_settings(endpoint, public, &process, plan, cx);
            listener.rules.push(process);
        }
    }
    if plan.is_worker {
        no_https(application, cx);
        return;
    }
    let is_secure = application.settings.https.is_some() && to.0.contains_key(&HTTPS_PORT);
    plan.redirects = is_secure && !to.0.contains_key(&HTTP_PORT);
    listeners(application, &to, plan, cx);
}

/// The endpoint of the default process: what takes every request on the usual port, else on any port, else the first.
fn default_endpoint(application: &Application, public: &[(&ServiceEndpoint, &PublicExposure)]) -> usize {
    let is_usual = |public: &PublicExposure| listener_port(application, public) == usual_port(application);
    let usual = public.iter().position(|(_, public)| is_catch_all(public) && is_usual(public));
    let any = || public.iter().position(|(_, public)| is_catch_all(public));
    usual.or_else(any).unwrap_or(0)
}

/// Whether a container has the ports of its instance: Docker publishes none.
fn is_in_host_network(application: &Application, endpoint: &ServiceEndpoint, plan: &BeanstalkPlan) -> bool {
    let service = application.services.get(&endpoint.service);
    let mode = service.and_then(|service| service.container.network_mode.as_ref());
    plan.platform == PlatformKind::Docker && mode.is_some_and(|mode| mode.peek() == "host")
}

/// A worker has nothing that would end TLS.
fn no_https(application: &Application, cx: &mut Compilation<'_>) {
    if let Some(https) = &application.settings.https {
        cx.ledger.ignored(&https.certificate, NO_BALANCER, BehaviourEffect::Equivalent);
    }
}

/// What listens on the port that people use.
pub(in crate::beanstalk) fn listens(plan: &BeanstalkPlan) -> &'static str {
    match (plan.is_worker, plan.is_single) {
        (true, _) => "the daemon of the queue posts messages there",
        (false, true) => "the instance listens there",
        (false, false) => "the load balancer listens there",
    }
}

/// An endpoint of an environment without a load balancer.
fn claim_single(public: &PublicExposure, cx: &mut Compilation<'_>) {
    for at in public.hosts.iter().chain(&public.paths).chain(&public.health_path).chain(&public.health_codes)
    {
        cx.ledger.ignored(at, NO_BALANCER, BehaviourEffect::Equivalent);
    }
    if let Some(priority) = &public.priority {
        cx.ledger.ignored(priority, NO_BALANCER, BehaviourEffect::Equivalent);
    }
    if let Some(sticky) = &public.sticky {
        cx.ledger.decided(sticky, "one instance, which serves every client");
    }
    if let Some(listener) = &public.listener {
        cx.ledger.decided(listener, "the port of the instance");
    }
}

/// The instance's own ports: of Docker's and the agent's daemons on the ECS platform, of the secure shell on both.
fn reserved(platform: PlatformKind) -> &'static [u16] {
    match platform {
        PlatformKind::Ecs => RESERVED_HOST_PORTS,
        PlatformKind::Docker => &[SECURE_SHELL],
    }
}

/// The load balancer's listeners by their port.
#[derive(Default)]
struct ListenersByPort(BTreeMap<u16, ListenerRoutes>);

/// Where a listener leads to.
#[derive(Default)]
struct ListenerRoutes {
    /// The process that takes what no rule takes.
    process: Option<String>,
    /// The processes with a rule of their own, in order.
    rules: Vec<String>,
}

/// Claims what says which requests an endpoint takes.
fn claim_rule(public: &PublicExposure, process: &str, cx: &mut Compilation<'_>) {
    for at in public.hosts.iter().chain(&public.paths) {
        cx.ledger.decided(at, format!("the load balancer's rule for {process}"));
    }
    if let Some(priority) = &public.priority {
        cx.ledger.decided(priority, format!("the load balancer's rule for {process}"));
    }
    if let Some(listener) = &public.listener {
        cx.ledger.decided(listener, format!("aws:elbv2:listener:{}", listener.peek()));
    }
}

/// The default process takes what no rule takes: a rule of its own would keep nothing away from it.
fn claim_default(public: &PublicExposure, cx: &mut Compilation<'_>) {
    let (value, place) = ("every request", "the load balancer's default process");
    let reason = "the environment's load balancer sends requests that match no rule to its default process";
    let effect = BehaviourEffect::ChangesBehaviour;
    for at in public.hosts.iter().chain(&public.paths) {
        cx.ledger.approximated(at, effect, value, reason, place);
    }
    if let Some(priority) = &public.priority {
        let reason = "the default process has no rule";
        cx.ledger.approximated(priority, BehaviourEffect::Equivalent, "the last place", reason, place);
    }
    if let Some(listener) = &public.listener {
        cx.ledger.decided(listener, format!("aws:elbv2:listener:{}", listener.peek()));
    }
}

fn public(endpoint: &ServiceEndpoint) -> Option<(&ServiceEndpoint, &PublicExposure)> {
    match &endpoint.exposure {
        EndpointExposure::Public(public) => Some((endpoint, public)),
        EndpointExposure::Internal => None,
    }
}

/// Whether it takes whatever no other rule takes.
fn is_catch_all(public: &PublicExposure) -> bool {
    public.hosts.is_empty() && public.paths.iter().all(|path| matches!(path.peek().as_str(), "/*" | "*"))
}

/// Claims the ports of all containers: what is not public is reached by name alone.
pub(super) fn claim_ports(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let listens = listens(plan);
    // Of two for one port the first counts.
    let public = application.endpoints.iter().filter_map(public).rev();
    let public: BTreeMap<_, &PublicExposure> = public
        .map(|(endpoint, public)| ((&endpoint.service, endpoint.port, endpoint.protocol), public))
        .collect();
    for service in application.services.values() {
        for port in &service.container.ports {
            let public = public.get(&(&service.name, port.container.get(), port.protocol)).copied();
            if public.is_none() && port.published.is_none() {
                cx.ledger.ignored(
                    &port.node,
                    "containers reach each other on every port",
                    BehaviourEffect::Equivalent,
                );
                continue;
            }
            cx.ledger.decided(&port.node, "container port");
            let Some(published) = &port.published else { continue };
            match public {
                Some(public) => {
                    let listener = listener_port(application, public);
                    if published.get().is(listener) {
                        cx.ledger.decided(published, "the load balancer's port");
                    } else {
                        let reason = listens;
                        cx.ledger.approximated(
                            published,
                            BehaviourEffect::Equivalent,
                            format!("port {listener}"),
                            reason,
                            "load balancer",
                        );
                    }
                }
                None => {
                    let reason =
                        "the port is reached by the container's name and is not opened on the instance";
                    cx.ledger.ignored(published, reason, BehaviourEffect::Equivalent);
                    if let Some(address) = &port.host_ip {
                        cx.ledger.ignored(address, reason, BehaviourEffect::Equivalent);
                    }
                }
            }
        }
    }
}

fn listener_port(application: &Application, public: &PublicExposure) -> u16 {
    public.listener.as_ref().map_or_else(|| usual_port(application), |at| at.get())
}

/// The load balancer's port where no endpoint asks for another.
fn usual_port(application: &Application) -> u16 {
    if application.settings.https.is_some() { HTTPS_PORT } else { HTTP_PORT }
}

/// The instance's port of an endpoint that is not the default: the published one.
fn wanted_port(endpoint: &ServiceEndpoint, public: &PublicExposure) -> u16 {
    public.published.as_ref().and_then(|published| published.get().first()).unwrap_or(endpoint.port)
}

/// Where to look for a port of the instance that nobody has: below those that the kernel gives to connections.
const FREE_PORTS: std::ops::Range<u16> = 20_000..32_768;

/// The wanted port, else the next that is free: only the load balancer knows it. That of the default process is kept for it.
fn free_port(wanted: u16, taken: &BTreeMap<u16, &ServiceEndpoint>, platform: PlatformKind) -> u16 {
    let is_free =
        |port: &u16| *port != DEFAULT_PORT && !taken.contains_key(port) && !reserved(platform).contains(port);
    std::iter::once(wanted).chain(FREE_PORTS).find(is_free).unwrap_or(wanted)
}

/// Gives the containers of the task the ports of the instance that lead to them.
pub(super) fn map(plan: &mut BeanstalkPlan) {
    for opened in &plan.opened {
        let name = container_name(&opened.service);
        if let Some(container) = plan.containers.iter_mut().find(|container| container.name == name) {
            let (port, protocol) = (opened.container, opened.protocol);
            container.ports.push(PortMapping {
                container: port,
                host: Some(opened.host),
                protocol,
                name: None,
                app_protocol: None,
            });
        }
    }
}

/// Letters and digits: Elastic Beanstalk makes resource names of it. A further endpoint of a port has a letter behind it.
fn process_name(endpoint: &ServiceEndpoint, plan: &BeanstalkPlan) -> String {
    let letters = endpoint.service.chars().filter(char::is_ascii_alphanumeric);
    let name = format!("{}{}", letters.collect::<String>().to_lowercase(), endpoint.port);
    let is_free = |name: &String| {
        let namespace = format!("aws:elasticbeanstalk:environment:process:{name}");
        !plan.options.iter().any(|option| option.namespace == namespace)
    };
    let further = ('b'..='z').map(|letter| format!("{name}{letter}"));
    std::iter::once(name.clone()).chain(further).find(is_free).unwrap_or(name)
}

fn process_settings(
    application: &Application,
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
    process: &str,
    host_port: u16,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    let namespace = format!("aws:elasticbeanstalk:environment:process:{process}");
    let from = path(cx, endpoint.node);
    let mut set = |name: &str, value: String, from: String| {
        plan.options.push(OptionSetting { namespace: namespace.clone(), name: name.to_owned(), value, from });
    };
    set("Port", host_port.to_string(), from);
    set("Protocol", process_protocol(public.protocol).into(), String::new());
    let service = application.services.get(&endpoint.service);
    match &public.health_path {
        Some(health) => {
            let value = cx.ledger.exact(health, format!("{namespace} HealthCheckPath")).clone();
            set("HealthCheckPath", value, path(cx, health.node));
        }
        None => set("HealthCheckPath", "/".into(), String::new()),
    }
    if let Some(codes) = &public.health_codes {
        let value = cx.ledger.exact(codes, format!("{namespace} MatcherHTTPCode")).clone();
        set("MatcherHTTPCode", value, path(cx, codes.node));
    }
    if let Some(sticky) = &public.sticky {
        let value = cx.ledger.exact(sticky, format!("{namespace} StickinessEnabled")).to_string();
        set("StickinessEnabled", value, path(cx, sticky.node));
    }
    set("HealthCheckInterval", CHECK.0.to_string(), String::new());
    set("HealthCheckTimeout", CHECK.1.to_string(), String::new());
    let grace = service.and_then(|service| service.container.stop_grace_period.as_ref());
    let drain = grace.map_or(20, |grace| grace.peek().as_secs().clamp(1, DEREGISTRATION_DELAY.most));
    set("DeregistrationDelay", drain.to_string(), grace.map(|at| path(cx, at.node)).unwrap_or_default());
}

/// What the load balancer speaks to the instance (AWS documentation, "General options for all environments",
/// `aws:elasticbeanstalk:environment:process`). It does not check the certificate of the container.
fn process_protocol(protocol: PublicProtocol) -> &'static str {
    if protocol == PublicProtocol::Https { "HTTPS" } else { "HTTP" }
}

fn rule_settings(
    endpoint: &ServiceEndpoint,
    public: &PublicExposure,
    process: &str,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    let namespace = format!("aws:elbv2:listenerrule:{process}");
    let from = path(cx, endpoint.node);
    let mut set = |name: &str, value: String| {
        let (namespace, name, from) = (namespace.clone(), name.to_owned(), from.clone());
        plan.options.push(OptionSetting { namespace, name, value, from });
    };
    let place = format!("the load balancer's rule for {process}");
    let mut joined = |list: &[At<String>]| {
        let values = list.iter().map(|at| cx.ledger.exact(at, place.clone()).as_str());
        values.collect::<Vec<_>>().join(",")
    };
    let (hosts, patterns) = (joined(&public.hosts), joined(&public.paths));
    let priority = match &public.priority {
        Some(at) => *cx.ledger.exact(at, place),
        None => priority(public),
    };
    if !public.hosts.is_empty() {
        set("HostHeaders", hosts);
    }
    set("PathPatterns", if patterns.is_empty() { "/*".to_owned() } else { patterns });
    set("Process", process.to_owned());
    set("Priority", priority.to_string());
}

/// Narrow rules come first: those with a host before those without, long paths before short ones.
fn priority(public: &PublicExposure) -> u32 {
    let longest = public.paths.iter().map(|path| path.peek().len()).max().unwrap_or(0);
    let length = u32::try_from(longest.min(90)).unwrap_or(90);
    (if public.hosts.is_empty() { 500 } else { 100 }) + (90 - length)
}

/// The listeners: one for each port that endpoints ask for, with the rules that lead to their processes.
fn listeners(
    application: &Application,
    listeners: &ListenersByPort,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    for (port, listener) in &listeners.0 {
        let namespace = match *port {
            HTTP_PORT => "aws:elbv2:listener:default".to_owned(),
            port => format!("aws:elbv2:listener:{port}"),
        };
        let mut set = |name: &str, value: &str, from: String| {
            let (namespace, name, value) = (namespace.clone(), name.to_owned(), value.to_owned());
            plan.options.push(OptionSetting { namespace, name, value, from });
        };
        if *port != HTTP_PORT {
            set("ListenerEnabled", "true", String::new());
        }
        if let Some(https) = application.settings.https.as_ref().filter(|_| *port == HTTPS_PORT) {
            let certificate = cx.ledger.exact(&https.certificate, format!("{namespace} SSLCertificateArns"));
            set("Protocol", "HTTPS", String::new());
            set("SSLCertificateArns", certificate.as_str(), path(cx, https.certificate.node));
            set("SSLPolicy", SSL_POLICY, String::new());
        }
        if let Some(process) = &listener.process {
            set("DefaultProcess", process, String::new());
        }
        if !listener.rules.is_empty() {
            set("Rules", &listener.rules.join(","), String::new());
        }
    }
}

fn refuse_clash(
    endpoint: &ServiceEndpoint,
    port: u16,
    other: Option<&ServiceEndpoint>,
    cx: &mut Compilation<'_>,
) {
    let whose = other.map_or("the instance".to_owned(), |other| format!("`{}`", other.service));
    let mut diagnostic = Diagnostic::new(
        &rules::PORT_CLASH,
        format!(
            "service `{}` uses port {port} of the instance, which {whose} already uses",
            endpoint.service
        ),
    )
    .at(endpoint.origin)
    .service(&*endpoint.service);
    if let Some(other) = other {
        diagnostic = diagnostic.label(other.origin, "the other one");
    }
    cx.diagnostics.push(diagnostic.help("let the container listen on another port"));
}
