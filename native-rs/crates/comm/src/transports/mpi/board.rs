//! What the others have announced, as far as this one has heard; of ranks of which it has heard nothing there is nothing here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use crate::operation::Identity;

#[derive(Default)]
pub(super) struct Board {
    /// All ranks have left all epochs before.
    common_epoch: AtomicU32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By rank and parity of the epoch: one is overwritten only when all ranks have left its epoch.
    failures: HashMap<(usize, u32), (u32, Vec<u8>)>,
    positions: HashMap<usize, (u32, Identity)>,
    /// Messages heard of a rank.
    heard: HashMap<usize, u32>,
}

impl Board {
    /// The epoch that all ranks have reached.
    pub fn common_epoch(&self) -> u32 {
        self.common_epoch.load(Ordering::SeqCst)
    }

    pub fn set_common_epoch(&self, epoch: u32) {
        self.common_epoch.store(epoch, Ordering::SeqCst);
    }

    pub fn heard(&self, rank: usize) -> u32 {
        self.state.lock().heard.get(&rank).copied().unwrap_or(0)
    }

    pub fn hear(&self, rank: usize) {
        *self.state.lock().heard.entry(rank).or_default() += 1;
    }

    /// Of an epoch, by rank.
    pub fn failures(&self, epoch: u32) -> Vec<(usize, Vec<u8>)> {
        let state = self.state.lock();
        let of_epoch = state.failures.iter().filter(|(_, (of, _))| *of == epoch);
        let mut failures: Vec<_> = of_epoch.map(|((rank, _), (_, record))| (*rank, record.clone())).collect();
        failures.sort_by_key(|(rank, _)| *rank);
        failures
    }

    pub fn set_failure(&self, rank: usize, epoch: u32, record: Vec<u8>) {
        self.state.lock().failures.insert((rank, epoch % 2), (epoch, record));
    }

    pub fn position(&self, rank: usize) -> Option<(u32, Identity)> {
        self.state.lock().positions.get(&rank).copied()
    }

    pub fn set_position(&self, rank: usize, epoch: u32, identity: Identity) {
        self.state.lock().positions.insert(rank, (epoch, identity));
    }
}
