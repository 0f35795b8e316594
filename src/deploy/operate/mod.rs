//! Looks inside what is deployed: logs, one-off tasks, a command in a container, events, the status as it changes.
//!
//! In: a [`TargetDeployment`]. Out: lines, a task's exit code, a session. Invariants: nothing but a task that the user asks for is
//! started, and nothing is changed or deleted; what containers wrote is masked like everything that others wrote.

mod events;
mod exec;
mod logs;
mod run_task;
mod stack_inside;
mod watch;

pub use self::events::{EventReader, PastEvent, events, follow_events};
pub use self::exec::{ExecSession, exec};
pub use self::logs::{LogRequest, logs};
pub use self::run_task::{FinishedTask, TaskRequest, run_task};
pub use self::watch::{StatusRounds, watch};

use super::failure::DeployFailure;
use tranship_facts::AwsPartition;
use tranship_targets::{BeanstalkDeployment, StackDeployment, TargetDeployment};

/// What Systems Manager needs on an instance. Source: AWS Systems Manager User Guide, "Configure instance permissions required for
/// Systems Manager"; the managed policies of Elastic Beanstalk for instances have none of it: `AWSElasticBeanstalkWebTier` in version 9,
/// `AWSElasticBeanstalkWorkerTier` in version 8, `AWSElasticBeanstalkMulticontainerDocker` in version 4, of March and April 2026.
const SESSION_POLICY: &str = "AmazonSSMManagedInstanceCore";

/// What only ECS can do. Elastic Beanstalk has no call that reaches a container; the failure says how it is done by hand, with `line` in
/// a shell on an instance.
fn stack_only<'a>(
    deployment: &'a TargetDeployment,
    what: &str,
    line: impl FnOnce(&ContainerFinder) -> String,
) -> Result<&'a StackDeployment, DeployFailure> {
    let environment = match deployment {
        TargetDeployment::Stack(stack) => return Ok(stack),
        TargetDeployment::Beanstalk(environment) => environment,
    };
    let BeanstalkDeployment { environment: name, region, passed_roles, .. } = environment;
    let role = passed_roles.first().map_or("aws-elasticbeanstalk-ec2-role", String::as_str);
    let partition = region.as_ref().map_or("aws", |region| AwsPartition::of_region(region).name());
    let region = region.as_ref().map(|region| format!(" --region {region}")).unwrap_or_default();
    let finder = ContainerFinder { of_ecs: environment.platform_branch.starts_with("ECS") };
    let failure = DeployFailure::usage(format!("{what} is not possible on Elastic Beanstalk, which has no call for it"))
        .help("by hand, in a shell on an instance by Session Manager:")
        .help(format!(
            "once, `aws iam attach-role-policy --role-name {role} --policy-arn arn:{partition}:iam::aws:policy/{SESSION_POLICY}`"
        ))
        .help(format!(
            "find an instance: `aws elasticbeanstalk describe-environment-resources{region} --environment-name {name} \
             --query EnvironmentResources.Instances[].Id --output text`"
        ))
        .help(format!("open the shell: `aws ssm start-session{region} --target INSTANCE`"))
        .help(format!("in the shell: `{}`", line(&finder)));
    Err(failure)
}

/// Finds the container of a service on an instance, by the label that its platform gives it.
struct ContainerFinder {
    /// Whether Amazon ECS runs the containers, else Docker Compose.
    of_ecs: bool,
}

impl ContainerFinder {
    /// A command in the container of a service that runs; no command is a shell.
    fn exec(&self, service: &str, command: &str) -> String {
        let label =
            if self.of_ecs { "com.amazonaws.ecs.container-name" } else { "com.docker.compose.service" };
        format!("sudo docker exec -it $(sudo docker ps -qf label={label}={service} | head -1) {command}")
    }

    /// A container of its own where Docker Compose can start one, else a command in the one that runs.
    fn run(&self, service: &str, command: &str) -> String {
        match self.of_ecs {
            true => self.exec(service, if command.is_empty() { "COMMAND" } else { command }),
            false => format!("cd /var/app/current && sudo docker compose run --rm {service} {command}")
                .trim_end()
                .to_owned(),
        }
    }
}

/// The words of a command as one line that a shell splits again.
pub fn shell_words(command: &[String]) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=@%+,".contains(it);
    let word = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        let all = ["ls", "-l", "a b", "it's", "", "$HOME"].map(str::to_owned);
        assert_eq!(shell_words(&all), "ls -l 'a b' 'it'\\''s' '' '$HOME'");
    }

    #[test]
    fn what_elastic_beanstalk_cannot_do_is_told_for_its_platform() {
        let refused = |branch: &str, region: Option<&str>, line: fn(&ContainerFinder) -> String| {
            let deployment = BeanstalkDeployment {
                environment: "shop-dev".into(),
                region: region.map(str::to_owned),
                platform_branch: branch.into(),
                passed_roles: vec!["shop-instances".into()],
                ..BeanstalkDeployment::default()
            };
            stack_only(&TargetDeployment::Beanstalk(deployment), "a one-off task", line).unwrap_err()
        };
        let ecs = refused("ECS running on 64bit Amazon Linux 2023", Some("eu-west-1"), |it| {
            it.run("web", "./manage x")
        });
        assert_eq!(
            ecs.message,
            "a one-off task is not possible on Elastic Beanstalk, which has no call for it"
        );
        assert_eq!(
            ecs.help,
            [
                "by hand, in a shell on an instance by Session Manager:",
                "once, `aws iam attach-role-policy --role-name shop-instances --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore`",
                "find an instance: `aws elasticbeanstalk describe-environment-resources --region eu-west-1 --environment-name shop-dev --query EnvironmentResources.Instances[].Id --output text`",
                "open the shell: `aws ssm start-session --region eu-west-1 --target INSTANCE`",
                "in the shell: `sudo docker exec -it $(sudo docker ps -qf label=com.amazonaws.ecs.container-name=web | head -1) ./manage x`",
            ]
        );
        let docker = "Docker running on 64bit Amazon Linux 2023";
        let last = |line| refused(docker, None, line).help.pop().unwrap();
        assert_eq!(
            last(|it| it.run("web", "")),
            "in the shell: `cd /var/app/current && sudo docker compose run --rm web`"
        );
        assert_eq!(
            last(|it| it.exec("web", "/bin/sh")),
            "in the shell: `sudo docker exec -it $(sudo docker ps -qf label=com.docker.compose.service=web | head -1) /bin/sh`"
        );
        let none = ContainerFinder { of_ecs: true }.run("web", "");
        assert!(none.ends_with("container-name=web | head -1) COMMAND"), "{none}");
    }
}
