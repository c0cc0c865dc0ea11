//! Sorts each partition, a run at a time: as many rows as fit memory.
//!
//! ```text
//! batch ─► keys, as bytes that compare ─► run: an integer a row (the key's first bytes, the row's number), sorted ─► rows
//!                                          │ memory has ended                                                        ▲
//!                                          └─────────► sorted rows on disk ─────────────────── merge ────────────────┘
//! ```
//!
//! DataFusion's operator sorts every batch and merges them by comparing keys; of a run of a thousand batches that is ten
//! comparisons a row, each of two keys somewhere in memory. It still is what merges the runs.
mod order;

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{interleave_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr};
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, SpillMetrics};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::streaming_merge::{SortedSpillFile, StreamingMergeBuilder};
use datafusion::physical_plan::spill::{SpillManager, get_record_batch_memory_size};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, Statistics};
use futures::{StreamExt, TryStreamExt, stream};
use lockstep_functions::bytes_of_rows;

use super::plan_methods;
use crate::planner::physical::BATCH_ROWS;

/// Of a row's number in its run: the row in its batch. The rest is the batch.
const ROW_BITS: u32 = BATCH_ROWS.ilog2();
const MOST_BATCHES: usize = 1 << (u32::BITS - ROW_BITS);

/// Bytes of a batch that comes out, about: at most so many, and at most such a part of the memory, as a merge holds two of each run on disk
/// and two to make a third of.
const BATCH_BYTES: usize = 16 << 20;
const MEMORY_OF_BATCH: usize = 512;

/// Bytes of a batch below which nobody looks for room that it does not need.
const SPARE: usize = 1 << 20;

#[derive(Debug, Clone)]
pub struct SortRowsExec {
    input: Arc<dyn ExecutionPlan>,
    ordering: LexOrdering,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl SortRowsExec {
    /// In the place of a sort of all rows of each partition; None: it wants the first ones only.
    pub fn of(sort: &SortExec) -> Option<Self> {
        let (input, ordering, properties) = (sort.input().clone(), sort.expr().clone(), sort.properties().clone());
        sort.fetch().is_none().then(|| Self { input, ordering, metrics: Default::default(), properties })
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self { input: children.swap_remove(0), metrics: Default::default(), ..self.clone() }
    }
}

impl DisplayAs for SortRowsExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SortRowsExec: by ({})", self.ordering)
    }
}

impl ExecutionPlan for SortRowsExec {
    plan_methods!("SortRowsExec", [input]);

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.ordering.iter().map(|sort| &sort.expr), f)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut input = self.input.execute(partition, context.clone())?;
        let mut sorter = Sorter::new(self.ordering.clone(), self.schema(), partition, &context, &self.metrics)?;
        let sorted = stream::once(async move {
            while let Some(batch) = input.try_next().await? {
                sorter.insert(batch).await?;
            }
            sorter.finish().await
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), sorted.try_flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(inputs[0].clone())
    }
}

struct Sorter {
    ordering: LexOrdering,
    schema: SchemaRef,
    converter: RowConverter,
    run: Run,
    /// Of the run.
    memory: MemoryReservation,
    /// For the merge of what is on disk, set aside from the beginning: other operators take what is free.
    merging: MemoryReservation,
    set_aside: usize,
    /// Of a batch that leaves: who groups them by their order holds more than one of larger ones.
    rows: usize,
    batch_bytes: usize,
    /// Rows so far, and their bytes without what their batches had beside them.
    seen: (usize, usize),
    manager: SpillManager,
    runs: Vec<SortedSpillFile>,
    baseline: BaselineMetrics,
}

impl Sorter {
    fn new(ordering: LexOrdering, schema: SchemaRef, partition: usize, context: &TaskContext, metrics: &ExecutionPlanMetricsSet) -> Result<Self> {
        let pool = context.memory_pool();
        let memory = MemoryConsumer::new(format!("SortRowsExec[{partition}]")).with_can_spill(true).register(pool);
        // The pool knows merges by this name.
        let merging = MemoryConsumer::new(format!("ExternalSorterMerge[{partition}]")).register(pool);
        let set_aside = context.session_config().options().execution.sort_spill_reservation_bytes;
        let rows = context.session_config().batch_size().min(BATCH_ROWS);
        let batch_bytes = match pool.memory_limit() {
            MemoryLimit::Finite(limit) => BATCH_BYTES.min(limit / MEMORY_OF_BATCH),
            _ => BATCH_BYTES,
        };
        let manager = SpillManager::new(context.runtime_env(), SpillMetrics::new(metrics, partition), schema.clone());
        let baseline = BaselineMetrics::new(metrics, partition);
        let converter = converter(&ordering, &schema)?;
        Ok(Self { ordering, schema, converter, run: Run::default(), memory, merging, set_aside, rows, batch_bytes, seen: (0, 0), manager, runs: vec![], baseline })
    }

