//! What every decision works with: the application, the policy, the ledger, and ways to report.

use super::endpoint_index::EndpointIndex;
use super::service_connect::ConnectPlan;
use super::{compute_policy::ComputePolicy, text::EcsTextRenderer};
use crate::Compilation;
use crate::container::ContainerBounds;
use tranship_app::rules::target;
use tranship_app::{AppService, Application, BehaviourEffect, Claim, ManifestLeaf, TaskGroups};
use tranship_frontend::diagnostic::{Diagnostic, DiagnosticRule};

/// The state of planning.
pub(super) struct EcsPlanner<'a, 'c> {
    /// The application.
    pub(super) app: &'a Application,
    /// Its endpoints by their services.
    pub(super) endpoints: &'a EndpointIndex<'a>,
    /// The target's policy.
    pub(super) compute: &'a dyn ComputePolicy,
    /// Who shares a task with whom.
    pub(super) layout: &'a TaskGroups,
    /// Who finds whom by Service Connect.
    pub(super) connect: &'a ConnectPlan,
    /// The ledger and the diagnostics.
    pub(super) cx: &'a mut Compilation<'c>,
}

impl<'a> EcsPlanner<'a, '_> {
    /// Renders texts of a task.
    pub(super) fn renderer<'t>(&self, task: &'t str) -> EcsTextRenderer<'t>
    where
        'a: 't,
    {
        let EcsPlanner { app, layout, connect, .. } = *self;
        EcsTextRenderer { app, layout, connect, task: Some(task), service: None }
    }

    /// Renders texts that belong to no task: of secrets and of the stack itself.
    pub(super) fn stack_renderer(&self) -> EcsTextRenderer<'a> {
        let EcsPlanner { app, layout, connect, .. } = *self;
        EcsTextRenderer { app, layout, connect, task: None, service: None }
    }

    /// The target, and what it allows.
    pub(super) fn bounds(&self) -> &'static ContainerBounds {
        self.compute.limits().container
    }

    /// Claims a leaf as exact, and hands out its value.
    #[must_use = "the value that is claimed is the one to use; what only decides something is `decided`"]
    pub(super) fn exact<'v, C: Claim>(
        &mut self,
        claimed: &'v C,
        became: &'static str,
    ) -> C::ClaimedValue<'v> {
        self.cx.ledger.exact(claimed, became)
    }

    /// Claims a leaf that a decision follows.
    pub(super) fn decided(&mut self, leaf: &impl ManifestLeaf, became: &'static str) {
        self.cx.ledger.decided(leaf, became);
    }

    /// Reports a diagnostic of this target.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.cx.diagnostics.push(diagnostic.target(self.bounds().target));
    }

    /// A diagnostic about a leaf of a service.
    pub(super) fn about(
        &self,
        rule: &'static DiagnosticRule,
        service: &AppService,
        claimed: &impl ManifestLeaf,
        message: String,
    ) -> Diagnostic {
        Diagnostic::new(rule, message)
            .at(self.cx.keys.origin(claimed))
            .key(self.cx.keys.path(claimed))
            .service(&*service.name)
            .target(self.bounds().target)
    }

    /// Claims a leaf as ignored and reports it: a warning where behaviour is lost, else a note.
    pub(super) fn ignore(
        &mut self,
        service: &AppService,
        claimed: &impl ManifestLeaf,
        key: &str,
        reason: &str,
        effect: BehaviourEffect,
    ) {
        self.cx.ledger.ignored(claimed, reason.to_owned(), effect);
        let verb = effect.verb();
        let message = format!("`{key}` of `{}` {verb} on {}: {reason}", service.name, self.bounds().product);
        let severity = effect.severity();
        let diagnostic = self.about(&target::IGNORED_KEY, service, claimed, message).severity(severity);
        self.cx.diagnostics.push(diagnostic);
    }

    /// Claims a leaf as rejected and reports what to do.
    pub(super) fn reject(
        &mut self,
        service: &AppService,
        claimed: &impl ManifestLeaf,
        key: &str,
        reason: &str,
        help: &str,
    ) {
        self.cx.ledger.rejected(claimed, reason.to_owned());
        let message =
            format!("`{key}` of `{}` is not supported on {}: {reason}", service.name, self.bounds().product);
        let diagnostic = self.about(&target::REJECTED_KEY, service, claimed, message).help(help);
        self.cx.diagnostics.push(diagnostic);
    }
}
