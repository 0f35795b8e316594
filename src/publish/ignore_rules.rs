//! What `.dockerignore` keeps out of a build.
//!
//! In: the text of the file. Out: whether a path of the context is left out. Source: Docker documentation, ".dockerignore
//! files": Go's `filepath.Match` with `**`, rules from the root, the last that matches decides.

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct IgnoreRule {
    /// Whether it takes back what a rule above left out.
    keeps: bool,
    /// The parts of the pattern.
    parts: Vec<String>,
}

/// The lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IgnoreRules(Vec<IgnoreRule>);

impl IgnoreRules {
    /// Reads them.
    pub(super) fn parse(text: &str) -> IgnoreRules {
        let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#'));
        let rules = lines.map(str::trim).filter(|line| !line.is_empty()).map(|line| {
            let (keeps, pattern) = match line.strip_prefix('!') {
                Some(pattern) => (true, pattern.trim()),
                None => (false, line),
            };
            IgnoreRule { keeps, parts: cleaned(pattern) }
        });
        IgnoreRules(rules.filter(|rule| !rule.parts.is_empty()).collect())
    }

    /// Whether a path is left out.
    pub(super) fn leave_out(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let matched = self.0.iter().rev().find(|rule| rule.matches(&parts));
        matched.is_some_and(|rule| !rule.keeps)
    }

    /// Whether nothing below a folder that is left out can come back.
    pub(super) fn is_final(&self) -> bool {
        self.0.iter().all(|rule| !rule.keeps)
    }
}

impl IgnoreRule {
    /// Whether the rule names the path or a folder above it.
    fn matches(&self, path: &[&str]) -> bool {
        (1..=path.len()).any(|length| path.get(..length).is_some_and(|above| parts_match(&self.parts, above)))
    }
}

/// The parts of a pattern, as `filepath.Clean` leaves them.
fn cleaned(pattern: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn parts_match(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            // As the last part it stands for at least one part, else for none or more.
            let least = usize::from(rest.is_empty());
            (least..=path.len())
                .any(|skipped| path.get(skipped..).is_some_and(|left| parts_match(rest, left)))
        }
        (Some((first, rest)), Some((name, left))) => {
            let (first, name): (Vec<char>, Vec<char>) = (first.chars().collect(), name.chars().collect());
            part_matches(&first, &name) && parts_match(rest, left)
        }
        _ => false,
    }
}

/// `*`, `?`, `[a-z]` and `\x` within one part.
fn part_matches(pattern: &[char], name: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return name.is_empty() };
    match (first, name.split_first()) {
        ('*', _) => {
            (0..=name.len()).any(|skipped| name.get(skipped..).is_some_and(|left| part_matches(rest, left)))
        }
        ('?', Some((_, left))) => part_matches(rest, left),
        ('[', Some((letter, left))) => LetterClass::parse(rest)
            .is_some_and(|(class, rest)| class.holds(*letter) && part_matches(rest, left)),
        ('\\', Some((letter, left))) => {
            rest.split_first().is_some_and(|(plain, rest)| plain == letter && part_matches(rest, left))
        }
        (plain, Some((letter, left))) => plain == letter && part_matches(rest, left),
        (_, None) => false,
    }
}

/// `[a-z]`: some letters, or all others.
struct LetterClass {
    ranges: Vec<(char, char)>,
    negated: bool,
}

impl LetterClass {
    fn holds(&self, letter: char) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter)) != self.negated
    }

    /// The class up to its bracket, and what follows.
    fn parse(pattern: &[char]) -> Option<(LetterClass, &[char])> {
        let negated = pattern.first() == Some(&'^');
        let mut left = pattern.get(usize::from(negated)..)?;
        let mut ranges = Vec::new();
        loop {
            let (first, rest) = left.split_first()?;
            if *first == ']' && !ranges.is_empty() {
                return Some((LetterClass { ranges, negated }, rest));
            }
            match rest {
                ['-', last, after @ ..] if *last != ']' => {
                    ranges.push((*first, *last));
                    left = after;
                }
                _ => {
                    ranges.push((*first, *first));
                    left = rest;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_decides() {
        let rules = IgnoreRules::parse(
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
        ] {
            assert_eq!(rules.leave_out(path), out, "{path}");
        }
        assert!(!rules.is_final() && IgnoreRules::parse("*.log").is_final());
    }

    #[test]
    fn everything_but_a_few() {
        let rules = IgnoreRules::parse("*\n!package.json\n!src\nsrc/**/*.md");
        for (path, out) in [
            ("x", true),
            ("package.json", false),
            ("src/a/b.js", false),
            ("src/a/b.md", true),
            (".git/config", true),
        ] {
            assert_eq!(rules.leave_out(path), out, "{path}");
        }
    }
}
