//! The addon: napi types only. What it does is in `lockstep-exec` and `lockstep-connectors`.
//!
//! Every asynchronous method runs on the engine's worker threads; the JavaScript thread never waits. Errors have as
//! message the JSON `{ code, message, site?, rank?, detail? }`.
mod adbc;
mod engine;
mod mpi;
mod outputs;
mod postgres;
mod rows;
mod schedule;
mod scripts;

use lockstep_allocator::{MiMalloc, keep, purge};
use lockstep_exec::Allocator;

/// Short-lived small allocations of many threads are what an engine does most.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

/// For ranks that are near their limit.
const ALLOCATOR: Allocator = Allocator { purge, keep };

#[napi_derive::module_init]
fn keep_freed_memory() {
    lockstep_allocator::keep_freed_memory();
}
