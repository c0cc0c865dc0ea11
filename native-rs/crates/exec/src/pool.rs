//! The memory of a rank, divided over its operators.
use std::fmt::{self, Display, Formatter};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{Result, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, TrackConsumersPool, UnboundedMemoryPool, human_readable_size,
};
use parking_lot::Mutex;

use crate::resident::{Allocator, watch};

/// The part of the memory that an operator that spills has in any case, if it is free: a few batches. Of many operators together an eighth.
/// And what a merge has: as much as sorts set aside for it.
pub const LEAST: usize = 32;

/// Operators that spill get equal shares, as in DataFusion's `FairSpillPool`; but a quarter of the memory is left to those that do
/// not. Sorts that merge what they spilled take all they can get, and then a join or aggregation that reads them had nothing; so they
/// leave an eighth more.
/// What the process takes beside its reservations is everybody's to spare, up to half of the limit and down to what one cannot work without:
/// a few batches, or the quarter; but not a merge's, which holds what it has begun with.
#[derive(Debug)]
pub struct SharedPool {
    limit: usize,
    /// Bytes that the process takes beside what is reserved here, as far as is known.
    unreserved: Arc<AtomicUsize>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Operators that spill.
    spillers: usize,
    /// Bytes of them, of their merges, of all others.
    spillable: usize,
    merging: usize,
    fixed: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Spillable,
    Merging,
    Fixed,
}

impl Kind {
    fn of(consumer: &MemoryConsumer) -> Self {
        // Of rows in the order of their groups an aggregation holds a batch's, and spills none: it only says so to DataFusion's pools.
        let ordered = || ["OrderedFinalAggregateStream", "OrderedPartialAggregateStream"].iter().any(|name| consumer.name().starts_with(name));
        match consumer.can_spill() {
            true if ordered() => Self::Fixed,
            true => Self::Spillable,
            false if consumer.name().starts_with("ExternalSorterMerge") => Self::Merging,
            false => Self::Fixed,
        }
    }
}

impl State {
    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Spillable => &mut self.spillable,
            Kind::Merging => &mut self.merging,
            Kind::Fixed => &mut self.fixed,
        }
    }

    fn reserved(&self) -> usize {
        self.spillable + self.merging + self.fixed
    }

    /// What a reservation of `held` bytes may take more.
    fn available(&self, limit: usize, unreserved: usize, kind: Kind, held: usize) -> usize {
        let free = limit.saturating_sub(self.reserved());
        // What a process takes whatever it does must not leave nothing of a small limit.
        let unreserved = unreserved.min(limit / 2);
        let sorts = |taken: usize| (limit - limit / 4).min(limit.saturating_sub(self.fixed + taken));
        // What one has in any case leaves an eighth to those that do not spill, and to what a join takes without asking.
        let spare = free.saturating_sub((limit / 8).saturating_sub(self.fixed));
        match kind {
            Kind::Spillable => {
                let share = sorts(unreserved).saturating_sub(self.merging) / self.spillers.max(1);
                // Who holds nothing has nothing to spill, and needs a batch.
                let least = if held == 0 { limit / 4 } else { limit / LEAST.max(8 * self.spillers) };
                share.saturating_sub(held).max(least.saturating_sub(held).min(spare)).min(free)
            }
            Kind::Merging => {
                // More runs at a time are of use, and not needed: an eighth is left to other sorts.
                let more = sorts(0).saturating_sub(limit / 8 + self.spillable + self.merging);
                more.max((limit / LEAST).saturating_sub(held).min(spare)).min(free)
            }
            Kind::Fixed => free.min((limit / 4).saturating_sub(self.fixed).max(free.saturating_sub(unreserved))),
        }
    }
}

