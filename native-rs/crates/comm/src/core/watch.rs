//! What keeps a job from waiting for ever without anybody failing: ranks that are elsewhere, ranks that do nothing,
//! senders that were dropped.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use super::{Core, State};
use crate::debug::debug;
use crate::error::{CommError, RankError};
use crate::operation::Identity;
use crate::transport::Transport;

/// A sender that was dropped unfinished without a failure within this time is a failure itself.
const ORPHANED: Duration = Duration::from_millis(500);
/// A rank that waits this long looks where the others are.
const LOOK_AFTER: Duration = Duration::from_millis(400);
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(800);

impl Core {
    /// Something waits: look now and then where the other ranks are.
    pub fn watch(&self) {
        let mut state = self.state.lock();
        if state.look_at.is_none() {
            state.look_at = Some(Instant::now() + LOOK_AFTER);
            drop(state);
            self.transport().nudge();
        }
    }

    /// Looks where the ranks are which operations have been waiting for.
    pub(super) fn look(&self, now: Instant) -> Option<Instant> {
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
            let mut waited_for = HashSet::new();
            for operation in state.operations.values_mut() {
                let Some(entered) = operation.entered else { continue };
                let missing = operation.missing();
                waiting |= !missing.is_empty();
                if now.saturating_duration_since(entered) < LOOK_AFTER {
                    continue;
                }
                if !missing.is_empty() {
                    debug(self.rank, || format!("waits for ranks {missing:?} at {}", operation.identity.describe()));
                }
                let mut suspects = Vec::new();
                for rank in missing {
                    waited_for.insert(rank);
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
            silent = state.silent(&waited_for, || self.near(), &**self.transport());
            state.look_at = waiting.then(|| now + LOOK_AGAIN);
            state.look_at
        };
        if !silent.is_empty() {
            self.transport().announce_silence(&silent);
            self.fail(CommError::Silent { ranks: silent });
        }
        if let Some(divergence) = found {
            self.diverged(divergence);
        }
        next
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
    pub(super) fn bury(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        let (due, identity) = state.orphan?;
        if state.failure.is_none() && now < due {
            return Some(due);
        }
        state.orphan = None;
        if state.failure.is_none() {
            drop(state);
            let message = format!("the sender of the exchange at {} ended early", identity.site());
            self.fail(CommError::Remote(RankError { rank: self.rank, message }));
        }
        None
    }
}

impl State {
    /// Asks the ranks that are waited for for a sign of life; those that have given none for too long, the longest first.
    /// Counted in looks, not in time: when the whole job was stopped and goes on, nobody has been asked meanwhile.
    pub(super) fn silent(&mut self, waited_for: &HashSet<usize>, near: impl FnOnce() -> Vec<usize>, transport: &dyn Transport) -> Vec<usize> {
        // One that does not answer may be unheard because of another: then all are asked to whom this rank speaks.
        let suspicious = self.silence.values().any(|&(asked, _)| asked > 0);
        let mut asked_now: BTreeSet<usize> = waited_for.iter().copied().collect();
        if suspicious {
            asked_now.extend(near().into_iter().filter(|rank| !self.left.contains(rank)));
        }
        self.silence.retain(|rank, _| asked_now.contains(rank));
        let mut silent = false;
        for rank in asked_now {
            let sign = transport.sign_of_life(rank);
            let (asked, last) = self.silence.entry(rank).or_default();
            *asked = if sign == *last { *asked + 1 } else { 0 };
            *last = sign;
            silent |= waited_for.contains(&rank) && *asked > transport.limits().looks;
        }
        if !silent {
            return Vec::new();
        }
        let mut ranks: Vec<(u32, usize)> = self.silence.iter().filter(|(_, (asked, _))| *asked > 0).map(|(rank, (asked, _))| (*asked, *rank)).collect();
        ranks.sort_by_key(|&(asked, _)| Reverse(asked));
        ranks.into_iter().map(|(_, rank)| rank).collect()
    }
}
