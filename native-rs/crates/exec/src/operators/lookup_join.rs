//! A join with a small table of unique, dense keys by direct index instead of hashing.
//!
//! ```text
//! build side (collected on every rank) ─→ table[(key - min) / stride] = build row
//! probe batch ─→ key ─→ build row ─→ probe columns as they are, build columns gathered
//! ```
//!
//! The build side is looked at when it is there: keys that repeat or lie far apart, and it runs the hash join that
//! this operator replaced, over the rows already collected.

use std::collections::HashMap;
use std::fmt::{self, Formatter};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, Result, internal_datafusion_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::steps::{Divisor, integers, is_integer_like, stride};

/// See the module.
#[derive(Debug)]
pub struct LookupJoinExec {
    /// The general operator: takes over where the keys are not dense and unique.
    join: HashJoinExec,
    build: Arc<OnceCell<Build>>,
    inputs: Arc<Mutex<Inputs>>,
    metrics: ExecutionPlanMetricsSet,
}

/// What this rank reads. Taken when a partition is executed, though read later: streams that nobody has taken when a
/// rank has no more to do are closed.
#[derive(Default)]
struct Inputs {
    begun: bool,
    build: Option<SendableRecordBatchStream>,
    probes: HashMap<usize, SendableRecordBatchStream>,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} probes", self.probes.len())
    }
}

impl Inputs {
    fn probe(&mut self, partition: usize) -> Result<SendableRecordBatchStream> {
        self.probes.remove(&partition).ok_or_else(|| internal_datafusion_err!("partition {partition} is read twice"))
    }
}

/// A partition of the probe side, for the hash join.
#[derive(Debug)]
struct Probe {
    schema: SchemaRef,
    partition: usize,
    inputs: Arc<Mutex<Inputs>>,
}

impl PartitionStream for Probe {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let taken = self.inputs.lock().probe(self.partition);
        let failed = |error| Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream::iter([Err(error)]))) as _;
        taken.unwrap_or_else(failed)
    }
}

/// The collected build side.
#[derive(Debug, Clone)]
enum Build {
    Lookup(Arc<Lookup>),
    Hash(Arc<HashJoinExec>),
}

#[derive(Debug)]
struct Lookup {
    rows: RecordBatch,
    min: i64,
    stride: i64,
    /// Build row per key, `MISS` where there is none.
    slots: Vec<u32>,
    /// Of rows and slots.
    #[expect(dead_code, reason = "held as long as they are")]
    memory: MemoryReservation,
}

const MISS: u32 = u32::MAX;

impl LookupJoinExec {
    /// None unless the build side is collected and the key is one integer-like column.
    pub fn try_new(join: &HashJoinExec) -> Result<Option<Self>> {
        let simple = *join.join_type() == JoinType::Inner
            && *join.partition_mode() == PartitionMode::CollectLeft
            && join.filter().is_none();
        let [(build_key, probe_key)] = join.on() else { return Ok(None) };
        let key_type = build_key.data_type(&join.left().schema())?;
        if !simple || !is_integer_like(&key_type) || probe_key.data_type(&join.right().schema())? != key_type {
            return Ok(None);
        }
        Ok(Some(Self::new(join.builder().build()?)))
    }

    fn new(join: HashJoinExec) -> Self {
        Self { join, build: Arc::default(), inputs: Arc::default(), metrics: ExecutionPlanMetricsSet::new() }
    }

    async fn build(join: HashJoinExec, inputs: Arc<Mutex<Inputs>>, context: &TaskContext) -> Result<Build> {
        let left = join.left();
        let rows = inputs.lock().build.take();
        let mut rows = rows.ok_or_else(|| internal_datafusion_err!("the build side is read twice"))?;
        let memory = MemoryConsumer::new("LookupJoinExec").register(context.memory_pool());
        let mut batches = vec![];
        while let Some(batch) = rows.try_next().await? {
            memory.try_grow(get_record_batch_memory_size(&batch))?;
            batches.push(batch);
        }
        // For a moment the rows are there twice.
        memory.try_grow(memory.size())?;
        let rows = concat_batches(&left.schema(), &batches)?;
        let keys = join.on()[0].0.evaluate(&rows)?.into_array(rows.num_rows())?;
        if let Some(lookup) = Lookup::try_new(rows, &keys, memory)? {
            return Ok(Build::Lookup(Arc::new(lookup)));
        }
        let collected = MemorySourceConfig::try_new_exec(&[batches], left.schema(), None)?;
        let schema = join.right().schema();
        let probe = |partition| {
            Arc::new(Probe { schema: schema.clone(), partition, inputs: inputs.clone() }) as Arc<dyn PartitionStream>
        };
        let probes = (0..join.right().output_partitioning().partition_count()).map(probe).collect();
        let hash = HashJoinExec::try_new(
            collected,
            Arc::new(StreamingTableExec::try_new(schema.clone(), probes, None, [], false, None)?),
            join.on().to_vec(),
            None,
            join.join_type(),
            join.projection.as_deref().map(<[usize]>::to_vec),
            *join.partition_mode(),
            join.null_equality(),
            false,
        )?;
        Ok(Build::Hash(Arc::new(hash)))
    }
}

