use bytes::Bytes;

use super::{contributions, others};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// Everybody writes, the root reads.
pub(crate) async fn gather(core: &Core, op: &Op, root: usize, bytes: Bytes) -> Result<Option<Vec<Bytes>>> {
    if core.rank != root {
        let entered = core.enter(op, Primitive::Gather, Some(root), &[])?;
        entered.contribute(&[root], &bytes).await?;
        return Ok(None);
    }
    let entered = core.enter(op, Primitive::Gather, Some(root), &others(root, core.size))?;
    entered.contribute(&[], &[]).await?;
    let mut contributions = contributions(&entered).await?;
    contributions[root] = Some(bytes.into());
    let missing = |from| CommError::Invalid { from, what: "gather without a body" };
    let gathered = contributions.into_iter().enumerate().map(|(from, one)| one.map(Bytes::from).ok_or(missing(from)));
    gathered.collect::<Result<_>>().map(Some)
}
