//! A table with several consumers, computed once.
//!
//! ```text
//!                      ┌─ queue ──► SharedExec (consumer 0)
//! stage ─ partition p ─┤
//!                      └─ queue ──► SharedExec (consumer 1)
//! ```
//! The stage goes at the pace of its fastest consumer; what the others have not read waits in memory or on disk.
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::{plan_methods, streaming};
use crate::exchange::queue::{Gate, Queue, QueueStream};
use crate::run::Run;

/// The output of a stage, for a known number of consumers.
pub struct SharedTable {
    /// What the plan calls it: the number of its node.
    name: usize,
    schema: SchemaRef,
    partitions: usize,
    statistics: Arc<Statistics>,
    consumers: AtomicUsize,
    /// By consumer and partition.
    streams: Mutex<HashMap<(usize, usize), QueueStream>>,
    metrics: ExecutionPlanMetricsSet,
}

impl SharedTable {
    pub fn new(name: usize, schema: SchemaRef, partitions: usize, statistics: Arc<Statistics>) -> Arc<Self> {
        let consumers = AtomicUsize::new(0);
        Arc::new(Self { name, schema, partitions, statistics, consumers, streams: Mutex::default(), metrics: Default::default() })
    }

    /// One more consumer; its number.
    pub fn consumer(&self) -> usize {
        self.consumers.fetch_add(1, Ordering::Relaxed)
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Makes the queues of this rank's partitions; returns those to fill, by partition. Before any consumer executes.
    pub fn open(&self, run: &Run, context: &Arc<TaskContext>) -> Vec<(usize, Arc<Gate>, Vec<Queue>)> {
        let consumers = self.consumers.load(Ordering::Relaxed);
        let local = run.ranks.local(self.partitions);
        let open = |partition| {
            let gate = Gate::streaming(context);
            let queue = |consumer| {
                let (queue, stream) =
                    Queue::new("SharedExec", &gate, self.schema.clone(), context, &self.metrics, partition);
                self.streams.lock().insert((consumer, partition), stream);
                queue
            };
            let queues = (0..consumers).map(queue).collect();
            (partition, gate, queues)
        };
        local.map(open).collect()
    }

    /// Starts filling the queues that `open` returned from the stage's plan.
    pub fn fill(
        plan: &Arc<dyn ExecutionPlan>,
        open: Vec<(usize, Arc<Gate>, Vec<Queue>)>,
        run: &Arc<Run>,
        context: &Arc<TaskContext>,
    ) -> Result<()> {
        for (partition, gate, queues) in open {
            let mut rows = plan.execute(partition, context.clone())?;
            run.spawn(async move {
                while gate.pass().await
                    && let Some(batch) = rows.try_next().await?
                {
                    for queue in &queues {
                        queue.push(batch.clone())?;
                    }
                }
                queues.iter().for_each(Queue::finish);
                Ok(())
            });
        }
        Ok(())
    }

    /// Closes the streams that nobody has taken.
    pub fn abandon(&self) {
        self.streams.lock().clear();
    }

    /// The rows of a partition for a consumer. Each can be taken once.
    pub fn take(&self, consumer: usize, partition: usize) -> Result<QueueStream> {
        let stream = self.streams.lock().remove(&(consumer, partition));
        stream.ok_or_else(|| internal_datafusion_err!("table #{}: partition {partition} is not here", self.name))
    }
}

impl fmt::Debug for SharedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedTable #{}", self.name)
    }
}

/// Reads a shared table.
#[derive(Debug, Clone)]
pub struct SharedExec {
    table: Arc<SharedTable>,
    consumer: usize,
    columns: Vec<usize>,
    properties: Arc<PlanProperties>,
}

impl SharedExec {
    /// `columns`: indices in output order.
    pub fn try_new(table: Arc<SharedTable>, consumer: usize, columns: Vec<usize>) -> Result<Self> {
        let equivalence = EquivalenceProperties::new(Arc::new(table.schema.project(&columns)?));
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(table.partitions));
        Ok(Self { table, consumer, columns, properties })
    }

    fn with_children(&self, _children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        self.clone()
    }
}

impl DisplayAs for SharedExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedExec: #{}", self.table.name)
    }
}

impl ExecutionPlan for SharedExec {
    plan_methods!("SharedExec", []);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let columns = self.columns.clone();
        let rows = self.table.take(self.consumer, partition)?;
        let rows = rows.map(move |batch| Ok(batch?.project(&columns)?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        // The queues of all consumers count together: under the first.
        (self.consumer == 0).then(|| self.table.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let statistics = self.table.statistics.as_ref().clone();
        Ok(Arc::new(statistics.project(Some(&self.columns)).to_inexact()))
    }
}
