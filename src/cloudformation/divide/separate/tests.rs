use super::*;
use crate::{
    FnSub, If, ParameterType, Resource, ResourceRole, TemplateCondition, TemplateOutput, check, props,
};

fn id(text: &str) -> LogicalId {
    LogicalId::parse(text).unwrap()
}

fn names<T>(map: &IndexMap<LogicalId, T>) -> Vec<&str> {
    map.keys().map(LogicalId::as_str).collect()
}

fn at(stage: StackStage, stack: &str) -> StackPlace {
    StackPlace { stage, id: id(stack) }
}

fn places(list: &[(&str, StackStage, &str)]) -> StackPlaces {
    list.iter().map(|(resource, stage, stack)| (id(resource), at(*stage, stack))).collect()
}

const USUAL: &[(&str, StackStage, &str)] = &[
    ("ApiGroup", StackStage::Shared, "Groups"),
    ("WebGroup", StackStage::Shared, "Groups"),
    ("Migrate", StackStage::Before, "Jobs"),
    ("ApiService", StackStage::Service, "Api"),
    ("WebService", StackStage::Service, "Web"),
    ("WebTarget", StackStage::Service, "Web"),
];

/// Two services, of which `Web` starts after `Api`, and a job before both.
fn application() -> Template {
    let mut template = Template::new("shop");
    let subnets = ParameterType::AwsList("AWS::EC2::Subnet::Id");
    template.add_parameter(&id("Subnets"), TemplateParameter::new(subnets, "Subnets."));
    template.add_parameter(&id("Image"), TemplateParameter::string("An image."));
    template.add(&id("Cluster"), Resource::new("AWS::ECS::Cluster", props! {}));
    for name in ["ApiGroup", "WebGroup"] {
        template.add(&id(name), Resource::new("AWS::EC2::SecurityGroup", props! {}).comment("services"));
    }
    let job = props! { "Cluster" => id("Cluster").reference(), "Stack" => PseudoParameter::StackId };
    template.add(&id("Migrate"), Resource::new("Custom::TaskRun", job).depends_on(&id("ApiGroup")));
    template.add(&id("WebTarget"), Resource::new("AWS::X::TargetGroup", props! {}));
    for (name, group, after) in
        [("ApiService", "ApiGroup", "Migrate"), ("WebService", "WebGroup", "ApiService")]
    {
        let service = props! {
            "Cluster" => id("Cluster").reference(),
            "Subnets" => id("Subnets").reference(),
            "Group" => id(group).att("GroupId"),
            "Name" => FnSub::text("/").pseudo(PseudoParameter::StackName).then("/").att(&id("Cluster"), "Arn"),
        };
        template.add(&id(name), Resource::new("AWS::ECS::Service", service).depends_on(&id(after)));
    }
    template.resources[&id("WebService")].properties.set("Image", id("Image").reference());
    let rule = props! { "To" => id("WebTarget").reference() };
    template.add(&id("Rule"), Resource::new("AWS::X::Rule", rule).depends_on(&id("WebService")));
    template.add_output(&id("Url"), TemplateOutput::new("u", "http://x"));
    template.add_output(&id("RuleArn"), TemplateOutput::new("r", id("Rule").reference()));
    template
}

fn output(stack: Option<&str>, name: &str) -> GivenValue {
    GivenValue::Output { stack: stack.map(id), output: id(name) }
}

