//! What the readers of all relations are: steps, and a stream of them.
use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::{error::DataFusionError, execution::SendableRecordBatchStream, physical_plan::stream::RecordBatchStreamAdapter};
use futures::stream;

use crate::errors::Result;

/// Reads the rows of a partition.
pub trait Reader: Send + 'static {
    /// The next rows; None: there are no more.
    fn step(&mut self) -> impl Future<Output = Result<Option<RecordBatch>>> + Send;
}

/// The batches of a reader, of this schema. An error ends them.
pub fn batches(schema: SchemaRef, reader: impl Reader) -> SendableRecordBatchStream {
    let batches = stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.step().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(reader))),
            Ok(None) => None,
            Err(error) => Some((Err(DataFusionError::from(error)), None)),
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
