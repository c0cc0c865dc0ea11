//! Entering and leaving operations, and what a collective has received.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Instant;

use super::{Body, Core, Operation, State};
use crate::collectives::Mailbox;
use crate::debug::debug;
use crate::error::{CommError, Divergence, Result};
use crate::exchange::Exchange;
use crate::grid::Hop;
use crate::operation::{Identity, Op, Primitive};
use crate::shared_bytes::SharedBytes;
use crate::transport::what;

/// Identities of ended operations that are remembered, so that a late message of a diverged rank is recognised.
const REMEMBERED: usize = 1024;

impl Core {
    /// Opens `op` on this rank, comparing it with what other ranks said of it already. Contributions of `expect` are waited
    /// for.
    pub fn enter(
        &self,
        op: &Op,
        primitive: Primitive,
        root: Option<usize>,
        hop: Option<Hop>,
        expect: impl IntoIterator<Item = usize>,
    ) -> Result<Entered<'_>> {
        let identity = Identity::new(op, primitive, root, hop);
        let expect = |body: &mut Body| match body {
            Body::Mailbox(mailbox) => mailbox.expect(expect),
            Body::Exchange(_) => unreachable!("operations that agree have one primitive"),
        };
        let ((), epoch) = self.open(op, identity, || Body::Mailbox(Mailbox::default()), expect)?;
        Ok(Entered { core: self, identity, epoch })
    }

    /// Opens an exchange, or one hop of it, on this rank.
    pub fn enter_exchange(&self, op: &Op, hop: Option<Hop>) -> Result<(Arc<Exchange>, Identity, u32)> {
        let peers = self.peers(hop).ok_or(CommError::Invalid { from: self.rank, what: "a hop without a grid" })?;
        let identity = Identity::new(op, Primitive::Exchange, None, hop);
        let exchange = |body: &mut Body| match body {
            Body::Exchange(exchange) => exchange.clone(),
            Body::Mailbox(_) => unreachable!("operations that agree have one primitive"),
        };
        let (exchange, epoch) = self.open(op, identity, || Body::Exchange(Exchange::new(peers)), exchange)?;
        Ok((exchange, identity, epoch))
    }

    /// What `take` takes of the opened operation's body, and the epoch.
    fn open<T>(&self, op: &Op, identity: Identity, new: impl FnOnce() -> Body, take: impl FnOnce(&mut Body) -> T) -> Result<(T, u32)> {
        let mut state = self.state.lock();
        state.check(identity.key())?;
        let epoch = state.epoch;
        let taken = match state.open(identity, self.rank, new) {
            Ok(body) => take(body),
            Err(divergence) => {
                drop(state);
                return Err(self.diverged(divergence));
            }
        };
        if identity.hop() != Some(Hop::Within) {
            self.operations.fetch_add(1, Ordering::Relaxed);
        }
        if op.fingerprint == 0 {
            self.transport().announce_position(epoch, &identity);
        }
        drop(state);
        debug(self.rank, || format!("enters {}", identity.describe()));
        Ok((taken, epoch))
    }

    /// This rank has done its part of an operation, of both hops where there are two: a later failure of this rank does not
    /// concern it.
    pub fn contributed(&self, identity: &Identity, epoch: u32) {
        if identity.fingerprint != 0 {
            return;
        }
        let mut state = self.state.lock();
        if state.epoch == epoch && state.check(identity.key()).is_ok() {
            state.contributed = state.contributed.max(Some((identity.call, identity.sequence)));
        }
    }

    /// Forgets an operation that has ended here; its identity is remembered.
    pub fn leave(&self, identity: &Identity, epoch: u32) {
        let mut state = self.state.lock();
        if state.epoch == epoch && state.operations.remove(&identity.key()).is_some() {
            state.remember(*identity);
            debug(self.rank, || format!("leaves {}", identity.describe()));
        }
    }

    /// The contributions to a collective, if those expected are complete.
    pub fn try_collective(&self, entered: &Entered<'_>) -> Option<Result<Contributions>> {
        self.state.lock().take_collective(entered)
    }

    /// As `try_collective`; wakes the task when it is worth another look.
    pub fn poll_collective(&self, cx: &mut Context<'_>, entered: &Entered<'_>) -> Poll<Result<Contributions>> {
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
        state.left.iter().copied().find(|&rank| waits_for(rank))
    }
}

impl State {
    fn open(&mut self, identity: Identity, rank: usize, body: impl FnOnce() -> Body) -> Result<&mut Body, Divergence> {
        if let Some(ended) = self.ended.get(&identity.key()) {
            return Err(identity.divergence(rank, ended, rank));
        }
        let operation = self.operations.entry(identity.key()).or_insert_with(|| Operation {
            identity,
            witness: rank,
            entered: None,
            suspects: Vec::new(),
            body: body(),
        });
        if operation.entered.is_some() || !operation.identity.agrees(&identity) {
            return Err(identity.divergence(rank, &operation.identity, operation.witness));
        }
        operation.witness = rank;
        operation.entered = Some(Instant::now());
        Ok(&mut operation.body)
    }

    pub(super) fn mailbox(&mut self, entered: &Entered<'_>) -> Option<&mut Mailbox> {
        match self.operations.get_mut(&entered.identity.key()) {
            Some(Operation { body: Body::Mailbox(mailbox), .. }) => Some(mailbox),
            _ => None,
        }
    }

    fn take_collective(&mut self, entered: &Entered<'_>) -> Option<Result<Contributions>> {
        if let Err(error) = self.check(entered.identity.key()) {
            return Some(Err(error));
        }
        let nobody_left = self.left.is_empty();
        let Some(mailbox) = self.mailbox(entered) else { return Some(Err(CommError::Closed)) };
        if let Some(contributions) = mailbox.take_complete() {
            return Some(Ok(contributions));
        }
        if let Some(rank) = mailbox.gone() {
            return Some(Err(CommError::Left { rank }));
        }
        if nobody_left {
            return None;
        }
        let missing: Vec<usize> = mailbox.missing().collect();
        let rank = missing.into_iter().find(|rank| self.left.contains(rank))?;
        Some(Err(CommError::Left { rank }))
    }

    pub(super) fn remember(&mut self, identity: Identity) {
        if self.ended_order.len() == REMEMBERED
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
        self.ended_order.push_back(identity.key());
        self.ended.insert(identity.key(), identity);
    }
}

/// What came to a collective, by rank.
pub(crate) type Contributions = BTreeMap<usize, SharedBytes>;

/// An operation this rank is in; dropping it leaves the operation.
pub(crate) struct Entered<'a> {
    pub core: &'a Core,
    pub identity: Identity,
    pub epoch: u32,
}

impl Entered<'_> {
    /// Sends this rank's part. `last`: the rank then has done all it does for the operation.
    pub async fn contribute(&self, targets: &[usize], bytes: &[u8], last: bool) -> Result<()> {
        self.core.send(&self.identity, self.epoch, what::COLLECTIVE, targets, bytes).await?;
        if last {
            self.core.contributed(&self.identity, self.epoch);
        }
        Ok(())
    }

    /// In place of a part: a rank has left whose own was to be in it.
    pub fn tell_gone(&self, targets: &[usize], rank: usize) {
        for &to in targets {
            self.core.signal(&self.identity, self.epoch, what::GONE, to, rank as u64);
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.core.leave(&self.identity, self.epoch);
    }
}
