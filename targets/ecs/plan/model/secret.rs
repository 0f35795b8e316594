//! Secrets that the stack keeps.

use tranship_cloudformation::{LogicalId, TemplateValue};

/// A secret of Secrets Manager.
#[derive(Debug, Clone)]
pub struct SecretPlan {
    /// Its id.
    pub id: LogicalId,
    /// What it is.
    pub description: String,
    /// `SecretString`: a reference to a NoEcho parameter, or text put together from other secrets.
    pub value: TemplateValue,
    /// Key paths it comes from.
    pub from: Vec<String>,
}
