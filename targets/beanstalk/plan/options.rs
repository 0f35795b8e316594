//! The environment's settings: load balancer, instances, network, health, logs, deployments.
//!
//! Source of the names: AWS documentation, "General options for all environments".

use super::{BeanstalkPlan, OptionSetting, environment_roles, limits, path, single_instance, stateful};
use crate::Compilation;
use crate::beanstalk::rules;
use std::collections::BTreeSet;
use tranship_app::rules::target;
use tranship_app::{
    Application, At, BehaviourEffect, DeploymentPosture, EndpointExposure, EnvironmentTier, ExistingNetwork,
    InstanceRange, LogRetention, ManifestName, NetworkSetting, PlatformKind, RolloutKind, ScalingTargets,
    ServiceEndpoint, SubnetId, WholeNumber,
};
use tranship_facts::quotas::beanstalk::ROOT_VOLUME_GIB;
use tranship_facts::{GIB, ProcessorArchitecture};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::NodeId;

/// Seconds that a deployment may take on an instance, jobs included.
const TIMEOUT: u32 = 1800;

/// Subnets of a load balancer, in different availability zones.
const LOAD_BALANCER_SUBNETS: usize = 2;

/// When the platform is updated: day and time, in UTC.
const UPDATE_TIME: &str = "Tue:03:00";

/// Why what asks for a load balancer has none.
pub(super) const NO_BALANCER: &str = "the environment has no load balancer";

/// Sets options and remembers where they come from.
struct OptionWriter<'a, 'b> {
    plan: &'a mut BeanstalkPlan,
    cx: &'a mut Compilation<'b>,
}

impl OptionWriter<'_, '_> {
    fn set(&mut self, namespace: &str, name: &str, value: impl ToString) {
        self.set_from(namespace, name, value, NodeId::UNNUMBERED);
    }

    fn set_from(&mut self, namespace: &str, name: &str, value: impl ToString, node: NodeId) {
        let from = if node == NodeId::UNNUMBERED { String::new() } else { path(self.cx, node) };
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        self.plan.options.push(OptionSetting { namespace, name, value: value.to_string(), from });
    }

    /// A setting that the manifest gives, else its usual value.
    fn take<T: ToString>(&mut self, namespace: &str, name: &str, at: Option<&At<T>>, usual: impl ToString) {
        match at {
            Some(at) => {
                let value = self.cx.ledger.exact(at, format!("{namespace} {name}")).to_string();
                self.set_from(namespace, name, value, at.node);
            }
            None => self.set(namespace, name, usual),
        }
    }
}

/// Decides the settings that no service of its own asks for.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    claim(application, cx);
    let settings = &application.settings;
    let posture = settings.posture();
    let usual = limits::usual_instance(plan);
    plan.is_worker = settings.tier.as_ref().map(At::get) == Some(EnvironmentTier::Worker);
    plan.is_single = !plan.is_worker && single_instance::is_single(application);
    environment_roles::decide(application, plan, cx);
    let roles = plan.roles.clone();
    let mut to = OptionWriter { plan, cx };
    let environment = "aws:elasticbeanstalk:environment";
    if to.plan.is_single {
        to.set(environment, "EnvironmentType", "SingleInstance");
    } else {
        // A worker's instances scale in the same way, without a load balancer.
        to.set(environment, "EnvironmentType", "LoadBalanced");
        if to.plan.has_balancer() {
            to.set(environment, "LoadBalancerType", "application");
        }
    }
    to.set(environment, "ServiceRole", roles.service);
    to.take("aws:ec2:instances", "InstanceTypes", settings.instance_type.as_ref(), usual);
    if to.plan.architecture == ProcessorArchitecture::Arm {
        to.set("aws:ec2:instances", "SupportedArchitectures", "arm64");
    }
    let launch = "aws:autoscaling:launchconfiguration";
    to.set(launch, "IamInstanceProfile", roles.instance);
    to.set(launch, "DisableIMDSv1", "true");
    to.set(launch, "RootVolumeType", "gp3");
    disk(application, &mut to);
    instances(application, posture, &mut to);
    let is_served = application.endpoints.iter().any(is_public_endpoint);
    network(settings.network.as_ref(), is_served, &mut to);
    to.set("aws:elasticbeanstalk:healthreporting:system", "SystemType", "enhanced");
    let logs = "aws:elasticbeanstalk:cloudwatch:logs";
    to.set(logs, "StreamLogs", "true");
    to.set(logs, "DeleteOnTerminate", "false");
    to.take(logs, "RetentionInDays", settings.log_retention.as_ref(), LogRetention::default());
    let command = "aws:elasticbeanstalk:command";
    rollout(settings.rollout.as_ref(), posture, &mut to);
    to.set(command, "Timeout", TIMEOUT);
    updates(posture, &mut to);
    if let Some(seconds) = &settings.idle_timeout {
        let (balancer, option) = ("aws:elbv2:loadbalancer", "IdleTimeout");
        match to.plan.has_balancer() {
            false => to.cx.ledger.ignored(seconds, NO_BALANCER, BehaviourEffect::Equivalent),
            true => to.take(balancer, option, Some(&seconds.clone().map(WholeNumber::get)), ""),
        }
    }
}

