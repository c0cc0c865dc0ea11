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

use std::ffi::c_long;

use lockstep_exec::Allocator;

/// Short-lived small allocations of many threads are what an engine does most.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, in milliseconds.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// What an operator frees the next one takes: given back to the system within a second, as is the default, its pages were
/// cleared over and over (a tenth of the time of TPC-H's q21).
const KEPT: c_long = 10_000;

#[napi_derive::module_init]
fn keep_freed_memory() {
    // SAFETY: sets a number in a table of the allocator, which checks the index.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, KEPT) };
}

/// For ranks that are near their limit.
const ALLOCATOR: Allocator = Allocator { purge, keep };

fn purge() {
    // SAFETY: any thread may ask for it, at any time.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

fn keep(keeps: bool) {
    // SAFETY: as above; other threads read the number, a word, whenever they free memory.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, if keeps { KEPT } else { 0 }) };
}
