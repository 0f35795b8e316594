//! Where credentials come from, in words for the banner.
//!
//! In: the flag, the environment, the name that the SDK gives the source. Out: a phrase. Invariant: it names what is used,
//! not what was wished for: the SDKs take keys from the environment before any profile, unless a flag names one.

/// The phrase for the source of credentials.
///
/// `flag` is `--aws-profile`, `provider` the SDK's own name for the source, and `variable` reads the process's environment.
pub(super) fn source(
    flag: Option<&str>,
    provider: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> String {
    if let Some(profile) = flag {
        return format!("profile {profile} (--aws-profile)");
    }
    let profile = variable("AWS_PROFILE");
    let ignored = |profile: Option<String>| {
        profile.map(|name| format!("; AWS_PROFILE={name} is not used")).unwrap_or_default()
    };
    match provider {
        "EnvironmentVariable" => format!("AWS_ACCESS_KEY_ID{}", ignored(profile)),
        "EcsContainer" | "Ecs" => "the role of this container".to_owned(),
        "IMDSv2" | "IMDS" | "Ec2InstanceMetadata" => "the role of this instance".to_owned(),
        _ => match (profile, variable("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            (None, Some(_)) => "AWS_WEB_IDENTITY_TOKEN_FILE".to_owned(),
            (Some(profile), _) => format!("profile {profile} (AWS_PROFILE)"),
            (None, None) => "profile default".to_owned(),
        },
    }
}

/// The SDK's name of a source, from the text it prints of credentials, which has no secret.
pub(super) fn provider(shown: &str) -> &str {
    let (_, rest) = shown.split_once("provider_name: \"").unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_what_is_used() {
        for (flag, provider, variables, told) in [
            (Some("ops"), "ProfileFile", vec![("AWS_PROFILE", "x")], "profile ops (--aws-profile)"),
            (None, "EnvironmentVariable", vec![], "AWS_ACCESS_KEY_ID"),
            (
                None,
                "EnvironmentVariable",
                vec![("AWS_PROFILE", "ops")],
                "AWS_ACCESS_KEY_ID; AWS_PROFILE=ops is not used",
            ),
            (None, "SSO", vec![("AWS_PROFILE", "ops")], "profile ops (AWS_PROFILE)"),
            (None, "ProfileFile", vec![], "profile default"),
            (None, "IMDSv2", vec![], "the role of this instance"),
            (None, "EcsContainer", vec![], "the role of this container"),
            (None, "AssumeRole", vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")], "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ] {
            let variable = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(source(flag, provider, variable), told);
        }
    }

    #[test]
    fn the_name_is_read_off_the_text() {
        let shown = r#"Credentials { provider_name: "ProfileFile", access_key_id: "AKIA", secret_access_key: "** redacted **" }"#;
        assert_eq!(provider(shown), "ProfileFile");
        assert_eq!(provider("Credentials"), "");
    }
}
