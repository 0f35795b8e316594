use super::load_files;
use crate::compose::newer_keys;

#[test]
fn a_key_of_a_later_compose_is_refused_by_config_alone() {
    let text = "services:\n  app:\n    image: app\n    pre_start:\n      - command: ./migrate\n  web: { image: web }\n";
    let loaded = load_files(&[text], |_| {});
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let found = loaded.manifest.iter().flat_map(newer_keys).collect::<Vec<_>>();
    let [refused] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(refused.key.as_deref(), Some("services.app.pre_start"));
    assert!(refused.message.starts_with("`pre_start` is a key of Docker Compose 5.3"), "{}", refused.message);
    let place = loaded.sources.place(refused.labels[0].origin);
    let at = place.and_then(|span| Some(loaded.sources.file(span.file)?.location(span.start)));
    assert_eq!(at.map(|at| (at.line, at.column)), Some((4, 5)));
}
