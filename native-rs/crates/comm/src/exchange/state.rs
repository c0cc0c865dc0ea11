//! The receiving side of one exchange, filled by the communication thread and emptied by the consumer.

use std::collections::{HashSet, VecDeque};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::shared_bytes::SharedBytes;
use crate::core::{Core, park};
use crate::debug::debug;
use crate::error::{CommError, Result};
use crate::grid::Peers;
use crate::spill::{Charge, SpillFile};
use crate::transport::{Frame, what};

/// A consumer that has not read for this long while a sender is out of memory is taken to wait for something else.
const GRACE: Duration = Duration::from_millis(100);
/// Bytes a rank may send to itself ahead of its consumer.
const OWN_WINDOW: usize = 16 << 20;
/// Messages a rank may send to itself ahead of its consumer.
const OWN_MESSAGES: usize = 1024;

pub(crate) struct Exchange {
    peers: Peers,
    /// How many ranks send to this one, itself included.
    sources: usize,
    state: Mutex<State>,
}

struct State {
    queue: VecDeque<Fragment>,
    /// Bytes and messages from this rank in `queue`.
    own_bytes: usize,
    own_messages: usize,
    /// Ranks that send no more.
    finished: HashSet<usize>,
    /// The consumer wants no more.
    refusing: bool,
    /// Ranks that want no more.
    refused: HashSet<usize>,
    reader: Option<Waker>,
    /// Tasks that wait for the own window, or for refusals.
    writers: Vec<Waker>,
    /// When the consumer last had nothing to read, or read.
    read_at: Instant,
    /// The consumer did not read for `GRACE`; what arrives goes to the spill until it does.
    stalled: bool,
    spill: Option<SpillFile>,
    failure: Option<CommError>,
}

/// A message or a part of one, wherever it waits.
pub(crate) struct Fragment {
    pub from: usize,
    pub message: u64,
    pub total: u64,
    pub at: u64,
    place: Place,
}

enum Place {
    Memory(SharedBytes, Option<Charge>),
    File { offset: u64, length: usize },
}

/// What the consumer finds.
pub(crate) enum Found {
    Fragment(Fragment, SharedBytes),
    End,
}

impl Exchange {
    pub fn new(peers: Peers) -> std::sync::Arc<Self> {
        let state = State {
            queue: VecDeque::new(),
            own_bytes: 0,
            own_messages: 0,
            finished: HashSet::new(),
            refusing: false,
            refused: HashSet::new(),
            reader: None,
            writers: Vec::new(),
            read_at: Instant::now(),
            stalled: false,
            spill: None,
            failure: None,
        };
        std::sync::Arc::new(Self { peers, sources: peers.sources().count() + 1, state: Mutex::new(state) })
    }

    pub fn peers(&self) -> Peers {
        self.peers
    }

    pub fn fail(&self, error: &CommError, wakers: &mut Vec<Waker>) {
        let mut state = self.state.lock();
        if state.failure.is_none() {
            state.failure = Some(error.clone());
        }
        wakers.extend(state.reader.take());
        wakers.append(&mut state.writers);
    }

    pub fn waits_for(&self, rank: usize) -> bool {
        rank != self.peers.rank() && self.peers.receives_from(rank) && !self.state.lock().finished.contains(&rank)
    }

    /// The other ranks that may still send something.
    pub fn missing(&self) -> Vec<usize> {
        let state = self.state.lock();
        self.peers.sources().filter(|rank| !state.finished.contains(rank)).collect()
    }

    /// Whether no rank sends any more, this one included.
    pub fn ended(&self) -> bool {
        self.state.lock().finished.len() == self.sources
    }

