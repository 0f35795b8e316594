//! What is written reads back as the same, in one layout, and is no longer than it is said to be.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Base64, Cidr, FindInMap, GetAzs, If, ImportValue, Join, PseudoParameter, Resource, Select, Split,
    TemplateOutput, TemplateParameter, list, props,
};

fn id(text: &str) -> LogicalId {
    LogicalId::parse(text).unwrap()
}

/// How a parser that knows the short form reads the YAML: in the long form.
fn read(yaml: serde_yaml::Value) -> Json {
    use serde_yaml::Value as Yaml;
    match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let long =
                if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") };
            let argument = match read(tagged.value) {
                Json::String(text) if name == "GetAtt" => {
                    let (resource, attribute) = text.split_once('.').unwrap();
                    json!([resource, attribute])
                }
                other => other,
            };
            json!({ long: argument })
        }
        Yaml::Sequence(items) => items.into_iter().map(read).collect(),
        Yaml::Mapping(map) => Json::Object(
            map.into_iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), read(value))).collect(),
        ),
        plain => serde_json::to_value(plain).unwrap(),
    }
}

fn parse(text: &str) -> Json {
    read(serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

fn function() -> impl Strategy<Value = TemplateValue> {
    prop_oneof![
        Just(id("A").reference()),
        Just(PseudoParameter::Region.into()),
        Just(id("A").att("Endpoint.Address")),
        hard_text().prop_map(|text| FnSub::text(text).reference(&id("A")).into_value()),
        (hard_text(), hard_text())
            .prop_map(|(a, b)| FnSub::text(a).value(Split(&b, "x")).then("\n").into_value()),
    ]
}

fn hard_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,12}",
        "[ \t\n\r:#'\"\\\\|>${}!&*a-c-]{0,16}",
        "([a-z ]{0,8}\n){1,5}",
        prop::sample::select(vec![
            "yes",
            "22:22",
            "1_000",
            "2012-10-17",
            "<<",
            "=",
            "~",
            "${A}",
            "\u{85}",
            "\u{feff}"
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = TemplateValue> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(TemplateValue::from),
        any::<i64>().prop_map(TemplateValue::from),
        hard_text().prop_map(TemplateValue::from),
        function(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let map = prop::collection::vec((hard_text(), inner.clone()), 0..4);
        let list = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            map.prop_map(|entries| entries.into_iter().collect::<PropertyMap>().into()),
            list.prop_map(TemplateValue::from),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| If(&id("C"), a, b)),
            inner.clone().prop_map(|it| Join(",", it)),
            inner.clone().prop_map(|it| Select(1, it)),
            function().prop_map(GetAzs),
            function().prop_map(|it| Base64(ImportValue(it))),
            inner.prop_map(|it| FindInMap(&id("M"), it, Cidr("10.0.0.0/8", 2, 8))),
        ]
    })
}

proptest! {
    #[test]
    fn read_back_is_the_long_form(value in value()) {
        let map = props! { "Key" => &value, "List" => list![&value, list![&value]] };
        prop_assert_eq!(parse(&map.to_yaml()), map.to_json());
    }
}

proptest! {
    #[test]
    fn no_text_is_longer_than_it_is_said_to_be(value in value(), text in hard_text(), name in hard_text()) {
        let map = props! { name.clone() => &value, "List" => list![&value, list![list![&value], &text]] };
        let mut template = Template::new(text.as_str());
        template.metadata = map.clone();
        template.add_parameter(&id("P"), TemplateParameter::string(&text).default(&text).comment(&name));
        template.add_mapping(&id("M"), map.clone());
        let equal = TemplateCondition::Equals(value.clone(), "x".into());
        let not = TemplateCondition::Not(Box::new(TemplateCondition::Or(vec![equal.clone(), equal])));
        template.add_condition(&id("D"), TemplateCondition::And(vec![not, TemplateCondition::Named(id("P"))]));
        let resource = Resource::new("AWS::X::Y", map.clone())
            .comments([&text, &name])
            .depends_on_all([&id("B"), &id("C")])
            .condition(&id("D"))
            .retain()
            .creation_policy(map.clone())
            .update_policy(map)
            .metadata("K", &value);
        template.add(&id("R"), resource);
        template.add_output(&id("O"), TemplateOutput::new(text.as_str(), &value).export(&value));
        let (written, said) = (template.to_yaml().len(), template.longest_text());
        prop_assert!(written <= said, "{} bytes, said to be {} at most", written, said);
    }

    #[test]
    fn no_value_is_longer_than_it_is_said_to_be(value in value()) {
        let mut template = Template::default();
        template.metadata = props! { "K" => value };
        // Without what a template has besides.
        prop_assert!(template.to_yaml().len() <= template.longest_text() - Template::default().longest_text() + 60);
    }
}

