//! `$` expressions: from a template and a source of variables to the interpolated string.
//!
//! In: a template such as `app:${TAG:-latest}`. Out: the string, and for each expression its position
//! and the position of its value. Invariant: expressions and operators are recognized exactly
//! as compose-go's `template` package does, whose pattern is greedy up to the last brace of a line.

use super::SourcedValue;
use crate::source::{VariableSource, VariableSubstitution};
use std::ops::Range;
use std::sync::Arc;

/// A source of variables.
pub(super) trait VariableLookup {
    /// The variable with a name.
    fn variable(&mut self, name: &str) -> Option<SourcedValue>;

    /// Whether the variable may be unset because it gets its value later.
    fn is_deferred(&self, _name: &str) -> bool {
        false
    }
}

/// An interpolated string.
#[derive(Debug, Default, PartialEq)]
pub(super) struct TemplateExpansion {
    /// The result.
    pub(super) text: String,
    /// Every expression, in order. If a default is used, the default's own expressions follow.
    pub(super) substitutions: Vec<VariableSubstitution>,
    /// Variables without a value or default, in order.
    pub(super) unset: Vec<Arc<str>>,
}

/// Why a template has no value.
#[derive(Debug, PartialEq)]
pub(super) enum TemplateError {
    /// Not an expression: `${}`, `${1X}`, `${X!y}`, an unclosed brace. A byte range of the template.
    Malformed(Range<usize>),
    /// `${NAME:?reason}` without a value.
    Required {
        /// The variable.
        variable: Arc<str>,
        /// The reason the author gives; may be empty.
        reason: String,
        /// A byte range of the template.
        expression: Range<usize>,
    },
    /// The values make more than [`MOST_ADDED`] of it. Bytes of the template.
    TooLong(Range<usize>),
}

/// Number of bytes that values may add to one string: a variable that contains another twice doubles it.
pub(super) const MOST_ADDED: usize = 4 << 20;

/// Whether a string can contain an expression at all.
pub(super) fn has_expression(text: &str) -> bool {
    text.contains('$')
}

/// Interpolates a template.
///
/// # Errors
/// The first expression that is malformed or lacks a required value.
pub(super) fn expand(
    template: &str,
    variables: &mut dyn VariableLookup,
) -> Result<TemplateExpansion, TemplateError> {
    let mut expansion = TemplateExpansion::default();
    TemplateExpander { variables, depth: 0, room: MOST_ADDED }
        .fill(template, 0, &mut expansion)
        .map(|()| expansion)
}

/// Maximum nesting of defaults within defaults.
const MAX_DEPTH: usize = 100;

struct TemplateExpander<'a> {
    variables: &'a mut dyn VariableLookup,
    depth: usize,
    /// Bytes that values may still add.
    room: usize,
}

/// The current line: its end, and its last closing brace, up to which an expression may reach.
#[derive(Default)]
struct TemplateLine {
    end: usize,
    last_brace: Option<usize>,
}

impl TemplateLine {
    /// Advances to the line of a position.
    fn reach(&mut self, template: &str, position: usize) {
        if position < self.end {
            return;
        }
        let rest = template.get(position..).unwrap_or_default();
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        self.end = position + line.len();
        self.last_brace = line.rfind('}').map(|at| position + at);
    }
}

/// The parsed content between the braces.
struct BracedExpression<'a> {
    name: &'a str,
    operator: Option<ExpressionOperator>,
    /// The text after the operator, and its offset in the expression.
    operand: &'a str,
}

#[derive(Clone, Copy, PartialEq)]
struct ExpressionOperator {
    kind: u8,
    /// With a colon: an empty value counts as unset.
    colon: bool,
}

