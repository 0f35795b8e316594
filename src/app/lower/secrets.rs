//! Secrets: those the manifest declares, and literals that must not appear in an artifact.
//!
//! Values that are equal are one secret, so that the two ends of a connection stay equal. A secret is
//! named after the variable that holds it; where two variables of one name hold different values, after
//! the service too.

use super::Lowering;
use super::read::scalar;
use crate::app::{At, Database, DatabaseField, Name, Piece, Secret, SecretSource, Segment, Service, Text};
use crate::diagnostic::{Diagnostic, rules};
use crate::source::Origin;
use crate::yaml::{Node, NodeId};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// Starts of tokens by which their issuers make them known.
/// Source: the issuers' own pages on token formats.
const TOKENS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "AIza",
    "SG.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "hf_",
    "sk-ant-",
    "sk-proj-",
    "shpat_",
    "whsec_",
];

/// Whether a value is a secret by its form, whatever the variable is called.
pub(super) fn is_secret_form(value: &str) -> bool {
    let token = TOKENS.iter().any(|start| {
        value.strip_prefix(start).is_some_and(|rest| rest.len() >= 16 && !rest.contains(char::is_whitespace))
    });
    token || (value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----"))
}

/// Whether a value can be a secret: not a switch, a path, a reference or nothing.
pub(super) fn can_be_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let switch = ["true", "false", "yes", "no", "on", "off", "null", "none"].contains(&lower.as_str());
    let path = (value.starts_with('/') || value.starts_with("./")) && !value.ends_with('=');
    !value.trim().is_empty() && !switch && !path && !lower.starts_with("arn:") && !value.starts_with('$')
}

/// A secret that was found, before it has its name.
#[derive(Debug)]
struct Found {
    source: SecretSource,
    uses: BTreeSet<(Name, Name)>,
    node: NodeId,
    origin: Origin,
}

/// Secrets that were found in values, by what makes them equal.
#[derive(Debug, Default)]
pub(super) struct Pool {
    found: IndexMap<String, Found>,
}

impl Pool {
    /// The piece that stands for a literal.
    pub(super) fn given(&mut self, value: String, service: &Name, variable: &str, text: &Text) -> Piece {
        self.piece(format!("given {value}"), SecretSource::Given, service, variable, text)
    }

    /// The piece that stands for a text with secrets in it.
    pub(super) fn derived(&mut self, service: &Name, variable: &str, text: &Text) -> Piece {
        let pieces: Vec<&Piece> = text.segments.iter().map(|segment| &segment.piece).collect();
        let key = format!("derived {pieces:?}");
        self.piece(key, SecretSource::Derived(text.clone()), service, variable, text)
    }

    fn piece(
        &mut self,
        key: String,
        source: SecretSource,
        service: &Name,
        variable: &str,
        text: &Text,
    ) -> Piece {
        let (node, origin) = (text.node, text.origin);
        let entry = self.found.entry(key);
        let index = entry.index();
        let found = entry.or_insert_with(|| Found { source, uses: BTreeSet::new(), node, origin });
        found.uses.insert((service.clone(), variable.into()));
        Piece::Secret(provisional(index))
    }

    /// Whether one variable of one service alone holds the secret.
    pub(super) fn is_lone(&self, name: &Name) -> bool {
        let found = number(name).and_then(|index| self.found.get_index(index));
        found.is_some_and(|(_, found)| found.uses.len() == 1)
    }

    /// Names every secret, and puts the names where the pieces stand.
    pub(super) fn settle(
        self,
        services: &mut IndexMap<Name, Service>,
        declared: &mut IndexMap<Name, Secret>,
    ) -> Vec<(Name, Origin)> {
        let used = self.used(services);
        let names = self.names(declared, &used);
        let renames: BTreeMap<Name, Name> =
            names.iter().enumerate().map(|(index, name)| (provisional(index), name.clone())).collect();
        for service in services.values_mut() {
            let values =
                service.container.environment.values_mut().filter_map(|variant| variant.value.as_mut());
            values.for_each(|text| rename(text, &renames));
        }
        let mut told = Vec::new();
        for (index, (name, (_, mut found))) in names.into_iter().zip(self.found).enumerate() {
            if !used.contains(&index) {
                continue;
            }
            match &mut found.source {
                SecretSource::Derived(text) => rename(text, &renames),
                _ => told.push((name.clone(), found.origin)),
            }
            let (source, origin, node) = (found.source, found.origin, found.node);
            declared.insert(name.clone(), Secret { name, source, origin, node });
        }
        told
    }

    /// The secrets that some value still holds; others were parts of a value that became one as a whole.
    fn used(&self, services: &IndexMap<Name, Service>) -> BTreeSet<usize> {
        let values = services.values().flat_map(|service| service.container.environment.values());
        let mut open: Vec<usize> =
            values.filter_map(|variant| variant.value.as_ref()).flat_map(held).collect();
        let mut used = BTreeSet::new();
        while let Some(index) = open.pop() {
            if let (true, Some((_, found))) = (used.insert(index), self.found.get_index(index)) {
                if let SecretSource::Derived(text) = &found.source {
                    open.extend(held(text));
                }
            }
        }
        used
    }

