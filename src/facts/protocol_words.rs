//! The ports that the name of a product or a protocol stands for, where it is a word of a variable's name
//! (`SMTP_HOST`, `PGHOST`) or the value of one (`DB_ENGINE: postgres`).
//!
//! Source: the default ports in each client's manual; for mail, RFC 8314 and RFC 6409. Read in November 2026.
//! A word that is a URL scheme is a row of [`crate::url_schemes`].

use crate::{TransportProtocol, UrlScheme};

/// The ports of a protocol that are not those of one URL scheme.
struct ProtocolWord {
    words: &'static [&'static str],
    ports: &'static [u16],
}

const fn row(words: &'static [&'static str], ports: &'static [u16]) -> ProtocolWord {
    ProtocolWord { words, ports }
}

/// Words in upper case, as they are cut from a variable's name.
static WORDS: &[ProtocolWord] = &[
    row(&["AMQP", "RABBIT", "RABBITMQ"], &[5671, 5672]),
    row(&["CASSANDRA", "SCYLLA"], &[9042]),
    row(&["CLICKHOUSE"], &[8123, 9000]),
    row(&["EMAIL", "MAIL", "MAILER", "SMTP"], &[25, 465, 587]),
    row(&["IMAP"], &[143, 993]),
    row(&["KAFKA"], &[9092]),
    row(&["LDAP"], &[389, 636]),
    row(&["MARIADB", "MYSQL"], &[3306]),
    row(&["MEMCACHE", "MEMCACHED"], &[11211]),
    row(&["MONGO", "MONGODB"], &[27017]),
    row(&["MQTT"], &[1883, 8883]),
    row(&["MSSQL", "SQLSERVER"], &[1433]),
    row(&["ELASTIC", "ELASTICSEARCH", "OPENSEARCH"], &[9200]),
    row(&["PG", "PGSQL", "POSTGRE", "POSTGRES", "POSTGRESQL", "PSQL"], &[5432]),
    row(&["REDIS", "VALKEY"], &[6379]),
];

/// Schemes whose name is an ordinary word in variables, or whose port is open anyway.
const NO_WORDS: &[&str] = &["http", "https", "ws", "wss", "turn"];

/// The ports of a word; none where it names no protocol.
pub fn ports_of_word(word: &str) -> Vec<(u16, TransportProtocol)> {
    let upper = word.to_ascii_uppercase();
    if let Some(row) = WORDS.iter().find(|row| row.words.contains(&upper.as_str())) {
        return row.ports.iter().map(|port| (*port, TransportProtocol::Tcp)).collect();
    }
    let scheme = UrlScheme::find(word).filter(|scheme| !NO_WORDS.contains(&scheme.name));
    scheme.map(|scheme| (scheme.port, scheme.transport)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransportProtocol::{Tcp, Udp};

    #[test]
    fn words_stand_for_ports() {
        for (word, ports) in [
            ("PG", vec![(5432, Tcp)]),
            ("postgresql", vec![(5432, Tcp)]),
            ("smtp", vec![(25, Tcp), (465, Tcp), (587, Tcp)]),
            ("MQTT", vec![(1883, Tcp), (8883, Tcp)]),
            ("STATSD", vec![(8125, Udp)]),
            ("SFTP", vec![(22, Tcp)]),
            ("HTTP", vec![]),
            ("API", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(ports_of_word(word), ports, "{word}");
        }
    }

    #[test]
    fn each_word_is_listed_once() {
        let mut words: Vec<&str> = WORDS.iter().flat_map(|row| row.words).copied().collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
