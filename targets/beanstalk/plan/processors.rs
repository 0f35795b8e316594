//! The processor that the images are built for, which is the instance type's.
//!
//! Every container runs on every instance, so all of them have one processor.

use super::BeanstalkPlan;
use crate::Compilation;
use tranship_app::rules::target;
use tranship_app::{AppService, Application, At, JobTime, ServiceRole};
use tranship_facts::{ImagePlatform, InstanceType, ProcessorArchitecture};
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// A `platform` of the manifest with the service that has it.
type ServicePlatform<'a> = (&'a AppService, &'a At<String>);

/// Settles every `platform`, and decides the processor of the instances.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let setting = application.settings.instance_type.as_ref();
    let instance = setting.and_then(|setting| InstanceType::find(setting.peek()));
    let named = named(application, cx);
    let first = named.first().map(|(_, processor)| *processor);
    let decided = instance.as_ref().map(|instance| instance.architecture).or(first).unwrap_or_default();
    let differing = || named.iter().filter(|(_, processor)| *processor != decided);
    if differing().next().is_none() {
        named.iter().for_each(|((_, platform), _)| {
            cx.ledger.decided(*platform, "aws:ec2:instances InstanceTypes");
        });
    } else if let Some(instance) = &instance {
        let reason = format!("`{}` has {} processors", instance.name, decided.as_str());
        let help = "choose an `instance_type` with that processor, or build the image for the other one";
        for ((service, platform), _) in &named {
            cx.ledger.decided(*platform, "aws:ec2:instances InstanceTypes");
            if ImagePlatform::parse(platform.peek()).processor() != Some(decided) {
                reject((service, platform), &reason, help, cx);
            }
        }
    } else {
        mixed(&named, cx);
    }
    plan.architecture = decided;
}

/// The platforms that name a processor of AWS; others are refused.
fn named<'a>(
    application: &'a Application,
    cx: &mut Compilation<'_>,
) -> Vec<(ServicePlatform<'a>, ProcessorArchitecture)> {
    let mut named = Vec::new();
    for service in application.services.values().filter(|service| runs(service)) {
        let Some(platform) = &service.container.platform else { continue };
        let asked = ImagePlatform::parse(platform.peek());
        match (asked.problem(), asked.processor()) {
            (Some(reason), _) => {
                reject((service, platform), &reason, "use `linux/amd64` or `linux/arm64`", cx);
            }
            (None, Some(processor)) => named.push(((service, platform), processor)),
            (None, None) => {
                cx.ledger.decided(platform, "the operating system of the instances");
            }
        }
    }
    named
}

/// Manual jobs are not part of the environment, and scheduled ones are refused as a whole.
fn runs(service: &AppService) -> bool {
    !matches!(&service.role, ServiceRole::Job(job) if job.when != JobTime::BeforeDeploy)
}

/// Images for several processors, none of which the instance type decides.
fn mixed(named: &[(ServicePlatform<'_>, ProcessorArchitecture)], cx: &mut Compilation<'_>) {
    let reason = "all containers run on the same instances, which have one kind of processor";
    let shown: Vec<String> =
        named.iter().map(|((service, _), has)| format!("`{}` for {}", service.name, has.as_str())).collect();
    let message = format!("images are built for several processors ({}): {reason}", listed(&shown));
    let mut diagnostic = Diagnostic::new(&target::REJECTED_KEY, message)
        .help("use the same `platform` for all of them, or choose the target `fargate`");
    for ((_, platform), _) in named {
        cx.ledger.rejected(*platform, reason);
        diagnostic = diagnostic.at(platform.origin);
    }
    cx.diagnostics.push(diagnostic);
}

fn reject((service, platform): ServicePlatform<'_>, reason: &str, help: &str, cx: &mut Compilation<'_>) {
    cx.ledger.rejected(platform, reason.to_owned());
    let shown = platform.peek();
    let message =
        format!("`platform: {shown}` of `{}` is not supported on Elastic Beanstalk: {reason}", service.name);
    let diagnostic = Diagnostic::new(&target::REJECTED_KEY, message)
        .at(platform.origin)
        .key(cx.keys.path(platform))
        .service(&*service.name)
        .help(help);
    cx.diagnostics.push(diagnostic);
}
