//! Kinds of data stores, by the software that keeps the data.

/// What a data store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataStoreKind {
    /// A PostgreSQL database.
    PostgreSql,
    /// A MySQL database.
    MySql,
    /// A MariaDB database.
    MariaDb,
    /// A MongoDB database.
    MongoDb,
    /// A Redis store.
    Redis,
    /// A Memcached store.
    Memcached,
    /// An Elasticsearch index.
    Elasticsearch,
    /// An OpenSearch index.
    OpenSearch,
    /// A search index.
    SearchIndex,
    /// A message broker.
    MessageBroker,
    /// A coordination store.
    CoordinationStore,
    /// A Cassandra database.
    Cassandra,
    /// A ClickHouse database.
    ClickHouse,
    /// A CockroachDB database.
    CockroachDb,
    /// An InfluxDB database.
    InfluxDb,
    /// A CouchDB database.
    CouchDb,
    /// A Couchbase database.
    Couchbase,
    /// A Neo4j database.
    Neo4j,
    /// An ArangoDB database.
    ArangoDb,
    /// A RethinkDB database.
    RethinkDb,
    /// A SurrealDB database.
    SurrealDb,
    /// A Dgraph database.
    Dgraph,
    /// A SQL Server database.
    SqlServer,
    /// An Oracle database.
    Oracle,
    /// A secret store.
    SecretStore,
    /// An object store.
    ObjectStore,
    /// A vector store.
    VectorStore,
    /// A metrics store.
    MetricsStore,
    /// A log store.
    LogStore,
}

impl DataStoreKind {
    /// In words, with an article.
    pub fn words(self) -> &'static str {
        match self {
            DataStoreKind::PostgreSql => "a PostgreSQL database",
            DataStoreKind::MySql => "a MySQL database",
            DataStoreKind::MariaDb => "a MariaDB database",
            DataStoreKind::MongoDb => "a MongoDB database",
            DataStoreKind::Redis => "a Redis store",
            DataStoreKind::Memcached => "a Memcached store",
            DataStoreKind::Elasticsearch => "an Elasticsearch index",
            DataStoreKind::OpenSearch => "an OpenSearch index",
            DataStoreKind::SearchIndex => "a search index",
            DataStoreKind::MessageBroker => "a message broker",
            DataStoreKind::CoordinationStore => "a coordination store",
            DataStoreKind::Cassandra => "a Cassandra database",
            DataStoreKind::ClickHouse => "a ClickHouse database",
            DataStoreKind::CockroachDb => "a CockroachDB database",
            DataStoreKind::InfluxDb => "an InfluxDB database",
            DataStoreKind::CouchDb => "a CouchDB database",
            DataStoreKind::Couchbase => "a Couchbase database",
            DataStoreKind::Neo4j => "a Neo4j database",
            DataStoreKind::ArangoDb => "an ArangoDB database",
            DataStoreKind::RethinkDb => "a RethinkDB database",
            DataStoreKind::SurrealDb => "a SurrealDB database",
            DataStoreKind::Dgraph => "a Dgraph database",
            DataStoreKind::SqlServer => "a SQL Server database",
            DataStoreKind::Oracle => "an Oracle database",
            DataStoreKind::SecretStore => "a secret store",
            DataStoreKind::ObjectStore => "an object store",
            DataStoreKind::VectorStore => "a vector store",
            DataStoreKind::MetricsStore => "a metrics store",
            DataStoreKind::LogStore => "a log store",
        }
    }
}
