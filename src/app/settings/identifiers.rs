//! Settings with a form of their own: ids and names of AWS, owners, schedules, days.

use super::declaration::SettingForm;
use super::egress::EgressTarget;
use super::reader::SettingReader;
use super::value::SettingValue;
use std::fmt;
use tranship_facts::quotas::cloudwatch_logs::{RETENTION_DAYS, USUAL_RETENTION_DAYS, is_retention};
use tranship_facts::{ImageReference, is_known_region};
use tranship_frontend::yaml::Node;

/// Declares text with a check: a newtype that holds only what passed it.
macro_rules! checked_text {
    ($(#[$meta:meta])+ $name:ident, $words:literal, $pattern:literal, $check:expr) => {
        $(#[$meta])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl SettingValue for $name {
            const FORM: &'static SettingForm = &SettingForm::Text { words: $words, pattern: $pattern };

            fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
                let check: fn(&str) -> bool = $check;
                reader.scalar(node, Self::FORM, |text| check(text).then(|| $name(text.to_owned())))
            }
        }
    };
}
pub(super) use checked_text;

checked_text!(
    /// The id of a VPC.
    VpcId,
    "a VPC id that starts with `vpc-`",
    "^vpc-[0-9a-z]+$",
    |text| is_resource_id(text, "vpc-")
);

checked_text!(
    /// The id of a subnet.
    SubnetId,
    "a subnet id that starts with `subnet-`",
    "^subnet-[0-9a-z]+$",
    |text| is_resource_id(text, "subnet-")
);

checked_text!(
    /// The id of a security group.
    SecurityGroupId,
    "a security group id that starts with `sg-`",
    "^sg-[0-9a-z]+$",
    |text| is_resource_id(text, "sg-")
);

checked_text!(
    /// The name of a host that is none of the manifest's.
    ForeignHost,
    "a host name with a dot, or an address, without a scheme and a port",
    "^[A-Za-z0-9.-]+$",
    |text| text.contains('.')
        && text.split('.').all(|part| !part.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
);

checked_text!(
    /// A snapshot of a database.
    SnapshotName,
    "the name or the ARN of a snapshot: letters, digits and `-`, after `rds:` if RDS made it",
    "^(arn:[^:]+:rds:[^:]+:[0-9]{12}:snapshot:)?(rds:)?[A-Za-z][A-Za-z0-9-]*$",
    |text| {
        let name = match text.split_once(":snapshot:") {
            Some((arn, name)) if arn.starts_with("arn:") && arn.contains(":rds:") => name,
            Some(_) => "",
            None => text,
        };
        let name = name.strip_prefix("rds:").unwrap_or(name);
        name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }
);

checked_text!(
    /// A folder of containers.
    ContainerFolder,
    "an absolute path of letters, digits, `.`, `_` and `-`, such as `/init`",
    "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$",
    |text| text.strip_prefix('/').is_some_and(|path| path.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    }))
);

checked_text!(
    /// An EFS file system: `new`, or the id of an existing one.
    FileSystemName,
    "`new`, or the id of an EFS file system that starts with `fs-`",
    "^(new|fs-[0-9a-z]+)$",
    |text| text == "new" || is_resource_id(text, "fs-")
);

impl FileSystemName {
    /// The id of an existing one.
    pub fn id(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|text| text.starts_with("fs-"))
    }
}

checked_text!(
    /// The id of a file system of Amazon EFS.
    FileSystemId,
    "the id of an EFS file system, which starts with `fs-`",
    "^fs-[0-9a-z]+$",
    |text| is_resource_id(text, "fs-")
);

checked_text!(
    /// The id of an access point of Amazon EFS.
    AccessPointId,
    "the id of an EFS access point, which starts with `fsap-`",
    "^fsap-[0-9a-z]+$",
    |text| is_resource_id(text, "fsap-")
);

checked_text!(
    /// The ARN of a certificate.
    CertificateArn,
    "the ARN of a certificate, such as `arn:aws:acm:eu-west-1:123456789012:certificate/1234`",
    "^arn:[^:]+:(acm|iam):",
    |text| matches!(text.split(':').collect::<Vec<_>>().as_slice(),
        ["arn", partition, "acm" | "iam", ..] if !partition.is_empty())
);

