//! Values that exist only once the environment is created, on their way into containers and jobs.
//!
//! Elastic Beanstalk registers the task of the ECS platform from the bundle and the properties of the environment,
//! before anything runs on an instance. So such a value is a property, which takes attributes of resources, or a secret
//! that the environment names (`environmentsecrets`). Properties belong to the whole environment: one name, one value.

use super::values::{DatabaseValue, InstanceText, TextPart};
use super::{BeanstalkContainer, BeanstalkPlan, SecretLocation, container_name};
use crate::Compilation;
use crate::beanstalk::rules;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use tranship_app::{AppService, Application, DatabaseField, ManifestName};
use tranship_cloudformation::{LogicalId, ResourceRole};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// A value that the environment knows once it is created.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::beanstalk) enum LateValue {
    /// Text with attributes of resources in it, and no secret.
    Text(Vec<LatePart>),
    /// The generated password of a database.
    Password(ManifestName),
    /// A secret that is put together from others.
    Derived(DerivedSecret),
}

/// A secret that is put together from others.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::beanstalk) struct DerivedSecret {
    /// The id of the secret in the environment's resources.
    pub(in crate::beanstalk) id: LogicalId,
    /// Its parts, in order.
    pub(in crate::beanstalk) parts: Vec<LatePart>,
    /// The key path it comes from.
    pub(in crate::beanstalk) from: String,
}

/// A part of such a value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::beanstalk) enum LatePart {
    /// Known now.
    Known(String),
    /// A field of a database.
    Database(DatabaseValue),
    /// A secret of Secrets Manager that exists before the environment does.
    Secret(SecretLocation),
}

/// What takes a value: a name, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct LateVariable<'a> {
    /// The service.
    pub(super) service: &'a AppService,
    /// The variable, or what names a word of a command.
    pub(super) name: &'a str,
    /// Where it stands.
    pub(super) origin: Origin,
}

/// The property that has a field of a database, for a platform whose file puts values together itself.
pub(in crate::beanstalk) fn database_property(value: &DatabaseValue, plan: &mut BeanstalkPlan) -> String {
    let field = match value.field {
        DatabaseField::Port => "PORT",
        DatabaseField::Password => "PASSWORD",
        DatabaseField::Host | DatabaseField::Name | DatabaseField::Username => "HOST",
    };
    let property = format!("{}_DATABASE_{field}", upper_case(&value.service));
    let late = match value.field {
        DatabaseField::Password => LateValue::Password(value.service.clone()),
        _ => LateValue::Text(vec![LatePart::Database(value.clone())]),
    };
    plan.late_values.insert(property.clone(), late);
    property
}

/// The property that has the value of a file which is put together from several values. `None` where CloudFormation
/// cannot put it together.
pub(in crate::beanstalk) fn file_property(
    name: &str,
    text: &InstanceText,
    plan: &mut BeanstalkPlan,
) -> Option<String> {
    let parts: Option<Vec<LatePart>> = text.0.iter().map(late_part).collect();
    let id = LogicalId::of_parts(&["file", name], ResourceRole::Secret);
    let secret = DerivedSecret { id, parts: parts?, from: name.to_owned() };
    let property = format!("FILE_{}", upper_case(name));
    plan.late_values.insert(property.clone(), LateValue::Derived(secret));
    Some(property)
}

/// Gives every container of the task the value under the variable's name.
pub(super) fn deliver(
    variable: LateVariable<'_>,
    text: &InstanceText,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) {
    let Some(value) = late_value(variable, text, cx) else { return };
    match plan.late_values.get(variable.name) {
        Some(other) if !is_same(other, &value) => refuse_clash(variable, cx),
        _ if plan.secrets.contains_key(variable.name) => refuse_clash(variable, cx),
        Some(_) => {}
        None => {
            plan.late_values.insert(variable.name.to_owned(), value);
        }
    }
}

