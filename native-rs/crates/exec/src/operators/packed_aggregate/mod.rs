//! Groups by packed keys, in key order over all partitions: a group-by, its shuffle and a sort in one operator.
//!
//! ```text
//! rank 0   input ─► radix store ─┐                      ┌► radix partitions 0…k   ─► groups, keys ascending
//!                                ├─ agree on k (all) ───┤
//! rank 1   input ─► radix store ─┘   by rows counted    └► radix partitions k+1…n ─► groups, keys ascending
//! ```
//!
//! Every rank keeps its rows in 2^r partitions by the high bits of the packed key. At the end of input the ranks add
//! up their counts and cut the sequence of partitions into equal shares; each share travels to its owner, which
//! aggregates it in key order. While rows come in, a store that has grown aggregates what it has, so that memory
//! follows the number of groups, not of rows.
//!
//! A value outside its domain or a full memory pool ends the execution with [`crate::specialise::GENERAL`]: the engine
//! then runs the plan with general operators.

mod collect;
mod grouping;
mod share;

use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};
use lockstep_comm::{Hop, OpKind};
use tokio::sync::{oneshot, watch};

use self::collect::Collector;
pub use self::grouping::{Grouping, MOST_PARTITIONS};
use self::grouping::overflow;
use self::share::{Owned, Sharing};
use super::{Start, Traffic, plan_methods, streaming};
use crate::packed::{Chunk, PartitionAggregator};
use crate::planner::physical::BATCH_ROWS;
use crate::exchange::{Meter, Shape};
use crate::run::{Ranks, Run};

#[derive(Debug, Clone)]
pub struct PackedAggregateExec {
    input: Arc<dyn ExecutionPlan>,
    grouping: Arc<Grouping>,
    ranks: Ranks,
    id: u64,
    owned: Arc<watch::Sender<Option<Arc<Owned>>>>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl PackedAggregateExec {
    /// `schema`: key columns, then one column an aggregate. Uses two operation ids: `id` for the exchange, `id` + 1
    /// for the shares.
    pub fn new(
        input: Arc<dyn ExecutionPlan>,
        grouping: Arc<Grouping>,
        schema: SchemaRef,
        ranks: Ranks,
        id: u64,
    ) -> Self {
        let partitioning = Partitioning::UnknownPartitioning(ranks.partitions());
        let properties = streaming(EquivalenceProperties::new(schema), partitioning);
        let (owned, _) = watch::channel(None);
        Self { input, grouping, ranks, id, owned: Arc::new(owned), metrics: Default::default(), properties }
    }

    /// Its place among the operations of the plan.
    pub fn with_id(&self, id: u64) -> Self {
        Self::new(self.input.clone(), self.grouping.clone(), self.schema(), self.ranks, id)
    }

    pub fn grouping(&self) -> &Arc<Grouping> {
        &self.grouping
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self::new(children.swap_remove(0), self.grouping.clone(), self.schema(), self.ranks, self.id)
    }
}

impl Start for PackedAggregateExec {
    fn id(&self) -> u64 {
        self.id
    }

