//! A table kept between executions: each rank its partitions, in memory while the limit allows, else on disk.
use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
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
use crate::late_file::LateFile;
use crate::operators::{plan_methods, streaming};
use crate::planner::order::Order;
use crate::run::Ranks;

/// The rows of a partition of this rank.
#[derive(Default)]
struct Part {
    memory: Vec<RecordBatch>,
    disk: Vec<Arc<dyn SpillFile>>,
}

impl Part {
    /// In memory, until the limit does not allow it: what comes behind goes to the disk, too.
    fn keep(&mut self, batch: RecordBatch, file: &mut LateFile, reservation: &MemoryReservation) -> Result<()> {
        if file.is_begun() || reservation.try_grow(get_record_batch_memory_size(&batch)).is_err() {
            return file.append(&batch);
        }
        self.memory.push(batch);
        Ok(())
    }
}

/// Rows that the program hands over, each rank its own: a kept table in the making. The last column says where each row stands.
pub struct Handed {
    schema: SchemaRef,
    manager: SpillManager,
    reservation: MemoryReservation,
    /// This rank's partitions of so many.
    parts: Vec<(usize, Part, LateFile)>,
    partitions: usize,
}

impl Handed {
    pub fn new(schema: SchemaRef, ranks: Ranks, context: &TaskContext) -> Self {
        let reservation = MemoryConsumer::new("Source").with_can_spill(true).register(context.memory_pool());
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
        let manager = SpillManager::new(context.runtime_env(), metrics, schema.clone());
        let own = ranks.rank * ranks.threads..(ranks.rank + 1) * ranks.threads;
        let parts = own.map(|partition| (partition, Part::default(), LateFile::new(manager.clone()))).collect();
        Self { schema, manager, reservation, parts, partitions: ranks.partitions() }
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds rows to one of this rank's partitions.
    pub fn push(&mut self, part: usize, batch: RecordBatch) -> Result<()> {
        let (_, part, file) = self.parts.get_mut(part).ok_or_else(|| internal_datafusion_err!("a rank has no partition {part}"))?;
        part.keep(batch, file, &self.reservation)
    }

    /// All have come; `rows` are those of all ranks.
    pub fn finish(self, rows: u64) -> Result<Spool> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for (partition, mut part, file) in self.parts {
            part.disk.extend(file.finish()?);
            parts.push((partition, part));
        }
        let names = self.schema.fields().iter().map(|field| field.name().clone());
        let visible = names.take(self.schema.fields().len() - 1).collect();
        let position = self.schema.field(self.schema.fields().len() - 1).name().clone();
        let (order, partitions) = (Order::Position(position), self.partitions);
        Ok(Spool { schema: self.schema, order, peers: vec![], below: rows, visible, partitions, parts, rows, _memory: self.reservation, manager: self.manager })
    }
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
            let mut file = LateFile::new(manager.clone());
            while let Some(batch) = input.try_next().await? {
                rows += batch.num_rows() as u64;
                part.keep(batch, &mut file, &reservation)?;
            }
            part.disk.extend(file.finish()?);
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
    /// The columns as they are called here.
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl SpoolExec {
    /// `columns`: indices in output order. What is one partition of it is one whatever the ranks it is planned for.
    pub fn try_new(id: u32, spool: Arc<Spool>, columns: Vec<usize>, ranks: Ranks) -> Result<Self> {
        let schema = Arc::new(spool.schema.project(&columns)?);
        Ok(Self::called(id, spool, columns, schema, ranks))
    }

    /// The same with other names: `schema` has the types of the columns.
    pub fn called(id: u32, spool: Arc<Spool>, columns: Vec<usize>, schema: SchemaRef, ranks: Ranks) -> Self {
        let partitions = if spool.partitions == 1 { 1 } else { ranks.partitions() };
        let properties = streaming(EquivalenceProperties::new(schema.clone()), Partitioning::UnknownPartitioning(partitions));
        Self { id, spool, columns, schema, properties }
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
        let (columns, schema) = (self.columns.clone(), self.schema.clone());
        let rows = memory.chain(stream::iter(disk).flatten()).map(move |batch| {
            let batch = batch?.project(&columns)?;
            let counted = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &counted)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Exact(self.spool.rows as usize);
        Ok(Arc::new(statistics))
    }
}
