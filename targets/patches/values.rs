//! Values that a patch writes -> values of a template: intrinsic functions in their short and in their long form.
//!
//! In: a [`FreeNode`]. Out: a [`TemplateValue`], or what is wrong with it, each at its place. Invariant: what is read is a
//! function that Tranship can write; text outside of `Fn::Sub` never becomes a reference to the template.

use tranship_app::{FreeNode, FreeValue};
use tranship_cloudformation::{
    FnSub, IntrinsicFunction, IntrinsicTarget, LogicalId, PropertyMap, PseudoParameter, TemplateValue,
};
use tranship_frontend::source::Origin;

/// Something that cannot stand in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueFault {
    /// Where it stands.
    pub origin: Origin,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: String,
}

/// The functions that can be written, without `Fn::`.
const FUNCTIONS: &[&str] = &[
    "Ref",
    "GetAtt",
    "Sub",
    "Join",
    "Select",
    "GetAZs",
    "If",
    "Split",
    "ImportValue",
    "Base64",
    "FindInMap",
    "Cidr",
];

/// The value of a node.
///
/// # Errors
/// Everything in it that cannot stand in a template.
pub fn value_of(node: &FreeNode) -> Result<TemplateValue, Vec<ValueFault>> {
    let mut faults = Vec::new();
    let value = read(node, &mut faults);
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        _ => Err(faults),
    }
}

/// The mapping of a node.
///
/// # Errors
/// Everything in it that cannot stand in a template.
pub fn mapping_of(node: &FreeNode) -> Result<PropertyMap, Vec<ValueFault>> {
    match value_of(node)? {
        TemplateValue::Map(map) => Ok(map),
        _ => Err(vec![ValueFault {
            origin: node.at.origin,
            message: "an intrinsic function stands where a mapping of keys is needed".to_owned(),
            help: "write the keys, and the function as a value of one of them".to_owned(),
        }]),
    }
}

fn read(node: &FreeNode, faults: &mut Vec<ValueFault>) -> Option<TemplateValue> {
    if let Some(tag) = node.tag.as_deref().filter(|tag| *tag != "!override") {
        return function(tag.trim_start_matches('!'), node, node, faults);
    }
    match &node.value {
        FreeValue::Bool(flag) => Some((*flag).into()),
        FreeValue::Integer(number) => Some((*number).into()),
        FreeValue::Text(text) => Some(FnSub::new().literal(text).into_value()),
        FreeValue::List(items) => {
            let read: Vec<Option<TemplateValue>> = items.iter().map(|item| read(item, faults)).collect();
            read.into_iter().collect::<Option<_>>().map(TemplateValue::List)
        }
        FreeValue::Mapping(entries) => {
            if let [(key, argument)] = entries.as_slice()
                && let Some(name) = long_name(key)
            {
                return function(name, argument, node, faults);
            }
            let read: Vec<Option<(String, TemplateValue)>> =
                entries.iter().map(|(key, value)| Some((key.to_string(), read(value, faults)?))).collect();
            read.into_iter().collect::<Option<PropertyMap>>().map(TemplateValue::Map)
        }
    }
}

/// The name of a function in its long form, without `Fn::`.
fn long_name(key: &str) -> Option<&str> {
    if key == "Ref" { Some(key) } else { key.strip_prefix("Fn::") }
}

/// A function with its argument. `whole` is where it stands.
fn function(
    name: &str,
    argument: &FreeNode,
    whole: &FreeNode,
    faults: &mut Vec<ValueFault>,
) -> Option<TemplateValue> {
    if !FUNCTIONS.contains(&name) {
        let known: Vec<String> = FUNCTIONS.iter().map(|one| format!("`{one}`")).collect();
        faults.push(ValueFault {
            origin: whole.at.origin,
            message: format!("unsupported intrinsic function `{name}`"),
            help: format!("use one of {}", known.join(", ")),
        });
        return None;
    }
    // The tag of the short form is on the argument itself.
    let argument = &FreeNode {
        tag: argument.tag.clone().filter(|_| !std::ptr::eq(argument, whole)),
        ..argument.clone()
    };
    let before = faults.len();
    let read = arguments(name, argument, faults);
    if read.is_none() && faults.len() == before {
        let (form, example) = form_of(name);
        faults.push(ValueFault {
            origin: whole.at.origin,
            message: format!("`{name}` needs {form}"),
            help: format!("write it as in `{example}`"),
        });
    }
    read
}

