//! Options of an Elastic Beanstalk environment that the bundle does not decide.
//!
//! In: the files of the bundle that runs and of the new one, and the options that are in effect. Out: [`OverriddenOption`]s. What was set
//! through the API, the console or the EB CLI wins over `.ebextensions`, now and in every later version. Source: AWS Elastic Beanstalk
//! Developer Guide, "Configuration options", "Precedence"; November 2026.

use super::bundle::{BundleFiles, SECRETS};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use tranship_frontend::secrets::is_secret_name;

/// An option by its namespace and its name.
pub type OptionName = (String, String);

/// An option whose value in the bundle has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverriddenOption {
    /// Such as `aws:autoscaling:asg`.
    pub namespace: String,
    /// Such as `MaxSize`.
    pub option: String,
    /// The value in effect; `None` if it may be a secret.
    pub value: Option<String>,
    /// The value in the new bundle; `None` if it may be a secret.
    pub bundle: Option<String>,
}

impl OverriddenOption {
    /// One line.
    pub(super) fn line(&self) -> String {
        let OverriddenOption { namespace, option, value, bundle } = self;
        let told = match (value, bundle) {
            (Some(value), Some(bundle)) => format!("stays {value}, not {bundle}"),
            _ => "keeps its value (secret)".to_owned(),
        };
        format!(
            "! {namespace} {option} {told}: it was set through the API or the console, which wins over the bundle"
        )
    }
}

/// The options that the bundle that runs sets, that have another value all the same, and that the new bundle sets too.
pub fn overridden(
    old: &BundleFiles,
    new: &BundleFiles,
    effective: &BTreeMap<OptionName, String>,
) -> Vec<OverriddenOption> {
    let (old, new) = (options(old), options(new));
    let mut found = Vec::new();
    for (name, before) in &old {
        let (Some(now), Some(bundle)) = (effective.get(name), new.get(name)) else { continue };
        if is_same(before, now) || is_same(bundle, now) || is_computed(before) || name.0 == SECRETS {
            continue;
        }
        let told = |value: &String| (!is_secret_name(&name.1)).then(|| value.clone());
        let (namespace, option) = name.clone();
        found.push(OverriddenOption { namespace, option, value: told(now), bundle: told(bundle) });
    }
    found
}

/// Elastic Beanstalk may spell a value in its own way.
fn is_same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

/// Whether only AWS knows the value: a function of CloudFormation in backticks.
fn is_computed(value: &str) -> bool {
    value.trim_start().starts_with('`')
}

/// The options of all configuration files, of which a later one wins.
fn options(files: &BundleFiles) -> BTreeMap<OptionName, String> {
    let mut found = BTreeMap::new();
    let own = |path: &str| {
        let name = path.strip_prefix(".ebextensions/");
        name.is_some_and(|name| name.ends_with(".config") && !name.contains('/'))
    };
    for (path, bytes) in files.iter().filter(|(path, _)| own(path)) {
        let text = String::from_utf8_lossy(bytes);
        let Some(document) = tranship_artifact::parse_document(path, &text) else { continue };
        match document.get("option_settings") {
            Some(Json::Object(namespaces)) => {
                for (namespace, options) in namespaces {
                    for (option, value) in options.as_object().into_iter().flatten() {
                        found.extend(plain(value).map(|value| ((namespace.clone(), option.clone()), value)));
                    }
                }
            }
            Some(Json::Array(settings)) => found.extend(settings.iter().filter_map(listed)),
            _ => {}
        }
    }
    found
}

/// An option of the long form, whose namespace is that of variables where it has none.
fn listed(setting: &Json) -> Option<(OptionName, String)> {
    let text = |key: &str| setting.get(key).and_then(Json::as_str).map(str::to_owned);
    let namespace = text("namespace").unwrap_or_else(|| super::bundle::VARIABLES.to_owned());
    let option = text("option_name").or_else(|| text("name"))?;
    Some(((namespace, option), plain(setting.get("value")?)?))
}

fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> BundleFiles {
        all.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn effective(all: &[(&str, &str, &str)]) -> BTreeMap<OptionName, String> {
        all.iter().map(|(space, name, value)| (((*space).into(), (*name).into()), (*value).into())).collect()
    }

    const ASG: &str = "aws:autoscaling:asg";

    fn sizes(most: &str) -> String {
        format!("option_settings:\n  {ASG}:\n    MinSize: 1\n    MaxSize: \"{most}\"\n")
    }

    #[test]
    fn what_was_set_elsewhere_is_told_with_both_values() {
        let old = files(&[(".ebextensions/10-options.config", &sizes("2")), ("option.config", "no: file\n")]);
        let new = files(&[(".ebextensions/10-options.config", &sizes("4"))]);
        let now = effective(&[(ASG, "MinSize", "1"), (ASG, "MaxSize", "8"), (ASG, "Other", "x")]);
        let found = overridden(&old, &new, &now);
        let one = OverriddenOption {
            namespace: ASG.into(),
            option: "MaxSize".into(),
            value: Some("8".into()),
            bundle: Some("4".into()),
        };
        assert_eq!(found, std::slice::from_ref(&one));
        assert_eq!(
            one.line(),
            "! aws:autoscaling:asg MaxSize stays 8, not 4: it was set through the API or the console, which wins over the bundle"
        );
        assert_eq!(overridden(&old, &files(&[]), &now), [], "the new bundle does not set it");
        let agrees = files(&[(".ebextensions/10-options.config", &sizes("8"))]);
        assert_eq!(overridden(&old, &agrees, &now), [], "they agree");
        assert_eq!(overridden(&old, &new, &effective(&[(ASG, "MaxSize", "2")])), [], "the bundle decides");
    }

    #[test]
    fn values_that_may_be_secret_or_that_only_aws_knows_are_not_told() {
        let text = "option_settings:\n  - { option_name: API_TOKEN, value: laptop }\n  - { namespace: \"aws:x\", option_name: Group, value: '`{\"Ref\": \"Group\"}`' }\n  - { namespace: \"aws:x\", option_name: On, value: true }\n";
        let both = files(&[(".ebextensions/a.config", text)]);
        let variables = "aws:elasticbeanstalk:application:environment";
        let now = effective(&[
            (variables, "API_TOKEN", "other"),
            ("aws:x", "Group", "sg-1"),
            ("aws:x", "On", "True"),
        ]);
        let found = overridden(&both, &both, &now);
        let hidden = OverriddenOption {
            namespace: variables.into(),
            option: "API_TOKEN".into(),
            value: None,
            bundle: None,
        };
        assert_eq!(found, [hidden]);
        assert!(found[0].line().contains("API_TOKEN keeps its value (secret): it was set"), "{found:?}");
        let secrets = format!("option_settings:\n  {SECRETS}:\n    KEY: arn:a\n");
        let both = files(&[(".ebextensions/a.config", &secrets)]);
        assert_eq!(overridden(&both, &both, &effective(&[(SECRETS, "KEY", "arn:b")])), []);
    }

    #[test]
    fn a_later_file_wins() {
        let all = files(&[
            (".ebextensions/20.config", &sizes("3")),
            (".ebextensions/10.config", &sizes("2")),
            (".ebextensions/deeper/30.config", &sizes("9")),
        ]);
        assert_eq!(options(&all).get(&(ASG.to_owned(), "MaxSize".to_owned())).map(String::as_str), Some("3"));
    }
}
