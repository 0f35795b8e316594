//! The compute policy of EC2 instances: how tasks reach the network, where volumes are, what the machines are.

use super::container_bounds;
use super::machines::{self, Machines};
use super::room;
use super::user_data::Folder;
use crate::Compilation;
use crate::ecs::plan::groups;
use crate::ecs::plan::{
    Asked, Capacity, Compute, EcsPlan, Group, Limits, NetworkMode, Outbound, PlannedParameter, Reach, Size,
    Storage, Strategy,
};
use crate::ecs_ec2::rules;
use tranship_app::{Application, InstanceRange, Posture, Service, Volume};
use tranship_cloudformation::{LogicalId, Role};
use tranship_facts::quotas::load_balancing::HTTPS_PORT;
use tranship_facts::{InstanceType, ProcessorArchitecture, TransportProtocol};
use tranship_frontend::diagnostic::{Diagnostic, Severity};

/// EC2 instances of an Auto Scaling group.
#[derive(Debug)]
pub struct Ec2;

static LIMITS: Limits = Limits { container: &container_bounds::BOUNDS, compatibility: "EC2" };

impl Compute for Ec2 {
    fn target(&self) -> &'static str {
        "ecs-ec2"
    }

    fn limits(&self) -> &'static Limits {
        &LIMITS
    }

    /// An address of its own costs one of a machine's few interfaces. Only what is looked up by name gets one, since
    /// discovery knows no A records in bridge mode, and sidecars, since bridge mode has no shared loopback.
    fn mode(&self, _: &Service, reach: Reach) -> NetworkMode {
        if reach.by_name || reach.together { NetworkMode::AwsVpc } else { NetworkMode::Bridge }
    }

    fn shared_group(&self, mode: NetworkMode) -> Option<LogicalId> {
        (mode == NetworkMode::Bridge).then(|| LogicalId::only(Role::InstanceSecurityGroup))
    }

    /// Containers have limits of their own; the task as a whole needs none.
    fn size(&self, _: &Asked, _: &mut Compilation<'_>) -> Size {
        Size::default()
    }

    fn storage(&self, volume: &Volume, local: bool) -> Storage {
        if !local {
            return Storage::Efs(volume.name.clone());
        }
        // A name of dots alone would be another folder.
        let name = volume.name.replacen('.', "_", usize::from(volume.name.starts_with('.')));
        Storage::Host { path: format!("/data/{name}"), owner: volume.owner.as_ref().map(|owner| owner.get()) }
    }

    fn capacity(&self, _: &Application, _: &mut Compilation<'_>) -> Capacity {
        let provider = LogicalId::only(Role::CapacityProvider).reference();
        Capacity {
            providers: vec![provider.clone()],
            strategy: vec![Strategy { provider, base: 0, weight: 1 }],
            after: vec![LogicalId::only(Role::CapacityProviderAssociations)],
            public_ip: None,
            platform_version: None,
        }
    }

    fn finish(&self, application: &Application, plan: &mut EcsPlan, cx: &mut Compilation<'_>) {
        let kind = instance_type(application, plan, cx);
        let instance = InstanceType::find(&kind);
        if instance.is_none() {
            unknown(application, &kind, cx);
        }
        let (min, max) = machines_wanted(application, plan, instance.as_ref(), cx);
        if let Some(instance) = &instance {
            room::check(application, plan, instance, max, cx);
        }
        let architecture = instance.map_or_else(|| architecture_of(plan), |instance| instance.architecture);
        tell_shared_group(plan, cx);
        if !plan.groups.iter().any(|group| group.id == LogicalId::only(Role::InstanceSecurityGroup)) {
            plan.groups.push(group());
        }
        plan.parameters.push(PlannedParameter {
            id: LogicalId::only(Role::InstanceImage),
            parameter: machines::image(architecture),
            value: None,
            variable: None,
            secret: None,
        });
        let machines = Machines {
            kind,
            min,
            max,
            protected: application.settings.posture() == Posture::Prod,
            subnets: plan.network.private.clone(),
            folders: folders(plan),
            after: plan.network.after.clone(),
            from: vec!["x-tranship".to_owned()],
        };
        plan.own.extend(machines.resources());
    }
}

