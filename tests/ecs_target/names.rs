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
