use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::Exchange;
use crate::shared_bytes::{AlignedBuffer, SharedBytes};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::grid::Hop;
use crate::operation::Identity;
use crate::transport::{Region, what};

/// A message as a list of segments, which arrive as one run of bytes.
#[derive(Clone, Debug, Default)]
pub struct Payload(Vec<Bytes>);

impl Payload {
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self(vec![bytes])
    }
}

impl From<Vec<Bytes>> for Payload {
    fn from(segments: Vec<Bytes>) -> Self {
        Self(segments)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(vec![bytes.into()])
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// On its way, or waiting at the receiver.
    Delivered,
    /// Dropped: the receiver wants no more.
    Closed,
}

/// The sending half of an exchange. Clones send for the same rank; messages of one task arrive in its order.
///
/// An exchange reaches all ranks, one hop of it the doors of the groups or the members of this rank's: a message for any
/// other is an error. Ends with [`ExchangeSender::finish`]. If all clones are dropped without it and this rank does not
/// `fail` soon after, it is made to: the others would wait.
#[derive(Clone)]
pub struct ExchangeSender {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    exchange: Arc<Exchange>,
    identity: Identity,
    epoch: u32,
    finished: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    One(usize),
    All,
}

impl ExchangeSender {
    pub(crate) fn new(core: Arc<Core>, exchange: Arc<Exchange>, identity: Identity, epoch: u32) -> Self {
        Self { inner: Arc::new(Inner { core, exchange, identity, epoch, finished: AtomicBool::new(false) }) }
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.inner.core.size
    }

    /// Sends a message to one rank; waits while this rank's memory for messages is full. To this rank itself a single
    /// segment is passed on without a copy.
    pub async fn send(&self, to: usize, payload: impl Into<Payload>) -> Result<Sent> {
        self.inner.reaches(to)?;
        let Payload(segments) = payload.into();
        if to == self.inner.core.rank {
            let bytes = match <[Bytes; 1]>::try_from(segments) {
                Ok([only]) => SharedBytes::from(only),
                Err(segments) => {
                    let mut buffer = AlignedBuffer::zeroed(segments.iter().map(Bytes::len).sum());
                    Cursor::new(&segments).read(&mut buffer);
                    buffer.into()
                }
            };
            return self.inner.send_own(bytes).await;
        }
        self.inner.send_fragments(to, &segments).await
    }

    /// Memory for a message of `length` bytes to rank `to`, to be filled in place; `None`: the receiver wants no more.
    ///
    /// The bytes are whatever was there before: fill all of them.
    pub async fn reserve(&self, to: usize, length: usize) -> Result<Option<WriteSlot>> {
        self.inner.reaches(to)?;
        if self.inner.refused(Target::One(to))? {
            return Ok(None);
        }
        self.inner.slot(Target::One(to), length).await.map(Some)
    }

    /// As `reserve`, for a message that all ranks receive that the exchange reaches, this one included; it is stored once.
    pub async fn reserve_all(&self, length: usize) -> Result<Option<WriteSlot>> {
        if self.inner.refused(Target::All)? {
            return Ok(None);
        }
        self.inner.slot(Target::All, length).await.map(Some)
    }

    /// Sends a message to all ranks that the exchange reaches, this one included; it is stored once.
    pub async fn send_all(&self, payload: impl Into<Payload>) -> Result<Sent> {
        let Payload(segments) = payload.into();
        let Some(mut slot) = self.reserve_all(segments.iter().map(Bytes::len).sum()).await? else { return Ok(Sent::Closed) };
        Cursor::new(&segments).read(&mut slot);
        slot.commit().await
    }

    /// Whether `rank` wants no more.
    pub fn is_closed(&self, rank: usize) -> bool {
        self.inner.exchange.refused(rank)
    }

    /// Completes when no rank that the exchange reaches wants any more: the source may stop.
    pub async fn all_closed(&self) -> Result<()> {
        poll_fn(|cx| self.inner.exchange.poll_all_refused(cx)).await
    }

    /// This rank (all clones) sends no more. Sending afterwards is an error on the receivers.
    pub async fn finish(&self) -> Result<()> {
        self.inner.exchange.check()?;
        self.inner.finish();
        Ok(())
    }
}

impl Inner {
    fn reaches(&self, to: usize) -> Result<()> {
        let what = "for a rank that its exchange does not reach";
        if self.exchange.peers().sends_to(to) { Ok(()) } else { Err(CommError::Invalid { from: self.core.rank, what }) }
    }

    fn refused(&self, target: Target) -> Result<bool> {
        self.exchange.check()?;
        Ok(match target {
            Target::One(rank) => self.exchange.refused(rank),
            Target::All => self.exchange.all_refused(),
        })
    }

    async fn send_own(&self, bytes: SharedBytes) -> Result<Sent> {
        let length = bytes.len() as u64;
        let (rank, message) = (self.core.rank, self.core.next_message());
        let mut bytes = Some(bytes);
        let taken = poll_fn(|cx| self.exchange.poll_send_own(cx, &self.core, message, &mut bytes)).await?;
        if !taken {
            return Ok(Sent::Closed);
        }
        self.core.traffic.sent(rank, length, true);
        self.core.traffic.received(rank, length, true);
        Ok(Sent::Delivered)
    }