#[test]
fn a_template_of_a_megabyte_surely_fits_no_more() {
    let with = |letters: usize| Template::new("a".repeat(letters));
    assert!(with(200_000).surely_fits());
    assert!(!with(1_000_001).surely_fits());
    let spare = Template::default().longest_text();
    assert!(with((1_000_000 - spare) / 4).surely_fits(), "each letter may have to be escaped");
    assert!(!with((1_000_000 - spare) / 4 + 1).surely_fits());
}

#[test]
fn layout() {
    let shell = FnSub::text("#!/bin/sh\necho ").reference(&id("A")).then("\n");
    let map = props! {
        "UserData" => Base64(shell),
        "Both" => list![list!["a", list![]], props! { "B" => props! {}, "C" => Base64(id("A").reference()) }],
        "If" => If(&id("C"), props! { "X" => 1 }, TemplateValue::none()),
        "Items" => list![Base64(id("A").arn()), If(&id("C"), "yes", "a\nb\n")],
        "Deep" => props! { "List" => list![Base64(Join(",", list!["x"]))] },
    };
    let expected = "\
UserData:
  Fn::Base64: !Sub |
    #!/bin/sh
    echo ${A}
Both:
  - - a
    - []
  - B: {}
    C:
      Fn::Base64: !Ref A
If: !If
  - C
  - X: 1
  - !Ref AWS::NoValue
Items:
  - Fn::Base64: !GetAtt A.Arn
  - !If
    - C
    - \"yes\"
    - |
      a
      b
Deep:
  List:
    - Fn::Base64: !Join
        - \",\"
        - - x
";
    assert_eq!(map.to_yaml(), expected);
}

#[test]
fn a_whole_template() {
    let mut template = Template::new("one of everything");
    template.metadata =
        props! { "linter" => props! { "config" => props! { "some_settings" => list!["W1"] } } };
    template.add_parameter(
        &id("P"),
        TemplateParameter::string("a word").default("yes").no_echo().comment("services.a"),
    );
    template.add_mapping(&id("M"), props! { "a" => props! { "b" => "c" } });
    template.add_condition(&id("C"), TemplateCondition::equals(id("P").reference(), "no").not());
    template.add_condition(
        &id("D"),
        TemplateCondition::Or(vec![
            TemplateCondition::Named(id("C")),
            TemplateCondition::And(vec![
                TemplateCondition::equals("a", 1),
                TemplateCondition::Named(id("C")),
            ]),
        ]),
    );
    template.add(
        &id("R"),
        Resource::new("AWS::X::Y", props! { "V" => true })
            .comment("a\nb")
            .condition(&id("C"))
            .depends_on(&id("S"))
            .update_policy(props! { "U" => 1 }),
    );
    template.add(&id("S"), Resource::new("AWS::X::Z", props! {}).retain().comment("c").metadata("k", "v"));
    template.add_output(
        &id("O"),
        TemplateOutput::new("it", id("R").reference()).export("name").condition(&id("C")),
    );
    let expected = "\
AWSTemplateFormatVersion: \"2010-09-09\"
Description: one of everything
Metadata:
  linter:
    config:
      some_settings:
        - W1
Parameters:
  # services.a
  P:
    Type: String
    Description: a word
    Default: \"yes\"
    NoEcho: true
Mappings:
  M:
    a:
      b: c
Conditions:
  C: !Not
    - !Equals
      - !Ref P
      - \"no\"
  D: !Or
    - !Condition C
    - !And
      - !Equals
        - a
        - 1
      - !Condition C
Resources:
  # a b
  R:
    Type: AWS::X::Y
    Condition: C
    DependsOn: S
    UpdatePolicy:
      U: 1
    Properties:
      V: true

  # c
  S:
    Type: AWS::X::Z
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Metadata:
      k: v
Outputs:
  O:
    Condition: C
    Description: it
    Value: !Ref R
    Export:
      Name: name
";
    assert_eq!(template.to_yaml(), expected);
    assert_eq!(parse(&template.to_yaml()), template.to_json());
    let (written, said) = (template.to_yaml().len(), template.longest_text());
    assert!(said < 8 * written, "{said} of {written}: a template that fits is rendered for nothing");
}
