//! Memory for messages this rank sends. A region comes back when MPI has sent it to every target, which it has not before
//! the receiver took it: so this bounds what is under way.

use std::ptr::NonNull;
use std::sync::{Arc, Weak};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::wire::HEADER;
use crate::error::{CommError, Result};
use crate::shared_bytes::{ALIGNMENT, AlignedBuffer, Lent, SharedBytes};
use crate::transport::{Home, Region};
use crate::transports::extents::Extents;

pub(super) struct Arena {
    base: NonNull<u8>,
    /// Keeps `base`; the memory is touched, and so taken from the system, as it is used.
    _memory: AlignedBuffer,
    state: Mutex<State>,
    /// Somebody here waits for memory.
    pub wanted: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
    me: Weak<Self>,
}

// SAFETY: `base` points into `_memory`; who may touch a region is the protocol of `Region`.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

struct State {
    free: Extents,
    ids: Vec<u32>,
    /// By id.
    used: Vec<Used>,
    /// Something came back since `take_returned`.
    returned: bool,
}

#[derive(Clone, Copy, Default)]
struct Used {
    start: usize,
    size: usize,
    readers: u32,
}

impl Arena {
    /// `wake` is called when memory comes back that somebody waits for.
    pub fn new(bytes: usize, wake: impl Fn() + Send + Sync + 'static) -> Result<Arc<Self>> {
        let no_memory = || CommError::system("no memory for messages", std::io::Error::from(std::io::ErrorKind::OutOfMemory));
        let mut memory = AlignedBuffer::try_zeroed(bytes).ok_or_else(no_memory)?;
        let mut free = Extents::default();
        free.insert(0, bytes);
        Ok(Arc::new_cyclic(|me| Self {
            base: NonNull::from(&mut *memory).cast(),
            _memory: memory,
            state: Mutex::new(State { free, ids: Vec::new(), used: Vec::new(), returned: false }),
            wanted: AtomicBool::new(false),
            wake: Box::new(wake),
            me: me.clone(),
        }))
    }

    /// A region of `length` bytes behind room for a header; `None` when there is none now.
    pub fn reserve(&self, length: usize) -> Option<Region> {
        let size = HEADER + length.next_multiple_of(ALIGNMENT);
        let mut state = self.state.lock();
        let start = state.free.take(size)?;
        let id = match state.ids.pop() {
            Some(id) => id,
            None => {
                state.used.push(Used::default());
                state.used.len() as u32 - 1
            }
        };
        state.used[id as usize] = Used { start, size, readers: 0 };
        drop(state);
        // SAFETY: start + HEADER + length lies in the memory.
        let pointer = unsafe { self.base.add(start + HEADER) };
        Some(Region { pointer, length, offset: (start + HEADER) as u64, id, home: Some(self.me.upgrade()?) })
    }

    /// The header of a published region and the body behind it.
    pub fn message(&self, region: u32) -> NonNull<u8> {
        let start = self.state.lock().used[region as usize].start;
        // SAFETY: a region lies in the memory.
        unsafe { self.base.add(start) }
    }

    /// One reader less: a send that is over, or a view that was dropped.
    pub fn release(&self, region: u32) {
        let mut state = self.state.lock();
        let used = &mut state.used[region as usize];
        used.readers -= 1;
        if used.readers == 0 {
            self.free(state, region);
        }
    }

    fn free(&self, mut state: parking_lot::MutexGuard<'_, State>, region: u32) {
        let Used { start, size, .. } = state.used[region as usize];
        state.free.insert(start, size);
        state.ids.push(region);
        state.returned = true;
        drop(state);
        if self.wanted.load(Ordering::SeqCst) {
            (self.wake)();
        }
    }

    /// Whether anything came back since the last call.
    pub fn take_returned(&self) -> bool {
        std::mem::take(&mut self.state.lock().returned)
    }
}

impl Home for Arena {
    fn publish(&self, region: u32, readers: u32) {
        self.state.lock().used[region as usize].readers = readers;
    }

    fn view(&self, region: u32, offset: u64, length: u64) -> SharedBytes {
        // SAFETY: the offset is that of a region, inside the memory.
        let pointer = unsafe { self.base.add(offset as usize) };
        let arena = self.me.upgrade().expect("whoever holds a region holds its arena");
        SharedBytes::lent(View { arena, region, pointer, length: length as usize })
    }

    fn abandon(&self, region: u32) {
        self.free(self.state.lock(), region);
    }
}

/// This rank's own view of what it sends to all.
struct View {
    arena: Arc<Arena>,
    region: u32,
    pointer: NonNull<u8>,
    length: usize,
}

// SAFETY: a view only reads, and nobody writes the region before the view is dropped.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl Lent for View {
    fn bytes(&self) -> &[u8] {
        // SAFETY: `length` bytes of a published region, which `arena` keeps.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.length) }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.arena.release(self.region);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_region_comes_back_when_all_sends_and_views_are_over() {
        let woken = Arc::new(AtomicUsize::new(0));
        let counter = woken.clone();
        let arena = Arena::new(1 << 20, move || { counter.fetch_add(1, Ordering::SeqCst); }).unwrap();
        let mut region = arena.reserve(1 << 19).unwrap();
        region.bytes_mut()[..3].copy_from_slice(b"abc");
        let id = region.id;
        let own = region.publish(3, true).unwrap();
        assert!(arena.reserve(1 << 19).is_none());
        arena.wanted.store(true, Ordering::SeqCst);
        arena.release(id);
        // SAFETY: the body stands behind the header, and nobody writes it.
        let body = unsafe { std::slice::from_raw_parts(arena.message(id).as_ptr().add(HEADER), 3) };
        assert_eq!((body, &own[..3]), (&b"abc"[..], &b"abc"[..]));
        drop(own);
        assert!(!arena.take_returned());
        arena.release(id);
        assert_eq!((arena.take_returned(), woken.load(Ordering::SeqCst)), (true, 1));
        assert!(arena.reserve(1 << 19).is_some(), "dropped unpublished: free at once");
        assert!(arena.reserve(1 << 19).is_some());
    }
}
