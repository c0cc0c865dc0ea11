use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockstep_comm::{Communicator, Op, OpKind, Options, local};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::launched;

/// Longer than any test; a hang then fails with the rank's number.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// A job name no other test has.
pub(crate) fn job() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Options that make trouble early: a small arena and a small spill budget.
pub fn options() -> Options {
    Options { arena_bytes: 4 << 20, spill_memory: 1 << 20, timeout: Duration::from_secs(20), ..Options::default() }
}

/// `options` for all ways in which `size` ranks send to each other: each to each, then in two hops with groups of 1, 2, 3 and
/// all ranks (over MPI, where every start takes long, of 2).
pub fn layouts(size: usize) -> Vec<Options> {
    let lengths = if launched::over_mpi() { vec![0, 2] } else { vec![0, 1, 2, 3, size] };
    let mut lengths: Vec<usize> = lengths.into_iter().filter(|&length| length <= size).collect();
    lengths.dedup();
    lengths.into_iter().map(|length| Options { group: Some(length), ..options() }).collect()
}

/// An operation of the program in call 0 at a made-up line.
pub fn op(sequence: u64) -> Op {
    op_of(0, sequence, OpKind::Barrier, &format!("test.ts:{sequence}:1"))
}

pub fn op_of(call: u64, sequence: u64, kind: OpKind, site: &str) -> Op {
    Op { call, sequence, kind, site: site.into(), fingerprint: 0 }
}

/// Runs `body` on `size` ranks, each a thread with its own endpoint (over MPI a process); the results in rank order.
pub fn ranks<T, F>(size: usize, body: impl Fn(Communicator) -> F + Sync) -> Vec<T>
where
    T: Send + Serialize + DeserializeOwned,
    F: Future<Output = T>,
{
    ranks_with(size, &options(), body)
}

/// As `ranks`, with options.
pub fn ranks_with<T, F>(size: usize, options: &Options, body: impl Fn(Communicator) -> F + Sync) -> Vec<T>
where
    T: Send + Serialize + DeserializeOwned,
    F: Future<Output = T>,
{
    match launched::role() {
        launched::Role::Local => {}
        role => return launched::ranks(role, size, options, body),
    }
    let (job, body) = (job(), &body);
    std::thread::scope(|scope| {
        let job = &job;
        let run = move |rank| {
            let communicator = local::connect(rank, size, job, options).expect("the ranks meet");
            block_on(rank, body(communicator))
        };
        let threads: Vec<_> = (0..size).map(|rank| scope.spawn(move || run(rank))).collect();
        let results: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        results.into_iter().map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

pub(crate) fn block_on<T>(rank: usize, future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("rank {rank} hangs"))
    })
}
