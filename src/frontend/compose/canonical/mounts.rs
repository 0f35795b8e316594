//! `volumes` and `devices`: `SOURCE:TARGET[:OPTIONS]` becomes a mapping.

use super::{ServiceExpander, entry, part};
use crate::compose::LoadContext;
use crate::compose::value::clean_path;
use crate::diagnostic::rules::compose as rules;
use crate::source::{Origin, Provenance};
use crate::yaml::{Mapping, Node, NodeValue, word};
use std::ops::Range;

/// Why a mount string is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VolumeFault {
    /// The string is empty.
    Empty,
    /// A part between colons is empty.
    EmptyPiece,
    /// There are more than three parts.
    TooMany,
}

impl VolumeFault {
    /// The reason, for a message.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            VolumeFault::Empty => "it is empty",
            VolumeFault::EmptyPiece => "a part between its colons is empty",
            VolumeFault::TooMany => "it has too many colons",
        }
    }
}

/// A parsed mount string; the parts are byte ranges of it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct VolumeSpec {
    source: Option<Range<usize>>,
    pub(crate) target: Range<usize>,
    options: Range<usize>,
    /// A string of one or two letters is just a target.
    bare: bool,
}

/// Parses a mount string. A single letter before a colon is a Windows drive; a colon inside `${...}`
/// is not a separator.
pub(crate) fn parse_volume(text: &str) -> Result<VolumeSpec, VolumeFault> {
    match text.len() {
        0 => return Err(VolumeFault::Empty),
        1 | 2 => return Ok(VolumeSpec { target: 0..text.len(), bare: true, ..VolumeSpec::default() }),
        _ => {}
    }
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '$' if text.as_bytes().get(at + 1) == Some(&b'{') => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ':' if depth == 0 && !is_drive(text.get(start..at).unwrap_or("")) => {
                if pieces.len() == 2 && start != at {
                    return Err(VolumeFault::TooMany);
                }
                pieces.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
        if pieces.last().is_some_and(Range::is_empty) {
            return Err(VolumeFault::EmptyPiece);
        }
    }
    // An unclosed expression extends to the end of the string, and so does its part.
    if depth == 0 {
        if start == text.len() {
            return Err(VolumeFault::EmptyPiece);
        }
        pieces.push(start..text.len());
    }
    let mut pieces = pieces.into_iter();
    Ok(match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(target), None, _) if depth == 0 => VolumeSpec { target, ..VolumeSpec::default() },
        (source, target, options) => VolumeSpec {
            source,
            target: target.unwrap_or_default(),
            options: options.unwrap_or_default(),
            bare: false,
        },
    })
}

fn is_drive(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
}

/// Whether a source is a host path rather than a volume name.
fn is_path(source: &str) -> bool {
    let mut letters = source.chars();
    source.starts_with(['.', '/', '~'])
        || source.starts_with("\\\\")
        || (letters.next().is_some_and(char::is_alphabetic) && letters.next() == Some(':'))
}

impl ServiceExpander<'_, '_> {
    pub(super) fn volume(&mut self, index: usize, item: &mut Node) {
        let NodeValue::String(text) = &item.value else { return };
        match parse_volume(text) {
            Ok(spec) => {
                let text = text.clone();
                let long = volume_mapping(&text, &spec, item.origin, self.cx);
                *item = Node::new(NodeValue::Mapping(long), item.origin);
            }
            Err(fault) => {
                let help = "write `SOURCE:TARGET`, optionally followed by `:ro`, or use the long form";
                self.refuse(&rules::BAD_VOLUME, &format!("volumes[{index}]"), item, fault.describe(), help);
            }
        }
    }

