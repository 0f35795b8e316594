//! The changes of an application, read for one target: what each is about, and its values as a template has them.
//!
//! Every leaf of a change is claimed here. What cannot stand in a template is reported, and the change left out.

use super::conditions::condition_of;
use super::secrets::literal_secrets;
use super::values::{ValueFault, mapping_of, value_of};
use crate::Compilation;
use tranship_app::rules::tranship;
use tranship_app::{
    Application, ArtifactPatch, At, BehaviourEffect, FreeNode, ManifestName, PatchAction, PatchRemoval,
    PatchSettings,
};
use tranship_cloudformation::{LogicalId, PropertyMap, TemplateValue, ValueEdit, ValuePath};
use tranship_frontend::diagnostic::{Diagnostic, Severity, suggest};
use tranship_frontend::source::Origin;

/// A change that can be made, if what it is about exists.
#[derive(Debug, Clone)]
pub struct PreparedPatch {
    /// Its key path.
    pub key: String,
    /// Where it stands.
    pub origin: Origin,
    /// Where what it is about is named.
    pub named: Origin,
    /// The leaves that a fault may point at, to be rejected with it.
    pub leaves: Vec<At<()>>,
    /// The service whose it is.
    pub service: Option<ManifestName>,
    /// What it changes.
    pub thing: PatchThing,
    /// How.
    pub edit: PatchEdit,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchThing {
    /// A resource, or several.
    Resource(ResourceChoice),
    /// A parameter of the template.
    Parameter(LogicalId),
    /// An output.
    Output(LogicalId),
    /// A mapping.
    Mapping(LogicalId),
    /// A condition.
    Condition(LogicalId),
    /// The options of a namespace of Elastic Beanstalk.
    Option(String),
}

/// Which resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceChoice {
    /// The one with this id.
    Id(LogicalId),
    /// Those of a type, of one service or of all.
    Type(String, Option<ManifestName>),
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchEdit {
    /// Changes at places, in order, each with where its place is written.
    Change(Vec<(ValuePath, ValueEdit, Origin)>),
    /// The entry goes.
    Drop,
    /// The entry comes.
    Add(PropertyMap),
}

/// The changes that are for a target, in order, with every leaf claimed. Only Elastic Beanstalk has options, and it
/// documents no other section than `Resources`: the declarations say so.
pub fn prepare(application: &Application, target: &str, cx: &mut Compilation<'_>) -> Vec<PreparedPatch> {
    let mut prepared = Vec::new();
    for patch in &application.patches {
        let change = patch.change.peek();
        let misses = match target {
            "beanstalk" => [&change.parameter, &change.output, &change.mapping, &change.condition]
                .into_iter()
                .flatten()
                .next(),
            _ => change.option.as_ref(),
        };
        if !change.is_for(target) {
            cx.ledger.ignored(&patch.change, "it is for another target", BehaviourEffect::Equivalent);
        } else if misses.is_some() {
            cx.ledger.ignored(&patch.change, "the target has no such thing", BehaviourEffect::Equivalent);
        } else {
            for name in change.targets.iter().flat_map(|targets| targets.peek().names()) {
                match name.peek().as_str() == target {
                    true => cx.ledger.decided(name, "the target makes the change"),
                    false => cx.ledger.ignored(name, "another target", BehaviourEffect::Equivalent),
                }
            }
            let mut reader = PatchReader { application, cx, patch, faults: Vec::new() };
            let read = reader.read(change);
            let faults = reader.faults;
            for fault in &faults {
                let at = fault.labels.first().map(|label| label.origin);
                for leaf in leaves(change, &patch.change).iter().filter(|leaf| Some(leaf.origin) == at) {
                    cx.ledger.rejected(leaf, fault.message.clone());
                }
            }
            prepared.extend(read.filter(|_| faults.is_empty()));
            faults.into_iter().for_each(|fault| cx.diagnostics.push(fault.target(target)));
        }
    }
    prepared
}

/// What a fault of a change may point at.
fn leaves(change: &PatchSettings, whole: &At<PatchSettings>) -> Vec<At<()>> {
    let texts = change.things().into_iter().chain([change.service.as_ref(), change.at.as_ref()]);
    let paths = match change.remove.as_ref().map(At::peek) {
        Some(PatchRemoval::Paths(paths)) => paths.as_slice(),
        _ => &[],
    };
    let texts = texts.flatten().chain(paths).map(|text| text.clone().map(|_| ()));
    let mut found: Vec<At<()>> = texts.chain([whole.clone().map(|_| ())]).collect();
    match change.action() {
        Some(PatchAction::Merge(map)) => nodes(&map.peek().0, &mut found),
        Some(PatchAction::Replace(node)) => nodes(node.peek(), &mut found),
        Some(PatchAction::Append(list)) => nodes(&list.peek().0, &mut found),
        Some(PatchAction::Add(entry)) => nodes(&entry.peek().0, &mut found),
        Some(PatchAction::Remove(_)) | None => {}
    }
    found
}

/// Every place in a value.
fn nodes(node: &FreeNode, found: &mut Vec<At<()>>) {
    found.push(node.at.clone());
    node.items().into_iter().flatten().for_each(|item| nodes(item, found));
    node.entries().into_iter().flatten().for_each(|(_, value)| nodes(value, found));
}

/// Rejects the leaves that errors point at, and reports them.
pub fn report(faults: Vec<Diagnostic>, patches: &[PreparedPatch], target: &str, cx: &mut Compilation<'_>) {
    for fault in faults {
        let at = fault.labels.first().map(|label| label.origin);
        let leaves = patches.iter().flat_map(|patch| &patch.leaves);
        let leaf = leaves.into_iter().find(|leaf| Some(leaf.origin) == at);
        if let Some(leaf) = leaf.filter(|_| fault.severity == Severity::Error) {
            cx.ledger.rejected(leaf, fault.message.clone());
        }
        cx.diagnostics.push(fault.target(target));
    }
}

struct PatchReader<'a, 'c> {
    application: &'a Application,
    cx: &'a mut Compilation<'c>,
    patch: &'a ArtifactPatch,
    faults: Vec<Diagnostic>,
}

impl PatchReader<'_, '_> {
    fn read(&mut self, change: &PatchSettings) -> Option<PreparedPatch> {
        // The action has claims of its own, with what became of it.
        self.cx.ledger.decided(&self.patch.change, "what it changes");
        let key = self.cx.keys.path(&self.patch.change);
        let thing = self.thing(change);
        let edit = match thing {
            Some(PatchThing::Condition(_)) => self.condition(change),
            _ => self.edit(change, matches!(thing, Some(PatchThing::Option(_)))),
        };
        let (origin, service) = (self.patch.change.origin, self.patch.service.clone());
        let named = change.things().into_iter().flatten().next().map_or(origin, |thing| thing.origin);
        let leaves = leaves(change, &self.patch.change);
        Some(PreparedPatch { key, origin, named, leaves, service, thing: thing?, edit: edit? })
    }

