//! One HTTP request to a registry: retried where that helps, and never with a secret in what is said of it.
//!
//! In: a [`HttpCall`]. Out: a [`HttpAnswer`], whatever its status, or a failure that names the host alone: the
//! address of a redirected download holds a signature. The client is the one that the AWS SDK brings, with its
//! certificates and proxies.

use crate::deploy::DeployFailure;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::http::{Headers, Request};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// Attempts for one request, including the first.
const ATTEMPTS: u32 = 4;

/// The first pause between attempts; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that a registry may ask for before its refusal counts as one.
const LONGEST_PAUSE: u64 = 30;

/// Redirects followed for one request.
const MOST_REDIRECTS: u32 = 5;

/// The size of an answer that is kept in memory: no manifest or configuration is larger.
const MOST_BYTES: usize = 16 << 20;

/// What a request carries.
#[derive(Debug, Clone)]
pub(super) enum CallBody {
    /// Bytes.
    Bytes(Vec<u8>),
    /// The content of a file, which is sent as it is read.
    File(PathBuf),
}

/// A request.
#[derive(Clone)]
pub(super) struct HttpCall {
    /// `GET`.
    pub(super) method: &'static str,
    /// The address.
    pub(super) url: String,
    /// Headers beside `Authorization`.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The value of `Authorization`, which is sent to this host alone.
    pub(super) authorization: Option<String>,
    /// What it carries.
    pub(super) body: CallBody,
}

impl HttpCall {
    /// A request without a body.
    pub(super) fn new(method: &'static str, url: impl Into<String>) -> HttpCall {
        let body = CallBody::Bytes(Vec::new());
        HttpCall { method, url: url.into(), headers: Vec::new(), authorization: None, body }
    }

    /// With a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> HttpCall {
        self.headers.push((name, value.into()));
        self
    }
}

/// An answer.
pub(super) struct HttpAnswer {
    /// Its status.
    pub(super) status: u16,
    headers: Headers,
    body: SdkBody,
    host: String,
}

impl HttpAnswer {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// Whether it says that all is well.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The whole answer.
    pub(super) async fn bytes(self) -> Result<Vec<u8>, DeployFailure> {
        let host = self.host.clone();
        let (mut bytes, mut stream) = (Vec::new(), self.stream());
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| broken(&host))?;
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                return Err(DeployFailure::failed(format!("the response from {host} is too large")));
            }
        }
        Ok(bytes)
    }

    /// The answer as it comes.
    pub(super) fn stream(self) -> ByteStream {
        ByteStream::new(self.body)
    }
}

/// The connection broke while an answer was read.
pub(super) fn broken(host: &str) -> DeployFailure {
    DeployFailure::failed(format!("the connection to {host} was lost"))
}

/// Sends requests.
#[derive(Debug, Clone)]
pub(super) struct HttpCaller {
    connector: Rc<Connector>,
}

impl HttpCaller {
    /// A caller with the proxies of the environment.
    pub(super) fn new() -> HttpCaller {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(300))
            .build();
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .build();
        HttpCaller { connector: Rc::new(connector) }
    }

    /// Sends a request until it is answered, and follows redirects of what only reads.
    pub(super) async fn send(&self, call: &HttpCall) -> Result<HttpAnswer, DeployFailure> {
        let mut call = call.clone();
        for _ in 0..MOST_REDIRECTS {
            let answer = self.persist(&call).await?;
            let reads = matches!(call.method, "GET" | "HEAD");
            let location = answer.header("location").map(str::to_owned);
            match location {
                Some(location) if reads && (300..400).contains(&answer.status) => {
                    let next = absolute(&call.url, &location);
                    if host_of(&next) != host_of(&call.url) {
                        call.authorization = None;
                    }
                    call.url = next;
                }
                _ => return Ok(answer),
            }
        }
        Err(DeployFailure::failed(format!("{} redirects too many times", host_of(&call.url))))
    }

    /// Sends a request again while its failure may pass.
    async fn persist(&self, call: &HttpCall) -> Result<HttpAnswer, DeployFailure> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let last = attempt == ATTEMPTS;
            match self.once(call).await {
                Ok(answer) if last || !may_pass(&answer) => return Ok(answer),
                Err(failure) if last => return Err(failure),
                Ok(answer) => pause = asked_pause(&answer).unwrap_or(pause),
                Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        Err(broken(host_of(&call.url)))
    }

    async fn once(&self, call: &HttpCall) -> Result<HttpAnswer, DeployFailure> {
        let host = host_of(&call.url).to_owned();
        if !is_private(&call.url) {
            return Err(DeployFailure::failed(format!("refusing to contact {host} without encryption"))
                .help("plain HTTP is allowed for 127.0.0.1 and localhost only"));
        }
        let request = request(call).await?;
        let answer = self.connector.call(request).await.map_err(|error| {
            DeployFailure::failed(format!("{host} is unreachable: {}", innermost(&error)))
        })?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        Ok(HttpAnswer { status, headers, body: answer.into_body(), host })
    }
}

