//! The names that containers are given for themselves and for others.

use super::*;

fn variable(template: &Value, task: &str, container: &str, name: &str) -> String {
    let containers = properties(template, task)["ContainerDefinitions"].as_array().unwrap();
    let own = containers.iter().find(|it| it["Name"] == container).unwrap();
    let variables = own["Environment"].as_array().unwrap();
    let found = variables.iter().find(|it| it["Name"] == name).unwrap();
    found["Value"].as_str().unwrap().to_owned()
}

const BROKER: &str = "name: shop
services:
  kafka:
    image: apache/kafka:3
    environment:
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092
      VIRTUAL_HOST: kafka
  exporter: { image: e, network_mode: 'service:kafka', environment: { BROKER: 'kafka:9092' } }
  quiet: { image: q, environment: { VIRTUAL_HOST: quiet } }
";

/// A broker tells its clients where it is: loopback would be their own.
#[test]
fn a_services_own_name_is_its_discovery_name() {
    for target in ["fargate", "ecs-ec2"] {
        let template = template_of(target, BROKER);
        let task = "KafkaTaskDefinition";
        let advertised = variable(&template, task, "kafka", "KAFKA_ADVERTISED_LISTENERS");
        assert_eq!(advertised, "PLAINTEXT://kafka.shop.internal:9092", "{target}");
        assert_eq!(variable(&template, task, "kafka", "VIRTUAL_HOST"), "kafka.shop.internal");
        assert_eq!(variable(&template, task, "exporter", "BROKER"), "127.0.0.1:9092", "a sidecar is at home");
        assert_eq!(variable(&template, "QuietTaskDefinition", "quiet", "VIRTUAL_HOST"), "quiet");
        assert!(properties(&template, "KafkaService").get("ServiceRegistries").is_some(), "{target}");
        let rules = of_type(&template, "AWS::EC2::SecurityGroupIngress");
        let rule = properties(&template, rules.first().unwrap());
        assert_eq!((&rule["GroupId"], &rule["FromPort"]), (&rule["SourceSecurityGroupId"], &9092.into()));
        assert_eq!(rules.len(), 1);
    }
}

/// The services that nobody is said to connect to.
fn unreached(text: &str) -> Vec<String> {
    let told = said(&compiled("fargate", text));
    let own = told.into_iter().filter(|line| line.starts_with("ecs/unreached-service"));
    own.map(|line| line.split('`').skip(1).step_by(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Images that know each other's names need a word in the manifest.
#[test]
fn who_is_reached_by_nobody_is_told() {
    for (services, told) in [
        ("web: { image: w, ports: ['80:80'] }\n  db: { image: 'mysql:8.4' }", "db"),
        ("web: { image: w, ports: ['80:80'] }\n  api: { image: a, expose: ['1'] }", "api"),
        ("web: { image: w, ports: ['80:80'] }\n  a: { image: a }\n  b: { image: b }", "a b"),
        ("db: { image: 'mysql:8.4' }\n  a: { image: a }", "a db"),
        ("web: { image: w, ports: ['80:80'] }\n  a: { image: a }", ""),
        (
            "web: { image: w, ports: ['80:80'] }\n  a: { image: a, environment: { Q: 'amqp://mq.example.com' } }\n  b: { image: b }",
            "",
        ),
        ("web: { image: w, ports: ['80:80'], depends_on: [db] }\n  db: { image: 'mysql:8.4' }", ""),
        ("web: { image: w, environment: { A_URL: 'http://a:1' } }\n  a: { image: a }", ""),
        ("web: { image: w, ports: ['80:80'] }\n  adminer: { image: a, ports: ['127.0.0.1:8080:8080'] }", ""),
        (
            "web: { image: w, ports: ['80:80'] }\n  side: { image: s, expose: ['1'], network_mode: 'service:web' }",
            "",
        ),
        (
            "web: { image: w, ports: ['80:80'] }\n  job: { image: s, expose: ['1'], x-tranship: { job: manual } }",
            "",
        ),
        ("db: { image: 'mysql:8.4' }", ""),
    ] {
        let text = format!("name: shop\nservices:\n  {services}\n");
        assert_eq!(unreached(&text).join(" "), told, "{services}");
    }
}
