//! Well-known ports: of data stores, of debuggers, and of protocols that are not HTTP.
//!
//! Source: the IANA service name registry and the manuals of the software, November 2026.

use crate::DataStoreKind;

/// Ports that only data stores have.
static STORE_PORTS: &[(u16, DataStoreKind)] = &[
    (1433, DataStoreKind::SqlServer),
    (1521, DataStoreKind::Oracle),
    (2181, DataStoreKind::Coordination),
    (2379, DataStoreKind::Coordination),
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
static NON_HTTP_PORTS: &[u16] =
    &[21, 22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1025, 1883, 5044, 8883, 24224];

/// DNS.
pub const DNS: u16 = 53;

/// NFS, which EFS speaks.
pub const NFS: u16 = 2049;

/// The data store that listens on this port.
pub fn data_store_on(port: u16) -> Option<DataStoreKind> {
    STORE_PORTS.iter().find(|(number, _)| *number == port).map(|(_, kind)| *kind)
}

/// Whether Docker's own API listens there: 2375 without TLS, 2376 with it.
pub fn is_docker_port(port: u16) -> bool {
    matches!(port, 2375 | 2376)
}

/// Whether debuggers listen there.
pub fn is_debug_port(port: u16) -> bool {
    DEBUG_PORTS.contains(&port)
}

/// Whether the port's protocol is known not to be HTTP.
pub fn is_non_http_port(port: u16) -> bool {
    NON_HTTP_PORTS.contains(&port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_ports() {
        assert_eq!(data_store_on(27017), Some(DataStoreKind::MongoDb));
        assert_eq!(data_store_on(8080), None);
        assert_eq!([9229, 8000].map(is_debug_port), [true, false]);
        assert_eq!([25, 443].map(is_non_http_port), [true, false]);
    }
}
