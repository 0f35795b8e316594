//! Reads a file of the manifest into a source that messages can show.

use super::LoadContext;
use crate::diagnostic::{Diagnostic, rules::env_file, rules::file as rule, rules::yaml};
use crate::source::{FileId, Origin, Span};
use crate::world::normalise;
use camino::{Utf8Path, Utf8PathBuf};
use std::io;

impl LoadContext<'_> {
    /// Reads a text file at an absolute path. `wanted` is where it was requested.
    pub(super) fn read_file(&mut self, path: &Utf8Path, wanted: Origin, what: &str) -> Option<FileId> {
        if let Some(known) = self.read.get(path) {
            return Some(*known);
        }
        match self.world.read(path) {
            Ok(bytes) => {
                let id = self.add_text(self.shown(path), bytes)?;
                self.read.insert(path.to_owned(), id);
                Some(id)
            }
            Err(error) => {
                self.not_read(path, wanted, what, &error);
                None
            }
        }
    }

    fn not_read(&mut self, path: &Utf8Path, wanted: Origin, what: &str, error: &io::Error) {
        let shown = self.shown(path);
        let large = error.kind() == io::ErrorKind::FileTooLarge;
        let (rule, help) = match large {
            true if what == "Compose file" => (&yaml::TOO_LARGE, "split it, and `include` the parts"),
            true => (&env_file::TOO_LARGE, "move content that is not variables to a file of its own"),
            false => (&rule::NOT_READ, "correct the path, or create the file"),
        };
        let message = format!("cannot read the {what} {shown}: {}", reason(error));
        // What the command line names has no place but the file's own.
        let place = match wanted == Origin::NOWHERE {
            true => self.sources.start_of_unread(&shown),
            false => wanted,
        };
        self.report(Diagnostic::new(rule, message).at(place).help(help));
    }

    /// Whether a file may be taken besides all others that this load has taken; told otherwise.
    pub(super) fn has_room(&mut self, id: FileId, wanted: Origin) -> bool {
        let bytes = self.sources.file(id).map_or(0, |file| file.text().len());
        if self.budget.parse(bytes) {
            return true;
        }
        if self.budget.is_first_report() {
            let place =
                if wanted == Origin::NOWHERE { self.sources.read_at(Span::new(id, 0, 0)) } else { wanted };
            let message = "the files of the manifest are larger than 256 MiB in total";
            self.report(Diagnostic::new(&yaml::TOO_LARGE, message).at(place).help("read fewer files"));
        }
        false
    }

    /// Takes the text of a file, under the path that messages show.
    pub(super) fn add_text(&mut self, shown: Utf8PathBuf, bytes: Vec<u8>) -> Option<FileId> {
        match crate::yaml::decode(bytes) {
            Ok(text) => {
                self.budget.read(text.len());
                Some(self.sources.add_file(&shown, text))
            }
            Err(offset) => {
                let file = self.sources.add_file(&shown, String::new());
                let origin = self.sources.read_at(Span::new(file, 0, 0));
                let message = format!("{shown} is not valid UTF-8 at byte {offset}");
                self.report(
                    Diagnostic::new(&yaml::NOT_TEXT, message).at(origin).help("save the file as UTF-8"),
                );
                None
            }
        }
    }

    /// The path as messages show it: relative to the working directory if it is inside or near it.
    pub(super) fn shown(&self, path: &Utf8Path) -> Utf8PathBuf {
        relative_to(path, &self.world.current_directory())
    }
}

/// `path` relative to `base`, both absolute; `path` itself if they have nothing in common.
fn relative_to(path: &Utf8Path, base: &Utf8Path) -> Utf8PathBuf {
    let path = normalise(path);
    let shared = path.components().zip(base.components()).take_while(|(left, right)| left == right).count();
    if shared < 2 {
        return path;
    }
    let up = base.components().skip(shared).map(|_| "..");
    let down = path.components().skip(shared).map(|component| component.as_str());
    up.chain(down).collect()
}

/// The system's error message, without its number.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_the_working_directory() {
        for (path, shown) in [
            ("/a/b/compose.yaml", "compose.yaml"),
            ("/a/b/c/x.yaml", "c/x.yaml"),
            ("/a/x.yaml", "../x.yaml"),
            ("/z/x.yaml", "/z/x.yaml"),
        ] {
            assert_eq!(relative_to(Utf8Path::new(path), Utf8Path::new("/a/b")), shown, "{path}");
        }
    }
}
