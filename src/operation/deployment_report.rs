//! The report of a deployment that failed or was broken off: a short page that can be attached to a ticket.
//!
//! In: what the deployment said, masked. Out: Markdown. Pure. Invariant: what a container wrote is left out, since an application may
//! print its secrets; so are the values of parameters.

use super::difference::{DeploymentDiff, lines, summary};

/// Events to keep: the last ones.
const KEPT: usize = 100;

/// The width of the lines of a difference, in characters.
const WIDTH: usize = 120;

/// What a deployment said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentStory {
    /// The environment of the manifest.
    pub environment: String,
    /// Who deployed what where: the banner.
    pub banner: String,
    /// When it ended: `2026-11-27T21:04:05Z`.
    pub ended: String,
    /// The version of the program.
    pub version: String,
    /// What was to change.
    pub review: Option<(String, DeploymentDiff)>,
    /// The events, the oldest first.
    pub events: Vec<String>,
    /// Events that are no longer kept.
    pub dropped: usize,
    /// Why it ended.
    pub message: String,
    /// Context and help.
    pub help: Vec<String>,
}

impl DeploymentStory {
    /// Adds an event.
    pub fn note(&mut self, event: String) {
        self.events.push(event);
        if self.events.len() > KEPT {
            self.events.remove(0);
            self.dropped += 1;
        }
    }

    /// The name of the file, which sorts by time.
    pub fn file_name(&self) -> String {
        let time: String = self.ended.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{time}.md")
    }

    /// The page.
    pub fn page(&self) -> String {
        let mut page = format!("# Deployment of {} that did not succeed\n\n", self.environment);
        page.push_str(&format!(
            "- ended: {}\n- {}\n- tranship {}\n\n",
            self.ended, self.banner, self.version
        ));
        page.push_str(&format!("## Why\n\n{}\n", code(&self.message)));
        let told = self.help.iter().filter(|line| !line.starts_with("  |"));
        for line in told {
            page.push_str(&format!("- {}\n", one_line(line)));
        }
        if let Some((subject, diff)) = &self.review {
            page.push_str(&format!("\n## What was to change\n\n{}\n\n", summary(diff, subject)));
            page.push_str(&fenced(&unvalued(diff)));
        }
        if !self.events.is_empty() {
            page.push_str("\n## Events\n\n");
            if self.dropped > 0 {
                page.push_str(&format!("{} earlier events are left out.\n\n", self.dropped));
            }
            page.push_str(&fenced(&self.events));
        }
        page
    }
}

/// The lines of a difference without the values.
fn unvalued(diff: &DeploymentDiff) -> Vec<String> {
    let mut named = diff.clone();
    for change in &mut named.changes {
        (change.old, change.new) = (None, None);
    }
    lines(&named, WIDTH)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn code(text: &str) -> String {
    fenced(&[text.to_owned()])
}

/// Text that nothing in it can end.
fn fenced(lines: &[String]) -> String {
    let text: Vec<String> = lines.iter().map(|line| one_line(line).replace("```", "~~~")).collect();
    format!("```\n{}\n```\n", text.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::difference::{ChangeAction, ChangeConsequence, ValueDifference};

    fn story() -> DeploymentStory {
        let change = ValueDifference {
            action: ChangeAction::Change,
            label: "environment GREETING".into(),
            subjects: vec!["service web".into()],
            old: Some("canary-old".into()),
            new: Some("canary-new".into()),
            secret: false,
            cause: None,
            consequence: ChangeConsequence::NewTasks,
            detail: String::new(),
            resources: vec!["WebTaskDefinition".into()],
        };
        let diff = DeploymentDiff { changes: vec![change], ..DeploymentDiff::default() };
        DeploymentStory {
            environment: "prod".into(),
            banner: "stack shop-prod in account 1".into(),
            ended: "2026-11-27T21:04:05Z".into(),
            version: "0.1.0".into(),
            review: Some(("stack shop-prod".into(), diff)),
            events: vec!["UPDATE_FAILED WebService: ```".into()],
            dropped: 0,
            message: "service web: container web\nexited with code 1".into(),
            help: vec!["the stack ended".into(), "  | canary-log".into()],
        }
    }

    #[test]
    fn the_page_says_why_what_and_when_and_no_value() {
        assert_eq!(
            story().page(),
            "# Deployment of prod that did not succeed\n\n- ended: 2026-11-27T21:04:05Z\n- stack shop-prod in account 1\n- tranship 0.1.0\n\n\
             ## Why\n\n```\nservice web: container web exited with code 1\n```\n\n- the stack ended\n\n\
             ## What was to change\n\nstack shop-prod: 1 change, 1 resource; at most: new tasks\n\n\
             ```\n~ environment GREETING of service web: changed  new tasks\n```\n\n\
             ## Events\n\n```\nUPDATE_FAILED WebService: ~~~\n```\n"
        );
        assert!(!story().page().contains("canary"));
        assert_eq!(story().file_name(), "20261127T210405Z.md");
    }

    #[test]
    fn the_last_events_are_kept() {
        let mut story = DeploymentStory::default();
        (0..KEPT + 2).for_each(|number| story.note(number.to_string()));
        assert_eq!((story.events.len(), story.dropped, story.events[0].as_str()), (KEPT, 2, "2"));
        assert!(story.page().contains("2 earlier events are left out."));
    }
}