#[test]
fn each_stack_has_its_own_and_is_given_the_rest() {
    let (made, conflicts) = separate(&mut application(), places(USUAL), &StackPlaces::new());
    assert_eq!(conflicts, []);
    assert_eq!(names(&made.foundation.resources), ["Cluster"]);
    assert_eq!(names(&made.foundation.outputs), ["Url", "ClusterRef", "ClusterArn"]);
    assert_eq!(made.foundation.outputs[&id("ClusterRef")].value, id("Cluster").reference());
    assert!(made.foundation.parameters.is_empty(), "a parameter is where it is used");
    assert_eq!(names(&made.stacks), ["Groups", "Jobs", "Api", "Web"]);
    let groups = &made.stacks[&id("Groups")];
    assert_eq!(names(&groups.template.resources), ["ApiGroup", "WebGroup"]);
    assert_eq!(names(&groups.template.outputs), ["ApiGroupGroupId", "WebGroupGroupId"]);
    assert_eq!(
        (groups.stage, groups.after.as_slice(), groups.given.as_slice()),
        (StackStage::Shared, [].as_slice(), [].as_slice())
    );
    let jobs = &made.stacks[&id("Jobs")];
    assert_eq!((jobs.stage, jobs.after.clone()), (StackStage::Before, vec![id("Groups")]));
    let job = &jobs.template.resources[&id("Migrate")];
    let expected = props! { "Cluster" => id("Cluster").reference(), "Stack" => PseudoParameter::StackId };
    assert_eq!(
        (&job.properties, &job.depends_on),
        (&expected, &thin_vec::ThinVec::new()),
        "a stack knows its own id"
    );
    let api = &made.stacks[&id("Api")];
    assert_eq!(api.after, [id("Groups"), id("Jobs")]);
    let given = [
        (id("Cluster"), output(None, "ClusterRef")),
        (id("ApiGroupGroupId"), output(Some("Groups"), "ApiGroupGroupId")),
        (id("RootStackName"), GivenValue::FoundationName),
        (id("ClusterArn"), output(None, "ClusterArn")),
    ];
    assert_eq!(api.given, given);
    assert_eq!(api.template.description, "shop (Api)");
    assert_eq!(
        names(&api.template.parameters),
        ["Subnets", "Cluster", "ApiGroupGroupId", "RootStackName", "ClusterArn"]
    );
    assert_eq!(api.template.parameters[&id("Subnets")].kind.text(), "List<AWS::EC2::Subnet::Id>");
    assert_eq!(api.template.parameters[&id("Cluster")].kind, ParameterType::String);
    let described = |name: &str| api.template.parameters[&id(name)].description.clone();
    assert_eq!(described("RootStackName"), "The name of the first stack of the application");
    assert_eq!(described("ClusterArn"), "From another stack of the application: Cluster.Arn");
    let service = &api.template.resources[&id("ApiService")].properties;
    assert_eq!(service.get("Subnets"), Some(&id("Subnets").reference()));
    assert_eq!(service.get("Group"), Some(&id("ApiGroupGroupId").reference()));
    let name = FnSub::text("/").reference(&id("RootStackName")).then("/").reference(&id("ClusterArn"));
    assert_eq!(service.get("Name"), Some(&name.into_value()));
    let web = &made.stacks[&id("Web")];
    assert_eq!(web.after, [id("Groups"), id("Api")]);
    assert_eq!(web.stage, StackStage::Service);
    assert!(web.template.parameters.contains_key(&id("Image")));
    // What has no place goes with what it refers to.
    assert_eq!(names(&web.template.resources), ["WebTarget", "WebService", "Rule"]);
    assert_eq!(names(&web.template.outputs), ["RuleArn"]);
    for template in made.stacks.values().map(|it| &it.template).chain([&made.foundation]) {
        assert_eq!(check(template), []);
    }
}

#[test]
fn the_template_still_says_which_resources_there_are() {
    let (before, mut template) = (application(), application());
    let (made, _) = separate(&mut template, places(USUAL), &StackPlaces::new());
    assert_eq!(names(&template.resources), names(&before.resources));
    for (id, left) in &template.resources {
        let known = &before.resources[id];
        assert_eq!((&left.kind, &left.condition), (&known.kind, &known.condition));
        assert!(left.properties.is_empty() && left.depends_on.is_empty(), "{id} moved");
    }
    let moved = made.stacks[&id("Web")].template.resources.values();
    assert!(moved.into_iter().any(|it| !it.properties.is_empty()));
}

#[test]
fn stacks_of_a_stage_are_in_the_order_in_which_they_wait() {
    let mut template = Template::new("");
    // `A` waits for `C`, which waits for `B`; `D` waits for nobody.
    for (name, after) in [("A", Some("C")), ("B", None), ("C", Some("B")), ("D", None)] {
        let resource = Resource::new("AWS::X::Y", props! {});
        template.add(&id(name), resource.depends_on_all(&after.map(id).into_iter().collect::<Vec<_>>()));
    }
    template.add(&id("Z"), Resource::new("AWS::X::Y", props! {}));
    let all = ["A", "B", "C", "D"].map(|name| (id(name), at(StackStage::Service, &format!("{name}Stack"))));
    let (made, conflicts) = separate(&mut template, all.into_iter().collect(), &StackPlaces::new());
    assert_eq!(conflicts, []);
    assert_eq!(names(&made.stacks), ["BStack", "DStack", "CStack", "AStack"]);
    assert_eq!(made.stacks[&id("AStack")].after, [id("CStack")]);
}

