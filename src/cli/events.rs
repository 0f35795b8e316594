//! `tranship events`: what happened to deployments, and what happens.

use super::deployment::{AwsOptions, ReadingProgress};
use super::{CommandContext, ExitStatus, Shell, VariableOptions};
use crate::deploy::{self, EventReader, PastEvent};
use crate::operation::side_by_side::wrap;

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
            let mut lines = EventLines { shell: &mut *context.shell, names: &names };
            return match deploy::follow_events(&deployments, self.last, &mut lines) {
                Ok(()) => ExitStatus::Done,
                Err(failure) => context.fail(&failure),
            };
        }
        let mut found = Vec::new();
        for (place, (deployment, options)) in deployments.iter().enumerate() {
            match deploy::events(deployment, self.last, options, &mut ReadingProgress(context.shell)) {
                Ok(events) => found.extend(events.into_iter().map(|event| (place, event))),
                Err(failure) => return context.fail(&failure),
            }
        }
        found.sort_by_key(|(_, event)| event.at);
        let skipped = found.len().saturating_sub(self.last);
        for (place, event) in found.iter().skip(skipped) {
            let text = told(name(*place), event, context.shell.data_columns());
            context.shell.data(&text);
        }
        ExitStatus::Done
    }
}

/// Prints events as they come.
struct EventLines<'a> {
    shell: &'a mut Shell,
    names: &'a [String],
}

impl EventReader for EventLines<'_> {
    fn tell(&mut self, place: usize, event: &PastEvent) {
        let name = self.names.get(place).map_or("", String::as_str);
        let text = told(name, event, self.shell.data_columns());
        self.shell.data(&text);
    }

    fn is_read(&self) -> bool {
        self.shell.is_read()
    }
}

/// The lines of an event, within the columns of a terminal.
fn told(name: &str, event: &PastEvent, columns: Option<usize>) -> String {
    let line = line(name, event);
    match columns {
        Some(columns) => wrap(line.trim_end(), columns).into_iter().map(|line| line + "\n").collect(),
        None => line,
    }
}

/// The line of an event; `name` is that of the environment, where there are several.
fn line(name: &str, event: &PastEvent) -> String {
    let PastEvent { time, subject, status, text, .. } = event;
    format!("{}\n", format!("{time} {name}{status:<20} {subject}  {text}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(subject: &str, status: &str, text: &str) -> PastEvent {
        PastEvent {
            at: 0,
            time: "2026-11-27T21:04:05Z".into(),
            subject: subject.into(),
            status: status.into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_line_has_its_environment_where_there_are_several() {
        assert_eq!(
            line("", &event("WebService", "CREATE_COMPLETE", "")),
            "2026-11-27T21:04:05Z CREATE_COMPLETE      WebService\n"
        );
        assert_eq!(
            line("dev  | ", &event("WebService", "CREATE_COMPLETE", "ready")),
            "2026-11-27T21:04:05Z dev  | CREATE_COMPLETE      WebService  ready\n"
        );
    }

    #[test]
    fn the_events_at_each_width_are_the_transcript() {
        let unable = "(service shop-web) was unable to place a task because no container instance met all of its requirements.";
        let all = [
            ("dev  | ", event("shop-dev", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")),
            ("prod | ", event("WebService", "CREATE_COMPLETE", "ready")),
            ("prod | ", event("web", "SERVICE_EVENT", unable)),
        ];
        let text = |columns| all.iter().map(|(name, event)| told(name, event, columns)).collect::<String>();
        for width in crate::operation::transcripts::WIDTHS {
            crate::operation::transcripts::golden(&format!("events-{width}.txt"), &text(Some(width)));
        }
        crate::operation::transcripts::golden("events.txt", &text(None));
    }
}
