//! What CloudFormation would refuse, reported at the line that causes it.
//!
//! In: the template of a plan. Out: diagnostics. Each resource names the key paths it comes from, so every
//! violation has a key and a line.

use super::patched::OwnStack;
use super::planner::EcsPlanner;
use crate::ecs::rules;
use crate::patches::key_in_comment;
use std::collections::BTreeMap;
use tranship_app::StackLayout;
use tranship_app::rules::tranship::PATCH_BREAKS;
use tranship_artifact::side_by_side_in_order;
use tranship_cloudformation::{
    DividedTemplate, LogicalId, NESTED_OPERATION, SeparatedTemplate, StackRoom, Template, TemplateViolation,
    check_written, cycles, exceeded_quotas,
};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// Reports everything that CloudFormation would refuse. Of a plan that is not whole, what does not follow from that:
/// it has more than fits. Returns what is left to a division.
pub(super) fn check(
    planner: &mut EcsPlanner<'_, '_>,
    own: &OwnStack,
    whole: bool,
    room: StackRoom,
) -> Vec<TemplateViolation> {
    let told =
        check_written(&own.template, own.measured_text(room)).into_iter().filter(|one| whole || counts(one));
    let (left, told): (Vec<_>, Vec<_>) = told.partition(|one| one.is_left_to(room));
    for violation in told {
        let diagnostic = diagnostic(planner, &own.template, &violation, None);
        planner.report(diagnostic);
    }
    left
}

/// What a template that was changed leaves to a division.
pub(super) fn exceeded(template: &Template, text: &str, room: StackRoom) -> Vec<TemplateViolation> {
    exceeded_quotas(template, Some(text)).into_iter().filter(|one| one.is_left_to(room)).collect()
}

/// Reports what the whole exceeds, where it could not be divided.
pub(super) fn check_undivided(
    planner: &mut EcsPlanner<'_, '_>,
    template: &Template,
    text: &str,
    room: StackRoom,
) {
    for violation in exceeded(template, text, room) {
        let diagnostic = diagnostic(planner, template, &violation, None);
        planner.report(diagnostic);
    }
}

/// Reports what a patch adds to the root under the name of a nested stack, which is a resource of the root.
pub(super) fn check_stack_names(
    planner: &mut EcsPlanner<'_, '_>,
    whole: &Template,
    divided: &DividedTemplate,
) {
    let is_taken = |id: &&LogicalId| whole.resources.contains_key(*id) || whole.parameters.contains_key(*id);
    for id in divided.nested.keys().filter(is_taken) {
        let message = format!("`{id}` is the name of a nested stack of the application");
        let diagnostic =
            Diagnostic::new(&PATCH_BREAKS, message).help("give what the patch adds another name");
        let diagnostic = placed(planner, diagnostic, &key_of(whole, id));
        planner.report(diagnostic);
    }
}

/// Reports what CloudFormation would refuse of a root stack and its nested stacks. Takes their templates, and gives back
/// their texts, that of the root first.
pub(super) fn check_divided(
    planner: &mut EcsPlanner<'_, '_>,
    whole_template: &Template,
    divided: &mut DividedTemplate,
    whole: bool,
) -> Vec<String> {
    let found = divided.resources();
    let root = (ROOT_STACK.to_owned(), std::mem::take(&mut divided.root_template));
    let nested =
        divided.nested.iter_mut().map(|(id, it)| (format!("the nested stack `{id}`"), std::mem::take(it)));
    let texts = check_parts(planner, std::iter::once(root).chain(nested).collect(), whole);
    if found > NESTED_OPERATION.most {
        let violation = TemplateViolation::TooMany { limit: NESTED_OPERATION, found, at: None };
        let diagnostic = diagnostic(planner, whole_template, &violation, Some("the application"));
        planner.report(diagnostic);
    }
    texts
}

