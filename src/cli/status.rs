//! `tranship status`: the status of deployments, once or as it changes.

use super::deployment::{AwsOptions, ReadingProgress};
use super::status_screen::StatusScreen;
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy::{self, DeployOptions, DeploymentStatus, ResourceDrift, ServiceStatus};
use crate::operation::side_by_side::wrap;
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use tranship_targets::TargetDeployment;

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct StatusCommand {
    /// Environments of the manifest
    #[arg(value_name = "ENV", required = true)]
    environments: Vec<String>,
    /// Show the status again as it changes, several environments side by side, until Ctrl-C
    #[arg(long, conflicts_with = "drift")]
    follow: bool,
    #[command(flatten)]
    set: VariableOptions,
    /// Also look for what was changed outside of the stack; takes minutes
    #[arg(long)]
    drift: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: StatusFormat,
    #[command(flatten)]
    aws: AwsOptions,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum StatusFormat {
    #[default]
    Human,
    Json,
}

impl StatusCommand {
    /// Prints the status to standard output. Fails if nothing is deployed, or if it is failing or in progress.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let deployments = match context.identify_all(&self.environments, &self.set, &self.aws) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        if self.follow {
            return self.follow(&deployments, context);
        }
        let mut exit = ExitStatus::Done;
        for ((deployment, options), name) in deployments.iter().zip(&self.environments) {
            match deploy::status(deployment, self.drift, options, &mut ReadingProgress(context.shell)) {
                Ok(found) => {
                    let width = context.shell.data_columns();
                    context.shell.data(&match self.format {
                        StatusFormat::Human => {
                            width.map_or_else(|| human(&found), |width| fitted(&found, width))
                        }
                        StatusFormat::Json => format!("{}\n", document(name, &found)),
                    });
                    exit = if found.healthy { exit } else { ExitStatus::Failed };
                }
                Err(failure) => return context.fail(&failure),
            }
        }
        exit
    }

    /// Shows every round of statuses, until Ctrl-C.
    fn follow(
        &self,
        deployments: &[(TargetDeployment, DeployOptions)],
        context: &mut CommandContext<'_>,
    ) -> ExitStatus {
        let lines: &dyn Fn(&str, &DeploymentStatus) -> Vec<String> = match self.format {
            StatusFormat::Human => &|_, found| human(found).lines().map(str::to_owned).collect(),
            StatusFormat::Json => &|name, found| vec![document(name, found).to_string()],
        };
        let drawn = matches!(self.format, StatusFormat::Human) && context.shell.can_redraw();
        let mut screen = StatusScreen::new(context.shell, &self.environments, lines, drawn);
        match deploy::watch(deployments, &mut screen) {
            Ok(()) => ExitStatus::Done,
            Err(failure) => context.fail(&failure),
        }
    }
}

/// The lines for a terminal of this width: a long one goes on below. An address stays whole, so that it can be followed.
fn fitted(found: &DeploymentStatus, width: usize) -> String {
    let lines = |line: &str| if is_address(line) { vec![line.to_owned()] } else { wrap(line, width) };
    human(found).lines().flat_map(lines).map(|line| line + "\n").collect()
}

fn human(found: &DeploymentStatus) -> String {
    let state = found.state.as_deref().unwrap_or("not deployed");
    let variables = found.variables.iter().map(|(name, value)| format!("  {name}: {value}\n"));
    let facts = told_facts(&found.facts).into_iter().map(|(name, value)| format!("  {name}: {value}\n"));
    let services = found.services.iter().map(line);
    let drift = found.drift.iter().flat_map(|all| drift(all));
    let lines = variables.chain(facts).chain(services).chain(drift);
    format!("{}: {state}\n", found.subject) + &lines.collect::<String>()
}

/// Outputs that other programs read.
const UNTOLD: &[&str] = &["LoadBalancerDnsName", "LoadBalancerHostedZoneId", "RunCommand"];

/// The facts that a person reads, an address that has two names once. The document has all of them.
pub(super) fn told_facts(all: &[(String, String)]) -> Vec<&(String, String)> {
    let mut told: Vec<&(String, String)> = Vec::new();
    for fact in all.iter().filter(|(name, _)| !UNTOLD.iter().any(|end| name.ends_with(end))) {
        let same = |one: &&(String, String)| one.1 == fact.1 && is_address(&one.1);
        if !told.iter().any(same) {
            told.push(fact);
        }
    }
    told
}

