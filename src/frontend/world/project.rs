//! Files of the project, for what goes into artifacts.
//!
//! In: paths that a manifest names. Out: files to read. Invariant: every link is followed first, and what does not lie
//! in the project's directory then is refused; what a walk may cost is bounded in entries and in bytes. What a
//! compile only reads (Compose and env files) may lie anywhere, as under Docker Compose.

use super::found_file::{FoundFile, too_large};
use super::{PathKind, World};
use camino::{Utf8Path, Utf8PathBuf};

/// Directories deeper than this are refused: no project has them.
const DEEPEST: usize = 40;

/// So many files and directories may be looked at.
const MOST_ENTRIES: usize = 200_000;

/// So many bytes may be read altogether: the size of a source bundle of Elastic Beanstalk.
/// Source: AWS documentation, "Create an Elastic Beanstalk application source bundle".
pub(super) const MOST_BYTES: u64 = 500 << 20;

/// The files below a project's directory.
#[derive(Debug)]
pub struct ProjectFiles<'a> {
    world: &'a dyn World,
    directory: Utf8PathBuf,
    /// The directory with every link followed; nothing where it does not exist.
    root: Option<Utf8PathBuf>,
    /// The directories that the walk stands in, with every link followed.
    open: Vec<Utf8PathBuf>,
    entries_left: usize,
    bytes_left: u64,
    /// Room for a block of a file, for one after the other.
    block: Vec<u8>,
}

/// What to do with the files of a walk.
pub trait FileCollector {
    /// Called once for a directory, with the names in it, before any of them.
    ///
    /// # Errors
    /// Why the walk ends, as a clause.
    fn enter(
        &mut self,
        files: &mut ProjectFiles<'_>,
        local: &Utf8Path,
        relative: &Utf8Path,
        names: &[String],
    ) -> Result<(), String> {
        let _ = (files, local, relative, names);
        Ok(())
    }

    /// Whether a file or directory is wanted, by its path relative to the project.
    fn wants(&mut self, relative: &Utf8Path, kind: PathKind) -> bool;

    /// Takes a link as it stands there, by its path; `false` to be handed what it leads to.
    fn take_link(&mut self, relative: &Utf8Path, target: &Utf8Path) -> bool {
        let _ = (relative, target);
        false
    }

    /// Takes a file, which is open.
    ///
    /// # Errors
    /// Why it cannot be taken, as a clause.
    fn take(&mut self, relative: &Utf8Path, file: &mut FoundFile<'_>) -> Result<(), String>;
}

/// A walk that stands in a directory.
struct DirectoryStep<'a> {
    local: &'a Utf8Path,
    relative: &'a Utf8Path,
    depth: usize,
}

impl<'a> ProjectFiles<'a> {
    /// The files below a directory.
    pub fn new(world: &'a dyn World, directory: &Utf8Path) -> Self {
        ProjectFiles {
            world,
            directory: directory.to_owned(),
            root: world.canonical(directory).ok(),
            open: Vec::new(),
            entries_left: MOST_ENTRIES,
            bytes_left: MOST_BYTES,
            block: Vec::new(),
        }
    }

    /// The same files, for another attempt: nothing is read yet.
    #[must_use]
    pub fn afresh(&self) -> Self {
        ProjectFiles::new(self.world, &self.directory)
    }

    /// Where a path leads, if it stays in the project.
    ///
    /// # Errors
    /// As a clause: it does not exist, or lies outside the project's directory.
    pub fn inside(&self, path: &Utf8Path) -> Result<Utf8PathBuf, String> {
        let place = self.world.canonical(path).map_err(|error| self.unread(path, &error))?;
        match &self.root {
            Some(root) if place.starts_with(root) => Ok(place),
            _ => Err(format!("`{}` leads outside the project directory", self.shown(path))),
        }
    }

    /// The bytes of a file of the project.
    ///
    /// # Errors
    /// As a clause: it leads outside, cannot be read, or all files together are too large.
    pub fn read(&mut self, path: &Utf8Path) -> Result<Vec<u8>, String> {
        let place = self.inside(path)?;
        let bytes = self.world.read_up_to(&place, self.bytes_left).map_err(|error| match error.kind() {
            std::io::ErrorKind::FileTooLarge => too_large(),
            _ => self.unread(path, &error),
        })?;
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
        Ok(bytes)
    }

