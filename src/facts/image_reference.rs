//! References to container images, and the repositories of Amazon ECR that they name.
//!
//! In: `[registry/]repository[:tag][@digest]`, or the start of one whose rest is known only at deployment.
//! Out: its parts, which borrow from the text. Source: the distribution project's reference grammar;
//! Amazon ECR User Guide, "Amazon ECR registries" and "Making requests to Amazon ECR registries",
//! November 2026.

use crate::AwsPartition;

/// Letters of a tag (reference grammar of the distribution project).
const LONGEST_TAG: usize = 128;

/// Hexadecimal digits of a digest (reference grammar of the distribution project).
const SHORTEST_DIGEST: usize = 32;

/// The parts of an image reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageReference<'a> {
    /// The registry's host, with its port; nothing for Docker Hub without its name.
    pub registry: Option<&'a str>,
    /// The repository, with its namespaces: `library/redis`.
    pub repository: &'a str,
    /// What follows the colon.
    pub tag: Option<&'a str>,
    /// What follows `@`.
    pub digest: Option<&'a str>,
}

impl<'a> ImageReference<'a> {
    /// The parts of a reference, or of its start. Any text has parts; a registry checks them.
    pub fn parse(text: &'a str) -> ImageReference<'a> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        // A colon before a slash belongs to the registry's port.
        let (path, tag) = match name.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (name, None),
        };
        match path.split_once('/') {
            Some((host, repository)) if is_registry(host) => {
                ImageReference { registry: Some(host), repository, tag, digest }
            }
            _ => ImageReference { registry: None, repository: path, tag, digest },
        }
    }

    /// Whether a registry can hold an image of this name.
    pub fn is_valid(text: &str) -> bool {
        let ImageReference { registry, repository, tag, digest } = ImageReference::parse(text);
        registry.is_none_or(is_host)
            && repository.split('/').all(is_path_component)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest)
    }

    /// Whether the repository is whole even where more text follows: its tag or digest has begun.
    pub fn is_repository_whole(&self) -> bool {
        self.tag.is_some() || self.digest.is_some()
    }

    /// The host of the registry as users write it: `docker.io` for Docker Hub.
    pub fn registry_host(&self) -> &'a str {
        canonical_registry(self.registry.unwrap_or(DOCKER_HUB))
    }

    /// The repository in Amazon ECR; nothing for any other registry. ECR Public needs no rights.
    pub fn ecr(&self) -> Option<EcrRepository<'a>> {
        let registry = EcrRegistry::parse(self.registry?)?;
        Some(EcrRepository { account: registry.account, region: registry.region, name: self.repository })
    }
}

/// Docker Hub in the name of an image.
pub const DOCKER_HUB: &str = "docker.io";

/// Other hosts of Docker Hub, which logins are written for (Docker CLI reference, `docker login`).
const DOCKER_HUB_HOSTS: &[&str] =
    &["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// One name for a registry: without a scheme and a path, and Docker Hub by its short name.
pub fn canonical_registry(host: &str) -> &str {
    let host = host.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or(host);
    if DOCKER_HUB_HOSTS.contains(&host) { DOCKER_HUB } else { host }
}

/// Docker's rule: the first part is a host if it has a dot or a port, or is `localhost`.
fn is_registry(host: &str) -> bool {
    host.contains(['.', ':']) || host == "localhost"
}

/// Labels of letters, digits and inner hyphens, then perhaps a port; or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return host.contains(']');
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        let inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(inner)
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

/// Lower-case words, joined by one dot, one or two underscores, or hyphens.
fn is_path_component(component: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let mut separators = component.split(is_word).filter(|text| !text.is_empty());
    let is_separator =
        |text: &str| matches!(text, "." | "_" | "__") || text.chars().all(|letter| letter == '-');
    component.starts_with(is_word) && component.ends_with(is_word) && separators.all(is_separator)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    tag.starts_with(is_word)
        && tag.len() <= LONGEST_TAG
        && tag.chars().all(|letter| is_word(letter) || matches!(letter, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    let is_hex =
        |hex: &str| hex.len() >= SHORTEST_DIGEST && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    digest.split_once(':').is_some_and(|(algorithm, hex)| !algorithm.is_empty() && is_hex(hex))
}

/// A repository of Amazon ECR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcrRepository<'a> {
    /// The account that owns the registry.
    pub account: &'a str,
    /// The registry's region.
    pub region: &'a str,
    /// The repository's name, namespaces included.
    pub name: &'a str,
}

impl EcrRepository<'_> {
    /// The partition of its region.
    pub fn partition(&self) -> AwsPartition {
        AwsPartition::of_region(self.region)
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        let EcrRepository { account, region, name } = self;
        format!("arn:{}:ecr:{region}:{account}:repository/{name}", self.partition().name())
    }
}

/// The host of a registry of Amazon ECR.
struct EcrRegistry<'a> {
    account: &'a str,
    region: &'a str,
}

