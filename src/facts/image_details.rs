//! What is known of the images of particular publishers: where they keep data, whom they run as, whether
//! they have a shell, what starts them.
//!
//! Source: each publisher's Dockerfile and entrypoint, or the image's page where the Dockerfile does not say
//! it; read in November 2026. A mirror under another name is another image: it has no row.

use crate::ImageReference;

/// What is known of an image of one publisher.
#[derive(Debug, Clone, Copy)]
pub struct ImageDetails {
    /// Repositories; `library/redis` means `redis` of Docker Hub and whatever mirrors it as `library/redis`.
    repositories: &'static [&'static str],
    /// Folders with data that should outlive the container, in any of its versions.
    pub data_paths: &'static [&'static str],
    user: Option<ImageUser>,
    /// Whom the variant that is based on Alpine runs as, where that differs.
    alpine_user: Option<ImageUser>,
    shell: Option<bool>,
    /// Its `ENTRYPOINT`, in all of its versions.
    pub entry_point: Option<&'static [&'static str]>,
    /// Whether several copies may write to one folder of data: its publisher documents a shared file system.
    pub shares_data: bool,
}

/// Whom an image's process runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageUser {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
    /// Whether the container starts as root, gives the data to the user and then becomes that user.
    pub steps_down: bool,
}

/// Starts as root and steps down to this user.
const fn steps_down(uid: u32, gid: u32) -> Option<ImageUser> {
    Some(ImageUser { uid, gid, steps_down: true })
}

/// Is this user from the start.
const fn runs_as(uid: u32, gid: u32) -> Option<ImageUser> {
    Some(ImageUser { uid, gid, steps_down: false })
}

const fn details(
    repositories: &'static [&'static str],
    data_paths: &'static [&'static str],
    user: Option<ImageUser>,
) -> ImageDetails {
    ImageDetails {
        repositories,
        data_paths,
        user,
        alpine_user: None,
        shell: Some(true),
        entry_point: None,
        shares_data: false,
    }
}

impl ImageDetails {
    const fn alpine(mut self, user: Option<ImageUser>) -> ImageDetails {
        self.alpine_user = user;
        self
    }

    const fn shell(mut self, shell: Option<bool>) -> ImageDetails {
        self.shell = shell;
        self
    }

    const fn shared(mut self) -> ImageDetails {
        self.shares_data = true;
        self
    }

    const fn entry_point(mut self, words: &'static [&'static str]) -> ImageDetails {
        self.entry_point = Some(words);
        self
    }

    /// The row of an image.
    pub fn find(image: &ImageReference<'_>) -> Option<&'static ImageDetails> {
        DETAILS.iter().find(|row| row.repositories.iter().any(|name| is_repository(image, name)))
    }

    /// Whom the variant with this tag runs as.
    pub fn user(&self, tag: Option<&str>) -> Option<ImageUser> {
        if is_alpine(tag) { self.alpine_user.or(self.user) } else { self.user }
    }

    /// Whether the variant with this tag has `/bin/sh`.
    pub fn has_shell(&self, tag: Option<&str>) -> Option<bool> {
        if is_alpine(tag) { Some(true) } else { self.shell }
    }
}

fn is_alpine(tag: Option<&str>) -> bool {
    tag.is_some_and(|tag| tag.contains("alpine"))
}

/// Whether the image is the named one. Official images may leave `library/` out on Docker Hub.
fn is_repository(image: &ImageReference<'_>, name: &str) -> bool {
    let path = image.repository;
    // The last letter rules out most names.
    if path.as_bytes().last() != name.as_bytes().last() {
        return false;
    }
    let hub = matches!(image.registry, None | Some("docker.io" | "index.docker.io"));
    let official = name.strip_prefix("library/").is_some_and(|short| hub && path == short);
    official || path == name || path.strip_suffix(name).is_some_and(|before| before.ends_with('/'))
}

/// The script of most official images: it looks at its first word, prepares the data and steps down.
const SCRIPT: &[&str] = &["docker-entrypoint.sh"];

