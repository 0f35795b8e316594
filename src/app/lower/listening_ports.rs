//! The ports that a service listens on, where no client's value says the port.
//!
//! In: a service. Out: ports, by the first of these that says any: the known image; `expose` and `ports`; a
//! variable such as `PORT`; the command line (`--port 9000`, `--bind 0.0.0.0:8000`); the health check
//! (`curl localhost:8080`); the ports that the lock file has for the image. Invariant: nothing is guessed.

use super::command_end::command_words;
use super::flat_text::FlatText;
use super::service_edges::listens;
use crate::{AppService, HealthTest, PortSpec, Text};
use tranship_facts::ports::is_debug_port;

/// The ports of a service.
pub(super) fn of_service(service: &AppService) -> Vec<PortSpec> {
    let declared = listens(&service.container);
    if !declared.is_empty() {
        return declared;
    }
    let said = [of_variables(service), of_command(service), of_health_check(service)];
    let said = said.into_iter().find(|ports| !ports.is_empty());
    said.unwrap_or_else(|| service.container.image_facts().exposed_ports())
}

/// Variables that servers of many kinds read their port from.
/// Source: the twelve-factor app and Heroku (`PORT`); Spring Boot (`SERVER_PORT`); ASP.NET Core
/// (`ASPNETCORE_HTTP_PORTS`, `ASPNETCORE_URLS`); Uvicorn and Gunicorn (`WEB_PORT` by custom). November 2026.
const PORT_VARIABLES: &[&str] = &[
    "PORT",
    "SERVER_PORT",
    "HTTP_PORT",
    "APP_PORT",
    "WEB_PORT",
    "API_PORT",
    "LISTEN_PORT",
    "SERVICE_PORT",
    "GRPC_PORT",
    "ASPNETCORE_HTTP_PORTS",
    "UVICORN_PORT",
    "GUNICORN_PORT",
    "NODE_PORT",
];

fn of_variables(service: &AppService) -> Vec<PortSpec> {
    let mut found = TcpPorts::default();
    for (variable, variant) in &service.container.environment {
        let Some(value) = variant.value.as_ref().and_then(Text::literal) else { continue };
        if PORT_VARIABLES.iter().any(|known| variable.eq_ignore_ascii_case(known)) {
            value.split([';', ',']).for_each(|item| found.add(item.trim()));
        }
        bound(&value).for_each(|port| found.add(port));
    }
    found.0
}

/// Flags that take a port. Source: the usage texts of Node, Python, Go, Java and PHP servers, November 2026.
const PORT_FLAGS: &[&str] = &[
    "--port",
    "-p",
    "-P",
    "-port",
    "--http-port",
    "--http_port",
    "--listen-port",
    "--listen",
    "--server.port",
    "--server-port",
    "--http.port",
    "--grpc-port",
    "--bind-port",
    "-Dserver.port",
    "--http",
];

/// Flags with which a command names another host: its port is not its own.
const HOST_FLAGS: &[&str] = &["--host", "-h", "-H", "--hostname", "--server", "--address"];

fn of_command(service: &AppService) -> Vec<PortSpec> {
    let mut found = TcpPorts::default();
    let line = command_words(&service.container).join(" ");
    let words: Vec<&str> =
        line.split([' ', '\n', '\t', '=', '"', '\'']).filter(|word| !word.is_empty()).collect();
    let pairs = || words.iter().zip(words.iter().skip(1));
    let elsewhere = pairs().any(|(flag, value)| HOST_FLAGS.contains(flag) && !is_own_address(value));
    if !elsewhere {
        pairs().filter(|(flag, _)| PORT_FLAGS.contains(flag)).for_each(|(_, value)| found.add(value));
    }
    // `manage.py runserver 8000`, `python -m http.server 8000`.
    let servers = ["runserver", "http.server"];
    pairs().filter(|(word, _)| servers.contains(word)).for_each(|(_, value)| found.add(value));
    bound(&line).for_each(|port| found.add(port));
    found.0
}

/// Every address of the machine, or the machine itself.
fn is_own_address(value: &str) -> bool {
    ["0.0.0.0", "::", "[::]", "*", "localhost", "127.0.0.1"].contains(&value) || value.starts_with('-')
}

fn of_health_check(service: &AppService) -> Vec<PortSpec> {
    let mut found = TcpPorts::default();
    let Some(check) = &service.container.health_check else { return Vec::new() };
    let texts: &[Text] = match &check.test.value {
        HealthTest::Exec(list) => list,
        HealthTest::Shell(line) => std::slice::from_ref(line),
    };
    let line = texts.iter().map(|text| FlatText::of(text).text).collect::<Vec<_>>().join(" ");
    let own = service.host_names.iter().map(|name| name.value.to_string());
    for host in own.chain(["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].map(str::to_owned)) {
        for (at, _) in line.match_indices(&host) {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at + host.len()..).unwrap_or_default();
            // `mylocalhost` and `localhost.example.com` are other hosts.
            if before.is_some_and(|letter| letter.is_alphanumeric() || ".-_".contains(letter)) {
                continue;
            }
            if let Some(port) = after.strip_prefix([':', ' ']) {
                found.add(port);
            } else if line.get(..at).is_some_and(|before| before.ends_with("http://"))
                && !after.starts_with(|letter: char| letter.is_alphanumeric() || ".-_".contains(letter))
            {
                found.add("80");
            }
        }
    }
    found.0
}

/// The ports behind an address that stands for all of the machine's: `0.0.0.0:8000`, `[::]:8080`, `*:80`, `+:80`.
/// A lone `:8080` is one too.
fn bound(text: &str) -> impl Iterator<Item = &str> {
    let every = ["0.0.0.0:", "[::]:", "*:", "+:"];
    let behind = every.into_iter().flat_map(move |host| {
        text.match_indices(host).filter_map(move |(at, _)| text.get(at + host.len()..))
    });
    let lone = text.split([' ', '=', ',']).filter_map(|word| word.strip_prefix(':'));
    behind.chain(lone)
}

/// TCP ports, each once.
#[derive(Default)]
struct TcpPorts(Vec<PortSpec>);

impl TcpPorts {
    /// Adds the port that a text starts with, if it is one and nothing else follows that belongs to it.
    fn add(&mut self, text: &str) {
        let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, rest) = text.split_at(digits);
        let whole = !rest.starts_with(|letter: char| letter.is_alphanumeric() || ":._-".contains(letter));
        let Some(number) = number.parse().ok().filter(|number| *number > 0 && whole) else { return };
        let port = PortSpec::tcp(number);
        if !is_debug_port(number) && !self.0.contains(&port) {
            self.0.push(port);
        }
    }
}
