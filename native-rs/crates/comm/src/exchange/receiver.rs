use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Exchange;
use super::state::Found;
use crate::shared_bytes::{AlignedBuffer, SharedBytes};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::operation::Identity;
use crate::transport::{Limits, what};

/// Shorter messages are copied: holding a region of the sender for them costs more.
const COPY_BELOW: usize = 4096;

/// A received message.
#[derive(Debug)]
pub struct Message {
    /// The rank that sent it.
    pub from: usize,
    /// Aligned to [`crate::ALIGNMENT`], except for what this rank sent to itself as `Bytes`.
    pub bytes: SharedBytes,
}

/// The receiving half of an exchange. Messages of one sender come in the order sent; dropping it is `close`.
pub struct ExchangeReceiver {
    core: Arc<Core>,
    exchange: Arc<Exchange>,
    identity: Identity,
    epoch: u32,
    /// Long messages under way, by sender and message.
    partial: HashMap<(usize, u64), (AlignedBuffer, usize)>,
}

impl ExchangeReceiver {
    pub(crate) fn new(core: Arc<Core>, exchange: Arc<Exchange>, identity: Identity, epoch: u32) -> Self {
        Self { core, exchange, identity, epoch, partial: HashMap::new() }
    }

    /// The next message; `None` when every rank that sends to this one has finished.
    pub async fn next(&mut self) -> Option<Result<Message>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As `next`, for streams.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        let mut progressed = false;
        loop {
            match self.exchange.poll_next(cx) {
                Poll::Ready(Ok(Found::Fragment(fragment, bytes))) if bytes.len() as u64 == fragment.total => {
                    return Poll::Ready(Some(Ok(Message { from: fragment.from, bytes: self.hold(fragment.from, bytes) })));
                }
                Poll::Ready(Ok(Found::Fragment(fragment, bytes))) => {
                    let key = (fragment.from, fragment.message);
                    match self.assemble(key, fragment.total, fragment.at, &bytes) {
                        Ok(Some(buffer)) => {
                            return Poll::Ready(Some(Ok(Message { from: fragment.from, bytes: buffer.into() })));
                        }
                        Ok(None) => {}
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
                Poll::Ready(Ok(Found::End)) => return Poll::Ready(None),
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Pending if progressed => {
                    let waits = self.core.left_behind(|rank| self.exchange.waits_for(rank));
                    if let Some(rank) = waits {
                        return Poll::Ready(Some(Err(CommError::Left { rank })));
                    }
                    self.core.watch();
                    return Poll::Pending;
                }
                Poll::Pending => {
                    // Perhaps something has arrived already: spare the way through the communication thread.
                    self.core.transport().progress();
                    progressed = true;
                }
            }
        }
    }

    /// Wants no more: what has arrived is dropped, the senders are told.
    pub fn close(&mut self) {
        self.partial.clear();
        for rank in self.exchange.refuse() {
            self.core.signal(&self.identity, self.epoch, what::REFUSE, rank, 0);
        }
    }

    /// Lends the transport's memory to the consumer within the limits of one receiver; past them it is the consumer's own.
    fn hold(&self, from: usize, bytes: SharedBytes) -> SharedBytes {
        if !bytes.is_lent() {
            return bytes;
        }
        let Limits { pinned_bytes, pinned_count, .. } = self.core.transport().limits();
        if bytes.len() >= COPY_BELOW
            && let Some(share) = self.core.holders(self.identity.hop())
            && let Some(pin) = self.core.pins.try_pin(from, bytes.len(), pinned_bytes / share, pinned_count / share)
        {
            return bytes.pinned(pin);
        }
        bytes.into_owned()
    }

    fn assemble(&mut self, key: (usize, u64), total: u64, at: u64, bytes: &[u8]) -> Result<Option<AlignedBuffer>> {
        let invalid = |what| CommError::Invalid { from: key.0, what };
        let total = usize::try_from(total).map_err(|_| invalid("length"))?;
        let mut partial = match self.partial.remove(&key) {
            Some(partial) => partial,
            None => (AlignedBuffer::try_zeroed(total).ok_or(invalid("length"))?, 0),
        };
        let at = usize::try_from(at).map_err(|_| invalid("offset"))?;
        let target = at.checked_add(bytes.len()).and_then(|end| partial.0.get_mut(at..end)).ok_or(invalid("fragment"))?;
        target.copy_from_slice(bytes);
        partial.1 += bytes.len();
        if partial.1 == total {
            return Ok(Some(partial.0));
        }
        self.partial.insert(key, partial);
        Ok(None)
    }
}

impl Drop for ExchangeReceiver {
    fn drop(&mut self) {
        self.close();
    }
}
