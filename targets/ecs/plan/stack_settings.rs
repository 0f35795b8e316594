//! What the environment's settings say of the whole stack: its name, region, logs and tags.

use super::planner::EcsPlanner;
use super::{StackSettings, exec, legality, names};
use crate::ecs::rules;
use tranship_cloudformation::{LogicalId, SeparatedTemplate};
use tranship_frontend::diagnostic::Diagnostic;

/// Decides them, and claims the settings that they come from.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>) -> StackSettings {
    let app = planner.app;
    let settings = &app.settings;
    let renderer = planner.stack_renderer();
    let tags = app.tags.iter().map(|tag| {
        let value = planner.exact(&tag.value, "tags");
        (tag.name.to_string(), renderer.value(value))
    });
    let tags = tags.collect();
    let environment = app.environment.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    StackSettings {
        name: stack_name(planner),
        region: settings
            .region
            .as_ref()
            .map(|region| planner.exact(region, "the region to deploy to").to_string()),
        account: settings
            .account
            .as_ref()
            .map(|account| planner.exact(account, "the account to deploy to").to_string()),
        description: format!("{}{environment}", app.name),
        log_retention: log_retention(planner),
        exec: exec::plan(planner),
        tags,
    }
}

fn stack_name(planner: &mut EcsPlanner<'_, '_>) -> String {
    let app = planner.app;
    if let Some(given) = &app.settings.stack
        && !names::is_stack(planner.exact(given, "the stack's name"))
    {
        let key = planner.cx.keys.path(&given.node);
        let message = format!("`{}` is not a valid stack name", given.peek());
        planner.report(
            Diagnostic::new(&rules::STACK_NAME, message)
                .at(given.origin)
                .key(key)
                .help("use a letter, then letters, digits and hyphens, at most 128 characters"),
        );
    }
    names::stack(app)
}

/// What CloudFormation adds to the name of a root for a nested stack, at least: a hyphen, a letter of its logical id, a hyphen
/// and 13 characters of its own. It cuts the logical id to what fits.
const NESTED: usize = 16;

/// Refuses a name that leaves no room for those of the other stacks of the application, which begin with it.
pub(super) fn hold_length(
    planner: &mut EcsPlanner<'_, '_>,
    name: &str,
    separated: Option<&SeparatedTemplate>,
    is_nested: bool,
) {
    let added = |id: &LogicalId| SeparatedTemplate::name(name, id).len() - name.len();
    let independent = separated.and_then(|it| it.stacks.keys().map(added).max());
    let most = names::STACK.saturating_sub(independent.unwrap_or(if is_nested { NESTED } else { 0 }));
    if name.len() <= most || !names::is_stack(name) {
        return;
    }
    let message = format!(
        "the stack name `{name}` has {} characters, and the names of the other stacks begin with it",
        name.len()
    );
    let diagnostic = Diagnostic::new(&rules::STACK_NAME, message)
        .help(format!("write one of at most {most} characters: `x-tranship: {{ stack: NAME }}`"))
        .help("CloudFormation allows 128 characters for the name of a stack");
    let diagnostic = match &planner.app.settings.stack {
        Some(given) => diagnostic.at(given.origin).key(planner.cx.keys.path(&given.node)),
        None => legality::placed(planner, diagnostic, "name"),
    };
    planner.report(diagnostic);
}

/// Days that logs are kept.
fn log_retention(planner: &mut EcsPlanner<'_, '_>) -> u32 {
    let asked = planner.app.settings.log_retention.as_ref();
    let claimed = asked.map(|asked| *planner.exact(asked, "log groups: RetentionInDays"));
    claimed.unwrap_or_default().days()
}
