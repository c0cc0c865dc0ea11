use super::{Collective, Step, contributions};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// Past so many ranks one of them hears all and tells all: 2 (size − 1) messages, not size (size − 1), of which each may wake a
/// rank that shares its core with others.
const FLAT: usize = 8;

/// That rank.
const HUB: usize = 0;

/// Nobody goes on before everybody is here. On a grid a door tells it for those behind it.
pub(crate) async fn barrier(core: &Core, op: &Op) -> Result<()> {
    let collective = Collective { core, op, primitive: Primitive::Barrier, root: None };
    let last = match core.grid() {
        None if core.size > FLAT && core.rank == HUB => return hub(&collective).await,
        None if core.size > FLAT => Step { to: vec![HUB], from: vec![HUB], last: true, hop: None },
        None => Step::flat(core),
        Some(grid) => {
            let within = Step::within(grid);
            collective.first_step(&Step::across(grid), &[], &within).await?;
            within
        }
    };
    collective.step(&last, &[]).await.map(drop)
}

/// Hears all, then tells all; where one has left, that.
async fn hub(collective: &Collective<'_>) -> Result<()> {
    let others = Step::flat(collective.core);
    let entered = collective.enter(&others)?;
    let heard = contributions(&entered).await;
    if let Err(CommError::Left { rank }) = heard {
        entered.tell_gone(&others.to, rank);
    }
    heard?;
    entered.contribute(&others.to, &[], others.last).await
}
