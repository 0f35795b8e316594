//! Compresses files side by side: whole ones up to [`WHOLE_BYTES`], larger ones in parts.
//!
//! In: files and parts, in order. Out: each compressed, in the same order. Invariant: neither the bounds of a part nor its
//! bytes depend on the number of processors, and no more than [`MOST_BYTES_UNDERWAY`] and a file are in memory.

use super::ordered_pool::{OrderedPool, processors};
use crc32fast::Hasher;
use libdeflater::{CompressionError, CompressionLvl, Compressor};
use std::io;
use std::thread::Scope;
use zlib_rs::{Deflate, DeflateConfig, DeflateError, DeflateFlush, Status};

/// Files up to this are compressed as a whole, which is faster and comes out smaller than a stream of parts.
pub(super) const WHOLE_BYTES: u64 = 4 << 20;
/// Bytes of a part of a larger file.
pub(super) const PART_BYTES: usize = 512 << 10;
/// Plain bytes that wait or are compressed at a time; their compressed bytes come on top.
const MOST_BYTES_UNDERWAY: usize = 16 << 20;
/// How far back deflate looks: so much of a part is given to the next one.
pub(super) const WINDOW_BYTES: usize = 32 << 10;
/// The level for short files, which come out smaller than `zip -9` makes them in a sixth of its time.
const SHORT_LEVEL: i32 = 7;
/// The level for other whole files: level 7 makes scripts larger than `zip -9` does, the more so the longer they are.
const WHOLE_LEVEL: i32 = 8;
/// Files up to this are short, and as many bytes of several are compressed sooner than a second compressor is made.
const SHORT_BYTES: usize = 256 << 10;
/// The level for parts: as small as `zip -9`, which level 8 of this compressor is not for programs.
const BEST: i32 = 9;
/// Wraps bytes without a look at them.
const NONE: i32 = 0;
/// The fastest.
const FAST: i32 = 1;
/// 4,096 symbols share a table of codes: code changes its manner more often than the usual 16,384.
const MEMORY_LEVEL: i32 = 6;
/// How far back deflate looks, as a power of two.
const WINDOW_BITS: i32 = 15;
/// Parts below this are compressed without a look at a sample.
const SAMPLED_ABOVE: usize = 64 << 10;
/// Samples of a part, and the bytes of each.
const SAMPLES: (usize, usize) = (4, 8 << 10);

/// A part of a file.
#[derive(Debug)]
pub(super) struct PlainPart {
    /// The end of the part before it, and its own bytes.
    pub(super) bytes: Vec<u8>,
    /// How many bytes are of the part before it.
    pub(super) window: usize,
    /// Whether it is the end of its file.
    pub(super) last: bool,
}

/// A part that is compressed.
#[derive(Debug)]
pub(super) struct PackedPart {
    /// A piece of a deflate stream; nothing where the file is stored.
    pub(super) deflated: Vec<u8>,
    /// The file itself, where it is a whole one that deflate makes no smaller.
    pub(super) stored: Option<Vec<u8>>,
    /// CRC-32 of the plain bytes.
    pub(super) crc: Hasher,
    /// How many plain bytes.
    pub(super) plain: u64,
}

/// Threads that compress; `A` says what a part belongs to.
pub(super) type CompressionPool<A> = OrderedPool<PlainPart, A, io::Result<PackedPart>>;

/// Starts the threads for so many bytes.
pub(super) fn start<'scope, A>(scope: &'scope Scope<'scope, '_>, bytes: u64) -> CompressionPool<A> {
    let threads = if bytes > SHORT_BYTES as u64 { processors() } else { 1 };
    OrderedPool::start(scope, threads, MOST_BYTES_UNDERWAY, || {
        let mut compressor = PartCompressor::default();
        move |part| compressor.pack(part)
    })
}

/// The state of a thread: what it has needed so far, since a compressor takes more memory than most files.
#[derive(Default)]
struct PartCompressor {
    short: Option<Compressor>,
    whole: Option<Compressor>,
    best: Option<Deflate>,
    /// Makes blocks of plain bytes.
    none: Option<Deflate>,
    /// Tries samples.
    fast: Option<Deflate>,
}

