//! Uploads of many megabytes: in parts, several at once, continued where an earlier run stopped.
//!
//! In: a file and a key that is its hash, so that parts of an earlier run are parts of this file. Out: the object.
//! Invariants: every part has a checksum that S3 verifies; what is never completed is deleted by a rule of the bucket.

use super::failure::{DeployFailure, sdk};
use super::progress::DeployProgress;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Part};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use tokio::task::JoinSet;

/// The size of a part. S3 takes at least 5 MiB, and at most 10,000 parts:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
pub(super) const PART: usize = 8 * 1024 * 1024;

/// From this size on, an upload has parts.
pub(super) const IN_PARTS: usize = 2 * PART;

/// Parts on their way at the same time.
const AT_ONCE: usize = 4;

/// Where an object goes.
#[derive(Clone)]
pub(super) struct UploadPlace {
    /// The client.
    pub(super) client: Client,
    /// The bucket.
    pub(super) bucket: String,
    /// The account that owns it.
    pub(super) owner: String,
    /// The key.
    pub(super) key: String,
}

/// Uploads a file of so many bytes.
pub(super) async fn in_parts(
    place: &UploadPlace,
    file: &mut File,
    bytes: usize,
    progress: &mut dyn DeployProgress,
) -> Result<(), DeployFailure> {
    let id = begun(place).await?;
    let id = match id {
        Some(id) => id,
        None => begin(place).await?,
    };
    let mut done = uploaded(place, &id, bytes).await?;
    if !done.is_empty() {
        progress.message(&format!(
            "continuing an upload: {} of {} parts are there",
            done.len(),
            parts(bytes)
        ));
    }
    let mut told = UploadProgress::default();
    let mut open: Vec<i32> = (1..=parts(bytes)).filter(|number| !done.contains_key(number)).collect();
    open.reverse();
    let mut sending = JoinSet::new();
    loop {
        while sending.len() < AT_ONCE
            && let Some(number) = open.pop()
        {
            let part = part(file, bytes, number)
                .map_err(|error| DeployFailure::failed(format!("cannot read what is uploaded: {error}")))?;
            sending.spawn(send(place.clone(), id.clone(), number, part));
        }
        let Some(sent) = sending.join_next().await else { break };
        let sent = sent.map_err(|_| DeployFailure::failed("the upload was cut off"))??;
        done.insert(sent.part_number().unwrap_or_default(), sent);
        if let Some(line) = told.line(done.len(), parts(bytes), bytes) {
            progress.message(&line);
        }
    }
    complete(place, &id, done).await
}

/// The number of parts.
fn parts(bytes: usize) -> i32 {
    i32::try_from(bytes.div_ceil(PART)).unwrap_or(i32::MAX)
}

/// The bytes of a part; numbers begin at 1.
fn part(file: &mut (impl Read + Seek), bytes: usize, number: i32) -> io::Result<Vec<u8>> {
    let index = usize::try_from(number.saturating_sub(1)).unwrap_or_default();
    let start = index.saturating_mul(PART).min(bytes);
    let mut part = vec![0; bytes.saturating_sub(start).min(PART)];
    file.seek(SeekFrom::Start(start as u64))?;
    file.read_exact(&mut part)?;
    Ok(part)
}

/// The newest upload of the same object that was never completed.
async fn begun(place: &UploadPlace) -> Result<Option<String>, DeployFailure> {
    let call = place.client.list_multipart_uploads().bucket(&place.bucket).prefix(&place.key);
    let found = call.expected_bucket_owner(&place.owner).send().await;
    let found = found.map_err(|error| sdk(&format!("list the uploads to {}", place.bucket), error))?;
    let same = found.uploads().iter().filter(|it| it.key() == Some(&place.key));
    let newest = same.max_by_key(|it| it.initiated().map(|time| time.secs()));
    Ok(newest.and_then(|it| it.upload_id()).map(str::to_owned))
}

async fn begin(place: &UploadPlace) -> Result<String, DeployFailure> {
    let call = place.client.create_multipart_upload().bucket(&place.bucket).key(&place.key);
    let call = call.checksum_algorithm(ChecksumAlgorithm::Crc32).expected_bucket_owner(&place.owner);
    let begun = call.send().await.map_err(|error| sdk(&format!("upload to {}", place.bucket), error))?;
    Ok(begun.upload_id.unwrap_or_default())
}

