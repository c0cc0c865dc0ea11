//! A group too large to hold, in parts: rows are set aside, and each part is evaluated between the edges of the others.
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::{RecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use super::block::evaluate_part;
use super::edges::{Edge, Edges};
use super::Windows;
use crate::exchange::queue::{Gate, Queue, QueueStream};
use crate::planner::physical::BATCH_ROWS;

/// Rows of a part: as many are in memory at a time.
pub const PART_ROWS: usize = 1 << 16;

/// Sets rows aside, in memory while it lasts, and finds the edges of their parts.
pub struct PartWriter {
    partition: usize,
    windows: Arc<Windows>,
    rows: Queue,
    part: Vec<RecordBatch>,
    room: usize,
    edges: Vec<Edge>,
}

impl PartWriter {
    pub fn new(partition: usize, windows: &Arc<Windows>, schema: SchemaRef, context: &TaskContext, metrics: &ExecutionPlanMetricsSet) -> (Self, QueueStream) {
        let (rows, stream) = Queue::new("WindowExec", &Gate::whole(), schema, context, metrics, partition);
        (Self { partition, windows: windows.clone(), rows, part: vec![], room: PART_ROWS, edges: vec![] }, stream)
    }

    pub fn push(&mut self, mut batch: RecordBatch) -> Result<()> {
        while batch.num_rows() > 0 {
            let piece = batch.slice(0, self.room.min(batch.num_rows()));
            batch = batch.slice(piece.num_rows(), batch.num_rows() - piece.num_rows());
            self.room -= piece.num_rows();
            self.part.push(piece.project(&self.windows.reads)?);
            self.rows.push(piece)?;
            if self.room == 0 {
                self.end()?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        if let Some(first) = self.part.first() {
            let all = concat_batches(first.schema_ref(), self.part.iter())?;
            self.edges.push(Edge::of(self.partition, &self.windows.specs, &self.windows.peers, &all)?);
            self.part.clear();
        }
        self.room = PART_ROWS;
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<Edge>> {
        self.end()?;
        self.rows.finish();
        Ok(self.edges)
    }
}

/// The parts of a partition, one after another, with their windows.
pub struct PartReader {
    rows: QueueStream,
    windows: Arc<Windows>,
    edges: Arc<Edges>,
    /// The numbers of the parts that are still to come.
    parts: std::vec::IntoIter<usize>,
    schema: SchemaRef,
}

impl PartReader {
    pub fn new(partition: usize, rows: QueueStream, windows: Arc<Windows>, edges: Arc<Edges>, schema: SchemaRef) -> Self {
        let parts: Vec<usize> = (0..edges.parts.len()).filter(|&part| edges.parts[part].numbers.partition == partition).collect();
        Self { rows, windows, edges, parts: parts.into_iter(), schema }
    }

    pub fn stream(self) -> BoxStream<'static, Result<RecordBatch>> {
        let parts = stream::try_unfold(self, |mut all| async move {
            let part = all.next().await?;
            Result::<_>::Ok(part.map(|rows| (stream::iter(pieces(rows).map(Ok)), all)))
        });
        parts.try_flatten().boxed()
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Some(part) = self.parts.next() else { return Ok(None) };
        let (mut batches, mut missing) = (vec![], self.edges.parts[part].numbers.rows);
        while missing > 0 {
            let batch = self.rows.try_next().await?.ok_or_else(|| internal_datafusion_err!("a part has lost rows"))?;
            missing -= batch.num_rows() as u64;
            batches.push(batch);
        }
        let rows = concat_batches(&RecordBatchStream::schema(&self.rows), &batches)?;
        let columns = evaluate_part(&self.windows.specs, &self.windows.peers, &rows.project(&self.windows.reads)?, &self.edges, part)?;
        widened(&rows, columns, &self.schema).map(Some)
    }
}

/// The rows with the windows' columns.
pub fn widened(rows: &RecordBatch, columns: Vec<ArrayRef>, schema: &SchemaRef) -> Result<RecordBatch> {
    let all = rows.columns().iter().cloned().chain(columns).collect();
    Ok(RecordBatch::try_new(schema.clone(), all)?)
}

/// A batch in pieces of the usual size.
pub fn pieces(rows: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    (0..rows.num_rows()).step_by(BATCH_ROWS).map(move |start| rows.slice(start, BATCH_ROWS.min(rows.num_rows() - start)))
}
