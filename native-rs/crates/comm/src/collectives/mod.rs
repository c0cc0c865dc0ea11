//! The collectives, MPI's names and meaning; one file each. Contributions are always combined in rank order.
//!
//! Without a grid every rank sends to every rank that needs its part. With one, parts go across to the doors of the groups,
//! and within a group from the doors to the members: one `step` each. `schedule` says who sends to whom.

mod allgather;
mod allreduce;
mod alltoall;
mod barrier;
mod broadcast;
mod bundle;
mod gather;
mod mailbox;
mod recover;
mod schedule;

pub(crate) use allgather::allgather;
pub(crate) use allreduce::allreduce;
pub(crate) use alltoall::alltoall;
pub(crate) use barrier::barrier;
pub(crate) use broadcast::broadcast;
pub(crate) use gather::gather;
pub(crate) use mailbox::Mailbox;
pub(crate) use recover::recover;
pub use schedule::{Collective, Cost, Place};

use std::future::poll_fn;
use std::time::Instant;

use bytes::Bytes;

use self::schedule::Step;
use crate::core::{Contributions, Core, Entered};
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// A collective that this rank takes part in, as its steps say what it is.
struct Underway<'a> {
    core: &'a Core,
    op: &'a Op,
    primitive: Primitive,
    root: Option<usize>,
}

impl Underway<'_> {
    async fn step(&self, step: &Step, part: &[u8]) -> Result<Contributions> {
        let entered = self.enter(step)?;
        entered.contribute(&step.to, part, step.last).await?;
        contributions(&entered).await
    }

    /// The parts which this rank is to hand on in the step `next`. Where one does not come because its rank has left, those
    /// who wait for it behind this rank are told.
    async fn first_step(&self, step: &Step, part: &[u8], next: &Step) -> Result<Contributions> {
        let parts = self.step(step, part).await;
        if let Err(CommError::Left { rank }) = parts {
            self.enter(next)?.tell_gone(&next.to, rank);
        }
        parts
    }

    fn enter(&self, step: &Step) -> Result<Entered<'_>> {
        self.core.enter(self.op, self.primitive, self.root, step.hop, step.from.iter().copied())
    }
}

/// The parts of all ranks.
fn in_rank_order(mut parts: Contributions, size: usize) -> Result<Vec<Bytes>> {
    let missing = |from| CommError::Invalid { from, what: "no part of a collective" };
    (0..size).map(|rank| parts.remove(&rank).map(Bytes::from).ok_or(missing(rank))).collect()
}

/// The contributions this rank expects. Waits busily for a moment first: small collectives are short, and waking a sleeping
/// task costs more than they do.
async fn contributions(entered: &Entered<'_>) -> Result<Contributions> {
    if let Some(result) = entered.core.try_collective(entered) {
        return result;
    }
    if let Some(result) = spin(entered) {
        return result;
    }
    poll_fn(|cx| entered.core.poll_collective(cx, entered)).await
}

fn spin(entered: &Entered<'_>) -> Option<Result<Contributions>> {
    let transport = entered.core.transport();
    let budget = transport.limits().spin;
    if budget.is_zero() {
        return None;
    }
    let token = transport.spin_begin();
    let end = Instant::now() + budget;
    let result = loop {
        transport.progress();
        if let Some(result) = entered.core.try_collective(entered) {
            break Some(result);
        }
        if Instant::now() >= end {
            break None;
        }
        std::hint::spin_loop();
    };
    transport.spin_end(token);
    result
}
