//! Secrets: which of the application's secrets the stack keeps, what feeds them, how a container gets them.
//!
//! No value of a secret is ever part of the template: it comes in through a NoEcho parameter, is put
//! together by CloudFormation from other secrets, or exists on AWS already.

use super::planner::EcsPlanner;
use super::text::EcsTextRenderer;
use super::{ParameterPlan, SecretPlan};
use std::collections::BTreeSet;
use tranship_app::{
    AppService, Application, ApplicationSecret, DatabaseField, ExistingSecret, KeyPaths, ManifestName,
    SecretId, SecretSource, SecretStore, Text, TextPiece, is_whole_secret_arn,
};
use tranship_cloudformation::{FnSub, LogicalId, ResourceRole, TemplateParameter, TemplateValue, iam::arn};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// The secret of a name of the application.
pub(super) fn id(name: &str) -> LogicalId {
    LogicalId::of(name, ResourceRole::Secret)
}

/// The NoEcho parameter that feeds it.
pub(super) fn parameter(name: &str) -> LogicalId {
    LogicalId::of(name, ResourceRole::SecretValue)
}

/// How a variable that holds a secret is injected.
#[derive(Debug, Clone)]
pub(super) struct SecretInjection {
    /// `ValueFrom`.
    pub(super) value_from: TemplateValue,
    /// What the execution role must be allowed to read.
    pub(super) readable: ReadableSecret,
}

/// Something an execution role reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReadableSecret {
    /// A secret of Secrets Manager.
    Secret(TemplateValue),
    /// A parameter of the SSM parameter store.
    SsmParameter(TemplateValue),
}

/// How a text with a secret in it is injected; a text of several pieces becomes a secret of its own,
/// named after the service and the variable.
pub(super) fn inject(
    renderer: &EcsTextRenderer<'_>,
    service: &str,
    variable: &str,
    text: &Text,
) -> SecretInjection {
    match text.segments.as_slice() {
        [segment] => match &segment.piece {
            TextPiece::Secret(name) => named(renderer, name),
            TextPiece::Database { service, field: DatabaseField::Password } => {
                let credentials = LogicalId::of(service, ResourceRole::Credentials);
                SecretInjection {
                    value_from: FnSub::new().reference(&credentials).then(":password::").into(),
                    readable: ReadableSecret::Secret(credentials.reference()),
                }
            }
            _ => own(&joined_id(service, variable)),
        },
        _ => own(&joined_id(service, variable)),
    }
}

/// Whether the stack puts the secret together from several pieces.
pub(super) fn is_put_together(app: &Application, text: &Text) -> bool {
    match text.segments.as_slice() {
        [segment] => match &segment.piece {
            TextPiece::Secret(name) => app.secrets.get(name).is_some_and(|secret| {
                matches!(secret.source, SecretSource::Derived(_) | SecretSource::Content(_))
            }),
            _ => false,
        },
        _ => true,
    }
}

/// How a secret of the application is injected whole.
pub(super) fn named(renderer: &EcsTextRenderer<'_>, name: &str) -> SecretInjection {
    match renderer.app.secrets.get(name).map(|secret| &secret.source) {
        Some(SecretSource::External(existing)) => external(renderer, existing),
        _ => own(&id(name)),
    }
}

fn own(id: &LogicalId) -> SecretInjection {
    SecretInjection { value_from: id.reference(), readable: ReadableSecret::Secret(id.reference()) }
}

/// What the execution role must be allowed to read for an ARN that the manifest holds.
pub(super) fn of_arn(renderer: &EcsTextRenderer<'_>, arn: &str) -> ReadableSecret {
    let location = Text::known(arn, NodeId::UNNUMBERED, Origin::NOWHERE);
    external(renderer, &ExistingSecret::at(location)).readable
}

/// A secret that exists: an ARN as it is; a name as the ARN without the six characters that Secrets
/// Manager appends, which ECS accepts. What of it is meant follows the ARN.
fn external(renderer: &EcsTextRenderer<'_>, existing: &ExistingSecret) -> SecretInjection {
    let location = &existing.location;
    let known = location.literal().unwrap_or_default();
    let named = |service: &str, kind: &str| match known.starts_with("arn:") {
        true => renderer.sub(location),
        false => arn::regional(service, kind).append(renderer.sub(location)),
    };
    if existing.store == SecretStore::ParameterStore {
        // The slash of a hierarchy is the one behind `parameter`.
        let value: TemplateValue =
            named("ssm", if known.starts_with('/') { "parameter" } else { "parameter/" }).into();
        return SecretInjection { value_from: value.clone(), readable: ReadableSecret::SsmParameter(value) };
    }
    let secret = named("secretsmanager", "secret:");
    let readable = if is_whole_secret_arn(&known) { secret.clone() } else { secret.clone().then("-??????") };
    let value_from = secret.then(existing.part.suffix());
    SecretInjection { value_from: value_from.into(), readable: ReadableSecret::Secret(readable.into()) }
}

fn joined_id(service: &str, variable: &str) -> LogicalId {
    LogicalId::of_parts(&[service, variable], ResourceRole::Secret)
}

