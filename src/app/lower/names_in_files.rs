//! Names of services in files that containers get: a proxy's upstreams, an application's settings.
//!
//! In: mounted files and folders of the project, and configs. Out: [`HostReach`]es, since who names a service with its
//! port connects to it, and [`WrittenHost`]s, because a file is carried as it is and a target may have another name for
//! the service. Invariant: only what stands where a host stands counts, as in values.

use super::LoweringContext;
use super::address_scan::{BareWords, KnownHosts, addresses, slice};
use super::host_directory::HostDirectory;
use super::host_reaches::{DanglingHost, HostReach, listening_ports, report_dangling};
use super::variable_names::holds_host;
use crate::{
    AppService, ApplicationSecret, BindMeaning, BindSource, FileMountKind, HostPlace, ManagedDatabase,
    ManifestName, MountSource, SecretId, SecretSource, WrittenHost,
};
use camino::{Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use tranship_facts::{UrlScheme, is_configuration};
use tranship_frontend::source::Origin;
use tranship_frontend::world::{FileCollector, FoundFile, PathKind, ProjectFiles};

/// Bytes of a file that are looked at: configurations are smaller.
const MOST_BYTES: usize = 256 << 10;
/// Configurations of one mounted folder that are looked at.
const MOST_FILES: usize = 200;

/// Who is named in files, and what they connect to.
pub(super) fn find(
    cx: &mut LoweringContext<'_>,
    services: &IndexMap<ManifestName, AppService>,
    databases: &IndexMap<ManifestName, ManagedDatabase>,
    secrets: &IndexMap<SecretId, ApplicationSecret>,
    directory: &HostDirectory,
) -> (Vec<WrittenHost>, Vec<HostReach>) {
    let listening = listening_ports(services, databases);
    let mut files = ProjectFiles::new(cx.world, &cx.manifest.directory);
    let (mut hosts, mut reaches, mut dangling) = (Vec::new(), Vec::new(), Vec::new());
    for service in services.values() {
        for (path, text, origin) in texts(&mut files, service, secrets) {
            let scan = FileScan { service, directory, listening: &listening };
            for (host, to, port) in scan.hosts(&text) {
                let from = service.name.clone();
                if directory.is_absent(&to) {
                    dangling.push(DanglingHost { from, to, origin });
                    continue;
                }
                reaches.push(HostReach { from: from.clone(), to: to.clone(), port, origin });
                let place = HostPlace::File(path.clone());
                let found = WrittenHost { service: from, place, host: host.into(), to, origin };
                if !hosts.contains(&found) {
                    hosts.push(found);
                }
            }
        }
    }
    report_dangling(cx, dangling, directory);
    (hosts, reaches)
}

/// The texts that a service gets as files, each with what to call it and where it is mounted.
fn texts(
    files: &mut ProjectFiles<'_>,
    service: &AppService,
    secrets: &IndexMap<SecretId, ApplicationSecret>,
) -> Vec<(String, String, Origin)> {
    let mut found = Vec::new();
    for mount in &service.container.mounts {
        let MountSource::Bind(bind) = &mount.source else { continue };
        let Some(relative) = bind.source.within_project() else { continue };
        if bind.meaning != BindMeaning::Content {
            continue;
        }
        let local = Utf8Path::new(bind.path.peek());
        let mut walk =
            ConfigurationWalk { named: matches!(bind.source, BindSource::ProjectFile(_)), found: Vec::new() };
        // What cannot be read is an error of the target that carries it.
        let _ = files.walk(local, relative, &mut walk);
        found.extend(walk.found.into_iter().map(|(path, text)| (path.to_string(), text, mount.origin)));
    }
    for file in service.container.files.iter().filter(|file| file.kind == FileMountKind::Config) {
        let text = match secrets.get(&file.secret).map(|secret| &secret.source) {
            Some(SecretSource::Content(text)) => text.literal().map(|text| text.to_string()),
            Some(SecretSource::File(path)) => {
                files.read(Utf8Path::new(path.peek())).ok().and_then(|bytes| text_of(&bytes))
            }
            _ => None,
        };
        found.extend(text.map(|text| (file.secret.to_string(), text, file.origin)));
    }
    found
}

fn text_of(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MOST_BYTES).map(str::to_owned)
}

/// Takes the configurations of a walk.
struct ConfigurationWalk {
    /// Whether a file is mounted by its own name, whatever it is called.
    named: bool,
    found: Vec<(Utf8PathBuf, String)>,
}

impl FileCollector for ConfigurationWalk {
    fn wants(&mut self, relative: &Utf8Path, kind: PathKind) -> bool {
        let name = relative.file_name().unwrap_or_default();
        self.found.len() < MOST_FILES
            && match kind {
                PathKind::Directory => !matches!(name, ".git" | "node_modules" | "vendor"),
                PathKind::File => is_configuration(name),
            }
    }

    fn take(&mut self, relative: &Utf8Path, file: &mut FoundFile<'_>) -> Result<(), String> {
        if self.named || is_configuration(relative.file_name().unwrap_or_default()) {
            let text = file.small()?.and_then(text_of);
            self.found.extend(text.map(|text| (relative.to_owned(), text)));
        }
        Ok(())
    }
}

/// Looks for hosts in the files of a service.
struct FileScan<'a> {
    service: &'a AppService,
    directory: &'a HostDirectory,
    listening: &'a BTreeMap<ManifestName, BTreeSet<u16>>,
}

