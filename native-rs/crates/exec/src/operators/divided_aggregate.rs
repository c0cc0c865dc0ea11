//! Groups of many rows: divided by their keys first, then grouped one part after another.
//!
//! ```text
//! input ─► thousands of rows at a time, by hash of the keys ─┬─► part 0  ─► AggregateExec ─► groups of part 0
//!                                                            ├─► part 1  ─► AggregateExec ─► groups of part 1 …
//!                                                            └─► part 63
//!                 in memory; when that has ended, on disk, a file a part
//! ```
//!
//! One hash table of all groups is in no cache, and where it does not fit the memory, sorting and merging the states of groups
//! takes longer than all else. The table of a part is a small one, and what a part has is written and read once. For input that has
//! few rows a group already: of a partial aggregation, which gives rows away as they are where they are as many as their groups.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{apply_expression_roots, replace_children_if_necessary};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::SpillManager;
use datafusion::physical_plan::stream::{EmptyRecordBatchStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use lockstep_functions::bytes_of_rows;

use super::plan_methods;
use crate::exchange::{Counting, counting_sort, hashes};
use crate::late_file::LateFile;

/// Parts of a partition's keys: by the high bits of their hash, of which exchanges take the low ones.
const PART_BITS: u32 = 6;
/// Batches of the usual size that are divided at once: a part gets so many rows together.
const BATCHES: usize = 4;
/// Bytes of them, where rows are long.
const BYTES: usize = 8 << 20;

/// Stands for an `AggregateExec`, which it runs once a part.
#[derive(Debug, Clone)]
pub struct DividedAggregateExec {
    input: Arc<dyn ExecutionPlan>,
    /// Its own input is not read.
    aggregate: Arc<AggregateExec>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl DividedAggregateExec {
    /// In the place of an aggregation that has keys.
    pub fn of(aggregate: &AggregateExec) -> Self {
        let (input, properties) = (aggregate.input().clone(), aggregate.properties().clone());
        Self { input, aggregate: Arc::new(aggregate.clone()), metrics: Default::default(), properties }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self { input: children.swap_remove(0), metrics: Default::default(), ..self.clone() }
    }
}

impl DisplayAs for DividedAggregateExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Divided")?;
        self.aggregate.fmt_as(kind, f)
    }
}

impl ExecutionPlan for DividedAggregateExec {
    plan_methods!("DividedAggregateExec", [input]);

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(&self.aggregate.group_expr().input_exprs(), f)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut input = self.input.execute(partition, context.clone())?;
        let counters = Counters::new(&self.metrics, partition);
        let manager = SpillManager::new(context.runtime_env(), counters.spill.clone(), input.schema());
        let mut divider = Divider::new(self.aggregate.group_expr().input_exprs(), manager, &context);
        let (aggregate, schema) = (self.aggregate.clone(), self.schema());
        let groups = stream::once(async move {
            while let Some(batch) = input.try_next().await? {
                let _timer = counters.baseline.elapsed_compute().timer();
                divider.push(batch)?;
            }
            drop(input);
            let Divided { parts, memory } = divider.finish()?;
            let groups = stream::iter(parts).map(move |part| grouped(&aggregate, part, &context, counters.clone()));
            // The rows are there until the last of them are grouped.
            Ok::<_, DataFusionError>(ending(groups.try_flatten(), || drop(memory)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, groups.try_flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The groups of one part.
fn grouped(aggregate: &Arc<AggregateExec>, part: Part, context: &Arc<TaskContext>, counters: Counters) -> Result<SendableRecordBatchStream> {
    let schema = aggregate.input().schema();
    let rows = PartRows { schema: schema.clone(), rows: Mutex::new(Some(part.rows(schema.clone())?)) };
    let rows = StreamingTableExec::try_new(schema, vec![Arc::new(rows)], None, [], false, None)?;
    let aggregate = replace_children_if_necessary(aggregate.clone(), vec![Arc::new(rows)])?;
    let groups = aggregate.execute(0, context.clone())?;
    let schema = groups.schema();
    let rows = counters.clone();
    let counted = groups.inspect_ok(move |batch| rows.baseline.record_output(batch.num_rows()));
    // What the aggregation of a part has counted is this operator's.
    let groups = ending(counted, move || counters.add(&aggregate.metrics().unwrap_or_default()));
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, groups)))
}

/// The items of a stream; what is to be done at its end.
fn ending<T: Send + 'static>(items: impl Stream<Item = T> + Send, end: impl FnOnce() + Send) -> impl Stream<Item = T> + Send {
    let end = stream::once(async move {
        end();
        None
    });
    items.map(Some).chain(end).filter_map(std::future::ready)
}

/// What this operator counts.
#[derive(Clone)]
struct Counters {
    baseline: BaselineMetrics,
    spill: SpillMetrics,
}

impl Counters {
    fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        Self { baseline: BaselineMetrics::new(metrics, partition), spill: SpillMetrics::new(metrics, partition) }
    }

