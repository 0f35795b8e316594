//! Divides a template into a root stack and nested stacks.
//!
//! In: a template, and the nested stack of each resource that leaves the root. Out: [`DividedTemplate`]. Invariants: a
//! resource keeps its logical id and its properties, whichever stack it is in; what crosses the border of a stack is a
//! parameter or an output; no two stacks wait for each other, because a resource that would make them do so stays in
//! the root.

mod border;
mod names;
mod rewrite;
mod separate;
#[cfg(test)]
mod tests;

use self::border::StackBorder;
pub use self::names::HANDED_OUT;
pub use self::separate::{
    GivenValue, SeparateStack, SeparatedTemplate, StackConflict, StackPlace, StackPlaces, StackStage,
    separate,
};
use crate::graph::{self, ResourceUse, UseSection};
use crate::{DeletionPolicy, LogicalId, PropertyMap, Resource, ResourceDependency, Template, TemplateValue};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// The type of a nested stack.
pub const NESTED_STACK: &str = "AWS::CloudFormation::Stack";

/// The folder of the nested templates, relative to the template of the root.
pub const NESTED_FOLDER: &str = "stacks";

/// Resources of these types are never in a nested stack: what they hold outlives the service that reads it.
const IN_THE_ROOT: &[&str] = &["AWS::SecretsManager::Secret", NESTED_STACK];

/// The nested stack of each resource that is not in the root.
pub type StackMembership = IndexMap<LogicalId, LogicalId>;

/// A root stack and its nested stacks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DividedTemplate {
    /// The template of the root. Each nested stack is a resource of it.
    pub root_template: Template,
    /// The templates of the nested stacks by the logical id of that resource, in the order of the root.
    pub nested: IndexMap<LogicalId, Template>,
}

impl DividedTemplate {
    /// A template that is not divided.
    pub fn whole(template: Template) -> DividedTemplate {
        DividedTemplate { root_template: template, nested: IndexMap::new() }
    }

    /// Resources of all stacks, the nested stacks themselves included: what one operation may change.
    pub fn resources(&self) -> usize {
        self.root_template.resources.len() + self.nested.values().map(|it| it.resources.len()).sum::<usize>()
    }

    /// The path of a nested template, relative to that of the root.
    pub fn path(stack: &LogicalId) -> String {
        format!("{NESTED_FOLDER}/{stack}.yaml")
    }
}

/// Divides a template.
pub fn divide(template: &Template, membership: StackMembership) -> DividedTemplate {
    let keeps =
        |id: &LogicalId| template.resources.get(id).is_none_or(|it| IN_THE_ROOT.contains(&it.kind.as_ref()));
    let mut membership: StackMembership = membership.into_iter().filter(|(id, _)| !keeps(id)).collect();
    loop {
        let divided = divide_so(template, &membership);
        let back = in_circles(template, &divided, &membership);
        if back.is_empty() {
            return divided;
        }
        back.iter().for_each(|id| {
            membership.swap_remove(id);
        });
    }
}

/// Resources of nested stacks that wait for each other or for the root: those that the others wait for.
fn in_circles(
    template: &Template,
    divided: &DividedTemplate,
    membership: &StackMembership,
) -> BTreeSet<LogicalId> {
    let mut back = BTreeSet::new();
    let root = &divided.root_template;
    for circle in graph::cycles(root, &graph::uses(root)) {
        let before = circle.iter().cycle().skip(circle.len().saturating_sub(1));
        for (from, stack) in before.zip(&circle).filter(|(_, it)| divided.nested.contains_key(*it)) {
            let waits = |it: &ResourceUse<'_>| {
                it.section == UseSection::Resources && (it.at == from || membership.get(it.at) == Some(from))
            };
            let awaited = graph::uses(template).into_iter().filter(waits);
            back.extend(awaited.map(|it| it.on.id().clone()).filter(|id| membership.get(id) == Some(stack)));
        }
    }
    with_needs(template, membership, back)
}

/// These resources with what they refer to in their own stack.
fn with_needs(
    template: &Template,
    membership: &StackMembership,
    ids: BTreeSet<LogicalId>,
) -> BTreeSet<LogicalId> {
    let (mut found, mut open) = (ids.clone(), Vec::from_iter(ids));
    while let Some(id) = open.pop() {
        let Some(resource) = template.resources.get(&id) else { continue };
        for on in resource.dependencies().iter().map(ResourceDependency::id) {
            if membership.get(on) == membership.get(&id) && found.insert(on.clone()) {
                open.push(on.clone());
            }
        }
    }
    found
}

fn divide_so(template: &Template, membership: &StackMembership) -> DividedTemplate {
    let mut divided =
        DividedTemplate { root_template: template.without_resources(), nested: IndexMap::new() };
    let mut borders: IndexMap<LogicalId, StackBorder<'_>> = IndexMap::new();
    for (id, resource) in &template.resources {
        match membership.get(id) {
            None => divided.root_template.add(id, resource.clone()),
            Some(stack) => {
                let nested = divided
                    .nested
                    .entry(stack.clone())
                    .or_insert_with(|| described(&template.description, stack));
                nested.add(id, resource.clone());
            }
        }
    }
    let stacks: Vec<LogicalId> = divided.nested.keys().cloned().collect();
    for (stack, nested) in stacks.iter().zip(divided.nested.values_mut()) {
        let mut border = StackBorder::new(template, membership, Some(stack));
        border.close(nested);
        borders.insert(stack.clone(), border);
    }
    let mut root = StackBorder::new(template, membership, None);
    root.close(&mut divided.root_template);
    for (stack, border) in &borders {
        let members = divided.nested.get(stack).map(|it| it.resources.values());
        let comments = members.into_iter().flatten().filter_map(|it| it.comments.first().cloned());
        let resource = stack_resource(stack, border).comments(comments);
        divided.root_template.add(stack, resource);
    }
    for (stack, id, output) in borders.values().chain([&root]).flat_map(StackBorder::exported) {
        if let Some(nested) = divided.nested.get_mut(&stack).filter(|it| !it.outputs.contains_key(&id)) {
            nested.add_output(&id, output);
        }
    }
    divided
}

fn described(description: &str, stack: &LogicalId) -> Template {
    let whole = format!("{description} ({stack})");
    // CloudFormation takes 1,024 bytes.
    Template::new(if whole.len() > 1_024 { stack.to_string() } else { whole })
}

fn stack_resource(stack: &LogicalId, border: &StackBorder<'_>) -> Resource {
    let given: Vec<(String, TemplateValue)> = border.given();
    let properties = PropertyMap::new()
        .with("TemplateURL", DividedTemplate::path(stack))
        .with_some("Parameters", (!given.is_empty()).then(|| given.into_iter().collect::<PropertyMap>()));
    // What a stack holds has policies of its own: what they retain outlives the stack.
    Resource::new(NESTED_STACK, properties).policy(DeletionPolicy::Delete).depends_on_all(&border.after)
}
