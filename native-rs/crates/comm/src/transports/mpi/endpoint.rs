//! What tasks and the communication thread share, and the transport that tasks see. Nothing here calls MPI.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{JoinHandle, Thread};

use parking_lot::Mutex;

use super::arena::Arena;
use super::board::Board;
use super::pool::Pool;
use super::wire::Note;
use crate::core::Core;
use crate::error::Result;
use crate::operation::Identity;
use crate::transport::{Frame, Limits, Region, Transport};

/// What a task wants sent.
pub(super) enum Command {
    Post { to: usize, frame: Frame },
    Tell { to: usize, note: Note },
    /// Something that all ranks are to hear as it is.
    TellAll { note: Note },
    /// This rank has left all epochs before.
    Epoch { epoch: u32 },
}

/// No code: nobody asked for the job's end.
const NO_ABORT: i64 = i64::MIN;

pub(super) struct Endpoint {
    pub rank: usize,
    pub limits: Limits,
    pub arena: Arc<Arena>,
    pub pool: Arc<Pool>,
    pub board: Board,
    pub commands: Mutex<VecDeque<Command>>,
    /// The operation of the program this rank entered last.
    pub position: Mutex<Option<(u32, Identity)>>,
    /// Ranks asked for a sign of life and not heard since.
    pub asked: Mutex<HashSet<usize>>,
    pub nudged: AtomicBool,
    pub closing: AtomicBool,
    pub waker: Arc<Waker>,
    pub thread: Mutex<Option<JoinHandle<()>>>,
    pub core: Weak<Core>,
}

/// Wakes the communication thread, and carries the one order that must reach it whatever it does.
pub(super) struct Waker {
    thread: OnceLock<Thread>,
    abort: AtomicI64,
    exit_code: AtomicI32,
}

impl Waker {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { thread: OnceLock::new(), abort: AtomicI64::new(NO_ABORT), exit_code: AtomicI32::new(1) })
    }

    /// Called by the communication thread.
    pub fn set_thread(&self) {
        let _ = self.thread.set(std::thread::current());
    }

    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    pub fn abort(&self, code: i32) {
        self.abort.store(code.into(), Ordering::SeqCst);
        self.wake();
    }

    pub fn set_exit_code(&self, code: i32) {
        self.exit_code.store(code, Ordering::SeqCst);
    }

    /// With which ranks end that MPI cannot end in order.
    pub fn exit_code(&self) -> i32 {
        self.exit_code.load(Ordering::SeqCst)
    }

    /// The exit code with which all ranks are to end now.
    pub fn abort_asked(&self) -> Option<i32> {
        Some(self.abort.load(Ordering::SeqCst)).filter(|&code| code != NO_ABORT).map(|code| code as i32)
    }
}

impl Endpoint {
    fn command(&self, command: Command) {
        self.commands.lock().push_back(command);
        self.waker.wake();
    }
}

impl Transport for Endpoint {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn reserve(&self, length: usize) -> Result<Option<Region>> {
        Ok(self.arena.reserve(length))
    }

    fn want_room(&self) {
        self.arena.wanted.store(true, Ordering::SeqCst);
        self.nudge();
    }

    fn wants_room(&self, rank: usize) -> bool {
        // What others sent takes room of this rank's pool; what it sent to itself takes room of its arena.
        if rank == self.rank { self.arena.wanted.load(Ordering::SeqCst) } else { self.pool.pressed() }
    }

    fn post(&self, to: usize, frame: &Frame) {
        self.command(Command::Post { to, frame: *frame });
    }

    /// Only the communication thread may call MPI.
    fn progress(&self) {}

    fn spin_begin(&self) -> bool {
        self.waker.wake();
        false
    }

    fn spin_end(&self, _token: bool) {}

    fn announce_failure(&self, epoch: u32, record: &[u8]) {
        self.command(Command::TellAll { note: Note::Failure { rank: self.rank as u32, epoch, record: record.to_vec() } });
    }

    fn failures(&self, epoch: u32) -> Vec<(usize, Vec<u8>)> {
        self.board.failures(epoch)
    }

    fn announce_epoch(&self, epoch: u32) {
        self.command(Command::Epoch { epoch });
    }

    fn all_past(&self, epoch: u32) -> bool {
        self.board.common_epoch() > epoch
    }

    fn announce_position(&self, epoch: u32, identity: &Identity) {
        *self.position.lock() = Some((epoch, *identity));
    }

    fn position(&self, rank: usize) -> Option<(u32, Identity)> {
        self.board.position(rank)
    }

    fn sign_of_life(&self, rank: usize) -> u32 {
        let sign = self.board.heard(rank);
        // One question at a time: those to a rank that is stopped would pile up.
        if rank != self.rank && self.asked.lock().insert(rank) {
            self.command(Command::Tell { to: rank, note: Note::Ask });
        }
        sign
    }

    fn announce_silence(&self, ranks: &[usize]) {
        let ranks = ranks.iter().map(|&rank| rank as u32).collect();
        self.command(Command::TellAll { note: Note::Silent { rank: self.rank as u32, ranks } });
    }

    fn nudge(&self) {
        self.nudged.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.waker.wake();
        // Where a rank is lost there is no orderly end to wait for: an abort follows.
        if self.core.upgrade().is_some_and(|core| core.lost()) {
            return;
        }
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}
