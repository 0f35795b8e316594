//! Images that route the logs of other containers, as FireLens of Amazon ECS runs them.
//!
//! Source: Amazon ECS Developer Guide, "Send Amazon ECS logs to an AWS service or AWS Partner", and the repositories
//! of AWS for Fluent Bit, Fluent Bit, Fluentd and the ECS agent (the paths of the configuration), read 2026-11.

use crate::ImageReference;

/// What a log router is, as `FirelensConfiguration.Type` calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRouter {
    /// Fluent Bit, in an image of AWS or of its own.
    FluentBit,
    /// Fluentd.
    Fluentd,
}

impl LogRouter {
    /// The router that an image is.
    pub fn of_image(image: &str) -> Option<LogRouter> {
        match ImageReference::parse(image).repository.rsplit('/').next()? {
            "aws-for-fluent-bit" | "fluent-bit" => Some(LogRouter::FluentBit),
            "fluentd" => Some(LogRouter::Fluentd),
            _ => None,
        }
    }

    /// Where Amazon ECS writes its configuration in the container.
    pub fn configuration(self) -> &'static str {
        match self {
            LogRouter::FluentBit => "/fluent-bit/etc/fluent-bit.conf",
            LogRouter::Fluentd => "/fluentd/etc/fluent.conf",
        }
    }

    /// As a task definition has it.
    pub fn as_str(self) -> &'static str {
        match self {
            LogRouter::FluentBit => "fluentbit",
            LogRouter::Fluentd => "fluentd",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LogRouter;

    #[test]
    fn routers_by_their_repository() {
        for (image, router) in [
            ("public.ecr.aws/aws-observability/aws-for-fluent-bit:stable", Some("fluentbit")),
            ("amazon/aws-for-fluent-bit:2.32.0", Some("fluentbit")),
            ("fluent/fluent-bit", Some("fluentbit")),
            ("fluent/fluentd:v1.17-1", Some("fluentd")),
            ("fluentd", Some("fluentd")),
            ("acme/fluent-bit-exporter", None),
            ("nginx", None),
        ] {
            assert_eq!(LogRouter::of_image(image).map(LogRouter::as_str), router, "{image}");
        }
    }
}
