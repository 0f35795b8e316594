//! `tranship events`: what happened to deployments, and what happens.

use super::deployment::{AwsOptions, TerminalProgress};
use super::{CommandContext, ExitStatus, VariableOptions};
use crate::deploy::{self, PastEvent};

/// The arguments of the command.
#[derive(Debug, clap::Args)]
pub struct EventsCommand {
    /// Environments of the manifest
    #[arg(value_name = "ENV", required = true)]
    environments: Vec<String>,
    /// How many events to show, the newest
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    last: usize,
    /// Go on until Ctrl-C
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    set: VariableOptions,
    #[command(flatten)]
    aws: AwsOptions,
}

impl EventsCommand {
    /// Prints one line for each event to standard output, the oldest first.
    pub fn run(&self, context: &mut CommandContext<'_>) -> ExitStatus {
        let deployments = match context.identify_all(&self.environments, &self.set, &self.aws) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let column = self.environments.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        let names: Vec<String> = match self.environments.len() {
            1 => vec![String::new()],
            _ => self.environments.iter().map(|name| format!("{name:<column$} | ")).collect(),
        };
        let name = |place: usize| names.get(place).map_or("", String::as_str);
        if self.follow {
            let shell = &mut *context.shell;
            let mut tell = |place: usize, event: &PastEvent| shell.data(&line(name(place), event));
            return match deploy::follow_events(&deployments, self.last, &mut tell) {
                Ok(()) => ExitStatus::Done,
                Err(failure) => context.fail(&failure),
            };
        }
        let mut found = Vec::new();
        for (place, (deployment, options)) in deployments.iter().enumerate() {
            match deploy::events(deployment, self.last, options, &mut TerminalProgress(context.shell)) {
                Ok(events) => found.extend(events.into_iter().map(|event| (place, event))),
                Err(failure) => return context.fail(&failure),
            }
        }
        found.sort_by(|(_, a), (_, b)| a.time.cmp(&b.time));
        let skipped = found.len().saturating_sub(self.last);
        for (place, event) in found.iter().skip(skipped) {
            context.shell.data(&line(name(*place), event));
        }
        ExitStatus::Done
    }
}

/// The line of an event; `name` is that of the environment, where there are several.
fn line(name: &str, event: &PastEvent) -> String {
    let PastEvent { time, subject, status, text } = event;
    format!("{}\n", format!("{time} {name}{status:<20} {subject}  {text}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_environment_where_there_are_several() {
        let mut event = PastEvent {
            time: "2026-11-27T21:04:05Z".into(),
            subject: "WebService".into(),
            status: "CREATE_COMPLETE".into(),
            text: String::new(),
        };
        assert_eq!(line("", &event), "2026-11-27T21:04:05Z CREATE_COMPLETE      WebService\n");
        event.text = "ready".into();
        let service = PastEvent { subject: "web".into(), status: "SERVICE_EVENT".into(), ..event.clone() };
        let text = [line("dev  | ", &event), line("prod | ", &service)].concat();
        crate::operation::transcripts::golden("events.txt", &text);
        assert_eq!(
            line("dev  | ", &event),
            "2026-11-27T21:04:05Z dev  | CREATE_COMPLETE      WebService  ready\n"
        );
    }
}
