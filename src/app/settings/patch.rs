//! `patch`: changes to what a target emits, in an environment and in a service.

use super::ECS;
use super::declaration::{SettingForm, setting_group};
use super::free_value::{FreeList, FreeMapping, FreeNode};
use super::identifiers::TargetName;
use super::reader::SettingReader;
use super::value::{OneOrMore, SettingValue, is_collection};
use crate::At;
use tranship_frontend::yaml::{Node, NodeValue};

const BEANSTALK: &[&str] = &["beanstalk"];

setting_group! {
    /// One change to what a target emits.
    pub PatchSettings check = PatchSettings::check {
        /// The resource to change: its logical id in the template, or a type such as `AWS::ECS::Service`, which
        /// means every resource of that type, in a service those that belong to the service.
        resource: Option<At<String>> {
            default: "none: the change is to a parameter, an output or an option",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\nx-tranship:\n  patch:\n    - resource: DbDatabase\n      merge:\n        Properties: { BackupRetentionPeriod: 14 }\n    - resource: AWS::RDS::DBInstance\n      merge:\n        Properties: { MonitoringInterval: 0 }\n",
            targets: All,
        }
        /// The service whose resources are meant, beside a type in `resource`. In a service it is that service.
        service: Option<At<String>> {
            default: "the resources of every service",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\nx-tranship:\n  patch:\n    - resource: AWS::RDS::DBInstance\n      service: db\n      merge:\n        Properties: { MonitoringInterval: 0 }\n",
            targets: All,
        }
        /// The parameter of the template to add or change.
        parameter: Option<At<String>> {
            default: "none",
            example: "x-tranship:\n  patch:\n    - parameter: AlarmEmail\n      add:\n        Type: String\n        Description: Who gets the alarms\n        Default: ops@example.org\n",
            targets: Only(ECS),
        }
        /// The output of the template to add or change.
        output: Option<At<String>> {
            default: "none",
            example: "x-tranship:\n  patch:\n    - output: TemplateRegion\n      add: { Description: Where it runs, Value: !Ref AWS::Region }\n",
            targets: Only(ECS),
        }
        /// The mapping of the template to add or change: names of its keys, each with its attributes.
        mapping: Option<At<String>> {
            default: "none",
            example: "x-tranship:\n  patch:\n    - mapping: Zones\n      add:\n        eu-central-1: { HostedZone: Z0123456789ABC }\n    - output: HostedZone\n      add: { Value: !FindInMap [Zones, eu-central-1, HostedZone] }\n",
            targets: Only(ECS),
        }
        /// The condition of the template to add, to replace or to take away.
        condition: Option<At<String>> {
            default: "none",
            example: "x-tranship:\n  patch:\n    - condition: IsFrankfurt\n      add: !Equals [!Ref AWS::Region, eu-central-1]\n    - output: Place\n      add: { Value: Frankfurt, Condition: IsFrankfurt }\n",
            targets: Only(ECS),
        }
        /// The namespace of Elastic Beanstalk options to set or remove: `merge` sets options by name.
        option: Option<At<String>> {
            default: "none",
            example: "x-tranship:\n  patch:\n    - option: aws:autoscaling:trigger\n      merge: { MeasureName: CPUUtilization, Unit: Percent, UpperThreshold: 70 }\n",
            targets: Only(BEANSTALK),
        }
        /// The targets that the change is for. Others leave it out.
        targets: Option<At<PatchTargets>> {
            default: "every target",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\n      patch:\n        - resource: AWS::RDS::DBInstance\n          targets: [fargate, ecs-ec2, beanstalk]\n          merge:\n            Properties: { BackupRetentionPeriod: 14 }\n",
            targets: All,
        }
        /// The place inside the resource: keys with dots between them, items of lists in brackets, by their number
        /// from 0 or by a key of theirs.
        at: Option<At<String>> {
            default: "the resource as a whole, with `Type` and `Properties`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\n      patch:\n        - resource: AWS::RDS::DBInstance\n          at: Properties.BackupRetentionPeriod\n          replace: 14\n",
            targets: All,
        }
        /// Keys to set. A mapping is merged key by key, anything else takes the place of what is there.
        merge: Option<At<FreeMapping>> {
            default: "none",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\n      patch:\n        - resource: AWS::RDS::DBInstance\n          merge:\n            Properties: { BackupRetentionPeriod: 14 }\n",
            targets: All,
        }
        /// The value that takes the place of the one at `at`, which must exist.
        replace: Option<At<FreeNode>> {
            default: "none",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\n      patch:\n        - resource: AWS::RDS::DBInstance\n          at: Properties.BackupRetentionPeriod\n          replace: 14\n",
            targets: All,
        }
        /// Items to add to the end of the list at `at`, which must exist.
        append: Option<At<FreeList>> {
            default: "none",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\n      patch:\n        - resource: AWS::RDS::DBInstance\n          at: Properties.VPCSecurityGroups\n          append: [sg-0123456789abcdef0]\n",
            targets: All,
        }
        /// What to take away: `true` for the resource, parameter or output itself, else paths as in `at`. Each must exist.
        remove: Option<At<PatchRemoval>> {
            default: "none",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n  db:\n    image: postgres:17\n    environment: { POSTGRES_PASSWORD: local-only-4711 }\n    x-tranship:\n      database: true\n      patch:\n        - resource: AWS::RDS::DBInstance\n          remove: Properties.CopyTagsToSnapshot\n",
            targets: All,
        }
        /// A resource, parameter, output, mapping or condition that does not exist yet, as a template has it.
        add: Option<At<PatchEntry>> {
            default: "none",
            example: "x-tranship:\n  patch:\n    - resource: AlarmTopic\n      add:\n        Type: AWS::SNS::Topic\n        Properties: { DisplayName: Alarms }\n",
            targets: All,
        }
    }
}

