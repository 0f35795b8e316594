//! The file in S3 with the logins of registries, which the agent on the instances reads (`authentication` of a Dockerrun).
//!
//! Source: AWS documentation, "Configuring the Dockerrun.aws.json v2 file" and "Authenticating with image repositories"
//! (read 2026-11).

use super::{BeanstalkPlan, RoleStatement, path};
use crate::Compilation;
use tranship_app::rules::app;
use tranship_app::{AppService, Application, BehaviourEffect, JobTime, RegistryLogin, ServiceRole};
use tranship_facts::AwsPartition;
use tranship_frontend::diagnostic::Diagnostic;

/// A file of S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginFile {
    /// Its bucket.
    pub(crate) bucket: String,
    /// Its key.
    pub(crate) key: String,
}

/// Decides the file, and lets the instances read it. An image whose registry has a login needs one.
pub(super) fn decide(application: &Application, plan: &mut BeanstalkPlan, cx: &mut Compilation<'_>) {
    let file = application.settings.dockercfg.as_ref();
    for service in application.services.values() {
        if let Some((host, login)) = application.registry_login(&service.container.image) {
            check(service, host, login, file.is_some(), cx);
        }
    }
    let Some(file) = file else { return };
    let (bucket, key) = cx.ledger.exact(file, "Dockerrun.aws.json: authentication").parts();
    let partition = plan.region.as_deref().map_or("aws", |region| AwsPartition::of_region(region).name());
    plan.statements.push(RoleStatement {
        actions: vec!["s3:GetObject".to_owned()],
        resources: vec![format!("arn:{partition}:s3:::{bucket}/{key}")],
        from: path(cx, file.node),
    });
    plan.logins = Some(LoginFile { bucket: bucket.to_owned(), key: key.to_owned() });
}

fn check(service: &AppService, host: &str, login: &RegistryLogin, has_file: bool, cx: &mut Compilation<'_>) {
    let (message, help) = match &service.role {
        ServiceRole::Job(job) if job.when == JobTime::BeforeDeploy => (
            format!(
                "the job `{}` pulls its image from `{host}`, for which Docker on the instance has no login: only containers that keep running have one",
                service.name
            ),
            "push the image of the job to Amazon ECR, or choose an ECS target",
        ),
        _ if has_file => {
            let reason = "the file that `dockercfg` names has the logins";
            cx.ledger.ignored(&login.secret, reason, BehaviourEffect::Equivalent);
            return;
        }
        _ => (
            format!(
                "Elastic Beanstalk does not read the login for `{host}` of `{}` from a secret",
                service.name
            ),
            "put `{\"HOST\": {\"auth\": \"BASE64 OF USER:TOKEN\"}}` into a file in S3, in the region of the environment, and name it: `x-tranship: { dockercfg: s3://BUCKET/KEY }`",
        ),
    };
    cx.ledger.rejected(&login.secret, "Elastic Beanstalk does not read it");
    let diagnostic = Diagnostic::new(&app::REGISTRY_LOGIN, message)
        .at(login.secret.origin)
        .service(&*service.name)
        .key(cx.keys.path(&login.secret))
        .help(help);
    cx.diagnostics.push(diagnostic);
}
