//! One rank's end of the shared memory, and its communication thread.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec};

use super::arena::Arena;
use super::memory::{Control, Peer, SILENT};
use super::rendezvous::{Group, Member};
use crate::core::{Core, LOOK_AGAIN};
use crate::error::{CommError, Result};
use crate::operation::Identity;
use crate::shared_bytes::SharedBytes;
use crate::transport::{Frame, Inbox, Limits, NO_REGION, Region, Transport};

/// Longer than a round trip between two running ranks, shorter than two wake-ups.
const SPIN: Duration = Duration::from_micros(30);
/// How often a full queue is tried again.
const RETRY: Duration = Duration::from_millis(1);
/// A rank that leaves tries so long to hand over what it has sent.
const GOODBYE: Duration = Duration::from_secs(2);
/// An arena unused for so long goes back to the system.
const IDLE: Duration = Duration::from_secs(1);
/// Regions that consumers may hold of one arena, together.
const PINNED: usize = 256;

struct Local {
    rank: usize,
    /// By rank, this one included.
    peers: Vec<Arc<Peer>>,
    arena: Arc<Arena>,
    limits: Limits,
    core: Weak<Core>,
    /// Whoever holds it delivers.
    intake: Mutex<Intake>,
    /// By rank: frames its queue had no room for. They are few: each holds a region or ends an exchange.
    outboxes: Vec<Mutex<VecDeque<Frame>>>,
    waiting: AtomicUsize,
    news_read: AtomicU32,
    nudged: AtomicBool,
    closing: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Intake {
    /// Position in the own queue.
    tail: u64,
    /// By rank: reported as left.
    left: Vec<bool>,
}

pub(super) fn start(core: &Arc<Core>, group: Group, arena: usize, patience: Duration) -> Result<Arc<dyn Transport>> {
    let (rank, size) = (core.rank, core.size);
    let mut peers = Vec::with_capacity(size);
    let mut own_memory = None;
    for (other, Member { memory, event }) in group.members.into_iter().enumerate() {
        peers.push(Arc::new(Peer::open(other, &memory, event, arena, other == rank)?));
        if other == rank {
            own_memory = Some(memory);
        }
    }
    let own_memory = own_memory.ok_or(CommError::Closed)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let limits = Limits {
        fragment: arena / 8,
        // Half of the arena is not pinned; cut into at most PINNED + 1 pieces, one of them is this long.
        smallest_fragment: arena / 1024,
        pinned_bytes: arena / 2,
        pinned_count: PINNED,
        looks: (patience.as_millis() / LOOK_AGAIN.as_millis()).clamp(2, 1 << 20) as u32,
        // With fewer cores than ranks the one that is waited for may need this core.
        spin: if size <= cores { SPIN } else { Duration::ZERO },
    };
    let local = Arc::new(Local {
        rank,
        arena: Arena::new(own_memory, peers[rank].clone(), arena),
        limits,
        core: Arc::downgrade(core),
        intake: Mutex::new(Intake { tail: 0, left: vec![false; size] }),
        outboxes: (0..size).map(|_| Mutex::default()).collect(),
        waiting: AtomicUsize::new(0),
        news_read: AtomicU32::new(0),
        nudged: AtomicBool::new(false),
        closing: AtomicBool::new(false),
        thread: Mutex::new(None),
        peers,
    });
    let (running, sockets) = (local.clone(), group.sockets);
    let body = move || {
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| running.run(sockets)));
        if result.is_err()
            && let Some(core) = running.core.upgrade()
        {
            core.broken(CommError::Invalid { from: running.rank, what: "the communication thread panicked" });
        }
    };
    // Frames may be delivered from the first moment: the core needs its transport then.
    let transport: Arc<dyn Transport> = local.clone();
    let _ = core.transport.set(transport.clone());
    let thread = std::thread::Builder::new().name("lockstep-comm".into()).spawn(body);
    *local.thread.lock() = Some(thread.map_err(|error| CommError::system("cannot start the communication thread", error))?);
    Ok(transport)
}

impl Local {
    fn own(&self) -> &Peer {
        &self.peers[self.rank]
    }

    fn control(&self) -> &Control {
        self.own().control()
    }

    fn others(&self) -> impl Iterator<Item = (usize, &Arc<Peer>)> {
        self.peers.iter().enumerate().filter(|(rank, _)| *rank != self.rank)
    }

