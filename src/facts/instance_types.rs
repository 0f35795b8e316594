//! EC2 instance types: processor, CPUs, memory, network interfaces, GPUs.
//!
//! Source: Amazon EC2 Instance Types guide, "hardware specifications" and "network specifications" of the
//! general purpose, compute optimised, memory optimised and accelerated families; the types that the
//! CloudFormation registry accepts; read in November 2026. Bare metal sizes are left out.

/// The processor of a machine or of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProcessorArchitecture {
    /// `linux/amd64`.
    #[default]
    X86,
    /// `linux/arm64`.
    Arm,
}

impl ProcessorArchitecture {
    /// As `RuntimePlatform.CpuArchitecture` of a task definition has it.
    pub fn as_str(self) -> &'static str {
        match self {
            ProcessorArchitecture::X86 => "X86_64",
            ProcessorArchitecture::Arm => "ARM64",
        }
    }
}

/// What an instance type offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceType {
    /// Its name: `t3.small`.
    pub name: String,
    /// The processor.
    pub architecture: ProcessorArchitecture,
    /// Virtual CPUs.
    pub vcpus: u32,
    /// In MiB, as the type is sold.
    pub memory: u32,
    /// Network interfaces, the machine's own included.
    pub interfaces: u32,
    /// GPUs.
    pub gpus: u32,
}

impl InstanceType {
    /// The instance type of a name; nothing for one that the table does not know.
    pub fn find(name: &str) -> Option<InstanceType> {
        let (family, size) = name.split_once('.')?;
        let row = rows(family)?.find(|row| row.size == size)?;
        Some(InstanceType {
            name: name.to_owned(),
            architecture: row.architecture,
            vcpus: row.vcpus,
            memory: row.memory,
            interfaces: row.interfaces,
            gpus: row.gpus,
        })
    }

    /// Types to choose from when no one names any: small ones first, cheap ones before steady ones.
    pub fn choices(architecture: ProcessorArchitecture) -> Vec<InstanceType> {
        let (bursting, steady) = match architecture {
            ProcessorArchitecture::X86 => ("t3", "m7i"),
            ProcessorArchitecture::Arm => ("t4g", "m7g"),
        };
        let bursts = ["small", "medium", "large", "xlarge", "2xlarge"].map(|size| (bursting, size));
        let steadies = ["4xlarge", "8xlarge", "12xlarge", "16xlarge"].map(|size| (steady, size));
        let names = bursts.into_iter().chain(steadies);
        names.filter_map(|(family, size)| InstanceType::find(&format!("{family}.{size}"))).collect()
    }

