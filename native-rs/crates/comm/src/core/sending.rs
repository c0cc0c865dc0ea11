//! Regions and frames on their way out.

use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use super::{Core, park};
use crate::error::Result;
use crate::operation::{Identity, Key};
use crate::shared_bytes::SharedBytes;
use crate::transport::{Frame, NO_REGION, Region};

impl Core {
    pub fn next_message(&self) -> u64 {
        self.messages.fetch_add(1, Ordering::Relaxed)
    }

    /// Memory for `length` bytes, as soon as there is some.
    pub async fn reserve(&self, identity: &Identity, length: usize) -> Result<Region> {
        poll_fn(|cx| self.poll_reserve(cx, identity.key(), length)).await
    }

    fn poll_reserve(&self, cx: &mut Context<'_>, key: Key, length: usize) -> Poll<Result<Region>> {
        self.state.lock().check(key)?;
        let transport = self.transport();
        if let Some(region) = transport.reserve(length)? {
            return Poll::Ready(Ok(region));
        }
        {
            let mut state = self.state.lock();
            state.check(key)?;
            park(&mut state.room_waiters, cx.waker());
        }
        transport.want_room();
        // What came back between the first attempt and the announcement was announced to nobody.
        match transport.reserve(length)? {
            Some(region) => Poll::Ready(Ok(region)),
            None => Poll::Pending,
        }
    }

    /// Sends `source` to each of `targets`, written once, in fragments where it is long.
    pub async fn send(&self, identity: &Identity, epoch: u32, what: u8, targets: &[usize], source: &[u8]) -> Result<()> {
        if targets.is_empty() {
            return Ok(());
        }
        let limits = self.transport().limits();
        let message = self.next_message();
        let mut at = 0;
        loop {
            let rest = source.len() - at;
            let mut region = self.reserve_fragment(identity, rest.min(limits.fragment)).await?;
            let length = region.length;
            region.bytes_mut().copy_from_slice(&source[at..at + length]);
            self.publish(region, identity, epoch, what, targets, message, source.len(), at, false);
            at += length;
            if at == source.len() {
                return Ok(());
            }
        }
    }

    /// A region of `wanted` bytes or, where memory is scattered, of as many as come sooner or later.
    pub async fn reserve_fragment(&self, identity: &Identity, wanted: usize) -> Result<Region> {
        if let Some(region) = self.transport().reserve(wanted)? {
            return Ok(region);
        }
        self.reserve(identity, wanted.min(self.transport().limits().smallest_fragment)).await
    }

    /// Hands a filled region to `targets` (and to this rank where `own` is set).
    #[expect(clippy::too_many_arguments, reason = "a frame has that many fields")]
    pub fn publish(
        &self,
        region: Region,
        identity: &Identity,
        epoch: u32,
        what: u8,
        targets: &[usize],
        message: u64,
        total: usize,
        at: usize,
        own: bool,
    ) -> Option<SharedBytes> {
        let frame = Frame {
            from: self.rank as u32,
            epoch,
            region: region.id,
            what,
            unused: [0; 3],
            message,
            total: total as u64,
            at: at as u64,
            offset: region.offset,
            length: region.length as u64,
            identity: *identity,
        };
        for &to in targets {
            self.traffic.sent(to, frame.length, frame.at == 0);
        }
        let view = region.publish(targets.len() as u32 + u32::from(own), own);
        for &to in targets {
            self.transport().post(to, &frame);
        }
        view
    }

    /// Sends a frame without a body; `message` is what else it says.
    pub fn signal(&self, identity: &Identity, epoch: u32, what: u8, to: usize, message: u64) {
        let frame = Frame {
            from: self.rank as u32,
            epoch,
            region: NO_REGION,
            what,
            unused: [0; 3],
            message,
            total: 0,
            at: 0,
            offset: 0,
            length: 0,
            identity: *identity,
        };
        self.transport().post(to, &frame);
    }
}
