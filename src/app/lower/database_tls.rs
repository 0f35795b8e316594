//! Clients that switch TLS off for a managed database which accepts nothing else.
//!
//! In: the services with their values as they are wired, and the databases. Out: one warning that names the values.

use super::LoweringContext;
use crate::{
    AppService, ApplicationSecret, ManagedDatabase, ManifestName, SecretId, SecretSource, Text, TextPiece,
    rules,
};
use indexmap::IndexMap;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::source::Origin;

/// What a connection string says to switch TLS off, in lower case: of libpq, of the drivers of MySQL and MariaDB, of JDBC.
const OPTIONS: &[&str] = &[
    "sslmode=disable",
    "sslmode=allow",
    "ssl-mode=disabled",
    "ssl_mode=disabled",
    "ssl=false",
    "ssl=0",
    "ssl=off",
    "usessl=false",
    "tls=false",
    "encrypt=false",
];

/// The ends of variables that switch TLS on or off.
const VARIABLES: &[&str] = &["SSLMODE", "SSL_MODE", "_SSL", "_TLS", "_USE_SSL", "_USE_TLS", "_REQUIRE_SSL"];

/// The values of such variables that switch it off.
const OFF: &[&str] = &["disable", "disabled", "false", "0", "off", "no"];

/// Reports them.
pub(super) fn report(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
    secrets: &IndexMap<SecretId, ApplicationSecret>,
) {
    let strict: Vec<&ManagedDatabase> = databases.values().filter(|database| forces_tls(database)).collect();
    let mut found: Vec<(&AppService, &ManagedDatabase, String, Origin)> = Vec::new();
    for service in services.values() {
        let values = service.container.environment.iter();
        let values: Vec<(&str, &Text)> = values
            .filter_map(|(name, variant)| Some((&**name, put_together(variant.value.as_ref()?, secrets))))
            .collect();
        for database in &strict {
            let uses = values.iter().any(|(_, text)| names(text, &database.name));
            for (name, text) in &values {
                let literal = literals(text).to_ascii_lowercase();
                let option = OPTIONS.iter().find(|option| has_option(&literal, option));
                let switched = uses && switches_off(name, text);
                if let Some(option) = option.filter(|_| names(text, &database.name)) {
                    found.push((service, database, format!("`{option}` in `{name}`"), text.origin));
                } else if switched {
                    found.push((service, database, format!("`{name}`"), text.origin));
                }
            }
        }
    }
    let Some((service, database, what, _)) = found.first() else { return };
    let product = database.engine.peek().product();
    let message = format!(
        "{what} of `{}` switches TLS off, and `{}` accepts no connection without it: Amazon RDS for {product} requires TLS",
        service.name, database.name
    );
    let diagnostic = Diagnostic::new(&rules::app::DATABASE_TLS, message).service(&*service.name);
    let diagnostic = found.iter().fold(diagnostic, |diagnostic, (.., origin)| diagnostic.at(*origin));
    cx.diagnostics.push(diagnostic.help(
        "switch TLS on without checking the certificate (`sslmode=require`) in a Compose file of the environment, or leave the option out",
    ));
}

/// The text itself, or what the secret is put together from that stands in its place: a connection string with a password.
fn put_together<'t>(text: &'t Text, secrets: &'t IndexMap<SecretId, ApplicationSecret>) -> &'t Text {
    let [segment] = text.segments.as_slice() else { return text };
    let TextPiece::Secret(secret) = &segment.piece else { return text };
    match secrets.get(secret).map(|secret| &secret.source) {
        Some(SecretSource::Derived(derived)) => derived,
        _ => text,
    }
}

/// Whether RDS refuses connections without TLS in the parameters that it starts with.
fn forces_tls(database: &ManagedDatabase) -> bool {
    let engine = database.engine.peek();
    let version = database.version.as_ref().map_or(engine.usual_version(), |version| version.peek().as_str());
    engine.forces_tls(version)
}

/// Whether a text contains something of a database.
fn names(text: &Text, database: &ManifestName) -> bool {
    text.segments
        .iter()
        .any(|segment| matches!(&segment.piece, TextPiece::Database { service, .. } if service == database))
}

/// What of a text is known.
fn literals(text: &Text) -> String {
    let literal = |piece: &TextPiece| match piece {
        TextPiece::Literal(text) => text.to_string(),
        _ => " ".to_owned(),
    };
    text.segments.iter().map(|segment| literal(&segment.piece)).collect()
}

/// An option of a connection string: no letter stands before it or goes on after it.
fn has_option(text: &str, option: &str) -> bool {
    text.match_indices(option).any(|(at, _)| {
        let letter = |other: Option<char>| other.is_some_and(|other| other.is_ascii_alphanumeric());
        let before = text.get(..at).and_then(|before| before.chars().last());
        let after = text.get(at + option.len()..).and_then(|after| after.chars().next());
        !letter(before) && !letter(after)
    })
}

fn switches_off(name: &str, text: &Text) -> bool {
    let name = name.to_ascii_uppercase();
    let about = VARIABLES.iter().any(|end| name.ends_with(end));
    let value = text.literal().map(|value| value.to_ascii_lowercase());
    about && value.is_some_and(|value| OFF.contains(&value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::has_option;

    #[test]
    fn an_option_stands_by_itself() {
        for (text, option, has) in [
            ("postgres://a@b/c?sslmode=disable", "sslmode=disable", true),
            ("?x=1&sslmode=disable&y=2", "sslmode=disable", true),
            ("?usessl=false", "ssl=false", false),
            ("?ssl=falsetto", "ssl=false", false),
            ("host=b sslmode=disable", "sslmode=disable", true),
        ] {
            assert_eq!(has_option(text, option), has, "{text}");
        }
    }
}
