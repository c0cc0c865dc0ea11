use bytes::Bytes;

use super::{contributions, others};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// Every rank writes once, everybody reads all: `size` regions, no forwarding.
pub(crate) async fn allgather(core: &Core, op: &Op, bytes: Bytes) -> Result<Vec<Bytes>> {
    let others = others(core.rank, core.size);
    let entered = core.enter(op, Primitive::Allgather, None, &others)?;
    entered.contribute(&others, &bytes).await?;
    let mut contributions = contributions(&entered).await?;
    contributions[core.rank] = Some(bytes.into());
    let missing = |from| CommError::Invalid { from, what: "allgather without a body" };
    contributions.into_iter().enumerate().map(|(from, one)| one.map(Bytes::from).ok_or(missing(from))).collect()
}
