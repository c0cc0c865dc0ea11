//! The transport of one rank: nothing to carry. A thread exists only while a consumer has to be watched.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::core::Core;
use crate::error::Result;
use crate::operation::Identity;
use crate::transport::{Frame, Inbox, Limits, Region, Transport};

pub(crate) struct Solo {
    core: Weak<Core>,
    epoch: std::sync::atomic::AtomicU32,
    ticking: Arc<Mutex<bool>>,
}

impl Solo {
    pub fn new(core: &Arc<Core>) -> Arc<Self> {
        Arc::new(Self { core: Arc::downgrade(core), epoch: 0.into(), ticking: Arc::default() })
    }
}

impl Transport for Solo {
    fn limits(&self) -> Limits {
        Limits { fragment: usize::MAX, smallest_fragment: usize::MAX, pinned_bytes: 0, pinned_count: 0, looks: 0, spin: Duration::ZERO }
    }

    fn reserve(&self, _length: usize) -> Result<Option<Region>> {
        Ok(None)
    }

    fn want_room(&self) {}

    fn wants_room(&self, _rank: usize) -> bool {
        false
    }

    fn post(&self, _to: usize, _frame: &Frame) {}

    fn progress(&self) {}

    fn spin_begin(&self) -> bool {
        false
    }

    fn spin_end(&self, _token: bool) {}

    fn announce_failure(&self, _epoch: u32, _record: &[u8]) {}

    fn failures(&self, _epoch: u32) -> Vec<(usize, Vec<u8>)> {
        Vec::new()
    }

    fn announce_epoch(&self, epoch: u32) {
        self.epoch.store(epoch, std::sync::atomic::Ordering::Release);
    }

    fn all_past(&self, epoch: u32) -> bool {
        self.epoch.load(std::sync::atomic::Ordering::Acquire) > epoch
    }

    fn announce_position(&self, _epoch: u32, _identity: &Identity) {}

    fn position(&self, _rank: usize) -> Option<(u32, Identity)> {
        None
    }

    fn sign_of_life(&self, _rank: usize) -> u32 {
        0
    }

    fn announce_silence(&self, _ranks: &[usize]) {}

    fn nudge(&self) {
        let mut ticking = self.ticking.lock();
        if *ticking {
            return;
        }
        *ticking = true;
        let (core, ticking) = (self.core.clone(), self.ticking.clone());
        std::thread::spawn(move || {
            loop {
                // Under the lock, so that a nudge either sees the thread end or is seen by its last tick.
                let next = {
                    let mut ticking = ticking.lock();
                    let next = core.upgrade().and_then(|core| core.tick(Instant::now()));
                    *ticking = next.is_some();
                    next
                };
                match next {
                    Some(next) => std::thread::sleep(next.saturating_duration_since(Instant::now())),
                    None => return,
                }
            }
        });
    }

    fn close(&self) {}
}
