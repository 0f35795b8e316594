//! The platform that an image is made for, as indexes and `platform:` spell it: `linux/arm64/v8`.

use std::fmt;

/// An operating system, an architecture, and perhaps a variant of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestPlatform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// `v7`, `v8`.
    pub variant: Option<String>,
}

impl ManifestPlatform {
    /// `linux/arm64` or `linux/arm/v7`; nothing where a part is missing.
    pub fn parse(text: &str) -> Option<ManifestPlatform> {
        let mut parts = text.split('/');
        let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next());
        let whole = !os.is_empty() && !architecture.is_empty() && parts.next().is_none();
        whole.then(|| ManifestPlatform::new(os, architecture, variant))
    }

    /// A platform of its parts. An architecture has one spelling afterwards, and `v8` is what `arm64` means.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> ManifestPlatform {
        let architecture = match architecture {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let implied = architecture == "arm64" && variant == Some("v8");
        ManifestPlatform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.filter(|text| !text.is_empty() && !implied).map(str::to_owned),
        }
    }

    /// Whether an image for the other platform runs on this one.
    pub fn runs(&self, other: &ManifestPlatform) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant == other.variant || self.variant.is_none())
    }
}

impl fmt::Display for ManifestPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_have_one_spelling() {
        for (text, spelled) in [
            ("linux/amd64", Some("linux/amd64")),
            ("linux/x86_64", Some("linux/amd64")),
            ("linux/arm64/v8", Some("linux/arm64")),
            ("linux/arm/v7", Some("linux/arm/v7")),
            ("linux", None),
            ("linux/", None),
            ("a/b/c/d", None),
        ] {
            assert_eq!(ManifestPlatform::parse(text).map(|it| it.to_string()).as_deref(), spelled, "{text}");
        }
        let parse = |text| ManifestPlatform::parse(text).unwrap();
        assert!(parse("linux/arm64").runs(&parse("linux/arm64/v8")));
        assert!(parse("linux/amd64").runs(&parse("linux/amd64/v3")));
        assert!(!parse("linux/amd64").runs(&parse("linux/arm64")));
    }
}
