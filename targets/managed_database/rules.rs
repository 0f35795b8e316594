//! `ecs/database-…`: what RDS rejects, on every target.

use tranship_frontend::rules;

rules! {
    DATABASE_CLASS = Error "ecs/database-class" "unknown database instance class"
        what "The instance class is misspelled, or RDS has retired its family."
        why "RDS could not create the database."
        example "services:\n  db:\n    image: mysql:8.4\n    x-tranship: { database: { engine: mysql, class: db.t2.micro } }\n"
        fix "Choose a current class, such as `db.t4g.micro`.";
    DATABASE_NAME = Error "ecs/database-name" "invalid database or user name"
        what "RDS requires a letter followed by letters, digits and underscores. MySQL and MariaDB user names have at most 16 characters, and every engine reserves some names."
        why "RDS could not create the database."
        example "services:\n  db:\n    image: postgres:17\n    x-tranship: { database: { engine: postgres, username: admin } }\n"
        fix "Rename the database or the user, in the manifest and wherever the application uses it.";
    DATABASE_VERSION = Error "ecs/database-version" "unsupported engine version"
        what "RDS does not offer this version under standard support. Older versions cost extra and are never chosen for you."
        why "RDS could not create the database, or it would cost more than expected."
        example "services:\n  db:\n    image: mysql:5.7\n    x-tranship: { database: { engine: mysql, version: \"5.7\" } }\n"
        fix "Choose a supported version, run the same version locally, and test the application with it.";
}
