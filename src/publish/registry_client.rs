//! A registry of container images, as the distribution protocol has it.
//!
//! In: repositories, tags, digests, blobs. Out: manifests and blobs, each checked against its digest. Invariants: a
//! blob that is there is not sent again; a manifest is written after everything that it names, so an interrupted
//! push leaves nothing that can be pulled half. Source: OCI distribution specification 1.1.

use super::credentials::HostLogin;
use super::http::{CallBody, HttpAnswer, HttpCall, HttpCaller, absolute, broken, host_of, scheme_of};
use super::refusal;
use super::registry_tokens::{AccessScope, TokenCache};
use crate::deploy::DeployFailure;
use std::io::Write;
use std::path::Path;
use tempfile::NamedTempFile;
use tranship_images::{BlobDescriptor, ContentDigest, DigestWriter, MANIFEST_TYPES, media_type};

/// Attempts to read one blob, including the first.
const DOWNLOADS: u32 = 3;

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RepositoryName {
    /// The registry as references name it: `docker.io`, `127.0.0.1:5000`.
    pub(super) host: String,
    /// The path, with its namespaces.
    pub(super) path: String,
}

impl RepositoryName {
    /// The repository of a reference without tag and digest; `library/` is added where Docker Hub has it.
    pub(super) fn of(registry: Option<&str>, repository: &str) -> RepositoryName {
        let host = match registry {
            None | Some("index.docker.io" | "registry-1.docker.io") => "docker.io",
            Some(host) => host,
        };
        let official = host == "docker.io" && !repository.contains('/');
        let path = if official { format!("library/{repository}") } else { repository.to_owned() };
        RepositoryName { host: host.to_owned(), path }
    }

    /// The address that the registry answers at.
    fn address(&self, rest: &str) -> String {
        let host = if self.host == "docker.io" { "registry-1.docker.io" } else { &self.host };
        format!("{}://{host}/v2/{}/{rest}", scheme_of(host), self.path)
    }
}

impl std::fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

/// A manifest as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredManifest {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Their digest.
    pub(super) digest: ContentDigest,
}

/// One registry, with what we are to it.
#[derive(Debug)]
pub(super) struct RegistryClient {
    caller: HttpCaller,
    login: Option<HostLogin>,
    tokens: TokenCache,
}

impl RegistryClient {
    /// A client for one registry.
    pub(super) fn new(caller: HttpCaller, login: Option<HostLogin>) -> RegistryClient {
        RegistryClient { caller, login, tokens: TokenCache::default() }
    }

    /// Whether it has a login to use.
    fn refused(
        &self,
        repository: &RepositoryName,
        doing: &str,
        answer: HttpAnswer,
    ) -> refusal::RefusedRequest {
        refusal::RefusedRequest {
            repository: repository.clone(),
            doing: doing.to_owned(),
            logged_in: self.login.is_some(),
            answer,
        }
    }

    /// Sends a request, with a token where the registry asks for one.
    async fn send(&self, mut call: HttpCall, scope: &AccessScope) -> Result<HttpAnswer, DeployFailure> {
        call.authorization = self.tokens.get(scope);
        let answer = self.caller.send(&call).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let Some(challenge) = answer.header("www-authenticate").map(str::to_owned) else { return Ok(answer) };
        let login = self.login.as_ref();
        match self.tokens.answer(&self.caller, &challenge, scope, login).await? {
            Some(authorization) => {
                call.authorization = Some(authorization);
                self.caller.send(&call).await
            }
            None => Ok(answer),
        }
    }

    /// The digest that a tag has now; none where there is no such tag.
    pub(super) async fn digest_of(
        &self,
        repository: &RepositoryName,
        reference: &str,
    ) -> Result<Option<ContentDigest>, DeployFailure> {
        let call = HttpCall::new("HEAD", repository.address(&format!("manifests/{reference}")))
            .header("accept", MANIFEST_TYPES.join(", "));
        let answer = self.send(call, &AccessScope::pull(repository)).await?;
        match answer.status {
            404 => Ok(None),
            _ if answer.is_success() => {
                match answer.header("docker-content-digest").and_then(ContentDigest::parse) {
                    Some(digest) => Ok(Some(digest)),
                    // Not every registry sends the header: the content says it as well.
                    None => Ok(self.manifest(repository, reference).await?.map(|found| found.digest)),
                }
            }
            _ => Err(self.refused(repository, "look up", answer).explain().await),
        }
    }

