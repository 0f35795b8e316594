//! CloudFormation's intrinsic functions and condition functions.
//!
//! Source: CloudFormation Template Reference, "Intrinsic function reference".

use std::borrow::Cow;

use super::{FnSub, LogicalId, SubPart, TemplateValue};

/// What `Ref` or a `${...}` in `Fn::Sub` refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntrinsicTarget {
    /// A parameter or a resource of this template.
    Id(LogicalId),
    /// A pseudo parameter.
    Pseudo(PseudoParameter),
}

impl IntrinsicTarget {
    /// The name as a template writes it.
    pub fn as_str(&self) -> &str {
        match self {
            IntrinsicTarget::Id(id) => id.as_str(),
            IntrinsicTarget::Pseudo(pseudo) => pseudo.as_str(),
        }
    }
}

/// A pseudo parameter ("Get AWS values using pseudo parameters").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PseudoParameter {
    /// The account the stack is in.
    AccountId,
    /// Removes the property it is assigned to.
    NoValue,
    /// The stack's notification topics.
    NotificationArns,
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    Partition,
    /// The region the stack is in.
    Region,
    /// The stack's ARN.
    StackId,
    /// The stack's name, at most 128 characters.
    StackName,
    /// `amazonaws.com`, `amazonaws.com.cn`, ...
    UrlSuffix,
}

impl PseudoParameter {
    /// The pseudo parameter of a name.
    pub fn parse(text: &str) -> Option<PseudoParameter> {
        let all = [
            PseudoParameter::AccountId,
            PseudoParameter::NoValue,
            PseudoParameter::NotificationArns,
            PseudoParameter::Partition,
            PseudoParameter::Region,
            PseudoParameter::StackId,
            PseudoParameter::StackName,
            PseudoParameter::UrlSuffix,
        ];
        all.into_iter().find(|pseudo| pseudo.as_str() == text)
    }

    /// The name as a template writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            PseudoParameter::AccountId => "AWS::AccountId",
            PseudoParameter::NoValue => "AWS::NoValue",
            PseudoParameter::NotificationArns => "AWS::NotificationARNs",
            PseudoParameter::Partition => "AWS::Partition",
            PseudoParameter::Region => "AWS::Region",
            PseudoParameter::StackId => "AWS::StackId",
            PseudoParameter::StackName => "AWS::StackName",
            PseudoParameter::UrlSuffix => "AWS::URLSuffix",
        }
    }
}

/// An intrinsic function that returns a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntrinsicFunction {
    /// `Ref`.
    Ref(IntrinsicTarget),
    /// `Fn::GetAtt`: a resource and its attribute, which may contain dots (`Endpoint.Address`).
    GetAtt(LogicalId, String),
    /// `Fn::Sub`.
    Sub(FnSub),
    /// `Fn::Join`: a delimiter, and the list to join.
    Join(String, TemplateValue),
    /// `Fn::Select`: an index from 0, and the list.
    Select(u32, TemplateValue),
    /// `Fn::GetAZs`: a region.
    GetAzs(TemplateValue),
    /// `Fn::If`: a condition's name, the value if true, the value if false.
    If(LogicalId, TemplateValue, TemplateValue),
    /// `Fn::Split`: a delimiter, and the string to split.
    Split(String, TemplateValue),
    /// `Fn::ImportValue`: an export's name.
    ImportValue(TemplateValue),
    /// `Fn::Base64`.
    Base64(TemplateValue),
    /// `Fn::FindInMap`: a mapping's name, first key, second key.
    FindInMap(LogicalId, TemplateValue, TemplateValue),
    /// `Fn::Cidr`: a block, the number of blocks to cut from it, the number of host bits in each.
    Cidr(TemplateValue, u32, u32),
}

impl IntrinsicFunction {
    /// The function's long name.
    pub fn name(&self) -> &'static str {
        match self {
            IntrinsicFunction::Ref(_) => "Ref",
            IntrinsicFunction::GetAtt(..) => "Fn::GetAtt",
            IntrinsicFunction::Sub(_) => "Fn::Sub",
            IntrinsicFunction::Join(..) => "Fn::Join",
            IntrinsicFunction::Select(..) => "Fn::Select",
            IntrinsicFunction::GetAzs(_) => "Fn::GetAZs",
            IntrinsicFunction::If(..) => "Fn::If",
            IntrinsicFunction::Split(..) => "Fn::Split",
            IntrinsicFunction::ImportValue(_) => "Fn::ImportValue",
            IntrinsicFunction::Base64(_) => "Fn::Base64",
            IntrinsicFunction::FindInMap(..) => "Fn::FindInMap",
            IntrinsicFunction::Cidr(..) => "Fn::Cidr",
        }
    }

    /// Calls `visit` on each of the function's arguments, in order.
    pub fn for_each_argument<'a>(&'a self, visit: &mut dyn FnMut(&'a TemplateValue)) {
        match self {
            IntrinsicFunction::Ref(_) | IntrinsicFunction::GetAtt(..) => {}
            IntrinsicFunction::Sub(sub) => sub.parts().iter().filter_map(SubPart::value).for_each(visit),
            IntrinsicFunction::Join(_, value)
            | IntrinsicFunction::Select(_, value)
            | IntrinsicFunction::Split(_, value)
            | IntrinsicFunction::GetAzs(value)
            | IntrinsicFunction::ImportValue(value)
            | IntrinsicFunction::Base64(value)
            | IntrinsicFunction::Cidr(value, ..) => visit(value),
            IntrinsicFunction::If(_, first, second) | IntrinsicFunction::FindInMap(_, first, second) => {
                visit(first);
                visit(second);
            }
        }
    }

    /// The arguments of a function that takes a list.
    pub(super) fn list(&self) -> Vec<Cow<'_, TemplateValue>> {
        let text = |text: &str| Cow::Owned(TemplateValue::from(text));
        let number = |number: u32| Cow::Owned(TemplateValue::from(number));
        match self {
            IntrinsicFunction::Join(delimiter, value) | IntrinsicFunction::Split(delimiter, value) => {
                vec![text(delimiter), Cow::Borrowed(value)]
            }
            IntrinsicFunction::Select(index, list) => vec![number(*index), Cow::Borrowed(list)],
            IntrinsicFunction::If(condition, yes, no) => {
                vec![text(condition.as_str()), Cow::Borrowed(yes), Cow::Borrowed(no)]
            }
            IntrinsicFunction::FindInMap(mapping, first, second) => {
                vec![text(mapping.as_str()), Cow::Borrowed(first), Cow::Borrowed(second)]
            }
            IntrinsicFunction::Cidr(block, count, bits) => {
                vec![Cow::Borrowed(block), number(*count), number(*bits)]
            }
            IntrinsicFunction::GetAtt(id, attribute) => vec![text(id.as_str()), text(attribute)],
            IntrinsicFunction::Ref(_) | IntrinsicFunction::Sub(_) => Vec::new(),
            IntrinsicFunction::GetAzs(value)
            | IntrinsicFunction::ImportValue(value)
            | IntrinsicFunction::Base64(value) => vec![Cow::Borrowed(value)],
        }
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*);)*) => {
        $($(#[$doc])*
        #[allow(non_snake_case, reason = "reads as the function does in a template")]
        pub fn $name($($argument: $kind),*) -> TemplateValue {
            IntrinsicFunction::$name($($argument.into()),*).into()
        })*
    };
}

