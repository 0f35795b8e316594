//! CloudFormation templates as typed, ordered data. A leaf: it knows nothing of Compose or of applications.
//!
//! In: resources, parameters and outputs, added in the order a reader should see them. Out: YAML or JSON
//! text, and a list of what CloudFormation would reject. Invariant: the same calls give the same bytes, and
//! text from the user can never become a reference.
//!
//! ```
//! use tranship_cloudformation::{Join, LogicalId, PseudoParameter, Resource, ResourceRole, FnSub, Template, list, props};
//!
//! let log_group = LogicalId::of("app", ResourceRole::LogGroup);
//! let task = LogicalId::of("app", ResourceRole::TaskDefinition);
//! let mut template = Template::new("todobackend");
//!
//! template.add(
//!     &log_group,
//!     Resource::new("AWS::Logs::LogGroup", props! {
//!         "LogGroupName" => FnSub::text("/").pseudo(PseudoParameter::StackName).then("/ecs/app"),
//!         "RetentionInDays" => 7,
//!     })
//!     .comment("services.app"),
//! );
//! let user: Option<&str> = None;
//! template.add(
//!     &task,
//!     Resource::new("AWS::ECS::TaskDefinition", props! {
//!         "Cpu" => "256",
//!         "ContainerDefinitions" => list![props! {
//!             "Name" => "app",
//!             "User" => ?user, // an Option: the key is left out when it is None
//!             "LogConfiguration" => props! {
//!                 "LogDriver" => "awslogs",
//!                 "Options" => props! { "awslogs-group" => log_group.reference() },
//!             },
//!         }],
//!     })
//!     .comment("services.app")
//!     .comment("services.app.image")
//!     .retain(),
//! );
//!
//! assert!(tranship_cloudformation::check(&template).is_empty());
//! assert_eq!(template.to_yaml(), "\
//! AWSTemplateFormatVersion: \"2010-09-09\"
//! Description: todobackend
//! Resources:
//!   ## services.app
//!   AppLogGroup:
//!     Type: AWS::Logs::LogGroup
//!     Properties:
//!       LogGroupName: !Sub /${AWS::StackName}/ecs/app
//!       RetentionInDays: 7
//!
//!   ## services.app
//!   ## services.app.image
//!   AppTaskDefinition:
//!     Type: AWS::ECS::TaskDefinition
//!     DeletionPolicy: Retain
//!     UpdateReplacePolicy: Retain
//!     Properties:
//!       Cpu: \"256\"
//!       ContainerDefinitions:
//!         - Name: app
//!           LogConfiguration:
//!             LogDriver: awslogs
//!             Options:
//!               awslogs-group: !Ref AppLogGroup
//! ");
//! ```

mod body;
mod divide;
mod edit;
mod graph;
pub mod iam;
mod intrinsic;
mod json;
mod length;
mod limits;
mod map;
mod name;
mod role;
pub mod scalar;
mod sub;
mod template;
mod value;
mod writer;

pub use body::{BodyFault, is_resource_type, mapping_from_body, mapping_keys};
pub use divide::{
    DividedTemplate, GivenValue, HANDED_OUT, NESTED_FOLDER, NESTED_STACK, SeparateStack, SeparatedTemplate,
    StackConflict, StackMembership, StackPlace, StackPlaces, StackStage, divide, separate,
};
pub use edit::{EditFault, ValueChange, ValueEdit, ValuePath, ValueStep};
pub use graph::ResourceDependency;
pub use intrinsic::{
    Base64, Cidr, FindInMap, GetAzs, If, ImportValue, IntrinsicFunction, IntrinsicTarget, Join,
    PseudoParameter, Select, Split, TemplateCondition,
};
pub use limits::{
    INLINE_BYTES, LIMITS, NESTED_OPERATION, STACK_RESOURCES, StackRoom, TemplateLimit, TemplateViolation,
    check, check_written, cycles, exceeded_quotas,
};
pub use map::PropertyMap;
pub use name::LogicalId;
pub use role::ResourceRole;
pub use sub::{FnSub, SubPart};
pub use template::{DeletionPolicy, ParameterType, Resource, Template, TemplateOutput, TemplateParameter};
pub use value::TemplateValue;
