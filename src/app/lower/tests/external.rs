use super::{Lowered, lowered, print};

/// The external addresses of a service as `host:port/protocol`.
fn external(lowered: &Lowered, service: &str) -> Vec<String> {
    let found = lowered.app().services[service].external.iter();
    found
        .map(|one| {
            let port = one.port.map(|port| format!("{}/{}", port.number, port.protocol.as_str()));
            format!("{}:{}", print(&one.host), port.unwrap_or("?".to_owned()))
        })
        .collect()
}

/// The addresses that one variable of the service `app` names.
fn of_value(variable: &str, value: &str) -> Vec<String> {
    let text = format!(
        "services:\n  app: {{ image: a, environment: {{ {variable}: '{value}' }} }}\n  db: {{ image: postgres }}\n"
    );
    external(&lowered(&text), "app")
}

#[test]
fn values_name_hosts_outside() {
    for (variable, value, expected) in [
        ("MAILER", "smtp://user:word@mail.example.com:587/x", vec!["mail.example.com:587/tcp"]),
        ("API_URL", "http://api.example.com/v1", vec!["api.example.com:80/tcp"]),
        ("API_URL", "https://api.example.com", vec!["api.example.com:443/tcp"]),
        ("BROKER", "mqtt://broker.example.com", vec!["broker.example.com:1883/tcp"]),
        ("BROKER", "mqtts://broker.example.com", vec!["broker.example.com:8883/tcp"]),
        ("LOGS", "syslog://logs.example.com:1514", vec!["logs.example.com:1514/udp"]),
        ("JDBC", "jdbc:postgresql://pg.example.com/app", vec!["pg.example.com:5432/tcp"]),
        ("FILES", "ftp://files.example.com", vec!["files.example.com:21/tcp"]),
        (
            "PEERS",
            "a.example.com:9092,b.example.com:9093",
            vec!["a.example.com:9092/tcp", "b.example.com:9093/tcp"],
        ),
        ("OPTIONS", "[\"a.example.com:25\"]", vec!["a.example.com:25/tcp"]),
        ("DATABASE_URL", "postgres://u:p@pg.example.com/app", vec!["pg.example.com:5432/tcp"]),
        ("LISTEN", "--http=0.0.0.0:8000", vec![]),
        ("API_URL", "http://localhost:3000", vec![]),
        ("API_URL", "http://127.0.0.1:80", vec![]),
        ("DATABASE_URL", "postgres://u:p@db:5432/app", vec![]),
        ("AT", "12:30", vec![]),
        ("NOTE", "version 1.4.2", vec![]),
        (
            "SMTP_HOST",
            "smtp.example.com",
            vec!["smtp.example.com:25/tcp", "smtp.example.com:465/tcp", "smtp.example.com:587/tcp"],
        ),
        ("SMTP_HOST", "smtps://smtp.example.com", vec!["smtp.example.com:465/tcp"]),
        ("PGHOST", "pg.example.com", vec!["pg.example.com:5432/tcp"]),
        ("REDIS_URL", "rediss://:word@cache.example.com", vec!["cache.example.com:6379/tcp"]),
        ("MONGO_URI", "mongodb+srv://u:p@cluster0.example.net/shop", vec!["cluster0.example.net:27017/tcp"]),
        ("CELERY_BROKER_URL", "amqps://u:p@b-1.mq.example.com", vec!["b-1.mq.example.com:5671/tcp"]),
        ("KAFKA_BROKERS", "a.example.com", vec!["a.example.com:9092/tcp"]),
        ("QUEUE_URL", "sqs://", vec![]),
        ("INTRANET", "http://wiki:8090/x", vec!["wiki:8090/tcp"]),
        ("DB_HOST", "shop.example.com", vec!["shop.example.com:?"]),
        ("ALLOWED_HOSTS", "shop.example.com", vec![]),
        ("API_ENDPOINT", "api.example.com", vec![]),
    ] {
        assert_eq!(of_value(variable, value), expected, "{variable}: {value}");
    }
}

#[test]
fn a_host_may_have_its_port_in_another_variable_or_be_known_at_deployment_alone() {
    let lowered = lowered(
        "services:
  app:
    image: a
    command: ['--ldap', 'ldaps://${LDAP}']
    environment:
      SMTP_HOST: smtp.example.com
      SMTP_PORT: 587
      CACHE_HOST: ${CACHE}
      CACHE_PORT: 6380
      QUEUE_URL: amqp://${QUEUE}:5673
      UNKNOWN_HOST: ${CACHE}
x-tranship: { late_bound: [CACHE, QUEUE, LDAP] }
",
    );
    let mut found = external(&lowered, "app");
    found.sort();
    assert_eq!(
        found,
        [
            "smtp.example.com:587/tcp",
            "{$CACHE}:6380/tcp",
            "{$CACHE}:?",
            "{$LDAP}:636/tcp",
            "{$QUEUE}:5673/tcp"
        ]
    );
}

#[test]
fn what_other_variables_and_other_keys_say_of_a_port() {
    let lowered = lowered(
        "services:
  app:
    image: registry.example.com:5000/app:1
    extra_hosts: ['ledger:10.20.0.9']
    environment:
      DB_HOST: shop.example.com
      DB_ENGINE: django.db.backends.postgresql
      PGHOST: pg.example.com
      PGPORT: 6432
      LEDGER: ledger:1521
      DATABASE_URL: ${DATABASE_URL:-mysql://db.example.com/shop}
      BROKER_URL: ${BROKER_URL}
      CACHE_URL: redis://cache.example.com:${CACHE_PORT}
x-tranship: { late_bound: [DATABASE_URL, BROKER_URL, CACHE_PORT] }
",
    );
    let mut found = external(&lowered, "app");
    found.sort();
    assert_eq!(
        found,
        [
            "cache.example.com:?",
            "db.example.com:3306/tcp",
            "ledger:1521/tcp",
            "pg.example.com:6432/tcp",
            "registry.example.com:5000/tcp",
            "shop.example.com:5432/tcp",
            "{$BROKER_URL}:?",
        ]
    );
}
