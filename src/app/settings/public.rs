//! `public` of a service: which of its ports a load balancer serves, and how.

use super::ECS;
use super::choices::SwitchSetting;
use super::declaration::{SettingForm, setting_group};
use super::identifiers::{CertificateArn, HostedZoneId, NetworkRange, UrlPath};
use super::reader::SettingReader;
use super::value::{OneOrMore, PortNumber, SettingGroup, SettingValue, WholeNumber, is_collection};
use crate::{At, PortRange, PublicProtocol};
use tranship_facts::quotas::load_balancing::{
    HEALTH_CHECK_INTERVAL, HEALTH_CHECK_THRESHOLD, HEALTH_CHECK_TIMEOUT, IDLE_TIMEOUT, RULE_PRIORITIES,
    SLOW_START, TCP_IDLE_TIMEOUT,
};
use tranship_frontend::yaml::Node;

/// `public`.
#[derive(Debug, Clone)]
pub enum PublicSetting {
    /// `false`.
    Private(At<()>),
    /// `true`: the port that can be meant, for any host and path.
    Public(At<()>),
    /// One endpoint or several.
    Endpoints(Vec<At<PublicEndpoint>>),
}

impl SettingValue for PublicSetting {
    const FORM: &'static SettingForm =
        &SettingForm::Either(&[&SettingForm::Truth, &SettingForm::OneOrMore(PublicEndpoint::FORM)]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        if is_collection(node) {
            return OneOrMore::read(node, reader).map(|list| PublicSetting::Endpoints(list.0));
        }
        Some(match SwitchSetting::read_as(node, Self::FORM, reader)? {
            SwitchSetting::On => PublicSetting::Public(At::of(node, ())),
            SwitchSetting::Off => PublicSetting::Private(At::of(node, ())),
        })
    }
}

