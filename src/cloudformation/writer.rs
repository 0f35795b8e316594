//! Writes a template as YAML, with the short form of the intrinsic functions.
//!
//! No aliases, no anchors, no flow collections except `[]` and `{}`. A node never has two tags: if a
//! function's only argument is another function, the outer one takes the long form.

use indexmap::IndexMap;
use std::fmt::Write as _;

use super::scalar;
use super::template::BodySection;
use super::{
    FnSub, IntrinsicFunction, LogicalId, PropertyMap, Resource, Template, TemplateCondition, TemplateOutput,
    TemplateParameter, TemplateValue,
};

impl Template {
    /// The template as YAML, ending with a newline.
    pub fn to_yaml(&self) -> String {
        let mut writer = TemplateWriter::default();
        writer.line(0, "AWSTemplateFormatVersion: \"2010-09-09\"");
        if !self.description.is_empty() {
            writer.key(0, "Description");
            writer.text(0, &self.description);
        }
        if !self.metadata.is_empty() {
            writer.key(0, "Metadata");
            writer.map(0, &self.metadata);
        }
        writer.section("Parameters", "", &self.parameters, |writer, parameter| {
            writer.map(2, &parameter.body());
        });
        writer.section("Mappings", "", &self.mappings, |writer, mapping| writer.map(2, mapping));
        writer.section("Conditions", "", &self.conditions, |writer, condition| {
            writer.condition(2, condition);
        });
        writer.section("Resources", "\n", &self.resources, TemplateWriter::resource);
        writer.section("Outputs", "", &self.outputs, |writer, output| writer.map(2, &output.body()));
        // Several templates are in memory at once, and each has grown by doubling.
        writer.out.shrink_to_fit();
        writer.out
    }
}

/// A value as a YAML document, for files other than templates that use the same functions.
pub(super) fn document(map: &PropertyMap) -> String {
    let mut writer = TemplateWriter::default();
    map.iter().for_each(|(key, value)| writer.entry(0, key, value));
    writer.out
}

impl PropertyMap {
    /// The map as a YAML document, ending with a newline.
    pub fn to_yaml(&self) -> String {
        document(self)
    }
}

/// Entries of a section that may have lines of provenance above them.
trait CommentedEntry {
    fn comments(&self) -> &[String] {
        &[]
    }
}

impl CommentedEntry for Resource {
    fn comments(&self) -> &[String] {
        &self.comments
    }
}

impl CommentedEntry for TemplateParameter {
    fn comments(&self) -> &[String] {
        &self.comments
    }
}

impl CommentedEntry for TemplateCondition {}

impl CommentedEntry for TemplateOutput {}

impl CommentedEntry for PropertyMap {}

#[derive(Default)]
struct TemplateWriter {
    out: String,
}

impl TemplateWriter {
    fn section<T: CommentedEntry>(
        &mut self,
        name: &str,
        between: &str,
        entries: &IndexMap<LogicalId, T>,
        write: impl Fn(&mut TemplateWriter, &T),
    ) {
        for (index, (id, entry)) in entries.iter().enumerate() {
            if index == 0 {
                self.key(0, name);
                self.out.push('\n');
            } else {
                self.out.push_str(between);
            }
            for line in entry.comments() {
                self.indent(2);
                self.out.push_str("# ");
                self.out.push_str(&scalar::comment(line));
                self.out.push('\n');
            }
            self.key(2, id.as_str());
            write(self, entry);
        }
    }

    fn resource(&mut self, resource: &Resource) {
        self.out.push('\n');
        for (key, section) in resource.sections() {
            self.key(4, key);
            match section {
                BodySection::Value(value) => self.value(4, &value),
                BodySection::Map(map) => self.map(4, map),
            }
        }
    }