/// A compressor of parts without header and checksum, which a zip has of its own.
fn of_parts(known: &mut Option<Deflate>, level: i32) -> &mut Deflate {
    known.get_or_insert_with(|| {
        let raw = -WINDOW_BITS;
        let config =
            DeflateConfig { level, window_bits: raw, mem_level: MEMORY_LEVEL, ..DeflateConfig::default() };
        Deflate::new_with_config(config)
    })
}

/// A compressor of whole files.
fn of_files(known: &mut Option<Compressor>, level: i32) -> &mut Compressor {
    known.get_or_insert_with(|| Compressor::new(CompressionLvl::new(level).unwrap_or_default()))
}

impl PartCompressor {
    fn pack(&mut self, part: PlainPart) -> io::Result<PackedPart> {
        let (window, bytes) = part.bytes.split_at_checked(part.window).unwrap_or((&[], &part.bytes));
        let mut crc = Hasher::new();
        crc.update(bytes);
        let plain = bytes.len() as u64;
        let shrinks = self.shrinks(bytes)?;
        if part.last && window.is_empty() {
            let deflated = if shrinks { self.whole(bytes)? } else { None };
            let stored = deflated.is_none().then_some(part.bytes);
            return Ok(PackedPart { deflated: deflated.unwrap_or_default(), stored, crc, plain });
        }
        let deflated = match shrinks {
            true => deflate(of_parts(&mut self.best, BEST), window, bytes, part.last)?,
            false => deflate(of_parts(&mut self.none, NONE), &[], bytes, part.last)?,
        };
        Ok(PackedPart { deflated, stored: None, crc, plain })
    }

    /// A file as one stream, unless that is no smaller.
    fn whole(&mut self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut deflated = vec![0; bytes.len()];
        let compressor = match bytes.len() <= SHORT_BYTES {
            true => of_files(&mut self.short, SHORT_LEVEL),
            false => of_files(&mut self.whole, WHOLE_LEVEL),
        };
        match compressor.deflate_compress(bytes, &mut deflated) {
            Ok(length) if length < bytes.len() => {
                deflated.truncate(length);
                deflated.shrink_to_fit();
                Ok(Some(deflated))
            }
            Ok(_) | Err(CompressionError::InsufficientSpace) => Ok(None),
        }
    }

