//! The earlier deployments of a stack, to go back to.
//!
//! In: records that deployments wrote. Out: the one to go back to, and what going back cannot undo. Pure. Invariant: a record holds no
//! secret; a rollback leaves secrets as they are.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the form of a record.
const SCHEMA: u32 = 1;

/// Records that a stack keeps, the newest: all of them can be gone back to.
pub const KEPT: usize = 50;

/// Where the records of a stack are; `id` is its ARN, which another stack of the same name does not share.
pub fn folder(stack: &str, id: &str) -> String {
    format!("{}{}/", folder_of_name(stack), id.rsplit('/').next().unwrap_or_default())
}

/// Where the records are of all stacks that ever had a name.
pub fn folder_of_name(stack: &str) -> String {
    format!("history/{stack}/")
}

/// The objects that nobody goes back to, of those under [`folder_of_name`]: records of stacks of the same name that are gone, and all
/// but the newest [`KEPT`] of this one.
pub fn outdated(keys: &[String], folder: &str) -> Vec<String> {
    let (mut own, mut old): (Vec<&String>, Vec<&String>) =
        keys.iter().partition(|key| key.starts_with(folder));
    own.sort();
    own.truncate(own.len().saturating_sub(KEPT));
    old.extend(own);
    old.into_iter().cloned().collect()
}

/// What a stack was made of before a deployment changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRecord {
    /// The version of this form.
    pub schema: u32,
    /// When it was deployed: `2026-11-27T21:04:05Z`.
    pub deployed: String,
    /// Who deployed what came after it.
    pub replaced_by: String,
    /// The values of the parameters that are no secrets.
    pub parameters: BTreeMap<String, String>,
    /// The template.
    pub template: String,
}

impl DeploymentRecord {
    /// A record of what is deployed now.
    pub fn new(
        deployed: &str,
        replaced_by: &str,
        template: &str,
        parameters: BTreeMap<String, String>,
    ) -> Self {
        DeploymentRecord {
            schema: SCHEMA,
            deployed: deployed.to_owned(),
            replaced_by: replaced_by.to_owned(),
            parameters,
            template: template.to_owned(),
        }
    }

    /// Reads a record; `None` if it is none, or one of a later version.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<DeploymentRecord>(bytes).ok().filter(|record| record.schema == SCHEMA)
    }

    /// The text of the record.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The name of its object, which sorts by time: the characters of the time that a key may have.
    pub fn key(&self) -> String {
        let time: String = self.deployed.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{time}.json")
    }

    /// Whether this is what runs.
    pub fn is(&self, template: &str, parameters: &BTreeMap<String, String>) -> bool {
        self.template == template && self.parameters == *parameters
    }

    /// Whether a person means this one: by the value of a parameter, or by the start of its time.
    fn is_called(&self, version: &str) -> bool {
        let short: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
        self.parameters
            .values()
            .any(|value| value == version || value.rsplit([':', '@']).next() == Some(version))
            || version.len() >= DATE && (self.deployed.starts_with(version) || self.key().starts_with(&short))
    }

    /// One line: the time, and the values by which it is called.
    pub fn line(&self, variables: &BTreeMap<String, String>) -> String {
        let shown = self
            .parameters
            .iter()
            .filter_map(|(name, value)| Some(format!("{}={value}", variables.get(name)?)));
        let shown: Vec<String> = shown.collect();
        format!("{}  {}", self.deployed, shown.join(" ")).trim_end().to_owned()
    }
}

/// The names of the parameters that did not have one value all the time.
pub fn differing(records: &[DeploymentRecord], now: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let all = records.iter().flat_map(|record| &record.parameters);
    let changed = all.filter(|(name, value)| now.get(*name) != Some(*value));
    changed.map(|(name, _)| (name.clone(), name.clone())).collect()
}

/// The length of a date: a shorter start of a time names none.
const DATE: usize = 10;

