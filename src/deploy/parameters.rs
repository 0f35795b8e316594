//! The value of each template parameter.
//!
//! In: the compile's values, the flags, the running stack's parameters. Out: one [`ParameterChoice`] per parameter, or one
//! failure that lists everything that is missing. Precedence: a flag, the compile's value, the previous
//! deployment's value, the template's default.

use super::DeployValues;
use super::failure::DeployFailure;
use super::progress::UserQuestion;
use std::collections::BTreeMap;
use std::fmt;
use tranship_targets::DeployParameter;

/// Where a parameter's value comes from.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ParameterChoice {
    /// Set in this deployment.
    Given(String),
    /// Kept from the previous deployment.
    Previous,
    /// The template's default.
    Default,
}

/// Shows no values: some are secret.
impl fmt::Debug for ParameterChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParameterChoice::Given(_) => "Given(..)",
            ParameterChoice::Previous => "Previous",
            ParameterChoice::Default => "Default",
        })
    }
}

/// Chooses a value for each parameter. `previous` holds the names of the parameters that the running stack was
/// given.
pub(super) fn choose(
    parameters: &[DeployParameter],
    given: &DeployValues,
    previous: &[String],
) -> Result<BTreeMap<String, ParameterChoice>, DeployFailure> {
    unknown(parameters, given)?;
    twice(parameters, given)?;
    let (mut chosen, mut missing) = (BTreeMap::new(), Vec::new());
    for parameter in parameters {
        match choice(parameter, given, previous) {
            Some(choice) => {
                chosen.insert(parameter.name.clone(), choice);
            }
            None => missing.push(parameter),
        }
    }
    if missing.is_empty() { Ok(chosen) } else { Err(absent(&missing)) }
}

/// The choices that are known without a question; what is missing is left out.
pub(super) fn known(
    parameters: &[DeployParameter],
    given: &DeployValues,
    previous: &[String],
) -> Result<BTreeMap<String, ParameterChoice>, DeployFailure> {
    unknown(parameters, given)?;
    twice(parameters, given)?;
    let known = |it: &DeployParameter| Some((it.name.clone(), choice(it, given, previous)?));
    Ok(parameters.iter().filter_map(known).collect())
}

fn choice(parameter: &DeployParameter, given: &DeployValues, previous: &[String]) -> Option<ParameterChoice> {
    let source = if parameter.secret { &given.secrets } else { &given.parameters };
    let flag = parameter.names().find_map(|name| source.get(name));
    if let Some(value) = flag.or(parameter.value.as_ref()) {
        Some(ParameterChoice::Given(value.clone()))
    } else if previous.contains(&parameter.name) {
        Some(ParameterChoice::Previous)
    } else {
        parameter.has_default.then_some(ParameterChoice::Default)
    }
}

/// What the user must be asked for: plain values first, then secrets.
pub(super) fn to_ask<'a>(
    parameters: &'a [DeployParameter],
    given: &DeployValues,
    previous: &[String],
) -> Vec<&'a DeployParameter> {
    let open = |parameter: &&DeployParameter| choice(parameter, given, previous).is_none();
    let mut open: Vec<&DeployParameter> = parameters.iter().filter(open).collect();
    open.sort_by_key(|parameter| parameter.secret);
    open
}

/// The question for a value.
pub(super) fn question(parameter: &DeployParameter) -> UserQuestion {
    let text = format!(
        "{} ({})",
        parameter.variable.as_deref().unwrap_or(parameter.called()),
        parameter.description
    );
    if parameter.secret { UserQuestion::Secret(text) } else { UserQuestion::Value(text) }
}

/// Adds an answer to the values that were given.
pub(super) fn answered(values: &mut DeployValues, parameter: &DeployParameter, answer: String) {
    match parameter.secret {
        true => values.secrets.insert(parameter.name.clone(), answer),
        false => values.parameters.insert(parameter.name.clone(), answer.trim().to_owned()),
    };
}

