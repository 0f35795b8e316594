//! The decisions that need no AWS: which stacks change, in which order, with which values, and what is refused.

use super::existing::{self, ApplicationStacks};
use super::plan::{self, SeparatePlan};
use super::stack_progress::StackProgress;
use super::values::{self, StackValues};
use super::*;
use crate::deploy::cloudformation::tests_progress::ToldProgress;
use crate::deploy::progress::{PlannedChange, ProgressEvent, ResourceAction};
use crate::operation::difference::DeploymentDiff;
use crate::operation::log_lines::LogEvent;
use aws_sdk_cloudformation::types::StackStatus::{self, CreateComplete, UpdateRollbackComplete};
use tranship_targets::{DeployParameter, GivenParameter, StackService};

const FIRST: &str =
    "Resources: { Cluster: { Type: 'AWS::ECS::Cluster' } }\nOutputs: { ClusterRef: { Value: c } }\n";
const SHARED: &str = "Parameters: { Password: { Type: String } }\nResources: { Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: !Ref Password } } }\n";
const WEB: &str = "Parameters: { Version: { Type: String }, Cluster: { Type: String } }\nResources: { WebService: { Type: 'AWS::ECS::Service' } }\n";

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    all.into_iter().map(str::to_owned).collect()
}

fn there(name: &str, status: StackStatus, parameters: &[(&str, &str)]) -> (String, DeployedStack) {
    let mut stack = DeployedStack { status, changed: "now".into(), ..DeployedStack::sample(name) };
    parameters.iter().for_each(|(name, value)| stack.set_parameter(name, value));
    (name.to_owned(), stack)
}

fn output(stack: &str, output: &str) -> GivenParameter {
    GivenParameter::Output { stack: stack.into(), output: output.into() }
}

fn separate(stack: &str, stage: &'static str, after: &[&str]) -> SeparateDeployment {
    SeparateDeployment {
        stack: stack.into(),
        template: String::new(),
        stage,
        service: None,
        after: names(after.iter().copied()),
        given: Vec::new(),
    }
}

/// A foundation, a stack with a secret, and the service `web`.
fn deployment() -> StackDeployment {
    let web = SeparateDeployment {
        service: Some("web".into()),
        given: vec![
            ("Cluster".into(), output("shop", "ClusterRef")),
            ("Secret".into(), output("shop-Shared", "SecretRef")),
            ("RootStackName".into(), GivenParameter::Value("shop".into())),
        ],
        ..separate("shop-WebStack", "service", &["shop-Shared"])
    };
    let parameter = |name: &str, secret| DeployParameter { name: name.into(), secret, ..Default::default() };
    StackDeployment {
        stack: "shop".into(),
        separate: vec![separate("shop-Shared", "shared", &[]), web],
        parameters: vec![parameter("Version", false), parameter("Password", true)],
        services: vec![StackService { name: "web".into(), logical_id: "WebService".into() }],
        ..StackDeployment::default()
    }
}

/// All three are there with these templates, and `web` in this state.
fn stacks(planned: &[(&str, &str)], web: StackStatus) -> ApplicationStacks {
    let running = map(&[("shop", FIRST), ("shop-Shared", SHARED), ("shop-WebStack", WEB)]);
    let there = [
        there("shop", CreateComplete, &[]),
        there("shop-Shared", CreateComplete, &[("Password", "****")]),
        there("shop-WebStack", web, &[("Version", "1"), ("Cluster", "shop-1")]),
    ];
    ApplicationStacks::of(there.into(), map(planned), running, BTreeMap::new())
}

const SAME: [(&str, &str); 3] = [("shop", FIRST), ("shop-Shared", SHARED), ("shop-WebStack", WEB)];

fn values(choices: &[(&str, ParameterChoice)]) -> StackValues {
    let declared = deployment().parameters.into_iter().map(|it| (it.name.clone(), it));
    StackValues {
        declared: declared.collect(),
        choices: choices.iter().map(|(name, choice)| ((*name).to_owned(), choice.clone())).collect(),
        known: map(&[("Version", "1")]),
        renewed: BTreeSet::new(),
    }
}

fn given(value: &str) -> ParameterChoice {
    ParameterChoice::Given(value.to_owned())
}