    async fn send_fragments(&self, to: usize, segments: &[Bytes]) -> Result<Sent> {
        let limits = self.core.transport().limits();
        let total = segments.iter().map(Bytes::len).sum();
        let message = self.core.next_message();
        let mut source = Cursor::new(segments);
        let mut at = 0;
        loop {
            if self.refused(Target::One(to))? {
                return Ok(Sent::Closed);
            }
            let rest: usize = total - at;
            let mut region = self.core.reserve_fragment(&self.identity, rest.min(limits.fragment)).await?;
            let length = region.length;
            source.read(region.bytes_mut());
            self.core.publish(region, &self.identity, self.epoch, what::DATA, &[to], message, total, at, false);
            at += length;
            if at == total {
                return Ok(Sent::Delivered);
            }
        }
    }

    async fn slot(self: &Arc<Self>, target: Target, length: usize) -> Result<WriteSlot> {
        let limits = self.core.transport().limits();
        let own = matches!(target, Target::One(to) if to == self.core.rank);
        let body = if own || length > limits.fragment || self.core.size == 1 {
            Body::Heap(AlignedBuffer::zeroed(length))
        } else {
            match self.core.transport().reserve(length)? {
                Some(region) => Body::Region(region),
                // Room for the whole may never come where memory is scattered; room for fragments does.
                None if length > limits.smallest_fragment => {
                    drop(self.core.reserve(&self.identity, limits.smallest_fragment).await?);
                    match self.core.transport().reserve(length)? {
                        Some(region) => Body::Region(region),
                        None => Body::Heap(AlignedBuffer::zeroed(length)),
                    }
                }
                None => Body::Region(self.core.reserve(&self.identity, length).await?),
            }
        };
        Ok(WriteSlot { inner: self.clone(), target, body })
    }

    fn finish(&self) {
        if self.finished.swap(true, Ordering::AcqRel) {
            return;
        }
        for to in self.exchange.peers().targets() {
            self.core.signal(&self.identity, self.epoch, what::FINISH, to, 0);
        }
        self.exchange.finish_own();
        // Who has sent across has still to hand on.
        if self.identity.hop() != Some(Hop::Across) {
            self.core.contributed(&self.identity, self.epoch);
        }
        if self.exchange.ended() {
            self.core.leave(&self.identity, self.epoch);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !self.finished.load(Ordering::Acquire) {
            self.core.orphaned(&self.identity, self.epoch);
        }
    }
}

/// Memory of a message that is being written. Dropped without `commit`, nothing is sent.
pub struct WriteSlot {
    inner: Arc<Inner>,
    target: Target,
    body: Body,
}

enum Body {
    Region(Region),
    /// To this rank itself, or longer than a region.
    Heap(AlignedBuffer),
}

impl WriteSlot {
    /// Sends the message. At once, unless it is longer than an eighth of the arena.
    pub async fn commit(self) -> Result<Sent> {
        let Self { inner, target, body } = self;
        if inner.refused(target)? {
            return Ok(Sent::Closed);
        }
        let core = &inner.core;
        match (target, body) {
            (Target::One(to), Body::Region(region)) => {
                let (message, total) = (core.next_message(), region.length);
                core.publish(region, &inner.identity, inner.epoch, what::DATA, &[to], message, total, 0, false);
                Ok(Sent::Delivered)
            }
            (Target::One(to), Body::Heap(buffer)) if to == core.rank => inner.send_own(buffer.into()).await,
            (Target::One(to), Body::Heap(buffer)) => inner.send_fragments(to, &[Bytes::from_owner(buffer)]).await,
            (Target::All, Body::Region(region)) => {
                let targets = inner.open_targets();
                let own = !inner.exchange.refused(core.rank);
                let (message, total) = (core.next_message(), region.length);
                let view = core.publish(region, &inner.identity, inner.epoch, what::DATA, &targets, message, total, 0, own);
                match view {
                    Some(view) => inner.send_own(view).await,
                    None => Ok(Sent::Delivered),
                }
            }
            (Target::All, Body::Heap(buffer)) => {
                let bytes = Bytes::from_owner(buffer);
                let targets = inner.open_targets();
                core.send(&inner.identity, inner.epoch, what::DATA, &targets, &bytes).await?;
                inner.send_own(bytes.into()).await
            }
        }
    }
}

impl Inner {
    fn open_targets(&self) -> Vec<usize> {
        self.exchange.peers().targets().filter(|&to| !self.exchange.refused(to)).collect()
    }
}

impl Deref for WriteSlot {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match &self.body {
            Body::Region(region) => region.bytes(),
            Body::Heap(buffer) => buffer,
        }
    }
}

impl DerefMut for WriteSlot {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.body {
            Body::Region(region) => region.bytes_mut(),
            Body::Heap(buffer) => buffer,
        }
    }
}

/// Reads a list of segments as one run of bytes.
struct Cursor<'a> {
    segments: std::slice::Iter<'a, Bytes>,
    current: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn new(segments: &'a [Bytes]) -> Self {
        Self { segments: segments.iter(), current: &[] }
    }

    fn read(&mut self, mut target: &mut [u8]) {
        while !target.is_empty() {
            if self.current.is_empty() {
                let Some(next) = self.segments.next() else { return };
                self.current = next;
                continue;
            }
            let length = self.current.len().min(target.len());
            let (head, tail) = target.split_at_mut(length);
            head.copy_from_slice(&self.current[..length]);
            self.current = &self.current[length..];
            target = tail;
        }
    }
}
