//! Changes to a value of a template: merge, replace, append, remove, at a path inside it.
//!
//! In: a value and a change. Out: the value changed in place, and what was there before and after, leaf by leaf; or the
//! step of the path that leads nowhere. Invariant: a change that fails changes nothing.

use std::fmt;

use super::{PropertyMap, TemplateValue};

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueStep {
    /// The value of a key.
    Key(String),
    /// An item of a list, counted from 0.
    Index(usize),
    /// The only item of a list whose key has this value: `[Name=web]`.
    Item(String, String),
}

/// A path from a value to one inside it: `Properties.ContainerDefinitions[Name=web].Image`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValuePath(Vec<ValueStep>);

impl ValuePath {
    /// The path that a text writes. `None` where a key is empty or a bracket is not closed.
    pub fn parse(text: &str) -> Option<ValuePath> {
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            rest = match rest.strip_prefix('[') {
                Some(inner) => {
                    let (item, after) = inner.split_once(']')?;
                    steps.push(bracket(item)?);
                    after
                }
                None => {
                    let (key, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
                    if key.is_empty() || key.contains(']') {
                        return None;
                    }
                    steps.push(ValueStep::Key(key.to_owned()));
                    after
                }
            };
            match rest.strip_prefix('.') {
                _ if rest.is_empty() => return Some(ValuePath(steps)),
                Some(after) if !after.starts_with('[') => rest = after,
                Some(_) => return None,
                None if rest.starts_with('[') => {}
                None => return None,
            }
        }
    }

    /// The value of a key, whatever characters it has.
    pub fn of_key(key: &str) -> ValuePath {
        ValuePath(vec![ValueStep::Key(key.to_owned())])
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[ValueStep] {
        &self.0
    }

    /// This path and one that goes on from its end.
    pub fn join(&self, inner: &ValuePath) -> ValuePath {
        ValuePath(self.0.iter().chain(&inner.0).cloned().collect())
    }

    fn key(&self, key: &str) -> ValuePath {
        self.join(&ValuePath::of_key(key))
    }

    fn up_to(&self, steps: usize) -> ValuePath {
        ValuePath(self.0.iter().take(steps).cloned().collect())
    }
}

fn bracket(text: &str) -> Option<ValueStep> {
    if let Some((key, value)) = text.split_once('=') {
        return (!key.is_empty()).then(|| ValueStep::Item(key.to_owned(), value.to_owned()));
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok().map(ValueStep::Index)).flatten()
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                ValueStep::Key(key) if at == 0 => write!(f, "{key}")?,
                ValueStep::Key(key) => write!(f, ".{key}")?,
                ValueStep::Index(index) => write!(f, "[{index}]")?,
                ValueStep::Item(key, value) => write!(f, "[{key}={value}]")?,
            }
        }
        Ok(())
    }
}

/// A leaf that a change set, or a value that it took away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChange {
    /// Where.
    pub path: ValuePath,
    /// The value before; nothing where there was none.
    pub before: Option<TemplateValue>,
    /// The value after; nothing where it is gone.
    pub after: Option<TemplateValue>,
}

/// Why a change does not fit the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditFault {
    /// The value has nothing here. The names are the keys of the mapping around it, or those that items have.
    Missing(ValuePath, Vec<String>),
    /// An intrinsic function or a scalar is here, and the path goes on.
    Closed(ValuePath),
    /// Several items of the list have this value.
    Ambiguous(ValuePath),
    /// There is no list here to add to.
    NoList(ValuePath),
    /// There is no mapping here to merge into.
    NoMapping(ValuePath),
}

/// A change to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueEdit {
    /// Sets keys: mappings are merged key by key, all else takes the place of what is there.
    Merge(PropertyMap),
    /// Takes the place of the whole value, which must be there.
    Replace(TemplateValue),
    /// Adds items to the end of a list, which must be there.
    Append(Vec<TemplateValue>),
    /// Takes the value away, which must be there.
    Remove,
}

