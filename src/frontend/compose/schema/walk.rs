//! Validates a tree against the key tables, in one pass.

use super::accept::{AcceptedValue, CanonicalForm, MappingSchema, NamedEntries, ValueKinds};
use super::same;
use super::top::ROOT;
use crate::compose::{KeyPath, LoadContext, PathSegment};
use crate::diagnostic::rules::compose as rules;
use crate::diagnostic::{Diagnostic, DiagnosticRule, suggest};
use crate::source::Origin;
use crate::yaml::{Node, NodeValue};

/// One pass over one tree.
pub(super) struct SchemaWalk<'a, 'b> {
    cx: &'a mut LoadContext<'b>,
    path: Vec<PathSegment>,
    /// The key whose value is being checked, to report missing keys in it.
    place: Origin,
    /// What the value of the current specification key becomes.
    becomes: CanonicalForm,
}

impl<'a, 'b> SchemaWalk<'a, 'b> {
    pub(super) fn new(cx: &'a mut LoadContext<'b>) -> Self {
        SchemaWalk { cx, path: Vec::new(), place: Origin::NOWHERE, becomes: CanonicalForm::Nothing }
    }

    pub(super) fn root(&mut self, root: &mut Node) {
        self.place = root.origin;
        self.shape(root, &ROOT);
    }

    /// Whether the value is valid and stays.
    fn accepts(&mut self, node: &mut Node, accept: &AcceptedValue) -> bool {
        match accept {
            AcceptedValue::Either(choices) => {
                let kind = ValueKinds::of(&node.value);
                match choices.iter().find(|choice| choice.kinds().hold(kind)) {
                    Some(choice) => self.accepts(node, choice),
                    None => self.wrong_kind(node, accept.kinds()),
                }
            }
            _ if !accept.kinds().hold(ValueKinds::of(&node.value)) => self.wrong_kind(node, accept.kinds()),
            AcceptedValue::Of(_) => true,
            AcceptedValue::Choice(words) => self.one_of(node, words),
            AcceptedValue::Form(fits, described) => self.form(node, *fits, described),
            AcceptedValue::AtLeast(low) => self.within(node, *low, None),
            AcceptedValue::Within(low, high) => self.within(node, *low, Some(*high)),
            AcceptedValue::List(item) => self.list(node, item, false),
            AcceptedValue::Set(item) => self.list(node, item, true),
            AcceptedValue::Map(names) => self.map(node, names),
            AcceptedValue::Shape(shape) => self.shape(node, shape),
        }
    }

    fn wrong_kind(&mut self, node: &Node, wanted: ValueKinds) -> bool {
        let found = node.value.kind();
        let message = format!("{} must be {}, not {found}", self.shown(), wanted.describe());
        let timed = matches!(self.becomes, CanonicalForm::Duration | CanonicalForm::AlwaysDuration);
        let help = match &node.value {
            NodeValue::Integer(number) if timed => format!("write a duration with its unit: {number}s"),
            NodeValue::Timestamp(text) | NodeValue::String(text)
                if !matches!(&node.value, NodeValue::String(_)) =>
            {
                format!("quote it to make it a string: \"{text}\"")
            }
            NodeValue::Integer(_) | NodeValue::Float(_) | NodeValue::Bool(_)
                if wanted.hold(ValueKinds::STRING) =>
            {
                "quote the value to make it a string".to_owned()
            }
            NodeValue::Null => "set a value, or remove the key".to_owned(),
            _ => format!("use {}", wanted.describe()),
        };
        let origin = if self.cx.sources.place(node.origin).is_some() { node.origin } else { self.place };
        let fault = self.fault(&rules::WRONG_TYPE, message).label(origin, format!("this is {found}"));
        self.cx.report(fault.help(help));
        false
    }

