//! Which container of a task routes the logs of the others: the router of FireLens.
//!
//! In: the services of a task. Out: the router, by its image, where another container asks for the driver
//! `awsfirelens`. Invariant: a container that hands its logs to a router is none itself.

use super::container::neighbours;
use super::names;
use super::planner::EcsPlanner;
use camino::Utf8Path;
use tranship_app::{AppService, ContainerImage};
use tranship_facts::LogRouter;
use tranship_frontend::world::normalise;
use tranship_frontend::yaml::NodeId;

/// The driver that hands the output to a container of the task.
const FIRELENS: &str = "awsfirelens";

/// Which router the service's container is; nothing where no other container of its task asks for one.
pub(super) fn of(planner: &EcsPlanner<'_, '_>, service: &AppService) -> Option<LogRouter> {
    let router = router(service)?;
    let asked = others(planner, service).any(asks);
    asked.then_some(router)
}

/// Whether another container of the service's task routes its logs.
pub(super) fn routes(planner: &EcsPlanner<'_, '_>, service: &AppService) -> bool {
    others(planner, service).any(|other| router(other).is_some())
}

/// Refuses what FireLens does not take of its router: a user by name, since Amazon ECS gives the socket to a number, and a file at
/// the path of the configuration that Amazon ECS writes.
pub(super) fn check(planner: &mut EcsPlanner<'_, '_>, service: &AppService, router: LogRouter) {
    let user =
        service.container.user.as_ref().filter(|user| user.literal().is_some_and(|user| is_named(&user)));
    if let Some(user) = user {
        let reason = "Amazon ECS gives the socket of a log router to a user by its number";
        let remedy = "write the number of the user in the image: `user: \"1000:1000\"`";
        planner.reject(service, user, "user", reason, remedy);
    }
    let own = router.configuration();
    let at_own = |target: &str| normalise(Utf8Path::new(target)) == own;
    let mounts = service.container.mounts.iter().filter(|mount| at_own(mount.target.peek()));
    let files = service.container.files.iter().filter(|file| at_own(file.target.peek()));
    let places: Vec<NodeId> = mounts.map(|mount| mount.node).chain(files.map(|file| file.node)).collect();
    for node in places {
        let reason = "Amazon ECS writes the configuration of the log router there, and hides what is mounted";
        let remedy = format!(
            "mount the file at another path, and let that configuration include it: `x-tranship: {{ patch: [{{ resource: AWS::ECS::TaskDefinition, at: \"Properties.ContainerDefinitions[Name={}].FirelensConfiguration\", merge: {{ Options: {{ config-file-type: file, config-file-value: /extra.conf }} }} }}] }}`",
            names::container(&service.name)
        );
        planner.reject(service, &node, own, reason, &remedy);
    }
}

/// Whether a user is written as a name.
fn is_named(user: &str) -> bool {
    user.split(':').any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn others<'a>(
    planner: &EcsPlanner<'a, '_>,
    service: &AppService,
) -> impl Iterator<Item = &'a AppService> + use<'a> {
    let services = &planner.app.services;
    neighbours(planner, service).into_iter().filter_map(|name| services.get(name))
}

fn asks(service: &AppService) -> bool {
    service.container.logging.driver.as_ref().is_some_and(|driver| driver.peek() == FIRELENS)
}

fn router(service: &AppService) -> Option<LogRouter> {
    let ContainerImage::Named(image) = &service.container.image else { return None };
    LogRouter::of_image(&image.literal()?).filter(|_| !asks(service))
}
