//! Keys and labels by which other tools are told what to do, and what does the same here.
//!
//! Sources (read 2026-11): Docker documentation, "Docker Compose ECS integration: Compose features"; Traefik,
//! caddy-docker-proxy, nginx-proxy, Ofelia, Chadburn,
//! deck-chores, docker-autoheal, Kompose and Watchtower documentation, "labels".

/// A key or label of another tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignMark {
    /// What it starts with.
    pub prefix: &'static str,
    /// What does the same here, as a clause.
    pub instead: &'static str,
}

/// Extension fields: the longest prefix counts.
pub const FOREIGN_KEYS: &[ForeignMark] = &[
    ForeignMark { prefix: "x-aws-autoscaling", instead: "`x-tranship.scale`" },
    ForeignMark { prefix: "x-aws-cloudformation", instead: "nothing, as the template is Tranship's own" },
    ForeignMark { prefix: "x-aws-cluster", instead: "nothing, as each stack has a cluster of its own" },
    ForeignMark { prefix: "x-aws-keys", instead: "a variable that names the secret and its key" },
    ForeignMark {
        prefix: "x-aws-loadbalancer",
        instead: "nothing, as each stack has a load balancer of its own",
    },
    ForeignMark { prefix: "x-aws-logs_retention", instead: "`x-tranship.log_retention`" },
    ForeignMark { prefix: "x-aws-max_percent", instead: "nothing, as new tasks start before old ones stop" },
    ForeignMark { prefix: "x-aws-min_percent", instead: "nothing, as new tasks start before old ones stop" },
    ForeignMark { prefix: "x-aws-policies", instead: "`x-tranship.permissions`" },
    ForeignMark { prefix: "x-aws-protocol", instead: "`x-tranship.public`" },
    ForeignMark {
        prefix: "x-aws-pull_credentials",
        instead: "`x-tranship.registries`, or an image in Amazon ECR",
    },
    ForeignMark { prefix: "x-aws-role", instead: "`x-tranship.permissions`" },
    ForeignMark { prefix: "x-aws-vpc", instead: "`x-tranship.network`" },
    ForeignMark { prefix: "x-aws-", instead: "nothing" },
    ForeignMark { prefix: "x-ecs", instead: "the settings of `x-tranship`" },
];

/// Labels that a container of the tool reads from Docker.
pub const FOREIGN_LABELS: &[ForeignMark] = &[
    ForeignMark { prefix: "autoheal", instead: "the health check of the container, which Amazon ECS heeds" },
    ForeignMark { prefix: "caddy", instead: "`x-tranship.public` with `host` and `path`" },
    ForeignMark { prefix: "com.centurylinklabs.watchtower.", instead: "a deployment of the new image" },
    ForeignMark { prefix: "com.github.nginx-proxy.", instead: "`x-tranship.public` with `host` and `path`" },
    ForeignMark { prefix: "chadburn.", instead: "`x-tranship.job` with a `schedule`" },
    ForeignMark { prefix: "deck-chores.", instead: "`x-tranship.job` with a `schedule`" },
    ForeignMark { prefix: "kompose.", instead: "`x-tranship.public`, `scale` and the other settings" },
    ForeignMark { prefix: "ofelia.", instead: "`x-tranship.job` with a `schedule`" },
    ForeignMark { prefix: "traefik.", instead: "`x-tranship.public` with `host` and `path`" },
];

/// The mark of a name among some marks: the longest prefix counts.
pub fn foreign_mark(marks: &'static [ForeignMark], name: &str) -> Option<&'static ForeignMark> {
    marks.iter().filter(|mark| name.starts_with(mark.prefix)).max_by_key(|mark| mark.prefix.len())
}

#[cfg(test)]
mod tests {
    use super::{FOREIGN_KEYS, FOREIGN_LABELS, foreign_mark};

    #[test]
    fn the_longest_prefix_counts() {
        for (name, instead) in [
            ("x-aws-vpc", Some("`x-tranship.network`")),
            ("x-aws-something", Some("nothing")),
            ("x-ecs", Some("the settings of `x-tranship`")),
            ("x-team", None),
        ] {
            assert_eq!(foreign_mark(FOREIGN_KEYS, name).map(|mark| mark.instead), instead, "{name}");
        }
        for label in
            ["traefik.enable", "kompose.service.type", "autoheal", "ofelia.enabled", "deck-chores.dump.cron"]
        {
            assert!(foreign_mark(FOREIGN_LABELS, label).is_some(), "{label}");
        }
        assert!(foreign_mark(FOREIGN_LABELS, "team").is_none());
    }
}