impl PropertyMap {
    /// Changes the value at a path; nothing of it where the change does not fit.
    ///
    /// # Errors
    /// The path leads nowhere, or what is there is not what the change needs.
    pub fn edit(&mut self, at: &ValuePath, edit: &ValueEdit) -> Result<Vec<ValueChange>, EditFault> {
        let mut whole = TemplateValue::Map(std::mem::take(self));
        let result = edit_value(&mut whole, at, edit);
        if let TemplateValue::Map(map) = whole {
            *self = map;
        }
        result
    }
}

fn edit_value(
    whole: &mut TemplateValue,
    at: &ValuePath,
    edit: &ValueEdit,
) -> Result<Vec<ValueChange>, EditFault> {
    if let ValueEdit::Remove = edit {
        return remove(whole, at);
    }
    let value = find(whole, at, at.steps().len())?;
    match edit {
        ValueEdit::Merge(map) => match value {
            TemplateValue::Map(known) => {
                let mut changes = Vec::new();
                merge(known, map, at, &mut changes);
                Ok(changes)
            }
            _ => Err(EditFault::NoMapping(at.clone())),
        },
        ValueEdit::Replace(new) => Ok(set(value, new, at)),
        ValueEdit::Append(items) => match value {
            TemplateValue::List(known) => {
                let added = |(index, item): (usize, &TemplateValue)| ValueChange {
                    path: at.join(&ValuePath(vec![ValueStep::Index(index)])),
                    before: None,
                    after: Some(item.clone()),
                };
                let changes = (known.len()..).zip(items).map(added).collect();
                known.extend(items.iter().cloned());
                Ok(changes)
            }
            _ => Err(EditFault::NoList(at.clone())),
        },
        ValueEdit::Remove => Ok(Vec::new()),
    }
}

/// Replaces a value; what is the same already is no change.
fn set(value: &mut TemplateValue, new: &TemplateValue, at: &ValuePath) -> Vec<ValueChange> {
    if value == new {
        return Vec::new();
    }
    let before = std::mem::replace(value, new.clone());
    vec![ValueChange { path: at.clone(), before: Some(before), after: Some(new.clone()) }]
}

fn merge(known: &mut PropertyMap, new: &PropertyMap, at: &ValuePath, changes: &mut Vec<ValueChange>) {
    for (key, value) in new.iter() {
        let path = at.key(key);
        match (known.get_mut(key), value) {
            (Some(TemplateValue::Map(inner)), TemplateValue::Map(value)) => {
                merge(inner, value, &path, changes);
            }
            (Some(before), _) => changes.extend(set(before, value, &path)),
            (None, _) => {
                known.set(key.to_owned(), value);
                changes.push(ValueChange { path, before: None, after: Some(value.clone()) });
            }
        }
    }
}

fn remove(whole: &mut TemplateValue, at: &ValuePath) -> Result<Vec<ValueChange>, EditFault> {
    let Some((last, around)) = at.steps().split_last() else {
        return Err(EditFault::Missing(at.clone(), Vec::new()));
    };
    let outer = find(whole, at, around.len())?;
    // Asked first, so that a fault says the same as that of any other path.
    step(outer, last, at)?;
    let before = match (outer, last) {
        (TemplateValue::Map(map), ValueStep::Key(key)) => map.remove(key),
        (TemplateValue::List(items), step) => position(items, step).map(|index| items.remove(index)),
        _ => None,
    };
    Ok(vec![ValueChange { path: at.clone(), before, after: None }])
}

/// The value after the first steps of a path.
fn find<'v>(
    whole: &'v mut TemplateValue,
    path: &ValuePath,
    steps: usize,
) -> Result<&'v mut TemplateValue, EditFault> {
    let mut value = whole;
    for (at, one) in path.steps().iter().take(steps).enumerate() {
        value = step(value, one, &path.up_to(at + 1))?;
    }
    Ok(value)
}

