//! Ports that a browser would ask by HTTPS, where nothing gives the environment a certificate.
//!
//! In: the endpoints. Out: one warning. Under Docker Compose such a port is answered by the container, with a certificate of
//! its own; here a load balancer or the instance answers on port 80.

use super::BeanstalkPlan;
use crate::Compilation;
use crate::beanstalk::rules;
use crate::container::{ends_tls, published_https};
use tranship_app::Application;
use tranship_facts::quotas::load_balancing::HTTPS_PORT;
use tranship_frontend::diagnostic::{Diagnostic, listed};

/// Reports them once.
pub(super) fn report(application: &Application, plan: &BeanstalkPlan, cx: &mut Compilation<'_>) {
    let ports = published_https(application);
    let Some((first, _)) = ports.first() else { return };
    if application.settings.https.is_some() || plan.is_worker {
        return;
    }
    let names: Vec<String> = ports.iter().map(|(service, _)| format!("`{}`", service.name)).collect();
    let answers = if plan.has_balancer() {
        "the load balancer serves HTTP"
    } else {
        "the instance opens port 80 alone"
    };
    let message =
        format!("{} publishes port {HTTPS_PORT}, and nothing gives a certificate: {answers}", listed(&names));
    let mut diagnostic = Diagnostic::new(&rules::NO_CERTIFICATE, message).service(&*first.name);
    for (_, port) in &ports {
        diagnostic = diagnostic.at(port.origin);
    }
    if ends_tls(application, first) {
        diagnostic = diagnostic
            .note("requests reach the load balancer in clear on port 80, and it asks the container by HTTPS");
    }
    cx.diagnostics.push(diagnostic.help(
        "for HTTPS, add a certificate of AWS Certificate Manager: `x-tranship: { https: { certificate: arn:aws:acm:... } }`",
    ));
}
