//! An ordered map of properties, with setters that read well in an emitter.

use indexmap::IndexMap;
use std::borrow::Cow;
use thin_vec::ThinVec;

use super::TemplateValue;

/// The name of a property: almost always a word of the program itself.
type PropertyKey = Cow<'static, str>;

/// Keys that are found by looking at each.
const FEW_KEYS: usize = 16;

/// Properties in insertion order; setting a key again replaces its value in place.
///
/// A list, not a table of hashes, and one of a single pointer: a template has tens of thousands of these maps, and most have
/// fewer than eight keys.
#[derive(Debug, Clone, Default)]
pub struct PropertyMap(ThinVec<(PropertyKey, TemplateValue)>);

/// Two maps are equal if they have the same values under the same keys, in any order.
impl PartialEq for PropertyMap {
    fn eq(&self, other: &PropertyMap) -> bool {
        let same = |(at, (key, value)): (usize, &(PropertyKey, TemplateValue))| match other.0.get(at) {
            Some((there, found)) if there == key => found == value,
            _ => other.get(key) == Some(value),
        };
        self.len() == other.len() && self.0.iter().enumerate().all(same)
    }
}

impl Eq for PropertyMap {}

impl PropertyMap {
    /// An empty map.
    pub fn new() -> PropertyMap {
        PropertyMap::default()
    }

    /// An empty map with room for so many keys.
    pub fn with_capacity(keys: usize) -> PropertyMap {
        PropertyMap(ThinVec::with_capacity(keys))
    }

    /// Adds a key that the map does not have: nothing is looked up.
    #[doc(hidden)]
    pub fn push_new(&mut self, key: impl Into<PropertyKey>, value: impl Into<TemplateValue>) {
        let key = key.into();
        debug_assert!(self.get(&key).is_none(), "`{key}` is there");
        self.0.push((key, value.into()));
    }

    /// This map in no more memory than it needs, once it is complete: a template has tens of thousands.
    pub(super) fn shrunk(mut self) -> PropertyMap {
        if self.0.len() == self.0.capacity() {
            return self;
        }
        // An allocator may leave a list that is given back in part where it is, and all of it in use.
        let mut exact = ThinVec::with_capacity(self.0.len());
        exact.append(&mut self.0);
        PropertyMap(exact)
    }

