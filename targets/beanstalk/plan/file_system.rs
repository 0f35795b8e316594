//! The EFS file system that keeps the volumes, mounted on every instance where their directories are.
//!
//! Source: AWS documentation, "Using Elastic Beanstalk with Amazon Elastic File System", whose samples make the file
//! system in `.ebextensions` and hand its id to the instances in a property.

use super::{BeanstalkPlan, path};
use crate::Compilation;
use tranship_app::rules::target;
use tranship_app::{Application, NetworkSetting};
use tranship_frontend::diagnostic::Diagnostic;

/// The property that names a file system of the environment.
pub(in crate::beanstalk) const FILE_SYSTEM_PROPERTY: &str = "TRANSHIP_FILE_SYSTEM";

/// Why nothing is lost.
pub(in crate::beanstalk) const SHARED: &str = "a directory of the EFS file system, which all instances share";

/// The file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::beanstalk) struct InstanceFileSystem {
    /// The id of an existing one; none for one that is made with the environment.
    pub(in crate::beanstalk) id: Option<String>,
    /// Where a new one is reached: one subnet in each Availability Zone.
    pub(in crate::beanstalk) subnets: Vec<String>,
    /// The VPC of a new one.
    pub(in crate::beanstalk) vpc: Option<String>,
    /// The key path it comes from.
    pub(in crate::beanstalk) from: String,
}

/// Decides the file system.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let Some(asked) = &application.settings.file_system else { return };
    let id = cx.ledger.exact(asked, "the file system that instances mount").id().map(str::to_owned);
    let network = match &application.settings.network {
        Some(NetworkSetting::Existing(network)) => Some(network),
        _ => None,
    };
    if id.is_none() && network.is_none() {
        let message = "`file_system: new` needs the subnets in which instances reach it";
        let told = Diagnostic::new(&target::REJECTED_KEY, message).at(asked.origin);
        cx.diagnostics.push(
            told.key(path(cx, asked.node))
                .help("set `network` to a VPC and its subnets, or name an existing file system by its id"),
        );
    }
    let inside = network.map(|network| match network.private_subnets.as_slice() {
        [] => network.public_subnets.as_slice(),
        private => private,
    });
    let subnets = inside.unwrap_or_default().iter().map(|subnet| subnet.peek().as_str().to_owned());
    plan.file_system = Some(InstanceFileSystem {
        id,
        subnets: subnets.collect(),
        vpc: network.map(|network| network.vpc.peek().as_str().to_owned()),
        from: path(cx, asked.node),
    });
}
