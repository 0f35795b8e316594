//! `Fn::Sub` from typed parts: literal text is escaped by the type, so it never becomes a reference.

use std::borrow::Cow;

use super::{IntrinsicFunction, IntrinsicTarget, LogicalId, PseudoParameter, TemplateValue};

/// What a dynamic reference starts with.
pub(super) const DYNAMIC: &str = "{{resolve:";

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
    /// The start of a dynamic reference, `{{resolve:`, that the user wrote: CloudFormation resolves what follows.
    Dynamic,
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

    /// The parts, to change them.
    pub(super) fn into_parts(self) -> Vec<SubPart> {
        self.0
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
            None => TemplateValue::from(""),
            Some(SubPart::Text(text)) => TemplateValue::from(text),
            Some(SubPart::Reference(target)) => IntrinsicFunction::Ref(target).into(),
            Some(SubPart::Attribute(id, attribute)) => IntrinsicFunction::GetAtt(id, attribute).into(),
            Some(SubPart::Value(value)) => value,
            Some(part @ (SubPart::SecretField(..) | SubPart::Dynamic)) => {
                IntrinsicFunction::Sub(FnSub(vec![part])).into()
            }
        }
    }

    /// The string as it is, where nothing in it is a reference to the template: text and dynamic references alone.
    pub(super) fn plain(&self) -> Option<String> {
        let text = |part: &SubPart| match part {
            SubPart::Text(text) => Some(text.clone()),
            SubPart::Dynamic => Some(DYNAMIC.to_owned()),
            _ => None,
        };
        // Most refer to something, which nothing is copied to find out.
        let refers = self.0.iter().any(|part| !matches!(part, SubPart::Text(_) | SubPart::Dynamic));
        if refers { None } else { self.0.iter().map(text).collect() }
    }

    /// A string that the user wrote for `Fn::Sub`, with the variables of its map.
    ///
    /// # Errors
    /// What stands between `${` and `}`, where it is no name of a parameter, resource or variable; the rest of the
    /// string, where the brace is not closed.
    pub fn parse(text: &str, variables: &[(String, TemplateValue)]) -> Result<FnSub, String> {
        let mut sub = FnSub::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            sub = sub.literal(before);
            let (name, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
            sub = match name.strip_prefix('!') {
                Some(literal) => sub.then("${").then(literal).then("}"),
                None => sub.named(name.trim(), variables).ok_or_else(|| name.to_owned())?,
            };
            rest = after;
        }
        Ok(sub.literal(rest))
    }

    /// Adds text that the user wrote, in which dynamic references are meant.
    pub fn literal(self, text: &str) -> FnSub {
        let mut parts = text.split(DYNAMIC);
        let first = self.then(parts.next().unwrap_or_default());
        parts.fold(first, |sub, part| sub.part(SubPart::Dynamic).then(part))
    }

    fn named(self, name: &str, variables: &[(String, TemplateValue)]) -> Option<FnSub> {
        if let Some((_, value)) = variables.iter().find(|(variable, _)| variable == name) {
            return Some(self.value(value));
        }
        if let Some(pseudo) = PseudoParameter::parse(name) {
            return Some(self.pseudo(pseudo));
        }
        match name.split_once('.') {
            Some((id, attribute)) if !attribute.is_empty() => {
                Some(self.att(&LogicalId::parse(id)?, attribute))
            }
            Some(_) => None,
            None => Some(self.reference(&LogicalId::parse(name)?)),
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
                    None => self.variable(&mut text, &mut variables, literal.into()),
                },
                SubPart::Reference(target) => text.extend(["${", target.as_str(), "}"]),
                SubPart::Attribute(id, attribute) => text.extend(["${", id.as_str(), ".", attribute, "}"]),
                SubPart::SecretField(id, field) => {
                    text.push_str(&format!("{{{{resolve:secretsmanager:${{{id}}}:SecretString:{field}}}}}"));
                }
                SubPart::Dynamic => text.push_str(DYNAMIC),
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
            SubPart::Text(_) | SubPart::Dynamic | SubPart::Value(_) => false,
        })
    }
}

/// Escapes `${Name}` as `${!Name}`. Returns `None` if that form might not be read back correctly (an unclosed
/// brace, unusual characters): such a string is passed as a variable, whose content CloudFormation does not parse.
fn escape(text: &str) -> Option<Cow<'_, str>> {
    // A brace directly after this string would otherwise join its dollar sign.
    if text.ends_with('$') {
        return None;
    }
    if !text.contains('$') {
        return Some(text.into());
    }
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
    Some(out.into())
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
            (FnSub::new().literal("a{{resolve:ssm:b}}").reference(&id("B")), "a{{resolve:ssm:b}}${B}", 0),
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

    #[test]
    fn what_the_user_wrote_is_read() {
        let variables = [("Port".to_owned(), TemplateValue::from(80)), ("X".to_owned(), id("Y").arn())];
        let read = |text: &str| FnSub::parse(text, &variables).map(|sub| sub.render().0);
        for (text, rendered) in [
            ("plain", "plain"),
            ("${A}-${B.Endpoint.Port}", "${A}-${B.Endpoint.Port}"),
            ("${AWS::Region}${!A}", "${AWS::Region}${!A}"),
            (":${Port}/${X}", ":80/${Y.Arn}"),
            ("{{resolve:ssm:/a/${A}}}", "{{resolve:ssm:/a/${A}}}"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(rendered), "{text}");
        }
        for (text, fault) in
            [("${A", "A"), ("${a-b}", "a-b"), ("${AWS::Nothing}", "AWS::Nothing"), ("${A.}", "A.")]
        {
            assert_eq!(read(text), Err(fault.to_owned()), "{text}");
        }
        assert_eq!(FnSub::new().literal("a{{resolve:ssm:b}}").plain().as_deref(), Some("a{{resolve:ssm:b}}"));
        assert_eq!(FnSub::text("a").reference(&id("B")).plain(), None);
        assert!(matches!(
            FnSub::new().literal("{{resolve:ssm:b}}").parts(),
            [SubPart::Dynamic, SubPart::Text(_)]
        ));
    }
}
