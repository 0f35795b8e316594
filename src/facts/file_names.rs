//! Names that say whether they are a file's or a folder's, where nothing is there to look at.
//!
//! Source: the names that the programs' own documentation uses for their files; the extensions of IANA's media
//! type registrations (read November 2026). A dot alone says little: `conf.d` and `example.org` are folders.

/// Files whose names have no extension.
const FILES: &[&str] = &[
    "Caddyfile",
    "Corefile",
    "Dockerfile",
    "Gemfile",
    "Jenkinsfile",
    "Makefile",
    "Procfile",
    "Rakefile",
    "authorized_keys",
    "crontab",
    "dockerfile",
    "entrypoint",
    "hosts",
    "htpasswd",
    "id_ed25519",
    "id_rsa",
    "known_hosts",
    "passwd",
];

/// Hidden files whose names have no extension.
const HIDDEN_FILES: &[&str] = &[
    ".babelrc",
    ".bash_history",
    ".bashrc",
    ".dockerignore",
    ".env",
    ".eslintrc",
    ".gitconfig",
    ".gitignore",
    ".htaccess",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".prettierrc",
    ".profile",
    ".vimrc",
    ".yarnrc",
    ".zshrc",
];

/// Extensions of files that say how programs connect, in lower case: configurations and their templates.
const CONFIGURATIONS: &[&str] = &[
    "cfg",
    "cnf",
    "conf",
    "config",
    "env",
    "hcl",
    "ini",
    "json",
    "json5",
    "jsonc",
    "properties",
    "rules",
    "sh",
    "template",
    "tmpl",
    "toml",
    "tpl",
    "vcl",
    "xml",
    "yaml",
    "yml",
];

/// Configurations whose names have no extension.
const PLAIN_CONFIGURATIONS: &[&str] = &["Caddyfile", "Corefile", ".env", ".htaccess"];

/// Whether a file's name says that it is a configuration.
pub fn is_configuration(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    PLAIN_CONFIGURATIONS.contains(&name)
        || extension.is_some_and(|extension| CONFIGURATIONS.contains(&extension.as_str()))
}

/// Extensions of files, in lower case.
const EXTENSIONS: &[&str] = &[
    "bat",
    "bin",
    "cer",
    "cert",
    "cfg",
    "cjs",
    "cnf",
    "conf",
    "config",
    "crt",
    "css",
    "csv",
    "db",
    "dump",
    "env",
    "ex",
    "exs",
    "go",
    "gz",
    "hcl",
    "htm",
    "html",
    "ico",
    "ini",
    "j2",
    "jar",
    "java",
    "jks",
    "jpeg",
    "jpg",
    "js",
    "json",
    "jsonc",
    "json5",
    "jsx",
    "key",
    "keystore",
    "kt",
    "ldif",
    "lock",
    "log",
    "lua",
    "md",
    "mjs",
    "p12",
    "pem",
    "pfx",
    "php",
    "pid",
    "pl",
    "png",
    "properties",
    "ps1",
    "pub",
    "py",
    "rb",
    "rdb",
    "rs",
    "rules",
    "sh",
    "sock",
    "sql",
    "sqlite",
    "sqlite3",
    "svg",
    "tar",
    "tgz",
    "tmpl",
    "toml",
    "tpl",
    "ts",
    "tsx",
    "txt",
    "vcl",
    "war",
    "xml",
    "yaml",
    "yml",
    "zip",
    "zone",
    "cron",
    "scss",
    "template",
    "policy",
    "list",
    "mmdb",
    "repo",
    "service",
    "map",
    "patch",
];

/// Folders that tools make on each machine and that no one mounts for what the project keeps in them.
const MADE_BY_TOOLS: &[&str] = &[
    ".bundle",
    ".cache",
    ".gradle",
    ".m2",
    ".next",
    ".nuxt",
    ".pnpm-store",
    ".venv",
    "__pycache__",
    "_build",
    "bower_components",
    "build",
    "deps",
    "dist",
    "node_modules",
    "target",
    "vendor",
    "venv",
];

/// Folders of a container whose files programs read and do not write, with what is below them.
const READ_BY_PROGRAMS: &[&str] = &[
    "/docker-entrypoint-initdb.d",
    "/docker-entrypoint.d",
    "/etc",
    "/usr/local/apache2/htdocs",
    "/usr/local/etc",
    "/usr/share",
];

/// Folders among them that programs do write.
const WRITTEN_BELOW_ETC: &[&str] = &["/etc/letsencrypt", "/etc/pihole", "/etc/wireguard"];

/// Extensions of files that programs write: databases and logs.
const WRITTEN: &[&str] = &["db", "log", "pid", "rdb", "sqlite", "sqlite3"];

/// Whether programs only read what is at a path of a container, by custom.
pub fn is_read_by_programs(path: &str) -> bool {
    let is = |folder: &&str| {
        path.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    READ_BY_PROGRAMS.iter().any(is) && !WRITTEN_BELOW_ETC.iter().any(is)
}

/// Whether programs write the file of a name: a database or a log.
pub fn is_written_by_programs(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| WRITTEN.contains(&extension.to_ascii_lowercase().as_str()))
}

/// Whether the last part of a path is the name of a file.
pub fn is_file_name(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if FILES.contains(&name) || HIDDEN_FILES.contains(&name) {
        return true;
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    // `.env.local` is a file as `.env` is.
    let variant = HIDDEN_FILES
        .iter()
        .any(|known| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('.') && rest.len() > 1));
    variant || extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

/// Whether the last part of a path is a folder that tools make: packages that were installed, a build's output.
pub fn is_made_by_tools(path: &str) -> bool {
    MADE_BY_TOOLS.contains(&path.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{is_file_name, is_made_by_tools, is_read_by_programs, is_written_by_programs};

    #[test]
    fn files_and_folders() {
        for (path, is) in [
            ("./nginx.conf", true),
            ("/etc/caddy/Caddyfile", true),
            (".env", true),
            (".env.production", true),
            ("data.SQLITE3", true),
            ("conf.d", false),
            ("/docker-entrypoint-initdb.d/", false),
            ("example.org", false),
            ("v1.2", false),
            (".data", false),
            ("data", false),
            ("", false),
        ] {
            assert_eq!(is_file_name(path), is, "{path}");
        }
        for (path, read) in
            [("/etc/nginx/conf.d", true), ("/etcetera", false), ("/etc/letsencrypt", false), ("/app", false)]
        {
            assert_eq!(is_read_by_programs(path), read, "{path}");
        }
        assert!(is_written_by_programs("./a/app.SQLite3") && !is_written_by_programs("./nginx.conf"));
        assert!(is_made_by_tools("web/node_modules/") && !is_made_by_tools("node_modules/x"));
    }
}
