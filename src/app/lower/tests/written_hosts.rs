//! Names that stay as they are: who uses them, where, and what that opens.

use super::{Lowered, lowered};
use crate::HostPlace;

fn written(lowered: &Lowered) -> Vec<String> {
    let shown = |place: &HostPlace| match place {
        HostPlace::Variable(name) => name.to_string(),
        other => format!("{other:?}"),
    };
    let hosts = lowered.app().written_hosts.iter();
    hosts.map(|one| format!("{} {} {} {}", one.service, shown(&one.place), one.host, one.to)).collect()
}

/// A client with some keys beside what it may reach.
fn client(keys: &str) -> Lowered {
    lowered(&format!(
        "services:
  app: {{ image: a, {keys} }}
  api: {{ image: acme/api, expose: ['8000'], networks: {{ default: {{ aliases: [back] }} }} }}
  cache: {{ image: 'redis:7' }}
  off: {{ image: o, profiles: [dev] }}
"
    ))
}

#[test]
fn words_are_kept_and_open_the_ports_of_who_is_meant() {
    for (keys, hosts, edges) in [
        ("environment: { BACKEND: api }", vec!["app BACKEND api api"], vec!["app>api:8000/tcp"]),
        ("environment: { BACKEND: back }", vec!["app BACKEND back api"], vec!["app>api:8000/tcp"]),
        ("environment: { A: 'cache,b=c' }", vec!["app A cache cache"], vec!["app>cache:6379/tcp"]),
        ("command: [run, --on, api]", vec!["app Command api api"], vec!["app>api:8000/tcp"]),
        ("command: run --on api", vec!["app Command api api"], vec!["app>api:8000/tcp"]),
        ("command: [run, --on=api]", vec!["app Command api api"], vec!["app>api:8000/tcp"]),
        ("entrypoint: [sh, -c, 'run --on api']", vec!["app Command api api"], vec!["app>api:8000/tcp"]),
        ("healthcheck: { test: check --on api }", vec!["app HealthCheck api api"], vec!["app>api:8000/tcp"]),
        ("environment: { API_HOST: api }", vec![], vec!["app>api:8000/tcp"]),
        ("environment: { A: 'api:8000' }", vec![], vec!["app>api:8000/tcp"]),
        ("environment: { A: app }", vec![], vec![]),
        ("environment: { A: off }", vec![], vec![]),
        ("environment: { DB_USER: api }", vec![], vec![]),
        ("command: [npm, run, api]", vec![], vec![]),
        ("command: [run, -u, api]", vec![], vec![]),
        ("command: [run, --name, api]", vec![], vec![]),
    ] {
        let lowered = client(keys);
        assert_eq!(written(&lowered), hosts, "{keys}");
        assert_eq!(lowered.edges(), edges, "{keys}");
    }
}

#[test]
fn a_word_that_means_nobody_deployed_is_told() {
    let lowered = client("environment: { A: off }");
    assert!(lowered.told().contains(&"app/skipped-host"), "{:?}", lowered.told());
}

#[test]
fn what_no_value_names_the_image_may_know() {
    for (keys, hosts) in [
        ("depends_on: [cache]", vec!["app Image cache cache"]),
        ("depends_on: [api]", vec!["app Image api api", "app Image back api"]),
        ("links: ['cache:store']", vec!["app Image store cache"]),
        ("links: [cache]", vec!["app Image cache cache"]),
        ("depends_on: [cache], environment: { R: 'redis://cache' }", vec![]),
        ("depends_on: [cache], environment: { R: cache }", vec!["app R cache cache"]),
        ("network_mode: 'service:cache', depends_on: [cache]", vec![]),
    ] {
        assert_eq!(written(&client(keys)), hosts, "{keys}");
    }
}

#[test]
fn secrets_are_no_names() {
    let lowered = client("environment: { API_TOKEN: api, A: 'password=api' }");
    assert_eq!(written(&lowered), Vec::<String>::new());
}
