//! At most the first k rows of each group, before the rows travel: what follows brings each group together and takes its
//! first k of all partitions.
//!
//! ```text
//! row ─→ group ─→ k rows are there, all of them before this one?  dropped
//!                 else it is kept, and the last of more than k dropped
//! ```
//!
//! Kept rows stay in their batches until most of those are dropped rows; then they move together. Where few rows are
//! dropped, or memory ends, all that is kept leaves and the rest passes.

use std::collections::BinaryHeap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Field, Schema};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalExpr};
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{TryStreamExt, stream};

use super::{plan_methods, streaming};

/// More rows of a group than this are not kept in a heap: sorting all is as good.
pub const MOST: u64 = 128;

/// Rows between two looks at how many begin a group.
const LOOK: usize = 1 << 17;

/// By this many rows most have to be dropped.
const PATIENCE: usize = 1 << 22;

/// Rows that move into one batch: so few that their texts fit one array.
const MOVED: usize = 1 << 20;

/// See the module.
#[derive(Debug, Clone)]
pub struct GroupTopKExec {
    input: Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    ordering: LexOrdering,
    rows: usize,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl GroupTopKExec {
    /// `ordering` decides between any two rows of a group.
    pub fn new(input: Arc<dyn ExecutionPlan>, keys: Vec<Arc<dyn PhysicalExpr>>, ordering: LexOrdering, rows: usize) -> Self {
        let properties = streaming(EquivalenceProperties::new(input.schema()), input.output_partitioning().clone());
        Self { input, keys, ordering, rows, metrics: ExecutionPlanMetricsSet::new(), properties }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self::new(children.swap_remove(0), self.keys.clone(), self.ordering.clone(), self.rows)
    }
}

impl DisplayAs for GroupTopKExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(|key| key.to_string()).collect();
        write!(f, "GroupTopKExec: rows={}, keys=[{}], order=[{}]", self.rows, keys.join(", "), self.ordering)
    }
}

impl ExecutionPlan for GroupTopKExec {
    plan_methods!("GroupTopKExec", [input]);

    fn apply_expressions(&self, f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        for expression in self.keys.iter().chain(self.ordering.iter().map(|key| &key.expr)) {
            f(expression)?;
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        let reservation = MemoryConsumer::new("GroupTopKExec").register(context.memory_pool());
        let topk = TopK::new(self, reservation)?;
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let (schema, size) = (self.schema(), context.session_config().batch_size());
        let rows = stream::try_unfold((Some(topk), input), move |(mut topk, mut input)| {
            let time = baseline.elapsed_compute().clone();
            async move {
                while let Some(batch) = input.try_next().await? {
                    let Some(keeping) = &mut topk else { return Ok(Some((vec![batch], (None, input)))) };
                    let _timer = time.timer();
                    if !keeping.push(batch)? {
                        break;
                    }
                }
                let rest = topk.take().map(TopK::kept).transpose()?;
                Ok::<_, DataFusionError>(rest.map(|kept| (kept, (None, input))))
            }
        });
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let sliced = move |batch: RecordBatch| {
            baseline.record_output(batch.num_rows());
            (0..batch.num_rows()).step_by(size).map(move |at| batch.slice(at, size.min(batch.num_rows() - at)))
        };
        let rows = rows.map_ok(move |batches| stream::iter(batches.into_iter().flat_map(&sliced).map(Ok).collect::<Vec<_>>())).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// A kept row: its order as bytes that compare, and where it is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    order: Box<[u8]>,
    batch: u32,
    row: u32,
}

/// The first bytes as a number that compares alike.
fn beginning(order: &[u8]) -> u64 {
    match order.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..order.len()].copy_from_slice(order);
            u64::from_be_bytes(bytes)
        }
    }
}

/// The rows kept of one partition.
struct TopK {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    ordering: LexOrdering,
    rows: usize,
    groups: Box<dyn GroupValues>,
    converter: RowConverter,
    /// By group, the last kept row first.
    heaps: Vec<BinaryHeap<Kept>>,
    /// By group, the beginning of the order of the last row of a full heap: what is after it is dropped at one glance.
    bounds: Vec<u64>,
    batches: Vec<RecordBatch>,
    /// Rows of `batches`, and how many of them are kept.
    held: usize,
    live: usize,
    batch_bytes: usize,
    order_bytes: usize,
    seen: usize,
    /// Rows and groups at the last look.
    looked: (usize, usize),
    numbers: Vec<usize>,
    reservation: MemoryReservation,
}

