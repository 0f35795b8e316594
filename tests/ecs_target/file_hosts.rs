//! Host names in files: what the application meant becomes reachable, and the user learns the name.

use super::*;

const PROXY: &str = "name: shop
services:
  web:
    image: nginx:1.27
    ports: ['80:80']
    configs: [{ source: site, target: /etc/nginx/conf.d/default.conf }]
  api: { image: acme/api, expose: ['8000'] }
  db:
    image: postgres:17
    x-tranship: { database: { engine: postgres, version: '17' } }
configs:
  site: { content: 'server { location / { proxy_pass http://api:8000; } } # postgres://db' }
";

fn lines(text: &str) -> Vec<String> {
    said(&compiled("fargate", text)).into_iter().filter(|line| line.contains("in files")).collect()
}

#[test]
fn a_name_in_a_file_gets_its_record_and_its_rule() {
    let template = template(PROXY);
    assert_eq!(properties(&template, "ApiDiscovery")["Name"], "api");
    let rule = of_type(&template, "AWS::EC2::SecurityGroupIngress")
        .into_iter()
        .find(|id| id.starts_with("ApiFromWeb"))
        .map(|id| properties(&template, id));
    let ports = rule.map(|rule| (rule["FromPort"].as_i64(), rule["ToPort"].as_i64()));
    assert_eq!(ports, Some((Some(8000), Some(8000))));
}

#[test]
fn one_warning_says_what_to_write() {
    let told = lines(&format!("{PROXY}x-tranship: {{ discovery: {{ names: dns }} }}\n"));
    assert_eq!(told.len(), 1, "{told:?}");
    let expected = "`api` in `site` of `web` is `api.shop.internal` on ECS, as `names: dns` is set";
    assert!(told[0].contains(expected), "{told:?}");
}

/// Service Connect carries the name, and nothing carries that of a database.
#[test]
fn a_name_in_a_file_works_as_it_is() {
    let template = template(PROXY);
    let entry = &properties(&template, "ApiService")["ServiceConnectConfiguration"]["Services"][0];
    assert_eq!(entry["ClientAliases"][0]["DnsName"], "api");
    let told = lines(PROXY);
    let expected = "`db` in `site` of `web` is the address of the managed database `db` on ECS, which only variables know";
    assert!(told.len() == 1 && told[0].ends_with(expected), "{told:?}");
    assert_eq!(lines(&PROXY.replace(" # postgres://db", "")), Vec::<String>::new());
}

#[test]
fn a_file_with_the_name_on_aws_is_right() {
    let right = PROXY
        .replace("http://api:8000", "http://api.shop.internal:8000")
        .replace(
            "expose: ['8000'] }",
            "expose: ['8000'], networks: { default: { aliases: [api.shop.internal] } } }",
        )
        .replace(" # postgres://db", "");
    assert_eq!(lines(&right), Vec::<String>::new());
    assert_eq!(properties(&template(&right), "ApiDiscovery")["Name"], "api");
}
