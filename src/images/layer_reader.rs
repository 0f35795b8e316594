//! Opens a layer as registries store it: gzip, zstd or no compression, told by its first bytes.

use flate2::read::MultiGzDecoder;
use std::io::{self, BufRead, Read};

/// How gzip (RFC 1952) and zstd (RFC 8878) begin.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The archive in a layer.
///
/// # Errors
/// The layer cannot be read, or begins like a compression and is none.
pub fn open_layer<'a>(mut layer: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let start = layer.fill_buf()?;
    if start.starts_with(GZIP) {
        return Ok(Box::new(MultiGzDecoder::new(layer)));
    }
    if start.starts_with(ZSTD) {
        let decoder = ruzstd::decoding::StreamingDecoder::new(layer);
        return Ok(Box::new(decoder.map_err(io::Error::other)?));
    }
    Ok(Box::new(layer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BaseTree, FileLayer, FileOwner, LayerBlob, LayerEntry};

    fn entries(layer: &[u8]) -> io::Result<BaseTree> {
        let mut tree = BaseTree::default();
        tree.add_layer(open_layer(layer)?)?;
        Ok(tree)
    }

    #[test]
    fn a_layer_is_read_in_each_compression() {
        let file = LayerEntry::File { bytes: b"x".to_vec(), owner: FileOwner::default(), mode: 0o644 };
        let layer = FileLayer { entries: [("/etc/x".to_owned(), file)].into() };
        let gzip = LayerBlob::pack(&layer, &BaseTree::default()).unwrap().bytes;
        let mut plain = Vec::new();
        open_layer(gzip.as_slice()).unwrap().read_to_end(&mut plain).unwrap();
        let zstd =
            ruzstd::encoding::compress_to_vec(plain.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        for bytes in [&gzip, &plain, &zstd] {
            assert!(entries(bytes).unwrap().has_file("/etc/x"));
        }
        assert!(entries(&gzip[..20]).is_err());
    }
}
