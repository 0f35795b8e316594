//! The page of a rule, for the terminal and as Markdown for the reference.
//!
//! In: a [`DiagnosticRule`]. Out: text. Invariant: everything that is said about a rule comes from its declaration.

use super::{DiagnosticRule, RuleRegistry, Severity};
use std::fmt::Write;

impl Severity {
    /// The lower-case word for it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// The page as `tranship explain NAME` prints it.
pub fn text(rule: &DiagnosticRule) -> String {
    let heading = anstyle::Style::new().bold();
    let mut page = format!("{heading}{}[{}]{heading:#}: {}\n", rule.severity.name(), rule.name, rule.title);
    for (title, body) in sections(rule) {
        page.push_str(&format!("\n{heading}{title}{heading:#}\n"));
        for line in body.lines() {
            page.push_str(format!("  {line}").trim_end());
            page.push('\n');
        }
    }
    page
}

/// The page as a section of the reference.
pub fn markdown(rule: &DiagnosticRule) -> String {
    let mut page = format!("### {}\n\n*{}*: {}.\n", rule.name, rule.severity.name(), rule.title);
    for (title, body) in sections(rule) {
        match title {
            "Example" => page.push_str(&format!("\n```yaml\n{}\n```\n", body.trim_end())),
            _ => page.push_str(&format!("\n**{title}.** {}\n", body.trim_end())),
        }
    }
    page
}

fn sections(rule: &DiagnosticRule) -> [(&'static str, &'static str); 4] {
    [
        ("What it is", rule.what),
        ("Why it matters", rule.why),
        ("Example", rule.example),
        ("What to do", rule.fix),
    ]
}

/// Every rule with its title, one per line.
pub fn list(registry: &RuleRegistry) -> String {
    let width = registry.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut lines = String::new();
    for rule in registry.iter() {
        let _ = writeln!(lines, "{:width$}  {:7}  {}", rule.name, rule.severity.name(), rule.title);
    }
    lines
}

/// The whole reference, `docs/diagnostics.md`.
pub fn reference(registry: &RuleRegistry) -> String {
    let mut text = String::from(concat!(
        "# Diagnostics\n\n",
        "Each diagnostic has a name within its family. `tranship explain NAME` prints its page, `accept` in\n",
        "`x-tranship` takes the name, and SARIF uses it as the rule id. This page is generated from the\n",
        "declarations of the rules: run `TRANSHIP_BLESS=1 cargo test --test diagnostics`.\n",
    ));
    let mut family = "";
    for rule in registry.iter() {
        let next = rule.name.split('/').next().unwrap_or_default();
        if next != family {
            family = next;
            let _ = writeln!(text, "\n## {family}");
        }
        let _ = write!(text, "\n{}", markdown(rule));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::rules;
    use std::collections::BTreeSet;

    fn is_kebab(text: &str) -> bool {
        !text.is_empty()
            && text.split('-').all(|word| {
                !word.is_empty()
                    && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            })
    }

    #[test]
    fn every_rule_has_a_unique_kebab_name_in_a_family() {
        let mut seen = BTreeSet::new();
        for rule in rules::ALL.iter().copied().flatten() {
            let parts: Vec<&str> = rule.name.split('/').collect();
            assert!(parts.len() == 2 && parts.iter().all(|part| is_kebab(part)), "{}", rule.name);
            assert!(seen.insert(rule.name), "{} is declared twice", rule.name);
        }
    }

    #[test]
    fn every_rule_has_a_complete_page() {
        for rule in rules::ALL.iter().copied().flatten() {
            for (section, body) in sections(rule) {
                assert!(!body.trim().is_empty(), "{}: {section} is empty", rule.name);
            }
            for (section, body) in [("what", rule.what), ("why", rule.why), ("fix", rule.fix)] {
                assert!(
                    body.trim_end().ends_with(['.', '`', '?', ')']),
                    "{}: {section} is no sentence",
                    rule.name
                );
            }
            let first = rule.title.chars().next();
            assert!(first.is_some() && !rule.title.ends_with('.'), "{}: a title is a phrase", rule.name);
        }
    }
}
