//! Columns computed from other rows of the group. With keys every partition has whole groups, and each block of them is
//! evaluated when the next group begins. Without keys the table is one group over all partitions, in order:
//!
//! ```text
//! partition 0 ─ rows set aside, edges of its parts ┐                          ┌► each part between the others' edge rows
//! partition 1 ─ rows set aside, edges of its parts ┼─ all edges (Allgather) ──┼► …
//! partition 2 ─ rows set aside, edges of its parts ┘                          └► …
//! ```
//! A part has so many rows that it fits memory; what is set aside spills.
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, LexOrdering, OrderingRequirements, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use lockstep_comm::OpKind;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::{Start, plan_methods, streaming};
use crate::exchange::queue::{Gate, Queue, QueueStream};
use crate::planner::physical::BATCH_ROWS;
use crate::run::Run;
use crate::windows::{Edge, Edges, WindowSpec, evaluate, evaluate_part};

/// What a window computes; columns are places among `reads`.
#[derive(Debug)]
pub struct Windows {
    pub specs: Vec<WindowSpec>,
    /// The input columns that windows read.
    pub reads: Vec<usize>,
    pub keys: Vec<usize>,
    /// Columns equal in rows that the last sort found equal.
    pub peers: Vec<usize>,
}

#[derive(Debug, Clone)]
pub struct WindowExec {
    input: Arc<dyn ExecutionPlan>,
    windows: Arc<Windows>,
    /// The order of the rows, within groups if there are keys.
    ordering: Option<LexOrdering>,
    parts: Arc<Parts>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl WindowExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, windows: Windows, ordering: Option<LexOrdering>, partitions: usize) -> Self {
        let mut fields: Vec<_> = input.schema().fields().iter().cloned().collect();
        fields.extend(windows.specs.iter().map(|spec| spec.field.clone()));
        let equivalence = EquivalenceProperties::new(Arc::new(Schema::new(fields)));
        let partitioning = match windows.keys.is_empty() {
            true => Partitioning::UnknownPartitioning(partitions),
            false => Partitioning::Hash(key_columns(&input, &windows), partitions),
        };
        let properties = streaming(equivalence, partitioning);
        Self { input, windows: Arc::new(windows), ordering, parts: Arc::default(), metrics: ExecutionPlanMetricsSet::new(), properties }
    }

    /// The same with a number in the plan.
    pub fn distributed(&self, id: u64) -> Self {
        Self { parts: Arc::new(Parts::new(id)), ..self.clone() }
    }

    /// Whether the table is one group.
    pub fn is_whole(&self) -> bool {
        self.windows.keys.is_empty()
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self { input: children.swap_remove(0), ..self.clone() }
    }
}

fn key_columns(input: &Arc<dyn ExecutionPlan>, windows: &Windows) -> Vec<Arc<dyn PhysicalExpr>> {
    let schema = input.schema();
    let column = |&key: &usize| {
        let index = windows.reads[key];
        Arc::new(Column::new(schema.field(index).name(), index)) as _
    };
    windows.keys.iter().map(column).collect()
}

/// Rows of a part of a table that is one group: as many are in memory at a time.
const PART_ROWS: usize = 1 << 16;

/// A table that is one group: this rank's rows, on disk where memory does not last, and the edges of all parts.
struct Parts {
    id: u64,
    rows: Mutex<HashMap<usize, QueueStream>>,
    edges: watch::Sender<Option<Arc<Edges>>>,
}

impl Parts {
    fn new(id: u64) -> Self {
        Self { id, rows: Mutex::default(), edges: watch::Sender::new(None) }
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts {}", self.id)
    }
}

impl Start for WindowExec {
    fn id(&self) -> u64 {
        self.parts.id
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        if !self.is_whole() {
            return Ok(());
        }
        let mut reading = vec![];
        for partition in run.ranks.local(self.input.output_partitioning().partition_count()) {
            let (rows, stream) = Queue::new("WindowExec", &Gate::whole(), self.input.schema(), context, &self.metrics, partition);
            self.parts.rows.lock().insert(partition, stream);
            let read = read_parts(partition, self.input.execute(partition, context.clone())?, rows, self.windows.clone());
            let (done, message) = oneshot::channel();
            reading.push(message);
            run.spawn(async move {
                let _ = done.send(read.await?);
                Ok(())
            });
        }
        let (windows, parts, id, run_) = (self.windows.clone(), self.parts.clone(), offset + self.parts.id, run.clone());
        run.spawn(async move {
            // A reader that failed reports its own error.
            let Ok(edges) = try_join_all(reading).await else { return Ok(()) };
            let message = Bytes::from(edges.concat());
            let messages = run_.agree(id, OpKind::Allgather, message).await?;
            parts.edges.send_replace(Some(Arc::new(Edges::read(&messages, &windows.specs)?)));
            Ok(())
        });
        Ok(())
    }

    fn abandon(&self) {
        self.parts.rows.lock().clear();
    }
}

/// Sets a partition's rows aside; the message of its parts' edges.
async fn read_parts(partition: usize, mut input: SendableRecordBatchStream, rows: Queue, windows: Arc<Windows>) -> Result<Vec<u8>> {
    let mut message = vec![];
    let mut part: Vec<RecordBatch> = vec![];
    let mut room = PART_ROWS;
    let mut end = |part: &mut Vec<RecordBatch>| -> Result<()> {
        if let Some(first) = part.first() {
            let all = concat_batches(first.schema_ref(), part.iter())?;
            Edge::of(partition, &windows.specs, &windows.peers, &all)?.write(&mut message)?;
            part.clear();
        }
        Ok(())
    };
    while let Some(mut batch) = input.try_next().await? {
        while batch.num_rows() > 0 {
            let piece = batch.slice(0, room.min(batch.num_rows()));
            batch = batch.slice(piece.num_rows(), batch.num_rows() - piece.num_rows());
            room -= piece.num_rows();
            part.push(piece.project(&windows.reads)?);
            rows.push(piece)?;
            if room == 0 {
                end(&mut part)?;
                room = PART_ROWS;
            }
        }
    }
    end(&mut part)?;
    rows.finish();
    Ok(message)
}