    fn thing(&mut self, change: &PatchSettings) -> Option<PatchThing> {
        if let Some(kind) = change.resource.as_ref().filter(|resource| resource.peek().contains("::")) {
            let kind = self.cx.ledger.exact(kind, "the type of the resources that are changed").clone();
            let service = self.service(change)?;
            return Some(PatchThing::Resource(ResourceChoice::Type(kind, service)));
        }
        if let Some(resource) = &change.resource {
            return self.id(resource).map(|id| PatchThing::Resource(ResourceChoice::Id(id)));
        }
        if let Some(parameter) = &change.parameter {
            return self.id(parameter).map(PatchThing::Parameter);
        }
        if let Some(output) = &change.output {
            return self.id(output).map(PatchThing::Output);
        }
        if let Some(mapping) = &change.mapping {
            return self.id(mapping).map(PatchThing::Mapping);
        }
        if let Some(condition) = &change.condition {
            return self.id(condition).map(PatchThing::Condition);
        }
        let option = change.option.as_ref()?;
        Some(PatchThing::Option(self.cx.ledger.exact(option, "the namespace of options").clone()))
    }

    /// The service whose resources are meant; an error was reported where there is none of the name.
    fn service(&mut self, change: &PatchSettings) -> Option<Option<ManifestName>> {
        let Some(named) = &change.service else { return Some(self.patch.service.clone()) };
        let name = self.cx.ledger.exact(named, "the service whose resources are changed").clone();
        let app = self.application;
        let known = || app.services.keys().chain(app.databases.keys());
        if let Some(own) = self.patch.service.as_ref().filter(|own| ***own != *name) {
            let message = format!("a change in `{own}` is to the resources of `{own}`, not of `{name}`");
            let help = "move it to `x-tranship.patch` at the top or in an environment";
            self.fault(Diagnostic::new(&tranship::PATCH_TARGET, message).at(named.origin).help(help));
            return None;
        }
        if let Some(found) = known().find(|known| ***known == *name) {
            return Some(Some(found.clone()));
        }
        let message = format!("`service` names `{name}`, which is not deployed");
        let diagnostic = Diagnostic::new(&tranship::PATCH_TARGET, message).at(named.origin);
        let near = suggest::closest(&name, known().map(|name| &**name));
        self.fault(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("name a service that the manifest deploys"),
        });
        None
    }

    fn id(&mut self, name: &At<String>) -> Option<LogicalId> {
        let text = self.cx.ledger.exact(name, "what is changed");
        let id = LogicalId::parse(text);
        if id.is_none() {
            let message = format!("`{text}` is not a logical id");
            let help = "use letters and digits, such as `AlarmTopic`; a type has the form `AWS::SNS::Topic`";
            self.fault(Diagnostic::new(&tranship::PATCH_VALUE, message).at(name.origin).help(help));
        }
        id
    }

