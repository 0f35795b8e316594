//! Turns failed services into a failure message: the root cause, then the stack's own reason, then the evidence.
//!
//! In: the stack's failure and a [`ServiceFinding`] for each failed service. Out: the failure. Pure.

use crate::deploy::failure::DeployFailure;

/// Services whose evidence is shown in full; of any others, only the names.
const IN_FULL: usize = 3;

/// Different task failures to show per service.
const STORIES: usize = 3;

/// What is known of a failed service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServiceFinding {
    /// The Compose name.
    pub(super) service: String,
    /// The logical id of its resource.
    pub(super) logical_id: String,
    /// The root cause, if known.
    pub(super) cause: Option<String>,
    /// The reasons its tasks stopped, with counts.
    pub(super) stories: Vec<(usize, String)>,
    /// What the load balancer said last, if a target is unhealthy.
    pub(super) targets: Option<String>,
    /// The last log lines of the container at fault.
    pub(super) lines: Option<ReportLines>,
}

/// The last lines of a container's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportLines {
    /// The task's id.
    pub(super) task: String,
    /// The container.
    pub(super) container: String,
    /// The log group.
    pub(super) group: String,
    /// The log stream.
    pub(super) stream: String,
    /// The lines, oldest first.
    pub(super) lines: Vec<String>,
}

/// Explains a failure of the stack whose first failed resource is `root`, a logical id.
pub(super) fn explain(
    mut failure: DeployFailure,
    root: Option<&str>,
    mut findings: Vec<ServiceFinding>,
) -> DeployFailure {
    // A resource of a nested stack has its path.
    let root = root.and_then(|path| path.rsplit('/').next());
    findings.sort_by_key(|it| Some(it.logical_id.as_str()) != root);
    let first = findings.first().filter(|it| Some(it.logical_id.as_str()) == root);
    let led = first.and_then(|it| Some(format!("service {}: {}", it.service, it.cause.as_ref()?)));
    if let Some(root) = &led {
        failure.help.insert(0, std::mem::replace(&mut failure.message, root.clone()));
    }
    for (place, finding) in findings.iter().take(IN_FULL).enumerate() {
        if !(place == 0 && led.is_some()) {
            failure.help.extend(headline(finding));
        }
        failure.help.extend(evidence(finding));
    }
    let more: Vec<&str> = findings.iter().skip(IN_FULL).map(|it| it.service.as_str()).collect();
    if !more.is_empty() {
        failure.help.push(format!("other failed services: {}", more.join(", ")));
    }
    failure
}

fn headline(finding: &ServiceFinding) -> Option<String> {
    finding.cause.as_ref().map(|cause| format!("service {}: {cause}", finding.service))
}

fn evidence(finding: &ServiceFinding) -> Vec<String> {
    let name = &finding.service;
    let mut told: Vec<String> = finding.stories.iter().rev().take(STORIES).map(|it| ends(name, it)).collect();
    told.extend(finding.targets.iter().map(|targets| format!("service {name}: {targets}")));
    if let Some(ReportLines { container, group, stream, lines, .. }) = &finding.lines {
        told.push(format!("last log lines of container {container}, from {group} {stream}:"));
        told.extend(lines.iter().map(|line| format!("  | {line}")));
    }
    told
}

fn ends(service: &str, (count, story): &(usize, String)) -> String {
    match count {
        1 => format!("service {service}: 1 task stopped: {story}"),
        _ => format!("service {service}: {count} tasks stopped: {story}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(service: &str, cause: Option<&str>) -> ServiceFinding {
        ServiceFinding {
            service: service.into(),
            logical_id: format!("{}Service", service.to_uppercase()),
            cause: cause.map(str::to_owned),
            stories: Vec::new(),
            targets: None,
            lines: None,
        }
    }

    fn stack() -> DeployFailure {
        DeployFailure::failed("APPService (AWS::ECS::Service) failed: circuit breaker")
            .help("the stack shop ended as ROLLBACK_COMPLETE")
    }

    #[test]
    fn the_root_comes_first_and_the_stacks_own_reason_next() {
        let mut app = finding("app", Some("container app exited with code 1"));
        app.stories = vec![(1, "Essential container in task exited".into()), (2, "it failed again".into())];
        app.targets = Some("0/1 targets healthy: Request timed out".into());
        app.lines = Some(ReportLines {
            task: "1".into(),
            container: "app".into(),
            group: "/shop/ecs/app".into(),
            stream: "ecs/app/1".into(),
            lines: vec!["no database".into()],
        });
        let failure = explain(stack(), Some("APPService"), vec![app]);
        assert_eq!(failure.message, "service app: container app exited with code 1");
        assert_eq!(
            failure.help,
            [
                "APPService (AWS::ECS::Service) failed: circuit breaker",
                "the stack shop ended as ROLLBACK_COMPLETE",
                "service app: 2 tasks stopped: it failed again",
                "service app: 1 task stopped: Essential container in task exited",
                "service app: 0/1 targets healthy: Request timed out",
                "last log lines of container app, from /shop/ecs/app ecs/app/1:",
                "  | no database",
            ]
        );
    }

    #[test]
    fn what_is_not_known_leaves_the_stacks_reason_where_it_is() {
        for findings in [Vec::new(), vec![finding("app", None)]] {
            assert_eq!(explain(stack(), Some("APPService"), findings), stack());
        }
    }

    #[test]
    fn a_service_that_is_not_the_root_is_told_after_it() {
        let worker = finding("worker", Some("cannot pull an image: denied"));
        let failure = explain(stack(), Some("Database"), vec![worker]);
        assert_eq!(failure.message, stack().message);
        assert_eq!(
            failure.help.last().map(String::as_str),
            Some("service worker: cannot pull an image: denied")
        );
    }

    #[test]
    fn of_many_services_some_are_told_in_full_and_the_root_first() {
        let names = ["a", "b", "c", "d", "e"];
        let many = names.iter().map(|name| finding(name, Some("it ended"))).collect();
        let failure = explain(DeployFailure::failed("stack"), Some("DService"), many);
        assert_eq!(failure.message, "service d: it ended");
        let help = ["stack", "service a: it ended", "service b: it ended"];
        assert_eq!(failure.help.get(..3), Some(&help.map(str::to_owned)[..]));
        assert_eq!(failure.help.get(3..), Some(&["other failed services: c, e".to_owned()][..]));
    }
}
