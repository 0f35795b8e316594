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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Base64, Cidr, FindInMap, GetAzs, If, ImportValue, Join, Select, Split, TemplateOutput, list, props,
    };

    fn id(text: &str) -> LogicalId {
        LogicalId::parse(text).unwrap()
    }

    /// That the texts are no longer, the tests of the writer say; here stands what is counted for each kind of value, so that a
    /// bound which grows is seen: then more templates are written for nothing.
    #[test]
    fn each_kind_of_value_is_counted() {
        let a = || id("Aa");
        let sub = || FnSub::text("x\ny");
        for (it, expected) in [
            (TemplateValue::from(true), 24),
            (12.into(), 24),
            ("".into(), 8),
            ("abc".into(), 20),
            // Each line of a block has its indentation: 4 columns, and 6 more.
            ("a\nb\n".into(), 16 + 8 + 20),
            (list![], 24),
            (list![1, "b"], 24 + (10 + 8 + 24) + (10 + 8 + 12)),
            (props! {}.into(), 8),
            (props! { "Ab" => 1 }.into(), 8 + 10 + 8 + 8 + 24),
            (a().reference(), 32 + 126 + 8),
            (a().att("Bcd"), 32 + 126 + 8 + 12),
            (Join(",", list![1]), 32 + 126 + 12 + (10 + 8 + 24 + 16 + 8 + 24)),
            (Split("::", "x"), 32 + 126 + 16 + (10 + 8 + 12)),
            (Select(3, "x"), 32 + 126 + (10 + 8 + 12)),
            (GetAzs("x"), 32 + 126 + (10 + 8 + 12)),
            (ImportValue("x"), 32 + 126 + (10 + 8 + 12)),
            (Base64("x"), 32 + 126 + (10 + 8 + 12)),
            (Cidr("x", 2, 8), 32 + 126 + (10 + 8 + 12)),
            (If(&a(), "x", 1), 32 + 126 + 8 + (10 + 8 + 12) + (10 + 8 + 24)),
            (FindInMap(&a(), "x", 1), 32 + 126 + 8 + (10 + 8 + 12) + (10 + 8 + 24)),
            // A variable of two parts has a name of up to 34 letters, and a text with a line break 16 twice.
            (sub().reference(&a()).into_value(), 166 + (2 * (12 + 16 + 8 + 34 + 16) + 10) + (8 + 8)),
            (sub().att(&a(), "Bcd").into_value(), 166 + 182 + (8 + 8 + 12)),
            (sub().secret_field(&a(), "pw").into_value(), 166 + 182 + (64 + 8 + 8)),
            (
                sub().value(Select(3, "x")).into_value(),
                166 + 182 + (68 + (16 + 8) + 32 + 162 + (22 + 8 + 12)),
            ),
            (
                FnSub::default().literal("{{resolve:").then("b").into_value(),
                166 + 64 + (2 * (4 + 8 + 34) + 10),
            ),
        ] {
            assert_eq!(value(&it, 4), expected, "{it:?}");
        }
    }

    #[test]
    fn each_section_is_counted() {
        let equal = || TemplateCondition::Equals("x".into(), 1.into());
        for (it, expected) in [
            (TemplateCondition::Named(id("Aa")), 32 + 8),
            (equal(), 32 + (8 + 8 + 12) + (8 + 8 + 24)),
            (TemplateCondition::Not(Box::new(TemplateCondition::Named(id("Aa")))), 32 + (8 + 8 + 40)),
            (TemplateCondition::And(vec![TemplateCondition::Named(id("Aa"))]), 32 + (8 + 8 + 40)),
            (
                TemplateCondition::Or(vec![TemplateCondition::Named(id("Aa")), equal()]),
                32 + 56 + (16 + 32 + 34 + 46),
            ),
        ] {
            assert_eq!(condition(&it, 2), expected, "{it:?}");
        }
        assert_eq!(named(&id("Aa")), 2 + 8 + 8);
        assert_eq!(comments(&["abc".to_owned(), String::new()]), (2 + 3 + 8) + (2 + 8));
        let given = TemplateParameter::string("abc");
        assert_eq!(parameter(&given.clone().comment("de")), 12 + map(&given.body(), 2));
        let properties = || props! { "A" => 1 };
        let section = |indent: usize| 8 + (indent + 6) + 4 + 8 + 24;
        assert_eq!(map(&properties(), 2), section(2));
        let plain = Resource::new("A::B", properties());
        assert_eq!(resource(&plain), 320 + 16 + section(4) + 3 * 8);
        let full = plain
            .comment("abc")
            .depends_on(&id("Aa"))
            .condition(&id("Bbb"))
            .creation_policy(properties())
            .update_policy(properties())
            .metadata("A", 1);
        assert_eq!(resource(&full), 320 + 13 + 16 + 12 + (8 + 8 + 8) + 4 * section(4));

        let empty = Template::default();
        assert_eq!(empty.longest_text(), 320 + 8 + 8);
        let mut template = Template::new("abc");
        template.metadata = properties();
        template.add_parameter(&id("Pa"), given.clone());
        template.add_mapping(&id("Ma"), properties());
        template.add_condition(&id("Ca"), equal());
        template.add(&id("Ra"), full.clone());
        let output = TemplateOutput::new("d", "v");
        template.add_output(&id("Oa"), output.clone());
        let sections = parameter(&given)
            + section(2)
            + condition(&equal(), 2)
            + resource(&full)
            + map(&output.body(), 2);
        assert_eq!(template.longest_text(), 320 + (12 + 8) + (8 + 6 + 4 + 8 + 24) + 5 * 18 + sections);
    }
}
