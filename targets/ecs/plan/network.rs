//! Where tasks run: parameters, subnets that exist, or a network of the stack's own.

use super::planner::Planner;
use super::{CreatedNetwork, NetworkPlan, NetworkZone, ParameterPlan};
use crate::ecs::rules;
use tranship_app::{At, Exposure, Network, Posture};
use tranship_cloudformation::{LogicalId, Parameter, ParameterType, Role, Value};
use tranship_frontend::diagnostic::Diagnostic;

/// A load balancer and a group of database subnets need two availability zones.
const ZONES: usize = 2;

/// The network, and the parameters that name it where the manifest does not.
pub(super) fn plan(planner: &mut Planner<'_, '_>) -> (NetworkPlan, Vec<ParameterPlan>) {
    match &planner.app.settings.network {
        Network::Parameters => parameters(planner),
        Network::New(_) => (created(planner.app.settings.posture), Vec::new()),
        Network::Existing { vpc, public, private } => {
            check_subnets(planner, vpc, public, private);
            (existing(planner, vpc, public, private), Vec::new())
        }
    }
}

fn parameters(planner: &Planner<'_, '_>) -> (NetworkPlan, Vec<ParameterPlan>) {
    let id = |role| LogicalId::only(role);
    let subnets = |role, text: &str| {
        ParameterPlan::plain(id(role), Parameter::new(ParameterType::AwsList("AWS::EC2::Subnet::Id"), text))
    };
    let text = "The VPC to run in. It needs DNS support and DNS host names.";
    let vpc = Parameter::new(ParameterType::Aws("AWS::EC2::VPC::Id"), text);
    let mut parameters = vec![ParameterPlan::plain(id(Role::VpcId), vpc)];
    if is_public(planner) {
        let text = "Subnets of the load balancer: at least two, in different zones, with a route to an internet gateway.";
        parameters.push(subnets(Role::PublicSubnets, text));
    }
    let text = "Subnets of the tasks and databases: at least two, in different zones, with a route to a NAT gateway.";
    parameters.push(subnets(Role::PrivateSubnets, text));
    let network = NetworkPlan {
        vpc: id(Role::VpcId).reference(),
        public: id(Role::PublicSubnets).reference(),
        private: id(Role::PrivateSubnets).reference(),
        private_count: None,
        created: None,
        after: Vec::new(),
    };
    (network, parameters)
}

/// Whether something needs a load balancer.
fn is_public(planner: &Planner<'_, '_>) -> bool {
    planner.app.endpoints.iter().any(|it| matches!(it.exposure, Exposure::Public(_)))
}

fn existing(
    planner: &mut Planner<'_, '_>,
    vpc: &At<String>,
    public: &[At<String>],
    private: &[At<String>],
) -> NetworkPlan {
    let mut id = |id: &At<String>| -> Value { planner.exact(id, "the stack's network").as_str().into() };
    NetworkPlan {
        vpc: id(vpc),
        public: public.iter().map(&mut id).collect(),
        private: private.iter().map(&mut id).collect(),
        private_count: u32::try_from(private.len()).ok(),
        created: None,
        after: Vec::new(),
    }
}

/// Two zones, each with a public and a private subnet. One NAT gateway serves both; under posture prod each
/// zone has its own.
fn created(posture: Posture) -> NetworkPlan {
    let zone = |name, first| NetworkZone {
        name,
        nat_gateway: first || posture == Posture::Prod,
        routes_through: if posture == Posture::Prod { name } else { "a" },
    };
    let zones = vec![zone("a", true), zone("b", false)];
    NetworkPlan {
        vpc: LogicalId::only(Role::Vpc).reference(),
        public: zones.iter().map(|zone| zone.public_subnet().reference()).collect(),
        private: zones.iter().map(|zone| zone.private_subnet().reference()).collect(),
        private_count: u32::try_from(zones.len()).ok(),
        created: Some(CreatedNetwork { zones }),
        after: ["public", "private-a", "private-b"].iter().map(|of| LogicalId::of(of, Role::Route)).collect(),
    }
}

fn check_subnets(
    planner: &mut Planner<'_, '_>,
    vpc: &At<String>,
    public: &[At<String>],
    private: &[At<String>],
) {
    if is_public(planner) && public.len() < ZONES {
        let message = format!("the load balancer needs {ZONES} public subnets in different zones");
        report(planner, vpc, message, "add them as `network: { public_subnets: [...] }`");
    }
    if private.is_empty() {
        let message = "the network has no private subnets for the tasks".to_owned();
        let help = "add them as `network: { private_subnets: [...] }`: tasks get no public address";
        report(planner, vpc, message, help);
    } else if private.len() < ZONES && !planner.app.databases.is_empty() {
        let message = format!("a database needs {ZONES} private subnets in different zones");
        report(planner, vpc, message, "add one as `network: { private_subnets: [...] }`");
    }
}

fn report(planner: &mut Planner<'_, '_>, vpc: &At<String>, message: String, help: &str) {
    let key = planner.cx.manifest.nodes.path(vpc.node).to_string();
    let diagnostic = Diagnostic::new(&rules::SUBNETS, message).at(vpc.origin).key(key).help(help);
    planner.report(diagnostic);
}