/// What a change does.
#[derive(Debug, Clone, Copy)]
pub enum PatchAction<'a> {
    /// Sets keys.
    Merge(&'a At<FreeMapping>),
    /// Takes the place of a value.
    Replace(&'a At<FreeNode>),
    /// Adds items to a list.
    Append(&'a At<FreeList>),
    /// Takes something away.
    Remove(&'a At<PatchRemoval>),
    /// Adds an entry.
    Add(&'a At<PatchEntry>),
}

impl PatchSettings {
    /// What it may be about, of which one is set.
    pub fn things(&self) -> [Option<&At<String>>; 6] {
        let own =
            [&self.resource, &self.parameter, &self.output, &self.mapping, &self.condition, &self.option];
        own.map(Option::as_ref)
    }

    /// What it does: the one action that it has.
    pub fn action(&self) -> Option<PatchAction<'_>> {
        let merge = self.merge.as_ref().map(PatchAction::Merge);
        let replace = self.replace.as_ref().map(PatchAction::Replace);
        let append = self.append.as_ref().map(PatchAction::Append);
        let remove = self.remove.as_ref().map(PatchAction::Remove);
        merge.or(replace).or(append).or(remove).or(self.add.as_ref().map(PatchAction::Add))
    }

    /// Whether the change is for a target.
    pub fn is_for(&self, target: &str) -> bool {
        self.targets
            .as_ref()
            .is_none_or(|targets| targets.value.0.iter().any(|name| name.value.as_str() == target))
    }

    /// One thing to change, one way to change it.
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        let wrong = self.wrong();
        let Some((message, help)) = wrong else { return Some(()) };
        reader.report(node, message.to_owned(), help.to_owned());
        None
    }

    fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let things = self.things();
        let actions = [
            self.merge.is_some(),
            self.replace.is_some(),
            self.append.is_some(),
            self.remove.is_some(),
            self.add.is_some(),
        ];
        let is_whole = self.remove.as_ref().is_some_and(|remove| matches!(remove.value, PatchRemoval::Whole));
        let is_type = self.resource.as_ref().is_some_and(|resource| resource.value.contains("::"));
        if things.iter().filter(|thing| thing.is_some()).count() != 1 {
            return Some((
                "a change in `patch` needs exactly one of `resource`, `parameter`, `output`, `mapping`, `condition` and `option`",
                "write one change for each thing to change",
            ));
        }
        if actions.iter().filter(|action| **action).count() != 1 {
            return Some((
                "a change in `patch` needs exactly one of `merge`, `replace`, `append`, `remove` and `add`",
                "write a change of its own for each",
            ));
        }
        let is_partial = self.merge.is_some() || self.append.is_some() || self.remove.is_some() && !is_whole;
        if self.condition.is_some() && (self.at.is_some() || is_partial) {
            return Some((
                "a condition is one function",
                "write it as a whole with `add` or `replace`, or take it away with `remove: true`",
            ));
        }
        let is_function = self.add.as_ref().is_some_and(|add| add.value.0.entries().is_none());
        if is_function && self.condition.is_none() {
            return Some((
                "`add` needs a mapping of keys",
                "write the entry as a template has it, with its keys",
            ));
        }
        if self.at.is_some() && (self.add.is_some() || is_whole || self.option.is_some()) {
            return Some(("`at` leads to a place inside an entry that exists", "remove `at`"));
        }
        let is_inside = self.replace.is_some() && self.condition.is_none() || self.append.is_some();
        if self.at.is_none() && is_inside {
            return Some((
                "`replace` and `append` need `at`",
                "add the place of the value, such as `at: Properties.Tags`",
            ));
        }
        if self.option.is_some() && (self.add.is_some() || is_whole) {
            return Some((
                "options of Elastic Beanstalk are set with `merge` and removed by name",
                "write `merge: { NAME: VALUE }` or `remove: [NAME]`",
            ));
        }
        if self.service.is_some() && !is_type {
            return Some((
                "`service` narrows down a resource type",
                "write a type such as `resource: AWS::ECS::Service`, or remove `service`",
            ));
        }
        if is_type && self.add.is_some() {
            return Some(("`add` needs the logical id of the new resource", "write `resource: NAME`"));
        }
        None
    }
}

/// `add` of a change: the keys of an entry, or the function of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchEntry(pub FreeNode);

impl SettingValue for PatchEntry {
    const FORM: &'static SettingForm = &SettingForm::Free {
        words: "a mapping, or the function of a condition, without null in it",
        json: "",
    };

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if !is_collection(node) && node.tag.is_none() {
            reader.refuse(node, Self::FORM);
            return None;
        }
        reader.note_empty(node);
        FreeNode::read(node, reader).map(PatchEntry)
    }
}

