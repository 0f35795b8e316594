//! Whether a container's command is known to end, and whether it is a worker's.
//!
//! In: `entrypoint`, `command` and the image of a container. Out: what the tables of
//! [`tranship_facts::ending_commands`] say of every simple command in it. A shell script ends where all of its
//! commands do. Source: POSIX, Shell Command Language, "Shell Grammar".

use super::flat_text::{self, FlatText};
use crate::{ContainerImage, ContainerSpec};
use tranship_facts::ending_commands::{is_known_to_end, is_worker, program_of_image};

/// Whether the command of a container is known to end.
pub(super) fn ends(container: &ContainerSpec) -> bool {
    let words = command_words(container);
    match script(&words) {
        Some(script) => script_ends(script),
        None => is_known_to_end(&borrowed(&words)),
    }
}

/// Whether the command of a container is that of a worker, which listens on no port.
pub(super) fn works_on_a_queue(container: &ContainerSpec) -> bool {
    let words = command_words(container);
    match script(&words) {
        Some(script) => simple_commands(script).iter().any(|one| is_worker(&borrowed(&one.words))),
        None => is_worker(&borrowed(&words)),
    }
}

/// The words of the command that a container runs, as far as the manifest and the known images say.
pub(super) fn command_words(container: &ContainerSpec) -> Vec<String> {
    let words = |list: &Option<crate::At<Vec<crate::Text>>>| -> Vec<String> {
        list.iter().flat_map(|list| &list.value).map(|text| FlatText::of(text).text).collect()
    };
    let (entrypoint, command) = (words(&container.entrypoint), words(&container.command));
    if !entrypoint.is_empty() {
        return [entrypoint, command].concat();
    }
    let image = match &container.image {
        ContainerImage::Named(text) => flat_text::shown(text),
        ContainerImage::Built { .. } => String::new(),
    };
    match program_of_image(&image).filter(|_| container.entrypoint.is_none()) {
        Some(program) => [vec![program.to_owned()], command].concat(),
        None => command,
    }
}

fn borrowed(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// The script of `sh -c`.
fn script(words: &[String]) -> Option<&str> {
    const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh"];
    let is_shell = |word: &str| word.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name));
    let at = words.iter().position(|word| is_shell(word))?;
    let flags = words.get(at + 1..)?;
    let count = flags.iter().take_while(|word| word.starts_with('-')).count();
    let is_script = flags.iter().take(count).any(|flag| !flag.starts_with("--") && flag.contains('c'));
    flags.get(count).filter(|_| is_script).map(String::as_str)
}

/// Whether each command of a script ends, or the last one leaves it.
fn script_ends(script: &str) -> bool {
    let commands = simple_commands(script);
    let Some(last) = commands.last() else { return false };
    let leaves = last.words.first().is_some_and(|word| word == "exit");
    let endless = commands.iter().any(SimpleCommand::is_endless_loop);
    !endless && (leaves || commands.iter().all(SimpleCommand::ends))
}

/// A command of a script, without control structures around it.
#[derive(Debug, Default)]
struct SimpleCommand {
    /// Its words without quotes.
    words: Vec<String>,
    /// Whether the script goes on while it runs.
    in_background: bool,
}

