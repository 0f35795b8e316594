//! The artifact bucket: one per account and region, created on first use.
//!
//! In: bytes and a key suffix. Out: the key, which starts with the hash of the bytes, so that nothing is uploaded
//! twice. Invariant: the bucket is encrypted, private and only reachable over TLS. A bucket of the same name in
//! another account is never used.

use super::failure::{DeployFailure, FailureKind, is_denied, sdk};
use super::progress::DeployProgress;
use super::session::AwsSession;
use super::upload::{self, UploadPlace};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::create_bucket::CreateBucketError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketVersioningStatus, CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::Read;
use std::path::Path;

/// The tag that is set last: a bucket that has it is fully set up.
const COMPLETE: &str = "tranship:artifacts";

/// The tag's value: the state of our settings. One that is set up by an earlier version is completed.
const WHOLE: &str = "complete-2";

/// Days after which an upload that was never completed is deleted.
const UNFINISHED: i32 = 7;

/// Days after which a template and an older version of an object are deleted. CloudFormation keeps a copy of a stack's
/// template; the bundles that Elastic Beanstalk needs are deleted with their application versions.
const OLD: i32 = 30;

/// What is deleted when.
fn lifecycle() -> Result<BucketLifecycleConfiguration, BuildError> {
    let everything = || LifecycleRuleFilter::builder().prefix("").build();
    let unfinished = AbortIncompleteMultipartUpload::builder().days_after_initiation(UNFINISHED).build();
    let older = NoncurrentVersionExpiration::builder().noncurrent_days(OLD).build();
    let markers = LifecycleExpiration::builder().expired_object_delete_marker(true).build();
    let rule = |id: &str| LifecycleRule::builder().id(id).status(ExpirationStatus::Enabled);
    let mut rules = vec![
        rule("leftovers")
            .filter(everything())
            .abort_incomplete_multipart_upload(unfinished)
            .noncurrent_version_expiration(older)
            .expiration(markers)
            .build()?,
    ];
    for prefix in ["stacks/", "down/"] {
        let filter = LifecycleRuleFilter::builder().prefix(prefix).build();
        let expiry = LifecycleExpiration::builder().days(OLD).build();
        rules.push(rule(prefix.trim_end_matches('/')).filter(filter).expiration(expiry).build()?);
    }
    BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build()
}

/// The artifact bucket, fully set up.
pub(super) struct ArtifactBucket<'a> {
    session: &'a AwsSession,
    client: Client,
    name: String,
}

impl<'a> ArtifactBucket<'a> {
    /// Finds or creates the bucket. A bucket left half set up is completed.
    pub(super) async fn open(
        session: &'a AwsSession,
        progress: &mut dyn DeployProgress,
    ) -> Result<Self, DeployFailure> {
        let name = format!("tranship-{}-{}", session.account, session.region);
        let bucket = ArtifactBucket { session, client: session.s3(), name };
        if !bucket.exists().await? {
            progress.message(&format!("creating the artifact bucket {}", bucket.name));
            bucket.create().await?;
        }
        if !bucket.is_complete().await {
            bucket.complete(progress).await?;
        }
        Ok(bucket)
    }

    /// The bucket, if there is one.
    pub(super) async fn existing(session: &'a AwsSession) -> Result<Option<Self>, DeployFailure> {
        let name = format!("tranship-{}-{}", session.account, session.region);
        let bucket = ArtifactBucket { session, client: session.s3(), name };
        Ok(if bucket.exists().await? { Some(bucket) } else { None })
    }

    /// Writes an object under a key of its own.
    pub(super) async fn write(&self, key: &str, bytes: &[u8]) -> Result<(), DeployFailure> {
        let put = self.client.put_object().bucket(&self.name).key(key);
        let put = put.expected_bucket_owner(&self.session.account).body(ByteStream::from(bytes.to_vec()));
        put.send().await.map_err(|error| sdk(&format!("upload to {}", self.name), error))?;
        Ok(())
    }

    /// Deletes an object. The bucket keeps older versions for a while.
    pub(super) async fn delete(&self, key: &str) -> Result<(), DeployFailure> {
        let call = self.client.delete_object().bucket(&self.name).key(key);
        let deleted = call.expected_bucket_owner(&self.session.account).send().await;
        deleted.map(|_| ()).map_err(|error| sdk(&format!("delete {key}"), error))
    }

