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

/// TCP ports whose protocol is not HTTP, so an application load balancer cannot serve them: remote shells, mail, directories,
/// MQTT, logs, chat, telephony, streams of pictures and sound, TURN, remote desktops, queues, games.
static NON_HTTP_PORTS: &[u16] = &[
    21, 22, 23, 25, 53, 110, 139, 143, 389, 445, 465, 554, 587, 636, 993, 995, 1025, 1883, 1935, 2222, 2525,
    3389, 3478, 4222, 5044, 5060, 5061, 5222, 5269, 5349, 5671, 5900, 6667, 6697, 7687, 8554, 8883, 24224,
    25565, 27015, 61613, 61616,
];

/// Ports that web servers and the development servers of web frameworks have by custom.
/// Source: IANA (80, 443, 8008, 8080), Tomcat (8443), Express and Rails (3000), Flask (5000), Django and Uvicorn (8000).
static HTTP_PORTS: &[u16] = &[80, 443, 3000, 5000, 8000, 8008, 8080, 8443];

/// Ports on which a server speaks TLS itself.
static TLS_PORTS: &[u16] = &[443, 8443];

/// gRPC by custom: every quick start of grpc.io listens there.
static GRPC_PORT: u16 = 50051;

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

/// Whether web servers have this port by custom.
pub fn is_http_port(port: u16) -> bool {
    HTTP_PORTS.contains(&port)
}

/// Whether a server on this port speaks TLS itself, by custom.
pub fn is_tls_port(port: u16) -> bool {
    TLS_PORTS.contains(&port)
}

/// Whether gRPC is spoken on this port, by custom.
pub fn is_grpc_port(port: u16) -> bool {
    port == GRPC_PORT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_ports() {
        assert_eq!(data_store_on(27017), Some(DataStoreKind::MongoDb));
        assert_eq!(data_store_on(8080), None);
        assert_eq!([9229, 8000].map(is_debug_port), [true, false]);
        assert_eq!([25, 1883, 25565, 443].map(is_non_http_port), [true, true, true, false]);
        assert_eq!([80, 3000, 8443, 81, 9090].map(is_http_port), [true, true, true, false, false]);
        assert_eq!([443, 8443, 80].map(is_tls_port), [true, true, false]);
        assert_eq!([50051, 50052].map(is_grpc_port), [true, false]);
    }
}
