//! A value inside a template: the right-hand side of a property.
//!
//! There is no null: CloudFormation rejects it, and a missing key or `AWS::NoValue` means the same.

use super::{FnSub, IntrinsicFunction, IntrinsicTarget, LogicalId, PropertyMap, PseudoParameter};
use thin_vec::ThinVec;

/// A property value, a literal or an intrinsic function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateValue {
    /// `true` or `false`.
    Bool(bool),
    /// An integer. CloudFormation reads decimals from strings, so there are no floats here.
    Integer(i64),
    /// A literal string; `${` has no special meaning.
    String(Box<str>),
    /// A list, in order.
    List(ThinVec<TemplateValue>),
    /// A map, in insertion order.
    Map(PropertyMap),
    /// An intrinsic function.
    Function(Box<IntrinsicFunction>),
}

impl TemplateValue {
    /// `AWS::NoValue`: removes the property when used in a branch of `Fn::If`.
    pub fn none() -> TemplateValue {
        IntrinsicFunction::Ref(IntrinsicTarget::Pseudo(PseudoParameter::NoValue)).into()
    }

    /// The string, if this is a literal string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            TemplateValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// Calls `visit` on this value and on every value inside it, outermost first, in order.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a TemplateValue)) {
        visit(self);
        match self {
            TemplateValue::Bool(_) | TemplateValue::Integer(_) | TemplateValue::String(_) => {}
            TemplateValue::List(items) => items.iter().for_each(|item| item.walk(visit)),
            TemplateValue::Map(map) => map.values().for_each(|item| item.walk(visit)),
            TemplateValue::Function(function) => {
                function.for_each_argument(&mut |item| item.walk(visit));
            }
        }
    }
}

impl From<&str> for TemplateValue {
    fn from(text: &str) -> TemplateValue {
        TemplateValue::String(text.into())
    }
}

impl From<String> for TemplateValue {
    fn from(text: String) -> TemplateValue {
        TemplateValue::String(text.into())
    }
}

impl From<&String> for TemplateValue {
    fn from(text: &String) -> TemplateValue {
        TemplateValue::String(text.as_str().into())
    }
}

impl From<&TemplateValue> for TemplateValue {
    fn from(value: &TemplateValue) -> TemplateValue {
        value.clone()
    }
}

impl From<bool> for TemplateValue {
    fn from(flag: bool) -> TemplateValue {
        TemplateValue::Bool(flag)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for TemplateValue {
            fn from(number: $integer) -> TemplateValue {
                TemplateValue::Integer(i64::from(number))
            }
        })*
    };
}

from_integers!(i64, i32, i16, u32, u16, u8);

impl From<PropertyMap> for TemplateValue {
    fn from(map: PropertyMap) -> TemplateValue {
        TemplateValue::Map(map.shrunk())
    }
}

impl From<IntrinsicFunction> for TemplateValue {
    fn from(function: IntrinsicFunction) -> TemplateValue {
        TemplateValue::Function(Box::new(function))
    }
}

impl From<FnSub> for TemplateValue {
    fn from(sub: FnSub) -> TemplateValue {
        sub.into_value()
    }
}

impl From<PseudoParameter> for TemplateValue {
    fn from(pseudo: PseudoParameter) -> TemplateValue {
        IntrinsicFunction::Ref(IntrinsicTarget::Pseudo(pseudo)).into()
    }
}

impl<T: Into<TemplateValue>> From<Vec<T>> for TemplateValue {
    fn from(items: Vec<T>) -> TemplateValue {
        items.into_iter().collect()
    }
}

impl<T: Into<TemplateValue>, const N: usize> From<[T; N]> for TemplateValue {
    fn from(items: [T; N]) -> TemplateValue {
        items.into_iter().collect()
    }
}

impl<T: Into<TemplateValue>> FromIterator<T> for TemplateValue {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> TemplateValue {
        TemplateValue::List(items.into_iter().map(Into::into).collect())
    }
}

impl LogicalId {
    /// `!Ref Id`.
    pub fn reference(&self) -> TemplateValue {
        IntrinsicFunction::Ref(IntrinsicTarget::Id(self.clone())).into()
    }

    /// `!GetAtt Id.attribute`.
    pub fn att(&self, attribute: &str) -> TemplateValue {
        IntrinsicFunction::GetAtt(self.clone(), attribute.to_owned()).into()
    }

    /// `!GetAtt Id.Arn`.
    pub fn arn(&self) -> TemplateValue {
        self.att("Arn")
    }
}

/// A list of values, possibly of different types.
#[macro_export]
macro_rules! list {
    ($($item:expr),* $(,)?) => {
        $crate::TemplateValue::List([$($crate::TemplateValue::from($item)),*].into_iter().collect())
    };
}

/// A map of properties, in source order. `"Key" => ?option` omits the key if the option is `None`.
#[macro_export]
macro_rules! props {
    (@count) => { 0 };
    (@count $key:expr => ?$value:expr $(, $($rest:tt)*)?) => { 1 + $crate::props!(@count $($($rest)*)?) };
    (@count $key:expr => $value:expr $(, $($rest:tt)*)?) => { 1 + $crate::props!(@count $($($rest)*)?) };
    (@fill $map:ident) => {};
    (@fill $map:ident $key:expr => ?$value:expr $(, $($rest:tt)*)?) => {
        if let Some(value) = $value {
            $map.push_new($key, value);
        }
        $crate::props!(@fill $map $($($rest)*)?);
    };
    (@fill $map:ident $key:expr => $value:expr $(, $($rest:tt)*)?) => {
        $map.push_new($key, $value);
        $crate::props!(@fill $map $($($rest)*)?);
    };
    ($($rest:tt)*) => {{
        #[allow(unused_mut)]
        let mut map = $crate::PropertyMap::with_capacity($crate::props!(@count $($rest)*));
        $crate::props!(@fill map $($rest)*);
        map
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn props_keeps_order_and_leaves_out_none() {
        let absent: Option<&str> = None;
        let map = props! { "B" => 1, "X" => ?absent, "A" => ?Some("two"), "C" => list!["x", 3, true] };
        assert_eq!(map.keys().collect::<Vec<_>>(), ["B", "A", "C"]);
        assert_eq!(map.get("C"), Some(&list!["x", 3, true]));
        assert!(props! {}.is_empty());
    }

    #[test]
    fn walk_reaches_values_inside_functions() {
        let id = LogicalId::parse("Db").unwrap();
        let value = TemplateValue::from(
            props! { "A" => list![IntrinsicFunction::Base64(FnSub::text("x").reference(&id).into())] },
        );
        let mut seen = 0;
        value.walk(&mut |inner| seen += usize::from(matches!(inner, TemplateValue::Function(_))));
        assert_eq!(seen, 2);
    }
}