/// `targets` of a change.
#[derive(Debug, Clone)]
pub struct PatchTargets(Vec<At<TargetName>>);

impl PatchTargets {
    /// Their names, each with its place.
    pub fn names(&self) -> &[At<TargetName>] {
        &self.0
    }
}

impl SettingValue for PatchTargets {
    const FORM: &'static SettingForm = OneOrMore::<At<TargetName>>::FORM;

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        OneOrMore::read(node, reader).map(|list| PatchTargets(list.0))
    }
}

/// `remove`.
#[derive(Debug, Clone)]
pub enum PatchRemoval {
    /// `true`: the entry itself.
    Whole,
    /// Places in it, or names of options.
    Paths(Vec<At<String>>),
}

impl SettingValue for PatchRemoval {
    const FORM: &'static SettingForm =
        &SettingForm::Either(&[&SettingForm::Words(&["true"]), OneOrMore::<At<String>>::FORM]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        match &node.value {
            NodeValue::Bool(true) => reader.scalar(node, Self::FORM, |_| Some(PatchRemoval::Whole)),
            NodeValue::Bool(false) => {
                reader.refuse(node, Self::FORM);
                None
            }
            _ if is_collection(node) || node.as_str().is_some() => {
                OneOrMore::read(node, reader).map(|list| PatchRemoval::Paths(list.0))
            }
            _ => {
                reader.refuse(node, Self::FORM);
                None
            }
        }
    }
}
