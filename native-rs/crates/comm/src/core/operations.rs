//! Entering and leaving operations, and what a collective has received.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::{Body, Core, Operation, State};
use crate::collectives::Mailbox;
use crate::debug::debug;
use crate::error::{CommError, Divergence, Result};
use crate::exchange::Exchange;
use crate::operation::{Identity, Op, Primitive};
use crate::shared_bytes::SharedBytes;
use crate::transport::what;

/// Identities of ended operations that are remembered, so that a late message of a diverged rank is recognised.
const REMEMBERED: usize = 1024;

impl Core {
    /// Opens `op` on this rank, comparing it with what other ranks said of it already.
    pub fn enter(&self, op: &Op, primitive: Primitive, root: Option<usize>, expect: &[usize]) -> Result<Entered<'_>> {
        let identity = Identity::new(op, primitive, root);
        let expect = |body: &mut Body| match body {
            Body::Mailbox(mailbox) => mailbox.expect(expect),
            Body::Exchange(_) => unreachable!("operations that agree have one primitive"),
        };
        let ((), epoch) = self.open(op, identity, || Body::Mailbox(Mailbox::new(self.size)), expect)?;
        Ok(Entered { core: self, identity, epoch })
    }

    /// Opens an exchange on this rank.
    pub fn enter_exchange(&self, op: &Op) -> Result<(Arc<Exchange>, Identity, u32)> {
        let identity = Identity::new(op, Primitive::Exchange, None);
        let exchange = |body: &mut Body| match body {
            Body::Exchange(exchange) => exchange.clone(),
            Body::Mailbox(_) => unreachable!("operations that agree have one primitive"),
        };
        let (exchange, epoch) = self.open(op, identity, || Body::Exchange(Exchange::new(self.rank, self.size)), exchange)?;
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
        if op.fingerprint == 0 {
            self.transport().announce_position(epoch, &identity);
        }
        drop(state);
        debug(self.rank, || format!("enters {}", identity.describe()));
        Ok((taken, epoch))
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
            debug(self.rank, || format!("leaves {}", identity.describe()));
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
