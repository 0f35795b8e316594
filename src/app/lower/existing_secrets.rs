//! Variables whose value is the ARN of a secret that exists on AWS: the container gets what the secret holds.
//!
//! In: the environments of all services. Out: an external secret for each such ARN. Invariant: a variable that
//! is named after an ARN keeps it as text, since the program looks the secret up itself.
//! Source: Amazon ECS Developer Guide, "Pass Secrets Manager secrets through Amazon ECS environment variables" and
//! "Pass Systems Manager parameters through Amazon ECS environment variables".

use crate::{AppService, ApplicationSecret, ManifestName, SecretId, SecretSource, Text};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use tranship_frontend::secrets::name_words;

/// The secrets by their ARNs; each is declared once, under the first variable that takes it.
pub(super) fn declare(
    services: &IndexMap<ManifestName, AppService>,
    declared: &mut IndexMap<SecretId, ApplicationSecret>,
) -> BTreeMap<Arc<str>, SecretId> {
    let mut existing: BTreeMap<Arc<str>, SecretId> = BTreeMap::new();
    for service in services.values() {
        for (variable, variant) in &service.container.environment {
            let Some(arn) = variant.value.as_ref().and_then(Text::literal) else { continue };
            if !is_secret_arn(&arn) || is_named_after_arn(variable) || existing.contains_key(&arn) {
                continue;
            }
            let own = SecretId::new(variable.clone());
            let name = if declared.contains_key(&own) {
                SecretId::new(format!("{}/{variable}", service.name))
            } else {
                own
            };
            let text = Text::known(arn.clone(), variant.node, variant.origin);
            let (node, origin) = (variant.node, variant.origin);
            let source = SecretSource::External(text);
            declared.insert(name.clone(), ApplicationSecret { name: name.clone(), source, origin, node });
            existing.insert(arn, name);
        }
    }
    existing
}

/// `DB_SECRET_ARN` holds an ARN for the program.
pub(super) fn is_named_after_arn(variable: &str) -> bool {
    name_words(variable).iter().any(|word| matches!(word.as_str(), "ARN" | "ARNS"))
}

/// Whether a text is the whole ARN of a secret of Secrets Manager, perhaps with a JSON key, stage and version, or of
/// a parameter of Systems Manager.
fn is_secret_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, service, region, account, kind, rest @ ..] = parts.as_slice() else {
        return false;
    };
    let account = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
    let place = partition.starts_with("aws") && !region.is_empty() && account;
    place
        && match (*service, *kind) {
            ("secretsmanager", "secret") => {
                matches!(rest.len(), 1 | 4) && rest.first().is_some_and(|name| !name.is_empty())
            }
            ("ssm", parameter) => {
                rest.is_empty() && parameter.strip_prefix("parameter/").is_some_and(|name| !name.is_empty())
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_secrets() {
        for (text, is) in [
            ("arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf", true),
            ("arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf:password::", true),
            ("arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf:k:AWSCURRENT:", true),
            ("arn:aws:ssm:us-east-1:123456789012:parameter/app/jwt", true),
            ("arn:aws:secretsmanager:us-east-1:123456789012:secret:", false),
            ("arn:aws:secretsmanager:x", false),
            ("arn:aws:s3:::bucket", false),
            ("arn:aws:kms:us-east-1:123456789012:key/1", false),
        ] {
            assert_eq!(is_secret_arn(text), is, "{text}");
        }
        assert!(is_named_after_arn("DB_SECRET_ARN") && !is_named_after_arn("LEARN_KEY"));
    }
}
