use super::schedule::Step;
use super::{Collective, Underway, contributions};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// Nobody goes on before everybody is here. On a grid a door tells it for those behind it; without one a hub does, past a few ranks.
pub(crate) async fn barrier(core: &Core, op: &Op) -> Result<()> {
    let underway = Underway { core, op, primitive: Primitive::Barrier, root: None };
    match &Collective::Barrier.steps(core.place())[..] {
        [all] if core.place().is_hub() => hub(&underway, all).await,
        [across, within] => {
            underway.first_step(across, &[], within).await?;
            underway.step(within, &[]).await.map(drop)
        }
        steps => underway.step(&steps[0], &[]).await.map(drop),
    }
}

/// Hears all, then tells all; where one has left, that.
async fn hub(underway: &Underway<'_>, others: &Step) -> Result<()> {
    let entered = underway.enter(others)?;
    let heard = contributions(&entered).await;
    if let Err(CommError::Left { rank }) = heard {
        entered.tell_gone(&others.to, rank);
    }
    heard?;
    entered.contribute(&others.to, &[], others.last).await
}
