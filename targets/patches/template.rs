//! Changes to a template: its resources, parameters and outputs.
//!
//! In: a template and the changes. Out: the template with them, an account, and what was touched, so that what is wrong with
//! the result is told at the line of the change that broke it.

use super::protection::weakened;
use super::{PatchEdit, PatchThing, PreparedPatch, ResourceChoice};
use crate::Compilation;
use std::collections::BTreeMap;
use tranship_app::PatchReport;
use tranship_app::rules::tranship;
use tranship_cloudformation::{
    BodyFault, LogicalId, PropertyMap, Resource, ResourceDependency, StackRoom, Template, TemplateCondition,
    TemplateOutput, TemplateParameter, TemplateViolation, ValueChange, check, mapping_from_body,
    mapping_keys,
};
use tranship_frontend::diagnostic::{Diagnostic, suggest};

/// What became of the changes so far.
#[derive(Debug, Default)]
pub struct PatchedTemplate {
    /// What they changed, in order.
    pub reports: Vec<PatchReport>,
    /// What is wrong with them.
    pub faults: Vec<Diagnostic>,
    /// The changes that an entry saw, by its id: positions in the list of changes.
    touched: BTreeMap<LogicalId, Vec<usize>>,
}

/// A kind of entry of a template.
trait TemplateEntry: Sized {
    /// Its section.
    const SECTION: &'static str;
    /// What it is, in a sentence.
    const WHAT: &'static str;

    fn whole(&self) -> PropertyMap;
    fn parse(map: &PropertyMap) -> Result<Self, BodyFault>;
    /// Takes over what the map does not say, and notes the change.
    fn after(self, before: Option<&Self>, comment: String) -> Self;
    /// What the change gives up.
    fn weakened(&self, _: &PreparedPatch, _: &str, _: Option<&Self>) -> Vec<Diagnostic> {
        Vec::new()
    }
}

impl TemplateEntry for Resource {
    const SECTION: &'static str = "Resources";
    const WHAT: &'static str = "resource";

    fn whole(&self) -> PropertyMap {
        self.whole_body()
    }

    fn parse(map: &PropertyMap) -> Result<Self, BodyFault> {
        Resource::from_body(map)
    }

    fn after(mut self, before: Option<&Self>, comment: String) -> Self {
        self.comments = before.map(|before| before.comments.clone()).unwrap_or_default();
        self.comment(comment)
    }

    fn weakened(&self, patch: &PreparedPatch, name: &str, before: Option<&Self>) -> Vec<Diagnostic> {
        weakened(patch, name, before, self)
    }
}

impl TemplateEntry for TemplateParameter {
    const SECTION: &'static str = "Parameters";
    const WHAT: &'static str = "parameter";

    fn whole(&self) -> PropertyMap {
        self.body()
    }

    fn parse(map: &PropertyMap) -> Result<Self, BodyFault> {
        TemplateParameter::from_body(map)
    }

    fn after(mut self, before: Option<&Self>, comment: String) -> Self {
        self.comments = before.map(|before| before.comments.clone()).unwrap_or_default();
        self.comment(comment)
    }
}

impl TemplateEntry for TemplateOutput {
    const SECTION: &'static str = "Outputs";
    const WHAT: &'static str = "output";

    fn whole(&self) -> PropertyMap {
        self.body()
    }

    fn parse(map: &PropertyMap) -> Result<Self, BodyFault> {
        TemplateOutput::from_body(map)
    }

    fn after(self, _: Option<&Self>, _: String) -> Self {
        self
    }
}

impl TemplateEntry for PropertyMap {
    const SECTION: &'static str = "Mappings";
    const WHAT: &'static str = "mapping";

    fn whole(&self) -> PropertyMap {
        self.clone()
    }

    fn parse(map: &PropertyMap) -> Result<Self, BodyFault> {
        mapping_from_body(map)
    }

    fn after(self, _: Option<&Self>, _: String) -> Self {
        self
    }
}

impl TemplateEntry for TemplateCondition {
    const SECTION: &'static str = "Conditions";
    const WHAT: &'static str = "condition";

    fn whole(&self) -> PropertyMap {
        self.body()
    }

    fn parse(map: &PropertyMap) -> Result<Self, BodyFault> {
        TemplateCondition::from_body(map)
    }

    fn after(self, _: Option<&Self>, _: String) -> Self {
        self
    }
}

/// Makes the changes to everything but parameters, in order.
pub fn patch_outputs_and_resources(
    template: &mut Template,
    patches: &[PreparedPatch],
    done: &mut PatchedTemplate,
) {
    for (index, patch) in patches.iter().enumerate() {
        let mut patching = PatchingOne { index, patch, done };
        match &patch.thing {
            PatchThing::Resource(choice) => {
                for id in patching.chosen(template, choice) {
                    patching.entry(&mut template.resources, &id, |id| template.parameters.contains_key(id));
                }
            }
            PatchThing::Output(id) => patching.entry(&mut template.outputs, id, |_| false),
            PatchThing::Mapping(id) => patching.entry(&mut template.mappings, id, |_| false),
            PatchThing::Condition(id) => patching.entry(&mut template.conditions, id, |_| false),
            PatchThing::Parameter(_) | PatchThing::Option(_) => {}
        }
    }
}

