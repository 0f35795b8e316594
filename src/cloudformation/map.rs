//! An ordered map of properties, with setters that read well in an emitter.

use indexmap::IndexMap;

use super::TemplateValue;

/// Properties in insertion order; setting a key again replaces its value in place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PropertyMap(IndexMap<String, TemplateValue>);

impl PropertyMap {
    /// An empty map.
    pub fn new() -> PropertyMap {
        PropertyMap::default()
    }

    /// Sets a key.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<TemplateValue>) -> &mut PropertyMap {
        self.0.insert(key.into(), value.into());
        self
    }

    /// Sets a key if there is a value.
    pub fn set_some(
        &mut self,
        key: impl Into<String>,
        value: Option<impl Into<TemplateValue>>,
    ) -> &mut PropertyMap {
        if let Some(value) = value {
            self.set(key, value);
        }
        self
    }

    /// This map with a key added.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<TemplateValue>) -> PropertyMap {
        self.set(key, value);
        self
    }

    /// This map with a key added, if there is a value.
    pub fn with_some(
        mut self,
        key: impl Into<String>,
        value: Option<impl Into<TemplateValue>>,
    ) -> PropertyMap {
        self.set_some(key, value);
        self
    }

    /// This map with a key set to a list, unless the list is empty.
    pub fn with_list<T: Into<TemplateValue>>(
        mut self,
        key: impl Into<String>,
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
        self.0.get(key)
    }

    /// The value of a key, mutably.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut TemplateValue> {
        self.0.get_mut(key)
    }

    /// Takes a key away; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<TemplateValue> {
        self.0.shift_remove(key)
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
        self.0.keys().map(String::as_str)
    }

    /// The values, in order.
    pub fn values(&self) -> impl Iterator<Item = &TemplateValue> {
        self.0.values()
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TemplateValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl<K: Into<String>, V: Into<TemplateValue>> FromIterator<(K, V)> for PropertyMap {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> PropertyMap {
        PropertyMap(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl IntoIterator for PropertyMap {
    type Item = (String, TemplateValue);
    type IntoIter = indexmap::map::IntoIter<String, TemplateValue>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Into<String>, V: Into<TemplateValue>> Extend<(K, V)> for PropertyMap {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        self.0.extend(entries.into_iter().map(|(key, value)| (key.into(), value.into())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn empty_lists_and_absent_values_leave_no_key() {
        let map = PropertyMap::new()
            .with_list("L", Vec::<&str>::new())
            .with_some("S", None::<&str>)
            .with_list("M", ["x"]);
        assert_eq!(map.keys().collect::<Vec<_>>(), ["M"]);
    }
}