impl FileScan<'_> {
    /// Each other service that a text names, as it calls it, and the port.
    fn hosts(&self, text: &str) -> BTreeSet<(String, ManifestName, Option<u16>)> {
        let own_upstreams = upstreams(text);
        let is_host = |word: &str| self.meant(word).is_some();
        let listens = |word: &str, port: u16| {
            self.meant(word).and_then(|to| self.listening.get(to)).is_some_and(|ports| ports.contains(&port))
        };
        let names = KnownHosts { is_host: &is_host, listens: &listens, bare_words: BareWords::AreWords };
        let mut found = BTreeSet::new();
        for line in text.lines().filter(|line| !is_comment(line)) {
            let line = &without_ends(line);
            for address in addresses(line, &names) {
                let host = slice(line, &address.host);
                let Some(to) = self.meant(host) else { continue };
                let written = address.port.as_ref().and_then(|port| slice(line, port).parse().ok());
                // `http://app` means the block `upstream app` of the same file.
                if written.is_none() && own_upstreams.contains(host) {
                    continue;
                }
                let of_scheme =
                    || address.scheme.as_ref().and_then(|scheme| UrlScheme::find(slice(line, scheme)));
                let port = written.or_else(|| of_scheme().map(|scheme| scheme.port));
                found.insert((host.to_owned(), to.clone(), port));
            }
            for host in settings(line, &is_host).into_iter().filter(|host| !own_upstreams.contains(*host)) {
                let known = |(name, _, _): &(String, ManifestName, Option<u16>)| *name == host;
                if let Some(to) = self.meant(host).filter(|_| !found.iter().any(known)) {
                    found.insert((host.to_owned(), to.clone(), None));
                }
            }
        }
        found
    }

    /// The other service or database that a host name means.
    fn meant(&self, host: &str) -> Option<&ManifestName> {
        self.directory.resolve(&self.service.name, host).filter(|to| **to != self.service.name)
    }
}

/// The hosts in a line whose keys say that they are: `address: rides`, `host = cache`, `server backend`.
fn settings<'t>(line: &'t str, is_host: &dyn Fn(&str) -> bool) -> Vec<&'t str> {
    let ends = |letter: char| letter.is_whitespace() || ",;{}[]()<>".contains(letter);
    let words: Vec<&str> = line.split(ends).filter(|word| !word.is_empty()).collect();
    let quotes = ['"', '\''];
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (key, value) = match word.split_once(['=', ':']) {
            Some((key, value)) if !value.is_empty() => (key, value),
            _ => (at.checked_sub(1).and_then(|before| words.get(before)).copied().unwrap_or_default(), *word),
        };
        let between = ["=", ":"].contains(&key);
        let key =
            if between { at.checked_sub(2).and_then(|before| words.get(before)).copied() } else { Some(key) };
        let key = key.unwrap_or_default().trim_end_matches([':', '=']).trim_matches(quotes);
        let value = value.trim_matches(quotes);
        if is_host(value) && holds_host(key) {
            found.push(value);
        }
    }
    found
}

/// The names of nginx's `upstream` blocks.
fn upstreams(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("upstream "));
    lines.filter_map(|rest| rest.split(['{', ' ', '\t']).find(|word| !word.is_empty())).collect()
}

/// A line without the semicolons that end its statements: one in a URL stays, such as that before `;password=`.
fn without_ends(line: &str) -> String {
    let ends = |next: Option<char>| next.is_none_or(|next| next.is_whitespace() || next == '}');
    let next = line.chars().skip(1).map(Some).chain([None]);
    line.chars()
        .zip(next)
        .map(|(letter, next)| if letter == ';' && ends(next) { ' ' } else { letter })
        .collect()
}

/// Whether a line is a comment in one of the usual languages of configuration.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", ";", "//", "--", "<!--"].iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::{is_comment, settings, upstreams, without_ends};

    #[test]
    fn a_key_says_that_a_host_follows() {
        let is_host = |word: &str| ["api", "rides"].contains(&word);
        for (line, found) in [
            ("socket_address: { address: rides, port_value: 50051 }", vec!["rides"]),
            ("host = api", vec!["api"]),
            ("host=api", vec!["api"]),
            ("\"hostname\": \"api\",", vec!["api"]),
            ("server api;", vec!["api"]),
            ("hosts: [\"api\"]", vec!["api"]),
            ("- name: rides", vec![]),
            ("server_name api;", vec![]),
            ("location /api { }", vec![]),
            ("api", vec![]),
        ] {
            assert_eq!(settings(line, &is_host), found, "{line}");
        }
    }

    #[test]
    fn a_semicolon_ends_a_statement_and_not_a_url() {
        assert_eq!(without_ends("a http://api:1; }"), "a http://api:1  }");
        assert_eq!(without_ends("a api:1;}"), "a api:1 }");
        assert_eq!(without_ends("jdbc:x://db;user=a;"), "jdbc:x://db;user=a ");
    }

    #[test]
    fn upstream_blocks_have_names_of_their_own() {
        let text = "upstream app {\n  server app:8000;\n}\nupstream api{ server api:1; }\nserver { }\n";
        assert_eq!(upstreams(text).into_iter().collect::<Vec<_>>(), ["api", "app"]);
    }

    #[test]
    fn comments_are_known_by_how_a_line_starts() {
        for line in ["# a", "  ; a", "// a", "-- a", "<!-- a"] {
            assert!(is_comment(line), "{line}");
        }
        for line in ["a # b", "http://a", "-a"] {
            assert!(!is_comment(line), "{line}");
        }
    }
}