/// Whether a refusal may pass: the registry is busy, or asks for a short pause.
fn may_pass(answer: &HttpAnswer) -> bool {
    match answer.status {
        500 | 502..=504 => true,
        429 => asked_pause(answer).is_some(),
        _ => false,
    }
}

fn asked_pause(answer: &HttpAnswer) -> Option<Duration> {
    let seconds: u64 = answer.header("retry-after")?.parse().ok()?;
    (seconds <= LONGEST_PAUSE).then(|| Duration::from_secs(seconds.max(1)))
}

async fn request(call: &HttpCall) -> Result<Request, DeployFailure> {
    let impossible = |_| DeployFailure::failed(format!("{} has an invalid address", host_of(&call.url)));
    let (body, length) = match &call.body {
        CallBody::Bytes(bytes) => (SdkBody::from(bytes.clone()), bytes.len() as u64),
        CallBody::File(path) => {
            let length = std::fs::metadata(path).map(|found| found.len());
            let stream = ByteStream::from_path(path).await;
            let unread = |error: String| DeployFailure::failed(format!("a layer cannot be read: {error}"));
            let length = length.map_err(|error| unread(error.to_string()))?;
            (stream.map_err(|error| unread(error.to_string()))?.into_inner(), length)
        }
    };
    let mut request = Request::new(body);
    request.set_method(call.method).map_err(impossible)?;
    request.set_uri(call.url.as_str()).map_err(impossible)?;
    let headers = request.headers_mut();
    for (name, value) in &call.headers {
        headers.try_insert(*name, value.clone()).map_err(impossible)?;
    }
    if let Some(authorization) = &call.authorization {
        headers.try_insert("authorization", authorization.clone()).map_err(impossible)?;
    }
    headers.insert("user-agent", concat!("tranship/", env!("CARGO_PKG_VERSION")));
    if call.method != "GET" && call.method != "HEAD" {
        headers.insert("content-length", length.to_string());
    }
    Ok(request)
}

/// The host of an address, with its port.
pub(super) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

/// How a host is asked: without encryption only on this machine.
pub(super) fn scheme_of(host: &str) -> &'static str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    if matches!(name, "localhost" | "127.0.0.1" | "[::1]") { "http" } else { "https" }
}

/// Whether nobody on the way can read an address's traffic.
fn is_private(url: &str) -> bool {
    url.starts_with("https://") || (url.starts_with("http://") && scheme_of(host_of(url)) == "http")
}

/// A location as an address of its own: registries give paths too.
pub(super) fn absolute(base: &str, location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    let scheme = base.split_once("://").map_or("https", |(scheme, _)| scheme);
    format!("{scheme}://{}/{}", host_of(base), location.trim_start_matches('/'))
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(next) = current.source() {
        current = next;
    }
    current.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked_without_encryption() {
        for (url, private) in [
            ("https://ghcr.io/v2/", true),
            ("http://127.0.0.1:5000/v2/", true),
            ("http://localhost/v2/", true),
            ("http://[::1]:5000/v2/", true),
            ("http://ghcr.io/v2/", false),
            ("http://localhost.example.org/v2/", false),
            ("http://127.0.0.1@evil.example/v2/", false),
            ("ftp://localhost/", false),
        ] {
            assert_eq!(is_private(url), private, "{url}");
        }
        assert_eq!([scheme_of("localhost:5000"), scheme_of("docker.io")], ["http", "https"]);
    }

    #[test]
    fn locations_are_paths_or_addresses() {
        let base = "http://localhost:5000/v2/a/blobs/uploads/";
        assert_eq!(absolute(base, "/v2/x?_state=1"), "http://localhost:5000/v2/x?_state=1");
        assert_eq!(absolute(base, "https://cdn.example/x"), "https://cdn.example/x");
    }
}
