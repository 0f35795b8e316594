//! `logging`: what the instance keeps in files goes to the log group of the environment instead.
//!
//! Source: Docker, "Amazon CloudWatch Logs logging driver"; the group's name is a property that takes the reference to
//! a resource of `.ebextensions` (AWS documentation, "Adding and customizing Elastic Beanstalk environment resources").

use super::variables::reference;
use super::{COMPOSE_FILE, ComposeBundle, node};
use crate::Compilation;
use tranship_app::{BehaviourEffect, ComposeNode};
use tranship_frontend::yaml::Node;

/// The property with the name of the log group.
pub(in crate::beanstalk) const LOG_GROUP_PROPERTY: &str = "CONTAINER_LOGS";

/// Drivers that write files on the instance.
const FILE_DRIVERS: &[&str] = &["json-file", "local"];

/// A stream for each container: its name and the first letters of its id.
const STREAM: &str = "{{.Name}}/{{.ID}}";

/// Where the output of a container goes.
pub(super) fn decide(
    given: Option<ComposeNode<'_>>,
    bundle: &mut ComposeBundle,
    cx: &mut Compilation<'_>,
) -> Node {
    if let Some(given) = given {
        let driver = given.get("driver").and_then(ComposeNode::text);
        if driver.is_some_and(|driver| !FILE_DRIVERS.contains(&driver)) {
            return given.copy(cx.ledger, COMPOSE_FILE);
        }
        let reason = "CloudWatch Logs keeps the output, and removes it after `log_retention` days";
        for (key, value) in given.entries() {
            if &**key == "driver" {
                let driver = "the driver `awslogs`";
                cx.ledger.approximated(&value, BehaviourEffect::Equivalent, driver, reason, COMPOSE_FILE);
            } else {
                value.each_leaf(|leaf| cx.ledger.ignored(&leaf, reason, BehaviourEffect::Equivalent));
            }
        }
    }
    bundle.logs = true;
    let group = node::prepared(reference(LOG_GROUP_PROPERTY, bundle));
    let options = node::record([("awslogs-group", group), ("tag", node::text(STREAM))]);
    node::record([("driver", node::text("awslogs")), ("options", options)])
}