    fn one_of(&mut self, node: &Node, words: &[&str]) -> bool {
        let text = node.as_str().unwrap_or("");
        if words.contains(&text) {
            return true;
        }
        let message = format!("{} must be one of {}, not `{text}`", self.shown(), words.join(", "));
        let mut fault = self.fault(&rules::INVALID_VALUE, message).at(node.origin);
        if let Some(meant) = suggest::closest(text, words.iter().copied()) {
            fault = fault.help(format!("did you mean `{meant}`?"));
        } else {
            fault = fault.help(format!("use one of {}", words.join(", ")));
        }
        self.cx.report(fault);
        false
    }

    fn form(&mut self, node: &Node, fits: fn(&str) -> bool, described: &str) -> bool {
        let text = node.as_str().unwrap_or("");
        if fits(text) {
            return true;
        }
        let message = format!("invalid value `{text}` for {}", self.shown());
        let fault = self.fault(&rules::INVALID_VALUE, message).at(node.origin);
        self.cx.report(fault.help(format!("it must be {described}")));
        false
    }

    fn within(&mut self, node: &Node, low: i64, high: Option<i64>) -> bool {
        let number = match &node.value {
            NodeValue::Integer(number) => *number,
            #[allow(clippy::cast_possible_truncation, reason = "only compared with bounds")]
            NodeValue::Float(number) => *number as i128,
            _ => return true,
        };
        if number >= i128::from(low) && high.is_none_or(|high| number <= i128::from(high)) {
            return true;
        }
        let bounds = match high {
            None => format!("at least {low}"),
            Some(high) => format!("from {low} to {high}"),
        };
        let message = format!("{} must be {bounds}, not {number}", self.shown());
        let fault = self.fault(&rules::INVALID_VALUE, message).at(node.origin);
        self.cx.report(fault.help(format!("use a number {bounds}")));
        false
    }

    fn list(&mut self, node: &mut Node, item: &AcceptedValue, each_once: bool) -> bool {
        let NodeValue::Sequence(items) = &mut node.value else { return true };
        let repeats = if each_once { same::repeats(items) } else { Vec::new() };
        let firsts: Vec<Option<Origin>> = repeats
            .iter()
            .map(|first| first.and_then(|first| items.get(first)).map(|item| item.origin))
            .collect();
        let mut index = 0;
        items.retain_mut(|entry| {
            self.path.push(PathSegment::Index(index));
            let first = firsts.get(index).copied().flatten();
            let fits = self.accepts(entry, item) && first.is_none_or(|first| self.repeated(entry, first));
            self.path.pop();
            index += 1;
            fits
        });
        true
    }

    fn repeated(&mut self, entry: &Node, first: Origin) -> bool {
        let message = format!("{} is a duplicate", self.shown());
        let fault = self
            .fault(&rules::DUPLICATE_ITEM, message)
            .label(entry.origin, "again here")
            .label(first, "first here")
            .help("remove one of them: the items of this list must be unique");
        self.cx.report(fault);
        false
    }

    fn map(&mut self, node: &mut Node, names: &NamedEntries) -> bool {
        let NodeValue::Mapping(mapping) = &mut node.value else { return true };
        let place = self.place;
        let mut doomed = Vec::new();
        for (key, value) in mapping.values_mut() {
            let named = (names.form)(&key.text);
            if !named && !names.closed {
                continue;
            }
            self.path.push(PathSegment::Key(key.text.clone()));
            self.place = key.origin;
            let fits = if named { self.accepts(value, &names.value) } else { self.bad_name(names.described) };
            self.path.pop();
            if !fits {
                doomed.push(key.text.clone());
            }
        }
        self.place = place;
        if !doomed.is_empty() {
            mapping.retain(|entry| !doomed.contains(&entry.key.text));
        }
        true
    }

    fn bad_name(&mut self, described: &str) -> bool {
        let message = format!("{} is not a valid name", self.shown());
        let fault = self.fault(&rules::INVALID_NAME, message).at(self.place);
        self.cx.report(fault.help(format!("use {described}")));
        false
    }

