//! The settings of one environment: its own, with the defaults at the top of `x-tranship` beneath them.
//!
//! Invariant: every leaf of `x-tranship` that no target could use is claimed here: other environments,
//! overridden defaults, what chose the environment.

use super::{KEY, names_listed, setting_text};
use crate::rules;
use crate::{At, EnvironmentChoice, Https, Ledger, Network, Posture, Settings, Text};
use tranship_frontend::compose::Manifest;
use tranship_frontend::diagnostic::{Diagnostic, Diagnostics, RuleRegistry, suggest};
use tranship_frontend::yaml::{Node, Value};

/// Two layers of settings: the environment's over the top's.
struct Layers<'a> {
    environment: Option<&'a Node>,
    top: Option<&'a Node>,
}

impl<'a> Layers<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.environment.and_then(|node| node.get(key)).or_else(|| self.top?.get(key))
    }

    /// Both: for lists that add up.
    fn both(&self, key: &str) -> impl Iterator<Item = &'a Node> {
        [self.top, self.environment].into_iter().flatten().filter_map(move |node| node.get(key))
    }

    fn text(&self, key: &str) -> Option<At<String>> {
        text(self.get(key)?)
    }
}

/// The settings that hold for what was chosen.
pub(crate) fn settings(
    manifest: &Manifest,
    choice: &EnvironmentChoice,
    registry: &RuleRegistry,
    diagnostics: &mut Diagnostics,
    ledger: &mut Ledger,
) -> Option<Settings> {
    let top = manifest.root.get(KEY);
    let mut settings =
        Settings { origin: top.map(|node| node.origin).unwrap_or_default(), ..Settings::default() };
    let mut layers = Layers { environment: None, top };
    if let EnvironmentChoice::Environment(name) = choice {
        let entry = top?.get("environments")?.as_mapping()?.entry(name)?;
        settings.environment = Some(name.clone());
        settings.origin = entry.key.origin;
        layers.environment = Some(&entry.value);
    }
    settings.target = match choice {
        EnvironmentChoice::Target(target) => target.clone(),
        EnvironmentChoice::Environment(_) => layers.text("target")?.value,
    };
    fill(&mut settings, &layers);
    settings.accept = accepted(&layers, registry, diagnostics);
    claim(manifest, &layers, ledger);
    Some(settings)
}

fn fill(settings: &mut Settings, layers: &Layers<'_>) {
    settings.region = layers.text("region");
    settings.posture = match layers.text("posture").map(|posture| posture.value).as_deref() {
        Some("prod") => Posture::Prod,
        _ => Posture::Dev,
    };
    settings.network = layers.get("network").and_then(network).unwrap_or_default();
    settings.namespace = layers.get("discovery").and_then(|node| text(node.get("namespace")?));
    settings.https = layers.get("https").and_then(https);
    settings.instance_type = layers.text("instance_type");
    settings.instances = layers.get("instances").and_then(instances);
    settings.log_retention = layers.get("log_retention").and_then(number);
    settings.stack = layers.text("stack");
    settings.platform = layers.text("platform");
    settings.spot = layers.text("capacity").map(|capacity| capacity.map(|name| name == "spot"));
    let tags = layers.get("tags").and_then(Node::as_mapping);
    settings.tags = tags
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            Some((entry.key.text.to_string(), Text::of(&entry.value, setting_text(&entry.value)?)))
        })
        .collect();
}

fn text(node: &Node) -> Option<At<String>> {
    Some(At::of(node, setting_text(node)?.to_string()))
}

/// A whole number, also where interpolation made it text.
pub(crate) fn number(node: &Node) -> Option<At<u32>> {
    Some(At::of(node, setting_text(node)?.parse().ok()?))
}

fn network(node: &Node) -> Option<Network> {
    if node.as_str() == Some("new") {
        return Some(Network::New(At::of(node, ())));
    }
    let subnets = |key| node.get(key).and_then(Node::as_sequence).unwrap_or_default().iter().filter_map(text);
    Some(Network::Existing {
        vpc: text(node.get("vpc")?)?,
        public: subnets("public_subnets").collect(),
        private: subnets("private_subnets").collect(),
    })
}

fn https(node: &Node) -> Option<Https> {
    Some(Https { certificate: text(node.get("certificate")?)?, domain: node.get("domain").and_then(text) })
}

fn instances(node: &Node) -> Option<(At<u32>, At<u32>)> {
    match &node.value {
        Value::Mapping(_) => Some((number(node.get("min")?)?, number(node.get("max")?)?)),
        _ => number(node).map(|count| (count.clone(), count)),
    }
}

/// `accept` of both layers; a name that no rule has is told.
fn accepted(
    layers: &Layers<'_>,
    registry: &RuleRegistry,
    diagnostics: &mut Diagnostics,
) -> std::collections::BTreeSet<String> {
    let mut accepted = std::collections::BTreeSet::new();
    for (name, node) in layers.both("accept").flat_map(|node| names_listed(Some(node))) {
        if registry.find(&name).is_none() {
            let diagnostic = Diagnostic::new(
                &rules::tranship::UNKNOWN_RULE,
                format!("`accept` names `{name}`, which no diagnostic is called"),
            )
            .at(node.origin);
            diagnostics.push(match suggest::closest(&name, registry.iter().map(|rule| rule.name)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("take the name from the diagnostic's first line"),
            });
        }
        accepted.insert(name);
    }
    accepted
}

/// Settles the leaves that mean the same for every target.
fn claim(manifest: &Manifest, layers: &Layers<'_>, ledger: &mut Ledger) {
    for key in ["target", "posture", "accept", "skip", "files"] {
        if let Some(node) = layers.get(key) {
            ledger.exact(node, "settings of the compile");
        }
    }
    for node in layers.both("accept").chain(layers.both("skip")) {
        ledger.exact(node, "settings of the compile");
    }
    if let Some(node) = layers.top.and_then(|top| top.get("late_bound")) {
        ledger.exact(node, "parameters");
    }
    overridden(layers, ledger);
    let declared = manifest.root.at(&[KEY, "environments"]).and_then(Node::as_mapping);
    for entry in declared.into_iter().flatten() {
        if layers.environment.is_none_or(|chosen| chosen.id != entry.value.id) {
            ledger.ignored(&entry.value, "belongs to another environment", false);
        }
    }
}

/// Defaults at the top that the environment replaces.
fn overridden(layers: &Layers<'_>, ledger: &mut Ledger) {
    let Some(environment) = layers.environment.and_then(Node::as_mapping) else { return };
    for entry in environment.iter().filter(|entry| !["accept", "skip"].contains(&&*entry.key.text)) {
        if let Some(beneath) = layers.top.and_then(|top| top.get(&entry.key.text)) {
            ledger.ignored(beneath, "the environment says otherwise", false);
        }
    }
}
