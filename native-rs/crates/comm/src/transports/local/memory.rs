//! What ranks of one machine share: per rank one memory file, whose head (`Control`) everybody writes and whose rest is
//! the rank's arena, which only the rank itself writes.
//!
//! A memory file has no name and no place in /dev/shm; it is gone with the last process that maps it.

use std::ffi::c_void;
use std::mem::size_of;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

use super::queue::Queue;
use super::sequence_lock::SequenceLock;
use crate::shared_bytes::{Lent, SharedBytes};
use crate::error::{CommError, Result};
use crate::failure::RECORD_LIMIT;
use crate::operation::Identity;

/// Messages of one rank under way at once.
pub(super) const REGIONS: usize = 8192;
/// Flag of `Control::dead`.
pub(super) const SILENT: u32 = 1 << 31;
const PAGE: usize = 64 << 10;

/// Keeps what different ranks write apart.
#[repr(C, align(64))]
pub(super) struct Line<T>(pub T);

/// The shared head of a rank's memory file. All zero at the start; every field is valid for any bits.
#[repr(C)]
pub(super) struct Control {
    /// 1: the owner sleeps and wants its eventfd written.
    pub doorbell: Line<AtomicU32>,
    /// 1: the owner waits for memory of its arena.
    pub room_wanted: Line<AtomicU32>,
    /// Counts announcements the owner should read.
    pub news: Line<AtomicU32>,
    /// The owner has left all epochs before this.
    pub epoch: Line<AtomicU32>,
    /// 1: the owner has left in order.
    pub closed: AtomicU32,
    /// The first rank the owner knows to be dead, plus 1; with [`SILENT`] it is there but does not respond.
    pub dead: AtomicU32,
    /// Counts what the owner's communication thread does.
    pub signs: AtomicU32,
    pub position: Position,
    /// Failures of even and odd epochs: one is overwritten only when all ranks have left its epoch.
    pub records: [Record; 2],
    pub queue: Queue,
    /// Views of each region that are not dropped yet.
    pub readers: [AtomicU32; REGIONS],
}

pub(super) const CONTROL_BYTES: usize = size_of::<Control>().next_multiple_of(PAGE);

/// A failure announced by the owner.
#[repr(C)]
pub(super) struct Record {
    /// Epoch + 1; 0: none. Written last.
    epoch: AtomicU32,
    length: AtomicU32,
    words: [AtomicU64; RECORD_LIMIT / 8],
}

impl Record {
    pub fn write(&self, epoch: u32, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(RECORD_LIMIT)];
        for (word, chunk) in self.words.iter().zip(bytes.chunks(8)) {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            word.store(u64::from_ne_bytes(padded), Ordering::Relaxed);
        }
        self.length.store(bytes.len() as u32, Ordering::Relaxed);
        self.epoch.store(epoch + 1, Ordering::Release);
    }

    pub fn read(&self, epoch: u32) -> Option<Vec<u8>> {
        if self.epoch.load(Ordering::Acquire) != epoch + 1 {
            return None;
        }
        let length = (self.length.load(Ordering::Relaxed) as usize).min(RECORD_LIMIT);
        let words = self.words[..length.div_ceil(8)].iter();
        let mut bytes: Vec<u8> = words.flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        bytes.truncate(length);
        Some(bytes)
    }
}

/// The operation of the program the owner entered last: its epoch, then its identity.
#[repr(transparent)]
pub(super) struct Position(SequenceLock<{ 1 + size_of::<Identity>() / 8 }>);

impl Position {
    pub fn write(&self, epoch: u32, identity: &Identity) {
        let identity = identity.words();
        self.0.write(std::array::from_fn(|index| if index == 0 { u64::from(epoch) } else { identity[index - 1] }));
    }

    /// `None` before the first operation, or while the owner is writing.
    pub fn read(&self) -> Option<(u32, Identity)> {
        let words = self.0.read()?;
        Some((words[0] as u32, Identity::from_words(std::array::from_fn(|index| words[index + 1]))))
    }
}

/// A mapped range of a memory file.
struct Mapping {
    base: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping is plain memory that lives until the drop; access goes through atomics or the region protocol.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(file: &OwnedFd, offset: usize, length: usize, protection: ProtFlags) -> rustix::io::Result<Self> {
        // SAFETY: a fresh mapping at an address the kernel chooses; the file is sealed against shrinking (`Peer::open`).
        let base = unsafe {
            rustix::mm::mmap(std::ptr::null_mut(), length, protection, MapFlags::SHARED, file.as_fd(), offset as u64)?
        };
        Ok(Self { base: NonNull::new(base.cast()).ok_or(rustix::io::Errno::NOMEM)?, length })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped with this length in `new`; whoever refers into it holds the `Peer`.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast::<c_void>(), self.length) };
    }
}

/// Makes this rank's memory file: the head is backed, the arena is only address space.
pub(super) fn create(arena: usize) -> Result<OwnedFd> {
    let failed = |error| match error {
        rustix::io::Errno::FBIG => {
            let what = "a rank's memory for messages is larger than files may be here; lift that (`ulimit -f unlimited`), or run one rank, which needs none";
            CommError::system(what, error)
        }
        _ => CommError::system("cannot make shared memory", error),
    };
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Some systems refuse memory that could be made executable; kernels before 6.3 do not know the flag.
    let file = rustix::fs::memfd_create("lockstep", flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| rustix::fs::memfd_create("lockstep", flags))
        .map_err(failed)?;
    rustix::fs::ftruncate(&file, (CONTROL_BYTES + arena) as u64).map_err(failed)?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL).map_err(failed)?;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, CONTROL_BYTES as u64).map_err(failed)?;
    Ok(file)
}

