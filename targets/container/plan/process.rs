//! What runs in a container, as whom and where: image, entrypoint, command, user, flags, labels.

use crate::container::field::{self, ContainerField};
use crate::container::{ContainerHost, ContainerPlan, ContainerPlanner, TextRenderer};
use tranship_app::{At, BehaviourEffect, ContainerImage, Text};
use tranship_facts::ImageReference;
use tranship_images::ContentDigest;

/// The image. After an error it is empty, and nothing is written.
pub(super) fn image<H: ContainerHost>(planner: &mut ContainerPlanner<'_, '_>, host: &mut H) -> H::KnownText {
    let image = match &planner.service().container.image {
        ContainerImage::Named(text) => {
            let pinned = pinned(text, planner.service().container.pin.as_ref());
            known(planner, host, pinned.as_ref().unwrap_or(text), field::IMAGE)
        }
        ContainerImage::Built { node, origin } => host.built_image(*node, *origin, planner),
    };
    image.unwrap_or_else(|| H::KnownText::from(""))
}

/// The repository and the digest, which no one can push over; the tag is not part of it, since ECS documents one of them.
fn pinned(text: &Text, digest: Option<&ContentDigest>) -> Option<Text> {
    let (reference, digest) = (text.literal()?, digest?);
    let parsed = ImageReference::parse(&reference);
    if parsed.digest.is_some() {
        return None;
    }
    let registry = parsed.registry.map(|host| format!("{host}/")).unwrap_or_default();
    let pinned = format!("{registry}{}@{digest}", parsed.repository);
    Some(Text::known(pinned, text.node, text.origin))
}

/// Everything else that runs.
pub(super) fn plan<H: TextRenderer>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &H,
    container: &mut ContainerPlan<H::DeployText, H::KnownText>,
) {
    let given = &planner.service().container;
    container.entrypoint = entrypoint(planner, host);
    container.command = command(planner, host, container.entrypoint.is_some());
    container.user = given.user.as_ref().and_then(|user| known(planner, host, user, field::USER));
    container.working_dir =
        given.working_dir.as_ref().and_then(|it| known(planner, host, it, field::WORKING_DIRECTORY));
    for (name, text) in &given.labels {
        if let Some(label) = known(planner, host, text, field::LABELS) {
            container.labels.insert(name.to_string(), label);
        }
    }
    let init = given.init.as_ref();
    container.linux.init = init.is_some_and(|init| *planner.exact(init, field::INIT));
    for (flag, field) in [
        (&given.read_only, field::READ_ONLY),
        (&given.tty, field::PSEUDO_TERMINAL),
        (&given.stdin_open, field::INTERACTIVE),
    ] {
        if flag.as_ref().is_some_and(|flag| *planner.exact(flag, field)) {
            container.plain.set(field);
        }
    }
}

fn known<H: TextRenderer>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &H,
    text: &Text,
    field: ContainerField,
) -> Option<H::KnownText> {
    let text = planner.exact(text, field);
    host.known(text, planner)
}

fn words<H: TextRenderer>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &H,
    list: &At<Vec<Text>>,
    field: ContainerField,
) -> Vec<H::DeployText> {
    let texts = planner.exact(list, field);
    texts.iter().filter_map(|text| host.value(text, planner)).collect()
}

/// The entrypoint. An empty list clears that of the image, which Amazon ECS cannot do.
fn entrypoint<H: TextRenderer>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &H,
) -> Option<Vec<H::DeployText>> {
    let list = planner.service().container.entrypoint.as_ref()?;
    if list.peek().is_empty() && !planner.bounds.clears_entrypoint {
        planner.ignore(
            list,
            "entrypoint",
            "ECS cannot clear the entrypoint of the image",
            BehaviourEffect::ChangesBehaviour,
        );
        return None;
    }
    Some(words(planner, host, list, field::ENTRYPOINT))
}

/// The command. An entrypoint in the manifest clears the image's command; an empty list alone cannot.
fn command<H: TextRenderer>(
    planner: &mut ContainerPlanner<'_, '_>,
    host: &H,
    has_entrypoint: bool,
) -> Vec<H::DeployText> {
    let Some(list) = &planner.service().container.command else { return Vec::new() };
    if list.peek().is_empty() && !has_entrypoint {
        planner.ignore(
            list,
            "command",
            "ECS cannot clear the command of the image",
            BehaviourEffect::ChangesBehaviour,
        );
        return Vec::new();
    }
    words(planner, host, list, field::COMMAND)
}