    /// The keys that begin so.
    pub(super) async fn keys(&self, prefix: &str) -> Result<Vec<String>, DeployFailure> {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
            let call = call.expected_bucket_owner(&self.session.account).set_continuation_token(token);
            let page = call.send().await.map_err(|error| sdk(&format!("list {}", self.name), error))?;
            found.extend(page.contents().iter().filter_map(|it| it.key()).map(str::to_owned));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The bytes of an object.
    pub(super) async fn read(&self, key: &str) -> Result<Vec<u8>, DeployFailure> {
        let call = self.client.get_object().bucket(&self.name).key(key);
        let object = call.expected_bucket_owner(&self.session.account).send().await;
        let object = object.map_err(|error| sdk(&format!("read {key}"), error))?;
        let bytes = object.body.collect().await;
        let bytes = bytes.map_err(|error| DeployFailure::failed(format!("cannot read {key}: {error}")))?;
        Ok(bytes.into_bytes().to_vec())
    }

    /// The bucket's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The URL of an object, in the form CloudFormation accepts.
    pub(super) fn url(&self, key: &str) -> String {
        format!("https://s3.{}.{}/{}/{key}", self.session.region, self.session.domain(), self.name)
    }

    /// Uploads a few bytes unless they are already there, and returns the key.
    pub(super) async fn put(&self, prefix: &str, bytes: &[u8], end: &str) -> Result<String, DeployFailure> {
        let key = format!("{prefix}/{}{end}", hash(bytes));
        if self.has(&key).await? {
            return Ok(key);
        }
        let body = ByteStream::from(bytes.to_vec());
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(&key)
            .expected_bucket_owner(&self.session.account);
        put.body(body).send().await.map_err(|error| sdk(&format!("upload to {}", self.name), error))?;
        Ok(key)
    }

    /// Uploads a file unless it is already there, a large one in parts, and returns the key.
    pub(super) async fn put_file(
        &self,
        prefix: &str,
        file: &Path,
        end: &str,
        progress: &mut dyn DeployProgress,
    ) -> Result<String, DeployFailure> {
        let told = format!("upload to {}", self.name);
        let failed = |error: &dyn std::fmt::Display| DeployFailure::failed(format!("cannot {told}: {error}"));
        let sha256 = file_hash(file).map_err(|error| failed(&error))?;
        let key = format!("{prefix}/{}{end}", shortened(&sha256));
        if self.has(&key).await? {
            return Ok(key);
        }
        let length = std::fs::metadata(file).map_err(|error| failed(&error))?.len();
        let length = usize::try_from(length).map_err(|error| failed(&error))?;
        if length >= upload::IN_PARTS {
            let place = UploadPlace {
                client: self.client.clone(),
                bucket: self.name.clone(),
                owner: self.session.account.clone(),
                key: key.clone(),
            };
            let mut file = std::fs::File::open(file).map_err(|error| failed(&error))?;
            upload::in_parts(&place, &mut file, length, progress).await?;
            return Ok(key);
        }
        let body = ByteStream::from_path(file).await.map_err(|error| failed(&error))?;
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(&key)
            .expected_bucket_owner(&self.session.account)
            .checksum_sha256(aws_smithy_types::base64::encode(sha256));
        put.body(body).send().await.map_err(|error| sdk(&told, error))?;
        Ok(key)
    }

    async fn has(&self, key: &str) -> Result<bool, DeployFailure> {
        let head = self.client.head_object().bucket(&self.name).key(key);
        match head.expected_bucket_owner(&self.session.account).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(false),
            Err(error) => {
                let failure = sdk(&format!("check the contents of the bucket {}", self.name), error);
                Err(self.reason_in_words().await.unwrap_or(failure))
            }
        }
    }

    async fn exists(&self) -> Result<bool, DeployFailure> {
        let head = self.client.head_bucket().bucket(&self.name).expected_bucket_owner(&self.session.account);
        match head.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(false),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 403 => {
                let denied = DeployFailure::failed(format!(
                    "access to the bucket {} is denied, or another account owns it",
                    self.name
                ))
                .help("it needs the permissions s3:ListBucket, s3:GetObject and s3:PutObject");
                Err(self.reason_in_words().await.unwrap_or(denied))
            }
            Err(error) => {
                let failure = sdk(&format!("check for the bucket {}", self.name), error);
                Err(self.reason_in_words().await.unwrap_or(failure))
            }
        }
    }

    /// Why a call without an answer in words was refused, if the credentials are the reason: another call says so.
    async fn reason_in_words(&self) -> Option<DeployFailure> {
        let call = self.client.get_bucket_tagging().bucket(&self.name);
        let error = call.expected_bucket_owner(&self.session.account).send().await.err()?;
        let failure = sdk(&format!("use the bucket {}", self.name), error);
        (failure.kind == FailureKind::Credentials).then_some(failure)
    }

    async fn create(&self) -> Result<(), DeployFailure> {
        let mut create = self.client.create_bucket().bucket(&self.name);
        // us-east-1 is the one region that must not be named in the request.
        if self.session.region != "us-east-1" {
            let constraint = BucketLocationConstraint::from(self.session.region.as_str());
            create = create.create_bucket_configuration(
                CreateBucketConfiguration::builder().location_constraint(constraint).build(),
            );
        }
        created(&self.name, create.send().await.map(|_| ()))
    }

    async fn is_complete(&self) -> bool {
        let tags =
            self.client.get_bucket_tagging().bucket(&self.name).expected_bucket_owner(&self.session.account);
        tags.send()
            .await
            .is_ok_and(|tags| tags.tag_set().iter().any(|tag| tag.key() == COMPLETE && tag.value() == WHOLE))
    }

    /// Encryption, public access block, versioning, TLS-only policy, what is deleted when; the tag last.
    async fn complete(&self, progress: &mut dyn DeployProgress) -> Result<(), DeployFailure> {
        let (client, owner) = (&self.client, &self.session.account);
        let built = |_| DeployFailure::failed("incomplete setting for the artifact bucket");
        let told = |what: &str| format!("{what} the bucket {}", self.name);

        let private = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let call = client.put_public_access_block().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.public_access_block_configuration(private);
        call.send().await.map_err(|error| sdk(&told("close"), error))?;

        let by = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let rule =
            ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by.map_err(built)?);
        let rules =
            ServerSideEncryptionConfiguration::builder().rules(rule.build()).build().map_err(built)?;
        let call = client.put_bucket_encryption().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.server_side_encryption_configuration(rules);
        call.send().await.map_err(|error| sdk(&told("encrypt"), error))?;

        let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let call = client.put_bucket_versioning().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.versioning_configuration(versions);
        call.send().await.map_err(|error| sdk(&told("enable versioning for"), error))?;

        let call = client.put_bucket_policy().bucket(&self.name).expected_bucket_owner(owner);
        let call = call.policy(tls_only(&self.session.partition, &self.name));
        call.send().await.map_err(|error| sdk(&told("set the policy of"), error))?;

        let call =
            client.put_bucket_lifecycle_configuration().bucket(&self.name).expected_bucket_owner(owner);
        if let Err(error) = call.lifecycle_configuration(lifecycle().map_err(built)?).send().await {
            if !is_denied(error.code().unwrap_or_default()) {
                return Err(sdk(&told("set the lifecycle of"), error));
            }
            progress.warn(&format!(
                "{} keeps what nobody needs any more: setting its lifecycle needs s3:PutLifecycleConfiguration",
                self.name
            ));
            return Ok(());
        }

        let tag = Tag::builder().key(COMPLETE).value(WHOLE).build().map_err(built)?;
        let tags = Tagging::builder().tag_set(tag).build().map_err(built)?;
        let call = client.put_bucket_tagging().bucket(&self.name).expected_bucket_owner(owner).tagging(tags);
        call.send().await.map_err(|error| sdk(&told("tag"), error))?;
        Ok(())
    }
}