checked_text!(
    /// The ARN of a KMS key. The ARN of an alias is none: policies do not know it.
    KmsKeyArn,
    "the ARN of a KMS key, such as `arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`",
    "^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
    is_kms_key
);

checked_text!(
    /// The name of an AWS region.
    RegionName,
    "a region that AWS has, such as `eu-central-1`; for one that is newer than this version, leave it out and set AWS_REGION",
    "^[a-z]+(-[a-z]+)+-[0-9]+$",
    is_known_region
);

checked_text!(
    /// The number of an AWS account.
    AccountNumber,
    "the number of an AWS account: 12 digits",
    "^[0-9]{12}$",
    |text| text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit())
);

checked_text!(
    /// The ARN of a connection to a host of Git repositories.
    ConnectionArn,
    "the ARN of a connection, such as `arn:aws:codeconnections:eu-west-1:123456789012:connection/1234`",
    "^arn:[^:]+:(codeconnections|codestar-connections):[^:]+:[0-9]{12}:connection/",
    |text| matches!(text.split(':').collect::<Vec<_>>().as_slice(),
        ["arn", partition, "codeconnections" | "codestar-connections", region, _, name]
            if !partition.is_empty() && is_known_region(region) && name.starts_with("connection/"))
);

checked_text!(
    /// A Git repository on its host: `OWNER/NAME`.
    SourceRepository,
    "a repository, such as `acme/shop`",
    "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
    |text| text.contains('/') && text.split('/').all(is_repository_part)
);

checked_text!(
    /// Who is told: a mail address, or an SNS topic.
    NotificationTarget,
    "a mail address, or the ARN of an SNS topic",
    "^(arn:[^:]+:sns:[^:]+:[0-9]{12}:.+|[^@ ]+@[^@ ]+)$",
    |text| match text.strip_prefix("arn:") {
        Some(rest) => rest.split(':').nth(1) == Some("sns") && rest.split(':').count() == 5,
        None => text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace) && !host.contains('@')
        }),
    }
);

impl NotificationTarget {
    /// Whether it is the ARN of a topic.
    pub fn is_topic(&self) -> bool {
        self.0.starts_with("arn:")
    }
}

checked_text!(
    /// The address of an archive.
    ArchiveAddress,
    "an address that starts with `https://` and ends in `.tar.gz`",
    "^https://[A-Za-z0-9._~:/%@+=-]+\\.tar\\.gz$",
    |text| text.strip_prefix("https://").and_then(|rest| rest.strip_suffix(".tar.gz")).is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|letter| letter.is_ascii_alphanumeric() || "._~:/%@+=-".contains(letter))
    })
);

checked_text!(
    /// A secret of Secrets Manager, by its ARN or its name.
    SecretName,
    "the ARN or the name of a secret in Secrets Manager, such as `acme/ghcr`",
    "^(arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@-]+$",
    is_secret
);

impl SecretName {
    /// Whether it is an ARN.
    pub fn is_arn(&self) -> bool {
        self.0.starts_with("arn:")
    }
}

checked_text!(
    /// A file in S3: `s3://bucket/key`.
    FileLocation,
    "a file in S3, such as `s3://acme-config/dockercfg.json`",
    "^s3://[a-z0-9.-]+/.+$",
    |text| split_location(text).is_some()
);

impl FileLocation {
    /// Its bucket and its key.
    pub fn parts(&self) -> (&str, &str) {
        split_location(&self.0).unwrap_or_default()
    }
}

checked_text!(
    /// A registry of container images, with or without a path.
    RegistryPath,
    "a registry and a path in it, such as `ghcr.io/acme`",
    "^(localhost|[^/ ]*[.:][^/ ]*)(/[^ ]+)?$",
    |text| !text.contains('@') && {
        let image = format!("{}/x", text.trim_end_matches('/'));
        let parsed = ImageReference::parse(&image);
        ImageReference::is_valid(&image) && parsed.registry.is_some() && parsed.tag.is_none()
    }
);

checked_text!(
    /// The class of a managed database's instance.
    DatabaseClass,
    "an instance class that starts with `db.`",
    "^db\\.",
    |text| text.len() > 3 && text.starts_with("db.")
);

