//! Addresses inside a value: URLs, `host:port`, lists of them, `key=value` pairs, bare hosts.
//!
//! In: text, and what tells a host's name from a word. Out: [`ScannedAddress`]es as byte ranges. Invariant: a
//! range lies on character boundaries within the text; ranges of different addresses do not overlap.

use super::bare_names::key_of_object;
use std::ops::Range;

/// Bytes of the text.
pub(super) type TextRange = Range<usize>;

/// An address in a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ScannedAddress {
    /// `postgres` of `postgres://`.
    pub(super) scheme: Option<TextRange>,
    /// The user before `@`.
    pub(super) user: Option<TextRange>,
    /// The password before `@`.
    pub(super) password: Option<TextRange>,
    /// The host.
    pub(super) host: TextRange,
    /// The port's digits.
    pub(super) port: Option<TextRange>,
    /// The first segment of a URL's path: of a database URL, the database.
    pub(super) path: Option<TextRange>,
    /// Pairs after the address that say a part of it by name: `password=x`.
    pub(super) pairs: Vec<(String, TextRange)>,
}

/// What tells a host's name from a word.
pub(super) struct KnownHosts<'a> {
    /// Whether a word is a host of the Compose network.
    pub(super) is_host: &'a dyn Fn(&str) -> bool,
    /// Whether a port is one that this host listens on, so `host:port` cannot be an image and its tag.
    pub(super) listens: &'a dyn Fn(&str, u16) -> bool,
    /// Whether a bare word may be one.
    pub(super) bare_words: BareWords,
}

/// Whether a word without a port or a scheme may be a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BareWords {
    /// The variable's name says that its value is one.
    MayBeHosts,
    /// Nothing says so.
    AreWords,
}

impl BareWords {
    /// What the name of a variable says of its value.
    pub(super) fn of(variable: &str) -> Self {
        if super::variable_names::holds_host(variable) { BareWords::MayBeHosts } else { BareWords::AreWords }
    }
}

/// Whether a character ends a token.
fn is_break(letter: char) -> bool {
    matches!(
        letter,
        ' ' | '\t'
            | '\n'
            | '\r'
            | ','
            | ';'
            | '='
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '"'
            | '\''
            | '|'
            | '<'
            | '>'
            | '&'
            | '`'
    )
}

/// Every address in a text, in order.
pub(super) fn addresses(text: &str, names: &KnownHosts<'_>) -> Vec<ScannedAddress> {
    if can_hold_address(text, names.bare_words) { scan(text, names) } else { Vec::new() }
}

/// Whether a scheme, a port, or a key before a host can be in a text: most words have none of them.
fn can_hold_address(text: &str, bare_words: BareWords) -> bool {
    bare_words == BareWords::MayBeHosts || text.bytes().any(|byte| matches!(byte, b':' | b'='))
}

fn scan(text: &str, names: &KnownHosts<'_>) -> Vec<ScannedAddress> {
    let mut found = urls(text);
    let taken: Vec<TextRange> = found.iter().map(|address| address.extent(text)).collect();
    for token in tokens(text) {
        if !taken.iter().any(|part| part.start < token.end && token.start < part.end) {
            found.extend(token_address(text, token, names));
        }
    }
    found.sort_by_key(|address| address.host.start);
    found
}

impl ScannedAddress {
    /// All bytes that belong to it.
    fn extent(&self, text: &str) -> TextRange {
        let start = self.scheme.as_ref().map_or(self.host.start, |scheme| scheme.start);
        let parts = [Some(&self.host), self.port.as_ref(), self.path.as_ref()];
        let end = parts.into_iter().flatten().map(|part| part.end).max().unwrap_or(self.host.end);
        let end = self.pairs.iter().map(|(_, part)| part.end).fold(end, usize::max);
        start..end.min(text.len())
    }
}

/// The part of a text; empty where there is none.
pub(super) fn slice<'a>(text: &'a str, part: &TextRange) -> &'a str {
    text.get(part.clone()).unwrap_or("")
}

