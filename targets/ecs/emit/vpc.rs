//! A network of the stack's own: two zones, each with a public and a private subnet.

use super::super::plan::{EcsPlan, NetworkZone};
use tranship_cloudformation::{
    Cidr, FnSub, GetAzs, LogicalId, PseudoParameter, Resource, ResourceRole, Select, Template, list, props,
};

/// The addresses, cut into four subnets of 4,096.
const ADDRESSES: &str = "10.0.0.0/16";
/// Bits that each subnet keeps.
const HOST_BITS: u32 = 12;
/// Subnets.
const SUBNETS: u32 = 4;

/// Adds it, if the stack makes one.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let Some(network) = &plan.network.created else { return };
    vpc(&network.zones, template);
    public_side(&network.zones, template);
    private_side(&network.zones, template);
}

fn vpc(zones: &[NetworkZone], template: &mut Template) {
    let id = LogicalId::only(ResourceRole::Vpc);
    let named = |what: &str| {
        list![
            props! { "Key" => "Name", "Value" => FnSub::new().pseudo(PseudoParameter::StackName).then(what) }
        ]
    };
    let network = |resource: Resource| resource.comment("x-tranship.network");
    let properties = props! {
        "CidrBlock" => ADDRESSES,
        "EnableDnsSupport" => true,
        "EnableDnsHostnames" => true,
        "Tags" => named(""),
    };
    template.add(&id, network(Resource::new("AWS::EC2::VPC", properties)));
    let public = zones.iter().map(NetworkZone::public_subnet).zip(0..).map(|it| (it, "-public"));
    let private = zones.iter().map(NetworkZone::private_subnet).zip(0..).map(|it| (it, "-private"));
    for (block, ((subnet, zone), name)) in (0..).zip(public.chain(private)) {
        let blocks = Cidr(id.att("CidrBlock"), SUBNETS, HOST_BITS);
        let properties = props! {
            "VpcId" => id.reference(),
            "AvailabilityZone" => Select(zone, GetAzs("")),
            "CidrBlock" => Select(block, blocks),
            "Tags" => named(name),
        };
        template.add(&subnet, network(Resource::new("AWS::EC2::Subnet", properties)));
    }
}

/// The internet gateway, the public route table, and the NAT gateways in the public subnets.
fn public_side(zones: &[NetworkZone], template: &mut Template) {
    let [vpc, gateway] = [ResourceRole::Vpc, ResourceRole::InternetGateway].map(LogicalId::only);
    let attachment = LogicalId::only(ResourceRole::InternetGatewayAttachment);
    template.add(&gateway, Resource::new("AWS::EC2::InternetGateway", props! {}));
    let properties = props! { "VpcId" => vpc.reference(), "InternetGatewayId" => gateway.reference() };
    template.add(&attachment, Resource::new("AWS::EC2::VPCGatewayAttachment", properties));
    let subnets: Vec<LogicalId> = zones.iter().map(NetworkZone::public_subnet).collect();
    route_table("public", &subnets, template);
    let properties = props! {
        "RouteTableId" => LogicalId::of("public", ResourceRole::RouteTable).reference(),
        "DestinationCidrBlock" => "0.0.0.0/0",
        "GatewayId" => gateway.reference(),
    };
    let route = Resource::new("AWS::EC2::Route", properties).depends_on(&attachment);
    template.add(&LogicalId::of("public", ResourceRole::Route), route);
    for zone in zones.iter().filter(|zone| zone.nat_gateway) {
        let address = LogicalId::of(zone.name, ResourceRole::ElasticIp);
        let properties = props! { "Domain" => "vpc" };
        template.add(&address, Resource::new("AWS::EC2::EIP", properties).depends_on(&attachment));
        let properties = props! { "AllocationId" => address.att("AllocationId"), "SubnetId" => zone.public_subnet().reference() };
        let nat = Resource::new("AWS::EC2::NatGateway", properties);
        template.add(&LogicalId::of(zone.name, ResourceRole::NatGateway), nat);
    }
}

/// A route table for each private subnet, through the NAT gateway that serves its zone.
fn private_side(zones: &[NetworkZone], template: &mut Template) {
    for zone in zones {
        let name = format!("private-{}", zone.name);
        route_table(&name, &[zone.private_subnet()], template);
        let properties = props! {
            "RouteTableId" => LogicalId::of(&name, ResourceRole::RouteTable).reference(),
            "DestinationCidrBlock" => "0.0.0.0/0",
            "NatGatewayId" => LogicalId::of(zone.routes_through, ResourceRole::NatGateway).reference(),
        };
        template
            .add(&LogicalId::of(&name, ResourceRole::Route), Resource::new("AWS::EC2::Route", properties));
    }
}

fn route_table(name: &str, subnets: &[LogicalId], template: &mut Template) {
    let id = LogicalId::of(name, ResourceRole::RouteTable);
    let properties = props! { "VpcId" => LogicalId::only(ResourceRole::Vpc).reference() };
    template.add(&id, Resource::new("AWS::EC2::RouteTable", properties));
    for subnet in subnets {
        let properties = props! { "RouteTableId" => id.reference(), "SubnetId" => subnet.reference() };
        let association = LogicalId::of_parts(&[subnet.as_str()], ResourceRole::RouteTableAssociation);
        template.add(&association, Resource::new("AWS::EC2::SubnetRouteTableAssociation", properties));
    }
}
