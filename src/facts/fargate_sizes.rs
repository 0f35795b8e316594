//! The sizes of Fargate tasks.
//!
//! Source: Amazon ECS Developer Guide, "Task definition differences for Fargate", task CPU and memory and
//! task storage, read in November 2026.

use crate::ValueRange;

/// A size that Fargate offers, for Linux tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FargateSize {
    /// In 1/1024 of a virtual CPU.
    pub cpu: u32,
    /// In MiB.
    pub memory: u32,
}

/// GiB of ephemeral storage that a task has without asking.
pub const DEFAULT_STORAGE_GIB: u32 = 20;

/// GiB of ephemeral storage that a task may ask for. The default itself is refused as an explicit value.
pub const STORAGE_GIB: ValueRange<u32> = ValueRange { least: 21, most: 200 };

/// CPU, and the memory that goes with it in equal steps.
struct SteppedSizes {
    cpu: u32,
    memory: ValueRange<u32>,
    step: u32,
}

const fn stepped(cpu: u32, least: u32, most: u32, step: u32) -> SteppedSizes {
    SteppedSizes { cpu, memory: ValueRange { least, most }, step }
}

const STEPPED: &[SteppedSizes] = &[
    stepped(512, 1024, 4096, 1024),
    stepped(1024, 2048, 8192, 1024),
    stepped(2048, 4096, 16_384, 1024),
    stepped(4096, 8192, 30_720, 1024),
    stepped(8192, 16_384, 61_440, 4096),
    stepped(16_384, 32_768, 122_880, 8192),
];

/// CPU, and the memory that goes with it where that is a list.
const LISTED: &[(u32, &[u32])] = &[(256, &[512, 1024, 2048]), (32_768, &[61_440, 122_880, 249_856])];

impl FargateSize {
    /// The smallest size.
    pub const SMALLEST: FargateSize = FargateSize { cpu: 256, memory: 512 };

    /// The largest size.
    pub const LARGEST: FargateSize = FargateSize { cpu: 32_768, memory: 249_856 };

    /// The smallest size that holds so much CPU and memory: the least CPU, then the least memory.
    pub fn smallest(cpu: u32, memory: u32) -> Option<FargateSize> {
        let stepped = STEPPED.iter().filter(|row| row.cpu >= cpu && row.memory.most >= memory).map(|row| {
            let beyond = memory.saturating_sub(row.memory.least);
            FargateSize { cpu: row.cpu, memory: row.memory.least + beyond.div_ceil(row.step) * row.step }
        });
        let listed = LISTED.iter().filter_map(|(row, sizes)| {
            let memory = sizes.iter().find(|size| **size >= memory)?;
            (*row >= cpu).then_some(FargateSize { cpu: *row, memory: *memory })
        });
        stepped.chain(listed).min()
    }

    /// Whether Fargate offers exactly this size.
    pub fn is_offered(cpu: u32, memory: u32) -> bool {
        FargateSize::smallest(cpu, memory) == Some(FargateSize { cpu, memory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_holds_it() {
        let cases = [
            ((0, 0), Some((256, 512))),
            ((256, 513), Some((256, 1024))),
            ((256, 3000), Some((512, 3072))),
            ((300, 100), Some((512, 1024))),
            ((1024, 9000), Some((2048, 9216))),
            ((8192, 20_000), Some((8192, 20_480))),
            ((4096, 31_000), Some((8192, 32_768))),
            ((16_385, 1), Some((32_768, 61_440))),
            ((1, 200_000), Some((32_768, 249_856))),
            ((32_769, 1), None),
            ((1, 249_857), None),
            ((1, u32::MAX), None),
        ];
        for ((cpu, memory), expected) in cases {
            let expected = expected.map(|(cpu, memory)| FargateSize { cpu, memory });
            assert_eq!(FargateSize::smallest(cpu, memory), expected, "{cpu} {memory}");
        }
    }

    #[test]
    fn what_the_table_has_is_taken_as_it_is() {
        for (cpu, memory) in [(256, 512), (256, 2048), (512, 4096), (16_384, 122_880), (32_768, 61_440)] {
            assert!(FargateSize::is_offered(cpu, memory));
        }
        for (cpu, memory) in [(256, 4096), (8192, 17_408), (32_768, 65_536), (3072, 8192)] {
            assert!(!FargateSize::is_offered(cpu, memory));
        }
        assert!(FargateSize::is_offered(FargateSize::LARGEST.cpu, FargateSize::LARGEST.memory));
    }
}