/// What would be done: `change shop-WebStack`.
fn planned(stacks: &ApplicationStacks, values: &StackValues, force: &ForcedTasks) -> Vec<String> {
    let deployment = deployment();
    let plan = SeparatePlan { deployment: &deployment, force, stacks, values };
    plan.planned().iter().map(|it| format!("{:?} {}", it.action, it.name)).collect()
}

#[test]
fn what_is_asked_about_are_the_stacks_that_change() {
    let same = stacks(&SAME, CreateComplete);
    let kept = [("Version", given("1")), ("Password", ParameterChoice::Previous)];
    let none = Vec::<String>::new();
    assert_eq!(planned(&same, &values(&kept), &ForcedTasks::None), none);
    assert_eq!(
        planned(&same, &values(&[("Version", given("2"))]), &ForcedTasks::None),
        ["Modify shop-WebStack"],
        "a value alone"
    );
    assert_eq!(
        planned(&same, &values(&[("Password", given("new"))]), &ForcedTasks::None),
        ["Modify shop-Shared"],
        "a secret alone"
    );
    assert_eq!(planned(&same, &values(&kept), &ForcedTasks::All), ["Modify shop-WebStack"]);
    let named = |name: &str| ForcedTasks::Services(vec![name.to_owned()]);
    assert_eq!(planned(&same, &values(&kept), &named("web")), ["Modify shop-WebStack"]);
    assert_eq!(planned(&same, &values(&kept), &named("api")), none);
    let failed = stacks(&SAME, UpdateRollbackComplete);
    assert_eq!(planned(&failed, &values(&kept), &ForcedTasks::None), ["Modify shop-WebStack"], "again");
    let other = [("shop", "Resources: {}\n"), ("shop-Shared", SHARED), ("shop-New", WEB)];
    assert_eq!(
        planned(&stacks(&other, CreateComplete), &values(&kept), &ForcedTasks::None),
        ["Add shop-New", "Modify shop", "Remove shop-WebStack"]
    );
}

#[test]
fn the_reader_of_a_new_secret_gets_new_tasks() {
    let (deployment, same) = (deployment(), stacks(&SAME, CreateComplete));
    let choices = [("Password", given("new"))];
    let mut values = values(&choices);
    values.renewed = values::renewed(&same, &deployment, &values.choices);
    assert_eq!(values.renewed, ["SecretRef".to_owned()].into());
    let others = "Resources: { Log: { Type: 'AWS::Logs::LogGroup', Properties: { Name: !Sub 'x${Password}' } }, Own: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: !Sub '${Password}!' } }, Other: { Type: 'AWS::SecretsManager::Secret' } }\n";
    let others = stacks(&[("shop", others)], CreateComplete);
    let found = values::renewed(&others, &deployment, &values.choices);
    assert_eq!(found, ["OwnRef".to_owned()].into(), "secrets that it feeds, and nothing else");
    let forced = |values: &StackValues, stack: Option<&SeparateDeployment>| {
        let force = &ForcedTasks::None;
        SeparatePlan { deployment: &deployment, force, stacks: &same, values }.forced(stack)
    };
    let [shared, web] = deployment.separate.as_slice() else { panic!("two") };
    assert_eq!(forced(&values, Some(web)), ForcedTasks::All);
    assert_eq!((forced(&values, Some(shared)), forced(&values, None)), Default::default());
    values.renewed = ["OtherRef".to_owned()].into();
    assert_eq!(forced(&values, Some(web)), ForcedTasks::None);
    let kept = [("Password".to_owned(), ParameterChoice::Previous)].into();
    assert_eq!(values::renewed(&same, &deployment, &kept), BTreeSet::new());
}