/// Every `scheme://authority`; one address for each host of a list (`mongodb://a,b/db`).
fn urls(text: &str) -> Vec<ScannedAddress> {
    let mut found: Vec<ScannedAddress> = Vec::new();
    for (colon, _) in text.match_indices(':') {
        let (before, after) = text.split_at_checked(colon).unwrap_or_default();
        if !after.starts_with("://") {
            continue;
        }
        let name = |letter: char| letter.is_ascii_alphanumeric() || ['+', '-', '.', '_'].contains(&letter);
        let scheme = before.len() - before.chars().rev().take_while(|letter| name(*letter)).count()..colon;
        if !scheme.is_empty() {
            found.extend(url(text, scheme, colon + 3));
        }
    }
    found
}

/// Schemes of gRPC that name no authority before the host: `dns:///users:50051`, `dns:users:50051`.
/// Source: gRPC, "Name Resolution", November 2026.
const TARGET_SCHEMES: &[&str] = &["dns", "passthrough"];

fn url(text: &str, scheme: TextRange, start: usize) -> Vec<ScannedAddress> {
    let no_authority = TARGET_SCHEMES.contains(&slice(text, &scheme))
        && text.get(start..).is_some_and(|rest| rest.starts_with('/'));
    let start = if no_authority { start + 1 } else { start };
    let rest = text.get(start..).unwrap_or("");
    let ends = |letter: char| letter.is_whitespace() || "/?#\"'<>)]}|`\\".contains(letter);
    let bracketed = rest.starts_with('[').then(|| rest.find(']')).flatten().unwrap_or(0);
    let host = quoted_password(rest).unwrap_or(0).max(bracketed);
    let length = rest
        .char_indices()
        .find(|(at, letter)| *at > host && ends(*letter) || *at == 0 && ends(*letter))
        .map_or(rest.len(), |(at, _)| at);
    let authority = start..start + length;
    let UrlAuthority { user, password, hosts } = UrlAuthority::of(text, authority.clone());
    let (path, pairs) = tail(text, authority.end);
    let mut found = Vec::new();
    let mut at = hosts.start;
    for piece in slice(text, &hosts).split(',') {
        let part = at..at + piece.len();
        at = part.end + 1;
        // `http://a:1,http://b:2` is a list of URLs: the rest is another's scheme.
        if at < text.len() && text.get(part.end..).is_some_and(|rest| rest.starts_with("://")) {
            break;
        }
        let (host, port) = host_and_port(text, &part);
        let first = found.is_empty();
        found.push(ScannedAddress {
            scheme: Some(scheme.clone()),
            user: user.clone().filter(|_| first),
            password: password.clone().filter(|_| first),
            host,
            port,
            path: path.clone().filter(|_| first),
            pairs: if first { pairs.clone() } else { Vec::new() },
        });
    }
    found
}

/// Where a password in a shell's quotes ends: at the `@` of `app:"$PASSWORD"@db`.
fn quoted_password(rest: &str) -> Option<usize> {
    let open = rest.find(":\"")? + 2;
    let close = open + rest.get(open..)?.find('"')?;
    let inside = rest.get(..close)?;
    (!inside.contains(|letter: char| letter.is_whitespace() || "/@".contains(letter))
        && rest.get(close + 1..)?.starts_with('@'))
    .then_some(close + 1)
}

/// The parts of `user:password@hosts`.
struct UrlAuthority {
    user: Option<TextRange>,
    password: Option<TextRange>,
    hosts: TextRange,
}

impl UrlAuthority {
    fn of(text: &str, authority: TextRange) -> Self {
        let Some(at) = slice(text, &authority).rfind('@') else {
            return UrlAuthority { user: None, password: None, hosts: authority };
        };
        let info = authority.start..authority.start + at;
        let hosts = info.end + 1..authority.end;
        let colon = slice(text, &info).find(':').map(|colon| info.start + colon);
        match colon {
            Some(colon) => {
                UrlAuthority { user: Some(info.start..colon), password: Some(colon + 1..info.end), hosts }
            }
            None => UrlAuthority { user: Some(info), password: None, hosts },
        }
    }
}

