//! The values of late-bound variables, with where each comes from.
//!
//! In: the parameters, the choices, the values of the running stack. Out: a line for each variable, and the variables
//! that would go back to what a file says. Pure. Invariant: no secret is in a line.

use super::DeployValues;
use super::parameters::ParameterChoice;
use crate::compile::LateSource;
use std::collections::BTreeMap;
use tranship_targets::DeployParameter;

/// The longest value to show, in characters.
const WIDTH: usize = 80;

fn words(source: &LateSource) -> String {
    match source {
        LateSource::Flag => "--set".to_owned(),
        LateSource::Environment => "the environment of this shell".to_owned(),
        LateSource::File(path) => path.clone(),
        LateSource::Manifest => "the manifest's default".to_owned(),
    }
}

/// What to say of late-bound variables.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LateReport {
    /// A line for each.
    pub(super) lines: Vec<String>,
    /// Those that a file sets back from what runs.
    pub(super) reverted: Vec<String>,
}

/// Reports every late-bound variable. `before` has the values of the running stack, by parameter.
pub(super) fn report(
    parameters: &[DeployParameter],
    choices: &BTreeMap<String, ParameterChoice>,
    given: &DeployValues,
    sources: &BTreeMap<String, LateSource>,
    before: &BTreeMap<String, String>,
) -> LateReport {
    let mut report = LateReport::default();
    for parameter in parameters.iter().filter(|parameter| !parameter.secret) {
        let Some(variable) = &parameter.variable else { continue };
        let old = before.get(&parameter.name).map(|value| short(value));
        let line = match choices.get(&parameter.name) {
            Some(ParameterChoice::Given(value)) => {
                let flag = parameter.names().any(|name| given.parameters.contains_key(name));
                let source = sources.get(variable).filter(|_| !flag);
                let from = source.map_or_else(|| "--parameter".to_owned(), words);
                let value = short(value);
                let was = old.filter(|old| *old != value);
                if let (Some(old), Some(LateSource::File(path))) = (&was, source) {
                    report
                        .reverted
                        .push(format!("{variable} would go from {old} to {value}, as {path} says"));
                }
                let was = was.map(|old| format!("; before: {old}")).unwrap_or_default();
                format!("{variable}={value} (from {from}{was})")
            }
            Some(ParameterChoice::Previous) => {
                format!("{variable}={} (kept from the last deployment)", old.unwrap_or_default())
            }
            _ => format!("{variable} (the manifest's default)"),
        };
        report.lines.push(line);
    }
    report
}

/// Lines for a target whose bundle has the values already.
pub(super) fn settled<'a>(
    values: impl IntoIterator<Item = (&'a String, &'a String)>,
    sources: &BTreeMap<String, LateSource>,
) -> Vec<String> {
    let line = |(name, value): (&String, &String)| {
        let from = words(sources.get(name).unwrap_or(&LateSource::Manifest));
        format!("{name}={} (from {from})", short(value))
    };
    values.into_iter().map(line).collect()
}

/// One line of at most [`WIDTH`] characters.
fn short(value: &str) -> String {
    let line: String = value.chars().map(|it| if it.is_control() { ' ' } else { it }).take(WIDTH).collect();
    if value.chars().count() > WIDTH { format!("{line}…") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(name: &str, variable: &str) -> DeployParameter {
        DeployParameter { name: name.into(), variable: Some(variable.into()), ..Default::default() }
    }

    fn told(choice: ParameterChoice, source: Option<LateSource>, before: Option<&str>) -> LateReport {
        let choices = BTreeMap::from([("AppVersion".to_owned(), choice)]);
        let sources = source.into_iter().map(|source| ("APP_VERSION".to_owned(), source)).collect();
        let before = before.into_iter().map(|old| ("AppVersion".to_owned(), old.to_owned())).collect();
        let parameters = [late("AppVersion", "APP_VERSION"), late("Other", "OTHER")];
        report(&parameters[..1], &choices, &DeployValues::default(), &sources, &before)
    }

    #[test]
    fn every_value_has_its_source() {
        let given = || ParameterChoice::Given("2".into());
        for (choice, source, before, line, reverted) in [
            (given(), Some(LateSource::Flag), Some("1"), "APP_VERSION=2 (from --set; before: 1)", false),
            (given(), Some(LateSource::Flag), Some("2"), "APP_VERSION=2 (from --set)", false),
            (given(), Some(LateSource::File(".env".into())), Some("2"), "APP_VERSION=2 (from .env)", false),
            (given(), Some(LateSource::File(".env".into())), None, "APP_VERSION=2 (from .env)", false),
            (
                given(),
                Some(LateSource::File(".env".into())),
                Some("3"),
                "APP_VERSION=2 (from .env; before: 3)",
                true,
            ),
            (
                given(),
                Some(LateSource::Environment),
                Some("3"),
                "APP_VERSION=2 (from the environment of this shell; before: 3)",
                false,
            ),
            (
                ParameterChoice::Previous,
                None,
                Some("3"),
                "APP_VERSION=3 (kept from the last deployment)",
                false,
            ),
            (ParameterChoice::Default, None, None, "APP_VERSION (the manifest's default)", false),
        ] {
            let found = told(choice, source, before);
            assert_eq!(found.lines, [line]);
            let wanted = reverted.then(|| "APP_VERSION would go from 3 to 2, as .env says".to_owned());
            assert_eq!(found.reverted, wanted.into_iter().collect::<Vec<_>>(), "{line}");
        }
    }

    #[test]
    fn a_flag_for_the_parameter_is_its_source_and_a_secret_is_not_told() {
        let mut secret = late("Token", "TOKEN");
        secret.secret = true;
        let mut given = DeployValues::default();
        given.parameters.insert("AppVersion".into(), "2".into());
        let choices = ["AppVersion", "Token"]
            .map(|name| (name.to_owned(), ParameterChoice::Given("2".into())))
            .into_iter()
            .collect();
        let sources = BTreeMap::from([("APP_VERSION".to_owned(), LateSource::File(".env".into()))]);
        let before = BTreeMap::from([("AppVersion".to_owned(), "1".to_owned())]);
        let found = report(&[late("AppVersion", "APP_VERSION"), secret], &choices, &given, &sources, &before);
        assert_eq!(found.lines, ["APP_VERSION=2 (from --parameter; before: 1)"]);
        assert_eq!(found.reverted, Vec::<String>::new());
    }

    #[test]
    fn a_long_value_is_cut_and_stays_on_its_line() {
        assert_eq!(short("a\nb"), "a b");
        assert_eq!(short(&"x".repeat(WIDTH)).chars().count(), WIDTH);
        assert_eq!(short(&"x".repeat(WIDTH + 1)).chars().count(), WIDTH + 1);
        let values = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
        let sources = BTreeMap::from([("A".to_owned(), LateSource::Flag)]);
        assert_eq!(settled(&values, &sources), ["A=1 (from --set)", "B=2 (from the manifest's default)"]);
    }
}
