//! A table kept between executions: each rank its partitions, in memory while the limit allows, else on disk.
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Statistics, internal_datafusion_err};
use datafusion::logical_expr::SortExpr;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, SpillFile, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::{SpillManager, get_record_batch_memory_size};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use crate::exchange::queue::QueueStream;
use crate::operators::{plan_methods, streaming};
use crate::planner::order::Order;
use crate::run::Ranks;

/// The rows of a partition of this rank.
#[derive(Default)]
struct Part {
    memory: Vec<RecordBatch>,
    disk: Vec<Arc<dyn SpillFile>>,
}

/// A filled spool. Dropping it frees memory and disk.
pub struct Spool {
    pub schema: SchemaRef,
    pub order: Order,
    /// Equal in rows that the sort in force found equal.
    pub peers: Vec<SortExpr>,
    /// Exclusive bound of positions, if `order` has them.
    pub below: u64,
    /// Names of the columns the program sees; the others carry order.
    pub visible: Vec<String>,
    partitions: usize,
    parts: Vec<(usize, Part)>,
    /// Rows on all ranks.
    pub rows: u64,
    _memory: MemoryReservation,
    manager: SpillManager,
}

/// A spool to be filled.
#[derive(Clone)]
pub struct Filling {
    pub schema: SchemaRef,
    pub order: Order,
    pub peers: Vec<SortExpr>,
    pub below: u64,
    pub visible: Vec<String>,
    pub partitions: usize,
}

impl Filling {
    /// Reads this rank's partitions to their ends; the number of rows here with the spool, whose `rows` is not yet set.
    pub async fn fill(self, parts: Vec<(usize, QueueStream)>, context: &TaskContext) -> Result<(u64, Spool)> {
        let reservation = MemoryConsumer::new("Spool").with_can_spill(true).register(context.memory_pool());
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
        let manager = SpillManager::new(context.runtime_env(), metrics, self.schema.clone());
        let (mut rows, mut filled) = (0, vec![]);
        for (partition, mut input) in parts {
            let mut part = Part::default();
            let mut file = None;
            while let Some(batch) = input.try_next().await? {
                rows += batch.num_rows() as u64;
                if file.is_none() && reservation.try_grow(get_record_batch_memory_size(&batch)).is_ok() {
                    part.memory.push(batch);
                    continue;
                }
                if file.is_none() {
                    file = Some(manager.create_in_progress_file("Spool")?);
                }
                file.as_mut().map(|file| file.append_batch(&batch)).transpose()?;
            }
            part.disk.extend(file.map(|mut file| file.finish()).transpose()?.flatten());
            filled.push((partition, part));
        }
        let Self { schema, order, peers, below, visible, partitions } = self;
        Ok((rows, Spool { schema, order, peers, below, visible, partitions, parts: filled, rows: 0, _memory: reservation, manager }))
    }
}

/// Reads a spool.
#[derive(Clone)]
pub struct SpoolExec {
    id: u32,
    spool: Arc<Spool>,
    columns: Vec<usize>,
    properties: Arc<PlanProperties>,
}

impl SpoolExec {
    /// `columns`: indices in output order. What is one partition of it is one whatever the ranks it is planned for.
    pub fn try_new(id: u32, spool: Arc<Spool>, columns: Vec<usize>, ranks: Ranks) -> Result<Self> {
        let partitions = if spool.partitions == 1 { 1 } else { ranks.partitions() };
        let equivalence = EquivalenceProperties::new(Arc::new(spool.schema.project(&columns)?));
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(partitions));
        Ok(Self { id, spool, columns, properties })
    }

    fn with_children(&self, _children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        self.clone()
    }
}

impl fmt::Debug for SpoolExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpoolExec {}", self.id)
    }
}

impl DisplayAs for SpoolExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpoolExec: {}, {} rows", self.id, self.spool.rows)
    }
}

impl ExecutionPlan for SpoolExec {
    plan_methods!("SpoolExec", []);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let part = self.spool.parts.iter().find(|(of, _)| *of == partition).map(|(_, part)| part);
        let part = part.ok_or_else(|| internal_datafusion_err!("spool {}: partition {partition} is not here", self.id))?;
        let disk = part.disk.iter().map(|file| self.spool.manager.read_spill_as_stream(file.clone(), None));
        let disk = disk.collect::<Result<Vec<_>>>()?;
        let memory = stream::iter(part.memory.clone().into_iter().map(Ok));
        let columns = self.columns.clone();
        let rows = memory.chain(stream::iter(disk).flatten()).map(move |batch| Ok(batch?.project(&columns)?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Exact(self.spool.rows as usize);
        Ok(Arc::new(statistics))
    }
}
