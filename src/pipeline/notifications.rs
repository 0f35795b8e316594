//! Who hears of a run that failed and of a deployment that waits.
//!
//! Source: Developer Tools console User Guide, "Events for notification rules on pipelines", 2026-11.

use super::codepipeline;
use super::model::{DeliveryPlan, NotificationPlan};
use tranship_cloudformation::iam::arn;
use tranship_cloudformation::{PseudoParameter, Resource, Template, TemplateValue, list, props};

/// What is told.
const EVENTS: [&str; 2] =
    ["codepipeline-pipeline-pipeline-execution-failed", "codepipeline-pipeline-manual-approval-needed"];

/// Adds the rule, and a topic for a mail address.
pub(super) fn add(plan: &DeliveryPlan, template: &mut Template) {
    let topic: TemplateValue = match &plan.notify {
        None => return,
        Some(NotificationPlan::Topic(topic)) => topic.as_str().into(),
        Some(NotificationPlan::Mail(address)) => mail(address, template),
    };
    let properties = props! {
        "Name" => plan.named("delivery"),
        "DetailType" => "FULL",
        "EventTypeIds" => list![EVENTS[0], EVENTS[1]],
        "Resource" => arn::regional("codepipeline", "").reference(&codepipeline::pipeline()),
        "Targets" => list![props! { "TargetType" => "SNS", "TargetAddress" => topic }],
    };
    template.add(
        &super::id("NotificationRule"),
        Resource::new("AWS::CodeStarNotifications::NotificationRule", properties)
            .comment("x-tranship.pipeline.notify"),
    );
}

fn mail(address: &str, template: &mut Template) -> TemplateValue {
    let topic = super::id("NotificationTopic");
    let subscription = props! { "Protocol" => "email", "Endpoint" => address };
    let properties = props! { "Subscription" => list![subscription] };
    template.add(&topic, Resource::new("AWS::SNS::Topic", properties).comment("x-tranship.pipeline.notify"));
    let account: TemplateValue = PseudoParameter::AccountId.into();
    let statement = props! {
        "Effect" => "Allow",
        "Principal" => props! { "Service" => "codestar-notifications.amazonaws.com" },
        "Action" => "sns:Publish",
        "Resource" => topic.reference(),
        "Condition" => props! { "StringEquals" => props! { "aws:SourceAccount" => account } },
    };
    let policy = props! {
        "Topics" => list![topic.reference()],
        "PolicyDocument" => props! { "Version" => "2012-10-17", "Statement" => list![statement] },
    };
    template.add(&super::id("NotificationTopicPolicy"), Resource::new("AWS::SNS::TopicPolicy", policy));
    topic.reference()
}
