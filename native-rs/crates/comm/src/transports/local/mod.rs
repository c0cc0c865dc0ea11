//! Ranks of one machine: processes (or threads) that share memory files.
//!
//! ```text
//!   rank a                                          rank b
//!   region of a's arena ◄── written in place        queue of b ◄── frame {region, offset, length} pushed by a
//!        ▲                                             │ b's communication thread (or a waiting task) pops it
//!        └────────── read in place, count of readers ──┘
//! ```
//!
//! Waiting: a rank's communication thread sleeps in `poll` on its eventfd and on its sockets to rank 0 (rank 0: to all).
//! `Control::doorbell` says whether the eventfd has to be written. End of file on a socket is the death of a process.

mod arena;
mod endpoint;
mod memory;
mod queue;
mod rendezvous;
mod sequence_lock;

use crate::communicator::{Communicator, Options};
use crate::core::Core;
use crate::error::{CommError, Result};
use crate::spill::SpillArea;

/// The smallest arena: an eighth of it is the longest region.
const SMALLEST_ARENA: usize = 1 << 20;

/// Joins the group of `size` ranks that is called `job` on this machine; blocks until all have come.
///
/// Errors name who is missing after `options.timeout`, or what does not match (size, build, arena, groups, user).
pub fn connect(rank: usize, size: usize, job: &str, options: &Options) -> Result<Communicator> {
    if rank >= size || size > usize::from(u16::MAX) {
        return Err(CommError::Connect(format!("there is no rank {rank} in a group of {size}").into()));
    }
    let arena = options.arena_bytes.max(SMALLEST_ARENA).next_multiple_of(64 << 10);
    let group = rendezvous::meet(rank, size, job, arena, options)?;
    let core = Core::new(rank, size, SpillArea::new(options.spill_directory.clone(), options.spill_memory));
    let _ = core.grid.set(options.grid(rank, size, size));
    let local = endpoint::start(&core, group, arena, options.patience)?;
    Ok(Communicator::over(core, local))
}
