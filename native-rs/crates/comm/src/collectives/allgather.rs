use bytes::Bytes;

use super::bundle::{pack, unpack_all};
use super::{Collective, Underway, in_rank_order};
use crate::core::Core;
use crate::error::Result;
use crate::operation::{Op, Primitive};

/// Every rank writes once, everybody reads all: `size` regions, no forwarding. On a grid every door bundles the parts of
/// those behind it, and the members of a group exchange their bundles.
pub(crate) async fn allgather(core: &Core, op: &Op, bytes: Bytes) -> Result<Vec<Bytes>> {
    let underway = Underway { core, op, primitive: Primitive::Allgather, root: None };
    let steps = Collective::Allgather.steps(core.place());
    let (Some(grid), [across, within]) = (core.grid(), &steps[..]) else {
        let mut parts = underway.step(&steps[0], &bytes).await?;
        parts.insert(core.rank, bytes.into());
        return in_rank_order(parts, core.size);
    };
    let mut behind = underway.first_step(across, &bytes, within).await?;
    behind.insert(core.rank, bytes.into());
    let bundle = pack(behind.values().map(Some));
    let mut bundles = underway.step(within, &bundle).await?;
    bundles.insert(core.rank, bundle.into());
    unpack_all(bundles, grid, core.size)
}