    /// Whether deflate can be of use: not for what is compressed already.
    fn shrinks(&mut self, bytes: &[u8]) -> io::Result<bool> {
        if bytes.len() < SAMPLED_ABOVE {
            return Ok(true);
        }
        let (samples, length) = SAMPLES;
        let step = bytes.len() / samples;
        for sample in bytes.chunks(step).filter_map(|chunk| chunk.get(..length)) {
            if deflate(of_parts(&mut self.fast, FAST), &[], sample, true)?.len() < sample.len() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A piece of a deflate stream that ends with a whole byte.
fn deflate(compressor: &mut Deflate, window: &[u8], bytes: &[u8], last: bool) -> io::Result<Vec<u8>> {
    compressor.reset();
    if !window.is_empty() {
        compressor.set_dictionary(window).map_err(failed)?;
    }
    let flush = if last { DeflateFlush::Finish } else { DeflateFlush::SyncFlush };
    let mut deflated = vec![0; bytes.len() / 2 + 256];
    loop {
        let (taken, made) = (position(compressor.total_in()), position(compressor.total_out()));
        let (rest, room) = (bytes.get(taken..), deflated.get_mut(made..));
        let (Some(rest), Some(room)) = (rest, room) else { return Err(failed(DeflateError::StreamError)) };
        let status = compressor.compress(rest, room, flush).map_err(failed)?;
        let made = position(compressor.total_out());
        let is_done = if last { status == Status::StreamEnd } else { made < deflated.len() };
        if is_done {
            deflated.truncate(made);
            return Ok(deflated);
        }
        deflated.resize(made + bytes.len() / 2 + 256, 0);
    }
}

fn position(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn failed(error: DeflateError) -> io::Error {
    io::Error::other(format!("cannot compress: {}", error.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    fn inflated(deflated: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(deflated).read_to_end(&mut plain).unwrap();
        plain
    }

    /// A stream of parts, each with the end of the one before it.
    fn stream(bytes: &[u8], part: usize) -> Vec<u8> {
        let mut compressor = PartCompressor::default();
        let mut deflated = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let (from, end) = (start.saturating_sub(WINDOW_BYTES), (start + part).min(bytes.len()));
            let part = PlainPart {
                bytes: bytes[from..end].to_vec(),
                window: start - from,
                last: end == bytes.len(),
            };
            let packed = compressor.pack(part).unwrap();
            assert_eq!(packed.plain, (end - start) as u64);
            assert_eq!(packed.crc.finalize(), crc32fast::hash(&bytes[start..end]));
            deflated.extend(packed.deflated);
            start = end;
        }
        deflated
    }

    #[test]
    fn parts_are_one_stream() {
        let text = b"one line of a text that comes again and again, ".repeat(20_000);
        let mut mixed = noise(300_000);
        mixed.extend(&text[..400_000]);
        for bytes in [&text, &mixed, &noise(PART_BYTES + 1)] {
            for part in [1_000, 70_001, PART_BYTES] {
                assert!(inflated(&stream(bytes, part)) == *bytes, "{} in parts of {part}", bytes.len());
            }
        }
    }

    /// The end of the part before is the dictionary of the next one: what repeats is found across the bound.
    #[test]
    fn a_part_knows_the_one_before_it() {
        let mut twice = noise(20_000);
        twice.extend(noise(20_000));
        let mut compressor = PartCompressor::default();
        let part = |window| PlainPart { bytes: twice[20_000 - window..].to_vec(), window, last: true };
        let known = compressor.pack(part(20_000)).unwrap();
        let alone = compressor.pack(part(0)).unwrap();
        assert!(known.deflated.len() < 200, "{}", known.deflated.len());
        assert!(alone.deflated.is_empty() && known.stored.is_none());
        assert_eq!(alone.stored, Some(noise(20_000)));
    }

    /// Words in no order, of which the levels make streams of different lengths.
    fn words(length: usize) -> Vec<u8> {
        let letters = noise(length).into_iter().map(|byte| b"etaoin srhld\nucm"[usize::from(byte % 16)]);
        letters.collect()
    }

    #[test]
    fn short_files_are_compressed_faster_and_long_ones_smaller() {
        for (bytes, level) in [(SHORT_BYTES, SHORT_LEVEL), (SHORT_BYTES + 1, WHOLE_LEVEL)] {
            let plain = words(bytes);
            let mut expected = vec![0; bytes];
            let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
            let length = compressor.deflate_compress(&plain, &mut expected).unwrap();
            let part = PlainPart { bytes: plain.clone(), window: 0, last: true };
            let packed = PartCompressor::default().pack(part).unwrap();
            assert!(packed.deflated == expected[..length], "{bytes}");
            let mut other = Compressor::new(CompressionLvl::new(15 - level).unwrap());
            assert_ne!(other.deflate_compress(&plain, &mut vec![0; bytes]).unwrap(), length);
        }
    }

    #[test]
    fn what_is_compressed_already_is_not_compressed_again() {
        let mut compressor = PartCompressor::default();
        assert!(!compressor.shrinks(&noise(PART_BYTES)).unwrap());
        assert!(compressor.shrinks(&noise(SAMPLED_ABOVE - 1)).unwrap(), "too short to be sampled");
        let mut mixed = noise(PART_BYTES);
        mixed[PART_BYTES / 2..PART_BYTES / 2 + 9_000].fill(b' ');
        assert!(compressor.shrinks(&mixed).unwrap());
        let whole = PlainPart { bytes: noise(PART_BYTES), window: 0, last: true };
        assert_eq!(compressor.pack(whole).unwrap().stored, Some(noise(PART_BYTES)));
        let first = PlainPart { bytes: noise(PART_BYTES), window: 0, last: false };
        let first = compressor.pack(first).unwrap();
        assert!(first.stored.is_none() && first.deflated.len() < PART_BYTES + 100);
    }
}
