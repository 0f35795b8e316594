//! The decisions about one container, one file a concern.

mod capabilities;
mod environment;
mod gpus;
mod health_check;
mod host_access;
mod log_driver;
mod mount_points;
mod name_resolution;
mod namespaces;
mod process;
mod resource_limits;
mod stopping;

use super::{ContainerBounds, ContainerHost, ContainerPlan, ContainerPlanner, ContainerRequest};
use crate::Compilation;

/// Decides a container and claims every leaf that it uses. Its role in the task (whether it is essential,
/// what it waits for, which ports of the machine it gets) is the caller's to add.
pub fn plan_container<H: ContainerHost>(
    host: &mut H,
    request: &ContainerRequest<'_>,
    bounds: &ContainerBounds,
    cx: &mut Compilation<'_>,
) -> ContainerPlan<H::DeployText, H::KnownText> {
    let planner = &mut ContainerPlanner { request, bounds, cx };
    let image = process::image(planner, host);
    let mut container = ContainerPlan::new(request.name.clone(), image);
    process::plan(planner, host, &mut container);
    environment::plan(planner, host, &mut container);
    container.health = health_check::plan(planner, host);
    resource_limits::plan(planner, &mut container);
    mount_points::plan(planner, host, &mut container);
    stopping::plan(planner, &mut container);
    capabilities::plan(planner, &mut container.linux);
    host_access::plan(planner, &mut container);
    gpus::plan(planner, &mut container);
    name_resolution::plan(planner, &mut container);
    namespaces::plan(planner, &mut container);
    log_driver::plan(planner, &mut container);
    container
}
