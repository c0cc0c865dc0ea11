//! Temporary files of rows that do not fit memory.
//!
//! DataFusion's own read by `tokio::fs`, each piece in another thread: what forty readers of a merge allocate in as many threads
//! stays with each of them, several times the memory of the rank. What was just written is in the system's memory mostly, and
//! read where it is wanted.
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SpillFile, SpillWriter, TempFileFactory};
use futures::{Stream, stream};
use tempfile::{Builder, NamedTempFile, TempDir};

/// Bytes that are read at a time: a merge holds as many of each file.
const PIECE: usize = 32 << 10;
/// Bytes that are gathered before they are written: the buffers of a batch are of any size, and an operator may have files by the dozen.
const GATHERED: usize = 16 << 10;

/// A folder of such files, gone when nobody has one.
pub struct SpillFolder(Arc<TempDir>);

impl SpillFolder {
    /// An error of the system if none can be made there.
    pub fn within(folder: &Path) -> Result<Self> {
        Ok(Self(Arc::new(Builder::new().prefix("spilled-").tempdir_in(folder)?)))
    }
}

impl TempFileFactory for SpillFolder {
    fn create_temp_file(&self, _: &str) -> Result<Arc<dyn SpillFile>> {
        let file = NamedTempFile::new_in(self.0.path())?;
        Ok(Arc::new(Spilled { file: Arc::new(file), size: Arc::default(), _folder: self.0.clone() }))
    }
}

/// Gone from the disk with the last who reads it.
struct Spilled {
    file: Arc<NamedTempFile>,
    /// Bytes written, without those that a writer has yet.
    size: Arc<AtomicU64>,
    _folder: Arc<TempDir>,
}

impl SpillFile for Spilled {
    fn path(&self) -> Option<&Path> {
        Some(self.file.path())
    }

    fn size(&self) -> Option<u64> {
        Some(self.size.load(Ordering::Relaxed))
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        let (file, mut at) = (self.file.clone(), 0);
        let mut piece = move || -> Result<Option<Bytes>> {
            let mut bytes = vec![0; PIECE];
            let length = file.as_file().read_at(&mut bytes, at)?;
            bytes.truncate(length);
            at += length as u64;
            Ok((length > 0).then(|| bytes.into()))
        };
        Ok(Box::pin(stream::iter(std::iter::from_fn(move || piece().transpose()))))
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        let counted = Counted { file: self.file.as_file().try_clone()?, size: self.size.clone() };
        Ok(Box::new(Writer(BufWriter::with_capacity(GATHERED, counted))))
    }
}

struct Writer(BufWriter<Counted>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl SpillWriter for Writer {
    fn finish(&mut self) -> Result<()> {
        self.0.flush().map_err(DataFusionError::from)
    }
}

struct Counted {
    file: File,
    size: Arc<AtomicU64>,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.size.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    fn read(file: &Arc<dyn SpillFile>) -> Vec<Bytes> {
        let pieces = file.read_stream().unwrap().try_collect();
        futures::executor::block_on(pieces).unwrap()
    }

    #[test]
    fn files_are_read_as_written_and_leave_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = SpillFolder::within(place.path()).unwrap();
        let file = folder.create_temp_file("").unwrap();
        assert!(read(&file).is_empty());
        let bytes: Vec<u8> = (0..3 * PIECE / 2).map(|byte| byte as u8).collect();
        let mut writer = file.open_writer().unwrap();
        writer.write_all(&bytes[..10]).unwrap();
        writer.flush().unwrap();
        assert_eq!(read(&file).concat(), bytes[..10]);
        writer.write_all(&bytes[10..]).unwrap();
        writer.finish().unwrap();
        assert_eq!((read(&file).len(), read(&file).concat()), (2, bytes));
        assert_eq!(file.size(), Some(3 * PIECE as u64 / 2));
        // Whoever reads has it.
        let stream = file.read_stream().unwrap();
        drop((file, writer));
        let rest: Vec<Bytes> = futures::executor::block_on(stream.try_collect()).unwrap();
        assert_eq!(rest.len(), 2);
        drop(folder);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