    /// Sets a key.
    pub fn set(&mut self, key: impl Into<PropertyKey>, value: impl Into<TemplateValue>) -> &mut PropertyMap {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(known) => *known = value,
            None => self.0.push((key, value)),
        }
        self
    }

    /// Sets a key if there is a value.
    pub fn set_some(
        &mut self,
        key: impl Into<PropertyKey>,
        value: Option<impl Into<TemplateValue>>,
    ) -> &mut PropertyMap {
        if let Some(value) = value {
            self.set(key, value);
        }
        self
    }

    /// This map with a key added.
    pub fn with(mut self, key: impl Into<PropertyKey>, value: impl Into<TemplateValue>) -> PropertyMap {
        self.set(key, value);
        self
    }

    /// This map with a key added, if there is a value.
    pub fn with_some(
        mut self,
        key: impl Into<PropertyKey>,
        value: Option<impl Into<TemplateValue>>,
    ) -> PropertyMap {
        self.set_some(key, value);
        self
    }

    /// This map with a key set to a list, unless the list is empty.
    pub fn with_list<T: Into<TemplateValue>>(
        mut self,
        key: impl Into<PropertyKey>,
        items: impl IntoIterator<Item = T>,
    ) -> PropertyMap {
        let mut items = items.into_iter().map(Into::into).peekable();
        if items.peek().is_some() {
            self.set(key, TemplateValue::List(items.collect()));
        }
        self
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&TemplateValue> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value of a key, mutably.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut TemplateValue> {
        self.0.iter_mut().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Takes a key away; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<TemplateValue> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// Whether the map is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }

    /// The values, in order.
    pub fn values(&self) -> impl Iterator<Item = &TemplateValue> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The values, in order, mutably.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut TemplateValue> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TemplateValue)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

impl<K: Into<PropertyKey>, V: Into<TemplateValue>> FromIterator<(K, V)> for PropertyMap {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> PropertyMap {
        let mut entries = entries.into_iter().map(|(key, value)| (key.into(), value.into()));
        let mut map = PropertyMap::with_capacity(entries.size_hint().0.min(FEW_KEYS));
        for (key, value) in entries.by_ref().take(FEW_KEYS) {
            map.set(key, value);
        }
        let Some(next) = entries.next() else { return map };
        // However many there are, each is looked up once.
        let once: IndexMap<PropertyKey, TemplateValue> =
            map.into_iter().chain(std::iter::once(next)).chain(entries).collect();
        PropertyMap(once.into_iter().collect())
    }
}

impl IntoIterator for PropertyMap {
    type Item = (PropertyKey, TemplateValue);
    type IntoIter = thin_vec::IntoIter<(PropertyKey, TemplateValue)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Into<PropertyKey>, V: Into<TemplateValue>> Extend<(K, V)> for PropertyMap {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value.into()));
        *self = std::mem::take(self).into_iter().chain(entries).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_tens_of_thousands_of_each() {
        assert!(size_of::<PropertyMap>() <= size_of::<usize>());
        assert!(size_of::<TemplateValue>() <= 3 * size_of::<usize>());
        assert!(size_of::<(PropertyKey, TemplateValue)>() <= 6 * size_of::<usize>());
    }

    #[test]
    fn setting_again_keeps_the_place() {
        let map = PropertyMap::new().with("A", 1).with("B", 2).with("A", 3);
        assert_eq!(
            map.iter().collect::<Vec<_>>(),
            [("A", &TemplateValue::Integer(3)), ("B", &TemplateValue::Integer(2))]
        );
        assert_eq!((map.len(), PropertyMap::new().len()), (2, 0));
    }

    #[test]
    fn a_map_that_is_complete_takes_what_it_needs() {
        let grown = PropertyMap::new().with("A", 1).with("B", 2).with("C", 3);
        let map = grown.clone();
        assert!(grown.0.capacity() > 3);
        let shrunk = grown.shrunk();
        assert_eq!((shrunk.0.capacity(), &shrunk), (3, &map));
        let keys: Vec<&str> = shrunk.keys().collect();
        assert_eq!(keys, ["A", "B", "C"]);
        let written = crate::props! { "A" => 1, "B" => ?Some(2), "C" => ?None::<i64>, };
        assert_eq!((written.0.capacity(), written.len()), (3, 2));
        assert_eq!(written, PropertyMap::new().with("A", 1).with("B", 2));
        let collected: PropertyMap = [("A", 1), ("B", 2)].into_iter().collect();
        assert_eq!((collected.0.capacity(), crate::props! {}.0.capacity()), (2, 0));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "`A` is there")]
    fn a_key_stands_once_among_those_that_are_written_in_one_place() {
        let _ = crate::props! { "A" => 1, "A" => 2 };
    }

    #[test]
    fn many_entries_at_once_keep_their_places_too() {
        let mut map: PropertyMap = [("A", 1), ("B", 2), ("A", 3)].into_iter().collect();
        map.extend([("C", 4), ("B", 5)]);
        let found: Vec<(&str, &TemplateValue)> = map.iter().collect();
        let [three, four, five] = [3, 4, 5].map(TemplateValue::Integer);
        assert_eq!(found, [("A", &three), ("B", &five), ("C", &four)]);
        assert_eq!(map.remove("B"), Some(five));
        assert_eq!(map.keys().collect::<Vec<_>>(), ["A", "C"]);
        assert_eq!((map.remove("B"), map.get("B"), map.get("C")), (None, None, Some(&four)));
    }

    #[test]
    fn a_key_that_comes_again_after_many_others_keeps_its_place() {
        for count in [FEW_KEYS - 1, FEW_KEYS, FEW_KEYS + 1, 3 * FEW_KEYS] {
            let keys = (0..count).map(|number| (format!("K{number}"), 0));
            let map: PropertyMap = keys.chain([("K1".to_owned(), 1), ("K0".to_owned(), 2)]).collect();
            let found: Vec<String> = map.keys().map(str::to_owned).collect();
            assert_eq!(found, (0..count).map(|number| format!("K{number}")).collect::<Vec<_>>());
            let values = ["K0", "K1", "K2"].map(|key| map.get(key).cloned());
            assert_eq!(values, [2, 1, 0].map(|number| Some(TemplateValue::Integer(number))));
        }
    }

    #[test]
    fn each_value_can_be_changed() {
        let mut map: PropertyMap = [("A", 1), ("B", 2)].into_iter().collect();
        map.values_mut().for_each(|value| *value = TemplateValue::Bool(true));
        assert_eq!(map, [("A", true), ("B", true)].into_iter().collect());
    }

    #[test]
    fn the_order_does_not_matter_for_equality() {
        let map = PropertyMap::new().with("A", 1).with("B", 2);
        assert_eq!(map, PropertyMap::new().with("B", 2).with("A", 1));
        assert_ne!(map, PropertyMap::new().with("A", 1).with("B", 3));
        assert_ne!(map, PropertyMap::new().with("A", 1).with("C", 2));
        assert_ne!(map, PropertyMap::new().with("A", 1));
        assert_ne!(PropertyMap::new().with("A", 1), map);
    }

    #[test]
    fn empty_lists_and_absent_values_leave_no_key() {
        let map = PropertyMap::new()
            .with_list("L", Vec::<&str>::new())
            .with_some("S", None::<&str>)
            .with_list("M", ["x"]);
        assert_eq!(map.keys().collect::<Vec<_>>(), ["M"]);
    }
}