    /// Opens a file of the project, hands it to a collector, and closes it.
    fn hand_over(
        &mut self,
        (local, relative): (&Utf8Path, &Utf8Path),
        place: Utf8PathBuf,
        to: &mut dyn FileCollector,
    ) -> Result<(), String> {
        let reader = self.world.open(&place).map_err(|error| self.unread(local, &error))?;
        let mut file = FoundFile {
            executable: false,
            is_on_disk: self.world.is_on_disk(),
            shown: self.shown(local).to_owned(),
            reader,
            first: None,
            block: &mut self.block,
            left: &mut self.bytes_left,
            place,
        };
        let length = file.fill()?;
        file.first = Some(length);
        file.executable = match self.world.is_executable(&file.place) {
            Some(executable) => executable,
            None => file.block.get(..length).is_some_and(|block| block.starts_with(b"#!")),
        };
        to.take(relative, &mut file)
    }

    /// Hands a file, or every wanted file below a directory, to a collector. `relative` is the path from the
    /// project's directory.
    ///
    /// # Errors
    /// Why something cannot be taken, as a clause.
    pub fn walk(
        &mut self,
        local: &Utf8Path,
        relative: &Utf8Path,
        to: &mut dyn FileCollector,
    ) -> Result<(), String> {
        self.open.clear();
        self.step(&DirectoryStep { local, relative, depth: 0 }, to)
    }

    fn step(&mut self, step: &DirectoryStep<'_>, to: &mut dyn FileCollector) -> Result<(), String> {
        let DirectoryStep { local, relative, depth } = *step;
        if depth > DEEPEST {
            return Err(format!("`{}` is nested too deeply", self.shown(relative)));
        }
        let too_many = || format!("there are more than {MOST_ENTRIES} files and directories");
        self.entries_left = self.entries_left.checked_sub(1).ok_or_else(too_many)?;
        let place = self.inside(local)?;
        if self.world.kind(&place) != Some(PathKind::Directory) {
            return self.hand_over((local, relative), place, to);
        }
        if self.open.iter().any(|above| above.starts_with(&place)) {
            return Err(format!("the link `{}` leads back to a directory above it", self.shown(relative)));
        }
        let names = self.world.list(&place).map_err(|error| self.unread(relative, &error))?;
        to.enter(self, local, relative, &names)?;
        self.open.push(place);
        for name in names {
            let (local, relative) = (local.join(&name), relative.join(&name));
            let kind = self.world.kind(&local).unwrap_or(PathKind::File);
            if !to.wants(&relative, kind) {
                continue;
            }
            let target = self.world.link_target(&local);
            if !target.is_some_and(|target| to.take_link(&relative, &target)) {
                self.step(&DirectoryStep { local: &local, relative: &relative, depth: depth + 1 }, to)?;
            }
        }
        self.open.pop();
        Ok(())
    }

    fn unread(&self, path: &Utf8Path, error: &std::io::Error) -> String {
        match error.kind() {
            std::io::ErrorKind::NotFound => format!("`{}` does not exist", self.shown(path)),
            _ => format!("`{}` cannot be read: {error}", self.shown(path)),
        }
    }

