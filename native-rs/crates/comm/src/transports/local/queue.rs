//! The queue of frames into one rank: many producers in many processes, one consumer.
//!
//! D. Vyukov's bounded queue, with turns counted so that zeroed memory is an empty queue.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::memory::Line;
use crate::transport::Frame;

const CAPACITY: u64 = 1024;

#[repr(C)]
pub(super) struct Queue {
    /// Frames pushed or being pushed.
    head: Line<AtomicU64>,
    slots: [Slot; CAPACITY as usize],
}

#[repr(C, align(64))]
struct Slot {
    /// In lap n: 2n free, 2n + 1 filled.
    turn: AtomicU32,
    frame: UnsafeCell<MaybeUninit<Frame>>,
}

// SAFETY: `turn` says who may touch the frame: the producer that moved `head` past the slot, then the consumer.
unsafe impl Sync for Queue {}

fn lap(position: u64) -> u32 {
    (position / CAPACITY) as u32
}

impl Queue {
    fn slot(&self, position: u64) -> &Slot {
        &self.slots[(position % CAPACITY) as usize]
    }

    /// `false`: full.
    pub fn push(&self, frame: &Frame) -> bool {
        let mut position = self.head.0.load(Ordering::Relaxed);
        loop {
            let slot = self.slot(position);
            let free = lap(position).wrapping_mul(2);
            let ahead = slot.turn.load(Ordering::Acquire).wrapping_sub(free) as i32;
            if ahead < 0 {
                return false;
            }
            if ahead > 0 {
                position = self.head.0.load(Ordering::Relaxed);
                continue;
            }
            match self.head.0.compare_exchange_weak(position, position + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    // SAFETY: the exchange gave this slot, free in this lap, to this producer alone.
                    unsafe { (*slot.frame.get()).write(*frame) };
                    slot.turn.store(free.wrapping_add(1), Ordering::Release);
                    return true;
                }
                Err(now) => position = now,
            }
        }
    }

    pub fn is_empty(&self, tail: u64) -> bool {
        self.slot(tail).turn.load(Ordering::Acquire) != lap(tail).wrapping_mul(2).wrapping_add(1)
    }

    /// Takes the frame at `tail`, which the one consumer counts.
    pub fn pop(&self, tail: &mut u64) -> Option<Frame> {
        if self.is_empty(*tail) {
            return None;
        }
        let slot = self.slot(*tail);
        // SAFETY: filled in this lap, so the producer is done, and there is one consumer; a frame is valid for any bits.
        let frame = unsafe { (*slot.frame.get()).assume_init_read() };
        slot.turn.store(lap(*tail).wrapping_mul(2).wrapping_add(2), Ordering::Release);
        *tail += 1;
        Some(frame)
    }
}
