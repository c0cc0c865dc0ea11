//! Rows of this rank that wait until all ranks know something of all rows: how many stand before them, the edges of parts, keys.
//!
//! ```text
//! partition 0 ─ rows held, something seen of them ┐                       ┌► what is made of the rows and what is known
//! partition 1 ─ rows held, something seen of them ┴─ agree (all ranks) ───┴► …
//! ```
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::{Result, internal_datafusion_err};
use futures::future::try_join_all;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::exchange::queue::QueueStream;
use crate::run::Run;

pub(super) struct Waiting<T> {
    id: u64,
    rows: Mutex<HashMap<usize, QueueStream>>,
    known: watch::Sender<Option<Arc<T>>>,
}

impl<T: Send + Sync + 'static> Waiting<T> {
    /// `id` is the operator's number in the plan.
    pub fn new(id: u64) -> Self {
        Self { id, rows: Mutex::default(), known: watch::Sender::new(None) }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    /// A partition's rows, which somebody fills.
    pub fn hold(&self, partition: usize, rows: QueueStream) {
        self.rows.lock().insert(partition, rows);
    }

    /// What nobody has taken by now never is.
    pub fn abandon(&self) {
        self.rows.lock().clear();
    }

    /// What all ranks know now.
    pub fn tell(&self, known: Arc<T>) {
        self.known.send_replace(Some(known));
    }

    /// What `make` makes of a partition's rows once all is known. They are taken now: a rank whose sinks are done abandons what
    /// nobody has taken, while others may still gather its rows.
    pub fn stream(
        &self,
        partition: usize,
        make: impl FnOnce(QueueStream, Arc<T>) -> BoxStream<'static, Result<RecordBatch>> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let Some(rows) = self.rows.lock().remove(&partition) else {
            // Fewer partitions than ranks × threads: the rest is empty.
            return match self.id {
                u64::MAX => Err(internal_datafusion_err!("the plan is not distributed")),
                _ => Ok(stream::empty().boxed()),
            };
        };
        let mut known = self.known.subscribe();
        let made = async move {
            let known = known.wait_for(Option::is_some).await.ok().and_then(|known| known.clone());
            // None: the execution has ended.
            known.map_or_else(|| stream::empty().boxed(), |known| make(rows, known))
        };
        Ok(stream::once(made).flatten().boxed())
    }
}

impl<T: Send + Sync + 'static> Default for Waiting<T> {
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}

impl<T> fmt::Debug for Waiting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting {}", self.id)
    }
}

/// Runs each in a task of its own. What they give, in order, once all are done; None where one has failed: its error is the
/// execution's already.
pub(super) fn all<S, F>(run: &Arc<Run>, tasks: Vec<F>) -> impl Future<Output = Option<Vec<S>>> + Send + use<S, F>
where
    S: Send + 'static,
    F: Future<Output = Result<S>> + Send + 'static,
{
    let started = tasks.into_iter().map(|task| {
        let (done, result) = oneshot::channel();
        run.spawn(async move {
            let _ = done.send(task.await?);
            Ok(())
        });
        result
    });
    let started: Vec<oneshot::Receiver<S>> = started.collect();
    async move { try_join_all(started).await.ok() }
}
