//! Whose a stack or an environment is: the mark of the project in its tags.
//!
//! In: the tags of what exists, the mark of this project. Out: nothing, or why it is left alone. Invariant: nothing of
//! another project is changed or deleted, unless the user takes it over with `--adopt`. Pure.

use super::failure::DeployFailure;

/// The tag with the project's name.
const PROJECT: &str = "tranship:project";

/// The tag with the environment's name.
const ENVIRONMENT: &str = "tranship:environment";

/// The tag that tells two repositories with one project name apart.
const REPOSITORY: &str = "tranship:repository";

/// The mark of a project and one of its environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectMark {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// What tells this repository from others; nothing where the project is in none.
    pub repository: Option<String>,
}

impl ProjectMark {
    /// As tags.
    pub(super) fn tags(&self) -> Vec<(String, String)> {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut tags = vec![pair(PROJECT, &self.project), pair(ENVIRONMENT, &self.environment)];
        tags.extend(self.repository.as_ref().map(|id| pair(REPOSITORY, id)));
        tags
    }

    /// Why what has these tags is not ours; nothing where it is.
    pub(super) fn objection(&self, tags: &[(String, String)]) -> Option<String> {
        let tag = |key: &str| tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let Some(project) = tag(PROJECT) else {
            return Some(format!(
                "it has no tag `{PROJECT}`: Tranship did not make it, or an earlier version did"
            ));
        };
        let environment = tag(ENVIRONMENT).unwrap_or_default();
        if (project, environment) != (self.project.as_str(), self.environment.as_str()) {
            return Some(format!("it belongs to the project `{project}`, environment `{environment}`"));
        }
        match (tag(REPOSITORY), &self.repository) {
            (Some(theirs), Some(ours)) if theirs != ours => Some(format!(
                "it belongs to a project that is also called `{project}`, in another repository or folder ({theirs}, this is {ours})"
            )),
            _ => None,
        }
    }

    /// Whether these tags have no mark of any project.
    pub(super) fn is_missing(tags: &[(String, String)]) -> bool {
        tags.iter().all(|(key, _)| key != PROJECT)
    }

    /// Refuses what is not ours.
    pub(super) fn check(
        &self,
        what: &str,
        tags: &[(String, String)],
        adopt: bool,
    ) -> Result<(), DeployFailure> {
        match self.objection(tags).filter(|_| !adopt) {
            None => Ok(()),
            Some(objection) => Err(DeployFailure::usage(format!(
                "{what} was not deployed by this project: {objection}"
            ))
            .help("nothing was changed")
            .help("set `stack` to another name for this environment under `x-tranship`")
            .help(
                "or take it over with `--adopt`: what this manifest does not have is then removed from it",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(repository: Option<&str>) -> ProjectMark {
        ProjectMark {
            project: "shop".into(),
            environment: "prod".into(),
            repository: repository.map(str::to_owned),
        }
    }

    #[test]
    fn a_mark_knows_its_own() {
        assert_eq!(mark(Some("a1")).objection(&mark(Some("a1")).tags()), None);
        assert_eq!(mark(None).objection(&mark(Some("a1")).tags()), None, "a copy without a repository");
        assert_eq!(mark(Some("a1")).objection(&mark(None).tags()), None);
    }

    #[test]
    fn what_is_anothers_is_left_alone() {
        let other = |key: &str, value: &str| {
            let mut tags = mark(Some("a1")).tags();
            tags.iter_mut().filter(|(name, _)| name == key).for_each(|(_, old)| *old = value.to_owned());
            mark(Some("a1")).objection(&tags).unwrap()
        };
        assert_eq!(other(PROJECT, "blog"), "it belongs to the project `blog`, environment `prod`");
        assert_eq!(other(ENVIRONMENT, "dev"), "it belongs to the project `shop`, environment `dev`");
        assert!(other(REPOSITORY, "b2").contains("in another repository or folder (b2, this is a1)"));
        let unmarked = [("Name".to_owned(), "x".to_owned())];
        assert!(mark(None).objection(&unmarked).unwrap().contains("no tag `tranship:project`"));
        assert!(ProjectMark::is_missing(&unmarked) && ProjectMark::is_missing(&[]));
        assert!(!ProjectMark::is_missing(&mark(None).tags()));
    }

    #[test]
    fn a_refusal_says_what_to_do_and_adopting_is_allowed() {
        let failure = mark(None).check("the stack shop-prod", &[], false).unwrap_err();
        assert!(failure.message.starts_with("the stack shop-prod was not deployed by this project: "));
        assert!(failure.help.iter().any(|line| line.contains("`--adopt`")), "{failure:?}");
        assert!(mark(None).check("the stack shop-prod", &[], true).is_ok());
    }
}
