//! `x-tranship` at the top of the manifest, resolved for one environment.

use super::at::At;
use super::text::Text;
use std::collections::BTreeSet;
use tranship_frontend::source::Origin;

/// What one environment says, with the defaults at the top of `x-tranship` beneath it.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The environment's name; none for `--target T`.
    pub environment: Option<String>,
    /// Where the environment is declared.
    pub origin: Origin,
    /// The target's name.
    pub target: String,
    /// The region to deploy to.
    pub region: Option<At<String>>,
    /// `posture`: how careful the emitted resources are.
    pub posture: Posture,
    /// The VPC and its subnets.
    pub network: Network,
    /// `discovery.namespace`: the private DNS namespace.
    pub namespace: Option<At<String>>,
    /// `https`.
    pub https: Option<Https>,
    /// `instance_type` of machines.
    pub instance_type: Option<At<String>>,
    /// `instances`: fewest and most machines.
    pub instances: Option<(At<u32>, At<u32>)>,
    /// `log_retention`, in days.
    pub log_retention: Option<At<u32>>,
    /// `stack`: the stack's name, or the Beanstalk environment's.
    pub stack: Option<At<String>>,
    /// `platform` of Beanstalk: `ecs` or `docker`.
    pub platform: Option<At<String>>,
    /// `capacity`: `fargate`, `spot` or a mix.
    pub spot: Option<At<bool>>,
    /// `accept`: rules whose diagnostics are not told.
    pub accept: BTreeSet<String>,
    /// `tags` of every resource.
    pub tags: Vec<(String, Text)>,
}

/// How careful the emitted resources are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Posture {
    /// Cheap and quick to throw away.
    #[default]
    Dev,
    /// Deletion protection, backups, several zones, longer retention.
    Prod,
}

/// The VPC and its subnets.
#[derive(Debug, Clone, Default)]
pub enum Network {
    /// Template parameters.
    #[default]
    Parameters,
    /// A VPC of the stack's own.
    New(At<()>),
    /// One that exists.
    Existing {
        /// `vpc-…`.
        vpc: At<String>,
        /// Subnets with a route to an internet gateway.
        public: Vec<At<String>>,
        /// Subnets without.
        private: Vec<At<String>>,
    },
}

/// `https`.
#[derive(Debug, Clone)]
pub struct Https {
    /// The certificate's ARN.
    pub certificate: At<String>,
    /// The domain that it is for.
    pub domain: Option<At<String>>,
}
