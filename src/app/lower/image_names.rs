//! Names of images that no registry can hold: mostly what unset variables leave of them, as `/web:`.

use super::{LoweringContext, flat_text};
use crate::rules;
use crate::{AppService, ContainerImage, Name};
use indexmap::IndexMap;
use tranship_facts::ImageReference;
use tranship_frontend::diagnostic::Diagnostic;

/// Refuses them. A name with a part that is known at deployment only is not looked at.
pub(super) fn check(cx: &mut LoweringContext<'_>, services: &IndexMap<Name, AppService>) {
    for service in services.values() {
        let ContainerImage::Named(text) = &service.container.image else { continue };
        let Some(name) = text.literal() else { continue };
        if ImageReference::is_valid(&name) {
            continue;
        }
        let message =
            format!("`{}` of service `{}` is not the name of an image", flat_text::shown(text), service.name);
        cx.ledger.rejected(text, "no registry can hold an image of this name");
        cx.diagnostics.push(
            Diagnostic::new(&rules::app::INVALID_IMAGE, message)
                .at(text.origin)
                .key(format!("services.{}.image", service.name))
                .service(&*service.name)
                .help("write `registry/name:tag` in lower case, and set the variables that it uses"),
        );
    }
}