    fn add(&self, part: &MetricsSet) {
        let nanoseconds = part.elapsed_compute().unwrap_or(0) as u64;
        self.baseline.elapsed_compute().add_duration(Duration::from_nanos(nanoseconds));
        self.spill.spill_file_count.add(part.spill_count().unwrap_or(0));
        self.spill.spilled_bytes.add(part.spilled_bytes().unwrap_or(0));
        self.spill.spilled_rows.add(part.spilled_rows().unwrap_or(0));
    }
}

/// Divides rows.
struct Divider {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    /// Rows that are not divided yet, and the part of each.
    waiting: Vec<(RecordBatch, Vec<u8>)>,
    waiting_rows: usize,
    waiting_bytes: usize,
    /// How much waits at most.
    rows: usize,
    bytes: usize,
    parts: Vec<Part>,
    /// Of the parts' rows, which share buffers: none of them is given back alone.
    memory: MemoryReservation,
    counting: Counting,
}

impl Divider {
    fn new(keys: Vec<Arc<dyn PhysicalExpr>>, manager: SpillManager, context: &TaskContext) -> Self {
        let memory = MemoryConsumer::new("DividedAggregateExec").with_can_spill(true).register(context.memory_pool());
        let bytes = match context.memory_pool().memory_limit() {
            MemoryLimit::Finite(limit) => BYTES.min(limit / 32),
            _ => BYTES,
        };
        let rows = BATCHES * context.session_config().batch_size();
        let parts = (0..1 << PART_BITS).map(|_| Part::new(&manager)).collect();
        Self { keys, waiting: vec![], waiting_rows: 0, waiting_bytes: 0, rows, bytes, parts, memory, counting: Counting::default() }
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let parts = hashes(&self.keys, &batch)?.into_iter().map(|hash| (hash >> (u64::BITS - PART_BITS)) as u8).collect();
        self.waiting_rows += batch.num_rows();
        self.waiting_bytes += bytes_of_rows(&batch);
        self.waiting.push((batch, parts));
        match self.waiting_rows >= self.rows || self.waiting_bytes >= self.bytes {
            true => self.divide(),
            false => Ok(()),
        }
    }

    /// Rows that wait go to their parts.
    fn divide(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let of = self.waiting.iter().flat_map(|(_, parts)| parts.iter().map(|part| usize::from(*part)));
        let mut rows = self.waiting.iter().enumerate().flat_map(|(batch, (_, parts))| (0..parts.len()).map(move |row| (batch, row)));
        let mut places = vec![(0, 0); self.waiting_rows];
        let ends = counting_sort(of, self.parts.len(), |_, at| places[at] = rows.next().unwrap_or_default());
        let batches: Vec<_> = self.waiting.iter().map(|(batch, _)| batch).collect();
        let rows = interleave_record_batch(&batches, &places)?;
        self.waiting.clear();
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        let mut start = 0;
        for (part, end) in self.parts.iter_mut().zip(ends) {
            if start < end {
                part.memory.push(rows.slice(start, end - start));
            }
            start = end;
        }
        match self.memory.try_grow(self.counting.bytes(&rows)) {
            Ok(()) => Ok(()),
            Err(_) => self.spill(),
        }
    }

    fn spill(&mut self) -> Result<()> {
        for part in &mut self.parts {
            for rows in part.memory.drain(..) {
                part.disk.append(&rows)?;
            }
        }
        self.memory.free();
        Ok(())
    }

    /// The parts that have rows; of few rows one.
    fn finish(mut self) -> Result<Divided> {
        if self.parts.iter().all(Part::is_empty) {
            self.parts[0].memory.extend(self.waiting.drain(..).map(|(batch, _)| batch));
        } else {
            self.divide()?;
        }
        // The states of a part's groups take more than its rows.
        let room = 4 * self.memory.size() >> PART_BITS;
        let tight = self.memory.try_grow(room).map(|()| self.memory.shrink(room)).is_err();
        if tight || self.parts.iter().any(|part| part.disk.is_begun()) {
            // The memory is the groups' now.
            self.spill()?;
        }
        Ok(Divided { parts: self.parts.into_iter().filter(|part| !part.is_empty()).collect(), memory: self.memory })
    }
}

