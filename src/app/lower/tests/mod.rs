//! Lowering as a whole: a manifest in, what it means out. One file a concern.

mod databases;
mod edges;
mod exposure;
mod external;
mod image_lock;
mod jobs;
mod known_secrets;
mod mounts;
mod names_in_files;
mod secrets;
mod settings;
mod start_hooks;
mod total;
mod usual_sizes;
mod written_hosts;

use crate::{
    Application, EnvironmentChoice, KeySupport, KnownNames, Ledger, LoweringInput, ReportRow, SupportRow,
    SupportTable, Text, TextPiece, late_bound_names, lower,
};
use camino::Utf8PathBuf;
use tranship_frontend::compose::{LoadOptions, load};
use tranship_frontend::diagnostic::{Diagnostics, RuleRegistry, Severity};
use tranship_frontend::source::Sources;
use tranship_frontend::world::MemoryWorld;

/// What came of a manifest.
pub(super) struct Lowered {
    pub(super) application: Option<Application>,
    pub(super) diagnostics: Diagnostics,
    pub(super) rows: Vec<ReportRow>,
}

/// Everything that no code claims, so that a report can be closed.
static REST: SupportTable = SupportTable {
    target: "fargate",
    product: "Fargate",
    rows: &[SupportRow {
        key: "*",
        support: KeySupport::Ignored { effect: crate::BehaviourEffect::Equivalent },
        reason: "left to the target",
    }],
};

/// What these tests can name: the rules of the front end and of this crate, and targets of today.
pub(super) fn known_names() -> KnownNames {
    let rules = tranship_frontend::diagnostic::rules::ALL.iter().chain(crate::rules::ALL).copied();
    KnownNames { rules: RuleRegistry::new(rules), targets: vec!["beanstalk", "ecs-ec2", "fargate"] }
}

/// Lowers one file for a target.
pub(super) fn lowered(text: &str) -> Lowered {
    lowered_for(text, &EnvironmentChoice::Target("fargate".to_owned()))
}

/// Lowers one file for what is chosen.
pub(super) fn lowered_for(text: &str, choice: &EnvironmentChoice) -> Lowered {
    through(&MemoryWorld::new().file("compose.yaml", text).file(".env", "KNOWN=1\n"), choice)
}

/// Lowers the project of a world for a target.
pub(super) fn lowered_in(world: &MemoryWorld) -> Lowered {
    through(world, &EnvironmentChoice::Target("fargate".to_owned()))
}

fn through(world: &MemoryWorld, choice: &EnvironmentChoice) -> Lowered {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let options = LoadOptions {
        files: vec![Utf8PathBuf::from("compose.yaml")],
        project_name: Some("shop".to_owned()),
        deferred: Some(late_bound_names),
        ..LoadOptions::default()
    };
    let Some(manifest) = load(&options, world, &mut sources, &mut diagnostics) else {
        panic!("not a manifest: {:?}", shown(&diagnostics));
    };
    let mut ledger = Ledger::new();
    let known = known_names();
    let given = LoweringInput {
        manifest: &manifest,
        choice,
        known: &known,
        world,
        purpose: crate::LoweringPurpose::Deploy,
        lock: &locked(world),
        pins: &std::collections::BTreeMap::new(),
    };
    let application = lower(&given, &mut sources, &mut diagnostics, &mut ledger);
    let application = application.filter(|_| !diagnostics.has_errors());
    let closed = ledger.close(&manifest, &sources, &REST, &Diagnostics::new(), &mut Diagnostics::new());
    let rows = closed.rows(&manifest, &sources).collect();
    Lowered { application, diagnostics, rows }
}

/// The lock file of a project, where it has one.
fn locked(world: &MemoryWorld) -> tranship_images::ImageLock {
    use tranship_frontend::world::World;
    let text = world.read("tranship.lock".into()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(|text| tranship_images::ImageLock::parse(&text).unwrap()).unwrap_or_default()
}

fn shown(diagnostics: &Diagnostics) -> Vec<String> {
    diagnostics.iter().map(|one| format!("{}: {}", one.rule.name, one.message)).collect()
}

impl Lowered {
    pub(super) fn app(&self) -> &Application {
        self.application.as_ref().unwrap_or_else(|| panic!("refused: {:?}", shown(&self.diagnostics)))
    }

    /// Names of the rules that were told, notes left out.
    pub(super) fn told(&self) -> Vec<&'static str> {
        let loud = self.diagnostics.iter().filter(|one| one.severity != Severity::Note);
        loud.map(|one| one.rule.name).collect()
    }

    /// Names of the notes.
    pub(super) fn notes(&self) -> Vec<&'static str> {
        let quiet = self.diagnostics.iter().filter(|one| one.severity == Severity::Note);
        quiet.map(|one| one.rule.name).collect()
    }

    /// A variable of a service, with `{…}` for what is not literal.
    pub(super) fn value(&self, service: &str, variable: &str) -> String {
        let service = self.app().services.get(service).expect("a service");
        let variant = service.container.environment.get(variable).expect("a variable");
        variant.value.as_ref().map(print).unwrap_or_default()
    }

    /// A secret's text, where it is put together.
    pub(super) fn derived(&self, name: &str) -> String {
        match &self.app().secrets.get(name).expect("a secret").source {
            crate::SecretSource::Derived(text) => print(text),
            other => format!("{other:?}"),
        }
    }

    /// Edges as `from>to:port/protocol`.
    pub(super) fn edges(&self) -> Vec<String> {
        let edges = self.app().edges.iter();
        let mut edges: Vec<String> = edges
            .map(|edge| {
                let port = edge.port.map(|port| format!(":{}/{}", port.number, port.protocol.as_str()));
                format!("{}>{}{}", edge.from, edge.to, port.unwrap_or_default())
            })
            .collect();
        edges.sort();
        edges
    }

    /// The disposition of a leaf.
    pub(super) fn disposition(&self, key: &str) -> (&'static str, &str) {
        let row = self.rows.iter().find(|row| row.key == key).unwrap_or_else(|| panic!("no {key}"));
        (row.disposition, row.reason.as_deref().unwrap_or(&row.claim))
    }
}

/// A text with `{…}` for what is not literal.
pub(super) fn print(text: &Text) -> String {
    let piece = |piece: &TextPiece| match piece {
        TextPiece::Literal(text) => text.to_string(),
        TextPiece::LateBound(variable) => format!("{{${}}}", variable.name),
        TextPiece::Host(name) => format!("{{host {name}}}"),
        TextPiece::Database { service, field } => format!("{{{service} {field:?}}}"),
        TextPiece::Secret(name) => format!("{{secret {name}}}"),
        other => format!("{{{other:?}}}"),
    };
    text.segments.iter().map(|segment| piece(&segment.piece)).collect()
}