    fn edit(&mut self, change: &PatchSettings, option: bool) -> Option<PatchEdit> {
        let at = match &change.at {
            Some(at) => self.path(at)?,
            None => ValuePath::default(),
        };
        let place = change.at.as_ref().map_or(self.patch.change.origin, |at| at.origin);
        let one = |edit: ValueEdit| PatchEdit::Change(vec![(at.clone(), edit, place)]);
        match change.action()? {
            PatchAction::Merge(map) => {
                let node = &self.cx.ledger.exact(map, "merged into what is emitted").0;
                self.mapping(node).map(|map| one(ValueEdit::Merge(map)))
            }
            PatchAction::Replace(node) => {
                let node = self.cx.ledger.exact(node, "in the place of what is emitted");
                self.value(node).map(|value| one(ValueEdit::Replace(value)))
            }
            PatchAction::Append(list) => {
                let node = &self.cx.ledger.exact(list, "added to what is emitted").0;
                match self.value(node)? {
                    TemplateValue::List(items) => Some(one(ValueEdit::Append(items.into()))),
                    _ => {
                        self.fault(
                            Diagnostic::new(&tranship::PATCH_VALUE, "`append` needs a list of items")
                                .at(node.at.origin)
                                .help("write each item in a list; an item may be an intrinsic function"),
                        );
                        None
                    }
                }
            }
            PatchAction::Remove(removal) => {
                match self.cx.ledger.exact(removal, "taken away from what is emitted") {
                    PatchRemoval::Whole => Some(PatchEdit::Drop),
                    PatchRemoval::Paths(paths) => {
                        let path = |reader: &mut Self, path: &At<String>| match option {
                            // The name of an option is one key, whatever is in it.
                            true => Some(ValuePath::of_key(
                                reader.cx.ledger.exact(path, "an option that is left out"),
                            )),
                            false => reader.path(path).map(|path| at.join(&path)),
                        };
                        let read: Vec<Option<_>> = paths
                            .iter()
                            .map(|one| Some((path(self, one)?, ValueEdit::Remove, one.origin)))
                            .collect();
                        Some(PatchEdit::Change(read.into_iter().collect::<Option<Vec<_>>>()?))
                    }
                }
            }
            PatchAction::Add(map) => {
                let node = &self.cx.ledger.exact(map, "added to what is emitted").0;
                self.mapping(node).map(PatchEdit::Add)
            }
        }
    }

    /// What is done to a condition, which is one function: it has no place inside.
    fn condition(&mut self, change: &PatchSettings) -> Option<PatchEdit> {
        let (node, is_new) = match change.action()? {
            PatchAction::Add(entry) => (&self.cx.ledger.exact(entry, "added to what is emitted").0, true),
            PatchAction::Replace(node) => {
                (self.cx.ledger.exact(node, "in the place of what is emitted"), false)
            }
            _ => return self.edit(change, false),
        };
        self.refuse_secrets(node);
        let read = condition_of(node);
        let map = self.take(read)?.body();
        let place = self.patch.change.origin;
        Some(match is_new {
            true => PatchEdit::Add(map),
            false => PatchEdit::Change(vec![(ValuePath::default(), ValueEdit::Replace(map.into()), place)]),
        })
    }

    fn path(&mut self, text: &At<String>) -> Option<ValuePath> {
        let written = self.cx.ledger.exact(text, "the place that is changed");
        let path = ValuePath::parse(written);
        if path.is_none() {
            let message = format!("`{written}` is not a path");
            let help = "write keys with dots between them and items in brackets: `Properties.ContainerDefinitions[Name=web].Image`";
            self.fault(Diagnostic::new(&tranship::PATCH_PLACE, message).at(text.origin).help(help));
        }
        path
    }

    fn mapping(&mut self, node: &FreeNode) -> Option<PropertyMap> {
        self.refuse_secrets(node);
        let read = mapping_of(node);
        self.take(read)
    }

    fn value(&mut self, node: &FreeNode) -> Option<TemplateValue> {
        self.refuse_secrets(node);
        let read = value_of(node);
        self.take(read)
    }

    fn take<T>(&mut self, read: Result<T, Vec<ValueFault>>) -> Option<T> {
        let faults = match read {
            Ok(value) => return Some(value),
            Err(faults) => faults,
        };
        for ValueFault { origin, message, help } in faults {
            self.fault(Diagnostic::new(&tranship::PATCH_VALUE, message).at(origin).help(help));
        }
        None
    }

    fn refuse_secrets(&mut self, node: &FreeNode) {
        for origin in literal_secrets(node, &self.application.known_secrets) {
            let message = "a secret in `patch` would be readable in what is deployed";
            self.fault(Diagnostic::new(&tranship::PATCH_SECRET, message).at(origin).help(
                "refer to where it is kept: `{{resolve:secretsmanager:NAME:SecretString:KEY}}`, or `!Ref` of a parameter that `patch` adds with `NoEcho: true`",
            ));
        }
    }

    fn fault(&mut self, diagnostic: Diagnostic) {
        let key = self.cx.keys.path(&self.patch.change);
        let diagnostic = diagnostic.key(key);
        self.faults.push(match &self.patch.service {
            Some(service) => diagnostic.service(&**service),
            None => diagnostic,
        });
    }
}
