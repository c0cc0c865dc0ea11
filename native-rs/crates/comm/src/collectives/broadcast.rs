use bytes::Bytes;

use super::{Collective, Underway};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// The root writes once, everybody reads. On a grid the root's doors do, and write once for their groups.
pub(crate) async fn broadcast(core: &Core, op: &Op, root: usize, bytes: Option<Bytes>) -> Result<Bytes> {
    let underway = Underway { core, op, primitive: Primitive::Broadcast, root: Some(root) };
    let mut bytes = if core.rank == root { bytes.unwrap_or_default() } else { Bytes::new() };
    let steps = Collective::Broadcast { root }.steps(core.place());
    for (at, step) in steps.iter().enumerate() {
        let parts = match steps.get(at + 1) {
            Some(next) => underway.first_step(step, &bytes, next).await?,
            None => underway.step(step, &bytes).await?,
        };
        if let &[source] = &step.from[..] {
            bytes = from(source, parts)?;
        }
    }
    Ok(bytes)
}

fn from(rank: usize, mut parts: crate::core::Contributions) -> Result<Bytes> {
    parts.remove(&rank).map(Bytes::from).ok_or(CommError::Invalid { from: rank, what: "broadcast without a body" })
}