/// Reports what CloudFormation would refuse of stacks that are deployed one after the other. Takes their templates, and gives
/// back their texts, that of the foundation first.
pub(super) fn check_separate(
    planner: &mut EcsPlanner<'_, '_>,
    separated: &mut SeparatedTemplate,
    foundation: &str,
    whole: bool,
) -> Vec<String> {
    let first = (format!("the stack `{foundation}`"), std::mem::take(&mut separated.foundation));
    let others = separated.stacks.iter_mut().map(|(id, it)| {
        let name = SeparatedTemplate::name(foundation, id);
        (format!("the stack `{name}`"), std::mem::take(&mut it.template))
    });
    check_parts(planner, std::iter::once(first).chain(others).collect(), whole)
}

/// What messages call the root of nested stacks.
const ROOT_STACK: &str = "the root stack";

/// Templates that are in memory beside their texts.
const WRITTEN_AHEAD: usize = 16;

/// Reports what is wrong with parts of a template by themselves: the rest is wrong with the whole and has been told. Their
/// texts, where artifacts are kept. A template is gone once it is written, since all of them would take more memory than what
/// they become.
fn check_parts(planner: &mut EcsPlanner<'_, '_>, parts: Vec<(String, Template)>, whole: bool) -> Vec<String> {
    let keeps = planner.cx.keeps_artifacts;
    let mut texts = Vec::with_capacity(if keeps { parts.len() } else { 0 });
    let judge = |(name, template): (String, Template)| {
        let text = (keeps || !template.surely_fits()).then(|| template.to_yaml());
        let mut found = if whole { cycles(&template) } else { Vec::new() };
        found.extend(exceeded_quotas(&template, text.as_deref()));
        // The thread that has made a template frees it: what another one frees is of use again only later.
        (name, template, text.filter(|_| keeps), found)
    };
    side_by_side_in_order(parts, WRITTEN_AHEAD, judge, |(name, template, text, found)| {
        // What only one stack has room for has been told of the whole.
        let is_told =
            |one: &TemplateViolation| name == ROOT_STACK && !one.is_left_to(StackRoom::Nested) && counts(one);
        for violation in found.into_iter().filter(|one| !is_told(one)) {
            let diagnostic = diagnostic(planner, &template, &violation, Some(&name));
            planner.report(diagnostic);
        }
        // Each thread has memory of its own: a copy is where the templates were, and the next texts where this one was. It also
        // takes no more than it needs, while the text has grown by doubling.
        drop(template);
        texts.extend(text.as_deref().map(str::to_owned));
    });
    texts
}

fn counts(violation: &TemplateViolation) -> bool {
    matches!(violation, TemplateViolation::TooMany { .. })
}

fn diagnostic(
    planner: &EcsPlanner<'_, '_>,
    template: &Template,
    violation: &TemplateViolation,
    stack: Option<&str>,
) -> Diagnostic {
    match violation {
        TemplateViolation::TooMany { limit, found, at } => {
            let subject = stack.unwrap_or("the template");
            let message =
                format!("{subject} has {found} {}; CloudFormation allows {}", limit.what, limit.most);
            let key = at.as_ref().map_or_else(|| largest(template), |id| key_of(template, id));
            let diagnostic = placed(planner, Diagnostic::new(&rules::TEMPLATE_QUOTA, message), &key);
            let layout = planner.app.settings.stacks.as_ref().map(|it| *it.peek());
            let diagnostic = match layout {
                Some(StackLayout::Single) if violation.is_left_to(StackRoom::Nested) => {
                    diagnostic.help("remove `stacks: single`: several stacks have room for more")
                }
                Some(StackLayout::Nested) => diagnostic.help(
                    "remove `stacks: nested`: independent stacks have room for more (docs/large-applications.md)",
                ),
                _ => diagnostic,
            };
            diagnostic.help("split the application, or leave services out with `x-tranship: { skip: [...] }`")
        }
        TemplateViolation::Resolves { at, text } => dynamic_reference(planner, template, at, text),
        TemplateViolation::Duplicate(id)
        | TemplateViolation::Undefined { at: id, .. }
        | TemplateViolation::NotInCondition { at: id, .. }
        | TemplateViolation::UnknownKey { at: id, .. } => broken(planner, template, violation, id),
        TemplateViolation::Cycle(ids) => {
            broken(planner, template, violation, ids.first().unwrap_or(&LogicalId::only(CLUSTER)))
        }
        TemplateViolation::Empty => broken(planner, template, violation, &LogicalId::only(CLUSTER)),
    }
}

