//! Host names in commands, entrypoints and health checks; literal secrets there are refused.
//!
//! A container's environment can take a value from a secret; its command cannot.

use super::LoweringContext;
use super::address_scan::{BareWords, ScannedAddress, TextRange, slice};
use super::environment_wiring::EnvironmentWiring;
use super::flat_text::FlatText;
use super::variable_names::holds_host;
use crate::rules;
use crate::{AppService, HealthTest, Name, Text, TextPiece};
use std::collections::BTreeSet;
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::secrets::secrets_in_command;
use tranship_frontend::source::Origin;

/// A word of a command: the number of its argument, and where in it.
struct CommandWord {
    argument: usize,
    part: TextRange,
}

/// What a command line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CommandPurpose {
    /// The container's process.
    Process,
    /// Its health check, which runs inside the container.
    HealthCheck,
}

impl EnvironmentWiring<'_> {
    /// Wires a service's command lines.
    pub(super) fn commands(&mut self, cx: &mut LoweringContext<'_>, service: &mut AppService) {
        let name = service.name.clone();
        let container = &mut service.container;
        // Flags in `command` belong to the program that `entrypoint` names.
        let lists = [&container.entrypoint, &container.command].into_iter().flatten();
        refuse_secrets(cx, &name, lists.flat_map(|list| &list.value));
        match container.health_check.as_ref().map(|check| &check.test.value) {
            Some(HealthTest::Exec(list)) => refuse_secrets(cx, &name, list.iter()),
            Some(HealthTest::Shell(line)) => refuse_secrets(cx, &name, std::iter::once(line)),
            None => {}
        }
        for list in [&mut container.entrypoint, &mut container.command].into_iter().flatten() {
            self.arguments(&name, &mut list.value, CommandPurpose::Process);
        }
        match container.health_check.as_mut().map(|check| &mut check.test.value) {
            Some(HealthTest::Exec(list)) => self.arguments(&name, list, CommandPurpose::HealthCheck),
            Some(HealthTest::Shell(line)) => {
                self.arguments(&name, std::slice::from_mut(line), CommandPurpose::HealthCheck)
            }
            None => {}
        }
    }

    fn arguments(&mut self, service: &Name, list: &mut [Text], purpose: CommandPurpose) {
        let flats: Vec<FlatText> = list.iter().map(FlatText::of).collect();
        let words = words(&flats);
        for (index, (flat, text)) in flats.iter().zip(list.iter_mut()).enumerate() {
            let mut found = self.addresses(service, &flat.text, BareWords::AreWords);
            found.extend(self.spaced(service, &flats, &words, index, &found));
            let mut marks = Vec::new();
            for address in &found {
                marks.extend(self.mark(service, address, flat, text.origin, purpose));
            }
            if !marks.is_empty() {
                *text = flat.with(marks);
            }
        }
    }

    /// The pieces of one address; of a service's own name in its health check, `localhost`.
    fn mark(
        &mut self,
        service: &Name,
        address: &ScannedAddress,
        flat: &FlatText,
        origin: Origin,
        purpose: CommandPurpose,
    ) -> Vec<(TextRange, TextPiece)> {
        let Some(to) = self.directory.resolve(service, slice(&flat.text, &address.host)).cloned() else {
            return Vec::new();
        };
        if purpose == CommandPurpose::HealthCheck && to == *service {
            return vec![(address.host.clone(), TextPiece::Literal("localhost".into()))];
        }
        self.reach(service, &to, address, flat, None, origin);
        if self.databases.contains_key(&to) {
            let marks = self.database_marks(&to, address, flat);
            return marks.into_iter().filter(|(_, piece)| !piece.is_secret()).collect();
        }
        self.host_mark(service, &to, address, origin).into_iter().collect()
    }

    /// Hosts that stand as words of their own: `--host db`, `nc -z db 5432`.
    fn spaced(
        &self,
        service: &Name,
        flats: &[FlatText],
        words: &[CommandWord],
        argument: usize,
        known: &[ScannedAddress],
    ) -> Vec<ScannedAddress> {
        let text =
            |word: &CommandWord| flats.get(word.argument).map_or("", |flat| slice(&flat.text, &word.part));
        let mut found = Vec::new();
        for (at, word) in words.iter().enumerate().filter(|(_, word)| word.argument == argument) {
            let name = text(word);
            let Some(to) = self.directory.resolve(service, name) else { continue };
            if known.iter().any(|address| address.host == word.part) {
                continue;
            }
            let before = at.checked_sub(1).and_then(|before| words.get(before)).map_or("", text);
            let after = words.get(at + 1);
            let number = after.and_then(|after| text(after).parse::<u16>().ok());
            let listens =
                number.is_some_and(|number| self.listening.get(to).is_some_and(|set| set.contains(&number)));
            let flag = before == "-h" || before.strip_prefix("--").is_some_and(holds_host);
            if flag || listens {
                let port = after
                    .filter(|after| listens && after.argument == argument)
                    .map(|after| after.part.clone());
                found.push(ScannedAddress { host: word.part.clone(), port, ..ScannedAddress::default() });
            }
        }
        found
    }
}

/// Refuses literal secrets in the words of a command line.
fn refuse_secrets<'a>(cx: &mut LoweringContext<'_>, service: &Name, words: impl Iterator<Item = &'a Text>) {
    let words: Vec<&Text> = words.collect();
    let texts: Vec<String> = words.iter().map(|text| FlatText::of(text).text).collect();
    let found: BTreeSet<usize> = secrets_in_command(&texts).into_iter().map(|secret| secret.word).collect();
    for text in found.into_iter().filter_map(|word| words.get(word)) {
        tell(cx, service, text.origin);
    }
}

fn words(flats: &[FlatText]) -> Vec<CommandWord> {
    let mut words = Vec::new();
    for (argument, flat) in flats.iter().enumerate() {
        let mut start = 0;
        for (at, letter) in flat.text.char_indices().chain([(flat.text.len(), ' ')]) {
            if letter.is_whitespace() || letter == ';' {
                if start < at {
                    words.push(CommandWord { argument, part: start..at });
                }
                start = at + letter.len_utf8();
            }
        }
    }
    words
}

fn tell(cx: &mut LoweringContext<'_>, service: &Name, origin: Origin) {
    cx.diagnostics.push(
        Diagnostic::new(
            &rules::app::SECRET_IN_COMMAND,
            format!("the command of service `{service}` contains a secret, and commands are readable in the AWS console"),
        )
        .at(origin)
        .service(&**service)
        .help("move it to `environment` and let a shell read it: `sh -c 'exec server --password \"$$PASSWORD\"'`"),
    );
}
