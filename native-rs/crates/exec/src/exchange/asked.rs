//! An exchange that sends when its rows are asked for: of two inputs of which one is read to its end before the other, the second does not
//! hold what it reads (decoded pages, batches and messages on their way) while nobody wants it.
use std::sync::Arc;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use tokio::sync::watch;

/// Whether somebody on this rank has asked for rows, or never will: others may want them all the same.
#[derive(Debug, Default)]
pub struct Asked(watch::Sender<bool>);

/// A partition that nobody has asked for yet, until dropped.
struct Unasked(Arc<Asked>);

impl Drop for Unasked {
    fn drop(&mut self) {
        self.0.begin();
    }
}

impl Asked {
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// What goes into the exchange: nothing before it is asked for.
    pub fn source(&self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let (mut asked, schema) = (self.0.subscribe(), rows.schema());
        let waiting = async move {
            // An error: nobody is left to ask, and the exchange sees that nothing is wanted.
            let _ = asked.wait_for(|asked| *asked).await;
            rows
        };
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(waiting).flatten()))
    }

    /// What comes out of it.
    pub fn taken(self: &Arc<Self>, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let (unasked, schema) = (Unasked(self.clone()), rows.schema());
        let asking = async move {
            drop(unasked);
            rows
        };
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(asking).flatten()))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, RecordBatch};
    use futures::FutureExt;

    use super::*;

    fn rows() -> SendableRecordBatchStream {
        let batch = RecordBatch::try_from_iter([("x", Arc::new(Int32Array::from(vec![1])) as _)]).unwrap();
        Box::pin(RecordBatchStreamAdapter::new(batch.schema(), stream::iter([Ok(batch)])))
    }

    #[test]
    fn rows_are_sent_when_they_are_asked_for_or_will_not_be() {
        for drops in [false, true] {
            let asked = Arc::new(Asked::default());
            let (mut source, mut taken) = (asked.source(rows()), Some(asked.taken(rows())));
            assert!(source.next().now_or_never().is_none());
            if drops {
                taken = None;
            }
            assert!(taken.is_none_or(|mut rows| rows.next().now_or_never().flatten().is_some()));
            assert!(source.next().now_or_never().flatten().is_some());
        }
    }
}
