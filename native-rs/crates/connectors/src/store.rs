//! Where bytes come from. Everything above asks for "length at offset"; only this file knows that it is a local
//! file. Positioned reads, not a mapping: a file truncated under a mapping kills the process with SIGBUS.
use std::{
    fs::{File, Metadata},
    os::unix::fs::{FileExt, MetadataExt},
    sync::Arc,
};

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};

use crate::errors::{ConnectorError, Result};

/// An open input file; cheap to clone, read from any thread.
#[derive(Debug, Clone)]
pub struct Blob {
    file: Arc<File>,
    name: Arc<str>,
    size: u64,
}

impl Blob {
    /// Opens `name` as it was when the dataset was listed; LS2005 if it has changed since.
    pub fn open_unchanged(name: &str, size: u64, modified: i64) -> Result<Self> {
        let blob = Self::open(name)?;
        let now = blob.file.metadata().map_err(|error| ConnectorError::read(name, &error))?;
        if now.len() != size || modified_nanos(&now) != modified {
            return Err(ConnectorError::corrupt(name, "it was changed after the program opened it"));
        }
        Ok(blob)
    }

    pub fn open(name: &str) -> Result<Self> {
        let fail = |error| ConnectorError::read(name, &error);
        let file = File::open(name).map_err(fail)?;
        let size = file.metadata().map_err(fail)?.len();
        Ok(Self { file: Arc::new(file), name: name.into(), size })
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
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, offset).map_err(|error| ConnectorError::read(&self.name, &error))?;
        Ok(buffer.into())
    }

    /// As many bytes as there are, at most `buffer.len()`.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    /// Tells the system that a range will be read soon: cold files are read while others are decoded.
    pub fn will_need(&self, offset: u64, length: u64) {
        // Advice only: where it is not supported, reads are as right and as fast as without.
        let _ = fadvise(&*self.file, offset, std::num::NonZeroU64::new(length), Advice::WillNeed);
    }
}

/// Modification time in nanoseconds since 1970.
pub fn modified_nanos(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}
