//! Committed transcripts: what a person sees, at several widths.

use std::path::Path;

/// The widths of transcripts, in characters.
pub(crate) const WIDTHS: [usize; 3] = [60, 80, 200];

/// Compares with the committed transcript, or writes it with TRANSHIP_BLESS. No transcript has a colour or a space at the end of a line.
#[allow(clippy::disallowed_methods, reason = "a test may read its own switch")]
pub(crate) fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    if std::env::var_os("TRANSHIP_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert!(!text.contains('\u{1b}'), "{name} has colours");
    assert!(text.lines().all(|line| line.trim_end() == line), "{name} has spaces at the end of a line");
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{name}");
}
