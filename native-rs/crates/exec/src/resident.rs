//! What the process takes, beside what its operators have reserved: batches on their way, pages that a file's reader has decoded,
//! what the allocator keeps for what comes next. Near the limit the allocator gives back what is free and what gets free, and what is
//! still there is taken from the operators that can spill (`pool.rs`): the limit is one of the process, and not of what is counted.
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use datafusion::execution::memory_pool::MemoryPool;

/// Between two looks: near the limit, and far from it.
const SOON: Duration = Duration::from_millis(5);
const LATER: Duration = Duration::from_millis(20);
/// Looks after which what is there is measured again, near the limit.
const LOOKS: u32 = 100;

/// What there is to do about memory that is free and not the system's: functions of `lockstep-allocator`.
#[derive(Debug, Clone, Copy)]
pub struct Allocator {
    /// Gives it back.
    pub purge: fn(),
    /// Whether what is freed from now on is kept for what comes next, or given back at once.
    pub keep: fn(bool),
}

/// Looks until nobody has the pool; `unreserved` is what the pool is told, in bytes.
pub fn watch(pool: &Arc<dyn MemoryPool>, limit: usize, unreserved: Arc<AtomicUsize>, allocator: Allocator) {
    let Some(base) = resident() else { return };
    let mut watch = Watch { pool: Arc::downgrade(pool), limit, base, bound: limit / 4, looks: 0, keeps: true, unreserved, allocator, resident };
    // Without the thread all is as where the system does not say what is resident.
    let _ = thread::Builder::new().name("lockstep-memory".into()).spawn(move || {
        while let Some(pause) = watch.look() {
            thread::sleep(pause);
        }
    });
}

struct Watch {
    pool: Weak<dyn MemoryPool>,
    limit: usize,
    /// What was resident before the first operator.
    base: usize,
    /// Past this memory is given back. It rises with what is held, so that all but the first operators know what there is beside them, and
    /// falls to the limit and no further: below it what is free is kept.
    bound: usize,
    /// Since memory was given back.
    looks: u32,
    /// Whether what is freed is kept.
    keeps: bool,
    unreserved: Arc<AtomicUsize>,
    allocator: Allocator,
    resident: fn() -> Option<usize>,
}

impl Watch {
    fn look(&mut self) -> Option<Duration> {
        let held = self.held()?;
        let step = self.limit / 8;
        let near = held > self.limit - step;
        let known = self.unreserved.load(Ordering::Relaxed);
        self.looks += 1;
        let far = held < self.limit - 2 * step;
        if self.keeps && near || !self.keeps && far {
            self.keeps = far;
            (self.allocator.keep)(far);
        }
        if held > self.bound || near && self.looks >= LOOKS {
            (self.allocator.purge)();
            let held = self.held()?;
            let reserved = self.pool.upgrade()?.reserved();
            // Not less at once: what was on its way has company soon.
            self.unreserved.store(held.saturating_sub(reserved).max(known - known / 16), Ordering::Relaxed);
            // What is in use, JavaScript's objects among it, is not looked through again and again.
            self.bound = self.bound.max(held + step);
            self.looks = 0;
        } else if !near {
            // What is free and kept cannot be told from what is in use: only that it is no more than this.
            self.unreserved.store((known - known / 256).min(held), Ordering::Relaxed);
        }
        self.bound = self.bound.min(self.limit.max(held + step));
        self.pool.upgrade()?;
        Some(if held < self.limit / 2 { LATER } else { SOON })
    }

    fn held(&self) -> Option<usize> {
        Some((self.resident)()?.saturating_sub(self.base))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.keeps {
            (self.allocator.keep)(true);
        }
    }
}

/// Bytes in memory that are no file's; None: the system does not say.
fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use datafusion::execution::memory_pool::{MemoryConsumer, UnboundedMemoryPool};

    use super::*;

    const BASE: usize = 1000;
    static RESIDENT: AtomicUsize = AtomicUsize::new(0);
    static PURGED: AtomicUsize = AtomicUsize::new(0);
    static KEEPS: AtomicBool = AtomicBool::new(true);

    #[test]
    fn what_nobody_has_reserved_is_known_near_the_limit() {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let reserved = MemoryConsumer::new("test").register(&pool);
        let unreserved = Arc::new(AtomicUsize::new(0));
        // A tenth of what is there is free.
        let purge = || {
            PURGED.fetch_add(1, Ordering::Relaxed);
            RESIDENT.store(BASE + (RESIDENT.load(Ordering::Relaxed) - BASE) / 10 * 9, Ordering::Relaxed);
        };
        let keep = |keeps| KEEPS.store(keeps, Ordering::Relaxed);
        let resident = || Some(RESIDENT.load(Ordering::Relaxed));
        let mut watch = Watch { pool: Arc::downgrade(&pool), limit: 8000, base: BASE, bound: 2000, looks: 0, keeps: true, unreserved: unreserved.clone(), allocator: Allocator { purge, keep }, resident };
        let mut after = |looks: usize, held: usize, own: usize| {
            RESIDENT.store(BASE + held, Ordering::Relaxed);
            reserved.resize(own);
            let before = PURGED.load(Ordering::Relaxed);
            (0..looks).for_each(|_| assert!(watch.look().is_some()));
            (PURGED.load(Ordering::Relaxed) - before, unreserved.load(Ordering::Relaxed))
        };
        assert_eq!(after(10, 1000, 0), (0, 0));
        // On the way to the limit, once.
        assert_eq!(after(1, 3000, 500), (1, 2200));
        assert_eq!(after(1, 3000, 500).0, 0);
        assert!(KEEPS.load(Ordering::Relaxed));
        // At the limit what is there stays known, and is measured again.
        assert_eq!(after(1, 10_000, 5000), (1, 4000));
        assert!(!KEEPS.load(Ordering::Relaxed));
        assert_eq!(after(90, 9000, 5000), (0, 4000));
        let (purged, known) = after(300, 9000, 5000);
        assert!(purged == 3 && (2000..4000).contains(&known), "{purged} {known}");
        // Far from it it is forgotten.
        let (_, known) = after(2000, 3000, 2000);
        assert!(known < 300 && KEEPS.load(Ordering::Relaxed), "{known}");
        // What it did ends with it.
        assert_eq!(after(1, 10_000, 5000).0, 1);
        assert!(!KEEPS.load(Ordering::Relaxed));
        drop((reserved, pool));
        assert!(watch.look().is_none());
        drop(watch);
        assert!(KEEPS.load(Ordering::Relaxed));
    }
}
