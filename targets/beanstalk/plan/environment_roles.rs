//! The roles of the environment and of its instances.
//!
//! The console of Elastic Beanstalk creates both once in an account (AWS documentation, "Managing Elastic Beanstalk
//! instance profiles", "Managing Elastic Beanstalk service roles"). A program that creates environments finds them only
//! where someone used the console. So an environment may have roles of its own, in a stack that exists before it does.

use super::BeanstalkPlan;
use crate::Compilation;
use tranship_app::{Application, At, EnvironmentRoles, PlatformKind};

/// The account's instance profile, and its role.
const ACCOUNT_INSTANCE_ROLE: &str = "aws-elasticbeanstalk-ec2-role";

/// The account's role of the service.
const ACCOUNT_SERVICE_ROLE: &str = "aws-elasticbeanstalk-service-role";

/// What the names of an environment's own roles end with. Elastic Beanstalk keeps the name of an environment to 40 letters
/// and IAM that of a role to 64.
const OWN: (&str, &str) = ("-instance", "-service");

/// The roles by their names. The instance profile is called as its role is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::beanstalk) struct RoleNames {
    /// The role of the instances.
    pub(in crate::beanstalk) instance: String,
    /// The role of the service.
    pub(in crate::beanstalk) service: String,
    /// The managed policies of the instances' role, where it is the environment's own.
    pub(in crate::beanstalk) own: Option<Vec<&'static str>>,
}

impl Default for RoleNames {
    fn default() -> Self {
        let (instance, service) = (ACCOUNT_INSTANCE_ROLE.to_owned(), ACCOUNT_SERVICE_ROLE.to_owned());
        RoleNames { instance, service, own: None }
    }
}

/// Decides the roles; the tier must be known.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let Some(asked) = &application.settings.roles else { return };
    cx.ledger.decided(asked, "the roles of the environment and of its instances");
    if At::get(asked) == EnvironmentRoles::Own {
        let (instance, service) = OWN;
        plan.roles = RoleNames {
            instance: format!("{}{instance}", plan.environment),
            service: format!("{}{service}", plan.environment),
            own: Some(policies(plan.platform, plan.is_worker)),
        };
    }
}

/// The managed policies that the console attaches to the instances' role and that this environment needs.
fn policies(platform: PlatformKind, is_worker: bool) -> Vec<&'static str> {
    let tier = match is_worker {
        true => "AWSElasticBeanstalkWorkerTier",
        false => "AWSElasticBeanstalkWebTier",
    };
    let ecs = (platform == PlatformKind::Ecs).then_some("AWSElasticBeanstalkMulticontainerDocker");
    std::iter::once(tier).chain(ecs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_may_what_its_tier_and_platform_need() {
        let (web, worker) = ("AWSElasticBeanstalkWebTier", "AWSElasticBeanstalkWorkerTier");
        assert_eq!(policies(PlatformKind::Docker, false), [web]);
        assert_eq!(policies(PlatformKind::Docker, true), [worker]);
        assert_eq!(policies(PlatformKind::Ecs, true), [worker, "AWSElasticBeanstalkMulticontainerDocker"]);
    }
}
