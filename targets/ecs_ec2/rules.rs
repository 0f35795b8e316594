//! `ecs-ec2/…`: what the machines of a cluster cannot hold, and what their tasks share.

use tranship_frontend::rules;

rules! {
    TASK_TOO_LARGE = Error "ecs-ec2/task-too-large" "a task that fits on no machine"
        what "The containers of a task reserve more CPU or memory than one instance of the chosen type has for tasks, after the system and the ECS agent."
        why "ECS would wait for ever for a machine with enough capacity."
        example "services:\n  app:\n    image: nginx\n    mem_limit: 8g\nx-tranship: { instance_type: t3.small }\n"
        fix "Choose a larger `instance_type` in the environment, or ask for less.";
    TOO_FEW_INTERFACES = Error "ecs-ec2/too-few-interfaces" "too few network interfaces for the tasks"
        what "Each task of a service that others reach by name has a network interface of its own, and an instance type has only a few. A deployment needs one more, because the new task starts before the old one ends."
        why "ECS could not place the last tasks, and a deployment would never finish."
        example "services:\n  app: { image: app, environment: { A: \"http://a:80\", B: \"http://b:80\" } }\n  a: { image: nginx, expose: [80] }\n  b: { image: nginx, expose: [80] }\nx-tranship: { instance_type: t3.micro, instances: { min: 1, max: 1 } }\n"
        fix "Choose a larger `instance_type`, or raise `instances`.";
    MIXED_PROCESSORS = Error "ecs-ec2/mixed-processors" "an image for a processor that the machines do not have"
        what "The service's `platform` names a processor that the cluster's instance type does not have."
        why "The container could not start on any machine of the cluster."
        example "services:\n  app:\n    image: nginx\n    platform: linux/arm64\nx-tranship: { instance_type: t3.small }\n"
        fix "Choose an `instance_type` with that processor (`t4g.small` for arm64), or build the image for the other one.";
    INSTANCE_TYPE = Note "ecs-ec2/instance-type" "the instance type that Tranship chose"
        what "The environment names no instance type, so Tranship takes the smallest that holds every task. This is a warning if that is not the smallest of all."
        why "Machines are billed by the hour, and a larger type costs more."
        example "services:\n  app:\n    image: nginx\n"
        fix "Name the type: `x-tranship: { instance_type: t3.medium }`.";
    UNKNOWN_INSTANCE_TYPE = Warning "ecs-ec2/unknown-instance-type" "an unknown instance type"
        what "The instance type is not in the table of sizes, so Tranship cannot check that the tasks fit on it."
        why "If a task fits on no machine, ECS waits for ever instead of reporting it."
        example "services:\n  app: { image: nginx }\nx-tranship: { instance_type: x9.small }\n"
        fix "Check the spelling. If it is a new or rare type, accept this: `x-tranship: { accept: [ecs-ec2/unknown-instance-type] }`.";
    SHARED_SECURITY_GROUP = Note "ecs-ec2/shared-security-group" "tasks that share the network of their machine"
        what "Jobs, and services that only the load balancer reaches, run in bridge mode: their containers use the network interface and the security group of the machine."
        why "What one of them may reach, every one of them may reach. On Fargate each task has a security group of its own."
        example "services:\n  app:\n    image: nginx\n    ports: [\"80:80\"]\n  worker:\n    image: worker\n"
        fix "Nothing. Choose the target `fargate` if the services must be isolated from each other.";
}
