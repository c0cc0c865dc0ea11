//! The per-rank engine: plans for all ranks, runs this rank's part on DataFusion.
//!
//! ```text
//! Engine::execute(plan) ── planner/ (plan → logical → physical → distributed) ── operators/ + exchange/ ── sinks
//! ```
//!
//! - [`Engine`] holds what outlives an execution: communicator, datasets, spools, memory pool, worker threads.
//! - Errors are [`EngineError`]s with a run-time code; the same one on every rank, whoever failed first.
//!
//! Every rank calls the same methods in the same order with equal arguments; those marked collective communicate.
mod blame;
mod copies;
mod engine;
mod error;
mod exchange;
mod execute;
mod heavy;
mod key_filter;
mod keys;
mod late_file;
mod model;
pub mod operators;
mod packed;
pub mod planner;
mod pool;
mod profile;
mod progress;
mod resident;
mod run;
pub mod schedule;
mod sinks;
mod source;
mod specialise;
mod spill;
mod spool;
mod steps;
mod told_keys;
mod trace;
mod windows;

pub use engine::{Engine, EngineOptions, RankRows};
pub use error::{EngineError, Result};
pub use execute::{Execution, SinkOutput};
pub use lockstep_functions::{RowError, ScriptHost};
pub use resident::Allocator;
pub use run::{Ranks, Run, from_panic};
