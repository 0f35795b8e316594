//! What a Dockerfile says of the image that it makes: where it comes from, and whether a shell has run in it.
//!
//! In: the text of a Dockerfile, the stage that is wanted, the arguments of the build. Out: a [`FinalStage`]. Invariant: only
//! what is certain counts; what cannot be read is nothing.
//! Source: Docker, "Dockerfile reference" (parser directives, ARG and FROM, SHELL, shell and exec form, here-documents), read
//! in November 2026.

use std::collections::BTreeMap;

/// The stage that becomes the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalStage {
    /// The image that it comes from; `None` for an empty one, and where a variable without a value names it.
    pub base: Option<String>,
    /// Whether `/bin/sh` ran in it, or starts its program.
    pub runs_shell: bool,
}

/// One stage.
struct BuildStage {
    name: Option<String>,
    from: String,
    /// Whether the instructions in shell form run by `/bin/sh`.
    plain_shell: bool,
    runs_shell: bool,
}

impl FinalStage {
    /// Reads a Dockerfile. `target` is the name or the number of a stage, else the last one counts.
    pub fn read(
        text: &str,
        target: Option<&str>,
        arguments: &BTreeMap<String, String>,
    ) -> Option<FinalStage> {
        let (mut stages, mut known) = (Vec::<BuildStage>::new(), BTreeMap::new());
        for DockerfileInstruction { keyword, rest, script } in instructions(text) {
            match (keyword.as_str(), stages.last_mut()) {
                ("ARG", None) => {
                    for word in rest.split_whitespace() {
                        let (name, value) = word.split_once('=').unwrap_or((word, ""));
                        let value = arguments.get(name).cloned().unwrap_or_else(|| unquoted(value));
                        known.insert(name.to_owned(), value);
                    }
                }
                ("FROM", _) => {
                    let stage = stage(&rest, &known, &stages)?;
                    stages.push(stage);
                }
                ("SHELL", Some(stage)) => {
                    stage.plain_shell = words(&rest).first().is_some_and(|one| is_plain(one))
                }
                ("RUN", Some(stage)) if stage.plain_shell => {
                    stage.runs_shell |= runs_by_shell(&rest, script.as_deref());
                }
                ("CMD" | "ENTRYPOINT", Some(stage)) if stage.plain_shell => {
                    stage.runs_shell |= !rest.is_empty() && !rest.starts_with('[');
                }
                _ => {}
            }
        }
        let wanted = match target {
            Some(target) => place(&stages, target).or_else(|| target.parse().ok())?,
            None => stages.len().checked_sub(1)?,
        };
        let mut stage = stages.get(wanted)?;
        let mut runs_shell = stage.runs_shell;
        // A stage comes from an earlier one only, which ends the walk.
        let mut before = stages.get(..wanted)?;
        while let Some(earlier) = place(before, &stage.from) {
            stage = before.get(earlier)?;
            runs_shell |= stage.runs_shell;
            before = before.get(..earlier)?;
        }
        let base = Some(&stage.from).filter(|from| *from != "scratch" && !from.is_empty());
        Some(FinalStage { base: base.cloned(), runs_shell })
    }
}

/// The place of the last stage with this name.
fn place(stages: &[BuildStage], name: &str) -> Option<usize> {
    stages.iter().rposition(|stage| stage.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
}

/// `FROM [--platform=...] IMAGE [AS NAME]`.
fn stage(rest: &str, known: &BTreeMap<String, String>, earlier: &[BuildStage]) -> Option<BuildStage> {
    let mut words = rest.split_whitespace().skip_while(|word| word.starts_with("--"));
    let from = substituted(words.next()?, known).unwrap_or_default();
    let name = match (words.next(), words.next()) {
        (Some(word), Some(name)) if word.eq_ignore_ascii_case("as") => Some(name.to_owned()),
        _ => None,
    };
    let plain_shell =
        place(earlier, &from).and_then(|at| earlier.get(at)).is_none_or(|stage| stage.plain_shell);
    Some(BuildStage { name, from, plain_shell, runs_shell: false })
}

/// Whether an instruction is in shell form. A here-document with a first line of its own runs by that program.
fn runs_by_shell(rest: &str, script: Option<&str>) -> bool {
    let rest =
        rest.split_whitespace().skip_while(|word| word.starts_with("--")).collect::<Vec<_>>().join(" ");
    match script {
        Some(script) if rest.starts_with("<<") => !script.trim_start().starts_with("#!"),
        _ => !rest.is_empty() && !rest.starts_with('['),
    }
}

/// Whether a word of `SHELL` is `/bin/sh`.
fn is_plain(word: &str) -> bool {
    matches!(word, "/bin/sh" | "sh")
}

/// The words of a JSON list; none for anything else.
fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap_or_default()
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value).to_owned()
}

