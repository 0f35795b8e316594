//! The path of an image's repository in a registry: the project, then the image.

use crate::ContentDigest;

/// The path of the repository of a project's image. Every registry takes it, and two images never share one.
pub fn repository_path(project: &str, image: &str) -> String {
    format!("{}/{}", path_component(project), path_component(image))
}

/// A name as every registry takes it. A name that must be changed gets a hash of what it was, so two names stay two.
fn path_component(name: &str) -> String {
    let mut component = String::new();
    for letter in name.chars() {
        let letter = letter.to_ascii_lowercase();
        let is_word = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        match is_word {
            true => component.push(letter),
            // Separators stand alone and between words.
            false if component.ends_with(|last: char| last.is_ascii_alphanumeric()) => {
                component.push(if matches!(letter, '.' | '_') { letter } else { '-' });
            }
            false => {}
        }
    }
    let component = component.trim_end_matches(['-', '.', '_']).to_owned();
    match component == name && !component.is_empty() {
        true => component,
        false => {
            let hash = ContentDigest::of(name.as_bytes()).short().to_owned();
            if component.is_empty() { hash } else { format!("{component}-{hash}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_paths_and_stay_distinct() {
        for (name, path) in [("web", "web"), ("my-app.v2", "my-app.v2"), ("a_b", "a_b")] {
            assert_eq!(path_component(name), path);
        }
        let changed = ["Web", "web-", "web--x", "_web", "---", "wéb"].map(path_component);
        for path in &changed {
            let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            assert!(path.starts_with(is_word) && path.ends_with(is_word), "{path}");
        }
        let distinct: std::collections::BTreeSet<&String> = changed.iter().collect();
        assert_eq!(distinct.len(), changed.len());
    }

    #[test]
    fn a_path_has_the_project_and_the_image() {
        assert_eq!(repository_path("todobackend", "app"), "todobackend/app");
    }
}
