//! What the application as a whole asks of an account.
//!
//! In: the plan, its template, and how many stacks they are. Out: one warning for each quota whose default is less than the
//! application needs, and an error where AWS does not raise it.

use super::legality::placed;
use super::planner::EcsPlanner;
use super::{EcsPlan, EcsServicePlan};
use crate::ecs::rules;
use std::collections::BTreeMap;
use tranship_cloudformation::{LogicalId, Template};
use tranship_facts::quotas::account::{self, AccountQuota};
use tranship_frontend::diagnostic::Diagnostic;

/// What is needed of a quota, and the key that it comes from.
struct QuotaNeed {
    quota: AccountQuota,
    count: usize,
    /// What has so many, where it is not the application: `the security group of web`.
    subject: Option<String>,
    key: String,
}

/// Reports what the application needs more of than an account has.
pub(super) fn check(planner: &mut EcsPlanner<'_, '_>, plan: &EcsPlan, template: &Template, stacks: usize) {
    let needs = needs(plan, template, stacks);
    for need in needs.into_iter().filter(|it| it.quota.is_exceeded_by(it.count)) {
        let QuotaNeed { quota, count, subject, key } = need;
        let subject = subject.unwrap_or_else(|| "the application".to_owned());
        let rule = if quota.adjustable { &rules::ACCOUNT_QUOTA } else { &rules::FIXED_QUOTA };
        let (most, name, service) = (quota.most, quota.name, quota.service);
        let limit = if quota.adjustable { "has a default of" } else { "is" };
        let message =
            format!("{subject} needs {count} {}; the quota `{name}` of {service} {limit} {most}", quota.what);
        let help = match quota.adjustable {
            true => "request a higher quota before you deploy, in the console of Service Quotas",
            false => "make fewer services public, or put a proxy in front of them",
        };
        let diagnostic = placed(planner, Diagnostic::new(rule, message).help(help), &key);
        planner.report(diagnostic);
    }
}

fn needs(plan: &EcsPlan, template: &Template, stacks: usize) -> Vec<QuotaNeed> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in template.resources.values() {
        *kinds.entry(resource.kind.as_ref()).or_default() += 1;
    }
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
    let found = plan.services.iter().filter(|service| service.registry.is_some());
    let tasks = found
        .map(EcsServicePlan::most_tasks)
        .fold(0_usize, |sum, tasks| sum.saturating_add(usize::try_from(tasks).unwrap_or(usize::MAX)));
    let connected = plan.services.iter().filter(|service| service.connect.is_some()).count();
    let whole = |quota: AccountQuota, count: usize| QuotaNeed {
        quota,
        count,
        subject: None,
        key: "services".to_owned(),
    };
    let mut needs = vec![
        whole(account::SECURITY_GROUPS, of("AWS::EC2::SecurityGroup")),
        whole(account::ROLES, of("AWS::IAM::Role")),
        whole(account::TARGET_GROUPS, of("AWS::ElasticLoadBalancingV2::TargetGroup")),
        whole(account::SERVICES_PER_CLUSTER, of("AWS::ECS::Service")),
        whole(account::CONNECTED_SERVICES, connected),
        whole(account::DISCOVERED_INSTANCES, tasks),
        whole(account::STACKS, stacks),
        whole(account::FILE_SYSTEMS, of("AWS::EFS::FileSystem")),
        whole(account::DATABASES, of("AWS::RDS::DBInstance")),
    ];
    needs.extend(largest_group(plan));
    for balancer in plan.front_door.balancers.iter().filter(|it| !it.kind.network) {
        let targets = plan.services.iter().flat_map(|service| &service.targets);
        needs.push(QuotaNeed {
            quota: account::TARGET_GROUPS_PER_BALANCER,
            count: targets.filter(|target| target.balancer == balancer.kind).count(),
            subject: Some(format!("the {}", lower(balancer.kind.describe()))),
            key: balancer.from.first().cloned().unwrap_or_else(|| "services".to_owned()),
        });
    }
    needs
}

/// The security group with the most rules in one direction.
fn largest_group(plan: &EcsPlan) -> Option<QuotaNeed> {
    let mut counts: BTreeMap<(&LogicalId, bool), usize> = BTreeMap::new();
    for rule in &plan.security_group_rules {
        *counts.entry((&rule.source, false)).or_default() += 1;
        *counts.entry((&rule.destination, true)).or_default() += 1;
    }
    for group in &plan.security_groups {
        *counts.entry((&group.id, false)).or_default() += group.outbound.len();
        *counts.entry((&group.id, true)).or_default() += group.inbound.len();
    }
    let most = counts.values().max().copied()?;
    let ((id, _), count) = counts.into_iter().find(|(_, count)| *count == most)?;
    let group = plan.security_groups.iter().find(|group| group.id == *id);
    let what = group.map_or_else(|| id.to_string(), |group| group.description.clone());
    let key = group.and_then(|group| group.from.first().cloned()).unwrap_or_else(|| "services".to_owned());
    Some(QuotaNeed {
        quota: account::SECURITY_GROUP_RULES,
        count,
        subject: Some(format!("the security group \"{what}\"")),
        key,
    })
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
