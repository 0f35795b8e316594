//! URL schemes: the port and the transport protocol that a client uses where the URL names no port.
//!
//! Source: the IANA registries of URI schemes and of service names; the manuals of the clients for
//! schemes that IANA does not list (`mysql2`, `kafka`, `clickhouse`, ...). Read in November 2026.

use crate::TransportProtocol::{self, Tcp, Udp};

/// A URL scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlScheme {
    /// In lower case.
    pub name: &'static str,
    /// The port of a URL that names none.
    pub port: u16,
    /// What it is carried by.
    pub transport: TransportProtocol,
}

const fn tcp(name: &'static str, port: u16) -> UrlScheme {
    UrlScheme { name, port, transport: Tcp }
}

const fn udp(name: &'static str, port: u16) -> UrlScheme {
    UrlScheme { name, port, transport: Udp }
}

static SCHEMES: &[UrlScheme] = &[
    tcp("amqp", 5672),
    tcp("amqps", 5671),
    tcp("bolt", 7687),
    tcp("clickhouse", 9000),
    tcp("ftp", 21),
    tcp("ftps", 990),
    tcp("http", 80),
    tcp("https", 443),
    tcp("imap", 143),
    tcp("imaps", 993),
    tcp("kafka", 9092),
    tcp("ldap", 389),
    tcp("ldaps", 636),
    tcp("mariadb", 3306),
    tcp("memcached", 11211),
    tcp("mongodb", 27017),
    // The record that the name stands for may say another port; Atlas and the documentation have this one.
    tcp("mongodb+srv", 27017),
    tcp("mqtt", 1883),
    tcp("mqtts", 8883),
    tcp("mssql", 1433),
    tcp("mysql", 3306),
    tcp("mysql2", 3306),
    tcp("nats", 4222),
    tcp("neo4j", 7687),
    tcp("oracle", 1521),
    tcp("pgsql", 5432),
    tcp("postgres", 5432),
    tcp("postgresql", 5432),
    tcp("pulsar", 6650),
    tcp("pulsar+ssl", 6651),
    tcp("redis", 6379),
    tcp("rediss", 6379),
    tcp("sftp", 22),
    tcp("smtp", 25),
    tcp("smtps", 465),
    tcp("sqlserver", 1433),
    tcp("ssh", 22),
    udp("statsd", 8125),
    udp("stun", 3478),
    tcp("stuns", 5349),
    udp("syslog", 514),
    tcp("syslog+tcp", 514),
    tcp("syslog+tls", 6514),
    udp("turn", 3478),
    tcp("turns", 5349),
    tcp("ws", 80),
    tcp("wss", 443),
];

impl UrlScheme {
    /// The scheme of this name, in any case. What stands before a colon (`jdbc:mysql`) is another layer's, and
    /// what follows a plus sign (`postgresql+psycopg`) names a driver, unless the table has the whole.
    pub fn find(name: &str) -> Option<&'static UrlScheme> {
        let name = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
        let base = name.split('+').next().unwrap_or(&name);
        let row = |wanted: &str| SCHEMES.iter().find(|scheme| scheme.name == wanted);
        row(&name).or_else(|| row(base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_found() {
        for (name, expected) in [
            ("postgresql+asyncpg", Some((5432, Tcp))),
            ("jdbc:mysql", Some((3306, Tcp))),
            ("MQTT", Some((1883, Tcp))),
            ("mqtts", Some((8883, Tcp))),
            ("amqps", Some((5671, Tcp))),
            ("mongodb+srv", Some((27017, Tcp))),
            ("pulsar+ssl", Some((6651, Tcp))),
            ("syslog", Some((514, Udp))),
            ("syslog+tcp", Some((514, Tcp))),
            ("ftp", Some((21, Tcp))),
            ("file", None),
            ("", None),
        ] {
            let found = UrlScheme::find(name).map(|scheme| (scheme.port, scheme.transport));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn each_scheme_is_listed_once() {
        assert!(SCHEMES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
