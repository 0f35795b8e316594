//! Text -> what the bundle can hold: known text, and properties that only the instance knows.
//!
//! A bundle has no parameters, so a late-bound variable is fixed here, or refused where it has no value.

use super::limits::environment_name;
use super::{SecretLocation, SecretVariable, container_name};
use crate::Compilation;
use crate::beanstalk::rules;
use crate::managed_database::{database_name, master_user};
use serde::{Serialize, Serializer};
use tranship_app::{
    Application, At, DatabaseField, LateBoundVariable, ManagedDatabase, ManifestName, SecretPart,
    SecretSource, SecretStore, Text, TextPiece, TextSegment,
};
use tranship_facts::AwsPartition;
use tranship_frontend::diagnostic::Diagnostic;

/// Text that the instance may have to complete, in parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InstanceText(pub(crate) Vec<TextPart>);

impl InstanceText {
    /// The text, if all of it is known now.
    pub(crate) fn text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [TextPart::Known(text)] => Some(text),
            _ => None,
        }
    }
}

impl Serialize for InstanceText {
    /// What is known is a text; anything else is the list of its parts.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text() {
            Some(text) => serializer.serialize_str(text),
            None => self.0.serialize(serializer),
        }
    }
}

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum TextPart {
    /// Known now.
    Known(String),
    /// A property of the environment, which the instance knows.
    Property {
        /// Its name: `RDS_HOSTNAME`.
        property: String,
        /// Percent-encoded, as a part of a URL must be.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        encoded: bool,
    },
    /// A field of a database, which exists once the environment is created. A property takes it before it is written.
    #[serde(skip)]
    Database(DatabaseValue),
    /// The value of a secret, which the instance reads.
    Secret(ReadSecret),
}

/// The host, the port or the password of a database that the environment creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseValue {
    /// The service that the database replaces.
    pub(crate) service: ManifestName,
    /// Which of its fields.
    pub(crate) field: DatabaseField,
}

/// A secret that the instance reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ReadSecret {
    /// Its name or ARN.
    secret: String,
    /// Whether Parameter Store keeps it, not Secrets Manager.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    parameter: bool,
    /// The key of a secret that holds JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The staging label of the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// The id of the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl ReadSecret {
    /// The one at a place.
    pub(super) fn at(location: SecretLocation) -> Self {
        let SecretLocation { parameter, name: secret, part: SecretPart { key, stage, version } } = location;
        ReadSecret { secret, parameter, key, stage, version }
    }

    /// Where it is.
    pub(in crate::beanstalk) fn location(&self) -> SecretLocation {
        let (key, stage, version) = (self.key.clone(), self.stage.clone(), self.version.clone());
        let part = SecretPart { key, stage, version };
        SecretLocation { parameter: self.parameter, name: self.secret.clone(), part }
    }
}

impl TextPart {
    /// What people call it.
    fn name(&self) -> &str {
        match self {
            TextPart::Known(text) => text,
            TextPart::Property { property, .. } => property,
            TextPart::Database(value) => &value.service,
            TextPart::Secret(read) => &read.secret,
        }
    }
}

