//! What the hook that completes `.env` is told.

use super::ComposeBundle;
use serde_json::{Map, Value as Json, json};

/// The program, which stands in the bundle as it is.
const PROGRAM: &str = include_str!("../../../ebextensions/environment.py");

/// Where the program is: it runs before each deployment and each change of the configuration.
pub(in crate::beanstalk) const ENVIRONMENT_PROGRAM: &str = ".platform/hooks/predeploy/10_environment.py";

/// Its other place, for changes of the configuration.
const CONFIGURATION_PROGRAM: &str = ".platform/confighooks/predeploy/10_environment.py";

/// Files of the bundle by their path: the program twice, and what it is told. None where the file needs no property.
///
/// # Errors
/// Never for a plan; the serializer's own words.
pub(in crate::beanstalk) fn program(bundle: &ComposeBundle) -> Result<Vec<(&'static str, String)>, String> {
    if bundle.properties.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = Map::new();
    for property in &bundle.properties {
        let entry = match bundle.encoded.get(property) {
            Some(of) => json!({ "property": of, "encoded": true }),
            None => json!({ "property": property }),
        };
        names.insert(property.clone(), entry);
    }
    let told = serde_json::to_string_pretty(&Json::Object(names)).map_err(|error| error.to_string())?;
    Ok(vec![
        (ENVIRONMENT_PROGRAM, PROGRAM.to_owned()),
        (CONFIGURATION_PROGRAM, PROGRAM.to_owned()),
        (".platform/environment.json", told + "\n"),
    ])
}
