//! A deployment as JSON, one object a line.
//!
//! In: what a deployment reports. Out: lines with a `type`; the last one is `result`. The form is stable: keys are added, never changed.

use super::LiveEvent;
use crate::operation::difference::{DeploymentDiff, document};
use serde_json::{Value as Json, json};

/// Who deploys what where.
pub fn banner_line(subject: &str, account: &str, region: &str, identity: &str) -> Json {
    json!({ "type": "banner", "schema": 1, "subject": subject, "account": account, "region": region, "identity": identity })
}

/// A line about the current step.
pub fn message_line(text: &str) -> Json {
    json!({ "type": "message", "text": text })
}

/// A warning.
pub fn warning_line(text: &str) -> Json {
    json!({ "type": "warning", "text": text })
}

/// What is about to change.
pub fn review_line(subject: &str, diff: &DeploymentDiff) -> Json {
    json!({ "type": "review", "diff": document(diff, subject) })
}

/// An event.
pub fn event_line(event: &LiveEvent, time: &str) -> Json {
    json!({
        "type": "event", "time": time, "subject": event.subject, "kind": event.kind, "status": event.status,
        "text": event.text, "failed": event.failed,
    })
}

/// The end: the last line. Without an error, it succeeded.
pub fn result_line(
    changed: bool,
    outputs: &[(String, String)],
    error: Option<(&str, &[String])>,
    code: u8,
) -> Json {
    let outputs: serde_json::Map<String, Json> =
        outputs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    json!({
        "type": "result", "status": if error.is_some() { "failed" } else { "succeeded" }, "changed": changed,
        "outputs": outputs, "error": error.map(|(message, help)| json!({ "message": message, "help": help })),
        "exit_code": code,
    })
}
