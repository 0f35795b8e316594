//! What a deployment gives.

use tranship_app::SecretId;
use tranship_cloudformation::{LogicalId, TemplateParameter};

/// A parameter of the template.
#[derive(Debug, Clone)]
pub struct ParameterPlan {
    /// Its id.
    pub id: LogicalId,
    /// As the template has it.
    pub parameter: TemplateParameter,
    /// The value known at build time.
    pub value: Option<String>,
    /// The late-bound variable behind it.
    pub variable: Option<String>,
    /// The secret of the application that it feeds.
    pub secret: Option<SecretId>,
}

impl ParameterPlan {
    /// A parameter that neither a variable nor a secret feeds.
    pub fn plain(id: LogicalId, parameter: TemplateParameter) -> ParameterPlan {
        ParameterPlan { id, parameter, value: None, variable: None, secret: None }
    }
}
