//! Where tasks run: parameters, subnets that exist, or a network of the stack's own.

use super::planner::EcsPlanner;
use super::{CreatedNetwork, NetworkPlan, NetworkZone, ParameterPlan};
use crate::ecs::rules;
use tranship_app::{
    At, DeploymentPosture, EndpointExposure, ExistingNetwork, NetworkSetting, SubnetId, VpcId,
};
use tranship_cloudformation::{LogicalId, ParameterType, ResourceRole, TemplateParameter, TemplateValue};
use tranship_frontend::diagnostic::Diagnostic;

/// A load balancer and a group of database subnets need two availability zones.
const ZONES: usize = 2;
/// What the network of the settings became, for the ledger.
const PROPERTY: &str = "the stack's network";

/// The network, and the parameters that name it where the manifest does not.
pub(super) fn plan(planner: &mut EcsPlanner<'_, '_>) -> (NetworkPlan, Vec<ParameterPlan>) {
    match &planner.app.settings.network {
        None => parameters(planner),
        Some(NetworkSetting::New(asked)) => {
            planner.decided(asked, PROPERTY);
            (created(planner.app.settings.posture()), Vec::new())
        }
        Some(NetworkSetting::Existing(asked)) => {
            check_subnets(planner, asked);
            (existing(planner, asked), Vec::new())
        }
    }
}

fn parameters(planner: &EcsPlanner<'_, '_>) -> (NetworkPlan, Vec<ParameterPlan>) {
    let id = |role| LogicalId::only(role);
    let subnets = |role, text: &str| {
        ParameterPlan::plain(
            id(role),
            TemplateParameter::new(ParameterType::AwsList("AWS::EC2::Subnet::Id"), text),
        )
    };
    let text = "The VPC to run in. It needs DNS support and DNS host names.";
    let vpc = TemplateParameter::new(ParameterType::Aws("AWS::EC2::VPC::Id"), text);
    let mut parameters = vec![ParameterPlan::plain(id(ResourceRole::VpcId), vpc)];
    if needs_public_subnets(planner) {
        let text = "Subnets of the load balancer: at least two, in different zones, with a route to an internet gateway.";
        parameters.push(subnets(ResourceRole::PublicSubnets, text));
    }
    let text = "Subnets of the tasks and databases: at least two, in different zones, with a route to a NAT gateway.";
    parameters.push(subnets(ResourceRole::PrivateSubnets, text));
    let network = NetworkPlan {
        vpc: id(ResourceRole::VpcId).reference(),
        public: id(ResourceRole::PublicSubnets).reference(),
        private: id(ResourceRole::PrivateSubnets).reference(),
        private_count: None,
        created: None,
        after: Vec::new(),
    };
    (network, parameters)
}

/// Whether a load balancer is public.
fn needs_public_subnets(planner: &EcsPlanner<'_, '_>) -> bool {
    planner
        .app
        .endpoints
        .iter()
        .any(|it| matches!(&it.exposure, EndpointExposure::Public(public) if !public.is_internal()))
}

/// Whether a load balancer is inside of the VPC.
fn has_internal_balancer(planner: &EcsPlanner<'_, '_>) -> bool {
    let internal = |exposure: &EndpointExposure| match exposure {
        EndpointExposure::Public(public) => public.is_internal(),
        EndpointExposure::Internal => false,
    };
    planner.app.endpoints.iter().any(|endpoint| internal(&endpoint.exposure))
}

fn existing(planner: &mut EcsPlanner<'_, '_>, asked: &ExistingNetwork) -> NetworkPlan {
    let vpc = planner.exact(&asked.vpc, PROPERTY).as_str().into();
    let mut id = |id: &At<SubnetId>| -> TemplateValue { planner.exact(id, PROPERTY).as_str().into() };
    NetworkPlan {
        vpc,
        public: asked.public_subnets.iter().map(&mut id).collect(),
        private: asked.private_subnets.iter().map(&mut id).collect(),
        private_count: u32::try_from(asked.private_subnets.len()).ok(),
        created: None,
        after: Vec::new(),
    }
}

/// Two zones, each with a public and a private subnet. One NAT gateway serves both; under posture prod each
/// zone has its own.
fn created(posture: DeploymentPosture) -> NetworkPlan {
    let zone = |name, first| NetworkZone {
        name,
        nat_gateway: first || posture == DeploymentPosture::Prod,
        routes_through: if posture == DeploymentPosture::Prod { name } else { "a" },
    };
    let zones = vec![zone("a", true), zone("b", false)];
    NetworkPlan {
        vpc: LogicalId::only(ResourceRole::Vpc).reference(),
        public: zones.iter().map(|zone| zone.public_subnet().reference()).collect(),
        private: zones.iter().map(|zone| zone.private_subnet().reference()).collect(),
        private_count: u32::try_from(zones.len()).ok(),
        created: Some(CreatedNetwork { zones }),
        after: ["public", "private-a", "private-b"]
            .iter()
            .map(|of| LogicalId::of(of, ResourceRole::Route))
            .collect(),
    }
}

fn check_subnets(planner: &mut EcsPlanner<'_, '_>, asked: &ExistingNetwork) {
    let ExistingNetwork { vpc, public_subnets: public, private_subnets: private } = asked;
    if needs_public_subnets(planner) && public.len() < ZONES {
        let message = format!("the load balancer needs {ZONES} public subnets in different zones");
        report(planner, vpc, message, "add them as `network: { public_subnets: [...] }`");
    }
    if private.is_empty() {
        let message = "the network has no private subnets for the tasks".to_owned();
        let help = "add them as `network: { private_subnets: [...] }`: tasks get no public address";
        report(planner, vpc, message, help);
    } else if private.len() < ZONES && (!planner.app.databases.is_empty() || has_internal_balancer(planner)) {
        let what = if planner.app.databases.is_empty() { "an internal load balancer" } else { "a database" };
        let message = format!("{what} needs {ZONES} private subnets in different zones");
        report(planner, vpc, message, "add one as `network: { private_subnets: [...] }`");
    }
}

fn report(planner: &mut EcsPlanner<'_, '_>, vpc: &At<VpcId>, message: String, help: &str) {
    let key = planner.cx.keys.path(&vpc.node);
    let diagnostic = Diagnostic::new(&rules::SUBNETS, message).at(vpc.origin).key(key).help(help);
    planner.report(diagnostic);
}
