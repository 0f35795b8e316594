//! What the name of a variable says about its value.
//!
//! Names are cut into words (`MYSQL_ROOT_PASSWORD`, `spring.datasource.url`, `dbHost`); the last words
//! decide. Invariant: pure functions of the name.

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

/// The words of a name, in upper case.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for letter in name.chars() {
        let starts = !letter.is_alphanumeric() || (letter.is_uppercase() && before_lower);
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        before_lower = letter.is_lowercase();
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_uppercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
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
];
const PORTS: &[&str] = &["PORT"];
const USERS: &[&str] = &["USER", "USERNAME", "LOGIN", "USR"];
const PASSWORDS: &[&str] = &["PASSWORD", "PASS", "PASSWD", "PWD", "PASSPHRASE"];
const DATABASES: &[&str] = &["DATABASE", "DB", "DBNAME", "SCHEMA", "CATALOG"];

/// Words glued to a field's word: `PGHOST`, `DBUSER`.
const GLUED: &[&str] =
    &["PG", "DB", "MYSQL", "MARIADB", "POSTGRES", "SQL", "REDIS", "MONGO", "RABBITMQ", "SMTP"];

/// Which part of which connection a variable holds: `MYSQL_HOST` is `MYSQL`'s host. The prefix groups
/// the variables of one connection.
pub(super) fn field(name: &str) -> Option<(String, ConnectionField)> {
    let mut words = unglued(words(name));
    let last = words.pop()?;
    let is = |list: &[&str]| list.contains(&last.as_str());
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
        match words.pop_if(|word| ["HOST", "USER", "SERVER"].contains(&word.as_str())).as_deref() {
            Some("USER") => ConnectionField::User,
            Some("HOST") => ConnectionField::Host,
            Some(_) => return None,
            None => ConnectionField::Database,
        }
    } else {
        return None;
    };
    while words.len() > 1
        && words.last().is_some_and(|word| ["DB", "DATABASE", "ROOT", "ADMIN"].contains(&word.as_str()))
    {
        words.pop();
    }
    Some((words.join("_"), field))
}

/// `PGHOST` as `PG`, `HOST`.
fn unglued(mut words: Vec<String>) -> Vec<String> {
    let Some(last) = words.last() else { return words };
    let fields = [HOSTS, PORTS, USERS, PASSWORDS, DATABASES, &["NAME"]].concat();
    let parts = GLUED.iter().find_map(|prefix| {
        last.strip_prefix(prefix).filter(|rest| fields.contains(rest)).map(|rest| (*prefix, rest))
    });
    if let Some((prefix, rest)) = parts.map(|(prefix, rest)| (prefix.to_owned(), rest.to_owned())) {
        words.pop();
        words.extend([prefix, rest]);
    }
    words
}

/// Whether the variable's value is a host, a list of hosts, or an address: so a bare word in it may
/// be a host's name.
pub(super) fn holds_host(name: &str) -> bool {
    let words = unglued(words(name));
    match words.as_slice() {
        [.., first, last] if last == "NAME" => first == "HOST",
        [.., last] => HOSTS.contains(&last.as_str()) || PLACES.contains(&last.as_str()),
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
    words(name).iter().any(|word| CALLERS.contains(&word.as_str()))
}

/// Whether the name says that its value is a secret.
pub(super) fn holds_secret(name: &str) -> bool {
    const SECRETS: &[&str] = &[
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PASS",
        "SECRET",
        "TOKEN",
        "APIKEY",
        "SECRETKEY",
        "PRIVATEKEY",
        "ACCESSKEY",
        "CREDENTIAL",
        "CREDENTIALS",
        "SALT",
        "PGPASSWORD",
        "DBPASSWORD",
        "DBPASS",
    ];
    const KEYS: &[&str] = &[
        "API",
        "APP",
        "PRIVATE",
        "SECRET",
        "ACCESS",
        "ENCRYPTION",
        "SIGNING",
        "SIGNATURE",
        "MASTER",
        "AUTH",
        "SESSION",
        "ACCOUNT",
        "JWT",
        "COOKIE",
        "STORAGE",
        "ENCRYPT",
        "LICENSE",
        "HMAC",
        "WEBHOOK",
        "STRIPE",
    ];
    let words = words(name);
    match words.as_slice() {
        [.., first, second, last] if last == "BASE" && second == "KEY" => first == "SECRET",
        [.., first, last] if last == "KEY" => KEYS.contains(&first.as_str()),
        [_, .., last] if last == "PWD" => true,
        [.., first, last] if SECRETS.contains(&last.as_str()) => {
            !["ALLOW", "RANDOM", "EMPTY", "REQUIRE", "RESET", "NO"].contains(&first.as_str())
                && !words.iter().any(|word| ["ALLOW", "RANDOM", "GENERATE"].contains(&word.as_str()))
        }
        [.., last] if last.ends_with("PASSWORD") || last.ends_with("PASSWD") => true,
        [last] => SECRETS.contains(&last.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        for (name, parts) in [
            ("MYSQL_ROOT_PASSWORD", "MYSQL ROOT PASSWORD"),
            ("spring.datasource.url", "SPRING DATASOURCE URL"),
            ("dbHost", "DB HOST"),
            ("ConnectionStrings__Default", "CONNECTION STRINGS DEFAULT"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), parts, "{name}");
        }
    }

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
            ("QUEUE_CONNECTION", false),
            ("BROKER_TYPE", false),
        ] {
            assert_eq!(holds_host(name), says, "{name}");
        }
    }

    #[test]
    fn names_that_say_secret() {
        for (name, says) in [
            ("MYSQL_PASSWORD", true),
            ("RABBITMQ_DEFAULT_PASS", true),
            ("STRIPE_API_KEY", true),
            ("SECRET_KEY_BASE", true),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("GITHUB_TOKEN", true),
            ("MYSQL_PWD", true),
            ("WEBPASSWORD", true),
            ("AWS_ACCESS_KEY_ID", false),
            ("PWD", false),
            ("MYSQL_ALLOW_EMPTY_PASSWORD", false),
            ("MYSQL_RANDOM_ROOT_PASSWORD", false),
            ("POSTGRES_PASSWORD_FILE", false),
            ("PASSWORD_MIN_LENGTH", false),
            ("MAX_TOKENS", false),
            ("TOKENIZERS_PARALLELISM", false),
            ("TOKEN_URL", false),
            ("SECRET_NAME", false),
            ("SORT_KEY", false),
            ("PRIMARY_KEY", false),
            ("COMPASS", false),
        ] {
            assert_eq!(holds_secret(name), says, "{name}");
        }
    }
}
