//! What an extended file must contain, so that its short syntaxes can be expanded.
//!
//! In: such a file, which the schema does not check. Out: diagnostics. Source: compose-go 2.9.1, package
//! transform, which rejects anything without a long form in any service of the file, extended or not.

use crate::compose::LoadContext;
use crate::compose::schema::ValueKinds;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{Node, NodeValue};

const TEXT_OR_LIST: ValueKinds = ValueKinds::STRING.or(ValueKinds::LIST);
const TEXT_OR_MAPPING: ValueKinds = ValueKinds::STRING.or(ValueKinds::MAPPING);
const LIST_OR_MAPPING: ValueKinds = ValueKinds::LIST.or(ValueKinds::MAPPING);
const NUMBER_OR_MAPPING: ValueKinds = ValueKinds::INTEGER.or(ValueKinds::MAPPING);

/// Key paths and the kinds allowed there; `*` stands for every item or value.
const KINDS: &[(&[&str], ValueKinds)] = &[
    (&["services", "*", "build"], TEXT_OR_MAPPING),
    (&["services", "*", "build", "additional_contexts"], LIST_OR_MAPPING),
    (&["services", "*", "build", "secrets", "*"], TEXT_OR_MAPPING),
    (&["services", "*", "build", "ssh"], LIST_OR_MAPPING),
    (&["services", "*", "build", "ulimits", "*"], NUMBER_OR_MAPPING),
    (&["services", "*", "configs", "*"], TEXT_OR_MAPPING),
    (&["services", "*", "depends_on"], LIST_OR_MAPPING),
    (&["services", "*", "depends_on", "*"], TEXT_OR_MAPPING),
    (&["services", "*", "devices", "*"], TEXT_OR_MAPPING),
    (&["services", "*", "env_file"], TEXT_OR_LIST),
    (&["services", "*", "gpus"], TEXT_OR_LIST),
    (&["services", "*", "ports"], ValueKinds::LIST),
    (&["services", "*", "ports", "*"], TEXT_OR_MAPPING.or(ValueKinds::INTEGER)),
    (&["services", "*", "secrets", "*"], TEXT_OR_MAPPING),
    (&["services", "*", "ulimits", "*"], NUMBER_OR_MAPPING),
    (&["services", "*", "volumes", "*"], TEXT_OR_MAPPING),
    (&["configs", "*"], ValueKinds::MAPPING.or(ValueKinds::NULL)),
    (&["include", "*"], TEXT_OR_MAPPING),
    (&["networks", "*"], ValueKinds::MAPPING.or(ValueKinds::NULL)),
    (&["secrets", "*"], ValueKinds::MAPPING.or(ValueKinds::NULL)),
    (&["volumes", "*"], ValueKinds::MAPPING.or(ValueKinds::NULL)),
];

/// Reports every value of another kind; returns false if there is one.
pub(in crate::compose) fn check(root: &Node, cx: &mut LoadContext<'_>) -> bool {
    let errors = cx.diagnostics.error_count();
    for (path, kinds) in KINDS {
        visit(root, path, *kinds, &mut String::new(), cx);
    }
    cx.diagnostics.error_count() == errors
}

fn visit(node: &Node, path: &[&str], kinds: ValueKinds, shown: &mut String, cx: &mut LoadContext<'_>) {
    let Some((step, rest)) = path.split_first() else { return require(node, kinds, shown, cx) };
    let length = shown.len();
    let mut enter = |child: &Node, step: &str| {
        shown.push_str(step);
        visit(child, rest, kinds, shown, cx);
        shown.truncate(length);
    };
    let dotted = |key: &str| if length == 0 { key.to_owned() } else { format!(".{key}") };
    match &node.value {
        NodeValue::Sequence(items) if *step == "*" => {
            items.iter().enumerate().for_each(|(index, item)| enter(item, &format!("[{index}]")));
        }
        NodeValue::Mapping(mapping) if *step == "*" => {
            mapping.iter().for_each(|entry| enter(&entry.value, &dotted(&entry.key.text)));
        }
        NodeValue::Mapping(mapping) => {
            mapping.get(step).into_iter().for_each(|child| enter(child, &dotted(step)));
        }
        _ => {}
    }
}

fn require(node: &Node, kinds: ValueKinds, path: &str, cx: &mut LoadContext<'_>) {
    if kinds.hold(ValueKinds::of(&node.value)) {
        return;
    }
    let message = format!("`{path}` must be {}, not {}", kinds.describe(), node.value.kind());
    let fault = Diagnostic::new(&rules::WRONG_TYPE, message).at(node.origin).key(path);
    cx.report(fault.help("use one of these types, or delete the key"));
}

#[cfg(test)]
mod tests {
    use crate::compose::{LoadOptions, load};
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;
    use crate::world::MemoryWorld;

    #[test]
    fn any_service_of_an_extended_file_can_be_at_fault() {
        for (written, message) in [
            ("ports: ", "`services.other.ports` must be a list, not null"),
            ("build: 5", "`services.other.build` must be a string or a mapping, not an integer"),
            ("env_file: { a: b }", "`services.other.env_file` must be a string or a list, not a mapping"),
            ("depends_on: db", "`services.other.depends_on` must be a list or a mapping, not a string"),
            ("volumes: [ 5 ]", "`services.other.volumes[0]` must be a string or a mapping, not an integer"),
            (
                "build: { ssh: default }",
                "`services.other.build.ssh` must be a list or a mapping, not a string",
            ),
        ] {
            let world = MemoryWorld::new()
                .file("compose.yaml", "services: { a: { image: i, extends: { file: b.yaml, service: b } } }")
                .file("b.yaml", format!("services:\n  b: {{ hostname: h }}\n  other:\n    {written}\n"));
            let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
            assert!(
                load(&LoadOptions::default(), &world, &mut sources, &mut diagnostics).is_none(),
                "{written}"
            );
            let messages: Vec<&str> = diagnostics.iter().map(|found| &*found.message).collect();
            assert_eq!(messages, [message], "{written}");
        }
    }
}
