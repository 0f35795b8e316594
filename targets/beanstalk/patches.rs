//! The changes of `x-tranship.patch` to an environment: its options, and the resources of `.ebextensions`.
//!
//! In: a [`BeanstalkPlan`] and the changes. Out: the plan with other options, the files with other resources, and what was
//! changed. Resources that Elastic Beanstalk makes itself are changed by what a file says of them; what they are without
//! it only Elastic Beanstalk knows. Invariant: only `Ref`, `Fn::GetAtt` and `Fn::Join` are written: AWS documents no other
//! function for `.ebextensions` (AWS documentation, "Functions").

use super::plan::{BeanstalkPlan, OptionSetting};
use super::templates;
use crate::Compilation;
use crate::patches::{
    PatchEdit, PatchThing, PatchedTemplate, PreparedPatch, ResourceChoice, patch_outputs_and_resources,
    prepare, report, report_broken, value_of,
};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use tranship_app::rules::tranship;
use tranship_app::{Application, At, FreeNode, FreeValue, PatchReport};
use tranship_artifact::parse_document;
use tranship_cloudformation::{
    EditFault, IntrinsicFunction, LogicalId, PropertyMap, Resource, ResourceRole, StackRoom, SubPart,
    Template, TemplateValue, ValueChange, ValueEdit, ValuePath, ValueStep, check, list, props,
};
use tranship_facts::beanstalk_resources::{resource_ids, resource_type};
use tranship_frontend::diagnostic::{Diagnostic, Severity};
use tranship_frontend::source::Origin;

/// The target's name.
const TARGET: &str = "beanstalk";

/// The file of what is added, the last one by its name.
const ADDED: &str = ".ebextensions/90-patch.config";

/// Claims the changes where nothing is made of them because of other errors.
pub(super) fn claim(application: &Application, cx: &mut Compilation<'_>) {
    let _ = prepare(application, TARGET, cx);
}

