//! Files with variables: `.env`, `--env-file`, `env_file` and `label_file`.
//!
//! In: paths. Out: variables, each with the line it came from. Values see the same variables as in Docker
//! Compose: first those set already, then those set earlier in the file.

mod dotenv;
mod raw;
mod services;

pub(super) use services::{contents, resolve};

use super::template::VariableLookup;
use super::{LoadContext, ProjectVariables, SourcedValue};
use crate::diagnostic::{Diagnostic, rules::env_file as rule, rules::interpolation};
use crate::source::{FileId, Origin, Span, VariableSource};
use camino::Utf8PathBuf;
use indexmap::IndexMap;
use std::sync::Arc;

/// Variables in the order of their lines.
pub(super) type FileVariables = IndexMap<Arc<str>, SourcedValue>;

/// The env files of a project.
#[derive(Debug, Default)]
pub(super) struct DotEnv {
    /// Named by a flag, so there is no default.
    pub(super) explicit: bool,
    /// `COMPOSE_DISABLE_ENV_FILE`.
    pub(super) disabled: bool,
    /// The files to read, in order.
    pub(super) files: Vec<Utf8PathBuf>,
}

/// Reads env files in order; a later line wins. `wanted` is where they were requested.
pub(super) fn read_dotenv(
    files: &[Utf8PathBuf],
    wanted: Origin,
    environment: &ProjectVariables,
    cx: &mut LoadContext<'_>,
) -> Option<FileVariables> {
    let mut read = FileVariables::new();
    for path in files {
        let path = crate::world::normalise(&cx.world.current_directory().join(path));
        let file = cx.read_file(&path, wanted, "env file")?;
        let outside = |name: &str| environment.get(name).cloned();
        parse_dotenv(file, &outside, &mut read, cx)?;
    }
    Some(read)
}

/// Reads one text of assignments into `read`. `outside` takes precedence over earlier lines of the text.
fn parse_dotenv(
    file: FileId,
    outside: &dyn Fn(&str) -> Option<SourcedValue>,
    read: &mut FileVariables,
    cx: &mut LoadContext<'_>,
) -> Option<()> {
    if !cx.has_room(file, Origin::NOWHERE) {
        return None;
    }
    let text = cx.sources.file(file)?.shared_text();
    let mut lines = LineScope { outside, read, unset: Vec::new(), seen: Vec::new() };
    let budget = &mut cx.budget;
    let outcome = dotenv::parse(&text, &mut lines, |lines, assignment| {
        let span = Span::new(file, assignment.place.start, assignment.place.end);
        lines.unset.extend(assignment.unset.into_iter().map(|name| (name, span)));
        let value = match assignment.value {
            Some(value) => value.into(),
            None => match (lines.outside)(&assignment.name) {
                Some(variable) => variable.value,
                None => return true,
            },
        };
        let fits = budget.bytes(value.len());
        let name: Arc<str> = assignment.name.into();
        lines.seen.push(SeenLine { name: name.clone(), value: value.clone(), span });
        let variable = SourcedValue { value, source: VariableSource::File(span) };
        lines.read.insert(name, variable);
        fits
    });
    for line in lines.seen {
        cx.sources.guard_line(&line.name, &line.value, line.span);
    }
    for (name, span) in lines.unset {
        let origin = cx.sources.read_at(span);
        warn_unset(&name, origin, cx);
    }
    match outcome {
        Ok(()) => Some(()),
        Err(fault) => {
            let place = Span::new(file, fault.place.start, fault.place.end);
            cx.sources.hide_faulty(place);
            let origin = cx.sources.read_at(place);
            let (rule, help) = match fault.too_large {
                true => (&rule::TOO_LARGE, "write the value out instead of nesting variables"),
                false => (&rule::SYNTAX, "write one `NAME=value` per line, and quote values if necessary"),
            };
            if !fault.too_large || cx.budget.is_first_report() {
                cx.report(Diagnostic::new(rule, fault.message).at(origin).help(help));
            }
            None
        }
    }
}

/// The variables visible to a line of a file.
struct LineScope<'a> {
    outside: &'a dyn Fn(&str) -> Option<SourcedValue>,
    read: &'a mut FileVariables,
    unset: Vec<(Arc<str>, Span)>,
    seen: Vec<SeenLine>,
}

/// A line that set a variable.
struct SeenLine {
    name: Arc<str>,
    value: Arc<str>,
    span: Span,
}

impl VariableLookup for LineScope<'_> {
    fn variable(&mut self, name: &str) -> Option<SourcedValue> {
        (self.outside)(name).or_else(|| self.read.get(name).cloned())
    }
}

/// Warns about an unset variable, once per load.
pub(super) fn warn_unset(name: &Arc<str>, origin: Origin, cx: &mut LoadContext<'_>) {
    if cx.variables.insert(name.clone(), None).is_some() {
        return;
    }
    cx.report(
        Diagnostic::new(
            &interpolation::UNSET,
            format!("variable `{name}` is not set, so it is replaced by an empty string"),
        )
        .at(origin)
        .help(format!("set it in the environment or in `.env`, or give a default: `${{{name}:-...}}`")),
    );
}
