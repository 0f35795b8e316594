//! Logical ids: a function of one object's own name and role, injective and local.
//!
//! `my-app` + `Service` is `MyAppService`. If Pascal case cannot be converted back to the name (`my_app`,
//! `MyApp`, `app-2`), or the words could be read as a different role, eight hexadecimal digits of the name's
//! SHA-256 are appended. Two different objects then share an id only if their hashes collide:
//! - two ids without a hash convert back to two different names, or a name ends in the leading
//!   words of a role and therefore has a hash;
//! - an id with a hash never equals one without, because words that end like a hash get one themselves.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::thread::LocalKey;

use sha2::{Digest, Sha256};

use super::ResourceRole;

/// Longer names are truncated and hashed; with the hash and the longest role, an id stays under 255 characters.
const LONGEST_STEM: usize = 160;

/// The name of a resource, parameter, condition, mapping or output inside a template. A copy shares the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogicalId(Arc<str>);

impl LogicalId {
    /// The id of an object that a template has only one of: `Cluster`.
    pub fn only(role: ResourceRole) -> LogicalId {
        LogicalId(role.as_str().into())
    }

    /// The id of a named object: `my-app` and `Service` give `MyAppService`.
    pub fn of(name: &str, role: ResourceRole) -> LogicalId {
        LastStem::id(&LAST_NAME, name, role, || {
            let words = pascal(name);
            let readable = kebab(&words) == name && !ResourceRole::absorbs(&words);
            stem(words, readable, "name", name)
        })
    }

    /// The id of an object identified by several names, such as an edge: always hashed, in the given order.
    pub fn of_parts(names: &[&str], role: ResourceRole) -> LogicalId {
        let joined = names.join("\0");
        LastStem::id(&LAST_PARTS, &joined, role, || {
            let words: String = names.iter().map(|name| pascal(name)).collect();
            stem(words, false, "parts", &joined)
        })
    }

    /// The parameter for a variable: `APP_VERSION` gives `AppVersion`.
    pub fn variable(name: &str) -> LogicalId {
        let words = pascal(name);
        let readable =
            kebab(&words).replace('-', "_").to_ascii_uppercase() == name && !ResourceRole::ends(&words);
        LogicalId(stem(words, readable, "variable", name).into())
    }

