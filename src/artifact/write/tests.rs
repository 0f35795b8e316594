//! The writer: whole or not at all, and nothing of the user's.

use super::*;

fn set(files: &[(&str, &str)]) -> ArtifactSet {
    let mut set = ArtifactSet::new();
    for (path, text) in files {
        set.text(path, *text).unwrap();
    }
    set
}

fn place() -> (TempDir, Utf8PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
    (temporary, root)
}

fn write(set: &ArtifactSet, directory: &Utf8Path) -> Result<(), WriteError> {
    stage(set, directory, &[])?.commit()
}

#[test]
fn creates_replaces_and_leaves_nothing_beside() {
    let (_guard, root) = place();
    let out = root.join("dist/prod");
    write(&set(&[("a", "1"), ("d/b", "2"), ("e/f/g", "3")]), &out).unwrap();
    write(&set(&[("a", "4"), ("d", "5")]), &out).unwrap();
    assert_eq!(directory::paths(&out).unwrap(), [".tranship", "a", "d"]);
    assert_eq!(std::fs::read_to_string(out.join("a")).unwrap(), "4");
    assert_eq!(directory::paths(&root).unwrap(), ["dist/prod/.tranship", "dist/prod/a", "dist/prod/d"]);
    let list = std::fs::read_to_string(out.join(LIST)).unwrap();
    assert!(
        list.starts_with("4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a  a\n"),
        "{list}"
    );
}

/// As many files as are worth threads, and archives, whose hashes come from the disk.
#[test]
fn the_list_has_the_hash_of_each_file() {
    let (_guard, root) = place();
    let out = root.join("out");
    let names: Vec<String> = (0..40).map(|number| format!("files/{number}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let mut set = set(&files);
    set.pack("a.zip", "files").unwrap();
    set.pack("z.zip", "files").unwrap();
    // Once made, and once taken over from the first time.
    for _ in 0..2 {
        write(&set, &out).unwrap();
        let paths = directory::paths(&out).unwrap().into_iter().filter(|path| path != LIST);
        let hash = |path: String| format!("{}  {path}\n", hex(&directory::sha256(&out.join(&path)).unwrap()));
        let expected: String = paths.map(hash).collect();
        assert_eq!(expected.lines().count(), 42);
        assert_eq!(std::fs::read_to_string(out.join(LIST)).unwrap(), expected);
    }
}

/// The number of a file, and how many names it has.
#[cfg(unix)]
fn inode(path: &Utf8Path) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let found = path.symlink_metadata().unwrap();
    (found.ino(), found.nlink())
}

#[cfg(unix)]
#[test]
fn what_is_the_same_stays_the_same_file_and_all_else_is_another() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, root) = place();
    let out = root.join("out");
    let files = ["same", "other-text", "as-long", "other-mode", "touched", "linked", "two-names"];
    write(&set(&files.map(|path| (path, "text"))), &out).unwrap();
    let before = files.map(|path| inode(&out.join(path)).0);
    std::fs::set_permissions(out.join("other-mode"), PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(out.join("touched"), "mine").unwrap();
    std::fs::write(root.join("elsewhere"), "text").unwrap();
    std::fs::hard_link(out.join("two-names"), root.join("other-name")).unwrap();
    std::fs::remove_file(out.join("linked")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", out.join("linked")).unwrap();
    let texts = ["text", "longer text", "TEXT", "text", "text", "text", "text"];
    let new_files: Vec<(&str, &str)> = files.into_iter().zip(texts).collect();
    write(&set(&new_files), &out).unwrap();
    let after = files.map(|path| inode(&out.join(path)));
    assert_eq!(after[0], (before[0], 1), "taken over");
    for (at, path) in files.iter().enumerate().skip(1) {
        assert_ne!(after[at].0, before[at], "{path}");
        assert_eq!(after[at].1, 1, "{path}");
    }
    for (path, text) in new_files {
        assert_eq!(std::fs::read_to_string(out.join(path)).unwrap(), text, "{path}");
        let found = out.join(path).symlink_metadata().unwrap();
        assert!(found.is_file() && found.permissions().mode() & 0o7777 == 0o644, "{path}");
    }
    for outside in ["elsewhere", "other-name"] {
        assert_eq!(inode(&root.join(outside)).1, 1, "{outside} is no file of the directory");
    }
}

#[test]
fn a_file_holds_bytes_if_it_has_them_and_no_more() {
    let (_guard, root) = place();
    let path = root.join("file");
    let long: Vec<u8> = (0..3 * BLOCK_BYTES + 7).map(|at| (at % 251) as u8).collect();
    for length in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, long.len()] {
        let bytes = &long[..length];
        std::fs::write(&path, bytes).unwrap();
        assert!(holds(&path, bytes).unwrap(), "{length}");
        assert!(!holds(&path, &long[1..=length.min(long.len() - 1)]).unwrap() || length == 0, "{length}");
        let (mut more, mut other) = (bytes.to_vec(), bytes.to_vec());
        more.push(0);
        assert!(!holds(&path, &more).unwrap(), "{length}");
        if let Some(last) = other.last_mut() {
            *last ^= 1;
            assert!(
                !holds(&path, &other).unwrap() && !holds(&path, &bytes[..length - 1]).unwrap(),
                "{length}"
            );
        }
    }
    assert!(holds(&root.join("none"), b"").is_err());
}

