//! The seam between the communicator and what carries its bytes.
//!
//! A transport moves frames and lends memory; it knows nothing of collectives, epochs or exchanges.

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::shared_bytes::SharedBytes;
use crate::error::{CommError, Result};
use crate::operation::Identity;

/// What a frame says about its operation.
pub(crate) mod what {
    /// A contribution to a collective.
    pub const COLLECTIVE: u8 = 1;
    /// A message of an exchange.
    pub const DATA: u8 = 2;
    /// The sender sends no more to this rank.
    pub const FINISH: u8 = 3;
    /// The receiver wants no more.
    pub const REFUSE: u8 = 4;
    /// In place of a contribution: the rank `message` has left, whose own was to be handed on in it.
    pub const GONE: u8 = 5;
}

/// No region: the frame has no body.
pub(crate) const NO_REGION: u32 = u32::MAX;

/// One datagram between two ranks: plain data without pointers. A body longer than a region travels in several frames.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Frame {
    pub from: u32,
    pub epoch: u32,
    pub region: u32,
    pub what: u8,
    pub unused: [u8; 3],
    /// The sender's count of messages, which brings the fragments of one together; of `what::GONE` the rank.
    pub message: u64,
    /// Length of the whole message.
    pub total: u64,
    /// Where this fragment stands in the message.
    pub at: u64,
    /// Where this fragment stands in the sender's memory.
    pub offset: u64,
    pub length: u64,
    pub identity: Identity,
}

/// Where a `Region` lives.
pub(crate) trait Home: Send + Sync {
    /// The region is filled; it is free again when `readers` views of it are dropped.
    fn publish(&self, region: u32, readers: u32);
    /// A view by the owner's own rank; one of the `readers`.
    fn view(&self, region: u32, offset: u64, length: u64) -> SharedBytes;
    /// The region is not needed after all.
    fn abandon(&self, region: u32);
}

/// Memory the other ranks can read, to be filled and published.
pub(crate) struct Region {
    pub pointer: NonNull<u8>,
    pub length: usize,
    pub offset: u64,
    pub id: u32,
    pub home: Option<Arc<dyn Home>>,
}

// SAFETY: the region is exclusively owned until published, and the home outlives it.
unsafe impl Send for Region {}
// SAFETY: shared access is read-only.
unsafe impl Sync for Region {}

impl Region {
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the transport lends `length` initialised bytes at `pointer` until the region is published.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.length) }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in bytes; nobody else sees an unpublished region.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr(), self.length) }
    }

    /// Gives the region to `readers` views. Where `own` is set, one of them is returned for this rank.
    pub fn publish(mut self, readers: u32, own: bool) -> Option<SharedBytes> {
        let home = self.home.take()?;
        home.publish(self.id, readers);
        own.then(|| home.view(self.id, self.offset, self.length as u64))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.abandon(self.id);
        }
    }
}

/// How a transport wants bodies cut.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// No region is longer.
    pub fragment: usize,
    /// A region of this length is found sooner or later, however the memory is scattered,
    /// as long as receivers keep to their shares of `pinned_bytes` and `pinned_count`.
    pub smallest_fragment: usize,
    /// What the consumers of all receivers together may hold of one sender's memory.
    pub pinned_bytes: usize,
    pub pinned_count: usize,
    /// A rank that gives no sign of life so many looks long is taken to be stopped.
    pub looks: u32,
    /// How long a small collective is worth a busy wait.
    pub spin: Duration,
}

/// Carries frames between ranks. All methods return without waiting for another rank.
pub(crate) trait Transport: Send + Sync {
    fn limits(&self) -> Limits;

    /// Memory for a body of `length` ≤ `limits().fragment` bytes; `None` when there is none now.
    fn reserve(&self, length: usize) -> Result<Option<Region>>;
    /// Somebody here waits for memory: `Inbox::room` is called when some has come back. Receivers that hold it are told.
    fn want_room(&self);
    /// Whether `rank` waits for memory.
    fn wants_room(&self, rank: usize) -> bool;

    /// Sends a frame; in order for one destination. The body's region is published already.
    fn post(&self, to: usize, frame: &Frame);
    /// Hands arrived frames to the inbox from the caller's thread, if no other thread does.
    fn progress(&self);
    /// The caller polls `progress` in a loop: others need not wake this rank's communication thread.
    fn spin_begin(&self) -> bool;
    fn spin_end(&self, token: bool);

    /// Out of band, whatever the queues hold: this rank failed in `epoch`.
    fn announce_failure(&self, epoch: u32, record: &[u8]);
    /// The ranks that have announced a failure in `epoch`, and their records, as far as this rank has heard.
    fn failures(&self, epoch: u32) -> Vec<(usize, Vec<u8>)>;
    /// This rank has left all epochs before `epoch`.
    fn announce_epoch(&self, epoch: u32);
    /// Whether all ranks, this one included, have left `epoch`.
    fn all_past(&self, epoch: u32) -> bool;
    /// This rank enters an operation of the program.
    fn announce_position(&self, epoch: u32, identity: &Identity);
    fn position(&self, rank: usize) -> Option<(u32, Identity)>;

    /// Changes whenever the communication thread of `rank` does something, and asks it to.
    fn sign_of_life(&self, rank: usize) -> u32;
    /// Tells all that these ranks do not respond, the one that is silent for longest first.
    fn announce_silence(&self, ranks: &[usize]);

    /// `Inbox::tick` wants to be called.
    fn nudge(&self);
    /// Flushes, says goodbye, ends the communication thread.
    fn close(&self);
}

/// What a transport calls, from any thread, holding no lock of its own that `Transport` methods need.
pub(crate) trait Inbox: Send + Sync {
    /// A frame and its body (`None`: the frame has none).
    fn deliver(&self, frame: &Frame, body: Option<SharedBytes>);
    /// An epoch or a failure was announced somewhere.
    fn news(&self);
    /// Memory came back.
    fn room(&self);
    /// A process is gone.
    fn died(&self, rank: usize);
    /// Processes do not respond; the one that is silent for longest first.
    fn silent(&self, ranks: &[usize]);
    /// `rank` closed in order; everything it sent is delivered.
    fn left(&self, rank: usize);
    /// The transport cannot go on.
    fn broken(&self, error: CommError);
    /// Does what is due; returns when to call again.
    fn tick(&self, now: Instant) -> Option<Instant>;
}
