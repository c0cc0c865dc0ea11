//! Memory for messages that have arrived here and that nobody has taken yet. When it is used up, nothing more is received,
//! until consumers take what waits, or it is set aside because they do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;

use super::wire::HEADER;
use crate::shared_bytes::{AlignedBuffer, Lent, SharedBytes};

pub(super) struct Pool {
    limit: usize,
    used: AtomicUsize,
    /// A message waits for room.
    pressed: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Pool {
    /// `wake` is called when room comes back that a message waits for.
    pub fn new(limit: usize, wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0), pressed: AtomicBool::new(false), wake: Box::new(wake) })
    }

    pub fn pressed(&self) -> bool {
        self.pressed.load(Ordering::SeqCst)
    }

    /// Room for a message, or `None`: ask again later. There is always some when nothing else is held.
    pub fn admit(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let before = self.used.fetch_add(bytes, Ordering::SeqCst);
        if before > 0 && before + bytes > self.limit {
            self.used.fetch_sub(bytes, Ordering::SeqCst);
            self.pressed.store(true, Ordering::SeqCst);
            return None;
        }
        self.pressed.store(false, Ordering::SeqCst);
        Some(Room { pool: self.clone(), bytes })
    }
}

/// Counted until dropped.
pub(super) struct Room {
    pool: Arc<Pool>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.pool.used.fetch_sub(self.bytes, Ordering::SeqCst);
        if self.pool.pressed() {
            (self.pool.wake)();
        }
    }
}

/// A received message: header and body.
pub(super) struct Arrived {
    buffer: AlignedBuffer,
    _room: Room,
}

impl Arrived {
    pub fn body(buffer: AlignedBuffer, room: Room) -> SharedBytes {
        SharedBytes::lent(Self { buffer, _room: room })
    }
}

impl Lent for Arrived {
    fn bytes(&self) -> &[u8] {
        &self.buffer[HEADER..]
    }

    /// The memory is this rank's own: it goes over to the consumer, and the room comes back.
    fn into_owned(self: Box<Self>) -> Bytes {
        let Self { buffer, _room } = *self;
        Bytes::from_owner(buffer).slice(HEADER..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_when_a_message_is_taken_or_dropped() {
        let woken = Arc::new(AtomicUsize::new(0));
        let counter = woken.clone();
        let pool = Pool::new(1000, move || { counter.fetch_add(1, Ordering::SeqCst); });
        let arrived = |bytes| pool.admit(bytes).map(|room| Arrived::body(AlignedBuffer::zeroed(HEADER + 8), room));
        let (long, short) = (arrived(900).unwrap(), arrived(100).unwrap());
        assert!(!pool.pressed() && arrived(1).is_none() && pool.pressed());
        let owned = short.into_owned();
        assert_eq!((owned.len(), owned.is_lent(), woken.load(Ordering::SeqCst)), (8, false, 1));
        assert!(arrived(100).is_some() && !pool.pressed());
        drop(long);
        assert!(arrived(5000).is_some(), "one is always admitted");
    }
}
