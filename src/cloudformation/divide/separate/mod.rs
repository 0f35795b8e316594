//! Separates a template into stacks of their own, which are deployed one after the other.
//!
//! In: a template, and the place of each resource that leaves the foundation. Out: [`SeparatedTemplate`]. Invariants: a
//! resource keeps its logical id and its properties, whichever stack it is in; what crosses a border is an output there and
//! a parameter here; a parameter of the whole is one of each stack that uses it. A resource without a place is in the
//! foundation, or with the last of what it refers to.

use super::names::{BorderNames, conditions, described, mappings};
use super::rewrite::{self, ValueName};
use crate::{
    LogicalId, PseudoParameter, ResourceDependency, Template, TemplateOutput, TemplateParameter,
    TemplateValue,
};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// When a stack is deployed: after the foundation, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackStage {
    /// What services share, such as security groups that name each other.
    Shared,
    /// What runs before the services are deployed.
    Before,
    /// A service or a job.
    Service,
    /// What leads requests to services: it changes hands between them.
    Listeners,
}

impl StackStage {
    /// As an artifact has it.
    pub fn as_str(self) -> &'static str {
        match self {
            StackStage::Shared => "shared",
            StackStage::Before => "before",
            StackStage::Service => "service",
            StackStage::Listeners => "listeners",
        }
    }
}

/// A stack, by its stage and the id that it is called by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackPlace {
    /// When it is deployed.
    pub stage: StackStage,
    /// What it is called.
    pub id: LogicalId,
}

/// The places of resources, or of outputs, which have names of their own; what has none is in the foundation or goes with what it
/// refers to.
pub type StackPlaces = IndexMap<LogicalId, StackPlace>;

/// What a parameter of a stack is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenValue {
    /// The name of the foundation's stack.
    FoundationName,
    /// An output of a stack.
    Output {
        /// The stack; `None` for the foundation.
        stack: Option<LogicalId>,
        /// The output.
        output: LogicalId,
    },
}

/// A stack besides the foundation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeparateStack {
    /// When it is deployed.
    pub stage: StackStage,
    /// Its template.
    pub template: Template,
    /// The stacks besides the foundation that are deployed before it, because it refers to them.
    pub after: Vec<LogicalId>,
    /// What it takes from other stacks, by the name of its parameter. Its other parameters are those of the whole.
    pub given: Vec<(LogicalId, GivenValue)>,
}

/// A foundation, and stacks in the order of their deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeparatedTemplate {
    /// The template of the foundation.
    pub foundation: Template,
    /// The others.
    pub stacks: IndexMap<LogicalId, SeparateStack>,
}

impl SeparatedTemplate {
    /// The name of a stack: that of the foundation, and its id. Long ids are cut: CloudFormation takes 128 characters.
    pub fn name(foundation: &str, stack: &LogicalId) -> String {
        const LONGEST: usize = 60;
        let id = stack.as_str();
        if id.len() <= LONGEST {
            return format!("{foundation}-{id}");
        }
        let stem: String = id.chars().take(LONGEST - 9).collect();
        let digest = Sha256::digest(id);
        let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("{foundation}-{stem}-{hash}")
    }
}

/// A resource that would wait for a stack which is deployed after its own, or which waits for its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackConflict {
    /// The stack that waits; `None` for the foundation.
    pub stack: Option<StackPlace>,
    /// The stack that it waits for.
    pub other: StackPlace,
    /// The resource or output that refers to it.
    pub at: LogicalId,
    /// What it refers to.
    pub on: LogicalId,
}

/// Separates a template by the places of its resources and of its outputs. Where there are conflicts, the stacks cannot be deployed. What the resources hold moves to the
/// stacks: the template still says which there are, of which kind, and under which condition.
pub fn separate(
    template: &mut Template,
    mut places: StackPlaces,
    of_outputs: &StackPlaces,
) -> (SeparatedTemplate, Vec<StackConflict>) {
    settle(template, &mut places);
    let output_places = output_places(template, &places, of_outputs);
    let mut parts: IndexMap<Option<&StackPlace>, Template> = IndexMap::new();
    let mut foundation = Template::new(template.description.clone());
    foundation.metadata = template.metadata.clone();
    parts.insert(None, foundation);
    for (id, resource) in &mut template.resources {
        part_of(&mut parts, &template.description, places.get(id)).add(id, resource.take_content());
    }
    for ((id, output), place) in template.outputs.iter().zip(&output_places) {
        part_of(&mut parts, &template.description, place.as_ref()).add_output(id, output.clone());
    }
    let template = &*template;
    parts.sort_unstable_keys();
    let mut borders: IndexMap<Option<&StackPlace>, SeparateBorder<'_>> = IndexMap::with_capacity(parts.len());
    for (place, part) in &mut parts {
        let mut border = SeparateBorder::new(template, &places, *place);
        border.close(part);
        borders.insert(*place, border);
    }
    for border in borders.values() {
        for name in border.taken.values() {
            let (ValueName::Reference(id) | ValueName::Attribute(id, _)) = name else { continue };
            let owner = parts.get_mut(&places.get(id));
            let Some((owner, (id, output))) = owner.zip(border.names.handed_out(name)) else { continue };
            if !owner.outputs.contains_key(&id) {
                owner.add_output(&id, output);
            }
        }
    }
    let (order, conflicts) = ordered(&borders);
    let mut separated = SeparatedTemplate::default();
    separated.stacks.reserve_exact(order.len());
    for place in order {
        let Some((part, border)) = parts.get_mut(&place).map(std::mem::take).zip(borders.get(&place)) else {
            continue;
        };
        match place {
            None => separated.foundation = part,
            Some(place) => {
                let after = border.after.iter().map(|(it, _)| it.id.clone()).collect();
                let stack =
                    SeparateStack { stage: place.stage, template: part, after, given: border.given() };
                separated.stacks.insert(place.id.clone(), stack);
            }
        }
    }
    (separated, conflicts)
}

