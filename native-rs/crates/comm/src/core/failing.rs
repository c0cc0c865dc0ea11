//! Failures and epochs.

use std::task::{Context, Poll, Waker};

use super::{Core, State, park, wake};
use crate::debug::debug;
use crate::error::{CommError, Divergence, RankError, Result};
use crate::failure::{After, Failure};
use crate::operation::{Key, Op};

impl Core {
    /// This rank fails: all ranks are told. The first failure of an epoch stands.
    pub fn fail(&self, error: CommError) {
        let after = self.state.lock().contributed;
        self.fail_after(error, after);
    }

    /// As `fail`, for operations after the given one.
    pub fn fail_after(&self, error: CommError, after: After) {
        debug(self.rank, || format!("fails after {after:?}: {error}"));
        let failure = Failure { error, after };
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        let epoch = state.epoch;
        // After this rank has announced the next epoch, others may have read its failures of this one.
        let announce = failure.error.recoverable() && !state.announced.contains_key(&self.rank) && !state.recovering;
        if announce {
            state.announced.insert(self.rank, failure.error.clone());
        }
        state.fail(&failure, &mut wakers);
        drop(state);
        if let Some(transport) = self.transport.get() {
            if announce {
                transport.announce_failure(epoch, &failure.encode());
            }
            // What failed exchanges hold is given up by the next tick.
            transport.nudge();
        }
        wake(wakers);
    }

    /// Whether the group can never come together again, not even to leave.
    pub fn lost(&self) -> bool {
        let state = self.state.lock();
        state.failure.as_ref().is_some_and(|failure| !failure.error.recoverable() && !matches!(failure.error, CommError::Closed))
    }

    pub(super) fn diverged(&self, divergence: Divergence) -> CommError {
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
                park(&mut state.failure_waiters, cx.waker());
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
                self.fail(CommError::Remote(RankError { rank: self.rank, message }));
                state = self.state.lock();
            }
        }
        state.recovering = true;
        let next = state.epoch + 1;
        drop(state);
        self.transport().announce_epoch(next);
        self.read_news();
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
        if let Some(&rank) = state.left.first() {
            return Poll::Ready(Err(CommError::Left { rank }));
        }
        park(&mut state.failure_waiters, cx.waker());
        Poll::Pending
    }

    /// Reads failures and epochs the ranks announced; moves on when all ranks have.
    pub(super) fn read_news(&self) {
        // A rank may have moved on and failed again before this one looks.
        while self.read_news_of_epoch() {}
    }

    /// Whether another epoch has begun.
    pub(super) fn read_news_of_epoch(&self) -> bool {
        let Some(transport) = self.transport.get() else { return false };
        let (mut moved, mut heard) = (false, false);
        let mut wakers = Vec::new();
        let mut dropped = Vec::new();
        {
            let mut state = self.state.lock();
            let epoch = state.epoch;
            // Epochs first: whatever a rank announced before it moved on is then read below, alike on all ranks.
            let all_recovered = transport.all_past(epoch);
            for (rank, record) in transport.failures(epoch) {
                if rank != self.rank && !state.announced.contains_key(&rank) {
                    let invalid = || Failure { error: CommError::Invalid { from: rank, what: "failure record" }, after: None };
                    let failure = Failure::decode(&record).unwrap_or_else(invalid);
                    debug(self.rank, || format!("hears that rank {rank} failed after {:?}: {}", failure.after, failure.error));
                    state.announced.insert(rank, failure.error.clone());
                    state.fail(&failure, &mut wakers);
                    heard = true;
                }
            }
            if state.recovering && all_recovered {
                moved = true;
                state.recovering = false;
                state.survived = std::mem::take(&mut state.announced).into_values().collect();
                state.epoch += 1;
                debug(self.rank, || format!("goes on in epoch {}", epoch + 1));
                if state.failure.as_ref().is_some_and(|failure| failure.error.recoverable()) {
                    state.failure = None;
                }
                state.orphan = None;
                dropped.extend(state.operations.drain().map(|(_, operation)| operation));
                state.ended.clear();
                state.ended_order.clear();
                wakers.append(&mut state.failure_waiters);
            }
        }
        // Dropping views rings their senders: not under the lock.
        drop(dropped);
        if heard {
            transport.nudge();
        }
        wake(wakers);
        moved
    }
}

impl State {
    /// The failure, where it concerns the operation `key`.
    pub(super) fn check(&self, key: Key) -> Result<()> {
        match &self.failure {
            Some(failure) if failure.concerns(key) => Err(failure.error.clone()),
            _ => Ok(()),
        }
    }

    /// The first failure stands, but one that cannot be recovered from replaces one that can. Of several the earliest
    /// operation counts.
    pub(super) fn fail(&mut self, failure: &Failure, wakers: &mut Vec<Waker>) {
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
}
