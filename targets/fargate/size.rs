//! The sizes of Fargate tasks, and the choice of one.
//!
//! Source: Amazon ECS Developer Guide, "Task definition differences for Fargate", task CPU and memory.

/// A row: CPU in 1/1024 of a virtual CPU; memory in MiB as least, most and step.
type Row = (u32, u32, u32, u32);

/// Every size but those of 32 virtual CPUs and the smallest, whose memory is a list.
const ROWS: &[Row] = &[
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];
/// Sizes whose memory is a list.
const LISTS: &[(u32, &[u32])] = &[(256, &[512, 1024, 2048]), (32_768, &[61_440, 122_880, 249_856])];

/// Whether Fargate has the size.
#[cfg(test)]
fn is_legal(cpu: u32, memory: u32) -> bool {
    smallest(cpu, memory) == Some((cpu, memory))
}

/// The smallest size that holds so much CPU and memory: the least CPU, then the least memory.
pub(super) fn smallest(cpu: u32, memory: u32) -> Option<(u32, u32)> {
    let stepped = ROWS.iter().filter_map(|(row, least, most, step)| {
        let wanted = memory.max(*least);
        let memory = least + (wanted - least).div_ceil(*step) * step;
        (*row >= cpu && memory <= *most).then_some((*row, memory))
    });
    let listed = LISTS.iter().filter_map(|(row, sizes)| {
        let memory = sizes.iter().find(|size| **size >= memory)?;
        (*row >= cpu).then_some((*row, *memory))
    });
    stepped.chain(listed).min()
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
        ];
        for ((cpu, memory), expected) in cases {
            assert_eq!(smallest(cpu, memory), expected, "{cpu} {memory}");
        }
    }

    #[test]
    fn what_the_table_has_is_taken_as_it_is() {
        for (cpu, memory) in [(256, 512), (256, 2048), (512, 4096), (16_384, 122_880), (32_768, 61_440)] {
            assert!(is_legal(cpu, memory));
        }
        for (cpu, memory) in [(256, 4096), (8192, 17_408), (32_768, 65_536), (3072, 8192)] {
            assert!(!is_legal(cpu, memory));
        }
    }
}
