//! `fargate/…`: limits of Fargate alone.

use tranship_frontend::rules;

rules! {
    ILLEGAL_SIZE = Error "fargate/illegal-size" "task exceeds the largest Fargate size"
        what "The containers of a task need more CPU or memory than the largest Fargate size has: 32 vCPUs and 244 GB."
        why "Fargate could not run the task."
        example "services:\n  app:\n    image: app\n    deploy: { resources: { limits: { cpus: \"64\", memory: 512G } } }\n"
        fix "Reserve less, or use the target `ecs-ec2` with a large `instance_type`.";
    TASK_SIZE = Note "fargate/task-size" "chosen task size"
        what "Fargate offers fixed sizes. Tranship takes the smallest one that fits the containers' limits and reservations. Without any, it takes 0.25 vCPU and 512 MiB."
        why "The size determines what the task costs and what it can use."
        example "services:\n  app:\n    image: app\n    deploy: { resources: { limits: { cpus: \"0.3\", memory: 700M } } }\n"
        fix "Set a size that Fargate offers: `cpus: \"0.5\"` and `memory: 1G`.";
}
