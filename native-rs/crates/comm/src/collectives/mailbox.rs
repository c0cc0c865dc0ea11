//! What arrived for one collective.

use std::task::Waker;

use crate::shared_bytes::{AlignedBuffer, SharedBytes};
use crate::error::{CommError, Result};
use crate::transport::Frame;

/// One contribution per rank, reassembled from its fragments. Bodies are copied on arrival: they are small as a rule,
/// and a rank that has not reached the collective yet must not hold the others' memory.
pub(crate) struct Mailbox {
    contributions: Vec<Contribution>,
    /// The ranks whose contributions this one needs; unknown until it enters.
    expected: Option<Vec<usize>>,
    waker: Option<Waker>,
}

#[derive(Default)]
struct Contribution {
    buffer: Option<AlignedBuffer>,
    filled: usize,
}

impl Contribution {
    fn complete(&self) -> bool {
        self.buffer.as_ref().is_some_and(|buffer| buffer.len() == self.filled)
    }
}

impl Mailbox {
    pub fn new(size: usize) -> Self {
        Self { contributions: (0..size).map(|_| Contribution::default()).collect(), expected: None, waker: None }
    }

    pub fn expect(&mut self, ranks: &[usize]) {
        self.expected = Some(ranks.to_vec());
    }

    pub fn waits_for(&self, rank: usize) -> bool {
        self.expected.as_ref().is_some_and(|expected| expected.contains(&rank)) && !self.contributions[rank].complete()
    }

    /// Whether `rank` has contributed all it can.
    pub fn has(&self, rank: usize) -> bool {
        self.contributions.get(rank).is_some_and(Contribution::complete)
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

    /// Takes a fragment in; returns the waiting task when nothing is missing any more.
    pub fn arrived(&mut self, frame: &Frame, bytes: &[u8]) -> Result<Option<Waker>> {
        let from = frame.from as usize;
        let invalid = |what| CommError::Invalid { from, what };
        let contribution = self.contributions.get_mut(from).ok_or(invalid("rank"))?;
        let total = usize::try_from(frame.total).map_err(|_| invalid("length"))?;
        if contribution.buffer.is_none() {
            contribution.buffer = Some(AlignedBuffer::try_zeroed(total).ok_or(invalid("length"))?);
        }
        let buffer = contribution.buffer.as_mut().ok_or(invalid("length"))?;
        let at = usize::try_from(frame.at).map_err(|_| invalid("offset"))?;
        let target = at.checked_add(bytes.len()).and_then(|end| buffer.get_mut(at..end)).ok_or(invalid("fragment"))?;
        target.copy_from_slice(bytes);
        contribution.filled += bytes.len();
        Ok(if self.is_complete() { self.waker.take() } else { None })
    }

    fn is_complete(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| expected.iter().all(|&rank| self.contributions[rank].complete()))
    }

    /// The expected contributions by rank, once they are complete.
    pub fn take_complete(&mut self) -> Option<Vec<Option<SharedBytes>>> {
        self.is_complete().then(|| {
            self.contributions.iter_mut().map(|contribution| contribution.buffer.take().map(SharedBytes::from)).collect()
        })
    }
}
