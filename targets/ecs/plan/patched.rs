//! The template with the changes of `x-tranship.patch`.
//!
//! In: the template that the plan alone gives. Out: the template that is written, with the parameters that it needs then.
//! Invariant: without a change both are the same; what CloudFormation would refuse because of a change is told at its line.

use super::ParameterPlan;
use super::parameters::used;
use super::planner::EcsPlanner;
use crate::ecs::emit;
use crate::patches::{
    PatchedTemplate, patch_outputs_and_resources, patch_parameters, prepare, report, report_broken,
};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use tranship_app::PatchReport;
use tranship_cloudformation::{
    DividedTemplate, LogicalId, STACK_RESOURCES, StackRoom, Template, check_written,
};
use tranship_frontend::diagnostic::Severity;

/// What the plan gives.
pub(super) struct OwnStack {
    /// Its template, with the parameters that its resources and outputs refer to.
    pub(super) template: Template,
    /// The text of it, once something asked for it.
    pub(super) text: OnceCell<String>,
    /// The same as a root stack and nested stacks, once something asked for it.
    pub(super) divided: OnceCell<DividedTemplate>,
    /// Those parameters.
    pub(super) parameters: Vec<ParameterPlan>,
    /// Every parameter that a resource might refer to.
    pub(super) candidates: Vec<ParameterPlan>,
    /// Whether it need not be written to know that it is no longer than CloudFormation takes.
    pub(super) surely_fits: bool,
}

impl OwnStack {
    /// The text of the template, where its size decides something or may do so. A template with more resources than a stack may have is
    /// divided whatever its size, and the text of all independent stacks together is never written.
    pub(super) fn measured_text(&self, room: StackRoom) -> Option<&str> {
        let is_asked = match room {
            StackRoom::Single => true,
            StackRoom::Nested => self.template.resources.len() <= STACK_RESOURCES.most,
            StackRoom::Separate => false,
        };
        (is_asked && !self.surely_fits).then(|| &**self.text.get_or_init(|| self.template.to_yaml()))
    }
}

/// What is written.
pub(super) struct PatchedStack {
    /// The template.
    pub(super) template: Template,
    /// The text of it, where it is known.
    pub(super) text: Option<String>,
    /// The same as a root stack and nested stacks, where it is known.
    pub(super) divided: Option<DividedTemplate>,
    /// Its parameters.
    pub(super) parameters: Vec<ParameterPlan>,
    /// What was changed.
    pub(super) patches: Vec<PatchReport>,
}

/// Makes the changes, and reports what is wrong with them. Where the plan is not whole, what they refer to may be missing for
/// that reason, so that only a change of a whole plan is judged.
pub(super) fn apply(
    planner: &mut EcsPlanner<'_, '_>,
    own: OwnStack,
    whole: bool,
    room: StackRoom,
) -> PatchedStack {
    let target = planner.bounds().target;
    let patches = prepare(planner.app, target, planner.cx);
    if patches.is_empty() || !whole {
        let OwnStack { template, text, divided, parameters, .. } = own;
        let (text, divided) = (text.into_inner(), divided.into_inner());
        return PatchedStack { template, text, divided, parameters, patches: Vec::new() };
    }
    let refused = check_written(&own.template, own.measured_text(room));
    let mut done = PatchedTemplate::default();
    let mut template = own.template;
    // Which parameters are needed is decided anew.
    template.parameters.clear();
    patch_outputs_and_resources(&mut template, &patches, &mut done);
    let mut parameters = used(own.candidates, &template);
    let mut template = emit::with_parameters(template, &parameters);
    patch_parameters(&mut template, &patches, &mut done);
    settle(&mut parameters, &template);
    if done.faults.iter().all(|fault| fault.severity != Severity::Error) {
        done.faults.extend(report_broken(&template, &refused, &patches, &done, room, planner.cx));
    }
    report(std::mem::take(&mut done.faults), &patches, target, planner.cx);
    PatchedStack { template, text: None, divided: None, parameters, patches: done.reports }
}

/// The parameters of the template: changed ones as it has them, those that came and not those that went.
fn settle(parameters: &mut Vec<ParameterPlan>, template: &Template) {
    parameters.retain(|it| template.parameters.contains_key(&it.id));
    for known in parameters.iter_mut() {
        if let Some(parameter) = template.parameters.get(&known.id) {
            known.parameter = parameter.clone();
        }
    }
    let known: BTreeSet<LogicalId> = parameters.iter().map(|it| it.id.clone()).collect();
    let new = template.parameters.iter().filter(|(id, _)| !known.contains(*id));
    parameters.extend(new.map(|(id, parameter)| ParameterPlan::plain(id.clone(), parameter.clone())));
}
