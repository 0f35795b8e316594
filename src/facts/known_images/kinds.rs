//! What widespread images are.

use crate::DatabaseEngine;

/// What an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// It keeps data that must outlive its container.
    DataStore(DataStoreKind),
    /// It is the administration console of something else, or made for one developer: whoever reaches it may do anything.
    Console,
    /// Any other server.
    Server,
}

/// What a data store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataStoreKind {
    /// ArangoDB.
    ArangoDb,
    /// Cassandra, or what speaks its protocol.
    Cassandra,
    /// ClickHouse.
    ClickHouse,
    /// CockroachDB.
    CockroachDb,
    /// What members of a cluster agree on: ZooKeeper, etcd, Consul.
    Coordination,
    /// Couchbase.
    Couchbase,
    /// CouchDB.
    CouchDb,
    /// Dgraph.
    Dgraph,
    /// Elasticsearch.
    Elasticsearch,
    /// InfluxDB.
    InfluxDb,
    /// Logs.
    LogStore,
    /// MariaDB.
    MariaDb,
    /// Memcached.
    Memcached,
    /// Messages: RabbitMQ, Kafka, NATS, MQTT.
    MessageBroker,
    /// Metrics.
    MetricsStore,
    /// MongoDB.
    MongoDb,
    /// MySQL, or a fork of it.
    MySql,
    /// Neo4j.
    Neo4j,
    /// Objects: MinIO.
    ObjectStore,
    /// OpenSearch.
    OpenSearch,
    /// Oracle Database.
    Oracle,
    /// PostgreSQL, or an extension of it.
    PostgreSql,
    /// Redis, or what speaks its protocol.
    Redis,
    /// RethinkDB.
    RethinkDb,
    /// A search index other than Elasticsearch and OpenSearch.
    SearchIndex,
    /// Secrets: Vault.
    SecretStore,
    /// SQL Server.
    SqlServer,
    /// SurrealDB.
    SurrealDb,
    /// Vectors.
    VectorStore,
}

/// Why software wants more memory than a small task has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryHunger {
    /// A database caches what it reads.
    Database,
    /// A Java virtual machine sizes its heap at its start.
    Jvm,
    /// A search index keeps parts of itself in memory.
    Search,
    /// A broker keeps messages in memory.
    Broker,
}

/// What software is usually given, where nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsualMemory {
    /// In MiB.
    pub mib: u32,
}

impl UsualMemory {
    /// Half of a virtual CPU, in 1/1024: a cache that warms up, a virtual machine that compiles.
    pub const CPU: u32 = 512;

    /// The memory of a kind of software. Source: MySQL manual, "How MySQL Uses Memory" (the default configuration is
    /// made for a machine of 512 MiB that does nothing else); PostgreSQL manual, "Resource Consumption" (1 GB and
    /// more); Elasticsearch, "Run Elasticsearch in Docker" (1 GB for one node); RabbitMQ, "Memory Threshold" (256 MiB
    /// at least beside the rest); OpenJDK, ergonomics (a quarter of the memory is the heap). November 2026.
    pub const fn of(hunger: MemoryHunger) -> Self {
        match hunger {
            MemoryHunger::Database | MemoryHunger::Jvm | MemoryHunger::Search | MemoryHunger::Broker => {
                UsualMemory { mib: 1024 }
            }
        }
    }
}

impl DataStoreKind {
    /// In words, with an article.
    pub fn describe(self) -> &'static str {
        match self {
            DataStoreKind::ArangoDb => "an ArangoDB database",
            DataStoreKind::Cassandra => "a Cassandra database",
            DataStoreKind::ClickHouse => "a ClickHouse database",
            DataStoreKind::CockroachDb => "a CockroachDB database",
            DataStoreKind::Coordination => "a coordination store",
            DataStoreKind::Couchbase => "a Couchbase database",
            DataStoreKind::CouchDb => "a CouchDB database",
            DataStoreKind::Dgraph => "a Dgraph database",
            DataStoreKind::Elasticsearch => "an Elasticsearch index",
            DataStoreKind::InfluxDb => "an InfluxDB database",
            DataStoreKind::LogStore => "a log store",
            DataStoreKind::MariaDb => "a MariaDB database",
            DataStoreKind::Memcached => "a Memcached store",
            DataStoreKind::MessageBroker => "a message broker",
            DataStoreKind::MetricsStore => "a metrics store",
            DataStoreKind::MongoDb => "a MongoDB database",
            DataStoreKind::MySql => "a MySQL database",
            DataStoreKind::Neo4j => "a Neo4j database",
            DataStoreKind::ObjectStore => "an object store",
            DataStoreKind::OpenSearch => "an OpenSearch index",
            DataStoreKind::Oracle => "an Oracle database",
            DataStoreKind::PostgreSql => "a PostgreSQL database",
            DataStoreKind::Redis => "a Redis store",
            DataStoreKind::RethinkDb => "a RethinkDB database",
            DataStoreKind::SearchIndex => "a search index",
            DataStoreKind::SecretStore => "a secret store",
            DataStoreKind::SqlServer => "a SQL Server database",
            DataStoreKind::SurrealDb => "a SurrealDB database",
            DataStoreKind::VectorStore => "a vector store",
        }
    }

    /// The engine of a managed database that can replace it.
    pub fn engine(self) -> Option<DatabaseEngine> {
        match self {
            DataStoreKind::MySql => Some(DatabaseEngine::Mysql),
            DataStoreKind::MariaDb => Some(DatabaseEngine::Mariadb),
            DataStoreKind::PostgreSql => Some(DatabaseEngine::Postgres),
            _ => None,
        }
    }

    /// Why it wants more memory than a small task has.
    pub fn memory_hunger(self) -> Option<MemoryHunger> {
        match self {
            DataStoreKind::Coordination
            | DataStoreKind::Memcached
            | DataStoreKind::ObjectStore
            | DataStoreKind::Redis
            | DataStoreKind::SecretStore => None,
            DataStoreKind::Elasticsearch | DataStoreKind::OpenSearch | DataStoreKind::SearchIndex => {
                Some(MemoryHunger::Search)
            }
            DataStoreKind::MessageBroker => Some(MemoryHunger::Broker),
            DataStoreKind::Neo4j => Some(MemoryHunger::Jvm),
            _ => Some(MemoryHunger::Database),
        }
    }
}
