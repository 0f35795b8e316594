//! Strings that the stages add to thousands of nodes, each stored once.

use std::sync::{Arc, LazyLock};

/// Keys and values of the specification's long syntaxes and defaults, sorted.
const KNOWN: [&str; 58] = [
    "",
    ".",
    "Dockerfile",
    "all",
    "attachable",
    "bind",
    "build",
    "capabilities",
    "command",
    "condition",
    "config",
    "content",
    "context",
    "count",
    "create_host_path",
    "default",
    "dependencies",
    "depends_on",
    "dockerfile",
    "driver",
    "driver_opts",
    "entrypoint",
    "env_file",
    "environment",
    "external",
    "file",
    "format",
    "hard",
    "healthcheck",
    "host_ip",
    "image",
    "ingress",
    "interval",
    "ipam",
    "labels",
    "mode",
    "name",
    "networks",
    "path",
    "permissions",
    "ports",
    "protocol",
    "published",
    "read_only",
    "required",
    "restart",
    "rw",
    "service",
    "service_started",
    "soft",
    "source",
    "target",
    "tcp",
    "tmpfs",
    "type",
    "udp",
    "volume",
    "volumes",
];

static WORDS: LazyLock<[Arc<str>; KNOWN.len()]> = LazyLock::new(|| KNOWN.map(Arc::from));

/// The string, shared if it is one of the known words.
pub fn word(text: &str) -> Arc<str> {
    let known = KNOWN.binary_search(&text).ok().and_then(|at| WORDS.get(at));
    known.cloned().unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_are_shared() {
        assert!(KNOWN.is_sorted());
        for text in KNOWN {
            assert!(Arc::ptr_eq(&word(text), &word(text)), "{text}");
        }
        assert_eq!(&*word("service-1"), "service-1");
    }
}