setting_group! {
    /// One public endpoint of a service.
    #[derive(Default)]
    pub PublicEndpoint {
        /// The host names to serve. `*` matches any characters. A network load balancer does not read names: there, they are
        /// for the URL in the outputs and for `zone`.
        host: Option<OneOrMore<At<String>>> {
            default: "any",
            example: "services:\n  web:\n    image: nginx:1.27\n    expose: [\"80\"]\n    x-tranship:\n      public: { host: shop.example.org }\n",
            targets: All,
        }
        /// The paths to serve. `*` matches any characters.
        path: Option<OneOrMore<At<String>>> {
            default: "any",
            example: "services:\n  api:\n    image: acme/api:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { path: [/v1/*, /v2/*] }\n",
            targets: All,
        }
        /// The port of the load balancer. For a range of container ports, the first one.
        port: Option<At<PortNumber>> {
            default: "80, or 443 with a certificate; with `protocol: tcp`, `tls` and `udp`, the published port, else the port of the container",
            example: "services:\n  admin:\n    image: acme/admin:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { port: 8443 }\n",
            targets: All,
        }
        /// The port of the container, if it has several. With `protocol: tcp`, `tls` and `udp`, a range of at most five ports,
        /// too.
        container_port: Option<At<ContainerPorts>> {
            default: "the only published port, else the only exposed port",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\", \"9090\"]\n    x-tranship:\n      public: { container_port: 8000 }\n",
            targets: All,
        }
        /// What the container speaks. `http`, `https` (the container ends TLS itself), `http2` and `grpc` are served by an
        /// Application Load Balancer, for `http2` and `grpc` with a certificate. `tcp`, `tls` (the load balancer ends TLS) and
        /// `udp` are served by a Network Load Balancer; `udp` needs a TCP port of the container for the health check.
        protocol: Option<At<PublicProtocol>> {
            default: "what `app_protocol`, the known image, the health check of the container or the number of the port says, else `http`",
            example: "services:\n  broker:\n    image: eclipse-mosquitto:2\n    ports: [\"1883:1883\"]\n    x-tranship:\n      public: { protocol: tcp }\n",
            targets: RefusedElsewhere(ECS),
        }
        /// Whether the load balancer is inside of the VPC: it has private addresses in the private subnets, and the internet does
        /// not reach it.
        internal: Option<At<bool>> {
            default: "`false`",
            example: "services:\n  admin:\n    image: acme/admin:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { internal: true }\n",
            targets: RefusedElsewhere(ECS),
        }
        /// The networks that may connect, as CIDR ranges or addresses.
        allow: Option<OneOrMore<At<NetworkRange>>> {
            default: "every address; with `internal: true` the private networks: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16",
            example: "services:\n  admin:\n    image: acme/admin:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { allow: [203.0.113.0/24, 198.51.100.7] }\n",
            targets: RefusedElsewhere(ECS),
        }
        /// Certificates of this endpoint, by ARN, besides the one of `https`. Without `https`, they make this endpoint, and no
        /// other, one of HTTPS.
        certificate: Option<OneOrMore<At<CertificateArn>>> {
            default: "the certificates of `https`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public:\n        host: shop.example.org\n        certificate: arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\n",
            targets: RefusedElsewhere(ECS),
        }
        /// Whether requests over HTTP are redirected to HTTPS, where the endpoint has a certificate and the usual port.
        redirect: Option<At<bool>> {
            default: "`true`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { redirect: false }\nx-tranship:\n  https: { certificate: arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012 }\n",
            targets: Only(ECS),
        }
        /// The id of the Route 53 hosted zone in which each `host` gets a record that leads to the load balancer.
        zone: Option<At<HostedZoneId>> {
            default: "none: create the records yourself",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { host: shop.example.org, zone: Z0123456789ABCDEFGHIJ }\n",
            targets: Only(ECS),
        }
        /// The health check of the load balancer.
        health_check: Option<HealthCheckSettings> {
            default: "the path that the container's own health check requests on the same port, else `/`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { health_check: { path: /healthz, codes: \"200\" } }\n",
            targets: All,
        }
        /// Whether the load balancer leads a client to the same container again: by a cookie, or with `protocol: tcp` and `udp` by
        /// the address of the client.
        sticky: Option<At<bool>> {
            default: "`false`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { sticky: true }\n",
            targets: All,
        }
        /// The seconds after which the load balancer closes an idle connection. It holds for the whole load balancer: of several
        /// values, the largest one.
        idle_timeout: Option<At<WholeNumber<{ IDLE_TIMEOUT.least }, { TCP_IDLE_TIMEOUT.most }>>> {
            default: "the `idle_timeout` of the environment, else `60`; with `protocol: tcp`, `350`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { idle_timeout: 300 }\n",
            targets: Only(ECS),
        }
        /// The seconds in which a new container gets more and more requests.
        slow_start: Option<At<WholeNumber<{ SLOW_START.least }, { SLOW_START.most }>>> {
            default: "none: it gets its share at once",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { slow_start: 60 }\n",
            targets: Only(ECS),
        }
        /// The priority of the listener rule, if two rules collide. 1 is evaluated first.
        priority: Option<At<WholeNumber<{ RULE_PRIORITIES.least }, { RULE_PRIORITIES.most }>>> {
            default: "the more specific a rule, the earlier it is evaluated",
            example: "services:\n  api:\n    image: acme/api:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { path: /v1/*, priority: 10 }\n",
            targets: All,
        }
    }
}

