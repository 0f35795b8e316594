//! The machines as resources: role, launch template, Auto Scaling group, capacity provider.
//!
//! Machines are replaced by the Auto Scaling group alone: a rolling
//! update by CloudFormation would first shrink a group that scaling has grown, and waits for ever for machines that
//! are protected from scale-in. A new launch template therefore holds for the machines that start after it.

use super::super::plan::{EcsPlan, MachinePlan};
use super::{Traced, cluster_id, user_data};
use tranship_cloudformation::iam::{self, Policy, Statement, arn};
use tranship_cloudformation::{LogicalId, Pseudo, Resource, Role, Sub, Template, Value, list, props};

/// The disk of a machine, in GiB: what the image needs at least.
const DISK: u32 = 30;

/// Adds the machines, if the stack has its own.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    if let Some(machines) = &plan.machines {
        add(machines, template);
    }
}

fn add(machines: &MachinePlan, template: &mut Template) {
    let resources = [
        (Role::InstanceRole, role()),
        (Role::InstanceProfile, profile()),
        (Role::LaunchTemplate, launch_template(machines)),
        (Role::AutoScalingGroup, group(machines).depends_on_all(&machines.after)),
        (Role::CapacityProvider, capacity_provider(machines)),
        (Role::CapacityProviderAssociations, associations()),
    ];
    for (role, resource) in resources {
        template.add(&LogicalId::only(role), resource.traced(&machines.from));
    }
}

fn launch_template(machines: &MachinePlan) -> Resource {
    let disk = props! {
        "DeviceName" => "/dev/xvda",
        "Ebs" => props! {
            "VolumeType" => "gp3",
            "VolumeSize" => DISK,
            "Encrypted" => true,
            "DeleteOnTermination" => true,
        },
    };
    // One hop: containers in bridge mode cannot ask for the instance's credentials.
    let metadata = props! {
        "HttpEndpoint" => "enabled",
        "HttpTokens" => "required",
        "HttpPutResponseHopLimit" => 1,
    };
    Resource::new(
        "AWS::EC2::LaunchTemplate",
        props! {
            "LaunchTemplateData" => props! {
                "ImageId" => LogicalId::only(Role::InstanceImage).reference(),
                "InstanceType" => machines.instance_type.as_str(),
                "IamInstanceProfile" => props! { "Arn" => LogicalId::only(Role::InstanceProfile).arn() },
                "SecurityGroupIds" => list![LogicalId::only(Role::InstanceSecurityGroup).att("GroupId")],
                "MetadataOptions" => metadata,
                "BlockDeviceMappings" => list![disk],
                "UserData" => user_data::script(&cluster_id(), &machines.folders),
            },
        },
    )
}

fn group(machines: &MachinePlan) -> Resource {
    let template = LogicalId::only(Role::LaunchTemplate);
    let tag =
        |key: &str, value: Value| props! { "Key" => key, "Value" => value, "PropagateAtLaunch" => true };
    Resource::new(
        "AWS::AutoScaling::AutoScalingGroup",
        props! {
            "MinSize" => machines.count.min.to_string(),
            "MaxSize" => machines.count.max.to_string(),
            "VPCZoneIdentifier" => &machines.subnets,
            "LaunchTemplate" => props! {
                "LaunchTemplateId" => template.reference(),
                "Version" => template.att("LatestVersionNumber"),
            },
            "NewInstancesProtectedFromScaleIn" => machines.protected,
            // ECS sets the second tag itself; without it here every update would take it away.
            "Tags" => list![tag("Name", Pseudo::StackName.into()), tag("AmazonECSManaged", "".into())],
        },
    )
}

fn capacity_provider(machines: &MachinePlan) -> Resource {
    let switch = |on: bool| if on { "ENABLED" } else { "DISABLED" };
    Resource::new(
        "AWS::ECS::CapacityProvider",
        props! {
            "AutoScalingGroupProvider" => props! {
                "AutoScalingGroupArn" => LogicalId::only(Role::AutoScalingGroup).reference(),
                "ManagedScaling" => props! { "Status" => "ENABLED", "TargetCapacity" => 100 },
                "ManagedDraining" => "ENABLED",
                "ManagedTerminationProtection" => switch(machines.protected),
            },
        },
    )
}

