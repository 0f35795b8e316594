//! Finds what CloudFormation would reject in a template.
//!
//! In: a template. Out: violations, in template order. Source of the figures: CloudFormation User
//! Guide, "CloudFormation quotas", read in November 2026.

use std::fmt;

use super::sub::DYNAMIC;
use super::{IntrinsicFunction, LogicalId, ResourceDependency, SubPart, Template, TemplateValue, graph};

/// A quota of CloudFormation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateLimit {
    /// What is counted.
    pub what: &'static str,
    /// The maximum, in the unit of `what`.
    pub most: usize,
}

/// The largest template that fits in a request, in bytes. Larger templates go through S3.
pub const INLINE_BYTES: usize = 51_200;

pub(super) const BODY: TemplateLimit = TemplateLimit { what: "bytes in the template", most: 1_000_000 };
/// Resources of one stack.
pub const STACK_RESOURCES: TemplateLimit = TemplateLimit { what: "resources", most: 500 };
const PARAMETERS: TemplateLimit = TemplateLimit { what: "parameters", most: 200 };
const OUTPUTS: TemplateLimit = TemplateLimit { what: "outputs", most: 200 };
const MAPPINGS: TemplateLimit = TemplateLimit { what: "mappings", most: 200 };
const MAPPING_ATTRIBUTES: TemplateLimit = TemplateLimit { what: "attributes in a mapping", most: 200 };
const DESCRIPTION: TemplateLimit = TemplateLimit { what: "bytes in a description", most: 1_024 };
const PARAMETER_VALUE: TemplateLimit = TemplateLimit { what: "bytes in a parameter value", most: 4_096 };
const PARAMETER_DESCRIPTION: TemplateLimit =
    TemplateLimit { what: "characters in a parameter description", most: 4_000 };
const DYNAMIC_REFERENCES: TemplateLimit = TemplateLimit { what: "dynamic references", most: 60 };

/// Resources of a root stack and its nested stacks that one operation may change.
pub const NESTED_OPERATION: TemplateLimit =
    TemplateLimit { what: "resources in a root stack and its nested stacks", most: 2_500 };

/// Every quota that `check` applies to a template.
pub const LIMITS: &[TemplateLimit] = &[
    BODY,
    STACK_RESOURCES,
    PARAMETERS,
    OUTPUTS,
    MAPPINGS,
    MAPPING_ATTRIBUTES,
    DESCRIPTION,
    PARAMETER_VALUE,
    PARAMETER_DESCRIPTION,
    DYNAMIC_REFERENCES,
];

/// How many stacks there are for what a template has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackRoom {
    /// One.
    Single,
    /// A root stack and nested stacks.
    Nested,
    /// Stacks that are deployed one after the other.
    Separate,
}

/// Something CloudFormation would reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateViolation {
    /// A duplicate id.
    Duplicate(LogicalId),
    /// A name referenced in `at` that the template does not define.
    Undefined {
        /// The position of the reference.
        at: LogicalId,
        /// The reference.
        name: ResourceDependency,
    },
    /// A resource that a condition refers to: conditions are decided before anything exists.
    NotInCondition {
        /// The condition.
        at: LogicalId,
        /// The resource.
        name: LogicalId,
    },
    /// A key that `Fn::FindInMap` looks up, which the mapping does not have.
    UnknownKey {
        /// The position of the function.
        at: LogicalId,
        /// The mapping.
        mapping: LogicalId,
        /// The key.
        key: String,
    },
    /// Resources or conditions that depend on each other.
    Cycle(Vec<LogicalId>),
    /// A template without resources.
    Empty,
    /// A quota is exceeded.
    TooMany {
        /// The quota.
        limit: TemplateLimit,
        /// The actual number.
        found: usize,
        /// The object it occurs in; `None` for the template as a whole.
        at: Option<LogicalId>,
    },
    /// A literal string that CloudFormation would resolve as a dynamic reference.
    Resolves {
        /// The resource or output.
        at: LogicalId,
        /// The text.
        text: String,
    },
}

