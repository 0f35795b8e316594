//! Engines of managed databases in Amazon RDS: versions, names, classes, storage.
//!
//! Source: Amazon RDS User Guide, release calendars of each engine, "DB instance storage" and "DB instance
//! classes"; the RDS API, `CreateDBInstance`; the engine versions of the CloudFormation registry of
//! October 2026.

use crate::ValueRange;

/// An engine of a managed database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseEngine {
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
    /// PostgreSQL.
    Postgres,
}

/// What RDS says of an engine.
struct EngineRow {
    engine: DatabaseEngine,
    /// As RDS names it.
    name: &'static str,
    /// As people write it.
    product: &'static str,
    port: u16,
    /// Versions in standard support, oldest first.
    releases: &'static [EngineRelease],
    /// The version taken where no one names any.
    usual: &'static str,
    /// The master user that RDS proposes.
    master_user: &'static str,
    /// Users that the engine or RDS keeps for itself.
    reserved_users: &'static [&'static str],
    longest_user: usize,
    longest_database: usize,
    /// The log that holds the server's errors, which CloudWatch Logs can receive.
    error_logs: &'static [&'static str],
    /// Whether `EngineLifecycleSupport` means anything: RDS sells extended support of it.
    has_extended_support: bool,
}

/// A version line, with the first and the newest minor version that RDS offers.
struct EngineRelease {
    line: &'static str,
    minors: ValueRange<u32>,
    /// The minor version that the line stands for. It never changes while RDS offers it: a database that is deployed
    /// would be upgraded, and restarted, by a newer table.
    usual_minor: u32,
}

const fn release(line: &'static str, least: u32, most: u32, usual_minor: u32) -> EngineRelease {
    EngineRelease { line, minors: ValueRange { least, most }, usual_minor }
}

const MYSQL: EngineRow = EngineRow {
    engine: DatabaseEngine::Mysql,
    name: "mysql",
    product: "MySQL",
    port: 3306,
    releases: &[release("8.4", 3, 11, 11)],
    usual: "8.4",
    master_user: "admin",
    reserved_users: &["rdsadmin"],
    longest_user: 16,
    longest_database: 64,
    error_logs: &["error"],
    has_extended_support: true,
};

const MARIADB: EngineRow = EngineRow {
    engine: DatabaseEngine::Mariadb,
    name: "mariadb",
    product: "MariaDB",
    port: 3306,
    releases: &[release("10.11", 4, 19, 19), release("11.4", 3, 13, 13), release("11.8", 3, 9, 9)],
    // RDS sets `require_secure_transport` from 11.8 on, and few clients of a container speak TLS unasked.
    usual: "11.4",
    master_user: "admin",
    reserved_users: &["rdsadmin"],
    longest_user: 16,
    longest_database: 64,
    error_logs: &["error"],
    has_extended_support: false,
};

const POSTGRES: EngineRow = EngineRow {
    engine: DatabaseEngine::Postgres,
    name: "postgres",
    product: "PostgreSQL",
    port: 5432,
    releases: &[
        release("14", 1, 24, 24),
        release("15", 2, 19, 19),
        release("16", 1, 15, 15),
        release("17", 1, 11, 11),
        release("18", 1, 6, 6),
    ],
    usual: "17",
    master_user: "postgres",
    reserved_users: &["rdsadmin", "admin"],
    longest_user: 63,
    longest_database: 63,
    error_logs: &["postgresql"],
    has_extended_support: true,
};

/// The instance class taken where no one names any.
pub const USUAL_CLASS: &str = "db.t4g.micro";

/// GiB of gp3 storage that an instance may have.
pub const STORAGE_GIB: ValueRange<u32> = ValueRange { least: 20, most: 65_536 };

/// Families of classes that RDS no longer offers.
const RETIRED_CLASSES: &[&str] = &["t1", "t2", "m1", "m2", "m3", "m4", "cr1", "r3", "r4", "x1"];

impl DatabaseEngine {
    /// Every engine.
    pub const ALL: &[DatabaseEngine] =
        &[DatabaseEngine::Mysql, DatabaseEngine::Mariadb, DatabaseEngine::Postgres];

    /// The names of all, as RDS gives them.
    pub const NAMES: &[&str] = &[MYSQL.name, MARIADB.name, POSTGRES.name];