fn part_of<'p, 'm>(
    parts: &'m mut IndexMap<Option<&'p StackPlace>, Template>,
    description: &str,
    place: Option<&'p StackPlace>,
) -> &'m mut Template {
    let described = || place.map_or_else(Template::default, |it| super::described(description, &it.id));
    parts.entry(place).or_insert_with(described)
}

/// Places the resources that have no place with the last of what they refer to.
fn settle(template: &Template, places: &mut StackPlaces) {
    let of_resources = template.resources.iter().map(|(id, it)| (id, it.dependencies()));
    let mut open: Vec<(&LogicalId, Vec<ResourceDependency>)> =
        of_resources.filter(|(id, _)| !places.contains_key(*id)).collect();
    let mut changed = true;
    while std::mem::take(&mut changed) {
        open.retain(|(id, needs)| {
            let last = last_of(needs, places).cloned();
            if last.is_some() && places.get(*id) != last.as_ref() {
                places.extend(last.map(|last| ((*id).clone(), last)));
                changed = true;
            }
            !needs.is_empty()
        });
    }
}

/// The place of each output, in their order: its own, or that of the last of what it refers to.
fn output_places(template: &Template, places: &StackPlaces, own: &StackPlaces) -> Vec<Option<StackPlace>> {
    let place = |(id, output): (&LogicalId, &TemplateOutput)| {
        own.get(id).or_else(|| last_of(&output.dependencies(), places)).cloned()
    };
    template.outputs.iter().map(place).collect()
}

/// The last place of what is referred to. A condition or a mapping is in no stack, even where it has the name of a resource.
fn last_of<'p>(needs: &[ResourceDependency], places: &'p StackPlaces) -> Option<&'p StackPlace> {
    let resources = needs
        .iter()
        .filter(|on| !matches!(on, ResourceDependency::Condition(_) | ResourceDependency::Mapping(_)));
    resources.filter_map(|on| places.get(on.id())).max()
}

/// The places in the order of their deployment: stage by stage, and within one after what they wait for.
fn ordered<'p>(
    borders: &IndexMap<Option<&'p StackPlace>, SeparateBorder<'_>>,
) -> (Vec<Option<&'p StackPlace>>, Vec<StackConflict>) {
    let mut conflicts = Vec::new();
    let mut depth: BTreeMap<&StackPlace, usize> = BTreeMap::new();
    let mut waiting: BTreeMap<&StackPlace, BTreeSet<&StackPlace>> = BTreeMap::new();
    let mut followers: BTreeMap<&StackPlace, Vec<&StackPlace>> = BTreeMap::new();
    for (place, border) in borders {
        for (other, (at, on)) in &border.after {
            if place.is_none_or(|place| other.stage > place.stage) {
                conflicts.push(conflict(*place, other, at, on));
            }
        }
        let Some(place) = place else { continue };
        let same: BTreeSet<&StackPlace> =
            border.after.iter().map(|(other, _)| other).filter(|other| other.stage == place.stage).collect();
        same.iter().for_each(|other| followers.entry(*other).or_default().push(*place));
        waiting.insert(*place, same);
    }
    let mut ready: Vec<(&StackPlace, usize)> =
        waiting.iter().filter(|(_, on)| on.is_empty()).map(|(place, _)| (*place, 0)).collect();
    while let Some((place, level)) = ready.pop() {
        depth.insert(place, level.max(depth.get(place).copied().unwrap_or(0)));
        waiting.remove(place);
        for follower in followers.remove(place).into_iter().flatten() {
            let Some(on) = waiting.get_mut(follower) else { continue };
            on.remove(place);
            let deeper = depth.entry(follower).or_default();
            *deeper = (*deeper).max(level + 1);
            if on.is_empty() {
                ready.push((follower, *deeper));
            }
        }
    }
    // What is left waits in a circle, or for one.
    loop {
        let awaited: BTreeSet<&StackPlace> = waiting.values().flatten().copied().collect();
        let before = waiting.len();
        waiting.retain(|place, _| awaited.contains(place));
        if waiting.len() == before {
            break;
        }
    }
    for (place, on) in &waiting {
        let border = borders.iter().find(|(other, _)| **other == Some(*place)).map(|(_, it)| it);
        let circle = on.iter().find(|other| waiting.get(**other).is_some_and(|back| back.contains(place)));
        if let Some((other, border)) = circle.or_else(|| on.first()).zip(border)
            && let Some((_, (at, on))) = border.after.iter().find(|(place, _)| place == *other)
        {
            conflicts.push(conflict(Some(place), other, at, on));
        }
    }
    let mut order: Vec<Option<&StackPlace>> = borders.keys().copied().collect();
    order.sort_by_key(|place| {
        place.map(|place| (place.stage, depth.get(place).copied().unwrap_or(usize::MAX), &place.id))
    });
    (order, conflicts)
}

