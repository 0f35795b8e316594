//! Keys that Docker Compose learned after the release that `config` agrees with.
//!
//! In: a manifest. Out: one error for each use of such a key, as that release refuses it. Only `config` asks: a
//! compile takes the keys at their meaning.

use super::Manifest;
use crate::diagnostic::{Diagnostic, rules};

/// The release whose `docker compose config` is printed.
const REFERENCE_RELEASE: &str = "2.40";

/// Keys of a service, with the release that has them first.
/// Source: release notes of Docker Compose, 5.3.0 (2026-07).
const OF_SERVICES: &[(&str, &str)] = &[("pre_start", "5.3")];

/// What the reference release refuses.
pub fn newer_keys(manifest: &Manifest) -> Vec<Diagnostic> {
    let services = manifest.root.get("services").and_then(|services| services.as_mapping());
    let mut found = Vec::new();
    for service in services.into_iter().flatten() {
        let Some(keys) = service.value.as_mapping() else { continue };
        for (key, release) in OF_SERVICES {
            let Some(entry) = keys.entry(key) else { continue };
            let message = format!(
                "`{key}` is a key of Docker Compose {release}; `config` prints what {REFERENCE_RELEASE} prints, which refuses it"
            );
            found.push(
                Diagnostic::new(&rules::compose::UNKNOWN_KEY, message)
                    .at(entry.key.origin)
                    .key(format!("services.{}.{key}", service.key.text))
                    .service(&*service.key.text)
                    .help("`check`, `build` and `deploy` use the key; `report.json` says what became of it"),
            );
        }
    }
    found
}
