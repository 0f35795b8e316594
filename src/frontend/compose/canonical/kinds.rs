//! What an extended file must contain, so that its short syntaxes can be expanded.
//!
//! In: such a file, which the schema does not check. Out: diagnostics. Source: compose-go 2.9.1, package
//! transform, which rejects anything without a long form in any service of the file, extended or not.

use crate::compose::Context;
use crate::compose::schema::Kinds;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::rules::compose as rules;
use crate::yaml::{Node, Value};

const TEXT_OR_LIST: Kinds = Kinds::STRING.or(Kinds::LIST);
const TEXT_OR_MAPPING: Kinds = Kinds::STRING.or(Kinds::MAPPING);
const LIST_OR_MAPPING: Kinds = Kinds::LIST.or(Kinds::MAPPING);
const NUMBER_OR_MAPPING: Kinds = Kinds::INTEGER.or(Kinds::MAPPING);

/// Key paths and the kinds allowed there; `*` stands for every item or value.
const KINDS: &[(&[&str], Kinds)] = &[
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
    (&["services", "*", "ports"], Kinds::LIST),
    (&["services", "*", "ports", "*"], TEXT_OR_MAPPING.or(Kinds::INTEGER)),
    (&["services", "*", "secrets", "*"], TEXT_OR_MAPPING),
    (&["services", "*", "ulimits", "*"], NUMBER_OR_MAPPING),
    (&["services", "*", "volumes", "*"], TEXT_OR_MAPPING),
    (&["configs", "*"], Kinds::MAPPING.or(Kinds::NULL)),
    (&["include", "*"], TEXT_OR_MAPPING),
    (&["networks", "*"], Kinds::MAPPING.or(Kinds::NULL)),
    (&["secrets", "*"], Kinds::MAPPING.or(Kinds::NULL)),
    (&["volumes", "*"], Kinds::MAPPING.or(Kinds::NULL)),
];

/// Reports every value of another kind; returns false if there is one.
pub(in crate::compose) fn check(root: &Node, cx: &mut Context<'_>) -> bool {
    let errors = cx.diagnostics.error_count();
    for (path, kinds) in KINDS {
        visit(root, path, *kinds, &mut String::new(), cx);
    }
    cx.diagnostics.error_count() == errors
}

fn visit(node: &Node, path: &[&str], kinds: Kinds, shown: &mut String, cx: &mut Context<'_>) {
    let Some((step, rest)) = path.split_first() else { return require(node, kinds, shown, cx) };
    let length = shown.len();
    let mut enter = |child: &Node, step: &str| {
        shown.push_str(step);
        visit(child, rest, kinds, shown, cx);
        shown.truncate(length);
    };
    let dotted = |key: &str| if length == 0 { key.to_owned() } else { format!(".{key}") };
    match &node.value {
        Value::Sequence(items) if *step == "*" => {
            items.iter().enumerate().for_each(|(index, item)| enter(item, &format!("[{index}]")));
        }
        Value::Mapping(mapping) if *step == "*" => {
            mapping.iter().for_each(|entry| enter(&entry.value, &dotted(&entry.key.text)));
        }
        Value::Mapping(mapping) => {
            mapping.get(step).into_iter().for_each(|child| enter(child, &dotted(step)));
        }
        _ => {}
    }
}

fn require(node: &Node, kinds: Kinds, path: &str, cx: &mut Context<'_>) {
    if kinds.hold(Kinds::of(&node.value)) {
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
    use crate::world::Memory;

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
            let world = Memory::new()
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
