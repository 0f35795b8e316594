//! How programs take a secret on their command line: by short flags, and by place.
//!
//! Data only. Source: the manual page or the reference of each program, July and November 2026. Invariant: programs by
//! their base name, flags with their dash.

/// How a program takes a secret behind a flag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagForm {
    /// Only in the same word: `-psecret`.
    Attached,
    /// In the same word or in the next.
    Either,
    /// Only in the next word: `-k secret`.
    Next,
    /// In the next word, behind the user's name: `-u user:secret`.
    Login(char),
    /// In the next word, behind the last separator: `-y hmac:name:secret`.
    Last(char),
}

use FlagForm::{Attached, Either, Last, Login, Next};

/// Flags whose value is a secret and whose name does not say so, by program.
pub(super) const PROGRAMS: &[(&[&str], &[&str], FlagForm)] = &[
    (
        &[
            "mysql",
            "mysqladmin",
            "mysqldump",
            "mysqlcheck",
            "mysqlimport",
            "mysqlshow",
            "mysqlslap",
            "mysqlpump",
            "mysqlsh",
            "mysqlbinlog",
            "mysql_upgrade",
            "mariadb",
            "mariadb-admin",
            "mariadb-dump",
            "mariadb-check",
            "mariadb-import",
            "mariadb-show",
            "mariadb-slap",
            "mariadb-binlog",
            "mariadb-upgrade",
            "taos",
        ],
        &["-p"],
        Attached,
    ),
    (&["redis-cli", "valkey-cli", "keydb-cli", "redis-benchmark"], &["-a"], Either),
    (
        &[
            "mongo",
            "mongosh",
            "mongodump",
            "mongorestore",
            "mongoimport",
            "mongoexport",
            "mongostat",
            "mongotop",
        ],
        &["-p"],
        Either,
    ),
    (
        &[
            "sshpass",
            "cqlsh",
            "cypher-shell",
            "elasticsearch-users",
            "mydumper",
            "myloader",
            "maxctrl",
            "couchbase-cli",
            "cbq",
            "cbbackupmgr",
            "rabbitmqadmin",
            "beeline",
            "hdbsql",
            "yt-dlp",
            "youtube-dl",
        ],
        &["-p"],
        Either,
    ),
    (&["7z", "7za", "7zz", "rar", "unrar"], &["-p"], Attached),
    (&["zip", "unzip", "ipmitool"], &["-P"], Either),
    (&["rar", "7z"], &["-hp"], Attached),
    (&["openssl"], &["-k", "-K", "-hmac"], Next),
    (&["snmpget", "snmpwalk", "snmpset", "snmpbulkwalk", "snmptrap"], &["-A", "-X"], Either),
    (&["consul"], &["-encrypt"], Next),
    (&["ab"], &["-A", "-P"], Login(':')),
    (
        &["ldapsearch", "ldapadd", "ldapmodify", "ldapwhoami", "ldapdelete", "ldappasswd", "ldapcompare"],
        &["-w"],
        Either,
    ),
    (&["ldappasswd"], &["-s", "-a"], Next),
    (&["slappasswd"], &["-s"], Next),
    (&["kadmin", "vsql"], &["-w"], Next),
    (&["addprinc", "change_password", "ktadd", "nodetool", "plink", "pscp"], &["-pw"], Next),
    (
        &["sqlcmd", "bcp", "osql", "isql", "tsql", "fisql", "mosquitto_pub", "mosquitto_sub", "mosquitto_rr"],
        &["-P"],
        Either,
    ),
    (&["curl"], &["-u", "--user", "-U", "--proxy-user"], Login(':')),
    (&["curl"], &["--oauth2-bearer"], Next),
    (&["http", "https", "xh"], &["-a", "--auth"], Login(':')),
    (&["etcdctl"], &["--user"], Login(':')),
    (&["ttyd", "gotty"], &["-c", "--credential"], Login(':')),
    (&["transmission-remote"], &["-n", "--auth"], Login(':')),
    (&["dufs"], &["-a", "--auth"], Login(':')),
    (&["concourse"], &["--add-local-user"], Login(':')),
    (&["lftp"], &["-u", "--user"], Login(',')),
    (&["smbclient", "smbget", "rpcclient"], &["-U", "--user"], Login('%')),
    (&["wbinfo"], &["-a"], Login('%')),
    (&["nsupdate", "dig"], &["-y"], Last(':')),
    (&["gitlab-runner"], &["-r", "-t"], Next),
    (&["nats-server", "gnatsd"], &["--auth", "-auth"], Next),
    (&["nats-server", "gnatsd"], &["--pass", "-pass"], Next),
    (&["influx"], &["-p", "-t"], Next),
    (&["gh"], &["-b", "--body"], Next),
    (
        &["twine", "poetry", "az", "airflow", "fly", "add-user-keycloak.sh", "add-user.sh", "rdesktop"],
        &["-p"],
        Next,
    ),
    (&["nuget", "choco"], &["-k"], Next),
    (&["doctl", "flyctl"], &["-t"], Next),
    (&["swaks"], &["-ap"], Next),
    (&["sendemail", "sendEmail"], &["-xp"], Next),
    (&["caddy"], &["-p", "--plaintext"], Next),
    (&["ss-server", "ss-local", "ss-redir", "ssserver", "sslocal", "ssmanager"], &["-k"], Either),
    (&["useradd", "usermod"], &["-p"], Next),
    (&["xfreerdp", "wlfreerdp"], &["/p:"], Attached),
];