/// One match of the pattern: `$$`, `$NAME`, or braces up to the last brace of the line.
enum TemplateMatch<'a> {
    /// A literal `$`.
    Itself,
    Escaped,
    Named(&'a str),
    Braced(&'a str),
    Malformed,
}

impl TemplateExpander<'_> {
    /// Appends the value of `template`, which starts at `base` in the whole template.
    fn fill(
        &mut self,
        template: &str,
        base: usize,
        out: &mut TemplateExpansion,
    ) -> Result<(), TemplateError> {
        let mut position = 0;
        let mut line = TemplateLine::default();
        while let Some(found) = template.get(position..).and_then(|rest| rest.find('$')) {
            let start = position + found;
            out.text.push_str(template.get(position..start).unwrap_or_default());
            line.reach(template, start);
            let (matched, length) = match_at(template, start, line.last_brace);
            position = start + self.one(matched, base + start, length, out)?;
        }
        out.text.push_str(template.get(position..).unwrap_or_default());
        Ok(())
    }

    /// Appends one match and returns how much of the template it consumed.
    fn one(
        &mut self,
        matched: TemplateMatch<'_>,
        start: usize,
        length: usize,
        out: &mut TemplateExpansion,
    ) -> Result<usize, TemplateError> {
        match matched {
            TemplateMatch::Itself | TemplateMatch::Escaped => out.text.push('$'),
            TemplateMatch::Malformed => return Err(TemplateError::Malformed(start..start + length)),
            TemplateMatch::Named(name) => self.plain(name, start..start + length, out)?,
            TemplateMatch::Braced(whole) => {
                // The pattern is greedy: the text after the closing brace is processed separately.
                let end = closing_brace(whole).map_or(whole.len(), |at| at + 1);
                let expression = whole.get(..end).unwrap_or_default();
                let (TemplateMatch::Braced(_), true) =
                    (match_at(expression, 0, Some(end - 1)).0, self.depth < MAX_DEPTH)
                else {
                    return Err(TemplateError::Malformed(start..start + end));
                };
                let inner = expression.get(2..end - 1).unwrap_or_default();
                self.depth += 1;
                let outcome = self.braced(&parse_braced(inner), start..start + end, out);
                self.depth -= 1;
                outcome?;
                return Ok(end);
            }
        }
        Ok(length)
    }

    /// Takes room for bytes that an expression adds.
    fn take(&mut self, bytes: usize, expression: &Range<usize>) -> Result<(), TemplateError> {
        self.room = self.room.checked_sub(bytes).ok_or_else(|| TemplateError::TooLong(expression.clone()))?;
        Ok(())
    }

    /// Appends the value of a variable without an operator; records the variable if it is unset.
    fn plain(
        &mut self,
        name: &str,
        expression: Range<usize>,
        out: &mut TemplateExpansion,
    ) -> Result<(), TemplateError> {
        let variable = self.variables.variable(name);
        if variable.is_none() && !self.variables.is_deferred(name) {
            out.unset.push(name.into());
        }
        self.take(variable.as_ref().map_or(0, |found| found.value.len()), &expression)?;
        append(out, name, variable, None, &expression);
        Ok(())
    }

    fn braced(
        &mut self,
        braced: &BracedExpression<'_>,
        expression: Range<usize>,
        out: &mut TemplateExpansion,
    ) -> Result<(), TemplateError> {
        let Some(operator) = braced.operator else {
            return self.plain(braced.name, expression, out);
        };
        let operand_at = expression.start + 2 + braced.name.len() + 1 + usize::from(operator.colon);
        // The operand is always evaluated, so its errors show even if it is not used.
        let mut operand = TemplateExpansion::default();
        self.fill(braced.operand, operand_at, &mut operand)?;
        out.unset.append(&mut operand.unset);
        let variable = self.variables.variable(braced.name);
        let present = variable.as_ref().is_some_and(|found| !(operator.colon && found.value.is_empty()));
        self.take(variable.as_ref().map_or(0, |found| found.value.len()) + operand.text.len(), &expression)?;
        match operator.kind {
            b'-' if present => append(out, braced.name, variable, Some(&operand.text), &expression),
            b'+' if !present => append(out, braced.name, variable, None, &expression),
            b'?' if present => append(out, braced.name, variable, None, &expression),
            b'?' if self.variables.is_deferred(braced.name) => {
                append(out, braced.name, None, None, &expression);
            }
            b'?' => {
                return Err(TemplateError::Required {
                    variable: braced.name.into(),
                    reason: operand.text,
                    expression,
                });
            }
            kind => stand_in(out, braced.name, operand, &expression, kind == b'-'),
        }
        Ok(())
    }
}

/// Appends a variable's value and records it.
fn append(
    out: &mut TemplateExpansion,
    name: &str,
    variable: Option<SourcedValue>,
    fallback: Option<&str>,
    expression: &Range<usize>,
) {
    let start = narrow(out.text.len());
    let source = match variable {
        Some(variable) => {
            out.text.push_str(&variable.value);
            variable.source
        }
        None => VariableSource::Unset,
    };
    out.substitutions.push(VariableSubstitution {
        range: start..narrow(out.text.len()),
        expression: narrow(expression.start)..narrow(expression.end),
        variable: name.into(),
        fallback: fallback.map(Arc::from),
        source,
    });
}

