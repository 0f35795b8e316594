use super::{Lowered, lowered, print};

/// The external addresses of a service as `host:port/protocol`.
fn external(lowered: &Lowered, service: &str) -> Vec<String> {
    let found = lowered.app().services[service].external.iter();
    found
        .map(|one| format!("{}:{}/{}", print(&one.host), one.port.number, one.port.protocol.as_str()))
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
        ("SMTP_HOST", "smtp.example.com", vec![]),
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
        ["smtp.example.com:587/tcp", "{$CACHE}:6380/tcp", "{$LDAP}:636/tcp", "{$QUEUE}:5673/tcp"]
    );
}