/// Makes the changes. What is wrong with them stands in the diagnostics.
///
/// # Errors
/// A file of the bundle cannot be written, or not be read back.
pub(super) fn apply(
    application: &Application,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Result<Vec<PatchReport>, String> {
    let patches = prepare(application, TARGET, cx);
    if patches.is_empty() {
        return Ok(Vec::new());
    }
    let mut done = PatchedTemplate::default();
    for patch in &patches {
        done.faults.extend(undocumented(patch));
        if let PatchThing::Option(namespace) = &patch.thing {
            match options(plan, patch, namespace) {
                Ok(report) => done.reports.push(report),
                Err(fault) => done.faults.push(*fault),
            }
        }
    }
    let files = templates::render(plan)?;
    let own = resources(plan, &files)?;
    let refused = check(&own);
    let mut changed = own.clone();
    done.faults.extend(patches.iter().filter(|patch| drops_foreign(patch, &files)).map(cannot_drop));
    patch_outputs_and_resources(&mut changed, &patches, &mut done);
    if done.faults.iter().all(|fault| fault.severity != Severity::Error) {
        done.faults.extend(report_broken(&changed, &refused, &patches, &done, StackRoom::Single, cx));
    }
    plan.rendered = Some(written(files, &own, &changed));
    report(std::mem::take(&mut done.faults), &patches, TARGET, cx);
    Ok(done.reports)
}

/// Sets or removes options of a namespace.
fn options(
    plan: &mut BeanstalkPlan,
    patch: &PreparedPatch,
    namespace: &str,
) -> Result<PatchReport, Box<Diagnostic>> {
    if !namespace.starts_with("aws:") {
        let message = format!("`{namespace}` is not a namespace of Elastic Beanstalk");
        let help = "write it as AWS documents it, such as `aws:autoscaling:asg`";
        return Err(Box::new(patch.about(&tranship::PATCH_TARGET, message).help(help)));
    }
    let mut changes = Vec::new();
    let PatchEdit::Change(edits) = &patch.edit else { return Ok(patch.account(namespace, &changes)) };
    for (path, edit, at) in edits {
        match edit {
            ValueEdit::Merge(map) => {
                for (name, value) in map.iter() {
                    changes.extend(set(plan, patch, namespace, name, value)?);
                }
            }
            _ => changes.push(unset(plan, patch, namespace, (path, *at))?),
        }
    }
    if changes.is_empty() {
        // The caller's list of faults takes warnings too.
        return Err(Box::new(patch.without_effect(namespace)));
    }
    Ok(patch.account(namespace, &changes))
}

fn set(
    plan: &mut BeanstalkPlan,
    patch: &PreparedPatch,
    namespace: &str,
    name: &str,
    value: &TemplateValue,
) -> Result<Option<ValueChange>, Box<Diagnostic>> {
    let taken = plan.secrets.contains_key(name) || plan.late_values.contains_key(name);
    if taken && namespace.starts_with("aws:elasticbeanstalk:application:environment") {
        let message = format!(
            "`{name}` takes its value from a secret or a resource, which `{}` would replace",
            patch.key
        );
        let help = "change `environment` of the service instead";
        return Err(Box::new(patch.about(&tranship::PATCH_TARGET, message).help(help)));
    }
    let Some(text) = option_text(value) else {
        let message = format!("option `{name}` must be a string, a number or an intrinsic function");
        return Err(Box::new(
            patch.about(&tranship::PATCH_VALUE, message).help("join the items of a list with commas"),
        ));
    };
    let from = patch.comment();
    let known = plan.options.iter_mut().find(|it| it.namespace == namespace && it.name == name);
    let before = known.as_ref().map(|known| TemplateValue::from(known.value.as_str()));
    let (path, after) = (ValuePath::of_key(name), Some(TemplateValue::from(text.as_str())));
    match known {
        Some(known) if known.value == text => return Ok(None),
        Some(known) => (known.value, known.from) = (text, from),
        None => {
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            plan.options.push(OptionSetting { namespace, name, value: text, from });
        }
    }
    Ok(Some(ValueChange { path, before, after }))
}

fn unset(
    plan: &mut BeanstalkPlan,
    patch: &PreparedPatch,
    namespace: &str,
    (path, at): (&ValuePath, Origin),
) -> Result<ValueChange, Box<Diagnostic>> {
    let name = match path.steps() {
        [ValueStep::Key(name)] => name.as_str(),
        _ => "",
    };
    let own = |it: &OptionSetting| it.namespace == namespace;
    let Some(index) = plan.options.iter().position(|it| own(it) && it.name == name) else {
        let names = plan.options.iter().filter(|it| own(it)).map(|it| it.name.clone()).collect();
        return Err(Box::new(patch.does_not_apply(namespace, at, &EditFault::Missing(path.clone(), names))));
    };
    let gone = plan.options.remove(index);
    Ok(ValueChange { path: path.clone(), before: Some(gone.value.into()), after: None })
}

/// The value of an option: text, or a function as JSON between backticks.
fn option_text(value: &TemplateValue) -> Option<String> {
    match value {
        TemplateValue::String(text) => Some(text.to_string()),
        TemplateValue::Integer(number) => Some(number.to_string()),
        TemplateValue::Bool(flag) => Some(flag.to_string()),
        TemplateValue::Function(_) => match plain(value) {
            TemplateValue::String(text) => Some(text.into()),
            function => Some(templates::function(&function.to_json())),
        },
        TemplateValue::List(_) | TemplateValue::Map(_) => None,
    }
}

/// The resources of the files, and those of Elastic Beanstalk with nothing in them.
fn resources(plan: &BeanstalkPlan, files: &[(String, String)]) -> Result<Template, String> {
    let mut template = Template::new("");
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".config")) {
        let document = parse_document(path, text).ok_or_else(|| format!("{path} is not YAML"))?;
        let Some(entries) = document.get("Resources").and_then(Json::as_object) else { continue };
        for (id, body) in entries {
            let read = value_of(&free(body)).ok().and_then(|value| match value {
                TemplateValue::Map(map) => Resource::from_body(&map).ok(),
                _ => None,
            });
            let (Some(resource), Some(id)) = (read, LogicalId::parse(id)) else {
                return Err(format!("{path}: the resource `{id}` cannot be read back"));
            };
            template.add(&id, resource);
        }
    }
    for id in resource_ids() {
        let (Some(kind), Some(id)) = (resource_type(id), LogicalId::parse(id)) else { continue };
        if !template.resources.contains_key(&id) {
            template.add(&id, Resource::new(kind, PropertyMap::new()));
        }
    }
    for database in &plan.databases {
        let roles = [
            ResourceRole::Database,
            ResourceRole::Credentials,
            ResourceRole::SecretAttachment,
            ResourceRole::SecurityGroup,
            ResourceRole::SubnetGroup,
        ];
        for role in roles {
            if let Some(resource) = template.resources.get_mut(&LogicalId::of(&database.name, role)) {
                resource.comments = [format!("services.{}", database.name)].into_iter().collect();
            }
        }
    }
    Ok(template)
}

