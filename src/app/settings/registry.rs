//! `registries`: the logins with which images are pulled.

use super::ECS;
use super::declaration::setting_group;
use super::identifiers::SecretName;
use crate::At;

setting_group! {
    /// The login of one registry.
    pub RegistryLogin {
        /// The secret of Secrets Manager with the login, by its ARN or its name. Its value is
        /// `{"username": "...", "password": "..."}`, where the password may be an access token.
        secret: At<SecretName> {
            example: "services:\n  web:\n    image: ghcr.io/acme/web:1.4\n    ports: [\"80:80\"]\nx-tranship:\n  registries:\n    ghcr.io: { secret: acme/ghcr }\n",
            targets: RefusedElsewhere(ECS),
        }
    }
}