/// The disk of an instance in GiB, where containers say how much they may write: it holds their images too.
const DISK: u64 = 30;

/// The disk, where `storage_opt` asks for room on it. Docker limits a container only on a file system with project quotas, which
/// the instances do not have.
fn disk(application: &Application, to: &mut OptionWriter<'_, '_>) {
    let (namespace, name) = ("aws:autoscaling:launchconfiguration", "RootVolumeSize");
    let sizes = application.services.values().filter_map(|service| service.container.storage_size.as_ref());
    let sizes: Vec<&At<u64>> = sizes.collect();
    let Some(first) = sizes.first() else { return };
    let mut room = 0_u64;
    for size in &sizes {
        room = room.saturating_add(size.peek().div_ceil(GIB));
        let reason = "containers share the disk of their instance, which has room for all of them";
        let value = format!("{} GiB more of the disk", size.peek().div_ceil(GIB));
        let place = format!("{namespace} {name}");
        to.cx.ledger.approximated(*size, BehaviourEffect::Equivalent, value, reason, place);
    }
    let size = room.saturating_add(DISK).min(ROOT_VOLUME_GIB.most);
    to.set_from(namespace, name, size, first.node);
}

/// How a new version replaces the old one.
fn rollout(asked: Option<&At<RolloutKind>>, posture: DeploymentPosture, to: &mut OptionWriter<'_, '_>) {
    let namespace = "aws:elasticbeanstalk:command";
    let usual = match posture {
        DeploymentPosture::Prod if !to.plan.is_single => RolloutKind::Additional,
        DeploymentPosture::Prod | DeploymentPosture::Dev => RolloutKind::AllAtOnce,
    };
    let kind = asked.map_or(usual, At::get);
    let needs_balancer = !matches!(kind, RolloutKind::AllAtOnce | RolloutKind::Immutable);
    if let Some(asked) = asked {
        to.cx.ledger.decided(asked, format!("{namespace} DeploymentPolicy"));
        let splits = kind == RolloutKind::TrafficSplitting && to.plan.is_worker;
        if needs_balancer && to.plan.is_single || splits {
            let message = "the environment has no load balancer, which this `rollout` needs";
            to.cx.diagnostics.push(
                Diagnostic::new(&target::REJECTED_KEY, message)
                    .at(asked.origin)
                    .key(path(to.cx, asked.node))
                    .help("write `immutable` or `all-at-once`"),
            );
        }
    }
    let node = asked.map_or(NodeId::UNNUMBERED, |at| at.node);
    to.set_from(namespace, "DeploymentPolicy", policy(kind), node);
}

/// The deployment policy of a kind
/// (AWS documentation, "General options for all environments", `aws:elasticbeanstalk:command`).
fn policy(kind: RolloutKind) -> &'static str {
    match kind {
        RolloutKind::AllAtOnce => "AllAtOnce",
        RolloutKind::Rolling => "Rolling",
        RolloutKind::Additional => "RollingWithAdditionalBatch",
        RolloutKind::Immutable => "Immutable",
        RolloutKind::TrafficSplitting => "TrafficSplitting",
    }
}

/// Minor and patch versions of the platform once a week; changes of instances wait for healthy ones in production
/// (AWS documentation, "Managed platform updates").
fn updates(posture: DeploymentPosture, to: &mut OptionWriter<'_, '_>) {
    let actions = "aws:elasticbeanstalk:managedactions";
    to.set(actions, "ManagedActionsEnabled", "true");
    to.set(actions, "PreferredStartTime", UPDATE_TIME);
    let role = to.plan.roles.service.clone();
    to.set(actions, "ServiceRoleForManagedUpdates", role);
    to.set("aws:elasticbeanstalk:managedactions:platformupdate", "UpdateLevel", "minor");
    if posture == DeploymentPosture::Prod && !to.plan.is_single {
        let rolling = "aws:autoscaling:updatepolicy:rollingupdate";
        to.set(rolling, "RollingUpdateEnabled", "true");
        to.set(rolling, "RollingUpdateType", "Health");
    }
}

