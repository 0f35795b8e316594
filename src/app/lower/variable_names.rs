//! What the name of a variable says about its value.
//!
//! Names are cut into words (`MYSQL_ROOT_PASSWORD`, `spring.datasource.url`, `dbHost`); the last words
//! decide. Which of them say that it is a secret, [`tranship_frontend::secrets`] knows. Invariant: pure functions of
//! the name.

use std::borrow::Cow;
use std::rc::Rc;
use tranship_facts::KnownImage;
use tranship_frontend::secrets::{NameAnswers, name_words};

/// The part of a connection that a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionField {
    /// The host's name, perhaps with a port.
    Host,
    /// The port.
    Port,
    /// The user's name.
    User,
    /// The password.
    Password,
    /// The database inside the server.
    Database,
}

const HOSTS: &[&str] = &["HOST", "HOSTNAME", "HOSTS", "SERVER", "SERVERS", "ADDR", "ADDRESS", "ADDRESSES"];
const PLACES: &[&str] = &[
    "ENDPOINT",
    "ENDPOINTS",
    "URL",
    "URLS",
    "URI",
    "BROKER",
    "BROKERS",
    "BOOTSTRAP",
    "UPSTREAM",
    "UPSTREAMS",
    "PEER",
    "PEERS",
    "SEEDS",
    "NAMESERVER",
    "GATEWAY",
    "ORIGIN",
    "ORIGINS",
    "NODES",
];
/// Words for what an application calls by a name of its own, which may be that of a service too.
const OTHER_THINGS: &[&str] = &[
    "ACTION",
    "ACTIVE",
    "ADAPTER",
    "APP",
    "APPLICATION",
    "APPS",
    "AUDIENCE",
    "AUTHOR",
    "BUCKET",
    "CHANNEL",
    "CLIENT",
    "CMD",
    "COLLECTION",
    "COMMAND",
    "COMPONENT",
    "CONNECTION",
    "CONTAINER",
    "DESCRIPTION",
    "DIALECT",
    "DIR",
    "DISK",
    "DRIVER",
    "ENGINE",
    "ENV",
    "ENVIRONMENT",
    "EXCHANGE",
    "EXTENSIONS",
    "FEATURE",
    "FEATURES",
    "FILE",
    "FLAGS",
    "FOLDER",
    "FORMAT",
    "GROUP",
    "GROUPS",
    "ID",
    "IMAGE",
    "INDEX",
    "ISSUER",
    "KEY",
    "KIND",
    "LABEL",
    "LABELS",
    "LANG",
    "LEVEL",
    "LOCALE",
    "LOG",
    "LOGGER",
    "LOGS",
    "MAILER",
    "MESSAGE",
    "MODE",
    "MODULE",
    "MODULES",
    "NAME",
    "NAMES",
    "NAMESPACE",
    "OWNER",
    "PATH",
    "PLUGINS",
    "PREFIX",
    "PROCESS",
    "PROCESSES",
    "PROFILE",
    "PROFILES",
    "PROGRAM",
    "PROJECT",
    "QUEUE",
    "QUEUES",
    "REALM",
    "REGION",
    "ROLE",
    "ROLES",
    "ROOT",
    "SCOPE",
    "SCOPES",
    "SECRET",
    "SHELL",
    "STACK",
    "STAGE",
    "STORE",
    "SUBJECT",
    "SUFFIX",
    "TABLE",
    "TAG",
    "TAGS",
    "TENANT",
    "TEXT",
    "THEME",
    "TIER",
    "TITLE",
    "TOKEN",
    "TOPIC",
    "TOPICS",
    "TYPE",
    "VENDOR",
    "VERSION",
    "ZONE",
];
/// Words for one of several kinds of software, where the value may say the kind: `CACHE_BACKEND: redis`.
const KINDS: &[&str] = &["BACKEND", "BROKER", "CACHE", "PROVIDER", "SESSION", "STORAGE", "TRANSPORT"];
/// Kinds that are no software of their own.
const KIND_WORDS: &[&str] = &[
    "amqp", "cache", "database", "db", "file", "kafka", "local", "memory", "queue", "s3", "session", "smtp",
    "sync",
];
const PORTS: &[&str] = &["PORT"];
const USERS: &[&str] = &["USER", "USERNAME", "LOGIN", "USR"];
const PASSWORDS: &[&str] = &["PASSWORD", "PASS", "PASSWD", "PWD", "PASSPHRASE"];
const DATABASES: &[&str] = &["DATABASE", "DB", "DBNAME", "SCHEMA", "CATALOG"];

