//! `ecs/…`: how Amazon ECS differs from Docker for a single container, on every target that uses it.

use tranship_frontend::rules;

rules! {
    HEALTH_CHECK_RANGE = Warning "ecs/health-check-range" "a health check outside of the ranges of Amazon ECS"
        what "Amazon ECS checks every 5 to 300 seconds, waits 2 to 60 seconds, retries 1 to 10 times, and gives a container at most 300 seconds to start. The nearest value is used."
        why "A container is found unhealthy later, or earlier, than by Docker Compose."
        example "services:\n  app:\n    image: app\n    healthcheck: { test: curl -f localhost, interval: 3s }\n"
        fix "Write a value within the range, or accept the nearest: `x-tranship: { accept: [ecs/health-check-range] }`.";
    STOP_TIMEOUT = Warning "ecs/stop-timeout" "a grace period outside of what the target allows"
        what "On Fargate a container has from 2 to 120 seconds to stop; on EC2 instances at least 1 second. The nearest value is used."
        why "A container that needs longer is killed."
        example "services:\n  worker: { image: worker, stop_grace_period: 10m }\n"
        fix "Make the program stop sooner, or use the target `ecs-ec2`, which has no upper limit.";
    TMPFS_SIZE = Note "ecs/tmpfs-size" "a tmpfs without a size"
        what "Amazon ECS needs a size for every tmpfs, and Compose does not. It gets 64 MiB."
        why "A program that writes more gets an error."
        example "services:\n  app: { image: app, tmpfs: /run }\n"
        fix "Give it a size: `tmpfs: /run:size=128m`.";
}