/// The type that the environment names, else the smallest that holds every task; says which.
fn instance_type(application: &Application, plan: &EcsPlan, cx: &mut Compilation<'_>) -> String {
    if let Some(kind) = &application.settings.instance_type {
        cx.ledger.exact(kind, "launch template: instance type");
        return kind.peek().clone();
    }
    let choices = InstanceType::choices(architecture_of(plan));
    let Some(index) = choices.iter().position(|it| room::fits(plan, it)) else {
        // Not even the largest holds them: the rules say which task, and why.
        return choices.last().map(|it| it.name.clone()).unwrap_or_default();
    };
    let Some(chosen) = choices.into_iter().nth(index) else { return String::new() };
    let severity = if index == 0 { Severity::Note } else { Severity::Warning };
    let message =
        format!("the cluster has machines of type `{}`, the smallest that holds every task", chosen.name);
    cx.diagnostics.push(
        Diagnostic::new(&rules::INSTANCE_TYPE, message)
            .severity(severity)
            .at(application.environment.origin)
            .target("ecs-ec2")
            .help("choose another with `x-tranship: { instance_type: ... }`"),
    );
    chosen.name
}

fn architecture_of(plan: &EcsPlan) -> ProcessorArchitecture {
    plan.tasks.first().map(|task| task.architecture).unwrap_or_default()
}

fn unknown(application: &Application, kind: &str, cx: &mut Compilation<'_>) {
    let origin = application.settings.instance_type.as_ref().map(|kind| kind.origin).unwrap_or_default();
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::UNKNOWN_INSTANCE_TYPE,
            format!(
                "the size of the instance type `{kind}` is not known: whether the tasks fit is not checked"
            ),
        )
        .at(origin)
        .key("x-tranship.instance_type")
        .target("ecs-ec2")
        .help("check the spelling, such as `t3.small`"),
    );
}

/// Fewest and most machines: as the environment says, else as many as the tasks need.
fn machines_wanted(
    application: &Application,
    plan: &EcsPlan,
    instance: Option<&InstanceType>,
    cx: &mut Compilation<'_>,
) -> (u32, u32) {
    if let Some(InstanceRange { min, max }) = &application.settings.instances {
        cx.ledger.exact(min, "auto scaling group: minimum size");
        cx.ledger.exact(max, "auto scaling group: maximum size");
        return (min.get(), max.get());
    }
    let min = if application.settings.posture() == Posture::Prod { 2 } else { 1 };
    let needed = instance.map_or(0, |instance| room::machines_needed(plan, instance));
    (min, needed.max(min * 2))
}

/// Folders that belong to someone, each once.
fn folders(plan: &EcsPlan) -> Vec<Folder> {
    let volumes = plan.tasks.iter().flat_map(|task| &task.volumes);
    let mut folders: Vec<Folder> = volumes
        .filter_map(|volume| match &volume.storage {
            Storage::Host { path, owner: Some(owner) } => Some(Folder { path: path.clone(), owner: *owner }),
            _ => None,
        })
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

/// The machines' own security group, where no task shares it. They reach AWS and registries by HTTPS.
fn group() -> Group {
    Group {
        id: LogicalId::only(Role::InstanceSecurityGroup),
        description: groups::SHARED.to_owned(),
        outbound: vec![Outbound {
            port: HTTPS_PORT,
            protocol: TransportProtocol::Tcp,
            description: "AWS and image registries".to_owned(),
        }],
        inbound: Vec::new(),
        from: vec!["x-tranship".to_owned()],
    }
}

fn tell_shared_group(plan: &EcsPlan, cx: &mut Compilation<'_>) {
    let shared = plan.tasks.iter().filter(|task| task.mode == NetworkMode::Bridge);
    let names: Vec<String> = shared.map(|task| format!("`{}`", task.name)).collect();
    if names.len() > 1 {
        cx.diagnostics.push(
            Diagnostic::new(
                &rules::SHARED_SECURITY_GROUP,
                format!("{} share the network and the security group of their machine", names.join(", ")),
            )
            .target("ecs-ec2")
            .help(
                "what one of them may reach, the others may reach too; on `fargate` each has its own group",
            ),
        );
    }
}