impl TemplateViolation {
    /// Whether several stacks may have room for what one stack has not. Parameters and outputs of nested stacks are those of
    /// the root.
    pub fn is_left_to(&self, room: StackRoom) -> bool {
        let TemplateViolation::TooMany { limit, at: None, .. } = self else { return false };
        match room {
            StackRoom::Single => false,
            StackRoom::Nested => [BODY, STACK_RESOURCES].contains(limit),
            StackRoom::Separate => true,
        }
    }
}

impl fmt::Display for TemplateViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateViolation::Duplicate(id) => write!(f, "duplicate logical id `{id}`"),
            TemplateViolation::Undefined { at, name } => {
                write!(f, "`{at}` refers to `{}`, which is not defined", name.id())
            }
            TemplateViolation::NotInCondition { at, name } => {
                write!(f, "the condition `{at}` refers to the resource `{name}`")
            }
            TemplateViolation::UnknownKey { at, mapping, key } => {
                write!(f, "`{at}` looks up `{key}`, which the mapping `{mapping}` does not have")
            }
            TemplateViolation::Cycle(ids) => {
                let names: Vec<&str> = ids.iter().chain(ids.first()).map(LogicalId::as_str).collect();
                write!(f, "circular dependency: {}", names.join(" -> "))
            }
            TemplateViolation::Empty => write!(f, "the template has no resources"),
            TemplateViolation::TooMany { limit, found, at } => {
                at.iter().try_for_each(|id| write!(f, "`{id}`: "))?;
                write!(f, "{found} {} exceed the limit of {}", limit.what, limit.most)
            }
            TemplateViolation::Resolves { at, text } => {
                write!(
                    f,
                    "`{at}` contains `{text}`, which CloudFormation would resolve as a dynamic reference"
                )
            }
        }
    }
}

/// Everything CloudFormation would reject in this template, except what only the underlying services know.
pub fn check(template: &Template) -> Vec<TemplateViolation> {
    check_written(template, Some(&template.to_yaml()))
}

/// The same of a template whose text is there: it is as large as a quota allows or not. Without a text, its size is not asked.
pub fn check_written(template: &Template, text: Option<&str>) -> Vec<TemplateViolation> {
    let mut found: Vec<TemplateViolation> =
        template.duplicates().iter().cloned().map(TemplateViolation::Duplicate).collect();
    let uses = graph::uses(template);
    found.extend(
        graph::undefined(template, &uses)
            .into_iter()
            .map(|(at, name)| TemplateViolation::Undefined { at, name }),
    );
    found.extend(
        graph::resources_in_conditions(template)
            .map(|(at, name)| TemplateViolation::NotInCondition { at, name }),
    );
    found.extend(
        graph::unknown_keys(template).into_iter().map(|(at, mapping, key)| TemplateViolation::UnknownKey {
            at,
            mapping,
            key,
        }),
    );
    found.extend(graph::cycles(template, &uses).into_iter().map(TemplateViolation::Cycle));
    found.extend(template.resources.is_empty().then_some(TemplateViolation::Empty));
    counts(template, text, &mut found);
    lengths(template, &mut found);
    dynamic_references(template, &mut found);
    found
}

/// The quotas that a template exceeds. Without a text, its size is not asked.
pub fn exceeded_quotas(template: &Template, text: Option<&str>) -> Vec<TemplateViolation> {
    let mut found = Vec::new();
    counts(template, text, &mut found);
    lengths(template, &mut found);
    dynamic_references(template, &mut found);
    found.retain(|one| matches!(one, TemplateViolation::TooMany { .. }));
    found
}

/// Resources that wait for each other.
pub fn cycles(template: &Template) -> Vec<TemplateViolation> {
    graph::cycles(template, &graph::uses(template)).into_iter().map(TemplateViolation::Cycle).collect()
}

fn hold(found: &mut Vec<TemplateViolation>, limit: TemplateLimit, count: usize, at: Option<&LogicalId>) {
    if count > limit.most {
        found.push(TemplateViolation::TooMany { limit, found: count, at: at.cloned() });
    }
}

