//! The digest that names a piece of content: a blob, a manifest, a layer.

use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// How the one algorithm that every registry takes is spelled.
const ALGORITHM: &str = "sha256:";

/// Hexadecimal digits of SHA-256.
const DIGITS: usize = 64;

/// `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentDigest(String);

impl ContentDigest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> ContentDigest {
        ContentDigest::from_hash(Sha256::digest(bytes).as_slice())
    }

    /// A digest that someone else wrote; nothing where it is not one of SHA-256.
    pub fn parse(text: &str) -> Option<ContentDigest> {
        let digits = text.strip_prefix(ALGORITHM)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (digits.len() == DIGITS && digits.bytes().all(is_digit)).then(|| ContentDigest(text.to_owned()))
    }

    /// The digest as manifests and references have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its hexadecimal digits alone.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix(ALGORITHM).unwrap_or_default()
    }

    /// Its first digits, for a tag or a message.
    pub fn short(&self) -> &str {
        self.hex().get(..12).unwrap_or_default()
    }

    fn from_hash(hash: &[u8]) -> ContentDigest {
        let mut text = ALGORITHM.to_owned();
        for byte in hash {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        ContentDigest(text)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hashes bytes as they come.
#[derive(Debug, Clone, Default)]
pub struct DigestWriter(Sha256);

impl DigestWriter {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds one field of a record: no two records of fields hash alike.
    pub fn field(&mut self, bytes: &[u8]) {
        self.update(&(bytes.len() as u64).to_be_bytes());
        self.update(bytes);
    }

    /// The digest of everything added.
    pub fn finish(self) -> ContentDigest {
        ContentDigest::from_hash(self.0.finalize().as_slice())
    }
}

impl std::io::Write for DigestWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_spelled_in_one_way() {
        // The hash of no bytes at all, from FIPS 180-2's test vectors.
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = ContentDigest::of(b"");
        assert_eq!((digest.as_str(), digest.short()), (empty, "e3b0c44298fc"));
        assert_eq!(ContentDigest::parse(empty), Some(digest));
        for text in
            ["", "sha256:abc", "sha512:00", &empty.to_uppercase(), &empty[7..], "sha256:../../etc/passwd"]
        {
            assert_eq!(ContentDigest::parse(text), None, "{text}");
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let hash = |fields: &[&str]| {
            let mut writer = DigestWriter::default();
            fields.iter().for_each(|field| writer.field(field.as_bytes()));
            writer.finish()
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["a", ""]), hash(&["", "a"]));
    }
}