    /// The engine that RDS gives this name.
    pub fn of_name(name: &str) -> Option<DatabaseEngine> {
        DatabaseEngine::ALL.iter().copied().find(|engine| engine.as_str() == name)
    }

    /// As RDS names it.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// As people write it, for messages.
    pub fn product(self) -> &'static str {
        self.row().product
    }

    /// The port it listens on.
    pub fn port(self) -> u16 {
        self.row().port
    }

    /// Whether RDS refuses connections without TLS, in the parameters that a version starts with: `rds.force_ssl` of
    /// PostgreSQL from 15 on, `require_secure_transport` of MariaDB from 11.8 on (Amazon RDS User Guide, "Using SSL with a
    /// PostgreSQL DB instance" and "MariaDB 11.8").
    pub fn forces_tls(self, version: &str) -> bool {
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        match self {
            DatabaseEngine::Postgres => version >= (15, 0),
            DatabaseEngine::Mariadb => version >= (11, 8),
            DatabaseEngine::Mysql => false,
        }
    }

    /// The version taken where no one names any.
    pub fn usual_version(self) -> &'static str {
        self.row().usual
    }

    /// The version lines in standard support, oldest first: `8.4`, `17`.
    pub fn version_lines(self) -> impl Iterator<Item = &'static str> {
        self.row().releases.iter().map(|release| release.line)
    }

    /// The exact version for what is asked: a version of the table stays as it is, a line gets its usual minor, and the
    /// start of a line (`8`) gets the newest line. Nothing outside of standard support. RDS would take a line of some
    /// engines, which the CloudFormation registry calls deprecated, or does not know.
    pub fn exact_version(self, asked: &str) -> Option<String> {
        let releases = self.row().releases;
        let usual = |release: &EngineRelease| format!("{}.{}", release.line, release.usual_minor);
        for release in releases {
            if asked == release.line {
                return Some(usual(release));
            }
            let minor = asked.strip_prefix(release.line).and_then(|rest| rest.strip_prefix('.'));
            if minor.and_then(|it| it.parse().ok()).is_some_and(|minor| release.minors.contains(minor)) {
                return Some(asked.to_owned());
            }
        }
        releases.iter().rfind(|release| release.line.split('.').next() == Some(asked)).map(usual)
    }

    /// The master user that RDS proposes.
    pub fn usual_master_user(self) -> &'static str {
        self.row().master_user
    }

    /// The most characters of a master user's name.
    pub fn longest_master_user(self) -> usize {
        self.row().longest_user
    }

    /// Whether a master user may have this name.
    pub fn accepts_master_user(self, name: &str) -> bool {
        let row = self.row();
        is_word(name) && name.len() <= row.longest_user && !row.reserved_users.contains(&name)
    }

    /// Whether a database inside the instance may have this name.
    pub fn accepts_database_name(self, name: &str) -> bool {
        is_word(name) && name.len() <= self.row().longest_database
    }

    /// The kinds of log that hold the server's errors, as `EnableCloudwatchLogsExports` names them.
    pub fn error_logs(self) -> &'static [&'static str] {
        self.row().error_logs
    }

    /// Whether RDS sells extended support of the engine.
    pub fn has_extended_support(self) -> bool {
        self.row().has_extended_support
    }

    fn row(self) -> &'static EngineRow {
        let row = match self {
            DatabaseEngine::Mysql => &MYSQL,
            DatabaseEngine::Mariadb => &MARIADB,
            DatabaseEngine::Postgres => &POSTGRES,
        };
        debug_assert_eq!(row.engine, self);
        row
    }
}

/// A letter, then letters, digits and underscores.
fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Why RDS would refuse an instance class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassProblem {
    /// It is not of the form `db.FAMILY.SIZE`.
    Malformed,
    /// RDS no longer offers its family.
    Retired,
}

