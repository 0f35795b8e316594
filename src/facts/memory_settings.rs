//! What programs say of the memory that they will use: heaps and caches in variables and commands.
//!
//! In: a text. Out: MiB that a container needs for the largest setting in it. A process needs more than its heap:
//! the factor says how much.
//! Source: the `java` manual (`-Xmx`; threads, metaspace and buffers come on top: the JVM itself takes a quarter of
//! the machine as its heap); Elasticsearch and OpenSearch, "Heap size" (half of the memory at most); Node.js CLI
//! (`--max-old-space-size`); Redis, "Key eviction" (`maxmemory` without buffers); MySQL manual
//! (`innodb_buffer_pool_size` is up to 80 % of the memory). November 2026.

/// A setting, and the percentage of it that a container needs.
struct MemorySetting {
    /// What stands before the number.
    before: &'static str,
    /// The unit of a number without one, in bytes.
    unit: u64,
    /// In percent.
    room: u64,
}

const MIB: u64 = 1 << 20;

static SETTINGS: &[MemorySetting] = &[
    MemorySetting { before: "-Xmx", unit: 1, room: 134 },
    MemorySetting { before: "--max-old-space-size=", unit: MIB, room: 125 },
    MemorySetting { before: "--max_old_space_size=", unit: MIB, room: 125 },
    MemorySetting { before: "--maxmemory ", unit: 1, room: 125 },
    MemorySetting { before: "--innodb-buffer-pool-size=", unit: 1, room: 134 },
    MemorySetting { before: "--innodb_buffer_pool_size=", unit: 1, room: 134 },
];

/// MiB that a container needs for the largest setting in a text.
pub fn needed_mib(text: &str) -> Option<u32> {
    let needed = text.match_indices('-').flat_map(|(at, _)| {
        let flag = text.get(at..).unwrap_or_default();
        SETTINGS.iter().filter_map(move |setting| {
            let bytes = bytes(flag.strip_prefix(setting.before)?, setting.unit)?;
            u32::try_from(bytes.saturating_mul(setting.room).div_ceil(100 * MIB)).ok()
        })
    });
    needed.max()
}

/// `2g`, `512m`, `1gb`, `4096`.
fn bytes(text: &str, unit: u64) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, rest) = text.split_at(digits);
    let unit = match rest.chars().next().map(|letter| letter.to_ascii_lowercase()) {
        Some('k') => 1 << 10,
        Some('m') => 1 << 20,
        Some('g') => 1 << 30,
        Some('t') => 1 << 40,
        _ => unit,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::needed_mib;

    #[test]
    fn heaps_and_caches() {
        for (text, expected) in [
            ("-Xms2g -Xmx2g", Some(2745)),
            ("-Xmx512m", Some(687)),
            ("-Dx=1 -Xmx1500m", Some(2010)),
            ("-Xmx1073741824", Some(1373)),
            ("node --max-old-space-size=4096 server.js", Some(5120)),
            ("redis-server --maxmemory 1gb --save 60 1", Some(1280)),
            ("mysqld --innodb-buffer-pool-size=2G", Some(2745)),
            ("-Xmx1t", Some(1_405_092)),
            ("-Xmx", None),
            ("run", None),
        ] {
            assert_eq!(needed_mib(text), expected, "{text}");
        }
    }
}