/// What a function needs, and how it looks.
fn form_of(name: &str) -> (&'static str, &'static str) {
    match name {
        "Ref" => ("the name of a parameter, a resource or a pseudo parameter", "!Ref Cluster"),
        "GetAtt" => ("a resource and its attribute", "!GetAtt Cluster.Arn"),
        "Sub" => ("a string, alone or in a list with a mapping of variables", "!Sub $${AWS::StackName}-logs"),
        "Join" => ("a delimiter and a list", "!Join [\",\", [a, b]]"),
        "Select" => ("an index from 0 and a list", "!Select [0, !GetAZs \"\"]"),
        "If" => ("a condition and two values", "!If [IsLarge, 4, 1]"),
        "Split" => ("a delimiter and a string", "!Split [\",\", !Ref List]"),
        "FindInMap" => ("a mapping and two keys", "!FindInMap [Sizes, large, memory]"),
        "Cidr" => ("a block, a count and a number of bits", "!Cidr [10.0.0.0/16, 4, 8]"),
        "GetAZs" => ("a region", "!GetAZs \"\""),
        "ImportValue" => ("the name of an export", "!ImportValue network-VpcId"),
        _ => ("one value", "!Base64 text"),
    }
}

fn arguments(name: &str, argument: &FreeNode, faults: &mut Vec<ValueFault>) -> Option<TemplateValue> {
    match name {
        "Ref" => Some(reference(argument.text()?)?.into()),
        "GetAtt" => attribute(argument),
        "Sub" => substitution(argument, faults),
        "GetAZs" => Some(IntrinsicFunction::GetAzs(read(argument, faults)?).into()),
        "ImportValue" => Some(IntrinsicFunction::ImportValue(read(argument, faults)?).into()),
        "Base64" => Some(IntrinsicFunction::Base64(read(argument, faults)?).into()),
        _ => several(name, argument.items()?, faults).map(TemplateValue::from),
    }
}

/// The functions that take a list of arguments.
fn several(name: &str, items: &[FreeNode], faults: &mut Vec<ValueFault>) -> Option<IntrinsicFunction> {
    Some(match (name, items) {
        ("Join", [delimiter, list]) => IntrinsicFunction::Join(scalar(delimiter)?, read(list, faults)?),
        ("Select", [index, list]) => IntrinsicFunction::Select(number(index)?, read(list, faults)?),
        ("Split", [delimiter, text]) => IntrinsicFunction::Split(scalar(delimiter)?, read(text, faults)?),
        ("If", [condition, yes, no]) => {
            IntrinsicFunction::If(LogicalId::parse(condition.text()?)?, read(yes, faults)?, read(no, faults)?)
        }
        ("FindInMap", [mapping, first, second]) => IntrinsicFunction::FindInMap(
            LogicalId::parse(mapping.text()?)?,
            read(first, faults)?,
            read(second, faults)?,
        ),
        ("Cidr", [block, count, bits]) => {
            IntrinsicFunction::Cidr(read(block, faults)?, number(count)?, number(bits)?)
        }
        _ => return None,
    })
}

fn reference(name: &str) -> Option<IntrinsicFunction> {
    let target = match PseudoParameter::parse(name) {
        Some(pseudo) => IntrinsicTarget::Pseudo(pseudo),
        None => IntrinsicTarget::Id(LogicalId::parse(name)?),
    };
    Some(IntrinsicFunction::Ref(target))
}

/// `A.B`, or `[A, B]`.
fn attribute(argument: &FreeNode) -> Option<TemplateValue> {
    let (id, attribute) = match argument.items() {
        Some([id, attribute]) => (id.text()?, attribute.text()?),
        Some(_) => return None,
        None => argument.text()?.split_once('.')?,
    };
    (!attribute.is_empty()).then_some(())?;
    Some(LogicalId::parse(id)?.att(attribute))
}