checked_text!(
    /// The path of a URL.
    UrlPath,
    "a path that starts with `/`",
    "^/",
    |text| text.starts_with('/')
);

checked_text!(
    /// When a job runs, as EventBridge Scheduler writes it: `rate(1 hour)`, `cron(0 3 * * ? *)`,
    /// `at(2027-01-01T00:00:00)`.
    ScheduleExpression,
    "a schedule: `rate(1 hour)`, six fields such as `cron(0 3 * * ? *)`, or `at(2027-01-01T00:00:00)`",
    "^(rate|cron|at)\\(.+\\)$",
    is_schedule
);

checked_text!(
    /// The id of a hosted zone of Route 53.
    HostedZoneId,
    "the id of a hosted zone of Route 53, such as `Z0123456789ABCDEFGHIJ`",
    "^Z[A-Z0-9]{1,31}$",
    |text| text.starts_with('Z')
        && (2..=32).contains(&text.len())
        && text.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
);

/// Addresses in CIDR notation, with the bits of the host cleared as EC2 stores them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkRange {
    /// IPv4.
    Ipv4(String),
    /// IPv6.
    Ipv6(String),
}

impl NetworkRange {
    /// A range or an address.
    fn parse(text: &str) -> Option<Self> {
        match EgressTarget::parse(text)? {
            EgressTarget::Ipv4(range) => Some(NetworkRange::Ipv4(range)),
            EgressTarget::Ipv6(range) => Some(NetworkRange::Ipv6(range)),
            EgressTarget::Host(_) => None,
        }
    }

    /// The range.
    pub fn as_str(&self) -> &str {
        match self {
            NetworkRange::Ipv4(range) | NetworkRange::Ipv6(range) => range,
        }
    }
}

impl SettingValue for NetworkRange {
    const FORM: &'static SettingForm = &SettingForm::Text {
        words: "a range such as `203.0.113.0/24`, or an address",
        pattern: "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
    };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, NetworkRange::parse)
    }
}

/// A name of Secrets Manager, alone or at the end of an ARN.
/// Whether a text is one part of the name of a repository.
fn is_repository_part(part: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    !part.is_empty() && part != "." && part != ".." && part.chars().all(is_letter)
}

fn is_secret(text: &str) -> bool {
    let name = match text.split(':').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        ["arn", partition, "secretsmanager", region, account, "secret", name]
            if !partition.is_empty() && !region.is_empty() && account.len() == 12 =>
        {
            *name
        }
        _ => return false,
    };
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "/_+=.@-".contains(letter);
    !name.is_empty() && name.chars().all(legal)
}

fn is_kms_key(text: &str) -> bool {
    let ["arn", partition, "kms", region, account, resource] = text.split(':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let id = resource.strip_prefix("key/").unwrap_or_default();
    !partition.is_empty()
        && is_known_region(region)
        && account.len() == 12
        && account.bytes().all(|digit| digit.is_ascii_digit())
        && !id.is_empty()
        && id.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
}

/// `s3://bucket/key`.
fn split_location(text: &str) -> Option<(&str, &str)> {
    let (bucket, key) = text.strip_prefix("s3://")?.split_once('/')?;
    let legal =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-".contains(letter);
    (!bucket.is_empty() && bucket.chars().all(legal) && !key.is_empty()).then_some((bucket, key))
}

/// `vpc-0abc`: the kind, then letters and digits.
fn is_resource_id(text: &str, prefix: &str) -> bool {
    let id = text.strip_prefix(prefix).unwrap_or_default();
    !id.is_empty() && id.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
}

/// Source: Amazon EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler".
fn is_schedule(text: &str) -> bool {
    let Some((kind, rest)) = text.split_once('(') else { return false };
    let Some(inner) = rest.strip_suffix(')') else { return false };
    let words: Vec<&str> = inner.split_whitespace().collect();
    match (kind, words.as_slice()) {
        ("rate", [count, unit]) => {
            let units = ["minute", "minutes", "hour", "hours", "day", "days"];
            count.parse::<u32>().is_ok_and(|count| count > 0) && units.contains(unit)
        }
        // One of day of month and day of week must be `?`.
        ("cron", [_, _, day_of_month, _, day_of_week, _]) => [day_of_month, day_of_week].contains(&&"?"),
        ("at", [_]) => true,
        _ => false,
    }
}

/// The user and group that own a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VolumeOwner {
    /// The user's id.
    pub user: u32,
    /// The group's id.
    pub group: u32,
}

