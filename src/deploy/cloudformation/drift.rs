//! What was changed behind the back of a stack.
//!
//! In: the stacks of an application. Out: a [`ResourceDrift`] for each resource that CloudFormation finds changed or deleted, in
//! the order of the stacks. It looks at all stacks at the same time. Values are not read: they may be secret.

use super::application::{DeployedApplication, READ};
use super::{nested, side_by_side};
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
    // Detection in a stack leaves out those that are nested in it.
    let mut stacks = Vec::new();
    for (stack, resources) in application.stacks.iter().zip(application.resources(&client).await?) {
        stacks.push(LookedAt { name: stack.name().to_owned(), id: stack.id.clone() });
        let inside = |(id, physical): (&str, &str)| LookedAt {
            name: format!("{}/{id}", stack.name()),
            id: physical.to_owned(),
        };
        stacks.extend(nested::nested(&resources).map(inside));
    }
    progress.message(&match stacks.len() {
        1 => "looking for what was changed outside of the stack".to_owned(),
        all => format!("looking for what was changed outside of the {all} stacks"),
    });
    let mut pace = PollingPace::new(session.time_left(options.timeout));
    let wait = async || match pace.wait().await {
        true => Ok(()),
        false => Err(session.left(FailureKind::TimedOut)),
    };
    detect(&client, &stacks, wait, progress).await
}

/// A stack that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LookedAt {
    /// As a person knows it: `shop-prod`, or `shop-prod/WebStack` of a nested one.
    name: String,
    id: String,
}

/// What CloudFormation says of a detection.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DetectionState {
    /// It still looks.
    Looking,
    /// It is done.
    Done,
    /// It is done, and could not look at some resources: why.
    Incomplete(String),
}

/// What detects drift.
trait DriftDetector {
    /// Begins to look at a stack. Returns the id of the detection.
    async fn begin(&self, stack: &str) -> Result<String, DeployFailure>;

    /// How far a detection is.
    async fn state(&self, detection: &str) -> Result<DetectionState, DeployFailure>;

    /// What was found in a stack.
    async fn found(&self, stack: &str) -> Result<Vec<ResourceDrift>, DeployFailure>;
}

/// Begins everywhere, then waits for all together. A stack that cannot be looked at is named, and stops the others no more than
/// a resource does; that none can be is a failure.
async fn detect(
    detector: &impl DriftDetector,
    stacks: &[LookedAt],
    mut wait: impl AsyncFnMut() -> Result<(), DeployFailure>,
    progress: &mut dyn DeployProgress,
) -> Result<Vec<ResourceDrift>, DeployFailure> {
    let begun = stacks.iter().map(async |stack| settled(detector.begin(&stack.id).await));
    let begun = side_by_side::gather(READ, begun).await?;
    let (mut looked, mut open, mut first) = (Vec::new(), Vec::new(), None);
    for (stack, begun) in stacks.iter().zip(begun) {
        match begun {
            Ok(detection) => {
                looked.push(stack);
                open.push((stack, detection));
            }
            Err(failure) => {
                if stacks.len() > 1 {
                    progress.warn(&format!("{} could not be looked at: {}", stack.name, failure.message));
                }
                first = first.or(Some(failure));
            }
        }
    }
    if let Some(failure) = first.filter(|_| looked.is_empty()) {
        return Err(failure);
    }
    while !open.is_empty() {
        let states = open.iter().map(|(_, detection)| detector.state(detection));
        let states = side_by_side::gather(READ, states).await?;
        let mut left = Vec::new();
        for ((stack, detection), state) in open.into_iter().zip(states) {
            match state {
                DetectionState::Looking => left.push((stack, detection)),
                DetectionState::Done => {}
                // Some resources are known even so.
                DetectionState::Incomplete(reason) => {
                    progress.warn(&format!("not all of {} could be looked at: {reason}", stack.name));
                }
            }
        }
        open = left;
        if !open.is_empty() {
            wait().await?;
        }
    }
    let found = looked.iter().map(|stack| detector.found(&stack.id));
    Ok(side_by_side::gather(READ, found).await?.into_iter().flatten().collect())
}

/// What AWS refuses of one stack is no reason to leave the others out; that nobody may ask is.
fn settled<T>(done: Result<T, DeployFailure>) -> Result<Result<T, DeployFailure>, DeployFailure> {
    match done {
        Err(failure) if failure.kind != FailureKind::Failed => Err(failure),
        done => Ok(done),
    }
}

impl DriftDetector for Client {
    async fn begin(&self, stack: &str) -> Result<String, DeployFailure> {
        let begun = self.detect_stack_drift().stack_name(stack).send().await;
        let begun = begun.map_err(|error| sdk("look for drift", error))?;
        Ok(begun.stack_drift_detection_id().unwrap_or_default().to_owned())
    }

    async fn state(&self, detection: &str) -> Result<DetectionState, DeployFailure> {
        let call = self.describe_stack_drift_detection_status().stack_drift_detection_id(detection);
        let state = call.send().await.map_err(|error| sdk("look for drift", error))?;
        Ok(match state.detection_status() {
            Some(StackDriftDetectionStatus::DetectionComplete) => DetectionState::Done,
            Some(StackDriftDetectionStatus::DetectionFailed) => {
                let reason = state.detection_status_reason().unwrap_or("no reason given");
                DetectionState::Incomplete(reason.to_owned())
            }
            _ => DetectionState::Looking,
        })
    }

