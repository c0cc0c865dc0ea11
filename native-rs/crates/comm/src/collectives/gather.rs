use bytes::Bytes;

use super::bundle::{pack, unpack_all};
use super::{Collective, Underway, in_rank_order};
use crate::core::Core;
use crate::error::Result;
use crate::operation::{Op, Primitive};

/// Everybody writes, the root reads. On a grid the members of the root's group bundle the parts of those behind them.
pub(crate) async fn gather(core: &Core, op: &Op, root: usize, bytes: Bytes) -> Result<Option<Vec<Bytes>>> {
    let underway = Underway { core, op, primitive: Primitive::Gather, root: Some(root) };
    let steps = Collective::Gather { root }.steps(core.place());
    let (Some(grid), [across, within]) = (core.grid(), &steps[..]) else {
        let mut parts = underway.step(&steps[0], &bytes).await?;
        if core.rank != root {
            return Ok(None);
        }
        parts.insert(root, bytes.into());
        return in_rank_order(parts, core.size).map(Some);
    };
    let mut behind = underway.first_step(across, &[], within).await?;
    behind.insert(core.rank, bytes.into());
    let bundle = pack(behind.values().map(Some));
    let mut bundles = underway.step(within, &bundle).await?;
    if core.rank != root {
        return Ok(None);
    }
    bundles.insert(root, bundle.into());
    unpack_all(bundles, grid, core.size).map(Some)
}