#[cfg(unix)]
#[test]
fn a_set_that_is_not_committed_leaves_no_second_name() {
    let (_guard, root) = place();
    let out = root.join("out");
    let same = set(&[("a", "1"), ("b", "2")]);
    write(&same, &out).unwrap();
    let before = inode(&out.join("a"));
    let staged = stage(&same, &out, &[]).unwrap();
    assert_eq!(inode(&out.join("a")), (before.0, 2));
    drop(staged);
    assert_eq!(inode(&out.join("a")), before);
}

#[test]
fn foreign_files_are_never_touched() {
    let (_guard, root) = place();
    let out = root.join("out");
    std::fs::create_dir(&out).unwrap();
    write(&set(&[("a", "1")]), &out).unwrap();
    std::fs::write(out.join("notes.txt"), "mine").unwrap();
    let error = write(&set(&[("a", "2")]), &out).unwrap_err();
    assert!(matches!(&error, WriteError::Foreign { file, .. } if file == "notes.txt"), "{error}");
    assert!(error.path().ends_with("out/notes.txt"), "{}", error.path());
    assert_eq!(std::fs::read_to_string(out.join("a")).unwrap(), "1");
    let file = root.join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(write(&set(&[("a", "2")]), &file), Err(WriteError::NotADirectory(_))));
    assert_eq!(directory::paths(&root).unwrap(), ["file", "out/.tranship", "out/a", "out/notes.txt"]);
}

#[test]
fn reports_of_deployments_stay_and_nothing_else_beside_them() {
    let (_guard, root) = place();
    let out = root.join("out");
    std::fs::create_dir_all(out.join("deployments")).unwrap();
    std::fs::write(out.join("deployments/1.md"), "report").unwrap();
    write(&set(&[("a", "1")]), &out).unwrap();
    write(&set(&[("b", "2")]), &out).unwrap();
    assert_eq!(directory::paths(&out).unwrap(), [".tranship", "b", "deployments/1.md"]);
    assert_eq!(std::fs::read_to_string(out.join("deployments/1.md")).unwrap(), "report");
    for foreign in ["deployments/1.txt", "deployments-2.md"] {
        std::fs::write(out.join(foreign), "mine").unwrap();
        let error = write(&set(&[("a", "1")]), &out).unwrap_err();
        assert!(matches!(&error, WriteError::Foreign { file, .. } if file == foreign), "{error}");
        std::fs::remove_file(out.join(foreign)).unwrap();
    }
}

#[test]
fn what_a_killed_run_left_is_in_nobodys_way() {
    let (_guard, root) = place();
    let out = root.join("out");
    std::fs::create_dir_all(out.join(".tranship-a1B2c3D4e5F6/new")).unwrap();
    std::fs::write(out.join(".tranship-a1B2c3D4e5F6/new/a"), "half").unwrap();
    std::fs::create_dir_all(root.join(".tranship-Z9y8X7w6V5u4/old")).unwrap();
    write(&set(&[("a", "1")]), &out).unwrap();
    assert_eq!(directory::paths(&out).unwrap(), [".tranship", "a"]);
    assert!(!root.join(".tranship-Z9y8X7w6V5u4").exists());
}

#[test]
fn staged_and_dropped_is_as_if_never_run() {
    let (_guard, root) = place();
    drop(stage(&set(&[("a", "1")]), &root.join("out"), &[]).unwrap());
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
}

#[test]
fn files_move_one_by_one_where_the_directory_cannot() {
    let (_guard, root) = place();
    let out = root.join("out");
    write(&set(&[("a", "1"), ("d/b", "2")]), &out).unwrap();
    let staged = stage(&set(&[("a", "3"), ("c/x", "4"), ("d", "5")]), &out, &[]).unwrap();
    staged.move_in().unwrap();
    assert_eq!(directory::paths(&out).unwrap(), [".tranship", "a", "c/x", "d"]);
    assert_eq!(std::fs::read_to_string(out.join("a")).unwrap(), "3");
}