    /// A name for each, in order.
    fn names(&self, declared: &IndexMap<Name, Secret>, used: &BTreeSet<usize>) -> Vec<Name> {
        let mut holders: BTreeMap<&Name, usize> = BTreeMap::new();
        for (_, found) in self.found.values().enumerate().filter(|(index, _)| used.contains(index)) {
            let variables: BTreeSet<&Name> = found.uses.iter().map(|(_, variable)| variable).collect();
            variables.into_iter().for_each(|variable| *holders.entry(variable).or_default() += 1);
        }
        let mut taken: BTreeSet<Name> = declared.keys().cloned().collect();
        let mut names = Vec::new();
        for (index, found) in self.found.values().enumerate() {
            if !used.contains(&index) {
                names.push(provisional(index));
                continue;
            }
            let variable = found.uses.iter().map(|(_, variable)| variable).min();
            let own =
                variable.filter(|name| holders.get(name) == Some(&1) && !taken.contains(*name)).cloned();
            let qualified = || {
                let first = found.uses.first();
                first.map_or_else(
                    || "secret".into(),
                    |(service, variable)| format!("{service}/{variable}").into(),
                )
            };
            let mut name: Name = own.unwrap_or_else(qualified);
            while taken.contains(&name) {
                name = format!("{name}_").into();
            }
            taken.insert(name.clone());
            names.push(name);
        }
        names
    }
}

/// The name of a secret until all are known. No variable's name holds a zero byte.
fn provisional(index: usize) -> Name {
    format!("\0{index}").into()
}

fn number(name: &Name) -> Option<usize> {
    name.strip_prefix('\0')?.parse().ok()
}

/// The numbers of the secrets in a text.
fn held(text: &Text) -> Vec<usize> {
    let number = |segment: &Segment| match &segment.piece {
        Piece::Secret(name) => number(name),
        _ => None,
    };
    text.segments.iter().filter_map(number).collect()
}

fn rename(text: &mut Text, names: &BTreeMap<Name, Name>) {
    for Segment { piece, .. } in &mut text.segments {
        if let Piece::Secret(name) = piece {
            if let Some(settled) = names.get(name) {
                *name = settled.clone();
            }
        }
    }
}

/// One warning for all literals that became secrets.
pub(super) fn tell(cx: &mut Lowering<'_>, literals: &[(Name, Origin)]) {
    let Some((_, first)) = literals.first() else { return };
    let mut names: Vec<String> = literals.iter().map(|(name, _)| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(6);
    names.truncate(6);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (what, becomes) = if literals.len() == 1 {
        ("a literal secret", "it becomes a secret that is given at deployment")
    } else {
        ("literal secrets", "they become secrets that are given at deployment")
    };
    let mut diagnostic = Diagnostic::new(
        &rules::app::LITERAL_SECRET,
        format!("the manifest holds {what}: {}{rest}; {becomes}", names.join(", ")),
    )
    .at(*first)
    .help("give each its value when you deploy, with `--secret NAME=@FILE`");
    for (_, origin) in literals.iter().skip(1).take(2) {
        diagnostic = diagnostic.at(*origin);
    }
    cx.diagnostics.push(diagnostic);
}

/// The secrets and configs under their own sections that deployed services mount.
pub(super) fn declared(
    cx: &mut Lowering<'_>,
    services: &IndexMap<Name, Service>,
    databases: &IndexMap<Name, Database>,
) -> IndexMap<Name, Secret> {
    let mounted: BTreeSet<(Name, bool)> = services
        .values()
        .flat_map(|service| service.container.files.iter())
        .map(|file| (file.secret.clone(), file.config))
        .collect();
    let passwords: Vec<(Name, Name)> = databases
        .values()
        .flat_map(|database| {
            cx.password_files_of(database).into_iter().map(|secret| (secret, database.name.clone()))
        })
        .collect();
    let mut secrets = IndexMap::new();
    let manifest = cx.manifest;
    for (section, config) in [("secrets", false), ("configs", true)] {
        for entry in manifest.root.get(section).and_then(Node::as_mapping).into_iter().flatten() {
            let name = &entry.key.text;
            let Some(source) = source(cx, &entry.value) else { continue };
            if !mounted.contains(&(name.clone(), config)) {
                cx.ledger.ignored(&entry.value, "no service that is deployed uses it", false);
                continue;
            }
            let password = passwords.iter().find(|(secret, _)| secret == name).filter(|_| !config);
            let source = match password {
                Some((_, database)) => {
                    let value = "the managed database's generated password";
                    cx.ledger.approximated(
                        &entry.value,
                        value,
                        "it is the password of a replaced database",
                        "",
                    );
                    SecretSource::Derived(password_of(database, &entry.value))
                }
                None => source,
            };
            let (node, origin) = (entry.value.id, entry.value.origin);
            secrets.insert(name.clone(), Secret { name: name.clone(), source, origin, node });
        }
    }
    secrets
}

fn password_of(database: &Name, node: &Node) -> Text {
    let mut text = Text { node: node.id, origin: node.origin, ..Text::default() };
    text.push(Piece::Database { service: database.clone(), field: DatabaseField::Password }, node.origin);
    text
}

fn source(cx: &mut Lowering<'_>, node: &Node) -> Option<SecretSource> {
    if node.get("external").and_then(Node::as_bool) == Some(true) {
        return node.get("name").and_then(|name| cx.text(name)).map(SecretSource::External);
    }
    let at = |node: &Node| scalar(node).map(|text| At::of(node, text.to_string()));
    if let Some(file) = node.get("file") {
        return at(file).map(SecretSource::File);
    }
    if let Some(variable) = node.get("environment") {
        return at(variable).map(SecretSource::Environment);
    }
    node.get("content").and_then(|content| cx.text(content)).map(SecretSource::Content)
}
