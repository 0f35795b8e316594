//! What `.dockerignore` keeps out of a build, or of a mounted folder.
//!
//! In: the text of the file. Out: what it decides about a path. Invariant: the time grows with the length of the pattern
//! times that of the path, whatever either holds. Source: Docker documentation, ".dockerignore files": Go's
//! `filepath.Match` with `**`, rules from the root, the last that matches decides.

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct IgnoreRule {
    /// Whether it takes back what a rule above left out.
    keeps: bool,
    /// The parts of the pattern.
    parts: Vec<PatternPart>,
}

/// A pattern between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PatternPart {
    /// `**`: any number of folders.
    Folders,
    /// One name.
    Name(Vec<NamePiece>),
}

/// What matches a piece of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NamePiece {
    /// `*`: any letters.
    Anything,
    /// `?`: one letter.
    Letter,
    /// `[a-z]`: one of some letters, or of all others.
    Class { ranges: Vec<(char, char)>, negated: bool },
    /// A letter itself.
    Plain(char),
}

/// The lines of a `.dockerignore` file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerIgnore(Vec<IgnoreRule>);

impl DockerIgnore {
    /// Reads them. A line that is no pattern matches nothing: a builder refuses it with its own words.
    pub fn parse(text: &str) -> DockerIgnore {
        let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#'));
        let rules = lines.map(str::trim).filter(|line| !line.is_empty()).filter_map(|line| {
            let (keeps, pattern) = match line.strip_prefix('!') {
                Some(pattern) => (true, pattern.trim()),
                None => (false, line),
            };
            let parts = pattern_parts(pattern)?;
            (!parts.is_empty()).then_some(IgnoreRule { keeps, parts })
        });
        DockerIgnore(rules.collect())
    }

    /// Whether a path is left out (`true`) or taken back (`false`), where a line decides about it. So many folders at
    /// its start are `named` by who asks: a line that matches one of them alone does not count.
    pub fn decides(&self, path: &str, named: usize) -> Option<bool> {
        let names: Vec<Vec<char>> = path.split('/').map(|name| name.chars().collect()).collect();
        let matched = self.0.iter().rev().find(|rule| rule.matches(&names, named));
        matched.map(|rule| !rule.keeps)
    }

    /// Whether a line may take back something in a folder that is left out.
    pub fn keeps_below(&self, folder: &str) -> bool {
        let names: Vec<Vec<char>> = folder.split('/').map(|name| name.chars().collect()).collect();
        self.0.iter().any(|rule| rule.keeps && rule.reaches_into(&names))
    }
}

impl IgnoreRule {
    /// Whether the rule matches the path, or a folder above it that is not among the `named`.
    fn matches(&self, path: &[Vec<char>], named: usize) -> bool {
        let reached = self.lengths(path);
        reached.iter().enumerate().any(|(length, matched)| *matched && length > named)
    }

    /// For each number of names at the start of the path whether the whole pattern matches them.
    fn lengths(&self, path: &[Vec<char>]) -> Vec<bool> {
        // Which numbers of names the parts so far can have taken.
        let mut taken = vec![false; path.len() + 1];
        if let Some(none) = taken.first_mut() {
            *none = true;
        }
        for (index, part) in self.parts.iter().enumerate() {
            let is_last = index + 1 == self.parts.len();
            let before = std::mem::replace(&mut taken, vec![false; path.len() + 1]);
            match part {
                PatternPart::Folders => {
                    // As the last part it takes at least one name, else none or more.
                    let mut reachable = false;
                    for (now, was) in taken.iter_mut().zip(&before) {
                        *now = reachable || (*was && !is_last);
                        reachable |= *was;
                    }
                }
                PatternPart::Name(pieces) => {
                    for ((now, was), name) in taken.iter_mut().skip(1).zip(&before).zip(path) {
                        *now = *was && name_matches(pieces, name);
                    }
                }
            }
        }
        taken
    }

    /// Whether the pattern can match something below a folder.
    fn reaches_into(&self, folder: &[Vec<char>]) -> bool {
        for (part, name) in self.parts.iter().zip(folder) {
            match part {
                PatternPart::Folders => return true,
                PatternPart::Name(pieces) if name_matches(pieces, name) => {}
                PatternPart::Name(_) => return false,
            }
        }
        self.parts.len() > folder.len()
    }
}

/// The parts of a pattern, as `filepath.Clean` leaves them. `None` for one that Go refuses.
fn pattern_parts(pattern: &str) -> Option<Vec<PatternPart>> {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let read = |part: &str| match part {
        "**" => Some(PatternPart::Folders),
        _ => Some(PatternPart::Name(name_pieces(&part.chars().collect::<Vec<char>>())?)),
    };
    parts.into_iter().map(read).collect()
}

/// The pieces of a pattern for one name.
fn name_pieces(mut left: &[char]) -> Option<Vec<NamePiece>> {
    let mut pieces = Vec::new();
    while let Some((first, rest)) = left.split_first() {
        left = rest;
        pieces.push(match first {
            '*' => NamePiece::Anything,
            '?' => NamePiece::Letter,
            '[' => {
                let (class, rest) = letter_class(rest)?;
                left = rest;
                class
            }
            '\\' => {
                let (plain, rest) = rest.split_first()?;
                left = rest;
                NamePiece::Plain(*plain)
            }
            plain => NamePiece::Plain(*plain),
        });
    }
    Some(pieces)
}

