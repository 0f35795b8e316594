//! What is known of widespread images by their names: what they are, and the ports they listen on.
//!
//! The rows are in [`table`]. What differs from publisher to publisher is in [`crate::ImageDetails`].

mod kinds;
mod table;

pub use kinds::{DataStoreKind, ImageKind, MemoryHunger, UsualMemory};

use crate::{DatabaseEngine, ImageReference, TransportProtocol};
use std::sync::LazyLock;

/// The port of MQTT (IANA).
const MQTT: u16 = 1883;

/// A widespread image, by whatever publisher.
#[derive(Debug, Clone, Copy)]
pub struct KnownImage {
    /// Repository names, without registry and tag; a longer path that ends in one matches too.
    names: &'static [&'static str],
    /// Ports that the software listens on, the one clients use first.
    pub ports: &'static [KnownPort],
    /// Ports that it has in some configurations, of which nobody is told but that are published now and then.
    further: &'static [KnownPort],
    /// What it is.
    pub kind: ImageKind,
    /// Ports of its administration console, of which few should be public.
    pub consoles: &'static [u16],
    /// Why it wants more memory than a small task has, where that is not plain from its kind.
    hunger: Option<MemoryHunger>,
    /// MiB that its publisher asks for, where that is more than usual for what it is.
    asks_for: Option<u32>,
}

/// A port that an image listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPort {
    /// Its number.
    pub number: u16,
    /// TCP or UDP.
    pub transport: TransportProtocol,
    /// What is spoken there; nothing where that depends on the version or the configuration.
    pub speaks: Option<PortProtocol>,
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortProtocol {
    /// HTTP without TLS.
    Http,
    /// gRPC without TLS.
    Grpc,
    /// HTTP inside TLS, which the container ends itself.
    Tls,
    /// Another protocol, which an application load balancer cannot serve.
    Other,
}

/// Every name with its row, by the last letter of the name and in the order of the table.
static NAMES: LazyLock<Vec<Vec<(&str, &KnownImage)>>> = LazyLock::new(|| {
    let mut names = vec![Vec::new(); 256];
    for row in table::IMAGES {
        for name in row.names {
            let last = name.as_bytes().last().map_or(0, |last| usize::from(*last));
            names.get_mut(last).into_iter().for_each(|names| names.push((*name, row)));
        }
    }
    names
});

impl KnownImage {
    /// The row of an image reference.
    pub fn find(image: &str) -> Option<&'static KnownImage> {
        let path = ImageReference::parse(image).repository;
        let ends = |name: &str| {
            path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let names = NAMES.get(usize::from(*path.as_bytes().last()?))?;
        names.iter().find(|(name, _)| ends(name)).map(|(_, row)| *row)
    }

    /// What it keeps, where it keeps data.
    pub fn data_store(&self) -> Option<DataStoreKind> {
        match self.kind {
            ImageKind::DataStore(kind) => Some(kind),
            ImageKind::Console | ImageKind::Server => None,
        }
    }

    /// Whether people administer something at this port, often without logging in.
    pub fn is_console(&self, port: u16) -> bool {
        self.kind == ImageKind::Console || self.consoles.contains(&port)
    }

    /// What is spoken on one of its TCP ports, where that is known.
    pub fn speaks(&self, port: u16) -> Option<PortProtocol> {
        let all = self.ports.iter().chain(self.further);
        let tcp = all.filter(|one| one.transport == TransportProtocol::Tcp);
        tcp.filter(|one| one.number == port).find_map(|one| one.speaks)
    }

    /// Whether devices outside connect to it as a broker of MQTT.
    pub fn is_mqtt_broker(&self) -> bool {
        self.ports.iter().any(|one| one.number == MQTT)
    }

    /// The engine of a managed database that can replace it.
    pub fn engine(&self) -> Option<DatabaseEngine> {
        self.data_store().and_then(DataStoreKind::engine)
    }

    /// The memory that it is usually given; nothing where a small task is enough.
    pub fn usual_memory(&self) -> Option<UsualMemory> {
        let usual = self.memory_hunger().map(UsualMemory::of);
        self.asks_for.map(|mib| UsualMemory { mib }).or(usual)
    }

