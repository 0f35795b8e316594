use super::{Lowered, lowered_in};
use tranship_frontend::world::MemoryWorld;

/// A proxy with a mounted file, a mounted folder and a config, before what they name.
fn proxy(file: &str, folder: &[(&str, &str)], config: &str) -> Lowered {
    let manifest = format!(
        "services:
  web:
    image: nginx:1.27
    volumes: ['./site:/etc/nginx/nginx.conf:ro', './conf.d:/etc/nginx/conf.d:ro']
    configs: [{{ source: extra, target: /etc/nginx/extra.conf }}]
  api: {{ image: acme/api, expose: ['8000'] }}
  db: {{ image: 'postgres:16' }}
  alone: {{ image: acme/alone, expose: ['9000'], networks: [apart] }}
networks: {{ apart: }}
configs:
  extra: {{ content: {config:?} }}
"
    );
    let world = MemoryWorld::new().file("compose.yaml", manifest).file("site", file);
    let kept = world.file("conf.d/.gitkeep", "");
    lowered_in(&folder.iter().fold(kept, |world, (path, text)| world.file(&format!("conf.d/{path}"), *text)))
}

fn hosts(lowered: &Lowered) -> Vec<String> {
    let hosts = lowered.app().file_hosts.iter();
    hosts.map(|one| format!("{} {} {} {}", one.service, one.path, one.host, one.to)).collect()
}

#[test]
fn a_host_in_a_file_is_a_connection() {
    for (text, edges) in [
        ("location / { proxy_pass http://api:8000; }", vec!["web>api:8000/tcp"]),
        ("fastcgi_pass api:8000;", vec!["web>api:8000/tcp"]),
        ("proxy_pass http://api/;", vec!["web>api:80/tcp"]),
        ("upstream pool { server api:8000; }\nproxy_pass http://pool;", vec!["web>api:8000/tcp"]),
        ("upstream api {\n server api:8000; }\nproxy_pass http://api;", vec!["web>api:8000/tcp"]),
        ("url = postgres://u@db/shop", vec!["web>db:5432/tcp"]),
        ("# proxy_pass http://api:8000;", vec![]),
        ("location /api/ { root /srv/api; }", vec![]),
        ("server_name api;", vec![]),
        ("proxy_pass http://web:80;", vec![]),
        ("proxy_pass http://alone:9000;", vec![]),
        ("proxy_pass http://api.example.org:8000;", vec![]),
    ] {
        let lowered = proxy(text, &[], "# nothing");
        assert_eq!(lowered.edges(), edges, "{text}");
        assert_eq!(hosts(&lowered).is_empty(), edges.is_empty(), "{text}");
    }
}

#[test]
fn files_of_folders_and_configs_are_read_and_named() {
    let pages = [("up/a.conf", "server api:8000;"), ("notes.md", "http://api:8000"), ("b.bin", "http://db")];
    let lowered = proxy("", &pages, "proxy_pass http://db:5432;");
    assert_eq!(hosts(&lowered), ["web conf.d/up/a.conf api api", "web extra db db"]);
    assert_eq!(lowered.edges(), ["web>api:8000/tcp", "web>db:5432/tcp"]);
}
