//! Secrets in commands and health checks: a variable of the container holds each, and a shell reads it.
//!
//! In: a container's entry point, command and health check as the document has them. Out: the same with a shell
//! that runs the image's own entry point, and one more variable for each secret; or an error where the image's
//! entry point or shell is unknown. Invariant: no word of the result holds a part of a secret.

use super::LoweringContext;
use super::address_scan::{BareWords, TextRange, slice};
use super::environment_wiring::EnvironmentWiring;
use super::flat_text::FlatText;
use super::secret_groups::SecretExtent;
use super::secret_wiring::WiredValue;
use super::shell_words::{ShellSource, VariablePart};
use crate::rules;
use crate::{AppService, At, ContainerSpec, EnvironmentVariable, HealthTest, ManifestName, Text};
use tranship_frontend::diagnostic::Diagnostic;
use tranship_frontend::secrets::{secrets_in_command, secrets_of};
use tranship_frontend::source::Origin;
use tranship_frontend::yaml::NodeId;

/// Programs that take a script behind `-c`.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash"];

/// A word of a command with its secrets.
struct SecretWord<'t> {
    text: &'t Text,
    flat: FlatText,
    parts: Vec<VariablePart>,
}

/// What is known of an image, before a shell is put before it.
struct KnownProgram {
    /// The image's own entry point, where the manifest has none.
    entry_point: Option<Vec<String>>,
    has_shell: Option<bool>,
}