/// Appends the operand instead of the variable's value.
fn stand_in(
    out: &mut TemplateExpansion,
    name: &str,
    operand: TemplateExpansion,
    expression: &Range<usize>,
    fallback: bool,
) {
    let start = narrow(out.text.len());
    out.text.push_str(&operand.text);
    out.substitutions.push(VariableSubstitution {
        range: start..narrow(out.text.len()),
        expression: narrow(expression.start)..narrow(expression.end),
        variable: name.into(),
        fallback: fallback.then(|| operand.text.into()),
        source: VariableSource::Fallback,
    });
    for mut inner in operand.substitutions {
        inner.range = inner.range.start + start..inner.range.end + start;
        out.substitutions.push(inner);
    }
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// The match of the pattern at a `$`, and its length. `last_brace` is the last one of the line.
fn match_at(template: &str, start: usize, last_brace: Option<usize>) -> (TemplateMatch<'_>, usize) {
    let after = template.get(start + 1..).unwrap_or_default();
    match after.bytes().next() {
        Some(b'$') => (TemplateMatch::Escaped, 2),
        Some(b'{') => {
            let rest = template.get(start..).unwrap_or_default();
            match_braced(rest, last_brace.and_then(|at| at.checked_sub(start)))
        }
        _ => match name_at(after) {
            "" => (TemplateMatch::Itself, 1),
            name => (TemplateMatch::Named(name), 1 + name.len()),
        },
    }
}

fn match_braced(rest: &str, last_brace: Option<usize>) -> (TemplateMatch<'_>, usize) {
    const OPENING: usize = 2;
    let inner = rest.get(OPENING..).unwrap_or_default();
    let name = name_at(inner);
    let after = inner.get(name.len()..).unwrap_or_default();
    let operator = after.strip_prefix(':').unwrap_or(after);
    let operand_at = rest.len() - operator.len() + 1;
    let end = match last_brace {
        _ if name.is_empty() => None,
        Some(last) if operator.starts_with(['-', '+', '?']) && last >= operand_at => Some(last + 1),
        _ => after.starts_with('}').then_some(OPENING + name.len() + 1),
    };
    match end {
        Some(end) => (TemplateMatch::Braced(rest.get(..end).unwrap_or_default()), end),
        None => (TemplateMatch::Malformed, OPENING),
    }
}

/// `[_a-zA-Z][_a-zA-Z0-9]*`
fn name_at(text: &str) -> &str {
    let starts = text.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic());
    let end = text.find(|next: char| next != '_' && !next.is_ascii_alphanumeric()).unwrap_or(text.len());
    if starts { text.get(..end).unwrap_or_default() } else { "" }
}

fn parse_braced(inner: &str) -> BracedExpression<'_> {
    let name = name_at(inner);
    let after = inner.get(name.len()..).unwrap_or_default();
    let colon = after.starts_with(':');
    let operator = after.get(usize::from(colon)..).unwrap_or_default();
    match operator.bytes().next() {
        Some(kind) => BracedExpression {
            name,
            operator: Some(ExpressionOperator { kind, colon }),
            operand: operator.get(1..).unwrap_or_default(),
        },
        None => BracedExpression { name, operator: None, operand: "" },
    }
}

