//! What became a secret, and what the manifest itself declares as one.

use super::LoweringContext;
use super::secret_pool::GivenSecret;
use crate::document::{ComposeDocument, ComposeFile};
use crate::rules;
use crate::{
    AppService, ApplicationSecret, BehaviourEffect, DatabaseField, FileMountKind, ManagedDatabase,
    ManifestName, SecretId, SecretSource, Text, TextPiece,
};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use tranship_frontend::diagnostic::{Diagnostic, Severity};

/// One warning for all literals that became secrets; values of variables are worth a note.
pub(super) fn report(cx: &mut LoweringContext<'_>, given: &[GivenSecret]) {
    let (literal, variable): (Vec<&GivenSecret>, Vec<&GivenSecret>) =
        given.iter().partition(|one| one.literal);
    let one = literal.len() == 1;
    let what = if one { "a literal secret" } else { "literal secrets" };
    let becomes = if one { "its value is" } else { "their values are" };
    let message = format!("the manifest contains {what}: {}; {becomes} set at deployment", listed(&literal));
    report_list(cx, &literal, message, Severity::Warning);
    let message = format!("secrets to set at deployment: {}", listed(&variable));
    report_list(cx, &variable, message, Severity::Note);
}

fn report_list(cx: &mut LoweringContext<'_>, given: &[&GivenSecret], message: String, severity: Severity) {
    if given.is_empty() {
        return;
    }
    let mut diagnostic = Diagnostic::new(&rules::app::LITERAL_SECRET, message).severity(severity);
    for one in given.iter().take(3) {
        diagnostic = diagnostic.at(one.origin);
    }
    let help = "set each value at deployment with `--secret NAME=@FILE`";
    cx.diagnostics.push(diagnostic.help(help));
}

/// At most six names, and how many more.
fn listed(given: &[&GivenSecret]) -> String {
    let names: Vec<String> = given.iter().take(6).map(|one| format!("`{}`", one.name)).collect();
    let more = given.len().saturating_sub(6);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
}

/// The secrets and configs under their own sections that deployed services mount.
pub(super) fn declared(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
) -> IndexMap<SecretId, ApplicationSecret> {
    let mounted: BTreeSet<(SecretId, FileMountKind)> = services
        .values()
        .flat_map(|service| service.container.files.iter())
        .map(|file| (file.secret.clone(), file.kind))
        .collect();
    let passwords: Vec<(SecretId, ManifestName)> = databases
        .values()
        .flat_map(|database| {
            cx.password_files_of(database).into_iter().map(|secret| (secret, database.name.clone()))
        })
        .collect();
    let mut secrets = IndexMap::new();
    let document = cx.document;
    let sections = [(&document.secrets, FileMountKind::Secret), (&document.configs, FileMountKind::Config)];
    for (name, file, kind) in sections
        .into_iter()
        .flat_map(|(files, kind)| files.iter().map(move |(name, file)| (name, file, kind)))
    {
        let name = SecretId::new(name.clone());
        let Some(source) = &file.source.value else {
            report_empty(cx, services, &name, kind);
            continue;
        };
        if !mounted.contains(&(name.clone(), kind)) {
            cx.ledger.ignored(&file.node, "no deployed service uses it", BehaviourEffect::Equivalent);
            continue;
        }
        cx.adopt(&file.source.findings);
        let is_password =
            |(secret, _): &&(SecretId, ManifestName)| *secret == name && kind == FileMountKind::Secret;
        let source = match passwords.iter().find(is_password) {
            Some((_, database)) => {
                let value = "the managed database's generated password";
                let reason = "it is the password of a database that RDS replaces";
                cx.ledger.approximated(&file.node, BehaviourEffect::Equivalent, value, reason, "");
                SecretSource::Derived(password_of(database, file))
            }
            None => source.clone(),
        };
        let (node, origin) = (file.node, file.origin);
        secrets.insert(name.clone(), ApplicationSecret { name, source, origin, node });
    }
    secrets
}

/// A config or secret that nothing fills: Docker has no file to mount for it.
fn report_empty(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    name: &SecretId,
    kind: FileMountKind,
) {
    let (what, keys) = match kind {
        FileMountKind::Config => ("config", "`file`, `content` or `environment`"),
        FileMountKind::Secret => ("secret", "`file`, `environment` or, for one that exists, `name`"),
    };
    for service in services.values() {
        let mounts = service.container.files.iter().filter(|file| file.secret == *name && file.kind == kind);
        for mount in mounts {
            cx.ledger.rejected(&mount.node, "nothing fills it");
            let message =
                format!("service `{}` mounts the {what} `{name}`, which has no content", service.name);
            // Where Docker Compose refuses the entry itself, that is enough.
            let entry = format!("{what}s.{name}");
            let diagnostic = Diagnostic::new(&rules::app::MISSING_FILE, message).at(mount.origin).key(entry);
            let help = format!("give it one with {keys}, and a value to each variable in it");
            cx.diagnostics.push(diagnostic.service(&*service.name).help(help));
        }
    }
}

/// The files behind `secrets`.
pub(super) fn files(document: &ComposeDocument) -> Vec<String> {
    let sources = document.secrets.values().filter_map(|file| file.source.value.as_ref());
    let path = |source: &SecretSource| match source {
        SecretSource::File(path) => Some(path.peek().clone()),
        _ => None,
    };
    sources.filter_map(path).collect()
}

fn password_of(database: &ManifestName, file: &ComposeFile) -> Text {
    let mut text = Text::empty(file.node, file.origin);
    text.push(TextPiece::Database { service: database.clone(), field: DatabaseField::Password }, file.origin);
    text
}
