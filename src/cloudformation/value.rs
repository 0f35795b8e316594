//! A value inside a template: the right-hand side of a property.
//!
//! There is no null: CloudFormation rejects it, and a missing key or `AWS::NoValue` means the same.

use super::{Function, LogicalId, Map, Pseudo, Sub, Target};

/// A property value, a literal or an intrinsic function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// An integer. CloudFormation reads decimals from strings, so there are no floats here.
    Integer(i64),
    /// A literal string; `${` has no special meaning.
    String(String),
    /// A list, in order.
    List(Vec<Value>),
    /// A map, in insertion order.
    Map(Map),
    /// An intrinsic function.
    Function(Box<Function>),
}

impl Value {
    /// `AWS::NoValue`: removes the property when used in a branch of `Fn::If`.
    pub fn none() -> Value {
        Function::Ref(Target::Pseudo(Pseudo::NoValue)).into()
    }

    /// The string, if this is a literal string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Calls `visit` on this value and on every value inside it, outermost first, in order.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Value)) {
        visit(self);
        match self {
            Value::Bool(_) | Value::Integer(_) | Value::String(_) => {}
            Value::List(items) => items.iter().for_each(|item| item.walk(visit)),
            Value::Map(map) => map.values().for_each(|item| item.walk(visit)),
            Value::Function(function) => function.arguments().into_iter().for_each(|item| item.walk(visit)),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Value {
        Value::String(text.clone())
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Value {
        value.clone()
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Bool(flag)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Value {
            fn from(number: $integer) -> Value {
                Value::Integer(i64::from(number))
            }
        })*
    };
}

from_integers!(i64, i32, i16, u32, u16, u8);

impl From<Map> for Value {
    fn from(map: Map) -> Value {
        Value::Map(map)
    }
}

impl From<Function> for Value {
    fn from(function: Function) -> Value {
        Value::Function(Box::new(function))
    }
}

impl From<Sub> for Value {
    fn from(sub: Sub) -> Value {
        sub.into_value()
    }
}

impl From<Pseudo> for Value {
    fn from(pseudo: Pseudo) -> Value {
        Function::Ref(Target::Pseudo(pseudo)).into()
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        items.into_iter().collect()
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Value {
        items.into_iter().collect()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Value {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl LogicalId {
    /// `!Ref Id`.
    pub fn reference(&self) -> Value {
        Function::Ref(Target::Id(self.clone())).into()
    }

    /// `!GetAtt Id.attribute`.
    pub fn att(&self, attribute: &str) -> Value {
        Function::GetAtt(self.clone(), attribute.to_owned()).into()
    }

    /// `!GetAtt Id.Arn`.
    pub fn arn(&self) -> Value {
        self.att("Arn")
    }
}

/// A list of values, possibly of different types.
#[macro_export]
macro_rules! list {
    ($($item:expr),* $(,)?) => {
        $crate::Value::List(vec![$($crate::Value::from($item)),*])
    };
}

/// A map of properties, in source order. `"Key" => ?option` omits the key if the option is `None`.
#[macro_export]
macro_rules! props {
    (@fill $map:ident) => {};
    (@fill $map:ident $key:expr => ?$value:expr, $($rest:tt)*) => {
        $map.set_some($key, $value);
        $crate::props!(@fill $map $($rest)*);
    };
    (@fill $map:ident $key:expr => ?$value:expr) => {
        $map.set_some($key, $value);
    };
    (@fill $map:ident $key:expr => $value:expr, $($rest:tt)*) => {
        $map.set($key, $value);
        $crate::props!(@fill $map $($rest)*);
    };
    (@fill $map:ident $key:expr => $value:expr) => {
        $map.set($key, $value);
    };
    ($($rest:tt)*) => {{
        #[allow(unused_mut)]
        let mut map = $crate::Map::new();
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
        let value =
            Value::from(props! { "A" => list![Function::Base64(Sub::text("x").reference(&id).into())] });
        let mut seen = 0;
        value.walk(&mut |inner| seen += usize::from(matches!(inner, Value::Function(_))));
        assert_eq!(seen, 2);
    }
}