/// Why RDS would refuse the instance class; nothing where no reason is known.
pub fn class_problem(class: &str) -> Option<ClassProblem> {
    let parts: Vec<&str> = class.split('.').collect();
    match parts[..] {
        ["db", family, _] if RETIRED_CLASSES.contains(&family) => Some(ClassProblem::Retired),
        ["db", _, size] if !size.is_empty() => None,
        _ => Some(ClassProblem::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DatabaseEngine::{Mariadb, Mysql, Postgres};

    #[test]
    fn versions_are_exact() {
        for (engine, asked, exact) in [
            (Mysql, "8.4", Some("8.4.11")),
            (Mysql, "8", Some("8.4.11")),
            (Mysql, "8.4.3", Some("8.4.3")),
            (Mysql, "8.4.2", None),
            (Mysql, "8.0", None),
            (Mysql, "5.7", None),
            (Mariadb, "11", Some("11.8.9")),
            (Mariadb, "10.11.19", Some("10.11.19")),
            (Postgres, "16", Some("16.15")),
            (Postgres, "16.4", Some("16.4")),
            (Postgres, "13", None),
            (Postgres, "", None),
        ] {
            assert_eq!(engine.exact_version(asked).as_deref(), exact, "{asked}");
        }
    }

    /// Another minor version would upgrade databases that run.
    #[test]
    fn a_line_stands_for_the_same_minor_version_for_ever() {
        let minors = |row: &EngineRow| -> Vec<String> {
            row.releases.iter().map(|it| format!("{}.{}", it.line, it.usual_minor)).collect()
        };
        assert_eq!(minors(&MYSQL), ["8.4.11"]);
        assert_eq!(minors(&MARIADB), ["10.11.19", "11.4.13", "11.8.9"]);
        assert_eq!(minors(&POSTGRES), ["14.24", "15.19", "16.15", "17.11", "18.6"]);
        for row in [&MYSQL, &MARIADB, &POSTGRES] {
            assert!(row.releases.iter().all(|it| it.minors.contains(it.usual_minor)), "{}", row.name);
        }
    }

    #[test]
    fn the_usual_version_is_in_the_table() {
        for engine in DatabaseEngine::ALL {
            assert!(engine.version_lines().any(|line| line == engine.usual_version()));
            assert!(engine.accepts_master_user(engine.usual_master_user()));
            assert_eq!(DatabaseEngine::of_name(engine.as_str()), Some(*engine));
        }
        assert_eq!(Mariadb.usual_version(), "11.4");
        assert_eq!(DatabaseEngine::of_name("oracle"), None);
    }

    #[test]
    fn names() {
        for (engine, name, user, database) in [
            (Mysql, "app", true, true),
            (Mysql, "rdsadmin", false, true),
            (Mysql, "seventeen_letters", false, true),
            (Postgres, "seventeen_letters", true, true),
            (Postgres, "admin", false, true),
            (Mysql, "admin", true, true),
            (Mysql, "my-app", false, false),
            (Mysql, "1app", false, false),
            (Mysql, "", false, false),
        ] {
            assert_eq!(engine.accepts_master_user(name), user, "{name}");
            assert_eq!(engine.accepts_database_name(name), database, "{name}");
        }
        assert!(Mysql.accepts_database_name(&"a".repeat(64)));
        assert!(!Postgres.accepts_database_name(&"a".repeat(64)));
    }

    #[test]
    fn classes() {
        for (class, problem) in [
            (USUAL_CLASS, None),
            ("db.r7g.large", None),
            ("db.t2.micro", Some(ClassProblem::Retired)),
            ("t3.micro", Some(ClassProblem::Malformed)),
            ("db.t3", Some(ClassProblem::Malformed)),
            ("db.t3.", Some(ClassProblem::Malformed)),
            ("db.t3.micro.x", Some(ClassProblem::Malformed)),
        ] {
            assert_eq!(class_problem(class), problem, "{class}");
        }
    }

    #[test]
    fn newer_engines_refuse_connections_without_tls() {
        for (engine, version, forces) in [
            (DatabaseEngine::Postgres, "14", false),
            (DatabaseEngine::Postgres, "15", true),
            (DatabaseEngine::Postgres, "17.11", true),
            (DatabaseEngine::Mariadb, "11.4", false),
            (DatabaseEngine::Mariadb, "11.8", true),
            (DatabaseEngine::Mariadb, "10.11", false),
            (DatabaseEngine::Mysql, "8.4", false),
        ] {
            assert_eq!(engine.forces_tls(version), forces, "{engine:?} {version}");
        }
    }
}
