//! Texts of a service -> texts of the Compose file, with `${NAME}` where a property of the environment stands.
//!
//! Elastic Beanstalk writes the properties of the environment, its secrets among them, into `.env`, from which Docker
//! Compose interpolates (AWS documentation, "Configuring Elastic Beanstalk Docker environments").

use super::{COMPOSE_FILE, ComposeBundle, node};
use crate::Compilation;
use crate::beanstalk::plan::late_values::{database_property, upper_case};
use crate::beanstalk::plan::values::{InstanceText, TextPart, value};
use crate::beanstalk::plan::{BeanstalkPlan, SecretLocation, SecretVariable};
use crate::beanstalk::rules;
use sha2::{Digest, Sha256};
use tranship_app::{
    AppService, Application, At, BehaviourEffect, ComposeNode, ContainerImage, HealthTest, SecretSource,
    Text, TextPiece,
};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::yaml::{Mapping, Node, NodeId};

/// Where the account says that a value comes from a property.
const TAKEN: &str = "docker-compose.yml, from a property of the environment";

/// Refuses late-bound variables without a value, wherever in the service they stand.
pub(super) fn check(
    application: &Application,
    service: &AppService,
    given: ComposeNode<'_>,
    cx: &mut Compilation<'_>,
) {
    let container = &service.container;
    let image = match &container.image {
        ContainerImage::Named(text) => Some(text),
        ContainerImage::Built { .. } => None,
    };
    let texts = image.into_iter().chain(&container.user).chain(&container.working_dir);
    for text in texts.chain(container.labels.values()) {
        value(text, application, cx);
    }
    for hole in cx.compose.holes(given, cx.sources) {
        let name = hole.peek();
        if application.late_bound.contains_key(name) {
            continue;
        }
        let message = format!("late-bound variable `{name}` has no value, and a bundle has no parameters");
        cx.diagnostics.push(
            Diagnostic::new(&rules::LATE_BOUND_VALUE, message)
                .at(hole.origin)
                .service(&*service.name)
                .help(format!("set one with `--set {name}=VALUE` or in `.env`")),
        );
    }
}

/// The environment of a container.
pub(super) fn environment(
    application: &Application,
    service: &AppService,
    given: Option<ComposeNode<'_>>,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Mapping {
    let mut written = Mapping::new();
    for (name, variable) in &service.container.environment {
        let own = given.and_then(|given| given.get(name));
        let Some(set) = variable.set() else {
            // A name alone would take a value of the instance.
            let reason = "the variable has no value, so no container gets it";
            cx.ledger.ignored(&variable.node, reason, BehaviourEffect::Equivalent);
            continue;
        };
        let text = cx.ledger.exact(&set, COMPOSE_FILE);
        let Some(parts) = parts(text, application, cx) else { continue };
        let value = match own {
            Some(own) if parts.text().is_some() => own.copy(cx.ledger, COMPOSE_FILE),
            _ => {
                cx.ledger.placed(&set, COMPOSE_FILE, TAKEN);
                rendered(&parts, application, bundle, plan)
            }
        };
        report_version(application, text, variable.node, cx);
        written.insert(node::key(name), value);
    }
    written
}

/// A property of the environment takes the current version of a secret, whatever version is asked for.
fn report_version(application: &Application, text: &Text, variable: NodeId, cx: &mut Compilation<'_>) {
    for segment in &text.segments {
        let TextPiece::Secret(name) = &segment.piece else { continue };
        let Some(SecretSource::External(existing)) = application.secrets.get(name).map(|it| &it.source)
        else {
            continue;
        };
        if existing.part.stage.is_none() && existing.part.version.is_none() {
            continue;
        }
        let reason = "a property of the environment takes the current version of a secret";
        let effect = BehaviourEffect::ChangesBehaviour;
        let mut report = |node: NodeId| {
            cx.ledger.approximated(&node, effect, "the current version", reason, TAKEN);
        };
        match existing.version_keys.as_slice() {
            [] => report(variable),
            keys => keys.iter().for_each(|key| report(key.node)),
        }
    }
}

/// `command` or `entrypoint`: as it is, unless words of it come from properties or were rewritten.
pub(super) fn words(
    application: &Application,
    given: ComposeNode<'_>,
    list: Option<&At<Vec<Text>>>,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let Some(list) = list else { return Some(given.copy(cx.ledger, COMPOSE_FILE)) };
    let mut parts_of = Vec::new();
    let words = cx.ledger.exact(list, TAKEN);
    for word in words {
        parts_of.push(parts(word, application, cx)?);
    }
    if is_as_written(given, words, &parts_of) {
        return Some(given.copy(cx.ledger, COMPOSE_FILE));
    }
    let words = parts_of.iter().map(|parts| rendered(parts, application, bundle, plan));
    Some(node::list(words.collect()))
}

/// Words that the manifest does not have: lowering added them.
pub(super) fn rendered_words(
    application: &Application,
    words: &[Text],
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let mut made = Vec::new();
    for word in words {
        let parts = parts(word, application, cx)?;
        made.push(rendered(&parts, application, bundle, plan));
    }
    Some(node::list(made))
}

/// Whether a list says what the manifest has: no word was changed, but for the names of services in it.
fn is_as_written(given: ComposeNode<'_>, words: &[Text], parts: &[InstanceText]) -> bool {
    let given: Vec<Option<&str>> = given.items().map(ComposeNode::text).collect();
    are_same(&given, words, parts)
}

