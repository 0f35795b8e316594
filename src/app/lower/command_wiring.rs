//! Host names in commands, entrypoints and health checks, once `command_secrets` took the secrets out.

use super::LoweringContext;
use super::address_scan::{BareWords, ScannedAddress, TextRange, slice};
use super::bare_names::long_flag;
use super::environment_wiring::EnvironmentWiring;
use super::flat_text::FlatText;
use super::variable_names::holds_host;
use super::written_hosts::ReadText;
use crate::{AppService, HealthTest, HostPlace, ManifestName, Text, TextPiece};
use tranship_frontend::source::Origin;

/// What a word is called that no flag stands before: `web` in `npm run web`.
const SUBCOMMAND: &str = "command";

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
        self.command_secrets(cx, service);
        let name = service.name.clone();
        let container = &mut service.container;
        for list in [&mut container.entrypoint, &mut container.command].into_iter().flatten() {
            self.arguments(cx, &name, &mut list.value, CommandPurpose::Process);
        }
        match container.health_check.as_mut().map(|check| &mut check.test.value) {
            Some(HealthTest::Exec(list)) => self.arguments(cx, &name, list, CommandPurpose::HealthCheck),
            Some(HealthTest::Shell(line)) => {
                self.arguments(cx, &name, std::slice::from_mut(line), CommandPurpose::HealthCheck)
            }
            None => {}
        }
    }

    fn arguments(
        &mut self,
        cx: &LoweringContext<'_>,
        service: &ManifestName,
        list: &mut [Text],
        purpose: CommandPurpose,
    ) {
        let flats: Vec<FlatText> = list.iter().map(FlatText::of).collect();
        let words = words(&flats);
        for (index, (flat, text)) in flats.iter().zip(list.iter_mut()).enumerate() {
            let mut found = self.addresses(service, &flat.text, BareWords::AreWords);
            found.extend(self.spaced(service, &flats, &words, index, &found));
            let mut marks = Vec::new();
            for address in &found {
                marks.extend(self.mark(service, address, flat, text.origin, purpose));
            }
            let before = index.checked_sub(1).and_then(|before| flats.get(before));
            self.named_words(
                cx,
                (service, flat, text.origin),
                before.map_or("", |flat| &flat.text),
                purpose,
                &found,
            );
            if !marks.is_empty() {
                *text = flat.with(marks);
            }
        }
    }

    /// Names in an argument that stay as they are: the value of a flag, or of a key inside the argument.
    fn named_words(
        &mut self,
        cx: &LoweringContext<'_>,
        (service, flat, origin): (&ManifestName, &FlatText, Origin),
        before: &str,
        purpose: CommandPurpose,
        found: &[ScannedAddress],
    ) {
        let place = match purpose {
            CommandPurpose::Process => HostPlace::Command,
            CommandPurpose::HealthCheck => HostPlace::HealthCheck,
        };
        // A word without a flag before it is more often a subcommand than a host.
        let called = long_flag(before).unwrap_or(SUBCOMMAND);
        self.written(cx, &ReadText { service, place, called, flat, origin }, found);
    }

    /// The pieces of one address; of a service's own name in its health check, `localhost`.
    fn mark(
        &mut self,
        service: &ManifestName,
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
        service: &ManifestName,
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
