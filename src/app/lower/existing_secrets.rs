//! Variables whose values are kept on AWS already: the container gets what the secret or parameter holds.
//!
//! In: the environments of all services, and `x-tranship.secrets` of each. Out: an external secret for each place that
//! one of them names. Invariant: a variable that is named after an ARN keeps it as text, since the program looks the
//! secret up itself.
//! Source: Amazon ECS Developer Guide, "Pass Secrets Manager secrets through Amazon ECS environment variables" and
//! "Pass Systems Manager parameters through Amazon ECS environment variables".

use super::LoweringContext;
use crate::settings::ExistingSecretSettings;
use crate::{
    AppService, ApplicationSecret, At, BehaviourEffect, EnvironmentVariable, ExistingSecret, ManifestName,
    SecretId, SecretPart, SecretSource, SecretStore, Text, TextPiece, is_secret_arn,
};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use tranship_frontend::secrets::name_words;

/// The secrets that exist, by the variables that take them.
#[derive(Debug, Default)]
pub(super) struct ExistingSecrets {
    by_variable: BTreeMap<(ManifestName, ManifestName), SecretId>,
    /// Each place is declared once, under the first variable that takes it.
    declared: Vec<(ExistingSecret, SecretId)>,
}

impl ExistingSecrets {
    /// The secret that a variable takes.
    pub(super) fn of(&self, service: &ManifestName, variable: &ManifestName) -> Option<&SecretId> {
        self.by_variable.get(&(service.clone(), variable.clone()))
    }

    fn declare(
        &mut self,
        service: &ManifestName,
        variable: &ManifestName,
        variant: &EnvironmentVariable,
        existing: ExistingSecret,
        declared: &mut IndexMap<SecretId, ApplicationSecret>,
    ) {
        let known =
            self.declared.iter().find(|(other, _)| is_same(other, &existing)).map(|(_, id)| id.clone());
        let id = known.unwrap_or_else(|| {
            let own = SecretId::new(variable.clone());
            let qualified = || SecretId::new(format!("{service}/{variable}"));
            let name = if declared.contains_key(&own) { qualified() } else { own };
            let (node, origin) = (variant.node, variant.origin);
            let source = SecretSource::External(existing.clone());
            declared.insert(name.clone(), ApplicationSecret { name: name.clone(), source, origin, node });
            self.declared.push((existing, name.clone()));
            name
        });
        self.by_variable.insert((service.clone(), variable.clone()), id);
    }
}

fn is_same(one: &ExistingSecret, other: &ExistingSecret) -> bool {
    let pieces = |existing: &ExistingSecret| -> Vec<TextPiece> {
        existing.location.segments.iter().map(|segment| segment.piece.clone()).collect()
    };
    one.store == other.store && one.part == other.part && pieces(one) == pieces(other)
}

/// Declares the secrets that variables take. Those of `x-tranship` get a variable where there is none yet; a value that
/// one has is for Docker Compose alone.
pub(super) fn declare(
    cx: &mut LoweringContext<'_>,
    services: &mut IndexMap<ManifestName, AppService>,
    declared: &mut IndexMap<SecretId, ApplicationSecret>,
) -> ExistingSecrets {
    let mut existing = ExistingSecrets::default();
    for service in services.values_mut() {
        named_by_settings(cx, service, declared, &mut existing);
        for (variable, variant) in &service.container.environment {
            let Some(arn) = variant.value.as_ref().and_then(Text::literal) else { continue };
            let taken = existing.of(&service.name, variable).is_some();
            if taken || !is_secret_arn(&arn) || is_named_after_arn(variable) {
                continue;
            }
            let found = ExistingSecret::at(Text::known(arn, variant.node, variant.origin));
            existing.declare(&service.name, variable, variant, found, declared);
        }
    }
    existing
}

/// The variables of `x-tranship.secrets`.
fn named_by_settings(
    cx: &mut LoweringContext<'_>,
    service: &mut AppService,
    declared: &mut IndexMap<SecretId, ApplicationSecret>,
    existing: &mut ExistingSecrets,
) {
    let document = cx.settings;
    let settings = document.service(&service.name).and_then(|settings| settings.secrets.as_ref());
    for (variable, setting) in settings.into_iter().flat_map(|named| &named.0) {
        let Some(found) = of_setting(cx, setting) else { continue };
        let (node, origin) = (setting.node, setting.origin);
        let value = Some(Text::known("", node, origin));
        let variant = EnvironmentVariable { value, node, origin };
        existing.declare(&service.name, variable, &variant, found, declared);
        let name = variable.clone();
        if let Some(local) = service.container.environment.insert(name, variant) {
            let reason = "`x-tranship` says where its value is kept on AWS";
            let value = "the existing secret";
            cx.ledger.approximated(&local.node, BehaviourEffect::Equivalent, value, reason, "");
        }
    }
}

fn of_setting(cx: &mut LoweringContext<'_>, setting: &At<ExistingSecretSettings>) -> Option<ExistingSecret> {
    let ExistingSecretSettings { from, parameter, key, stage, version } = &setting.value;
    let part = |at: &Option<At<String>>| at.as_ref().map(|at| at.value.clone());
    let part = SecretPart { key: part(key), stage: part(stage), version: part(version) };
    let version_keys = [stage, version].into_iter().flatten().map(|at| at.clone().map(drop)).collect();
    match (from, parameter) {
        (Some(from), _) => {
            let found = ExistingSecret::at(cx.open_text(&from.0));
            let part = if part == SecretPart::default() { found.part.clone() } else { part };
            Some(ExistingSecret { part, version_keys, ..found })
        }
        (None, Some(parameter)) => {
            let location = cx.open_text(&parameter.0);
            Some(ExistingSecret { store: SecretStore::ParameterStore, location, part, version_keys })
        }
        (None, None) => None,
    }
}

/// `DB_SECRET_ARN` holds an ARN for the program.
pub(super) fn is_named_after_arn(variable: &str) -> bool {
    name_words(variable).iter().any(|word| matches!(&**word, "ARN" | "ARNS"))
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
