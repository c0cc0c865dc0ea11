//! The groups of a partition that is sorted by their keys: whole ones in blocks, a large one in parts.
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{concat_batches, partition};
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use super::Windows;
use super::block::evaluate;
use super::edges::Edges;
use super::parts::{PART_ROWS, PartReader, PartWriter, pieces, widened};
use crate::planner::physical::BATCH_ROWS;

pub struct Groups {
    partition: usize,
    input: SendableRecordBatchStream,
    windows: Arc<Windows>,
    /// Of the result.
    schema: SchemaRef,
    context: Arc<TaskContext>,
    metrics: ExecutionPlanMetricsSet,
    held: MemoryReservation,
    /// Rows of groups that have ended.
    ended: Vec<RecordBatch>,
    /// Rows of the last group.
    open: Vec<RecordBatch>,
}

type Rows = BoxStream<'static, Result<RecordBatch>>;

impl Groups {
    pub fn new(
        partition: usize,
        input: SendableRecordBatchStream,
        windows: Arc<Windows>,
        schema: SchemaRef,
        context: Arc<TaskContext>,
        metrics: ExecutionPlanMetricsSet,
    ) -> Self {
        let held = MemoryConsumer::new(format!("WindowExec[{partition}]")).register(context.memory_pool());
        Self { partition, input, windows, schema, context, metrics, held, ended: vec![], open: vec![] }
    }

    /// The rows with the windows' columns.
    pub fn stream(self) -> Rows {
        let blocks = stream::try_unfold(self, |mut groups| async move { Result::<_>::Ok(groups.next().await?.map(|rows| (rows, groups))) });
        blocks.try_flatten().boxed()
    }

    /// The next groups; None at the end.
    async fn next(&mut self) -> Result<Option<Rows>> {
        loop {
            let open = count(&self.open);
            let ended = count(&self.ended);
            if ended >= BATCH_ROWS || (ended > 0 && open >= PART_ROWS) {
                return self.block().map(Some);
            }
            if open >= PART_ROWS {
                return self.large().await.map(Some);
            }
            match self.input.try_next().await? {
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => {
                    self.held.try_grow(get_record_batch_memory_size(&batch))?;
                    self.push(batch)?;
                }
                None => {
                    self.ended.append(&mut self.open);
                    return if self.ended.is_empty() { Ok(None) } else { self.block().map(Some) };
                }
            }
        }
    }

    /// Groups that have ended, evaluated together.
    fn block(&mut self) -> Result<Rows> {
        let rows = concat_batches(&self.input.schema(), &std::mem::take(&mut self.ended))?;
        let Windows { specs, reads, keys, peers } = self.windows.as_ref();
        let columns = evaluate(specs, keys, peers, &rows.project(reads)?)?;
        let rows = widened(&rows, columns, &self.schema)?;
        self.hold_open()?;
        Ok(stream::iter(pieces(rows).map(Ok)).boxed())
    }

    /// The open group, read to its end in parts.
    async fn large(&mut self) -> Result<Rows> {
        let schema = self.input.schema();
        let (mut parts, rows) = PartWriter::new(self.partition, &self.windows, schema, &self.context, &self.metrics);
        let open = std::mem::take(&mut self.open);
        let mut last = open.last().map(|batch| batch.slice(batch.num_rows() - 1, 1));
        open.into_iter().try_for_each(|batch| parts.push(batch))?;
        self.hold_open()?;
        while let Some(batch) = self.input.try_next().await? {
            if batch.num_rows() == 0 {
                continue;
            }
            let inside = match &last {
                Some(last) if self.same_group(last, &batch)? => self.groups(&batch)?.first().copied().unwrap_or(0),
                _ => 0,
            };
            parts.push(batch.slice(0, inside))?;
            last = Some(batch.slice(batch.num_rows() - 1, 1));
            if inside < batch.num_rows() {
                let rest = batch.slice(inside, batch.num_rows() - inside);
                self.held.try_grow(get_record_batch_memory_size(&rest))?;
                self.push(rest)?;
                break;
            }
        }
        let edges = Arc::new(Edges::of(parts.finish()?, &self.windows.specs)?);
        Ok(PartReader::new(self.partition, rows, self.windows.clone(), edges, self.schema.clone()).stream())
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let ends = self.groups(&batch)?;
        let last = if ends.len() > 1 { ends[ends.len() - 2] } else { 0 };
        let continues = match self.open.last() {
            Some(open) if last == 0 => self.same_group(open, &batch)?,
            _ => false,
        };
        if !continues {
            self.ended.append(&mut self.open);
            if last > 0 {
                self.ended.push(batch.slice(0, last));
            }
        }
        self.open.push(batch.slice(last, batch.num_rows() - last));
        Ok(())
    }

    /// Where the groups of a batch end.
    fn groups(&self, rows: &RecordBatch) -> Result<Vec<usize>> {
        let keys: Vec<ArrayRef> = self.windows.keys.iter().map(|&key| rows.column(self.windows.reads[key]).clone()).collect();
        Ok(partition(&keys)?.ranges().into_iter().map(|range| range.end).collect())
    }

    /// Whether the last row of one batch and the first of the other are of one group.
    fn same_group(&self, before: &RecordBatch, after: &RecordBatch) -> Result<bool> {
        let two = concat_batches(after.schema_ref(), [&before.slice(before.num_rows() - 1, 1), &after.slice(0, 1)])?;
        Ok(self.groups(&two)?.len() == 1)
    }

    /// Holds memory for the open group alone.
    fn hold_open(&mut self) -> Result<()> {
        self.held.free();
        self.open.iter().try_for_each(|batch| self.held.try_grow(get_record_batch_memory_size(batch)))
    }
}

fn count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}
