//! An application as it is deployed: one stack with its nested stacks, or independent stacks.
//!
//! In: the name of its first stack. Out: [`DeployedApplication`]. A stack says by a tag which application it belongs to, so
//! what is deployed decides, and not how the manifest is compiled now. A stack that was only attached has no tags yet.

use super::stack::{DeployedStack, find};
use super::{nested, reattach, side_by_side, stack};
use crate::deploy::failure::{DeployFailure, sdk};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackResourceSummary;
use std::collections::BTreeMap;
use tranship_targets::StackDeployment;

/// The tag with the name of the application's first stack.
pub(super) const APPLICATION: &str = "tranship:application";

/// The tag with the stage.
pub(super) const STAGE: &str = "tranship:stage";

/// Stacks that are read at the same time: CloudFormation answers about ten calls a second.
pub(in crate::deploy) const READ: usize = 8;

/// The stacks of an application.
#[derive(Debug, Clone)]
pub(in crate::deploy) struct DeployedApplication {
    /// The first one, which has the application's name, and then the others by their names.
    pub(in crate::deploy) stacks: Vec<DeployedStack>,
}

/// All stacks of the account and region that are wanted, by name.
pub(super) async fn list(
    client: &Client,
    wanted: impl Fn(&str, &DeployedStack) -> bool,
) -> Result<BTreeMap<String, DeployedStack>, DeployFailure> {
    let (mut found, mut token) = (BTreeMap::new(), None);
    loop {
        let page = client.describe_stacks().set_next_token(token).send().await;
        let page = page.map_err(|error| sdk("list the stacks", error))?;
        for described in page.stacks() {
            let (name, stack) = (described.stack_name().unwrap_or_default(), stack::read(described));
            if wanted(name, &stack) {
                found.insert(name.to_owned(), stack);
            }
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a stack belongs to the application whose first stack has this name.
pub(super) fn is_of(stack: &DeployedStack, application: &str) -> bool {
    stack.tags.iter().any(|(key, value)| key == APPLICATION && value == application)
}

/// Whether a stack of this name belongs to the application, or may: it has no tags, and is to be one of its stacks.
fn may_belong(stack: &DeployedStack, name: &str, deployment: &StackDeployment) -> bool {
    let is_to_be = || deployment.separate.iter().any(|it| it.stack == name);
    is_of(stack, &deployment.stack) || stack.is_unmarked() && is_to_be()
}

/// The stage of a stack, as its tag says.
pub(super) fn stage_of(stack: &DeployedStack) -> Option<&str> {
    stack.tags.iter().find(|(name, _)| name == STAGE).map(|(_, stage)| stage.as_str())
}

impl DeployedApplication {
    /// Finds it; `None` where its first stack is not there.
    pub(in crate::deploy) async fn find(
        client: &Client,
        deployment: &StackDeployment,
    ) -> Result<Option<Self>, DeployFailure> {
        let name = &deployment.stack;
        let Some(first) = find(client, name).await? else { return Ok(None) };
        let several = is_of(&first, name);
        let mut stacks = vec![first];
        if several {
            let wanted = |other: &str, it: &DeployedStack| other != name && may_belong(it, other, deployment);
            for stack in list(client, wanted).await?.into_values() {
                if is_of(&stack, name) || reattach::has_begun(client, &stack.id).await {
                    stacks.push(stack);
                }
            }
        }
        Ok(Some(DeployedApplication { stacks }))
    }

    /// The resources that are there: a list for each of the stacks, with those of its nested stacks.
    pub(in crate::deploy) async fn resources(
        &self,
        client: &Client,
    ) -> Result<Vec<Vec<StackResourceSummary>>, DeployFailure> {
        let lists = self.stacks.iter().map(|it| nested::resources(client, &it.id));
        let lists = side_by_side::gather(READ, lists).await;
        lists.map_err(|error| sdk("list the stack's resources", error))
    }

    /// Whether there are several independent stacks.
    pub(in crate::deploy) fn is_several(&self) -> bool {
        self.stacks.len() > 1
    }

    /// The stack whose state is that of the application: one that failed, else one that is being changed, else the one that
    /// was changed last.
    pub(in crate::deploy) fn telling(&self) -> Option<&DeployedStack> {
        let rank = |it: &DeployedStack| match (it.is_busy(), it.is_done()) {
            (false, true) => 0,
            (true, _) => 1,
            (false, false) => 2,
        };
        // Of several, the first one.
        let last = |it: &&DeployedStack| (rank(it), it.changed.clone());
        self.stacks.iter().rev().max_by_key(last)
    }

    /// The stack that was changed last.
    pub(in crate::deploy) fn last_changed(&self) -> Option<&DeployedStack> {
        self.stacks.iter().rev().max_by_key(|it| &it.changed)
    }

    /// The stacks whose last operation did not succeed, and is over, or was to be followed by another one.
    pub(in crate::deploy) fn failed(&self) -> impl Iterator<Item = &DeployedStack> {
        self.stacks.iter().filter(|it| !it.is_done() && !it.is_busy())
    }

    /// The outputs of the application, and none that one stack hands to another.
    pub(in crate::deploy) fn outputs(&self) -> Vec<(String, String)> {
        let own = |it: &DeployedStack| {
            let own = it.outputs.iter().filter(|(name, _)| !it.handed_out.contains(name));
            own.cloned().collect::<Vec<_>>()
        };
        self.stacks.iter().flat_map(own).collect()
    }

    /// The values of all parameters. One of the application has the same value in each stack that has it.
    pub(in crate::deploy) fn parameters(&self) -> BTreeMap<String, String> {
        let all = self.stacks.iter().rev().flat_map(|it| it.parameters());
        all.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::StackStatus::{
        self, CreateComplete, ImportComplete, ReviewInProgress, RollbackComplete, UpdateComplete,
        UpdateInProgress,
    };

    fn stack(name: &str, status: StackStatus, changed: &str) -> DeployedStack {
        DeployedStack { status, changed: changed.into(), ..DeployedStack::sample(name) }
    }

    fn telling(stacks: &[(&str, StackStatus, &str)]) -> String {
        let stacks = stacks.iter().map(|(name, status, changed)| stack(name, status.clone(), changed));
        let application = DeployedApplication { stacks: stacks.collect() };
        application.telling().map(|it| it.name().to_owned()).unwrap_or_default()
    }

    #[test]
    fn the_worst_stack_tells_the_state_of_all() {
        let (done, new) = (("a", UpdateComplete, "2"), ("b", CreateComplete, "1"));
        assert_eq!(telling(&[done.clone(), new.clone()]), "a");
        assert_eq!(telling(&[done.clone(), ("b", CreateComplete, "3")]), "b");
        assert_eq!(telling(&[done.clone(), ("b", CreateComplete, "2")]), "a", "of two, the first");
        assert_eq!(telling(&[done.clone(), ("b", UpdateInProgress, "1")]), "b");
        let failed = ("c", RollbackComplete, "0");
        assert_eq!(telling(&[done.clone(), ("b", UpdateInProgress, "1"), failed]), "c");
        assert_eq!(telling(&[done, ("r", ReviewInProgress, "0")]), "r", "never created");
        assert_eq!(telling(&[("a", UpdateComplete, "2"), ("i", ImportComplete, "0")]), "i", "only attached");
        assert_eq!(telling(&[]), "");
    }

    #[test]
    fn a_stack_belongs_by_its_tag_or_by_its_name_as_long_as_it_has_none() {
        let separate = tranship_targets::SeparateDeployment {
            stack: "shop-Shared".into(),
            template: String::new(),
            stage: "shared",
            service: None,
            after: Vec::new(),
            given: Vec::new(),
        };
        let deployment =
            StackDeployment { stack: "shop".into(), separate: vec![separate], ..StackDeployment::default() };
        let tagged = |key: &str, value: &str| {
            let mut stack = stack("x", ImportComplete, "1");
            stack.tags.push((key.to_owned(), value.to_owned()));
            stack
        };
        let bare = stack("x", ImportComplete, "1");
        assert!(may_belong(&bare, "shop-Shared", &deployment));
        assert!(!may_belong(&bare, "shop-Other", &deployment));
        assert!(!may_belong(&tagged("tranship:project", "blog"), "shop-Shared", &deployment));
        assert!(may_belong(&tagged(APPLICATION, "shop"), "shop-Other", &deployment));
    }

    #[test]
    fn what_one_stack_hands_to_another_is_no_output() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut first = stack("shop", UpdateComplete, "1");
        first.outputs = vec![pair("ClusterRef", "shop-1"), pair("Url", "http://shop")];
        first.handed_out = ["ClusterRef".to_owned()].into();
        first.parameters = [pair("Version", "1")].into();
        let mut second = stack("shop-WebStack", RollbackComplete, "2");
        second.outputs = vec![pair("WebUrl", "http://web")];
        second.parameters = [pair("Cluster", "shop-1"), pair("Version", "0")].into();
        second.tags = vec![pair(APPLICATION, "shop"), pair(STAGE, "service")];
        assert_eq!((stage_of(&second), stage_of(&first)), (Some("service"), None));
        assert!(is_of(&second, "shop") && !is_of(&second, "shop-WebStack") && !is_of(&first, "shop"));
        let application = DeployedApplication { stacks: vec![first, second] };
        assert_eq!(application.outputs(), [pair("Url", "http://shop"), pair("WebUrl", "http://web")]);
        assert_eq!(application.parameters(), [pair("Cluster", "shop-1"), pair("Version", "1")].into());
        assert_eq!(application.failed().map(DeployedStack::name).collect::<Vec<_>>(), ["shop-WebStack"]);
        let attached = DeployedApplication { stacks: vec![stack("shop", ImportComplete, "1")] };
        assert_eq!(attached.failed().count(), 1, "the rest is not there");
        assert!(application.is_several());
    }
}
