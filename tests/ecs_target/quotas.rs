//! What an application as a whole asks of an account.

use super::*;

fn quotas(target: &str, text: &str) -> Vec<String> {
    said(&compiled(target, text)).into_iter().filter(|it| it.contains("-quota: ")).collect()
}

#[test]
fn each_quota_is_named_once_with_what_the_application_needs() {
    let many = |count: usize| {
        let services: String = (0..count).map(|n| format!("  s{n}: {{ image: a }}\n")).collect();
        format!("services:\n{services}")
    };
    // Two roles for each service.
    assert_eq!(quotas("fargate", &many(500)), Vec::<String>::new());
    assert_eq!(
        quotas("fargate", &many(501)),
        [
            "ecs/account-quota: the application needs 1002 IAM roles; the quota `Roles per account` of IAM has a default of 1000"
        ]
    );
}

#[test]
fn a_group_with_too_many_rules_is_named() {
    let many = |count: usize| {
        let services: String = (0..count)
            .map(|n| format!("  s{n}: {{ image: a, environment: {{ UP: 'http://hub:80' }} }}\n"))
            .collect();
        format!("services:\n  hub: {{ image: hub, expose: ['80'] }}\n{services}")
    };
    assert_eq!(quotas("fargate", &many(60)), Vec::<String>::new());
    let found = compiled("fargate", &many(61));
    let found: Vec<_> = found.diagnostics.iter().filter(|it| it.rule.name == "ecs/account-quota").collect();
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        (one.message.as_str(), one.service.as_deref()),
        (
            "the security group \"Tasks of hub\" needs 61 rules in one direction; the quota `Inbound or outbound rules per security group` of Amazon VPC has a default of 60",
            Some("hub")
        )
    );
    assert_eq!(one.help, ["request a higher quota before you deploy, in the console of Service Quotas"]);
}

#[test]
fn tasks_that_others_find_by_name_count_as_often_as_they_run() {
    let text = |replicas: usize| {
        format!(
            "services:\n  web: {{ image: a, environment: {{ UP: 'http://hub:80' }} }}\n  hub: {{ image: hub, expose: ['80'], deploy: {{ replicas: {replicas} }} }}\n"
        )
    };
    assert_eq!(quotas("fargate", &text(2_000)), Vec::<String>::new());
    assert_eq!(
        quotas("fargate", &text(2_001)),
        [
            "ecs/account-quota: the application needs 2001 tasks that others find by name; the quota `Instances per namespace` of AWS Cloud Map has a default of 2000"
        ]
    );
}

/// AWS does not raise this one.
#[test]
fn a_load_balancer_has_a_hundred_target_groups() {
    let many = |count: usize, internal: usize| {
        let one = |n: usize| {
            let internal = if n < internal { ", internal: true" } else { "" };
            format!(
                "  s{n}: {{ image: a, expose: ['80'], x-tranship: {{ public: {{ host: h{n}.example.org{internal} }} }} }}\n"
            )
        };
        format!("services:\n{}", (0..count).map(one).collect::<String>())
    };
    let fixed = |text: &str| -> Vec<String> {
        quotas("fargate", text).into_iter().filter(|it| it.starts_with("ecs/fixed-quota")).collect()
    };
    assert_eq!(fixed(&many(100, 0)), Vec::<String>::new());
    assert_eq!(fixed(&many(120, 20)), Vec::<String>::new());
    assert_eq!(
        fixed(&many(101, 0)),
        [
            "ecs/fixed-quota: the load balancer needs 101 target groups; the quota `Target Groups per Application Load Balancer` of Elastic Load Balancing is 100"
        ]
    );
    assert!(compiled("fargate", &many(101, 0)).compiled.is_none());
}
