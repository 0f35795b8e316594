//! `fargate/…`: what Fargate alone refuses.

use tranship_frontend::rules;

rules! {
    ILLEGAL_SIZE = Error "fargate/illegal-size" "a task that is too large for Fargate"
        what "The containers of a task ask for more CPU or memory than the largest Fargate size has: 32 virtual CPUs and 244 GB."
        why "Fargate could not run the task."
        example "services:\n  app:\n    image: app\n    deploy: { resources: { limits: { cpus: \"64\", memory: 512G } } }\n"
        fix "Ask for less, or use the target `ecs-ec2` with a large `instance_type`.";
    TASK_SIZE = Note "fargate/task-size" "the size chosen for a task"
        what "Fargate has certain sizes only. Tranship takes the smallest that holds what the containers ask for; if they ask for nothing, a quarter of a CPU and 512 MiB."
        why "The size decides what the task costs and how much it can use."
        example "services:\n  app:\n    image: app\n    deploy: { resources: { limits: { cpus: \"0.3\", memory: 700M } } }\n"
        fix "Write a size that Fargate has: `cpus: \"0.5\"` and `memory: 1G`.";
}