fn conflict(stack: Option<&StackPlace>, other: &StackPlace, at: &LogicalId, on: &LogicalId) -> StackConflict {
    StackConflict { stack: stack.cloned(), other: other.clone(), at: at.clone(), on: on.clone() }
}

/// The border of one stack.
struct SeparateBorder<'a> {
    names: BorderNames<'a>,
    places: &'a StackPlaces,
    /// The stack; `None` for the foundation.
    place: Option<&'a StackPlace>,
    /// What it takes from outside, by the name of its parameter.
    taken: IndexMap<LogicalId, ValueName>,
    /// The parameters of the whole that it uses.
    used: BTreeSet<LogicalId>,
    /// The stacks that it waits for, in order, each with what waits first, and for what. A list: most wait for one or two.
    after: Vec<(StackPlace, (LogicalId, LogicalId))>,
}

impl<'a> SeparateBorder<'a> {
    fn new(whole: &'a Template, places: &'a StackPlaces, place: Option<&'a StackPlace>) -> Self {
        SeparateBorder {
            names: BorderNames { whole },
            places,
            place,
            taken: IndexMap::new(),
            used: BTreeSet::new(),
            after: Vec::new(),
        }
    }

    /// Gives the part the names, the parameters, the conditions and the mappings that it needs.
    fn close(&mut self, part: &mut Template) {
        let whole = self.names.whole;
        for (id, resource) in &mut part.resources {
            rewrite::resource(resource, &mut |name| self.name(id, name));
            let order = std::mem::take(&mut resource.depends_on);
            resource.depends_on = order.into_iter().filter(|on| self.is_here(id, on)).collect();
        }
        for (id, output) in &mut part.outputs {
            rewrite::output(output, &mut |name| self.name(id, name));
        }
        let nowhere = LogicalId::only(crate::ResourceRole::Stack);
        conditions(whole, part, &mut |name| self.name(&nowhere, name));
        mappings(whole, part);
        let mut used: Vec<_> = self.used.iter().filter_map(|id| whole.parameters.get_full(id)).collect();
        used.sort_unstable_by_key(|(place, ..)| *place);
        for (_, id, parameter) in used {
            part.add_parameter(id, parameter.clone());
        }
        for (id, name) in &self.taken {
            let what = match name {
                ValueName::Pseudo(_) => "The name of the first stack of the application".to_owned(),
                _ => format!("From another stack of the application: {}", described(name)),
            };
            part.add_parameter(id, TemplateParameter::string(what));
        }
        part.shrink();
    }

    /// What a name becomes inside this stack.
    fn name(&mut self, at: &LogicalId, name: &ValueName) -> Option<TemplateValue> {
        match name {
            ValueName::Pseudo(PseudoParameter::StackName) => {
                self.place?;
            }
            ValueName::Pseudo(_) => return None,
            ValueName::Reference(id) | ValueName::Attribute(id, _) => {
                if self.names.whole.parameters.contains_key(id) {
                    self.used.insert(id.clone());
                    return None;
                }
                if self.is_here(at, id) {
                    return None;
                }
            }
        }
        let called = self.names.called(name);
        self.taken.insert(called.clone(), name.clone());
        Some(called.reference())
    }

    /// Whether a resource is in this stack, or nowhere; else the stack waits for that of the resource.
    fn is_here(&mut self, at: &LogicalId, on: &LogicalId) -> bool {
        let there = self.places.get(on);
        if there == self.place || !self.names.whole.resources.contains_key(on) {
            return true;
        }
        if let Some(there) = there
            && let Err(place) = self.after.binary_search_by(|(known, _)| known.cmp(there))
        {
            self.after.insert(place, (there.clone(), (at.clone(), on.clone())));
        }
        false
    }

    fn given(&self) -> Vec<(LogicalId, GivenValue)> {
        let value = |name: &ValueName| match name {
            ValueName::Pseudo(_) => GivenValue::FoundationName,
            ValueName::Reference(id) | ValueName::Attribute(id, _) => GivenValue::Output {
                stack: self.places.get(id).map(|place| place.id.clone()),
                output: self.names.output(name),
            },
        };
        self.taken.iter().map(|(id, name)| (id.clone(), value(name))).collect()
    }
}

#[cfg(test)]
mod tests;
