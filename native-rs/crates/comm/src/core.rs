//! The state one rank shares between its tasks and its communication thread: which operations are open, what arrived
//! for them, and whether the group has failed.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::shared_bytes::{Pins, SharedBytes};
use crate::collectives::Mailbox;
use crate::error::{CommError, Divergence, Result};
use crate::exchange::Exchange;
use crate::failure::{After, Failure};
use crate::operation::{Identity, Op, Primitive};
use crate::spill::SpillArea;
use crate::stats::Traffic;
use crate::transport::{Frame, Inbox, NO_REGION, Region, Transport, what};

/// Identities of ended operations that are remembered, so that a late message of a diverged rank is recognised.
const REMEMBERED: usize = 1024;
/// A sender that was dropped unfinished without a failure within this time is a failure itself.
const ORPHANED: Duration = Duration::from_millis(500);
/// A rank that waits this long looks where the others are.
const LOOK_AFTER: Duration = Duration::from_millis(400);
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(800);

pub(crate) struct Core {
    pub transport: OnceLock<Arc<dyn Transport>>,
    pub rank: usize,
    pub size: usize,
    pub spill: SpillArea,
    pub traffic: Traffic,
    /// By sender: what consumers here hold of its memory.
    pub pins: Vec<Arc<Pins>>,
    messages: AtomicU64,
    state: Mutex<State>,
}

struct State {
    epoch: u32,
    /// Answers the operations it concerns until `recover`.
    failure: Option<Failure>,
    /// The last operation of the program to which this rank has contributed all it does.
    contributed: After,
    /// What each rank announced in this epoch.
    announced: Vec<Option<CommError>>,
    operations: HashMap<(u64, u64), Operation>,
    ended: HashMap<(u64, u64), Identity>,
    ended_order: VecDeque<(u64, u64)>,
    left: Vec<bool>,
    room_waiters: Vec<Waker>,
    failure_waiters: Vec<Waker>,
    /// This rank has announced the next epoch.
    recovering: bool,
    /// What was announced in the epoch before this one, by rank.
    survived: Vec<CommError>,
    look_at: Option<Instant>,
    /// A sender was dropped unfinished: when to fail for it, and its identity.
    orphan: Option<(Instant, Identity)>,
    /// By rank: how often it was asked in vain for a sign of life, and the last sign.
    silence: Vec<(u32, u32)>,
}

struct Operation {
    identity: Identity,
    /// The rank whose identity it is: this one once it has entered.
    witness: usize,
    entered: Option<Instant>,
    /// Ranks seen past this operation by the last look.
    suspects: Vec<usize>,
    body: Body,
}

enum Body {
    Mailbox(Mailbox),
    Exchange(Arc<Exchange>),
}

impl Operation {
    fn waits_for(&self, rank: usize) -> bool {
        match &self.body {
            Body::Mailbox(mailbox) => mailbox.waits_for(rank),
            Body::Exchange(exchange) => exchange.waits_for(rank),
        }
    }