/// Claims the settings that are no option.
fn claim(application: &Application, cx: &mut Compilation<'_>) {
    let settings = &application.settings;
    if let Some(stack) = &settings.stack {
        cx.ledger.decided(stack, "the environment's name");
    }
    if let Some(tier) = &settings.tier {
        cx.ledger.decided(tier, "the environment's tier");
    }
    if let Some(platform) = &settings.platform {
        cx.ledger.decided(platform, "the platform branch");
    }
}

/// How many instances, and when there are more.
fn instances(application: &Application, posture: DeploymentPosture, to: &mut OptionWriter<'_, '_>) {
    let is_store = application.services.values().any(stateful::keeps_data);
    let usual: (u32, u32) = match posture {
        DeploymentPosture::Prod => (2, 4),
        // A second instance would have a second data store.
        DeploymentPosture::Dev if is_store => (1, 1),
        DeploymentPosture::Dev => (1, 2),
    };
    let copies = copies(application, to);
    let scaling = scaling(application, to);
    let (min, max) = match (&application.settings.instances, scaling) {
        (Some(InstanceRange { min, max }), _) => {
            let min = *to.cx.ledger.exact(min, "aws:autoscaling:asg MinSize");
            (min, *to.cx.ledger.exact(max, "aws:autoscaling:asg MaxSize"))
        }
        (None, Some(scaling)) => (scaling.min.get(), scaling.max.get()),
        (None, None) => (usual.0.max(copies), usual.1.max(copies)),
    };
    let (min, max) = match to.plan.is_single {
        true => single_instance::claim(application, scaling, to.cx),
        false => (min, max),
    };
    to.set("aws:autoscaling:asg", "MinSize", min);
    to.set("aws:autoscaling:asg", "MaxSize", max);
    if let Some(cpu) = scaling.and_then(|scaling| scaling.cpu.as_ref()) {
        let trigger = "aws:autoscaling:trigger";
        to.set(trigger, "MeasureName", "CPUUtilization");
        to.set(trigger, "Unit", "Percent");
        to.set_from(trigger, "UpperThreshold", cpu.peek(), cpu.node);
        to.set(trigger, "LowerThreshold", cpu.peek() / 2);
    }
}

/// The most copies that a service asks for: each is on an instance of its own.
fn copies(application: &Application, to: &mut OptionWriter<'_, '_>) -> u32 {
    let mut most = 1;
    let public: BTreeSet<&ManifestName> = public_services(application).collect();
    for service in application.services.values() {
        let Some(replicas) = &service.replicas else { continue };
        if to.plan.platform == PlatformKind::Docker && !public.contains(&service.name) {
            // Docker Compose runs the copies of what takes no port of the instance.
            continue;
        }
        if replicas.get() == 0 {
            refuse_none(&service.name, replicas, to.cx);
            continue;
        }
        if replicas.get() <= 1 {
            to.cx.ledger.decided(replicas, "one container on each instance");
            continue;
        }
        most = most.max(replicas.get());
        warn_copies(&service.name, &format!("{} copies", replicas.peek()), replicas.origin, to.cx);
        let reason = "each instance runs every container once";
        to.cx.ledger.approximated(
            replicas,
            BehaviourEffect::ChangesBehaviour,
            format!("{} instances", replicas.peek()),
            reason,
            "aws:autoscaling:asg",
        );
    }
    most
}

/// The services that the load balancer leads to, each for every such port.
pub(in crate::beanstalk) fn public_services(
    application: &Application,
) -> impl Iterator<Item = &ManifestName> {
    application.endpoints.iter().filter(|one| is_public_endpoint(one)).map(|one| &one.service)
}

/// An instance runs every container: none of a service is what `skip` says.
fn refuse_none(service: &str, replicas: &At<u32>, cx: &mut Compilation<'_>) {
    let reason = "every instance runs each container once";
    cx.ledger.rejected(replicas, reason);
    let message = format!("`replicas: 0` of `{service}` is not supported on Elastic Beanstalk: {reason}");
    cx.diagnostics.push(
        Diagnostic::new(&target::REJECTED_KEY, message)
            .at(replicas.origin)
            .key(path(cx, replicas.node))
            .service(service)
            .help(format!("leave it out of this environment: `x-tranship: {{ skip: [{service}] }}`")),
    );
}

