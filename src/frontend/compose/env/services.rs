//! `env_file` and `label_file` of services: read into `environment` and `labels`.

use super::super::{LoadContext, ProjectContext, ProjectVariables};
use super::{FileVariables, parse_dotenv, raw};
use crate::compose::SourcedValue;
use crate::diagnostic::{Diagnostic, rules::env_file as rule};
use crate::source::{FileId, Origin, Provenance, Span, VariableSource, VariableSubstitution};
use crate::world::normalise;
use crate::yaml::{Mapping, MappingKey, Node, NodeValue};
use camino::Utf8Path;

/// Reads the files of every service of a typed tree, and removes the keys that named them.
pub(in super::super) fn resolve(root: &mut Node, project: &ProjectContext, cx: &mut LoadContext<'_>) {
    let Some(services) = root.as_mapping_mut().and_then(|root| root.get_mut("services")) else { return };
    let Some(services) = services.as_mapping_mut() else { return };
    let resolve_environment = !cx.options.no_env_resolution;
    for (name, service) in services.values_mut() {
        let Some(service) = service.as_mapping_mut() else { continue };
        if resolve_environment {
            ServiceFiles { service: &name.text, project, cx }.environment(service);
        }
        ServiceFiles { service: &name.text, project, cx }.labels(service);
    }
}

/// The files of one service.
struct ServiceFiles<'a, 'b> {
    service: &'a str,
    project: &'a ProjectContext,
    cx: &'a mut LoadContext<'b>,
}

impl ServiceFiles<'_, '_> {
    fn environment(&mut self, service: &mut Mapping) {
        let Some(files) = service.remove("env_file") else { return };
        let own = service.get("environment").and_then(Node::as_mapping).cloned().unwrap_or_default();
        let outside =
            |name: &str| self.project.environment.get(name).cloned().or_else(|| own_variable(&own, name));
        let mut read = FileVariables::new();
        for entry in &own {
            if let Some(variable) = own_variable(&own, &entry.key.text) {
                read.insert(entry.key.text.clone(), variable);
            }
        }
        for file in files.value.as_sequence().unwrap_or_default() {
            let Some(path) = file.get("path").filter(|path| path.as_str().is_some()) else { continue };
            let required = file.get("required").and_then(Node::as_bool).unwrap_or(true);
            let format = file.get("format").filter(|format| format.as_str() != Some(""));
            let demand = file.get("required").map_or(Origin::NOWHERE, |required| required.origin);
            let Some(id) = self.open(path, required.then_some(demand), "env file") else { continue };
            match format {
                None => drop(parse_dotenv(id, &outside, &mut read, self.cx)),
                Some(format) if format.as_str() == Some("raw") => self.raw(id, &outside, &mut read),
                Some(format) => self.unknown_format(format),
            }
        }
        let mut resolved = self.nodes(read);
        for entry in own {
            resolved.insert(entry.key, entry.value);
        }
        if !resolved.is_empty() {
            put(service, "environment", resolved, files.key.origin);
        }
    }

    fn labels(&mut self, service: &mut Mapping) {
        let Some(files) = service.remove("label_file") else { return };
        let own = service.get("labels").and_then(Node::as_mapping).cloned().unwrap_or_default();
        let mut read = FileVariables::new();
        for path in files.value.as_sequence().unwrap_or_default() {
            let Some(id) = self.open(path, Some(Origin::NOWHERE), "label file") else { continue };
            parse_dotenv(id, &|_| None, &mut read, self.cx);
        }
        let mut resolved = self.nodes(read);
        for entry in own {
            resolved.insert(entry.key, entry.value);
        }
        if !resolved.is_empty() {
            put(service, "labels", resolved, files.key.origin);
        }
    }

    /// Opens a file. `demand` says where the manifest requires it; `None` where it may be absent.
    fn open(&mut self, path: &Node, demand: Option<Origin>, what: &str) -> Option<FileId> {
        let text = path.as_str()?;
        let absolute = normalise(&self.project.directory.join(text));
        if self.cx.world.kind(&absolute).is_some() {
            return self.cx.read_file(&absolute, path.origin, what);
        }
        if let Some(demand) = demand {
            let shown = self.cx.shown(Utf8Path::new(&absolute));
            let message = format!("service `{}`: the {what} `{shown}` does not exist", self.service);
            let mut diagnostic = Diagnostic::new(&rule::MISSING, message)
                .label(path.origin, "named here")
                .label(demand, "required here")
                .service(self.service)
                .help("create the file, or correct the path");
            if what == "env file" {
                diagnostic = diagnostic.help(format!(
                    "if the file is optional, write `env_file: [{{ path: {shown}, required: false }}]`"
                ));
            }
            self.cx.report(diagnostic);
        }
        None
    }