#[test]
fn a_stack_that_would_wait_for_a_later_one_is_a_conflict() {
    let mut template = application();
    template.resources[&id("Migrate")].depends_on.push(id("ApiService"));
    let (_, conflicts) = separate(&mut template, places(USUAL), &StackPlaces::new());
    let late = StackConflict {
        stack: Some(at(StackStage::Before, "Jobs")),
        other: at(StackStage::Service, "Api"),
        at: id("Migrate"),
        on: id("ApiService"),
    };
    assert_eq!(conflicts, [late]);
    let mut template = application();
    template.resources[&id("ApiService")].properties.set("Rule", id("Rule").reference());
    let (_, conflicts) = separate(&mut template, places(USUAL), &StackPlaces::new());
    let stacks: Vec<_> =
        conflicts.iter().map(|it| (it.stack.clone().map(|it| it.id), it.other.id.clone())).collect();
    assert_eq!(stacks, [(Some(id("Api")), id("Web")), (Some(id("Web")), id("Api"))]);
    assert_eq!((conflicts[0].at.as_str(), conflicts[0].on.as_str()), ("ApiService", "Rule"));
}

#[test]
fn conditions_mappings_and_secrets_go_along() {
    let mut template = application();
    template.add_parameter(&id("Password"), TemplateParameter::string("A password.").no_echo());
    template.add_condition(&id("Open"), TemplateCondition::equals(id("Password").reference(), ""));
    template.add_condition(&id("Closed"), TemplateCondition::Named(id("Open")).not());
    template.add_mapping(&id("Sizes"), props! { "a" => props! { "b" => 1 } });
    template.add(&id("Maybe"), Resource::new("AWS::X::Y", props! {}).condition(&id("Closed")));
    template.add(&id("Secret"), Resource::new("AWS::SecretsManager::Secret", props! {}));
    let uses = &mut template.resources[&id("ApiService")].properties;
    uses.set("If", If(&id("Closed"), id("Maybe").reference(), TemplateValue::none()));
    uses.set("Size", crate::FindInMap(&id("Sizes"), "a", "b"));
    uses.set("Field", FnSub::text("x").secret_field(&id("Secret"), "password"));
    let all = [USUAL, &[("Secret", StackStage::Shared, "Groups")]].concat();
    let (made, conflicts) = separate(&mut template, places(&all), &StackPlaces::new());
    assert_eq!(conflicts, []);
    let api = &made.stacks[&id("Api")].template;
    assert_eq!(names(&api.conditions), ["Closed", "Open"]);
    assert_eq!(names(&api.mappings), ["Sizes"]);
    assert!(api.parameters[&id("Password")].no_echo);
    assert_eq!(
        made.foundation.outputs[&id("MaybeRef")].value,
        If(&id("Closed"), id("Maybe").reference(), "")
    );
    let expected = FnSub::text("x").secret_field(&id("Secret"), "password").into_value();
    assert_eq!(api.resources[&id("ApiService")].properties.get("Field"), Some(&expected));
    assert_eq!(names(&made.stacks[&id("Web")].template.conditions), Vec::<&str>::new());
    for template in made.stacks.values().map(|it| &it.template).chain([&made.foundation]) {
        assert_eq!(check(template), []);
    }
}

/// An output needs what its value and its export name, wherever it ends up.
#[test]
fn what_outputs_alone_refer_to_goes_along() {
    let mut template = application();
    template.add_parameter(&id("Stage"), TemplateParameter::string("A stage."));
    template.add_condition(&id("Open"), TemplateCondition::equals(id("Stage").reference(), ""));
    template.add_condition(&id("Far"), TemplateCondition::equals(id("Stage").reference(), "far"));
    template.add_mapping(&id("Sizes"), props! { "a" => props! { "b" => 1 } });
    let value = If(&id("Open"), id("WebService").att("Name"), "none");
    let mut named = TemplateOutput::new("n", value);
    named.export =
        Some(FnSub::new().pseudo(PseudoParameter::StackName).then("-").reference(&id("Stage")).into_value());
    template.add_output(&id("Name"), named);
    let looked_up = If(&id("Far"), crate::FindInMap(&id("Sizes"), "a", "b"), id("Cluster").reference());
    template.add_output(&id("Looked"), TemplateOutput::new("l", looked_up));
    let mut exported = TemplateOutput::new("e", "x");
    exported.export = Some(id("ApiService").att("Name"));
    template.add_output(&id("Exported"), exported);
    let (made, conflicts) = separate(&mut template, places(USUAL), &StackPlaces::new());
    assert_eq!(conflicts, []);
    let web = &made.stacks[&id("Web")].template;
    assert_eq!(names(&web.conditions), ["Open"]);
    assert!(names(&web.parameters).contains(&"Stage"));
    let export = FnSub::new().value(id("RootStackName").reference()).then("-").reference(&id("Stage"));
    assert_eq!(web.outputs[&id("Name")].export, Some(export.into_value()));
    assert_eq!(names(&made.foundation.conditions), ["Far"]);
    assert_eq!(names(&made.foundation.mappings), ["Sizes"]);
    assert!(made.stacks[&id("Api")].template.outputs.contains_key(&id("Exported")));
    for template in made.stacks.values().map(|it| &it.template).chain([&made.foundation]) {
        assert_eq!(check(template), []);
    }
}

