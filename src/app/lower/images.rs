//! What is known of widespread images: the ports they listen on, and whether they keep data.
//!
//! Source: each image's page on its registry (Docker Hub official images, quay.io, mcr.microsoft.com,
//! public.ecr.aws), the `EXPOSE` of its Dockerfile. Images of the same software by other publishers
//! have a row of their own where their name differs.

use crate::{DataStoreKind, PortSpec};

const fn tcp(number: u16) -> PortSpec {
    PortSpec::tcp(number)
}

const fn udp(number: u16) -> PortSpec {
    PortSpec::udp(number)
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct KnownImage {
    /// Repository names, without registry and tag; a longer path that ends in one matches too.
    names: &'static [&'static str],
    /// Ports that the software listens on, the one clients use first.
    pub(super) ports: &'static [PortSpec],
    /// What it keeps, where it keeps data.
    pub(super) store: Option<DataStoreKind>,
}

const fn store(
    names: &'static [&'static str],
    ports: &'static [PortSpec],
    what: DataStoreKind,
) -> KnownImage {
    KnownImage { names, ports, store: Some(what) }
}

const fn server(names: &'static [&'static str], ports: &'static [PortSpec]) -> KnownImage {
    KnownImage { names, ports, store: None }
}

static IMAGES: &[KnownImage] = &[
    store(
        &[
            "postgres",
            "postgresql",
            "postgis",
            "pgvector",
            "timescaledb",
            "timescaledb-ha",
            "supabase/postgres",
        ],
        &[tcp(5432)],
        DataStoreKind::PostgreSql,
    ),
    store(&["mysql", "mysql-server", "percona", "percona-server"], &[tcp(3306)], DataStoreKind::MySql),
    store(&["mariadb"], &[tcp(3306)], DataStoreKind::MariaDb),
    store(&["mongo", "mongodb", "mongodb-community-server"], &[tcp(27017)], DataStoreKind::MongoDb),
    store(
        &["redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "dragonfly"],
        &[tcp(6379)],
        DataStoreKind::Redis,
    ),
    store(&["memcached"], &[tcp(11211)], DataStoreKind::Memcached),
    store(&["elasticsearch"], &[tcp(9200)], DataStoreKind::Elasticsearch),
    store(&["opensearch"], &[tcp(9200)], DataStoreKind::OpenSearch),
    store(&["meilisearch"], &[tcp(7700)], DataStoreKind::SearchIndex),
    store(&["typesense"], &[tcp(8108)], DataStoreKind::SearchIndex),
    store(&["solr"], &[tcp(8983)], DataStoreKind::SearchIndex),
    store(&["rabbitmq"], &[tcp(5672)], DataStoreKind::MessageBroker),
    store(
        &["kafka", "cp-kafka", "kafka-native", "cp-server", "wurstmeister/kafka"],
        &[tcp(9092)],
        DataStoreKind::MessageBroker,
    ),
    store(&["redpanda"], &[tcp(9092)], DataStoreKind::MessageBroker),
    store(&["zookeeper", "cp-zookeeper"], &[tcp(2181)], DataStoreKind::CoordinationStore),
    store(&["nats"], &[tcp(4222)], DataStoreKind::MessageBroker),
    store(&["eclipse-mosquitto", "mosquitto"], &[tcp(1883)], DataStoreKind::MessageBroker),
    store(&["activemq", "activemq-classic", "activemq-artemis"], &[tcp(61616)], DataStoreKind::MessageBroker),
    store(&["pulsar"], &[tcp(6650)], DataStoreKind::MessageBroker),
    store(&["cassandra", "scylla"], &[tcp(9042)], DataStoreKind::Cassandra),
    store(&["clickhouse", "clickhouse-server"], &[tcp(8123), tcp(9000)], DataStoreKind::ClickHouse),
    store(&["cockroach"], &[tcp(26257)], DataStoreKind::CockroachDb),
    store(&["influxdb"], &[tcp(8086)], DataStoreKind::InfluxDb),
    store(&["couchdb"], &[tcp(5984)], DataStoreKind::CouchDb),
    store(&["couchbase"], &[tcp(8091)], DataStoreKind::Couchbase),
    store(&["neo4j"], &[tcp(7687), tcp(7474)], DataStoreKind::Neo4j),
    store(&["arangodb"], &[tcp(8529)], DataStoreKind::ArangoDb),
    store(&["rethinkdb"], &[tcp(28015)], DataStoreKind::RethinkDb),
    store(&["surrealdb"], &[tcp(8000)], DataStoreKind::SurrealDb),
    store(&["dgraph"], &[tcp(8080), tcp(9080)], DataStoreKind::Dgraph),
    store(&["mssql/server", "azure-sql-edge"], &[tcp(1433)], DataStoreKind::SqlServer),
    store(
        &["gvenzl/oracle-xe", "gvenzl/oracle-free", "database/express", "database/free"],
        &[tcp(1521)],
        DataStoreKind::Oracle,
    ),
    store(&["etcd"], &[tcp(2379)], DataStoreKind::CoordinationStore),
    store(&["consul"], &[tcp(8500)], DataStoreKind::CoordinationStore),
    store(&["vault"], &[tcp(8200)], DataStoreKind::SecretStore),
    store(&["minio"], &[tcp(9000)], DataStoreKind::ObjectStore),
    store(&["qdrant"], &[tcp(6333)], DataStoreKind::VectorStore),
    store(&["weaviate"], &[tcp(8080)], DataStoreKind::VectorStore),
    store(&["chroma", "chromadb"], &[tcp(8000)], DataStoreKind::VectorStore),
    store(&["milvus"], &[tcp(19530)], DataStoreKind::VectorStore),
    store(&["victoria-metrics"], &[tcp(8428)], DataStoreKind::MetricsStore),
    store(&["loki"], &[tcp(3100)], DataStoreKind::LogStore),
    server(&["aws-xray-daemon"], &[udp(2000)]),
    server(&["nginx", "httpd", "caddy", "openresty"], &[tcp(80)]),
    server(&["nginx-unprivileged"], &[tcp(8080)]),
    server(&["traefik"], &[tcp(80)]),
    server(&["haproxy"], &[]),
    server(&["grafana", "grafana-oss", "grafana-enterprise"], &[tcp(3000)]),
    server(&["prometheus"], &[tcp(9090)]),
    server(&["alertmanager"], &[tcp(9093)]),
    server(&["jaeger", "jaegertracing/all-in-one"], &[tcp(4317), tcp(16686)]),
    server(&["zipkin"], &[tcp(9411)]),
    server(
        &["opentelemetry-collector", "opentelemetry-collector-contrib", "aws-otel-collector"],
        &[tcp(4317), tcp(4318)],
    ),
    server(&["tempo"], &[tcp(3200)]),
    server(&["kibana"], &[tcp(5601)]),
    server(&["logstash"], &[tcp(5044)]),
    server(&["fluentd", "fluent-bit"], &[tcp(24224)]),
    server(&["mailpit", "mailhog"], &[tcp(1025), tcp(8025)]),
    server(&["keycloak"], &[tcp(8080)]),
    server(&["adminer", "phpmyadmin", "pgadmin4", "wordpress", "nextcloud", "drupal", "joomla"], &[tcp(80)]),
    server(&["mongo-express"], &[tcp(8081)]),
    server(&["ghost"], &[tcp(2368)]),
    server(&["n8n"], &[tcp(5678)]),
    server(&["gitea"], &[tcp(3000)]),
    server(&["metabase"], &[tcp(3000)]),
    server(&["hasura", "graphql-engine"], &[tcp(8080)]),
    server(&["selenium/hub", "standalone-chrome", "standalone-firefox"], &[tcp(4444)]),
    server(&["ollama"], &[tcp(11434)]),
    server(&["unleash-server"], &[tcp(4242)]),
    server(&["temporal", "auto-setup"], &[tcp(7233)]),
    server(&["schema-registry", "cp-schema-registry"], &[tcp(8081)]),
    server(&["tomcat", "jenkins"], &[tcp(8080)]),
    server(&["gotenberg"], &[tcp(3000)]),
    server(&["imgproxy"], &[tcp(8080)]),
    server(&["pgbouncer"], &[tcp(5432)]),
];

/// Ports that only data stores have.
/// Source: the IANA service name registry and the stores' own manuals.
static STORE_PORTS: &[(u16, DataStoreKind)] = &[
    (1433, DataStoreKind::SqlServer),
    (1521, DataStoreKind::Oracle),
    (2181, DataStoreKind::CoordinationStore),
    (2379, DataStoreKind::CoordinationStore),
    (3306, DataStoreKind::MySql),
    (5432, DataStoreKind::PostgreSql),
    (5672, DataStoreKind::MessageBroker),
    (6379, DataStoreKind::Redis),
    (9042, DataStoreKind::Cassandra),
    (9092, DataStoreKind::MessageBroker),
    (9200, DataStoreKind::SearchIndex),
    (11211, DataStoreKind::Memcached),
    (26257, DataStoreKind::CockroachDb),
    (27017, DataStoreKind::MongoDb),
];

/// Ports of debuggers: published for a laptop, never for the world.
/// Source: Node.js inspector, JDWP, debugpy, Delve and Xdebug by their manuals.
static DEBUG_PORTS: &[u16] = &[9229, 9230, 5005, 5678, 2345, 40000, 9003];

/// TCP ports whose protocol is not HTTP, so an application load balancer cannot serve them.
/// Source: the IANA service name registry; mailpit, Logstash and Fluentd by their manuals.
static OTHER_PORTS: &[u16] =
    &[21, 22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1025, 1883, 5044, 8883, 24224];

/// Ports of URL schemes that have none written.
/// Source: the IANA URI scheme and service name registries, the clients' manuals.
static SCHEME_PORTS: &[(&str, PortSpec)] = &[
    ("amqp", tcp(5672)),
    ("amqps", tcp(5671)),
    ("ftp", tcp(21)),
    ("http", tcp(80)),
    ("https", tcp(443)),
    ("imap", tcp(143)),
    ("imaps", tcp(993)),
    ("kafka", tcp(9092)),
    ("ldap", tcp(389)),
    ("ldaps", tcp(636)),
    ("mariadb", tcp(3306)),
    ("mongodb", tcp(27017)),
    ("mqtt", tcp(1883)),
    ("mysql", tcp(3306)),
    ("mysql2", tcp(3306)),
    ("nats", tcp(4222)),
    ("postgres", tcp(5432)),
    ("postgresql", tcp(5432)),
    ("redis", tcp(6379)),
    ("rediss", tcp(6379)),
    ("smtp", tcp(25)),
    ("smtps", tcp(465)),
    ("ssh", tcp(22)),
    ("ws", tcp(80)),
    ("wss", tcp(443)),
];

/// The row of an image reference.
pub(super) fn known(image: &str) -> Option<&'static KnownImage> {
    let path = repository(image);
    IMAGES.iter().find(|row| {
        row.names
            .iter()
            .any(|name| path == *name || path.strip_suffix(name).is_some_and(|before| before.ends_with('/')))
    })
}

