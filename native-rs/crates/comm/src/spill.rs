//! Where messages wait that nobody reads: first on the heap, up to a budget, then in an unlinked file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rustix::fs::{FallocateFlags, Mode, OFlags};

use crate::shared_bytes::AlignedBuffer;
use crate::error::{CommError, Result};

/// A rank's budget for waiting messages.
pub(crate) struct SpillArea {
    directory: PathBuf,
    budget: usize,
    used: Arc<AtomicUsize>,
    written: AtomicU64,
}

/// Heap bytes counted in the budget until dropped.
pub(crate) struct Charge {
    used: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl SpillArea {
    pub fn new(directory: PathBuf, budget: usize) -> Self {
        Self { directory, budget, used: Arc::default(), written: AtomicU64::new(0) }
    }

    /// Room on the heap for `bytes` more, while the budget lasts.
    pub fn charge(&self, bytes: usize) -> Option<Charge> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        let charge = Charge { used: self.used.clone(), bytes };
        (before + bytes <= self.budget).then_some(charge)
    }

    /// Bytes written to files so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub fn create(&self) -> Result<SpillFile> {
        let file = open_unlinked(&self.directory).map_err(|error| CommError::system("cannot create a spill file", error))?;
        Ok(SpillFile { file, end: 0, live: 0 })
    }

    pub fn write(&self, file: &mut SpillFile, bytes: &[u8]) -> Result<u64> {
        let offset = file.end;
        file.file.write_all_at(bytes, offset).map_err(|error| CommError::system("cannot write a spill file", error))?;
        file.end += bytes.len() as u64;
        file.live += bytes.len() as u64;
        self.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(offset)
    }
}

/// A file without a name: it is gone with the process, however that ends.
pub(crate) struct SpillFile {
    file: File,
    end: u64,
    live: u64,
}

impl SpillFile {
    /// Reads a message back and gives its space to the file system.
    pub fn take(&mut self, offset: u64, length: usize) -> Result<AlignedBuffer> {
        let mut buffer = AlignedBuffer::zeroed(length);
        self.file.read_exact_at(&mut buffer, offset).map_err(|error| CommError::system("cannot read a spill file", error))?;
        self.live -= length as u64;
        if self.live == 0 {
            self.end = 0;
            self.file.set_len(0).map_err(|error| CommError::system("cannot truncate a spill file", error))?;
        } else {
            // Not every file system can; then the space is free when the exchange ends.
            let mode = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = rustix::fs::fallocate(&self.file, mode, offset, length as u64);
        }
        Ok(buffer)
    }
}

fn open_unlinked(directory: &Path) -> std::io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open(directory, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(file.into()),
        // overlayfs of older kernels, some network file systems.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL) => {
            static COUNT: AtomicU64 = AtomicU64::new(0);
            let name = format!(".lockstep-spill-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = directory.join(name);
            let file = File::options().read(true).write(true).create_new(true).open(&path)?;
            std::fs::remove_file(&path)?;
            Ok(file)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_the_file_shrinks() {
        let area = SpillArea::new(std::env::temp_dir(), 10);
        let mut file = area.create().unwrap();
        let a = area.write(&mut file, b"hello").unwrap();
        let b = area.write(&mut file, &[7; 100_000]).unwrap();
        assert_eq!(&*file.take(a, 5).unwrap(), b"hello");
        assert_eq!(&*file.take(b, 100_000).unwrap(), &[7; 100_000][..]);
        assert_eq!(file.file.metadata().unwrap().len(), 0);
        assert_eq!(area.written(), 100_005);
    }

    #[test]
    fn the_budget_is_kept() {
        let area = SpillArea::new(std::env::temp_dir(), 10);
        let first = area.charge(6).unwrap();
        assert!(area.charge(6).is_none());
        drop(first);
        assert!(area.charge(10).is_some());
    }
}