setting_group! {
    /// `public.health_check`.
    #[derive(Default)]
    pub HealthCheckSettings check = HealthCheckSettings::check {
        /// The path to request. With `protocol: tcp`, `tls` and `udp`, the check is a connection unless a path is set.
        path: Option<At<UrlPath>> {
            default: "the path that the container's own health check requests on the same port, else `/`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { health_check: { path: /healthz } }\n",
            targets: All,
        }
        /// The status codes that count as healthy, such as `200` or `200-399`. With `protocol: grpc`, codes of gRPC, such as `0`
        /// or `0,12`.
        codes: Option<At<String>> {
            default: "on ECS `200-399`, or `200-499` where nothing names a path, or `0-99` for gRPC; on Elastic Beanstalk `200`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { health_check: { path: /login, codes: 200-399 } }\n",
            targets: All,
        }
        /// The port of the container to ask, if it is not the one that serves.
        port: Option<At<PortNumber>> {
            default: "the port that serves; with `protocol: udp`, the first TCP port of the container",
            example: "services:\n  dns:\n    image: coredns/coredns:1.11.3\n    ports: [\"53:53/udp\"]\n    x-tranship:\n      public: { protocol: udp, health_check: { port: 8080, path: /health } }\n",
            targets: Only(ECS),
        }
        /// The seconds between two checks.
        interval: Option<At<WholeNumber<{ HEALTH_CHECK_INTERVAL.least }, { HEALTH_CHECK_INTERVAL.most }>>> {
            default: "`15`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { health_check: { interval: 30 } }\n",
            targets: Only(ECS),
        }
        /// The seconds in which an answer must come. They are fewer than those of `interval`.
        timeout: Option<At<WholeNumber<{ HEALTH_CHECK_TIMEOUT.least }, { HEALTH_CHECK_TIMEOUT.most }>>> {
            default: "`5`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { health_check: { timeout: 10 } }\n",
            targets: Only(ECS),
        }
        /// The number of good answers in a row that make a container healthy.
        healthy: Option<At<WholeNumber<{ HEALTH_CHECK_THRESHOLD.least }, { HEALTH_CHECK_THRESHOLD.most }>>> {
            default: "`2`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { health_check: { healthy: 5 } }\n",
            targets: Only(ECS),
        }
        /// The number of bad answers in a row that make a container unhealthy: ECS replaces it.
        unhealthy: Option<At<WholeNumber<{ HEALTH_CHECK_THRESHOLD.least }, { HEALTH_CHECK_THRESHOLD.most }>>> {
            default: "`3`",
            example: "services:\n  web:\n    image: acme/web:1.4\n    expose: [\"8000\"]\n    x-tranship:\n      public: { health_check: { unhealthy: 5 } }\n",
            targets: Only(ECS),
        }
    }
}

impl HealthCheckSettings {
    /// Elastic Load Balancing refuses a timeout that is not shorter than the interval.
    fn check(&self, node: &Node, reader: &mut SettingReader<'_>) -> Option<()> {
        let (Some(interval), Some(timeout)) = (&self.interval, &self.timeout) else { return Some(()) };
        let (interval, timeout) = (interval.value.get(), timeout.value.get());
        if timeout < interval {
            return Some(());
        }
        let message = format!(
            "the timeout of the health check ({timeout} s) is not shorter than its interval ({interval} s)"
        );
        reader.report(node, message, "make `interval` longer than `timeout`".to_owned());
        None
    }
}

/// Whether a target has a load balancer that passes connections on as they are: `protocol: tcp` is for those.
pub(crate) fn passes_connections_on(target: &str) -> bool {
    let protocol = PublicEndpoint::DECLARATIONS.iter().find(|one| one.key == "protocol");
    protocol.is_some_and(|one| one.targets.uses(target))
}

/// One port of a container, or those from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerPorts(pub PortRange);

impl SettingValue for ContainerPorts {
    const FORM: &'static SettingForm = &SettingForm::Either(&[
        &SettingForm::WholeNumber(1, 65_535),
        &SettingForm::Text { words: "a range such as `40000-40003`", pattern: "^[0-9]+(-[0-9]+)?$" },
    ]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, |text| PortRange::parse(text).map(ContainerPorts))
    }
}

impl SettingValue for PublicProtocol {
    const FORM: &'static SettingForm =
        &SettingForm::Words(&["http", "https", "http2", "grpc", "tcp", "tls", "udp"]);

    fn read(node: &Node, reader: &mut SettingReader<'_>) -> Option<Self> {
        reader.scalar(node, Self::FORM, PublicProtocol::of_word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_form_is_a_protocol() {
        let SettingForm::Words(words) = PublicProtocol::FORM else { panic!("words") };
        for word in *words {
            assert_eq!(PublicProtocol::of_word(word).map(PublicProtocol::as_str), Some(*word));
        }
        assert_eq!(PublicProtocol::of_word("ftp"), None);
    }
}