impl VolumeOwner {
    /// Who owns what nobody was given.
    pub const ROOT: VolumeOwner = VolumeOwner { user: 0, group: 0 };

    /// `1000:1000`, or `1000` for both.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, group) = text.split_once(':').unwrap_or((text, text));
        Some(VolumeOwner { user: user.parse().ok()?, group: group.parse().ok()? })
    }
}

impl fmt::Display for VolumeOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

impl SettingValue for VolumeOwner {
    const FORM: &'static SettingForm = &SettingForm::Text {
        words: "a numeric `uid:gid` in quotes, such as `\"1000:1000\"`",
        pattern: "^[0-9]+(:[0-9]+)?$",
    };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, VolumeOwner::parse)
    }
}

/// How many days CloudWatch keeps logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRetention(u32);

impl LogRetention {
    /// In days.
    pub fn days(self) -> u32 {
        self.0
    }
}

impl Default for LogRetention {
    fn default() -> Self {
        LogRetention(USUAL_RETENTION_DAYS)
    }
}

impl fmt::Display for LogRetention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl SettingValue for LogRetention {
    const FORM: &'static SettingForm = &SettingForm::Numbers(RETENTION_DAYS);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, |text| {
            text.parse().ok().filter(|days| is_retention(*days)).map(LogRetention)
        })
    }
}

/// The name of a target that this program has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetName(String);

impl TargetName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SettingValue for TargetName {
    const FORM: &'static SettingForm = &SettingForm::TargetName;

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        let known = reader.targets();
        reader.scalar(node, Self::FORM, |text| known.contains(&text).then(|| TargetName(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for (text, is) in [
            ("eu-central-1", true),
            ("us-gov-west-1", true),
            ("eusc-de-east-1", true),
            ("eu-central", false),
            ("eu-central-9", false),
            ("Frankfurt", false),
            ("eu-1", false),
            ("", false),
        ] {
            assert_eq!(is_known_region(text), is, "{text}");
        }
    }

    #[test]
    fn keys_of_kms() {
        for (text, is) in [
            ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", true),
            ("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab", true),
            ("arn:aws:kms:eu-west-1:123456789012:alias/exec", false),
            ("arn:aws:kms:eu-west-1:123456789012:key/", false),
            ("arn:aws:kms:eu-west-1:123456789012:key/a/b", false),
            ("arn:aws:kms:eu-west-1:12345678901:key/a", false),
            ("arn:aws:kms:eu-west-1:12345678901x:key/a", false),
            ("arn:aws:kms:nowhere:123456789012:key/a", false),
            ("arn::kms:eu-west-1:123456789012:key/a", false),
            ("arn:aws:acm:eu-west-1:123456789012:key/a", false),
            ("1234abcd-12ab-34cd-56ef-1234567890ab", false),
        ] {
            assert_eq!(is_kms_key(text), is, "{text}");
        }
    }

    #[test]
    fn schedules() {
        for (text, is) in [
            ("rate(1 hour)", true),
            ("rate(0 hours)", false),
            ("rate(1 week)", false),
            ("cron(0 3 * * ? *)", true),
            ("cron(0 3 * * * *)", false),
            ("cron(0 3 * * ?)", false),
            ("0 3 * * *", false),
            ("at(2027-01-01T00:00:00)", true),
            ("at()", false),
        ] {
            assert_eq!(is_schedule(text), is, "{text}");
        }
    }

    #[test]
    fn owners_are_numbers() {
        assert_eq!(VolumeOwner::parse("1000:33"), Some(VolumeOwner { user: 1000, group: 33 }));
        assert_eq!(VolumeOwner::parse("1000"), Some(VolumeOwner { user: 1000, group: 1000 }));
        for text in ["www-data", "1000:", ":1000", "", "-1:0"] {
            assert_eq!(VolumeOwner::parse(text), None, "{text}");
        }
    }
}