impl TopK {
    fn new(exec: &GroupTopKExec, reservation: MemoryReservation) -> Result<Self> {
        let schema = exec.input.schema();
        let fields = exec.keys.iter().map(|key| Ok(Field::new("key", key.data_type(&schema)?, true))).collect::<Result<Vec<_>>>()?;
        let order = exec.ordering.iter().map(|key| Ok(SortField::new_with_options(key.expr.data_type(&schema)?, key.options)));
        Ok(Self {
            keys: exec.keys.clone(),
            ordering: exec.ordering.clone(),
            rows: exec.rows,
            groups: new_group_values(Arc::new(Schema::new(fields)), &GroupOrdering::None)?,
            converter: RowConverter::new(order.collect::<Result<Vec<_>>>()?)?,
            heaps: vec![],
            bounds: vec![],
            batches: vec![],
            held: 0,
            live: 0,
            batch_bytes: 0,
            order_bytes: 0,
            seen: 0,
            looked: (0, 0),
            numbers: vec![],
            reservation,
        })
    }

    /// Takes a batch in. False: it is no use to go on, or there is no memory to.
    fn push(&mut self, batch: RecordBatch) -> Result<bool> {
        let evaluated = |expression: &Arc<dyn PhysicalExpr>| expression.evaluate(&batch)?.into_array(batch.num_rows());
        let keys = self.keys.iter().map(evaluated).collect::<Result<Vec<ArrayRef>>>()?;
        let order = self.ordering.iter().map(|key| evaluated(&key.expr)).collect::<Result<Vec<_>>>()?;
        self.groups.intern(&keys, &mut self.numbers)?;
        self.heaps.resize_with(self.groups.len(), BinaryHeap::new);
        self.bounds.resize(self.groups.len(), u64::MAX);
        let order = self.converter.convert_columns(&order)?;
        let number = self.batches.len() as u32;
        for (row, (&group, order)) in self.numbers.iter().zip(order.iter()).enumerate() {
            if beginning(order.data()) > self.bounds[group] {
                continue;
            }
            let heap = &mut self.heaps[group];
            if heap.len() < self.rows {
                heap.push(Kept { order: order.data().into(), batch: number, row: row as u32 });
                self.live += 1;
                self.order_bytes += order.data().len() + 2 * size_of::<Kept>();
            } else if let Some(mut last) = heap.peek_mut()
                && order.data() < &*last.order
            {
                *last = Kept { order: order.data().into(), batch: number, row: row as u32 };
            }
            if heap.len() == self.rows {
                self.bounds[group] = heap.peek().map_or(u64::MAX, |last| beginning(&last.order));
            }
        }
        self.seen += batch.num_rows();
        self.held += batch.num_rows();
        self.batch_bytes += get_record_batch_memory_size(&batch);
        self.batches.push(batch);
        if self.held > 4 * self.live + LOOK {
            self.compact()?;
        }
        let groups = self.heaps.len() * (size_of::<BinaryHeap<Kept>>() + size_of::<u64>()) + self.groups.size();
        let fits = self.reservation.try_resize(self.batch_bytes + self.order_bytes + groups).is_ok();
        let (rows, groups) = (self.seen - self.looked.0, self.heaps.len() - self.looked.1);
        if rows < LOOK {
            return Ok(fits);
        }
        self.looked = (self.seen, self.heaps.len());
        Ok(fits && groups < rows / 5 * 4 && (self.seen < PATIENCE || self.live * 2 < self.seen))
    }