    /// Types with GPUs to choose from when no one names any: those with one GPU first, small ones first, of the family
    /// that most regions have.
    pub fn gpu_choices() -> Vec<InstanceType> {
        let sizes = ["xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "12xlarge"];
        let names = sizes.into_iter().map(|size| ("g4dn", size)).chain([("g5", "48xlarge")]);
        names.filter_map(|(family, size)| InstanceType::find(&format!("{family}.{size}"))).collect()
    }

    /// In 1/1024 of a CPU, as Amazon ECS counts.
    pub fn cpu_units(&self) -> u32 {
        self.vcpus * 1024
    }

    /// MiB that containers can have: eleven twelfths. The ECS agent offers what the operating system sees, which is
    /// less than what is sold: 7,985 of 8,192 MiB in the guide's example, a smaller share on smaller machines (ECS
    /// Developer Guide, "Reserving container instance memory"). The same agent runs on Elastic Beanstalk.
    pub fn usable_memory(&self) -> u32 {
        self.memory - self.memory / 12
    }

    /// Tasks with a network interface of their own that fit on it.
    pub fn tasks_with_interface(&self) -> u32 {
        self.interfaces - 1
    }
}

/// One size of one family.
#[derive(Debug, Clone, Copy)]
struct SizeRow {
    size: &'static str,
    architecture: ProcessorArchitecture,
    vcpus: u32,
    memory: u32,
    interfaces: u32,
    gpus: u32,
}

/// A size that is listed by itself: virtual CPUs, memory in MiB, interfaces, GPUs.
type ListedSize = (&'static str, u32, u32, u32, u32);

/// A family whose sizes are listed one by one.
struct ListedFamily {
    name: &'static str,
    architecture: ProcessorArchitecture,
    sizes: &'static [ListedSize],
}

static LISTED: &[ListedFamily] = &[
    ListedFamily {
        name: "t2",
        architecture: ProcessorArchitecture::X86,
        sizes: &[
            ("nano", 1, 512, 2, 0),
            ("micro", 1, 1_024, 2, 0),
            ("small", 1, 2_048, 3, 0),
            ("medium", 2, 4_096, 3, 0),
            ("large", 2, 8_192, 3, 0),
            ("xlarge", 4, 16_384, 3, 0),
            ("2xlarge", 8, 32_768, 3, 0),
        ],
    },
    ListedFamily { name: "t3", architecture: ProcessorArchitecture::X86, sizes: T3 },
    ListedFamily {
        name: "t3a",
        architecture: ProcessorArchitecture::X86,
        sizes: &[
            ("nano", 2, 512, 2, 0),
            ("micro", 2, 1_024, 2, 0),
            ("small", 2, 2_048, 2, 0),
            ("medium", 2, 4_096, 3, 0),
            ("large", 2, 8_192, 3, 0),
            ("xlarge", 4, 16_384, 4, 0),
            ("2xlarge", 8, 32_768, 4, 0),
        ],
    },
    ListedFamily { name: "t4g", architecture: ProcessorArchitecture::Arm, sizes: T3 },
    ListedFamily {
        name: "g4dn",
        architecture: ProcessorArchitecture::X86,
        sizes: &[
            ("xlarge", 4, 16_384, 3, 1),
            ("2xlarge", 8, 32_768, 3, 1),
            ("4xlarge", 16, 65_536, 3, 1),
            ("8xlarge", 32, 131_072, 4, 1),
            ("12xlarge", 48, 196_608, 8, 4),
            ("16xlarge", 64, 262_144, 4, 1),
        ],
    },
    ListedFamily {
        name: "g5",
        architecture: ProcessorArchitecture::X86,
        sizes: &[
            ("xlarge", 4, 16_384, 4, 1),
            ("2xlarge", 8, 32_768, 4, 1),
            ("4xlarge", 16, 65_536, 8, 1),
            ("8xlarge", 32, 131_072, 8, 1),
            ("12xlarge", 48, 196_608, 15, 4),
            ("16xlarge", 64, 262_144, 8, 1),
            ("24xlarge", 96, 393_216, 15, 4),
            ("48xlarge", 192, 786_432, 7, 8),
        ],
    },
    ListedFamily {
        name: "g6",
        architecture: ProcessorArchitecture::X86,
        sizes: &[
            ("xlarge", 4, 16_384, 4, 1),
            ("2xlarge", 8, 32_768, 4, 1),
            ("4xlarge", 16, 65_536, 8, 1),
            ("8xlarge", 32, 131_072, 8, 1),
            ("12xlarge", 48, 196_608, 8, 4),
            ("16xlarge", 64, 262_144, 15, 1),
            ("24xlarge", 96, 393_216, 15, 4),
            ("48xlarge", 192, 786_432, 15, 8),
        ],
    },
];

const T3: &[ListedSize] = &[
    ("nano", 2, 512, 2, 0),
    ("micro", 2, 1_024, 2, 0),
    ("small", 2, 2_048, 3, 0),
    ("medium", 2, 4_096, 3, 0),
    ("large", 2, 8_192, 3, 0),
    ("xlarge", 4, 16_384, 4, 0),
    ("2xlarge", 8, 32_768, 4, 0),
];

/// Families whose memory is in proportion to their CPUs.
struct SteadyFamilies {
    names: &'static [&'static str],
    architecture: ProcessorArchitecture,
    /// GiB of memory a CPU.
    gib: u32,
    /// Sizes besides those that all of them have.
    sizes: &'static [&'static str],
}

