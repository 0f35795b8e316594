//! `Fn::Sub` from typed parts: literal text is escaped by the type, so it never becomes a reference.

use super::{Function, LogicalId, Pseudo, Target, Value};

/// One part of a substituted string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A literal string, kept as it is.
    Text(String),
    /// `${Id}` or `${AWS::Region}`.
    Reference(Target),
    /// `${Id.Attribute}`.
    Attribute(LogicalId, String),
    /// A field of a secret, resolved by CloudFormation: a dynamic reference.
    SecretField(LogicalId, String),
    /// Any other value, passed in the variable map of `Fn::Sub`.
    Value(Value),
}

impl Part {
    /// The value inside, for traversal.
    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Part::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// A string with references. Becomes a plain string if it has none, and `Ref` or `Fn::GetAtt` if it is only one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sub(Vec<Part>);

impl Sub {
    /// An empty string.
    pub fn new() -> Sub {
        Sub::default()
    }

    /// Starts with a literal string.
    pub fn text(text: impl AsRef<str>) -> Sub {
        Sub::new().then(text)
    }

    /// Adds a literal string.
    pub fn then(mut self, text: impl AsRef<str>) -> Sub {
        let text = text.as_ref();
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.0.push(Part::Text(text.to_owned())),
        }
        self
    }

    /// Adds `${Id}`.
    pub fn reference(self, id: &LogicalId) -> Sub {
        self.part(Part::Reference(Target::Id(id.clone())))
    }

    /// Adds a pseudo parameter.
    pub fn pseudo(self, pseudo: Pseudo) -> Sub {
        self.part(Part::Reference(Target::Pseudo(pseudo)))
    }

    /// Adds `${Id.Attribute}`.
    pub fn att(self, id: &LogicalId, attribute: &str) -> Sub {
        self.part(Part::Attribute(id.clone(), attribute.to_owned()))
    }

    /// Adds a field of a JSON secret as a dynamic reference. Counts towards the template's limit of 60.
    pub fn secret_field(self, secret: &LogicalId, field: &str) -> Sub {
        self.part(Part::SecretField(secret.clone(), field.to_owned()))
    }

    /// Adds any value. Strings, references and other substitutions are taken apart; anything else becomes a variable.
    pub fn value(self, value: impl Into<Value>) -> Sub {
        match value.into() {
            Value::String(text) => self.then(text),
            Value::Integer(number) => self.then(number.to_string()),
            Value::Bool(flag) => self.then(flag.to_string()),
            Value::Function(function) => match *function {
                Function::Ref(target) => self.part(Part::Reference(target)),
                Function::GetAtt(id, attribute) => self.part(Part::Attribute(id, attribute)),
                Function::Sub(sub) => self.append(sub),
                other => self.part(Part::Value(other.into())),
            },
            other => self.part(Part::Value(other)),
        }
    }

    /// Adds all parts of another substitution.
    pub fn append(self, other: Sub) -> Sub {
        other.0.into_iter().fold(self, Sub::part)
    }

    /// Adds one part.
    pub fn part(mut self, part: Part) -> Sub {
        match part {
            Part::Text(text) => self.then(text),
            other => {
                self.0.push(other);
                self
            }
        }
    }

    /// The parts; adjacent strings are merged.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The simplest equivalent value.
    pub fn into_value(mut self) -> Value {
        if self.0.len() > 1 {
            return Function::Sub(self).into();
        }
        match self.0.pop() {
            None => Value::String(String::new()),
            Some(Part::Text(text)) => Value::String(text),
            Some(Part::Reference(target)) => Function::Ref(target).into(),
            Some(Part::Attribute(id, attribute)) => Function::GetAtt(id, attribute).into(),
            Some(Part::Value(value)) => value,
            Some(part @ Part::SecretField(..)) => Function::Sub(Sub(vec![part])).into(),
        }
    }

    /// The template string and the variables it needs, as `Fn::Sub` takes them.
    pub(super) fn render(&self) -> (String, Vec<(String, Value)>) {
        let mut text = String::new();
        let mut variables = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => match escape(literal) {
                    Some(escaped) => text.push_str(&escaped),
                    None => self.variable(&mut text, &mut variables, Value::String(literal.clone())),
                },
                Part::Reference(target) => text.push_str(&format!("${{{}}}", target.as_str())),
                Part::Attribute(id, attribute) => text.push_str(&format!("${{{id}.{attribute}}}")),
                Part::SecretField(id, field) => {
                    text.push_str(&format!("{{{{resolve:secretsmanager:${{{id}}}:SecretString:{field}}}}}"));
                }
                Part::Value(value) => self.variable(&mut text, &mut variables, value.clone()),
            }
        }
        (text, variables)
    }

    fn variable(&self, text: &mut String, variables: &mut Vec<(String, Value)>, value: Value) {
        let mut name = format!("Value{}", variables.len() + 1);
        while self.names(&name) {
            name.push('x');
        }
        text.push_str(&format!("${{{name}}}"));
        variables.push((name, value));
    }

    fn names(&self, name: &str) -> bool {
        self.0.iter().any(|part| match part {
            Part::Reference(target) => target.as_str() == name,
            Part::Attribute(id, _) | Part::SecretField(id, _) => id.as_str() == name,
            Part::Text(_) | Part::Value(_) => false,
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
        assert_eq!(Sub::new().into_value(), Value::from(""));
        assert_eq!(Sub::text("a${B}").then("c").into_value(), Value::from("a${B}c"));
        assert_eq!(Sub::new().reference(&id("A")).into_value(), id("A").reference());
        assert_eq!(Sub::new().att(&id("A"), "Arn").into_value(), id("A").arn());
        assert_eq!(Sub::new().then("").value(id("A").arn()).into_value(), id("A").arn());
    }

    #[test]
    fn renders_parts() {
        let cases = [
            (Sub::text("a").reference(&id("B")).att(&id("C"), "Arn"), "a${B}${C.Arn}", 0),
            (Sub::text("${B}").reference(&id("B")), "${!B}${B}", 0),
            (Sub::text("${").reference(&id("B")).then("}"), "${Value1}${B}}", 1),
            (Sub::text("${a b}").reference(&id("Value1")), "${Value1x}${Value1}", 1),
            (Sub::text("costs $").reference(&id("B")), "${Value1}${B}", 1),
            (Sub::text("${X").then("${Y}}").reference(&id("B")), "${Value1}${B}", 1),
            (
                Sub::new().secret_field(&id("S"), "password"),
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
