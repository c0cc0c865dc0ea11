//! Counts of what travelled.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Messages and bytes between this rank and one other, collectives included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerTraffic {
    pub messages_sent: u64,
    pub bytes_sent: u64,
    pub messages_received: u64,
    pub bytes_received: u64,
}

/// By rank, of those that this one has had to do with: of many ranks few.
#[derive(Default)]
pub(crate) struct Traffic(Mutex<BTreeMap<usize, PeerTraffic>>);

impl Traffic {
    pub fn sent(&self, to: usize, bytes: u64, first: bool) {
        let mut all = self.0.lock();
        let peer = all.entry(to).or_default();
        peer.messages_sent += u64::from(first);
        peer.bytes_sent += bytes;
    }

    pub fn received(&self, from: usize, bytes: u64, first: bool) {
        let mut all = self.0.lock();
        let peer = all.entry(from).or_default();
        peer.messages_received += u64::from(first);
        peer.bytes_received += bytes;
    }

    pub fn read(&self) -> BTreeMap<usize, PeerTraffic> {
        self.0.lock().clone()
    }
}
