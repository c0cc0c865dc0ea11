//! Build rows on their way into an exchange, whose keys are written down and agreed on: [`crate::key_filter`] draws it.
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use futures::{Stream, StreamExt};
use lockstep_comm::OpKind;
use tokio::sync::oneshot;

use crate::key_filter::{KeyFilter, Known};
use crate::run::Run;

/// What an exchange of build rows tells of them.
#[derive(Debug)]
pub struct Told {
    /// Which value of a row is a key, and of which filter.
    pub keys: Vec<(Arc<dyn PhysicalExpr>, Arc<KeyFilter>)>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(|(key, _)| key.to_string()).collect();
        write!(f, ", keys told=[{}]", keys.join(", "))
    }
}

impl Told {
    /// Looks at the rows of this rank's sources, and agrees with the other ranks as operation `id` once all have been seen.
    pub fn begin<T>(self: &Arc<Self>, run: &Arc<Run>, id: u64, context: &TaskContext, sources: Vec<(usize, SendableRecordBatchStream, T)>) -> Vec<(usize, SendableRecordBatchStream, T)> {
        // What the ranks know in the end, and what this one writes down until then: where memory ends it writes nothing, and everything passes.
        let memory: Vec<MemoryReservation> = self.keys.iter().map(|_| MemoryConsumer::new("keys of a join").register(context.memory_pool())).collect();
        let fits = self.keys.iter().zip(&memory).all(|((_, filter), memory)| memory.try_grow(16 * filter.form().words()).is_ok());
        let mut ends = vec![];
        let sources = sources.into_iter().map(|(source, rows, router)| {
            let (seen, end) = oneshot::channel();
            ends.push(end);
            (source, Box::pin(Seen { rows, told: fits.then(|| self.clone()), seen: Some(seen) }) as SendableRecordBatchStream, router)
        });
        let sources = sources.collect();
        let (told, agreeing) = (self.clone(), run.clone());
        run.spawn(async move {
            let mut whole = fits;
            for end in ends {
                // Dropped: nobody wants the rest of the rows, and nobody knows it.
                whole &= end.await.is_ok();
            }
            let mut mine = vec![];
            if whole {
                told.keys.iter().try_for_each(|(_, filter)| filter.encode(&mut mine))?;
            }
            let mut all = agreeing.agree(id, OpKind::Allgather, mine.into()).await?;
            let known = all.iter().all(|bytes| !bytes.is_empty());
            for ((_, filter), memory) in told.keys.iter().zip(memory) {
                let keys = if known { filter.merge(&mut all, memory)? } else { Known::All };
                filter.tell(keys);
            }
            Ok(())
        });
        sources
    }

    fn see(&self, batch: &RecordBatch) -> Result<()> {
        self.keys.iter().try_for_each(|(key, filter)| filter.see(&key.evaluate(batch)?.into_array(batch.num_rows())?))
    }
}

/// Rows on their way into an exchange.
struct Seen {
    rows: SendableRecordBatchStream,
    /// None: nothing is written down.
    told: Option<Arc<Told>>,
    /// Told at the end of the rows; dropped before it, they were not all seen.
    seen: Option<oneshot::Sender<()>>,
}

impl Stream for Seen {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let batch = ready!(self.rows.poll_next_unpin(cx));
        match &batch {
            Some(Ok(batch)) => self.told.as_ref().map_or(Ok(()), |told| told.see(batch))?,
            Some(Err(_)) => drop(self.seen.take()),
            None => drop(self.seen.take().map(|seen| seen.send(()))),
        }
        Poll::Ready(batch)
    }
}

impl RecordBatchStream for Seen {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }
}