/// What has been divided.
struct Divided {
    parts: Vec<Part>,
    memory: MemoryReservation,
}

/// Rows whose keys no other part has; those in memory are slices of the divided ones.
struct Part {
    memory: Vec<RecordBatch>,
    disk: LateFile,
}

impl Part {
    fn new(manager: &SpillManager) -> Self {
        Self { memory: vec![], disk: LateFile::new(manager.clone()) }
    }

    fn is_empty(&self) -> bool {
        self.memory.is_empty() && !self.disk.is_begun()
    }

    fn rows(self, schema: SchemaRef) -> Result<SendableRecordBatchStream> {
        let memory = stream::iter(self.memory.into_iter().map(Ok));
        let rows = memory.chain(stream::iter(self.disk.rows()?).flatten());
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// Gives the rows of a part, once.
struct PartRows {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for PartRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rows of a part")
    }
}

impl PartitionStream for PartRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().take();
        rows.unwrap_or_else(|| Box::pin(EmptyRecordBatchStream::new(self.schema.clone())))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::functions_aggregate::sum::sum_udaf;
    use datafusion::physical_expr::aggregate::AggregateExprBuilder;
    use datafusion::physical_expr::expressions::col;
    use datafusion::physical_plan::aggregates::{AggregateMode, PhysicalGroupBy};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    const KEYS: i64 = 50_000;

    /// `sum(n) group by key` of batches whose keys come twice, both times in other batches.
    fn aggregate(rows: i64) -> AggregateExec {
        let batch = |start: i64| {
            let keys = StringArray::from_iter_values((start..start + 1000).map(|row| format!("key {}", row * 7 % KEYS)));
            let columns = [("key", Arc::new(keys) as ArrayRef), ("n", Arc::new(Int64Array::from_iter_values(start..start + 1000)) as ArrayRef)];
            RecordBatch::try_from_iter(columns).unwrap()
        };
        let batches: Vec<_> = (0..rows).step_by(1000).map(batch).collect();
        let schema = batches[0].schema();
        let input = MemorySourceConfig::try_new_exec(&[batches], schema.clone(), None).unwrap();
        let sum = AggregateExprBuilder::new(sum_udaf(), vec![col("n", &schema).unwrap()]).schema(schema.clone()).alias("sum").build().unwrap();
        let keys = PhysicalGroupBy::new_single(vec![(col("key", &schema).unwrap(), "key".to_owned())]);
        let partial = AggregateExec::try_new(AggregateMode::Partial, keys.clone(), vec![Arc::new(sum.clone())], vec![None], input, schema.clone());
        AggregateExec::try_new(AggregateMode::Final, keys.as_final(), vec![Arc::new(sum)], vec![None], Arc::new(partial.unwrap()), schema).unwrap()
    }

    /// The groups in the order of their keys, and how many came how often.
    async fn groups(plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Vec<(String, i64)> {
        let batches: Vec<_> = plan.execute(0, context).unwrap().try_collect().await.unwrap();
        let rows = |batch: &RecordBatch| -> Vec<_> {
            let sums = batch.column(1).as_primitive::<Int64Type>();
            batch.column(0).as_string::<i32>().iter().zip(sums).map(|(key, sum)| (key.unwrap().to_owned(), sum.unwrap())).collect()
        };
        let mut groups: Vec<_> = batches.iter().flat_map(rows).collect();
        groups.sort();
        groups
    }

    fn context(memory: Option<usize>) -> Arc<TaskContext> {
        let builder = RuntimeEnvBuilder::new();
        let runtime = memory.map_or(builder.clone(), |bytes| builder.with_memory_limit(bytes, 1.0)).build_arc().unwrap();
        SessionContext::new_with_config_rt(SessionConfig::new().with_batch_size(1000), runtime).task_ctx()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn parts_have_the_groups_of_the_whole() {
        for rows in [1000, 100_000] {
            let whole = aggregate(rows);
            let expected = groups(Arc::new(whole.clone()), context(None)).await;
            assert_eq!(expected.len() as i64, rows.min(KEYS));
            for memory in [None, Some(1 << 20)] {
                let divided = Arc::new(DividedAggregateExec::of(&whole));
                assert_eq!(groups(divided.clone(), context(memory)).await, expected, "{rows} rows in {memory:?} bytes");
                let metrics = divided.metrics().unwrap();
                assert_eq!(metrics.output_rows(), Some(expected.len()));
                assert_eq!(metrics.spilled_bytes().unwrap_or(0) > 0, memory.is_some() && rows > 1000, "{rows} rows in {memory:?} bytes");
            }
        }
    }
}
