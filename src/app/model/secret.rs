//! Values that must not appear in an artifact.

use super::ManifestName;
use crate::At;
use crate::Text;
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// What a secret is known by: unique in the application, `app/STRIPE_KEY` or the name under `secrets`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretId(ManifestName);

impl SecretId {
    /// The id of a secret of this name.
    pub fn new(name: impl Into<ManifestName>) -> Self {
        SecretId(name.into())
    }

    /// As people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for SecretId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SecretId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value that must not appear in an artifact.
#[derive(Debug, Clone)]
pub struct ApplicationSecret {
    /// What it is known by.
    pub name: SecretId,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Where it was found.
    pub origin: Origin,
    /// The node of the value, if it stands in the manifest.
    pub node: NodeId,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// A literal of the manifest: never emitted, given again at deployment.
    Given,
    /// Put together at deployment from text and other secrets: a connection URL.
    Derived(Text),
    /// Exists on AWS already.
    External(ExistingSecret),
    /// A file beside the manifest, read at deployment: its path, and whether it is no secret but a config.
    File(At<String>),
    /// `environment: NAME`: read from the deployer's environment.
    Environment(At<String>),
    /// `content` of a config.
    Content(Text),
}

/// A secret or a parameter that exists on AWS before the application does.
#[derive(Debug, Clone, PartialEq)]
pub struct ExistingSecret {
    /// Which service keeps it.
    pub store: SecretStore,
    /// Its name or its ARN, without what a part adds to that.
    pub location: Text,
    /// What of it is meant.
    pub part: SecretPart,
    /// `stage` and `version` of `x-tranship.secrets`, where they say what is meant.
    pub version_keys: Vec<At<()>>,
}

/// Which service keeps a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretStore {
    /// AWS Secrets Manager.
    #[default]
    SecretsManager,
    /// AWS Systems Manager Parameter Store.
    ParameterStore,
}

/// What of a secret is meant; empty for the current version as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SecretPart {
    /// The key of a secret that holds JSON.
    pub key: Option<String>,
    /// The staging label of the version.
    pub stage: Option<String>,
    /// The id of the version.
    pub version: Option<String>,
}

impl ExistingSecret {
    /// The one that a name or an ARN leads to. An ARN says the service, and perhaps the part.
    pub fn at(location: Text) -> Self {
        let known = location.literal().unwrap_or_default();
        let fields: Vec<&str> = known.split(':').collect();
        let (mut store, mut part) = (SecretStore::SecretsManager, SecretPart::default());
        let mut whole = None;
        match fields.as_slice() {
            ["arn", _, "ssm", ..] => store = SecretStore::ParameterStore,
            ["arn", _, "secretsmanager", _, _, _, _, rest @ ..] if !rest.is_empty() => {
                let field =
                    |at: usize| rest.get(at).filter(|text| !text.is_empty()).map(|text| (*text).to_owned());
                part = SecretPart { key: field(0), stage: field(1), version: field(2) };
                whole = fields.get(..7).map(|fields| fields.join(":"));
            }
            _ => {}
        }
        let location = match whole {
            Some(arn) => Text::known(arn, location.node, location.origin),
            None => location,
        };
        ExistingSecret { store, location, part, version_keys: Vec::new() }
    }
}

/// Whether a text is the whole ARN of a secret of Secrets Manager, perhaps with a JSON key, stage and version, or of
/// a parameter of Systems Manager.
pub fn is_secret_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, service, region, account, kind, rest @ ..] = parts.as_slice() else {
        return false;
    };
    let account = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
    let place = partition.starts_with("aws") && !region.is_empty() && account;
    place
        && match (*service, *kind) {
            ("secretsmanager", "secret") => {
                matches!(rest.len(), 1 | 4) && rest.first().is_some_and(|name| !name.is_empty())
            }
            ("ssm", parameter) => {
                rest.is_empty() && parameter.strip_prefix("parameter/").is_some_and(|name| !name.is_empty())
            }
            _ => false,
        }
}

/// Whether a text is the whole ARN of a secret, the six random letters at its end included. Without them it stands for
/// the same secret, and rights to it need a wildcard.
pub fn is_whole_secret_arn(text: &str) -> bool {
    let random = |end: &str| end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.starts_with("arn:") && text.rsplit_once('-').is_some_and(|(_, end)| random(end))
}

impl SecretPart {
    /// What ECS adds to the ARN: `:key:stage:version`, empty fields included.
    pub fn suffix(&self) -> String {
        if *self == SecretPart::default() {
            return String::new();
        }
        let field = |text: &Option<String>| text.clone().unwrap_or_default();
        format!(":{}:{}:{}", field(&self.key), field(&self.stage), field(&self.version))
    }
}