/// A bucket policy that denies requests without TLS.
fn tls_only(partition: &str, bucket: &str) -> String {
    let arn = format!("arn:{partition}:s3:::{bucket}");
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn.clone(), format!("{arn}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }],
    })
    .to_string()
}

/// The first half of the SHA-256 in hexadecimal: 128 bits identify an artifact.
pub(super) fn hash(bytes: &[u8]) -> String {
    shortened(&Sha256::digest(bytes))
}

fn shortened(sha256: &[u8]) -> String {
    sha256.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a file, a part in memory at a time.
fn file_hash(file: &Path) -> std::io::Result<[u8; 32]> {
    let (mut from, mut hash) = (std::fs::File::open(file)?, Sha256::new());
    let mut block = vec![0; 1 << 16];
    loop {
        match from.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(block.get(..read).unwrap_or_default()),
        }
    }
}

/// Whether there is a bucket of ours now: another run may have created it in between. One of another account is never used.
fn created(
    name: &str,
    made: Result<(), SdkError<CreateBucketError, HttpResponse>>,
) -> Result<(), DeployFailure> {
    match made {
        Err(error) if error.as_service_error().is_some_and(|e| e.is_bucket_already_owned_by_you()) => Ok(()),
        made => made.map_err(|error| sdk(&format!("create the bucket {name}"), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{FailureKind, HttpResponse, SdkError, created, file_hash, hash, shortened};
    use aws_sdk_s3::operation::create_bucket::CreateBucketError;
    use aws_sdk_s3::primitives::SdkBody;
    use aws_sdk_s3::types::error::{BucketAlreadyExists, BucketAlreadyOwnedByYou};

    #[test]
    fn a_bucket_that_is_ours_already_is_used_and_one_of_another_account_is_not() {
        let refused = |error: CreateBucketError| {
            let raw = HttpResponse::new(409.try_into().unwrap(), SdkBody::empty());
            created("tranship-1-eu", Err(SdkError::service_error(error, raw)))
        };
        assert_eq!(created("tranship-1-eu", Ok(())), Ok(()));
        let ours = BucketAlreadyOwnedByYou::builder().build();
        assert_eq!(refused(CreateBucketError::BucketAlreadyOwnedByYou(ours)), Ok(()));
        let theirs = BucketAlreadyExists::builder().message("not available").build();
        let failure = refused(CreateBucketError::BucketAlreadyExists(theirs)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Failed);
        assert!(failure.message.contains("create the bucket tranship-1-eu"), "{failure:?}");
    }

    #[test]
    fn a_file_has_the_key_of_its_bytes() {
        let guard = tempfile::tempdir().unwrap();
        let file = guard.path().join("bundle.zip");
        let bytes: Vec<u8> = (0..200_001_u32).map(|at| (at % 241) as u8).collect();
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(shortened(&file_hash(&file).unwrap()), hash(&bytes));
        assert_eq!(hash(b""), "e3b0c44298fc1c149afbf4c8996fb924");
        assert!(file_hash(guard.path()).is_err());
    }
}