fn is_address(text: &str) -> bool {
    text.contains("://")
}

fn line(service: &ServiceStatus) -> String {
    let ServiceStatus { name, rollout, running, desired, pending, reason, .. } = service;
    let pending = if *pending > 0 { format!(", {pending} pending") } else { String::new() };
    let reason = reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
    let targets = service.targets.as_ref().map(|targets| format!(", {targets}")).unwrap_or_default();
    let line = format!(
        "  service {name}: {running}/{desired} running{pending}, rollout {rollout}{targets}{reason}\n"
    );
    let digest = service
        .digest
        .as_ref()
        .filter(|digest| service.image.as_ref().is_none_or(|image| !image.contains(digest.as_str())));
    let facts = [
        service.image.as_ref().map(|image| format!("image {image}")),
        digest.map(|digest| digest.chars().take(SHORT_DIGEST).collect()),
        service.since.as_ref().map(|since| format!("since {since}")),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    if facts.is_empty() { line } else { format!("{line}    {}\n", facts.join(", ")) }
}

/// `sha256:` and the start of a digest, in characters.
const SHORT_DIGEST: usize = 19;

fn drift(all: &[ResourceDrift]) -> Vec<String> {
    if all.is_empty() {
        return vec!["  drift: none\n".to_owned()];
    }
    let line = |it: &ResourceDrift| {
        let properties = it.properties.join(", ");
        format!("  drift: {} ({}) {} {properties}", it.name, it.kind, it.status.to_lowercase())
            .trim_end()
            .to_owned()
    };
    all.iter().map(|it| line(it) + "\n").collect()
}

fn document(environment: &str, found: &DeploymentStatus) -> Value {
    let facts: Map<_, _> =
        found.facts.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let variables: Map<_, _> =
        found.variables.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let services: Vec<Value> = found.services.iter().map(service).collect();
    json!({
        "environment": environment, "subject": found.subject, "state": found.state, "healthy": found.healthy, "facts": facts,
        "services": services, "variables": variables, "drift": found.drift.as_ref().map(|all| all.iter().map(drifted).collect::<Vec<_>>()),
    })
}

fn service(of: &ServiceStatus) -> Value {
    json!({
        "name": of.name, "rollout": of.rollout, "running": of.running, "desired": of.desired,
        "pending": of.pending, "reason": of.reason, "healthy": of.is_healthy(),
        "since": of.since, "image": of.image, "digest": of.digest,
        "targets": of.targets.as_ref().map(|targets| json!({
            "healthy": targets.healthy, "unhealthy": targets.unhealthy, "total": targets.total, "cause": targets.cause,
        })),
    })
}

fn drifted(of: &ResourceDrift) -> Value {
    json!({ "name": of.name, "type": of.kind, "status": of.status, "properties": of.properties })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::TargetCounts;

    fn found() -> DeploymentStatus {
        DeploymentStatus {
            subject: "stack shop-prod".into(),
            state: Some("UPDATE_COMPLETE".into()),
            healthy: true,
            facts: vec![("deployed by".into(), "ops".into()), ("Url".into(), "http://shop".into())],
            variables: vec![("APP_VERSION".into(), "41".into())],
            services: vec![ServiceStatus {
                name: "web".into(),
                rollout: "COMPLETED".into(),
                running: 2,
                desired: 2,
                pending: 0,
                reason: None,
                since: Some("2026-11-27T21:04:05Z".into()),
                image: Some("shop:41".into()),
                digest: Some("sha256:0123456789abcdef".into()),
                targets: None,
            }],
            drift: None,
        }
    }

    const START: &str = "stack shop-prod: UPDATE_COMPLETE\n  APP_VERSION: 41\n  deployed by: ops\n  Url: http://shop\n  \
        service web: 2/2 running, rollout COMPLETED\n";

    #[test]
    fn what_runs_is_told_with_its_image_and_since_when() {
        let image = "    image shop:41, sha256:0123456789ab, since 2026-11-27T21:04:05Z\n";
        assert_eq!(human(&found()), format!("{START}{image}"));
        let mut pinned = found();
        pinned.services[0].image = Some("shop@sha256:0123456789abcdef".into());
        pinned.services[0].since = None;
        assert_eq!(human(&pinned), format!("{START}    image shop@sha256:0123456789abcdef\n"));
        (pinned.services[0].image, pinned.services[0].digest) = (None, None);
        assert_eq!(human(&pinned), START);
        let document = document("prod", &found());
        assert_eq!(document["environment"], "prod");
        assert_eq!(document["variables"], json!({ "APP_VERSION": "41" }));
        assert_eq!(document["services"][0]["digest"], "sha256:0123456789abcdef");
        assert_eq!(document["drift"], Value::Null);
    }

    #[test]
    fn of_the_outputs_only_what_a_person_uses_is_told() {
        let mut found = found();
        let address = "http://shop-prod-loadbalan426c682ae29c7-wwvfjj4x.us-east-1.elb.amazonaws.com";
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        found.facts = vec![
            fact("changed", "2026-11-28"),
            fact("Url", address),
            fact("WebUrl", address),
            fact("AdminUrl", "http://admin"),
            fact("LoadBalancerDnsName", "shop"),
            fact("LoadBalancerHostedZoneId", "Z1"),
            fact("SeedRunCommand", "aws ecs run-task"),
            fact("Other", "2026-11-28"),
        ];
        let text = fitted(&found, 60);
        let told: Vec<&str> = text.lines().skip(2).take(4).collect();
        let url = format!("  Url: {address}");
        assert_eq!(told, ["  changed: 2026-11-28", &url, "  AdminUrl: http://admin", "  Other: 2026-11-28"]);
        assert!(!text.contains("Z1") && !text.contains("run-task") && !text.contains("WebUrl"), "{text}");
        assert_eq!(document("prod", &found)["facts"]["LoadBalancerHostedZoneId"], "Z1");
    }

    #[test]
    fn an_unhealthy_target_is_told_with_its_cause() {
        let mut ill = found();
        let cause = Some("Request timed out".to_owned());
        ill.services[0].targets = Some(TargetCounts { healthy: 1, unhealthy: 1, total: 2, cause });
        let told = "2/2 running, rollout COMPLETED, 1/2 targets healthy: Request timed out\n";
        assert!(human(&ill).contains(told), "{}", human(&ill));
        let service = &document("prod", &ill)["services"][0];
        let targets = json!({ "healthy": 1, "unhealthy": 1, "total": 2, "cause": "Request timed out" });
        assert_eq!((&service["targets"], &service["healthy"]), (&targets, &Value::Bool(false)));
        assert_eq!(document("prod", &found())["services"][0]["healthy"], true);
    }

    #[test]
    fn the_status_at_each_width_is_the_transcript() {
        let mut found = found();
        found.healthy = false;
        found.services[0].targets = Some(TargetCounts {
            healthy: 1,
            unhealthy: 1,
            total: 2,
            cause: Some("Health checks failed with these codes: [404]".into()),
        });
        found.services[0].image = Some("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:41".into());
        let mut worker =
            ServiceStatus { name: "worker".into(), running: 0, pending: 1, ..found.services[0].clone() };
        worker.reason = Some("Essential container in task exited; container worker: exit code 137".into());
        worker.rollout = "IN_PROGRESS".into();
        (worker.targets, worker.image) = (None, None);
        found.services.push(worker);
        found.drift = Some(vec![ResourceDrift {
            name: "WebService".into(),
            kind: "AWS::ECS::Service".into(),
            status: "MODIFIED".into(),
            properties: vec!["DesiredCount".into(), "TaskDefinition".into()],
        }]);
        for width in crate::operation::transcripts::WIDTHS {
            crate::operation::transcripts::golden(&format!("status-{width}.txt"), &fitted(&found, width));
        }
        crate::operation::transcripts::golden("status.txt", &human(&found));
    }

    #[test]
    fn drift_is_told_by_property() {
        let one = ResourceDrift {
            name: "WebService".into(),
            kind: "AWS::ECS::Service".into(),
            status: "MODIFIED".into(),
            properties: vec!["DesiredCount".into()],
        };
        assert_eq!(
            drift(std::slice::from_ref(&one)),
            ["  drift: WebService (AWS::ECS::Service) modified DesiredCount\n"]
        );
        let gone = ResourceDrift { status: "DELETED".into(), properties: Vec::new(), ..one };
        assert_eq!(drift(&[gone]), ["  drift: WebService (AWS::ECS::Service) deleted\n"]);
        assert_eq!(drift(&[]), ["  drift: none\n"]);
        let status = DeploymentStatus { drift: Some(Vec::new()), ..found() };
        assert_eq!(document("prod", &status)["drift"], json!([]));
    }
}
