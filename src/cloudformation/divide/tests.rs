use super::*;
use crate::{
    FnSub, If, Join, ParameterType, PseudoParameter, TemplateCondition, TemplateOutput, TemplateParameter,
    check, props,
};

fn id(text: &str) -> LogicalId {
    LogicalId::parse(text).unwrap()
}

fn members(pairs: &[(&str, &str)]) -> StackMembership {
    pairs.iter().map(|(resource, stack)| (id(resource), id(stack))).collect()
}

fn names<T>(map: &IndexMap<LogicalId, T>) -> Vec<&str> {
    map.keys().map(LogicalId::as_str).collect()
}

/// Two services of which one starts after the other, on one cluster.
fn application() -> Template {
    let mut template = Template::new("shop");
    let subnets = ParameterType::AwsList("AWS::EC2::Subnet::Id");
    template.add_parameter(&id("Subnets"), TemplateParameter::new(subnets, "Subnets."));
    template.add_parameter(&id("Password"), TemplateParameter::string("A password.").no_echo());
    template.add(&id("Cluster"), Resource::new("AWS::ECS::Cluster", props! {}).comment("name"));
    for (name, after) in [("Api", None), ("Web", Some("ApiService"))] {
        let role = id(&format!("{name}Role"));
        template.add(&role, Resource::new("AWS::IAM::Role", props! {}).comment(format!("services.{name}")));
        let service = Resource::new(
            "AWS::ECS::Service",
            props! {
                "Cluster" => id("Cluster").reference(),
                "Role" => role.arn(),
                "Subnets" => id("Subnets").reference(),
                "Name" => FnSub::new().pseudo(PseudoParameter::StackName).then("-x-").att(&id("Cluster"), "Arn"),
            },
        );
        let service = service.depends_on_all(after.map(id).iter()).comment(format!("services.{name}"));
        template.add(&id(&format!("{name}Service")), service);
    }
    template.add_output(&id("Out"), TemplateOutput::new("o", id("ApiService").att("Name")));
    template
}

const BOTH: &[(&str, &str)] = &[
    ("ApiRole", "ApiStack"),
    ("ApiService", "ApiStack"),
    ("WebRole", "WebStack"),
    ("WebService", "WebStack"),
];

#[test]
fn what_crosses_a_border_is_a_parameter_or_an_output() {
    let divided = divide(&application(), members(BOTH));
    assert_eq!(names(&divided.root_template.resources), ["Cluster", "ApiStack", "WebStack"]);
    assert_eq!(names(&divided.nested), ["ApiStack", "WebStack"]);
    assert_eq!(divided.resources(), 7);
    let api = divided.root_template.resources.get(&id("ApiStack")).unwrap();
    let expected = props! {
        "TemplateURL" => "stacks/ApiStack.yaml",
        "Parameters" => props! {
            "Cluster" => id("Cluster").reference(),
            "Subnets" => Join(",", id("Subnets").reference()),
            "RootStackName" => PseudoParameter::StackName,
            "ClusterArn" => id("Cluster").arn(),
        },
    };
    assert_eq!((api.kind.as_ref(), &api.properties), (NESTED_STACK, &expected));
    assert_eq!(api.comments, ["services.Api"]);
    let web = divided.root_template.resources.get(&id("WebStack")).unwrap();
    assert!(api.depends_on.is_empty());
    assert_eq!(web.depends_on, [id("ApiStack")]);
    let nested = divided.nested.get(&id("ApiStack")).unwrap();
    assert_eq!(nested.description, "shop (ApiStack)");
    assert_eq!(names(&nested.parameters), ["Cluster", "Subnets", "RootStackName", "ClusterArn"]);
    assert_eq!(nested.parameters[&id("Subnets")].kind.text(), "List<AWS::EC2::Subnet::Id>");
    assert_eq!(nested.parameters[&id("ClusterArn")].kind, ParameterType::String);
    let service = &nested.resources[&id("ApiService")];
    let expected = props! {
        "Cluster" => id("Cluster").reference(),
        "Role" => id("ApiRole").arn(),
        "Subnets" => id("Subnets").reference(),
        "Name" => FnSub::new().reference(&id("RootStackName")).then("-x-").reference(&id("ClusterArn")),
    };
    assert_eq!(service.properties, expected);
    assert_eq!(divided.nested[&id("WebStack")].resources[&id("WebService")].depends_on, []);
    assert_eq!(nested.outputs[&id("ApiServiceName")].value, id("ApiService").att("Name"));
    assert_eq!(divided.root_template.outputs[&id("Out")].value, id("ApiStack").att("Outputs.ApiServiceName"));
    assert!(divided.nested[&id("WebStack")].outputs.is_empty());
    for template in divided.nested.values().chain([&divided.root_template]) {
        assert_eq!(check(template), []);
    }
}