    pub(super) fn device(&mut self, index: usize, item: &mut Node) {
        let NodeValue::String(text) = &item.value else { return };
        let pieces: Vec<&str> = text.split(':').collect();
        let (source, target, permissions) = match pieces.as_slice() {
            [source] => (*source, *source, "rwm"),
            [source, target] => (*source, *target, "rwm"),
            [source, target, permissions] => (*source, *target, *permissions),
            _ => {
                let help = "write `SOURCE:TARGET:PERMISSIONS`, or use the long form";
                let key = format!("devices[{index}]");
                return self.refuse(&rules::BAD_DEVICE, &key, item, "it has too many colons", help);
            }
        };
        let target_at = if pieces.len() > 1 { source.len() + 1 } else { 0 };
        let target = if target.is_empty() { source } else { target };
        let default = self.cx.sources.record(Provenance::Default { of: item.origin });
        let permissions_origin = match pieces.len() {
            3 => part(item.origin, text.len() - permissions.len()..text.len(), self.cx),
            _ => default,
        };
        let mut mapping = Mapping::new();
        let source_origin = part(item.origin, 0..source.len(), self.cx);
        let target_origin = part(item.origin, target_at..target_at + target.len(), self.cx);
        entry(&mut mapping, "source", Node::string(source, source_origin));
        entry(&mut mapping, "target", Node::string(target, target_origin));
        entry(&mut mapping, "permissions", Node::string(permissions, permissions_origin));
        *item = Node::new(NodeValue::Mapping(mapping), item.origin);
    }
}

fn volume_mapping(text: &str, spec: &VolumeSpec, whole: Origin, cx: &mut LoadContext<'_>) -> Mapping {
    let default = cx.sources.record(Provenance::Default { of: whole });
    let slice = |range: &Range<usize>| text.get(range.clone()).unwrap_or("");
    let source = spec.source.as_ref().map(slice);
    let path = source.is_some_and(is_path);
    let source_origin = spec.source.clone().map_or(default, |at| part(whole, at, cx));
    let target_origin = part(whole, spec.target.clone(), cx);
    let options_origin = part(whole, spec.options.clone(), cx);
    let mut mapping = Mapping::new();
    entry(&mut mapping, "type", Node::string(word(if path { "bind" } else { "volume" }), default));
    if let Some(source) = source {
        entry(&mut mapping, "source", Node::string(source, source_origin));
    }
    if !spec.target.is_empty() {
        let target = clean_path(slice(&spec.target));
        entry(&mut mapping, "target", Node::string(target, target_origin));
    }
    if spec.bare {
        return mapping;
    }
    let (mut bind, mut volume, mut read_only) = (Mapping::new(), None, false);
    for option in slice(&spec.options).split(',') {
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            "nocopy" => {
                let mut only = Mapping::new();
                entry(&mut only, "nocopy", Node::new(NodeValue::Bool(true), options_origin));
                volume = Some(only);
            }
            "z" | "Z" => entry(&mut bind, "selinux", Node::string(option, options_origin)),
            "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave" => {
                entry(&mut bind, "propagation", Node::string(option, options_origin));
            }
            _ => {}
        }
    }
    if read_only {
        entry(&mut mapping, "read_only", Node::new(NodeValue::Bool(true), options_origin));
    }
    if path {
        entry(&mut bind, "create_host_path", Node::new(NodeValue::Bool(true), default));
    } else {
        volume.get_or_insert_default();
    }
    if path || !bind.is_empty() {
        entry(&mut mapping, "bind", Node::new(NodeValue::Mapping(bind), default));
    }
    if let Some(volume) = volume {
        entry(&mut mapping, "volume", Node::new(NodeValue::Mapping(volume), default));
    }
    mapping
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse_volume(text) {
            Err(fault) => format!("refused: {}", fault.describe()),
            Ok(spec) => {
                let slice = |range: Range<usize>| text.get(range).unwrap_or("?").to_owned();
                let source = spec.source.map_or("-".to_owned(), slice);
                format!("{source}|{}|{}", slice(spec.target), slice(spec.options))
            }
        }
    }

    #[test]
    fn every_form() {
        for (given, wanted) in [
            ("/data", "-|/data|"),
            ("a", "-|a|"),
            ("a:", "-|a:|"),
            ("db:/data", "db|/data|"),
            ("db:/data:ro,z", "db|/data|ro,z"),
            ("./a:/b", "./a|/b|"),
            ("a:/a", "-|a:/a|"),
            ("v:/x:ro,z", "v:/x|ro,z|"),
            ("C:\\data:/d", "C:\\data|/d|"),
            ("C:\\data:D:\\x", "C:\\data|D:\\x|"),
            ("${A:-x}:/b", "${A:-x}|/b|"),
            ("~/a:/b:rw", "~/a|/b|rw"),
        ] {
            assert_eq!(shown(given), wanted, "{given}");
        }
        for given in ["", "ab::c", ":/abc", "abc:", "ab:cd:ef:gh", "abc:/b:"] {
            assert!(shown(given).starts_with("refused"), "{given}: {}", shown(given));
        }
    }
}
