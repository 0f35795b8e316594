//! `exec`: commands in containers that run, how a session is encrypted, and where it is logged.

use super::ECS;
use super::declaration::{SettingForm, setting_group};
use super::identifiers::KmsKeyArn;
use super::reader::SettingReader;
use super::value::{SettingValue, is_collection};
use crate::At;
use std::fmt;
use tranship_frontend::yaml::Node;

/// `exec`.
#[derive(Debug, Clone)]
pub enum ExecSetting {
    /// `true` or `false`.
    Switch(At<bool>),
    /// A mapping: on, with these choices.
    Sessions(At<ExecSettings>),
}

impl SettingValue for ExecSetting {
    const FORM: &'static SettingForm = &SettingForm::Either(&[bool::FORM, ExecSettings::FORM]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if is_collection(node) {
            return At::read(node, reader).map(ExecSetting::Sessions);
        }
        At::read(node, reader).map(ExecSetting::Switch)
    }
}

setting_group! {
    /// `exec` as a mapping.
    #[derive(Default)]
    pub ExecSettings check = ExecSettings::check {
        /// The KMS key that encrypts what passes between your terminal and the container, besides TLS. Whoever runs
        /// `tranship exec` needs `kms:GenerateDataKey` on it; task roles get `kms:Decrypt`.
        kms_key: Option<At<KmsKeyArn>> {
            default: "none: TLS 1.2 alone",
            example: "x-tranship:\n  exec: { kms_key: \"arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\" }\n",
            targets: Only(ECS),
        }
        /// Where it is kept what was typed and printed in a session. `service`: with the logs of the service. `group`: in a
        /// log group for sessions, `/STACK/exec`. `s3://BUCKET/PREFIX`: in a bucket that exists. `none`: nowhere. The image
        /// needs `script` and `cat`, without which ECS logs nothing.
        log: Option<At<ExecLog>> {
            default: "`service`",
            example: "x-tranship:\n  exec: { log: \"s3://acme-audit/exec\" }\n",
            targets: Only(ECS),
        }
        /// The KMS key of the log. With `log: group`, the log group is encrypted with it, and the policy of the key must allow
        /// `logs.REGION.amazonaws.com`. With a bucket, the key that its objects are encrypted with: task roles get
        /// `kms:GenerateDataKey`.
        log_key: Option<At<KmsKeyArn>> {
            default: "none: the log is encrypted with a key of AWS",
            example: "x-tranship:\n  exec: { log: group, log_key: \"arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\" }\n",
            targets: Only(ECS),
        }
    }
}

impl ExecSettings {
    /// A key needs a log of its own.
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        let own =
            self.log.as_ref().is_some_and(|log| matches!(log.peek(), ExecLog::Group | ExecLog::Bucket(_)));
        if own || self.log_key.is_none() {
            return Some(());
        }
        reader.report(
            node,
            "`log_key` needs a log of its own".to_owned(),
            "add `log: group`, or `log: s3://BUCKET/PREFIX`; `kms_key` encrypts the session itself"
                .to_owned(),
        );
        None
    }
}

/// Where sessions are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecLog {
    /// `service`: with the logs of the service.
    Service,
    /// `group`: a log group for sessions alone.
    Group,
    /// A bucket.
    Bucket(ExecBucket),
    /// `none`: nowhere.
    Nowhere,
}

/// A place in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecBucket {
    /// The bucket.
    pub name: String,
    /// What the keys of objects begin with, without a slash at its end.
    pub prefix: Option<String>,
}

impl ExecLog {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "service" => return Some(ExecLog::Service),
            "group" => return Some(ExecLog::Group),
            "none" => return Some(ExecLog::Nowhere),
            _ => {}
        }
        let (name, prefix) =
            text.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
        let letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let legal = (3..=63).contains(&name.len())
            && name.starts_with(letter)
            && name.ends_with(letter)
            && name.chars().all(|it| letter(it) || ".-".contains(it));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let plain = prefix.split('/').all(|part| {
            !part.is_empty() && part.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it))
        });
        (legal && (prefix.is_empty() || plain)).then(|| {
            let prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
            ExecLog::Bucket(ExecBucket { name: name.to_owned(), prefix })
        })
    }
}

impl fmt::Display for ExecLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecLog::Service => f.write_str("service"),
            ExecLog::Group => f.write_str("group"),
            ExecLog::Nowhere => f.write_str("none"),
            ExecLog::Bucket(ExecBucket { name, prefix: None }) => write!(f, "s3://{name}"),
            ExecLog::Bucket(ExecBucket { name, prefix: Some(prefix) }) => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

impl SettingValue for ExecLog {
    const FORM: &'static SettingForm = &SettingForm::Text {
        words: "`service`, `group`, `none`, or a place in S3 such as `s3://acme-audit/exec`",
        pattern: "^(service|group|none|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?)$",
    };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, ExecLog::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_a_word_or_a_place_in_a_bucket() {
        for (text, shown) in [
            ("service", "service"),
            ("group", "group"),
            ("none", "none"),
            ("s3://acme-audit", "s3://acme-audit"),
            ("s3://acme-audit/", "s3://acme-audit"),
            ("s3://acme.audit9/exec/prod/", "s3://acme.audit9/exec/prod"),
        ] {
            assert_eq!(ExecLog::parse(text).unwrap().to_string(), shown, "{text}");
        }
        let long = format!("s3://{}", "a".repeat(64));
        for text in [
            "",
            "cloudwatch",
            "s3://",
            "s3://ab",
            "s3://Acme",
            "s3://-ab",
            "s3://ab-",
            "s3://abc//x",
            "s3://abc/x y",
            &long,
        ] {
            assert_eq!(ExecLog::parse(text), None, "{text}");
        }
        let longest = format!("s3://{}", "a".repeat(63));
        assert_eq!(ExecLog::parse(&longest).unwrap().to_string(), longest);
    }
}