fn unknown(parameters: &[DeployParameter], given: &DeployValues) -> Result<(), DeployFailure> {
    let declared = |name: &str, secret: bool| {
        parameters.iter().any(|it| it.secret == secret && it.names().any(|known| known == name))
    };
    let flags = given.parameters.keys().map(|name| (name, false, "--parameter"));
    let flags = flags.chain(given.secrets.keys().map(|name| (name, true, "--secret")));
    for (name, secret, flag) in flags {
        if declared(name, secret) {
            continue;
        }
        let failure = DeployFailure::usage(format!("unknown parameter in `{flag} {name}=`"));
        if declared(name, !secret) {
            let other = if secret { "--parameter NAME=VALUE" } else { "--secret NAME=@FILE" };
            return Err(failure.help(format!("`{name}` is set with `{other}`")));
        }
        let names: Vec<_> = parameters
            .iter()
            .filter(|parameter| parameter.secret == secret)
            .map(DeployParameter::called)
            .collect();
        return Err(failure.help(match names.is_empty() {
            true => "the template has none".to_owned(),
            false => format!("known names: {}", names.join(", ")),
        }));
    }
    Ok(())
}

/// A secret has two names. If it is given under both, one of the values would be lost.
fn twice(parameters: &[DeployParameter], given: &DeployValues) -> Result<(), DeployFailure> {
    let doubled = |it: &&DeployParameter| {
        it.secret && it.names().filter(|name| given.secrets.contains_key(*name)).count() > 1
    };
    match parameters.iter().find(doubled) {
        Some(it) => {
            let message =
                format!("`{}` and `{}` are the same secret, but both are set", it.called(), it.name);
            Err(DeployFailure::usage(message).help("set only one of them"))
        }
        None => Ok(()),
    }
}