/// Ties the capacity provider to the cluster: a resource of its own, since the machines name the cluster.
fn associations() -> Resource {
    let provider = LogicalId::only(Role::CapacityProvider).reference();
    Resource::new(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        props! {
            "Cluster" => cluster_id().reference(),
            "CapacityProviders" => list![&provider],
            "DefaultCapacityProviderStrategy" => list![props! { "CapacityProvider" => &provider, "Weight" => 1 }],
        },
    )
}

fn profile() -> Resource {
    Resource::new(
        "AWS::IAM::InstanceProfile",
        props! {
            "Roles" => list![LogicalId::only(Role::InstanceRole).reference()],
        },
    )
}

/// What the agent on a machine does, on this cluster only. Images, logs and secrets are the business of each
/// task's execution role. Source: Service Authorization Reference, "Amazon Elastic Container Service".
fn role() -> Resource {
    let cluster = cluster_id();
    let machines = arn::regional("ecs", "container-instance/").reference(&cluster).then("/*");
    let policy = Policy::new()
        .with(Statement::allow(["ecs:DiscoverPollEndpoint"]).on("*"))
        .with(
            Statement::allow([
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ])
            .on(cluster.arn()),
        )
        .with(
            Statement::allow([
                "ecs:Poll",
                "ecs:PutSystemLogEvents",
                "ecs:StartTelemetrySession",
                "ecs:UpdateContainerInstancesState",
            ])
            .on(Sub::clone(&machines)),
        );
    Resource::new(
        "AWS::IAM::Role",
        props! {
            "AssumeRolePolicyDocument" => iam::trust("ec2.amazonaws.com"),
            "Policies" => list![policy.named("ecs-agent")],
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::plan::{MachineCount, MachineFolder, image_parameter};
    use tranship_app::VolumeOwner;
    use tranship_cloudformation::{Parameter, ParameterType, check};
    use tranship_facts::ProcessorArchitecture;

    fn machines(protected: bool) -> MachinePlan {
        MachinePlan {
            instance_type: "t3.small".to_owned(),
            architecture: ProcessorArchitecture::X86,
            count: MachineCount { min: 1, max: 2 },
            protected,
            subnets: LogicalId::only(Role::PrivateSubnets).reference(),
            folders: vec![MachineFolder {
                path: "/data/public".to_owned(),
                owner: VolumeOwner { user: 1000, group: 1000 },
            }],
            after: Vec::new(),
            from: vec!["x-tranship".to_owned()],
        }
    }

    fn template(protected: bool) -> Template {
        let mut template = Template::new("");
        let subnets = Parameter::new(ParameterType::AwsList("AWS::EC2::Subnet::Id"), "subnets");
        template.add_parameter(&LogicalId::only(Role::PrivateSubnets), subnets);
        let image = image_parameter(ProcessorArchitecture::X86);
        template.add_parameter(&image.id, image.parameter);
        template.add(&cluster_id(), Resource::new("AWS::ECS::Cluster", props! {}));
        let group = Resource::new("AWS::EC2::SecurityGroup", props! { "GroupDescription" => "machines" });
        template.add(&LogicalId::only(Role::InstanceSecurityGroup), group);
        add(&machines(protected), &mut template);
        template
    }

    #[test]
    fn refers_to_nothing_unknown_and_has_no_cycle() {
        assert_eq!(check(&template(false)), []);
    }

    /// ECS refuses managed termination protection on a group that does not protect its machines.
    #[test]
    fn protection_is_of_the_group_and_of_the_provider() {
        for (protected, word) in [(true, "ENABLED"), (false, "DISABLED")] {
            let json = template(protected).to_json();
            let get = |pointer: &str| json.pointer(&format!("/Resources/{pointer}")).cloned();
            assert_eq!(
                get("AutoScalingGroup/Properties/NewInstancesProtectedFromScaleIn"),
                Some(protected.into())
            );
            let provider =
                "CapacityProvider/Properties/AutoScalingGroupProvider/ManagedTerminationProtection";
            assert_eq!(get(provider), Some(word.into()));
        }
    }

    #[test]
    fn only_one_call_is_allowed_everywhere() {
        let json = template(false).to_json();
        let statements =
            json.pointer("/Resources/InstanceRole/Properties/Policies/0/PolicyDocument/Statement");
        let everywhere =
            statements.and_then(|it| it.as_array()).into_iter().flatten().filter(|it| it["Resource"] == "*");
        let actions: Vec<_> = everywhere.map(|statement| statement["Action"].clone()).collect();
        assert_eq!(actions, [serde_json::json!(["ecs:DiscoverPollEndpoint"])]);
    }
}