#[test]
fn without_members_nothing_changes() {
    let template = application();
    assert_eq!(divide(&template, members(&[])), DividedTemplate::whole(template.clone()));
    assert_eq!(divide(&template, members(&[("Nobody", "S")])).root_template.to_yaml(), template.to_yaml());
}

#[test]
fn one_nested_stack_reads_from_another_through_the_root() {
    let mut template = application();
    let rule = props! { "From" => id("ApiRole").arn(), "Name" => id("ApiService").reference() };
    let rule = Resource::new("AWS::X::Rule", rule);
    template.add(&id("Rule"), rule.depends_on(&id("WebRole")));
    let divided = divide(&template, members(&[BOTH, &[("Rule", "WebStack")]].concat()));
    let given = divided.root_template.resources[&id("WebStack")].properties.get("Parameters").unwrap();
    let TemplateValue::Map(given) = given else { panic!("{given:?}") };
    assert_eq!(given.get("ApiRoleArn"), Some(&id("ApiStack").att("Outputs.ApiRoleArn")));
    assert_eq!(divided.nested[&id("ApiStack")].outputs[&id("ApiRoleArn")].value, id("ApiRole").arn());
    let rule = &divided.nested[&id("WebStack")].resources[&id("Rule")];
    let expected = props! { "From" => id("ApiRoleArn").reference(), "Name" => id("ApiService").reference() };
    assert_eq!(rule.properties, expected);
    assert_eq!(given.get("ApiService"), Some(&id("ApiStack").att("Outputs.ApiServiceRef")));
    assert_eq!(
        divided.nested[&id("ApiStack")].outputs[&id("ApiServiceRef")].value,
        id("ApiService").reference()
    );
    assert!(divided.nested.values().all(|it| check(it).is_empty()));
    assert_eq!(rule.depends_on, [id("WebRole")]);
}

#[test]
fn what_would_make_stacks_wait_for_each_other_stays_in_the_root() {
    let mut template = application();
    // A policy in the root needs the role of a nested stack, and the service of that stack waits for the policy.
    template.add(&id("Log"), Resource::new("AWS::Logs::LogGroup", props! {}));
    template.resources[&id("ApiRole")].properties.set("Log", id("Log").arn());
    template.add(&id("Policy"), Resource::new("AWS::IAM::Policy", props! { "R" => id("ApiRole").arn() }));
    template.resources[&id("ApiService")].depends_on.push(id("Policy"));
    let divided = divide(&template, members(&[BOTH, &[("Log", "ApiStack")]].concat()));
    assert_eq!(
        names(&divided.root_template.resources),
        ["Cluster", "ApiRole", "Log", "Policy", "ApiStack", "WebStack"]
    );
    assert_eq!(names(&divided.nested[&id("ApiStack")].resources), ["ApiService"]);
    assert_eq!(divided.root_template.resources[&id("ApiStack")].depends_on, [id("Policy")]);
    assert_eq!(check(&divided.root_template), []);
    // A circle of the template itself is not broken by a division.
    template.resources[&id("Policy")].depends_on.push(id("Policy"));
    assert_eq!(check(&divide(&template, members(BOTH)).root_template).len(), 1);
}

