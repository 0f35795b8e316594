//! What is reported once about the mounted files of all services: what stays behind, and what is lost when a task stops.

use super::planner::EcsPlanner;
use crate::ecs::rules;
use crate::project_files;
use std::collections::BTreeSet;
use tranship_app::ManifestName;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// What is said once for all services.
#[derive(Default)]
pub(super) struct FileReports {
    /// What stays behind of mounted folders.
    pub(super) left_out: BTreeSet<String>,
    /// Mounts to which a container may write, with what is lost.
    pub(super) written: Vec<(String, ManifestName, Origin)>,
}

impl FileReports {
    /// Reports both.
    pub(super) fn report(self, planner: &mut EcsPlanner<'_, '_>) {
        if !self.left_out.is_empty() {
            let listed = project_files::listed_paths(&self.left_out);
            let message = format!("images leave out parts of mounted folders: {listed}");
            planner.report(Diagnostic::new(&rules::LEFT_OUT, message).help(
                "a file that is mounted by name is always part of the image; `.gitignore` and `.dockerignore` list what is left out",
            ));
        }
        if self.written.is_empty() {
            return;
        }
        let names: Vec<String> = self.written.iter().map(|(path, ..)| path.clone()).collect();
        let verb = if names.len() == 1 { "becomes" } else { "become" };
        let message = format!(
            "{} {verb} part of an image: changes that a container makes are lost when it stops",
            project_files::listed_paths(&names)
        );
        let places = self.written.iter().map(|(.., origin)| *origin).take(3);
        let told = places.fold(Diagnostic::new(&rules::CHANGES_LOST, message), Diagnostic::at);
        planner.report(told.help(
            "mount it with `:ro` where the container only reads it; keep what it writes in a named volume",
        ));
    }
}