const fn x86(names: &'static [&'static str], gib: u32, sizes: &'static [&'static str]) -> SteadyFamilies {
    SteadyFamilies { names, architecture: ProcessorArchitecture::X86, gib, sizes }
}

const fn arm(names: &'static [&'static str], gib: u32, sizes: &'static [&'static str]) -> SteadyFamilies {
    SteadyFamilies { names, architecture: ProcessorArchitecture::Arm, gib, sizes }
}

static STEADY: &[SteadyFamilies] = &[
    x86(&["m5", "m5a"], 4, &["8xlarge", "16xlarge", "24xlarge"]),
    x86(&["m6a"], 4, &["8xlarge", "16xlarge", "24xlarge", "32xlarge", "48xlarge"]),
    x86(&["m6i"], 4, &["8xlarge", "16xlarge", "24xlarge", "32xlarge"]),
    x86(&["m7a"], 4, &["medium", "8xlarge", "16xlarge", "24xlarge", "32xlarge", "48xlarge"]),
    x86(&["m7i"], 4, &["8xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    x86(&["c5"], 2, &["9xlarge", "18xlarge", "24xlarge"]),
    x86(&["c5a"], 2, &["8xlarge", "16xlarge", "24xlarge"]),
    x86(&["c6a"], 2, &["8xlarge", "16xlarge", "24xlarge", "32xlarge", "48xlarge"]),
    x86(&["c6i"], 2, &["8xlarge", "16xlarge", "24xlarge", "32xlarge"]),
    x86(&["c7a"], 2, &["medium", "8xlarge", "16xlarge", "24xlarge", "32xlarge", "48xlarge"]),
    x86(&["c7i"], 2, &["8xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    x86(&["r5", "r5a"], 8, &["8xlarge", "16xlarge", "24xlarge"]),
    x86(&["r6a"], 8, &["8xlarge", "16xlarge", "24xlarge", "32xlarge", "48xlarge"]),
    x86(&["r6i"], 8, &["8xlarge", "16xlarge", "24xlarge", "32xlarge"]),
    x86(&["r7a"], 8, &["medium", "8xlarge", "16xlarge", "24xlarge", "32xlarge", "48xlarge"]),
    x86(&["r7i"], 8, &["8xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    arm(&["m6g", "m7g"], 4, &["medium", "8xlarge", "16xlarge"]),
    arm(&["m8g"], 4, &["medium", "8xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    arm(&["c6g", "c7g"], 2, &["medium", "8xlarge", "16xlarge"]),
    arm(&["c8g"], 2, &["medium", "8xlarge", "16xlarge", "24xlarge", "48xlarge"]),
    arm(&["r6g", "r7g"], 8, &["medium", "8xlarge", "16xlarge"]),
    arm(&["r8g"], 8, &["medium", "8xlarge", "16xlarge", "24xlarge", "48xlarge"]),
];

/// Sizes that every steady family has.
const COMMON: &[&str] = &["large", "xlarge", "2xlarge", "4xlarge", "12xlarge"];

/// Sizes of the steady families: virtual CPUs and interfaces.
const SIZES: &[(&str, u32, u32)] = &[
    ("medium", 1, 2),
    ("large", 2, 3),
    ("xlarge", 4, 4),
    ("2xlarge", 8, 4),
    ("4xlarge", 16, 8),
    ("8xlarge", 32, 8),
    ("9xlarge", 36, 8),
    ("12xlarge", 48, 8),
    ("16xlarge", 64, 15),
    ("18xlarge", 72, 15),
    ("24xlarge", 96, 15),
    ("32xlarge", 128, 15),
    ("48xlarge", 192, 15),
];

/// The sizes of a family; nothing for a family that the table does not know.
fn rows(family: &str) -> Option<Box<dyn Iterator<Item = SizeRow>>> {
    if let Some(listed) = LISTED.iter().find(|it| it.name == family) {
        return Some(Box::new(listed.sizes.iter().map(|&(size, vcpus, memory, interfaces, gpus)| SizeRow {
            size,
            architecture: listed.architecture,
            vcpus,
            memory,
            interfaces,
            gpus,
        })));
    }
    let steady = STEADY.iter().find(|it| it.names.contains(&family))?;
    let sold = SIZES.iter().filter(|(size, ..)| COMMON.contains(size) || steady.sizes.contains(size));
    Some(Box::new(sold.map(|&(size, vcpus, interfaces)| SizeRow {
        size,
        architecture: steady.architecture,
        vcpus,
        memory: vcpus * steady.gib * 1_024,
        interfaces,
        gpus: 0,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types() {
        use ProcessorArchitecture::{Arm, X86};
        for (name, architecture, vcpus, memory, interfaces, gpus) in [
            ("t3.nano", X86, 2, 512, 2, 0),
            ("t3.small", X86, 2, 2_048, 3, 0),
            ("t3a.small", X86, 2, 2_048, 2, 0),
            ("t4g.micro", Arm, 2, 1_024, 2, 0),
            ("m6g.medium", Arm, 1, 4_096, 2, 0),
            ("m7a.medium", X86, 1, 4_096, 2, 0),
            ("c7i.2xlarge", X86, 8, 16_384, 4, 0),
            ("c5.9xlarge", X86, 36, 73_728, 8, 0),
            ("r5.large", X86, 2, 16_384, 3, 0),
            ("r8g.48xlarge", Arm, 192, 1_572_864, 15, 0),
            ("g4dn.xlarge", X86, 4, 16_384, 3, 1),
            ("g5.48xlarge", X86, 192, 786_432, 7, 8),
            ("g6.12xlarge", X86, 48, 196_608, 8, 4),
        ] {
            let name = name.to_owned();
            let expected = InstanceType { name, architecture, vcpus, memory, interfaces, gpus };
            assert_eq!(InstanceType::find(&expected.name), Some(expected));
        }
    }

    #[test]
    fn unknown_types() {
        for name in ["", "t3", "t3.huge", "m5.medium", "c5.8xlarge", "m7i.32xlarge", "x1.large", "t3.small.x"]
        {
            assert_eq!(InstanceType::find(name), None, "{name}");
        }
    }

    #[test]
    fn a_small_machine_has_room_for_two_tasks_with_an_interface() {
        let small = InstanceType::find("t3.small").unwrap();
        assert_eq!(
            (small.tasks_with_interface(), small.usable_memory(), small.cpu_units()),
            (2, 1_878, 2_048)
        );
    }

    /// The guide's example: an 8 GiB machine whose operating system sees 7,985 MiB.
    #[test]
    fn usable_memory_is_below_what_the_operating_system_sees() {
        let large = InstanceType::find("m5.large").unwrap();
        assert!(large.usable_memory() <= 7_985);
    }

    #[test]
    fn choices_grow() {
        for architecture in [ProcessorArchitecture::X86, ProcessorArchitecture::Arm] {
            let choices = InstanceType::choices(architecture);
            assert_eq!(choices.len(), 9);
            assert!(choices.iter().all(|it| it.architecture == architecture));
            assert!(
                choices
                    .windows(2)
                    .all(|pair| pair[0].memory < pair[1].memory && pair[0].vcpus <= pair[1].vcpus)
            );
        }
    }

    #[test]
    fn gpu_choices_have_more_and_more_gpus() {
        let choices = InstanceType::gpu_choices();
        assert_eq!(choices.first().map(|it| (it.name.as_str(), it.gpus)), Some(("g4dn.xlarge", 1)));
        assert_eq!(choices.last().map(|it| (it.name.as_str(), it.gpus)), Some(("g5.48xlarge", 8)));
        assert_eq!(choices.len(), 7);
        assert!(choices.windows(2).all(|pair| pair[0].gpus <= pair[1].gpus));
    }

    #[test]
    fn every_machine_has_an_interface_for_a_task() {
        let listed = LISTED.iter().map(|family| family.name);
        for family in listed.chain(STEADY.iter().flat_map(|family| family.names).copied()) {
            for row in rows(family).unwrap() {
                assert!(row.interfaces >= 2 && row.memory >= 512, "{family}.{}", row.size);
            }
        }
    }
}