/// Words that stand before a command, and are none.
const KEYWORDS: &[&str] =
    &["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "esac"];

impl SimpleCommand {
    /// The command after the keywords before it.
    fn inner(&self) -> &[String] {
        let keywords = self.words.iter().take_while(|word| KEYWORDS.contains(&word.as_str())).count();
        self.words.get(keywords..).unwrap_or_default()
    }

    /// `while true`, `while :`.
    fn is_endless_loop(&self) -> bool {
        let words = borrowed(&self.words);
        matches!(
            words.as_slice(),
            ["while", "true" | ":" | "[" | "1", ..] | ["until", "false"] | ["for", "((;;))" | "((", ..]
        ) && !matches!(words.as_slice(), ["while", "[", rest @ ..] if rest != ["1", "]"])
    }

    fn ends(&self) -> bool {
        let words = borrowed(self.inner());
        match words.as_slice() {
            [] => true,
            // `for x in a b`: what it does stands after `do`.
            ["for", _, "in", ..] => true,
            ["wait", ..] => false,
            _ if self.in_background => true,
            words => match script(self.inner()) {
                Some(script) => script_ends(script),
                None => is_known_to_end(words),
            },
        }
    }
}

/// The simple commands of a script, in order. Quotes are read; expansions stay as they are.
fn simple_commands(script: &str) -> Vec<SimpleCommand> {
    let mut reader = ScriptReader::default();
    let mut letters = script.chars().peekable();
    while let Some(letter) = letters.next() {
        match (reader.quote, letter) {
            (Some('\''), '\'') | (Some('"'), '"') | (Some('`'), '`') => reader.quote = None,
            (Some('\''), _) => reader.push(letter),
            (_, '\\') => {
                // A line that goes on in the next one.
                match letters.next() {
                    Some('\n') | None => {}
                    Some(next) => reader.push(next),
                }
            }
            (Some(_), _) => reader.push(letter),
            (None, '"' | '\'' | '`') => {
                reader.quote = Some(letter);
                reader.in_word = true;
            }
            (None, '(') if reader.word.ends_with('$') || reader.depth > 0 => {
                reader.depth += 1;
                reader.push(letter);
            }
            (None, ')') if reader.depth > 0 => {
                reader.depth -= 1;
                reader.push(letter);
            }
            (None, _) if reader.depth > 0 => reader.push(letter),
            (None, '#') if !reader.in_word => while letters.next_if(|letter| *letter != '\n').is_some() {},
            (None, ';' | '\n' | '(' | ')') => reader.end_command(false),
            (None, '|') => {
                letters.next_if_eq(&'|');
                reader.end_command(false);
            }
            // `2>&1` and `&>file` redirect.
            (None, '&') if reader.word.ends_with('>') || letters.peek() == Some(&'>') => reader.push(letter),
            (None, '&') => {
                let both = letters.next_if_eq(&'&').is_some();
                reader.end_command(!both);
            }
            (None, _) if letter.is_whitespace() => reader.end_word(),
            (None, _) => reader.push(letter),
        }
    }
    reader.end_command(false);
    reader.commands
}

/// What was read of a script.
#[derive(Default)]
struct ScriptReader {
    commands: Vec<SimpleCommand>,
    words: Vec<String>,
    word: String,
    in_word: bool,
    quote: Option<char>,
    /// Parentheses that a substitution opened.
    depth: usize,
}

impl ScriptReader {
    fn push(&mut self, letter: char) {
        self.word.push(letter);
        self.in_word = true;
    }

    fn end_word(&mut self) {
        if std::mem::take(&mut self.in_word) {
            let word = std::mem::take(&mut self.word);
            self.words.push(word);
        }
    }

    fn end_command(&mut self, in_background: bool) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            self.commands.push(SimpleCommand { words, in_background });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_ends_where_all_its_commands_do() {
        for (script, ends) in [
            ("python manage.py migrate && python manage.py loaddata x", true),
            ("./manage collect-static && gunicorn core.asgi:application", false),
            ("mc alias set s http://minio:9000 a b; mc mb s/images; exit 0;", true),
            ("until mc alias set s http://minio:9000 a b; do sleep 1; done\nmc mb s/images", true),
            ("until nc -z db 5432; do echo waiting; sleep 1; done; alembic upgrade head", true),
            ("while true; do php artisan schedule:run; sleep 60; done", false),
            ("while ! nc -z db 5432; do sleep 1; done && rake db:migrate", true),
            ("while [ ! -f /ready ]; do sleep 1; done; echo ok", true),
            ("while [ 1 ]; do date; sleep 9; done", false),
            ("alembic upgrade head && exec uvicorn app:app", false),
            ("if [ -f x ]; then psql -f x; fi", true),
            ("for f in /sql/*.sql; do psql -f \"$f\"; done", true),
            ("server & sleep 5; mc mb s/x", true),
            ("server & wait", false),
            ("echo \"a && b; c\" > /tmp/x 2>&1", true),
            ("export A=$(cat /run/x; true) && rake db:seed", true),
            ("# only a comment\ntrue", true),
            ("sh -c 'rails db:migrate; rails s'", false),
            ("", false),
        ] {
            assert_eq!(script_ends(script), ends, "{script}");
        }
    }

    #[test]
    fn the_script_of_a_shell_is_found() {
        let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(script(&words(&["/bin/bash", "-euc", "true"])), Some("true"));
        assert_eq!(script(&words(&["tini", "--", "sh", "-c", "x"])), Some("x"));
        assert_eq!(script(&words(&["bash", "run.sh"])), None);
        assert_eq!(script(&words(&["gunicorn"])), None);
    }
}
