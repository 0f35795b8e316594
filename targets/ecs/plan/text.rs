//! Text -> a value of the template.
//!
//! Late-bound variables become parameters, hosts become discovery names, database fields attributes of
//! the instance. A secret never becomes part of a task definition: it is injected, or refused.

use super::names;
use super::service_connect::ConnectPlan;
use crate::managed_database;
use sha2::{Digest, Sha256};
use tranship_app::{
    Application, ApplicationSecret, DatabaseField, ExistingSecret, SecretPart, SecretSource, SecretStore,
    ServiceRole, TaskGroups, Text, TextPiece,
};
use tranship_cloudformation::{FnSub, LogicalId, PseudoParameter, ResourceRole, TemplateValue};

/// What rendering needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct EcsTextRenderer<'a> {
    /// The application.
    pub(super) app: &'a Application,
    /// Who shares a task with whom.
    pub(super) layout: &'a TaskGroups,
    /// Who finds whom by Service Connect.
    pub(super) connect: &'a ConnectPlan,
    /// The task in which the text stands; nothing outside of tasks.
    pub(super) task: Option<&'a str>,
    /// The service in whose container it stands.
    pub(super) service: Option<&'a str>,
}

impl EcsTextRenderer<'_> {
    /// The value. Secrets in it are rendered as references that CloudFormation resolves: only the
    /// value of another secret may hold them.
    pub(super) fn value(&self, text: &Text) -> TemplateValue {
        self.sub(text).into()
    }

    /// The values of a list.
    pub(super) fn values(&self, texts: &[Text]) -> Vec<TemplateValue> {
        texts.iter().map(|text| self.value(text)).collect()
    }

    /// The text as a substitution.
    pub(super) fn sub(&self, text: &Text) -> FnSub {
        text.segments.iter().fold(FnSub::new(), |sub, segment| self.piece(sub, &segment.piece))
    }

    fn piece(&self, sub: FnSub, piece: &TextPiece) -> FnSub {
        match piece {
            TextPiece::Literal(text) => sub.then(text),
            TextPiece::LateBound(variable) => sub.reference(&LogicalId::variable(&variable.name)),
            TextPiece::Host(service) => sub.then(self.host(service)),
            TextPiece::Database { service, field } => self.database(sub, service, *field),
            TextPiece::Secret(name) => match self.app.secrets.get(name) {
                Some(secret) => sub.append(self.secret(secret)),
                None => sub,
            },
            TextPiece::Region => sub.pseudo(PseudoParameter::Region),
            TextPiece::Account => sub.pseudo(PseudoParameter::AccountId),
            TextPiece::Partition => sub.pseudo(PseudoParameter::Partition),
        }
    }

    /// The value of a secret, for the inside of another secret.
    pub(super) fn secret(&self, secret: &ApplicationSecret) -> FnSub {
        match &secret.source {
            SecretSource::Derived(text) | SecretSource::Content(text) => self.sub(text),
            SecretSource::External(existing) => self.existing(existing),
            SecretSource::Given | SecretSource::File(_) | SecretSource::Environment(_) => {
                FnSub::new().reference(&LogicalId::of(&secret.name, ResourceRole::SecretValue))
            }
        }
    }

    /// The value of an existing secret, which CloudFormation reads. A parameter of type `SecureString` is no dynamic
    /// reference inside a secret, so its place is all that is known of it.
    fn existing(&self, existing: &ExistingSecret) -> FnSub {
        if existing.store == SecretStore::ParameterStore {
            return self.sub(&existing.location);
        }
        let SecretPart { key, stage, version } = &existing.part;
        let part = [key, stage, version].map(|part| part.as_deref().unwrap_or_default()).join(":");
        FnSub::new()
            .literal("{{resolve:secretsmanager:")
            .append(self.sub(&existing.location))
            .then(":SecretString:")
            .then(part.trim_end_matches(':'))
            .then("}}")
    }

    /// What changes whenever the value of a text with secrets in it changes for another reason than a new secret: the
    /// addresses in it, and a hash of what is known. It holds nothing of a secret.
    pub(super) fn version(&self, text: &Text) -> FnSub {
        let mut known = Sha256::new();
        let addresses = self.known_and_addresses(text, &mut known, FnSub::new());
        let hash: String = known.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        FnSub::text(hash).append(addresses)
    }

    /// Adds what is known of the text to the hash, and what only the deployment knows to the substitution.
    fn known_and_addresses(&self, text: &Text, known: &mut Sha256, mut addresses: FnSub) -> FnSub {
        for segment in &text.segments {
            let piece = &segment.piece;
            let inner = match piece {
                TextPiece::Secret(name) => self.app.secrets.get(name).map(|secret| &secret.source),
                _ => None,
            };
            known.update([0]);
            addresses = match piece {
                TextPiece::Secret(name) => match inner {
                    Some(SecretSource::Derived(inner) | SecretSource::Content(inner)) => {
                        self.known_and_addresses(inner, known, addresses)
                    }
                    _ => {
                        known.update(&**name);
                        addresses
                    }
                },
                TextPiece::Database { service, field: DatabaseField::Password } => {
                    known.update(&**service);
                    addresses
                }
                TextPiece::Database { field: DatabaseField::Host | DatabaseField::Port, .. }
                | TextPiece::LateBound(_) => self.piece(addresses.then(" "), piece),
                TextPiece::Literal(text) => {
                    known.update(text.as_bytes());
                    addresses
                }
                TextPiece::Host(service) => {
                    known.update(self.host(service));
                    addresses
                }
                TextPiece::Database { service, field } => {
                    let database = self.app.databases.get(service);
                    known.update(match field {
                        DatabaseField::Name => {
                            database.and_then(managed_database::database_name).unwrap_or_default()
                        }
                        _ => database.map(managed_database::master_user).unwrap_or_default(),
                    });
                    addresses
                }
                TextPiece::Region | TextPiece::Account | TextPiece::Partition => addresses,
            };
        }
        addresses
    }

    /// The name under which a service is reached: containers of one task share the loopback. A service's own name is
    /// the one that others find it under, so that it can tell it to them; where nobody looks it up, it stays.
    pub(super) fn host(&self, service: &str) -> String {
        let is_service = |name: &str| {
            self.app.services.get(name).is_some_and(|service| service.role == ServiceRole::Service)
        };
        let is_itself = self.service == Some(service) && self.task == Some(service) && is_service(service);
        if is_itself {
            if !self.layout.is_looked_up(service) {
                return service.to_owned();
            }
        } else if self.task.is_some_and(|task| self.layout.is_in(service, task)) {
            return "127.0.0.1".to_owned();
        }
        if let Some(kept) = self.task.and_then(|task| self.connect.kept_name(task, service)) {
            return kept.to_string();
        }
        let task = self.layout.tasks_of(service).first().map_or(service, |task| &**task);
        format!("{}.{}", names::label(task), names::namespace(self.app))
    }

    fn database(&self, sub: FnSub, service: &str, field: DatabaseField) -> FnSub {
        let instance = LogicalId::of(service, ResourceRole::Database);
        let Some(database) = self.app.databases.get(service) else { return sub };
        match field {
            DatabaseField::Host => sub.att(&instance, "Endpoint.Address"),
            DatabaseField::Port => sub.att(&instance, "Endpoint.Port"),
            DatabaseField::Name => sub.then(managed_database::database_name(database).unwrap_or_default()),
            DatabaseField::Username => sub.then(managed_database::master_user(database)),
            DatabaseField::Password => {
                sub.secret_field(&LogicalId::of(service, ResourceRole::Credentials), "password")
            }
        }
    }
}