    async fn found(&self, stack: &str) -> Result<Vec<ResourceDrift>, DeployFailure> {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let call = self.describe_stack_resource_drifts().stack_name(stack).set_next_token(token);
            let page = call.send().await.map_err(|error| sdk("read the drift", error))?;
            found.extend(page.stack_resource_drifts().iter().filter_map(read));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
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
    use crate::deploy::cloudformation::tests_progress::ToldProgress;
    use aws_sdk_cloudformation::types::PropertyDifference;
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    /// Stacks that are looked at for so many rounds, and what is found in them.
    #[derive(Default)]
    struct Account {
        rounds: RefCell<BTreeMap<String, usize>>,
        refused: BTreeMap<String, DeployFailure>,
        incomplete: Option<String>,
        calls: RefCell<Vec<String>>,
    }

    impl DriftDetector for Account {
        async fn begin(&self, stack: &str) -> Result<String, DeployFailure> {
            self.calls.borrow_mut().push(format!("begin {stack}"));
            self.refused.get(stack).map_or(Ok(format!("detection of {stack}")), |it| Err(it.clone()))
        }

        async fn state(&self, detection: &str) -> Result<DetectionState, DeployFailure> {
            self.calls.borrow_mut().push(format!("state {detection}"));
            let stack = detection.trim_start_matches("detection of ");
            let mut rounds = self.rounds.borrow_mut();
            let left = rounds.entry(stack.to_owned()).or_default();
            if *left > 0 {
                *left -= 1;
                return Ok(DetectionState::Looking);
            }
            Ok(match self.incomplete.as_deref() == Some(stack) {
                true => DetectionState::Incomplete("no permission".to_owned()),
                false => DetectionState::Done,
            })
        }

        async fn found(&self, stack: &str) -> Result<Vec<ResourceDrift>, DeployFailure> {
            self.calls.borrow_mut().push(format!("found {stack}"));
            let one = |end: &str| ResourceDrift {
                name: format!("{stack}{end}"),
                kind: String::new(),
                status: "MODIFIED".to_owned(),
                properties: Vec::new(),
            };
            Ok(vec![one("1"), one("2")])
        }
    }

    /// The names that are found, or the failure; what was told; how often it was waited.
    fn detected(account: &Account, stacks: &[&str]) -> (Result<Vec<String>, String>, Vec<String>, usize) {
        let stacks: Vec<LookedAt> =
            stacks.iter().map(|id| LookedAt { name: format!("shop-{id}"), id: (*id).to_owned() }).collect();
        let (mut told, mut waited) = (ToldProgress::default(), 0);
        let wait = async || {
            waited += 1;
            match waited {
                9.. => Err(DeployFailure::new(FailureKind::TimedOut, "too long")),
                _ => Ok(()),
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(detect(account, &stacks, wait, &mut told));
        let names = found.map(|all| all.into_iter().map(|it| it.name).collect());
        (names.map_err(|failure| failure.message), told.0, waited)
    }

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn all_stacks_are_looked_at_together_and_told_in_their_order() {
        let account = Account {
            rounds: RefCell::new([("a".to_owned(), 2), ("c".to_owned(), 1)].into()),
            ..Account::default()
        };
        let (found, told, waited) = detected(&account, &["a", "b", "c"]);
        assert_eq!(found, Ok(names(&["a1", "a2", "b1", "b2", "c1", "c2"])));
        assert_eq!((told, waited), (Vec::new(), 2), "no longer than the slowest");
        let state = |stack: &str| format!("state detection of {stack}");
        let mut expected = names(&["begin a", "begin b", "begin c"]);
        expected.extend(["a", "b", "c", "a", "c", "a"].map(state));
        expected.extend(names(&["found a", "found b", "found c"]));
        assert_eq!(account.calls.into_inner(), expected);
    }

    #[test]
    fn a_stack_that_cannot_be_looked_at_is_named_and_stops_no_other() {
        let failure = DeployFailure::failed("cannot look for drift: the stack is ROLLBACK_COMPLETE");
        let refused = |all: &[&str]| Account {
            refused: all.iter().map(|stack| ((*stack).to_owned(), failure.clone())).collect(),
            incomplete: Some("c".to_owned()),
            ..Account::default()
        };
        let account = refused(&["a"]);
        let (found, told, waited) = detected(&account, &["a", "b", "c"]);
        assert_eq!((found, waited), (Ok(names(&["b1", "b2", "c1", "c2"])), 0));
        assert_eq!(
            told,
            [
                "! shop-a could not be looked at: cannot look for drift: the stack is ROLLBACK_COMPLETE",
                "! not all of shop-c could be looked at: no permission",
            ]
        );
        assert!(!account.calls.borrow().contains(&"found a".to_owned()), "what an earlier look found is old");
        let (found, told, _) = detected(&refused(&["a"]), &["a"]);
        assert_eq!((found, told), (Err(failure.message.clone()), Vec::new()), "it is told once");
        let (found, told, _) = detected(&refused(&["a", "b"]), &["a", "b"]);
        assert_eq!((found, told.len()), (Err(failure.message.clone()), 2));
        assert_eq!(detected(&Account::default(), &[]), (Ok(Vec::new()), Vec::new(), 0));
    }

    #[test]
    fn who_may_not_ask_and_who_waits_too_long_is_told_so() {
        let failure = DeployFailure::new(FailureKind::Credentials, "the token has expired");
        let account = Account { refused: [("b".to_owned(), failure)].into(), ..Account::default() };
        assert_eq!(detected(&account, &["a", "b"]).0, Err("the token has expired".to_owned()));
        let endless = Account { rounds: RefCell::new([("a".to_owned(), 99)].into()), ..Account::default() };
        assert_eq!(detected(&endless, &["a"]), (Err("too long".to_owned()), Vec::new(), 9));
    }

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
