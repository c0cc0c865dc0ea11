use bytes::Bytes;

use super::{contributions, others};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::{Op, Primitive};

/// The root writes once, everybody reads.
pub(crate) async fn broadcast(core: &Core, op: &Op, root: usize, bytes: Option<Bytes>) -> Result<Bytes> {
    if core.rank == root {
        let bytes = bytes.unwrap_or_default();
        let entered = core.enter(op, Primitive::Broadcast, Some(root), &[])?;
        let others = others(root, core.size);
        entered.contribute(&others, &bytes).await?;
        return Ok(bytes);
    }
    let entered = core.enter(op, Primitive::Broadcast, Some(root), &[root])?;
    entered.contribute(&[], &[]).await?;
    let mut contributions = contributions(&entered).await?;
    let own = contributions.get_mut(root).and_then(Option::take);
    own.map(Bytes::from).ok_or(CommError::Invalid { from: root, what: "broadcast without a body" })
}
