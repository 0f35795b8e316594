use super::lowered;

/// A client with some variables beside a MySQL that is replaced.
fn with_mysql(variables: &str) -> super::Lowered {
    lowered(&format!(
        "services:
  app:
    image: a/app
    environment:
{variables}
  db:
    image: mysql:8.4
    environment: {{ MYSQL_DATABASE: todo, MYSQL_USER: me, MYSQL_PASSWORD: local, MYSQL_ROOT_PASSWORD: root-pw }}
    x-tranship: {{ database: true }}
"
    ))
}

#[test]
fn every_way_to_name_a_connection_is_wired() {
    for (variables, expected) in [
        (
            "{ MYSQL_HOST: db, MYSQL_PORT: '3306', MYSQL_USER: me, MYSQL_PASSWORD: local, MYSQL_DATABASE: todo }",
            vec!["{db Host}", "{db Port}", "{db Username}", "{db Password}", "{db Name}"],
        ),
        (
            "{ DB_HOST: 'db:3306', DB_USER: root, DB_PASS: root-pw }",
            vec!["{db Host}:{db Port}", "{db Username}", "{db Password}"],
        ),
        (
            "{ SPRING_DATASOURCE_URL: 'jdbc:mysql://db:3306/todo', SPRING_DATASOURCE_USERNAME: me, SPRING_DATASOURCE_PASSWORD: local }",
            vec!["jdbc:mysql://{db Host}:{db Port}/{db Name}", "{db Username}", "{db Password}"],
        ),
        ("{ MYSQL_PASSWORD: local, OTHER: local }", vec!["{db Password}", "local"]),
        ("{ DB_HOST: db, DB_NAME: analytics }", vec!["{db Host}", "analytics"]),
        ("{ DB_HOST: elsewhere, DB_NAME: other, DB_USER: you }", vec!["elsewhere", "other", "you"]),
    ] {
        let lowered = with_mysql(&format!(
            "      {}",
            variables.trim_start_matches("{ ").trim_end_matches(" }").replace(", ", "\n      ")
        ));
        let environment = &lowered.app().services["app"].container.environment;
        let values: Vec<String> = environment
            .values()
            .map(|one| one.value.as_ref().map(super::print).unwrap_or_default())
            .collect();
        let mut sorted = values.clone();
        let mut wanted: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        sorted.sort();
        wanted.sort();
        assert_eq!(sorted, wanted, "{variables}");
        assert_eq!(lowered.told(), Vec::<&str>::new(), "{variables}");
    }
}

#[test]
fn a_url_with_a_password_becomes_a_derived_secret() {
    for (url, derived) in [
        (
            "mysql://me:local@db:3306/todo?ssl=1",
            "mysql://{db Username}:{db Password}@{db Host}:{db Port}/{db Name}?ssl=1",
        ),
        ("mysql://me:@db/todo", "mysql://{db Username}:{db Password}@{db Host}/{db Name}"),
        ("me:local@tcp(db:3306)/todo", "{db Username}:{db Password}@tcp({db Host}:{db Port})/{db Name}"),
        (
            "Server=db;Database=todo;Uid=me;Pwd=local;",
            "Server={db Host};Database={db Name};Uid={db Username};Pwd={db Password};",
        ),
    ] {
        let lowered = with_mysql(&format!("      DATABASE_URL: '{url}'"));
        assert_eq!(lowered.value("app", "DATABASE_URL"), "{secret DATABASE_URL}", "{url}");
        assert_eq!(lowered.derived("DATABASE_URL"), derived);
        assert_eq!(lowered.edges(), ["app>db:3306/tcp"]);
        assert_eq!(lowered.told(), Vec::<&str>::new());
    }
}

#[test]
fn the_engine_and_the_names_come_from_the_container() {
    let lowered = lowered(
        "services:
  app: { image: a, environment: { PGHOST: pg, PGUSER: shop, PGDATABASE: orders, PGPASSWORD: x } }
  pg:
    image: postgres:16.3-alpine
    environment: { POSTGRES_PASSWORD: x }
    x-tranship: { database: { class: db.t4g.micro, storage: 20 } }
",
    );
    let database = &lowered.app().databases["pg"];
    assert_eq!(database.engine.value.as_str(), "postgres");
    assert_eq!(database.version.as_ref().map(|version| version.value.as_str()), Some("16.3"));
    assert_eq!(database.database.as_ref().map(|name| name.value.as_str()), Some("orders"));
    assert_eq!(database.username.as_ref().map(|user| user.value.as_str()), Some("shop"));
    assert_eq!(lowered.value("app", "PGDATABASE"), "{pg Name}");
    assert!(!lowered.app().services.contains_key("pg"));
}

#[test]
fn an_engine_that_nothing_names_is_refused() {
    let lowered = lowered("services:\n  db: { image: acme/db, x-tranship: { database: true } }\n");
    assert_eq!(lowered.told(), ["app/database-engine"]);
}

