//! The writer of `docker-compose.yml`.

use super::ComposeBundle;
use tranship_frontend::compose::render::{RenderFormat, prepared};

const HEADER: &str = "\
# What Docker Compose runs on each instance, made from the manifest. ${NAME} is a property of the environment.
";

/// The file's text.
pub(in crate::beanstalk) fn write(bundle: &ComposeBundle) -> String {
    format!("{HEADER}{}", prepared(&bundle.root, RenderFormat::Yaml))
}
