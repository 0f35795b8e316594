//! `depends_on` and `links`: what is in the file is waited for there; what is not comes first anyway.

use super::{COMPOSE_FILE, ComposeBundle, jobs, node};
use crate::Compilation;
use tranship_app::{AppService, Application, BehaviourEffect, ComposeNode};
use tranship_frontend::yaml::{Mapping, Node};

/// The dependencies that Docker Compose itself waits for.
pub(super) fn decide(
    application: &Application,
    service: &AppService,
    given: ComposeNode<'_>,
    bundle: &ComposeBundle,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let mut written = Mapping::new();
    for (name, value) in given.entries() {
        let Some(other) = application.services.get(name) else {
            if application.databases.contains_key(name) {
                cx.ledger.decided(&value, "the environment's database, which is created first");
            }
            continue;
        };
        if jobs::is_by_hand(bundle, other) && !jobs::is_by_hand(bundle, service) {
            cx.ledger.decided(&value, "the job runs before the containers are replaced");
            continue;
        }
        if jobs::is_by_hand(bundle, other) {
            cx.ledger.decided(&value, "the jobs run one after the other");
            continue;
        }
        written.insert(node::key(name), value.copy(cx.ledger, COMPOSE_FILE));
    }
    (!written.is_empty()).then(|| node::mapping(written))
}

/// The links to services that run; the address of a managed database stands in the variables.
pub(super) fn links(
    application: &Application,
    given: ComposeNode<'_>,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let mut written = Vec::new();
    for item in given.items() {
        let name = item.text().map(|text| text.split_once(':').map_or(text, |(name, _)| name));
        if name.is_some_and(|name| application.services.contains_key(name)) {
            written.push(item.copy(cx.ledger, COMPOSE_FILE));
        } else {
            let reason = "the other service is not a container of the environment";
            cx.ledger.ignored(&item, reason, BehaviourEffect::Equivalent);
        }
    }
    (!written.is_empty()).then(|| node::list(written))
}