/// The parts that are there, with their sizes as they should be.
async fn uploaded(
    place: &UploadPlace,
    id: &str,
    bytes: usize,
) -> Result<BTreeMap<i32, CompletedPart>, DeployFailure> {
    let (mut found, mut marker) = (BTreeMap::new(), None);
    loop {
        let call = place.client.list_parts().bucket(&place.bucket).key(&place.key).upload_id(id);
        let call = call.expected_bucket_owner(&place.owner).set_part_number_marker(marker);
        let page =
            call.send().await.map_err(|error| sdk(&format!("list the parts in {}", place.bucket), error))?;
        found.extend(page.parts().iter().filter_map(|it| whole(it, bytes)));
        marker =
            page.next_part_number_marker().filter(|_| page.is_truncated() == Some(true)).map(str::to_owned);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// A part of the right size, as it is named at the end.
fn whole(there: &Part, bytes: usize) -> Option<(i32, CompletedPart)> {
    let number = there.part_number()?;
    let before = usize::try_from(number.checked_sub(1)?).ok()?.checked_mul(PART)?;
    let wanted = bytes.checked_sub(before)?.min(PART);
    let size = usize::try_from(there.size()?).ok()?;
    let tag = there.e_tag()?;
    let done = CompletedPart::builder().part_number(number).e_tag(tag);
    let done = done.set_checksum_crc32(there.checksum_crc32().map(str::to_owned)).build();
    (size == wanted && wanted > 0).then_some((number, done))
}

async fn send(
    place: UploadPlace,
    id: String,
    number: i32,
    bytes: Vec<u8>,
) -> Result<CompletedPart, DeployFailure> {
    let call = place.client.upload_part().bucket(&place.bucket).key(&place.key).upload_id(id);
    let call = call.part_number(number).checksum_algorithm(ChecksumAlgorithm::Crc32);
    let sent = call.expected_bucket_owner(&place.owner).body(ByteStream::from(bytes)).send().await;
    let sent = sent.map_err(|error| sdk(&format!("upload to {}", place.bucket), error))?;
    let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
    Ok(part.set_checksum_crc32(sent.checksum_crc32).build())
}

async fn complete(
    place: &UploadPlace,
    id: &str,
    done: BTreeMap<i32, CompletedPart>,
) -> Result<(), DeployFailure> {
    let all = CompletedMultipartUpload::builder().set_parts(Some(done.into_values().collect())).build();
    let call = place.client.complete_multipart_upload().bucket(&place.bucket).key(&place.key);
    let call = call.upload_id(id).multipart_upload(all).expected_bucket_owner(&place.owner);
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            // The answer to an earlier attempt may have been lost: then the object is there.
            let head = place.client.head_object().bucket(&place.bucket).key(&place.key);
            match head.expected_bucket_owner(&place.owner).send().await {
                Ok(_) => Ok(()),
                Err(_) => Err(sdk(&format!("complete the upload to {}", place.bucket), error)),
            }
        }
    }
}

/// Says every tenth of an upload once.
#[derive(Debug, Default)]
struct UploadProgress(usize);

impl UploadProgress {
    fn line(&mut self, done: usize, parts: i32, bytes: usize) -> Option<String> {
        let all = usize::try_from(parts).unwrap_or(1).max(1);
        let tenth = done.saturating_mul(10) / all;
        (tenth > self.0).then(|| {
            self.0 = tenth;
            format!("uploading {} MiB: {} %", bytes.div_ceil(1024 * 1024), tenth * 10)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_all_the_bytes_in_order() {
        for size in [1, PART - 1, PART, PART + 1, 3 * PART] {
            let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at / 1000 % 251).unwrap()).collect();
            let mut file = io::Cursor::new(&bytes);
            let whole: Vec<u8> =
                (1..=parts(size)).flat_map(|number| part(&mut file, size, number).unwrap()).collect();
            assert_eq!(whole, bytes, "{size}");
            assert!(part(&mut file, size, parts(size) + 1).unwrap().is_empty());
            assert!(part(&mut file, size + 1, parts(size + 1)).is_err(), "a file that became shorter");
        }
        assert_eq!((parts(PART), parts(PART + 1)), (1, 2));
    }

    #[test]
    fn only_a_whole_part_counts() {
        let there = |number: i32, size: usize| {
            let it = Part::builder().part_number(number).size(i64::try_from(size).unwrap());
            whole(&it.e_tag("t").checksum_crc32("c").build(), 2 * PART + 5)
        };
        let (number, part) = there(1, PART).unwrap();
        assert_eq!((number, part.e_tag(), part.checksum_crc32()), (1, Some("t"), Some("c")));
        assert!(there(3, 5).is_some());
        for (number, size) in [(1, PART - 1), (3, PART), (3, 4), (4, 5), (0, PART)] {
            assert!(there(number, size).is_none(), "{number} {size}");
        }
    }

    #[test]
    fn progress_is_told_in_tenths() {
        let mut told = UploadProgress::default();
        let lines: Vec<String> = (1..=4).filter_map(|done| told.line(done, 40, 40 * PART)).collect();
        assert_eq!(lines, ["uploading 320 MiB: 10 %"]);
        assert_eq!(told.line(40, 40, 40 * PART).as_deref(), Some("uploading 320 MiB: 100 %"));
    }
}
