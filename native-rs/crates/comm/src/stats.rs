//! Counts of what travelled.

use std::sync::atomic::{AtomicU64, Ordering};

/// Messages and bytes between this rank and one other, collectives included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerTraffic {
    pub messages_sent: u64,
    pub bytes_sent: u64,
    pub messages_received: u64,
    pub bytes_received: u64,
}

#[derive(Default)]
struct Counters {
    messages_sent: AtomicU64,
    bytes_sent: AtomicU64,
    messages_received: AtomicU64,
    bytes_received: AtomicU64,
}

pub(crate) struct Traffic(Vec<Counters>);

impl Traffic {
    pub fn new(size: usize) -> Self {
        Self((0..size).map(|_| Counters::default()).collect())
    }

    pub fn sent(&self, to: usize, bytes: u64, first: bool) {
        self.0[to].messages_sent.fetch_add(u64::from(first), Ordering::Relaxed);
        self.0[to].bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn received(&self, from: usize, bytes: u64, first: bool) {
        if let Some(counters) = self.0.get(from) {
            counters.messages_received.fetch_add(u64::from(first), Ordering::Relaxed);
            counters.bytes_received.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    pub fn read(&self) -> Vec<PeerTraffic> {
        let read = |counters: &Counters| PeerTraffic {
            messages_sent: counters.messages_sent.load(Ordering::Relaxed),
            bytes_sent: counters.bytes_sent.load(Ordering::Relaxed),
            messages_received: counters.messages_received.load(Ordering::Relaxed),
            bytes_received: counters.bytes_received.load(Ordering::Relaxed),
        };
        self.0.iter().map(read).collect()
    }
}