#[test]
fn a_list_that_was_committed_deletes_nothing() {
    let (_guard, root) = place();
    let (out, precious) = (root.join("a/out"), root.join("precious"));
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(&precious, "mine").unwrap();
    std::fs::write(out.join("source.py"), "mine").unwrap();
    std::fs::write(out.join(LIST), "x  ../../precious\nx  source.py\n").unwrap();
    let error = write(&set(&[("a", "1")]), &out).unwrap_err();
    assert!(matches!(&error, WriteError::Foreign { file, .. } if file == "source.py"), "{error}");
    std::fs::remove_file(out.join("source.py")).unwrap();
    let staged = stage(&set(&[("a", "1")]), &out, &[]).unwrap();
    staged.move_in().unwrap();
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "mine");
}

/// A list may even have the right hashes: what was read is never replaced.
#[test]
fn the_project_itself_is_no_output() {
    let (_guard, root) = place();
    let manifest = root.join("deploy/compose.yaml");
    std::fs::create_dir(root.join("deploy")).unwrap();
    std::fs::write(&manifest, "1").unwrap();
    let mut list = WrittenFiles::default();
    for (path, entry) in set(&[("deploy/compose.yaml", "1")]).entries() {
        list.add(path, &entry.sha256());
    }
    std::fs::write(root.join(LIST), list.text()).unwrap();
    let error = stage(&set(&[("a", "1")]), &root, std::slice::from_ref(&manifest)).unwrap_err();
    assert!(matches!(&error, WriteError::Foreign { file, .. } if file == "deploy/compose.yaml"), "{error}");
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), "1");
}

#[test]
fn files_of_the_user_that_look_like_ours_stay() {
    let (_guard, root) = place();
    let out = root.join("out");
    for foreign in [".tranship-notes", ".tranship-a1B2c3D4e5F6/mine"] {
        let file = out.join(foreign);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "mine").unwrap();
        let error = write(&set(&[("a", "1")]), &out).unwrap_err();
        assert!(matches!(&error, WriteError::Foreign { file, .. } if file == foreign), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        std::fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn a_run_that_was_killed_on_the_way_is_no_obstacle() {
    let (_guard, root) = place();
    let out = root.join("out");
    write(&set(&[("a", "1"), ("b", "2"), ("c", "3")]), &out).unwrap();
    // The list names both sets, and one file of the new one is in its place.
    let staged = stage(&set(&[("a", "4"), ("b", "5")]), &out, &[]).unwrap();
    staged.write_list(&listed(&out).unwrap().and(&staged.written)).unwrap();
    std::fs::rename(staged.new_files().join("b"), out.join("b")).unwrap();
    drop(staged);
    write(&set(&[("d", "6")]), &out).unwrap();
    assert_eq!(directory::paths(&out).unwrap(), [".tranship", "d"]);
}

#[test]
fn of_first_builds_at_once_none_fails() {
    let (_guard, root) = place();
    let out = root.join("dist/prod");
    let texts: Vec<String> = (0..4).map(|number| number.to_string()).collect();
    std::thread::scope(|scope| {
        for text in &texts {
            let out = &out;
            scope.spawn(move || {
                for _ in 0..15 {
                    write(&set(&[("a", text), ("d/b", text)]), out).unwrap();
                }
            });
        }
    });
    let read = |path: &str| std::fs::read_to_string(out.join(path)).unwrap();
    assert_eq!(read("a"), read("d/b"), "the files of one run");
    assert_eq!(directory::paths(&root).unwrap(), ["dist/prod/.tranship", "dist/prod/a", "dist/prod/d/b"]);
}

#[test]
fn of_several_directories_all_are_written_or_none() {
    let (_guard, root) = place();
    write(&set(&[("a", "1")]), &root.join("one")).unwrap();
    let staged: Vec<StagedSet> = ["one", "two", "three"]
        .iter()
        .map(|name| stage(&set(&[("a", "2")]), &root.join(name), &[]).unwrap())
        .collect();
    std::fs::write(root.join("three"), "a file").unwrap();
    assert!(matches!(commit(staged), Err(WriteError::NotADirectory(_))));
    assert_eq!(directory::paths(&root).unwrap(), ["one/.tranship", "one/a", "three"]);
    assert_eq!(std::fs::read_to_string(root.join("one/a")).unwrap(), "1");
}

#[cfg(unix)]
#[test]
fn modes_do_not_depend_on_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, root) = place();
    let mut set = set(&[("d/a", "1")]);
    set.executable("x.sh", "#!/bin/sh\n").unwrap();
    set.link("l", "d/a").unwrap();
    let out = root.join("out");
    write(&set, &out).unwrap();
    let mode = |path: &str| out.join(path).symlink_metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!([mode(""), mode("d"), mode("d/a"), mode("x.sh")], [0o755, 0o755, 0o644, 0o755]);
    assert_eq!(std::fs::read_link(out.join("l")).unwrap().to_str(), Some("d/a"));
    write(&set, &out).unwrap();
}
