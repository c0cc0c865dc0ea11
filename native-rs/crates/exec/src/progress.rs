//! How far the scans of this rank are, for whoever waits.
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
    pub fn expect(&self, rows: u64, bytes: u64) {
        self.rows_due.fetch_add(rows, Relaxed);
        self.bytes_due.fetch_add(bytes, Relaxed);
    }

    pub fn advance(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Rows read, rows to read, bytes read, bytes to read. Bytes are those of the input files, as far as the rows stand for them.
    pub fn now(&self) -> [u64; 4] {
        [&self.rows, &self.rows_due, &self.bytes, &self.bytes_due].map(|counter| counter.load(Relaxed))
    }
}

/// Of `whole`, what `part` of `of` stands for.
pub fn share(whole: u64, part: u64, of: u64) -> u64 {
    (u128::from(whole) * u128::from(part) / u128::from(of.max(1))) as u64
}