fn host_and_port(text: &str, part: &TextRange) -> (TextRange, Option<TextRange>) {
    let piece = slice(text, part);
    match piece.rfind(':').filter(|colon| !piece.get(*colon..).is_some_and(|rest| rest.contains(']'))) {
        Some(colon) => (part.start..part.start + colon, Some(part.start + colon + 1..part.end)),
        None => (part.clone(), None),
    }
}

/// The first segment of a path, and the pairs of a query.
fn tail(text: &str, start: usize) -> (Option<TextRange>, Vec<(String, TextRange)>) {
    let rest = text.get(start..).unwrap_or("");
    let end =
        rest.find(|letter: char| letter.is_whitespace() || "\"'<>`,;".contains(letter)).unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or("");
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = before.strip_prefix('/').map(|path| {
        let length = path.find(['/', '#']).unwrap_or(path.len());
        start + 1..start + 1 + length
    });
    (path.filter(|part| !part.is_empty()), pairs(text, start + before.len() + 1, query, &['&']))
}

/// `key=value` pairs; keys in lower case without spaces, dashes and underscores.
fn pairs(_text: &str, start: usize, part: &str, separators: &[char]) -> Vec<(String, TextRange)> {
    let mut found = Vec::new();
    let mut at = start;
    for pair in part.split(separators) {
        if let Some((key, value)) = pair.split_once('=') {
            let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
            let from = at + pair.len() - value.len();
            found.push((key.to_lowercase(), from..from + value.len()));
        }
        at += pair.len() + 1;
    }
    found
}

fn tokens(text: &str) -> Vec<TextRange> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        if is_break(letter) {
            if start < at {
                found.push(start..at);
            }
            start = at + letter.len_utf8();
        }
    }
    found
}

/// The address that a token is, if it is one.
fn token_address(text: &str, token: TextRange, names: &KnownHosts<'_>) -> Option<ScannedAddress> {
    let piece = slice(text, &token);
    let login = piece.rfind('@').map_or(token.start, |at| token.start + at + 1);
    let from = login + target_scheme(text.get(login..token.end)?);
    let piece = text.get(from..token.end)?;
    let length = piece.find('/').unwrap_or(piece.len());
    let (host, port) = host_and_port(text, &(from..from + length));
    let name = slice(text, &host);
    if !(names.is_host)(name) {
        return None;
    }
    let key = key_before(text, token.start);
    let member = key_of_object(text, token.start);
    let wanted = match key.as_ref().or(member.as_ref()) {
        Some(key) => says_host(key),
        None => names.bare_words == BareWords::MayBeHosts && is_list_item(text),
    };
    let address = match port {
        Some(port) => {
            let number: u16 = slice(text, &port).parse().ok().filter(|number| *number > 0)?;
            // A number that nobody listens on may be a tag or a user id: `redis:7`, `app:1000`.
            if !wanted && !(names.listens)(name, number) && number < 1024 {
                return None;
            }
            ScannedAddress { host, port: Some(port), ..ScannedAddress::default() }
        }
        None if wanted && length == piece.len() => {
            let port = member.and_then(|_| object_port(text, host.end));
            ScannedAddress { host, port, ..ScannedAddress::default() }
        }
        None => return None,
    };
    Some(ScannedAddress { pairs: siblings(text, &key), ..with_login(text, token.start, login, address) })
}

/// The length of `dns:` before a host and its port.
fn target_scheme(piece: &str) -> usize {
    let Some((before, after)) = piece.split_once(':') else { return 0 };
    let is_target = TARGET_SCHEMES.contains(&before) && after.matches(':').count() == 1;
    if is_target { before.len() + 1 } else { 0 }
}

/// The digits of `"port": 9200` behind a host of the same object.
fn object_port(text: &str, host: usize) -> Option<TextRange> {
    const KEY: &str = "\"port\"";
    let rest = text.get(host..)?;
    let object = rest.get(..rest.find('}').unwrap_or(rest.len()))?;
    let value = object.find(KEY)? + KEY.len();
    let from = value + object.get(value..)?.find(|letter: char| letter.is_ascii_digit())?;
    let between = object.get(value..from)?;
    let digits = object.get(from..)?.find(|letter: char| !letter.is_ascii_digit());
    let is_value = between.chars().all(|letter| letter.is_whitespace() || ":\"".contains(letter));
    is_value.then(|| host + from..host + from + digits.unwrap_or(object.len() - from))
}

