//! `ecs/…`: how Amazon ECS differs from Docker for a single container, on every target that uses it.

use tranship_frontend::rules;

rules! {
    HEALTH_CHECK_RANGE = Warning "ecs/health-check-range" "health check adjusted to ECS limits"
        what "ECS allows an interval of 5 to 300 seconds, a timeout of 2 to 60 seconds, 1 to 10 retries and a start period of up to 300 seconds. The nearest allowed value is used."
        why "ECS notices an unhealthy container earlier or later than Docker Compose does."
        example "services:\n  app:\n    image: app\n    healthcheck: { test: curl -f localhost, interval: 3s }\n"
        fix "Write a value within the limits, or accept the nearest: `x-tranship: { accept: [ecs/health-check-range] }`.";
    STOP_TIMEOUT = Warning "ecs/stop-timeout" "stop grace period adjusted to ECS limits"
        what "On Fargate, a container has 2 to 120 seconds to stop; on EC2 instances, at least 1 second. The nearest allowed value is used."
        why "A container that needs longer is killed."
        example "services:\n  worker: { image: worker, stop_grace_period: 10m }\n"
        fix "Make the program stop sooner, or use the target `ecs-ec2`, which has no upper limit.";
    TMPFS_SIZE = Note "ecs/tmpfs-size" "tmpfs without a size"
        what "ECS requires a size for every tmpfs. Compose does not, so Tranship sets 64 MiB."
        why "A program that writes more gets an error."
        example "services:\n  app: { image: app, tmpfs: /run }\n"
        fix "Set a size: `tmpfs: /run:size=128m`.";
}