constructors! {
    /// `Fn::Join`.
    Join(delimiter: &str, list: impl Into<TemplateValue>);
    /// `Fn::Select`.
    Select(index: u32, list: impl Into<TemplateValue>);
    /// `Fn::GetAZs`.
    GetAzs(region: impl Into<TemplateValue>);
    /// `Fn::If`.
    If(condition: &LogicalId, yes: impl Into<TemplateValue>, no: impl Into<TemplateValue>);
    /// `Fn::Split`.
    Split(delimiter: &str, text: impl Into<TemplateValue>);
    /// `Fn::ImportValue`.
    ImportValue(export: impl Into<TemplateValue>);
    /// `Fn::Base64`.
    Base64(text: impl Into<TemplateValue>);
    /// `Fn::FindInMap`.
    FindInMap(mapping: &LogicalId, first: impl Into<TemplateValue>, second: impl Into<TemplateValue>);
    /// `Fn::Cidr`.
    Cidr(block: impl Into<TemplateValue>, count: u32, host_bits: u32);
}

/// A condition: an entry of the `Conditions` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateCondition {
    /// `Fn::Equals`.
    Equals(TemplateValue, TemplateValue),
    /// `Fn::Not`.
    Not(Box<TemplateCondition>),
    /// `Fn::And`, with 2 to 10 operands.
    And(Vec<TemplateCondition>),
    /// `Fn::Or`, with 2 to 10 operands.
    Or(Vec<TemplateCondition>),
    /// `Condition`: another condition, by name.
    Named(LogicalId),
}

impl TemplateCondition {
    /// `Fn::Equals`.
    pub fn equals(left: impl Into<TemplateValue>, right: impl Into<TemplateValue>) -> TemplateCondition {
        TemplateCondition::Equals(left.into(), right.into())
    }

    /// The opposite of this one.
    #[allow(clippy::should_implement_trait, reason = "builds the function `Fn::Not`")]
    pub fn not(self) -> TemplateCondition {
        TemplateCondition::Not(Box::new(self))
    }

    /// Calls `visit` on this condition and on every condition inside it.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a TemplateCondition)) {
        visit(self);
        match self {
            TemplateCondition::Equals(..) | TemplateCondition::Named(_) => {}
            TemplateCondition::Not(inner) => inner.walk(visit),
            TemplateCondition::And(all) | TemplateCondition::Or(all) => {
                all.iter().for_each(|inner| inner.walk(visit))
            }
        }
    }
}

impl From<&LogicalId> for LogicalId {
    fn from(id: &LogicalId) -> LogicalId {
        id.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list;

    #[test]
    fn each_argument_is_visited_in_order() {
        let id = LogicalId::parse("A").unwrap();
        let arguments = |value: TemplateValue| {
            let TemplateValue::Function(function) = value else { panic!("{value:?} is no function") };
            let mut found = Vec::new();
            function.for_each_argument(&mut |argument| found.push(argument.clone()));
            TemplateValue::from(found)
        };
        let inner = Select(1, "x");
        let sub = FnSub::text("a").reference(&id).value(inner.clone()).then("b");
        for (function, expected) in [
            (id.reference(), list![]),
            (id.arn(), list![]),
            (sub.into_value(), list![inner]),
            (Join(",", "x"), list!["x"]),
            (Select(1, "x"), list!["x"]),
            (Split(",", "x"), list!["x"]),
            (GetAzs("x"), list!["x"]),
            (ImportValue("x"), list!["x"]),
            (Base64("x"), list!["x"]),
            (Cidr("x", 1, 2), list!["x"]),
            (If(&id, "x", "y"), list!["x", "y"]),
            (FindInMap(&id, "x", "y"), list!["x", "y"]),
        ] {
            assert_eq!(arguments(function.clone()), expected, "{function:?}");
        }
    }
}
