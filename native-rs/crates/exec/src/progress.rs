//! How far the scans of this rank are, for whoever waits.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What scans have read and what they are to read, over all executions so far.
#[derive(Debug, Default)]
pub struct Progress {
    rows: AtomicU64,
    rows_due: AtomicU64,
    bytes: AtomicU64,
    bytes_due: AtomicU64,
}

impl Progress {
    /// A scan begins that is to read so much.
    pub fn scan(self: Arc<Self>, rows: u64, bytes: u64) -> Scan {
        self.rows_due.fetch_add(rows, Relaxed);
        self.bytes_due.fetch_add(bytes, Relaxed);
        Scan { progress: self, rows, bytes, done: 0 }
    }

    /// Rows read, rows to read, bytes read, bytes to read. Bytes are those of the input files, as far as the rows stand for them.
    pub fn now(&self) -> [u64; 4] {
        [&self.rows, &self.rows_due, &self.bytes, &self.bytes_due].map(|counter| counter.load(Relaxed))
    }
}

/// One scan's part of it. Dropped before its end, what it has not read is no longer due: its consumer wants no more, or
/// the plan is run again in another way.
#[derive(Debug)]
pub struct Scan {
    progress: Arc<Progress>,
    rows: u64,
    bytes: u64,
    done: u64,
}

impl Scan {
    pub fn advance(&mut self, rows: u64) {
        let before = self.bytes_done();
        self.done += rows;
        self.progress.rows.fetch_add(rows, Relaxed);
        self.progress.bytes.fetch_add(self.bytes_done() - before, Relaxed);
    }

    fn bytes_done(&self) -> u64 {
        share(self.bytes, self.done, self.rows)
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.progress.rows_due.fetch_sub(self.rows.saturating_sub(self.done), Relaxed);
        self.progress.bytes_due.fetch_sub(self.bytes.saturating_sub(self.bytes_done()), Relaxed);
    }
}

/// Of `whole`, what `part` of `of` stands for.
pub fn share(whole: u64, part: u64, of: u64) -> u64 {
    (u128::from(whole) * u128::from(part) / u128::from(of.max(1))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_not_due_when_a_scan_ends() {
        let progress = Arc::<Progress>::default();
        let mut whole = progress.clone().scan(3, 100);
        let mut cut = progress.clone().scan(10, 50);
        assert_eq!(progress.now(), [0, 13, 0, 150]);
        whole.advance(2);
        cut.advance(1);
        assert_eq!(progress.now(), [3, 13, 66 + 5, 150]);
        whole.advance(1);
        drop((whole, cut));
        assert_eq!(progress.now(), [4, 4, 105, 105]);
        drop(progress.clone().scan(0, 0));
        assert_eq!(progress.now(), [4, 4, 105, 105]);
    }
}
