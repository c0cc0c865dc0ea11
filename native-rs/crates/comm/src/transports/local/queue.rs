//! The queue of frames into one rank: many producers in many processes, one consumer.
//!
//! D. Vyukov's bounded queue, with turns counted so that zeroed memory is an empty queue.

use std::mem::MaybeUninit;

use super::memory::Line;
use crate::sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell};
use crate::transport::Frame;

const CAPACITY: u64 = if cfg!(lockstep_loom) { 2 } else { 1024 };

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
                    slot.frame.with_mut(|place| unsafe { (*place).write(*frame) });
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
        let frame = slot.frame.with(|place| unsafe { (*place).assume_init_read() });
        slot.turn.store(lap(*tail).wrapping_mul(2).wrapping_add(2), Ordering::Release);
        *tail += 1;
        Some(frame)
    }
}

#[cfg(all(test, not(lockstep_loom)))]
mod tests {
    use super::*;
    use crate::operation::{Identity, Op, OpKind, Primitive};
    use crate::transport::NO_REGION;

    fn zeroed() -> Box<Queue> {
        // SAFETY: zeroed memory is an empty queue, which is what fresh shared memory is.
        unsafe { Box::<Queue>::new_zeroed().assume_init() }
    }

    fn frame(from: u32, message: u64) -> Frame {
        let op = Op { call: 0, sequence: 0, kind: OpKind::Shuffle, site: "a.ts:1:1".into(), fingerprint: 1 };
        let identity = Identity::new(&op, Primitive::Exchange, None, None);
        Frame { from, epoch: 0, region: NO_REGION, what: 1, unused: [0; 3], message, total: 0, at: 0, offset: 0, length: 0, identity }
    }

    #[test]
    fn a_full_queue_refuses_and_goes_on() {
        let (queue, mut tail) = (zeroed(), 0);
        for lap in 0..3 {
            assert!(queue.pop(&mut tail).is_none() && queue.is_empty(tail));
            for message in 0..CAPACITY {
                assert!(queue.push(&frame(lap, message)));
            }
            assert!(!queue.push(&frame(lap, 0)));
            for message in 0..CAPACITY {
                let popped = queue.pop(&mut tail).unwrap();
                assert_eq!((popped.from, popped.message), (lap, message));
            }
        }
    }

    #[test]
    fn many_producers_keep_their_order() {
        let (producers, messages) = (4, 50_000);
        let queue = zeroed();
        std::thread::scope(|scope| {
            for from in 0..producers {
                let queue = &queue;
                scope.spawn(move || {
                    for message in 0..messages {
                        while !queue.push(&frame(from, message)) {
                            std::thread::yield_now();
                        }
                    }
                });
            }
            let mut next = vec![0; producers as usize];
            let mut tail = 0;
            while next.iter().sum::<u64>() < u64::from(producers) * messages {
                let Some(popped) = queue.pop(&mut tail) else {
                    std::thread::yield_now();
                    continue;
                };
                assert_eq!(popped.message, next[popped.from as usize]);
                assert_eq!(popped.identity.site(), "a.ts:1:1");
                next[popped.from as usize] += 1;
            }
        });
    }
}

#[cfg(all(test, lockstep_loom))]
mod model {
    use loom::sync::Arc;

    use super::*;
    use crate::transport::NO_REGION;

    fn frame(from: u32, message: u64) -> Frame {
        let identity = crate::operation::Identity::from_words(Default::default());
        Frame { from, epoch: 0, region: NO_REGION, what: 1, unused: [0; 3], message, total: 0, at: 0, offset: 0, length: 0, identity }
    }

    /// Two producers, of two frames and of one, into two slots: full, empty, and used again. Nobody waits: loom would have to
    /// run every number of rounds. Its own main thread takes no part: what that does meanwhile is not reordered.
    #[test]
    fn what_is_pushed_comes_once_in_its_producers_order() {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(|| {
            let slots = std::array::from_fn(|_| Slot { turn: AtomicU32::new(0), frame: UnsafeCell::new(MaybeUninit::uninit()) });
            let queue = Arc::new(Queue { head: Line(AtomicU64::new(0)), slots });
            let producers = [(0, 2), (1, 1)].map(|(from, frames)| {
                let queue = Arc::clone(&queue);
                loom::thread::spawn(move || (0..frames).take_while(|&message| queue.push(&frame(from, message))).count() as u64)
            });
            let consumed = Arc::clone(&queue);
            let consumer = loom::thread::spawn(move || {
                let mut taken = Taken { tail: 0, next: [0, 0] };
                taken.pop(&consumed);
                taken.pop(&consumed);
                taken
            });
            let pushed = producers.map(|producer| producer.join().unwrap());
            let mut taken = consumer.join().unwrap();
            while taken.pop(&queue) {}
            assert_eq!(taken.next, pushed);
        });
    }

    struct Taken {
        tail: u64,
        next: [u64; 2],
    }

    impl Taken {
        fn pop(&mut self, queue: &Queue) -> bool {
            let Some(popped) = queue.pop(&mut self.tail) else { return false };
            assert_eq!(popped.message, self.next[popped.from as usize]);
            self.next[popped.from as usize] += 1;
            true
        }
    }
}
