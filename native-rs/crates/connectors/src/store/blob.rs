//! An open input file. Everything above asks for "length at offset"; positioned reads, not a mapping: a local file
//! truncated under a mapping kills the process with SIGBUS.
use std::{
    fs::{File, Metadata},
    io::{self, Read},
    ops::Range,
    os::unix::fs::{FileExt, MetadataExt},
    sync::Arc,
};

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};
use serde::{Deserialize, Serialize};

use super::{Object, ranges::Pieces};
use crate::{
    errors::{ConnectorError, Result},
    text::Unpacked,
};

/// What tells a file from the one that was listed under its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Version {
    /// Nanoseconds since 1970.
    Modified(i64),
    /// The store's tag of the content.
    Tag(String),
    /// Files of a table format are written once, each under a name of its own.
    Once,
}

/// Bytes of a remote file that a reader from front to end has asked for before it comes there, and keeps behind it.
const AHEAD: u64 = 32 << 20;
const BEHIND: u64 = 64 << 20;
/// Bytes of its requests.
const STEP: u64 = 8 << 20;

/// Cheap to clone, read from any thread.
#[derive(Debug, Clone)]
pub struct Blob {
    source: Source,
    name: Arc<str>,
    size: u64,
}

#[derive(Debug, Clone)]
enum Source {
    File(Arc<File>),
    Remote(Pieces),
    /// The text of a compressed file: all of it, or as it is read.
    Memory(Bytes, Box<Blob>),
    Unpacked(Arc<Unpacked>),
}

impl Blob {
    /// Opens the local file `name` as it was when the dataset was listed; LS2019 if it has changed since.
    pub fn open_unchanged(name: &str, size: u64, version: &Version) -> Result<Self> {
        let blob = Self::open(name)?;
        let Source::File(file) = &blob.source else { return Ok(blob) };
        let now = file.metadata().map_err(|error| ConnectorError::read(name, &error))?;
        if now.len() != size || ![Version::Modified(modified_nanos(&now)), Version::Once].contains(version) {
            return Err(ConnectorError::changed(name));
        }
        Ok(blob)
    }

    pub fn open(name: &str) -> Result<Self> {
        let fail = |error| ConnectorError::read(name, &error);
        let file = File::open(name).map_err(fail)?;
        let size = file.metadata().map_err(fail)?.len();
        Ok(Self { source: Source::File(Arc::new(file)), name: name.into(), size })
    }

    pub fn remote(object: Object) -> Self {
        Self { name: object.name.clone(), size: object.size, source: Source::Remote(Pieces::new(object)) }
    }

    /// The text of `file`.
    pub fn in_memory(file: Self, text: Bytes) -> Self {
        Self { name: file.name.clone(), size: text.len() as u64, source: Source::Memory(text, Box::new(file)) }
    }

    /// A text of `size` bytes.
    pub fn unpacked_from(text: Unpacked, size: u64) -> Self {
        Self { name: text.blob.name.clone(), size, source: Source::Unpacked(Arc::new(text)) }
    }

    /// The size of a compressed file's text.
    pub fn unpacked(&self) -> Option<u64> {
        matches!(self.source, Source::Memory(..) | Source::Unpacked(_)).then_some(self.size)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Exactly `length` bytes at `offset`; LS2005 if the file ends before.
    pub fn bytes(&self, offset: u64, length: usize) -> Result<Bytes> {
        // Checked first: a damaged length must not become an allocation.
        if offset.checked_add(length as u64).is_none_or(|end| end > self.size) {
            let what = format!("{length} bytes at {offset} lie past its end ({} bytes)", self.size);
            return Err(ConnectorError::corrupt(&self.name, what));
        }
        match &self.source {
            Source::File(file) => {
                let mut buffer = vec![0; length];
                file.read_exact_at(&mut buffer, offset).map_err(|error| ConnectorError::read(&self.name, &error))?;
                Ok(buffer.into())
            }
            Source::Remote(pieces) => pieces.bytes(offset..offset + length as u64),
            Source::Memory(text, _) => Ok(text.slice(offset as usize..offset as usize + length)),
            Source::Unpacked(text) => {
                let mut buffer = vec![0; length];
                match text.read_at(&mut buffer, offset)? {
                    count if count == length => Ok(buffer.into()),
                    _ => Err(ConnectorError::changed(&self.name)),
                }
            }
        }
    }

    /// The bytes at `offset`, as many as `buffer` has; LS2005 if the file ends before.
    pub fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        if let Source::File(file) = &self.source {
            return file.read_exact_at(buffer, offset).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => ConnectorError::corrupt(&self.name, "it became shorter while it was read"),
                _ => ConnectorError::read(&self.name, &error),
            });
        }
        buffer.copy_from_slice(&self.bytes(offset, buffer.len())?);
        Ok(())
    }

    /// As many bytes as there are, at most `buffer.len()`.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.source {
            Source::File(file) => file.read_at(buffer, offset),
            Source::Remote(pieces) => {
                // Not past what was asked for: who looks for a header reads a little more than he needs.
                let end = offset.saturating_add(buffer.len() as u64).min(self.size);
                let end = pieces.held_until(offset).map_or(end, |held| held.min(end));
                let bytes = pieces.bytes(offset.min(end)..end).map_err(io::Error::other)?;
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            Source::Memory(text, _) => (&text[text.len().min(offset as usize)..]).read(buffer),
            Source::Unpacked(text) => text.read_at(buffer, offset).map_err(io::Error::other),
        }
    }

    /// As `read_at`, by a reader that goes from front to end.
    pub fn read_on(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        if let Source::Remote(pieces) = &self.source {
            let first = offset / STEP * STEP;
            let steps = (first..self.size.min(offset + AHEAD)).step_by(STEP as usize);
            // One by one: together they would be put into longer requests, of which the first bytes come later.
            steps.for_each(|start| pieces.request(vec![start..self.size.min(start + STEP)]));
            pieces.release(first.saturating_sub(BEHIND));
        }
        self.read_at(buffer, offset).map_err(|error| match error.downcast::<ConnectorError>() {
            Ok(known) => known,
            Err(error) => ConnectorError::read(&self.name, &error),
        })
    }

    /// Tells where bytes will be read soon: cold files are read, and remote ones fetched, while others are decoded.
    pub fn will_need(&self, ranges: Vec<Range<u64>>) {
        match &self.source {
            Source::File(file) => {
                for Range { start, end } in ranges {
                    // Advice only: where it is not supported, reads are as right and as fast as without.
                    let _ = fadvise(&**file, start, std::num::NonZeroU64::new(end - start), Advice::WillNeed);
                }
            }
            Source::Remote(pieces) => pieces.request(ranges),
            Source::Memory(..) => {}
            // Ranges are of the compressed file.
            Source::Unpacked(text) => text.blob.will_need(ranges),
        }
    }

    /// Why bytes of a remote file did not come, where they did not.
    pub fn failure(&self) -> Option<ConnectorError> {
        self.pieces().and_then(Pieces::failure)
    }

    /// What is held of a remote file.
    pub fn pieces(&self) -> Option<&Pieces> {
        match &self.source {
            Source::File(_) => None,
            Source::Remote(pieces) => Some(pieces),
            Source::Memory(_, file) => file.pieces(),
            Source::Unpacked(text) => text.blob.pieces(),
        }
    }
}

/// Modification time in nanoseconds since 1970.
pub fn modified_nanos(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}
