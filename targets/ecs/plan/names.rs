//! Names that ECS, Cloud Map, CloudWatch and RDS accept, as functions of one thing's own name.
//!
//! A name that is legal stays as it is; any other has its illegal characters replaced and a hash of
//! itself appended, so that two names never become one.

use sha2::{Digest, Sha256};
use tranship_app::Application;
use tranship_facts::quotas::ecs::NAME_CHARACTERS;

/// The longest DNS label (RFC 1035).
const LABEL: usize = 63;
/// What remains of the 64 characters of a discovery name beside a port and a hash.
const DISCOVERY_START: usize = 48;
/// What remains of the 255 characters of a family beside a stack's name of 128 and a hyphen.
const FAMILY: usize = 126;
/// The longest name of a stack.
pub(super) const STACK: usize = 128;

/// A container's name: letters, digits, hyphens, underscores.
pub fn container(name: &str) -> String {
    legal(name, NAME_CHARACTERS.most, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// The part of a family that follows the stack's name.
pub fn family(name: &str) -> String {
    legal(name, FAMILY, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A label of the discovery namespace. Names are looked up without regard to case, so upper case
/// is changed too.
pub fn label(name: &str) -> String {
    let made = legal(name, LABEL, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if made.starts_with('-') || made.ends_with('-') { format!("s{}", hash(name)) } else { made }
}

/// A name as part of a security group's description, where other characters than these are refused
/// (Amazon EC2 API Reference, `CreateSecurityGroup`).
pub fn described(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    name.chars().map(|c| if legal(c) { c } else { '_' }).collect()
}

/// The stack's name: the setting, else project and environment.
pub fn stack(app: &Application) -> String {
    if let Some(name) = &app.settings.stack {
        return name.peek().clone();
    }
    let whole = match &app.environment.name {
        Some(environment) => format!("{}-{environment}", app.name),
        None => app.name.to_string(),
    };
    let made = legal(&whole.replace('_', "-"), STACK - 1, |c| c.is_ascii_alphanumeric() || c == '-');
    if made.starts_with(|c: char| c.is_ascii_alphabetic()) { made } else { format!("s{made}") }
}

/// Whether a stack may have this name: `[A-Za-z][-A-Za-z0-9]*`, 128 characters at most.
pub fn is_stack(name: &str) -> bool {
    name.len() <= STACK
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The discovery namespace: the setting, else `<environment>.<project>.internal`.
pub fn namespace(app: &Application) -> String {
    if let Some(name) = app.settings.namespace() {
        return name.peek().clone();
    }
    match &app.environment.name {
        Some(environment) => format!("{}.{}.internal", label(environment), label(&app.name)),
        None => format!("{}.internal", label(&app.name)),
    }
}

fn legal(name: &str, most: usize, keep: impl Fn(char) -> bool) -> String {
    if !name.is_empty() && name.len() <= most && name.chars().all(&keep) {
        return name.to_owned();
    }
    let mut made: String =
        name.to_ascii_lowercase().chars().map(|c| if keep(c) { c } else { '-' }).take(most - 9).collect();
    made = made.trim_matches('-').to_owned();
    if !made.is_empty() {
        made.push('-');
    }
    made + &hash(name)
}

/// The name in Cloud Map of a port that is found by Service Connect. What is spoken there cannot change under one name,
/// and no A record may have it, so it ends in a hash.
pub fn connect_discovery(service: &str, port: u16, protocol: &str) -> String {
    let made: String = label(service).chars().take(DISCOVERY_START).collect();
    format!("{}-{port}-{}", made.trim_start_matches('-'), hash(&format!("{service}:{port}/{protocol}")))
}

/// A short hash of a text.
pub(in crate::ecs) fn hash(name: &str) -> String {
    Sha256::digest(name).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_app::ChosenEnvironment;

    #[test]
    fn legal_names_stay_and_others_never_meet() {
        assert_eq!(container("my-app_1"), "my-app_1");
        assert_eq!(label("xray"), "xray");
        assert_ne!(label("Xray"), label("xray"));
        assert_ne!(container("a.b"), container("a-b"));
        for name in ["-a", "a-", ".", "A.b.C", &"x".repeat(300)] {
            let made = label(name);
            assert!(made.len() <= 63 && !made.starts_with('-') && !made.ends_with('-'), "{made}");
            assert!(family(name).len() <= FAMILY);
        }
    }

    #[test]
    fn discovery_names_are_unlike_labels_and_each_other() {
        assert!(connect_discovery("api", 8000, "tcp").starts_with("api-8000-"));
        assert_ne!(connect_discovery("api", 8000, "tcp"), connect_discovery("api", 8000, "http"));
        assert_ne!(connect_discovery("a.b", 1, "tcp"), connect_discovery("a-b", 1, "tcp"));
        for name in ["-a", ".", "A.b.C", &"x".repeat(300)] {
            let made = connect_discovery(name, 65535, "tcp");
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
            assert!(made.len() <= 64 && made.chars().all(legal) && !made.starts_with('-'), "{made}");
        }
    }

    #[test]
    fn a_stack_is_named_after_project_and_environment() {
        let app = |project: &str| Application {
            name: project.into(),
            environment: ChosenEnvironment { name: Some("prod".into()), ..ChosenEnvironment::default() },
            ..Application::default()
        };
        assert_eq!(stack(&app("todo_backend")), "todo-backend-prod");
        assert_eq!(namespace(&app("todobackend")), "prod.todobackend.internal");
        assert!(is_stack(&stack(&app("2048"))));
        assert!(is_stack(&stack(&app(&"x".repeat(200)))));
    }
}
