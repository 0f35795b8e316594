//! The registry: one file per family, one declaration per rule.

use super::Rule;

/// Declares the families and lists their rules. One a line, in order.
macro_rules! families {
    ($( $family:ident, )*) => {
        $( pub mod $family; )*

        /// Every rule of every family, by family and in the order of declaration.
        pub fn all() -> impl Iterator<Item = &'static Rule> {
            [$( $family::ALL ),*].into_iter().flatten().copied()
        }
    };
}

families! {
    app,
    beanstalk,
    compose,
    ecs,
    ecs_ec2,
    env_file,
    fargate,
    file,
    internal,
    interpolation,
    project,
    reuse,
    target,
    tranship,
    yaml,
}

/// The rule of a name.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}
