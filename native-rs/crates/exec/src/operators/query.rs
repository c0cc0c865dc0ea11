//! Reads a database's table: each partition that has a session its part, in the order of the table. How many rows come is known
//! when they have come.
use std::fmt;
use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use lockstep_connectors::{Part, Relation, Selection};

use super::{plan_methods, streaming};
use crate::progress::{Progress, share};
use crate::run::Ranks;

#[derive(Debug, Clone)]
pub struct QueryExec {
    relation: Arc<dyn Relation>,
    selection: Selection,
    ranks: Ranks,
    /// Partitions that read.
    reading: usize,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl QueryExec {
    pub fn new(relation: Arc<dyn Relation>, selection: Selection, ranks: Ranks) -> Self {
        let reading = relation.reading(ranks.size, ranks.threads);
        let equivalence = EquivalenceProperties::new(selection.schema(relation.as_ref()));
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(ranks.partitions()));
        Self { relation, selection, ranks, reading, metrics: Default::default(), properties }
    }

    /// The same of which no partition's consumer wants more than so many rows.
    pub fn limited(&self, rows: u64) -> Self {
        Self { selection: Selection { limit: Some(rows), ..self.selection.clone() }, ..self.clone() }
    }

    fn with_children(&self, _children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        self.clone()
    }
}

impl DisplayAs for QueryExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryExec: {}, sessions={}, sql=[{}]", self.relation.name(), self.reading, self.relation.sql(&self.selection))?;
        match &self.selection.position {
            Some(position) => write!(f, ", position={position}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for QueryExec {
    plan_methods!("QueryExec", []);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let disk = context.runtime_env().disk_manager.clone();
        let part = Part { partition, ranks: self.ranks.size, threads: self.ranks.threads };
        let batches = self.relation.clone().read(part, self.selection.clone(), context.session_config().batch_size(), disk);
        let ((rows, bytes), reading) = (self.relation.size().unwrap_or_default(), self.reading.max(1) as u64);
        let progress = context.session_config().get_extension::<Progress>();
        let mut progress = progress.map(|progress| progress.scan(rows / reading, share(bytes, 1, reading)));
        let counted = batches.inspect(move |batch| {
            if let Ok(batch) = batch {
                baseline.record_output(batch.num_rows());
                baseline.output_batches().add(1);
                progress.iter_mut().for_each(|scan| scan.advance(batch.num_rows() as u64));
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), counted)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        if let Some((rows, bytes)) = self.relation.size() {
            statistics.num_rows = Precision::Inexact(rows as usize);
            statistics.total_byte_size = Precision::Inexact(bytes as usize);
        }
        Ok(Arc::new(statistics))
    }
}
