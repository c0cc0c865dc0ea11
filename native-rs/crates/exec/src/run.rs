//! One execution of a plan on this rank: its place among the ranks, its tasks, its first error.
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::error::DataFusionError;
use futures::FutureExt;
use lockstep_comm::{CommError, Communicator, ExchangeReceiver, ExchangeSender, Hop, Op, OpKind};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::error::{EngineError, Result};

/// Which rank this is of how many, each with so many partitions of every distributed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranks {
    pub rank: usize,
    pub size: usize,
    pub threads: usize,
}

impl Ranks {
    /// Partitions of a distributed table.
    pub fn partitions(&self) -> usize {
        self.size * self.threads
    }

    /// The rank that a partition belongs to.
    pub fn owner(&self, partition: usize) -> usize {
        partition / self.threads
    }

    /// This rank's partitions of a table that has `partitions`.
    pub fn local(&self, partitions: usize) -> Range<usize> {
        let first = self.rank * self.threads;
        first.min(partitions)..(first + self.threads).min(partitions)
    }
}

/// What all operations of one execution have in common.
pub struct Run {
    pub comm: Communicator,
    pub ranks: Ranks,
    call: u64,
    /// Sequence number of the operation with id 0.
    first: u64,
    fingerprint: u64,
    site: Arc<str>,
    tasks: Mutex<JoinSet<()>>,
    failure: Mutex<Option<EngineError>>,
    failed: Notify,
}

impl Run {
    /// `first`: the sequence number that operation 0 of the plan gets; `fingerprint` must not be 0.
    pub fn new(comm: Communicator, ranks: Ranks, call: u64, first: u64, fingerprint: u64, site: &str) -> Arc<Self> {
        Arc::new(Self {
            comm,
            ranks,
            call,
            first,
            fingerprint,
            site: site.into(),
            tasks: Mutex::default(),
            failure: Mutex::default(),
            failed: Notify::new(),
        })
    }

    fn operation(&self, id: u64, kind: OpKind) -> Op {
        Op { call: self.call, sequence: self.first + id, kind, site: self.site.clone(), fingerprint: self.fingerprint }
    }

    /// Opens exchange `id` of the plan; every rank opens it.
    pub fn exchange(&self, id: u64, kind: OpKind) -> Result<(ExchangeSender, ExchangeReceiver)> {
        Ok(self.comm.exchange(&self.operation(id, kind))?)
    }

    /// One hop of exchange `id` between the groups of a grid, and inside of them; every rank opens both.
    pub fn hop(&self, id: u64, kind: OpKind, hop: Hop) -> Result<(ExchangeSender, ExchangeReceiver)> {
        Ok(self.comm.exchange_hop(&self.operation(id, kind), hop)?)
    }

    /// Every rank's `bytes`, in rank order. Concurrent agreements are told apart by `id`.
    pub async fn agree(&self, id: u64, kind: OpKind, bytes: Bytes) -> Result<Vec<Bytes>> {
        Ok(self.comm.allgather(&self.operation(id, kind), bytes).await?)
    }

    /// The sums of all ranks' numbers, of which each has as many.
    pub async fn sum(&self, id: u64, kind: OpKind, numbers: &[u64]) -> Result<Vec<u64>> {
        Ok(self.comm.allreduce(&self.operation(id, kind), numbers).await?)
    }

    /// Starts a task of the plan. Its error, or panic, is the execution's.
    pub fn spawn(self: &Arc<Self>, task: impl Future<Output = Result<(), DataFusionError>> + Send + 'static) {
        let run = self.clone();
        self.tasks.lock().spawn(async move {
            match AssertUnwindSafe(task).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => run.fail(error.into()),
                Err(panic) => run.fail(from_panic(panic.as_ref())),
            }
        });
    }

    /// Records an error; the first one wins and ends the execution.
    pub fn fail(&self, error: EngineError) {
        self.failure.lock().get_or_insert(error);
        self.failed.notify_waiters();
    }

    /// Returns when a task has failed.
    pub async fn failed(&self) -> EngineError {
        loop {
            let failed = self.failed.notified();
            if let Some(error) = self.failure.lock().clone() {
                return error;
            }
            failed.await;
        }
    }

    /// Waits until all tasks have ended well; they end by themselves after a success.
    pub async fn join(&self) {
        // They stay where `stop` finds them.
        while poll_fn(|cx| self.tasks.lock().poll_join_next(cx)).await.is_some() {}
        if self.failure.lock().is_some() {
            // For `failed` to tell.
            std::future::pending().await
        }
    }

    /// Stops all tasks and waits until they are gone.
    pub async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.shutdown().await;
    }
}

/// LS2099 with what the panic said.
pub fn from_panic(panic: &(dyn std::any::Any + Send)) -> EngineError {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a task panicked");
    EngineError::bug(message)
}

/// What another rank said, or that it is gone, in the engine's words.
pub fn from_comm(error: CommError) -> EngineError {
    match &error {
        CommError::Remote(remote) if remote.is_left() => from_comm(CommError::Left { rank: remote.rank }),
        CommError::Remote(remote) => EngineError::from_json(&remote.message).on(remote.rank),
        CommError::RankDied { rank } => EngineError::new("LS2011", format!("rank {rank} died")).on(*rank),
        CommError::Silent { ranks } => {
            let found = EngineError::new("LS2011", error.to_string());
            ranks.first().map_or(found.clone(), |&rank| found.on(rank))
        }
        CommError::Left { rank } => EngineError::new("LS2011", format!("rank {rank} has left the job")).on(*rank),
        CommError::Diverged(_) => EngineError::new("LS2012", error.to_string()),
        CommError::System { .. } => EngineError::new("LS2008", error.to_string()),
        CommError::Connect(_) | CommError::Closed => EngineError::new("LS2011", error.to_string()),
        CommError::Invalid { .. } => EngineError::bug(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_one_owner() {
        for (size, threads, partitions) in [(1, 1, 1), (3, 2, 6), (7, 1, 7), (3, 2, 1)] {
            let mut owned = vec![];
            for rank in 0..size {
                let ranks = Ranks { rank, size, threads };
                owned.extend(ranks.local(partitions).inspect(|&partition| assert_eq!(ranks.owner(partition), rank)));
            }
            assert_eq!(owned, (0..partitions).collect::<Vec<_>>());
        }
    }
}
