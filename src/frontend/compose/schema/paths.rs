//! Every key path of the specification, for code that must account for all of them.

use super::accept::{AcceptedValue, MappingSchema};
use super::top::ROOT;

/// Every key path, with `*` for user-defined keys and `[]` for items: `services.*.ports[].target`.
/// In the order of the tables; a path with several spellings occurs once.
pub fn key_paths() -> Vec<String> {
    let mut paths = Vec::new();
    shape(&ROOT, "", &mut paths);
    paths
}

fn shape(shape: &MappingSchema, above: &str, paths: &mut Vec<String>) {
    for key in shape.keys {
        let path = if above.is_empty() { key.name.to_owned() } else { format!("{above}.{}", key.name) };
        if !paths.contains(&path) {
            paths.push(path.clone());
        }
        accepted(&key.accepts, &path, paths);
    }
}

fn accepted(accept: &AcceptedValue, path: &str, paths: &mut Vec<String>) {
    match accept {
        AcceptedValue::List(item) | AcceptedValue::Set(item) => accepted(item, &format!("{path}[]"), paths),
        AcceptedValue::Map(names) => {
            let below = format!("{path}.*");
            if !paths.contains(&below) {
                paths.push(below.clone());
            }
            accepted(&names.value, &below, paths);
        }
        AcceptedValue::Shape(inner) => shape(inner, path, paths),
        AcceptedValue::Either(several) => several.iter().for_each(|one| accepted(one, path, paths)),
        AcceptedValue::Of(_)
        | AcceptedValue::Choice(_)
        | AcceptedValue::Form(..)
        | AcceptedValue::AtLeast(_)
        | AcceptedValue::Within(..) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_every_kind() {
        let paths = key_paths();
        for path in [
            "name",
            "services.*.image",
            "services.*.environment.*",
            "services.*.ports[].target",
            "volumes.*.driver",
        ] {
            assert_eq!(paths.iter().filter(|known| *known == path).count(), 1, "{path}");
        }
        assert!(paths.len() > 300, "{}", paths.len());
    }
}