    /// Why it wants more memory than a small task has.
    pub fn memory_hunger(&self) -> Option<MemoryHunger> {
        self.hunger.or_else(|| self.data_store().and_then(DataStoreKind::memory_hunger))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn images_are_known_by_their_repository() {
        for (image, port) in [
            ("postgres:16-alpine", Some(5432)),
            ("docker.io/library/mysql:8.4", Some(3306)),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror/redis:7", Some(6379)),
            ("mcr.microsoft.com/mssql/server:2022-latest", Some(1433)),
            ("public.ecr.aws/xray/aws-xray-daemon:3.3.15", Some(2000)),
            ("localhost:5000/mongo@sha256:abc", Some(27017)),
            ("adminer", Some(8080)),
            ("myredis", None),
            ("acme/redis-exporter:1", None),
            ("", None),
        ] {
            let found = KnownImage::find(image).and_then(|row| row.ports.first()).map(|port| port.number);
            assert_eq!(found, port, "{image}");
        }
    }

    #[test]
    fn consoles_are_images_or_ports() {
        for (image, port, is) in [
            ("adminer:5", 8080, true),
            ("portainer/portainer-ce", 9000, true),
            ("rabbitmq:4-management", 15672, true),
            ("rabbitmq:4-management", 5672, false),
            ("nginx", 80, false),
        ] {
            assert_eq!(KnownImage::find(image).unwrap().is_console(port), is, "{image} {port}");
        }
    }

    #[test]
    fn what_images_are() {
        for (image, store, engine, hunger) in [
            (
                "mysql:8",
                Some(DataStoreKind::MySql),
                Some(DatabaseEngine::Mysql),
                Some(MemoryHunger::Database),
            ),
            (
                "timescale/timescaledb",
                Some(DataStoreKind::PostgreSql),
                Some(DatabaseEngine::Postgres),
                Some(MemoryHunger::Database),
            ),
            ("redis", Some(DataStoreKind::Redis), None, None),
            ("confluentinc/cp-kafka", Some(DataStoreKind::MessageBroker), None, Some(MemoryHunger::Broker)),
            ("quay.io/keycloak/keycloak", None, None, Some(MemoryHunger::Jvm)),
            ("nginx", None, None, None),
        ] {
            let known = KnownImage::find(image).unwrap();
            assert_eq!(
                (known.data_store(), known.engine(), known.memory_hunger()),
                (store, engine, hunger),
                "{image}"
            );
        }
    }

    #[test]
    fn what_images_are_usually_given() {
        for (image, mib) in [
            ("postgres:17", Some(1024)),
            ("elasticsearch:8.15.0", Some(1024)),
            ("mcr.microsoft.com/mssql/server:2022-latest", Some(2048)),
            ("apache/kafka:3.9.0", Some(1536)),
            ("redis:7", None),
            ("nginx", None),
        ] {
            assert_eq!(KnownImage::find(image).unwrap().usual_memory().map(|it| it.mib), mib, "{image}");
        }
    }

    #[test]
    fn ports_say_what_is_spoken_there() {
        let speaks = |image: &str| {
            KnownImage::find(image).unwrap().ports.iter().map(|port| port.speaks).collect::<Vec<_>>()
        };
        assert_eq!(speaks("clickhouse"), [Some(PortProtocol::Http), Some(PortProtocol::Other)]);
        assert_eq!(speaks("jaegertracing/all-in-one"), [Some(PortProtocol::Grpc), Some(PortProtocol::Http)]);
        assert_eq!(speaks("elasticsearch"), [None]);
        assert_eq!(KnownImage::find("rabbitmq:4-management").unwrap().consoles, [15672]);
        assert_eq!(KnownImage::find("phpmyadmin").unwrap().kind, ImageKind::Console);
    }

    #[test]
    fn what_is_spoken_on_one_port() {
        for (image, port, speaks) in [
            ("n8nio/n8n:1.60.0", 5678, Some(PortProtocol::Http)),
            ("nginx", 443, Some(PortProtocol::Tls)),
            ("traefik:v3.1", 443, Some(PortProtocol::Tls)),
            ("portainer/portainer-ce", 9443, Some(PortProtocol::Tls)),
            ("lscr.io/linuxserver/code-server", 8443, Some(PortProtocol::Http)),
            ("eclipse-mosquitto:2", 1883, Some(PortProtocol::Other)),
            ("itzg/minecraft-server", 25565, Some(PortProtocol::Other)),
            ("coredns/coredns", 53, Some(PortProtocol::Other)),
            ("elasticsearch", 9200, None),
            ("itzg/minecraft-bedrock-server", 19132, None),
            ("nginx", 81, None),
        ] {
            assert_eq!(KnownImage::find(image).unwrap().speaks(port), speaks, "{image} {port}");
        }
        assert!(KnownImage::find("emqx/emqx").unwrap().is_console(18083));
        let brokers = ["eclipse-mosquitto:2", "emqx/emqx", "rabbitmq:4", "nginx"];
        let brokers = brokers.map(|image| KnownImage::find(image).unwrap().is_mqtt_broker());
        assert_eq!(brokers, [true, true, false, false]);
    }

    #[test]
    fn each_name_is_listed_once() {
        let names: Vec<&str> = table::IMAGES.iter().flat_map(|row| row.names).copied().collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
