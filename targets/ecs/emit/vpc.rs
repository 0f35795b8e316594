//! A network of the stack's own: two zones, each with a public and a private subnet.

use super::super::plan::{EcsPlan, network::subnet_ids};
use tranship_cloudformation::{
    Cidr, GetAzs, LogicalId, Pseudo, Resource, Role, Select, Sub, Template, list, props,
};

/// The addresses, cut into four subnets of 4,096.
const ADDRESSES: &str = "10.0.0.0/16";
/// Bits that each subnet keeps.
const HOST_BITS: u32 = 12;
/// Subnets.
const SUBNETS: u32 = 4;

/// Adds it, if the plan says so.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let Some(gateways) = plan.network.created else { return };
    vpc(template);
    public_side(gateways, template);
    private_side(gateways, template);
}

fn vpc(template: &mut Template) {
    let id = LogicalId::only(Role::Vpc);
    let named = |what: &str| {
        list![props! { "Key" => "Name", "Value" => Sub::new().pseudo(Pseudo::StackName).then(what) }]
    };
    let network = |resource: Resource| resource.comment("x-tranship.network");
    let properties = props! {
        "CidrBlock" => ADDRESSES,
        "EnableDnsSupport" => true,
        "EnableDnsHostnames" => true,
        "Tags" => named(""),
    };
    template.add(&id, network(Resource::new("AWS::EC2::VPC", properties)));
    for (kind, first) in [("public", 0), ("private", 2)] {
        for (zone, subnet) in (0..).zip(subnet_ids(kind)) {
            let blocks = Cidr(id.att("CidrBlock"), SUBNETS, HOST_BITS);
            let properties = props! {
                "VpcId" => id.reference(),
                "AvailabilityZone" => Select(zone, GetAzs("")),
                "CidrBlock" => Select(first + zone, blocks),
                "Tags" => named(&format!("-{kind}")),
            };
            template.add(&subnet, network(Resource::new("AWS::EC2::Subnet", properties)));
        }
    }
}

/// The internet gateway, the public route table, and the NAT gateways that stand in public subnets.
fn public_side(gateways: usize, template: &mut Template) {
    let [vpc, gateway] = [Role::Vpc, Role::InternetGateway].map(LogicalId::only);
    let attachment = LogicalId::only(Role::InternetGatewayAttachment);
    template.add(&gateway, Resource::new("AWS::EC2::InternetGateway", props! {}));
    let properties = props! { "VpcId" => vpc.reference(), "InternetGatewayId" => gateway.reference() };
    template.add(&attachment, Resource::new("AWS::EC2::VPCGatewayAttachment", properties));
    route_table("public", &subnet_ids("public"), template);
    let properties = props! {
        "RouteTableId" => LogicalId::of("public", Role::RouteTable).reference(),
        "DestinationCidrBlock" => "0.0.0.0/0",
        "GatewayId" => gateway.reference(),
    };
    let route = Resource::new("AWS::EC2::Route", properties).depends_on(&attachment);
    template.add(&LogicalId::of("public", Role::Route), route);
    for (zone, subnet) in ["a", "b"].iter().zip(subnet_ids("public")).take(gateways) {
        let address = LogicalId::of(zone, Role::ElasticIp);
        let properties = props! { "Domain" => "vpc" };
        template.add(&address, Resource::new("AWS::EC2::EIP", properties).depends_on(&attachment));
        let properties =
            props! { "AllocationId" => address.att("AllocationId"), "SubnetId" => subnet.reference() };
        let nat = Resource::new("AWS::EC2::NatGateway", properties);
        template.add(&LogicalId::of(zone, Role::NatGateway), nat);
    }
}

/// A route table for each private subnet, through the NAT gateway of its zone or the only one.
fn private_side(gateways: usize, template: &mut Template) {
    for (zone, subnet) in ["a", "b"].iter().zip(subnet_ids("private")) {
        let name = format!("private-{zone}");
        route_table(&name, std::slice::from_ref(&subnet), template);
        let gateway = if gateways > 1 { zone } else { "a" };
        let properties = props! {
            "RouteTableId" => LogicalId::of(&name, Role::RouteTable).reference(),
            "DestinationCidrBlock" => "0.0.0.0/0",
            "NatGatewayId" => LogicalId::of(gateway, Role::NatGateway).reference(),
        };
        template.add(&LogicalId::of(&name, Role::Route), Resource::new("AWS::EC2::Route", properties));
    }
}

fn route_table(name: &str, subnets: &[LogicalId], template: &mut Template) {
    let id = LogicalId::of(name, Role::RouteTable);
    let properties = props! { "VpcId" => LogicalId::only(Role::Vpc).reference() };
    template.add(&id, Resource::new("AWS::EC2::RouteTable", properties));
    for subnet in subnets {
        let properties = props! { "RouteTableId" => id.reference(), "SubnetId" => subnet.reference() };
        let association = LogicalId::of_parts(&[subnet.as_str()], Role::RouteTableAssociation);
        template.add(&association, Resource::new("AWS::EC2::SubnetRouteTableAssociation", properties));
    }
}