    fn indent(&mut self, columns: usize) {
        const SPACES: &str = "                                                                ";
        match SPACES.get(..columns) {
            Some(spaces) => self.out.push_str(spaces),
            None => self.out.extend(std::iter::repeat_n(' ', columns)),
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.indent(indent);
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// `key:`, the key at this column.
    fn key(&mut self, indent: usize, key: &str) {
        self.indent(indent);
        self.key_here(key);
    }

    fn key_here(&mut self, key: &str) {
        scalar::push_inline(&mut self.out, key);
        self.out.push(':');
    }

    /// `key: value`, the key at this column.
    fn entry(&mut self, indent: usize, key: &str, value: &TemplateValue) {
        self.key(indent, key);
        self.value(indent, value);
    }

    /// The text after `key:` or a tag: on the same line, or below and indented by two more columns.
    fn value(&mut self, indent: usize, value: &TemplateValue) {
        match value {
            TemplateValue::Bool(flag) => self.rest(if *flag { "true" } else { "false" }),
            TemplateValue::Integer(number) => {
                // Writing to a string cannot fail.
                let _ = writeln!(self.out, " {number}");
            }
            TemplateValue::String(text) => self.text(indent, text),
            TemplateValue::List(items) if items.is_empty() => self.rest("[]"),
            TemplateValue::List(items) => {
                self.out.push('\n');
                items.iter().for_each(|item| self.item(indent + 2, item));
            }
            TemplateValue::Map(map) => self.map(indent, map),
            TemplateValue::Function(function) => self.function(indent, function),
        }
    }

    fn map(&mut self, indent: usize, map: &PropertyMap) {
        if map.is_empty() {
            return self.rest("{}");
        }
        self.out.push('\n');
        map.iter().for_each(|(key, value)| self.entry(indent + 2, key, value));
    }

    /// `- value`, the dash at this column.
    fn item(&mut self, indent: usize, value: &TemplateValue) {
        self.indent(indent);
        self.out.push('-');
        self.item_value(indent, value);
    }

    /// The text after a dash: a collection starts on the same line.
    fn item_value(&mut self, indent: usize, value: &TemplateValue) {
        match value {
            TemplateValue::Map(map) if !map.is_empty() => {
                for (index, (key, value)) in map.iter().enumerate() {
                    if index == 0 {
                        self.out.push(' ');
                        self.key_here(key);
                        self.value(indent + 2, value);
                    } else {
                        self.entry(indent + 2, key, value);
                    }
                }
            }
            TemplateValue::List(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    if index == 0 {
                        self.out.push_str(" -");
                        self.item_value(indent + 2, item);
                    } else {
                        self.item(indent + 2, item);
                    }
                }
            }
            TemplateValue::Function(function) => match only_argument(function) {
                Some(argument) => {
                    self.out.push(' ');
                    self.key_here(function.name());
                    self.value(indent + 2, argument);
                }
                None => self.value(indent, value),
            },
            other => self.value(indent, other),
        }
    }

    fn rest(&mut self, text: &str) {
        self.out.push(' ');
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn text(&mut self, indent: usize, text: &str) {
        let Some((header, lines)) = scalar::block(text) else {
            self.out.push(' ');
            scalar::push_inline(&mut self.out, text);
            return self.out.push('\n');
        };
        self.rest(header);
        for line in lines {
            let indent = if line.is_empty() { 0 } else { indent + 2 };
            self.line(indent, line);
        }
    }

    fn tag(&mut self, name: &str) {
        self.out.push_str(" !");
        self.out.push_str(name.strip_prefix("Fn::").unwrap_or(name));
    }

    fn function(&mut self, indent: usize, function: &IntrinsicFunction) {
        if let IntrinsicFunction::Sub(sub) = function
            && let Some(text) = sub.plain()
        {
            return self.text(indent, &text);
        }
        if let Some(argument) = only_argument(function) {
            self.out.push('\n');
            self.key(indent + 2, function.name());
            return self.value(indent + 2, argument);
        }
        self.tag(function.name());
        match function {
            IntrinsicFunction::Ref(target) => self.rest(target.as_str()),
            IntrinsicFunction::GetAtt(id, attribute) => {
                self.out.push(' ');
                scalar::push_inline(&mut self.out, &format!("{id}.{attribute}"));
                self.out.push('\n');
            }
            IntrinsicFunction::Sub(sub) => self.sub(indent, sub),
            IntrinsicFunction::GetAzs(value)
            | IntrinsicFunction::ImportValue(value)
            | IntrinsicFunction::Base64(value) => {
                self.value(indent, value);
            }
            other => {
                self.out.push('\n');
                other.list().iter().for_each(|argument| self.item(indent + 2, argument));
            }
        }
    }

    fn sub(&mut self, indent: usize, sub: &FnSub) {
        let (text, variables) = sub.render();
        if variables.is_empty() {
            return self.text(indent, &text);
        }
        let variables: PropertyMap = variables.into_iter().collect();
        self.value(indent, &crate::list![text, variables]);
    }

    fn condition(&mut self, indent: usize, condition: &TemplateCondition) {
        match condition {
            TemplateCondition::Named(id) => self.rest(&format!("!Condition {id}")),
            TemplateCondition::Equals(left, right) => {
                self.out.push_str(" !Equals\n");
                self.item(indent + 2, left);
                self.item(indent + 2, right);
            }
            TemplateCondition::Not(inner) => self.several(indent, "Not", std::slice::from_ref(inner)),
            TemplateCondition::And(all) => self.several(indent, "And", all),
            TemplateCondition::Or(all) => self.several(indent, "Or", all),
        }
    }

    fn several(&mut self, indent: usize, name: &str, all: &[impl std::borrow::Borrow<TemplateCondition>]) {
        self.out.push_str(&format!(" !{name}\n"));
        for condition in all {
            self.indent(indent + 2);
            self.out.push('-');
            self.condition(indent + 2, condition.borrow());
        }
    }
}

/// The argument of a function that has no other, where that is a function, too: it cannot take a second tag, so that this one
/// takes the long form.
fn only_argument(function: &IntrinsicFunction) -> Option<&TemplateValue> {
    match function {
        IntrinsicFunction::GetAzs(value)
        | IntrinsicFunction::ImportValue(value)
        | IntrinsicFunction::Base64(value) => {
            Some(value).filter(|value| matches!(value, TemplateValue::Function(_)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
