//! Text -> what the bundle can hold: known text, and properties that only the instance knows.
//!
//! A bundle has no parameters, so a late-bound variable is fixed here, or refused where it has no value.

use super::{Plan, SecretVariable};
use crate::app::{Application, DatabaseField, Piece, SecretSource, Segment, Text};
use crate::diagnostic::{Diagnostic, rules::beanstalk};
use crate::targets::Compilation;
use serde::Serialize;

/// A value in parts.
pub(crate) type Value = Vec<Part>;

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Part {
    /// Known now.
    Known(String),
    /// A property of the environment, which the instance knows.
    Property {
        /// Its name: `RDS_HOSTNAME`.
        property: &'static str,
        /// Percent-encoded, as a part of a URL must be.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        encoded: bool,
    },
}

/// What a variable takes.
pub(super) enum Taken {
    /// Text.
    Known(String),
    /// What only the instance knows.
    Deferred(Value),
    /// A secret.
    Secret(SecretVariable),
}

/// The property in which Elastic Beanstalk tells a field of its database
/// (AWS documentation, "Adding a database to your Elastic Beanstalk environment").
fn property(field: DatabaseField) -> &'static str {
    match field {
        DatabaseField::Host => "RDS_HOSTNAME",
        DatabaseField::Port => "RDS_PORT",
        DatabaseField::Name => "RDS_DB_NAME",
        DatabaseField::Username => "RDS_USERNAME",
        DatabaseField::Password => "RDS_PASSWORD",
    }
}

/// The value of a structural field, which must be known now. Nothing after an error.
pub(super) fn known(text: &Text, application: &Application, cx: &mut Compilation<'_>) -> Option<String> {
    let mut known = String::new();
    for part in parts(text, application, cx)? {
        match part {
            Part::Known(piece) => known.push_str(&piece),
            Part::Property { property, .. } => {
                let message = format!(
                    "the value is known on the instance only (`{property}`), and the bundle needs it"
                );
                cx.diagnostics.push(Diagnostic::new(&beanstalk::UNKNOWN_VALUE, message).at(text.origin));
                return None;
            }
        }
    }
    Some(known)
}

/// All of a list, or nothing after an error in one.
pub(super) fn known_all(
    texts: &[Text],
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Option<Vec<String>> {
    let all: Vec<Option<String>> = texts.iter().map(|text| known(text, application, cx)).collect();
    all.into_iter().collect()
}

/// What a variable of the environment takes. Nothing after an error.
pub(super) fn taken(
    text: &Text,
    application: &Application,
    plan: &Plan,
    cx: &mut Compilation<'_>,
) -> Option<Taken> {
    if let [Segment { piece: Piece::Secret(name), .. }] = text.segments.as_slice()
        && let Some(secret) = application.secrets.get(name)
    {
        return match &secret.source {
            SecretSource::Derived(derived) => Some(deferred(parts(derived, application, cx)?)),
            SecretSource::External(location) => {
                let location = known(location, application, cx)?;
                Some(Taken::Secret(SecretVariable { name: name.to_string(), location, given: false }))
            }
            SecretSource::Given
            | SecretSource::File(_)
            | SecretSource::Environment(_)
            | SecretSource::Content(_) => {
                let location = format!("{}/{name}", plan.environment);
                Some(Taken::Secret(SecretVariable { name: name.to_string(), location, given: true }))
            }
        };
    }
    Some(deferred(parts(text, application, cx)?))
}

fn deferred(parts: Value) -> Taken {
    match parts.as_slice() {
        [] => Taken::Known(String::new()),
        [Part::Known(text)] => Taken::Known(text.clone()),
        _ => Taken::Deferred(parts),
    }
}

/// The parts of a text; neighbouring known ones are one.
fn parts(text: &Text, application: &Application, cx: &mut Compilation<'_>) -> Option<Value> {
    let mut parts = Value::new();
    let mut in_url = false;
    for segment in &text.segments {
        let known = match &segment.piece {
            Piece::Literal(literal) => literal.to_string(),
            Piece::Host(service) => super::container_name(service),
            Piece::LateBound(variable) => {
                let bound = application.late_bound.get(&variable.name).and_then(|bound| bound.value.clone());
                match bound.or_else(|| variable.fallback.clone()) {
                    Some(value) => value.to_string(),
                    None => return refuse_late_bound(&variable.name, segment, cx),
                }
            }
            Piece::Database { field, .. } => {
                // The port is a number and the host a name: only what a person may choose needs encoding.
                let chosen = !matches!(field, DatabaseField::Port | DatabaseField::Host);
                parts.push(Part::Property { property: property(*field), encoded: in_url && chosen });
                continue;
            }
            Piece::Secret(name) => match application.secrets.get(name).map(|secret| &secret.source) {
                Some(SecretSource::Derived(derived)) => {
                    parts.extend(self::parts(derived, application, cx)?);
                    continue;
                }
                _ => return refuse_secret(segment, cx),
            },
            Piece::Region => match &application.settings.region {
                Some(region) => region.value.clone(),
                None => {
                    return refuse(
                        "the region",
                        "name it: `region` in the environment's settings",
                        segment,
                        cx,
                    );
                }
            },
            Piece::Partition => match &application.settings.region {
                Some(region) => partition(&region.value).to_owned(),
                None => return refuse("the partition", "name the region in the settings", segment, cx),
            },
            Piece::Account => return refuse("the account", "write its number", segment, cx),
        };
        in_url = in_url || known.contains("://");
        match parts.last_mut() {
            Some(Part::Known(last)) => last.push_str(&known),
            _ => parts.push(Part::Known(known)),
        }
    }
    Some(parts)
}

/// The partition of a region (AWS documentation, "AWS Regions").
pub(super) fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn refuse_late_bound(name: &str, segment: &Segment, cx: &mut Compilation<'_>) -> Option<Value> {
    cx.diagnostics.push(
        Diagnostic::new(
            &beanstalk::LATE_BOUND_VALUE,
            format!("`{name}` is late-bound and has no value, and a bundle has no parameters"),
        )
        .at(segment.origin)
        .help(format!("give it one: `--set {name}=VALUE`, or in `.env`")),
    );
    None
}

fn refuse_secret(segment: &Segment, cx: &mut Compilation<'_>) -> Option<Value> {
    cx.diagnostics.push(
        Diagnostic::new(
            &beanstalk::SECRET_IN_TEXT,
            "a secret stands inside a longer value, where a container cannot be given it",
        )
        .at(segment.origin)
        .help("give the application the secret in a variable of its own"),
    );
    None
}

fn refuse(what: &str, help: &str, segment: &Segment, cx: &mut Compilation<'_>) -> Option<Value> {
    let message = format!("{what} is not known when the bundle is built");
    cx.diagnostics.push(Diagnostic::new(&beanstalk::UNKNOWN_VALUE, message).at(segment.origin).help(help));
    None
}