#[test]
fn a_stack_is_given_what_it_declares() {
    let same = stacks(&SAME, CreateComplete);
    let of = |stack: &str, choices: &[(&str, ParameterChoice)]| {
        let text = if stack == "shop-Shared" { SHARED } else { WEB };
        let found =
            values(choices).of_stack(&same, stack, text, &map(&[("Cluster", "shop-2"), ("Other", "x")]));
        let told = found.parameters.iter().map(|it| (it.name.clone(), it.value.clone(), it.has_default));
        (told.collect::<Vec<_>>(), found.secrets)
    };
    let line = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned), false);
    let both = |version| vec![line("Version", version), line("Cluster", Some("shop-2"))];
    assert_eq!(of("shop-WebStack", &[("Version", given("3"))]), (both(Some("3")), BTreeMap::new()));
    let previous = [("Version", ParameterChoice::Previous)];
    assert_eq!(of("shop-WebStack", &previous).0, both(None), "it has the value");
    assert_eq!(of("shop-NewStack", &previous).0, both(Some("1")), "another stack has it");
    let (told, secrets) = of("shop-Shared", &[("Password", given("canary"))]);
    assert_eq!((told, secrets), (vec![line("Password", None)], map(&[("Password", "canary")])));
    let left = values(&[]).of_stack(&same, "shop-WebStack", WEB, &BTreeMap::new());
    let cluster = left.parameters.iter().find(|it| it.name == "Cluster").unwrap();
    assert_eq!((cluster.value.as_deref(), cluster.has_default), (None, true), "what leaves keeps its value");
}

#[test]
fn a_stack_waits_for_its_stage_and_for_the_stacks_that_it_names() {
    let all = [
        separate("l", "listeners", &[]),
        separate("s1", "service", &["a"]),
        separate("s2", "service", &["a", "s1"]),
        separate("b", "before", &[]),
        separate("a", "shared", &[]),
    ];
    let mut open: Vec<&SeparateDeployment> = all.iter().collect();
    let (mut done, mut waves) = (BTreeSet::new(), Vec::new());
    while !open.is_empty() {
        let (wave, later) = plan::next(&open, &done);
        assert!(!wave.is_empty());
        done.extend(wave.iter().map(|it| it.stack.as_str()));
        waves.push(names(wave.iter().map(|it| it.stack.as_str())));
        open = later;
    }
    assert_eq!(waves, [["a"], ["b"], ["s1"], ["s2"], ["l"]].map(names));
    let alone = [&all[2]];
    assert!(plan::next(&alone, &BTreeSet::new()).0.is_empty(), "nothing is there that it waits for");
}

#[test]
fn what_one_stack_takes_is_what_another_hands_out() {
    let (deployment, same) = (deployment(), stacks(&SAME, CreateComplete));
    let web = deployment.separate.last();
    let outputs = BTreeMap::from([
        ("shop".to_owned(), map(&[("ClusterRef", "shop-1"), ("Url", "http://shop")])),
        ("shop-Shared".to_owned(), map(&[("SecretRef", "arn")])),
        ("shop-WebStack".to_owned(), map(&[("WebUrl", "http://web")])),
        ("shop-Gone".to_owned(), map(&[("Old", "x")])),
    ]);
    let expected = map(&[("Cluster", "shop-1"), ("Secret", "arn"), ("RootStackName", "shop")]);
    assert_eq!(plan::given(web, &outputs), Ok(expected));
    assert_eq!(plan::given(None, &outputs), Ok(BTreeMap::new()));
    let failure = plan::given(web, &BTreeMap::new()).unwrap_err();
    assert_eq!(failure.message, "the stack shop has no output ClusterRef");
    let values = values(&[]);
    let plan =
        SeparatePlan { deployment: &deployment, force: &ForcedTasks::None, stacks: &same, values: &values };
    let own = plan.own_outputs(&outputs);
    assert_eq!(
        own.into_iter().collect::<BTreeMap<_, _>>(),
        map(&[("Url", "http://shop"), ("WebUrl", "http://web")])
    );
}

