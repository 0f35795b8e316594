//! The pages of settings: for the terminal, and as the reference in Markdown.
//!
//! Invariant: nothing is said of a setting outside its declaration.

use super::declaration::quoted;
use super::sections::{FoundSettings, ListedSetting, SECTIONS, find, listed_settings};
use std::fmt::Write;

/// The page of a path below `x-tranship`, or the list of what is there, as `tranship explain` prints it.
///
/// # Errors
/// No setting has the path; the path of the nearest, if one is near.
pub fn settings_page(path: &str, targets: &[&str]) -> Result<String, Option<String>> {
    match find(path) {
        FoundSettings::One(one) => Ok(page(&one, targets)),
        FoundSettings::Several(several) => Ok(list(&several)),
        FoundSettings::Unknown(near) => Err(near),
    }
}

fn page(one: &ListedSetting, targets: &[&str]) -> String {
    let heading = anstyle::Style::new().bold();
    let mut page = format!("{heading}{}{heading:#}\n  {}\n", one.path(), one.declaration.description());
    for (title, body) in facts(one, targets) {
        let _ = write!(page, "\n{heading}{title}{heading:#}\n  {body}\n");
    }
    let _ = write!(page, "\n{heading}Example{heading:#}\n");
    for line in one.declaration.example.lines() {
        let _ = writeln!(page, "  {line}");
    }
    page
}

/// Settings with the first sentence of each, a line a setting.
fn list(several: &[ListedSetting]) -> String {
    let paths: Vec<String> = several.iter().map(ListedSetting::path).collect();
    let width = paths.iter().map(String::len).max().unwrap_or(0);
    let mut lines = String::new();
    for (path, one) in paths.iter().zip(several) {
        let doc = one.declaration.description();
        let first = doc.split(". ").next().and_then(|sentence| sentence.split(": ").next()).unwrap_or(doc);
        let _ = writeln!(lines, "{path:width$}  {}", first.trim_end_matches('.'));
    }
    lines
}

/// Where it is allowed, what it may be, what holds without it, who uses it.
fn facts(one: &ListedSetting, targets: &[&str]) -> Vec<(&'static str, String)> {
    let declaration = one.declaration;
    let mut facts = vec![
        ("Allowed in", quoted(one.section.places)),
        ("Value", declaration.form.detail(targets)),
        ("Default", declaration.default.map_or_else(|| "none, required".to_owned(), str::to_owned)),
        ("Used by", declaration.targets.names().map_or_else(|| "all targets".to_owned(), quoted)),
    ];
    let inner: Vec<&str> = one.inner().iter().map(|inner| inner.key).collect();
    if !inner.is_empty() {
        facts.insert(2, ("Keys", quoted(&inner)));
    }
    facts
}

/// The whole reference, `docs/x-tranship.md`.
pub fn settings_reference(targets: &[&str]) -> String {
    let mut text = String::from(concat!(
        "# The `x-tranship` extension\n\n",
        "Docker Compose ignores keys that start with `x-`. Tranship reads `x-tranship` at the top of the\n",
        "file, in services and in named volumes, for what Compose cannot express. It is optional: a file\n",
        "without it compiles for every target.\n\n",
        "`tranship explain x-tranship.KEY` prints an entry of this page, and `tranship schema` prints a JSON\n",
        "Schema for editors. The page is generated from the declarations in `src/app/settings`;\n",
        "`TRANSHIP_BLESS=1 cargo test --test settings` updates it.\n",
    ));
    let all = listed_settings();
    let mut shown = "";
    for section in SECTIONS {
        let places: Vec<String> = section.places.iter().map(|place| format!("`{place}`")).collect();
        let _ = write!(text, "\n## {}\n\nKeys of {}.\n", section.title, places.join(" and "));
        for one in all.iter().filter(|one| std::ptr::eq(one.section, section)) {
            text.push_str(&entry(one, targets));
            if one.declaration.example != shown {
                shown = one.declaration.example;
                let _ = write!(text, "\n```yaml\n{}\n```\n", shown.trim_end());
            }
        }
    }
    text
}

fn entry(one: &ListedSetting, targets: &[&str]) -> String {
    let mut text = format!("\n### {}\n\n{}\n\n", one.name(), one.declaration.description());
    for (title, body) in facts(one, targets).into_iter().filter(|(title, _)| *title != "Allowed in") {
        let _ = writeln!(text, "- {title}: {body}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_sentence_a_default_unless_required_and_an_example_that_shows_it() {
        for one in listed_settings() {
            let (path, declaration) = (one.path(), one.declaration);
            let doc = declaration.description();
            assert!(
                doc.ends_with('.') && doc.starts_with(|first: char| first.is_uppercase()),
                "{path}: {doc}"
            );
            assert_eq!(declaration.required, declaration.default.is_none(), "{path}: default");
            for key in &one.keys {
                assert!(
                    declaration.example.contains(&format!("{key}:")),
                    "{path}: the example lacks `{key}`"
                );
            }
        }
    }

    #[test]
    fn a_page_says_where_what_and_who() {
        let page = settings_page("x-tranship.capacity", &["fargate"]).expect("a page");
        for said in ["x-tranship.environments.NAME", "one of `fargate`, `spot`", "capacity: spot"] {
            assert!(page.contains(said), "{page}");
        }
        assert_eq!(settings_page("x-tranship.capasity", &[]), Err(Some("x-tranship.capacity".to_owned())));
    }

    #[test]
    fn the_defaults_of_code_are_those_of_the_declarations() {
        let days = crate::LogRetention::default().to_string();
        let posture = format!("{:?}", crate::DeploymentPosture::default()).to_lowercase();
        for (key, default) in [("log_retention", days), ("posture", posture)] {
            let all = listed_settings();
            let one = all.iter().find(|one| one.name() == key).expect("a setting");
            assert_eq!(one.declaration.default, Some(format!("`{default}`").as_str()), "{key}");
        }
    }
}