/// The value one step further; `path` ends in that step.
fn step<'v>(
    value: &'v mut TemplateValue,
    step: &ValueStep,
    path: &ValuePath,
) -> Result<&'v mut TemplateValue, EditFault> {
    let missing = |names: Vec<String>| EditFault::Missing(path.clone(), names);
    match (value, step) {
        (TemplateValue::Map(map), ValueStep::Key(key)) => {
            let names = map.keys().map(str::to_owned).collect();
            map.get_mut(key).ok_or_else(|| missing(names))
        }
        (TemplateValue::List(items), ValueStep::Index(_) | ValueStep::Item(..)) => {
            if let ValueStep::Item(key, wanted) = step
                && items.iter().filter(|item| has(item, key, wanted)).count() > 1
            {
                return Err(EditFault::Ambiguous(path.clone()));
            }
            let names = names_of(items, step);
            let index = position(items, step);
            index.and_then(|index| items.get_mut(index)).ok_or_else(|| missing(names))
        }
        (TemplateValue::Map(map), _) => Err(missing(map.keys().map(str::to_owned).collect())),
        (TemplateValue::List(items), ValueStep::Key(_)) => {
            Err(missing((0..items.len()).map(|index| format!("[{index}]")).collect()))
        }
        _ => Err(EditFault::Closed(path.up_to(path.steps().len().saturating_sub(1)))),
    }
}

fn position(items: &[TemplateValue], step: &ValueStep) -> Option<usize> {
    match step {
        ValueStep::Index(index) => Some(*index).filter(|index| *index < items.len()),
        ValueStep::Item(key, wanted) => items.iter().position(|item| has(item, key, wanted)),
        ValueStep::Key(_) => None,
    }
}

fn has(item: &TemplateValue, key: &str, wanted: &str) -> bool {
    let TemplateValue::Map(map) = item else { return false };
    match map.get(key) {
        Some(TemplateValue::String(text)) => **text == *wanted,
        Some(TemplateValue::Integer(number)) => number.to_string() == wanted,
        _ => false,
    }
}

