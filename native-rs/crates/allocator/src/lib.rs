//! The allocator of a rank's process, mimalloc, and what becomes of memory that is freed: what an operator frees the next one takes, so it
//! is kept; near a rank's limit it is the system's.
use std::ffi::c_long;
use std::sync::Mutex;

use libmimalloc_sys::{mi_collect, mi_option_get, mi_option_set, mi_option_set_default, mi_option_t};
pub use mimalloc::MiMalloc;

/// `mi_option_purge_delay`, in milliseconds: how long freed memory is kept. 0: not at all.
const PURGE_DELAY: mi_option_t = 15;

/// Given back within a second, as is the default, its pages were cleared over and over (a tenth of the time of TPC-H's q21).
const KEPT: c_long = 10_000;

/// Who wants nothing kept, and how long it is kept otherwise.
struct State {
    near: usize,
    delay: c_long,
}

static STATE: Mutex<State> = Mutex::new(State { near: 0, delay: KEPT });

/// Keeps freed memory for a while; once, as the process starts. An own `MIMALLOC_PURGE_DELAY` stays.
pub fn keep_freed_memory() {
    let mut state = lock();
    // SAFETY: sets and reads a number in a table of the allocator, which checks the index.
    state.delay = unsafe {
        mi_option_set_default(PURGE_DELAY, KEPT);
        mi_option_get(PURGE_DELAY)
    };
}

/// Whether one of those who watch a limit lets freed memory be kept. Each says so in turns, false first.
pub fn keep(keeps: bool) {
    let mut state = lock();
    state.near = if keeps { state.near.saturating_sub(1) } else { state.near + 1 };
    apply(&state);
}

/// Gives back what is free.
pub fn purge() {
    let state = lock();
    // Without a delay mimalloc believes that nothing waits to be given back, and leaves what was freed before.
    set_delay(state.delay.max(1));
    // SAFETY: any thread may ask for it, at any time.
    unsafe { mi_collect(true) };
    apply(&state);
}

fn apply(state: &State) {
    set_delay(if state.near > 0 { 0 } else { state.delay });
}

fn set_delay(delay: c_long) {
    // SAFETY: sets a number in a table of the allocator, which checks the index. Threads that free memory meanwhile read the word without a
    // lock, before or after: either delay is right for them.
    unsafe { mi_option_set(PURGE_DELAY, delay) };
}

fn lock() -> std::sync::MutexGuard<'static, State> {
    // Nothing panics while it is held.
    STATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