#[test]
fn nothing_moves_between_stacks_and_no_data_leaves() {
    let refused = |before: &[(&str, &str)], after: &[(&str, &str)], nested: &[(&str, &str)]| {
        let there = before.iter().map(|(name, _)| there(name, CreateComplete, &[])).collect();
        ApplicationStacks::of(there, map(after), map(before), map(nested)).refuse_moves(&deployment())
    };
    assert_eq!(refused(&SAME, &SAME, &[]), Ok(()));
    let moved = [("shop", "Resources: { WebService: {}, Cluster: {} }")];
    let failure = refused(&SAME, &moved, &[]).unwrap_err();
    assert_eq!(
        failure.message,
        "this would move a resource of shop to other stacks, where CloudFormation would create them a second time"
    );
    assert_eq!(
        failure.help,
        [
            "WebService: from the stack shop-WebStack to the stack shop",
            "undo the change of `root_services`, or of `stack`",
            "or deploy to a new environment; docs/large-applications.md says how",
        ]
    );
    let one = [("shop", "Resources: { A: {}, B: {}, C: {}, D: {}, E: {}, F: {} }")];
    let two = [("shop-X", "Resources: { A: {}, B: {}, C: {}, D: {}, E: {}, F: {} }")];
    let failure = refused(&one, &two, &[]).unwrap_err();
    assert_eq!((failure.help.len(), failure.help[5].as_str()), (8, "and 1 more"));
    assert!(failure.help[6].contains("`x-tranship: { stacks: single }`"), "{:?}", failure.help);
    let failure = refused(&[("shop", "Resources: {}")], &two, &[("A", "shop/WebStack")]).unwrap_err();
    assert_eq!(failure.help[0], "A: from the stack shop/WebStack to the stack shop-X");
    assert!(failure.help[1].contains("stacks: nested"), "{:?}", failure.help);

    let data = "Resources: { Files: { Type: 'AWS::EFS::FileSystem' }, Role: { Type: 'AWS::IAM::Role' } }";
    let lost = |after: &str| {
        let running = map(&[("shop-Shared", data)]);
        let stacks =
            ApplicationStacks::of(BTreeMap::new(), map(&[("shop", after)]), running, BTreeMap::new());
        let lost = stacks.lost_data();
        lost.into_iter().map(|it| (it.name, it.data_at_risk, it.action)).collect::<Vec<_>>()
    };
    assert_eq!(lost("Resources: {}"), [("Files".to_owned(), true, ResourceAction::Remove)]);
    assert_eq!(lost(data), []);
}

#[test]
fn the_state_of_all_stacks_identifies_what_a_plan_was_made_for() {
    let same = stacks(&SAME, CreateComplete);
    assert_eq!(same.parameters(), map(&[("Password", "****"), ("Version", "1"), ("Cluster", "shop-1")]));
    assert_eq!(same.identity().lines().count(), 6);
    assert!(same.identity().contains(":stack/shop-Shared/0"), "{}", same.identity());
    let templates = same.templates(&deployment()).unwrap();
    assert_eq!(
        templates.nested.keys().map(String::as_str).collect::<Vec<_>>(),
        ["shop-Shared", "shop-WebStack"]
    );
    let whole = templates.whole().unwrap();
    assert!(whole["Parameters"].get("Cluster").is_none(), "what crosses a border is no parameter");
    let tags = existing::tags("shop", deployment().separate.last());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(tags, [pair("tranship:application", "shop"), pair("tranship:stage", "service")]);
    assert_eq!(existing::tags("shop", None)[1], pair("tranship:stage", "foundation"));
}

#[test]
fn a_secret_is_asked_for_again_where_a_stack_needs_it_and_has_none() {
    let (deployment, same) = (deployment(), stacks(&SAME, CreateComplete));
    let given = || ["Password".to_owned(), "Version".to_owned()].into();
    assert_eq!(values::held(&same, &deployment, given()), ["Password", "Version"]);
    let reader = "Parameters: { Password: { Type: String }, Version: { Type: String } }\nResources: {}\n";
    let more = [SAME[0], SAME[1], SAME[2], ("shop-ApiStack", reader)];
    let more = stacks(&more, CreateComplete);
    assert_eq!(values::held(&more, &deployment, given()), ["Version"], "no stack hands a secret on");
    let elsewhere = [SAME[0], ("shop-Shared", FIRST), SAME[2]];
    let elsewhere = stacks(&elsewhere, CreateComplete);
    assert_eq!(values::held(&elsewhere, &deployment, given()), ["Password", "Version"], "nobody needs it");
}

