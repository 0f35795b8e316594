//! A plan that was reviewed, as a file.
//!
//! In: what a plan was made of. Out: a document, and why a later deployment is not that plan. Invariant: no secret is in the
//! file; of a secret, only whether it is set.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the form of the file.
const SCHEMA: u32 = 1;

/// A plan that was reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The version of this form.
    pub schema: u32,
    /// The environment of the manifest.
    pub environment: String,
    /// `stack shop-prod`.
    pub subject: String,
    /// The account that it was made for.
    pub account: String,
    /// The region that it was made for.
    pub region: String,
    /// The state of what was deployed: a hash of its content and the time of its last change; `None` where nothing was.
    pub deployed: Option<String>,
    /// The hash of the artifacts to deploy.
    pub artifacts: String,
    /// The values of the parameters that are no secrets.
    pub parameters: BTreeMap<String, String>,
    /// The secrets that are set.
    pub secrets: BTreeSet<String>,
    /// What was reviewed: the document of `diff --format json`.
    pub diff: serde_json::Value,
}

impl SavedPlan {
    /// The version of the form.
    pub fn schema() -> u32 {
        SCHEMA
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// It is none, or one of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let plan: SavedPlan =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no plan: line {}", error.line()))?;
        match plan.schema {
            SCHEMA => Ok(plan),
            other => Err(format!("it is a plan of version {other}, and this program reads version {SCHEMA}")),
        }
    }

    /// The file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Why a plan made now is another one; `None` if it is the same.
    pub fn objection(&self, now: &SavedPlan) -> Option<String> {
        if (&self.subject, &self.environment) != (&now.subject, &now.environment) {
            return Some(format!("the plan is for {} ({})", self.subject, self.environment));
        }
        if (&self.account, &self.region) != (&now.account, &now.region) {
            return Some(format!("the plan is for account {}, region {}", self.account, self.region));
        }
        if self.deployed != now.deployed {
            return Some(match (&self.deployed, &now.deployed) {
                (None, _) => format!("{} has been created since the plan was made", self.subject),
                (_, None) => format!("{} has been deleted since the plan was made", self.subject),
                _ => format!("{} has changed since the plan was made", self.subject),
            });
        }
        if self.artifacts != now.artifacts {
            return Some(
                "the artifacts are not those of the plan: the manifest or its variables changed".to_owned(),
            );
        }
        let names: BTreeSet<&String> = self.parameters.keys().chain(now.parameters.keys()).collect();
        let other = names.into_iter().find(|name| self.parameters.get(*name) != now.parameters.get(*name));
        if let Some(name) = other {
            return Some(format!("the parameter {name} has another value than in the plan"));
        }
        let secret = self.secrets.symmetric_difference(&now.secrets).next()?;
        Some(match self.secrets.contains(secret) {
            true => format!("the plan sets the secret {secret}: add `--secret {secret}=@FILE`"),
            false => format!("the plan does not set the secret {secret}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> SavedPlan {
        SavedPlan {
            schema: 1,
            environment: "prod".into(),
            subject: "stack shop-prod".into(),
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            deployed: Some("a".into()),
            artifacts: "b".into(),
            parameters: BTreeMap::from([("Tag".into(), "41".into())]),
            secrets: BTreeSet::from(["Password".into()]),
            diff: serde_json::json!({"changes": []}),
        }
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        assert_eq!((SavedPlan::schema(), plan().schema), (1, 1));
        assert_eq!(SavedPlan::read(plan().text().as_bytes()), Ok(plan()));
        assert_eq!(SavedPlan::read(b"{}\n{").unwrap_err(), "it is no plan: line 1");
        let newer = SavedPlan { schema: 2, ..plan() };
        let error = SavedPlan::read(newer.text().as_bytes()).unwrap_err();
        assert_eq!(error, "it is a plan of version 2, and this program reads version 1");
    }

    #[test]
    fn only_the_plan_that_was_reviewed_is_executed() {
        assert_eq!(plan().objection(&plan()), None);
        let elsewhere = SavedPlan { diff: serde_json::Value::Null, ..plan() };
        assert_eq!(plan().objection(&elsewhere), None, "the review itself decides nothing");
        for (now, objection) in [
            (SavedPlan { environment: "dev".into(), ..plan() }, "the plan is for stack shop-prod (prod)"),
            (
                SavedPlan { account: "1".into(), ..plan() },
                "the plan is for account 123456789012, region eu-west-1",
            ),
            (
                SavedPlan { deployed: Some("x".into()), ..plan() },
                "stack shop-prod has changed since the plan was made",
            ),
            (
                SavedPlan { deployed: None, ..plan() },
                "stack shop-prod has been deleted since the plan was made",
            ),
            (
                SavedPlan { artifacts: "x".into(), ..plan() },
                "the artifacts are not those of the plan: the manifest or its variables changed",
            ),
            (
                SavedPlan { parameters: BTreeMap::new(), ..plan() },
                "the parameter Tag has another value than in the plan",
            ),
            (
                SavedPlan { secrets: BTreeSet::new(), ..plan() },
                "the plan sets the secret Password: add `--secret Password=@FILE`",
            ),
            (
                SavedPlan { secrets: BTreeSet::from(["Password".into(), "Token".into()]), ..plan() },
                "the plan does not set the secret Token",
            ),
        ] {
            assert_eq!(plan().objection(&now).as_deref(), Some(objection));
        }
        let first = SavedPlan { deployed: None, ..plan() };
        assert_eq!(
            first.objection(&plan()).as_deref(),
            Some("stack shop-prod has been created since the plan was made")
        );
    }
}
