//! What a key path of a template is called in the manifest.
//!
//! In: a path such as `ContainerDefinitions[web].Environment[DEBUG].Value`. Out: the container, the label (`environment DEBUG`)
//! and the key below the service (`environment.DEBUG`). Pure.

/// A key path, in parts: names of keys, and names of entries of lists.
pub(super) fn parts(path: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), path);
    while let Some(first) = rest.chars().next() {
        let (end, skip) = match first {
            '.' => {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            '"' => ('"', 1),
            '[' => (']', 1),
            _ => ('.', 0),
        };
        let inner = rest.get(skip..).unwrap_or_default();
        let length = match end {
            '.' => inner.find(['.', '[']).unwrap_or(inner.len()),
            end => inner.find(end).unwrap_or(inner.len()),
        };
        found.push(inner.get(..length).unwrap_or_default().to_owned());
        rest = inner.get(length + skip..).unwrap_or_default();
    }
    found
}

/// What a property is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PropertyLabel {
    /// The container that it belongs to.
    pub(super) container: Option<String>,
    /// What to call it.
    pub(super) text: String,
    /// The key of the manifest, below the service.
    pub(super) key: Option<String>,
    /// Whether its value is a secret.
    pub(super) secret: bool,
    /// Whether its value names an image.
    pub(super) image: bool,
}

/// Properties of a container, and the keys of Compose that set them.
const OF_CONTAINERS: &[(&str, &str)] = &[
    ("Command", "command"),
    ("DependsOn", "depends_on"),
    ("DockerLabels", "labels"),
    ("EntryPoint", "entrypoint"),
    ("HealthCheck", "healthcheck"),
    ("Hostname", "hostname"),
    ("Image", "image"),
    ("LogConfiguration", "logging"),
    ("MountPoints", "volumes"),
    ("PortMappings", "ports"),
    ("ReadonlyRootFilesystem", "read_only"),
    ("RestartPolicy", "restart"),
    ("StopTimeout", "stop_grace_period"),
    ("Ulimits", "ulimits"),
    ("User", "user"),
    ("WorkingDirectory", "working_dir"),
];

/// Properties of other resources, and words for them.
const OF_RESOURCES: &[(&str, &str, &str)] = &[
    ("AWS::ECS::Service", "DesiredCount", "replicas"),
    ("AWS::ECS::Service", "EnableExecuteCommand", "exec"),
    ("AWS::ECS::Service", "ForceNewDeployment", "names that it finds"),
    ("AWS::ECS::TaskDefinition", "Cpu", "cpu"),
    ("AWS::ECS::TaskDefinition", "Memory", "memory"),
    ("AWS::RDS::DBInstance", "AllocatedStorage", "storage"),
    ("AWS::RDS::DBInstance", "DBInstanceClass", "class"),
    ("AWS::RDS::DBInstance", "DBName", "database name"),
    ("AWS::RDS::DBInstance", "Engine", "engine"),
    ("AWS::RDS::DBInstance", "EngineVersion", "version"),
    ("AWS::RDS::DBInstance", "MasterUsername", "user"),
];

/// Properties that hold what nobody may read.
const SECRET_PROPERTIES: &[&str] =
    &["MasterUserPassword", "SecretString", "SecretStringTemplate", "GenerateSecretString"];

/// The label of a property of a resource of this type.
pub(super) fn label(kind: &str, path: &[String]) -> PropertyLabel {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ContainerDefinitions" | "containerDefinitions", container, rest @ ..] => {
            of_container(container, rest)
        }
        [first, ..] => {
            let known = OF_RESOURCES.iter().find(|(of, name, _)| *of == kind && name == first);
            PropertyLabel {
                text: known.map_or_else(|| words.join("."), |(_, _, text)| (*text).to_owned()),
                secret: words.iter().any(|word| SECRET_PROPERTIES.contains(word)),
                ..PropertyLabel::default()
            }
        }
        [] => PropertyLabel::default(),
    }
}

fn of_container(container: &str, path: &[&str]) -> PropertyLabel {
    let made = |text: String, key: Option<String>| PropertyLabel {
        container: Some(container.to_owned()),
        text,
        key,
        ..PropertyLabel::default()
    };
    match path {
        [] => made("container".to_owned(), None),
        ["Environment" | "environment", name, ..] => {
            let secret = tranship_frontend::secrets::is_secret_name(name);
            PropertyLabel {
                secret,
                ..made(format!("environment {name}"), Some(format!("environment.{name}")))
            }
        }
        ["Secrets" | "secrets", name, ..] => PropertyLabel {
            secret: true,
            ..made(format!("secret {name}"), Some(format!("environment.{name}")))
        },
        [first, rest @ ..] => {
            let known = OF_CONTAINERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(first));
            let Some((_, key)) = known else { return made(path.join("."), None) };
            let text = std::iter::once(*key).chain(rest.iter().copied()).filter(|it| !is_number(it));
            let text = text.collect::<Vec<_>>().join(".");
            PropertyLabel { image: *key == "image", ..made(text, Some((*key).to_owned())) }
        }
    }
}

fn is_number(text: &str) -> bool {
    text.is_empty() || text.chars().all(|it| it.is_ascii_digit())
}

/// The longest digest to show, in characters.
const DIGEST: usize = 12;

/// A reference with a short digest.
pub(super) fn short_image(reference: &str) -> String {
    match reference.split_once("@sha256:") {
        Some((name, digest)) => {
            format!("{name}@sha256:{}", digest.chars().take(DIGEST).collect::<String>())
        }
        None => reference.to_owned(),
    }
}
