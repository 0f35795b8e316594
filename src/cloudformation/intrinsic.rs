//! CloudFormation's intrinsic functions and condition functions.
//!
//! Source: CloudFormation Template Reference, "Intrinsic function reference".

use super::{LogicalId, Part, Sub, Value};

/// What `Ref` or a `${...}` in `Fn::Sub` refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A parameter or a resource of this template.
    Id(LogicalId),
    /// A pseudo parameter.
    Pseudo(Pseudo),
}

impl Target {
    /// The name as a template writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Target::Id(id) => id.as_str(),
            Target::Pseudo(pseudo) => pseudo.as_str(),
        }
    }
}

/// A pseudo parameter ("Get AWS values using pseudo parameters").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pseudo {
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

impl Pseudo {
    /// The name as a template writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Pseudo::AccountId => "AWS::AccountId",
            Pseudo::NoValue => "AWS::NoValue",
            Pseudo::NotificationArns => "AWS::NotificationARNs",
            Pseudo::Partition => "AWS::Partition",
            Pseudo::Region => "AWS::Region",
            Pseudo::StackId => "AWS::StackId",
            Pseudo::StackName => "AWS::StackName",
            Pseudo::UrlSuffix => "AWS::URLSuffix",
        }
    }
}

/// An intrinsic function that returns a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Function {
    /// `Ref`.
    Ref(Target),
    /// `Fn::GetAtt`: a resource and its attribute, which may contain dots (`Endpoint.Address`).
    GetAtt(LogicalId, String),
    /// `Fn::Sub`.
    Sub(Sub),
    /// `Fn::Join`: a delimiter, and the list to join.
    Join(String, Value),
    /// `Fn::Select`: an index from 0, and the list.
    Select(u32, Value),
    /// `Fn::GetAZs`: a region.
    GetAzs(Value),
    /// `Fn::If`: a condition's name, the value if true, the value if false.
    If(LogicalId, Value, Value),
    /// `Fn::Split`: a delimiter, and the string to split.
    Split(String, Value),
    /// `Fn::ImportValue`: an export's name.
    ImportValue(Value),
    /// `Fn::Base64`.
    Base64(Value),
    /// `Fn::FindInMap`: a mapping's name, first key, second key.
    FindInMap(LogicalId, Value, Value),
    /// `Fn::Cidr`: a block, the number of blocks to cut from it, the number of host bits in each.
    Cidr(Value, u32, u32),
}

impl Function {
    /// The function's long name.
    pub fn name(&self) -> &'static str {
        match self {
            Function::Ref(_) => "Ref",
            Function::GetAtt(..) => "Fn::GetAtt",
            Function::Sub(_) => "Fn::Sub",
            Function::Join(..) => "Fn::Join",
            Function::Select(..) => "Fn::Select",
            Function::GetAzs(_) => "Fn::GetAZs",
            Function::If(..) => "Fn::If",
            Function::Split(..) => "Fn::Split",
            Function::ImportValue(_) => "Fn::ImportValue",
            Function::Base64(_) => "Fn::Base64",
            Function::FindInMap(..) => "Fn::FindInMap",
            Function::Cidr(..) => "Fn::Cidr",
        }
    }

    /// The function's arguments, in order.
    pub fn arguments(&self) -> Vec<&Value> {
        match self {
            Function::Ref(_) | Function::GetAtt(..) => Vec::new(),
            Function::Sub(sub) => sub.parts().iter().filter_map(Part::value).collect(),
            Function::Join(_, list) | Function::Select(_, list) | Function::Split(_, list) => vec![list],
            Function::GetAzs(value) | Function::ImportValue(value) | Function::Base64(value) => vec![value],
            Function::Cidr(block, ..) => vec![block],
            Function::If(_, yes, no) => vec![yes, no],
            Function::FindInMap(_, first, second) => vec![first, second],
        }
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*);)*) => {
        $($(#[$doc])*
        #[allow(non_snake_case, reason = "reads as the function does in a template")]
        pub fn $name($($argument: $kind),*) -> Value {
            Function::$name($($argument.into()),*).into()
        })*
    };
}

constructors! {
    /// `Fn::Join`.
    Join(delimiter: &str, list: impl Into<Value>);
    /// `Fn::Select`.
    Select(index: u32, list: impl Into<Value>);
    /// `Fn::GetAZs`.
    GetAzs(region: impl Into<Value>);
    /// `Fn::If`.
    If(condition: &LogicalId, yes: impl Into<Value>, no: impl Into<Value>);
    /// `Fn::Split`.
    Split(delimiter: &str, text: impl Into<Value>);
    /// `Fn::ImportValue`.
    ImportValue(export: impl Into<Value>);
    /// `Fn::Base64`.
    Base64(text: impl Into<Value>);
    /// `Fn::FindInMap`.
    FindInMap(mapping: &LogicalId, first: impl Into<Value>, second: impl Into<Value>);
    /// `Fn::Cidr`.
    Cidr(block: impl Into<Value>, count: u32, host_bits: u32);
}

/// A condition: an entry of the `Conditions` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `Fn::Equals`.
    Equals(Value, Value),
    /// `Fn::Not`.
    Not(Box<Condition>),
    /// `Fn::And`, with 2 to 10 operands.
    And(Vec<Condition>),
    /// `Fn::Or`, with 2 to 10 operands.
    Or(Vec<Condition>),
    /// `Condition`: another condition, by name.
    Named(LogicalId),
}

impl Condition {
    /// `Fn::Equals`.
    pub fn equals(left: impl Into<Value>, right: impl Into<Value>) -> Condition {
        Condition::Equals(left.into(), right.into())
    }

    /// The opposite of this one.
    #[allow(clippy::should_implement_trait, reason = "builds the function `Fn::Not`")]
    pub fn not(self) -> Condition {
        Condition::Not(Box::new(self))
    }

    /// Calls `visit` on this condition and on every condition inside it.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Condition)) {
        visit(self);
        match self {
            Condition::Equals(..) | Condition::Named(_) => {}
            Condition::Not(inner) => inner.walk(visit),
            Condition::And(all) | Condition::Or(all) => all.iter().for_each(|inner| inner.walk(visit)),
        }
    }
}

impl From<&LogicalId> for LogicalId {
    fn from(id: &LogicalId) -> LogicalId {
        id.clone()
    }
}
