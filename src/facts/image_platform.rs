//! The platform of an image, as Compose and registries write it: operating system, processor, variant.
//!
//! Source: OCI image specification, `platform` of an index (the values are Go's `GOOS` and `GOARCH`); containerd's
//! `platforms` package for the short forms; Amazon ECS Developer Guide, "runtimePlatform"; read in November 2026.

use crate::ProcessorArchitecture;

/// Other words for a processor, as containerd reads them.
const PROCESSORS: &[(&str, ProcessorArchitecture)] = &[
    ("amd64", ProcessorArchitecture::X86),
    ("x86_64", ProcessorArchitecture::X86),
    ("x86-64", ProcessorArchitecture::X86),
    ("arm64", ProcessorArchitecture::Arm),
    ("aarch64", ProcessorArchitecture::Arm),
];

/// Processors of images that no Linux machine of AWS has.
const OTHER_PROCESSORS: &[&str] = &[
    "386", "i386", "arm", "armhf", "armel", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
    "ppc64le", "riscv64", "s390x", "wasm",
];

/// What a `platform` of Compose names, for containers on Linux machines of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagePlatform {
    /// `linux/arm64`, `amd64`.
    Linux(ProcessorArchitecture),
    /// `linux`: any processor.
    AnyProcessor,
    /// `windows/amd64`, `wasi/wasm`: another operating system.
    OtherSystem(String),
    /// `linux/s390x`: a processor that AWS does not have.
    OtherProcessor(String),
}

impl ImagePlatform {
    /// Reads a platform. One word is a processor, else an operating system; both in any case.
    pub fn parse(platform: &str) -> ImagePlatform {
        let platform = platform.trim().to_lowercase();
        let mut parts = platform.split('/');
        let first = parts.next().unwrap_or_default();
        // `windows(10.0.17763)`: the version of the operating system stands in brackets.
        let system = first.split('(').next().unwrap_or_default();
        match parts.next() {
            None if system == "linux" => ImagePlatform::AnyProcessor,
            None if is_processor(first) => of_processor(first),
            Some(processor) if system == "linux" => of_processor(processor),
            _ => ImagePlatform::OtherSystem(system.to_owned()),
        }
    }

    /// The processor, where the platform is one of Linux on AWS and names it.
    pub fn processor(&self) -> Option<ProcessorArchitecture> {
        match self {
            ImagePlatform::Linux(processor) => Some(*processor),
            _ => None,
        }
    }

    /// Why no Linux machine of AWS runs such an image; nothing where one does.
    pub fn problem(&self) -> Option<String> {
        match self {
            ImagePlatform::Linux(_) | ImagePlatform::AnyProcessor => None,
            ImagePlatform::OtherSystem(system) => Some(match system.as_str() {
                "windows" => "the machines run Linux, and Windows containers need Windows".to_owned(),
                "wasi" | "wasip1" | "wasip2" => {
                    "the machines run Linux containers, and have no runtime for WebAssembly".to_owned()
                }
                other => format!("the machines run Linux, not `{other}`"),
            }),
            ImagePlatform::OtherProcessor(processor) => {
                Some(format!("`{processor}` is not one of the processors of AWS"))
            }
        }
    }
}

fn is_processor(word: &str) -> bool {
    PROCESSORS.iter().any(|(known, _)| *known == word) || OTHER_PROCESSORS.contains(&word)
}

fn of_processor(word: &str) -> ImagePlatform {
    match PROCESSORS.iter().find(|(known, _)| *known == word) {
        Some((_, processor)) => ImagePlatform::Linux(*processor),
        None => ImagePlatform::OtherProcessor(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_on_aws() {
        use ProcessorArchitecture::{Arm, X86};
        for (platform, expected) in [
            ("linux/amd64", ImagePlatform::Linux(X86)),
            ("Linux/AMD64", ImagePlatform::Linux(X86)),
            ("linux/amd64/v3", ImagePlatform::Linux(X86)),
            ("linux/arm64/v8", ImagePlatform::Linux(Arm)),
            ("aarch64", ImagePlatform::Linux(Arm)),
            ("linux", ImagePlatform::AnyProcessor),
        ] {
            let found = ImagePlatform::parse(platform);
            assert_eq!(found.problem(), None, "{platform}");
            assert_eq!(found, expected, "{platform}");
        }
    }

    #[test]
    fn what_does_not() {
        let system = |name: &str| ImagePlatform::OtherSystem(name.to_owned());
        let processor = |name: &str| ImagePlatform::OtherProcessor(name.to_owned());
        for (platform, expected, words) in [
            ("windows/amd64", system("windows"), "Windows containers need Windows"),
            ("windows(10.0.17763)/amd64", system("windows"), "Windows containers need Windows"),
            ("windows", system("windows"), "Windows containers need Windows"),
            ("wasi/wasm", system("wasi"), "no runtime for WebAssembly"),
            ("wasm", processor("wasm"), "`wasm` is not one of the processors"),
            ("freebsd/amd64", system("freebsd"), "not `freebsd`"),
            ("linux/s390x", processor("s390x"), "`s390x` is not one of the processors"),
            ("linux/arm/v7", processor("arm"), "`arm` is not one of the processors"),
            ("amiga", system("amiga"), "not `amiga`"),
        ] {
            let found = ImagePlatform::parse(platform);
            assert!(found.problem().is_some_and(|it| it.contains(words)), "{platform}: {found:?}");
            assert_eq!((found.processor(), found), (None, expected), "{platform}");
        }
    }
}