    /// An id as it appears in a template: 1 to 255 letters and digits. `None` for anything else.
    pub fn parse(text: &str) -> Option<LogicalId> {
        let legal = (1..=255).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric());
        legal.then(|| LogicalId(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogicalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stem that was asked for last, and what for: one object has many roles, and its ids are asked for in a row.
struct LastStem {
    name: String,
    stem: String,
}

thread_local! {
    static LAST_NAME: RefCell<Option<LastStem>> = const { RefCell::new(None) };
    static LAST_PARTS: RefCell<Option<LastStem>> = const { RefCell::new(None) };
}

impl LastStem {
    /// The id of a name in a role; `stem` is that of the name.
    fn id(
        last: &'static LocalKey<RefCell<Option<LastStem>>>,
        name: &str,
        role: ResourceRole,
        stem: impl FnOnce() -> String,
    ) -> LogicalId {
        last.with_borrow_mut(|last| {
            if last.as_ref().is_none_or(|last| last.name != name) {
                *last = None;
            }
            let last = last.get_or_insert_with(|| LastStem { name: name.to_owned(), stem: stem() });
            let length = last.stem.len();
            last.stem.push_str(role.as_str());
            let id = LogicalId(last.stem.as_str().into());
            last.stem.truncate(length);
            id
        })
    }
}

/// The words, followed by a hash of the name unless they convert back to it.
fn stem(mut words: String, readable: bool, kind: &str, name: &str) -> String {
    if readable && !words.is_empty() && words.len() <= LONGEST_STEM && !ends_like_a_hash(&words) {
        return words;
    }
    words.truncate(LONGEST_STEM);
    let digest = Sha256::new().chain_update(kind).chain_update("\0").chain_update(name).finalize();
    let digits = digest.iter().take(4).flat_map(|byte| [byte >> 4, byte & 15]);
    words.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    words
}

fn ends_like_a_hash(words: &str) -> bool {
    let tail = words.bytes().rev().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    tail.count() >= 8
}

/// `my-app` and `MY_APP` as `MyApp`: ASCII letters and digits only, a capital after everything else.
fn pascal(name: &str) -> String {
    let shouts = !name.chars().any(|c| c.is_ascii_lowercase());
    let mut words = String::with_capacity(name.len());
    let mut capital = true;
    for c in name.chars() {
        match c {
            _ if !c.is_ascii_alphanumeric() => capital = true,
            _ if capital => {
                words.push(c.to_ascii_uppercase());
                capital = false;
            }
            _ if shouts => words.push(c.to_ascii_lowercase()),
            _ => words.push(c),
        }
    }
    words
}

/// `MyApp` as `my-app`: the only name that `MyApp` represents without a hash.
fn kebab(words: &str) -> String {
    let mut name = String::with_capacity(words.len() + 4);
    for c in words.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn readable_names_have_no_hash() {
        let cases = [
            ("app", "AppService"),
            ("my-app", "MyAppService"),
            ("app2", "App2Service"),
            ("2048", "2048Service"),
        ];
        for (name, id) in cases {
            assert_eq!(LogicalId::of(name, ResourceRole::Service).as_str(), id);
        }
        assert_eq!(LogicalId::variable("APP_VERSION").as_str(), "AppVersion");
        assert_eq!(LogicalId::only(ResourceRole::Cluster).as_str(), "Cluster");
    }

    #[test]
    fn other_names_keep_their_words_and_get_a_hash() {
        for (name, words) in
            [("my_app", "MyApp"), ("MyApp", "MyApp"), ("app-2", "App2"), ("", ""), ("_", ""), ("é", "")]
        {
            let id = LogicalId::of(name, ResourceRole::Service);
            let hash = id.as_str().strip_prefix(words).and_then(|rest| rest.strip_suffix("Service")).unwrap();
            assert!(hash.len() == 8 && ends_like_a_hash(hash), "{id}");
        }
        assert_ne!(LogicalId::variable("VPC").as_str(), LogicalId::only(ResourceRole::Vpc).as_str());
        assert_ne!(LogicalId::variable("app_version"), LogicalId::variable("APP_VERSION"));
    }

    #[test]
    fn the_id_that_was_asked_for_before_changes_nothing() {
        let of = |name: &str, role| LogicalId::of(name, role).as_str().to_owned();
        let (one, other) = (of("my_app", ResourceRole::Service), of("app", ResourceRole::Service));
        assert_eq!((one.as_str(), other.as_str()), ("MyAppd6bc2802Service", "AppService"));
        assert_eq!(of("app", ResourceRole::LogGroup), "AppLogGroup");
        assert_eq!(of("app", ResourceRole::Service), other);
        assert_eq!(of("my_app", ResourceRole::Service), one);
        let parts = |names: &[&str]| LogicalId::of_parts(names, ResourceRole::Ingress).as_str().to_owned();
        let first = parts(&["a", "b"]);
        assert_eq!(first, "AB75bf30ecIngress");
        assert_ne!(parts(&["b", "a"]), first);
        assert_ne!(parts(&["a\0b"]), of("a\0b", ResourceRole::Ingress), "parts are not a name");
        assert_eq!(parts(&["a", "b"]), first);
    }

    #[test]
    fn a_name_beside_another_never_changes_its_id() {
        assert_eq!(LogicalId::of("my-app", ResourceRole::Service).as_str(), "MyAppService");
        assert_ne!(
            LogicalId::of("my_app", ResourceRole::Service),
            LogicalId::of("my-app", ResourceRole::Service)
        );
        assert_ne!(
            LogicalId::of("instance", ResourceRole::SecurityGroup),
            LogicalId::only(ResourceRole::InstanceSecurityGroup),
            "a service called `instance`"
        );
        assert_ne!(
            LogicalId::of_parts(&["a-b", "c"], ResourceRole::Ingress),
            LogicalId::of_parts(&["a", "b-c"], ResourceRole::Ingress)
        );
    }

    /// Every id of every name built from up to three role words or tricky tokens, all at once.
    #[test]
    fn injective_over_the_words_of_the_roles() {
        let tricky = ["a", "2", "my_", "My", "deadbeef", "task", "load", "instance", "https", "log"];
        let mut tokens: Vec<String> = tricky.map(str::to_owned).to_vec();
        for role in ResourceRole::ALL {
            tokens.extend(kebab(role.as_str()).split('-').map(str::to_owned));
        }
        tokens.sort();
        tokens.dedup();
        let mut names = tokens.clone();
        for first in tricky {
            for second in &tokens {
                names.extend([
                    format!("{first}-{second}"),
                    format!("{first}_{second}"),
                    format!("{first}{second}"),
                ]);
            }
        }
        names.sort();
        names.dedup();
        let mut seen = BTreeMap::new();
        for role in ResourceRole::ALL {
            assert!(seen.insert(LogicalId::only(*role), (String::new(), Some(*role))).is_none());
        }
        for name in &names {
            let upper = name.replace('-', "_").to_ascii_uppercase();
            seen.entry(LogicalId::variable(&upper)).or_insert((upper.clone(), None));
            for role in ResourceRole::ALL {
                let new = (name.clone(), Some(*role));
                let old = seen.insert(LogicalId::of(name, *role), new.clone());
                assert!(old.is_none(), "{old:?} and {new:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn injective_and_legal(a in "[aB1_.-]{0,6}|.{0,300}", b in "[aB1_.-]{0,6}", i in 0..ResourceRole::ALL.len(), j in 0..ResourceRole::ALL.len()) {
            let (first, second) = (ResourceRole::ALL[i], ResourceRole::ALL[j]);
            let ids = [LogicalId::of(&a, first), LogicalId::of(&b, second), LogicalId::variable(&a), LogicalId::variable(&b)];
            for id in &ids {
                prop_assert_eq!(LogicalId::parse(id.as_str()), Some(id.clone()));
            }
            prop_assert_eq!(ids[0] == ids[1], (&a, first) == (&b, second));
            prop_assert_eq!(ids[2] == ids[3], a == b);
            prop_assert!(ids[0] != ids[3] && ids[1] != ids[2]);
        }
    }
}
