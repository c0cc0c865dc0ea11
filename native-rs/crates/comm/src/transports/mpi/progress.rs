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

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::calls::{Calls, Probed, Request};
use super::endpoint::{Command, Endpoint};
use super::pool::{Arrived, Room};
use super::wire::{ASIDE, HEADER, Head, Note, ORDERED, own_frame, read_head, what, write_head};
use crate::core::Core;
use crate::error::CommError;
use crate::shared_bytes::{AlignedBuffer, SharedBytes};
use crate::transport::{Frame, Inbox, NO_REGION};

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
    /// By rank: it has sent its last frame.
    closed: Vec<bool>,
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
                    self.say_closed();
                    now + GOODBYE
                });
                let quiet = self.sends.is_empty() && self.outboxes.is_empty() && self.endpoint.commands.lock().is_empty();
                if quiet && self.closed.iter().all(|&closed| closed) {
                    return Ok(());
                }
                if now >= end {
                    return Err(failed("the other ranks do not leave the job".into()));
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

    // ---- out ---------------------------------------------------------------------------------------------------------

    fn take_commands(&mut self) -> Step<bool> {
        let commands = std::mem::take(&mut *self.endpoint.commands.lock());
        let busy = !commands.is_empty();
        for command in commands {
            match command {
                Command::Post { to, frame } => self.post(to, frame)?,
                Command::Tell { to, note } => self.tell(to, &Arc::new(note.encode()))?,
                Command::TellAll { note } => {
                    let bytes = Arc::new(note.encode());
                    for step in 1..self.size {
                        self.tell((self.endpoint.rank + step) % self.size, &bytes)?;
                    }
                }
            }
        }
        Ok(busy)
    }

    fn tell(&mut self, to: usize, bytes: &Arc<Vec<u8>>) -> Step {
        if self.closed[to] {
            return Ok(());
        }
        // SAFETY: `sends` keeps the bytes until the request is over.
        let request = unsafe { self.calls.send(bytes.as_ptr(), bytes.len(), to, ASIDE, false) }.map_err(failed)?;
        self.sends.push(Sending { request, what: Outgoing::Note(bytes.clone()) });
        self.notes_sent[to] += 1;
        Ok(())
    }

    fn post(&mut self, to: usize, mut frame: Frame) -> Step {
        if frame.what == what::CLOSED {
            frame.message = self.notes_sent[to];
        }
        if self.outboxes.contains_key(&to) || !self.has_room(to, &frame) {
            self.outboxes.entry(to).or_default().push_back(frame);
            return Ok(());
        }
        self.send(to, &frame)
    }

    fn has_room(&self, to: usize, frame: &Frame) -> bool {
        frame.region == NO_REGION || self.windows[to] < WINDOW
    }

    fn send(&mut self, to: usize, frame: &Frame) -> Step {
        if frame.region == NO_REGION {
            // One that leaves waits for the last frame of all.
            if self.closed[to] && frame.what != what::CLOSED {
                return Ok(());
            }
            let mut head = Box::new([0; HEADER]);
            write_head(frame, &mut *head);
            // SAFETY: `sends` keeps the head until the request is over.
            let request = unsafe { self.calls.send(head.as_ptr(), HEADER, to, ORDERED, false) }.map_err(failed)?;
            self.sends.push(Sending { request, what: Outgoing::Head(head) });
            return Ok(());
        }
        if self.closed[to] {
            self.endpoint.arena.release(frame.region);
            return Ok(());
        }
        let start = self.endpoint.arena.message(frame.region).as_ptr();
        let (mut head, length) = ([0; HEADER], HEADER + frame.length as usize);
        write_head(frame, &mut head);
        // A region has one frame, whatever the targets: where it is on its way already, the head stands there.
        // SAFETY: the head's place belongs to the published region; reading it is sound, for the arena is initialised.
        unsafe {
            if std::slice::from_raw_parts(start, HEADER) != head {
                start.copy_from_nonoverlapping(head.as_ptr(), HEADER);
            }
        }
        // SAFETY: the region is published: unchanged until it is released, which is when the request is over.
        let request = unsafe { self.calls.send(start, length, to, ORDERED, true) }.map_err(failed)?;
        self.windows[to] += 1;
        self.sends.push(Sending { request, what: Outgoing::Region { region: frame.region, to } });
        Ok(())
    }

    fn test_sends(&mut self) -> Step<bool> {
        let (mut busy, mut index) = (false, 0);
        while let Some(sending) = self.sends.get_mut(index) {
            if !self.calls.test(&mut sending.request).map_err(failed)? {
                index += 1;
                continue;
            }
            busy = true;
            if let Outgoing::Region { region, to } = self.sends.swap_remove(index).what {
                self.windows[to] -= 1;
                self.endpoint.arena.release(region);
            }
        }
        let targets: Vec<usize> = self.outboxes.keys().copied().collect();
        for to in targets {
            while let Some(frame) = self.outboxes.get(&to).and_then(VecDeque::front).copied() {
                if !self.has_room(to, &frame) {
                    break;
                }
                self.outboxes.get_mut(&to).map(VecDeque::pop_front);
                self.send(to, &frame)?;
                busy = true;
            }
            if self.outboxes.get(&to).is_some_and(VecDeque::is_empty) {
                self.outboxes.remove(&to);
            }
        }
        Ok(busy)
    }

    /// Tasks that wait for memory of the arena are told that some has come back.
    fn give_room(&self) -> bool {
        let arena = &self.endpoint.arena;
        if !arena.wanted.load(Ordering::SeqCst) || !arena.take_returned() {
            return false;
        }
        arena.wanted.store(false, Ordering::SeqCst);
        if let Some(core) = self.core.upgrade() {
            core.room();
        }
        true
    }

    fn say_closed(&mut self) {
        let epoch = self.endpoint.board.common_epoch();
        let frame = own_frame(self.endpoint.rank, what::CLOSED, epoch, None);
        let mut commands = self.endpoint.commands.lock();
        commands.extend((0..self.size).filter(|&to| to != self.endpoint.rank).map(|to| Command::Post { to, frame }));
    }

    // ---- in ----------------------------------------------------------------------------------------------------------

    fn receive_notes(&mut self) -> Step<bool> {
        let (mut busy, mut news) = (false, false);
        while let Some(probed) = self.calls.probe(ASIDE).map_err(failed)? {
            let from = self.sender(&probed)?;
            let bytes = self.read_now(probed)?;
            self.notes_received[from] += 1;
            let note = Note::decode(&bytes).ok_or(CommError::Invalid { from, what: "note" })?;
            busy = true;
            let endpoint = self.endpoint.clone();
            match note {
                Note::Failure { epoch, record } => {
                    endpoint.board.set_failure(from, epoch, record);
                    news = true;
                }
                Note::Epoch { epoch } => {
                    endpoint.board.set_epoch(from, epoch);
                    news = true;
                }
                Note::Ask => {
                    // The position first: what was posted before it was announced is then among the commands.
                    let position = *endpoint.position.lock();
                    self.take_commands()?;
                    self.tell(from, &Arc::new(Note::Here.encode()))?;
                    if let Some((epoch, identity)) = position {
                        self.post(from, own_frame(endpoint.rank, what::POSITION, epoch, Some(identity)))?;
                    }
                }
                Note::Here => {}
                Note::Silent { rank } => {
                    if (rank as usize) < self.size
                        && let Some(core) = self.core.upgrade()
                    {
                        core.silent(rank as usize);
                    }
                }
            }
        }
        if news && let Some(core) = self.core.upgrade() {
            core.news();
        }
        Ok(busy)
    }

    /// The rank a message is from; it gave a sign of life.
    fn sender(&self, probed: &Probed) -> Step<usize> {
        let from = probed.from;
        if from >= self.size {
            return Err(CommError::Invalid { from, what: "rank" });
        }
        self.endpoint.board.hear(from);
        self.endpoint.asked[from].store(false, Ordering::SeqCst);
        Ok(from)
    }

    /// Receives a short message at once.
    fn read_now(&self, probed: Probed) -> Step<Vec<u8>> {
        let mut bytes = vec![0; probed.length];
        // SAFETY: the buffer is as long as the message and outlives the request.
        let mut request = unsafe { self.calls.receive(probed, bytes.as_mut_ptr()) }.map_err(failed)?;
        while !self.calls.test(&mut request).map_err(failed)? {
            std::hint::spin_loop();
        }
        Ok(bytes)
    }

    fn receive_frames(&mut self) -> Step<bool> {
        let mut busy = false;
        for _ in 0..BATCH {
            let Some(probed) = self.next_probed()? else { break };
            if !self.begin_receive(probed)? {
                break;
            }
            busy = true;
            // Short messages are there already.
            self.deliver_arrived()?;
        }
        busy |= self.deliver_arrived()?;
        busy |= self.deliver_early()?;
        Ok(busy)
    }

    fn next_probed(&mut self) -> Step<Option<Probed>> {
        if let Some(parked) = self.parked.take() {
            return Ok(Some(parked));
        }
        if self.receiving.len() >= RECEIVING {
            return Ok(None);
        }
        self.calls.probe(ORDERED).map_err(failed)
    }

    /// `false`: there is no room; the message waits, and all behind it.
    fn begin_receive(&mut self, probed: Probed) -> Step<bool> {
        let (from, length) = (self.sender(&probed)?, probed.length);
        if length < HEADER {
            return Err(CommError::Invalid { from, what: "short message" });
        }
        let Some(room) = self.endpoint.pool.admit(length) else {
            // Consumers that do not read are made to set aside what waits.
            if self.next_tick.is_none() {
                self.endpoint.nudged.store(true, Ordering::SeqCst);
            }
            self.parked = Some(probed);
            return Ok(false);
        };
        // SAFETY: MPI writes all of it before the request is over, and it is not read before.
        let mut buffer = unsafe { AlignedBuffer::try_unfilled(length) }.ok_or(CommError::Invalid { from, what: "length" })?;
        // SAFETY: the buffer is as long as the message; `receiving` keeps it until the request is over.
        let request = unsafe { self.calls.receive(probed, buffer.as_mut_pointer()) }.map_err(failed)?;
        self.receiving.push_back(Receiving { from, request, done: false, message: Some((buffer, room)) });
        Ok(true)
    }

    /// Hands on what has arrived, in the order of each sender.
    fn deliver_arrived(&mut self) -> Step<bool> {
        let mut ready = Vec::new();
        for index in 0..self.receiving.len() {
            let receiving = &mut self.receiving[index];
            if !receiving.done {
                receiving.done = self.calls.test(&mut receiving.request).map_err(failed)?;
            }
            let from = receiving.from;
            let first = !self.receiving.iter().take(index).any(|earlier| earlier.from == from && earlier.message.is_some());
            let receiving = &mut self.receiving[index];
            if receiving.done && first && let Some((buffer, room)) = receiving.message.take() {
                ready.push((from, buffer, room));
            }
        }
        self.receiving.retain(|receiving| receiving.message.is_some());
        let busy = !ready.is_empty();
        for (from, buffer, room) in ready {
            let frame = read_head(&buffer).filter(|frame| frame.from as usize == from);
            let frame = frame.ok_or(CommError::Invalid { from, what: "head" })?;
            let body = (frame.region != NO_REGION).then(|| buffer.len() - HEADER);
            if frame.length != body.unwrap_or_default() as u64 {
                return Err(CommError::Invalid { from, what: "length" });
            }
            self.hand_on(frame, body.map(|_| Arrived::body(buffer, room)))?;
        }
        Ok(busy)
    }

    fn hand_on(&mut self, frame: Frame, body: Option<SharedBytes>) -> Step {
        let from = frame.from as usize;
        if self.is_early(&frame) || self.early.iter().any(|(earlier, _)| earlier.from == frame.from) {
            self.early.push_back((frame, body));
            return Ok(());
        }
        let core = self.core.upgrade();
        match (frame.what, core) {
            (what::POSITION, _) => self.endpoint.board.set_position(from, frame.epoch, frame.identity),
            (what::CLOSED, core) => {
                self.closed[from] = true;
                core.into_iter().for_each(|core| core.left(from));
            }
            (_, Some(core)) => core.deliver(&frame, body),
            (_, None) => {}
        }
        Ok(())
    }

    /// Whether the sender has heard what this rank is about to hear: that all have left an epoch; or, where it leaves,
    /// whether what it has said about the reason is still on the way.
    fn is_early(&self, frame: &Frame) -> bool {
        frame.epoch > self.endpoint.board.common_epoch()
            || (frame.what == what::CLOSED && self.notes_received[frame.from as usize] < frame.message)
    }

    fn deliver_early(&mut self) -> Step<bool> {
        let waiting = std::mem::take(&mut self.early);
        let before = waiting.len();
        for (frame, body) in waiting {
            self.hand_on(frame, body)?;
        }
        Ok(self.early.len() < before)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // MPI may still read or write their memory; the process is about to end.
        std::mem::forget(std::mem::take(&mut self.sends));
        std::mem::forget(std::mem::take(&mut self.receiving));
    }
}