impl Lookup {
    /// None if a key repeats or the keys are sparse.
    fn try_new(rows: RecordBatch, keys: &ArrayRef, memory: MemoryReservation) -> Result<Option<Self>> {
        let Some(keys) = integers(keys) else { return Ok(None) };
        let (Some(min), Some(max)) = (arrow::compute::min(&keys), arrow::compute::max(&keys)) else {
            return Ok(Some(Self { rows, min: 0, stride: 1, slots: vec![], memory }));
        };
        let Some(stride) = stride(keys.iter().flatten(), min) else { return Ok(None) };
        let count = ((max - min) / stride) as usize + 1;
        if count > 16 * keys.len() + 65_536 {
            return Ok(None);
        }
        let mut slots = vec![MISS; count];
        for (row, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let slot = &mut slots[((key - min) / stride) as usize];
            if *slot != MISS {
                return Ok(None);
            }
            *slot = row as u32;
        }
        memory.try_resize(get_record_batch_memory_size(&rows) + slots.len() * size_of::<u32>())?;
        Ok(Some(Self { rows, min, stride, slots, memory }))
    }

    /// The build row of each probe row, `MISS` for null and for no match.
    fn rows_of(&self, keys: &ArrayRef) -> Result<Vec<u32>> {
        let keys = integers(keys).ok_or_else(|| internal_datafusion_err!("a look-up join on {}", keys.data_type()))?;
        // Below the minimum the difference wraps to a huge unsigned number.
        let distances = keys.values().iter().map(|key| key.wrapping_sub(self.min) as u64);
        let stride = self.stride as u64;
        let mut rows = Divisor::new(stride, self.slots.len() as u64).map(distances, |distance, slot| {
            match self.slots.get(slot as usize) {
                Some(row) if slot.wrapping_mul(stride) == distance => *row,
                _ => MISS,
            }
        });
        if let Some(nulls) = keys.nulls().filter(|nulls| nulls.null_count() > 0) {
            (0..keys.len()).filter(|row| nulls.is_null(*row)).for_each(|row| rows[row] = MISS);
        }
        Ok(rows)
    }

    /// The joined rows of one probe batch; `columns` are positions in build columns ++ probe columns.
    fn join(
        &self,
        probe: &RecordBatch,
        key: &Arc<dyn PhysicalExpr>,
        columns: &[usize],
        schema: &SchemaRef,
    ) -> Result<RecordBatch> {
        let keys = key.evaluate(probe)?.into_array(probe.num_rows())?;
        let mut rows = self.rows_of(&keys)?;
        let matched = rows.iter().filter(|row| **row != MISS).count();
        let hits = (matched < rows.len()).then(|| BooleanArray::from_iter(rows.iter().map(|row| Some(*row != MISS))));
        if hits.is_some() {
            rows.retain(|row| *row != MISS);
        }
        let rows = UInt32Array::from(rows);
        let build_columns = self.rows.num_columns();
        let column = |position: &usize| -> Result<ArrayRef> {
            if *position < build_columns {
                return Ok(take(self.rows.column(*position), &rows, None)?);
            }
            let probe = probe.column(position - build_columns);
            match &hits {
                Some(hits) => Ok(filter(probe, hits)?),
                None => Ok(probe.clone()),
            }
        };
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(matched));
        let columns = columns.iter().map(column).collect::<Result<_>>()?;
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    }
}

impl DisplayAs for LookupJoinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        let (build, probe) = &self.join.on()[0];
        write!(f, "LookupJoinExec: on=[({build}, {probe})]")
    }
}

impl ExecutionPlan for LookupJoinExec {
    fn name(&self) -> &'static str {
        "LookupJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![self.join.left(), self.join.right()]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let join = self.join.builder().with_new_children(children)?.build()?;
        Ok(Arc::new(Self::new(join)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.join.apply_expressions(f)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let join = self.join.builder().build()?;
        let build = self.build.clone();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let columns: Vec<usize> = match &self.join.projection {
            Some(columns) => columns.to_vec(),
            None => (0..self.join.join_schema().fields().len()).collect(),
        };
        let output = schema.clone();
        let inputs = self.inputs.clone();
        {
            let mut taken = inputs.lock();
            if !std::mem::replace(&mut taken.begun, true) {
                taken.build = Some(join.left().execute(0, context.clone())?);
            }
            taken.probes.insert(partition, join.right().execute(partition, context.clone())?);
        }
        let rows = async move {
            let start = join.builder().build()?;
            let build = build.get_or_try_init(|| Self::build(start, inputs.clone(), &context)).await?.clone();
            let lookup = match build {
                Build::Hash(hash) => return hash.execute(partition, context),
                Build::Lookup(lookup) => lookup,
            };
            let key = join.on()[0].1.clone();
            let probe = inputs.lock().probe(partition)?;
            let joined = probe.map(move |batch| {
                let timer = metrics.elapsed_compute().timer();
                let batch = lookup.join(&batch?, &key, &columns, &output)?;
                timer.done();
                metrics.record_output(batch.num_rows());
                Ok(batch)
            });
            Ok(Box::pin(RecordBatchStreamAdapter::new(join.schema(), joined)) as SendableRecordBatchStream)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(rows).try_flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