/// Whether words are the same texts, but for the names of services in them.
fn are_same(given: &[Option<&str>], words: &[Text], parts: &[InstanceText]) -> bool {
    let names_host = |text: &Text| text.segments.iter().any(|one| matches!(one.piece, TextPiece::Host(_)));
    let same = |((given, word), parts): ((&Option<&str>, &Text), &InstanceText)| {
        parts.text().is_some_and(|text| names_host(word) || given.is_none_or(|given| given == text))
    };
    given.len() == words.len() && given.iter().zip(words).zip(parts).all(same)
}

/// `healthcheck`: its command may hold a secret.
pub(super) fn health_check(
    application: &Application,
    service: &AppService,
    given: ComposeNode<'_>,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let mut written = Mapping::new();
    for (key, value) in given.entries() {
        let copied = match (&**key, &service.container.health_check) {
            ("test", Some(check)) => test(application, &check.test, value, bundle, plan, cx)?,
            _ => value.copy(cx.ledger, COMPOSE_FILE),
        };
        written.insert(node::key(key), copied);
    }
    Some(node::mapping(written))
}

fn test(
    application: &Application,
    test: &At<HealthTest>,
    given: ComposeNode<'_>,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
    cx: &mut Compilation<'_>,
) -> Option<Node> {
    let (kind, words) = match cx.ledger.exact(test, TAKEN) {
        HealthTest::Exec(words) => ("CMD", words.as_slice()),
        HealthTest::Shell(line) => ("CMD-SHELL", std::slice::from_ref(line)),
    };
    let mut rendered_words = vec![node::text(kind)];
    let mut parts_of = Vec::new();
    for word in words {
        let parts = parts(word, application, cx)?;
        rendered_words.push(rendered(&parts, application, bundle, plan));
        parts_of.push(parts);
    }
    if is_test_as_written(given, kind, words, &parts_of) {
        return Some(given.copy(cx.ledger, COMPOSE_FILE));
    }
    Some(node::list(rendered_words))
}

/// Whether a test is what the manifest has: a secret in it has become a reference to a variable.
fn is_test_as_written(given: ComposeNode<'_>, kind: &str, words: &[Text], parts: &[InstanceText]) -> bool {
    match given.text() {
        Some(line) => parts.iter().all(|parts| parts.text() == Some(line)),
        None => {
            let mut items = given.items().map(ComposeNode::text);
            let has_kind = items.next().flatten() == Some(kind);
            let items: Vec<Option<&str>> = items.collect();
            has_kind && are_same(&items, words, parts)
        }
    }
}

/// The parts of a text. A service's name stays its name: Docker Compose resolves it.
pub(super) fn parts(
    text: &Text,
    application: &Application,
    cx: &mut Compilation<'_>,
) -> Option<InstanceText> {
    let mut named = Text::empty(text.node, text.origin);
    for segment in &text.segments {
        let piece = match &segment.piece {
            TextPiece::Host(name) => TextPiece::Literal(name.clone()),
            other => other.clone(),
        };
        named.push(piece, segment.origin);
    }
    value(&named, application, cx)
}

/// A text with its references; what it refers to becomes a property of the environment.
pub(super) fn rendered(
    text: &InstanceText,
    application: &Application,
    bundle: &mut ComposeBundle,
    plan: &mut BeanstalkPlan,
) -> Node {
    let mut whole = String::new();
    for part in &text.0 {
        match part {
            TextPart::Known(known) => whole.push_str(&node::escaped(known)),
            TextPart::Property { property, encoded } => {
                let name = match encoded {
                    true => format!("{property}_ENCODED"),
                    false => property.clone(),
                };
                if *encoded {
                    bundle.encoded.insert(name.clone(), property.clone());
                }
                whole.push_str(&reference(&name, bundle));
            }
            TextPart::Database(value) => {
                let name = database_property(value, plan);
                whole.push_str(&reference(&name, bundle));
            }
            TextPart::Secret(secret) => {
                let name = secret_property(&secret.location(), application, plan);
                whole.push_str(&reference(&name, bundle));
            }
        }
    }
    node::prepared(whole)
}

/// A reference to a property, which the file then needs.
pub(super) fn reference(property: &str, bundle: &mut ComposeBundle) -> String {
    bundle.properties.insert(property.to_owned());
    format!("${{{property}}}")
}

/// The property that holds a secret, by where the secret is.
pub(super) fn secret_property(
    location: &SecretLocation,
    application: &Application,
    plan: &mut BeanstalkPlan,
) -> String {
    if let Some((property, _)) = plan.secrets.iter().find(|(_, secret)| secret.location == *location) {
        return property.clone();
    }
    let own = format!("{}/", plan.environment);
    let name = location.name.strip_prefix(&own).filter(|name| application.secrets.contains_key(*name));
    let known = name.and_then(|name| application.secrets.get(name));
    let given = known.is_some_and(|secret| !matches!(secret.source, SecretSource::External(_)));
    let name = name.unwrap_or(&location.name).to_owned();
    let stem = upper_case(name.rsplit([':', '/']).next().unwrap_or_default());
    let mut property = format!("SECRET_{stem}");
    if plan.secrets.contains_key(&property) {
        let whole = format!("{location:?}");
        let hash: String = Sha256::digest(whole).iter().take(4).map(|byte| format!("{byte:02X}")).collect();
        property = format!("{property}_{hash}");
    }
    let secret = SecretVariable { name, location: location.clone(), given };
    plan.secrets.insert(property.clone(), secret);
    property
}
