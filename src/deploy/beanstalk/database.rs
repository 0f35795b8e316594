//! The database inside an environment, as the environment's settings tell it.
//!
//! In: the settings that an environment runs with. Out: whether there is one, and what becomes of it.
//! <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/command-options-general.html#command-options-general-rdsdbinstance>

use aws_sdk_elasticbeanstalk::types::ConfigurationOptionSetting;

/// The namespace of its settings.
const SPACE: &str = "aws:rds:dbinstance";

/// The value of a setting; nothing where it has none.
fn value<'a>(settings: &'a [ConfigurationOptionSetting], space: &str, name: &str) -> Option<&'a str> {
    let is =
        |it: &&ConfigurationOptionSetting| it.namespace() == Some(space) && it.option_name() == Some(name);
    settings.iter().find(is).and_then(ConfigurationOptionSetting::value).filter(|value| !value.is_empty())
}

/// Whether the environment has one.
fn exists(settings: &[ConfigurationOptionSetting]) -> bool {
    value(settings, SPACE, "HasCoupledDatabase") == Some("true")
        || value(settings, SPACE, "DBEngine").is_some()
}

/// What becomes of it when its environment ends; nothing where there is none.
pub(super) fn deletion_policy(settings: &[ConfigurationOptionSetting]) -> Option<&str> {
    exists(settings).then(|| value(settings, SPACE, "DBDeletionPolicy").unwrap_or("Delete"))
}

/// Whether a setting was given. A password need not be shown: a database was made with one.
pub(super) fn is_given(settings: &[ConfigurationOptionSetting], space: &str, name: &str) -> bool {
    value(settings, space, name).is_some() || (space == SPACE && exists(settings))
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
            assert_eq!(deletion_policy(&settings), policy, "{pairs:?}");
            assert_eq!(is_given(&settings, SPACE, "DBPassword"), password, "{pairs:?}");
        }
    }
}
