//! The compute policy of Fargate.

use super::container_bounds;
use crate::Compilation;
use crate::ecs::plan::{
    Asked, Capacity, Compute, EcsPlan, Limits, NetworkMode, Reach, Size, Storage, Strategy,
};
use crate::fargate::rules;
use tranship_app::{Application, CapacityKind, Service, Volume};
use tranship_cloudformation::LogicalId;
use tranship_facts::{FargateSize, MIB};
use tranship_frontend::diagnostic::Diagnostic;

/// Capacity that AWS runs.
#[derive(Debug)]
pub(super) struct Fargate;

static LIMITS: Limits = Limits { container: &container_bounds::BOUNDS, compatibility: "FARGATE" };

impl Compute for Fargate {
    fn target(&self) -> &'static str {
        "fargate"
    }

    fn limits(&self) -> &'static Limits {
        &LIMITS
    }

    fn mode(&self, _: &Service, _: Reach) -> NetworkMode {
        NetworkMode::AwsVpc
    }

    fn shared_group(&self, _: NetworkMode) -> Option<LogicalId> {
        None
    }

    /// The smallest size that holds what the containers ask for.
    fn size(&self, asked: &Asked, cx: &mut Compilation<'_>) -> Size {
        let cpu = asked.cpu.as_ref().map_or(0, |cpu| cpu.get());
        let bytes = asked.memory.as_ref().map_or(0, |memory| memory.get());
        let memory = u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX);
        match FargateSize::smallest(cpu, memory) {
            Some(chosen) => {
                tell(asked, FargateSize { cpu, memory }, chosen, cx);
                Size { cpu: Some(chosen.cpu), memory: Some(chosen.memory) }
            }
            None => {
                refuse(asked, (cpu, memory), cx);
                Size::default()
            }
        }
    }

    fn storage(&self, volume: &Volume, local: bool) -> Storage {
        if local { Storage::Task } else { Storage::Efs(volume.name.clone()) }
    }

    fn capacity(&self, application: &Application, cx: &mut Compilation<'_>) -> Capacity {
        let asked = application.settings.capacity.as_ref();
        let provider = match asked.map(|asked| cx.ledger.exact(asked, "capacity provider strategy")) {
            Some(CapacityKind::Spot) => "FARGATE_SPOT",
            Some(CapacityKind::Fargate) | None => "FARGATE",
        };
        let item = Strategy { provider: provider.into(), base: 0, weight: 1 };
        Capacity {
            providers: vec!["FARGATE".into(), "FARGATE_SPOT".into()],
            strategy: vec![item],
            after: Vec::new(),
            public_ip: Some(false),
            platform_version: Some("LATEST"),
        }
    }

    /// Nothing to add: AWS runs the machines.
    fn finish(&self, _: &Application, _: &mut EcsPlan, _: &mut Compilation<'_>) {}
}

/// Says the size, where it is not the one that was asked for.
fn tell(asked: &Asked, wanted: FargateSize, chosen: FargateSize, cx: &mut Compilation<'_>) {
    if wanted == chosen {
        return;
    }
    let shown = format!("{} CPU units and {} MiB", chosen.cpu, chosen.memory);
    let reason = "Fargate has certain sizes only";
    if let Some(cpu) = asked.cpu.as_ref().filter(|_| wanted.cpu != chosen.cpu) {
        cx.ledger.approximated(cpu, format!("{} CPU units", chosen.cpu), reason, "task definition: Cpu");
    }
    let origin = asked.cpu.as_ref().map(|cpu| cpu.origin);
    let origin = origin.or(asked.memory.as_ref().map(|memory| memory.origin)).unwrap_or(asked.origin);
    let message = format!("tasks of `{}` have {shown}", asked.task);
    cx.diagnostics.push(
        Diagnostic::new(&rules::TASK_SIZE, message)
            .at(origin)
            .service(&*asked.task)
            .target("fargate")
            .help("choose another size with `deploy: { resources: { limits: { cpus, memory } } }`"),
    );
}

fn refuse(asked: &Asked, (cpu, memory): (u32, u32), cx: &mut Compilation<'_>) {
    let message = format!(
        "no size of Fargate holds the task of `{}`: it asks for {} virtual CPUs and {memory} MiB",
        asked.task,
        f64::from(cpu) / 1024.0
    );
    let mut diagnostic = Diagnostic::new(&rules::ILLEGAL_SIZE, message).target("fargate");
    if let Some(asked) = &asked.cpu {
        cx.ledger.rejected(asked, "no size of Fargate holds it");
        diagnostic = diagnostic.at(asked.origin);
    }
    if let Some(asked) = &asked.memory {
        cx.ledger.rejected(asked, "no size of Fargate holds it");
        diagnostic = diagnostic.at(asked.origin);
    }
    let FargateSize { cpu, memory } = FargateSize::LARGEST;
    cx.diagnostics.push(diagnostic.service(&*asked.task).help(format!(
        "ask for at most {} virtual CPUs and {} GB, or use the target `ecs-ec2`",
        cpu / 1024,
        memory / 1024
    )));
}
