//! What every decision about a container works with: the service, the bounds, the ledger, and ways to report.

use super::{ContainerBounds, ContainerField, NetworkMode};
use crate::Compilation;
use std::borrow::Cow;
use tranship_app::rules::target;
use tranship_app::{AppService, BehaviourEffect, Claim, ManifestLeaf, ManifestName};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule};

/// The container to plan.
#[derive(Debug)]
pub struct ContainerRequest<'a> {
    /// The service whose container it is.
    pub service: &'a AppService,
    /// The container's name in its task.
    pub name: String,
    /// How the task reaches the network.
    pub network: NetworkMode,
    /// The other services in the same task.
    pub neighbours: Vec<&'a ManifestName>,
    /// Whether another container of its task routes the logs of this one.
    pub has_router: bool,
    /// Whether memory is reserved for what the container is known to need: not on instances that the user chose.
    pub reserves_usual: bool,
}

/// The state of planning one container.
pub struct ContainerPlanner<'a, 'c> {
    /// What is planned.
    pub request: &'a ContainerRequest<'a>,
    /// What the target allows.
    pub bounds: &'a ContainerBounds,
    /// The ledger and the diagnostics.
    pub cx: &'a mut Compilation<'c>,
}

impl<'a> ContainerPlanner<'a, '_> {
    /// The service whose container is planned.
    pub fn service(&self) -> &'a AppService {
        self.request.service
    }

    /// Where a field ends, for a claim.
    pub fn place(&self, field: ContainerField) -> Cow<'static, str> {
        field.in_artifact(self.bounds.artifact)
    }

    /// Claims a leaf as exact, and hands out its value.
    #[must_use = "the value that is claimed is the one to use; what only decides something is `decided`"]
    pub fn exact<'v, C: Claim>(&mut self, claimed: &'v C, field: ContainerField) -> C::ClaimedValue<'v> {
        let place = self.place(field);
        self.cx.ledger.exact(claimed, place)
    }

    /// Claims a leaf that a decision follows.
    pub fn decided(&mut self, leaf: &impl ManifestLeaf, field: ContainerField) {
        let place = self.place(field);
        self.cx.ledger.decided(leaf, place);
    }

    /// Claims a leaf as approximated by a value.
    pub fn approximate(
        &mut self,
        leaf: &impl ManifestLeaf,
        field: ContainerField,
        effect: BehaviourEffect,
        value: String,
        reason: &str,
    ) {
        let place = self.place(field);
        self.cx.ledger.approximated(leaf, effect, value, reason.to_owned(), place);
    }

    /// A diagnostic about a leaf of the service.
    pub fn about(
        &self,
        rule: &'static DiagnosticRule,
        claimed: &impl ManifestLeaf,
        message: String,
    ) -> Diagnostic {
        Diagnostic::new(rule, message)
            .at(self.cx.keys.origin(claimed))
            .key(self.cx.keys.path(claimed))
            .service(&*self.service().name)
            .target(self.bounds.target)
    }

    /// Claims a leaf as ignored, and says so: a warning where behaviour is lost, else a note.
    pub fn ignore(&mut self, claimed: &impl ManifestLeaf, key: &str, reason: &str, effect: BehaviourEffect) {
        self.cx.ledger.ignored(claimed, reason.to_owned(), effect);
        let verb = effect.verb();
        let severity = effect.severity();
        let message = format!("`{key}` of `{}` {verb} on {}: {reason}", self.name(), self.bounds.product);
        let diagnostic = self.about(&target::IGNORED_KEY, claimed, message).severity(severity);
        self.cx.diagnostics.push(diagnostic);
    }

    /// Claims a leaf as rejected, and says what to do.
    pub fn reject(&mut self, claimed: &impl ManifestLeaf, key: &str, reason: &str, remedy: &str) {
        self.reject_under(&target::REJECTED_KEY, claimed, key, reason, remedy);
    }

    /// Claims a leaf as rejected under a rule of the target's own.
    pub fn reject_under(
        &mut self,
        rule: &'static DiagnosticRule,
        claimed: &impl ManifestLeaf,
        key: &str,
        reason: &str,
        remedy: &str,
    ) {
        self.cx.ledger.rejected(claimed, reason.to_owned());
        let message =
            format!("`{key}` of `{}` is not supported on {}: {reason}", self.name(), self.bounds.product);
        let diagnostic = self.about(rule, claimed, message).help(remedy);
        let diagnostic = self.cx.point(diagnostic, self.cx.keys.origins_below(claimed));
        self.cx.diagnostics.push(diagnostic);
    }

    fn name(&self) -> &'a str {
        &self.service().name
    }
}