/// The resource that every stack has.
const CLUSTER: tranship_cloudformation::ResourceRole = tranship_cloudformation::ResourceRole::Cluster;

/// A fault of Tranship: names that do not fit together are made here.
fn broken(
    planner: &EcsPlanner<'_, '_>,
    template: &Template,
    violation: &TemplateViolation,
    id: &LogicalId,
) -> Diagnostic {
    let message = format!("Tranship generated a template that CloudFormation would reject: {violation}");
    placed(planner, Diagnostic::new(&rules::BROKEN_TEMPLATE, message), &key_of(template, id))
}

/// Text of the manifest that CloudFormation would replace by a secret or a parameter.
fn dynamic_reference(
    planner: &EcsPlanner<'_, '_>,
    template: &Template,
    id: &LogicalId,
    text: &str,
) -> Diagnostic {
    let keys = comments(template, id);
    let leaf = keys.iter().find_map(|key| planner.cx.keys.leaf_with(key, text));
    let reference = reference(text);
    let message = format!("CloudFormation would replace `{reference}`, which Compose passes on unchanged");
    let diagnostic = Diagnostic::new(&rules::DYNAMIC_REFERENCE, message)
        .help("to read an AWS secret, declare it under `secrets` with `external: true`");
    match leaf {
        Some(leaf) => {
            let key = planner.cx.keys.path(&leaf);
            named(planner, diagnostic.at(leaf.origin), &key)
        }
        None => placed(planner, diagnostic, &key_of(template, id)),
    }
}

/// The dynamic reference in a text.
fn reference(text: &str) -> &str {
    let start = text.find("{{resolve:").unwrap_or(0);
    let rest = text.get(start..).unwrap_or(text);
    let end = rest.find("}}").map_or(rest.len(), |end| end + 2);
    rest.get(..end).unwrap_or(rest)
}

/// The key paths that a resource or parameter comes from.
fn comments<'t>(template: &'t Template, id: &LogicalId) -> &'t [String] {
    let resource = template.resources.get(id).map(|resource| resource.comments.as_slice());
    let parameter = template.parameters.get(id).map(|parameter| parameter.comments.as_slice());
    resource.or(parameter).unwrap_or_default()
}

fn key_of(template: &Template, id: &LogicalId) -> String {
    comments(template, id).first().map_or("services", |comment| key_in_comment(comment)).to_owned()
}

/// The key path that most resources come from.
fn largest(template: &Template) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for comment in template.resources.values().filter_map(|resource| resource.comments.first()) {
        *counts.entry(key_in_comment(comment)).or_default() += 1;
    }
    let most = counts.values().max().copied();
    let key = counts.iter().find(|(_, count)| Some(**count) == most).map(|(key, _)| (*key).to_owned());
    key.unwrap_or_else(|| "services".to_owned())
}

/// The diagnostic with a key and the line of that key.
pub(super) fn placed(planner: &EcsPlanner<'_, '_>, diagnostic: Diagnostic, key: &str) -> Diagnostic {
    let origin = key.strip_prefix("services.").and_then(|name| planner.app.services.get(name));
    let origin = origin.map(|service| service.origin);
    let origin = origin.or_else(|| planner.cx.keys.origin_of(key));
    let origin = origin.filter(|origin| *origin != Origin::NOWHERE).unwrap_or(planner.app.environment.origin);
    named(planner, diagnostic.at(origin), key)
}

/// The diagnostic with a key, and with the service that the key belongs to.
fn named(planner: &EcsPlanner<'_, '_>, diagnostic: Diagnostic, key: &str) -> Diagnostic {
    let below = |name: &str| {
        let rest = key.strip_prefix("services.").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let service = planner.app.services.keys().find(|name| below(name));
    let diagnostic = diagnostic.key(key);
    match service {
        Some(name) => diagnostic.service(&**name),
        None => diagnostic,
    }
}
