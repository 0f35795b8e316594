//! The environment's integrated database, as described by the environment's option settings.
//!
//! In: the settings of a running environment. Out: whether it has a database, and its deletion policy.
//! <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options-general.html#command-options-general-rdsdbinstance>

use aws_sdk_elasticbeanstalk::types::ConfigurationOptionSetting;
use tranship_targets::OptionSettingName;

/// The namespace of its settings.
const SPACE: &str = "aws:rds:dbinstance";

/// The value of a setting, if it has one.
fn value<'a>(settings: &'a [ConfigurationOptionSetting], space: &str, name: &str) -> Option<&'a str> {
    let is =
        |it: &&ConfigurationOptionSetting| it.namespace() == Some(space) && it.option_name() == Some(name);
    settings.iter().find(is).and_then(ConfigurationOptionSetting::value).filter(|value| !value.is_empty())
}

/// Whether the environment has a database.
fn exists(settings: &[ConfigurationOptionSetting]) -> bool {
    value(settings, SPACE, "HasCoupledDatabase") == Some("true")
        || value(settings, SPACE, "DBEngine").is_some()
}

/// What happens to the database when its environment is terminated; `None` if there is no database.
pub(super) fn deletion_policy(settings: &[ConfigurationOptionSetting]) -> Option<&str> {
    exists(settings).then(|| value(settings, SPACE, "DBDeletionPolicy").unwrap_or("Delete"))
}

/// Whether a setting was given. The API may omit the password, but a database always has one.
pub(super) fn is_given(settings: &[ConfigurationOptionSetting], option: &OptionSettingName) -> bool {
    let OptionSettingName { namespace, name } = option;
    value(settings, namespace, name).is_some() || (namespace == SPACE && exists(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Vec<ConfigurationOptionSetting> {
        let one = |(name, value): &(&str, &str)| {
            ConfigurationOptionSetting::builder().namespace(SPACE).option_name(*name).value(*value).build()
        };
        pairs.iter().map(one).collect()
    }

    #[test]
    fn a_database_is_told_from_none() {
        for (pairs, policy, password) in [
            (&[][..], None, false),
            (&[("HasCoupledDatabase", "false"), ("DBPassword", "")], None, false),
            (&[("HasCoupledDatabase", "false"), ("DBPassword", "***")], None, true),
            (&[("DBEngine", "mysql")], Some("Delete"), true),
            (&[("HasCoupledDatabase", "true"), ("DBDeletionPolicy", "Retain")], Some("Retain"), true),
        ] {
            let settings = settings(pairs);
            let option = OptionSettingName { namespace: SPACE.to_owned(), name: "DBPassword".to_owned() };
            assert_eq!(deletion_policy(&settings), policy, "{pairs:?}");
            assert_eq!(is_given(&settings, &option), password, "{pairs:?}");
        }
    }
}
