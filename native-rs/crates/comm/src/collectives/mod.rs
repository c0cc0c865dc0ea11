//! The collectives, MPI's names and meaning; one file each. Contributions are always combined in rank order.

mod allgather;
mod alltoall;
mod barrier;
mod broadcast;
mod gather;
mod mailbox;
mod recover;

pub(crate) use allgather::allgather;
pub(crate) use alltoall::alltoall;
pub(crate) use barrier::barrier;
pub(crate) use broadcast::broadcast;
pub(crate) use gather::gather;
pub(crate) use mailbox::Mailbox;
pub(crate) use recover::recover;

use std::future::poll_fn;
use std::time::Instant;

use crate::shared_bytes::SharedBytes;
use crate::core::Entered;
use crate::error::Result;

/// The contributions this rank expects, by rank. Waits busily for a moment first: small collectives are short, and
/// waking a sleeping task costs more than they do.
async fn contributions(entered: &Entered<'_>) -> Result<Vec<Option<SharedBytes>>> {
    if let Some(result) = entered.core.try_collective(entered) {
        return result;
    }
    if let Some(result) = spin(entered) {
        return result;
    }
    poll_fn(|cx| entered.core.poll_collective(cx, entered)).await
}

fn spin(entered: &Entered<'_>) -> Option<Result<Vec<Option<SharedBytes>>>> {
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

/// All ranks but `rank`, starting after it so that not everybody sends to rank 0 first.
fn others(rank: usize, size: usize) -> Vec<usize> {
    (1..size).map(|step| (rank + step) % size).collect()
}
