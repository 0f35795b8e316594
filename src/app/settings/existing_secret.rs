//! `secrets` of a service in `x-tranship`: variables whose values are kept on AWS already.

use super::declaration::setting_group;
use super::reader::SettingReader;
use super::value::OpenText;
use crate::At;
use tranship_frontend::yaml::Node;

setting_group! {
    /// Where the value of a variable is kept: `from` or `parameter`.
    pub ExistingSecretSettings check = ExistingSecretSettings::check {
        /// A secret of Secrets Manager, by name or ARN. An ARN may also be that of an SSM parameter.
        from: Option<OpenText> {
            default: "none: `parameter` says where the value is",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      secrets:\n        DB_PASSWORD: { from: prod/db }\n",
            targets: All,
        }
        /// A parameter of Systems Manager Parameter Store, by name or ARN.
        parameter: Option<OpenText> {
            default: "none: `from` says where the value is",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      secrets:\n        JWT_KEY: { parameter: /prod/web/jwt }\n",
            targets: All,
        }
        /// The key of a secret that holds JSON.
        key: Option<At<String>> {
            default: "the whole secret",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      secrets:\n        DB_PASSWORD: { from: prod/db, key: password }\n",
            targets: All,
        }
        /// The staging label of the version.
        stage: Option<At<String>> {
            default: "`AWSCURRENT`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      secrets:\n        DB_PASSWORD: { from: prod/db, stage: AWSPREVIOUS }\n",
            targets: All,
        }
        /// The id of the version.
        version: Option<At<String>> {
            default: "the version with the staging label",
            example: "services:\n  web:\n    image: acme/web:1.4\n    ports: [\"80:80\"]\n    x-tranship:\n      secrets:\n        DB_PASSWORD: { from: prod/db, version: 9d4cb84b-ad69-40c0-a0ab-cead36b967e8 }\n",
            targets: All,
        }
    }
}

impl ExistingSecretSettings {
    /// One place alone; a part of it where it has parts.
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        let part = self.key.is_some() || self.stage.is_some() || self.version.is_some();
        let colon = |at: &Option<At<String>>| at.as_ref().is_some_and(|at| at.peek().contains(':'));
        let (message, help) = match (&self.from, &self.parameter) {
            (None, None) => ("neither `from` nor `parameter` says where the value is", "add one of them"),
            (Some(_), Some(_)) => {
                ("`from` and `parameter` are two places for one value", "remove one of them")
            }
            (None, Some(_)) if part => (
                "`key`, `stage` and `version` belong to a secret of Secrets Manager, and a parameter has none",
                "remove them, or keep the value in a secret and name it with `from`",
            ),
            (Some(from), None) if part && from.0.peek().matches(':').count() > 6 => {
                ("the ARN already names a part of the secret", "name the part in one place only")
            }
            _ if colon(&self.key) || colon(&self.stage) || colon(&self.version) => (
                "Amazon ECS separates `key`, `stage` and `version` with colons, so none of them may contain one",
                "rename the key in the secret",
            ),
            _ => return Some(()),
        };
        reader.report(node, message.to_owned(), help.to_owned());
        None
    }
}
