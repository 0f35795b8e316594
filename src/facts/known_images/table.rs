//! The table of known images.
//!
//! Source: each image's page on its registry (Docker Hub official images, quay.io, mcr.microsoft.com,
//! public.ecr.aws) and the `EXPOSE` of its Dockerfile, November 2026. Images of the same software by other
//! publishers have a row of their own where their name differs.

use super::{DataStoreKind, ImageKind, KnownImage, KnownPort, MemoryHunger, PortProtocol};
use crate::TransportProtocol;

const fn row(names: &'static [&'static str], ports: &'static [KnownPort], kind: ImageKind) -> KnownImage {
    KnownImage { names, ports, further: &[], kind, consoles: &[], hunger: None, asks_for: None }
}

const fn store(
    names: &'static [&'static str],
    ports: &'static [KnownPort],
    kind: DataStoreKind,
) -> KnownImage {
    row(names, ports, ImageKind::DataStore(kind))
}

const fn server(names: &'static [&'static str], ports: &'static [KnownPort]) -> KnownImage {
    row(names, ports, ImageKind::Server)
}

const fn console(names: &'static [&'static str], port: &'static [KnownPort]) -> KnownImage {
    row(names, port, ImageKind::Console)
}

impl KnownImage {
    const fn with_consoles(mut self, ports: &'static [u16]) -> KnownImage {
        self.consoles = ports;
        self
    }

    const fn also(mut self, ports: &'static [KnownPort]) -> KnownImage {
        self.further = ports;
        self
    }

    const fn asking_for(mut self, mib: u32) -> KnownImage {
        self.asks_for = Some(mib);
        self
    }

    const fn on_jvm(mut self) -> KnownImage {
        self.hunger = Some(MemoryHunger::Jvm);
        self
    }
}

const fn port(number: u16, transport: TransportProtocol, speaks: Option<PortProtocol>) -> KnownPort {
    KnownPort { number, transport, speaks }
}

const fn http(number: u16) -> KnownPort {
    port(number, TransportProtocol::Tcp, Some(PortProtocol::Http))
}

const fn grpc(number: u16) -> KnownPort {
    port(number, TransportProtocol::Tcp, Some(PortProtocol::Grpc))
}

const fn tls(number: u16) -> KnownPort {
    port(number, TransportProtocol::Tcp, Some(PortProtocol::Tls))
}

/// A TCP port with a protocol of its own.
const fn own(number: u16) -> KnownPort {
    port(number, TransportProtocol::Tcp, Some(PortProtocol::Other))
}

const fn udp(number: u16) -> KnownPort {
    port(number, TransportProtocol::Udp, Some(PortProtocol::Other))
}

/// A TCP port whose protocol depends on the version or the configuration.
const fn any(number: u16) -> KnownPort {
    port(number, TransportProtocol::Tcp, None)
}