/// Words behind which a secret stands, so many words away, if the program was named; with 0 it is the last word.
pub(super) const POSITIONS: &[(&str, &str, usize)] = &[
    ("rabbitmqctl", "add_user", 2),
    ("rabbitmqctl", "change_password", 2),
    ("rabbitmqctl", "authenticate_user", 2),
    ("mysqladmin", "password", 1),
    ("mariadb-admin", "password", 1),
    ("redis-cli", "AUTH", 0),
    ("redis-cli", "auth", 0),
    ("mc", "alias set", 4),
    ("mc", "host add", 4),
    ("mc", "user add", 3),
    ("vault", "login", 1),
    ("vault", "operator unseal", 1),
    ("vault", "unseal", 1),
    ("aws", "aws_secret_access_key", 1),
    ("aws", "aws_session_token", 1),
    ("openssl", "passwd", 0),
    ("mkpasswd", "mkpasswd", 0),
    ("rclone", "obscure", 1),
    ("cargo", "login", 1),
    ("ngrok", "authtoken", 1),
    ("ngrok", "add-authtoken", 1),
    ("filebrowser", "users add", 2),
    ("samba-tool", "user create", 2),
    ("samba-tool", "user add", 2),
    ("radtest", "radtest", 2),
    ("zkCli.sh", "addauth digest", 1),
    ("db2", "using", 1),
    ("poetry", "config", 0),
];

#[cfg(test)]
mod tests {
    use crate::secrets::secret_spans;

    fn found(line: &str) -> Vec<&str> {
        secret_spans(line).into_iter().map(|span| &line[span]).collect()
    }

