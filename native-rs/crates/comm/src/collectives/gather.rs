use bytes::Bytes;

use super::bundle::{pack, unpack_all};
use super::{Collective, Step, in_rank_order};
use crate::core::Core;
use crate::error::Result;
use crate::grid::Grid;
use crate::operation::{Op, Primitive};

/// Everybody writes, the root reads. On a grid the members of the root's group bundle the parts of those behind them.
pub(crate) async fn gather(core: &Core, op: &Op, root: usize, bytes: Bytes) -> Result<Option<Vec<Bytes>>> {
    let collective = Collective { core, op, primitive: Primitive::Gather, root: Some(root) };
    if let Some(grid) = core.grid() {
        return in_two_hops(&collective, grid, root, bytes).await;
    }
    if core.rank != root {
        collective.step(&Step { to: vec![root], last: true, ..Step::default() }, &bytes).await?;
        return Ok(None);
    }
    let mut parts = collective.step(&Step { to: Vec::new(), ..Step::flat(core) }, &[]).await?;
    parts.insert(root, bytes.into());
    in_rank_order(parts, core.size).map(Some)
}

async fn in_two_hops(collective: &Collective<'_>, grid: Grid, root: usize, bytes: Bytes) -> Result<Option<Vec<Bytes>>> {
    let Collective { core, .. } = collective;
    let (across, within) = (Step::across(grid), Step::within(grid));
    let home = grid.group_of(root);
    if grid.group() != home {
        let only = Step { to: vec![grid.door(home)], from: Vec::new(), last: true, ..across };
        collective.step(&only, &bytes).await?;
        return Ok(None);
    }
    let second = if core.rank == root {
        Step { to: Vec::new(), ..within }
    } else {
        Step { to: vec![root], from: Vec::new(), ..within }
    };
    let mut behind = collective.first_step(&Step { to: Vec::new(), ..across }, &[], &second).await?;
    behind.insert(core.rank, bytes.into());
    let bundle = pack(behind.values().map(Some));
    let mut bundles = collective.step(&second, &bundle).await?;
    if core.rank != root {
        return Ok(None);
    }
    bundles.insert(root, bundle.into());
    unpack_all(bundles, grid, core.size).map(Some)
}