fn counts(template: &Template, text: Option<&str>, found: &mut Vec<TemplateViolation>) {
    hold(found, BODY, text.map_or(0, str::len), None);
    hold(found, STACK_RESOURCES, template.resources.len(), None);
    hold(found, PARAMETERS, template.parameters.len(), None);
    hold(found, OUTPUTS, template.outputs.len(), None);
    hold(found, MAPPINGS, template.mappings.len(), None);
    for (id, mapping) in &template.mappings {
        hold(found, MAPPING_ATTRIBUTES, mapping.len(), Some(id));
    }
}

fn lengths(template: &Template, found: &mut Vec<TemplateViolation>) {
    hold(found, DESCRIPTION, template.description.len(), None);
    for (id, parameter) in &template.parameters {
        hold(found, PARAMETER_DESCRIPTION, parameter.description.chars().count(), Some(id));
        hold(found, PARAMETER_VALUE, parameter.default.as_ref().map_or(0, String::len), Some(id));
    }
    for (id, output) in &template.outputs {
        hold(found, DESCRIPTION, output.description.len(), Some(id));
    }
}

fn dynamic_references(template: &Template, found: &mut Vec<TemplateViolation>) {
    let mut count = 0;
    let resources =
        template.resources.iter().flat_map(|(id, it)| it.properties.values().map(move |value| (id, value)));
    let outputs = template.outputs.iter().map(|(id, it)| (id, &it.value));
    for (at, value) in resources.chain(outputs) {
        value.walk(&mut |value| match value {
            TemplateValue::String(text) => found.extend(resolved(at, text)),
            TemplateValue::Function(function) => {
                let IntrinsicFunction::Sub(sub) = function.as_ref() else { return };
                for part in sub.parts() {
                    match part {
                        SubPart::Text(text) => found.extend(resolved(at, text)),
                        SubPart::SecretField(..) | SubPart::Dynamic => count += 1,
                        _ => {}
                    }
                }
            }
            _ => {}
        });
    }
    hold(found, DYNAMIC_REFERENCES, count, None);
}