/// The pool of a rank with so many bytes, 0: as many as there are. What the `allocator` has free is the rank's, too.
pub fn of_rank(limit: usize, allocator: Option<Allocator>) -> Arc<dyn MemoryPool> {
    if limit == 0 {
        return Arc::new(UnboundedMemoryPool::default());
    }
    let unreserved = Arc::<AtomicUsize>::default();
    let shared = SharedPool::new(limit, unreserved.clone());
    // Errors name the three that hold most.
    let pool: Arc<dyn MemoryPool> = Arc::new(TrackConsumersPool::new(shared, NonZeroUsize::new(3).unwrap_or(NonZeroUsize::MIN)));
    if let Some(allocator) = allocator {
        watch(&pool, limit, unreserved, allocator);
    }
    pool
}

impl SharedPool {
    fn new(limit: usize, unreserved: Arc<AtomicUsize>) -> Self {
        Self { limit, unreserved, state: Mutex::default() }
    }
}

impl MemoryPool for SharedPool {
    fn name(&self) -> &str {
        "shared"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.state.lock().spillers += usize::from(Kind::of(consumer) == Kind::Spillable);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.state.lock().spillers -= usize::from(Kind::of(consumer) == Kind::Spillable);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.state.lock().of(Kind::of(reservation.consumer())) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        *self.state.lock().of(Kind::of(reservation.consumer())) -= shrink;
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let kind = Kind::of(reservation.consumer());
        let mut state = self.state.lock();
        let available = state.available(self.limit, self.unreserved.load(Ordering::Relaxed), kind, reservation.size());
        if additional > available {
            // In the words of DataFusion's pools, which the message for people is made of.
            return Err(resources_datafusion_err!(
                "Failed to allocate additional {} for {} with {} already allocated for this reservation - {} remain available for the total memory pool: {self}",
                human_readable_size(additional),
                reservation.consumer().name(),
                human_readable_size(reservation.size()),
                human_readable_size(available)
            ));
        }
        *state.of(kind) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.state.lock().reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl Display for SharedPool {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(pool_size: {})", self.name(), human_readable_size(self.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_leave_a_quarter_and_nobody_gets_more_than_there_is() {
        let unreserved = Arc::<AtomicUsize>::default();
        let pool: Arc<dyn MemoryPool> = Arc::new(SharedPool::new(400, unreserved.clone()));
        let consumer = |name: &str, spills: bool| MemoryConsumer::new(name).with_can_spill(spills).register(&pool);
        let (a, b) = (consumer("ExternalSorter", true), consumer("ExternalSorter", true));
        assert!(a.try_grow(151).is_err() && a.try_grow(150).is_ok() && b.try_grow(100).is_ok());
        let merge = consumer("ExternalSorterMerge[1]", false);
        assert!(merge.try_grow(13).is_err() && merge.try_grow(12).is_ok());
        let join = consumer("HashJoinInput", false);
        assert!(join.try_grow(139).is_err() && join.try_grow(138).is_ok());
        assert!(b.try_grow(1).is_err() && merge.try_grow(1).is_err());
        drop((a, merge));
        assert_eq!(pool.reserved(), 238);
        // The quarter is an ordered aggregation's, too.
        let groups = consumer("OrderedFinalAggregateStream[0]", true);
        assert!(groups.try_grow(162).is_ok() && groups.try_grow(1).is_err());
        drop(groups);
        assert!(join.try_grow(112).is_ok() && b.try_grow(51).is_err() && b.try_grow(50).is_ok());
        assert_eq!(pool.reserved(), 400);
        // What nobody has reserved is theirs to spare who spill, and nobody else's.
        drop((b, join));
        unreserved.store(250, Ordering::Relaxed);
        let (a, join) = (consumer("ExternalSorter", true), consumer("HashJoinInput", false));
        assert!(a.try_grow(201).is_err() && a.try_grow(200).is_ok() && a.try_grow(1).is_err());
        assert!(join.try_grow(101).is_err() && join.try_grow(100).is_ok() && join.try_grow(1).is_err());
        drop(join);
        unreserved.store(1000, Ordering::Relaxed);
        assert!(a.try_grow(1).is_err());
        a.free();
        let merge = consumer("ExternalSorterMerge[1]", false);
        assert!(merge.try_grow(251).is_err() && merge.try_grow(250).is_ok());
        assert!(a.try_grow(101).is_err() && a.try_grow(100).is_ok() && a.try_grow(1).is_err());
    }
}