#[test]
fn conditions_and_secrets_keep_their_meaning() {
    let mut template = application();
    let open = TemplateCondition::equals(id("Password").reference(), "");
    template.add_condition(&id("Open"), open.clone());
    template.add_condition(&id("Closed"), TemplateCondition::Named(id("Open")).not());
    template.add_mapping(&id("Sizes"), props! { "a" => props! { "b" => 1 } });
    template.add(&id("Maybe"), Resource::new("AWS::X::Y", props! {}).condition(&id("Closed")));
    template.add(&id("Secret"), Resource::new("AWS::SecretsManager::Secret", props! {}));
    let uses = &mut template.resources[&id("ApiService")].properties;
    uses.set("If", If(&id("Closed"), id("Maybe").reference(), TemplateValue::none()));
    uses.set("Size", crate::FindInMap(&id("Sizes"), "a", "b"));
    uses.set("Field", FnSub::text("x").secret_field(&id("Secret"), "password"));
    let divided = divide(&template, members(&[BOTH, &[("Secret", "ApiStack")]].concat()));
    let nested = &divided.nested[&id("ApiStack")];
    assert!(divided.root_template.resources.contains_key(&id("Secret")), "a secret outlives the service");
    assert_eq!(names(&nested.conditions), ["Closed", "Open"]);
    assert_eq!(nested.conditions[&id("Open")], open);
    assert_eq!(names(&nested.mappings), ["Sizes"]);
    assert!(nested.parameters[&id("Password")].no_echo);
    let expected = FnSub::text("x").secret_field(&id("Secret"), "password").into_value();
    assert_eq!(nested.resources[&id("ApiService")].properties.get("Field"), Some(&expected));
    let TemplateValue::Map(given) =
        &divided.root_template.resources[&id("ApiStack")].properties.get("Parameters").unwrap()
    else {
        panic!()
    };
    assert_eq!(given.get("Maybe"), Some(&If(&id("Closed"), id("Maybe").reference(), "")));
    assert_eq!(given.get("Secret"), Some(&id("Secret").reference()));
    for template in [nested, &divided.root_template] {
        assert_eq!(check(template), []);
    }
}

#[test]
fn names_never_meet_and_values_of_parameter_store_are_resolved_once() {
    let mut template = application();
    template.add_parameter(&id("ClusterArn"), TemplateParameter::string("Another."));
    let image = ParameterType::Ssm("AWS::EC2::Image::Id");
    template.add_parameter(&id("Image"), TemplateParameter::new(image, "An image."));
    let uses = &mut template.resources[&id("ApiService")].properties;
    uses.set("Other", id("ClusterArn").reference());
    uses.set("Image", id("Image").reference());
    let divided = divide(&template, members(BOTH));
    let nested = &divided.nested[&id("ApiStack")];
    let called: Vec<&str> = names(&nested.parameters);
    assert_eq!(called, ["Cluster", "Subnets", "RootStackName", "ClusterArn795e93b5", "ClusterArn", "Image"]);
    assert_eq!(nested.parameters[&id("Image")].kind, ParameterType::String);
    assert_eq!(check(nested), []);
}

/// The root has the export, and what it names of a nested stack is an output there.
#[test]
fn an_export_crosses_the_border_too() {
    let mut template = application();
    let mut output = TemplateOutput::new("e", "x");
    output.export = Some(id("WebService").att("Name"));
    template.add_output(&id("WebService"), output);
    let divided = divide(&template, members(BOTH));
    let root = &divided.root_template;
    let export = id("WebStack").att("Outputs.WebServiceName");
    assert_eq!(root.outputs[&id("WebService")].export, Some(export));
    assert!(divided.nested[&id("WebStack")].outputs.contains_key(&id("WebServiceName")));
    assert_eq!(check(root), []);
}