    /// Takes a frame in. Called in order for one sender.
    pub fn arrived(&self, core: &Core, frame: &Frame, body: Option<SharedBytes>) -> Result<()> {
        let from = frame.from as usize;
        let invalid = |what| Err(CommError::Invalid { from, what });
        let mut wakers = Vec::new();
        let mut aside = Ok(());
        let mut state = self.state.lock();
        match frame.what {
            what::FINISH => {
                state.finished.insert(from);
                wakers.extend(state.reader.take());
            }
            what::REFUSE => {
                state.refused.insert(from);
                wakers.append(&mut state.writers);
            }
            what::DATA => {
                let Some(body) = body else { return invalid("message without a body") };
                if frame.at.checked_add(body.len() as u64).is_none_or(|end| end > frame.total) {
                    return invalid("fragment");
                }
                if state.finished.contains(&from) {
                    return invalid("message after the end");
                }
                if state.refusing || state.failure.is_some() {
                    drop(state);
                    return Ok(());
                }
                let fragment =
                    Fragment { from, message: frame.message, total: frame.total, at: frame.at, place: Place::Memory(body, None) };
                wakers.extend(state.push(fragment));
                if state.stalled && core.transport().wants_room(from) {
                    aside = state.set_aside(core);
                }
            }
            _ => return invalid("kind of frame"),
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        report(core, aside);
        Ok(())
    }

    /// The next fragment, or the end; `Pending` leaves the waker behind.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Result<Found>> {
        let mut state = self.state.lock();
        if let Some(error) = &state.failure {
            let error = error.clone();
            state.queue.clear();
            return Poll::Ready(Err(error));
        }
        let Some(mut fragment) = state.queue.pop_front() else {
            if state.refusing || state.finished.len() == self.sources {
                return Poll::Ready(Ok(Found::End));
            }
            match &mut state.reader {
                Some(old) => old.clone_from(cx.waker()),
                None => state.reader = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        };
        state.stalled = false;
        state.read_at = Instant::now();
        let place = std::mem::replace(&mut fragment.place, Place::Memory(Bytes::new().into(), None));
        let bytes = match place {
            Place::Memory(bytes, _charge) => bytes,
            Place::File { offset, length } => match state.spill.as_mut().map(|file| file.take(offset, length)) {
                Some(read) => read?.into(),
                None => return Poll::Ready(Err(CommError::Invalid { from: fragment.from, what: "spill" })),
            },
        };
        let mut wakers = Vec::new();
        if fragment.from == self.peers.rank() {
            state.own_bytes -= bytes.len();
            state.own_messages -= 1;
            wakers.append(&mut state.writers);
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(Found::Fragment(fragment, bytes)))
    }

    /// The consumer wants no more. Returns the ranks to tell.
    pub fn refuse(&self) -> Vec<usize> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.refusing, true) {
            return Vec::new();
        }
        let dropped = std::mem::take(&mut state.queue);
        state.own_bytes = 0;
        state.own_messages = 0;
        state.spill = None;
        state.refused.insert(self.peers.rank());
        let writers = std::mem::take(&mut state.writers);
        let tell = self.peers.sources().filter(|rank| !state.finished.contains(rank)).collect();
        drop(state);
        drop(dropped);
        writers.into_iter().for_each(Waker::wake);
        tell
    }

    // ---- the sender's side of this rank ---------------------------------------------------------------------------

    pub fn check(&self) -> Result<()> {
        match &self.state.lock().failure {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    pub fn refused(&self, rank: usize) -> bool {
        self.state.lock().refused.contains(&rank)
    }

    pub fn all_refused(&self) -> bool {
        self.state.lock().refused.len() == self.peers.count()
    }

    /// Ready when all ranks want no more.
    pub fn poll_all_refused(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.state.lock();
        if let Some(error) = &state.failure {
            return Poll::Ready(Err(error.clone()));
        }
        if state.refused.len() == self.peers.count() {
            return Poll::Ready(Ok(()));
        }
        park(&mut state.writers, cx.waker());
        Poll::Pending
    }

    /// Takes a message of this rank to itself, when the window allows; `false`: the consumer wants no more.
    pub fn poll_send_own(&self, cx: &mut Context<'_>, core: &Core, message: u64, bytes: &mut Option<SharedBytes>) -> Poll<Result<bool>> {
        let mut state = self.state.lock();
        if let Some(error) = &state.failure {
            return Poll::Ready(Err(error.clone()));
        }
        if state.refusing {
            return Poll::Ready(Ok(false));
        }
        let length = bytes.as_ref().map_or(0, |bytes| bytes.len());
        let full = state.own_messages >= OWN_MESSAGES || state.own_bytes + length > OWN_WINDOW;
        if full && state.own_messages > 0 && !state.stalled {
            let first = state.writers.is_empty();
            park(&mut state.writers, cx.waker());
            drop(state);
            if first {
                core.transport().nudge();
            }
            return Poll::Pending;
        }
        let Some(bytes) = bytes.take() else { return Poll::Ready(Ok(true)) };
        state.own_bytes += length;
        state.own_messages += 1;
        let place = Place::Memory(bytes, None);
        let reader = state.push(Fragment { from: self.peers.rank(), message, total: length as u64, at: 0, place });
        if state.stalled {
            state.set_aside(core)?;
        }
        drop(state);
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(true))
    }

    pub fn finish_own(&self) {
        let mut state = self.state.lock();
        state.finished.insert(self.peers.rank());
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }

    // ---- pressure -------------------------------------------------------------------------------------------------

    /// Where a sender waits for room that messages unread here take: sets them aside once the consumer has been idle for
    /// `GRACE`. Returns when to look again.
    pub fn relieve(&self, core: &Core, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        if state.failure.is_some() {
            // Nobody reads them any more; an earlier operation, which the failure leaves alone, may need the room.
            let dropped = std::mem::take(&mut state.queue);
            drop(state);
            drop(dropped);
            return None;
        }
        if state.queue.is_empty() {
            return None;
        }
        let own = !state.writers.is_empty() && state.own_messages > 0;
        let pressed = own || state.queue.iter().any(|fragment| fragment.lent() && core.transport().wants_room(fragment.from));
        if !pressed {
            return None;
        }
        let due = state.read_at + GRACE;
        if now < due && !state.stalled {
            return Some(due);
        }
        state.stalled = true;
        debug(core.rank, || format!("sets {} unread messages aside", state.queue.len()));
        let result = state.set_aside(core);
        let writers = std::mem::take(&mut state.writers);
        drop(state);
        writers.into_iter().for_each(Waker::wake);
        report(core, result);
        None
    }
}

