//! What the environment's settings say of the whole stack: its name, region, logs and tags.

use super::names;
use super::planner::Planner;
use super::text::Renderer;
use crate::ecs::rules;
use tranship_cloudformation::Value;
use tranship_frontend::diagnostic::{Diagnostic, Rule};

/// The stack as a whole.
pub(super) struct Stack {
    /// Its name.
    pub(super) stack: String,
    /// Its region.
    pub(super) region: Option<String>,
    /// What it is.
    pub(super) description: String,
    /// Days that logs are kept.
    pub(super) log_retention: u32,
    /// Tags of its resources.
    pub(super) tags: Vec<(String, Value)>,
}

/// Decides them.
pub(super) fn plan(planner: &mut Planner<'_, '_>) -> Stack {
    let app = planner.app;
    let settings = &app.settings;
    let stack = names::stack(app);
    if let Some(given) = &settings.stack {
        planner.exact(given, "the stack's name");
        if !names::is_stack(given.peek()) {
            let message = format!("`{}` cannot be the name of a stack", given.peek());
            let help = "use a letter, then letters, digits and hyphens, 128 characters at most";
            tell(planner, &rules::STACK_NAME, given.origin, message, help);
        }
    }
    if let Some(region) = &settings.region {
        planner.exact(region, "the region to deploy to");
    }
    let renderer = Renderer { app, layout: planner.layout, task: None };
    let tags = app.tags.iter().map(|tag| (tag.name.to_string(), renderer.value(&tag.value))).collect();
    for tag in &app.tags {
        planner.exact(&tag.value, "tags");
    }
    let environment = app.environment.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    Stack {
        stack,
        region: settings.region.as_ref().map(|region| region.peek().to_string()),
        description: format!("{}{environment}", app.name),
        log_retention: log_retention(planner),
        tags,
    }
}

/// Days that logs are kept.
fn log_retention(planner: &mut Planner<'_, '_>) -> u32 {
    let asked = planner.app.settings.log_retention.as_ref();
    let claimed = asked.map(|asked| *planner.exact(asked, "log groups: RetentionInDays"));
    claimed.unwrap_or_default().days()
}

fn tell(
    planner: &mut Planner<'_, '_>,
    rule: &'static Rule,
    origin: tranship_frontend::source::Origin,
    message: String,
    help: &str,
) {
    let told =
        Diagnostic::new(rule, message).at(origin).target(planner.compute.target()).help(help.to_owned());
    planner.cx.diagnostics.push(told);
}
