//! What a declaration of a setting holds, and the macro that declares a group of them.
//!
//! In: one entry a key. Out: a struct with a typed field for each key, the code that reads it, and the
//! [`SettingDeclaration`]s from which the schema, the pages and the accounting are made. Invariant: nothing
//! about a key stands anywhere else.

/// Everything there is to know of one key.
#[derive(Debug, Clone, Copy)]
pub struct SettingDeclaration {
    /// The key.
    pub key: &'static str,
    /// What it is for, in sentences.
    pub doc: &'static str,
    /// What its value looks like.
    pub form: &'static SettingForm,
    /// Whether the mapping that it belongs to needs it.
    pub required: bool,
    /// What an environment's value does to a default at the top.
    pub layering: SettingLayering,
    /// What holds without it, in Markdown; nothing where it is required.
    pub default: Option<&'static str>,
    /// A Compose file, or the part of one from `x-tranship` on.
    pub example: &'static str,
    /// The targets that use it.
    pub targets: SettingTargets,
}

impl SettingDeclaration {
    /// What it is for.
    pub fn description(&self) -> &'static str {
        self.doc.trim()
    }

    /// The example as a whole Compose file.
    pub fn manifest(&self) -> String {
        const SERVICE: &str = "services:\n  web:\n    image: nginx:1.27\n    ports: [\"80:80\"]\n";
        let whole = self.example.starts_with("services:");
        if whole { self.example.to_owned() } else { format!("{SERVICE}{}", self.example) }
    }
}

/// What the value of a key looks like.
#[derive(Debug)]
pub enum SettingForm {
    /// Text: what it is in words, and a pattern for editors, empty where any text will do.
    Text {
        /// In a sentence that starts with "must be".
        words: &'static str,
        /// A regular expression.
        pattern: &'static str,
    },
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of these numbers.
    Numbers(&'static [u32]),
    /// The name of a target.
    TargetName,
    /// A whole number from the first to the second.
    WholeNumber(u32, u32),
    /// `true` or `false`.
    Truth,
    /// A list.
    List(&'static SettingForm),
    /// One, or a list.
    OneOrMore(&'static SettingForm),
    /// A mapping with the keys of these tables.
    Group(&'static [&'static [SettingDeclaration]]),
    /// A mapping from names that the user chooses.
    Named(&'static SettingForm),
    /// A mapping from names that must have a form of their own.
    NamedBy(&'static SettingNameForm, &'static SettingForm),
    /// A value whose form another tool declares.
    Free {
        /// In a sentence that starts with "must be".
        words: &'static str,
        /// The type in JSON Schema; empty where any will do.
        json: &'static str,
    },
    /// One of these.
    Either(&'static [&'static SettingForm]),
}

/// What the names in a mapping must look like.
#[derive(Debug)]
pub struct SettingNameForm {
    /// What the mapping names: `environment`.
    pub what: &'static str,
    /// In a sentence that starts with "use".
    pub words: &'static str,
    /// A regular expression.
    pub pattern: &'static str,
    /// Whether a name has this form.
    pub fits: fn(&str) -> bool,
}

/// What an environment's value does to the default at the top of `x-tranship`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingLayering {
    /// It takes its place.
    Replaces,
    /// Both hold: a list that grows.
    Adds,
}

/// The targets that use a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingTargets {
    /// Tranship itself, before any target is asked: what becomes of it, for the report.
    Compiler(&'static str),
    /// Tranship itself, for these targets; on others it has no effect.
    CompilerFor(&'static str, &'static [&'static str]),
    /// Every target.
    All,
    /// These; on others it has no effect.
    Only(&'static [&'static str]),
    /// These; others refuse it, and say why.
    RefusedElsewhere(&'static [&'static str]),
}

impl SettingTargets {
    /// Whether it does nothing on a target.
    pub fn ignores(self, target: &str) -> bool {
        match self {
            SettingTargets::Only(names) | SettingTargets::CompilerFor(_, names) => !names.contains(&target),
            SettingTargets::Compiler(_) | SettingTargets::All | SettingTargets::RefusedElsewhere(_) => false,
        }
    }

    /// Whether it means something on a target.
    pub fn uses(self, target: &str) -> bool {
        match self {
            SettingTargets::Compiler(_) | SettingTargets::All => true,
            SettingTargets::Only(names)
            | SettingTargets::CompilerFor(_, names)
            | SettingTargets::RefusedElsewhere(names) => names.contains(&target),
        }
    }

    /// What it becomes before any target is asked.
    pub fn compiled(self) -> Option<&'static str> {
        match self {
            SettingTargets::Compiler(became) | SettingTargets::CompilerFor(became, _) => Some(became),
            _ => None,
        }
    }

    /// The names, where it is not for all.
    pub fn names(self) -> Option<&'static [&'static str]> {
        match self {
            SettingTargets::Compiler(_) | SettingTargets::All => None,
            SettingTargets::Only(names)
            | SettingTargets::CompilerFor(_, names)
            | SettingTargets::RefusedElsewhere(names) => Some(names),
        }
    }
}

