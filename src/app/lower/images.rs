//! What is known of widespread images: the ports they listen on, and whether they keep data.
//!
//! Source: each image's page on its registry (Docker Hub official images, quay.io, mcr.microsoft.com,
//! public.ecr.aws), the `EXPOSE` of its Dockerfile. Images of the same software by other publishers
//! have a row of their own where their name differs.

use crate::Protocol::{self, Tcp, Udp};

/// One row of the table.
#[derive(Debug)]
pub(super) struct KnownImage {
    /// Repository names, without registry and tag; a longer path that ends in one matches too.
    names: &'static [&'static str],
    /// Ports that the software listens on, the one clients use first.
    pub(super) ports: &'static [(u16, Protocol)],
    /// What it keeps, where it keeps data.
    pub(super) store: Option<&'static str>,
}

const fn store(
    names: &'static [&'static str],
    ports: &'static [(u16, Protocol)],
    what: &'static str,
) -> KnownImage {
    KnownImage { names, ports, store: Some(what) }
}

const fn server(names: &'static [&'static str], ports: &'static [(u16, Protocol)]) -> KnownImage {
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
        &[(5432, Tcp)],
        "a PostgreSQL database",
    ),
    store(&["mysql", "mysql-server", "percona", "percona-server"], &[(3306, Tcp)], "a MySQL database"),
    store(&["mariadb"], &[(3306, Tcp)], "a MariaDB database"),
    store(&["mongo", "mongodb", "mongodb-community-server"], &[(27017, Tcp)], "a MongoDB database"),
    store(
        &["redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "dragonfly"],
        &[(6379, Tcp)],
        "a Redis store",
    ),
    store(&["memcached"], &[(11211, Tcp)], "a Memcached store"),
    store(&["elasticsearch"], &[(9200, Tcp)], "an Elasticsearch index"),
    store(&["opensearch"], &[(9200, Tcp)], "an OpenSearch index"),
    store(&["meilisearch"], &[(7700, Tcp)], "a search index"),
    store(&["typesense"], &[(8108, Tcp)], "a search index"),
    store(&["solr"], &[(8983, Tcp)], "a search index"),
    store(&["rabbitmq"], &[(5672, Tcp)], "a message broker"),
    store(
        &["kafka", "cp-kafka", "kafka-native", "cp-server", "wurstmeister/kafka"],
        &[(9092, Tcp)],
        "a message broker",
    ),
    store(&["redpanda"], &[(9092, Tcp)], "a message broker"),
    store(&["zookeeper", "cp-zookeeper"], &[(2181, Tcp)], "a coordination store"),
    store(&["nats"], &[(4222, Tcp)], "a message broker"),
    store(&["eclipse-mosquitto", "mosquitto"], &[(1883, Tcp)], "a message broker"),
    store(&["activemq", "activemq-classic", "activemq-artemis"], &[(61616, Tcp)], "a message broker"),
    store(&["pulsar"], &[(6650, Tcp)], "a message broker"),
    store(&["cassandra", "scylla"], &[(9042, Tcp)], "a Cassandra database"),
    store(&["clickhouse", "clickhouse-server"], &[(8123, Tcp), (9000, Tcp)], "a ClickHouse database"),
    store(&["cockroach"], &[(26257, Tcp)], "a CockroachDB database"),
    store(&["influxdb"], &[(8086, Tcp)], "an InfluxDB database"),
    store(&["couchdb"], &[(5984, Tcp)], "a CouchDB database"),
    store(&["couchbase"], &[(8091, Tcp)], "a Couchbase database"),
    store(&["neo4j"], &[(7687, Tcp), (7474, Tcp)], "a Neo4j database"),
    store(&["arangodb"], &[(8529, Tcp)], "an ArangoDB database"),
    store(&["rethinkdb"], &[(28015, Tcp)], "a RethinkDB database"),
    store(&["surrealdb"], &[(8000, Tcp)], "a SurrealDB database"),
    store(&["dgraph"], &[(8080, Tcp), (9080, Tcp)], "a Dgraph database"),
    store(&["mssql/server", "azure-sql-edge"], &[(1433, Tcp)], "a SQL Server database"),
    store(
        &["gvenzl/oracle-xe", "gvenzl/oracle-free", "database/express", "database/free"],
        &[(1521, Tcp)],
        "an Oracle database",
    ),
    store(&["etcd"], &[(2379, Tcp)], "a coordination store"),
    store(&["consul"], &[(8500, Tcp)], "a coordination store"),
    store(&["vault"], &[(8200, Tcp)], "a secret store"),
    store(&["minio"], &[(9000, Tcp)], "an object store"),
    store(&["qdrant"], &[(6333, Tcp)], "a vector store"),
    store(&["weaviate"], &[(8080, Tcp)], "a vector store"),
    store(&["chroma", "chromadb"], &[(8000, Tcp)], "a vector store"),
    store(&["milvus"], &[(19530, Tcp)], "a vector store"),
    store(&["victoria-metrics"], &[(8428, Tcp)], "a metrics store"),
    store(&["loki"], &[(3100, Tcp)], "a log store"),
    server(&["aws-xray-daemon"], &[(2000, Udp)]),
    server(&["nginx", "httpd", "caddy", "openresty"], &[(80, Tcp)]),
    server(&["nginx-unprivileged"], &[(8080, Tcp)]),
    server(&["traefik"], &[(80, Tcp)]),
    server(&["haproxy"], &[]),
    server(&["grafana", "grafana-oss", "grafana-enterprise"], &[(3000, Tcp)]),
    server(&["prometheus"], &[(9090, Tcp)]),
    server(&["alertmanager"], &[(9093, Tcp)]),
    server(&["jaeger", "jaegertracing/all-in-one"], &[(4317, Tcp), (16686, Tcp)]),
    server(&["zipkin"], &[(9411, Tcp)]),
    server(
        &["opentelemetry-collector", "opentelemetry-collector-contrib", "aws-otel-collector"],
        &[(4317, Tcp), (4318, Tcp)],
    ),
    server(&["tempo"], &[(3200, Tcp)]),
    server(&["kibana"], &[(5601, Tcp)]),
    server(&["logstash"], &[(5044, Tcp)]),
    server(&["fluentd", "fluent-bit"], &[(24224, Tcp)]),
    server(&["mailpit", "mailhog"], &[(1025, Tcp), (8025, Tcp)]),
    server(&["keycloak"], &[(8080, Tcp)]),
    server(
        &["adminer", "phpmyadmin", "pgadmin4", "wordpress", "nextcloud", "drupal", "joomla"],
        &[(80, Tcp)],
    ),
    server(&["mongo-express"], &[(8081, Tcp)]),
    server(&["ghost"], &[(2368, Tcp)]),
    server(&["n8n"], &[(5678, Tcp)]),
    server(&["gitea"], &[(3000, Tcp)]),
    server(&["metabase"], &[(3000, Tcp)]),
    server(&["hasura", "graphql-engine"], &[(8080, Tcp)]),
    server(&["selenium/hub", "standalone-chrome", "standalone-firefox"], &[(4444, Tcp)]),
    server(&["ollama"], &[(11434, Tcp)]),
    server(&["unleash-server"], &[(4242, Tcp)]),
    server(&["temporal", "auto-setup"], &[(7233, Tcp)]),
    server(&["schema-registry", "cp-schema-registry"], &[(8081, Tcp)]),
    server(&["tomcat", "jenkins"], &[(8080, Tcp)]),
    server(&["gotenberg"], &[(3000, Tcp)]),
    server(&["imgproxy"], &[(8080, Tcp)]),
    server(&["pgbouncer"], &[(5432, Tcp)]),
];

