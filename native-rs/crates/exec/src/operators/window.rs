//! Columns computed from other rows of the group. With keys every partition has whole groups, and each block of them is
//! evaluated when the next group begins. Without keys the table is one group over all partitions, in order:
//!
//! ```text
//! partition 0 ─ rows set aside, edges of its parts ┐                          ┌► each part between the others' edge rows
//! partition 1 ─ rows set aside, edges of its parts ┼─ all edges (Allgather) ──┼► …
//! partition 2 ─ rows set aside, edges of its parts ┘                          └► …
//! ```
//! A part has so many rows that it fits memory; what is set aside spills.
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, LexOrdering, OrderingRequirements, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use lockstep_comm::OpKind;

use super::waiting::{self, Waiting};
use super::{Start, Traffic, plan_methods, streaming};
use crate::run::Run;
use crate::windows::{Edges, Groups, PartReader, PartWriter, Windows};

#[derive(Debug, Clone)]
pub struct WindowExec {
    input: Arc<dyn ExecutionPlan>,
    windows: Arc<Windows>,
    /// The order of the rows, within groups if there are keys.
    ordering: Option<LexOrdering>,
    /// The rows of a table that is one group, until the edges of all parts are known.
    parts: Arc<Waiting<Edges>>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl WindowExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, windows: Windows, ordering: Option<LexOrdering>, partitions: usize) -> Self {
        let properties = properties(&input, &windows, partitions);
        Self { input, windows: Arc::new(windows), ordering, parts: Arc::default(), metrics: ExecutionPlanMetricsSet::new(), properties }
    }

    /// The same with a number in the plan.
    pub fn distributed(&self, id: u64) -> Self {
        Self { parts: Arc::new(Waiting::new(id)), ..self.clone() }
    }

    /// Whether the table is one group.
    pub fn is_whole(&self) -> bool {
        self.windows.keys.is_empty()
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let input = children.swap_remove(0);
        let properties = properties(&input, &self.windows, self.properties.partitioning.partition_count());
        Self { input, properties, ..self.clone() }
    }
}

/// A table that is one group leaves in that many partitions, groups in those of the input: one, if it is in one place.
fn properties(input: &Arc<dyn ExecutionPlan>, windows: &Windows, partitions: usize) -> Arc<PlanProperties> {
    let mut fields: Vec<_> = input.schema().fields().iter().cloned().collect();
    fields.extend(windows.specs.iter().map(|spec| spec.field.clone()));
    let equivalence = EquivalenceProperties::new(Arc::new(Schema::new(fields)));
    let partitioning = match windows.keys.is_empty() {
        true => Partitioning::UnknownPartitioning(partitions),
        false => input.output_partitioning().clone(),
    };
    streaming(equivalence, partitioning)
}

fn key_columns(input: &Arc<dyn ExecutionPlan>, windows: &Windows) -> Vec<Arc<dyn PhysicalExpr>> {
    let schema = input.schema();
    let column = |&key: &usize| {
        let index = windows.reads[key];
        Arc::new(Column::new(schema.field(index).name(), index)) as _
    };
    windows.keys.iter().map(column).collect()
}

impl Start for WindowExec {
    fn id(&self) -> u64 {
        self.parts.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::agreements(1)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        if !self.is_whole() {
            return Ok(());
        }
        let mut reading = vec![];
        for partition in run.ranks.local(self.input.output_partitioning().partition_count()) {
            let (parts, rows) = PartWriter::new(partition, &self.windows, self.input.schema(), context, &self.metrics);
            self.parts.hold(partition, rows);
            reading.push(read_parts(self.input.execute(partition, context.clone())?, parts));
        }
        let reading = waiting::all(run, reading);
        let (windows, parts, id, agreeing) = (self.windows.clone(), self.parts.clone(), offset + self.parts.id(), run.clone());
        run.spawn(async move {
            let Some(edges) = reading.await else { return Ok(()) };
            let messages = agreeing.agree(id, OpKind::Allgather, Bytes::from(edges.concat())).await?;
            parts.tell(Arc::new(Edges::read(&messages, &windows.specs)?));
            Ok(())
        });
        Ok(())
    }

    fn abandon(&self) {
        self.parts.abandon();
    }
}

/// Sets a partition's rows aside; the message of its parts' edges.
async fn read_parts(mut input: SendableRecordBatchStream, mut parts: PartWriter) -> Result<Vec<u8>> {
    while let Some(batch) = input.try_next().await? {
        parts.push(batch)?;
    }
    let mut message = vec![];
    parts.finish()?.iter().try_for_each(|edge| edge.write(&mut message))?;
    Ok(message)
}

fn counted(rows: BoxStream<'static, Result<RecordBatch>>, metrics: BaselineMetrics) -> BoxStream<'static, Result<RecordBatch>> {
    rows.inspect_ok(move |rows| metrics.record_output(rows.num_rows())).boxed()
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
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        if !self.is_whole() {
            let input = self.input.execute(partition, context.clone())?;
            let groups = Groups::new(partition, input, windows, schema.clone(), context, self.metrics.clone());
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted(groups.stream(), metrics))));
        }
        let output = schema.clone();
        let rows = self.parts.stream(partition, move |rows, edges| PartReader::new(partition, rows, windows, edges, output).stream())?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted(rows, metrics))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
