//! Text -> a value of the template.
//!
//! Late-bound variables become parameters, hosts become discovery names, database fields attributes of
//! the instance. A secret never becomes part of a task definition: it is injected, or refused.

use super::names;
use crate::managed_database;
use tranship_app::{
    Application, ApplicationSecret, DatabaseField, SecretSource, ServiceRole, TaskGroups, Text, TextPiece,
};
use tranship_cloudformation::{FnSub, LogicalId, PseudoParameter, ResourceRole, TemplateValue};

/// What rendering needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct EcsTextRenderer<'a> {
    /// The application.
    pub(super) app: &'a Application,
    /// Who shares a task with whom.
    pub(super) layout: &'a TaskGroups,
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
            SecretSource::External(existing) => self.sub(&existing.location),
            SecretSource::Given | SecretSource::File(_) | SecretSource::Environment(_) => {
                FnSub::new().reference(&LogicalId::of(&secret.name, ResourceRole::SecretValue))
            }
        }
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
