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

/// Short-lived small allocations of many threads are what an engine does most.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, in milliseconds.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// What an operator frees the next one takes: given back to the system within a second, as is the default, its pages were
/// cleared over and over (a tenth of the time of TPC-H's q21).
#[napi_derive::module_init]
fn keep_freed_memory() {
    // SAFETY: sets a number in a table of the allocator, which checks the index.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, 10_000) };
}

/// Gives it back: the rank is near its limit.
fn purge() {
    // SAFETY: any thread may ask for it, at any time.
    unsafe { libmimalloc_sys::mi_collect(true) };
}
