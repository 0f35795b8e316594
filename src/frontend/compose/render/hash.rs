//! The hash of a service's configuration, as `config --hash` prints it.

use super::{RenderFormat, doc::RenderedValue, json, project};
use crate::compose::schema::SERVICE;
use crate::yaml::Node;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Keys that do not count: whether and how a service is built, pulled, scaled, ordered and selected.
const LEFT_OUT: [&str; 5] = ["profiles", "build", "depends_on", "pull_policy", "scale"];

/// SHA-256 of the service's compact JSON, in hexadecimal. Source: docker/compose 2.40.3, pkg/compose/hash.go.
pub fn service_hash(service: &Node) -> String {
    let mut document = project::shape(service, &SERVICE, RenderFormat::Json);
    if let RenderedValue::Struct(entries) = &mut document {
        entries.retain(|(key, _)| !LEFT_OUT.contains(&&**key));
        for (key, value) in entries {
            if let (true, RenderedValue::Struct(deploy)) = (key == "deploy", value) {
                deploy.retain(|(key, _)| key != "replicas");
            }
        }
    }
    let digest = Sha256::digest(json::compact(&document).as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