/// Secrets and parameters of everything that containers use.
pub(super) fn plan(
    planner: &mut EcsPlanner<'_, '_>,
    injected: &BTreeSet<SecretId>,
) -> (Vec<SecretPlan>, Vec<ParameterPlan>) {
    let uses = SecretUses::of(planner.app, injected);
    uses.claim_sources(planner);
    let (renderer, keys) = (&planner.stack_renderer(), planner.cx.keys);
    let mut secrets = Vec::new();
    let mut parameters = Vec::new();
    for (name, secret) in &renderer.app.secrets {
        let fed = !matches!(
            secret.source,
            SecretSource::Derived(_) | SecretSource::Content(_) | SecretSource::External(_)
        );
        if fed && (uses.whole.contains(name) || uses.inside.contains(name)) {
            parameters.push(fed_by(keys, secret));
        }
        if uses.whole.contains(name) && !matches!(secret.source, SecretSource::External(_)) {
            secrets.push(kept(renderer, keys, secret));
        }
    }
    secrets.extend(uses.joined.iter().map(|it| SecretPlan {
        id: joined_id(&it.service, &it.variable),
        description: format!("{} of {}", it.variable, it.service),
        value: renderer.value(&it.text),
        from: vec![format!("services.{}.environment.{}", it.service, it.variable)],
    }));
    (secrets, parameters)
}

fn kept(renderer: &EcsTextRenderer<'_>, keys: KeyPaths<'_>, secret: &ApplicationSecret) -> SecretPlan {
    SecretPlan {
        id: id(&secret.name),
        description: format!("{} of {}", secret.name, renderer.app.name),
        value: renderer.secret(secret).into(),
        from: vec![key_of(keys, secret)],
    }
}

fn fed_by(keys: KeyPaths<'_>, secret: &ApplicationSecret) -> ParameterPlan {
    let what = match &secret.source {
        SecretSource::File(path) => {
            // The name alone: the path differs from machine to machine.
            let file = path.peek().rsplit('/').next().unwrap_or(path.peek());
            format!("The secret {}: the content of {file}.", secret.name)
        }
        SecretSource::Environment(name) => {
            format!("The secret {}: the environment variable {}.", secret.name, name.peek())
        }
        _ => format!("The secret {}.", secret.name),
    };
    ParameterPlan {
        id: parameter(&secret.name),
        parameter: TemplateParameter::string(what).no_echo().min_length(1).comment(key_of(keys, secret)),
        value: None,
        variable: None,
        secret: Some(secret.name.clone()),
    }
}

/// The key path of the value, or of the declaration.
fn key_of(keys: KeyPaths<'_>, secret: &ApplicationSecret) -> String {
    let path = keys.path(&secret.node);
    if path.is_empty() { format!("secrets.{}", secret.name) } else { path }
}

/// Which secrets are used, and how.
#[derive(Default)]
struct SecretUses {
    /// Injected as they are.
    whole: BTreeSet<SecretId>,
    /// Part of another secret.
    inside: BTreeSet<SecretId>,
    /// Texts of several pieces.
    joined: Vec<JoinedSecret>,
}

/// A variable whose text holds secrets among other pieces: it becomes a secret of its own.
struct JoinedSecret {
    service: ManifestName,
    variable: ManifestName,
    text: Text,
}

impl SecretUses {
    /// Settles where the values of the secrets that are used come from.
    fn claim_sources(&self, planner: &mut EcsPlanner<'_, '_>) {
        let app = planner.app;
        for name in self.whole.union(&self.inside) {
            match app.secrets.get(name).map(|secret| &secret.source) {
                Some(SecretSource::File(value) | SecretSource::Environment(value)) => {
                    planner.decided(value, "the parameter that takes its value");
                }
                Some(SecretSource::External(existing)) => {
                    planner.decided(&existing.location, "task definition: Secrets");
                }
                _ => {}
            }
        }
    }

    /// Of variables, and of the files whose values are injected.
    fn of(app: &Application, injected: &BTreeSet<SecretId>) -> SecretUses {
        let mut uses = SecretUses::default();
        for service in app.services.values() {
            uses.service(app, service);
        }
        for file in injected {
            uses.whole(app, file);
        }
        uses
    }

    fn service(&mut self, app: &Application, service: &AppService) {
        for (name, variant) in &service.container.environment {
            let Some(text) = variant.set().map(|set| set.peek()).filter(|text| text.is_secret()) else {
                continue;
            };
            match text.segments.as_slice() {
                [segment] => {
                    if let TextPiece::Secret(secret) = &segment.piece {
                        self.whole(app, secret);
                    }
                }
                _ => {
                    self.parts(app, text);
                    self.joined.push(JoinedSecret {
                        service: service.name.clone(),
                        variable: name.clone(),
                        text: text.clone(),
                    });
                }
            }
        }
    }

    fn whole(&mut self, app: &Application, name: &SecretId) {
        if self.whole.insert(name.clone())
            && let Some(SecretSource::Derived(text)) = app.secrets.get(name).map(|secret| &secret.source)
        {
            self.parts(app, text);
        }
    }

    fn parts(&mut self, app: &Application, text: &Text) {
        for segment in &text.segments {
            if let TextPiece::Secret(name) = &segment.piece
                && self.inside.insert(name.clone())
                && let Some(SecretSource::Derived(inner)) = app.secrets.get(name).map(|secret| &secret.source)
            {
                self.parts(app, inner);
            }
        }
    }
}
