//! The declarations in the order of the reference, and how a path that a user writes finds one.

use super::declaration::SettingDeclaration;
use super::environment::{EnvironmentFiles, Settings, TopSettings};
use super::existing_secret::ExistingSecretSettings;
use super::service::ServiceSettings;
use super::value::SettingGroup;
use super::volume::VolumeSettings;
use tranship_frontend::diagnostic::suggest;

/// Keys that are allowed in the same places.
#[derive(Debug)]
pub struct SettingSection {
    /// Its heading.
    pub title: &'static str,
    /// The mappings that may have them.
    pub places: &'static [&'static str],
    /// The keys.
    pub declarations: &'static [SettingDeclaration],
}

const TOP: &str = "x-tranship";
const ENVIRONMENT: &str = "x-tranship.environments.NAME";
const SERVICE: &str = "services.NAME.x-tranship";
const SECRET: &str = "services.NAME.x-tranship.secrets.VARIABLE";
const VOLUME: &str = "volumes.NAME.x-tranship";

/// Every key, by the place it is allowed in.
pub static SECTIONS: &[SettingSection] = &[
    SettingSection { title: "At the top only", places: &[TOP], declarations: TopSettings::DECLARATIONS },
    SettingSection {
        title: "In an environment only",
        places: &[ENVIRONMENT],
        declarations: EnvironmentFiles::DECLARATIONS,
    },
    SettingSection {
        title: "At the top and in every environment",
        places: &[TOP, ENVIRONMENT],
        declarations: Settings::DECLARATIONS,
    },
    SettingSection { title: "Services", places: &[SERVICE], declarations: ServiceSettings::DECLARATIONS },
    SettingSection {
        title: "Secrets of a service",
        places: &[SECRET],
        declarations: ExistingSecretSettings::DECLARATIONS,
    },
    SettingSection { title: "Volumes", places: &[VOLUME], declarations: VolumeSettings::DECLARATIONS },
];

/// A key with the keys around it.
#[derive(Debug, Clone)]
pub struct ListedSetting {
    /// Where it is allowed.
    pub section: &'static SettingSection,
    /// The keys from `x-tranship` on, itself the last.
    pub keys: Vec<&'static str>,
    /// What is declared of it.
    pub declaration: &'static SettingDeclaration,
}

impl ListedSetting {
    /// The keys from `x-tranship` on: `network.vpc`.
    pub fn name(&self) -> String {
        self.keys.join(".")
    }

    /// Its path in the first place that it is allowed in.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section.places.first().unwrap_or(&TOP), self.name())
    }

    /// The keys right below it.
    pub fn inner(&self) -> Vec<&'static SettingDeclaration> {
        self.declaration.form.tables().into_iter().flatten().collect()
    }
}

/// Every key, each before those below it.
pub fn listed_settings() -> Vec<ListedSetting> {
    let mut listed = Vec::new();
    for section in SECTIONS {
        list(section, section.declarations, &[], &mut listed);
    }
    listed
}

fn list(
    section: &'static SettingSection,
    declarations: &'static [SettingDeclaration],
    around: &[&'static str],
    listed: &mut Vec<ListedSetting>,
) {
    for declaration in declarations {
        let keys: Vec<&'static str> = around.iter().copied().chain([declaration.key]).collect();
        listed.push(ListedSetting { section, keys: keys.clone(), declaration });
        for table in declaration.form.tables() {
            list(section, table, &keys, listed);
        }
    }
}

/// What a path names.
#[derive(Debug)]
pub(super) enum FoundSettings {
    /// One key.
    One(ListedSetting),
    /// All keys of a place.
    Several(Vec<ListedSetting>),
    /// None; the path of the nearest.
    Unknown(Option<String>),
}

/// Finds what a path names: `x-tranship.network.vpc`, `services.web.x-tranship.public[0].host`,
/// `x-tranship.environments.production.region`. The name of a service, volume or environment may be left out.
pub(super) fn find(path: &str) -> FoundSettings {
    let steps: Vec<&str> = path.split('.').map(|step| step.split('[').next().unwrap_or(step)).collect();
    let extension = steps.iter().position(|step| *step == super::KEY);
    let (before, after) = match extension {
        Some(at) => (steps.first().copied().filter(|_| at > 0), steps.get(at + 1..).unwrap_or_default()),
        None => (None, steps.as_slice()),
    };
    let all = listed_settings();
    let here: Vec<&ListedSetting> = all.iter().filter(|one| one.is_below(before)).collect();
    if after.is_empty() {
        return FoundSettings::Several(here.into_iter().cloned().collect());
    }
    for tail in tails(after) {
        let own = here.iter().copied().find(|one| one.keys == tail);
        if let Some(found) = own.or_else(|| all.iter().find(|one| one.keys == tail)) {
            return FoundSettings::One(found.clone());
        }
    }
    let name = after.join(".");
    let names: Vec<String> = all.iter().map(ListedSetting::name).collect();
    let near = suggest::closest(&name, names.iter().map(String::as_str));
    FoundSettings::Unknown(
        near.and_then(|near| all.iter().find(|one| one.name() == near)).map(ListedSetting::path),
    )
}

/// The keys that the steps after `x-tranship` can mean: a name that the user chose may stand before them.
fn tails<'s, 'p>(after: &'s [&'p str]) -> Vec<&'s [&'p str]> {
    match after {
        ["environments", named @ ..] => match named {
            [_, inner @ ..] if !inner.is_empty() => vec![after, named, inner],
            _ => vec![after, named],
        },
        _ => vec![after],
    }
}

impl ListedSetting {
    /// Whether it belongs to `services`, `volumes`, or else to the top.
    fn is_below(&self, section: Option<&str>) -> bool {
        let first = self.section.places.first().and_then(|place| place.split('.').next());
        first == section || (section.is_none() && first == Some(TOP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_setting() {
        for (path, found) in [
            ("x-tranship.network.vpc", "x-tranship.network.vpc"),
            ("x-tranship.environments", "x-tranship.environments"),
            ("x-tranship.environments.region", "x-tranship.region"),
            ("x-tranship.environments.public.https.domain", "x-tranship.https.domain"),
            ("x-tranship.environments.production.files", "x-tranship.environments.NAME.files"),
            ("services.x-tranship.public.host", "services.NAME.x-tranship.public.host"),
            ("services.web.x-tranship.public[0].host", "services.NAME.x-tranship.public.host"),
            ("x-tranship.public", "services.NAME.x-tranship.public"),
            ("volumes.data.x-tranship.owner", "volumes.NAME.x-tranship.owner"),
        ] {
            match find(path) {
                FoundSettings::One(one) => assert_eq!(one.path(), found, "{path}"),
                other => panic!("{path}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_place_lists_its_settings() {
        for (path, first) in
            [("x-tranship", "late_bound"), ("services.x-tranship", "public"), ("volumes.x-tranship", "owner")]
        {
            match find(path) {
                FoundSettings::Several(list) => {
                    assert_eq!(list.first().map(ListedSetting::name).as_deref(), Some(first))
                }
                other => panic!("{path}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_misspelled_path_has_a_suggestion() {
        match find("x-tranship.netwrok.vpc") {
            FoundSettings::Unknown(near) => assert_eq!(near.as_deref(), Some("x-tranship.network.vpc")),
            other => panic!("{other:?}"),
        }
    }
}