    /// Delivers what has arrived, and memory that has come back.
    fn pump(&self, core: &Core, intake: &mut Intake) {
        let gone = |(rank, peer): &(usize, &Arc<Peer>)| !intake.left[*rank] && peer.control().closed.load(Ordering::Acquire) == 1;
        let closed: Vec<usize> = self.others().filter(gone).map(|(rank, _)| rank).collect();
        while let Some(frame) = self.control().queue.pop(&mut intake.tail) {
            match self.body(&frame) {
                Ok(body) => core.deliver(&frame, body),
                Err(error) => core.broken(error),
            }
        }
        if !closed.is_empty() {
            // Why they left comes before that they left; and everything they pushed is delivered.
            self.read_news(core);
            for rank in closed {
                intake.left[rank] = true;
                core.left(rank);
            }
        }
        let wanted = &self.control().room_wanted.0;
        if wanted.load(Ordering::SeqCst) == 1 && self.arena.take_returned() {
            wanted.store(0, Ordering::SeqCst);
            core.room();
        }
    }

    fn body(&self, frame: &Frame) -> Result<Option<SharedBytes>> {
        let from = frame.from as usize;
        let peer = self.peers.get(from).filter(|_| from != self.rank);
        let peer = peer.ok_or(CommError::Invalid { from, what: "rank" })?;
        if frame.region == NO_REGION {
            return Ok(None);
        }
        peer.view(frame.region, frame.offset, frame.length).map(Some).ok_or(CommError::Invalid { from, what: "region" })
    }

    fn flush(&self) {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return;
        }
        for (peer, outbox) in self.peers.iter().zip(&self.outboxes) {
            let mut outbox = outbox.lock();
            let before = outbox.len();
            while outbox.front().is_some_and(|frame| peer.control().queue.push(frame)) {
                outbox.pop_front();
            }
            let sent = before - outbox.len();
            drop(outbox);
            if sent > 0 {
                self.waiting.fetch_sub(sent, Ordering::AcqRel);
                peer.ring();
            }
        }
    }

    fn run(&self, mut sockets: Vec<(usize, OwnedFd)>) {
        let mut next_tick: Option<Instant> = None;
        let mut trim_at: Option<Instant> = None;
        let mut goodbye: Option<Instant> = None;
        while let Some(core) = self.core.upgrade() {
            self.control().signs.fetch_add(1, Ordering::Relaxed);
            let now = Instant::now();
            let mut due = self.nudged.swap(false, Ordering::SeqCst) || next_tick.is_some_and(|at| at <= now);
            let news = self.control().news.0.load(Ordering::SeqCst);
            if news != self.news_read.swap(news, Ordering::SeqCst) {
                due = true;
                self.read_news(&core);
            }
            self.pump(&core, &mut self.intake.lock());
            self.flush();
            if due {
                next_tick = core.tick(now);
            }
            if trim_at.is_some_and(|at| at <= now) {
                trim_at = self.arena.trim().then(|| now + IDLE);
            } else if trim_at.is_none() && self.arena.may_trim() {
                trim_at = Some(now + IDLE);
            }
            if self.closing.load(Ordering::SeqCst) {
                let end = *goodbye.get_or_insert(now + GOODBYE);
                if self.waiting.load(Ordering::Acquire) == 0 || now >= end {
                    break;
                }
            }
            drop(core);
            let mut until = [next_tick, trim_at].into_iter().flatten().min();
            if self.waiting.load(Ordering::Acquire) > 0 {
                until = Some(until.map_or(now + RETRY, |at| at.min(now + RETRY)));
            }
            self.sleep(&mut sockets, until);
        }
        self.control().closed.store(1, Ordering::SeqCst);
        self.others().for_each(|(_, peer)| peer.tell());
    }

    /// Whether something came that nobody rings for any more; looked at after the doorbell is set.
    fn work_waits(&self, intake: &Intake) -> bool {
        let control = self.control();
        !control.queue.is_empty(intake.tail)
            || control.news.0.load(Ordering::SeqCst) != self.news_read.load(Ordering::SeqCst)
            || self.nudged.load(Ordering::SeqCst)
            || (control.room_wanted.0.load(Ordering::SeqCst) == 1 && self.arena.has_returned())
            || (self.closing.load(Ordering::SeqCst) && self.waiting.load(Ordering::Acquire) == 0)
    }

    /// Sleeps until somebody rings, a socket ends, or `until`.
    fn sleep(&self, sockets: &mut Vec<(usize, OwnedFd)>, until: Option<Instant>) {
        self.control().doorbell.0.store(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let mut ended = Vec::new();
        if !self.work_waits(&self.intake.lock()) {
            let timeout = until.map(|at| {
                let left = at.saturating_duration_since(Instant::now());
                Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 })
            });
            let mut polled = vec![PollFd::new(self.own().event(), PollFlags::IN)];
            polled.extend(sockets.iter().map(|(_, socket)| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN)));
            // Interrupted is as good as woken.
            let _ = rustix::event::poll(&mut polled, timeout.as_ref());
            ended = (1..polled.len()).filter(|&index| !polled[index].revents().is_empty()).map(|index| index - 1).collect();
            if !polled[0].revents().is_empty() {
                let _ = rustix::io::read(self.own().event(), &mut [0u8; 8]);
            }
        }
        self.control().doorbell.0.store(0, Ordering::SeqCst);
        for index in ended.into_iter().rev() {
            let (rank, _) = sockets.swap_remove(index);
            self.ended(rank);
        }
    }

    /// The socket to `rank` has ended (nobody writes to these sockets).
    fn ended(&self, rank: usize) {
        if self.peers[rank].control().closed.load(Ordering::SeqCst) == 1 {
            return;
        }
        // Rank 0 sees every death and tells it. Another rank sees only that of rank 0, as all do; it tells it too, lest
        // somebody hears first that it has left because of it.
        self.tell_lost(rank as u32 + 1);
        if let Some(core) = self.core.upgrade() {
            core.died(rank);
        }
    }

    fn read_news(&self, core: &Core) {
        core.news();
        let dead = self.others().map(|(_, peer)| peer.control().dead.load(Ordering::SeqCst)).find(|&dead| dead > 0);
        let Some(dead) = dead else { return };
        // Passed on for those that hear first that this rank leaves.
        let _ = self.control().dead.compare_exchange(0, dead, Ordering::SeqCst, Ordering::SeqCst);
        let rank = (dead & !SILENT) as usize - 1;
        if rank < self.peers.len() {
            if dead & SILENT == 0 { core.died(rank) } else { core.silent(&[rank]) }
        }
    }

    /// Tells all that a rank is lost: `word` for `Control::dead`.
    fn tell_lost(&self, word: u32) {
        let _ = self.control().dead.compare_exchange(0, word, Ordering::SeqCst, Ordering::SeqCst);
        self.others().for_each(|(_, peer)| peer.tell());
    }
}

