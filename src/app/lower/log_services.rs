//! Log drivers that send to a service of the manifest: `fluentd-address: tcp://logs:24224`.

use super::LoweringContext;
use super::address_scan::{BareWords, KnownHosts, addresses, slice};
use crate::document::ComposeDocument;
use crate::{AppService, LoggingRequest, ManifestName};
use indexmap::IndexMap;

/// Resolves the service that each log driver sends to.
pub(super) fn resolve(cx: &LoweringContext<'_>, services: &mut IndexMap<ManifestName, AppService>) {
    for service in services.values_mut() {
        let logging = &mut service.container.logging;
        logging.service = service_of(cx.document, logging);
    }
}

fn service_of(document: &ComposeDocument, logging: &LoggingRequest) -> Option<ManifestName> {
    let named = |host: &str| document.services.get_key_value(host).map(|(name, _)| name.clone());
    let is_host = |host: &str| document.services.contains_key(host);
    let hosts = KnownHosts { is_host: &is_host, listens: &|_, _| true, bare_words: BareWords::MayBeHosts };
    let options = logging.options.iter();
    let options = options.filter(|(name, _)| name.ends_with("-address") || name.ends_with("-url"));
    options
        .flat_map(|(_, value)| addresses(&value.value, &hosts).into_iter().map(move |found| (value, found)))
        .find_map(|(value, found)| named(slice(&value.value, &found.host)))
}
