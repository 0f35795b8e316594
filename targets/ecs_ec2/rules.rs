//! `ecs-ec2/…`: what machines of a cluster cannot hold, and what they share.

use tranship_frontend::rules;

rules! {
    TASK_TOO_LARGE = Error "ecs-ec2/task-too-large" "a task that fits on no machine"
        what "The containers of a task reserve more CPU or memory than one instance of the chosen type has left beside the system and the agent."
        why "ECS would wait for ever for a machine that can take it."
        example "services:\n  app:\n    image: nginx\n    mem_limit: 8g\nx-tranship: { instance_type: t3.small }\n"
        fix "Choose a larger `instance_type` in the environment, or ask for less.";
    TOO_FEW_INTERFACES = Error "ecs-ec2/too-few-interfaces" "more tasks with an address of their own than the machines have interfaces for"
        what "A service that others reach by its name has a network interface of its own, and an instance type has only few. A deployment needs one more, as the new task starts before the old one ends."
        why "ECS could not place the last tasks, and a deployment would never finish."
        example "services:\n  app: { image: app, environment: { A: \"http://a:80\", B: \"http://b:80\" } }\n  a: { image: nginx, expose: [80] }\n  b: { image: nginx, expose: [80] }\nx-tranship: { instance_type: t3.micro, instances: { min: 1, max: 1 } }\n"
        fix "Choose a larger `instance_type`, or more `instances`.";
    MIXED_PROCESSORS = Error "ecs-ec2/mixed-processors" "an image for another processor than the machines have"
        what "The service's `platform` asks for a processor that the cluster's instance type does not have."
        why "The container could not start on any machine of the cluster."
        example "services:\n  app:\n    image: nginx\n    platform: linux/arm64\nx-tranship: { instance_type: t3.small }\n"
        fix "Choose an `instance_type` with that processor (`t4g.small` for arm64), or build the image for the other one.";
    INSTANCE_TYPE = Note "ecs-ec2/instance-type" "the instance type that was chosen"
        what "The environment names no instance type, so the smallest that holds every task is taken. It is a warning when that is not the smallest of all."
        why "Machines are paid for by the hour, and a larger type costs more."
        example "services:\n  app:\n    image: nginx\n"
        fix "Name the type: `x-tranship: { instance_type: t3.medium }`.";
    UNKNOWN_INSTANCE_TYPE = Warning "ecs-ec2/unknown-instance-type" "an instance type whose size is not known here"
        what "The instance type is not in the table of sizes, so it is not checked whether the tasks fit on it."
        why "A task that fits on no machine is noticed only by AWS, by waiting."
        example "services:\n  app: { image: nginx }\nx-tranship: { instance_type: x9.small }\n"
        fix "Check the spelling. If it is a new or rare type, accept this: `x-tranship: { accept: [ecs-ec2/unknown-instance-type] }`.";
    SHARED_SECURITY_GROUP = Note "ecs-ec2/shared-security-group" "tasks that share their machine's network"
        what "Services that are reached through the load balancer only, and jobs, run in bridge mode: their containers use the network interface and the security group of the machine."
        why "What one of them may reach, every one of them on the machines may reach. On Fargate each has a group of its own."
        example "services:\n  app:\n    image: nginx\n    ports: [\"80:80\"]\n  worker:\n    image: worker\n"
        fix "Nothing needs to be done. Choose the target `fargate` where services must be kept apart.";
}