/// A value as a patch would write it.
fn free(json: &Json) -> FreeNode {
    let value = match json {
        Json::Null => FreeValue::Text("".into()),
        Json::Bool(flag) => FreeValue::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => FreeValue::Integer(number),
            None => FreeValue::Text(number.to_string().into()),
        },
        Json::String(text) => FreeValue::Text(text.as_str().into()),
        Json::Array(items) => FreeValue::List(items.iter().map(free).collect()),
        Json::Object(map) => {
            FreeValue::Mapping(map.iter().map(|(key, value)| (key.as_str().into(), free(value))).collect())
        }
    };
    FreeNode { value, tag: None, at: At::inferred((), Origin::NOWHERE) }
}

/// The ids of the resources that a file has.
fn is_in(files: &[(String, String)], id: &LogicalId) -> bool {
    files.iter().any(|(_, text)| text.lines().any(|line| starts(line, id)))
}

/// Whether a line starts the block of a resource.
fn starts(line: &str, id: &LogicalId) -> bool {
    let name = line.strip_prefix("  ").and_then(|rest| rest.strip_suffix(':'));
    name.is_some_and(|name| name.trim_matches('"') == id.as_str())
}

/// Whether a change takes away what Elastic Beanstalk makes.
fn drops_foreign(patch: &PreparedPatch, files: &[(String, String)]) -> bool {
    match &patch.thing {
        PatchThing::Resource(ResourceChoice::Id(id)) => {
            patch.edit == PatchEdit::Drop && resource_type(id.as_str()).is_some() && !is_in(files, id)
        }
        _ => false,
    }
}

fn cannot_drop(patch: &PreparedPatch) -> Diagnostic {
    let message = format!("`{}` removes a resource that Elastic Beanstalk creates by itself", patch.key);
    patch.about(&tranship::PATCH_PLACE, message).help("change the option that asks for it, with `option`")
}

/// A function that `.ebextensions` does not have.
fn undocumented(patch: &PreparedPatch) -> Option<Diagnostic> {
    let maps: Vec<TemplateValue> = match &patch.edit {
        PatchEdit::Add(map) => vec![map.clone().into()],
        PatchEdit::Drop => Vec::new(),
        PatchEdit::Change(edits) => edits
            .iter()
            .flat_map(|(_, edit, _)| match edit {
                ValueEdit::Merge(map) => vec![map.clone().into()],
                ValueEdit::Replace(value) => vec![value.clone()],
                ValueEdit::Append(items) => items.clone(),
                ValueEdit::Remove => Vec::new(),
            })
            .collect(),
    };
    let mut found = None;
    for value in &maps {
        value.walk(&mut |value| {
            if let TemplateValue::Function(function) = value {
                let known = matches!(
                    **function,
                    IntrinsicFunction::Ref(_)
                        | IntrinsicFunction::GetAtt(..)
                        | IntrinsicFunction::Join(..)
                        | IntrinsicFunction::Sub(_)
                );
                found = found.or((!known).then(|| function.name()));
            }
        });
    }
    if found.is_none() && conditions(&patch.edit) {
        let message = "Elastic Beanstalk documents no `Condition` for its configuration files".to_owned();
        let help = "leave the resource out where it is not wanted, with `x-tranship.environments`";
        return Some(patch.about(&tranship::PATCH_VALUE, message).help(help));
    }
    let message = format!("Elastic Beanstalk documents no `{}` for its configuration files", found?);
    let help = "use `Ref`, `Fn::GetAtt`, `Fn::Join` or `Fn::Sub`, which becomes an `Fn::Join`";
    Some(patch.about(&tranship::PATCH_VALUE, message).help(help))
}

