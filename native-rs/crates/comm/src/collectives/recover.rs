use std::future::poll_fn;

use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::Op;

/// Every rank announces that it has left the failed epoch; when all have, the next one begins. What was sent in the old
/// epoch is dropped wherever it still arrives, so nothing has to be drained.
pub(crate) async fn recover(core: &Core, op: &Op) -> Result<Vec<CommError>> {
    let epoch = core.begin_recovery(op)?;
    poll_fn(|cx| core.poll_epoch(cx, epoch)).await
}