impl Transport for Local {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn reserve(&self, length: usize) -> Result<Option<Region>> {
        self.arena.reserve(length)
    }

    fn want_room(&self) {
        self.control().room_wanted.0.store(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.others().for_each(|(_, peer)| peer.tell());
        self.nudge();
    }

    fn wants_room(&self, rank: usize) -> bool {
        self.peers[rank].control().room_wanted.0.load(Ordering::SeqCst) == 1
    }

    fn post(&self, to: usize, frame: &Frame) {
        let peer = &self.peers[to];
        let mut outbox = self.outboxes[to].lock();
        if !outbox.is_empty() || !peer.control().queue.push(frame) {
            outbox.push_back(*frame);
            self.waiting.fetch_add(1, Ordering::AcqRel);
            drop(outbox);
            self.nudge();
            return;
        }
        drop(outbox);
        peer.ring();
    }

    fn progress(&self) {
        let Some(mut intake) = self.intake.try_lock() else { return };
        if let Some(core) = self.core.upgrade() {
            self.pump(&core, &mut intake);
        }
    }

    fn spin_begin(&self) -> bool {
        self.control().doorbell.0.swap(0, Ordering::SeqCst) == 1
    }

    fn spin_end(&self, token: bool) {
        if !token {
            return;
        }
        let control = self.control();
        control.doorbell.0.store(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // Somebody who delivers now (then the lock is taken) may have missed the last frame: the thread looks again.
        if self.intake.try_lock().is_none_or(|intake| self.work_waits(&intake)) {
            self.own().ring();
        }
    }

    fn announce_failure(&self, epoch: u32, record: &[u8]) {
        self.control().records[epoch as usize % 2].write(epoch, record);
        self.others().for_each(|(_, peer)| peer.tell());
    }

    fn failures(&self, epoch: u32) -> Vec<(usize, Vec<u8>)> {
        let record = |(rank, peer): (usize, &Arc<Peer>)| Some((rank, peer.control().records[epoch as usize % 2].read(epoch)?));
        self.peers.iter().enumerate().filter_map(record).collect()
    }

    fn announce_epoch(&self, epoch: u32) {
        self.control().epoch.0.store(epoch, Ordering::SeqCst);
        self.others().for_each(|(_, peer)| peer.tell());
    }

    fn all_past(&self, epoch: u32) -> bool {
        self.peers.iter().all(|peer| peer.control().epoch.0.load(Ordering::SeqCst) > epoch)
    }

    fn announce_position(&self, epoch: u32, identity: &Identity) {
        self.control().position.write(epoch, identity);
    }

    fn position(&self, rank: usize) -> Option<(u32, Identity)> {
        self.peers[rank].control().position.read()
    }

    fn sign_of_life(&self, rank: usize) -> u32 {
        let peer = &self.peers[rank];
        let sign = peer.control().signs.load(Ordering::Relaxed);
        peer.tell();
        sign
    }

    fn announce_silence(&self, ranks: &[usize]) {
        // Here no rank is unheard because of another: the first is the one.
        ranks.first().iter().for_each(|&&rank| self.tell_lost((rank as u32 + 1) | SILENT));
    }

    fn nudge(&self) {
        self.nudged.store(true, Ordering::SeqCst);
        self.own().ring();
    }

    fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.nudge();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}
