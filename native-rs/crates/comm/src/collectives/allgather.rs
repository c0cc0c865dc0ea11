use bytes::Bytes;

use super::bundle::{pack, unpack_all};
use super::{Collective, Step, in_rank_order};
use crate::core::Core;
use crate::error::Result;
use crate::operation::{Op, Primitive};

/// Every rank writes once, everybody reads all: `size` regions, no forwarding. On a grid every door bundles the parts of
/// those behind it, and the members of a group exchange their bundles.
pub(crate) async fn allgather(core: &Core, op: &Op, bytes: Bytes) -> Result<Vec<Bytes>> {
    let collective = Collective { core, op, primitive: Primitive::Allgather, root: None };
    let Some(grid) = core.grid() else {
        let mut parts = collective.step(&Step::flat(core), &bytes).await?;
        parts.insert(core.rank, bytes.into());
        return in_rank_order(parts, core.size);
    };
    let within = Step::within(grid);
    let mut behind = collective.first_step(&Step::across(grid), &bytes, &within).await?;
    behind.insert(core.rank, bytes.into());
    let bundle = pack(behind.values().map(Some));
    let mut bundles = collective.step(&within, &bundle).await?;
    bundles.insert(core.rank, bundle.into());
    unpack_all(bundles, grid, core.size)
}
