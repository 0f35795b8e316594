//! `Fn::Sub` from typed parts: literal text is escaped by the type, so it never becomes a reference.

use super::{IntrinsicFunction, IntrinsicTarget, LogicalId, PseudoParameter, TemplateValue};

/// One part of a substituted string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubPart {
    /// A literal string, kept as it is.
    Text(String),
    /// `${Id}` or `${AWS::Region}`.
    Reference(IntrinsicTarget),
    /// `${Id.Attribute}`.
    Attribute(LogicalId, String),
    /// A field of a secret, resolved by CloudFormation: a dynamic reference.
    SecretField(LogicalId, String),
    /// Any other value, passed in the variable map of `Fn::Sub`.
    Value(TemplateValue),
}

impl SubPart {
    /// The value inside, for traversal.
    pub(super) fn value(&self) -> Option<&TemplateValue> {
        match self {
            SubPart::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// A string with references. Becomes a plain string if it has none, and `Ref` or `Fn::GetAtt` if it is only one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FnSub(Vec<SubPart>);

impl FnSub {
    /// An empty string.
    pub fn new() -> FnSub {
        FnSub::default()
    }

    /// Starts with a literal string.
    pub fn text(text: impl AsRef<str>) -> FnSub {
        FnSub::new().then(text)
    }

    /// Adds a literal string.
    pub fn then(mut self, text: impl AsRef<str>) -> FnSub {
        let text = text.as_ref();
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(SubPart::Text(last)) => last.push_str(text),
            _ => self.0.push(SubPart::Text(text.to_owned())),
        }
        self
    }

    /// Adds `${Id}`.
    pub fn reference(self, id: &LogicalId) -> FnSub {
        self.part(SubPart::Reference(IntrinsicTarget::Id(id.clone())))
    }

    /// Adds a pseudo parameter.
    pub fn pseudo(self, pseudo: PseudoParameter) -> FnSub {
        self.part(SubPart::Reference(IntrinsicTarget::Pseudo(pseudo)))
    }

    /// Adds `${Id.Attribute}`.
    pub fn att(self, id: &LogicalId, attribute: &str) -> FnSub {
        self.part(SubPart::Attribute(id.clone(), attribute.to_owned()))
    }

    /// Adds a field of a JSON secret as a dynamic reference. Counts towards the template's limit of 60.
    pub fn secret_field(self, secret: &LogicalId, field: &str) -> FnSub {
        self.part(SubPart::SecretField(secret.clone(), field.to_owned()))
    }

    /// Adds any value. Strings, references and other substitutions are taken apart; anything else becomes a variable.
    pub fn value(self, value: impl Into<TemplateValue>) -> FnSub {
        match value.into() {
            TemplateValue::String(text) => self.then(text),
            TemplateValue::Integer(number) => self.then(number.to_string()),
            TemplateValue::Bool(flag) => self.then(flag.to_string()),
            TemplateValue::Function(function) => match *function {
                IntrinsicFunction::Ref(target) => self.part(SubPart::Reference(target)),
                IntrinsicFunction::GetAtt(id, attribute) => self.part(SubPart::Attribute(id, attribute)),
                IntrinsicFunction::Sub(sub) => self.append(sub),
                other => self.part(SubPart::Value(other.into())),
            },
            other => self.part(SubPart::Value(other)),
        }
    }

    /// Adds all parts of another substitution.
    pub fn append(self, other: FnSub) -> FnSub {
        other.0.into_iter().fold(self, FnSub::part)
    }

    /// Adds one part.
    pub fn part(mut self, part: SubPart) -> FnSub {
        match part {
            SubPart::Text(text) => self.then(text),
            other => {
                self.0.push(other);
                self
            }
        }
    }

    /// The parts; adjacent strings are merged.
    pub fn parts(&self) -> &[SubPart] {
        &self.0
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The simplest equivalent value.
    pub fn into_value(mut self) -> TemplateValue {
        if self.0.len() > 1 {
            return IntrinsicFunction::Sub(self).into();
        }
        match self.0.pop() {
            None => TemplateValue::String(String::new()),
            Some(SubPart::Text(text)) => TemplateValue::String(text),
            Some(SubPart::Reference(target)) => IntrinsicFunction::Ref(target).into(),
            Some(SubPart::Attribute(id, attribute)) => IntrinsicFunction::GetAtt(id, attribute).into(),
            Some(SubPart::Value(value)) => value,
            Some(part @ SubPart::SecretField(..)) => IntrinsicFunction::Sub(FnSub(vec![part])).into(),
        }
    }

    /// The template string and the variables it needs, as `Fn::Sub` takes them.
    pub(super) fn render(&self) -> (String, Vec<(String, TemplateValue)>) {
        let mut text = String::new();
        let mut variables = Vec::new();
        for part in &self.0 {
            match part {
                SubPart::Text(literal) => match escape(literal) {
                    Some(escaped) => text.push_str(&escaped),
                    None => self.variable(&mut text, &mut variables, TemplateValue::String(literal.clone())),
                },
                SubPart::Reference(target) => text.push_str(&format!("${{{}}}", target.as_str())),
                SubPart::Attribute(id, attribute) => text.push_str(&format!("${{{id}.{attribute}}}")),
                SubPart::SecretField(id, field) => {
                    text.push_str(&format!("{{{{resolve:secretsmanager:${{{id}}}:SecretString:{field}}}}}"));
                }
                SubPart::Value(value) => self.variable(&mut text, &mut variables, value.clone()),
            }
        }
        (text, variables)
    }

    fn variable(
        &self,
        text: &mut String,
        variables: &mut Vec<(String, TemplateValue)>,
        value: TemplateValue,
    ) {
        let mut name = format!("Value{}", variables.len() + 1);
        while self.names(&name) {
            name.push('x');
        }
        text.push_str(&format!("${{{name}}}"));
        variables.push((name, value));
    }

    fn names(&self, name: &str) -> bool {
        self.0.iter().any(|part| match part {
            SubPart::Reference(target) => target.as_str() == name,
            SubPart::Attribute(id, _) | SubPart::SecretField(id, _) => id.as_str() == name,
            SubPart::Text(_) | SubPart::Value(_) => false,
        })
    }
}

/// Escapes `${Name}` as `${!Name}`. Returns `None` if that form might not be read back correctly (an unclosed
/// brace, unusual characters): such a string is passed as a variable, whose content CloudFormation does not parse.
fn escape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = rest.split_at(at);
        let inner = after.strip_prefix("${")?;
        let (name, _) = inner.split_once('}')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':');
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        out.push_str(before);
        out.push_str("${!");
        rest = inner;
    }
    out.push_str(rest);
    // A brace directly after this string would otherwise join its dollar sign.
    (!text.ends_with('$')).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> LogicalId {
        LogicalId::parse(text).unwrap()
    }

