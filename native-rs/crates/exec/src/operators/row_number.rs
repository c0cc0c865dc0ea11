//! Numbers rows by their place in the table, whose partitions come one after another in order.
//!
//! ```text
//! partition 0 ─ buffer, count ┐                       ┌► 0, 1, 2, …
//! partition 1 ─ buffer, count ┼─ agree on all counts ─┼► n₀, n₀+1, …
//! partition 2 ─ buffer, count ┘                       └► n₀+n₁, …
//! ```
use std::fmt;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexOrdering, OrderingRequirements, Partitioning, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

use super::slice::Counted;
use super::{Start, Traffic, plan_methods, streaming};
use crate::run::Run;

#[derive(Debug, Clone)]
pub struct RowNumberExec {
    input: Arc<dyn ExecutionPlan>,
    name: String,
    ordering: Option<LexOrdering>,
    counted: Arc<Counted>,
    properties: Arc<PlanProperties>,
}

impl RowNumberExec {
    /// `input` comes in table order, which is `ordering` unless it is the files', as one partition or, once distributed, as
    /// a sequence of them.
    pub fn new(input: Arc<dyn ExecutionPlan>, name: &str, ordering: Option<LexOrdering>, partitions: usize) -> Self {
        let mut fields: Vec<_> = input.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(name, DataType::Int64, false)));
        let number = Arc::new(Column::new(name, fields.len() - 1)) as Arc<dyn PhysicalExpr>;
        let mut equivalence = EquivalenceProperties::new(Arc::new(Schema::new(fields)));
        equivalence.add_orderings([[PhysicalSortExpr::new(number, SortOptions { descending: false, nulls_first: false })]]);
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(partitions));
        Self { input, name: name.to_owned(), ordering, counted: Arc::default(), properties }
    }

    /// Whether `order` is that of its numbers.
    pub fn is_in(&self, order: &LexOrdering) -> bool {
        let number = self.schema().fields().len() - 1;
        let column = order.first().expr.downcast_ref::<Column>();
        column.is_some_and(|column| column.index() == number) && !order.first().options.descending
    }

    /// The same with a number in the plan.
    pub fn distributed(&self, id: u64) -> Self {
        Self { counted: Arc::new(Counted::new(id)), ..self.clone() }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self { input: children.swap_remove(0), ..self.clone() }
    }
}

impl Start for RowNumberExec {
    fn id(&self) -> u64 {
        self.counted.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::agreements(1)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        self.counted.start(&self.input, None, run, offset, context)
    }

    fn abandon(&self) {
        self.counted.abandon();
    }
}

/// The batch with its rows' numbers, from `next`, in one more column.
pub(super) fn numbered(batch: RecordBatch, next: &mut i64, schema: &SchemaRef) -> Result<RecordBatch> {
    let first = *next;
    *next += batch.num_rows() as i64;
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(Int64Array::from_iter_values(first..*next)));
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

impl DisplayAs for RowNumberExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowNumberExec: {}", self.name)
    }
}

impl ExecutionPlan for RowNumberExec {
    plan_methods!("RowNumberExec", [input]);

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
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

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let rows = self.counted.stream(partition, {
            let schema = schema.clone();
            move |rows, before, _total| {
                let mut next = before as i64;
                rows.map(move |batch| numbered(batch?, &mut next, &schema)).boxed()
            }
        })?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.counted.metrics().clone_inner())
    }
}
