//! What can go wrong between ranks. Errors are cheap to clone: one failure answers every pending operation.

use std::fmt;
use std::sync::Arc;

use crate::operation::{OpKind, Primitive};

/// An error that one rank raised and all ranks report alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankError {
    /// The rank where it happened.
    pub rank: usize,
    /// Carried verbatim (the binding puts JSON here); at most [`RankError::MESSAGE_LIMIT`] bytes arrive elsewhere.
    pub message: String,
}

impl RankError {
    const LEFT: &str = "has left the job";

    /// What the others are told of a rank that has left, where only some would notice.
    pub(crate) fn left(rank: usize) -> Self {
        Self { rank, message: Self::LEFT.into() }
    }

    /// Whether it is no error of the rank, which has left.
    pub fn is_left(&self) -> bool {
        self.message == Self::LEFT
    }

    /// Longer messages are cut at a character boundary on the other ranks.
    pub const MESSAGE_LIMIT: usize = 48 * 1024;
}

/// Where one rank stood when two ranks were found at different operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    pub rank: usize,
    pub kind: OpKind,
    pub primitive: Primitive,
    pub call: u64,
    pub sequence: u64,
    /// Source position, `file:line:column`; a very long path is cut at its front.
    pub site: String,
    pub fingerprint: u64,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, kind, call, sequence, site, .. } = self;
        match kind {
            OpKind::Settle => write!(f, "rank {rank} is at the end of call #{call}"),
            _ if site.is_empty() => write!(f, "rank {rank} is at {kind} #{call}.{sequence}"),
            _ => write!(f, "rank {rank} is at {kind} #{call}.{sequence} ({site})"),
        }
    }
}

/// Two ranks which should run the same statements do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    pub here: Side,
    pub there: Side,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { here, there } = self;
        write!(f, "the ranks diverged: {here}, {there}")?;
        if here.primitive != there.primitive {
            write!(f, "; one side calls {:?}, the other {:?}", here.primitive, there.primitive)
        } else if here.kind == there.kind && here.site == there.site {
            if here.fingerprint != there.fingerprint {
                write!(f, "; their plans differ ({:016x}, {:016x})", here.fingerprint, there.fingerprint)
            } else {
                write!(f, "; their arguments differ, or one is there twice")
            }
        } else {
            Ok(())
        }
    }
}

/// Why a communication failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommError {
    /// A rank (perhaps this one) called [`crate::Communicator::fail`]; the group can go on after `recover`.
    #[error("rank {}: {}", .0.rank, .0.message)]
    Remote(RankError),
    /// A process is gone. Final.
    #[error("rank {rank} died")]
    RankDied { rank: usize },
    /// Processes are there but do nothing, not even in their communication threads; the one that is silent for longest
    /// first. Final. One may be stopped and the others only unheard: an MPI can stop sending to all when it cannot send to
    /// one.
    #[error("{}", silence(.ranks))]
    Silent { ranks: Vec<usize> },
    /// The ranks are at different operations.
    #[error("{0}")]
    Diverged(Box<Divergence>),
    /// A rank closed its communicator while others still waited for it.
    #[error("rank {rank} has left the job")]
    Left { rank: usize },
    /// This communicator was closed.
    #[error("the communicator is closed")]
    Closed,
    /// The ranks could not be connected: who is missing, or what does not match.
    #[error("{0}")]
    Connect(Arc<str>),
    /// The operating system refused (memory, file descriptors, spill space).
    #[error("{what}: {source}")]
    System { what: Arc<str>, source: Arc<std::io::Error> },
    /// A rank sent what no rank of this version sends. A bug, or memory corruption.
    #[error("invalid message from rank {from}: {what}")]
    Invalid { from: usize, what: &'static str },
}

fn silence(ranks: &[usize]) -> String {
    let names: Vec<String> = ranks.iter().map(usize::to_string).collect();
    match names.as_slice() {
        [one] => format!("rank {one} does not respond: it is stopped, or its memory is being swapped"),
        several => format!("ranks {} do not respond: one is stopped, or its memory is being swapped", several.join(", ")),
    }
}

impl CommError {
    /// Wraps an error of the operating system.
    pub(crate) fn system(what: &str, error: impl Into<std::io::Error>) -> Self {
        Self::System { what: what.into(), source: Arc::new(error.into()) }
    }

    /// Whether `recover` can bring the group back.
    pub fn recoverable(&self) -> bool {
        matches!(self, Self::Remote(_) | Self::Diverged(_) | Self::System { .. })
    }
}

pub type Result<T, E = CommError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rank: usize, kind: OpKind, sequence: u64, site: &str) -> Side {
        Side { rank, kind, primitive: Primitive::Allgather, call: 7, sequence, site: site.into(), fingerprint: 0 }
    }

    #[test]
    fn a_rank_that_left_the_function_is_at_the_end_of_its_call() {
        let (here, there) = (at(0, OpKind::Plan, 3, "job.ts:5:9"), at(1, OpKind::Settle, u64::MAX - 2, ""));
        let divergence = Divergence { here, there };
        assert_eq!(divergence.to_string(), "the ranks diverged: rank 0 is at plan #7.3 (job.ts:5:9), rank 1 is at the end of call #7");
    }

    #[test]
    fn an_operation_without_a_place_in_the_source_has_no_brackets() {
        assert_eq!(at(2, OpKind::Barrier, 4, "").to_string(), "rank 2 is at barrier #7.4");
    }
}