/// What goes wrong in the communication thread is this rank's failure: no task is there to return it to.
fn report(core: &Core, result: Result<()>) {
    if let Err(error) = result {
        core.fail(match error {
            CommError::System { what, source } => CommError::System { what: format!("rank {}: {what}", core.rank).into(), source },
            other => other,
        });
    }
}

impl State {
    fn push(&mut self, fragment: Fragment) -> Option<Waker> {
        if self.queue.is_empty() {
            self.read_at = Instant::now();
        }
        self.queue.push_back(fragment);
        self.reader.take()
    }

    /// Moves everything that is neither copied nor in the file yet to the heap or, past the budget, to the file.
    fn set_aside(&mut self, core: &Core) -> Result<()> {
        // What was set aside before is at the front.
        let first = self.queue.iter().rposition(Fragment::aside).map_or(0, |last| last + 1);
        for fragment in self.queue.iter_mut().skip(first) {
            let Place::Memory(bytes, _) = &fragment.place else { continue };
            fragment.place = match core.spill.charge(bytes.len()) {
                Some(charge) => {
                    let bytes = std::mem::replace(&mut fragment.place, Place::File { offset: 0, length: 0 });
                    let Place::Memory(bytes, _) = bytes else { continue };
                    Place::Memory(bytes.into_owned(), Some(charge))
                }
                None => {
                    let file = match &mut self.spill {
                        Some(file) => file,
                        none => none.insert(core.spill.create()?),
                    };
                    Place::File { offset: core.spill.write(file, bytes)?, length: bytes.len() }
                }
            };
        }
        Ok(())
    }
}

impl Fragment {
    fn lent(&self) -> bool {
        matches!(&self.place, Place::Memory(bytes, _) if bytes.is_lent())
    }

    fn aside(&self) -> bool {
        matches!(&self.place, Place::Memory(_, Some(_)) | Place::File { .. })
    }
}