/// What the step could have said of the items.
fn names_of(items: &[TemplateValue], step: &ValueStep) -> Vec<String> {
    let ValueStep::Item(key, _) = step else {
        return (0..items.len()).map(|index| format!("[{index}]")).collect();
    };
    let text = |item: &TemplateValue| match item {
        TemplateValue::Map(map) => match map.get(key) {
            Some(TemplateValue::String(text)) => Some(format!("[{key}={text}]")),
            Some(TemplateValue::Integer(number)) => Some(format!("[{key}={number}]")),
            _ => None,
        },
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogicalId, list, props};

    fn path(text: &str) -> ValuePath {
        ValuePath::parse(text).unwrap()
    }

    fn body() -> PropertyMap {
        props! {
            "Type" => "T",
            "Properties" => props! {
                "Count" => 1,
                "Inner" => props! { "A" => "a", "B" => list!["x"] },
                "Items" => list![props! { "Name" => "web", "Port" => 80 }, props! { "Name" => "api", "Port" => 81 }],
                "Arn" => LogicalId::parse("Db").unwrap().arn(),
            },
        }
    }

    #[test]
    fn paths_are_read_and_written_alike() {
        for text in ["A", "A.B", "A[0]", "A[Name=web].B", "A[0][1].B", "A.b-c[k=v w]", "A[Name=]"] {
            assert_eq!(path(text).to_string(), text);
        }
        for text in [
            "", ".", "A.", ".A", "A..B", "A[", "A[]", "A[x]", "A[-1]", "A[=v]", "A[0]B", "A.[0]", "A]",
            "A[+1]",
        ] {
            assert_eq!(ValuePath::parse(text), None, "{text}");
        }
        assert_eq!(path("A[0]").steps(), [ValueStep::Key("A".into()), ValueStep::Index(0)]);
    }

    #[test]
    fn a_merge_goes_into_mappings_and_replaces_all_else() {
        let mut map = body();
        let new = props! { "Properties" => props! { "Count" => 2, "Inner" => props! { "B" => list!["y"], "C" => true } } };
        let changes = map.edit(&ValuePath::default(), &ValueEdit::Merge(new)).unwrap();
        let said: Vec<String> = changes.iter().map(|one| one.path.to_string()).collect();
        assert_eq!(said, ["Properties.Count", "Properties.Inner.B", "Properties.Inner.C"]);
        assert_eq!((&changes[0].before, &changes[0].after), (&Some(1.into()), &Some(2.into())));
        assert_eq!(changes[2].before, None);
        let inner = map.edit(&path("Properties.Inner"), &ValueEdit::Merge(props! { "A" => "a" })).unwrap();
        assert_eq!(inner, [], "the same value is no change");
        let TemplateValue::Map(properties) = map.get("Properties").unwrap() else { panic!() };
        assert_eq!(
            properties.get("Inner"),
            Some(&props! { "A" => "a", "B" => list!["y"], "C" => true }.into())
        );
        assert_eq!(
            map.edit(&path("Properties.Count"), &ValueEdit::Merge(props! {})),
            Err(EditFault::NoMapping(path("Properties.Count")))
        );
    }

    #[test]
    fn items_are_found_by_index_and_by_name() {
        let mut map = body();
        let set = |map: &mut PropertyMap, at: &str| {
            map.edit(&path(at), &ValueEdit::Replace(TemplateValue::from(9))).map(|changes| changes.len())
        };
        assert_eq!(set(&mut map, "Properties.Items[1].Port"), Ok(1));
        assert_eq!(set(&mut map, "Properties.Items[Name=web].Port"), Ok(1));
        assert_eq!(
            set(&mut map, "Properties.Items[Port=9].Name"),
            Err(EditFault::Ambiguous(path("Properties.Items[Port=9]")))
        );
        assert_eq!(set(&mut map, "Properties.Count"), Ok(1));
        assert_eq!(set(&mut map, "Properties.Count"), Ok(0));
        let missing = |at: &str, names: &[&str]| {
            Err(EditFault::Missing(path(at), names.iter().map(|name| (*name).to_owned()).collect()))
        };
        assert_eq!(
            set(&mut map, "Properties.Items[2].Port"),
            missing("Properties.Items[2]", &["[0]", "[1]"])
        );
        assert_eq!(
            set(&mut map, "Properties.Items[Name=db].Port"),
            missing("Properties.Items[Name=db]", &["[Name=web]", "[Name=api]"])
        );
        assert_eq!(set(&mut map, "Properties.Inner.Z"), missing("Properties.Inner.Z", &["A", "B"]));
        assert_eq!(set(&mut map, "Properties.Inner[0]"), missing("Properties.Inner[0]", &["A", "B"]));
        assert_eq!(set(&mut map, "Properties.Items.Z"), missing("Properties.Items.Z", &["[0]", "[1]"]));
        assert_eq!(set(&mut map, "Properties.Arn.Z"), Err(EditFault::Closed(path("Properties.Arn"))));
    }

    #[test]
    fn lists_grow_at_their_end() {
        let mut map = body();
        let changes =
            map.edit(&path("Properties.Inner.B"), &ValueEdit::Append(vec!["y".into(), "z".into()])).unwrap();
        assert_eq!(changes[1].path.to_string(), "Properties.Inner.B[2]");
        assert_eq!((&changes[1].before, &changes[1].after), (&None, &Some("z".into())));
        let TemplateValue::Map(properties) = map.get("Properties").unwrap() else { panic!() };
        let TemplateValue::Map(inner) = properties.get("Inner").unwrap() else { panic!() };
        assert_eq!(inner.get("B"), Some(&list!["x", "y", "z"]));
        let fault = map.edit(&path("Properties.Inner"), &ValueEdit::Append(vec![]));
        assert_eq!(fault, Err(EditFault::NoList(path("Properties.Inner"))));
    }

    #[test]
    fn what_is_removed_must_be_there() {
        let mut map = body();
        let changes = map.edit(&path("Properties.Items[Name=web]"), &ValueEdit::Remove).unwrap();
        assert_eq!(changes[0].before, Some(props! { "Name" => "web", "Port" => 80 }.into()));
        assert_eq!(changes[0].after, None);
        assert!(map.edit(&path("Properties.Items[Name=web]"), &ValueEdit::Remove).is_err());
        assert!(map.edit(&path("Properties.Inner.A"), &ValueEdit::Remove).is_ok());
        let fault = map.edit(&path("Properties.Inner.A"), &ValueEdit::Remove);
        assert_eq!(fault, Err(EditFault::Missing(path("Properties.Inner.A"), vec!["B".into()])));
        assert!(map.edit(&ValuePath::default(), &ValueEdit::Remove).is_err());
        assert_eq!(map.get("Type"), Some(&"T".into()), "a change that fails changes nothing");
    }
}
