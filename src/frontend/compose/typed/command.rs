//! Commands: a string is split into words as a shell would, without any expansion.

use super::{TypeBinder, is_empty};
use crate::diagnostic::rules::compose as rules;
use crate::source::{Origin, Provenance};
use crate::yaml::{Node, NodeValue};

impl TypeBinder<'_, '_> {
    pub(super) fn command(&mut self, mut node: Node) -> Option<Node> {
        let NodeValue::String(text) = &node.value else { return Some(node) };
        let Some(words) = split(text) else {
            let why = "has an unclosed quote or bracket, or a misplaced bracket";
            let help = "close it, or write the command as a list";
            self.refuse(&rules::BAD_COMMAND, node.origin, why, help);
            return None;
        };
        let (text, origin) = (text.clone(), node.origin);
        let filled = !self.cx.sources.substitutions(origin).is_empty();
        let mut end = 0;
        let words = words.into_iter().map(|word| {
            let origin = if filled { self.word(&text, &word, &mut end, origin) } else { origin };
            Node::string(word, origin)
        });
        node.value = NodeValue::Sequence(words.collect());
        Some(node)
    }

    /// The origin of a word of a line with variables in it: the part that it is, where it stands there as it is.
    fn word(&mut self, line: &str, word: &str, end: &mut usize, whole: Origin) -> Origin {
        let rest = line.get(*end..).unwrap_or_default();
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.cx.sources.record(match rest.find(word).map(|at| *end + at) {
            Some(start) => {
                *end = start + word.len();
                Provenance::Part { of: whole, range: narrow(start)..narrow(*end) }
            }
            None => Provenance::Inferred { from: vec![whole], why: "a word of it" },
        })
    }

    /// A string is a command for the container's shell.
    pub(super) fn test(&mut self, mut node: Node) -> Option<Node> {
        if let NodeValue::String(text) = &node.value {
            let default = self.cx.sources.record(Provenance::Default { of: node.origin });
            let command = Node::string(text.clone(), node.origin);
            node.value = NodeValue::Sequence(vec![Node::string("CMD-SHELL", default), command]);
        }
        (!is_empty(&node)).then_some(node)
    }
}

/// The current kind of quoting.
#[derive(Default)]
struct CommandQuotes {
    single: bool,
    double: bool,
    back: bool,
    dollar: bool,
}

impl CommandQuotes {
    fn any(&self) -> bool {
        self.single || self.double || self.back || self.dollar
    }
}

/// The words of a command line; `None` if a quote is not closed. An unquoted `;`, `&`, `|`, `<` or `>` ends
/// the command: the rest is not part of it.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut begun, mut escaped) = (false, false);
    let mut quotes = CommandQuotes::default();
    for letter in line.chars() {
        if escaped {
            word.push(letter);
            (escaped, begun) = (false, true);
            continue;
        }
        match letter {
            '\\' if !quotes.single => {
                escaped = true;
                continue;
            }
            '\\' => {
                word.push(letter);
                continue;
            }
            ' ' | '\t' | '\r' | '\n' => {
                if quotes.any() {
                    word.push(letter);
                } else if begun {
                    words.push(std::mem::take(&mut word));
                    begun = false;
                }
                continue;
            }
            '`' if !quotes.single && !quotes.double && !quotes.dollar => quotes.back = !quotes.back,
            ')' if !quotes.single && !quotes.double && !quotes.back => quotes.dollar = !quotes.dollar,
            '(' if !quotes.single && !quotes.double && !quotes.back => {
                if quotes.dollar || !word.ends_with('$') {
                    return None;
                }
                quotes.dollar = true;
                word.push(letter);
                continue;
            }
            '"' if !quotes.single && !quotes.dollar => {
                begun |= quotes.double;
                quotes.double = !quotes.double;
                continue;
            }
            '\'' if !quotes.double && !quotes.dollar => {
                begun |= quotes.single;
                quotes.single = !quotes.single;
                continue;
            }
            ';' | '&' | '|' | '<' | '>' if !quotes.any() => {
                if letter == '>' && word.starts_with(|first: char| first.is_ascii_digit()) {
                    begun = false;
                }
                break;
            }
            _ => {}
        }
        begun = true;
        word.push(letter);
    }
    if begun {
        words.push(word);
    }
    (!escaped && !quotes.any()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (line, words) in [
            ("", Some(vec![])),
            ("npm run  dev", Some(vec!["npm", "run", "dev"])),
            ("sh -c \"a b\"", Some(vec!["sh", "-c", "a b"])),
            ("a 'b \\ c' d\\ e", Some(vec!["a", "b \\ c", "d e"])),
            ("a \"\" b", Some(vec!["a", "", "b"])),
            ("a && b", Some(vec!["a"])),
            ("a 2> log", Some(vec!["a"])),
            ("a > log", Some(vec!["a"])),
            ("echo $(date +%F)", Some(vec!["echo", "$(date +%F)"])),
            ("echo (x)", None),
            ("a 'b", None),
            ("a \\", None),
        ] {
            let wanted = words.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(line), wanted, "{line}");
        }
    }
}
