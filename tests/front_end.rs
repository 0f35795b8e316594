//! Properties of the front end: whatever the text, it answers; and what it answers, it can show.

use proptest::prelude::*;
use tranship::compose::{LoadOptions, Manifest, load};
use tranship::diagnostic::Diagnostics;
use tranship::source::{Provenance, Sources};
use tranship::world::MemoryWorld;
use tranship::yaml::{Node, NodeValue, parse};

/// Pieces that make up a manifest, so that random texts reach deep into the front end.
const PIECES: [&str; 48] = [
    "services:\n",
    "  web:\n",
    "    image: nginx\n",
    "    ports:\n",
    "      - \"80:80\"\n",
    "    build: .\n",
    "volumes:\n",
    "  data:\n",
    "networks: {n: {}}\n",
    "include: [compose.yaml]\n",
    "    extends: web\n",
    "    environment:\n",
    "      A: ${B:-c}\n",
    "      - A=$A\n",
    "    <<: *a\n",
    "x-a: &a\n",
    "  b: 1\n",
    "---\n",
    "!reset ",
    "!override ",
    "!!int ",
    "&a ",
    "*a",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "- ",
    "? ",
    "\"",
    "'",
    "\n",
    "  ",
    "\t",
    "#",
    "|\n",
    ">-\n",
    "%YAML 1.2\n",
    "${",
    "$",
    "}",
    "~",
    "2026-11-21",
    "0x1F",
    "é",
    "\u{FEFF}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40)
            .prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

fn loaded(text: &str) -> (Option<Manifest>, Sources, Diagnostics) {
    let world = MemoryWorld::new().file("compose.yaml", text).file(".env", text).set("A", "$x");
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let manifest = load(&LoadOptions::default(), &world, &mut sources, &mut diagnostics);
    (manifest, sources, diagnostics)
}

fn each(node: &Node, visit: &mut impl FnMut(&Node)) {
    visit(node);
    match &node.value {
        NodeValue::Sequence(items) => items.iter().for_each(|item| each(item, visit)),
        NodeValue::Mapping(mapping) => mapping.iter().for_each(|entry| each(&entry.value, visit)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// A text is read or refused with a diagnostic; never both, never neither.
    #[test]
    fn every_text_has_an_answer(text in text()) {
        let (manifest, _, diagnostics) = loaded(&text);
        prop_assert_eq!(manifest.is_some(), !diagnostics.has_errors());
    }

    /// Every label of a diagnostic names bytes that the file has.
    #[test]
    fn every_diagnostic_can_be_shown(text in text()) {
        let (_, sources, diagnostics) = loaded(&text);
        for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
            for place in sources.places(label.origin) {
                let file = sources.file(place.span.file).map(|file| file.text()).unwrap_or_default();
                prop_assert!(file.get(place.span.start as usize..place.span.end as usize).is_some());
            }
        }
    }

    /// A plain or quoted text without escapes stands in the file where its origin says.
    #[test]
    fn origins_are_exact(values in proptest::collection::vec("[a-z][a-zé0-9_./-]{0,12}", 1..8), quoted in any::<bool>()) {
        let quote = if quoted { "\"" } else { "" };
        let lines: String = values.iter().enumerate().map(|(at, value)| format!("k{at}: [{quote}{value}{quote}]\n")).collect();
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = sources.add_file("c.yaml".into(), lines.clone());
        let documents = parse(file, &mut sources, &mut diagnostics).unwrap_or_default();
        let mut texts = 0;
        for document in &documents {
            each(document, &mut |node| {
                if let (Some(value), Provenance::Read(span)) = (node.as_str(), sources.provenance(node.origin).into_owned()) {
                    let raw = &lines[span.start as usize..span.end as usize];
                    assert_eq!(raw.trim_matches('"'), value);
                    texts += 1;
                }
            });
        }
        prop_assert!(texts + 4 >= values.len(), "few texts: {}", lines);
    }

    /// A value whose dollar signs are doubled comes out as it was, and its variables' bytes are theirs.
    #[test]
    fn escaping_is_undone(value in "[ -~]{0,30}", name in "[A-Z]{1,6}") {
        // This one always has a value: the project's directory.
        prop_assume!(name != "PWD");
        let escaped = value.replace('$', "$$");
        let yaml = format!("services: {{ a: {{ image: i, hostname: {} }} }}", serde_json::json!(format!("<{escaped}${{{name}:-{}}}>", "d")));
        let (manifest, sources, _) = loaded(&yaml);
        // The text of the file is the `.env` too, which may refuse it: then there is nothing to look at.
        if let Some(node) = manifest.as_ref().and_then(|manifest| manifest.root.at(&["services", "a", "hostname"])) {
            let filled = if name == "A" { "$x" } else { "d" };
            prop_assert_eq!(node.as_str(), Some(&*format!("<{value}{filled}>")));
            for one in sources.substitutions(node.origin) {
                let text = node.as_str().unwrap_or_default();
                prop_assert_eq!(&text[one.range.start as usize..one.range.end as usize], filled);
            }
        }
    }
}