impl SettingForm {
    /// The tables of keys that a mapping in this place may have, lists and alternatives looked through.
    pub fn tables(&self) -> Vec<&'static [SettingDeclaration]> {
        match self {
            SettingForm::Group(tables) => tables.to_vec(),
            SettingForm::List(inner) | SettingForm::OneOrMore(inner) => inner.tables(),
            SettingForm::Either(forms) => forms.iter().flat_map(|form| form.tables()).collect(),
            _ => Vec::new(),
        }
    }

    /// What may stand here, as the end of a sentence.
    pub fn describe(&self, targets: &[&str]) -> String {
        match self {
            SettingForm::Text { words, .. } | SettingForm::Free { words, .. } => (*words).to_owned(),
            SettingForm::Words([one]) => format!("`{one}`"),
            SettingForm::Words(words) => format!("one of {}", quoted(words)),
            SettingForm::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                format!("one of {}", numbers.join(", "))
            }
            SettingForm::TargetName => format!("one of {}", quoted(targets)),
            SettingForm::WholeNumber(least, most) => format!("a whole number from {least} to {most}"),
            SettingForm::Truth => "`true` or `false`".to_owned(),
            SettingForm::List(_) => "a list".to_owned(),
            SettingForm::OneOrMore(inner) => format!("{} or a list", inner.describe(targets)),
            SettingForm::Group(_) | SettingForm::Named(_) | SettingForm::NamedBy(..) => {
                "a mapping".to_owned()
            }
            SettingForm::Either(forms) => {
                forms.iter().map(|form| form.describe(targets)).collect::<Vec<_>>().join(" or ")
            }
        }
    }

    /// The same for a page, with what is in a list.
    pub(super) fn detail(&self, targets: &[&str]) -> String {
        match self {
            SettingForm::List(inner) => format!("a list; each item is {}", inner.detail(targets)),
            SettingForm::OneOrMore(inner) => format!("{}, or a list of such", inner.detail(targets)),
            SettingForm::Named(inner) | SettingForm::NamedBy(_, inner) => {
                format!("a mapping from names; each value is {}", inner.detail(targets))
            }
            SettingForm::Either(forms) => {
                forms.iter().map(|form| form.detail(targets)).collect::<Vec<_>>().join(" or ")
            }
            _ => self.describe(targets),
        }
    }

    /// The words that a misspelled one could have been.
    pub(super) fn words<'a>(&self, targets: &[&'a str]) -> Vec<&'a str> {
        match self {
            SettingForm::Words(words) => words.to_vec(),
            SettingForm::TargetName => targets.to_vec(),
            SettingForm::OneOrMore(inner) => inner.words(targets),
            SettingForm::Either(forms) => forms.iter().flat_map(|form| form.words(targets)).collect(),
            _ => Vec::new(),
        }
    }
}

/// `` `a`, `b` ``.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Declares a mapping of `x-tranship`: a struct, the code that reads it, and the declarations of its keys.
///
/// ```text
/// setting_group! {
///     /// `https`.
///     pub HttpsSettings {
///         /// What it is for, in sentences: schema, page and `explain` print this.
///         certificate: At<CertificateArn> {          // a plain type is required; `Option` and `Vec` are not
///             default: "none",                       // left out for what is required
///             example: "x-tranship:\n  ...",         // built by a test on every target named
///             targets: Only(ECS),                    // or Compiler(..), CompilerFor(..), All, RefusedElsewhere(..)
///         }
///     }
/// }
/// ```
///
/// `check = function` names a function that sees the struct as a whole.
macro_rules! setting_group {
    (
        $(#[$meta:meta])*
        $visibility:vis $group:ident $(check = $check:path)? {
            $(
                $(#[doc = $doc:literal])+
                $key:ident: $type:ty {
                    $(default: $default:expr,)?
                    example: $example:expr,
                    targets: $targets:expr $(,)?
                }
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        $visibility struct $group {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl $crate::settings::value::SettingGroup for $group {
            const DECLARATIONS: &'static [$crate::settings::SettingDeclaration] = {
                use $crate::settings::declaration::SettingTargets::*;
                use $crate::settings::value::SettingField;
                &[$(
                    $crate::settings::SettingDeclaration {
                        key: stringify!($key),
                        doc: concat!($($doc),+),
                        form: <$type as SettingField>::FIELD_FORM,
                        required: <$type as SettingField>::REQUIRED,
                        layering: <$type as SettingField>::LAYERING,
                        default: setting_group!(@default $($default)?),
                        example: $example,
                        targets: $targets,
                    }
                ),+]
            };

            fn read_keys(
                node: &tranship_frontend::yaml::Node,
                reader: &mut $crate::settings::reader::SettingReader<'_>,
            ) -> Option<Self> {
                use $crate::settings::value::SettingField;
                // All are read before the first that failed ends it: every mistake is reported.
                $( let $key = <$type as SettingField>::read_field(node.get(stringify!($key)), reader); )+
                let group = $group { $( $key: $key?, )+ };
                $( $check(&group, node, reader)?; )?
                Some(group)
            }

            fn over(self, beneath: Self) -> Self {
                use $crate::settings::value::SettingField;
                $group { $( $key: SettingField::over_field(self.$key, beneath.$key), )+ }
            }
        }

        impl $crate::settings::value::SettingValue for $group {
            const FORM: &'static $crate::settings::SettingForm = &$crate::settings::SettingForm::Group(&[
                <$group as $crate::settings::value::SettingGroup>::DECLARATIONS,
            ]);

            fn read(
                node: &tranship_frontend::yaml::Node,
                reader: &mut $crate::settings::reader::SettingReader<'_>,
            ) -> Option<Self> {
                reader.open(node, Self::FORM)?;
                <$group as $crate::settings::value::SettingGroup>::read_keys(node, reader)
            }
        }
    };
    (@default $default:expr) => { Some($default) };
    (@default) => { None };
}
pub(super) use setting_group;