/// The brace that closes the first one. As in compose-go, the byte after an opening brace is
/// skipped.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'}' if open == 1 => return Some(at),
            b'}' => open = open.saturating_sub(1),
            b'{' => {
                open += 1;
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl VariableLookup for Known {
        fn variable(&mut self, name: &str) -> Option<SourcedValue> {
            let value = match name {
                "A" => "a",
                "EMPTY" => "",
                "B_2" => "b",
                _ => return None,
            };
            Some(SourcedValue { value: value.into(), source: VariableSource::Environment(name.into()) })
        }
    }

    #[test]
    fn every_operator() {
        for (template, expected) in [
            ("$A", "a"),
            ("${A}", "a"),
            ("x${B_2}y", "xby"),
            ("$$A", "$A"),
            ("$$$A", "$a"),
            ("$", "$"),
            ("$1 $(x)", "$1 $(x)"),
            ("${NONE}", ""),
            ("${NONE-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${EMPTY:-d}", "d"),
            ("${A:-d}", "a"),
            ("${A+d}", "d"),
            ("${EMPTY+d}", "d"),
            ("${EMPTY:+d}", ""),
            ("${NONE:+d}", ""),
            ("${A?no}", "a"),
            ("${EMPTY?no}", ""),
            ("${NONE:-${A}}", "a"),
            ("${NONE:-${OTHER:-x}}-${A}", "x-a"),
            ("${NONE:-a} and ${A}", "a and a"),
            ("${NONE:-{}}", "{}"),
            ("${NONE-:x}", ":x"),
            ("${A:-x?y}", "a"),
            ("{print $$1}", "{print $1}"),
            ("$A_B$A", "a"),
            ("${NONE:-x}\n${A}", "x\na"),
        ] {
            let found = expand(template, &mut Known).map(|expansion| expansion.text);
            assert_eq!(found.as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_is_refused() {
        for template in ["${}", "${1X}", "${A!y}", "${A", "${A:-x\n}", "${ A}", "${A:}", "${NONE:-${}}"] {
            assert!(matches!(expand(template, &mut Known), Err(TemplateError::Malformed(_))), "{template}");
        }
        let failure = expand("x${EMPTY:?say $A}", &mut Known);
        let expected =
            TemplateError::Required { variable: "EMPTY".into(), reason: "say a".into(), expression: 1..17 };
        assert_eq!(failure, Err(expected));
    }

    #[test]
    fn hostile_templates_are_read_in_no_time() {
        let many = "${NONE:-x}".repeat(10_000);
        assert_eq!(expand(&many, &mut Known).map(|expansion| expansion.text.len()), Ok(10_000));
        let deep = format!("{}{}", "${NONE:-".repeat(10_000), "}".repeat(10_000));
        assert!(matches!(expand(&deep, &mut Known), Err(TemplateError::Malformed(_))));
    }

    #[test]
    fn values_add_no_more_than_a_bound() {
        struct Long;
        impl VariableLookup for Long {
            fn variable(&mut self, _: &str) -> Option<SourcedValue> {
                Some(SourcedValue { value: "z".repeat(20_000).into(), source: VariableSource::Unset })
            }
        }
        let length = |template: &str| expand(template, &mut Long).map(|expansion| expansion.text.len());
        assert_eq!(length(&"${B}".repeat(200)), Ok(4_000_000));
        assert_eq!(length(&"${B}".repeat(100_000)), Err(TemplateError::TooLong(836..840)));
        assert_eq!(length(&"$B".repeat(300)), Err(TemplateError::TooLong(418..420)));
        // A default that is not used is read all the same.
        let unused = format!("${{A:-{}}}", "$B".repeat(150));
        assert!(length(&unused.repeat(4)).is_err());
    }

    #[test]
    fn substitutions_say_what_stands_where() {
        let expansion = expand("x${NONE:-y${A}}-$A", &mut Known).unwrap();
        assert_eq!(expansion.text, "xya-a");
        let seen: Vec<_> = expansion
            .substitutions
            .iter()
            .map(|one| (&*one.variable, one.range.clone(), one.expression.clone()))
            .collect();
        assert_eq!(seen, [("NONE", 1..3, 1..15), ("A", 2..3, 10..14), ("A", 4..5, 16..18)]);
    }

    proptest::proptest! {
        /// Whatever the template: no panic, a bounded result, and ranges that lie in it.
        #[test]
        fn any_template_is_read_within_bounds(
            pieces in proptest::collection::vec("\\$|\\{|\\}|:|-|\\?|\\+|A|EMPTY|NONE|é|\n| |x{1,9}", 0..40)
        ) {
            let template = pieces.concat();
            if let Ok(expansion) = expand(&template, &mut Known) {
                proptest::prop_assert!(expansion.text.len() <= template.len() + MOST_ADDED);
                for one in &expansion.substitutions {
                    let (range, expression) = (&one.range, &one.expression);
                    proptest::prop_assert!(
                        expansion.text.get(range.start as usize..range.end as usize).is_some(),
                        "{template:?} {one:?}"
                    );
                    proptest::prop_assert!(
                        template.get(expression.start as usize..expression.end as usize).is_some_and(|it| it.starts_with('$')),
                        "{template:?} {one:?}"
                    );
                }
            }
        }
    }
}
