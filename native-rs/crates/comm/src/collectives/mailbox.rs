//! What arrived for one collective.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use crate::core::Contributions;
use crate::shared_bytes::AlignedBuffer;
use crate::error::{CommError, Result};
use crate::transport::{Frame, what};

/// Contributions of other ranks, reassembled from their fragments. Bodies are copied on arrival: they are small as a rule,
/// and a rank that has not reached the collective yet must not hold the others' memory.
#[derive(Default)]
pub(crate) struct Mailbox {
    contributions: BTreeMap<usize, Contribution>,
    /// The ranks whose contributions this one still needs; unknown until it enters.
    missing: Option<BTreeSet<usize>>,
    /// A rank that has left, of whose contribution another would have been made.
    gone: Option<usize>,
    waker: Option<Waker>,
}

struct Contribution {
    buffer: AlignedBuffer,
    filled: usize,
}

impl Contribution {
    fn complete(&self) -> bool {
        self.buffer.len() == self.filled
    }
}

impl Mailbox {
    pub fn expect(&mut self, ranks: impl IntoIterator<Item = usize>) {
        self.missing = Some(ranks.into_iter().filter(|&rank| !self.has(rank)).collect());
    }

    /// The ranks whose contributions are not here yet; none before this rank has entered.
    pub fn missing(&self) -> impl Iterator<Item = usize> {
        self.missing.iter().flatten().copied()
    }

    pub fn gone(&self) -> Option<usize> {
        self.gone
    }

    /// Whether `rank` has contributed all it can.
    pub fn has(&self, rank: usize) -> bool {
        self.contributions.get(&rank).is_some_and(Contribution::complete)
    }

    pub fn set_waker(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(old) => old.clone_from(waker),
            None => self.waker = Some(waker.clone()),
        }
    }

    pub fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    /// Takes a fragment in; returns the waiting task when nothing is missing any more, or never will come.
    pub fn arrived(&mut self, frame: &Frame, bytes: &[u8]) -> Result<Option<Waker>> {
        let from = frame.from as usize;
        let invalid = |what| CommError::Invalid { from, what };
        match frame.what {
            what::COLLECTIVE => {}
            what::GONE => {
                self.gone = Some(usize::try_from(frame.message).map_err(|_| invalid("rank"))?);
                return Ok(self.waker.take());
            }
            _ => return Err(invalid("kind of frame")),
        }
        let total = usize::try_from(frame.total).map_err(|_| invalid("length"))?;
        let contribution = match self.contributions.get_mut(&from) {
            Some(begun) => begun,
            None => {
                let buffer = AlignedBuffer::try_zeroed(total).ok_or(invalid("length"))?;
                self.contributions.entry(from).or_insert(Contribution { buffer, filled: 0 })
            }
        };
        let at = usize::try_from(frame.at).map_err(|_| invalid("offset"))?;
        let target = at.checked_add(bytes.len()).and_then(|end| contribution.buffer.get_mut(at..end));
        target.ok_or(invalid("fragment"))?.copy_from_slice(bytes);
        contribution.filled += bytes.len();
        if !contribution.complete() {
            return Ok(None);
        }
        let missing = self.missing.as_mut();
        let complete = missing.is_some_and(|missing| missing.remove(&from) && missing.is_empty());
        Ok(if complete { self.waker.take() } else { None })
    }

    /// The contributions, once those expected are complete.
    pub fn take_complete(&mut self) -> Option<Contributions> {
        self.missing.as_ref()?.is_empty().then(|| {
            std::mem::take(&mut self.contributions).into_iter().map(|(rank, whole)| (rank, whole.buffer.into())).collect()
        })
    }
}
