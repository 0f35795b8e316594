//! Which container of a task routes the logs of the others: the router of FireLens.
//!
//! In: the services of a task. Out: the router, by its image, where another container asks for the driver
//! `awsfirelens`. Invariant: a container that hands its logs to a router is none itself.

use super::container::neighbours;
use super::planner::EcsPlanner;
use tranship_app::{AppService, ContainerImage};
use tranship_facts::LogRouter;

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