    /// A path as the project sees it; the project's directory itself is `.`.
    fn shown<'p>(&self, path: &'p Utf8Path) -> &'p str {
        match path.strip_prefix(&self.directory).unwrap_or(path).as_str() {
            "" => ".",
            shown => shown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;
    use crate::world::found_file::BLOCK_BYTES;

    #[derive(Default)]
    struct Taken(Vec<String>);

    impl FileCollector for Taken {
        fn wants(&mut self, relative: &Utf8Path, _: PathKind) -> bool {
            relative.file_name() != Some("skipped")
        }

        fn take(&mut self, relative: &Utf8Path, file: &mut FoundFile<'_>) -> Result<(), String> {
            self.0.push(relative.to_string());
            while file.next_block()?.is_some() {}
            Ok(())
        }
    }

    fn walked(world: &MemoryWorld, path: &str) -> Result<Vec<String>, String> {
        let mut taken = Taken::default();
        let mut files = ProjectFiles::new(world, Utf8Path::new("/project"));
        files.entries_left = 500;
        files.walk(&Utf8Path::new("/project").join(path), Utf8Path::new(path), &mut taken)?;
        Ok(taken.0)
    }

    #[test]
    fn links_are_followed_within_the_project_only() {
        let world = MemoryWorld::new()
            .file("conf/a", "1")
            .file("conf/skipped/b", "2")
            .file("other/c", "3")
            .file("/etc/passwd", "root")
            .file("/project-other/d", "4")
            .link("conf/to", "../other");
        assert_eq!(walked(&world, "conf"), Ok(vec!["conf/a".to_owned(), "conf/to/c".to_owned()]));
        for (link, target) in [
            ("conf/pw", "/etc/passwd"),
            ("conf/dir", "/etc"),
            ("conf/up", "../.."),
            ("conf/near", "../../project-other"),
        ] {
            let outside = world.clone().link(link, target);
            let refused = format!("`{link}` leads outside the project directory");
            assert_eq!(walked(&outside, "conf"), Err(refused), "{link}");
        }
        let outside = world.link("mounted", "/etc");
        assert!(
            walked(&outside, "mounted").unwrap_err().contains("leads outside"),
            "the mounted folder itself"
        );
    }

    #[test]
    fn a_file_is_read_in_blocks_and_no_further_than_is_allowed() {
        let content: Vec<u8> = (0..2 * BLOCK_BYTES + 7).map(|at| (at % 251) as u8).collect();
        let world = MemoryWorld::new().file("conf/large", content.clone()).file("conf/small", "12");
        let mut blocks = Blocks::default();
        let mut files = ProjectFiles::new(&world, Utf8Path::new("/project"));
        files.walk(Utf8Path::new("/project/conf"), Utf8Path::new("conf"), &mut blocks).unwrap();
        assert_eq!(blocks.lengths, [BLOCK_BYTES, BLOCK_BYTES, 7, 2]);
        assert_eq!(files.bytes_left, MOST_BYTES - content.len() as u64 - 2);
        assert!(blocks.bytes == [content.as_slice(), b"12"].concat());
        files.bytes_left = content.len() as u64 + 1;
        let refused = files.walk(Utf8Path::new("/project/conf"), Utf8Path::new("conf"), &mut blocks);
        assert_eq!(
            refused.unwrap_err(),
            "the files are larger than 500 MiB in total, which is the limit for a bundle"
        );
        assert_eq!(files.read(Utf8Path::new("/project/conf/small")).unwrap_err(), too_large());
    }

    /// Takes the blocks of files, after a look at whether they are small.
    #[derive(Default)]
    struct Blocks {
        lengths: Vec<usize>,
        bytes: Vec<u8>,
    }

    impl FileCollector for Blocks {
        fn wants(&mut self, _: &Utf8Path, _: PathKind) -> bool {
            true
        }

        fn take(&mut self, _: &Utf8Path, file: &mut FoundFile<'_>) -> Result<(), String> {
            while let Some(block) = file.next_block()? {
                self.lengths.push(block.len());
                self.bytes.extend(block);
            }
            Ok(())
        }
    }

    #[test]
    fn circles_and_bombs_of_links_end() {
        let circle = MemoryWorld::new().file("conf/a", "1").link("conf/self", "../conf");
        assert_eq!(
            walked(&circle, "conf"),
            Err("the link `conf/self` leads back to a directory above it".to_owned())
        );
        let mut bomb = MemoryWorld::new().file("d20/a", "1");
        for level in 0..20 {
            for copy in ["x", "y"] {
                bomb = bomb.link(&format!("d{level}/{copy}"), &format!("../d{}", level + 1));
            }
        }
        bomb = bomb.file("d0/a", "1");
        assert_eq!(walked(&bomb, "d0"), Err("there are more than 200000 files and directories".to_owned()));
    }
}
