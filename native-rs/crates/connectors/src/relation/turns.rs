//! The sessions that there may be at once are dealt over the ranks; within a rank its readers take turns.
use std::{ops::Range, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

#[derive(Debug, Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    /// Readers that wait for one.
    waiting: watch::Sender<usize>,
}

/// A session may be open as long as this lives.
pub type Turn = OwnedSemaphorePermit;

/// One that waits, or did.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl Turns {
    pub fn new(sessions: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(sessions)), waiting: watch::Sender::new(0) }
    }

    pub async fn take(&self) -> Turn {
        if let Ok(turn) = self.free.clone().try_acquire_owned() {
            return turn;
        }
        self.waiting.send_modify(|waiting| *waiting += 1);
        let _waiting = Waiting(&self.waiting);
        self.free.clone().acquire_owned().await.expect("it is never closed")
    }

    /// Resolves when somebody waits.
    pub async fn wanted(&self) {
        // The sender is this.
        drop(self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await);
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(1)
    }
}

/// Sessions that a rank may have at once. With fewer than ranks some have none: they get rows from exchanges alone.
pub fn share(readers: usize, rank: usize, ranks: usize) -> usize {
    if readers >= ranks {
        return readers / ranks + usize::from(rank < readers % ranks);
    }
    usize::from((0..readers).any(|reader| reader * ranks / readers == rank))
}

/// The partitions that can have a session, in order.
pub fn reading(readers: usize, ranks: usize, threads: usize) -> Vec<usize> {
    let of_rank = |rank: usize| rank * threads..rank * threads + share(readers, rank, ranks).min(threads);
    (0..ranks).flat_map(of_rank).collect()
}

/// Of so many parts, in order, those of each partition. Fewer than there are partitions with a session are spread over them, and so over the ranks.
pub fn runs(parts: usize, readers: usize, ranks: usize, threads: usize) -> Vec<Range<usize>> {
    let mut dealt = vec![0..0; ranks * threads];
    let reading = reading(readers, ranks, threads);
    let runs = parts.min(reading.len());
    for run in 0..runs {
        dealt[reading[run * reading.len() / runs]] = parts * run / runs..parts * (run + 1) / runs;
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_shared() {
        for readers in 1..20 {
            for ranks in 1..20 {
                let shares: Vec<usize> = (0..ranks).map(|rank| share(readers, rank, ranks)).collect();
                assert_eq!(shares.iter().sum::<usize>(), readers, "{readers} on {ranks}: {shares:?}");
                assert_eq!(reading(readers, ranks, 20).len(), readers);
            }
        }
    }
}
