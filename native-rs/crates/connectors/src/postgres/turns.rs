//! A rank's share of the sessions, which its readers of a table take in turn.
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

#[derive(Debug, Clone)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    /// Readers that wait for one.
    waiting: watch::Sender<usize>,
}

/// A session may be open as long as this lives.
pub(super) type Turn = OwnedSemaphorePermit;

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