/// A rank's memory as another rank, or itself, sees it.
pub(super) struct Peer {
    control: Mapping,
    arena: Mapping,
    event: OwnedFd,
}

impl Peer {
    /// Maps the memory file of a rank. `own`: with write access to the arena.
    pub fn open(rank: usize, file: &OwnedFd, event: OwnedFd, arena: usize, own: bool) -> Result<Self> {
        let failed = |error| CommError::system("cannot map shared memory", error);
        let size = rustix::fs::fstat(file).map_err(failed)?.st_size;
        let seals = rustix::fs::fcntl_get_seals(file).map_err(failed)?;
        // Without the seal the other side could shrink the file, and reading it would be a SIGBUS.
        if size != (CONTROL_BYTES + arena) as i64 || !seals.contains(SealFlags::SHRINK) {
            return Err(CommError::Invalid { from: rank, what: "shared memory of another size" });
        }
        let both = ProtFlags::READ | ProtFlags::WRITE;
        let control = Mapping::new(file, 0, CONTROL_BYTES, both).map_err(failed)?;
        let access = if own { both } else { ProtFlags::READ };
        let arena = Mapping::new(file, CONTROL_BYTES, arena, access).map_err(failed)?;
        Ok(Self { control, arena, event })
    }

    pub fn control(&self) -> &Control {
        // SAFETY: the mapping is page-aligned, as long as a Control, and any bits are a valid Control.
        unsafe { self.control.base.cast().as_ref() }
    }

    pub fn event(&self) -> &OwnedFd {
        &self.event
    }

    pub fn arena(&self) -> NonNull<u8> {
        self.arena.base
    }

    /// Wakes the owner's communication thread if it sleeps.
    pub fn ring(&self) {
        // Orders whatever was written for the owner before the look at its doorbell; the owner sets the doorbell
        // first and looks for work then.
        fence(Ordering::SeqCst);
        let doorbell = &self.control().doorbell.0;
        if doorbell.load(Ordering::Relaxed) == 1 && doorbell.swap(0, Ordering::SeqCst) == 1 {
            let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
        }
    }

    /// Wakes the owner to read announcements.
    pub fn tell(&self) {
        self.control().news.0.fetch_add(1, Ordering::SeqCst);
        self.ring();
    }

    /// One of the published views of a region; `None` where it does not lie in the arena.
    pub fn view(self: &std::sync::Arc<Self>, region: u32, offset: u64, length: u64) -> Option<SharedBytes> {
        let end = offset.checked_add(length)?;
        if region as usize >= REGIONS || end > self.arena.length as u64 {
            return None;
        }
        // SAFETY: offset ≤ length of the mapping.
        let pointer = unsafe { self.arena.base.add(offset as usize) };
        Some(SharedBytes::lent(View { peer: self.clone(), region, pointer, length: length as usize }))
    }
}

struct View {
    peer: std::sync::Arc<Peer>,
    region: u32,
    pointer: NonNull<u8>,
    length: usize,
}

// SAFETY: a view only reads, and the owner does not write the region before the view is dropped.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl Lent for View {
    fn bytes(&self) -> &[u8] {
        // SAFETY: checked to lie in the mapping, which `peer` keeps; the owner leaves a published region alone until its
        // count of readers is 0.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.length) }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let control = self.peer.control();
        if control.readers[self.region as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
            // Either the owner sees the count, or this sees that it wants room.
            fence(Ordering::SeqCst);
            if control.room_wanted.0.load(Ordering::Relaxed) == 1 {
                self.peer.ring();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Op, OpKind, Primitive};

    fn zeroed<T>() -> Box<T> {
        // SAFETY: what lies in shared memory is valid for any bits.
        unsafe { Box::<T>::new_zeroed().assume_init() }
    }

    #[test]
    fn a_record_is_read_in_its_epoch_only() {
        let record = zeroed::<Record>();
        assert!(record.read(0).is_none());
        for (epoch, text) in [(0, &b"nine char"[..]), (2, b""), (4, &[5; 1000])] {
            record.write(epoch, text);
            assert_eq!(record.read(epoch).unwrap(), text);
            assert!(record.read(epoch + 2).is_none());
        }
        record.write(6, &vec![1; RECORD_LIMIT + 1]);
        assert_eq!(record.read(6).unwrap().len(), RECORD_LIMIT);
    }

    #[test]
    fn a_position_is_read_whole() {
        let position = zeroed::<Position>();
        assert!(position.read().is_none());
        let rounds = 100_000;
        let identity = |number: u64| {
            let op = Op { call: number, sequence: number, kind: OpKind::Call, site: number.to_string().into(), fingerprint: number };
            Identity::new(&op, Primitive::Broadcast, None, None)
        };
        std::thread::scope(|scope| {
            scope.spawn(|| (1..=rounds).for_each(|number| position.write(number as u32, &identity(number))));
            let mut last = 0;
            while last < rounds {
                let Some((epoch, read)) = position.read() else { continue };
                assert_eq!((u64::from(epoch), read.site()), (read.call, read.call.to_string()));
                assert!(read.call >= last && read.agrees(&identity(read.call)));
                last = read.call;
            }
        });
    }
}