/// The parts of a partition, one after another, with their windows.
struct PartStream {
    rows: QueueStream,
    windows: Arc<Windows>,
    edges: Arc<Edges>,
    /// The numbers of the parts that are still to come.
    parts: std::vec::IntoIter<usize>,
    schema: SchemaRef,
}

impl PartStream {
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
fn widened(rows: &RecordBatch, columns: Vec<ArrayRef>, schema: &SchemaRef) -> Result<RecordBatch> {
    let all = rows.columns().iter().cloned().chain(columns).collect();
    Ok(RecordBatch::try_new(schema.clone(), all)?)
}

/// A batch in pieces of the usual size.
fn pieces(rows: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    (0..rows.num_rows()).step_by(BATCH_ROWS).map(move |start| rows.slice(start, BATCH_ROWS.min(rows.num_rows() - start)))
}

/// Whole groups of a partition that is sorted by their keys.
struct Groups {
    input: SendableRecordBatchStream,
    windows: Arc<Windows>,
    held: MemoryReservation,
    /// Rows of groups that have ended.
    ended: Vec<RecordBatch>,
    /// Rows of the last group.
    open: Vec<RecordBatch>,
}

impl Groups {
    /// The next block; None at the end.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let schema = self.input.schema();
        loop {
            let batch = self.input.try_next().await?;
            let ends = batch.is_none();
            if let Some(batch) = batch.filter(|batch| batch.num_rows() > 0) {
                self.held.try_grow(get_record_batch_memory_size(&batch))?;
                self.push(batch)?;
            }
            if ends {
                self.ended.append(&mut self.open);
            }
            let rows: usize = self.ended.iter().map(RecordBatch::num_rows).sum();
            if rows >= BATCH_ROWS || (ends && rows > 0) {
                let block = concat_batches(&schema, &std::mem::take(&mut self.ended))?;
                self.held.free();
                for batch in &self.open {
                    self.held.try_grow(get_record_batch_memory_size(batch))?;
                }
                return Ok(Some(block));
            }
            if ends {
                return Ok(None);
            }
        }
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let keys = |rows: &RecordBatch| -> Vec<ArrayRef> { self.windows.keys.iter().map(|&key| rows.column(self.windows.reads[key]).clone()).collect() };
        let last = arrow::compute::partition(&keys(&batch))?.ranges().last().map_or(0, |range| range.start);
        let continues = match self.open.last() {
            Some(open) if last == 0 => {
                let two = concat_batches(&batch.schema(), [&open.slice(open.num_rows() - 1, 1), &batch.slice(0, 1)])?;
                arrow::compute::partition(&keys(&two))?.len() == 1
            }
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
}

impl DisplayAs for WindowExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<_> = self.windows.specs.iter().map(ToString::to_string).collect();
        let groups = if self.is_whole() { "of the table" } else { "of groups" };
        write!(f, "WindowExec: {} {groups}", columns.join(", "))
    }
}

impl ExecutionPlan for WindowExec {
    plan_methods!("WindowExec", [input]);

    fn required_input_distribution(&self) -> Vec<Distribution> {
        match self.is_whole() {
            true => vec![Distribution::SinglePartition],
            false => vec![Distribution::KeyPartitioned(key_columns(&self.input, &self.windows))],
        }
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.ordering.clone().map(OrderingRequirements::from)]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, windows) = (self.schema(), self.windows.clone());
        let schema_ = schema.clone();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        if !self.is_whole() {
            let held = MemoryConsumer::new(format!("WindowExec[{partition}]")).register(context.memory_pool());
            let groups = Groups { input: self.input.execute(partition, context)?, windows: windows.clone(), held, ended: vec![], open: vec![] };
            let blocks = stream::try_unfold(groups, |mut groups| async move { Ok(groups.next().await?.map(|block| (block, groups))) });
            let rows = blocks.map(move |block: Result<RecordBatch>| {
                    let block = block?;
                    let _timer = metrics.elapsed_compute().timer();
                    let columns = evaluate(&windows.specs, &windows.keys, &windows.peers, &block.project(&windows.reads)?)?;
                    let block = widened(&block, columns, &schema_)?;
                    metrics.record_output(block.num_rows());
                    Ok::<_, DataFusionError>(stream::iter(pieces(block).map(Ok)))
            });
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.try_flatten())));
        }
        let parts = self.parts.clone();
        let opened = async move {
            let mut edges = parts.edges.subscribe();
            let known = edges.wait_for(Option::is_some).await.ok().and_then(|edges| edges.clone());
            let rows = parts.rows.lock().remove(&partition);
            // Fewer partitions than ranks × threads, or the execution has ended: nothing.
            let (Some(edges), Some(rows)) = (known, rows) else { return stream::empty().boxed() };
            let parts: Vec<usize> = (0..edges.parts.len()).filter(|&part| edges.parts[part].numbers.partition == partition).collect();
            let all = PartStream { rows, windows, edges, parts: parts.into_iter(), schema: schema_ };
            stream::try_unfold((all, metrics), |(mut all, metrics)| async move {
                Ok::<_, DataFusionError>(all.next().await?.map(|rows| {
                    metrics.record_output(rows.num_rows());
                    (stream::iter(pieces(rows).map(Ok)), (all, metrics))
                }))
            })
            .try_flatten()
            .boxed()
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(opened).flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
