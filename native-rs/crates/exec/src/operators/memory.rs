//! A literal table: every rank holds it, each partition reads its contiguous share of the rows.
use std::fmt;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::stream;

use super::{plan_methods, streaming};

#[derive(Debug, Clone)]
pub struct MemoryExec {
    /// The whole table, with only the columns read.
    table: RecordBatch,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl MemoryExec {
    /// `columns`: indices in output order. `position`: name of an added int64 column, the row's number.
    pub fn try_new(table: &RecordBatch, columns: &[usize], position: Option<&str>, partitions: usize) -> Result<Self> {
        let mut fields: Vec<_> = columns.iter().map(|&index| table.schema_ref().fields()[index].clone()).collect();
        let mut arrays: Vec<_> = columns.iter().map(|&index| table.column(index).clone()).collect();
        if let Some(name) = position {
            fields.push(Arc::new(Field::new(name, DataType::Int64, false)));
            arrays.push(Arc::new(Int64Array::from_iter_values(0..table.num_rows() as i64)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
        let table = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?;
        let equivalence = EquivalenceProperties::new(table.schema());
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(partitions));
        Ok(Self { table, metrics: Default::default(), properties })
    }

    fn with_children(&self, _children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        self.clone()
    }
}

impl DisplayAs for MemoryExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryExec: {} rows", self.table.num_rows())
    }
}

impl ExecutionPlan for MemoryExec {
    plan_methods!("MemoryExec", []);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let partitions = self.properties.output_partitioning().partition_count();
        let at = |partition: usize| self.table.num_rows() * partition / partitions;
        let share = self.table.slice(at(partition), at(partition + 1) - at(partition));
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        baseline.record_output(share.num_rows());
        baseline.output_batches().add(1);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream::iter([Ok(share)]))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Exact(self.table.num_rows());
        statistics.total_byte_size = Precision::Inexact(self.table.get_array_memory_size());
        Ok(Arc::new(statistics))
    }
}
