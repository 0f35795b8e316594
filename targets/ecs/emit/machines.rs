//! The machines as resources: role, launch template, Auto Scaling group, capacity provider.
//!
//! Machines are replaced by the Auto Scaling group alone: a rolling
//! update by CloudFormation would first shrink a group that scaling has grown, and waits for ever for machines that
//! are protected from scale-in. A new launch template therefore holds for the machines that start after it, and no
//! machine is older than a week: that is how they get a new machine image.

use super::super::plan::{EcsPlan, MachinePlan, image_id};
use super::{TracedResource, cluster_id, user_data};
use tranship_cloudformation::iam::{self, IamPolicy, PolicyStatement, arn};
use tranship_cloudformation::{
    FnSub, LogicalId, PseudoParameter, Resource, ResourceRole, Template, TemplateValue, list, props,
};

/// The seconds after which a machine gives way to a new one: a week.
const LONGEST_LIFE: u32 = 604_800;
/// What Session Manager and Patch Manager need of the machine.
const MANAGED_INSTANCE: &str = "AmazonSSMManagedInstanceCore";

/// Adds the machines, if the stack has its own.
pub(super) fn emit(plan: &EcsPlan, template: &mut Template) {
    if let Some(machines) = &plan.machines {
        add(machines, template);
    }
}

fn add(machines: &MachinePlan, template: &mut Template) {
    let resources = [
        (ResourceRole::InstanceRole, role()),
        (ResourceRole::InstanceProfile, profile()),
        (ResourceRole::LaunchTemplate, launch_template(machines)),
        (ResourceRole::AutoScalingGroup, group(machines).depends_on_all(&machines.after)),
        (ResourceRole::CapacityProvider, capacity_provider(machines)),
        (ResourceRole::CapacityProviderAssociations, associations()),
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
            "VolumeSize" => machines.disk,
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
                "ImageId" => image_id(machines.architecture, machines.gpu).reference(),
                "InstanceType" => machines.instance_type.as_str(),
                "IamInstanceProfile" => props! { "Arn" => LogicalId::only(ResourceRole::InstanceProfile).arn() },
                "SecurityGroupIds" => list![LogicalId::only(ResourceRole::InstanceSecurityGroup).att("GroupId")],
                "MetadataOptions" => metadata,
                "BlockDeviceMappings" => list![disk],
                "UserData" => user_data::script(&cluster_id(), machines.gpu, &machines.log_drivers, &machines.folders),
            },
        },
    )
}

fn group(machines: &MachinePlan) -> Resource {
    let template = LogicalId::only(ResourceRole::LaunchTemplate);
    let tag = |key: &str, value: TemplateValue| props! { "Key" => key, "Value" => value, "PropagateAtLaunch" => true };
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
            "MaxInstanceLifetime" => LONGEST_LIFE,
            "NewInstancesProtectedFromScaleIn" => machines.protected,
            // ECS sets the second tag itself; without it here every update would take it away.
            "Tags" => list![tag("Name", PseudoParameter::StackName.into()), tag("AmazonECSManaged", "".into())],
        },
    )
}

fn capacity_provider(machines: &MachinePlan) -> Resource {
    let switch = |on: bool| if on { "ENABLED" } else { "DISABLED" };
    Resource::new(
        "AWS::ECS::CapacityProvider",
        props! {
            "Name" => ?machines.provider_name.as_ref(),
            "AutoScalingGroupProvider" => props! {
                "AutoScalingGroupArn" => LogicalId::only(ResourceRole::AutoScalingGroup).reference(),
                "ManagedScaling" => props! { "Status" => "ENABLED", "TargetCapacity" => 100 },
                "ManagedDraining" => "ENABLED",
                "ManagedTerminationProtection" => switch(machines.protected),
            },
        },
    )
}

/// Ties the capacity provider to the cluster: a resource of its own, since the machines name the cluster.
fn associations() -> Resource {
    let provider = LogicalId::only(ResourceRole::CapacityProvider).reference();
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
            "Roles" => list![LogicalId::only(ResourceRole::InstanceRole).reference()],
        },
    )
}

/// What the agent on a machine does, on this cluster only. Images, logs and secrets are the business of each
/// task's execution role. Source: Service Authorization Reference, "Amazon Elastic Container Service".
fn role() -> Resource {
    let cluster = cluster_id();
    let machines = arn::regional("ecs", "container-instance/").reference(&cluster).then("/*");
    let policy = IamPolicy::new()
        .with(PolicyStatement::allow(["ecs:DiscoverPollEndpoint"]).on("*"))
        .with(
            PolicyStatement::allow([
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ])
            .on(cluster.arn()),
        )
        .with(
            PolicyStatement::allow([
                "ecs:Poll",
                "ecs:PutSystemLogEvents",
                "ecs:StartTelemetrySession",
                "ecs:UpdateContainerInstancesState",
            ])
            .on(FnSub::clone(&machines)),
        );
    Resource::new(
        "AWS::IAM::Role",
        props! {
            "AssumeRolePolicyDocument" => iam::trust("ec2.amazonaws.com"),
            "ManagedPolicyArns" => list![iam::managed_policy(MANAGED_INSTANCE)],
            "Policies" => list![policy.named("ecs-agent")],
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::plan::{MachineCount, MachineFolder, image_parameter};
    use tranship_app::VolumeOwner;
    use tranship_cloudformation::{ParameterType, TemplateParameter, check};
    use tranship_facts::ProcessorArchitecture;

    fn machines(protected: bool) -> MachinePlan {
        MachinePlan {
            log_drivers: Vec::new(),
            instance_type: "t3.small".to_owned(),
            provider_name: None,
            architecture: ProcessorArchitecture::X86,
            gpu: false,
            disk: 30,
            count: MachineCount { min: 1, max: 2 },
            protected,
            subnets: LogicalId::only(ResourceRole::PrivateSubnets).reference(),
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
        let subnets = TemplateParameter::new(ParameterType::AwsList("AWS::EC2::Subnet::Id"), "subnets");
        template.add_parameter(&LogicalId::only(ResourceRole::PrivateSubnets), subnets);
        let image = image_parameter(ProcessorArchitecture::X86, false);
        template.add_parameter(&image.id, image.parameter);
        template.add(&cluster_id(), Resource::new("AWS::ECS::Cluster", props! {}));
        let group = Resource::new("AWS::EC2::SecurityGroup", props! { "GroupDescription" => "machines" });
        template.add(&LogicalId::only(ResourceRole::InstanceSecurityGroup), group);
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
