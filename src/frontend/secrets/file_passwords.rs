//! Which line of a configuration holds a password, by its form.
//!
//! In: the text of a file that somebody mounts. Out: the first line with one. Invariant: linear; at most
//! [`LOOKED_AT`] bytes are looked at. A reference (`${NAME}`), a blank to fill in and a word for people are none.

use super::secret_spans::secret_spans;
use super::secret_values::lossy_text;

/// How many bytes of a file are looked at. Configurations are smaller.
const LOOKED_AT: usize = 256 * 1024;

/// Longer lines are data.
const LONGEST_LINE: usize = 4096;

/// Types by which schemas and interfaces describe a password.
const TYPES: &[&str] = &["string", "str", "text", "any", "object", "password", "varchar", "secret", "token"];

/// The number of the first line with a password or a token in it, from 1.
#[must_use]
pub fn password_line(content: &[u8]) -> Option<usize> {
    let bytes = content.get(..content.len().min(LOOKED_AT)).unwrap_or_default();
    if bytes.contains(&0) {
        return None;
    }
    let text = lossy_text(bytes);
    let found = text.lines().position(|line| line.len() <= LONGEST_LINE && has_password(line));
    found.map(|line| line + 1)
}

fn has_password(line: &str) -> bool {
    let comment = ["#", ";", "//", "--", "<!--", "*"].iter().any(|mark| line.trim_start().starts_with(mark));
    !comment && secret_spans(line).into_iter().filter_map(|span| line.get(span)).any(is_password)
}

/// Whether a value is no label, no type and no expression of a template.
fn is_password(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'', ',', ';']).trim();
    let label = value.contains(' ')
        && value.bytes().all(|byte| byte.is_ascii_alphabetic() || b" .,:?!'-".contains(&byte));
    let kind = TYPES.iter().any(|name| value.eq_ignore_ascii_case(name));
    let filled = ["{{", "<%", "%(", "$(", "${", "@@", "process.env", "os.environ", "env("]
        .iter()
        .any(|start| value.contains(start));
    !value.is_empty() && !label && !kind && !filled
}

#[cfg(test)]
mod tests {
    use super::password_line;

    #[test]
    fn passwords_of_configurations() {
        for (text, line) in [
            ("user = app\npassword = walnut7\n", 2),
            ("bind 0.0.0.0\nrequirepass walnut7\n", 2),
            ("POSTGRES_USER=app\nPOSTGRES_PASSWORD=walnut7\n", 2),
            ("<db>\n  <password>walnut7</password>\n</db>", 2),
            ("{\n  \"user\": \"app\",\n  \"password\": \"walnut7\"\n}", 3),
            ("db:\n  password: walnut7\n", 2),
            ("url = postgres://app:walnut7@db/app\n", 1),
            ("CREATE USER app WITH PASSWORD 'walnut7';\n", 1),
            ("spring.datasource.password=walnut7\n", 1),
            ("password = walnut\n", 1),
        ] {
            assert_eq!(password_line(text.as_bytes()), Some(line), "{text}");
        }
    }

    #[test]
    fn so_much_of_a_file_is_looked_at() {
        let behind = |lines: usize| "user = somebody\n".repeat(lines) + "password = walnut7\n";
        assert_eq!(password_line(behind(16_000).as_bytes()), Some(16_001));
        assert_eq!(password_line(behind(16_400).as_bytes()), None);
    }

    #[test]
    fn what_only_speaks_of_passwords() {
        for text in [
            "",
            "# password = walnut7\n",
            "password = ${DB_PASSWORD}\n",
            "password: {{ password }}\n",
            "password = %(password)s\n",
            "{\"password\": \"Mot de passe\"}",
            "password: string\n",
            "password_file = /run/secrets/db\n",
            "requirepass\n",
            "\0password=walnut7\n",
        ] {
            assert_eq!(password_line(text.as_bytes()), None, "{text}");
        }
    }
}