    /// A manifest or an index; none where there is no such tag or digest.
    pub(super) async fn manifest(
        &self,
        repository: &RepositoryName,
        reference: &str,
    ) -> Result<Option<StoredManifest>, DeployFailure> {
        let call = HttpCall::new("GET", repository.address(&format!("manifests/{reference}")))
            .header("accept", MANIFEST_TYPES.join(", "));
        let answer = self.send(call, &AccessScope::pull(repository)).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(self.refused(repository, "read", answer).explain().await);
        }
        let bytes = answer.bytes().await?;
        let digest = ContentDigest::of(&bytes);
        if ContentDigest::parse(reference).is_some_and(|wanted| wanted != digest) {
            return Err(altered(repository));
        }
        Ok(Some(StoredManifest { bytes, digest }))
    }

    /// Writes a manifest under a tag or its digest.
    pub(super) async fn put_manifest(
        &self,
        repository: &RepositoryName,
        reference: &str,
        bytes: &[u8],
    ) -> Result<(), DeployFailure> {
        let mut call = HttpCall::new("PUT", repository.address(&format!("manifests/{reference}")))
            .header("content-type", media_type(bytes));
        call.body = CallBody::Bytes(bytes.to_vec());
        let answer = self.send(call, &AccessScope::push(repository)).await?;
        if answer.is_success() {
            return Ok(());
        }
        Err(self.refused(repository, "push to", answer).explain().await)
    }

    /// A small blob.
    pub(super) async fn blob(
        &self,
        repository: &RepositoryName,
        digest: &ContentDigest,
    ) -> Result<Vec<u8>, DeployFailure> {
        let bytes = self.open_blob(repository, digest).await?.bytes().await?;
        if ContentDigest::of(&bytes) != *digest {
            return Err(altered(repository));
        }
        Ok(bytes)
    }

    /// A blob in a temporary file.
    pub(super) async fn blob_file(
        &self,
        repository: &RepositoryName,
        blob: &BlobDescriptor,
        folder: &Path,
    ) -> Result<NamedTempFile, DeployFailure> {
        let mut attempt = 1;
        loop {
            match self.download(repository, blob, folder).await {
                Err(_) if attempt < DOWNLOADS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn download(
        &self,
        repository: &RepositoryName,
        blob: &BlobDescriptor,
        folder: &Path,
    ) -> Result<NamedTempFile, DeployFailure> {
        let unwritten =
            |error: std::io::Error| DeployFailure::failed(format!("cannot write a layer to disk: {error}"));
        let mut stream = self.open_blob(repository, &blob.digest).await?.stream();
        let mut file = NamedTempFile::new_in(folder).map_err(unwritten)?;
        let mut digest = DigestWriter::default();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| broken(&repository.host))?;
            digest.update(&chunk);
            file.write_all(&chunk).map_err(unwritten)?;
        }
        file.flush().map_err(unwritten)?;
        if digest.finish() == blob.digest { Ok(file) } else { Err(altered(repository)) }
    }

    async fn open_blob(
        &self,
        repository: &RepositoryName,
        digest: &ContentDigest,
    ) -> Result<HttpAnswer, DeployFailure> {
        let call = HttpCall::new("GET", repository.address(&format!("blobs/{digest}")));
        let answer = self.send(call, &AccessScope::pull(repository)).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(self.refused(repository, "read", answer).explain().await)
    }

    /// Whether a repository has a blob.
    pub(super) async fn has_blob(
        &self,
        repository: &RepositoryName,
        digest: &ContentDigest,
    ) -> Result<bool, DeployFailure> {
        let call = HttpCall::new("HEAD", repository.address(&format!("blobs/{digest}")));
        let answer = self.send(call, &AccessScope::push(repository)).await?;
        match answer.status {
            404 => Ok(false),
            _ if answer.is_success() => Ok(true),
            _ => Err(self.refused(repository, "push to", answer).explain().await),
        }
    }

    /// Makes a blob of another repository of the same registry known in this one. Says whether the registry did so.
    pub(super) async fn mount_blob(
        &self,
        repository: &RepositoryName,
        digest: &ContentDigest,
        from: &RepositoryName,
    ) -> Result<bool, DeployFailure> {
        let query = format!("blobs/uploads/?mount={digest}&from={}", from.path);
        let scope = AccessScope::push(repository).and_pull(from);
        let answer = self.send(HttpCall::new("POST", repository.address(&query)), &scope).await?;
        match answer.status {
            201 => Ok(true),
            // The registry has opened an upload instead, or forbids what it cannot see: the blob is sent.
            202 | 400..=405 => Ok(false),
            _ => Err(self.refused(repository, "push to", answer).explain().await),
        }
    }

    /// Sends a blob.
    pub(super) async fn upload(
        &self,
        repository: &RepositoryName,
        digest: &ContentDigest,
        body: CallBody,
    ) -> Result<(), DeployFailure> {
        let scope = AccessScope::push(repository);
        let begin = HttpCall::new("POST", repository.address("blobs/uploads/"));
        let answer = self.send(begin, &scope).await?;
        if !answer.is_success() {
            return Err(self.refused(repository, "push to", answer).explain().await);
        }
        let base = repository.address("");
        let Some(location) = answer.header("location").map(|location| absolute(&base, location)) else {
            return Err(DeployFailure::failed(format!("{} did not start the upload", repository.host)));
        };
        let separator = if location.contains('?') { '&' } else { '?' };
        let mut call = HttpCall::new("PUT", format!("{location}{separator}digest={digest}"))
            .header("content-type", "application/octet-stream");
        call.body = body;
        let answer = match host_of(&location) == host_of(&base) {
            true => self.send(call, &scope).await?,
            // Another host has its authorization in the location.
            false => self.caller.send(&call).await?,
        };
        if answer.is_success() {
            return Ok(());
        }
        Err(self.refused(repository, "push to", answer).explain().await)
    }
}

/// What came is not what was asked for.
fn altered(repository: &RepositoryName) -> DeployFailure {
    DeployFailure::failed(format!("the content from {} does not match the requested digest", repository.host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_named_as_docker_does() {
        for (registry, path, shown, address) in [
            (None, "nginx", "docker.io/library/nginx", "https://registry-1.docker.io/v2/library/nginx/x"),
            (Some("index.docker.io"), "a/b", "docker.io/a/b", "https://registry-1.docker.io/v2/a/b/x"),
            (Some("ghcr.io"), "a", "ghcr.io/a", "https://ghcr.io/v2/a/x"),
            (Some("127.0.0.1:5000"), "a/b", "127.0.0.1:5000/a/b", "http://127.0.0.1:5000/v2/a/b/x"),
        ] {
            let name = RepositoryName::of(registry, path);
            assert_eq!((name.to_string().as_str(), name.address("x").as_str()), (shown, address));
        }
    }
}