    fn raw(
        &mut self,
        file: FileId,
        outside: &dyn Fn(&str) -> Option<SourcedValue>,
        read: &mut FileVariables,
    ) {
        let Some(text) = self.cx.sources.file(file).map(|file| file.shared_text()) else { return };
        let lines = match raw::lines(&text) {
            Ok(lines) => lines,
            Err((message, place)) => {
                let place = Span::new(file, place.start, place.end);
                self.cx.sources.hide_faulty(place);
                let origin = self.cx.sources.read_at(place);
                let diagnostic = Diagnostic::new(&rule::SYNTAX, message).at(origin);
                return self.cx.report(diagnostic.help("write one `NAME=value` per line, without quotes"));
            }
        };
        for raw::RawLine { name, value, place } in lines {
            if !self.cx.budget.bytes(value.map_or(0, str::len)) {
                return self.too_large(file, place);
            }
            let value = match value {
                Some(value) => value.into(),
                None => match outside(name) {
                    Some(variable) => variable.value,
                    None => continue,
                },
            };
            let line = Span::new(file, place.start, place.end);
            self.cx.sources.guard_line(name, &value, line);
            let source = VariableSource::File(line);
            read.insert(name.into(), SourcedValue { value, source });
        }
    }

    fn too_large(&mut self, file: FileId, place: std::ops::Range<usize>) {
        if self.cx.budget.is_first_report() {
            let origin = self.cx.sources.read_at(Span::new(file, place.start, place.end));
            let message = "the values of the env files exceed the limit for all of them together";
            let help = "give each service only the variables that it uses";
            self.cx.report(
                Diagnostic::new(&rule::TOO_LARGE, message).at(origin).service(self.service).help(help),
            );
        }
    }

    fn unknown_format(&mut self, format: &Node) {
        let name = format.as_str().unwrap_or_default();
        let message = format!("service `{}`: unknown env file format `{name}`", self.service);
        self.cx.report(
            Diagnostic::new(&rule::FORMAT, message)
                .at(format.origin)
                .service(self.service)
                .help("delete `format`, or write `raw` to take values literally"),
        );
    }

    fn nodes(&mut self, read: FileVariables) -> Mapping {
        let mut mapping = Mapping::new();
        for (name, variable) in read {
            let origin = match variable.source {
                VariableSource::File(span) => self.cx.sources.read_at(span),
                source => self.cx.sources.record(Provenance::Outside(source)),
            };
            mapping.insert(MappingKey { text: name, origin }, Node::string(variable.value, origin));
        }
        mapping
    }
}

/// A variable in the service's own `environment` that has a value.
fn own_variable(own: &Mapping, name: &str) -> Option<SourcedValue> {
    let value = own.get(name)?.as_str()?;
    Some(SourcedValue { value: value.into(), source: VariableSource::Computed("environment".into()) })
}

fn put(service: &mut Mapping, key: &str, mapping: Mapping, fallback: Origin) {
    let (key_origin, origin) = match service.entry(key) {
        Some(entry) => (entry.key.origin, entry.value.origin),
        None => (fallback, fallback),
    };
    let key = MappingKey { text: key.into(), origin: key_origin };
    service.insert(key, Node::new(NodeValue::Mapping(mapping), origin));
}

/// Sets the content of configs that name a variable to its value. A secret's value never enters the tree.
pub(in super::super) fn contents(root: &mut Node, environment: &ProjectVariables, cx: &mut LoadContext<'_>) {
    let configs = root.as_mapping_mut().and_then(|root| root.get_mut("configs"));
    let Some(configs) = configs.and_then(Node::as_mapping_mut) else { return };
    for (_, config) in configs.values_mut() {
        let Some(config) = config.as_mapping_mut() else { continue };
        let Some(named) = config.get("environment") else { continue };
        let Some((name, found)) = named.as_str().and_then(|name| Some((name, environment.get(name)?))) else {
            continue;
        };
        let origin = brought(name, found, named.origin, cx);
        let content = Node::string(found.value.clone(), origin);
        config.insert(MappingKey { text: "content".into(), origin }, content);
    }
}

/// The origin for a value taken from a variable.
fn brought(name: &str, found: &SourcedValue, template: Origin, cx: &mut LoadContext<'_>) -> Origin {
    let bytes = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let substitution = VariableSubstitution {
        range: 0..bytes(&found.value),
        expression: 0..bytes(name),
        variable: name.into(),
        fallback: None,
        source: found.source.clone(),
    };
    cx.sources.record(Provenance::Interpolated { template, substitutions: vec![substitution] })
}
