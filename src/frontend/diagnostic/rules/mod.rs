//! The registry: one file a family, one declaration a rule.

use super::DiagnosticRule;

/// Declares the families and lists their rules. One a line, in order.
macro_rules! families {
    ($( $family:ident, )*) => {
        $( pub mod $family; )*

        /// The rules of every family here, for the registry.
        pub const ALL: &[&[&DiagnosticRule]] = &[$( $family::ALL ),*];
    };
}

families! {
    compose,
    env_file,
    file,
    internal,
    interpolation,
    project,
    reuse,
    yaml,
}