impl EnvironmentWiring<'_> {
    /// Moves the secrets of a service's command lines into variables.
    pub(super) fn command_secrets(&mut self, cx: &mut LoweringContext<'_>, service: &mut AppService) {
        let mut program = None;
        self.process_secrets(cx, service, &mut program);
        self.health_secrets(cx, service, &mut program);
    }

    fn process_secrets(
        &mut self,
        cx: &mut LoweringContext<'_>,
        service: &mut AppService,
        program: &mut Option<KnownProgram>,
    ) {
        let (entry, command) = (service.container.entrypoint.clone(), service.container.command.clone());
        let (entry, command) = (entry.as_ref(), command.as_ref());
        let given: Vec<&Text> = [entry, command].into_iter().flatten().flat_map(|list| &list.value).collect();
        let Some(mut words) = self.secret_words(cx, service, &given) else { return };
        let Some(list) = command.or(entry) else { return };
        let program = program.get_or_insert_with(|| KnownProgram::of(&service.container));
        let in_entry = entry.map_or(0, |list| list.value.len());
        let script = script_at(&words);
        let has_entry = entry.is_some_and(|list| !list.value.is_empty());
        let own = if has_entry { Some(&[][..]) } else { program.entry_point.as_deref() };
        if script.is_none() && (own.is_none() || program.has_shell != Some(true)) {
            refuse(cx, service, &words);
            return;
        }
        self.name_parts(cx, service, &mut words);
        if let Some(script) = script {
            let lines: Vec<Text> = words
                .iter()
                .enumerate()
                .map(|(at, word)| if at == script { word.script() } else { word.text.clone() })
                .collect();
            let (first, rest) = lines.split_at(in_entry.min(lines.len()));
            fill(&mut service.container.entrypoint, first);
            fill(&mut service.container.command, rest);
        } else {
            words.iter_mut().for_each(|word| late_parts(service, word));
            let own = own.into_iter().flatten().map(|word| ShellSource::word(word));
            let source = ShellSource::joined("exec", own.chain(words.iter().map(SecretWord::argument)));
            let at = |value| At { value, node: list.node, origin: list.origin };
            let shell = ["sh", "-c"].map(|word| Text::known(word, NodeId::UNNUMBERED, list.origin));
            service.container.entrypoint = Some(At {
                value: shell.to_vec(),
                node: entry.map_or(NodeId::UNNUMBERED, |list| list.node),
                origin: list.origin,
            });
            service.container.command = Some(at(vec![source.text(list.node, list.origin)]));
        }
        for list in [entry, command].into_iter().flatten() {
            claim(cx, list);
        }
        report_shell(cx, service, "command", list.origin);
    }

    fn health_secrets(
        &mut self,
        cx: &mut LoweringContext<'_>,
        service: &mut AppService,
        program: &mut Option<KnownProgram>,
    ) {
        let Some(test) = service.container.health_check.as_ref().map(|check| check.test.clone()) else {
            return;
        };
        let given: Vec<&Text> = match &test.value {
            HealthTest::Exec(list) => list.iter().collect(),
            HealthTest::Shell(line) => vec![line],
        };
        let Some(mut words) = self.secret_words(cx, service, &given) else { return };
        let program = program.get_or_insert_with(|| KnownProgram::of(&service.container));
        if program.has_shell == Some(false) {
            refuse(cx, service, &words);
            return;
        }
        self.name_parts(cx, service, &mut words);
        let line = match &test.value {
            HealthTest::Shell(_) => words.first().map(SecretWord::script),
            HealthTest::Exec(_) => {
                let source = match script_at(&words).and_then(|at| words.get(at)) {
                    Some(script) if words.len() == 3 => {
                        return self.fill_health(cx, service, &test, script.script());
                    }
                    _ => {
                        words.iter_mut().for_each(|word| late_parts(service, word));
                        ShellSource::joined("", words.iter().map(SecretWord::argument))
                    }
                };
                Some(source.text(test.node, test.origin))
            }
        };
        if let Some(line) = line {
            self.fill_health(cx, service, &test, line);
        }
    }

    fn fill_health(
        &self,
        cx: &mut LoweringContext<'_>,
        service: &mut AppService,
        test: &At<HealthTest>,
        line: Text,
    ) {
        if let Some(check) = &mut service.container.health_check {
            check.test = At { value: HealthTest::Shell(line), node: test.node, origin: test.origin };
        }
        claim(cx, test);
        report_shell(cx, service, "health check", test.origin);
    }

    /// The words of a command, if one of them holds a secret.
    fn secret_words<'t>(
        &self,
        cx: &mut LoweringContext<'_>,
        service: &AppService,
        given: &[&'t Text],
    ) -> Option<Vec<SecretWord<'t>>> {
        let flats: Vec<FlatText> = given.iter().map(|text| FlatText::of(text)).collect();
        let texts: Vec<&str> = flats.iter().map(|flat| flat.text.as_str()).collect();
        let flagged = secrets_in_command(&texts);
        let mut found = false;
        let mut words = Vec::new();
        for (at, (text, flat)) in given.iter().copied().zip(flats).enumerate() {
            let known = cx.secret_parts(text, &flat);
            let flagged =
                flagged.iter().filter(|secret| secret.word == at).map(|secret| secret.range.clone());
            let ranges = known.with(flagged);
            found |= !ranges.is_empty();
            let part = |range| VariablePart { range, variable: String::new() };
            let parts = ranges.into_iter().map(part).collect();
            words.push(SecretWord { text, flat, parts });
        }
        let managed = found && words.iter().any(|word| self.leads_to_database(&service.name, word));
        if managed {
            refuse(cx, service, &words);
        }
        (found && !managed).then_some(words)
    }

    /// Gives each secret a variable of the container.
    fn name_parts(
        &mut self,
        cx: &LoweringContext<'_>,
        service: &mut AppService,
        words: &mut [SecretWord<'_>],
    ) {
        for SecretWord { text, flat, parts } in words {
            for part in parts {
                part.variable = self.variable_of(cx, service, text, flat, part.range.clone());
            }
        }
    }

    /// Whether a word has the address of a managed database, whose password is another one.
    fn leads_to_database(&self, service: &ManifestName, word: &SecretWord<'_>) -> bool {
        let found = self.addresses(service, &word.flat.text, BareWords::AreWords);
        let to =
            found.iter().filter_map(|one| self.directory.resolve(service, slice(&word.flat.text, &one.host)));
        !word.parts.is_empty() && to.into_iter().any(|to| self.databases.contains_key(to))
    }

    /// The variable of the container that holds a secret: one that it has, else a new one.
    fn variable_of(
        &mut self,
        cx: &LoweringContext<'_>,
        service: &mut AppService,
        text: &Text,
        flat: &FlatText,
        range: std::ops::Range<usize>,
    ) -> String {
        let key = flat.key(&range);
        let same = |name: &ManifestName, variable: &EnvironmentVariable| {
            let Some(text) = &variable.value else { return false };
            let value = FlatText::of(text);
            let whole = 0..value.text.len();
            let is_secret =
                !secrets_of(name, &value.text).is_empty() || !cx.secret_parts(text, &value).all().is_empty();
            is_secret && value.key(&whole) == key
        };
        let is_name =
            |name: &ManifestName| name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
        let environment = &service.container.environment;
        if let Some((name, _)) = environment.iter().find(|(name, value)| is_name(name) && same(name, value)) {
            return name.to_string();
        }
        let name = ManifestName::from(free_name(cx, service, text, flat, &range));
        let part = flat.part(range.clone());
        let found = WiredValue { service: &service.name, variable: &name, flat, text };
        let mut secret = Text::empty(NodeId::UNNUMBERED, text.origin);
        secret.push(self.given(cx, &found, range, SecretExtent::Whole), text.origin);
        self.pool.keep(&service.name, &name, secret);
        let variable =
            EnvironmentVariable { value: Some(part), node: NodeId::UNNUMBERED, origin: text.origin };
        service.container.environment.insert(name.clone(), variable);
        name.to_string()
    }
}