    async fn insert(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let rows = bytes_of_rows(&batch);
        self.seen = (self.seen.0 + batch.num_rows(), self.seen.1 + rows);
        // Of the whole batch, once: its pieces share buffers.
        let (batch, mut bytes) = compact(batch, rows)?;
        self.merging.try_resize(self.set_aside)?;
        let timer = self.baseline.elapsed_compute().timer();
        let mut pieces = vec![];
        for start in (0..batch.num_rows()).step_by(BATCH_ROWS) {
            let piece = batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start));
            let columns = self.ordering.iter().map(|sort| sort.expr.evaluate(&piece)?.into_array(piece.num_rows()));
            let keys = self.converter.convert_columns(&columns.collect::<Result<Vec<_>>>()?)?;
            bytes += keys.size() + size_of::<u128>() * piece.num_rows();
            pieces.push((piece, keys));
        }
        timer.done();
        let full = self.run.batches.len() + pieces.len() > MOST_BATCHES || self.memory.try_grow(bytes).is_err();
        if full {
            self.spill().await?;
            self.memory.try_grow(bytes)?;
        }
        for (piece, keys) in pieces {
            self.run.batches.push(piece);
            self.run.keys.push(keys);
        }
        Ok(())
    }

    /// Writes the rows in memory, sorted.
    async fn spill(&mut self) -> Result<()> {
        let run = std::mem::take(&mut self.run);
        if run.batches.is_empty() {
            return Ok(());
        }
        let run = run.sorted(&self.baseline).await?;
        let rows = self.rows_of_batch();
        let mut file = self.manager.create_in_progress_file("Sorting")?;
        let mut largest = 0;
        for batch in run.rows(rows) {
            largest = largest.max(file.append_batch(&batch?)?);
            tokio::task::consume_budget().await;
        }
        // What a batch is read into grows by doubling, and its keys are made beside it.
        self.runs.extend(file.finish()?.map(|file| SortedSpillFile { file, max_record_batch_memory: largest + largest / 2 }));
        self.memory.free();
        Ok(())
    }

    /// Rows of a batch that leaves, and of those that merges make.
    fn rows_of_batch(&self) -> usize {
        let (rows, bytes) = self.seen;
        (self.batch_bytes / (bytes / rows.max(1)).max(1)).clamp(1, self.rows)
    }

    /// All rows in order.
    async fn finish(mut self) -> Result<SendableRecordBatchStream> {
        if self.runs.is_empty() {
            self.merging.free();
            let run = std::mem::take(&mut self.run).sorted(&self.baseline).await?;
            let rows = self.rows_of_batch();
            let (baseline, memory) = (self.baseline, self.memory);
            let rows = super::cooperative(run.rows(rows)).map(move |batch| {
                // Held until the last row has left.
                let _ = &memory;
                batch.inspect(|batch| baseline.record_output(batch.num_rows()))
            });
            return Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema, rows)));
        }
        self.spill().await?;
        let rows = self.rows_of_batch();
        StreamingMergeBuilder::new()
            .with_sorted_spill_files(self.runs)
            .with_spill_manager(self.manager)
            .with_schema(self.schema)
            .with_expressions(&self.ordering)
            .with_metrics(self.baseline)
            .with_batch_size(rows)
            .with_reservation(self.merging.take())
            .build()
    }
}

/// Without most of the room that its maker has left for more rows: DataFusion's coalescer makes it for a whole batch in each column,
/// whatever comes, and of thousands of columns that is more than the rows.
/// `rows`: bytes of the rows alone. The batch, and bytes of its buffers.
fn compact(batch: RecordBatch, rows: usize) -> Result<(RecordBatch, usize)> {
    // What these share with others stays.
    let shares = |column: &ArrayRef| matches!(column.data_type(), DataType::Dictionary(..) | DataType::Utf8View);
    let bytes = get_record_batch_memory_size(&batch);
    if bytes <= 2 * rows.max(SPARE) || batch.columns().iter().any(shares) {
        return Ok((batch, bytes));
    }
    let all = UInt32Array::from_iter_values(0..batch.num_rows() as u32);
    let compacted = take_record_batch(&batch, &all)?;
    let bytes = get_record_batch_memory_size(&compacted);
    Ok((compacted, bytes))
}