/// Whether the whole text is a host, or a list of hosts, so that a word in it may be one.
fn is_list_item(text: &str) -> bool {
    !text.contains(['{', '(', '<', '\n']) && text.split([',', ';', ' ']).all(|item| !item.contains('='))
}

/// `key` of `key=value`, where the value starts at a place.
fn key_before(text: &str, start: usize) -> Option<String> {
    let before = text.get(..start)?.strip_suffix('=')?;
    let from = before.rfind([';', '&', ',', '\n', '(']).map_or(0, |at| at + 1);
    let key = before.get(from..)?;
    // `Data Source=db` is one key; of `psql host=db` only the last word is.
    let words: Vec<&str> = key.split_whitespace().collect();
    let key = match words.as_slice() {
        [.., first, last] if first.eq_ignore_ascii_case("data") => format!("{first}{last}"),
        [.., last] => (*last).to_owned(),
        [] => return None,
    };
    Some(key.trim_start_matches('-').to_owned())
}

/// Whether a key inside a value says that a host follows.
fn says_host(key: &str) -> bool {
    key.eq_ignore_ascii_case("datasource") || super::variable_names::holds_host(key)
}

/// The other pairs of a value such as `host=db port=5432 user=app`.
fn siblings(text: &str, key: &Option<String>) -> Vec<(String, TextRange)> {
    let separators: &[char] = if text.contains(';') { &[';'] } else { &[' ', ';'] };
    if key.is_some() && !text.contains('\n') { pairs(text, 0, text, separators) } else { Vec::new() }
}