    #[test]
    fn programs_and_where_they_take_a_secret() {
        for line in [
            "redis-server --requirepass walnut --masterauth walnut",
            "redis-cli AUTH walnut",
            "redis-cli -h cache AUTH default walnut",
            "mysqladmin -u root password walnut",
            "mariadb-dump -uapp -pwalnut shop",
            "psql postgresql://app:walnut@db/shop",
            "mongosh -u root -p walnut --eval 'db.ping()'",
            "rabbitmqctl add_user app walnut",
            "rabbitmqadmin -u app -p walnut list queues",
            "mc alias set local http://minio:9000 app walnut",
            "mc admin user add local app walnut",
            "vault login walnut",
            "vault operator unseal walnut",
            "vault server -dev -dev-root-token-id=walnut",
            "consul agent -encrypt walnut",
            "nats-server --user app --pass walnut",
            "nats-server -js --auth walnut",
            "influx setup -u app -p walnut -o shop -b data",
            "clickhouse-client --password walnut -q 'select 1'",
            "curl -fsSu app:walnut http://api",
            "curl -su app:walnut http://api",
            "curl --oauth2-bearer walnut http://api",
            "wget --http-password=walnut http://api",
            "sshpass -p walnut ssh app@host",
            "ldapsearch -x -D cn=admin -w walnut",
            "slappasswd -s walnut",
            "kc.sh start --db-password walnut",
            "add-user-keycloak.sh -u admin -p walnut",
            "grafana-cli admin reset-admin-password walnut",
            "restic -r rest:https://app:walnut@backup/ snapshots",
            "rclone rcd --rc-user app --rc-pass walnut",
            "rclone obscure walnut",
            "helm registry login -u app -p walnut r.example.org",
            "helm install x --set auth.password=walnut",
            "npm config set //registry.example.org/:_authToken=walnut",
            "gh secret set DEPLOY_KEY --body walnut",
            "docker login -u app -p walnut",
            "htpasswd -nbB app walnut",
            "mosquitto_passwd -b /m/passwd app walnut",
            "openssl enc -aes-256-cbc -pass pass:walnut",
            "openssl passwd -6 walnut",
            "openssl dgst -sha256 -hmac walnut f",
            "keytool -genkey -storepass walnut -keypass walnut",
            "kafka-topics --command-config 'sasl.jaas.config=x required password=\"walnut\";'",
            "sqlcmd -S db -U sa -P walnut",
            "sqlplus app/walnut@db",
            "etcdctl --user root:walnut get k",
            "gitlab-runner register -n -u https://gitlab.example.org -r walnut",
            "gitlab-runner register --registration-token walnut",
            "cloudflared tunnel run --token walnut",
            "ngrok config add-authtoken walnut",
            "tailscale up --authkey walnut",
            "twine upload -u app -p walnut dist/*",
            "cargo login walnut",
            "poetry config http-basic.repo app walnut",
            "az login --service-principal -u app -p walnut",
            "doctl -t walnut compute list",
            "nodetool -u app -pw walnut status",
            "nsupdate -y hmac-sha256:key:walnut",
            "smbclient -U 'app%walnut' //nas/x",
            "lftp -u app,walnut ftp.example.org",
            "transmission-remote -n app:walnut -l",
            "ss-server -s 0.0.0.0 -k walnut -m aes-256-gcm",
            "xfreerdp /u:app /p:walnut /v:host",
            "samba-tool user create app walnut",
            "filebrowser users add app walnut",
            "mydumper -h db -u app -p walnut",
            "swaks --to a@example.org -au app -ap walnut",
            "concourse web --add-local-user app:walnut",
            "rar a -hpwalnut x.rar f",
            "caddy hash-password --plaintext walnut",
            "useradd -m -p walnut app",
            "snmpget -v3 -A walnut -u app host x",
            "kubectl create secret generic x --from-literal=password=walnut",
            "java -Djavax.net.ssl.trustStorePassword=walnut -jar x.jar",
            "mvn deploy -Drepo.password=walnut",
        ] {
            let secrets = found(line);
            assert!(
                !secrets.is_empty() && secrets.iter().all(|secret| *secret == "walnut"),
                "{line}: {secrets:?}"
            );
        }
    }

    #[test]
    fn the_same_programs_without_a_secret() {
        for line in [
            "redis-cli -h cache PING",
            "mysql -uapp -p shop",
            "mc ls local/bucket",
            "vault status",
            "vault login -method=oidc",
            "curl -fsSL http://api",
            "curl -o out -sS http://api",
            "openssl passwd -6",
            "openssl x509 -in cert.pem -noout",
            "gh pr create --title x",
            "gitlab-runner run --working-directory /builds",
            "gitlab-runner register --token $TOKEN",
            "rclone sync a: b:",
            "cargo build --release",
            "docker run -p 80:80 web",
            "nats-server -js -p 4222",
            "influx ping --host http://influx:8086",
            "sqlplus -v",
            "sqlplus /nolog",
            "twine upload dist/*",
            "zip -r x.zip folder",
            "rabbitmqctl list_users",
            "dig example.org",
            "caddy run --config /etc/caddy/Caddyfile",
            "elasticsearch-reset-password -i -u elastic",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