/// Words glued to a field's word: `PGHOST`, `DBUSER`.
const GLUED: &[&str] =
    &["PG", "DB", "MYSQL", "MARIADB", "POSTGRES", "SQL", "REDIS", "MONGO", "RABBITMQ", "SMTP"];

/// What the name of a variable says of a connection.
struct VariableMeaning {
    field: Option<(String, ConnectionField)>,
    holds_host: bool,
}

thread_local! {
    static MEANINGS: NameAnswers<Rc<VariableMeaning>> = const { NameAnswers::new() };
}

fn meaning_of(name: &str) -> Rc<VariableMeaning> {
    let meaning = || {
        let words = unglued(name_words(name));
        Rc::new(VariableMeaning { holds_host: says_host(&words), field: field_of(words) })
    };
    MEANINGS.with(|meanings| meanings.of(name, meaning))
}

/// Which part of which connection a variable holds: `MYSQL_HOST` is `MYSQL`'s host. The prefix groups
/// the variables of one connection.
pub(super) fn field(name: &str) -> Option<(String, ConnectionField)> {
    meaning_of(name).field.clone()
}

fn field_of(mut words: Vec<Cow<'_, str>>) -> Option<(String, ConnectionField)> {
    let last = words.pop()?;
    let is = |list: &[&str]| list.contains(&&*last);
    let field = if is(HOSTS) {
        ConnectionField::Host
    } else if is(PORTS) {
        ConnectionField::Port
    } else if is(USERS) {
        ConnectionField::User
    } else if is(PASSWORDS) {
        ConnectionField::Password
    } else if is(DATABASES) {
        ConnectionField::Database
    } else if last == "NAME" {
        match words.pop_if(|word| ["HOST", "USER", "SERVER"].contains(&&**word)).as_deref() {
            Some("USER") => ConnectionField::User,
            Some("HOST") => ConnectionField::Host,
            Some(_) => return None,
            None => ConnectionField::Database,
        }
    } else {
        return None;
    };
    while words.len() > 1
        && words.last().is_some_and(|word| ["DB", "DATABASE", "ROOT", "ADMIN"].contains(&&**word))
    {
        words.pop();
    }
    Some((words.join("_"), field))
}

/// The connection whose kind of server a variable says: `DB` for `DB_ENGINE: postgres`.
pub(super) fn engine_prefix(name: &str) -> Option<String> {
    const ENGINES: &[&str] =
        &["ADAPTER", "BACKEND", "CLIENT", "CONNECTION", "DIALECT", "DRIVER", "ENGINE", "TYPE", "VENDOR"];
    let mut words = name_words(name);
    let last = words.pop()?;
    ENGINES.contains(&&*last).then(|| words.join("_"))
}

/// Whether what has this name holds something else than a host, so that a value which is a service's name means
/// something of the application's own.
pub(super) fn names_no_host(name: &str, value: &str) -> bool {
    let words = unglued(name_words(name));
    let Some(last) = words.last() else { return false };
    let last = &**last;
    let of = |list: &[&str]| list.contains(&last);
    let is_kind = || KIND_WORDS.contains(&value) || KnownImage::find(value).is_some();
    !holds_host(name)
        && (of(OTHER_THINGS)
            || of(USERS)
            || of(PASSWORDS)
            || of(DATABASES)
            || of(PORTS)
            || of(KINDS) && words.len() > 1 && is_kind())
}