#[test]
fn what_the_container_did_besides_is_told() {
    let lowered = lowered(
        "services:
  db:
    image: mysql:8
    command: --max-connections=500
    volumes: ['./init:/docker-entrypoint-initdb.d', 'data:/var/lib/mysql']
    x-tranship: { database: true }
volumes: { data: {} }
",
    );
    assert_eq!(lowered.told(), ["app/database-loses", "app/database-loses"]);
    assert_eq!(lowered.disposition("services.db.volumes[1].target").0, "ignored");
    assert!(lowered.app().volumes.is_empty());
}

#[test]
fn a_password_file_of_a_replaced_database_is_its_generated_password() {
    let lowered = lowered(
        "services:
  app: { image: a, secrets: [db-password], environment: { DB_HOST: db } }
  db:
    image: mariadb:11
    secrets: [db-password]
    environment: { MYSQL_ROOT_PASSWORD_FILE: /run/secrets/db-password }
    x-tranship: { database: true }
secrets: { db-password: { file: password.txt } }
",
    );
    assert_eq!(lowered.derived("db-password"), "{db Password}");
}

/// A client beside a PostgreSQL that exists; `more` are settings of `existing`.
fn with_existing(more: &str) -> super::Lowered {
    lowered(&format!(
        "services:
  app:
    image: a/app
    depends_on: [db]
    environment:
      DATABASE_URL: postgres://shop:local@db:5432/shop
      DB_HOST: db
      DB_PORT: '5432'
      DB_USER: shop
      DB_PASSWORD: local
  db:
    image: postgres:17
    environment: {{ POSTGRES_USER: shop, POSTGRES_PASSWORD: local, POSTGRES_DB: shop }}
    x-tranship: {{ database: {{ existing: {{ host: shop.example.org, secret: prod/shop{more} }} }} }}
"
    ))
}

#[test]
fn clients_of_an_existing_database_get_its_address_and_its_secret() {
    let lowered = with_existing(", port: 6432, security_group: sg-0a1b");
    let app = lowered.app();
    assert!(app.databases.is_empty() && app.edges.is_empty());
    let service = &app.services["app"];
    assert!(service.dependencies.is_empty());
    let value = |name: &str| super::print(service.container.environment[name].value.as_ref().unwrap());
    assert_eq!(value("DB_HOST"), "shop.example.org");
    assert_eq!(value("DB_PORT"), "6432");
    assert_eq!(value("DB_USER"), "shop");
    assert_eq!(value("DB_PASSWORD"), "{secret db/password}");
    let crate::SecretSource::External(existing) = &app.secrets["db/password"].source else {
        panic!("{:?}", app.secrets)
    };
    assert_eq!(super::print(&existing.location), "prod/shop");
    assert_eq!(existing.part.key.as_deref(), Some("password"));
    let derived = app.secrets.values().find_map(|secret| match &secret.source {
        crate::SecretSource::Derived(text) => Some(super::print(text)),
        _ => None,
    });
    assert_eq!(derived.as_deref(), Some("postgres://shop:{secret db/password}@shop.example.org:6432/shop"));
    let [access] = app.database_access.as_slice() else { panic!("{:?}", app.database_access) };
    assert_eq!((&*access.from, &*access.to, access.port.number), ("app", "db", 6432));
    assert_eq!(access.group.peek(), "sg-0a1b");
    let outside: Vec<(String, u16)> = service
        .external
        .iter()
        .map(|one| (super::print(&one.host), one.port.map_or(0, |port| port.number)))
        .collect();
    assert!(outside.contains(&("shop.example.org".to_owned(), 6432)), "{outside:?}");
}

#[test]
fn an_existing_database_has_the_port_of_its_engine_and_its_own_key() {
    let lowered = with_existing(", key: pw");
    let app = lowered.app();
    assert!(app.database_access.is_empty());
    let value = app.services["app"].container.environment["DB_PORT"].value.as_ref().unwrap();
    assert_eq!(super::print(value), "5432");
    let crate::SecretSource::External(existing) = &app.secrets["db/password"].source else {
        panic!("{:?}", app.secrets)
    };
    assert_eq!(existing.part.key.as_deref(), Some("pw"));
}

#[test]
fn what_creates_a_database_is_not_for_one_that_exists() {
    for key in [
        "version: '17'",
        "class: db.t4g.micro",
        "storage: 20",
        "extended_support: true",
        "snapshot: before",
        "coupled: false",
    ] {
        let lowered = lowered(&format!(
            "services:
  db:
    image: postgres:17
    x-tranship: {{ database: {{ username: shop, {key}, existing: {{ host: shop.example.org, secret: prod/shop }} }} }}
"
        ));
        assert!(lowered.told().contains(&"tranship/invalid-setting"), "{key}: {:?}", lowered.told());
    }
    let nobody = lowered(
        "services:
  web: { image: a/app }
  db:
    image: postgres:17
    x-tranship: { database: { existing: { host: shop.example.org, secret: prod/shop } } }
",
    );
    assert!(nobody.told().contains(&"app/database-user"), "{:?}", nobody.told());
}
