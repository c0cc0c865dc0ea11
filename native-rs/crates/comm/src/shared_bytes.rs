//! Received bytes, in place in the sender's memory or copied.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::collections::HashMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// Alignment of every message, in arenas and in copies: what Arrow wants of its buffers.
pub const ALIGNMENT: usize = 64;

/// A heap buffer of fixed length, aligned like an arena.
pub(crate) struct AlignedBuffer {
    pointer: NonNull<u8>,
    length: usize,
}

// SAFETY: the buffer owns its memory, as a Box<[u8]> does.
unsafe impl Send for AlignedBuffer {}
// SAFETY: shared access is read-only.
unsafe impl Sync for AlignedBuffer {}

impl AlignedBuffer {
    /// `None` where the allocator refuses.
    pub fn try_zeroed(length: usize) -> Option<Self> {
        if length == 0 {
            return Some(Self { pointer: NonNull::dangling(), length });
        }
        let layout = Layout::from_size_align(length, ALIGNMENT).ok()?;
        // SAFETY: the layout has a non-zero size.
        let pointer = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })?;
        Some(Self { pointer, length })
    }

    pub fn zeroed(length: usize) -> Self {
        Self::try_zeroed(length)
            .unwrap_or_else(|| handle_alloc_error(Layout::from_size_align(length, ALIGNMENT).unwrap_or(Layout::new::<u8>())))
    }

    /// A buffer to be filled; `None` where the allocator refuses.
    ///
    /// # Safety
    /// All of it is written before any of it is read.
    pub unsafe fn try_unfilled(length: usize) -> Option<Self> {
        if length == 0 {
            return Some(Self { pointer: NonNull::dangling(), length });
        }
        let layout = Layout::from_size_align(length, ALIGNMENT).ok()?;
        // SAFETY: the layout has a non-zero size.
        let pointer = NonNull::new(unsafe { alloc(layout) })?;
        Some(Self { pointer, length })
    }

    /// Where to write, for those that fill it behind the compiler's back.
    pub fn as_mut_pointer(&mut self) -> *mut u8 {
        self.pointer.as_ptr()
    }

    pub fn copy_of(source: &[u8]) -> Self {
        if source.is_empty() {
            return Self { pointer: NonNull::dangling(), length: 0 };
        }
        let layout = Layout::from_size_align(source.len(), ALIGNMENT).expect("a slice's length fits a layout");
        // SAFETY: the layout has a non-zero size; the new memory has room for the source and does not overlap it.
        unsafe {
            let Some(pointer) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            pointer.copy_from_nonoverlapping(NonNull::from(source).cast(), source.len());
            Self { pointer, length: source.len() }
        }
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: `length` initialised bytes are owned; a dangling pointer goes with length 0 only.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.length) }
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in deref; `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr(), self.length) }
    }
}

impl AsRef<[u8]> for AlignedBuffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for AlignedBuffer {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: allocated with this very layout.
            unsafe { dealloc(self.pointer.as_ptr(), Layout::from_size_align_unchecked(self.length, ALIGNMENT)) }
        }
    }
}

/// Bytes in memory that somebody else lends until `self` is dropped.
pub(crate) trait Lent: Send + Sync {
    fn bytes(&self) -> &[u8];

    /// The bytes as the consumer's own; what was lent is given back.
    fn into_owned(self: Box<Self>) -> Bytes {
        Bytes::from_owner(AlignedBuffer::copy_of(self.bytes()))
    }
}

/// A received message body. Reads the sender's memory in place where it can; dropping it gives the memory back.
pub struct SharedBytes {
    body: Body,
    pin: Option<Pin>,
}

enum Body {
    Owned(Bytes),
    Lent(Box<dyn Lent>),
}

impl SharedBytes {
    pub(crate) fn lent(lent: impl Lent + 'static) -> Self {
        Self { body: Body::Lent(Box::new(lent)), pin: None }
    }

    #[cfg(test)]
    pub(crate) fn copied(source: &[u8]) -> Self {
        AlignedBuffer::copy_of(source).into()
    }

    /// Whether another rank's memory is held.
    pub fn is_lent(&self) -> bool {
        matches!(self.body, Body::Lent(_))
    }

    /// The same bytes, no longer lent: copied where they are another's memory.
    pub(crate) fn into_owned(self) -> Self {
        match self.body {
            Body::Owned(_) => self,
            Body::Lent(lent) => lent.into_owned().into(),
        }
    }

    pub(crate) fn pinned(mut self, pin: Pin) -> Self {
        self.pin = Some(pin);
        self
    }

    /// The same bytes as reference-counted `Bytes`, without a copy.
    pub fn into_bytes(self) -> Bytes {
        match self.body {
            Body::Owned(bytes) => bytes,
            Body::Lent(_) => Bytes::from_owner(self),
        }
    }
}

impl From<AlignedBuffer> for SharedBytes {
    fn from(buffer: AlignedBuffer) -> Self {
        Bytes::from_owner(buffer).into()
    }
}

impl From<Bytes> for SharedBytes {
    fn from(bytes: Bytes) -> Self {
        Self { body: Body::Owned(bytes), pin: None }
    }
}

impl From<SharedBytes> for Bytes {
    fn from(shared: SharedBytes) -> Self {
        shared.into_bytes()
    }
}

impl Deref for SharedBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match &self.body {
            Body::Owned(bytes) => bytes,
            Body::Lent(lent) => lent.bytes(),
        }
    }
}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedBytes({} bytes{})", self.len(), if self.is_lent() { ", lent" } else { "" })
    }
}

/// What the consumers of this rank hold of the memory of senders, of those of which they hold any.
#[derive(Clone, Default)]
pub(crate) struct Pins(Arc<Mutex<HashMap<usize, Held>>>);

#[derive(Default)]
struct Held {
    bytes: usize,
    count: usize,
}

/// Counted in `Pins` until dropped.
pub(crate) struct Pin {
    pins: Pins,
    from: usize,
    bytes: usize,
}

impl Pins {
    /// Counts `bytes` more of `from`'s memory, unless that passes a limit.
    pub fn try_pin(&self, from: usize, bytes: usize, limit_bytes: usize, limit_count: usize) -> Option<Pin> {
        let mut all = self.0.lock();
        let (held, held_count) = all.get(&from).map_or((0, 0), |held| (held.bytes, held.count));
        if held + bytes > limit_bytes || held_count >= limit_count {
            return None;
        }
        all.insert(from, Held { bytes: held + bytes, count: held_count + 1 });
        Some(Pin { pins: self.clone(), from, bytes })
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut all = self.pins.0.lock();
        let Some(held) = all.get_mut(&self.from) else { return };
        held.bytes -= self.bytes;
        held.count -= 1;
        if held.count == 0 {
            all.remove(&self.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn buffers_are_aligned_and_may_be_empty() {
        for length in [0, 1, 63, 64, 1000] {
            let source: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let mut copy = AlignedBuffer::copy_of(&source);
            assert_eq!(*copy, *source);
            assert!(length == 0 || copy.as_ptr() as usize % ALIGNMENT == 0);
            copy.fill(7);
            assert!(AlignedBuffer::zeroed(length).iter().all(|&byte| byte == 0));
        }
        assert!(AlignedBuffer::try_zeroed(usize::MAX).is_none());
    }

    #[test]
    fn what_is_lent_is_given_back_once() {
        struct Loan(Arc<AtomicUsize>, Vec<u8>);
        impl Lent for Loan {
            fn bytes(&self) -> &[u8] {
                &self.1
            }
        }
        impl Drop for Loan {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (returned, pins) = (Arc::new(AtomicUsize::new(0)), Pins::default());
        let pin = pins.try_pin(1, 3, 4, 1).unwrap();
        assert!(pins.try_pin(1, 1, 4, 1).is_none(), "one at a time");
        assert!(pins.try_pin(0, 4, 4, 1).is_some(), "each for itself");
        let shared = SharedBytes::lent(Loan(returned.clone(), vec![1, 2, 3])).pinned(pin);
        let bytes = shared.into_bytes();
        let part = bytes.slice(1..);
        drop(bytes);
        assert_eq!((returned.load(Ordering::SeqCst), &part[..]), (0, &[2, 3][..]));
        drop(part);
        assert_eq!(returned.load(Ordering::SeqCst), 1);
        assert!(pins.try_pin(1, 4, 4, 1).is_some());
        assert!(pins.try_pin(1, 5, 4, 1).is_none());
    }
}
