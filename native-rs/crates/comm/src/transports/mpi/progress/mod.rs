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
mod roll;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::calls::{Calls, Probed, Request};
use super::endpoint::Endpoint;
use super::pool::Room;
use super::wire::{Head, what};
use self::roll::Roll;
use crate::core::Core;
use crate::grid::{Grid, Hop};
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
/// Ranks that leave are told of together with others that do within this time.
const TOGETHER: Duration = Duration::from_millis(100);
/// A rank whose MPI has failed ends all after this time, if nobody here does.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) struct Progress {
    calls: Box<dyn Calls>,
    endpoint: Arc<Endpoint>,
    core: Weak<Core>,
    size: usize,
    /// In whose hops all hear something; one group where there is no grid.
    grid: Grid,
    /// How long it is worth looking without a pause.
    spin: Duration,
    sends: Vec<Sending>,
    /// By target: frames that wait for the window, or behind one that does.
    outboxes: HashMap<usize, VecDeque<Frame>>,
    /// By target: messages with a body under way.
    windows: HashMap<usize, u32>,
    /// The message for which the pool has no room.
    parked: Option<Probed>,
    receiving: VecDeque<Receiving>,
    /// Frames whose sender knew more than this rank does: see `is_early`.
    early: VecDeque<(Frame, Option<SharedBytes>)>,
    /// By rank with which this one has to do.
    notes_sent: HashMap<usize, u64>,
    notes_received: HashMap<usize, u64>,
    /// The epochs that ranks are in.
    epochs: Roll,
    /// Ranks that have said `CLOSED`; those of them that this rank has still to tell its group of, and since when.
    closed: HashSet<usize>,
    /// Those of which doors have told that they have, and in which epoch.
    closings: Vec<(u32, Vec<usize>)>,
    to_tell: Vec<usize>,
    told: Instant,
    /// Those that have said `DONE`, as 1; this rank's own is said once.
    done: Roll,
    is_done: bool,
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
        let (size, rank) = (core.size, core.rank);
        let grid = core.grid().unwrap_or(Grid::new(rank, size, 1));
        Self {
            calls,
            endpoint,
            core: Arc::downgrade(core),
            size,
            grid,
            spin,
            sends: Vec::new(),
            outboxes: HashMap::new(),
            windows: HashMap::new(),
            parked: None,
            receiving: VecDeque::new(),
            early: VecDeque::new(),
            notes_sent: HashMap::new(),
            notes_received: HashMap::new(),
            epochs: Roll::new(grid),
            closed: HashSet::from([rank]),
            closings: Vec::new(),
            to_tell: Vec::new(),
            told: Instant::now(),
            done: Roll::new(grid),
            is_done: false,
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
            self.hear_closings();
            let now = Instant::now();
            let due = self.endpoint.nudged.swap(false, Ordering::SeqCst) || self.next_tick.is_some_and(|at| at <= now);
            if due && let Some(core) = self.core.upgrade() {
                self.next_tick = core.tick(now);
            }
            if self.closing() {
                let end = *goodbye.get_or_insert_with(|| {
                    self.say(what::CLOSED, Hop::Across);
                    self.say(what::CLOSED, Hop::Within);
                    now + GOODBYE
                });
                let quiet = self.sends.is_empty() && self.outboxes.is_empty() && self.endpoint.commands.lock().is_empty();
                if quiet && self.to_tell.is_empty() && self.closed.len() == self.size && !std::mem::replace(&mut self.is_done, true) {
                    self.say(what::DONE, Hop::Across);
                    self.heard_done(self.endpoint.rank);
                } else if quiet && self.done.all() == 1 {
                    return Ok(());
                }
                if now >= end {
                    let missing: Vec<usize> = (0..self.size).filter(|rank| !self.closed.contains(rank)).collect();
                    let what = if missing.is_empty() { "do not end what they have to send".into() } else { format!("{missing:?} do not leave the job") };
                    return Err(failed(format!("ranks {what}")));
                }
            }
            self.tell_closed(now)?;
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