/// Ports that only data stores have.
/// Source: the IANA service name registry and the stores' own manuals.
static STORE_PORTS: &[(u16, &str)] = &[
    (1433, "a SQL Server database"),
    (1521, "an Oracle database"),
    (2181, "a coordination store"),
    (2379, "a coordination store"),
    (3306, "a MySQL database"),
    (5432, "a PostgreSQL database"),
    (5672, "a message broker"),
    (6379, "a Redis store"),
    (9042, "a Cassandra database"),
    (9092, "a message broker"),
    (9200, "a search index"),
    (11211, "a Memcached store"),
    (26257, "a CockroachDB database"),
    (27017, "a MongoDB database"),
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
static SCHEME_PORTS: &[(&str, u16)] = &[
    ("amqp", 5672),
    ("amqps", 5671),
    ("http", 80),
    ("https", 443),
    ("ldap", 389),
    ("mongodb", 27017),
    ("mqtt", 1883),
    ("mysql", 3306),
    ("mysql2", 3306),
    ("mariadb", 3306),
    ("nats", 4222),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("rediss", 6379),
    ("smtp", 25),
    ("ws", 80),
    ("wss", 443),
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
pub(super) fn store_on(port: u16) -> Option<&'static str> {
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
pub(super) fn scheme_port(scheme: &str) -> Option<u16> {
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
            let found = known(image).and_then(|row| row.ports.first()).map(|(port, _)| *port);
            assert_eq!(found, port, "{image}");
        }
        assert_eq!(known("mysql:8").and_then(|row| row.store), Some("a MySQL database"));
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
