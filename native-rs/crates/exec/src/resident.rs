//! What the process takes, beside what its operators have reserved: batches on their way, pages that a file's reader has decoded,
//! what the allocator keeps for what comes next. Near the limit the allocator gives back what is free, and what is still there is
//! taken from the operators that can spill (`pool.rs`): the limit is one of the process, and not of what is counted.
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use datafusion::execution::memory_pool::MemoryPool;

/// Between two looks: near the limit, and far from it.
const SOON: Duration = Duration::from_millis(5);
const LATER: Duration = Duration::from_millis(20);

/// Looks until nobody has the pool; `unreserved` is what the pool is told, in bytes. `purge` gives free memory back to the system.
pub fn watch(pool: &Arc<dyn MemoryPool>, limit: usize, unreserved: Arc<AtomicUsize>, purge: fn()) {
    let Some(base) = resident() else { return };
    let mut watch = Watch { pool: Arc::downgrade(pool), limit, base, bound: limit / 4, unreserved, purge };
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
    unreserved: Arc<AtomicUsize>,
    purge: fn(),
}

impl Watch {
    fn look(&mut self) -> Option<Duration> {
        let reserved = self.pool.upgrade()?.reserved();
        let held = self.held()?;
        let step = self.limit / 8;
        let known = self.unreserved.load(Ordering::Relaxed);
        if held > self.bound {
            (self.purge)();
            let held = self.held()?;
            // Not less at once: what was on its way has company soon.
            self.unreserved.store(held.saturating_sub(reserved).max(known - known / 16), Ordering::Relaxed);
            // What is in use, JavaScript's objects among it, is not looked through again and again.
            self.bound = self.bound.max(held + step);
        } else {
            // What is free and kept cannot be told from what is in use: only that it is no more than this.
            self.unreserved.store((known - known / 256).min(held), Ordering::Relaxed);
            self.bound = self.bound.min(self.limit.max(held + step));
        }
        Some(if held < self.limit / 2 { LATER } else { SOON })
    }

    fn held(&self) -> Option<usize> {
        Some(resident()?.saturating_sub(self.base))
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
    use datafusion::execution::memory_pool::{MemoryConsumer, UnboundedMemoryPool};

    use super::*;

    #[test]
    fn what_nobody_has_reserved_is_known_near_the_limit() {
        static PURGED: AtomicUsize = AtomicUsize::new(0);
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let reserved = MemoryConsumer::new("test").register(&pool);
        reserved.grow(50 << 20);
        let unreserved = Arc::new(AtomicUsize::new(0));
        let purge = || _ = PURGED.fetch_add(1, Ordering::Relaxed);
        let mut watch = Watch { pool: Arc::downgrade(&pool), limit: 100 << 20, base: resident().unwrap(), bound: 100 << 20, unreserved: unreserved.clone(), purge };
        assert!(watch.look().is_some());
        assert_eq!((PURGED.load(Ordering::Relaxed), unreserved.load(Ordering::Relaxed)), (0, 0));
        let held = vec![1u8; 200 << 20];
        assert!(watch.look().is_some());
        let told = unreserved.load(Ordering::Relaxed) >> 20;
        assert!(PURGED.load(Ordering::Relaxed) == 1 && (130..250).contains(&told), "{told} MiB");
        // It has not grown since, and is looked through once.
        assert!(watch.look().is_some());
        assert_eq!(PURGED.load(Ordering::Relaxed), 1);
        drop((held, reserved, pool));
        assert!(watch.look().is_none());
    }
}
