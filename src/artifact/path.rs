//! The paths that an artifact may have: relative, inside the set, valid on every machine.

/// An invalid artifact path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Absolute, or with `..`, `.` or an empty segment.
    #[error("the path `{0}` does not stay inside the output directory")]
    Outside(String),
    /// With a character that not every file system allows.
    #[error("the path `{0}` contains a character that not every file system allows")]
    NotPortable(String),
    /// A file with this path already exists.
    #[error("duplicate file `{0}`")]
    Twice(String),
    /// A file where another path needs a directory.
    #[error("`{0}` is needed both as a file and as a directory")]
    FileAndDirectory(String),
}

/// Checks a path: the one check for everything that the input names and a build joins to a directory.
///
/// # Errors
/// The path leaves the set, or is not portable.
pub fn check(path: &str) -> Result<(), PathError> {
    if path.split('/').any(|step| matches!(step, "" | "." | "..")) {
        return Err(PathError::Outside(path.to_owned()));
    }
    if path.chars().any(|c| c == '\\' || c == ':' || c.is_control()) {
        return Err(PathError::NotPortable(path.to_owned()));
    }
    Ok(())
}

/// Checks a link's target: relative, and never outside the set on its way.
pub(super) fn check_link(path: &str, target: &str) -> Result<(), PathError> {
    let outside = || PathError::Outside(target.to_owned());
    let mut depth = path.matches('/').count();
    for step in target.split('/') {
        match step {
            "" => return Err(outside()),
            "." => {}
            ".." => depth = depth.checked_sub(1).ok_or_else(outside)?,
            _ => depth += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for path in ["a", ".ebextensions/01.config", "a b/é", "..a", "a..", ".platform/hooks/x.sh"] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
        for path in ["", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a/.", "..", "/"] {
            assert!(matches!(check(path), Err(PathError::Outside(_))), "{path}");
        }
        for path in ["a\\b", "C:a", "a\nb", "a\0"] {
            assert!(matches!(check(path), Err(PathError::NotPortable(_))), "{path:?}");
        }
    }

    #[test]
    fn links() {
        for (path, target) in [("a", "b"), ("a/b", "../c"), ("a/b", "./c/../d"), ("a/b/c", "../../d")] {
            assert_eq!(check_link(path, target), Ok(()), "{path} -> {target}");
        }
        for (path, target) in
            [("a", "../b"), ("a", "/etc/passwd"), ("a/b", "../../c"), ("a/b", "c/../../../d"), ("a", "")]
        {
            assert!(check_link(path, target).is_err(), "{path} -> {target}");
        }
    }
}
