//! No tree makes lowering panic, whatever its shape.

use super::known_names;
use crate::{EnvironmentChoice, Ledger, LoweringInput, lower};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tranship_frontend::compose::{Manifest, NodeTable};
use tranship_frontend::diagnostic::Diagnostics;
use tranship_frontend::source::{Origin, Sources};
use tranship_frontend::world::MemoryWorld;
use tranship_frontend::yaml::{Mapping, MappingKey, Node, NodeValue};

const KEYS: &[&str] = &[
    "services",
    "volumes",
    "secrets",
    "configs",
    "networks",
    "x-tranship",
    "name",
    "app",
    "db",
    "image",
    "environment",
    "MYSQL_HOST",
    "DATABASE_URL",
    "API_KEY",
    "depends_on",
    "condition",
    "ports",
    "target",
    "published",
    "protocol",
    "expose",
    "healthcheck",
    "test",
    "command",
    "database",
    "public",
    "job",
    "scale",
    "skip",
    "late_bound",
    "environments",
    "network_mode",
    "type",
    "source",
    "file",
    "owner",
    "deploy",
    "replicas",
    "x-other",
    "links",
    "task",
    "aliases",
    "ulimits",
];

const WORDS: &[&str] = &[
    "app",
    "db",
    "",
    "db:5432",
    "postgres://u:p@db:5432/x?password=y",
    "mysql:8",
    "volume",
    "service:app",
    "service_completed_successfully",
    "CMD",
    "8000-7000",
    "é://ü:@",
    "0",
    "@tcp(",
    "app@tcp(db:1)/",
    "://",
    "a=b;c",
    "\u{fffc}:\u{fffc}",
    "-5",
    "1e99",
    "host=db port=1",
    "[::1]:80",
    "http://[db",
    "x,y,db",
    "\0",
];

fn value() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(NodeValue::Null),
        any::<bool>().prop_map(NodeValue::Bool),
        any::<i64>().prop_map(|number| NodeValue::Integer(number.into())),
        any::<f64>().prop_map(NodeValue::Float),
        prop::sample::select(WORDS).prop_map(|word| NodeValue::String(word.into())),
        ".{0,12}".prop_map(|text| NodeValue::String(text.into())),
    ];
    leaf.prop_map(|value| Node::new(value, Origin::NOWHERE)).prop_recursive(6, 120, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| Node::new(NodeValue::Sequence(items), Origin::NOWHERE)),
            mapping(inner),
        ]
    })
}

fn mapping(inner: impl Strategy<Value = Node>) -> impl Strategy<Value = Node> {
    prop::collection::vec((prop::sample::select(KEYS), inner), 0..8).prop_map(|entries| {
        let mut mapping = Mapping::new();
        for (key, value) in entries {
            mapping.insert(MappingKey { text: key.into(), origin: Origin::NOWHERE }, value);
        }
        Node::new(NodeValue::Mapping(mapping), Origin::NOWHERE)
    })
}

/// A tree whose services are mappings at least, so that the deeper code runs.
fn root() -> impl Strategy<Value = Node> {
    let services = prop::collection::vec(mapping(value()), 0..4).prop_map(|services| {
        let mut mapping = Mapping::new();
        for (name, service) in ["app", "db", "image", "test"].iter().zip(services) {
            mapping.insert(MappingKey { text: (*name).into(), origin: Origin::NOWHERE }, service);
        }
        Node::new(NodeValue::Mapping(mapping), Origin::NOWHERE)
    });
    (services, mapping(value())).prop_map(|(services, mut root)| {
        if let Some(mapping) = root.as_mapping_mut() {
            mapping.insert(MappingKey { text: "services".into(), origin: Origin::NOWHERE }, services);
        }
        root
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_tree_makes_it_panic(mut root in root()) {
        let nodes = NodeTable::seal(&mut root);
        let manifest = Manifest {
            name: "shop".into(),
            name_origin: Origin::NOWHERE,
            directory: "/project".into(),
            override_file: None,
            files: Vec::new(),
            root,
            nodes,
            variables: BTreeMap::new(),
            inactive: Vec::new(),
            environment: tranship_frontend::compose::ProjectVariables::default(),
            profiles: std::collections::BTreeSet::new(),
        };
        for choice in [EnvironmentChoice::Target("fargate".into()), EnvironmentChoice::Environment("app".into())] {
            let (mut sources, mut diagnostics, mut ledger) = (Sources::new(), Diagnostics::new(), Ledger::new());
            let (known, world) = (known_names(), MemoryWorld::new());
            let given = LoweringInput { manifest: &manifest, choice: &choice, known: &known, world: &world, purpose: crate::LoweringPurpose::Deploy, lock: &tranship_images::ImageLock::default(), pins: &BTreeMap::new() };
            let application = lower(&given, &mut sources, &mut diagnostics, &mut ledger);
            // Whatever the tree, nothing that is deployed is without a task.
            for service in application.iter().flat_map(|application| application.services.keys()) {
                prop_assert!(application.iter().all(|one| !one.tasks.tasks_of(service).is_empty()), "{service}");
            }
        }
    }
}