pub(super) static IMAGES: &[KnownImage] = &[
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
        &[own(5432)],
        DataStoreKind::PostgreSql,
    ),
    store(&["mysql", "mysql-server", "percona", "percona-server"], &[own(3306)], DataStoreKind::MySql),
    store(&["mariadb"], &[own(3306)], DataStoreKind::MariaDb),
    store(&["mongo", "mongodb", "mongodb-community-server"], &[own(27017)], DataStoreKind::MongoDb),
    store(
        &["redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "dragonfly"],
        &[own(6379)],
        DataStoreKind::Redis,
    ),
    store(&["memcached"], &[own(11211)], DataStoreKind::Memcached),
    // Plain HTTP until version 7, TLS from 8 on.
    store(&["elasticsearch"], &[any(9200)], DataStoreKind::Elasticsearch),
    store(&["opensearch"], &[tls(9200)], DataStoreKind::OpenSearch),
    store(&["meilisearch"], &[http(7700)], DataStoreKind::SearchIndex),
    store(&["typesense"], &[http(8108)], DataStoreKind::SearchIndex),
    store(&["solr"], &[http(8983)], DataStoreKind::SearchIndex).with_consoles(&[8983]),
    store(&["rabbitmq"], &[own(5672)], DataStoreKind::MessageBroker).with_consoles(&[15672]),
    store(
        &["kafka", "cp-kafka", "kafka-native", "cp-server", "wurstmeister/kafka"],
        &[own(9092)],
        DataStoreKind::MessageBroker,
    )
    // Its start script gives it a heap of 1 GiB (Apache Kafka, `kafka-server-start.sh`).
    .asking_for(1536),
    store(&["redpanda"], &[own(9092)], DataStoreKind::MessageBroker),
    store(&["zookeeper", "cp-zookeeper"], &[own(2181)], DataStoreKind::Coordination).on_jvm(),
    store(&["nats"], &[own(4222)], DataStoreKind::MessageBroker).with_consoles(&[8222]),
    store(&["eclipse-mosquitto", "mosquitto", "vernemq"], &[own(1883)], DataStoreKind::MessageBroker),
    store(&["emqx", "emqx-enterprise"], &[own(1883)], DataStoreKind::MessageBroker).with_consoles(&[18083]),
    store(&["hivemq4", "hivemq-ce"], &[own(1883)], DataStoreKind::MessageBroker).with_consoles(&[8080]),
    store(&["activemq", "activemq-classic", "activemq-artemis"], &[own(61616)], DataStoreKind::MessageBroker)
        .with_consoles(&[8161]),
    store(&["pulsar"], &[own(6650)], DataStoreKind::MessageBroker).with_consoles(&[8080]),
    store(&["cassandra", "scylla"], &[own(9042)], DataStoreKind::Cassandra),
    store(&["clickhouse", "clickhouse-server"], &[http(8123), own(9000)], DataStoreKind::ClickHouse),
    store(&["cockroach"], &[own(26257)], DataStoreKind::CockroachDb).with_consoles(&[8080]),
    store(&["influxdb"], &[http(8086)], DataStoreKind::InfluxDb),
    store(&["couchdb"], &[http(5984)], DataStoreKind::CouchDb),
    store(&["couchbase"], &[http(8091)], DataStoreKind::Couchbase).with_consoles(&[8091]),
    store(&["neo4j"], &[own(7687), http(7474)], DataStoreKind::Neo4j).with_consoles(&[7474]),
    store(&["arangodb"], &[http(8529)], DataStoreKind::ArangoDb).with_consoles(&[8529]),
    store(&["rethinkdb"], &[own(28015)], DataStoreKind::RethinkDb).with_consoles(&[8080]),
    store(&["surrealdb"], &[http(8000)], DataStoreKind::SurrealDb),
    store(&["dgraph"], &[http(8080), grpc(9080)], DataStoreKind::Dgraph),
    // It does not start with less than 2,000 MB (SQL Server on Linux, system requirements).
    store(&["mssql/server", "azure-sql-edge"], &[own(1433)], DataStoreKind::SqlServer).asking_for(2048),
    store(
        &["gvenzl/oracle-xe", "gvenzl/oracle-free", "database/express", "database/free"],
        &[own(1521)],
        DataStoreKind::Oracle,
    )
    // Oracle Database Free, installation guide: 2 GB.
    .asking_for(2048),
    store(&["etcd"], &[grpc(2379)], DataStoreKind::Coordination),
    store(&["consul"], &[http(8500)], DataStoreKind::Coordination).with_consoles(&[8500]),
    store(&["vault"], &[any(8200)], DataStoreKind::SecretStore).with_consoles(&[8200]),
    store(&["minio"], &[http(9000)], DataStoreKind::ObjectStore).with_consoles(&[9001]),
    store(&["qdrant"], &[http(6333)], DataStoreKind::VectorStore),
    store(&["weaviate"], &[http(8080)], DataStoreKind::VectorStore),
    store(&["chroma", "chromadb"], &[http(8000)], DataStoreKind::VectorStore),
    store(&["milvus"], &[grpc(19530)], DataStoreKind::VectorStore),
    store(&["victoria-metrics"], &[http(8428)], DataStoreKind::MetricsStore),
    store(&["loki"], &[http(3100)], DataStoreKind::LogStore),
    server(&["aws-xray-daemon"], &[udp(2000)]),
    server(&["nginx", "httpd", "caddy", "openresty"], &[http(80)]).also(&[tls(443)]),
    server(&["nginx-unprivileged"], &[http(8080)]),
    server(&["traefik"], &[http(80)]).with_consoles(&[8080]).also(&[tls(443)]),
    server(&["haproxy"], &[]).with_consoles(&[8404]),
    server(&["envoy"], &[]).with_consoles(&[9901]).also(&[http(10000)]),
    server(&["kong", "kong-gateway"], &[http(8000)])
        .with_consoles(&[8001, 8002, 8444, 8445])
        .also(&[tls(8443)]),
    server(&["apisix"], &[http(9080)]).with_consoles(&[9180, 9000]).also(&[tls(9443)]),
    server(&["grafana", "grafana-oss", "grafana-enterprise"], &[http(3000)]),
    server(&["prometheus"], &[http(9090)]),
    server(&["alertmanager"], &[http(9093)]),
    server(&["jaeger", "jaegertracing/all-in-one"], &[grpc(4317), http(16686)]).with_consoles(&[16686]),
    server(&["zipkin"], &[http(9411)]).with_consoles(&[9411]).on_jvm(),
    server(
        &["opentelemetry-collector", "opentelemetry-collector-contrib", "aws-otel-collector"],
        &[grpc(4317), http(4318)],
    ),
    server(&["tempo"], &[http(3200)]),
    console(&["kibana"], &[http(5601)]),
    server(&["logstash"], &[own(5044)]).on_jvm(),
    server(&["fluentd", "fluent-bit"], &[own(24224)]),
    server(&["mailpit", "mailhog"], &[own(1025), http(8025)]).with_consoles(&[8025]),
    server(&["keycloak"], &[http(8080)]).on_jvm(),
    console(&["adminer"], &[http(8080)]),
    console(&["phpmyadmin", "pgadmin4"], &[http(80)]),
    server(&["wordpress", "nextcloud", "drupal", "joomla"], &[http(80)]),
    console(&["mongo-express", "redis-commander"], &[http(8081)]),
    console(&["portainer", "portainer-ce"], &[http(9000)]).also(&[tls(9443)]),
    console(&["nginx-proxy-manager"], &[http(81)]).also(&[http(80), tls(443)]),
    console(&["cloudbeaver"], &[http(8978)]),
    console(&["unifi-network-application", "unifi-controller"], &[tls(8443)]),
    console(&["redisinsight"], &[http(5540)]),
    console(&["dozzle", "kafka-ui"], &[http(8080)]),
    console(&["base-notebook", "minimal-notebook", "scipy-notebook", "datascience-notebook"], &[http(8888)]),
    console(&["linuxserver/code-server"], &[http(8443)]),
    console(&["code-server"], &[http(8080)]),
    server(&["nifi"], &[tls(8443)]).on_jvm(),
    server(&["coredns", "unbound"], &[udp(53)]).also(&[own(53)]),
    server(&["pihole"], &[udp(53)]).also(&[own(53)]).with_consoles(&[80, 443]),
    server(&["adguardhome"], &[udp(53)]).also(&[own(53)]).with_consoles(&[80, 443, 3000]),
    server(&["coturn"], &[udp(3478)]).also(&[own(3478), own(5349)]),
    server(&["minecraft-server"], &[own(25565)]),
    server(&["minecraft-bedrock-server"], &[udp(19132)]),
    server(&["factorio"], &[udp(34197)]),
    server(&["terraria"], &[own(7777)]),
    server(&["mumble-server"], &[own(64738)]),
    server(&["teamspeak"], &[udp(9987)]).also(&[own(10011), own(30033)]),
    server(&["wireguard", "wg-easy"], &[udp(51820)]).with_consoles(&[51821]),
    server(&["openvpn"], &[udp(1194)]).also(&[own(1194)]),
    server(&["docker-mailserver", "boky/postfix"], &[own(25)]),
    server(&["sftp"], &[own(22)]),
    server(&["openssh-server"], &[own(2222)]),
    server(&["livekit-server"], &[http(7880)]).also(&[own(7881)]),
    server(&["mediamtx"], &[own(8554)]).also(&[own(1935), http(8888), http(8889)]),
    server(&["nginx-rtmp"], &[own(1935)]).also(&[http(80), http(8080)]),
    server(&["openldap"], &[own(389)]).also(&[own(636), own(1389), own(1636)]),
    server(&["ghost"], &[http(2368)]),
    server(&["n8n"], &[http(5678)]),
    server(&["gitea", "forgejo"], &[http(3000)]).also(&[own(22), own(2222)]),
    server(&["metabase"], &[http(3000)]).on_jvm(),
    server(&["hasura", "graphql-engine"], &[http(8080)]),
    server(&["selenium/hub", "standalone-chrome", "standalone-firefox"], &[http(4444)]),
    server(&["ollama"], &[http(11434)]).with_consoles(&[11434]),
    server(&["unleash-server"], &[http(4242)]),
    server(&["temporal", "auto-setup"], &[grpc(7233)]),
    server(&["schema-registry", "cp-schema-registry"], &[http(8081)]).on_jvm(),
    server(&["tomcat", "jenkins"], &[http(8080)]).on_jvm(),
    server(&["gotenberg"], &[http(3000)]),
    server(&["imgproxy"], &[http(8080)]),
    server(&["pgbouncer"], &[own(5432)]),
];
