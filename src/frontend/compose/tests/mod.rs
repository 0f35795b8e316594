//! The front end as a whole, on manifests in memory.

mod faults;
mod long_forms;
mod merging;
mod newer;

use super::{LoadOptions, Manifest, load};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Sources;
use crate::world::MemoryWorld;
use crate::yaml::{Node, NodeValue};

/// The result of a load.
struct Loaded {
    manifest: Option<Manifest>,
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

/// Loads files, merged in order.
fn load_files(files: &[&str], change: impl Fn(&mut LoadOptions)) -> Loaded {
    let mut world = MemoryWorld::new();
    let mut options = LoadOptions::default();
    for (index, text) in files.iter().enumerate() {
        let name = format!("{index}.yaml");
        world = world.file(&name, *text);
        options.files.push(name.into());
    }
    change(&mut options);
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let manifest = load(&options, &world, &mut sources, &mut diagnostics);
    Loaded { manifest, diagnostics: diagnostics.iter().cloned().collect(), sources }
}

/// The root of a manifest that must be valid.
fn root_of(files: &[&str]) -> Node {
    let loaded = load_files(files, |_| {});
    let found: Vec<&String> = loaded.diagnostics.iter().map(|found| &found.message).collect();
    loaded.manifest.map(|manifest| manifest.root).unwrap_or_else(|| panic!("{files:?}: {found:?}"))
}

/// One service `a` with these keys, in flow style.
fn service(keys: &str) -> String {
    format!("services: {{ a: {{ image: i, {keys} }}, b: {{ image: j }} }}\nvolumes: {{ vol: {{}} }}\n")
}

/// A value on one line, in YAML flow style without quotes.
fn shown(node: &Node) -> String {
    match &node.value {
        NodeValue::Null => "~".to_owned(),
        NodeValue::Sequence(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        NodeValue::Mapping(mapping) => {
            let entries = mapping.iter().map(|entry| format!("{}: {}", entry.key.text, shown(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        NodeValue::String(text) if text.parse::<f64>().is_ok() => format!("'{text}'"),
        scalar => super::value::print_scalar(scalar),
    }
}
