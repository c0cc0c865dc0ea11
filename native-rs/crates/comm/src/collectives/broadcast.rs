use bytes::Bytes;

use super::{Collective, Step};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// The root writes once, everybody reads. On a grid the root's doors do, and write once for their groups.
pub(crate) async fn broadcast(core: &Core, op: &Op, root: usize, bytes: Option<Bytes>) -> Result<Bytes> {
    let collective = Collective { core, op, primitive: Primitive::Broadcast, root: Some(root) };
    // The rank that this one has it from, and the step in which it has.
    let (source, last) = match core.grid() {
        None => (root, Step::flat(core)),
        Some(grid) => (grid.seen_by(root).door(grid.group()), Step::within(grid)),
    };
    let bytes = if core.rank == root { bytes.unwrap_or_default() } else { Bytes::new() };
    if core.rank != source {
        let parts = collective.step(&Step { to: Vec::new(), from: vec![source], ..last }, &[]).await?;
        return from(source, parts);
    }
    let handing_on = Step { from: Vec::new(), ..last };
    let bytes = match core.grid().map(Step::across) {
        None => bytes,
        Some(across) if core.rank == root => {
            collective.step(&Step { from: Vec::new(), ..across }, &bytes).await?;
            bytes
        }
        Some(across) => {
            let first = Step { to: Vec::new(), from: vec![root], ..across };
            from(root, collective.first_step(&first, &[], &handing_on).await?)?
        }
    };
    collective.step(&handing_on, &bytes).await?;
    Ok(bytes)
}

fn from(rank: usize, mut parts: crate::core::Contributions) -> Result<Bytes> {
    parts.remove(&rank).map(Bytes::from).ok_or(CommError::Invalid { from: rank, what: "broadcast without a body" })
}
