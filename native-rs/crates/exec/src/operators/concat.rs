//! The rows of several tables, partition by partition. Order between the inputs is in their position columns.
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use super::{plan_methods, streaming};

#[derive(Debug, Clone)]
pub struct ConcatExec {
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl ConcatExec {
    /// The inputs have the columns of `schema`, in that order.
    pub fn new(inputs: Vec<Arc<dyn ExecutionPlan>>, schema: SchemaRef) -> Self {
        let partitions = inputs.iter().map(|input| input.output_partitioning().partition_count()).max().unwrap_or(1);
        let properties = streaming(EquivalenceProperties::new(schema), Partitioning::UnknownPartitioning(partitions));
        Self { inputs, metrics: Default::default(), properties }
    }

    fn with_children(&self, children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self::new(children, self.schema())
    }
}

impl DisplayAs for ConcatExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConcatExec")
    }
}

impl ExecutionPlan for ConcatExec {
    plan_methods!("ConcatExec", all inputs);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let has_it = |input: &&Arc<dyn ExecutionPlan>| partition < input.output_partitioning().partition_count();
        let parts = self.inputs.iter().filter(has_it).map(|input| input.execute(partition, context.clone()));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let schema = self.schema();
        let renamed = stream::iter(parts).flatten().and_then({
            let schema = schema.clone();
            move |batch: RecordBatch| {
                baseline.record_output(batch.num_rows());
                baseline.output_batches().add(1);
                futures::future::ready(batch.with_schema(schema.clone()).map_err(Into::into))
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, renamed)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
