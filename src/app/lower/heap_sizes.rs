//! The memory of programs that are told how large their heap may grow, where the manifest asks for no memory.
//!
//! In: the variables and commands of all services. Out: a reservation with room for the heap; a warning where a limit
//! is smaller than it. Invariant: memory that the manifest asks for stays.
//! Sources: JDK 21, `java` command; Node.js 22, command-line options (read 2026-11).

use super::LoweringContext;
use crate::rules;
use crate::{AppService, At, ManifestName, Text};
use indexmap::IndexMap;
use tranship_facts::MIB;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// What a runtime needs beside its heap: a quarter more.
const BESIDE_HEAP: u64 = 4;

/// Reserves memory for heaps.
pub(super) fn reserve(cx: &mut LoweringContext<'_>, services: &mut IndexMap<ManifestName, AppService>) {
    for service in services.values_mut() {
        let Some((heap, origin)) = largest(service) else { continue };
        let whole = (heap + heap / BESIDE_HEAP).div_ceil(MIB);
        let name = &service.name;
        match &service.resources.memory_limit {
            Some(limit) if limit.value < heap => {
                let message = format!(
                    "the heap of `{name}` may grow to {} MiB, and its memory is limited to {} MiB",
                    heap / MIB,
                    limit.value / MIB
                );
                let found = Diagnostic::new(&rules::app::HEAP_BEYOND_LIMIT, message).at(origin);
                let help = format!("raise the limit to {whole} MiB, or lower the heap");
                cx.diagnostics.push(found.label(limit.origin, "the limit").service(&**name).help(help));
            }
            None if service.resources.memory_reservation.is_none() => {
                let message = format!(
                    "`{name}` gets {whole} MiB of memory, because its heap may grow to {} MiB",
                    heap / MIB
                );
                let found = Diagnostic::new(&rules::app::HEAP_SIZE, message).at(origin).service(&**name);
                let help = "choose another size with `deploy: { resources: { limits: { memory } } }`";
                cx.diagnostics.push(found.help(help));
                service.resources.memory_reservation = Some(At::inferred(whole * MIB, origin));
            }
            _ => {}
        }
    }
}

/// The largest heap that a variable or the command of a service names, and where.
fn largest(service: &AppService) -> Option<(u64, Origin)> {
    let container = &service.container;
    let variables = container.environment.values().filter_map(|variable| variable.value.as_ref());
    let lists = [&container.entrypoint, &container.command].into_iter().flatten();
    let texts = variables.chain(lists.flat_map(|list| &list.value));
    let heaps = texts.filter_map(|text: &Text| Some((heap(&text.literal()?)?, text.origin)));
    heaps.max_by_key(|(heap, _)| *heap)
}

/// The heap in bytes that the options in a text allow.
fn heap(text: &str) -> Option<u64> {
    let words = text.split(|letter: char| letter.is_whitespace() || "\"',".contains(letter));
    words
        .filter_map(|word| {
            let java = ["-Xmx", "-XX:MaxHeapSize="].iter().find_map(|option| word.strip_prefix(option));
            let node = ["--max-old-space-size=", "--max_old_space_size="];
            let node = node.iter().find_map(|option| word.strip_prefix(option));
            java.and_then(bytes).or_else(|| node?.parse::<u64>().ok()?.checked_mul(MIB))
        })
        .max()
}

/// `1500m`, `2g`, or a number of bytes.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => MIB,
        "g" => MIB << 10,
        "t" => MIB << 20,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_runtimes() {
        for (text, mib) in [
            ("-Xmx1500m", Some(1_500)),
            ("-Xms1g -Xmx2G -Dx=y", Some(2_048)),
            ("java -XX:MaxHeapSize=512m -jar app.jar", Some(512)),
            ("--max-old-space-size=4096", Some(4_096)),
            ("-Xmxlots", None),
            ("-Xss1m", None),
        ] {
            assert_eq!(heap(text), mib.map(|mib: u64| mib * MIB), "{text}");
        }
    }
}
