//! The project's name: from a flag, `COMPOSE_PROJECT_NAME`, the files' `name`, or the directory.

use super::discover::DiscoveredFiles;
use super::interpolate::EnvironmentVariables;
use super::{LoadContext, template};
use crate::diagnostic::{Diagnostic, rules::project as rule};
use crate::source::{Origin, Provenance, VariableSource};
use crate::yaml::{Node, NodeValue};
use std::sync::Arc;

/// Determines the name and where it was written. `roots` are the documents of the files, in order.
pub(super) fn settle<'a>(
    found: &DiscoveredFiles,
    roots: impl Iterator<Item = &'a Node>,
    cx: &mut LoadContext<'_>,
) -> Option<(Arc<str>, Origin)> {
    if let Some(name) = &cx.options.project_name
        && !name.is_empty()
    {
        return imposed(name.clone(), VariableSource::Flag("--project-name".into()), cx);
    }
    if let Some(variable) =
        found.environment.get("COMPOSE_PROJECT_NAME").filter(|found| !found.value.is_empty())
    {
        return imposed(variable.value.to_string(), variable.source.clone(), cx);
    }
    let written = roots.filter_map(|root| root.get("name")).filter(|name| name.as_str() != Some("")).last();
    let (name, origin) = match written {
        Some(Node { value: NodeValue::String(text), origin, .. }) => from_file(text, *origin, found, cx),
        _ => (normalise(found.directory.file_name().unwrap_or_default()), Origin::NOWHERE),
    };
    if name.is_empty() {
        cx.report(
            Diagnostic::new(&rule::NO_NAME, "the project has no name")
                .at(origin)
                .help("write `name:` at the top of the Compose file, or use `--project-name`"),
        );
        return None;
    }
    Some((name.into(), origin))
}

/// A name from a flag or variable must already be normalized.
fn imposed(name: String, source: VariableSource, cx: &mut LoadContext<'_>) -> Option<(Arc<str>, Origin)> {
    let origin = cx.sources.record(Provenance::Outside(source));
    if normalise(&name) == name {
        return Some((name.into(), origin));
    }
    cx.report(
        Diagnostic::new(&rule::BAD_NAME, format!("`{name}` is not a valid project name"))
            .at(origin)
            .help("use lower-case letters, digits, `-` and `_`, and start with a letter or a digit"),
    );
    None
}

fn from_file(
    text: &str,
    origin: Origin,
    found: &DiscoveredFiles,
    cx: &mut LoadContext<'_>,
) -> (String, Origin) {
    let normalise = |name: &str| if cx.options.no_normalize { name.to_owned() } else { normalise(name) };
    if cx.options.no_interpolate {
        return (normalise(text), origin);
    }
    // An invalid expression is reported when the file itself is interpolated.
    let mut variables = EnvironmentVariables::silent(&found.environment);
    let Ok(expansion) = template::expand(text, &mut variables) else { return (String::new(), origin) };
    let name = normalise(&expansion.text);
    // Which variable the name came from is known only where no character was dropped.
    let origin = match expansion.substitutions.is_empty() || name.len() != expansion.text.len() {
        true => origin,
        false => {
            let substitutions = expansion.substitutions;
            cx.sources.record(Provenance::Interpolated { template: origin, substitutions })
        }
    };
    (name, origin)
}

/// Lower case, with invalid characters removed (compose-go `NormalizeProjectName`).
pub(super) fn normalise(name: &str) -> String {
    let kept: String = name
        .to_lowercase()
        .chars()
        .filter(|kept| kept.is_ascii_lowercase() || kept.is_ascii_digit() || matches!(kept, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        for (given, name) in [("MyProject", "myproject"), ("_-a b.c", "abc"), ("été-1", "t-1"), ("...", "")]
        {
            assert_eq!(normalise(given), name, "{given}");
        }
    }
}
