//! Clients of registries, one for each host, with what we are to it.
//!
//! In: a host. Out: a [`RegistryClient`]. Invariants: AWS is asked only where a registry of Amazon ECR is used; the
//! password that it gives lasts for hours and is kept in memory alone. Source: Amazon ECR API reference,
//! `GetAuthorizationToken`.

use super::credentials::{HostLogin, LoginFiles};
use super::http::HttpCaller;
use super::registry_client::RegistryClient;
use crate::deploy::{AwsSession, DeployFailure, sdk_failure};
use aws_smithy_types::base64;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::OnceCell;
use tranship_facts::ImageReference;
use tranship_frontend::world::World;

/// Opens clients.
pub(super) struct RegistryAccess<'a> {
    caller: HttpCaller,
    logins: LoginFiles,
    region: Option<&'a str>,
    profile: Option<&'a str>,
    session: OnceCell<AwsSession>,
    clients: RefCell<BTreeMap<String, Rc<RegistryClient>>>,
}

impl<'a> RegistryAccess<'a> {
    /// Access with the logins of this machine.
    pub(super) fn new(world: &dyn World, region: Option<&'a str>, profile: Option<&'a str>) -> Self {
        RegistryAccess {
            caller: HttpCaller::new(),
            logins: LoginFiles::read(world),
            region,
            profile,
            session: OnceCell::new(),
            clients: RefCell::default(),
        }
    }

    /// The AWS session, opened when it is first needed.
    pub(super) async fn session(&self) -> Result<&AwsSession, DeployFailure> {
        self.session.get_or_try_init(|| AwsSession::open(self.region, self.profile)).await
    }

    /// The client of a host.
    pub(super) async fn client(&self, host: &str) -> Result<Rc<RegistryClient>, DeployFailure> {
        if let Some(client) = self.clients.borrow().get(host) {
            return Ok(client.clone());
        }
        let login = match self.logins.find(host)? {
            None if is_ecr(host) => Some(self.ecr_login(host).await?),
            login => login,
        };
        let client = Rc::new(RegistryClient::new(self.caller.clone(), login));
        self.clients.borrow_mut().insert(host.to_owned(), client.clone());
        Ok(client)
    }

    /// The password of Amazon ECR in a host's region.
    async fn ecr_login(&self, host: &str) -> Result<HostLogin, DeployFailure> {
        let reference = format!("{host}/x");
        let region = ImageReference::parse(&reference).ecr().map(|it| it.region.to_owned());
        let session = self.session().await?;
        let answer = session.ecr(region.as_deref()).get_authorization_token().send().await;
        let answer = answer.map_err(|error| sdk_failure("get a password for Amazon ECR", error))?;
        let token = answer.authorization_data().first().and_then(|data| data.authorization_token());
        let pair = token.and_then(|token| base64::decode(token).ok());
        let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        match pair.split_once(':') {
            Some((user, password)) => {
                Ok(HostLogin::Password { user: user.to_owned(), password: password.to_owned() })
            }
            None => Err(DeployFailure::failed("Amazon ECR returned no password")),
        }
    }
}

/// Whether a host is a private registry of Amazon ECR.
fn is_ecr(host: &str) -> bool {
    ImageReference::parse(&format!("{host}/x")).ecr().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_registries_of_amazon_need_a_password() {
        for (host, private) in [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", true),
            ("public.ecr.aws", false),
            ("ghcr.io", false),
            ("127.0.0.1:5000", false),
        ] {
            assert_eq!(is_ecr(host), private, "{host}");
        }
    }
}