/// `user:password@tcp(db:3306)/name`, as Go's MySQL driver has it.
fn with_login(text: &str, token: usize, from: usize, mut address: ScannedAddress) -> ScannedAddress {
    let (before, close) = match text.get(..token).and_then(|before| before.strip_suffix("@tcp(")) {
        Some(before) if from == token => (before, true),
        _ => (text.get(token..from.saturating_sub(1)).unwrap_or(""), false),
    };
    let start = if close { before.rfind(is_break).map_or(0, |at| at + 1) } else { token };
    let login = if close { before.get(start..).unwrap_or("") } else { before };
    if let Some(colon) = login.find(':') {
        address.user = Some(start..start + colon);
        address.password = Some(start + colon + 1..start + login.len());
    }
    let end = address.port.as_ref().map_or(address.host.end, |port| port.end);
    let rest = text.get(end..).unwrap_or("");
    if let Some(path) = rest.strip_prefix(if close { ")/" } else { "/" }) {
        let from = text.len() - path.len();
        let length = path.find(|letter: char| !(letter.is_alphanumeric() || "_-".contains(letter)));
        address.path = Some(from..from + length.unwrap_or(path.len())).filter(|part| !part.is_empty());
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Addresses as `host`, `host:port`, with `user/password@` before and `/path` behind.
    fn shown(text: &str, bare_words: BareWords) -> Vec<String> {
        let is_host = |name: &str| ["db", "app", "kafka", "redis", "es1", "es2"].contains(&name);
        let listens = |name: &str, port: u16| name == "db" && port == 80;
        let found = addresses(text, &KnownHosts { is_host: &is_host, listens: &listens, bare_words });
        let shown = |address: &ScannedAddress| {
            let part = |part: &Option<TextRange>| part.as_ref().map(|part| slice(text, part).to_owned());
            let login = part(&address.user)
                .map(|user| format!("{user}/{}@", part(&address.password).unwrap_or_default()));
            let port = part(&address.port).map(|port| format!(":{port}"));
            let path = part(&address.path).map(|path| format!("/{path}"));
            let host = slice(text, &address.host);
            [login.unwrap_or_default(), host.to_owned(), port.unwrap_or_default(), path.unwrap_or_default()]
                .concat()
        };
        found.iter().filter(|one| is_host(slice(text, &one.host))).map(shown).collect()
    }

    #[test]
    fn addresses_are_found_where_a_client_would_connect() {
        for (text, expected) in [
            ("postgres://user:pa:ss@db:5432/app?sslmode=off", vec!["user/pa:ss@db:5432/app"]),
            ("jdbc:mysql://db:3306/app", vec!["db:3306/app"]),
            ("redis://redis", vec!["redis"]),
            ("redis://:secret@redis:6379/0", vec!["/secret@redis:6379/0"]),
            ("http://app/", vec!["app"]),
            ("mongodb://db:1,redis:2/x", vec!["db:1/x", "redis:2"]),
            ("http://es1:9200,http://es2:9200", vec!["es1:9200", "es2:9200"]),
            ("[\"http://es1:9200\"]", vec!["es1:9200"]),
            ("db:5432", vec!["db:5432"]),
            ("db:80", vec!["db:80"]),
            ("wait-for-it.sh db:5432 -- run", vec!["db:5432"]),
            ("kafka:9092,redis:6379", vec!["kafka:9092", "redis:6379"]),
            ("1@kafka:9093", vec!["kafka:9093"]),
            ("--host=db", vec!["db"]),
            ("host=db port=5432 user=app", vec!["db"]),
            ("Server=db;Database=app;Uid=root", vec!["db"]),
            ("Data Source=db;Initial Catalog=app", vec!["db"]),
            ("root:pw@tcp(db:3306)/app?x=y", vec!["root/pw@db:3306/app"]),
            ("psql postgres://app:\"$PASSWORD\"@db/app -c x", vec!["app/\"$PASSWORD\"@db/app"]),
            ("curl \"http://app:80\" \"me\"@db", vec!["app:80"]),
            ("dns:///app:50051", vec!["app:50051"]),
            ("dns:app:50051", vec!["app:50051"]),
            ("passthrough:///app:50051", vec!["app:50051"]),
            (r#"{"a": {"host": "db", "port": 9200}, "port": 1}"#, vec!["db:9200"]),
            (r#"{"host": "db", "port": "92"}"#, vec!["db:92"]),
            (r#"{"hosts": "db", "x": {"port": 9200}}"#, vec!["db:9200"]),
            (r#"{"host": "db"}, {"port": 1}"#, vec!["db"]),
            ("{'LOCATION': 'redis:6379'}", vec!["redis:6379"]),
        ] {
            assert_eq!(shown(text, BareWords::AreWords), expected, "{text}");
        }
    }

    const PIECES: &[&str] = &[
        "db",
        "app",
        "host",
        "HOST",
        "data source",
        "u",
        "80",
        "dns",
        "tcp(",
        ":",
        "=",
        "/",
        "//",
        "@",
        "\"",
        "'",
        ",",
        ";",
        " ",
        "\n",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "-",
        "?",
        "&",
        "é",
    ];

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(PIECES), 0..9).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_can_hold_no_address_holds_none(text in text()) {
            for bare_words in [BareWords::AreWords, BareWords::MayBeHosts] {
                let names = KnownHosts { is_host: &|_| true, listens: &|_, _| true, bare_words };
                prop_assert_eq!(addresses(&text, &names), scan(&text, &names), "{:?}", text);
            }
        }
    }

    #[test]
    fn words_are_not_hosts() {
        for text in [
            "db",
            "the app is up",
            "redis:7",
            "app:1000",
            "app:latest",
            "db.example.org:5432",
            "http://mydb:5432",
            "/srv/app",
            "app/db:tag",
            "app=db",
            "user@db",
            "file:///app:1",
            "dns:app",
            "dns:///app.example.org:1",
            r#"{"name": "db"}"#,
            r#"["db"]"#,
            "http://localhost/app",
            "django.db.backends",
            "",
            "://",
            "@:=",
        ] {
            assert_eq!(shown(text, BareWords::AreWords), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_variable_that_says_host_may_hold_bare_ones() {
        for (text, expected) in [
            ("db", vec!["db"]),
            ("es1,es2", vec!["es1", "es2"]),
            ("redis:7", vec!["redis:7"]),
            ("es1, app.example.org", vec!["es1"]),
            ("{app}", vec![]),
        ] {
            assert_eq!(shown(text, BareWords::MayBeHosts), expected, "{text}");
        }
    }
}