    fn shape(&mut self, node: &mut Node, shape: &MappingSchema) -> bool {
        let NodeValue::Mapping(mapping) = &mut node.value else { return true };
        let place = self.place;
        let absent = shape.required.iter().find(|name| !mapping.contains_key(name));
        let mut doomed = Vec::new();
        for (key, value) in mapping.values_mut() {
            let row = shape.find(&key.text);
            if row.is_none() && (shape.open || (shape.extensible && key.text.starts_with("x-"))) {
                continue;
            }
            self.path.push(PathSegment::Key(key.text.clone()));
            self.place = key.origin;
            let fits = match row {
                Some(row) => {
                    self.becomes = row.becomes;
                    if matches!(row.becomes, CanonicalForm::Nothing) && self.path.len() > 1 {
                        self.without_effect(value);
                    }
                    self.accepts(value, &row.accepts)
                }
                None => self.unknown(shape, &key.text),
            };
            self.path.pop();
            if !fits {
                doomed.push(key.text.clone());
            }
        }
        self.place = place;
        if !doomed.is_empty() {
            mapping.retain(|entry| !doomed.contains(&entry.key.text));
        }
        absent.is_none_or(|name| self.missing(name))
    }

    /// A key that Docker Compose accepts and ignores.
    fn without_effect(&mut self, node: &Node) {
        let message = format!("{} has no effect: Docker Compose ignores it", self.shown());
        let fault = self.fault(&rules::KEY_WITHOUT_EFFECT, message);
        let placed = node.leaf_origins().into_iter().fold(fault, Diagnostic::at);
        self.cx.report(placed.help("remove it"));
    }

    fn unknown(&mut self, shape: &MappingSchema, name: &str) -> bool {
        let message = format!("unknown key {}", self.shown());
        let mut fault =
            self.fault(&rules::UNKNOWN_KEY, message).label(self.place, "not in the Compose specification");
        fault = match suggest::closest(name, shape.keys.iter().map(|key| key.name)) {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None if shape.extensible => {
                fault.help(format!("remove it, or prefix a custom key with `x-`: `x-{name}`"))
            }
            None => fault.help("remove it"),
        };
        self.cx.report(fault);
        false
    }

    fn missing(&mut self, name: &str) -> bool {
        let message = format!("{} has no `{name}`", self.shown());
        let fault = self.fault(&rules::MISSING_KEY, message).at(self.place);
        self.cx.report(fault.help(format!("add `{name}`")));
        false
    }

    fn fault(&self, rule: &'static DiagnosticRule, message: String) -> Diagnostic {
        let fault = Diagnostic::new(rule, message).key(KeyPath(self.path.clone()).to_string());
        match self.path.as_slice() {
            [PathSegment::Key(room), PathSegment::Key(service), ..] if &**room == "services" => {
                fault.service(&**service)
            }
            _ => fault,
        }
    }

    fn shown(&self) -> String {
        if self.path.is_empty() { "the file".to_owned() } else { format!("`{}`", KeyPath(self.path.clone())) }
    }
}

impl AcceptedValue {
    /// The value kinds that it may accept.
    fn kinds(&self) -> ValueKinds {
        match self {
            AcceptedValue::Of(kinds) => *kinds,
            AcceptedValue::Choice(_) | AcceptedValue::Form(..) => ValueKinds::STRING,
            AcceptedValue::AtLeast(_) | AcceptedValue::Within(..) => {
                ValueKinds::STRING.or(ValueKinds::INTEGER)
            }
            AcceptedValue::List(_) | AcceptedValue::Set(_) => ValueKinds::LIST,
            AcceptedValue::Map(_) | AcceptedValue::Shape(_) => ValueKinds::MAPPING,
            AcceptedValue::Either(choices) => {
                choices.iter().map(AcceptedValue::kinds).fold(ValueKinds::NONE, ValueKinds::or)
            }
        }
    }
}
