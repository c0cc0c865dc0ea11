use bytes::Bytes;
use futures::future::try_join;

use crate::error::Result;
use crate::exchange::{ExchangeReceiver, ExchangeSender};

/// Every rank has a part for every rank, or none. Sends and receives at once, so that long parts wait in nobody's memory.
pub(crate) async fn alltoall(
    (sender, mut receiver): (ExchangeSender, ExchangeReceiver),
    parts: Vec<Option<Bytes>>,
) -> Result<Vec<Option<Bytes>>> {
    let mut received = vec![None; parts.len()];
    let send = async {
        for (to, part) in parts.into_iter().enumerate() {
            if let Some(part) = part {
                sender.send(to, part).await?;
            }
        }
        sender.finish().await
    };
    let receive = async {
        while let Some(message) = receiver.next().await {
            let message = message?;
            received[message.from] = Some(message.bytes.into_bytes());
        }
        Ok(())
    };
    try_join(send, receive).await?;
    Ok(received)
}