/// `PGHOST` as `PG`, `HOST`.
fn unglued(mut words: Vec<Cow<'_, str>>) -> Vec<Cow<'_, str>> {
    let Some(last) = words.last() else { return words };
    let is_field = |word: &str| {
        word == "NAME" || [HOSTS, PORTS, USERS, PASSWORDS, DATABASES].iter().any(|list| list.contains(&word))
    };
    // The first letter rules out most of them.
    let begins = |prefix: &&&str| prefix.as_bytes().first() == last.as_bytes().first();
    let parts = GLUED.iter().filter(begins).find_map(|prefix| {
        let rest = last.strip_prefix(prefix).filter(|rest| is_field(rest))?;
        Some(((*prefix).to_owned(), rest.to_owned()))
    });
    if let Some((prefix, rest)) = parts.or_else(|| glued_host(last)) {
        words.pop();
        words.extend([Cow::Owned(prefix), Cow::Owned(rest)]);
    }
    words
}

/// `BOOKSHOST` as `BOOKS`, `HOST`. `GHOST` is a word of its own.
fn glued_host(word: &str) -> Option<(String, String)> {
    ["HOSTNAME", "HOSTS", "HOST"].iter().find_map(|host| {
        let prefix = word.strip_suffix(host).filter(|prefix| prefix.len() > 2)?;
        Some((prefix.to_owned(), (*host).to_owned()))
    })
}

/// Whether the variable's value is a host, a list of hosts, or an address: so a bare word in it may
/// be a host's name.
pub(super) fn holds_host(name: &str) -> bool {
    meaning_of(name).holds_host
}

fn says_host(words: &[Cow<'_, str>]) -> bool {
    match words {
        [.., first, last] if last == "NAME" => first == "HOST",
        [.., last] => HOSTS.contains(&&**last) || PLACES.contains(&&**last),
        [] => false,
    }
}

/// Whether the hosts in the value are callers or names for itself, not what the service connects to:
/// they keep working, but make no edge.
pub(super) fn holds_callers(name: &str) -> bool {
    const CALLERS: &[&str] = &[
        "ORIGIN",
        "ORIGINS",
        "ALLOWED",
        "CORS",
        "CSRF",
        "TRUSTED",
        "VIRTUAL",
        "ADVERTISED",
        "REDIRECT",
        "CALLBACK",
        "WEBHOOK",
        "PUBLIC",
        "SITE",
        "CANONICAL",
        "LISTENER",
        "LISTENERS",
    ];
    name_words(name).iter().any(|word| CALLERS.contains(&&**word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_one_connection_share_a_prefix() {
        for (name, expected) in [
            ("MYSQL_HOST", Some(("MYSQL", ConnectionField::Host))),
            ("MYSQL_DB_NAME", Some(("MYSQL", ConnectionField::Database))),
            ("MYSQL_ROOT_PASSWORD", Some(("MYSQL", ConnectionField::Password))),
            ("POSTGRES_SERVER", Some(("POSTGRES", ConnectionField::Host))),
            ("PGUSER", Some(("PG", ConnectionField::User))),
            ("DATABASE_NAME", Some(("DATABASE", ConnectionField::Database))),
            ("DB_POSTGRESDB_DATABASE", Some(("DB_POSTGRESDB", ConnectionField::Database))),
            ("DB_USER_NAME", Some(("DB", ConnectionField::User))),
            ("SERVER_NAME", None),
            ("LOG_LEVEL", None),
        ] {
            let found = field(name);
            let found = found.as_ref().map(|(prefix, field)| (prefix.as_str(), *field));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn names_that_say_host() {
        for (name, says) in [
            ("DB_HOST", true),
            ("PGHOST", true),
            ("KAFKA_ADVERTISED_HOST_NAME", true),
            ("discovery.seed_hosts", true),
            ("MQTT_BROKER", true),
            ("API_URL", true),
            ("SERVER_NAME", false),
            ("MYSQL_DATABASE", false),
            ("CACHE_BACKEND", false),
            ("GHOST", false),
            ("BOOKSHOST", true),
            ("PIXELHOST", true),
            ("SEARCH_NODES", true),
            ("QUEUE_CONNECTION", false),
            ("BROKER_TYPE", false),
        ] {
            assert_eq!(holds_host(name), says, "{name}");
        }
    }
}