/// Outputs have names of their own: one of a resource's name moves nothing.
#[test]
fn an_output_may_have_the_name_of_a_resource() {
    let mut template = application();
    template.add_output(&id("Cluster"), TemplateOutput::new("c", id("WebService").att("Name")));
    template.add_output(&id("WebTarget"), TemplateOutput::new("t", id("Cluster").reference()));
    template.add_output(&id("Kept"), TemplateOutput::new("k", id("Cluster").reference()));
    let own = places(&[("Kept", StackStage::Service, "Api")]);
    let (made, conflicts) = separate(&mut template, places(USUAL), &own);
    assert_eq!(conflicts, []);
    assert!(made.foundation.resources.contains_key(&id("Cluster")));
    assert!(made.stacks[&id("Web")].template.outputs.contains_key(&id("Cluster")));
    assert!(made.stacks[&id("Web")].template.resources.contains_key(&id("WebTarget")));
    assert!(made.foundation.outputs.contains_key(&id("WebTarget")));
    assert!(made.stacks[&id("Api")].template.outputs.contains_key(&id("Kept")));
    for template in made.stacks.values().map(|it| &it.template).chain([&made.foundation]) {
        assert_eq!(check(template), []);
    }
}

/// A condition has a name of its own, too.
#[test]
fn a_condition_with_the_name_of_a_resource_places_nothing() {
    let mut template = application();
    template.add_condition(&id("WebService"), TemplateCondition::equals(id("Image").reference(), ""));
    template.add(&id("Topic"), Resource::new("AWS::X::Topic", props! {}).condition(&id("WebService")));
    let value = If(&id("WebService"), id("Cluster").reference(), "none");
    template.add_output(&id("Asked"), TemplateOutput::new("a", value));
    let (made, conflicts) = separate(&mut template, places(USUAL), &StackPlaces::new());
    assert_eq!(conflicts, []);
    assert!(made.foundation.resources.contains_key(&id("Topic")));
    assert!(made.foundation.outputs.contains_key(&id("Asked")));
    assert_eq!(names(&made.foundation.conditions), ["WebService"]);
}

#[test]
fn names_of_stacks_are_short_and_differ() {
    let long = |end: &str| LogicalId::of(&format!("{}-{end}", "a".repeat(80)), ResourceRole::Stack);
    assert_eq!(SeparatedTemplate::name("shop-prod", &id("WebStack")), "shop-prod-WebStack");
    let [one, two] = ["x", "y"].map(|end| SeparatedTemplate::name("shop", &long(end)));
    assert_eq!((one.len(), two.len()), (65, 65));
    assert_ne!(one, two);
    assert!(one.starts_with("shop-Aaaa"), "{one}");
    assert_eq!(SeparatedTemplate::name("s", &id(&"b".repeat(60))), format!("s-{}", "b".repeat(60)));
}

/// Whatever comes first in the template.
#[test]
fn what_has_no_place_is_with_the_last_of_a_chain_that_it_refers_to() {
    let mut template = application();
    let on = |other: &str| props! { "On" => id(other).reference() };
    template.add(&id("Early"), Resource::new("AWS::X::Alarm", on("Late")));
    template.add(&id("Late"), Resource::new("AWS::X::Alarm", on("WebTarget")));
    let (separated, conflicts) = separate(&mut template, places(USUAL), &StackPlaces::new());
    assert_eq!(conflicts, []);
    let web = names(&separated.stacks[&id("Web")].template.resources);
    assert!(web.contains(&"Early") && web.contains(&"Late"), "{web:?}");
    assert!(!names(&separated.foundation.resources).contains(&"Early"));
}

#[test]
fn stages_are_in_their_order() {
    let stages = [StackStage::Shared, StackStage::Before, StackStage::Service, StackStage::Listeners];
    assert!(stages.is_sorted());
    assert_eq!(stages.map(StackStage::as_str), ["shared", "before", "service", "listeners"]);
}
