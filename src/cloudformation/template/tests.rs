//! What a template and its resources hold, in which order, and what of it can be taken.

use super::*;
use crate::{FnSub, props};

fn id(text: &str) -> LogicalId {
    LogicalId::parse(text).unwrap()
}

#[test]
fn an_order_that_a_reference_implies_is_not_said_again() {
    let properties = props! { "V" => FnSub::text("x").reference(&id("A")).att(&id("B"), "Arn") };
    let resource =
        Resource::new("AWS::X::Y", properties).depends_on_all([&id("A"), &id("B"), &id("C"), &id("C")]);
    assert_eq!(resource.body().get("DependsOn"), Some(&TemplateValue::from("C")));
    let resource = Resource::new("AWS::X::Y", props! { "V" => id("A").reference() }).depends_on(&id("A"));
    assert_eq!(resource.body().get("DependsOn"), None);
}

#[test]
fn the_keys_of_a_resource_are_in_order() {
    let made = Resource::new("AWS::X::Y", props! { "P" => 1 })
        .condition(&id("C"))
        .depends_on_all([&id("A"), &id("B")])
        .retain_once_created()
        .creation_policy(props! { "Q" => 2 })
        .update_policy(props! { "R" => 3 })
        .metadata("M", 4);
    let body = props! {
        "Type" => "AWS::X::Y",
        "Condition" => "C",
        "DependsOn" => crate::list!["A", "B"],
        "DeletionPolicy" => "RetainExceptOnCreate",
        "UpdateReplacePolicy" => "Retain",
        "CreationPolicy" => props! { "Q" => 2 },
        "UpdatePolicy" => props! { "R" => 3 },
        "Metadata" => props! { "M" => 4 },
        "Properties" => props! { "P" => 1 },
    };
    assert_eq!(made.body().iter().collect::<Vec<_>>(), body.iter().collect::<Vec<_>>());
    assert_eq!(made.whole_body(), body);
    let bare = Resource::new("AWS::X::Y", props! {});
    assert_eq!(bare.body().keys().collect::<Vec<_>>(), ["Type"]);
}

#[test]
fn what_a_resource_holds_can_be_taken() {
    let mut left = Resource::new("AWS::X::Y", props! { "P" => 1 }).condition(&id("C")).comment("k").retain();
    let before = left.clone();
    assert_eq!(left.take_content(), before);
    assert_eq!(left, Resource::new("AWS::X::Y", props! {}).condition(&id("C")));
}

#[test]
fn an_outline_says_which_resources_there_are() {
    let held = |id: &str| {
        Resource::new("AWS::X::Y", props! { "P" => id }).condition(&self::id("C")).comments(["k", "l"])
    };
    let mut template = Template::new("d");
    for name in ["A", "B"] {
        template.add(&id(name), held(name).retain());
    }
    template.drop_content();
    let outline = Resource::new("AWS::X::Y", props! {}).condition(&id("C")).comment("k");
    assert!(template.resources.values().all(|left| *left == outline), "{template:?}");
    assert_eq!(template.resources.keys().map(LogicalId::as_str).collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn a_comment_stands_once() {
    let resource = Resource::new("AWS::X::Y", props! {}).comments(["a", "b", "a"]);
    assert_eq!(resource.comments, ["a", "b"]);
    // However many there are, and where they come in two goes.
    for count in [1, 15, 16, 17, 40] {
        let all: Vec<String> = (0..count).map(|number| format!("k{number}")).collect();
        let twice = all.iter().chain(&all).cloned();
        let resource = Resource::new("AWS::X::Y", props! {}).comments(["k0"]).comments(twice.clone());
        assert_eq!(resource.comments, all, "{count}");
        assert_eq!(resource.comments(twice).comments, all, "{count}");
    }
}

#[test]
fn a_template_has_tens_of_thousands_of_resources() {
    assert!(size_of::<Resource>() <= 12 * size_of::<usize>(), "{}", size_of::<Resource>());
}