impl<'a> EcrRegistry<'a> {
    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, its FIPS form, and both in dual stack (`dkr-ecr`, `on.aws`).
    fn parse(host: &'a str) -> Option<EcrRegistry<'a>> {
        let (account, rest) = host.split_once('.')?;
        let prefixes = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."];
        let rest = prefixes.iter().find_map(|prefix| rest.strip_prefix(prefix))?;
        let (region, suffix) = rest.split_once('.')?;
        let own = AwsPartition::of_region(region).url_suffix();
        let legal = is_account(account) && (suffix == own || suffix == "on.aws");
        legal.then_some(EcrRegistry { account, region })
    }
}

/// Whether a reference that goes on in text known only at deployment begins like a registry of Amazon ECR
/// and ends within the host: `123456789012.dkr.ecr.`.
pub fn begins_ecr_registry(start: &str) -> bool {
    let Some((account, rest)) = start.split_once('.') else { return false };
    is_account(account) && !rest.contains('/') && ["dkr.ecr", "dkr-ecr"].iter().any(|it| rest.starts_with(it))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_registry_can_hold_are_told_from_those_it_can() {
        for valid in [
            "nginx",
            "nginx:1.27-alpine",
            "library/a_b__c.d--e",
            "registry.example.com:5000/team/app:V1.0_x",
            "localhost/app",
            "127.0.0.1:5000/app",
            "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(ImageReference::is_valid(valid), "{valid}");
        }
        for invalid in [
            "",
            "/web:",
            "web:",
            ":1",
            ".example.io/site:v1",
            "/web:1",
            "registry.example.com/:1",
            "registry.example.com//web",
            "Web",
            "a b",
            "team/web-",
            "web@sha256:",
            "-x.example.com/web",
        ] {
            assert!(!ImageReference::is_valid(invalid), "{invalid}");
        }
    }

    #[test]
    fn parts_of_a_reference() {
        for (text, registry, repository, tag, digest) in [
            ("nginx", None, "nginx", None, None),
            ("mysql:8.4", None, "mysql", Some("8.4"), None),
            ("docker.io/library/mysql:8.4", Some("docker.io"), "library/mysql", Some("8.4"), None),
            ("host:5000/mysql", Some("host:5000"), "mysql", None, None),
            ("localhost/a/b@sha256:abc", Some("localhost"), "a/b", None, Some("sha256:abc")),
            ("a:1@sha256:b", None, "a", Some("1"), Some("sha256:b")),
            ("team/app", None, "team/app", None, None),
            ("ghcr.io/team/app:", Some("ghcr.io"), "team/app", Some(""), None),
            ("", None, "", None, None),
        ] {
            let expected = ImageReference { registry, repository, tag, digest };
            assert_eq!(ImageReference::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_start_of_a_reference_tells_whether_the_repository_goes_on() {
        for (start, whole) in
            [("reg.io/app:", true), ("reg.io/app", false), ("reg:5000/app", false), ("a@", true)]
        {
            assert_eq!(ImageReference::parse(start).is_repository_whole(), whole, "{start}");
        }
    }

    #[test]
    fn repositories_of_ecr() {
        for (text, arn) in [
            (
                "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.2",
                Some("arn:aws:ecr:us-east-1:123456789012:repository/team/app"),
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app@sha256:abc",
                Some("arn:aws-cn:ecr:cn-north-1:123456789012:repository/app"),
            ),
            (
                "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/app",
                Some("arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/app"),
            ),
            (
                "123456789012.dkr-ecr.eu-west-1.on.aws/app",
                Some("arn:aws:ecr:eu-west-1:123456789012:repository/app"),
            ),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.net/app", None),
            ("12.dkr.ecr.us-east-1.amazonaws.com/app", None),
            ("public.ecr.aws/xray/aws-xray-daemon:3", None),
            ("nginx", None),
        ] {
            let found = ImageReference::parse(text).ecr().map(|repository| repository.arn());
            assert_eq!(found.as_deref(), arn, "{text}");
        }
    }

    #[test]
    fn the_start_of_a_registry() {
        for (start, begins) in [
            ("123456789012.dkr.ecr.", true),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/app", false),
            ("registry.example.com", false),
            ("", false),
        ] {
            assert_eq!(begins_ecr_registry(start), begins, "{start}");
        }
    }
}
