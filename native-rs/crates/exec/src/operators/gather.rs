//! All rows to one partition, which rank 0 runs, in the order of the partitions they come from: what is combined
//! from it is the same whatever arrives first.
//!
//! ```text
//! rank 0   partition 0 ─────┐
//!          partition 1 ────┐└► 0, 1, 2, 3 ──► partition 0 (rank 0)
//! rank 1   partition 2 ───┐└─►
//!          partition 3 ──┐└──►
//!                        └───►
//! ```
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use lockstep_comm::OpKind;

use super::{Start, Traffic, plan_methods, streaming};
use crate::exchange::{Exchange, Routed, Router, Shape};
use crate::run::{Ranks, Run};
use crate::told_keys::Told;

#[derive(Debug, Clone)]
pub struct GatherExec {
    input: Arc<dyn ExecutionPlan>,
    ranks: Ranks,
    exchange: Arc<Exchange>,
    properties: Arc<PlanProperties>,
}

impl GatherExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, ranks: Ranks, id: u64) -> Self {
        let mut equivalence = input.equivalence_properties().clone();
        equivalence.clear_per_partition_constants();
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(1));
        let exchange = Arc::new(Exchange::new(id, "GatherExec", OpKind::Collect, Shape::Gather));
        Self { input, ranks, exchange, properties }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self::new(children.swap_remove(0), self.ranks, self.exchange.id())
    }
}

impl Start for GatherExec {
    fn id(&self) -> u64 {
        self.exchange.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::exchange(Shape::Gather)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        start_whole(&self.exchange, &self.input, None, run, offset, context)
    }

    fn abandon(&self) {
        self.exchange.abandon();
    }
}

/// Starts an exchange whose sources send their rows unsplit.
pub(super) fn start_whole(
    exchange: &Exchange,
    input: &Arc<dyn ExecutionPlan>,
    told: Option<&Arc<Told>>,
    run: &Arc<Run>,
    offset: u64,
    context: &Arc<TaskContext>,
) -> Result<()> {
    let of = input.output_partitioning().partition_count();
    let source = |partition: usize| -> Result<_> {
        Ok((partition, input.execute(partition, context.clone())?, Box::new(Whole(partition)) as _))
    };
    let mut sources = run.ranks.local(of).map(source).collect::<Result<Vec<_>>>()?;
    if let Some(told) = told {
        sources = told.begin(run, offset + exchange.id() + 1, context, sources);
    }
    exchange.start(run, offset, context, &input.schema(), of, sources)
}

/// Keeps the rows of a source together.
struct Whole(usize);

impl Router for Whole {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>> {
        Ok(vec![Routed::one(batch, self.0)])
    }
}

impl DisplayAs for GatherExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GatherExec: to rank 0")
    }
}

impl ExecutionPlan for GatherExec {
    plan_methods!("GatherExec", [input]);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.exchange.take_in_order()
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.exchange.metrics().clone_inner())
    }
}
