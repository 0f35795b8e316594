//! What the environment's settings say of the whole stack: its name, region, logs and tags.

use super::planner::Planner;
use super::{StackSettings, names};
use crate::ecs::rules;
use tranship_app::At;
use tranship_facts::quotas::cloudwatch_logs;
use tranship_frontend::diagnostic::{Diagnostic, Rule};

/// Decides them, and claims the settings that they come from.
pub(super) fn plan(planner: &mut Planner<'_, '_>) -> StackSettings {
    let app = planner.app;
    let settings = &app.settings;
    let renderer = planner.stack_renderer();
    let tags = settings.tags.iter().map(|(name, text)| {
        planner.exact(text, "tags");
        (name.clone(), renderer.value(text))
    });
    let tags = tags.collect();
    let environment = settings.environment.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    StackSettings {
        name: stack_name(planner),
        region: settings
            .region
            .as_ref()
            .map(|region| planner.exact(region, "the region to deploy to").clone()),
        description: format!("{}{environment}", app.name),
        log_retention: log_retention(planner),
        tags,
    }
}

fn stack_name(planner: &mut Planner<'_, '_>) -> String {
    let settings = &planner.app.settings;
    if let Some(given) = &settings.stack
        && !names::is_stack(planner.exact(given, "the stack's name"))
    {
        let message = format!("`{}` is not a valid stack name", given.peek());
        let help = "use a letter, then letters, digits and hyphens, at most 128 characters";
        report(planner, &rules::STACK_NAME, given, message, help);
    }
    names::stack(&planner.app.name, settings)
}

fn log_retention(planner: &mut Planner<'_, '_>) -> u32 {
    let Some(setting) = &planner.app.settings.log_retention else {
        return cloudwatch_logs::USUAL_RETENTION_DAYS;
    };
    let days = *planner.exact(setting, "log groups: RetentionInDays");
    if !cloudwatch_logs::is_retention(days) {
        let near = cloudwatch_logs::next_retention(days);
        let message = format!("`log_retention: {days}` is not supported by CloudWatch");
        let help = format!("the next longer period is {near} days");
        report(planner, &rules::LOG_RETENTION, setting, message, &help);
    }
    days
}

fn report<T>(planner: &mut Planner<'_, '_>, rule: &'static Rule, at: &At<T>, message: String, help: &str) {
    let key = planner.cx.manifest.nodes.path(at.node).to_string();
    planner.report(Diagnostic::new(rule, message).at(at.origin).key(key).help(help));
}