/// Whether a change gives a resource a condition.
fn conditions(edit: &PatchEdit) -> bool {
    const NAME: &str = "Condition";
    match edit {
        PatchEdit::Add(map) => map.get(NAME).is_some(),
        PatchEdit::Drop => false,
        PatchEdit::Change(edits) => edits.iter().any(|(path, edit, _)| match (path.steps(), edit) {
            ([], ValueEdit::Merge(map)) => map.get(NAME).is_some(),
            ([ValueStep::Key(key), ..], ValueEdit::Merge(_) | ValueEdit::Replace(_)) => key == NAME,
            _ => false,
        }),
    }
}

/// The value with functions in their long form, of those that are documented.
fn plain(value: &TemplateValue) -> TemplateValue {
    match value {
        TemplateValue::Bool(_) | TemplateValue::Integer(_) | TemplateValue::String(_) => value.clone(),
        TemplateValue::List(items) => TemplateValue::List(items.iter().map(plain).collect()),
        TemplateValue::Map(map) => plain_map(map).into(),
        TemplateValue::Function(function) => match function.as_ref() {
            IntrinsicFunction::Ref(target) => props! { "Ref" => target.as_str() }.into(),
            IntrinsicFunction::GetAtt(id, attribute) => attribute_of(id, attribute),
            IntrinsicFunction::Join(delimiter, list) => joined(delimiter, plain(list)),
            IntrinsicFunction::Sub(sub) => {
                let parts: Vec<TemplateValue> = sub.parts().iter().map(part).collect();
                match parts.iter().map(TemplateValue::as_str).collect::<Option<String>>() {
                    Some(text) => text.into(),
                    None => joined("", parts.into()),
                }
            }
            // Refused before; the form is that of JSON.
            other => {
                let mut arguments: Vec<TemplateValue> = Vec::new();
                other.for_each_argument(&mut |argument| arguments.push(plain(argument)));
                arguments.into()
            }
        },
    }
}

fn plain_map(map: &PropertyMap) -> PropertyMap {
    map.iter().map(|(key, value)| (key.to_owned(), plain(value))).collect()
}

fn attribute_of(id: &LogicalId, attribute: &str) -> TemplateValue {
    props! { "Fn::GetAtt" => list![id.as_str(), attribute] }.into()
}

fn joined(delimiter: &str, items: TemplateValue) -> TemplateValue {
    props! { "Fn::Join" => list![delimiter, items] }.into()
}

fn part(part: &SubPart) -> TemplateValue {
    match part {
        SubPart::Text(text) => text.into(),
        SubPart::Dynamic => "{{resolve:".into(),
        SubPart::Reference(target) => props! { "Ref" => target.as_str() }.into(),
        SubPart::Attribute(id, attribute) => attribute_of(id, attribute),
        SubPart::SecretField(id, field) => joined(
            "",
            list![
                "{{resolve:secretsmanager:",
                props! { "Ref" => id.as_str() },
                format!(":SecretString:{field}}}}}")
            ],
        ),
        SubPart::Value(value) => plain(value),
    }
}

/// The files with what changed in its place, and what is new in a file of its own.
fn written(files: Vec<(String, String)>, own: &Template, changed: &Template) -> Vec<(String, String)> {
    let gone: BTreeSet<&LogicalId> =
        own.resources.keys().filter(|id| !changed.resources.contains_key(*id)).collect();
    let mut new = String::new();
    let mut files = files;
    for id in gone {
        files.iter_mut().for_each(|(_, text)| *text = with_block(text, id, ""));
    }
    for (id, resource) in &changed.resources {
        if own.resources.get(id) == Some(resource) {
            continue;
        }
        let block = block(id, resource, own.resources.get(id));
        match is_in(&files, id) {
            true => files.iter_mut().for_each(|(_, text)| *text = with_block(text, id, &block)),
            false => new.push_str(&block),
        }
    }
    files.retain(|(path, text)| !path.ends_with(".config") || !is_hollow(text));
    if !new.is_empty() {
        let head = "# What `x-tranship.patch` adds to the environment.\nResources:\n";
        let place = files.iter().position(|(path, _)| path.as_str() > ADDED).unwrap_or(files.len());
        files.insert(place, (ADDED.to_owned(), format!("{head}{new}")));
    }
    files
}