static DETAILS: &[ImageDetails] = &[
    // Up to PostgreSQL 17 the volume is the inner folder, from 18 on the outer one.
    details(
        &["library/postgres", "postgis/postgis", "pgvector/pgvector"],
        &["/var/lib/postgresql/data", "/var/lib/postgresql"],
        steps_down(999, 999),
    )
    .alpine(steps_down(70, 70))
    .entry_point(SCRIPT),
    details(&["timescale/timescaledb"], &["/var/lib/postgresql/data"], steps_down(70, 70))
        .entry_point(SCRIPT),
    details(&["library/mysql", "library/mariadb"], &["/var/lib/mysql"], steps_down(999, 999))
        .entry_point(SCRIPT),
    details(&["library/mongo"], &["/data/db", "/data/configdb"], steps_down(999, 999)).entry_point(SCRIPT),
    details(&["library/redis", "valkey/valkey"], &["/data"], steps_down(999, 999))
        .alpine(steps_down(999, 1000))
        .entry_point(SCRIPT),
    details(&["library/memcached"], &[], runs_as(11211, 11211)).entry_point(SCRIPT),
    details(&["library/rabbitmq"], &["/var/lib/rabbitmq"], steps_down(999, 999))
        .alpine(steps_down(100, 101))
        .entry_point(SCRIPT),
    details(&["minio/minio"], &["/data"], None).entry_point(&["/usr/bin/docker-entrypoint.sh"]),
    details(&["library/cassandra"], &["/var/lib/cassandra"], steps_down(999, 999)),
    details(&["library/solr"], &["/var/solr"], runs_as(8983, 8983)),
    details(&["library/zookeeper"], &["/data", "/datalog", "/logs"], steps_down(1000, 1000)),
    details(&["library/neo4j"], &["/data", "/logs"], steps_down(7474, 7474)),
    details(&["library/couchdb"], &["/opt/couchdb/data"], steps_down(5984, 5984)),
    // The user differs from version to version.
    details(&["library/influxdb"], &["/var/lib/influxdb", "/var/lib/influxdb2"], None),
    details(
        &["library/elasticsearch", "elasticsearch/elasticsearch"],
        &["/usr/share/elasticsearch/data"],
        runs_as(1000, 0),
    ),
    details(&["opensearchproject/opensearch"], &["/usr/share/opensearch/data"], runs_as(1000, 1000)),
    details(&["library/eclipse-mosquitto"], &["/mosquitto/data", "/mosquitto/log"], steps_down(1883, 1883)),
    details(
        &["library/clickhouse", "clickhouse/clickhouse-server"],
        &["/var/lib/clickhouse"],
        steps_down(101, 101),
    ),
    details(
        &["apache/kafka"],
        &["/var/lib/kafka/data", "/etc/kafka/secrets", "/mnt/shared/config"],
        runs_as(1000, 1000),
    ),
    details(&["mssql/server"], &["/var/opt/mssql"], runs_as(10001, 0)),
    details(&["hashicorp/consul"], &["/consul/data"], steps_down(100, 1000)),
    // The default variant holds a program and nothing else.
    details(&["library/nats"], &[], None).shell(Some(false)),
    details(&["prom/prometheus", "prometheus/prometheus"], &["/prometheus"], runs_as(65534, 65534)),
    details(
        &["grafana/grafana", "grafana/grafana-oss", "grafana/grafana-enterprise"],
        &["/var/lib/grafana"],
        runs_as(472, 0),
    ),
    details(&["nginxinc/nginx-unprivileged"], &[], runs_as(101, 101)),
    details(&["library/wordpress", "library/nextcloud"], &["/var/www/html"], None).shared(),
    details(&["library/ghost"], &["/var/lib/ghost/content"], steps_down(1000, 1000)),
    details(&["jenkins/jenkins"], &["/var/jenkins_home"], runs_as(1000, 1000)),
    details(&["qdrant/qdrant"], &["/qdrant/storage"], None).shell(None),
    // Bases and servers on Debian or Alpine Linux; whom they run as differs, or is not asked.
    details(
        &[
            "library/alpine",
            "library/amazoncorretto",
            "library/amazonlinux",
            "library/busybox",
            "library/caddy",
            "library/debian",
            "library/drupal",
            "library/eclipse-temurin",
            "library/golang",
            "library/haproxy",
            "library/httpd",
            "library/joomla",
            "library/matomo",
            "library/mediawiki",
            "library/nginx",
            "library/node",
            "library/odoo",
            "library/openjdk",
            "library/perl",
            "library/php",
            "library/phpmyadmin",
            "library/python",
            "library/redmine",
            "library/registry",
            "library/ruby",
            "library/rust",
            "library/tomcat",
            "library/traefik",
            "library/ubuntu",
        ],
        &[],
        None,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn find(image: &str) -> Option<(ImageReference<'_>, &'static ImageDetails)> {
        let image = ImageReference::parse(image);
        Some((image, ImageDetails::find(&image)?))
    }

    #[test]
    fn users_by_variant() {
        for (image, expected) in [
            ("postgres:16", Some((999, 999, true))),
            ("postgres:16-alpine", Some((70, 70, true))),
            ("docker.io/library/redis:7-alpine", Some((999, 1000, true))),
            ("public.ecr.aws/docker/library/redis:7", Some((999, 999, true))),
            ("rabbitmq:4-management-alpine", Some((100, 101, true))),
            ("memcached:1-alpine", Some((11211, 11211, false))),
            ("docker.elastic.co/elasticsearch/elasticsearch:8.15.0", Some((1000, 0, false))),
            ("mcr.microsoft.com/mssql/server:2022-latest", Some((10001, 0, false))),
            ("influxdb:2", None),
        ] {
            let (reference, row) = find(image).unwrap();
            let user = row.user(reference.tag).map(|user| (user.uid, user.gid, user.steps_down));
            assert_eq!(user, expected, "{image}");
        }
    }

    #[test]
    fn images_of_other_publishers_have_no_row() {
        for image in ["bitnami/redis:7", "acme/postgres", "ghcr.io/postgres", "myredis", ""] {
            assert!(find(image).is_none(), "{image}");
        }
    }

    #[test]
    fn data_and_shells() {
        let (_, postgres) = find("postgres:18").unwrap();
        assert_eq!(postgres.data_paths, ["/var/lib/postgresql/data", "/var/lib/postgresql"]);
        let (_, nats) = find("nats:2").unwrap();
        assert_eq!([nats.has_shell(Some("2")), nats.has_shell(Some("2-alpine"))], [Some(false), Some(true)]);
        let shares = |image: &str| find(image).unwrap().1.shares_data;
        assert_eq!([shares("wordpress:6"), shares("postgres:17"), shares("nginx:1")], [true, false, false]);
        assert_eq!(find("node:22-alpine").unwrap().1.has_shell(Some("22-alpine")), Some(true));
        let (_, qdrant) = find("qdrant/qdrant").unwrap();
        assert_eq!(qdrant.has_shell(None), None);
    }
}
