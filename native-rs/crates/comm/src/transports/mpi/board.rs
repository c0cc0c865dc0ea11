//! What the ranks have announced, as far as this one has heard.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use crate::operation::Identity;

pub(super) struct Board {
    /// By rank: it has left all epochs before.
    epochs: Vec<AtomicU32>,
    /// By rank: messages heard of it.
    heard: Vec<AtomicU32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By rank and parity of the epoch: one is overwritten only when all ranks have left its epoch.
    failures: HashMap<(usize, u32), (u32, Vec<u8>)>,
    positions: HashMap<usize, (u32, Identity)>,
}

impl Board {
    pub fn new(size: usize) -> Self {
        let zeros = || (0..size).map(|_| AtomicU32::new(0)).collect();
        Self { epochs: zeros(), heard: zeros(), state: Mutex::default() }
    }

    pub fn epoch(&self, rank: usize) -> u32 {
        self.epochs[rank].load(Ordering::SeqCst)
    }

    pub fn set_epoch(&self, rank: usize, epoch: u32) {
        self.epochs[rank].store(epoch, Ordering::SeqCst);
    }

    /// The epoch that all ranks have reached.
    pub fn common_epoch(&self) -> u32 {
        self.epochs.iter().map(|epoch| epoch.load(Ordering::SeqCst)).min().unwrap_or_default()
    }

    pub fn heard(&self, rank: usize) -> u32 {
        self.heard[rank].load(Ordering::Relaxed)
    }

    pub fn hear(&self, rank: usize) {
        self.heard[rank].fetch_add(1, Ordering::Relaxed);
    }

    pub fn failure(&self, rank: usize, epoch: u32) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let (of, record) = state.failures.get(&(rank, epoch % 2))?;
        (*of == epoch).then(|| record.clone())
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