#[test]
fn a_stack_is_asked_what_it_was_given_if_no_other_has_told() {
    let with = |all: &[(&str, &[(&str, &str)])]| {
        let there = all.iter().map(|(name, parameters)| there(name, CreateComplete, parameters)).collect();
        let stacks = ApplicationStacks::of(there, BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        values::telling(&stacks).iter().map(|it| it.name().to_owned()).collect::<Vec<_>>()
    };
    let (one, two) = (&[("Version", "1")][..], &[("Version", "1"), ("Image", "x")][..]);
    assert_eq!(with(&[("a", &[]), ("b", one), ("c", one), ("d", two), ("e", two)]), ["b", "d"]);
    assert_eq!(with(&[("a", two), ("b", one)]), ["a"]);
}

#[test]
fn what_a_deletion_takes_is_told_before_it_is_agreed_to() {
    let losses = |deleted, stores: &[&str]| DeletionLosses { deleted, stores: names(stores.iter().copied()) };
    let all = [losses(3, &[]), losses(4, &["Files will be kept"]), losses(0, &["Db will be deleted"])];
    let expected =
        ["3 stacks of shop will be deleted, with 7 resources", "Files will be kept", "Db will be deleted"];
    assert_eq!(told("shop", &all), expected);
    assert_eq!(told("shop", &[losses(1, &[])]), ["1 stack of shop will be deleted, with 1 resource"]);
}

#[test]
fn every_stack_is_deleted_with_a_stage_and_the_first_one_last() {
    let deployment = deployment();
    let with = |name: &str, stage: Option<&str>| {
        let mut stack = DeployedStack::sample(name);
        let tag = |stage: &str| (super::super::application::STAGE.to_owned(), stage.to_owned());
        stack.tags.extend(stage.map(tag));
        deleted_with(&deployment, name, &stack)
    };
    assert_eq!(with("shop-OldStack", Some("listeners")), Some("listeners"));
    assert_eq!(with("shop-WebStack", Some("before")), Some("before"), "what runs decides");
    assert_eq!(with("shop-WebStack", None), Some("service"), "only attached, or taken over");
    assert_eq!(with("shop-OldStack", None), Some("shared"));
    assert_eq!(with("shop-OldStack", Some("of another version")), Some("shared"));
    assert_eq!(with("shop", Some("foundation")), None);
    let there: BTreeMap<String, DeployedStack> = ["shop", "shop-Shared", "shop-WebStack", "shop-OldStack"]
        .map(|name| there(name, CreateComplete, &[]))
        .into();
    let of = |stage: &str| {
        let found = of_stage(&deployment, there.iter(), stage);
        found.into_iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let none = Vec::<String>::new();
    assert_eq!(
        DELETED.map(of),
        [none.clone(), names(["shop-WebStack"]), none, names(["shop-OldStack", "shop-Shared"])]
    );
}

#[test]
fn what_leaves_a_stack_goes_with_the_stage_of_the_stack() {
    let (deployment, none) = (deployment(), values(&[]));
    let less = [("shop", FIRST), ("shop-Shared", FIRST), ("shop-WebStack", WEB)];
    let less = stacks(&less, CreateComplete);
    let plan =
        SeparatePlan { deployment: &deployment, force: &ForcedTasks::None, stacks: &less, values: &none };
    let trimmed = |stage: &str| plan.trimmed(stage).iter().map(|it| it.stack.clone()).collect::<Vec<_>>();
    assert_eq!(DELETED.map(trimmed), [vec![], vec![], vec![], names(["shop-Shared"])]);
}

#[test]
fn a_stack_reports_with_its_name_in_front() {
    let mut told = ToldProgress::default();
    let shared: SharedProgress<'_> = RefCell::new(&mut told);
    let mut web = StackProgress::new(&shared, "shop-WebStack", "shop");
    web.message("creating a change set");
    web.warn("no");
    web.review("stack shop-WebStack", &DeploymentDiff::default());
    web.tick();
    let change = PlannedChange {
        action: ResourceAction::Add,
        name: "WebService".into(),
        kind: String::new(),
        detail: String::new(),
        data_at_risk: false,
    };
    web.changes(&[change]);
    let event = ProgressEvent {
        subject: "WebTarget".into(),
        kind: "AWS::ECS::Service".into(),
        status: "CREATE_COMPLETE".into(),
        text: String::new(),
        failed: false,
    };
    web.event(&event);
    let line = LogEvent { id: String::new(), time: 0, stream: String::new(), text: "hello".into() };
    web.log(&line);
    StackProgress::new(&shared, "shop", "shop").message("done");
    assert_eq!(
        told.0,
        [
            "WebStack: creating a change set",
            "! WebStack: no",
            "tick",
            "WebStack/WebService",
            "WebStack/WebTarget",
            "hello",
            "shop: done",
        ],
        "what changes was shown for all stacks before"
    );
}