/// A word with the values of its variables; `None` where one has none.
fn substituted(word: &str, known: &BTreeMap<String, String>) -> Option<String> {
    let (mut text, mut rest) = (String::new(), word);
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let (expression, behind) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => {
                let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                after.split_at(after.find(|letter| !is_name(letter)).unwrap_or(after.len()))
            }
        };
        let (name, fallback) = match expression.split_once(":-") {
            Some((name, fallback)) => (name, Some(fallback.to_owned())),
            None => (expression, None),
        };
        let value = known.get(name).filter(|value| !value.is_empty()).cloned();
        text.push_str(&value.or(fallback)?);
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

/// An instruction on one line.
struct DockerfileInstruction {
    /// In capitals.
    keyword: String,
    rest: String,
    /// The text of its here-documents.
    script: Option<String>,
}

/// The instructions of a Dockerfile, with continued lines joined and comments left out.
fn instructions(text: &str) -> Vec<DockerfileInstruction> {
    let escape = escape(text);
    let (mut found, mut lines) = (Vec::new(), text.lines());
    while let Some(line) = lines.next() {
        let mut whole = String::new();
        let mut part = Some(line);
        while let Some(line) = part {
            let trimmed = line.trim();
            let is_left_out = trimmed.starts_with('#') || trimmed.is_empty() && !whole.is_empty();
            let continued = if is_left_out { Some("") } else { trimmed.strip_suffix(escape) };
            whole.push_str(continued.unwrap_or(trimmed));
            whole.push(' ');
            let goes_on = continued.is_some() && !whole.trim().is_empty();
            part = if goes_on { lines.next() } else { None };
        }
        let whole = whole.trim();
        let (keyword, rest) = whole.split_once(char::is_whitespace).unwrap_or((whole, ""));
        if keyword.is_empty() {
            continue;
        }
        let keyword = keyword.to_ascii_uppercase();
        let documents =
            if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") { documents(rest) } else { Vec::new() };
        let mut script = None;
        for end in documents {
            let body: Vec<&str> =
                lines.by_ref().take_while(|line| line.trim_start_matches('\t') != end).collect();
            script.get_or_insert_with(String::new).push_str(&body.join("\n"));
        }
        found.push(DockerfileInstruction { keyword, rest: rest.trim().to_owned(), script });
    }
    found
}