/// What a data store on this port keeps.
pub(super) fn store_on(port: u16) -> Option<DataStoreKind> {
    STORE_PORTS.iter().find(|(number, _)| *number == port).map(|(_, what)| *what)
}

/// Whether debuggers listen there.
pub(super) fn is_debug_port(port: u16) -> bool {
    DEBUG_PORTS.contains(&port)
}

/// Whether the port's protocol is known not to be HTTP.
pub(super) fn is_other_protocol(port: u16) -> bool {
    OTHER_PORTS.contains(&port)
}

/// The port of a URL scheme; drivers named after a plus sign count for nothing.
pub(super) fn scheme_port(scheme: &str) -> Option<PortSpec> {
    let base = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    SCHEME_PORTS.iter().find(|(name, _)| *name == base).map(|(_, port)| *port)
}

/// An image reference without registry, tag and digest.
fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let cut = name.rfind(':').filter(|colon| !name.get(*colon..).is_some_and(|tag| tag.contains('/')));
    let name = cut.and_then(|colon| name.get(..colon)).unwrap_or(name);
    match name.split_once('/') {
        Some((registry, rest)) if registry.contains(['.', ':']) || registry == "localhost" => rest,
        _ => name,
    }
}

/// An image reference's tag.
pub(super) fn tag(image: &str) -> Option<&str> {
    let name = image.split('@').next()?;
    name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_repository() {
        for (image, port) in [
            ("postgres:16-alpine", Some(5432)),
            ("docker.io/library/mysql:8.4", Some(3306)),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror/redis:7", Some(6379)),
            ("mcr.microsoft.com/mssql/server:2022-latest", Some(1433)),
            ("public.ecr.aws/xray/aws-xray-daemon:3.3.15", Some(2000)),
            ("localhost:5000/mongo@sha256:abc", Some(27017)),
            ("myredis", None),
            ("acme/redis-exporter:1", None),
            ("", None),
        ] {
            let found = known(image).and_then(|row| row.ports.first()).map(|port| port.number);
            assert_eq!(found, port, "{image}");
        }
        assert_eq!(known("mysql:8").and_then(|row| row.store), Some(DataStoreKind::MySql));
        assert_eq!(known("nginx").map(|row| row.store), Some(None));
    }

    #[test]
    fn tags() {
        for (image, expected) in
            [("mysql:8.4", Some("8.4")), ("host:5000/mysql", None), ("a:1@sha256:b", Some("1")), ("a", None)]
        {
            assert_eq!(tag(image), expected, "{image}");
        }
    }
}
