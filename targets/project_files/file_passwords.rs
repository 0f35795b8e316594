//! Passwords in configurations that go into an artifact: said, since only their form gives them away.
//!
//! In: files that no rule keeps out of a bundle or an image. Out: the first line of each that looks like a password,
//! and one warning for what a service mounts. Invariant: the message names the file and the line, never the value.

use crate::Compilation;
use tranship_app::AppService;
use tranship_app::rules::app::PASSWORD_IN_FILE;
use tranship_facts::is_configuration;
use tranship_frontend::diagnostic::{Diagnostic, listed};
use tranship_frontend::secrets::password_line;
use tranship_frontend::source::Origin;

/// At most so many files are named.
const MOST_NAMED: usize = 6;

/// A line of a file that looks like a password.
#[derive(Debug, PartialEq, Eq)]
pub struct PasswordPlace {
    path: String,
    line: usize,
}

/// The first password of a file. In a folder, only configurations are looked at; a file that is mounted by its own
/// name is one, whatever it is called.
pub fn password_place(path: &str, bytes: &[u8], by_name: bool) -> Option<PasswordPlace> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let read = by_name || is_configuration(name) || name.ends_with(".sql") || !name.contains('.');
    let line = Some(bytes).filter(|_| read).and_then(password_line)?;
    Some(PasswordPlace { path: path.to_owned(), line })
}

/// One warning for the passwords among the files that a service takes to `place`, with the ways to deliver them.
pub fn warn_of_passwords(
    service: &AppService,
    found: &[PasswordPlace],
    place: &str,
    origin: Origin,
    cx: &mut Compilation<'_>,
) {
    if found.is_empty() {
        return;
    }
    let named: Vec<String> =
        found.iter().take(MOST_NAMED).map(|one| format!("`{}` line {}", one.path, one.line)).collect();
    let more = found.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more files") } else { String::new() };
    let message = format!(
        "service `{}` brings what looks like a password into {place}: {}{more}",
        service.name,
        listed(&named)
    );
    let diagnostic = Diagnostic::new(&PASSWORD_IN_FILE, message).at(origin).service(&*service.name);
    cx.diagnostics.push(diagnostic.help(
        "declare the file under `secrets` and mount it with `secrets: [{ source, target }]`, or let the program read the value from a variable",
    ));
}
