//! Plug-ins of Docker Compose that provide a service (`provider.type`), and the variables that dependents get of them.
//!
//! Source: Docker documentation, "Use provider services" and "Use AI models in Compose", for `type: model`; the name of
//! a variable is that of the service in capital letters, `_`, and what the plug-in calls the value (Docker Compose 5.3,
//! `pkg/compose/plugins.go`); read in November 2026.

/// The values that each plug-in hands out.
const PROVIDERS: &[(&str, &[&str])] = &[("model", &["URL", "MODEL"])];

/// The variables that the dependents of a service get of its plug-in; nothing for an unknown plug-in.
pub fn provided_variables(plugin: &str, service: &str) -> Option<Vec<String>> {
    let (_, values) = PROVIDERS.iter().find(|(known, _)| *known == plugin)?;
    Some(values.iter().map(|value| format!("{}{value}", provided_prefix(service))).collect())
}

/// With what the variables that a plug-in hands out begin.
pub fn provided_prefix(service: &str) -> String {
    format!("{}_", service.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_after_the_service() {
        let names = |list: &[&str]| Some(list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(provided_variables("model", "chat"), names(&["CHAT_URL", "CHAT_MODEL"]));
        assert_eq!(provided_variables("model", "ai-runner"), names(&["AI-RUNNER_URL", "AI-RUNNER_MODEL"]));
        assert_eq!(provided_variables("cloud", "chat"), None);
        assert_eq!(provided_prefix("my.db"), "MY.DB_");
    }
}
