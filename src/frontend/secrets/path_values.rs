//! Which values are paths: where a secret is kept is none itself.
//!
//! In: a value. Out: whether somebody would have written it as a path. Pure.

/// A path: of several ordinary parts, or of one that ends as files do.
pub(super) fn is_path(value: &str) -> bool {
    let windows =
        value.get(1..3) == Some(":\\") && value.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let rooted = ["/", "./", "../", "~/", "%kernel.project_dir%/", "%(here)s/", "file:/"]
        .iter()
        .any(|start| value.starts_with(start));
    let rest = if windows { value.get(3..).unwrap_or_default() } else { value };
    let parts: Vec<&str> =
        rest.split(['/', '\\']).filter(|part| !part.is_empty() && !is_dots(part)).collect();
    let ordinary = parts.iter().all(|part| is_ordinary(part) || part.starts_with('%'));
    let file = parts.last().is_some_and(|last| ends_as_file(last));
    ordinary
        && !parts.is_empty()
        && match rooted || windows {
            true => {
                parts.len() > 1
                    || file
                    || value.ends_with('/') && parts.iter().all(|part| is_plain_word(part))
            }
            false => file,
        }
}

/// Letters alone, as folders are called: `certs`.
fn is_plain_word(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphabetic() || b"._-".contains(&byte))
}

fn is_dots(part: &str) -> bool {
    matches!(part, "." | ".." | "~")
}

/// Whether a part of a path reads like a name that somebody gave: `jwt-2.pem`, `Users`, `myApp`; not `Jalr+XUt`.
fn is_ordinary(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._- @".contains(&byte);
    let upper = part.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = part.bytes().filter(u8::is_ascii_lowercase).count();
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let humps = upper == 0 || lower == 0 || (digits == 0 && upper <= 3);
    // Long runs without a break are keys, whatever their case.
    let longest = part.split(['.', '_', '-']).map(str::len).max().unwrap_or(0);
    part.bytes().all(plain) && humps && !(upper > 0 && digits > 2 && lower == 0) && longest <= 24
}

fn ends_as_file(part: &str) -> bool {
    const ENDS: &[&str] = &[
        "asc", "cer", "cert", "cfg", "conf", "crt", "db", "der", "env", "gpg", "htpasswd", "ini", "jks",
        "json", "jwk", "key", "keystore", "p12", "p8", "pass", "pem", "pfx", "pub", "secret", "sh", "sqlite",
        "token", "toml", "txt", "yaml", "yml",
    ];
    part.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && ENDS.contains(&end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_ordinary_parts_or_ends_as_a_file() {
        for path in
            ["/run/secrets/db", "./jwt-2.pem", "certs/server.key", "C:\\app\\key.pem", "~/x.env", "/certs/"]
        {
            assert!(is_path(path), "{path}");
        }
        for other in ["/Jalr+XUt9/4Qz", "hunter2", "/", "a/b", "/x9Zk2LmQ7pRt4VwYb3NcD8fGh/k", "/hunter2"] {
            assert!(!is_path(other), "{other}");
        }
    }
}