/// `a-z]` after its bracket, and what follows.
fn letter_class(pattern: &[char]) -> Option<(NamePiece, &[char])> {
    let negated = pattern.first() == Some(&'^');
    let mut left = pattern.get(usize::from(negated)..)?;
    let mut ranges = Vec::new();
    loop {
        if left.first() == Some(&']') && !ranges.is_empty() {
            return Some((NamePiece::Class { ranges, negated }, left.get(1..)?));
        }
        let (low, rest) = class_letter(left)?;
        let (high, rest) = match rest.split_first() {
            Some(('-', rest)) => class_letter(rest)?,
            _ => (low, rest),
        };
        ranges.push((low, high));
        left = rest;
    }
}

/// A letter of a class, which may be escaped.
fn class_letter(pattern: &[char]) -> Option<(char, &[char])> {
    match pattern.split_first()? {
        ('\\', rest) => rest.split_first().map(|(letter, rest)| (*letter, rest)),
        ('-' | ']', _) => None,
        (letter, rest) => Some((*letter, rest)),
    }
}

/// Whether a pattern matches a whole name.
fn name_matches(pieces: &[NamePiece], name: &[char]) -> bool {
    let (mut piece, mut letter) = (0, 0);
    // Where to go on after the last `*`, which takes one letter more each time.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match (pieces.get(piece), name.get(letter)) {
            (None, None) => return true,
            (Some(NamePiece::Anything), _) => {
                retry = Some((piece + 1, letter));
                piece += 1;
                continue;
            }
            (Some(NamePiece::Letter), Some(_)) => true,
            (Some(NamePiece::Plain(plain)), Some(found)) => plain == found,
            (Some(NamePiece::Class { ranges, negated }), Some(found)) => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(found)) != *negated
            }
            (_, None) | (None, Some(_)) => false,
        };
        if step {
            (piece, letter) = (piece + 1, letter + 1);
            continue;
        }
        match retry {
            Some((after, from)) if from < name.len() => {
                retry = Some((after, from + 1));
                (piece, letter) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_out(rules: &DockerIgnore, path: &str) -> bool {
        rules.decides(path, 0).unwrap_or(false)
    }

    #[test]
    fn the_last_rule_that_matches_decides() {
        let rules = DockerIgnore::parse(
            "# comment\n\n/node_modules/\n*.log\n**/*.tmp\nsrc/**/test\n!src/a/test\ndocs\n!docs/README.md\n[a-c]?.x\n",
        );
        for (path, out) in [
            ("node_modules", true),
            ("node_modules/x/y", true),
            ("sub/node_modules", false),
            ("a.log", true),
            ("sub/a.log", false),
            ("sub/deep/a.tmp", true),
            ("a.tmp", true),
            ("src/test", true),
            ("src/b/c/test/x", true),
            ("src/a/test", false),
            ("docs/x", true),
            ("docs/README.md", false),
            ("b1.x", true),
            ("d1.x", false),
            ("b.x", false),
            ("b12.x", false),
        ] {
            assert_eq!(is_out(&rules, path), out, "{path}");
        }
        assert_eq!(rules.decides("README.md", 0), None);
    }

    #[test]
    fn everything_but_a_few() {
        let rules = DockerIgnore::parse("*\n!package.json\n!src\nsrc/**/*.md");
        for (path, out) in [
            ("x", true),
            ("package.json", false),
            ("src/a/b.js", false),
            ("src/a/b.md", true),
            (".git/config", true),
        ] {
            assert_eq!(is_out(&rules, path), out, "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_left_out_is_entered_only_for_what_comes_back() {
        let rules = DockerIgnore::parse("*\n!src/*/keep\n!a/**/b\n");
        for (folder, keeps) in [
            ("src", true),
            ("src/x", true),
            ("src/x/keep", false),
            ("a", true),
            ("a/z/y", true),
            ("lib", false),
        ] {
            assert_eq!(rules.keeps_below(folder), keeps, "{folder}");
        }
        assert!(!DockerIgnore::parse("a\nb/c").keeps_below("a"));
    }

    #[test]
    fn what_is_named_is_left_out_by_its_own_content_only() {
        let rules = DockerIgnore::parse("dist\n**/*.map\n");
        assert_eq!(rules.decides("dist/web/a.js", 0), Some(true));
        assert_eq!(rules.decides("dist/web/a.js", 2), None);
        assert_eq!(rules.decides("dist/web/a.map", 2), Some(true));
    }

    #[test]
    fn letters_are_escaped_classed_and_refused_as_go_does() {
        for (pattern, path, out) in [
            (r"\*.x", "*.x", true),
            (r"\*.x", "a.x", false),
            ("[^a-c].x", "d.x", true),
            ("[^a-c].x", "b.x", false),
            (r"[\]].x", "].x", true),
            ("**", "a/b", true),
            ("a/**", "a", false),
            ("a/**", "a/b/c", true),
            ("./a/../b", "b", true),
            ("[a", "[a", false),
            ("[]", "[]", false),
            ("[a-]", "a", false),
            (r"a\", r"a\", false),
        ] {
            assert_eq!(is_out(&DockerIgnore::parse(pattern), path), out, "{pattern} {path}");
        }
    }

    #[test]
    fn no_pattern_takes_long() {
        let rules = DockerIgnore::parse(&format!("{}b\n{}/b", "*a".repeat(40), vec!["**"; 40].join("/a/")));
        let path = vec!["a".repeat(200); 40].join("/");
        assert_eq!(rules.decides(&path, 0), None);
    }
}
