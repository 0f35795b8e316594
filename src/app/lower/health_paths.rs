//! The path that a load balancer asks: where no setting says it, the one that the container's own health check asks.
//!
//! In: the services and their endpoints. Out: the path of each public endpoint whose container checks a URL of the
//! same port. Invariant: what a setting says stays.

use super::own_checks::{self, CheckScheme};
use crate::{AppService, At, EndpointExposure, ManifestName, PublicProtocol, ServiceEndpoint};
use indexmap::IndexMap;

/// Fills in the paths.
pub(super) fn infer(services: &IndexMap<ManifestName, AppService>, endpoints: &mut [ServiceEndpoint]) {
    for endpoint in endpoints {
        let EndpointExposure::Public(public) = &mut endpoint.exposure else { continue };
        let Some(service) = services.get(&endpoint.service) else { continue };
        let test = service.container.health_check.as_ref().map(|check| check.test.origin);
        let port = public.health.port.as_ref().map_or(endpoint.port, At::get);
        let Some((check, origin)) = own_checks::on_port(service, port).zip(test) else { continue };
        if public.health_path.is_some() || public.protocol.is_passed_on() {
            continue;
        }
        match check.scheme {
            CheckScheme::Grpc => public.health.grpc_service = public.protocol == PublicProtocol::Grpc,
            CheckScheme::Http | CheckScheme::Https => {
                public.health_path = check.path.map(|path| At::inferred(path, origin));
            }
        }
    }
}
