//! What `.gitignore` keeps out of a project's repository. Source: gitignore(5).

use camino::Utf8Path;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The lines of a `.gitignore` file, or of one that is read like it.
#[derive(Debug)]
pub struct GitIgnore(Gitignore);

impl GitIgnore {
    /// Reads them; `folder` is the file's, and paths are asked for from the same place as it.
    pub fn parse(folder: &Utf8Path, text: &str) -> Self {
        let mut builder = GitignoreBuilder::new(folder.as_std_path());
        for line in text.lines() {
            // A line that is no pattern matches nothing, as under Git.
            let _ = builder.add_line(None, line);
        }
        GitIgnore(builder.build().unwrap_or_else(|_| Gitignore::empty()))
    }

    /// Whether a path is left out (`true`) or taken back (`false`), where a line decides about it by itself.
    pub fn decides(&self, path: &Utf8Path, is_folder: bool) -> Option<bool> {
        match self.0.matched(path.as_std_path(), is_folder) {
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
            Match::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_matches_decides() {
        let rules = GitIgnore::parse(Utf8Path::new(""), "/data/\n*.log\n!keep.log\n");
        for (path, is_folder, decided) in [
            ("data", true, Some(true)),
            ("data", false, None),
            ("web/data", true, None),
            ("web/a.log", false, Some(true)),
            ("keep.log", false, Some(false)),
        ] {
            assert_eq!(rules.decides(Utf8Path::new(path), is_folder), decided, "{path}");
        }
        assert_eq!(
            GitIgnore::parse(Utf8Path::new("web"), "/data\n").decides("web/data".into(), true),
            Some(true)
        );
    }
}