/// Makes the changes to parameters: those that a deployment gives exist only once it is known what refers to them.
pub fn patch_parameters(template: &mut Template, patches: &[PreparedPatch], done: &mut PatchedTemplate) {
    for (index, patch) in patches.iter().enumerate() {
        if let PatchThing::Parameter(id) = &patch.thing {
            let mut patching = PatchingOne { index, patch, done };
            patching.entry(&mut template.parameters, id, |id| template.resources.contains_key(id));
        }
    }
}

/// What CloudFormation would refuse of a template because of the changes, each at the change that broke it. `before` is what
/// it would refuse without them.
pub fn report_broken(
    template: &Template,
    before: &[TemplateViolation],
    patches: &[PreparedPatch],
    done: &PatchedTemplate,
    room: StackRoom,
    cx: &mut Compilation<'_>,
) -> Vec<Diagnostic> {
    let keys = cx.keys;
    let new = check(template).into_iter().filter(|violation| !before.contains(violation));
    let new = new.filter(|violation| !violation.is_left_to(room));
    new.filter_map(|violation| {
        let patch = done.cause(&violation).and_then(|index| patches.get(index)).or(patches.last())?;
        let message = format!("with `{}`, CloudFormation would reject the template: {violation}", patch.key);
        let (help, leaf) = match &violation {
            TemplateViolation::Undefined { name: violation_name, .. } => {
                let name = violation_name.id().as_str();
                let known: Vec<&LogicalId> = match violation_name {
                    ResourceDependency::Condition(_) => template.conditions.keys().collect(),
                    ResourceDependency::Mapping(_) => template.mappings.keys().collect(),
                    _ => template.resources.keys().chain(template.parameters.keys()).collect(),
                };
                let known = known.into_iter().map(LogicalId::as_str);
                let near = suggest::closest(name, known).map(|near| format!("did you mean `{near}`?"));
                let missing = || "add what is missing with `add`, or correct the name".to_owned();
                (near.unwrap_or_else(missing), keys.leaf_with(&patch.key, name))
            }
            TemplateViolation::UnknownKey { mapping, key, .. } => {
                let known = template.mappings.get(mapping).into_iter().flat_map(mapping_keys);
                let near = suggest::closest(key, known).map(|near| format!("did you mean `{near}`?"));
                (near.unwrap_or_else(|| "add the key to the mapping, or correct it".to_owned()), keys.leaf_with(&patch.key, key))
            }
            TemplateViolation::NotInCondition { name, .. } => (
                "refer to parameters, mappings and other conditions: no resource exists yet when a condition is decided".to_owned(),
                keys.leaf_with(&patch.key, name.as_str()),
            ),
            TemplateViolation::TooMany { .. } => ("leave out what is not needed".to_owned(), None),
            _ => ("correct the change".to_owned(), None),
        };
        let mut diagnostic = patch.about(&tranship::PATCH_BREAKS, message).help(help);
        if let (Some(label), Some(leaf)) = (diagnostic.labels.first_mut(), leaf) {
            label.origin = leaf.origin;
            cx.ledger.rejected(&leaf, diagnostic.message.clone());
        }
        Some(diagnostic)
    })
    .collect()
}

impl PatchedTemplate {
    /// The change that is to blame: the last one to touch what is wrong, or what it refers to.
    fn cause(&self, violation: &TemplateViolation) -> Option<usize> {
        let of = |id: &LogicalId| self.touched.get(id).and_then(|touched| touched.last()).copied();
        match violation {
            TemplateViolation::Duplicate(id)
            | TemplateViolation::Resolves { at: id, .. }
            | TemplateViolation::NotInCondition { at: id, .. } => of(id),
            TemplateViolation::UnknownKey { at, mapping, .. } => of(at).max(of(mapping)),
            // What is gone is named by the change that took it away.
            TemplateViolation::Undefined { at, name } => of(name.id()).or(of(at)),
            TemplateViolation::Cycle(ids) => ids.iter().filter_map(of).max(),
            TemplateViolation::TooMany { at, .. } => at.as_ref().and_then(of),
            TemplateViolation::Empty => None,
        }
    }
}

/// One change as it is made.
struct PatchingOne<'a> {
    index: usize,
    patch: &'a PreparedPatch,
    done: &'a mut PatchedTemplate,
}

