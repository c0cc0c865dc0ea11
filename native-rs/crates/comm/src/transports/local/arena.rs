//! The owner's side of an arena: which bytes are free, and how many are backed by memory.

use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use rustix::fs::FallocateFlags;

use super::memory::{CONTROL_BYTES, Peer, REGIONS};
use crate::shared_bytes::{ALIGNMENT, SharedBytes};
use crate::error::{CommError, Result};
use crate::transport::{Home, Region};
use crate::transports::extents::Extents;

/// The arena grows by this much, and keeps this much when it is idle.
const STEP: usize = 4 << 20;

pub(super) struct Arena {
    file: OwnedFd,
    own: Arc<Peer>,
    limit: usize,
    state: Mutex<State>,
}

struct State {
    /// Bytes from the start that are backed.
    backed: usize,
    free: Extents,
    ids: Vec<u32>,
    /// By id.
    extents: Vec<(usize, usize)>,
    published: Vec<u32>,
    /// Something was freed since `take_returned`.
    returned: bool,
}

impl Arena {
    pub fn new(file: OwnedFd, own: Arc<Peer>, limit: usize) -> Arc<Self> {
        let state = State {
            backed: 0,
            free: Extents::default(),
            ids: (0..REGIONS as u32).rev().collect(),
            extents: vec![(0, 0); REGIONS],
            published: Vec::new(),
            returned: false,
        };
        Arc::new(Self { file, own, limit, state: Mutex::new(state) })
    }

    /// A region of `length` bytes, or `None` when there is no room now.
    pub fn reserve(self: &Arc<Self>, length: usize) -> Result<Option<Region>> {
        let size = length.next_multiple_of(ALIGNMENT);
        let mut state = self.state.lock();
        if state.ids.is_empty() {
            state.reclaim(&self.own.control().readers);
        }
        if state.ids.is_empty() {
            return Ok(None);
        }
        let Some(start) = self.take(&mut state, size)? else { return Ok(None) };
        let Some(id) = state.ids.pop() else { return Ok(None) };
        state.extents[id as usize] = (start, size);
        drop(state);
        // SAFETY: start + size ≤ backed ≤ length of the arena's mapping.
        let pointer: NonNull<u8> = unsafe { self.own.arena().add(start) };
        Ok(Some(Region { pointer, length, offset: start as u64, id, home: Some(self.clone()) }))
    }

    /// Memory that was used before is warm: new memory is taken last.
    fn take(&self, state: &mut State, size: usize) -> Result<Option<usize>> {
        if size == 0 {
            return Ok(Some(0));
        }
        if let Some(start) = state.free.take(size) {
            return Ok(Some(start));
        }
        if state.reclaim(&self.own.control().readers)
            && let Some(start) = state.free.take(size)
        {
            return Ok(Some(start));
        }
        let more = size.next_multiple_of(STEP).min(self.limit - state.backed);
        if more == 0 || state.free.tail(state.backed) + more < size {
            return Ok(None);
        }
        let from = (CONTROL_BYTES + state.backed) as u64;
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), from, more as u64) {
            Ok(()) => {
                let backed = state.backed;
                state.free.insert(backed, more);
                state.backed += more;
                Ok(state.free.take(size))
            }
            // No memory now: what is on its way comes back. Only without anything on its way there is no hope.
            Err(_) if !state.published.is_empty() => Ok(None),
            Err(error) => Err(CommError::system("no memory for messages", error)),
        }
    }

    /// Collects what the readers gave back; whether anything was freed since the last call.
    pub fn take_returned(&self) -> bool {
        let mut state = self.state.lock();
        state.reclaim(&self.own.control().readers);
        std::mem::take(&mut state.returned)
    }

    /// Whether `take_returned` would say yes.
    pub fn has_returned(&self) -> bool {
        let mut state = self.state.lock();
        state.reclaim(&self.own.control().readers);
        state.returned
    }

    /// Gives memory back to the system when nothing is in use. Returns whether more could be given back later.
    pub fn trim(&self) -> bool {
        let mut state = self.state.lock();
        state.reclaim(&self.own.control().readers);
        if state.backed <= STEP {
            return false;
        }
        if state.ids.len() < REGIONS {
            return true;
        }
        let (from, length) = ((CONTROL_BYTES + STEP) as u64, (state.backed - STEP) as u64);
        let mode = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if rustix::fs::fallocate(&self.file, mode, from, length).is_ok() {
            state.backed = STEP;
            state.free = Extents::default();
            state.free.insert(0, STEP);
        }
        false
    }

    /// Whether more is backed than an idle arena keeps.
    pub fn may_trim(&self) -> bool {
        self.state.lock().backed > STEP
    }
}