/// What a job is given in the place of a text: the property that has the value, under a name of its own where another
/// value has the variable's. A text that waits for no resource stays as it is.
pub(super) fn of_job(
    variable: LateVariable<'_>,
    text: InstanceText,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> InstanceText {
    if !waits_for_resource(&text) {
        return text;
    }
    let Some(value) = late_value(variable, &text, cx) else { return text };
    let own = format!("{}_{}", upper_case(&variable.service.name), variable.name);
    let is_free = |name: &String| {
        let known = plan.late_values.get(name).is_none_or(|other| is_same(other, &value));
        known && !plan.secrets.contains_key(name)
    };
    let numbered = (2u32..).map(|number| format!("{own}_{number}"));
    let mut names = [variable.name.to_owned(), own.clone()].into_iter().chain(numbered);
    let Some(property) = names.find(is_free) else { return text };
    plan.late_values.entry(property.clone()).or_insert(value);
    InstanceText(vec![TextPart::Property { property, encoded: false }])
}

/// Whether a property, or a secret that CloudFormation puts together, can have a value.
pub(super) fn can_be_property(text: &InstanceText) -> bool {
    text.0.iter().all(|part| late_part(part).is_some())
}

/// Whether a value needs a resource of the environment.
pub(super) fn waits_for_resource(text: &InstanceText) -> bool {
    text.0.iter().any(|part| matches!(part, TextPart::Database(_)))
}

/// One variable of the environment must not take the place of another container's own.
pub(super) fn check_names(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let shared = |name: &String| plan.late_values.contains_key(name) || plan.secrets.contains_key(name);
    let containers = plan.containers.iter().rev();
    let containers: BTreeMap<&str, _> = containers.map(|it| (it.name.as_str(), it)).collect();
    for service in application.services.values() {
        let Some(container) = containers.get(container_name(&service.name).as_str()).copied() else {
            continue;
        };
        for name in own_names(container).filter(|name| shared(name)) {
            let origin =
                service.container.environment.get(name.as_str()).map_or(service.origin, |it| it.origin);
            refuse_clash(LateVariable { service, name, origin }, cx);
        }
    }
}

/// Refuses words of a command or an entrypoint that are known too late.
pub(super) fn refuse_words(service: &AppService, origin: Origin, cx: &mut Compilation<'_>) {
    let message = format!(
        "the command of `{}` contains a value that is only known at deployment, and the ECS platform reads commands from the bundle",
        service.name
    );
    cx.diagnostics.push(Diagnostic::new(&rules::LATE_VALUE, message).at(origin).service(&*service.name).help(
        "let the command read the value from an environment variable, or write `platform: docker`, which puts it into the command",
    ));
}

fn own_names(container: &BeanstalkContainer) -> impl Iterator<Item = &String> {
    container.environment.keys()
}

/// Equal, whatever the name of the resource that keeps them.
fn is_same(one: &LateValue, other: &LateValue) -> bool {
    match (one, other) {
        (LateValue::Derived(one), LateValue::Derived(other)) => one.parts == other.parts,
        _ => one == other,
    }
}

/// The value, or nothing after an error.
fn late_value(
    variable: LateVariable<'_>,
    text: &InstanceText,
    cx: &mut Compilation<'_>,
) -> Option<LateValue> {
    if let [TextPart::Database(DatabaseValue { service, field: DatabaseField::Password })] = text.0.as_slice()
    {
        return Some(LateValue::Password(service.clone()));
    }
    let parts: Option<Vec<LatePart>> = text.0.iter().map(late_part).collect();
    let Some(parts) = parts else {
        refuse(variable, cx);
        return None;
    };
    let has_secret = parts.iter().any(LatePart::is_secret);
    if !has_secret {
        return Some(LateValue::Text(parts));
    }
    let id = LogicalId::of_parts(&[&variable.service.name, variable.name], ResourceRole::Secret);
    let from = format!("services.{}.environment.{}", variable.service.name, variable.name);
    Some(LateValue::Derived(DerivedSecret { id, parts, from }))
}

impl LatePart {
    fn is_secret(&self) -> bool {
        match self {
            LatePart::Known(_) => false,
            LatePart::Database(value) => value.field == DatabaseField::Password,
            LatePart::Secret(_) => true,
        }
    }
}

/// A part that CloudFormation can resolve: it reads secrets of Secrets Manager, and no encrypted parameter, for the
/// value of a secret (AWS CloudFormation User Guide, "Using dynamic references").
fn late_part(part: &TextPart) -> Option<LatePart> {
    match part {
        TextPart::Known(text) => Some(LatePart::Known(text.clone())),
        TextPart::Database(value) => Some(LatePart::Database(value.clone())),
        TextPart::Secret(read) => {
            Some(read.location()).filter(|location| !location.parameter).map(LatePart::Secret)
        }
        TextPart::Property { .. } => None,
    }
}

fn refuse(variable: LateVariable<'_>, cx: &mut Compilation<'_>) {
    let LateVariable { service, name, origin } = variable;
    let message = format!(
        "`{name}` of `{}` is put together from values that only an instance can read, and the ECS platform registers its containers earlier",
        service.name
    );
    cx.diagnostics.push(Diagnostic::new(&rules::LATE_VALUE, message).at(origin).service(&*service.name).help(
        "give the whole value one secret of its own, or write `platform: docker`, which puts the value together",
    ));
}

fn refuse_clash(variable: LateVariable<'_>, cx: &mut Compilation<'_>) {
    let LateVariable { service, name, origin } = variable;
    let message = format!(
        "`{name}` of `{}` is a property of the whole environment, and another container has another value under that name",
        service.name
    );
    let diagnostic = Diagnostic::new(&rules::SECRET_CLASH, message).at(origin).service(&*service.name);
    cx.diagnostics.push(
        diagnostic
            .help("rename the variable in one of them, or write `platform: docker`, which keeps them apart"),
    );
}

/// A name as part of a variable's.
pub(in crate::beanstalk) fn upper_case(name: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    name.chars().map(letter).collect()
}

/// The secrets that are put together, by their id.
pub(in crate::beanstalk) fn derived(
    values: &IndexMap<String, LateValue>,
) -> impl Iterator<Item = &DerivedSecret> {
    values.values().filter_map(|value| match value {
        LateValue::Derived(secret) => Some(secret),
        _ => None,
    })
}