impl PatchingOne<'_> {
    /// The ids that a choice means. An id need not exist: that is for the change to say.
    fn chosen(&mut self, template: &Template, choice: &ResourceChoice) -> Vec<LogicalId> {
        let (kind, service) = match choice {
            ResourceChoice::Id(id) => return vec![id.clone()],
            ResourceChoice::Type(kind, service) => (kind, service.as_deref()),
        };
        let own = |resource: &Resource| service.is_none_or(|service| belongs_to(&resource.comments, service));
        let of_type = |(_, resource): &(&LogicalId, &Resource)| resource.kind == *kind && own(resource);
        let found: Vec<LogicalId> =
            template.resources.iter().filter(of_type).map(|(id, _)| id.clone()).collect();
        if found.is_empty() {
            let what = match service {
                Some(service) => format!("type of a resource of `{service}`,"),
                None => "resource type".to_owned(),
            };
            let known = template.resources.values().filter(|it| own(it)).map(|it| it.kind.as_ref());
            self.done.faults.push(self.patch.unknown(&what, kind, known));
        }
        found
    }

    /// Changes an entry of a section. `elsewhere` says whether another section that shares its names has the id.
    fn entry<T: TemplateEntry>(
        &mut self,
        section: &mut indexmap::IndexMap<LogicalId, T>,
        id: &LogicalId,
        elsewhere: impl FnOnce(&LogicalId) -> bool,
    ) {
        let name = format!("{}.{id}", T::SECTION);
        let change = match (&self.patch.edit, section.get(id)) {
            (PatchEdit::Add(_), Some(_)) => Err(self.patch.exists(T::WHAT, id.as_str())),
            (PatchEdit::Add(_), None) if elsewhere(id) => Err(self.patch.exists(T::WHAT, id.as_str())),
            (PatchEdit::Add(map), None) => {
                let whole =
                    ValueChange { path: Default::default(), before: None, after: Some(map.clone().into()) };
                T::parse(map)
                    .map(|entry| (Some(entry), vec![whole]))
                    .map_err(|fault| self.patch.no_entry(&name, &fault))
            }
            (_, None) => {
                let known = section.keys().map(LogicalId::as_str);
                Err(self.patch.unknown(T::WHAT, id.as_str(), known))
            }
            (PatchEdit::Drop, Some(entry)) => {
                let before = Some(entry.whole().into());
                Ok((None, vec![ValueChange { path: Default::default(), before, after: None }]))
            }
            (PatchEdit::Change(_), Some(entry)) => self.changed(entry, &name).map_err(|fault| *fault),
        };
        match change {
            Err(fault) => self.done.faults.push(fault),
            Ok((_, changes)) if changes.is_empty() => self.done.faults.push(self.patch.without_effect(&name)),
            Ok((entry, changes)) => {
                self.done.reports.push(self.patch.account(&name, &changes));
                self.done.touched.entry(id.clone()).or_default().push(self.index);
                match entry {
                    Some(entry) => {
                        let weakened = entry.weakened(self.patch, &name, section.get(id));
                        self.done.faults.extend(weakened);
                        let entry = entry.after(section.get(id), self.patch.comment());
                        section.insert(id.clone(), entry);
                    }
                    None => {
                        section.shift_remove(id);
                    }
                }
            }
        }
    }

    fn changed<T: TemplateEntry>(
        &self,
        entry: &T,
        name: &str,
    ) -> Result<(Option<T>, Vec<ValueChange>), Box<Diagnostic>> {
        let PatchEdit::Change(edits) = &self.patch.edit else { return Ok((None, Vec::new())) };
        let mut map = entry.whole();
        let kind = map.get("Type").cloned();
        let mut changes = Vec::new();
        for (path, edit, at) in edits {
            let made = map
                .edit(path, edit)
                .map_err(|fault| Box::new(self.patch.does_not_apply(name, *at, &fault)))?;
            changes.extend(made);
        }
        if T::SECTION == Resource::SECTION && map.get("Type") != kind.as_ref() {
            let fault = BodyFault::Wrong(
                "Type".to_owned(),
                "the type that it has: remove the resource, and add another",
            );
            return Err(Box::new(self.patch.no_entry(name, &fault)));
        }
        let changed = T::parse(&map).map_err(|fault| Box::new(self.patch.no_entry(name, &fault)))?;
        Ok((Some(changed), changes))
    }
}

/// Whether one of the key paths that a resource comes from is of a service.
fn belongs_to(paths: &[String], service: &str) -> bool {
    paths.iter().any(|path| {
        let rest = path.strip_prefix("services.").and_then(|rest| rest.strip_prefix(service));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_belongs_to_the_service_that_its_key_paths_name() {
        for (path, owned) in [
            ("services.web", true),
            ("services.web.ports[0]", true),
            ("services.web[0]", true),
            ("services.web-2", false),
            ("services.webs.image", false),
            ("volumes.web", false),
            ("changed by services.web.x-tranship.patch[0]", false),
        ] {
            assert_eq!(belongs_to(&["name".to_owned(), path.to_owned()], "web"), owned, "{path}");
        }
    }
}
