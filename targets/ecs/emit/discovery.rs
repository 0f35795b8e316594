//! The private DNS namespace, and a discovery service for what is found by name.

use super::super::plan::EcsPlan;
use super::TracedResource;
use tranship_cloudformation::{LogicalId, Resource, ResourceRole, Template, list, props};

/// Seconds that a resolver may keep an address: as long, clients may connect to a task that is gone.
const TTL: u32 = 10;

/// Adds the namespace and its services.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    let Some(namespace) = &plan.namespace else { return };
    let id = LogicalId::only(ResourceRole::Namespace);
    let resource = Resource::new(
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        props! { "Name" => namespace.name.as_str(), "Vpc" => &plan.network.vpc },
    );
    template.add(&id, resource.traced(&namespace.from));
    for found in &namespace.services {
        let records = list![props! { "Type" => "A", "TTL" => TTL }];
        let resource = Resource::new(
            "AWS::ServiceDiscovery::Service",
            props! {
                "Name" => found.label.as_str(),
                "DnsConfig" => props! {
                    "NamespaceId" => id.reference(),
                    "RoutingPolicy" => "MULTIVALUE",
                    "DnsRecords" => records,
                },
                "HealthCheckCustomConfig" => props! { "FailureThreshold" => 1 },
            },
        );
        template.add(&LogicalId::of(&found.service, ResourceRole::Discovery), resource.traced(&found.from));
    }
}