/// Gives what is late-bound in a word a variable too: the shell must not read a value that nobody has seen.
fn late_parts(service: &mut AppService, word: &mut SecretWord<'_>) {
    let SecretWord { text, flat, parts } = word;
    let is_in = |range: &TextRange, parts: &[VariablePart]| {
        parts.iter().any(|part| part.range.start <= range.start && range.end <= part.range.end)
    };
    let late: Vec<(TextRange, ManifestName)> =
        flat.open_parts().filter_map(|(range, _)| Some((range.clone(), flat.variable_at(range)?))).collect();
    for (range, name) in late {
        if is_in(&range, parts) {
            continue;
        }
        let key = flat.key(&range);
        let same = |known: &EnvironmentVariable| {
            known
                .value
                .as_ref()
                .map(FlatText::of)
                .is_some_and(|value| value.key(&(0..value.text.len())) == key)
        };
        let first = format!("TRANSHIP_VALUE_{name}");
        let numbered = (2u32..).map(|number| format!("TRANSHIP_VALUE_{name}_{number}"));
        let environment = &mut service.container.environment;
        let free = |name: &String| environment.get(name.as_str()).is_none_or(same);
        let Some(variable) = std::iter::once(first).chain(numbered).find(free) else { continue };
        let value = EnvironmentVariable {
            value: Some(flat.part(range.clone())),
            node: NodeId::UNNUMBERED,
            origin: text.origin,
        };
        environment.insert(ManifestName::from(variable.as_str()), value);
        parts.push(VariablePart { range, variable });
    }
    parts.sort_by_key(|part| part.range.start);
}

/// After the variable of interpolation, which is the same secret in each service; else after the service.
fn free_name(
    cx: &LoweringContext<'_>,
    service: &AppService,
    text: &Text,
    flat: &FlatText,
    range: &std::ops::Range<usize>,
) -> String {
    let letters = |name: &str| -> String {
        name.chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
            .collect()
    };
    let found = WiredValue { service: &service.name, variable: &service.name, flat, text };
    let taken = |name: &String| service.container.environment.contains_key(name.as_str());
    let from = cx.source_variable(&found, range).map(|name| format!("TRANSHIP_SECRET_{}", letters(&name)));
    let numbered = (1u32..).map(|number| format!("TRANSHIP_SECRET_{}_{number}", letters(&service.name)));
    from.into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

impl SecretWord<'_> {
    fn argument(&self) -> ShellSource {
        ShellSource::argument(&self.flat, &self.parts)
    }

    fn script(&self) -> Text {
        ShellSource::script(&self.flat, &self.parts).text(self.text.node, self.text.origin)
    }
}

impl KnownProgram {
    fn of(container: &ContainerSpec) -> Self {
        let facts = container.image_facts();
        KnownProgram { entry_point: facts.entry_point(), has_shell: facts.has_shell() }
    }
}

/// The word that is a script for a shell, if no other word holds a secret.
fn script_at(words: &[SecretWord<'_>]) -> Option<usize> {
    let text = |at: usize| words.get(at).map_or("", |word| word.flat.text.as_str());
    let flag = text(1);
    let takes_script = flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c');
    let elsewhere = words.iter().enumerate().any(|(at, word)| at != 2 && !word.parts.is_empty());
    (SHELLS.contains(&text(0)) && takes_script && !elsewhere).then_some(2)
}

fn fill(list: &mut Option<At<Vec<Text>>>, words: &[Text]) {
    if let Some(list) = list {
        list.value = words.to_vec();
    }
}

fn claim(cx: &mut LoweringContext<'_>, claimed: &impl crate::ManifestLeaf) {
    let reason = "a shell reads the secret from a variable, because commands are stored in plain text";
    cx.ledger.approximated(claimed, crate::BehaviourEffect::Equivalent, "a shell", reason, "");
}

fn report_shell(cx: &mut LoweringContext<'_>, service: &AppService, what: &str, origin: Origin) {
    let message =
        format!("the {what} of service `{}` reads its secret from a variable, through a shell", service.name);
    cx.diagnostics
        .push(Diagnostic::new(&rules::app::SECRET_BY_SHELL, message).at(origin).service(&*service.name));
}

/// Says what to write instead.
fn refuse(cx: &mut LoweringContext<'_>, service: &AppService, words: &[SecretWord<'_>]) {
    for word in words.iter().filter(|word| !word.parts.is_empty()) {
        let message = format!(
            "a command of service `{}` contains a secret, and commands are stored in plain text",
            service.name
        );
        let help = "put it in `environment` as `SECRET`, and start the image's entrypoint through a shell: `entrypoint: [sh, -c, 'exec ENTRYPOINT COMMAND \"$$SECRET\"']`";
        let told = Diagnostic::new(&rules::app::SECRET_IN_COMMAND, message).at(word.text.origin);
        cx.diagnostics.push(told.service(&*service.name).help(help));
    }
}
