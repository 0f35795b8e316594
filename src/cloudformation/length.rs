//! How long the text of a template is at most, without writing it.
//!
//! In: a template. Out: bytes. Invariant: the text has no more, whatever has to be escaped; most texts have a fifth of it. Who
//! only asks whether a template fits need not have its text where this fits.

use super::limits::BODY;
use crate::{
    FnSub, IntrinsicFunction, LogicalId, PropertyMap, Resource, SubPart, Template, TemplateCondition,
    TemplateParameter, TemplateValue,
};

/// What one byte becomes at most: `\x1B`.
const ESCAPED: usize = 4;
/// What stands around a value or a key besides its indentation: a dash, a colon, quotes, the header of a block, a line break.
const FRAME: usize = 8;
/// A number, a boolean or an empty collection.
const WORD: usize = 24;
/// The names of a resource's own keys with their frames, and those of a whole template.
const KEYS: usize = 320;
/// The name of a function, long or short.
const FUNCTION: usize = 32;
/// The text around a field of a secret: `{{resolve:secretsmanager:${}:SecretString:}}`.
const SECRET: usize = 64;
/// How the name of a variable of `Fn::Sub` begins, with its number.
const VARIABLE: usize = 32;
/// Columns by which what stands below is indented further, at most: an item in a list in a list.
const STEP: usize = 6;

impl Template {
    /// Whether CloudFormation surely takes a text of this length.
    pub fn surely_fits(&self) -> bool {
        self.longest_text() <= BODY.most
    }

    /// Bytes that the text has at most.
    pub(super) fn longest_text(&self) -> usize {
        let parameters = self.parameters.iter().map(|(id, it)| named(id) + parameter(it));
        let mappings = self.mappings.iter().map(|(id, it)| named(id) + map(it, 2));
        let conditions = self.conditions.iter().map(|(id, it)| named(id) + condition(it, 2));
        let resources = self.resources.iter().map(|(id, it)| named(id) + resource(it));
        let outputs = self.outputs.iter().map(|(id, it)| named(id) + map(&it.body(), 2));
        let sections = parameters.chain(mappings).chain(conditions).chain(resources).chain(outputs);
        KEYS + text(&self.description, 0) + map(&self.metadata, 0) + sections.sum::<usize>()
    }
}

fn named(id: &LogicalId) -> usize {
    2 + inline(id.as_str()) + FRAME
}

fn comments(lines: &[String]) -> usize {
    lines.iter().map(|line| 2 + line.len() + FRAME).sum()
}

fn parameter(it: &TemplateParameter) -> usize {
    comments(&it.comments) + map(&it.body(), 2)
}

fn resource(it: &Resource) -> usize {
    let order: usize = it.depends_on.iter().map(|id| 8 + inline(id.as_str()) + FRAME).sum();
    let condition = it.condition.as_ref().map_or(0, |id| inline(id.as_str()));
    let maps = [&it.properties, &it.creation_policy, &it.update_policy, &it.metadata];
    let maps: usize = maps.into_iter().map(|section| map(section, 4)).sum();
    KEYS + comments(&it.comments) + inline(&it.kind) + condition + order + maps
}

fn condition(it: &TemplateCondition, indent: usize) -> usize {
    let below = indent + STEP;
    FUNCTION
        + match it {
            TemplateCondition::Named(id) => inline(id.as_str()),
            TemplateCondition::Equals(left, right) => item(left, below) + item(right, below),
            TemplateCondition::Not(inner) => below + FRAME + condition(inner, below),
            TemplateCondition::And(all) | TemplateCondition::Or(all) => {
                all.iter().map(|one| below + FRAME + condition(one, below)).sum()
            }
        }
}

/// A text on one line.
fn inline(it: &str) -> usize {
    it.len() * ESCAPED
}

/// A text, on one line or as a block, of which each line is indented.
fn text(it: &str, indent: usize) -> usize {
    inline(it) + lines(it, indent) + FRAME
}

fn lines(it: &str, indent: usize) -> usize {
    it.bytes().filter(|byte| *byte == b'\n').count() * (indent + STEP)
}

fn map(it: &PropertyMap, indent: usize) -> usize {
    let below = indent + STEP;
    FRAME + it.iter().map(|(key, inner)| below + inline(key) + FRAME + value(inner, below)).sum::<usize>()
}

fn item(it: &TemplateValue, indent: usize) -> usize {
    indent + FRAME + value(it, indent)
}

fn value(it: &TemplateValue, indent: usize) -> usize {
    match it {
        TemplateValue::Bool(_) | TemplateValue::Integer(_) => WORD,
        TemplateValue::String(it) => text(it, indent),
        TemplateValue::List(items) => WORD + items.iter().map(|it| item(it, indent + STEP)).sum::<usize>(),
        TemplateValue::Map(it) => map(it, indent),
        TemplateValue::Function(it) => FUNCTION + function(it, indent),
    }
}

fn function(it: &IntrinsicFunction, indent: usize) -> usize {
    let below = indent + STEP;
    // The long form has a line of its own, and each argument that is no value another one.
    let lines = 3 * (below + FRAME + WORD);
    let own = match it {
        IntrinsicFunction::Ref(target) => inline(target.as_str()),
        IntrinsicFunction::GetAtt(id, attribute) => inline(id.as_str()) + inline(attribute),
        IntrinsicFunction::Sub(sub) => return lines + substituted(sub, below),
        IntrinsicFunction::Join(delimiter, _) | IntrinsicFunction::Split(delimiter, _) => {
            text(delimiter, below)
        }
        IntrinsicFunction::If(id, ..) | IntrinsicFunction::FindInMap(id, ..) => inline(id.as_str()),
        IntrinsicFunction::Select(..)
        | IntrinsicFunction::GetAzs(_)
        | IntrinsicFunction::ImportValue(_)
        | IntrinsicFunction::Base64(_)
        | IntrinsicFunction::Cidr(..) => 0,
    };
    let mut arguments = 0;
    it.for_each_argument(&mut |argument| arguments += item(argument, below));
    lines + own + arguments
}

/// The string of `Fn::Sub`, and its variables.
fn substituted(sub: &FnSub, indent: usize) -> usize {
    // A name that is taken gets a letter more, for each other part at most.
    let variable = VARIABLE + sub.parts().len();
    let part = |it: &SubPart| match it {
        // What is no text for the string becomes a variable; `${` becomes `${!`.
        SubPart::Text(it) => 2 * (text(it, indent) + variable + lines(it, indent)) + indent,
        SubPart::Reference(target) => FRAME + inline(target.as_str()),
        SubPart::Attribute(id, attribute) => FRAME + inline(id.as_str()) + inline(attribute),
        SubPart::SecretField(id, field) => SECRET + inline(id.as_str()) + inline(field),
        SubPart::Dynamic => SECRET,
        SubPart::Value(it) => 2 * variable + item(it, indent + STEP),
    };
    FRAME + sub.parts().iter().map(part).sum::<usize>()
}
