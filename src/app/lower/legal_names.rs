//! Names that reach command lines and paths of machines: image references and volume names.
//!
//! In: deployed services, named volumes. Out: an error at each name that Docker itself would refuse, so that none
//! can be an option of a command or leave its folder. Sources: the distribution project's reference grammar;
//! Docker, `volume create`.

use super::service_selection::ServiceSelection;
use super::{LoweringContext, LoweringPurpose};
use crate::rules;
use crate::{ContainerImage, Text, TextPiece};
use tranship_facts::ImageReference;
use tranship_frontend::diagnostic::Diagnostic;

/// Refuses what is no image reference or no name of a volume.
pub(super) fn check(cx: &mut LoweringContext<'_>, selection: &ServiceSelection<'_>) {
    for service in &selection.deployed {
        let ContainerImage::Named(image) = &service.description.value.container.image else { continue };
        if cx.purpose == LoweringPurpose::Deploy && !is_reference(image) {
            let message = format!("the image of service `{}` is not a valid image reference", service.name);
            cx.diagnostics.push(
                Diagnostic::new(&rules::app::IMAGE_REFERENCE, message)
                    .at(image.origin)
                    .key(format!("services.{}.image", service.name))
                    .service(&*service.name)
                    .help(
                        "write it as `REGISTRY/NAME:TAG`, in lower case and without spaces, and set the variables that it uses",
                    ),
            );
        }
    }
    for (name, volume) in &cx.document.volumes {
        if !is_volume_name(name) {
            let message = format!("`{name}` is not a valid volume name");
            cx.diagnostics.push(
                Diagnostic::new(&rules::app::VOLUME_NAME, message)
                    .at(volume.origin)
                    .help("start with a letter or a digit; then use letters, digits, `.`, `_` and `-`"),
            );
        }
    }
}

/// Whether the known pieces of an image hold nothing that a reference cannot.
fn is_reference(image: &Text) -> bool {
    if let Some(whole) = image.literal() {
        return ImageReference::is_valid(&whole);
    }
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "._-/:@[]+".contains(letter);
    image.segments.iter().enumerate().all(|(index, segment)| match &segment.piece {
        TextPiece::Literal(text) => text.chars().all(legal) && !(index == 0 && text.starts_with('-')),
        _ => true,
    })
}

fn is_volume_name(name: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && name.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tranship_frontend::source::Origin;
    use tranship_frontend::yaml::NodeId;

    #[test]
    fn references_are_no_options_and_no_shell() {
        for (image, legal) in [
            ("nginx", true),
            ("[::1]:5000/team/app:1.2_a", true),
            ("a/b@sha256:0123456789abcdef0123456789abcdef", true),
            ("/web:", false),
            (".example.io/site:v1", false),
            ("--privileged", false),
            ("a b", false),
            ("$(id)", false),
            ("a\nb", false),
        ] {
            let text = Text::known(image, NodeId::UNNUMBERED, Origin::NOWHERE);
            assert_eq!(is_reference(&text), legal, "{image}");
        }
    }

    #[test]
    fn volumes_are_named_as_docker_has_it() {
        for (name, legal) in
            [("data", true), ("0a._-", true), ("..", false), (".a", false), ("-a", false), ("a/b", false)]
        {
            assert_eq!(is_volume_name(name), legal, "{name}");
        }
    }
}
