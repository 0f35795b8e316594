//! What is a secret, by the name that a value has and by its form: the one list, for what is emitted and for what is
//! shown.
//!
//! Names are cut into words (`MYSQL_ROOT_PASSWORD`, `spring.datasource.url`, `dbHost`); the last words decide.
//! Invariant: pure functions of their arguments.

/// The words of a name, in upper case.
pub fn words(name: &str) -> Vec<String> {
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

/// Whether the name says that its value is a secret.
pub fn is_secret_name(name: &str) -> bool {
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
        "REQUIREPASS",
        "MASTERAUTH",
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

/// Starts of tokens by which their issuers make them known.
/// Source: the issuers' own pages on token formats.
const TOKENS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "AIza",
    "SG.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "hf_",
    "sk-ant-",
    "sk-proj-",
    "shpat_",
    "whsec_",
];

/// Whether a value is a secret by its form, whatever the variable is called.
pub fn is_secret_form(value: &str) -> bool {
    let token = TOKENS.iter().any(|start| {
        value.strip_prefix(start).is_some_and(|rest| rest.len() >= 16 && !rest.contains(char::is_whitespace))
    });
    token || (value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----"))
}

/// Whether a value can be a secret: not a switch, a path, a reference or nothing.
pub fn can_be_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let switch = ["true", "false", "yes", "no", "on", "off", "null", "none"].contains(&lower.as_str());
    let path = (value.starts_with('/') || value.starts_with("./")) && !value.ends_with('=');
    !value.trim().is_empty() && !switch && !path && !lower.starts_with("arn:") && !value.starts_with('$')
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
            assert_eq!(is_secret_name(name), says, "{name}");
        }
    }

    #[test]
    fn forms_that_say_secret() {
        for (value, says) in [
            ("ghp_0123456789abcdef", true),
            ("ghp_short", false),
            ("-----BEGIN RSA PRIVATE KEY-----\nx", true),
            ("-----BEGIN CERTIFICATE-----", false),
        ] {
            assert_eq!(is_secret_form(value), says, "{value}");
        }
        for (value, can) in [
            ("x", true),
            ("#x", true),
            ("", false),
            ("true", false),
            ("/run/secrets/x", false),
            ("$X", false),
        ] {
            assert_eq!(can_be_secret(value), can, "{value}");
        }
    }
}