fn substitution(argument: &FreeNode, faults: &mut Vec<ValueFault>) -> Option<TemplateValue> {
    let (text, variables) = match argument.items() {
        Some([text, variables]) => (text, variables.entries()?),
        Some(_) => return None,
        None => (argument, [].as_slice()),
    };
    let variables: Vec<(String, TemplateValue)> = variables
        .iter()
        .map(|(name, value)| Some((name.to_string(), read(value, faults)?)))
        .collect::<Option<_>>()?;
    match FnSub::parse(text.text()?, &variables) {
        Ok(sub) => Some(sub.into_value()),
        Err(name) => {
            faults.push(ValueFault {
                origin: text.at.origin,
                message: format!("`Sub` cannot resolve `${{{name}}}`"),
                help: "name a parameter, a resource, an attribute (`Id.Arn`), a pseudo parameter or a variable of the mapping; in a Compose file it is written `$${Name}`".to_owned(),
            });
            None
        }
    }
}

/// A scalar as text.
fn scalar(node: &FreeNode) -> Option<String> {
    match (&node.tag, &node.value) {
        (None, FreeValue::Text(text)) => Some(text.to_string()),
        (None, FreeValue::Integer(number)) => Some(number.to_string()),
        _ => None,
    }
}

fn number(node: &FreeNode) -> Option<u32> {
    scalar(node)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tranship_app::At;
    use tranship_cloudformation::{list, props};

    fn node(value: FreeValue) -> FreeNode {
        FreeNode { value, tag: None, at: At::inferred((), Origin::NOWHERE) }
    }

    fn text(text: &str) -> FreeNode {
        node(FreeValue::Text(text.into()))
    }

    fn items(items: &[FreeNode]) -> FreeNode {
        node(FreeValue::List(items.to_vec()))
    }

    fn map(entries: &[(&str, FreeNode)]) -> FreeNode {
        node(FreeValue::Mapping(
            entries.iter().map(|(key, value)| (Arc::from(*key), value.clone())).collect(),
        ))
    }

    fn tagged(tag: &str, inner: FreeNode) -> FreeNode {
        FreeNode { tag: Some(tag.into()), ..inner }
    }

    fn id(text: &str) -> LogicalId {
        LogicalId::parse(text).unwrap()
    }

    #[test]
    fn the_short_and_the_long_form_are_one() {
        let join = |inner: FreeNode| items(&[text(","), items(&[inner, text("b")])]);
        for (tag, long, argument, value) in [
            ("!Ref", "Ref", text("Cluster"), id("Cluster").reference()),
            ("!Ref", "Ref", text("AWS::Region"), PseudoParameter::Region.into()),
            ("!GetAtt", "Fn::GetAtt", text("Db.Endpoint.Port"), id("Db").att("Endpoint.Port")),
            ("!GetAtt", "Fn::GetAtt", items(&[text("Db"), text("Arn")]), id("Db").arn()),
            ("!Sub", "Fn::Sub", text("a-${Db.Arn}"), FnSub::text("a-").att(&id("Db"), "Arn").into_value()),
            (
                "!Sub",
                "Fn::Sub",
                items(&[text("a-${P}"), map(&[("P", tagged("!Ref", text("X")))])]),
                FnSub::text("a-").reference(&id("X")).into_value(),
            ),
            (
                "!Join",
                "Fn::Join",
                join(tagged("!Ref", text("A"))),
                tranship_cloudformation::Join(",", list![id("A").reference(), "b"]),
            ),
            (
                "!Select",
                "Fn::Select",
                items(&[node(FreeValue::Integer(1)), tagged("!GetAZs", text(""))]),
                tranship_cloudformation::Select(1, tranship_cloudformation::GetAzs("")),
            ),
            (
                "!If",
                "Fn::If",
                items(&[text("C"), node(FreeValue::Bool(true)), tagged("!Ref", text("AWS::NoValue"))]),
                tranship_cloudformation::If(&id("C"), true, TemplateValue::none()),
            ),
            (
                "!Split",
                "Fn::Split",
                items(&[text("/"), text("a/b")]),
                tranship_cloudformation::Split("/", "a/b"),
            ),
            (
                "!FindInMap",
                "Fn::FindInMap",
                items(&[text("M"), text("a"), text("b")]),
                tranship_cloudformation::FindInMap(&id("M"), "a", "b"),
            ),
            (
                "!Cidr",
                "Fn::Cidr",
                items(&[text("10.0.0.0/16"), text("4"), node(FreeValue::Integer(8))]),
                tranship_cloudformation::Cidr("10.0.0.0/16", 4, 8),
            ),
            ("!ImportValue", "Fn::ImportValue", text("x"), tranship_cloudformation::ImportValue("x")),
            ("!Base64", "Fn::Base64", text("x"), tranship_cloudformation::Base64("x")),
        ] {
            assert_eq!(value_of(&tagged(tag, argument.clone())), Ok(value.clone()), "{tag}");
            assert_eq!(value_of(&map(&[(long, argument)])), Ok(value), "{long}");
        }
    }

    #[test]
    fn plain_values_stay_what_they_are() {
        let given = map(&[
            ("A", node(FreeValue::Integer(3))),
            ("B", items(&[text("${Ref}"), node(FreeValue::Bool(false))])),
            ("Ref", text("x")),
        ]);
        assert_eq!(
            value_of(&given),
            Ok(props! { "A" => 3, "B" => list!["${Ref}", false], "Ref" => "x" }.into())
        );
        let dynamic = value_of(&text("{{resolve:ssm:/a}}")).unwrap();
        assert!(matches!(dynamic, TemplateValue::Function(_)), "CloudFormation resolves it: {dynamic:?}");
        assert_eq!(value_of(&tagged("!override", text("x"))), Ok("x".into()));
    }

    #[test]
    fn every_fault_is_named() {
        let message = |node: FreeNode| {
            let faults = value_of(&node).unwrap_err();
            assert_eq!(faults.len(), 1, "{faults:?}");
            faults[0].message.clone()
        };
        assert_eq!(message(tagged("!Transform", text("x"))), "unsupported intrinsic function `Transform`");
        assert_eq!(
            message(map(&[("Fn::ToJsonString", text("x"))])),
            "unsupported intrinsic function `ToJsonString`"
        );
        assert_eq!(
            message(tagged("!Ref", text("a-b"))),
            "`Ref` needs the name of a parameter, a resource or a pseudo parameter"
        );
        assert_eq!(
            message(tagged("!GetAtt", text("Cluster"))),
            "`GetAtt` needs a resource and its attribute"
        );
        assert_eq!(
            message(tagged("!GetAtt", text("Cluster."))),
            "`GetAtt` needs a resource and its attribute"
        );
        assert_eq!(
            message(tagged("!Select", items(&[text("x"), text("y")]))),
            "`Select` needs an index from 0 and a list"
        );
        assert_eq!(
            message(tagged("!If", items(&[text("C"), text("y")]))),
            "`If` needs a condition and two values"
        );
        assert_eq!(message(tagged("!Sub", text("${a b}"))), "`Sub` cannot resolve `${a b}`");
        assert_eq!(message(tagged("!Join", text("x"))), "`Join` needs a delimiter and a list");
        let inner = tagged("!Join", items(&[text(","), items(&[tagged("!Ref", text("?"))])]));
        assert_eq!(message(inner), "`Ref` needs the name of a parameter, a resource or a pseudo parameter");
        let two = items(&[tagged("!Ref", text("?")), tagged("!Nothing", text("?"))]);
        assert_eq!(value_of(&two).unwrap_err().len(), 2);
        assert!(
            mapping_of(&map(&[("Ref", text("A"))])).unwrap_err()[0].message.contains("a mapping of keys")
        );
        assert_eq!(mapping_of(&map(&[("A", text("b"))])), Ok(props! { "A" => "b" }));
    }
}
