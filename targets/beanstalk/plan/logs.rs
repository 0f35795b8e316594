//! Where the output of the containers of the ECS platform goes: to a log group of CloudWatch Logs.
//!
//! Elastic Beanstalk streams the files of its own programs, and no output of containers. So each container has the driver
//! `awslogs` (Amazon ECS API Reference, `LogConfiguration`), whose group the container definition names.

use super::BeanstalkPlan;
use tranship_app::{Application, At, LogRetention, PlatformKind};

/// What stands in the bundle for the region, where the settings do not name it.
pub(crate) const REGION_PLACEHOLDER: &str = "${Region}";

/// The log group of the containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerLogs {
    /// Its name.
    pub(crate) group: String,
    /// Days after which CloudWatch Logs removes what is in it.
    pub(crate) days: String,
    /// The region, perhaps a placeholder.
    pub(crate) region: String,
}

/// Decides the group.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan) {
    if plan.platform != PlatformKind::Ecs {
        return;
    }
    let days = application.settings.log_retention.as_ref().map_or(LogRetention::default(), At::get);
    plan.container_logs = Some(ContainerLogs {
        group: format!("/aws/elasticbeanstalk/{}/containers", plan.environment),
        days: days.to_string(),
        region: plan.region.clone().unwrap_or_else(|| REGION_PLACEHOLDER.to_owned()),
    });
}