    fn traffic(&self) -> Traffic {
        Traffic::exchange(Shape::Scatter).by_one_task().and(1)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        let of = self.input.output_partitioning().partition_count();
        let mut stores = vec![];
        for partition in self.ranks.local(of) {
            let mut input = self.input.execute(partition, context.clone())?;
            let mut collector = Collector::new(self.grouping.clone(), context);
            let time = MetricBuilder::new(&self.metrics).subset_time("pack_time", partition);
            let (done, ended) = oneshot::channel();
            stores.push(ended);
            run.spawn(async move {
                while let Some(batch) = input.try_next().await? {
                    let _timer = time.timer();
                    collector.add(&batch)?;
                }
                collector.finish()?;
                let _ = done.send(collector);
                Ok(())
            });
        }
        let hop = |hop| run.hop(offset + self.id, OpKind::Shuffle, hop);
        let (within, across) = match run.comm.grid() {
            Some(grid) => {
                let (sender, receiver) = hop(Hop::Across)?;
                (hop(Hop::Within)?, Some((grid, sender, receiver)))
            }
            None => (run.exchange(offset + self.id, OpKind::Shuffle)?, None),
        };
        let memory = MemoryConsumer::new("PackedAggregateExec").register(context.memory_pool());
        let exchange = Sharing { run: run.clone(), ranks: self.ranks, agreement: offset + self.id + 1, within, across, memory };
        let (owned, meters) = (self.owned.clone(), [(); 2].map(|()| Meter::new(&self.metrics, self.ranks.rank)));
        let time = MetricBuilder::new(&self.metrics).subset_time("share_time", self.ranks.rank);
        run.spawn(async move {
            let mut collectors = vec![];
            for ended in stores {
                // A collector that has failed reports its own error.
                let Ok(collector) = ended.await else { return Ok(()) };
                collectors.push(collector);
            }
            let timer = time.timer();
            owned.send_replace(Some(Arc::new(exchange.share(collectors, meters).await?)));
            timer.done();
            Ok(())
        });
        Ok(())
    }
}

/// The groups of one radix partition, in the operator's schema.
fn batch_of(
    radix: usize,
    chunks: &[Chunk],
    grouping: &Grouping,
    aggregator: &mut PartitionAggregator,
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let groups = aggregator.run(radix, chunks).map_err(overflow)?;
    let rows = groups.keys.len();
    let keys = grouping.layout.unpack(&groups.keys);
    let columns = grouping.places.iter().map(|place| keys[*place].clone()).chain(groups.columns);
    // Labels become strings again.
    let columns = columns.zip(schema.fields()).map(|(column, field)| Ok(cast(&column, field.data_type())?));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_>>()?, &options)?)
}

impl DisplayAs for PackedAggregateExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.grouping.keys.iter().zip(self.grouping.layout.codecs());
        let keys: Vec<_> = keys.map(|(key, codec)| format!("{key}: {codec}")).collect();
        let bits = self.grouping.layout.bits();
        write!(f, "PackedAggregateExec: keys=[{}] in {bits} bits, aggregates={:?}", keys.join(", "), self.grouping.aggregates)
    }
}

impl ExecutionPlan for PackedAggregateExec {
    plan_methods!("PackedAggregateExec", [input]);

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.grouping.keys.iter().chain(self.grouping.args.iter().map(|(arg, _)| arg)), f)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, grouping) = (self.schema(), self.grouping.clone());
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let local = partition - self.ranks.rank * self.ranks.threads;
        let mut owned = self.owned.subscribe();
        let output = schema.clone();
        let groups = stream::once(async move {
            // An error here means that a task of this operator failed, which ends the execution by itself.
            let owned = owned.wait_for(Option::is_some).await.ok().and_then(|owned| owned.clone());
            let share = owned.as_ref().map_or(0..0, |owned| owned.share(local));
            let mut aggregator = grouping.aggregator(grouping.low_bits());
            let batches = share.filter_map(move |radix| {
                let chunks = owned.as_ref()?.take(radix);
                if chunks.is_empty() {
                    return None;
                }
                let timer = baseline.elapsed_compute().timer();
                let batch = batch_of(radix, &chunks, &grouping, &mut aggregator, &schema);
                timer.done();
                batch.iter().for_each(|batch| baseline.record_output(batch.num_rows()));
                Some(batch)
            });
            super::cooperative(batches.flat_map(split))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(output, groups.flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// A large batch as batches of the usual size.
fn split(batch: Result<RecordBatch>) -> Vec<Result<RecordBatch>> {
    match batch {
        Ok(batch) => (0..batch.num_rows())
            .step_by(BATCH_ROWS)
            .map(|start| Ok(batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start))))
            .collect(),
        error => vec![error],
    }
}
