//! The communicator: what the ranks of one job say to each other.
//!
//! ```text
//!   exec, binding ──► Communicator ── collectives/ (one file each), exchange/, fail and recover
//!                         │                 every message carries its Op; a mismatch is CommError::Diverged
//!                      Transport ── transports/local (shared memory), transports/mpi, solo
//! ```
//!
//! - [`Communicator::solo`] is the group of one; [`local::connect`] joins a group of processes (or threads) of one machine,
//!   [`mpi::connect`] the processes that an MPI launcher started.
//! - Collectives: `barrier`, `broadcast`, `allgather`, `allreduce`, `gather`, `alltoall`. They take an [`Op`], which must be equal on all ranks.
//! - [`Communicator::exchange`] gives an [`ExchangeSender`] (clone it into several tasks) and an [`ExchangeReceiver`].
//!   A sender writes into shared memory in place: `sender.reserve(to, len).await?` → fill → `slot.commit().await?`; the
//!   receiver's [`SharedBytes`] read it in place (`into_bytes()` for Arrow) and give it back when dropped.
//!   Consumers that keep messages get copies past a limit, so that memory never runs out for the others.
//! - Of many ranks nobody sends to all: they form a [`Grid`] of groups, and collectives go in two hops, as exchanges can
//!   ([`Communicator::exchange_hop`]).
//! - Failure: `fail` reaches every rank out of band; every operation then returns the error until all ranks have called
//!   `recover`. A dead process is [`CommError::RankDied`] everywhere, and final.
//! - All futures work under any executor; nothing here needs a tokio context. One thread per rank (`lockstep-comm`)
//!   sleeps while nothing happens.
//!
//! The order in which operations may be entered is in [`Op`]. `LOCKSTEP_DEBUG=comm` prints what a rank enters and waits for.
//!
//! ```
//! use lockstep_comm::{Communicator, Op, OpKind};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let comm = Communicator::solo();
//! let shuffle = Op { call: 0, sequence: 0, kind: OpKind::Shuffle, site: "job.ts:3:1".into(), fingerprint: 1 };
//! let (sender, mut receiver) = comm.exchange(&shuffle)?;
//! if let Some(mut slot) = sender.reserve(0, 3).await? {
//!     slot.copy_from_slice(b"abc");
//!     slot.commit().await?;
//! }
//! sender.finish().await?;
//! while let Some(message) = receiver.next().await {
//!     assert_eq!(message?.bytes[..], *b"abc");
//! }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod collectives;
mod communicator;
mod core;
mod debug;
mod error;
mod exchange;
mod failure;
#[cfg(test)]
mod footprint;
mod grid;
mod operation;
mod shared_bytes;
mod spill;
mod stats;
mod sync;
mod transport;
mod transports;

pub use shared_bytes::{ALIGNMENT, SharedBytes};
pub use collectives::{Collective, Cost, Place};
pub use communicator::{Communicator, Options, Recorded};
pub use error::{CommError, Divergence, RankError, Result, Side};
pub use exchange::{ExchangeReceiver, ExchangeSender, Message, Payload, Sent, WriteSlot};
pub use grid::{Grid, Hop};
pub use operation::{Op, OpKind, Primitive};
pub use stats::PeerTraffic;
pub use transports::{local, mpi};