fn resolved(at: &LogicalId, text: &str) -> Option<TemplateViolation> {
    // One character is found sooner, and few texts have it.
    let resolves = text.contains('{') && text.contains(DYNAMIC);
    resolves.then(|| TemplateViolation::Resolves { at: at.clone(), text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FnSub, Resource, TemplateOutput, TemplateParameter, props};

    fn id(text: &str) -> LogicalId {
        LogicalId::parse(text).unwrap()
    }

    fn template(resources: usize) -> Template {
        let mut template = Template::new("");
        for n in 0..resources {
            template.add(&id(&format!("R{n}")), Resource::new("AWS::X::Y", props! {}));
        }
        template
    }

    fn messages(template: &Template) -> Vec<String> {
        check(template).iter().map(TemplateViolation::to_string).collect()
    }

    #[test]
    fn the_last_legal_count_and_the_first_illegal_one() {
        assert_eq!(check(&template(500)), []);
        assert_eq!(messages(&template(501)), ["501 resources exceed the limit of 500"]);
        let left =
            |template: &Template, room| check(template).iter().filter(|it| it.is_left_to(room)).count();
        let rooms = [StackRoom::Single, StackRoom::Nested, StackRoom::Separate];
        assert_eq!(rooms.map(|room| left(&template(501), room)), [0, 1, 1]);
        let mut many = template(1);
        for n in 0..201 {
            many.add_parameter(&id(&format!("P{n}")), TemplateParameter::string("p"));
            many.add_output(&id(&format!("O{n}")), TemplateOutput::new("o", "v"));
        }
        assert_eq!(
            messages(&many),
            ["201 parameters exceed the limit of 200", "201 outputs exceed the limit of 200"]
        );
        assert_eq!(rooms.map(|room| left(&many, room)), [0, 0, 2]);
    }

    #[test]
    fn dynamic_references_are_counted_and_never_come_from_text() {
        let secret = |n: usize| FnSub::text("x").secret_field(&id("R0"), &format!("f{n}"));
        let mut full = template(1);
        full.add(
            &id("S"),
            Resource::new("AWS::X::Y", props! { "V" => TemplateValue::from_iter((0..60).map(secret)) }),
        );
        assert_eq!(check(&full), []);
        full.add(&id("T"), Resource::new("AWS::X::Y", props! { "V" => secret(60) }));
        assert_eq!(messages(&full), ["61 dynamic references exceed the limit of 60"]);

        let mut written = template(1);
        let value: TemplateValue = (0..61).map(|_| FnSub::new().literal("{{resolve:ssm:a}}")).collect();
        written.add(&id("S"), Resource::new("AWS::X::Y", props! { "V" => value }));
        assert_eq!(messages(&written), ["61 dynamic references exceed the limit of 60"]);

        let plain = TemplateValue::from("{{resolve:ssm:a}}");
        let joined = FnSub::text("{{resolve:ssm:a}}").reference(&id("R0")).into_value();
        for value in [plain, joined] {
            let mut text = template(1);
            text.add(&id("S"), Resource::new("AWS::X::Y", props! { "V" => value }));
            let resolved = TemplateViolation::Resolves { at: id("S"), text: "{{resolve:ssm:a}}".to_owned() };
            assert_eq!(check(&text), [resolved]);
        }
        let mut braces = template(1);
        braces.add(&id("S"), Resource::new("AWS::X::Y", props! { "V" => "{{resolve}} {a}" }));
        assert_eq!(check(&braces), []);
    }

    #[test]
    fn duplicates_cycles_and_lengths() {
        let mut bad = template(1);
        bad.description = "x".repeat(1_025);
        bad.add(&id("R0"), Resource::new("AWS::X::Z", props! {}));
        bad.add_parameter(&id("R0"), TemplateParameter::string("p"));
        bad.add(&id("A"), Resource::new("AWS::X::Y", props! {}).depends_on(&id("A")));
        let expected = [
            "duplicate logical id `R0`",
            "duplicate logical id `R0`",
            "circular dependency: A -> A",
            "1025 bytes in a description exceed the limit of 1024",
        ];
        assert_eq!(messages(&bad), expected);
        assert_eq!(bad.resources.get(&id("R0")).map(|it| it.kind.as_ref()), Some("AWS::X::Y"));
        assert_eq!(messages(&Template::new("")), ["the template has no resources"]);
        let mut huge = template(1);
        huge.add(&id("H"), Resource::new("AWS::X::Y", props! { "V" => "x".repeat(1_100_000) }));
        assert!(matches!(check(&huge).as_slice(), [TemplateViolation::TooMany { limit: BODY, .. }]));
        let text = huge.to_yaml();
        let large = TemplateViolation::TooMany { limit: BODY, found: text.len(), at: None };
        assert_eq!(exceeded_quotas(&huge, Some(&text)), [large]);
        assert_eq!(exceeded_quotas(&huge, None), []);
        assert_eq!(check_written(&huge, None), []);
        assert!(check(&huge).iter().all(|it| it.is_left_to(StackRoom::Nested)));
    }

    /// What is wrong with a part of a template that is right as a whole.
    #[test]
    fn a_part_has_quotas_and_circles_of_its_own() {
        let mut template = Template::new("");
        for (name, on) in [("A", "B"), ("B", "A"), ("C", "Nowhere")] {
            template.add(&id(name), Resource::new("AWS::X::Y", props! { "V" => id(on).reference() }));
        }
        assert_eq!(cycles(&template), [TemplateViolation::Cycle(vec![id("A"), id("B")])]);
        assert_eq!(exceeded_quotas(&template, Some("")), [], "an unknown name is no quota");
        let fields = (0..61).map(|at| FnSub::new().secret_field(&id("S"), &format!("f{at}")));
        template.resources[&id("C")].properties.set("V", fields.collect::<TemplateValue>());
        let many = TemplateViolation::TooMany { limit: DYNAMIC_REFERENCES, found: 61, at: None };
        assert_eq!(exceeded_quotas(&template, Some("")), [many]);
    }
}
