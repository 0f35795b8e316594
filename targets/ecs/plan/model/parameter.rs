//! What a deployment gives.

use tranship_app::Name;
use tranship_cloudformation::{LogicalId, Parameter};

/// A parameter of the template.
#[derive(Debug, Clone)]
pub struct ParameterPlan {
    /// Its id.
    pub id: LogicalId,
    /// As the template has it.
    pub parameter: Parameter,
    /// The value known at build time.
    pub value: Option<String>,
    /// The late-bound variable behind it.
    pub variable: Option<String>,
    /// The secret of the application that it feeds.
    pub secret: Option<Name>,
}

impl ParameterPlan {
    /// A parameter that neither a variable nor a secret feeds.
    pub fn plain(id: LogicalId, parameter: Parameter) -> ParameterPlan {
        ParameterPlan { id, parameter, value: None, variable: None, secret: None }
    }
}
