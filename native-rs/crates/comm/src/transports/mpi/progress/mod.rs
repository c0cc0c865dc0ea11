//! The communication thread: the only one that calls MPI.
//!
//! ```text
//!   post ─► commands ─► outbox of the target ─ window ─► MPI_Issend ───► MPI_Improbe ─ pool ─► MPI_Imrecv ─► deliver
//!                          in order                       ASIDE: MPI_Isend, received whatever the pool says
//! ```
//!
//! A message with a body is sent in the mode that ends when the receiver takes it. So a receiver that has no room just
//! does not take any: the sender's arena stays used, and MPI itself buffers at most a window a pair of ranks.
//! The thread looks again at once while something happens, then every 50 µs, then every millisecond.

mod incoming;
mod outgoing;

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::calls::{Calls, Probed, Request};
use super::endpoint::Endpoint;
use super::pool::Room;
use super::wire::{Head, what};
use crate::core::Core;
use crate::error::CommError;
use crate::shared_bytes::{AlignedBuffer, SharedBytes};
use crate::transport::{Frame, Inbox};

/// Messages with a body that one rank may have on their way to another.
const WINDOW: u32 = 32;
/// Receives under way.
const RECEIVING: usize = 32;
/// Messages taken before sends are looked at again.
const BATCH: usize = 64;
/// After this long without anything to do the thread sleeps for `NAP` between looks, after `IDLE` for `SLEEP`.
const IDLE: Duration = Duration::from_millis(5);
const NAP: Duration = Duration::from_micros(50);
const SLEEP: Duration = Duration::from_millis(1);
/// A rank that leaves waits so long for the others to leave too, which MPI_Finalize needs. Then it ends them.
const GOODBYE: Duration = Duration::from_secs(10);
/// A rank whose MPI has failed ends all after this time, if nobody here does.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) struct Progress {
    calls: Box<dyn Calls>,
    endpoint: Arc<Endpoint>,
    core: Weak<Core>,
    size: usize,
    /// How long it is worth looking without a pause.
    spin: Duration,
    sends: Vec<Sending>,
    /// By target: frames that wait for the window, or behind one that does.
    outboxes: HashMap<usize, VecDeque<Frame>>,
    /// By target: messages with a body under way.
    windows: Vec<u32>,
    /// The message for which the pool has no room.
    parked: Option<Probed>,
    receiving: VecDeque<Receiving>,
    /// Frames whose sender knew more than this rank does: see `is_early`.
    early: VecDeque<(Frame, Option<SharedBytes>)>,
    /// By rank.
    notes_sent: Vec<u64>,
    notes_received: Vec<u64>,
    /// By rank: it has said `CLOSED`.
    closed: Vec<bool>,
    /// By rank: it has said `DONE`; this rank's own is said once.
    done: Vec<bool>,
    next_tick: Option<Instant>,
}

struct Sending {
    request: Request,
    /// Keeps what is being sent.
    what: Outgoing,
}

enum Outgoing {
    Region { region: u32, to: usize },
    Head(#[expect(dead_code, reason = "MPI reads it")] Box<Head>),
    Note(#[expect(dead_code, reason = "MPI reads it")] Arc<Vec<u8>>),
}

struct Receiving {
    from: usize,
    request: Request,
    done: bool,
    /// `None` when handed on.
    message: Option<(AlignedBuffer, Room)>,
}

type Step<T = ()> = Result<T, CommError>;

/// What MPI says when it fails: it can do nothing more.
fn failed(reason: String) -> CommError {
    CommError::system("MPI failed", std::io::Error::other(reason))
}

impl Progress {
    pub fn new(calls: Box<dyn Calls>, endpoint: Arc<Endpoint>, core: &Arc<Core>, spin: Duration) -> Self {
        let size = core.size;
        let mut closed = vec![false; size];
        closed[core.rank] = true;
        let done = vec![false; size];
        Self {
            calls,
            endpoint,
            core: Arc::downgrade(core),
            size,
            spin,
            sends: Vec::new(),
            outboxes: HashMap::new(),
            windows: vec![0; size],
            parked: None,
            receiving: VecDeque::new(),
            early: VecDeque::new(),
            notes_sent: vec![0; size],
            notes_received: vec![0; size],
            closed,
            done,
            next_tick: None,
        }
    }

    /// Until this rank leaves, in order or not.
    pub fn run(mut self) {
        let panicked = CommError::Invalid { from: self.endpoint.rank, what: "the communication thread panicked" };
        let ended = std::panic::catch_unwind(AssertUnwindSafe(|| self.serve())).unwrap_or(Err(panicked));
        if let Err(error) = &ended
            && let Some(core) = self.core.upgrade()
        {
            core.broken(error.clone());
            // Whoever hears of it says so before it ends.
            let end = Instant::now() + LAST_WORDS;
            while self.endpoint.waker.abort_asked().is_none() && !self.closing() && Instant::now() < end {
                std::thread::park_timeout(SLEEP);
            }
        }
        // Without MPI_Finalize the launcher takes an orderly end for a failure; with ranks that do not leave it never ends.
        if ended.is_err() || self.calls.finalize().is_err() {
            let waker = &self.endpoint.waker;
            self.calls.abort(waker.abort_asked().unwrap_or(waker.exit_code()));
        }
    }

    fn closing(&self) -> bool {
        self.endpoint.closing.load(Ordering::SeqCst)
    }

    fn serve(&mut self) -> Step {
        let mut active = Instant::now();
        let mut goodbye: Option<Instant> = None;
        loop {
            if let Some(code) = self.endpoint.waker.abort_asked() {
                self.calls.abort(code);
            }
            let mut busy = self.take_commands()?;
            busy |= self.test_sends()?;
            busy |= self.receive_notes()?;
            busy |= self.receive_frames()?;
            busy |= self.give_room();
            let now = Instant::now();
            let due = self.endpoint.nudged.swap(false, Ordering::SeqCst) || self.next_tick.is_some_and(|at| at <= now);
            if due && let Some(core) = self.core.upgrade() {
                self.next_tick = core.tick(now);
            }
            if self.closing() {
                let end = *goodbye.get_or_insert_with(|| {
                    self.say_all(what::CLOSED);
                    now + GOODBYE
                });
                let quiet = self.sends.is_empty() && self.outboxes.is_empty() && self.endpoint.commands.lock().is_empty();
                if quiet && self.closed.iter().all(|&closed| closed) && !std::mem::replace(&mut self.done[self.endpoint.rank], true) {
                    self.say_all(what::DONE);
                } else if quiet && self.done.iter().all(|&done| done) {
                    return Ok(());
                }
                if now >= end {
                    let missing: Vec<usize> = (0..self.size).filter(|&rank| !self.done[rank]).collect();
                    return Err(failed(format!("ranks {missing:?} do not leave the job")));
                }
            }
            if busy {
                active = now;
            } else {
                self.pause(now, now - active);
            }
        }
    }

    fn pause(&self, now: Instant, idle: Duration) {
        if idle < self.spin {
            std::thread::yield_now();
            return;
        }
        let longest = if idle < IDLE { NAP } else { SLEEP };
        let until = self.next_tick.map_or(longest, |at| longest.min(at.saturating_duration_since(now)));
        std::thread::park_timeout(until);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // MPI may still read or write their memory; the process is about to end.
        std::mem::forget(std::mem::take(&mut self.sends));
        std::mem::forget(std::mem::take(&mut self.receiving));
    }
}