/// The scaling of the first service that has one; that of others is said to be lost.
fn scaling<'a>(application: &'a Application, to: &mut OptionWriter<'_, '_>) -> Option<&'a ScalingTargets> {
    let mut scaled = None;
    for service in application.services.values() {
        let Some(scaling) = &service.scaling else { continue };
        let first = scaled.is_none();
        for at in [Some(&scaling.min), Some(&scaling.max), scaling.cpu.as_ref()].into_iter().flatten() {
            if first {
                let reason = "each instance runs all containers";
                to.cx.ledger.approximated(
                    at,
                    BehaviourEffect::ChangesBehaviour,
                    "instances",
                    reason,
                    "aws:autoscaling:asg",
                );
            } else {
                to.cx.ledger.ignored(
                    at,
                    "another service scales the instances",
                    BehaviourEffect::ChangesBehaviour,
                );
            }
        }
        warn_copies(&service.name, "its own scaling", scaling.min.origin, to.cx);
        scaled = scaled.or(Some(scaling));
    }
    scaled
}

fn warn_copies(
    service: &str,
    what: &str,
    origin: tranship_frontend::source::Origin,
    cx: &mut Compilation<'_>,
) {
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::COPIES,
            format!("`{service}` has {what}, but each instance runs all containers, so every service scales"),
        )
        .at(origin)
        .service(service)
        .help("choose the target `fargate` or `ecs-ec2` to scale a service by itself"),
    );
}

fn is_public_endpoint(endpoint: &ServiceEndpoint) -> bool {
    matches!(endpoint.exposure, EndpointExposure::Public(_))
}

/// Refuses subnets in which nobody would reach the environment.
fn check_subnets(asked: &ExistingNetwork, is_served: bool, to: &mut OptionWriter<'_, '_>) {
    let (public, all) =
        (asked.public_subnets.len(), asked.public_subnets.len() + asked.private_subnets.len());
    let missing = match (to.plan.has_balancer(), is_served) {
        (true, _) if public < LOAD_BALANCER_SUBNETS => {
            "the load balancer needs 2 public subnets in different zones"
        }
        (false, true) if to.plan.is_single && public == 0 => {
            "the instance needs a public subnet, in which it is reached"
        }
        _ if all == 0 => "the instances need a subnet",
        _ => return,
    };
    let diagnostic = Diagnostic::new(&rules::SUBNETS, missing).at(asked.vpc.origin).key("x-tranship.network");
    let key = if is_served { "public_subnets" } else { "private_subnets" };
    to.cx.diagnostics.push(diagnostic.help(format!("add them as `network: {{ {key}: [...] }}`")));
}

/// The VPC and its subnets; the account's default VPC where none is named.
fn network(network: Option<&NetworkSetting>, is_served: bool, to: &mut OptionWriter<'_, '_>) {
    let vpc_options = "aws:ec2:vpc";
    match network {
        None => {}
        Some(NetworkSetting::New(asked)) => to.cx.diagnostics.push(
            Diagnostic::new(&target::REJECTED_KEY, "`network: new` is not supported on Elastic Beanstalk")
                .at(asked.origin)
                .key("x-tranship.network")
                .help("set a VPC and its subnets, or remove `network` to use the default VPC"),
        ),
        Some(NetworkSetting::Existing(asked)) => {
            let (public, private) = (&asked.public_subnets, &asked.private_subnets);
            check_subnets(asked, is_served, to);
            to.take(vpc_options, "VPCId", Some(&asked.vpc), "");
            let mut joined = |list: &[At<SubnetId>]| {
                let ids = list.iter().map(|at| to.cx.ledger.exact(at, vpc_options).as_str());
                ids.collect::<Vec<_>>().join(",")
            };
            let (public_ids, private_ids) = (joined(public), joined(private));
            let node = |list: &[At<SubnetId>]| list.first().map_or(NodeId::UNNUMBERED, |at| at.node);
            let (inside, inside_ids) =
                if private.is_empty() { (public, &public_ids) } else { (private, &private_ids) };
            // Nothing stands before the one instance that is reached itself.
            let is_outside = to.plan.is_single && is_served || private.is_empty();
            let (own, own_ids) = if is_outside { (public, &public_ids) } else { (inside, inside_ids) };
            to.set_from(vpc_options, "ELBSubnets", &public_ids, node(public));
            to.set_from(vpc_options, "Subnets", own_ids, node(own));
            to.set(vpc_options, "AssociatePublicIpAddress", is_outside);
            if to.plan.is_coupled {
                to.set_from(vpc_options, "DBSubnets", inside_ids, node(inside));
            }
        }
    }
}