/// Whether nothing is left in a file but comments and the name of a section.
fn is_hollow(text: &str) -> bool {
    text.lines()
        .all(|line| line == "Resources:" || line.trim_start().starts_with('#') || line.trim().is_empty())
}

/// A resource as a file has it, with the comments that it has since the change.
fn block(id: &LogicalId, resource: &Resource, before: Option<&Resource>) -> String {
    let known = before.map(|before| before.comments.as_slice()).unwrap_or_default();
    let comments = resource.comments.iter().filter(|line| !known.contains(line));
    let comments: String =
        comments.map(|line| format!("  # {}\n", tranship_cloudformation::scalar::comment(line))).collect();
    let yaml = props! { id.to_string() => plain_map(&resource.whole_body()) }.to_yaml();
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") };
    comments + &yaml.lines().map(indented).collect::<String>()
}

/// The text with another block in the place of a resource's; the text itself where it has no such resource.
fn with_block(text: &str, id: &LogicalId, block: &str) -> String {
    let (mut kept, mut inside) = (String::new(), false);
    for line in text.lines() {
        if starts(line, id) {
            kept.push_str(block);
            inside = true;
            continue;
        }
        let below = line.is_empty() || line.starts_with("   ");
        inside = inside && below;
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_cloudformation::{FnSub, Join};

    fn id(text: &str) -> LogicalId {
        LogicalId::parse(text).unwrap()
    }

    #[test]
    fn functions_are_written_as_they_are_documented() {
        let value = FnSub::text("a-").reference(&id("A")).att(&id("B"), "Arn").then("/x").into_value();
        let written = plain(&value).to_json();
        let expected = serde_json::json!({ "Fn::Join": ["", ["a-", { "Ref": "A" }, { "Fn::GetAtt": ["B", "Arn"] }, "/x"]] });
        assert_eq!(written, expected);
        let value = Join(",", list![id("A").reference(), "b"]);
        assert_eq!(plain(&value).to_json(), serde_json::json!({ "Fn::Join": [",", [{ "Ref": "A" }, "b"]] }));
        let dynamic = FnSub::new().literal("{{resolve:ssm:/a}}").into_value();
        assert_eq!(plain(&dynamic), "{{resolve:ssm:/a}}".into());
        assert_eq!(option_text(&dynamic).as_deref(), Some("{{resolve:ssm:/a}}"));
        assert_eq!(option_text(&id("A").reference()).as_deref(), Some("`{\"Ref\":\"A\"}`"));
        assert_eq!(option_text(&true.into()).as_deref(), Some("true"));
        assert_eq!(option_text(&list!["a"]), None);
    }

    #[test]
    fn a_block_is_replaced_in_its_place() {
        let text = "# head\nResources:\n  # a\n  \"A\":\n    Type: T\n\n    Properties:\n      B: 1\n  # b\n  B:\n    Type: U\nx: 1\n";
        let block = "  A:\n    Type: V\n";
        assert_eq!(
            with_block(text, &id("A"), block),
            "# head\nResources:\n  # a\n  A:\n    Type: V\n  # b\n  B:\n    Type: U\nx: 1\n"
        );
        assert_eq!(
            with_block(text, &id("B"), ""),
            "# head\nResources:\n  # a\n  \"A\":\n    Type: T\n\n    Properties:\n      B: 1\n  # b\nx: 1\n"
        );
        assert_eq!(with_block(text, &id("C"), block), text);
        assert!(is_hollow("# head\nResources:\n  # b\n") && !is_hollow("Resources:\n  A:\n"));
    }
}