    #[test]
    fn collapses_to_the_simplest_value() {
        assert_eq!(FnSub::new().into_value(), TemplateValue::from(""));
        assert!(FnSub::new().is_empty() && !FnSub::text("a").is_empty());
        assert_eq!(FnSub::text("a").into_value().as_str(), Some("a"));
        assert_eq!(FnSub::text("a${B}").then("c").into_value(), TemplateValue::from("a${B}c"));
        assert_eq!(FnSub::new().reference(&id("A")).into_value(), id("A").reference());
        assert_eq!(FnSub::new().att(&id("A"), "Arn").into_value(), id("A").arn());
        assert_eq!(FnSub::new().then("").value(id("A").arn()).into_value(), id("A").arn());
    }

    #[test]
    fn renders_parts() {
        let cases = [
            (FnSub::text("a").reference(&id("B")).att(&id("C"), "Arn"), "a${B}${C.Arn}", 0),
            (FnSub::text("${B}").reference(&id("B")), "${!B}${B}", 0),
            (FnSub::text("${").reference(&id("B")).then("}"), "${Value1}${B}}", 1),
            (FnSub::text("${a b}").reference(&id("Value1")), "${Value1x}${Value1}", 1),
            (FnSub::text("costs $").reference(&id("B")), "${Value1}${B}", 1),
            (FnSub::text("${X").then("${Y}}").reference(&id("B")), "${Value1}${B}", 1),
            (
                FnSub::new().secret_field(&id("S"), "password"),
                "{{resolve:secretsmanager:${S}:SecretString:password}}",
                0,
            ),
        ];
        for (sub, text, variables) in cases {
            let (rendered, found) = sub.render();
            assert_eq!((rendered.as_str(), found.len()), (text, variables), "{sub:?}");
        }
    }
}
