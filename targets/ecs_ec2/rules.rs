//! `ecs-ec2/…`: capacity of the cluster's instances, and what their tasks share.

use tranship_frontend::rules;

rules! {
    TASK_TOO_LARGE = Error "ecs-ec2/task-too-large" "task larger than any instance"
        what "The containers of a task reserve more CPU or memory than the chosen instance type has left after the operating system and the ECS agent."
        why "ECS would wait forever for an instance with enough capacity."
        example "services:\n  app:\n    image: nginx\n    mem_limit: 8g\nx-tranship: { instance_type: t3.small }\n"
        fix "Choose a larger `instance_type` in the environment, or reserve less.";
    TOO_FEW_GPUS = Error "ecs-ec2/too-few-gpus" "instance type without enough GPUs"
        what "The containers of a task reserve GPUs (`gpus`, `deploy.resources.reservations.devices`), and the instance type has fewer."
        why "ECS would wait forever for an instance with enough of them."
        example "services:\n  infer:\n    image: infer\n    gpus: all\nx-tranship: { instance_type: m7i.large }\n"
        fix "Choose a type with GPUs, such as `g4dn.xlarge`, or leave `instance_type` out: Tranship takes the smallest one that fits.";
    TOO_FEW_INTERFACES = Error "ecs-ec2/too-few-interfaces" "not enough network interfaces"
        what "A service that others reach by name needs a network interface for each task, and an instance type has only a few. A deployment needs one more, because the new task starts before the old one stops."
        why "ECS could not place the last tasks, and a deployment would never finish."
        example "services:\n  app: { image: app, environment: { A: \"http://a:80\", B: \"http://b:80\" } }\n  a: { image: nginx, expose: [80] }\n  b: { image: nginx, expose: [80] }\nx-tranship: { instance_type: t3.micro, instances: { min: 1, max: 1 } }\n"
        fix "Choose a larger `instance_type`, or more `instances`.";
    MIXED_PROCESSORS = Error "ecs-ec2/mixed-processors" "CPU architecture mismatch"
        what "The service's `platform` asks for a CPU architecture that the cluster's instance type does not have."
        why "The container could not start on any instance of the cluster."
        example "services:\n  app:\n    image: nginx\n    platform: linux/arm64\nx-tranship: { instance_type: t3.small }\n"
        fix "Choose an `instance_type` with that architecture (`t4g.small` for arm64), or build the image for the other one.";
    INSTANCE_TYPE = Note "ecs-ec2/instance-type" "automatically chosen instance type"
        what "The environment sets no `instance_type`, so Tranship takes the smallest one that fits every task. If that is not the smallest type overall, this is a warning."
        why "Instances are billed by the hour, and a larger type costs more."
        example "services:\n  app:\n    image: nginx\n"
        fix "Set the type: `x-tranship: { instance_type: t3.medium }`.";
    UNKNOWN_INSTANCE_TYPE = Warning "ecs-ec2/unknown-instance-type" "unknown instance type"
        what "The instance type is not in Tranship's table of sizes, so Tranship cannot check whether the tasks fit on it."
        why "A task that fits on no instance only shows up on AWS, as a task that never starts."
        example "services:\n  app: { image: nginx }\nx-tranship: { instance_type: x9.small }\n"
        fix "Check the spelling. If the type is new or rare, accept this: `x-tranship: { accept: [ecs-ec2/unknown-instance-type] }`.";
    SHARED_SECURITY_GROUP = Note "ecs-ec2/shared-security-group" "tasks share the instance's security group"
        what "Services that are only reached through the load balancer, and jobs, run in bridge mode: their containers use the network interface and the security group of the instance."
        why "Everything that one of them may reach, all of them may reach. On Fargate, each service has its own security group."
        example "services:\n  app:\n    image: nginx\n    ports: [\"80:80\"]\n  worker:\n    image: worker\n"
        fix "Nothing. If services must be isolated from each other, choose the target `fargate`.";
}
