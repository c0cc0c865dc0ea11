use super::{contributions, others};
use crate::core::Core;
use crate::error::Result;
use crate::operation::{Op, Primitive};

/// Every rank tells every other that it is here: one step, no rank in the middle.
pub(crate) async fn barrier(core: &Core, op: &Op) -> Result<()> {
    let others = others(core.rank, core.size);
    let entered = core.enter(op, Primitive::Barrier, None, &others)?;
    entered.contribute(&others, &[]).await?;
    contributions(&entered).await.map(drop)
}