    fn fail(&mut self, error: &CommError, wakers: &mut Vec<Waker>) {
        match &mut self.body {
            Body::Mailbox(mailbox) => wakers.extend(mailbox.take_waker()),
            Body::Exchange(exchange) => exchange.fail(error, wakers),
        }
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

impl Core {
    pub fn new(rank: usize, size: usize, spill: SpillArea) -> Arc<Self> {
        Arc::new(Self {
            transport: OnceLock::new(),
            rank,
            size,
            spill,
            traffic: Traffic::new(size),
            pins: (0..size).map(|_| Arc::default()).collect(),
            messages: AtomicU64::new(0),
            state: Mutex::new(State {
                epoch: 0,
                failure: None,
                contributed: None,
                announced: vec![None; size],
                operations: HashMap::new(),
                ended: HashMap::new(),
                ended_order: VecDeque::new(),
                left: vec![false; size],
                room_waiters: Vec::new(),
                failure_waiters: Vec::new(),
                recovering: false,
                survived: Vec::new(),
                look_at: None,
                orphan: None,
                silence: vec![(0, 0); size],
            }),
        })
    }

    pub fn transport(&self) -> &Arc<dyn Transport> {
        self.transport.get().expect("the transport is set before the core is handed out")
    }

    // ---- operations ----------------------------------------------------------------------------------------------

    /// Opens `op` on this rank, comparing it with what other ranks said of it already.
    pub fn enter(&self, op: &Op, primitive: Primitive, root: Option<usize>, expect: &[usize]) -> Result<Entered<'_>> {
        let identity = Identity::new(op, primitive, root);
        let mut state = self.state.lock();
        state.check(identity.key())?;
        let epoch = state.epoch;
        let size = self.size;
        let operation = state.operations.entry(identity.key()).or_insert_with(|| Operation {
            identity,
            witness: self.rank,
            entered: None,
            suspects: Vec::new(),
            body: Body::Mailbox(Mailbox::new(size)),
        });
        if operation.entered.is_some() || !operation.identity.agrees(&identity) {
            let divergence = identity.divergence(self.rank, &operation.identity, operation.witness);
            drop(state);
            return Err(self.diverged(divergence));
        }
        operation.witness = self.rank;
        operation.entered = Some(Instant::now());
        if let Body::Mailbox(mailbox) = &mut operation.body {
            mailbox.expect(expect);
        }
        drop(state);
        if op.fingerprint == 0 {
            self.transport().announce_position(epoch, &identity);
        }
        Ok(Entered { core: self, identity, epoch })
    }

    /// Opens an exchange on this rank.
    pub fn enter_exchange(&self, op: &Op) -> Result<(Arc<Exchange>, Identity, u32)> {
        let identity = Identity::new(op, Primitive::Exchange, None);
        let mut state = self.state.lock();
        state.check(identity.key())?;
        let epoch = state.epoch;
        let operation = state.operations.entry(identity.key()).or_insert_with(|| Operation {
            identity,
            witness: self.rank,
            entered: None,
            suspects: Vec::new(),
            body: Body::Exchange(Exchange::new(self.rank, self.size)),
        });
        let exchange = match &operation.body {
            Body::Exchange(exchange) if operation.entered.is_none() && operation.identity.agrees(&identity) => exchange.clone(),
            _ => {
                let divergence = identity.divergence(self.rank, &operation.identity, operation.witness);
                drop(state);
                return Err(self.diverged(divergence));
            }
        };
        operation.witness = self.rank;
        operation.entered = Some(Instant::now());
        drop(state);
        if op.fingerprint == 0 {
            self.transport().announce_position(epoch, &identity);
        }
        Ok((exchange, identity, epoch))
    }

    /// This rank has done its part of an operation: a later failure of this rank does not concern it.
    pub fn contributed(&self, identity: &Identity, epoch: u32) {
        if identity.fingerprint != 0 {
            return;
        }
        let mut state = self.state.lock();
        if state.epoch == epoch && state.check(identity.key()).is_ok() {
            state.contributed = state.contributed.max(Some(identity.key()));
        }
    }

    /// Forgets an operation that has ended here; its identity is remembered.
    pub fn leave(&self, identity: &Identity, epoch: u32) {
        let mut state = self.state.lock();
        if state.epoch == epoch && state.operations.remove(&identity.key()).is_some() {
            state.remember(*identity);
        }
    }

    /// The contributions of a collective, if those expected are complete.
    pub fn try_collective(&self, entered: &Entered<'_>) -> Option<Result<Vec<Option<SharedBytes>>>> {
        self.state.lock().take_collective(entered)
    }

    /// As `try_collective`; wakes the task when it is worth another look.
    pub fn poll_collective(&self, cx: &mut Context<'_>, entered: &Entered<'_>) -> Poll<Result<Vec<Option<SharedBytes>>>> {
        let mut state = self.state.lock();
        if let Some(result) = state.take_collective(entered) {
            return Poll::Ready(result);
        }
        if let Some(mailbox) = state.mailbox(entered) {
            mailbox.set_waker(cx.waker());
        }
        drop(state);
        self.watch();
        Poll::Pending
    }

    /// A rank that has left although `waits_for` it holds.
    pub fn left_behind(&self, waits_for: impl Fn(usize) -> bool) -> Option<usize> {
        let state = self.state.lock();
        (0..self.size).find(|&rank| state.left[rank] && waits_for(rank))
    }

    /// Something waits: look now and then where the other ranks are.
    pub fn watch(&self) {
        let mut state = self.state.lock();
        if state.look_at.is_none() {
            state.look_at = Some(Instant::now() + LOOK_AFTER);
            drop(state);
            self.transport().nudge();
        }
    }

    // ---- sending -------------------------------------------------------------------------------------------------

    pub fn next_message(&self) -> u64 {
        self.messages.fetch_add(1, Ordering::Relaxed)
    }

    /// Memory for `length` bytes, as soon as there is some.
    pub async fn reserve(&self, identity: &Identity, length: usize) -> Result<Region> {
        poll_fn(|cx| self.poll_reserve(cx, identity.key(), length)).await
    }

    fn poll_reserve(&self, cx: &mut Context<'_>, key: (u64, u64), length: usize) -> Poll<Result<Region>> {
        self.state.lock().check(key)?;
        let transport = self.transport();
        if let Some(region) = transport.reserve(length)? {
            return Poll::Ready(Ok(region));
        }
        {
            let mut state = self.state.lock();
            state.check(key)?;
            state.room_waiters.push(cx.waker().clone());
        }
        transport.want_room();
        // What came back between the first attempt and the announcement was announced to nobody.
        match transport.reserve(length)? {
            Some(region) => Poll::Ready(Ok(region)),
            None => Poll::Pending,
        }
    }

    /// Sends `source` to each of `targets`, written once, in fragments where it is long.
    pub async fn send(&self, identity: &Identity, epoch: u32, what: u8, targets: &[usize], source: &[u8]) -> Result<()> {
        if targets.is_empty() {
            return Ok(());
        }
        let limits = self.transport().limits();
        let message = self.next_message();
        let mut at = 0;
        loop {
            let rest = source.len() - at;
            let mut region = self.reserve_fragment(identity, rest.min(limits.fragment)).await?;
            let length = region.length;
            region.bytes_mut().copy_from_slice(&source[at..at + length]);
            self.publish(region, identity, epoch, what, targets, message, source.len(), at, false);
            at += length;
            if at == source.len() {
                return Ok(());
            }
        }
    }

    /// A region of `wanted` bytes or, where memory is scattered, of as many as come sooner or later.
    pub async fn reserve_fragment(&self, identity: &Identity, wanted: usize) -> Result<Region> {
        if let Some(region) = self.transport().reserve(wanted)? {
            return Ok(region);
        }
        self.reserve(identity, wanted.min(self.transport().limits().smallest_fragment)).await
    }

    /// Hands a filled region to `targets` (and to this rank where `own` is set).
    #[expect(clippy::too_many_arguments, reason = "a frame has that many fields")]
    pub fn publish(
        &self,
        region: Region,
        identity: &Identity,
        epoch: u32,
        what: u8,
        targets: &[usize],
        message: u64,
        total: usize,
        at: usize,
        own: bool,
    ) -> Option<SharedBytes> {
        let frame = Frame {
            from: self.rank as u32,
            epoch,
            region: region.id,
            what,
            unused: [0; 3],
            message,
            total: total as u64,
            at: at as u64,
            offset: region.offset,
            length: region.length as u64,
            identity: *identity,
        };
        for &to in targets {
            self.traffic.sent(to, frame.length, frame.at == 0);
        }
        let view = region.publish(targets.len() as u32 + u32::from(own), own);
        for &to in targets {
            self.transport().post(to, &frame);
        }
        view
    }

    /// Sends a frame without a body.
    pub fn signal(&self, identity: &Identity, epoch: u32, what: u8, to: usize) {
        let frame = Frame {
            from: self.rank as u32,
            epoch,
            region: NO_REGION,
            what,
            unused: [0; 3],
            message: 0,
            total: 0,
            at: 0,
            offset: 0,
            length: 0,
            identity: *identity,
        };
        self.transport().post(to, &frame);
    }

    // ---- failure -------------------------------------------------------------------------------------------------

    /// This rank fails: all ranks are told. The first failure of an epoch stands.
    pub fn fail(&self, error: CommError) {
        let after = self.state.lock().contributed;
        self.fail_after(error, after);
    }

    /// As `fail`, for operations after the given one.
    pub fn fail_after(&self, error: CommError, after: After) {
        let failure = Failure { error, after };
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        let epoch = state.epoch;
        // After this rank has announced the next epoch, others may have read its failures of this one.
        let announce = failure.error.recoverable() && state.announced[self.rank].is_none() && !state.recovering;
        if announce {
            state.announced[self.rank] = Some(failure.error.clone());
        }
        state.fail(&failure, &mut wakers);
        drop(state);
        if announce && let Some(transport) = self.transport.get() {
            transport.announce_failure(epoch, &failure.encode());
        }
        wake(wakers);
    }

    /// A sender was dropped unfinished. As a rule its owner is about to report why; if not, the others would wait.
    pub fn orphaned(&self, identity: &Identity, epoch: u32) {
        let mut state = self.state.lock();
        if state.epoch == epoch && state.orphan.is_none() && state.check(identity.key()).is_ok() {
            state.orphan = Some((Instant::now() + ORPHANED, *identity));
            drop(state);
            self.transport().nudge();
        }
    }

    /// Fails for a sender that was dropped unfinished, when that is due; returns when it will be.
    fn bury(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        let (due, identity) = state.orphan?;
        if state.failure.is_none() && now < due {
            return Some(due);
        }
        state.orphan = None;
        if state.failure.is_none() {
            drop(state);
            let message = format!("the sender of the exchange at {} ended early", identity.site());
            self.fail(CommError::Remote(crate::RankError { rank: self.rank, message }));
        }
        None
    }

    fn diverged(&self, divergence: Divergence) -> CommError {
        let error = CommError::Diverged(Box::new(divergence));
        self.fail_after(error.clone(), None);
        error
    }

    /// The failure of the current epoch, when there is one.
    pub fn poll_failed(&self, cx: &mut Context<'_>) -> Poll<CommError> {
        let mut state = self.state.lock();
        match &state.failure {
            Some(failure) => Poll::Ready(failure.error.clone()),
            None => {
                state.failure_waiters.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Announces that this rank has left the failed epoch; returns the epoch to wait for.
    pub fn begin_recovery(&self, op: &Op) -> Result<u32> {
        let mut state = self.state.lock();
        match &state.failure {
            Some(failure) if !failure.error.recoverable() => return Err(failure.error.clone()),
            Some(_) => {}
            None => {
                // Others must notice as well, or they would never come here.
                drop(state);
                let message = format!("recover at {} without a failure", op.site);
                self.fail(CommError::Remote(crate::RankError { rank: self.rank, message }));
                state = self.state.lock();
            }
        }
        state.recovering = true;
        let next = state.epoch + 1;
        drop(state);
        self.transport().announce_epoch(next);
        self.news();
        Ok(next)
    }

    /// What the ranks announced in the epoch before `epoch`, by rank, once all are in `epoch`.
    pub fn poll_epoch(&self, cx: &mut Context<'_>, epoch: u32) -> Poll<Result<Vec<CommError>>> {
        let mut state = self.state.lock();
        if state.epoch >= epoch {
            return Poll::Ready(Ok(state.survived.clone()));
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| !failure.error.recoverable()) {
            return Poll::Ready(Err(failure.error.clone()));
        }
        if let Some(rank) = state.left.iter().position(|&left| left) {
            return Poll::Ready(Err(CommError::Left { rank }));
        }
        state.failure_waiters.push(cx.waker().clone());
        Poll::Pending
    }

    /// Reads failures and epochs the ranks announced; moves on when all ranks have.
    fn read_news(&self) {
        // A rank may have moved on and failed again before this one looks.
        while self.read_news_of_epoch() {}
    }

    /// Whether another epoch has begun.
    fn read_news_of_epoch(&self) -> bool {
        let Some(transport) = self.transport.get() else { return false };
        let mut moved = false;
        let mut wakers = Vec::new();
        let mut dropped = Vec::new();
        {
            let mut state = self.state.lock();
            let epoch = state.epoch;
            // Epochs first: whatever a rank announced before it moved on is then read below, alike on all ranks.
            let all_recovered = (0..self.size).all(|rank| transport.epoch(rank) > epoch);
            for rank in 0..self.size {
                if rank != self.rank
                    && state.announced[rank].is_none()
                    && let Some(record) = transport.failure(rank, epoch)
                {
                    let invalid = || Failure { error: CommError::Invalid { from: rank, what: "failure record" }, after: None };
                    let failure = Failure::decode(&record).unwrap_or_else(invalid);
                    state.announced[rank] = Some(failure.error.clone());
                    state.fail(&failure, &mut wakers);
                }
            }
            if state.recovering && all_recovered {
                moved = true;
                state.recovering = false;
                state.survived = state.announced.iter().flatten().cloned().collect();
                state.epoch += 1;
                if state.failure.as_ref().is_some_and(|failure| failure.error.recoverable()) {
                    state.failure = None;
                }
                state.announced.fill(None);
                state.orphan = None;
                dropped.extend(state.operations.drain().map(|(_, operation)| operation));
                state.ended.clear();
                state.ended_order.clear();
                wakers.append(&mut state.failure_waiters);
            }
        }
        // Dropping views rings their senders: not under the lock.
        drop(dropped);
        wake(wakers);
        moved
    }

    /// Looks where the ranks are which operations have been waiting for.
    fn look(&self, now: Instant) -> Option<Instant> {
        let (mut found, silent);
        found = None;
        let next = {
            let mut state = self.state.lock();
            let look_at = state.look_at?;
            if now < look_at {
                return Some(look_at);
            }
            let epoch = state.epoch;
            let mut waiting = false;
            let mut waited_for = vec![false; self.size];
            for operation in state.operations.values_mut() {
                let Some(entered) = operation.entered else { continue };
                let missing: Vec<usize> =
                    (0..self.size).filter(|&rank| rank != self.rank && operation.waits_for(rank)).collect();
                waiting |= !missing.is_empty();
                if now.saturating_duration_since(entered) < LOOK_AFTER {
                    continue;
                }
                let mut suspects = Vec::new();
                for rank in missing {
                    waited_for[rank] = true;
                    let Some((at, position)) = self.transport().position(rank) else { continue };
                    if at == epoch && position.valid() && position.key() > operation.identity.key() {
                        // Seen twice: its contribution may have been on the way at the first look.
                        if operation.suspects.contains(&rank) {
                            found = Some(operation.identity.divergence(self.rank, &position, rank));
                        }
                        suspects.push(rank);
                    }
                }
                operation.suspects = suspects;
            }
            silent = (0..self.size).find(|&rank| state.silent(rank, waited_for[rank], &**self.transport()));
            state.look_at = waiting.then(|| now + LOOK_AGAIN);
            state.look_at
        };
        if let Some(rank) = silent {
            self.transport().announce_silence(rank);
            self.silent(rank);
        }
        if let Some(divergence) = found {
            self.diverged(divergence);
        }
        next
    }

    /// Finds the open operation a frame belongs to and hands the body over.
    fn dispatch(&self, frame: &Frame, body: Option<SharedBytes>) -> Result<()> {
        let from = frame.from as usize;
        let invalid = |what| CommError::Invalid { from, what };
        let identity = frame.identity;
        let primitive = Primitive::from_wire(identity.primitive).ok_or(invalid("primitive"))?;
        if !identity.valid() || from >= self.size {
            return Err(invalid("identity"));
        }
        if self.state.lock().epoch < frame.epoch {
            // The sender saw that all ranks, this one included, have left the old epoch.
            self.read_news();
        }
        let mut state = self.state.lock();
        if frame.epoch < state.epoch {
            drop(state);
            drop(body);
            return Ok(());
        }
        if frame.epoch > state.epoch {
            return Err(invalid("epoch"));
        }
        if state.check(identity.key()).is_err() {
            drop(state);
            drop(body);
            return Ok(());
        }
        if !state.operations.contains_key(&identity.key())
            && let Some(&ended) = state.ended.get(&identity.key())
        {
            drop(state);
            // A refusal may come after the end; anything else means that the sender is elsewhere.
            if !(frame.what == what::REFUSE && ended.agrees(&identity)) {
                self.diverged(ended.divergence(self.rank, &identity, from));
            }
            return Ok(());
        }
        let operation = state.operations.entry(identity.key()).or_insert_with(|| Operation {
            identity,
            witness: from,
            entered: None,
            suspects: Vec::new(),
            body: if primitive == Primitive::Exchange {
                Body::Exchange(Exchange::new(self.rank, self.size))
            } else {
                Body::Mailbox(Mailbox::new(self.size))
            },
        });
        let twice = matches!(&operation.body, Body::Mailbox(mailbox) if mailbox.has(from));
        if twice || !operation.identity.agrees(&identity) {
            let divergence = operation.identity.divergence(operation.witness, &identity, from);
            drop(state);
            self.diverged(divergence);
            return Ok(());
        }
        match &mut operation.body {
            Body::Mailbox(mailbox) => {
                let bytes = body.as_deref().unwrap_or_default();
                let waker = mailbox.arrived(frame, bytes)?;
                drop(state);
                wake(waker.into_iter().collect());
            }
            Body::Exchange(exchange) => {
                let exchange = exchange.clone();
                drop(state);
                exchange.arrived(self, frame, body)?;
                if exchange.ended() {
                    self.leave(&identity, frame.epoch);
                }
            }
        }
        Ok(())
    }
}

impl State {
    /// The failure, where it concerns the operation `key`.
    fn check(&self, key: (u64, u64)) -> Result<()> {
        match &self.failure {
            Some(failure) if failure.concerns(key) => Err(failure.error.clone()),
            _ => Ok(()),
        }
    }

    fn mailbox(&mut self, entered: &Entered<'_>) -> Option<&mut Mailbox> {
        match self.operations.get_mut(&entered.identity.key()) {
            Some(Operation { body: Body::Mailbox(mailbox), .. }) => Some(mailbox),
            _ => None,
        }
    }

    fn take_collective(&mut self, entered: &Entered<'_>) -> Option<Result<Vec<Option<SharedBytes>>>> {
        if let Err(error) = self.check(entered.identity.key()) {
            return Some(Err(error));
        }
        let Some(mailbox) = self.mailbox(entered) else { return Some(Err(CommError::Closed)) };
        if let Some(contributions) = mailbox.take_complete() {
            return Some(Ok(contributions));
        }
        if !self.left.contains(&true) {
            return None;
        }
        let left = self.left.clone();
        let mailbox = self.mailbox(entered)?;
        let rank = (0..left.len()).find(|&rank| left[rank] && mailbox.waits_for(rank))?;
        Some(Err(CommError::Left { rank }))
    }

    /// The first failure stands, but one that cannot be recovered from replaces one that can. Of several the earliest
    /// operation counts.
    fn fail(&mut self, failure: &Failure, wakers: &mut Vec<Waker>) {
        match &mut self.failure {
            Some(first) if !first.error.recoverable() => {}
            Some(first) if failure.error.recoverable() => first.after = first.after.min(failure.after),
            any => *any = Some(failure.clone()),
        }
        let Some(current) = &self.failure else { return };
        for (_, operation) in self.operations.iter_mut().filter(|(key, _)| current.concerns(**key)) {
            operation.fail(&current.error, wakers);
        }
        wakers.append(&mut self.failure_waiters);
        wakers.append(&mut self.room_waiters);
    }

    /// Asks a rank that is waited for for a sign of life; whether it has given none for too long. Counted in looks, not
    /// in time: when the whole job was stopped and goes on, nobody has been asked meanwhile.
    fn silent(&mut self, rank: usize, waited_for: bool, transport: &dyn Transport) -> bool {
        let (asked, last) = &mut self.silence[rank];
        if !waited_for {
            *asked = 0;
            return false;
        }
        let sign = transport.sign_of_life(rank);
        *asked = if sign == *last { *asked + 1 } else { 0 };
        *last = sign;
        *asked > transport.limits().looks
    }

    fn remember(&mut self, identity: Identity) {
        if self.ended_order.len() == REMEMBERED
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
        self.ended_order.push_back(identity.key());
        self.ended.insert(identity.key(), identity);
    }
}

impl Inbox for Core {
    fn deliver(&self, frame: &Frame, body: Option<SharedBytes>) {
        self.traffic.received(frame.from as usize, frame.length, frame.at == 0 && frame.region != NO_REGION);
        if let Err(error) = self.dispatch(frame, body) {
            self.broken(error);
        }
    }

    fn news(&self) {
        self.read_news();
    }

    fn room(&self) {
        let wakers = std::mem::take(&mut self.state.lock().room_waiters);
        wake(wakers);
    }

    fn died(&self, rank: usize) {
        self.fail(CommError::RankDied { rank });
    }

    fn silent(&self, rank: usize) {
        self.fail(CommError::Silent { rank });
    }

    fn left(&self, rank: usize) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state.lock();
            state.left[rank] = true;
            for operation in state.operations.values_mut() {
                match &mut operation.body {
                    Body::Mailbox(mailbox) => wakers.extend(mailbox.take_waker()),
                    Body::Exchange(exchange) if exchange.waits_for(rank) => exchange.fail(&CommError::Left { rank }, &mut wakers),
                    Body::Exchange(_) => {}
                }
            }
            wakers.append(&mut state.failure_waiters);
        }
        wake(wakers);
    }

    fn broken(&self, error: CommError) {
        // Fatal here; the others learn it as this rank's failure.
        let told = CommError::Remote(crate::RankError { rank: self.rank, message: error.to_string() });
        self.fail_after(told, None);
        self.fail_after(error, None);
    }

    fn tick(&self, now: Instant) -> Option<Instant> {
        let exchanges: Vec<Arc<Exchange>> = {
            let state = self.state.lock();
            let exchange = |operation: &Operation| match &operation.body {
                Body::Exchange(exchange) => Some(exchange.clone()),
                Body::Mailbox(_) => None,
            };
            state.operations.values().filter_map(exchange).collect()
        };
        let pressed = exchanges.iter().filter_map(|exchange| exchange.relieve(self, now)).min();
        [pressed, self.look(now), self.bury(now)].into_iter().flatten().min()
    }
}

/// An operation this rank is in; dropping it leaves the operation.
pub(crate) struct Entered<'a> {
    pub core: &'a Core,
    pub identity: Identity,
    pub epoch: u32,
}

impl Entered<'_> {
    /// Sends this rank's part of the collective.
    pub async fn contribute(&self, targets: &[usize], bytes: &[u8]) -> Result<()> {
        self.core.send(&self.identity, self.epoch, what::COLLECTIVE, targets, bytes).await?;
        self.core.contributed(&self.identity, self.epoch);
        Ok(())
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.core.leave(&self.identity, self.epoch);
    }
}