impl State {
    fn reclaim(&mut self, readers: &[AtomicU32; REGIONS]) -> bool {
        let Self { published, free, ids, extents, .. } = self;
        let before = published.len();
        published.retain(|&id| {
            // Acquire: the readers' last reads are over before the memory is written again.
            let used = readers[id as usize].load(Ordering::Acquire) > 0;
            if !used {
                let (start, size) = extents[id as usize];
                free.insert(start, size);
                ids.push(id);
            }
            used
        });
        let freed = published.len() < before;
        self.returned |= freed;
        freed
    }
}

impl Home for Arena {
    fn publish(&self, region: u32, readers: u32) {
        self.own.control().readers[region as usize].store(readers, Ordering::Release);
        self.state.lock().published.push(region);
    }

    fn view(&self, region: u32, offset: u64, length: u64) -> SharedBytes {
        self.own.view(region, offset, length).expect("a region lies in its own arena")
    }

    fn abandon(&self, region: u32) {
        let mut state = self.state.lock();
        let (start, size) = state.extents[region as usize];
        state.free.insert(start, size);
        state.ids.push(region);
        state.returned = true;
        drop(state);
        if self.own.control().room_wanted.0.load(Ordering::SeqCst) == 1 {
            self.own.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::{EventfdFlags, eventfd};

    use super::*;
    use crate::transports::local::memory;

    fn arena(limit: usize) -> Arc<Arena> {
        let file = memory::create(limit).unwrap();
        let event = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
        let own = Peer::open(0, &file, event, limit, true).unwrap();
        Arena::new(file, Arc::new(own), limit)
    }

    /// Bytes of memory behind the file.
    fn resident(arena: &Arena) -> usize {
        rustix::fs::fstat(&arena.file).unwrap().st_blocks as usize * 512
    }

    #[test]
    fn memory_is_taken_step_by_step_up_to_the_limit_and_given_back() {
        let arena = arena(32 << 20);
        assert_eq!(resident(&arena), CONTROL_BYTES);
        let first = arena.reserve(1000).unwrap().unwrap();
        assert_eq!(resident(&arena), CONTROL_BYTES + STEP);
        let mut held = vec![first];
        while let Some(mut region) = arena.reserve(1 << 20).unwrap() {
            region.bytes_mut().fill(1);
            held.push(region);
        }
        assert_eq!(held.len(), 32, "31 of 1 MiB and the small one");
        assert_eq!(resident(&arena), CONTROL_BYTES + (32 << 20));
        assert!(arena.trim(), "in use: later");
        held.clear();
        assert!(!arena.trim());
        assert_eq!(resident(&arena), CONTROL_BYTES + STEP);
        assert!(arena.reserve(16 << 20).unwrap().is_some());
    }

    #[test]
    fn a_region_comes_back_when_its_last_view_is_dropped() {
        let arena = arena(4 << 20);
        let mut region = arena.reserve(3 << 20).unwrap().unwrap();
        region.bytes_mut()[..3].copy_from_slice(b"abc");
        let (id, offset, length) = (region.id, region.offset, region.length as u64);
        let own = region.publish(2, true).unwrap();
        let other = arena.own.view(id, offset, length).unwrap();
        assert_eq!((&own[..3], &other[..3]), (&b"abc"[..], &b"abc"[..]));
        drop(own);
        assert!(arena.reserve(3 << 20).unwrap().is_none());
        drop(other);
        assert!(arena.take_returned());
        assert!(arena.reserve(3 << 20).unwrap().is_some());
    }

    #[test]
    fn views_outside_the_arena_are_refused() {
        let arena = arena(4 << 20);
        assert!(arena.own.view(0, 4 << 20, 1).is_none());
        assert!(arena.own.view(0, u64::MAX, 2).is_none());
        assert!(arena.own.view(REGIONS as u32, 0, 1).is_none());
    }

    #[test]
    fn ids_run_out_like_memory_does() {
        let arena = arena(4 << 20);
        let held: Vec<_> = (0..REGIONS).map(|_| arena.reserve(0).unwrap().unwrap()).collect();
        assert!(arena.reserve(0).unwrap().is_none());
        drop(held);
        assert!(arena.reserve(0).unwrap().is_some());
    }
}
