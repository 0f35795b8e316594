//! What was changed behind the back of a stack.
//!
//! In: a stack. Out: a [`ResourceDrift`] for each resource that CloudFormation finds changed or deleted. Values are not read: they
//! may be secret.

use super::application::DeployedApplication;
use super::nested;
use crate::deploy::clock::PollingPace;
use crate::deploy::failure::{DeployFailure, FailureKind, sdk};
use crate::deploy::progress::DeployProgress;
use crate::deploy::session::AwsSession;
use crate::deploy::{DeployOptions, ResourceDrift};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus,
};
use tranship_targets::StackDeployment;

/// Asks CloudFormation to look, and waits for what it finds.
pub(in crate::deploy) async fn drift(
    session: &AwsSession,
    deployment: &StackDeployment,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<Vec<ResourceDrift>, DeployFailure> {
    let client = session.cloudformation();
    let Some(application) = DeployedApplication::find(&client, deployment).await? else {
        return Ok(Vec::new());
    };
    progress.message("looking for what was changed outside of the stack");
    // CloudFormation looks at one stack at a time.
    let resources = application.resources(&client).await?;
    let own = application.stacks.iter().map(|it| it.id.as_str());
    let nested = resources.iter().flat_map(|it| nested::nested(it)).map(|(_, physical)| physical);
    let mut found = Vec::new();
    for id in own.chain(nested) {
        found.extend(of_stack(session, &client, id, options, progress).await?);
    }
    Ok(found)
}

/// The drift of one stack.
async fn of_stack(
    session: &AwsSession,
    client: &Client,
    stack: &str,
    options: &DeployOptions,
    progress: &mut dyn DeployProgress,
) -> Result<Vec<ResourceDrift>, DeployFailure> {
    let begun = client.detect_stack_drift().stack_name(stack).send().await;
    let begun = begun.map_err(|error| sdk("look for drift", error))?;
    let id = begun.stack_drift_detection_id().unwrap_or_default().to_owned();
    let mut pace = PollingPace::new(session.time_left(options.timeout));
    loop {
        let call = client.describe_stack_drift_detection_status().stack_drift_detection_id(&id).send().await;
        let state = call.map_err(|error| sdk("look for drift", error))?;
        match state.detection_status() {
            Some(StackDriftDetectionStatus::DetectionComplete) => break,
            Some(StackDriftDetectionStatus::DetectionFailed) => {
                // Some resources are known even so.
                let reason = state.detection_status_reason().unwrap_or("no reason given");
                progress.warn(&format!("not every resource could be looked at: {reason}"));
                break;
            }
            _ if !pace.wait().await => return Err(session.left(FailureKind::TimedOut)),
            _ => {}
        }
    }
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let call = client.describe_stack_resource_drifts().stack_name(stack).set_next_token(token);
        let page = call.send().await.map_err(|error| sdk("read the drift", error))?;
        found.extend(page.stack_resource_drifts().iter().filter_map(read));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// A resource that is not as it was made; `None` if it is.
fn read(drift: &StackResourceDrift) -> Option<ResourceDrift> {
    let status = drift.stack_resource_drift_status()?;
    let differs = matches!(status, StackResourceDriftStatus::Modified | StackResourceDriftStatus::Deleted);
    let path = |it: &aws_sdk_cloudformation::types::PropertyDifference| {
        it.property_path().map(|path| path.trim_start_matches('/').replace('/', "."))
    };
    differs.then(|| ResourceDrift {
        name: drift.logical_resource_id().unwrap_or_default().to_owned(),
        kind: drift.resource_type().unwrap_or_default().to_owned(),
        status: status.as_str().to_owned(),
        properties: drift.property_differences().iter().filter_map(path).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::PropertyDifference;

    #[test]
    fn what_differs_is_named_and_never_its_value() {
        let drift = |status: StackResourceDriftStatus| {
            let property =
                PropertyDifference::builder().property_path("/Environment/0/Value").actual_value("canary");
            let it =
                StackResourceDrift::builder().logical_resource_id("App").resource_type("AWS::ECS::Service");
            it.stack_resource_drift_status(status).property_differences(property.build()).build()
        };
        let found = read(&drift(StackResourceDriftStatus::Modified)).unwrap();
        assert_eq!(
            found,
            ResourceDrift {
                name: "App".into(),
                kind: "AWS::ECS::Service".into(),
                status: "MODIFIED".into(),
                properties: vec!["Environment.0.Value".into()],
            }
        );
        assert_eq!(read(&drift(StackResourceDriftStatus::Deleted)).unwrap().status, "DELETED");
        assert_eq!(read(&drift(StackResourceDriftStatus::InSync)), None);
        assert_eq!(read(&drift(StackResourceDriftStatus::NotChecked)), None);
    }
}