/// What a variable takes.
pub(super) enum VariableValue {
    /// Text.
    Text(InstanceText),
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
            TextPart::Known(piece) => known.push_str(&piece),
            unknown => {
                let what = unknown.name();
                let message = format!(
                    "the value is only known on the instance (`{what}`), but the bundle needs it at build time"
                );
                cx.diagnostics.push(Diagnostic::new(&rules::UNKNOWN_VALUE, message).at(text.origin));
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
    cx: &mut Compilation<'_>,
) -> Option<VariableValue> {
    if let [TextSegment { piece: TextPiece::Secret(name), .. }] = text.segments.as_slice()
        && let Some(secret) = application.secrets.get(name)
        && !matches!(secret.source, SecretSource::Derived(_))
    {
        let given = !matches!(secret.source, SecretSource::External(_));
        let location = location(name, &secret.source, application, cx)?;
        return Some(VariableValue::Secret(SecretVariable { name: name.to_string(), location, given }));
    }
    value(text, application, cx).map(VariableValue::Text)
}

/// Where a secret is: where the manifest says, else under the environment's name in Secrets Manager.
pub(in crate::beanstalk) fn location(
    name: &str,
    source: &SecretSource,
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Option<SecretLocation> {
    let SecretSource::External(existing) = source else {
        let name = format!("{}/{name}", environment_name(application));
        return Some(SecretLocation { name, ..SecretLocation::default() });
    };
    let name = known(&existing.location, application, cx)?;
    let parameter = existing.store == SecretStore::ParameterStore;
    Some(SecretLocation { parameter, name, part: existing.part.clone() })
}

/// A text that the instance may have to complete. Nothing after an error.
pub(in crate::beanstalk) fn value(
    text: &Text,
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Option<InstanceText> {
    parts(text, application, cx).map(InstanceText)
}

/// The parts of a text; neighbouring known ones are one.
fn parts(text: &Text, application: &Application, cx: &mut Compilation<'_>) -> Option<Vec<TextPart>> {
    let mut parts = Vec::new();
    let mut in_url = false;
    for segment in &text.segments {
        for part in piece(segment, in_url, application, cx)? {
            match (parts.last_mut(), part) {
                (Some(TextPart::Known(last)), TextPart::Known(next)) => last.push_str(&next),
                (_, next) => parts.push(next),
            }
        }
        in_url = in_url || matches!(parts.last(), Some(TextPart::Known(known)) if known.contains("://"));
    }
    Some(parts)
}

/// One piece of a text.
fn piece(
    segment: &TextSegment,
    in_url: bool,
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Option<Vec<TextPart>> {
    let region = application.settings.region.as_ref().map(|region| region.peek().as_str());
    let known = match &segment.piece {
        TextPiece::Literal(literal) => literal.to_string(),
        TextPiece::Host(service) => container_name(service),
        TextPiece::LateBound(variable) => late_bound(variable, segment, application, cx)?,
        TextPiece::Database { service, field } => {
            return Some(vec![database(application.databases.get(service)?, *field, in_url)]);
        }
        TextPiece::Secret(name) => {
            let secret = application.secrets.get(name)?;
            if let SecretSource::Derived(derived) = &secret.source {
                return parts(derived, application, cx);
            }
            let location = location(name, &secret.source, application, cx)?;
            return Some(vec![TextPart::Secret(ReadSecret::at(location))]);
        }
        TextPiece::Region => match region {
            Some(region) => region.to_owned(),
            None => {
                return refuse("the region", "set `region` in the environment's settings", segment, cx);
            }
        },
        TextPiece::Partition => match region {
            Some(region) => AwsPartition::of_region(region).name().to_owned(),
            None => {
                return refuse("the partition", "set `region` in the environment's settings", segment, cx);
            }
        },
        TextPiece::Account => return refuse("the account", "write its number", segment, cx),
    };
    Some(vec![TextPart::Known(known)])
}

/// A field of a database. Its names are known now, and RDS allows no letter in them that a URL would encode.
fn database(database: &ManagedDatabase, field: DatabaseField, in_url: bool) -> TextPart {
    if is_coupled(database) {
        // The port is a number and the host a name: only what a person may choose needs encoding.
        let chosen = !matches!(field, DatabaseField::Port | DatabaseField::Host);
        return TextPart::Property { property: property(field).to_owned(), encoded: in_url && chosen };
    }
    match field {
        DatabaseField::Name => TextPart::Known(database_name(database).unwrap_or_default()),
        DatabaseField::Username => TextPart::Known(master_user(database)),
        DatabaseField::Host | DatabaseField::Port | DatabaseField::Password => {
            TextPart::Database(DatabaseValue { service: database.name.clone(), field })
        }
    }
}

/// Whether a database is the environment's own.
pub(super) fn is_coupled(database: &ManagedDatabase) -> bool {
    database.coupled.as_ref().is_some_and(At::get)
}

/// The value that a late-bound variable has now: a bundle has no parameters.
fn late_bound(
    variable: &LateBoundVariable,
    segment: &TextSegment,
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Option<String> {
    let bound = application.late_bound.get(&variable.name);
    let fallback = || bound.and_then(|bound| bound.variable.fallback.clone());
    let value = bound.and_then(|bound| bound.value.clone()).or_else(fallback);
    if let Some(value) = value.or_else(|| variable.fallback.clone()) {
        return Some(value.to_string());
    }
    let name = &variable.name;
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::LATE_BOUND_VALUE,
            format!("late-bound variable `{name}` has no value, and a bundle has no parameters"),
        )
        .at(segment.origin)
        .help(format!("set one with `--set {name}=VALUE` or in `.env`")),
    );
    None
}

fn refuse(what: &str, help: &str, segment: &TextSegment, cx: &mut Compilation<'_>) -> Option<Vec<TextPart>> {
    let message = format!("{what} is not known when the bundle is built");
    cx.diagnostics.push(Diagnostic::new(&rules::UNKNOWN_VALUE, message).at(segment.origin).help(help));
    None
}