/// The newest record that is not what runs; with a version, the newest one that is called so.
pub fn choose<'a>(
    records: &'a [DeploymentRecord],
    version: Option<&str>,
    template: &str,
    parameters: &BTreeMap<String, String>,
) -> Option<&'a DeploymentRecord> {
    let others = records.iter().filter(|record| !record.is(template, parameters));
    let called = others.filter(|record| version.is_none_or(|version| record.is_called(version)));
    called.max_by(|a, b| a.deployed.cmp(&b.deployed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(time: &str, tag: &str) -> DeploymentRecord {
        let parameters =
            BTreeMap::from([("Tag".to_owned(), tag.to_owned()), ("Image".to_owned(), format!("shop:{tag}"))]);
        DeploymentRecord::new(time, "ops", "template", parameters)
    }

    #[test]
    fn without_the_manifest_a_version_is_what_was_changed_since() {
        let mut records = [record("2026-11-27T21:04:05Z", "40"), record("2026-11-27T22:04:05Z", "41")];
        for one in &mut records {
            one.parameters.insert("VpcId".into(), "vpc-1".into());
        }
        let now = records[1].parameters.clone();
        let found = differing(&records, &now);
        let pair = |name: &str| (name.to_owned(), name.to_owned());
        assert_eq!(found, BTreeMap::from([pair("Tag"), pair("Image")]));
        assert_eq!(records[0].line(&found), "2026-11-27T21:04:05Z  Image=shop:40 Tag=40");
        assert_eq!(differing(&records[1..], &now), BTreeMap::new());
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let one = record("2026-11-27T21:04:05Z", "40");
        assert_eq!(DeploymentRecord::read(one.text().as_bytes()), Some(one.clone()));
        assert_eq!(one.key(), "20261127T210405Z.json");
        assert_eq!(DeploymentRecord::read(b"{}"), None);
        let later = DeploymentRecord { schema: 2, ..one };
        assert_eq!(DeploymentRecord::read(later.text().as_bytes()), None);
    }

    #[test]
    fn the_newest_records_of_the_stack_that_is_there_are_kept() {
        let id = "arn:aws:cloudformation:eu-west-1:1:stack/shop/5f0e";
        let folder = folder("shop", id);
        assert_eq!(
            (folder.as_str(), folder_of_name("shop").as_str()),
            ("history/shop/5f0e/", "history/shop/")
        );
        let key = |n: usize| format!("{folder}{n:03}.json");
        let mut keys: Vec<String> = (0..KEPT).rev().map(key).collect();
        assert_eq!(outdated(&keys, &folder), Vec::<String>::new());
        keys.extend([key(KEPT), key(KEPT + 1)]);
        assert_eq!(outdated(&keys, &folder), [key(0), key(1)]);
        keys = vec!["history/shop/01ff/900.json".into(), key(1), "history/shop/2.json".into()];
        assert_eq!(outdated(&keys, &folder), ["history/shop/01ff/900.json", "history/shop/2.json"]);
    }

    #[test]
    fn the_newest_that_does_not_run_is_chosen() {
        let all = [
            record("2026-11-25T10:00:00Z", "39"),
            record("2026-11-27T10:00:00Z", "41"),
            record("2026-11-26T10:00:00Z", "40"),
        ];
        let now = &all[1].parameters;
        let chosen = |version: Option<&str>| {
            choose(&all, version, "template", now).map(|it| it.parameters["Tag"].as_str())
        };
        assert_eq!(chosen(None), Some("40"));
        assert_eq!(chosen(Some("39")), Some("39"));
        assert_eq!(chosen(Some("41")), None, "it runs");
        assert_eq!(chosen(Some("2026-11-25")), Some("39"));
        assert_eq!(chosen(Some("20261126T1000")), Some("40"));
        assert_eq!(chosen(Some("2026")), None, "no date");
        assert_eq!(
            choose(&all, None, "another template", now).map(|it| it.parameters["Tag"].as_str()),
            Some("41")
        );
        assert_eq!(choose(&[], None, "template", now), None);
    }

    #[test]
    fn a_version_is_also_the_tag_of_an_image() {
        let mut one = record("2026-11-25T10:00:00Z", "39");
        one.parameters.remove("Tag");
        let all = [one];
        assert!(choose(&all, Some("39"), "t", &BTreeMap::new()).is_some());
        assert!(choose(&all, Some("shop"), "t", &BTreeMap::new()).is_none());
        let variables = BTreeMap::from([("Image".to_owned(), "IMAGE".to_owned())]);
        assert_eq!(all[0].line(&variables), "2026-11-25T10:00:00Z  IMAGE=shop:39");
        assert_eq!(all[0].line(&BTreeMap::new()), "2026-11-25T10:00:00Z");
    }
}