/// The last letter of a continued line.
fn escape(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#')?.split_once('='));
    let mut found = directives.filter(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    found.next().and_then(|(_, value)| value.trim().chars().next()).unwrap_or('\\')
}

/// The words that end the here-documents of an instruction.
fn documents(rest: &str) -> Vec<String> {
    let starts = rest.match_indices("<<").map(|(at, mark)| rest.get(at + mark.len()..).unwrap_or_default());
    let ends = starts.filter_map(|after| {
        let word = after
            .trim_start_matches('-')
            .split(|letter: char| letter.is_whitespace() || letter == '>')
            .next()?;
        Some(unquoted(word))
            .filter(|word| word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'))
    });
    ends.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, target: Option<&str>) -> Option<(Option<String>, bool)> {
        let arguments = BTreeMap::from([("TAG".to_owned(), "20-slim".to_owned())]);
        FinalStage::read(text, target, &arguments).map(|stage| (stage.base, stage.runs_shell))
    }

    fn says(base: &str, runs_shell: bool) -> Option<(Option<String>, bool)> {
        Some((Some(base.to_owned()).filter(|base| !base.is_empty()), runs_shell))
    }

    #[test]
    fn the_form_of_an_instruction_shows_a_shell() {
        for (instructions, runs) in [
            ("RUN apt-get update", true),
            ("run make", true),
            ("RUN --mount=type=cache,target=/x --network=none make", true),
            ("RUN [\"/app\", \"init\"]", false),
            ("RUN --mount=type=cache,target=/x [\"/app\"]", false),
            ("CMD node server.js", true),
            ("ENTRYPOINT exec top", true),
            ("CMD [\"node\"]", false),
            ("CMD", false),
            ("SHELL [\"/bin/bash\", \"-c\"]\nRUN make", false),
            ("SHELL [\"/bin/bash\", \"-c\"]\nRUN make\nSHELL [\"/bin/sh\", \"-c\"]\nCMD top", true),
            ("RUN <<EOF\nmake\nEOF", true),
            ("RUN <<EOF\n#!/usr/bin/env python3\nRUN x\nEOF", false),
            ("COPY <<EOF /a\nRUN make\nEOF", false),
            ("COPY <<-\"EOF\" /a\n\tCMD top\n\tEOF\nUSER 1", false),
            ("# RUN make", false),
            ("COPY a \\\n  # a comment\n\n  RUN /b", false),
            ("ENV A=1 \\\n  B=2\nRUN \\\n  make", true),
            ("HEALTHCHECK CMD curl localhost", false),
        ] {
            assert_eq!(
                read(&format!("FROM acme/base:1\n{instructions}\n"), None),
                says("acme/base:1", runs),
                "{instructions}"
            );
        }
        assert_eq!(read("# escape=`\nFROM a\nCOPY x `\nRUN y\nCOPY c:\\\nRUN make", None), says("a", true));
        assert_eq!(read("# escape=`\nFROM a\nCOPY x `\nRUN y", None), says("a", false));
    }

    #[test]
    fn the_wanted_stage_and_those_that_it_comes_from_count() {
        let text = "FROM golang:1.22 AS Build\nRUN make\nFROM build AS test\nCMD [\"x\"]\nFROM scratch\nCOPY --from=build /a /a\n";
        assert_eq!(read(text, None), says("", false));
        assert_eq!(read(text, Some("TEST")), says("golang:1.22", true));
        assert_eq!(read(text, Some("0")), says("golang:1.22", true));
        assert_eq!(read(text, Some("2")), says("", false));
        assert_eq!(read(text, Some("3")), None);
        assert_eq!(read(text, Some("none")), None);
        assert_eq!(read("", None), None);
        assert_eq!(read("FROM\n", None), None);
        // A shell that a stage chooses is that of what comes from it.
        let chosen = "FROM a AS one\nSHELL [\"/bin/bash\", \"-c\"]\nFROM one\nRUN make\n";
        assert_eq!(read(chosen, None), says("a", false));
        // A stage of the same name as its image is not its own base.
        assert_eq!(read("FROM node AS node\nRUN make\nFROM node AS node\n", None), says("node", true));
    }

    #[test]
    fn variables_name_the_base() {
        for (text, base) in [
            ("ARG TAG=latest\nFROM node:$TAG", "node:20-slim"),
            ("ARG OWN=\"1.2\"\nFROM --platform=linux/amd64 a:${OWN} AS x", "a:1.2"),
            ("ARG NONE\nFROM a:${NONE:-3}-x", "a:3-x"),
            ("ARG ONE=1 TWO=2\nFROM a:$ONE.$TWO", "a:1.2"),
            ("ARG NONE\nFROM a:${NONE}", ""),
            ("FROM a:${NONE", ""),
        ] {
            assert_eq!(read(text, None), says(base, false), "{text}");
        }
    }
}
