use super::{Collective, Step};
use crate::core::Core;
use crate::error::Result;
use crate::operation::{Op, Primitive};

/// Every rank tells every other that it is here: one step, no rank in the middle. On a grid a door tells it for those behind
/// it.
pub(crate) async fn barrier(core: &Core, op: &Op) -> Result<()> {
    let collective = Collective { core, op, primitive: Primitive::Barrier, root: None };
    let last = match core.grid() {
        None => Step::flat(core),
        Some(grid) => {
            let within = Step::within(grid);
            collective.first_step(&Step::across(grid), &[], &within).await?;
            within
        }
    };
    collective.step(&last, &[]).await.map(drop)
}
