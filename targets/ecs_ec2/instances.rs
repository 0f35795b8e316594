//! EC2 instance types: processor, CPUs, memory and network interfaces.
//!
//! Source: Amazon EC2 Instance Types guide, "network specifications" and "hardware specifications" of the
//! general purpose, compute optimised and memory optimised families, read in November 2026.

use crate::ecs::plan::Architecture;

/// What an instance type offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name: `t3.small`.
    pub name: String,
    /// The processor.
    pub architecture: Architecture,
    /// In 1/1024 of a CPU.
    pub cpu: u32,
    /// In MiB, as the type is sold.
    pub memory: u32,
    /// Network interfaces, the machine's own included.
    pub interfaces: u32,
}

impl Instance {
    /// Memory that tasks can have, in MiB: the kernel and the agent keep about a twelfth.
    pub fn usable_memory(&self) -> u32 {
        self.memory - self.memory / 12
    }

    /// Tasks with a network interface of their own that fit on it.
    pub fn tasks_with_interface(&self) -> u32 {
        self.interfaces - 1
    }
}

/// Sizes of a family: name, CPUs, memory in MiB, interfaces.
type Sizes = &'static [(&'static str, u32, u32, u32)];

/// Families with bursting CPU: name, processor, sizes.
const BURSTING: &[(&str, Architecture, Sizes)] = &[
    (
        "t2",
        Architecture::X86,
        &[
            ("micro", 1, 1_024, 2),
            ("small", 1, 2_048, 3),
            ("medium", 2, 4_096, 3),
            ("large", 2, 8_192, 3),
            ("xlarge", 4, 16_384, 3),
            ("2xlarge", 8, 32_768, 3),
        ],
    ),
    ("t3", Architecture::X86, T3),
    (
        "t3a",
        Architecture::X86,
        &[
            ("micro", 2, 1_024, 2),
            ("small", 2, 2_048, 2),
            ("medium", 2, 4_096, 3),
            ("large", 2, 8_192, 3),
            ("xlarge", 4, 16_384, 4),
            ("2xlarge", 8, 32_768, 4),
        ],
    ),
    ("t4g", Architecture::Arm, T3),
];

const T3: Sizes = &[
    ("micro", 2, 1_024, 2),
    ("small", 2, 2_048, 3),
    ("medium", 2, 4_096, 3),
    ("large", 2, 8_192, 3),
    ("xlarge", 4, 16_384, 4),
    ("2xlarge", 8, 32_768, 4),
];

/// Families with steady CPU: names, processor, GiB of memory a CPU.
const STEADY: &[(&[&str], Architecture, u32)] = &[
    (&["m5", "m5a", "m6a", "m6i", "m7a", "m7i"], Architecture::X86, 4),
    (&["c6a", "c6i", "c7a", "c7i"], Architecture::X86, 2),
    (&["r5", "r5a", "r6a", "r6i", "r7a", "r7i"], Architecture::X86, 8),
    (&["m6g", "m7g", "m8g"], Architecture::Arm, 4),
    (&["c6g", "c7g", "c8g"], Architecture::Arm, 2),
    (&["r6g", "r7g", "r8g"], Architecture::Arm, 8),
];

/// Sizes of the steady families: CPUs and interfaces.
const SIZES: &[(&str, u32, u32)] = &[
    ("medium", 1, 2),
    ("large", 2, 3),
    ("xlarge", 4, 4),
    ("2xlarge", 8, 4),
    ("4xlarge", 16, 8),
    ("8xlarge", 32, 8),
    ("12xlarge", 48, 8),
    ("16xlarge", 64, 15),
];

/// The instance type of a name, if it is in the table.
pub fn find(name: &str) -> Option<Instance> {
    let (family, size) = name.split_once('.')?;
    let instance = |architecture, cpus: u32, memory, interfaces| Instance {
        name: name.to_owned(),
        architecture,
        cpu: cpus * 1_024,
        memory,
        interfaces,
    };
    if let Some((_, architecture, sizes)) = BURSTING.iter().find(|(known, ..)| *known == family) {
        let (_, cpus, memory, interfaces) = sizes.iter().find(|(known, ..)| *known == size)?;
        return Some(instance(*architecture, *cpus, *memory, *interfaces));
    }
    let (_, architecture, ratio) = STEADY.iter().find(|(families, ..)| families.contains(&family))?;
    let (_, cpus, interfaces) = SIZES.iter().find(|(known, ..)| *known == size)?;
    // Only Graviton and the newest AMD families have a size of one CPU.
    let sold = *cpus > 1 || *architecture == Architecture::Arm || family.ends_with("7a");
    sold.then(|| instance(*architecture, *cpus, cpus * ratio * 1_024, *interfaces))
}

/// Types to choose from when the manifest names none: small ones first, cheap ones before steady ones.
pub fn choices(architecture: Architecture) -> Vec<Instance> {
    let (bursting, steady) = match architecture {
        Architecture::X86 => ("t3", "m7i"),
        Architecture::Arm => ("t4g", "m7g"),
    };
    let bursts = ["small", "medium", "large", "xlarge", "2xlarge"].map(|size| format!("{bursting}.{size}"));
    let steadies = ["4xlarge", "8xlarge", "12xlarge", "16xlarge"].map(|size| format!("{steady}.{size}"));
    bursts.into_iter().chain(steadies).filter_map(|name| find(&name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types() {
        let cases = [
            ("t3.small", Architecture::X86, 2_048, 2_048, 3),
            ("t3a.small", Architecture::X86, 2_048, 2_048, 2),
            ("t4g.micro", Architecture::Arm, 2_048, 1_024, 2),
            ("m6g.medium", Architecture::Arm, 1_024, 4_096, 2),
            ("c7i.2xlarge", Architecture::X86, 8_192, 16_384, 4),
            ("r5.large", Architecture::X86, 2_048, 16_384, 3),
        ];
        for (name, architecture, cpu, memory, interfaces) in cases {
            let expected = Instance { name: name.to_owned(), architecture, cpu, memory, interfaces };
            assert_eq!(find(name), Some(expected));
        }
    }

    #[test]
    fn unknown_types() {
        for name in ["", "t3", "t3.huge", "m5.medium", "x1.large", "t3.small.x"] {
            assert_eq!(find(name), None, "{name}");
        }
    }

    #[test]
    fn a_small_machine_has_room_for_two_tasks_with_an_interface() {
        let small = find("t3.small").unwrap();
        assert_eq!((small.tasks_with_interface(), small.usable_memory()), (2, 1_878));
    }

    #[test]
    fn choices_grow() {
        for architecture in [Architecture::X86, Architecture::Arm] {
            let choices = choices(architecture);
            assert_eq!(choices.len(), 9);
            assert!(choices.iter().all(|it| it.architecture == architecture));
            assert!(
                choices.windows(2).all(|pair| pair[0].memory < pair[1].memory && pair[0].cpu <= pair[1].cpu)
            );
        }
    }
}
