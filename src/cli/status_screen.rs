//! The status of environments as it changes: drawn again in place, or the lines that are new.
//!
//! In: rounds of statuses. Out: text on the shell. How blocks are laid out is decided in `crate::operation::side_by_side`.

use super::Shell;
use super::live::{clock, seconds};
use crate::deploy::{
    DeployBanner, DeployProgress, DeploymentStatus, PlannedChange, ProgressEvent, StatusRounds,
};
use crate::operation::difference::DeploymentDiff;
use crate::operation::log_lines::LogEvent;
use crate::operation::side_by_side::{changed, side_by_side};

/// The lines of one status; gets the name of the environment.
pub(super) type StatusLines<'a> = &'a dyn Fn(&str, &DeploymentStatus) -> Vec<String>;

/// Shows rounds.
pub(super) struct StatusScreen<'a> {
    shell: &'a mut Shell,
    names: &'a [String],
    lines: StatusLines<'a>,
    /// Whether the screen is drawn again in place.
    redraws: bool,
    drawn: usize,
    before: Vec<Vec<String>>,
}

impl<'a> StatusScreen<'a> {
    /// For environments of these names.
    pub(super) fn new(
        shell: &'a mut Shell,
        names: &'a [String],
        lines: StatusLines<'a>,
        redraws: bool,
    ) -> Self {
        StatusScreen { shell, names, lines, redraws, drawn: 0, before: vec![Vec::new(); names.len()] }
    }

    fn clear(&mut self) {
        if self.drawn > 0 {
            self.shell.control(&format!("\u{1b}[{}A\u{1b}[J", self.drawn));
            self.drawn = 0;
        }
    }

    fn draw(&mut self, blocks: &[Vec<String>], at: u64) {
        let mut screen = side_by_side(blocks, self.shell.columns());
        screen.push(format!("{} UTC, Ctrl-C ends", clock(at)));
        let excess = (screen.len() + 1).saturating_sub(self.shell.rows());
        screen.truncate(screen.len() - excess);
        self.clear();
        for line in &screen {
            self.shell.message(line);
        }
        self.drawn = screen.len();
    }

    /// Prints the lines that are new, after the time and the name of the environment where there are several.
    fn tell(&mut self, blocks: &[Vec<String>], at: u64) {
        for ((block, before), name) in blocks.iter().zip(&self.before).zip(self.names) {
            for line in changed(before, block) {
                let name = if self.names.len() > 1 { format!("{name} | ") } else { String::new() };
                // A document is a line by itself.
                let text = match line.starts_with('{') {
                    true => format!("{line}\n"),
                    false => format!("{} {name}{line}\n", clock(at)),
                };
                self.shell.data(&text);
            }
        }
    }
}

impl StatusRounds for StatusScreen<'_> {
    fn show(&mut self, round: &[DeploymentStatus]) {
        let named = self.names.iter().zip(round);
        let blocks: Vec<Vec<String>> = named.map(|(name, found)| (self.lines)(name, found)).collect();
        match self.redraws {
            true => self.draw(&blocks, seconds()),
            false => self.tell(&blocks, seconds()),
        }
        self.before = blocks;
    }
}

impl DeployProgress for StatusScreen<'_> {
    fn banner(&mut self, _: &DeployBanner) {}
    fn message(&mut self, _: &str) {}
    fn warn(&mut self, line: &str) {
        self.clear();
        self.shell.message(line);
    }
    fn review(&mut self, _: &str, _: &DeploymentDiff) {}
    fn changes(&mut self, _: &[PlannedChange]) {}
    fn event(&mut self, _: &ProgressEvent) {}
    fn log(&mut self, _: &LogEvent) {}
    fn is_read(&self) -> bool {
        self.shell.is_read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Verbosity;
    use crate::cli::live::tests::KeptText;

    fn status(state: &str) -> DeploymentStatus {
        DeploymentStatus {
            subject: "stack".into(),
            state: Some(state.into()),
            healthy: true,
            facts: Vec::new(),
            variables: Vec::new(),
            services: Vec::new(),
            drift: None,
        }
    }

    /// Two rounds; what is written to both streams.
    fn shown(redraws: bool, lines: StatusLines<'_>) -> (String, String) {
        let (out, err) = (KeptText::default(), KeptText::default());
        let mut shell = Shell::to(Box::new(out.clone()), Box::new(err.clone()), Verbosity::Normal);
        let names = ["dev".to_owned(), "prod".to_owned()];
        let mut screen = StatusScreen::new(&mut shell, &names, lines, redraws);
        screen.show(&[status("UPDATING"), status("READY")]);
        screen.show(&[status("UPDATED"), status("READY")]);
        (out.text(), err.text())
    }

    const LINES: StatusLines<'static> =
        &|_, found| vec![format!("stack: {}", found.state.clone().unwrap_or_default()), "  web".into()];

    #[test]
    fn off_a_terminal_only_new_lines_are_told() {
        let (out, err) = shown(false, LINES);
        let lines: Vec<&str> = out.lines().map(|line| line.get(9..).unwrap()).collect();
        let all = [
            "dev | stack: UPDATING",
            "dev |   web",
            "prod | stack: READY",
            "prod |   web",
            "dev | stack: UPDATED",
        ];
        assert_eq!(lines, all);
        assert_eq!(err, "");
        let json: StatusLines<'_> =
            &|name, found| vec![format!("{{{name} {}}}", found.state.clone().unwrap())];
        assert_eq!(shown(false, json).0, "{dev UPDATING}\n{prod READY}\n{dev UPDATED}\n");
    }

    #[test]
    fn on_a_terminal_the_screen_is_drawn_again() {
        let (out, err) = shown(true, LINES);
        assert_eq!(out, "");
        let (first, second) = err.split_once("\u{1b}[6A\u{1b}[J").unwrap();
        let lines: Vec<&str> = first.lines().collect();
        assert_eq!(lines[..5], ["stack: UPDATING", "  web", "", "stack: READY", "  web"]);
        assert!(lines[5].ends_with(" UTC, Ctrl-C ends"), "{first}");
        assert!(second.starts_with("stack: UPDATED\n"), "{second}");
    }
}
