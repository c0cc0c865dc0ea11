//! Compressed files of text, as the text that they are of: read from front to end, because nothing in them says where else one
//! could begin. Whoever reads a part of one decompresses what stands before it.
use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use parking_lot::Mutex;

use super::part::Compression;
use crate::{
    errors::{ConnectorError, Result},
    store::Blob,
};

/// Bytes of text that are kept at once: a file of more is decompressed each time it is read.
const KEPT: u64 = 64 << 20;
/// Bytes of the compressed file that are read at a time.
const INPUT: usize = 1 << 20;

/// A file's text, whose size is found by reading all of it. LS2005: a stream that is damaged or cut off.
pub fn unpacked(blob: Blob) -> Result<Blob> {
    let compression = Compression::of_file(blob.name());
    if compression == Compression::None {
        return Ok(blob);
    }
    if blob.size() == 0 {
        return Err(damaged(&blob, io::ErrorKind::UnexpectedEof.into()));
    }
    let mut stream = Stream::new(&blob, compression).map_err(|error| damaged(&blob, error))?;
    let mut kept = Vec::new();
    stream.decoder.by_ref().take(KEPT + 1).read_to_end(&mut kept).map_err(|error| damaged(&blob, error))?;
    if kept.len() as u64 <= KEPT {
        return Ok(Blob::in_memory(blob, Bytes::from(kept)));
    }
    let mut size = kept.len() as u64;
    drop(kept);
    size += io::copy(&mut stream.decoder, &mut io::sink()).map_err(|error| damaged(&blob, error))?;
    Ok(unpacked_of(blob, size))
}

/// The text of `size` bytes, of which none has been read yet.
pub fn unpacked_of(blob: Blob, size: u64) -> Blob {
    let compression = Compression::of_file(blob.name());
    Blob::unpacked_from(Unpacked { blob, compression, stream: Mutex::new(None) }, size)
}

pub struct Unpacked {
    pub blob: Blob,
    compression: Compression,
    /// As far as it has been read.
    stream: Mutex<Option<Stream>>,
}

struct Stream {
    decoder: Box<dyn Read + Send>,
    position: u64,
}

impl Unpacked {
    /// As many bytes at `offset` as there are, at most `buffer.len()`: fast for who goes on where the last read ended.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut held = self.stream.lock();
        // A failure leaves none behind.
        let known = held.take().filter(|stream| stream.position <= offset);
        let read = || {
            let mut stream = known.map_or_else(|| Stream::new(&self.blob, self.compression), Ok)?;
            let before = offset - stream.position;
            stream.position += io::copy(&mut stream.decoder.by_ref().take(before), &mut io::sink())?;
            let mut filled = 0;
            while filled < buffer.len() {
                match stream.decoder.read(&mut buffer[filled..])? {
                    0 => break,
                    count => filled += count,
                }
            }
            stream.position += filled as u64;
            Ok((stream, filled))
        };
        let (stream, filled) = read().map_err(|error| damaged(&self.blob, error))?;
        *held = Some(stream);
        Ok(filled)
    }
}

impl fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.compression, self.blob.name())
    }
}

impl Stream {
    fn new(blob: &Blob, compression: Compression) -> io::Result<Self> {
        let input = BufReader::with_capacity(INPUT, Input { blob: blob.clone(), at: 0 });
        let decoder: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(input),
            Compression::Gzip => Box::new(Members(Some(GzDecoder::new(input)))),
            Compression::Zstd => Box::new(zstd::Decoder::with_buffer(input)?),
        };
        Ok(Self { decoder, position: 0 })
    }
}

/// The compressed bytes.
struct Input {
    blob: Blob,
    at: u64,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.blob.size() {
            return Ok(0);
        }
        let count = self.blob.read_on(buffer, self.at).map_err(io::Error::other)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// All members of a gzip file, which may be padded with zeros.
struct Members(Option<GzDecoder<BufReader<Input>>>);

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.0 {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let mut input = self.0.take().expect("it is there").into_inner();
            if input.fill_buf()?.first().is_some_and(|byte| *byte != 0) {
                self.0 = Some(GzDecoder::new(input));
            }
        }
        Ok(0)
    }
}

fn damaged(blob: &Blob, error: io::Error) -> ConnectorError {
    match error.downcast::<ConnectorError>() {
        Ok(known) => known,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ConnectorError::corrupt(blob.name(), "its compressed stream ends early"),
        Err(error) => ConnectorError::corrupt(blob.name(), error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(ending: &str, bytes: &[u8]) -> (tempfile::TempDir, Blob) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("a.csv{ending}"));
        std::fs::write(&path, bytes).unwrap();
        let blob = Blob::open(path.to_str().unwrap()).unwrap();
        (folder, blob)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_frames_and_ranges() {
        let text: Vec<u8> = (0..50_000).flat_map(|row| format!("{row},{}\n", row * 7).into_bytes()).collect();
        let (front, back) = text.split_at(text.len() / 3);
        let zstd = |text| zstd::encode_all(text, 0).unwrap();
        let padded = [gzip(front), gzip(back), vec![0; 20]].concat();
        for (ending, bytes) in [(".gz", padded), (".GZ", gzip(&text)), (".zst", [zstd(front), zstd(back)].concat())] {
            let (_folder, blob) = file(ending, &bytes);
            let whole = unpacked(blob.clone()).unwrap();
            assert_eq!((whole.size(), whole.bytes(0, text.len()).unwrap()), (text.len() as u64, text.clone().into()));
            let streamed = unpacked_of(blob, text.len() as u64);
            for (offset, length) in [(0, 10), (5, 1000), (200_000, 7), (100, 100), (text.len() - 3, 3)] {
                assert_eq!(streamed.bytes(offset as u64, length).unwrap(), text[offset..offset + length]);
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_no_stream_is_damaged() {
        let whole = gzip(b"a,b\n1,2\n");
        let zstd = zstd::encode_all(&b"a,b\n1,2\n"[..], 0).unwrap();
        for (ending, bytes) in [(".gz", &whole[..whole.len() - 9]), (".gz", &b"a,b\n1,2\n"[..]), (".gz", b""), (".zst", b""), (".zst", &zstd[..zstd.len() - 3]), (".zst", b"a,b\n1,2\n"), (".gz", &[&whole[..], b"x"].concat())] {
            let (_folder, blob) = file(ending, bytes);
            let error = unpacked(blob).unwrap_err();
            assert!(error.code == "LS2005" && error.message.contains(&format!("a.csv{ending}")), "{}", error.message);
        }
    }
}
