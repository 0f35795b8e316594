//! The resources that Elastic Beanstalk creates for an environment, by their logical ids in its stack.
//!
//! Source: AWS Elastic Beanstalk Developer Guide, "Modifying the resources that Elastic Beanstalk creates for your
//! environment", and the stacks of environments with an Application Load Balancer; November 2026.

/// The ids, with the types of the resources.
const RESOURCES: &[(&str, &str)] = &[
    ("AWSEBAutoScalingGroup", "AWS::AutoScaling::AutoScalingGroup"),
    ("AWSEBAutoScalingLaunchConfiguration", "AWS::AutoScaling::LaunchConfiguration"),
    ("AWSEBAutoScalingScaleDownPolicy", "AWS::AutoScaling::ScalingPolicy"),
    ("AWSEBAutoScalingScaleUpPolicy", "AWS::AutoScaling::ScalingPolicy"),
    ("AWSEBCloudwatchAlarmHigh", "AWS::CloudWatch::Alarm"),
    ("AWSEBCloudwatchAlarmLow", "AWS::CloudWatch::Alarm"),
    ("AWSEBEC2LaunchTemplate", "AWS::EC2::LaunchTemplate"),
    ("AWSEBLoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer"),
    ("AWSEBLoadBalancerSecurityGroup", "AWS::EC2::SecurityGroup"),
    ("AWSEBRDSDatabase", "AWS::RDS::DBInstance"),
    ("AWSEBSecurityGroup", "AWS::EC2::SecurityGroup"),
    ("AWSEBV2LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("AWSEBV2LoadBalancerListener", "AWS::ElasticLoadBalancingV2::Listener"),
    ("AWSEBV2LoadBalancerTargetGroup", "AWS::ElasticLoadBalancingV2::TargetGroup"),
];

/// The type of a resource that Elastic Beanstalk creates.
pub fn resource_type(id: &str) -> Option<&'static str> {
    RESOURCES.iter().find(|(known, _)| *known == id).map(|(_, kind)| *kind)
}

/// The ids of all of them.
pub fn resource_ids() -> impl Iterator<Item = &'static str> {
    RESOURCES.iter().map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_have_types() {
        assert_eq!(resource_type("AWSEBSecurityGroup"), Some("AWS::EC2::SecurityGroup"));
        assert_eq!(resource_type("AWSEBV2LoadBalancer"), Some("AWS::ElasticLoadBalancingV2::LoadBalancer"));
        assert_eq!(resource_type("WebService"), None);
        assert!(resource_ids().all(|id| id.starts_with("AWSEB")));
        assert_eq!(resource_ids().count(), 14);
    }
}
