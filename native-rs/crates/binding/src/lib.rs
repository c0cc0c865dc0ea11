//! The addon: napi types only. What it does is in `lockstep-exec` and `lockstep-connectors`.
//!
//! Every asynchronous method runs on the engine's worker threads; the JavaScript thread never waits. Errors have as
//! message the JSON `{ code, message, site?, rank?, detail? }`.
mod engine;
mod mpi;
mod outputs;
mod scripts;

/// Short-lived small allocations of many threads are what an engine does most.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