fn absent(missing: &[&DeployParameter]) -> DeployFailure {
    let count = missing.len();
    let what =
        if count == 1 { "a value is missing".to_owned() } else { format!("{count} values are missing") };
    let mut failure = DeployFailure::usage(format!("{what} for this deployment"));
    for parameter in missing {
        let name = parameter.called();
        let flag = match (&parameter.variable, parameter.secret) {
            (_, true) => format!("--secret {name}=@FILE"),
            (Some(variable), _) => format!("--set {variable}=VALUE"),
            _ => format!("--parameter {name}=VALUE"),
        };
        let key = match parameter.key.as_deref() {
            Some(key) if key.starts_with("x-tranship.network") => format!(" Or set `{key}`."),
            Some(key) => format!(" It is for `{key}`."),
            None => String::new(),
        };
        failure = failure.help(format!("`{flag}`: {}{key}", parameter.description));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str) -> DeployParameter {
        DeployParameter { name: name.into(), description: format!("the {name}"), ..Default::default() }
    }

    fn given(name: &str, value: &str) -> DeployValues {
        let mut values = DeployValues::default();
        values.parameters.insert(name.into(), value.into());
        values
    }

    #[test]
    fn a_flag_beats_the_compile_beats_the_previous_deploy_beats_the_default() {
        let mut image = parameter("Image");
        image.has_default = true;
        let chosen = |image: &DeployParameter, given: &DeployValues, previous: &[String]| {
            choose(std::slice::from_ref(image), given, previous).unwrap().remove("Image").unwrap()
        };
        let before = ["Image".to_owned()];
        assert_eq!(chosen(&image, &DeployValues::default(), &[]), ParameterChoice::Default);
        assert_eq!(chosen(&image, &DeployValues::default(), &before), ParameterChoice::Previous);
        image.value = Some("1".into());
        assert_eq!(chosen(&image, &DeployValues::default(), &before), ParameterChoice::Given("1".into()));
        assert_eq!(chosen(&image, &given("Image", "2"), &before), ParameterChoice::Given("2".into()));
    }

    #[test]
    fn without_a_question_what_is_missing_is_left_out_and_mistakes_are_told() {
        let parameters =
            [parameter("A"), parameter("B"), DeployParameter { has_default: true, ..parameter("C") }];
        let found = known(&parameters, &given("A", "1"), &["B".to_owned()]).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["A", "B", "C"]);
        assert!(found["A"] == ParameterChoice::Given("1".into()) && found["B"] == ParameterChoice::Previous);
        assert_eq!(known(&parameters, &DeployValues::default(), &[]).unwrap().len(), 1);
        assert!(known(&parameters, &given("X", "1"), &[]).is_err());
    }

    #[test]
    fn all_that_is_missing_is_named_with_its_flag_and_description() {
        let mut secret = parameter("Password");
        secret.secret = true;
        let mut late = parameter("AppVersion");
        late.variable = Some("APP_VERSION".into());
        let mut vpc = parameter("Vpc");
        vpc.key = Some("x-tranship.network.vpc".into());
        secret.key = Some("services.app.environment.PASSWORD".into());
        let failure = choose(&[vpc, secret, late], &DeployValues::default(), &[]).unwrap_err();
        assert_eq!(failure.message, "3 values are missing for this deployment");
        assert_eq!(
            failure.help,
            [
                "`--parameter Vpc=VALUE`: the Vpc Or set `x-tranship.network.vpc`.",
                "`--secret Password=@FILE`: the Password It is for `services.app.environment.PASSWORD`.",
                "`--set APP_VERSION=VALUE`: the AppVersion",
            ]
        );
    }

    #[test]
    fn a_secret_answers_to_its_name_in_the_manifest_too() {
        let mut secret = parameter("SessionPasswordf6981cc5SecretValue");
        (secret.secret, secret.alias) = (true, Some("SESSION_PASSWORD".into()));
        let parameters = [secret];
        for name in ["SESSION_PASSWORD", "SessionPasswordf6981cc5SecretValue"] {
            let mut values = DeployValues::default();
            values.secrets.insert(name.into(), "x".into());
            let chosen = choose(&parameters, &values, &[]).unwrap();
            assert_eq!(
                chosen["SessionPasswordf6981cc5SecretValue"],
                ParameterChoice::Given("x".into()),
                "{name}"
            );
        }
        let mut both = DeployValues::default();
        for name in parameters[0].names() {
            both.secrets.insert(name.into(), "canary".into());
        }
        let failure = choose(&parameters, &both, &[]).unwrap_err();
        assert!(failure.message.contains("both are set"), "{failure:?}");
        assert!(!format!("{failure:?}").contains("canary"));
        let failure = choose(&parameters, &DeployValues::default(), &[]).unwrap_err();
        assert!(failure.help[0].starts_with("`--secret SESSION_PASSWORD=@FILE`: "), "{failure:?}");
    }

    #[test]
    fn plain_values_are_asked_for_before_secrets_and_answers_are_values() {
        let mut secret = parameter("APassword");
        secret.secret = true;
        let mut late = parameter("AppVersion");
        late.variable = Some("APP_VERSION".into());
        let mut with_default = parameter("Size");
        with_default.has_default = true;
        let all = [secret, late, with_default, parameter("Vpc")];
        let asked = to_ask(&all, &DeployValues::default(), &[]);
        let names: Vec<&str> = asked.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["AppVersion", "Vpc", "APassword"]);
        assert_eq!(question(asked[0]), UserQuestion::Value("APP_VERSION (the AppVersion)".into()));
        assert_eq!(question(asked[2]), UserQuestion::Secret("APassword (the APassword)".into()));
        let mut values = DeployValues::default();
        asked.iter().for_each(|it| answered(&mut values, it, " x \n".into()));
        assert_eq!(values.parameters["Vpc"], "x");
        assert_eq!(values.secrets["APassword"], " x \n", "a secret is taken as it is");
        assert!(to_ask(&all, &values, &[]).is_empty());
    }

    #[test]
    fn an_unknown_name_is_refused_and_a_secret_is_no_parameter() {
        let mut secret = parameter("Password");
        secret.secret = true;
        let failure = choose(&[parameter("Vpc")], &given("Vcp", "x"), &[]).unwrap_err();
        assert_eq!(failure.help, ["known names: Vpc"]);
        let failure = choose(&[secret], &given("Password", "canary"), &[]).unwrap_err();
        assert_eq!(failure.help, ["`Password` is set with `--secret NAME=@FILE`"]);
        assert!(!format!("{failure:?}").contains("canary"));
    }
}