    /// Moves the kept rows into batches of their own.
    fn compact(&mut self) -> Result<()> {
        let mut places = Vec::with_capacity(self.live);
        let moved = |heap: BinaryHeap<Kept>| {
            let rows = heap.into_vec().into_iter().map(|kept| {
                let at = places.len();
                places.push((kept.batch as usize, kept.row as usize));
                Kept { batch: (at / MOVED) as u32, row: (at % MOVED) as u32, ..kept }
            });
            rows.collect()
        };
        self.heaps = std::mem::take(&mut self.heaps).into_iter().map(moved).collect();
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let kept = places.chunks(MOVED).map(|places| Ok(interleave_record_batch(&batches, places)?));
        self.batches = kept.collect::<Result<Vec<_>>>()?;
        self.held = places.len();
        self.batch_bytes = self.batches.iter().map(get_record_batch_memory_size).sum();
        Ok(())
    }

    /// All that is kept.
    fn kept(mut self) -> Result<Vec<RecordBatch>> {
        self.compact()?;
        Ok(self.batches)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::compute::SortOptions;
    use arrow::datatypes::{DataType, Int64Type};
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::physical_expr::PhysicalSortExpr;
    use datafusion::physical_expr::expressions::col;

    use super::*;

    /// The rows that leave, of `groups` groups of `count` rows whose order is a number that no other has.
    async fn kept(count: i64, groups: i64, rows: usize, memory: usize) -> Vec<(i64, i64)> {
        let schema = Arc::new(Schema::new(vec![Field::new("key", DataType::Int64, false), Field::new("at", DataType::Int64, false)]));
        let keys = Int64Array::from_iter_values((0..count).map(|i| i * 7919 % groups));
        let at = Int64Array::from_iter_values((0..count).map(|i| i * 104_729 % count));
        let table = RecordBatch::try_new(schema.clone(), vec![Arc::new(keys), Arc::new(at)]).unwrap();
        let batches: Vec<_> = (0..count as usize).step_by(8192).map(|at| table.slice(at, 8192.min(count as usize - at))).collect();
        let input = MemorySourceConfig::try_new_exec(&[batches], schema.clone(), None).unwrap();
        let descending = SortOptions { descending: true, nulls_first: false };
        let order = LexOrdering::new([PhysicalSortExpr::new(col("at", &schema).unwrap(), descending)]).unwrap();
        let exec = GroupTopKExec::new(input, vec![col("key", &schema).unwrap()], order, rows);
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build_arc().unwrap();
        let context = Arc::new(TaskContext::default().with_runtime(runtime));
        let batches: Vec<RecordBatch> = exec.execute(0, context).unwrap().try_collect().await.unwrap();
        let pairs = |batch: &RecordBatch| {
            let column = |index: usize| batch.column(index).as_primitive::<Int64Type>().values().to_vec();
            column(0).into_iter().zip(column(1)).collect::<Vec<_>>()
        };
        batches.iter().flat_map(pairs).collect()
    }

    /// The first rows of each group.
    fn first(mut all: Vec<(i64, i64)>, rows: usize) -> Vec<(i64, i64)> {
        all.sort_by_key(|&(key, at)| (key, -at));
        all.chunk_by(|a, b| a.0 == b.0).flat_map(|group| group.iter().take(rows).copied()).collect()
    }

    #[tokio::test]
    async fn groups_are_cut_to_their_first_rows() {
        for (count, groups, rows) in [(1_000_000, 1000, 3), (300_000, 7, 128), (300_000, 1, 1), (5, 3, 2), (0, 1, 1)] {
            let all: Vec<_> = (0..count).map(|i| (i * 7919 % groups, i * 104_729 % count)).collect();
            let kept = kept(count, groups, rows, usize::MAX).await;
            assert!(kept.len() <= groups as usize * rows);
            assert_eq!(first(kept, rows), first(all, rows));
        }
    }

    #[tokio::test]
    async fn rows_pass_where_few_are_dropped_or_memory_ends() {
        assert_eq!(kept(1_000_000, 999_983, 1, usize::MAX).await.len(), 1_000_000);
        let (kept, all) = (kept(1_000_000, 50_000, 2, 1 << 20).await, (0..1_000_000).map(|i| (i * 7919 % 50_000, i * 104_729 % 1_000_000)).collect());
        assert!(kept.len() > 900_000);
        assert_eq!(first(kept, 2), first(all, 2));
    }
}
