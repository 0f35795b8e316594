//! What holds for any text: no panic, ranges on character boundaries, in order and apart; and no text is slow.

use super::*;
use proptest::prelude::*;

/// Pieces that every reader of the room looks for, so that random texts reach its corners.
const PIECES: &[&str] = &[
    "password",
    "PASSWORD",
    "token",
    "api-key",
    "KEY",
    "Pwd",
    "=",
    ":",
    ": ",
    "=>",
    ";",
    "&",
    "?",
    ",",
    " ",
    "\n",
    "\r\n",
    "\"",
    "'",
    "\\\"",
    "\\",
    "{",
    "}",
    "[",
    "(",
    ")",
    "`",
    "|",
    "$",
    "${",
    "}",
    ":-",
    "$$",
    "%",
    "@",
    "/",
    "//",
    "://",
    "@tcp(",
    "jdbc:oracle:thin:",
    "-p",
    "--password",
    "-a",
    "-u",
    "redis-cli",
    "mysqladmin",
    "curl",
    "htpasswd",
    "-b",
    "mc",
    "set",
    "Bearer ",
    "Authorization",
    "eyJ",
    "eyJhbGciOiJI",
    ".",
    "ghp_",
    "xoxb-",
    "sk-",
    "AKIA",
    "AKIAINVENTED00000000",
    "-----BEGIN PRIVATE KEY-----",
    "-----END ",
    "-----",
    "$2y$",
    "$apr1$",
    "abcdefghij",
    "ABCDEF0123456789",
    "110000000",
    ":AA",
    "bot",
    "é",
    "🞶",
    "ß",
    "İ",
    "\u{0}",
    "!!str ",
    "&a ",
    "PASSWORD 'x'",
    "IDENTIFIED BY 'x'",
    "arn:aws:ssm:",
    "changeme",
    "<your-key>",
    "xxx",
    "true",
    "24h",
    "/run/secrets/x",
    "hooks.slack.com/services/",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => ".{0,3}".prop_map(|text: String| text),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Whether the ranges can be cut out of the text, one after another.
fn in_place(text: &str, ranges: &[Range<usize>]) -> bool {
    let inside = ranges.iter().all(|range| !range.is_empty() && text.get(range.clone()).is_some());
    inside && ranges.windows(2).all(|pair| pair[0].end <= pair[1].start)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn spans_can_be_cut_out_of_any_text(text in text()) {
        let spans = secret_spans(&text);
        prop_assert!(in_place(&text, &spans), "{text:?}: {spans:?}");
    }

    #[test]
    fn the_bytes_of_a_text_rule_out_no_secret(text in text()) {
        let mut found = Vec::new();
        token_forms::token_forms(&text, &mut found);
        password_urls::url_passwords(&text, &mut found);
        secret_pairs::secret_pairs(&text, &mut found);
        secret_pairs::secret_elements(&text, &mut found);
        command_flags::secrets_in_shell(&text, &mut found);
        prop_assert_eq!(secret_spans(&text), secret_spans::in_order(&text, found), "{:?}", text);
    }

    #[test]
    fn a_value_is_cut_for_any_name(name in text(), value in text()) {
        let ranges = secrets_of(&name, &value);
        prop_assert!(in_place(&value, &ranges), "{name:?}={value:?}: {ranges:?}");
        let whole = std::iter::once(0..value.len()).collect::<Vec<_>>();
        prop_assert!(ranges.is_empty() || ranges == whole || ranges == secret_spans(&value));
    }

    #[test]
    fn a_value_is_a_secret_only_under_a_name(name in text(), value in text()) {
        if !is_secret_name(&name) {
            prop_assert_eq!(secrets_of(&name, &value), secret_spans(&value));
        }
        prop_assert!(!can_be_secret(&name, ""));
        prop_assert!(!can_be_secret(&name, "true"));
    }

    #[test]
    fn commands_are_cut_word_by_word(words in proptest::collection::vec(text(), 0..8)) {
        let secrets = secrets_in_command(&words);
        for (at, word) in words.iter().enumerate() {
            let of_word = secrets.iter().filter(|secret| secret.word == at).map(|secret| secret.range.clone());
            let ranges: Vec<_> = of_word.collect();
            prop_assert!(in_place(word, &ranges), "{words:?}: {ranges:?}");
        }
        prop_assert!(secrets.iter().all(|secret| secret.word < words.len()));
    }

    #[test]
    fn any_path_and_any_content_has_an_answer(path in text(), mut content in proptest::collection::vec(any::<u8>(), 0..400), more in text()) {
        content.extend(more.bytes());
        let _ = (is_credential_file(&path), credential_in_content(&content));
        prop_assert_eq!(credential_in_content(more.as_bytes()).is_some(), credential_in_content(format!("\n{more}\n").as_bytes()).is_some());
    }

    #[test]
    fn a_password_is_found_wherever_it_stands(password in "[a-z]{4}[A-Z][0-9]{2}[!+*_~]?[a-z]{3}", before in "[ -~]{0,12}", after in "[a-z ]{0,8}") {
        let before = before.replace(['"', '\'', '\\', '$', '`'], "");
        for text in [
            format!("postgres://app:{password}@db:5432/app"),
            format!("Server=s;Password={password};Database=d"),
            format!("host=h password={password} dbname=d"),
            format!("{before}\npassword: {password}\n{after}"),
            format!("{before}\nAPI_TOKEN={password}\n{after}"),
            format!("{{\"a\": 1, \"password\": \"{password}\"}}"),
            format!("app --password {password} {after}"),
            format!("redis-cli -a {password} ping"),
        ] {
            let spans = secret_spans(&text);
            let found = spans.iter().any(|span| text.get(span.clone()).is_some_and(|span| span == password));
            prop_assert!(found, "{text:?}: {spans:?}");
        }
    }
}

#[test]
fn no_repetition_is_slow() {
    // Each of these would take minutes if a reader went back over what it has read.
    for piece in PIECES.iter().copied().chain([
        "token=http://a?",
        "eyJa.",
        "a://u:x/",
        "password=${",
        "'IDENTIFIED BY ",
        "-p' ",
    ]) {
        let text = piece.repeat(40_000 / piece.len());
        assert!(in_place(&text, &secret_spans(&text)), "{piece:?}");
        let _ =
            (is_secret_name(&text), can_be_secret("TOKEN", &text), credential_in_content(text.as_bytes()));
    }
}

#[test]
fn a_key_of_one_word_says_less_than_one_of_two() {
    assert_eq!(secrets_of("CARBONE_KEY", "copper-otter").as_slice(), std::slice::from_ref(&(0..12)));
    assert!(secrets_of("KEY", "copper-otter").is_empty());
}

#[test]
fn where_a_value_of_a_pair_ends() {
    for text in ["['x', 'y;password=walnut', 'z']", "x;password=walnut\ny", "x;password=walnut\"b"] {
        let found: Vec<&str> = secret_spans(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["walnut"], "{text}");
    }
    for text in ["password=$PW", "password=$db_pw", "password=$token", "password=$_PW"] {
        assert!(secret_spans(text).is_empty(), "{text}");
    }
    assert!(!secret_spans("password=$ecret").is_empty());
}

#[test]
fn a_cluster_without_a_credential_is_none() {
    for (text, is) in [
        ("apiVersion: v1\nkind: Config\nusers: []\n", false),
        ("apiVersion: v1\nkind: Pod\nname: x\n", false),
        ("apiVersion: v1\nkind: Config\nusers:\n- user: { token: walnut }\n", true),
    ] {
        assert_eq!(credential_in_content(text.as_bytes()).is_some(), is, "{text}");
    }
}
