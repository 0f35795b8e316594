//! Where tasks run: parameters, subnets that exist, or a network of the stack's own.

use super::planner::Planner;
use super::{Network, PlannedParameter};
use crate::ecs::rules;
use tranship_app::{At, ExistingNetwork, NetworkSetting, Posture, SubnetId};
use tranship_cloudformation::{LogicalId, Parameter, ParameterType, Role, Value};
use tranship_frontend::diagnostic::Diagnostic;

/// A load balancer and a group of database subnets need two availability zones.
const ZONES: usize = 2;

/// The network, and the parameters that name it where the manifest does not.
pub(super) fn plan(planner: &mut Planner<'_, '_>) -> (Network, Vec<PlannedParameter>) {
    match &planner.app.settings.network {
        None => parameters(planner),
        Some(NetworkSetting::New(asked)) => {
            planner.exact(asked, "the stack's network");
            (created(planner.app.settings.posture()), Vec::new())
        }
        Some(NetworkSetting::Existing(asked)) => {
            planner.exact(&asked.vpc, "the stack's network");
            for id in asked.public_subnets.iter().chain(&asked.private_subnets) {
                planner.exact(id, "the stack's network");
            }
            existing_rules(planner, asked);
            (existing(asked), Vec::new())
        }
    }
}

fn parameters(planner: &Planner<'_, '_>) -> (Network, Vec<PlannedParameter>) {
    let id = |role| LogicalId::only(role);
    let subnets = |role, text: &str| PlannedParameter {
        id: id(role),
        parameter: Parameter::new(ParameterType::AwsList("AWS::EC2::Subnet::Id"), text),
        value: None,
        variable: None,
        secret: None,
    };
    let mut parameters = vec![PlannedParameter {
        id: id(Role::VpcId),
        parameter: Parameter::new(
            ParameterType::Aws("AWS::EC2::VPC::Id"),
            "The VPC to run in. It needs DNS support and DNS host names.",
        ),
        value: None,
        variable: None,
        secret: None,
    }];
    let public =
        planner.app.endpoints.iter().any(|it| matches!(it.exposure, tranship_app::Exposure::Public(_)));
    if public {
        let text = "Subnets of the load balancer: at least two, in different zones, with a route to an internet gateway.";
        parameters.push(subnets(Role::PublicSubnets, text));
    }
    let text = "Subnets of the tasks and databases: at least two, in different zones, with a route to a NAT gateway.";
    parameters.push(subnets(Role::PrivateSubnets, text));
    let network = Network {
        vpc: id(Role::VpcId).reference(),
        public: id(Role::PublicSubnets).reference(),
        private: id(Role::PrivateSubnets).reference(),
        private_count: None,
        created: None,
        after: Vec::new(),
    };
    (network, parameters)
}

fn existing(asked: &ExistingNetwork) -> Network {
    let list = |ids: &[At<SubnetId>]| ids.iter().map(|id| id.peek().as_str()).collect::<Value>();
    Network {
        vpc: asked.vpc.peek().as_str().into(),
        public: list(&asked.public_subnets),
        private: list(&asked.private_subnets),
        private_count: Some(asked.private_subnets.len()),
        created: None,
        after: Vec::new(),
    }
}

/// Two public and two private subnets. One NAT gateway serves both zones; under posture prod each has its own.
fn created(posture: Posture) -> Network {
    let gateways = if posture == Posture::Prod { ZONES } else { 1 };
    Network {
        vpc: LogicalId::only(Role::Vpc).reference(),
        public: subnet_ids("public").iter().map(LogicalId::reference).collect(),
        private: subnet_ids("private").iter().map(LogicalId::reference).collect(),
        private_count: Some(ZONES),
        created: Some(gateways),
        after: ["public", "private-a", "private-b"].iter().map(|of| LogicalId::of(of, Role::Route)).collect(),
    }
}

/// The ids of the subnets of a kind, `public` or `private`, that the stack makes itself.
pub fn subnet_ids(kind: &str) -> Vec<LogicalId> {
    ["a", "b"].iter().map(|zone| LogicalId::of(&format!("{kind}-{zone}"), Role::Subnet)).collect()
}

fn existing_rules(planner: &mut Planner<'_, '_>, asked: &ExistingNetwork) {
    let (public, private) = (&asked.public_subnets, &asked.private_subnets);
    let target = planner.compute.target();
    let mut tell = |rule, message: String, help: &str| {
        let told = Diagnostic::new(rule, message).at(asked.vpc.origin).target(target).help(help);
        planner.cx.diagnostics.push(told);
    };
    let is_public =
        planner.app.endpoints.iter().any(|it| matches!(it.exposure, tranship_app::Exposure::Public(_)));
    if is_public && public.len() < ZONES {
        let message = format!("the load balancer needs {ZONES} public subnets in different zones");
        tell(&rules::SUBNETS, message, "add them as `network: { public_subnets: [...] }`");
    }
    if private.is_empty() {
        let message = "the network has no private subnets for the tasks".to_owned();
        let help = "add them as `network: { private_subnets: [...] }`: tasks get no public address";
        tell(&rules::SUBNETS, message, help);
    } else if private.len() < ZONES && !planner.app.databases.is_empty() {
        let message = format!("a database needs {ZONES} private subnets in different zones");
        tell(&rules::SUBNETS, message, "add one as `network: { private_subnets: [...] }`");
    }
}
