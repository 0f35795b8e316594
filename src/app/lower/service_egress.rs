//! What each service may reach outside: its own `egress`, else that of the environment.

use super::LoweringContext;
use crate::settings::{EgressSetting, Settings};
use crate::{AppService, At, EgressDestination, EgressPolicy, ManifestName, ServiceEgress};
use indexmap::IndexMap;

/// Gives every service its policy.
pub(super) fn assign(
    cx: &LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    settings: &Settings,
) {
    for service in services.values_mut() {
        let own = cx.settings.service(service.declared_as()).and_then(|settings| settings.egress.as_ref());
        service.egress = policy(own, settings.egress.as_ref());
    }
}

/// A service decides whether it is open; what its environment allows, a service that is `declared` may reach too.
fn policy(own: Option<&EgressSetting>, environment: Option<&EgressSetting>) -> ServiceEgress {
    let Some(mode) = own.or(environment) else { return ServiceEgress::default() };
    let policy = match mode {
        EgressSetting::Open(_) => EgressPolicy::Open,
        EgressSetting::Declared(_) => {
            let both = environment.into_iter().chain(own);
            EgressPolicy::Declared(both.flat_map(allowed).cloned().collect())
        }
    };
    ServiceEgress { policy, own: own.map(EgressSetting::at) }
}

fn allowed(setting: &EgressSetting) -> &[At<EgressDestination>] {
    match setting {
        EgressSetting::Open(_) => &[],
        EgressSetting::Declared(settings) => &settings.value.allow,
    }
}
