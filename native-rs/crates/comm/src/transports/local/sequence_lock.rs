//! Words that one writer replaces and any reader reads whole, without making the writer wait.
use crate::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// All zero at the start: nothing written yet.
#[repr(C, align(64))]
pub(super) struct SequenceLock<const N: usize> {
    /// Odd while the writer writes; 0: nothing yet.
    version: AtomicU32,
    words: [AtomicU64; N],
}

impl<const N: usize> SequenceLock<N> {
    pub fn write(&self, words: [u64; N]) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        for (word, value) in self.words.iter().zip(words) {
            word.store(value, Ordering::Relaxed);
        }
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }

    /// `None` before the first write, or while the writer is writing.
    pub fn read(&self) -> Option<[u64; N]> {
        let version = self.version.load(Ordering::Acquire);
        if version == 0 || version % 2 == 1 {
            return None;
        }
        let words = std::array::from_fn(|index| self.words[index].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        (self.version.load(Ordering::Relaxed) == version).then_some(words)
    }
}

#[cfg(all(test, lockstep_loom))]
mod model {
    use loom::sync::Arc;

    use super::*;

    #[test]
    fn what_is_read_was_written_together() {
        loom::model(|| {
            let lock = Arc::new(SequenceLock { version: AtomicU32::new(0), words: [AtomicU64::new(0), AtomicU64::new(0)] });
            let (writer, reader) = (Arc::clone(&lock), Arc::clone(&lock));
            let writing = loom::thread::spawn(move || [1, 2].map(|n| writer.write([n, n])));
            let reading = loom::thread::spawn(move || reader.read());
            if let Some([a, b]) = reading.join().unwrap() {
                assert!(a == b && a > 0);
            }
            writing.join().unwrap();
            assert_eq!(lock.read(), Some([2, 2]));
        });
    }
}
