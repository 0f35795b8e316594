//! What became a secret, and what the manifest itself declares as one.

use super::Lowering;
use super::pool::Given;
use super::read::scalar;
use crate::rules;
use crate::{At, Database, DatabaseField, Name, Piece, Secret, SecretSource, Service, Text};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_frontend::diagnostic::{Diagnostic, Severity};
use tranship_frontend::yaml::Node;

/// One warning for all literals that became secrets; values of variables are worth a note.
pub(super) fn tell(cx: &mut Lowering<'_>, given: &[Given]) {
    let (literal, variable): (Vec<&Given>, Vec<&Given>) = given.iter().partition(|one| one.literal);
    let one = literal.len() == 1;
    let what = if one { "a literal secret" } else { "literal secrets" };
    let becomes = if one { "its value is" } else { "their values are" };
    let message = format!("the manifest holds {what}: {}; {becomes} given at deployment", listed(&literal));
    told(cx, &literal, message, Severity::Warning);
    let message = format!("secrets that are given at deployment: {}", listed(&variable));
    told(cx, &variable, message, Severity::Note);
}

fn told(cx: &mut Lowering<'_>, given: &[&Given], message: String, severity: Severity) {
    if given.is_empty() {
        return;
    }
    let mut diagnostic = Diagnostic::new(&rules::app::LITERAL_SECRET, message).severity(severity);
    for one in given.iter().take(3) {
        diagnostic = diagnostic.at(one.origin);
    }
    let help = "give each its value when you deploy, with `--secret NAME=@FILE`";
    cx.diagnostics.push(diagnostic.help(help));
}

/// At most six names, and how many more.
fn listed(given: &[&Given]) -> String {
    let names: Vec<String> = given.iter().take(6).map(|one| format!("`{}`", one.name)).collect();
    let more = given.len().saturating_sub(6);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
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