fn converter(ordering: &LexOrdering, schema: &Schema) -> Result<RowConverter> {
    let fields = ordering.iter().map(|sort| Ok(SortField::new_with_options(sort.expr.data_type(schema)?, sort.options)));
    Ok(RowConverter::new(fields.collect::<Result<_>>()?)?)
}

/// Rows in memory and their keys, in batches of [`BATCH_ROWS`] at most.
#[derive(Default)]
struct Run {
    batches: Vec<RecordBatch>,
    keys: Vec<Rows>,
}

/// Rows in memory and what order they come in.
struct Sorted {
    batches: Vec<RecordBatch>,
    entries: Vec<u128>,
}

fn place(row: u32) -> (usize, usize) {
    ((row >> ROW_BITS) as usize, row as usize & (BATCH_ROWS - 1))
}

impl Run {
    /// Not on a worker thread, which has exchanges to look after meanwhile.
    async fn sorted(self, baseline: &BaselineMetrics) -> Result<Sorted> {
        let elapsed = baseline.elapsed_compute().clone();
        let sorting = SpawnedTask::spawn_blocking(move || {
            let _timer = elapsed.timer();
            let Self { batches, keys } = self;
            let mut entries = Vec::with_capacity(keys.iter().map(Rows::num_rows).sum());
            for (batch, keys) in keys.iter().enumerate() {
                let first = (batch as u32) << ROW_BITS;
                entries.extend(keys.iter().zip(first..).map(|(key, row)| order::entry(key.data(), 0, row)));
            }
            order::sort(&mut entries, &|row| {
                let (batch, row) = place(row);
                keys[batch].row(row).data()
            });
            Sorted { batches, entries }
        });
        sorting.join().await.map_err(|error| exec_datafusion_err!("a sort failed: {error}"))
    }
}

impl Sorted {
    /// The rows, in batches of so many at most.
    fn rows(self, most: usize) -> impl Iterator<Item = Result<RecordBatch>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let mut rows = most.min(self.entries.len() - next);
            while rows > 0 {
                match self.taken(next, rows) {
                    // Texts of more than 2 GiB.
                    Err(ArrowError::OffsetOverflowError(_)) if rows > 1 => rows = rows.div_ceil(2),
                    taken => {
                        next += rows;
                        return Some(taken.map_err(DataFusionError::from));
                    }
                }
            }
            None
        })
    }

    fn taken(&self, start: usize, rows: usize) -> Result<RecordBatch, ArrowError> {
        let places: Vec<_> = self.entries[start..start + rows].iter().map(|entry| place(order::row_of(*entry))).collect();
        let batches: Vec<_> = self.batches.iter().collect();
        interleave_record_batch(&batches, &places)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Builder;

    use super::*;

    #[test]
    fn a_batch_keeps_no_room_for_rows_that_do_not_come() {
        let spacious = |rows: i64| {
            let column = |n: i64| {
                let mut values = Int64Builder::with_capacity(8192);
                (0..rows).for_each(|row| values.append_value(row * n));
                (format!("c{n}"), Arc::new(values.finish()) as ArrayRef)
            };
            RecordBatch::try_from_iter((0..100).map(column)).unwrap()
        };
        let batch = spacious(50);
        let (compacted, bytes) = compact(batch.clone(), bytes_of_rows(&batch)).unwrap();
        assert!(get_record_batch_memory_size(&batch) > 6 << 20 && bytes < 1 << 17, "{bytes}");
        assert_eq!((compacted, bytes_of_rows(&batch)), (batch, 100 * 50 * 8));
        // One that is full is as it was.
        let batch = spacious(8192);
        let (kept, bytes) = compact(batch.clone(), bytes_of_rows(&batch)).unwrap();
        assert_eq!(bytes, get_record_batch_memory_size(&batch));
        assert!(Arc::ptr_eq(kept.column(0), batch.column(0)));
    }
}
