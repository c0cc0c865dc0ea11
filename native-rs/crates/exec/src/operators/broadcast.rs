//! All rows to every rank, the same single partition everywhere: the build side of a join whose other side stays.
//!
//! ```text
//! rank 0   partition 0 ──┬──► 0, 1, 2, 3 (rank 0)
//!          partition 1 ──┤
//! rank 1   partition 2 ──┼──► 0, 1, 2, 3 (rank 1)
//!          partition 3 ──┘
//! ```
use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use lockstep_comm::OpKind;

use super::gather::start_whole;
use super::{Start, Traffic, plan_methods, streaming};
use crate::exchange::{Exchange, Shape};
use crate::run::{Ranks, Run};
use crate::told_keys::Told;

#[derive(Debug, Clone)]
pub struct BroadcastExec {
    input: Arc<dyn ExecutionPlan>,
    ranks: Ranks,
    exchange: Arc<Exchange>,
    /// What other scans are told of the rows.
    told: Option<Arc<Told>>,
    properties: Arc<PlanProperties>,
}

impl BroadcastExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, ranks: Ranks, id: u64) -> Self {
        let mut equivalence = input.properties().equivalence_properties().clone();
        equivalence.clear_orderings();
        equivalence.clear_per_partition_constants();
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(1));
        let exchange = Arc::new(Exchange::new(id, "BroadcastExec", OpKind::Broadcast, Shape::Everywhere));
        Self { input, ranks, exchange, told: None, properties }
    }

    /// The same, telling of its rows' keys.
    pub fn telling(&self, told: Arc<Told>) -> Self {
        Self { told: Some(told), ..self.clone() }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let with = Self::new(children.swap_remove(0), self.ranks, self.exchange.id());
        Self { told: self.told.clone(), ..with }
    }
}

impl Start for BroadcastExec {
    fn id(&self) -> u64 {
        self.exchange.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::exchange(Shape::Everywhere).and(usize::from(self.told.is_some()))
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        start_whole(&self.exchange, &self.input, self.told.as_ref(), run, offset, context)
    }

    fn abandon(&self) {
        self.exchange.abandon();
    }
}

impl DisplayAs for BroadcastExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BroadcastExec: to every rank")?;
        self.told.as_ref().map_or(Ok(()), |told| write!(f, "{told}"))
    }
}

impl ExecutionPlan for BroadcastExec {
    plan_methods!("BroadcastExec", [input]);

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
