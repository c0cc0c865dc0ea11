//! Our operators: leaves, exchanges, and what depends on a row's place in the table. One file each.
mod broadcast;
mod cluster;
mod concat;
mod deal;
mod divided_aggregate;
mod gather;
mod group_topk;
mod lookup_join;
mod memory;
mod packed_aggregate;
mod query;
mod range_shuffle;
mod row_number;
mod scan;
mod semi_filter;
mod shared;
mod shuffle;
mod slice;
mod sort_rows;
mod waiting;
mod window;

pub use broadcast::BroadcastExec;
pub use cluster::{ClusterExec, wanted as wants_cluster};
pub use concat::ConcatExec;
pub use deal::DealExec;
pub use divided_aggregate::DividedAggregateExec;
pub use gather::GatherExec;
pub use group_topk::{GroupTopKExec, MOST};
pub use lookup_join::LookupJoinExec;
pub use memory::MemoryExec;
pub use packed_aggregate::{Grouping, MOST_PARTITIONS, PackedAggregateExec};
pub use query::QueryExec;
pub use range_shuffle::RangeShuffleExec;
pub use row_number::RowNumberExec;
pub use scan::ScanExec;
pub use semi_filter::SemiFilterExec;
pub use shared::{SharedExec, SharedTable};
pub use shuffle::ShuffleExec;
pub use slice::SliceExec;
pub use sort_rows::SortRowsExec;
pub use window::WindowExec;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::{ExecutionPlan, PlanProperties};
use futures::{Stream, StreamExt, stream};

use crate::exchange::Shape;
use crate::run::Run;

/// An operator with tasks of its own, which run from the plan's start on all ranks, whoever reads its output.
pub trait Start {
    /// Its number in the plan; operators start in this order.
    fn id(&self) -> u64;

    /// What it says to other ranks.
    fn traffic(&self) -> Traffic;

    /// Starts the tasks. `offset` is added to `id` for operations between ranks.
    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()>;

    /// This rank's sinks are done: output that nobody has asked for is not wanted, and its producers may stop.
    fn abandon(&self) {}
}

/// What an operator says to other ranks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// Rows that it sends.
    pub exchange: Option<Shape>,
    /// By one task of a rank, not by one for each of its partitions.
    pub one_task: bool,
    /// Operations in which every rank tells all others something.
    pub agreements: usize,
}

impl Traffic {
    pub fn agreements(agreements: usize) -> Self {
        Self { agreements, ..Self::default() }
    }

    pub fn exchange(shape: Shape) -> Self {
        Self { exchange: Some(shape), ..Self::default() }
    }

    pub fn by_one_task(self) -> Self {
        Self { one_task: true, ..self }
    }

    pub fn and(self, agreements: usize) -> Self {
        Self { agreements: self.agreements + agreements, ..self }
    }
}

/// The operators of a plan that have tasks, in the order to start them.
pub fn starters(plan: &Arc<dyn ExecutionPlan>) -> Vec<Arc<dyn ExecutionPlan>> {
    let mut found = vec![];
    collect(plan, &mut found);
    found.sort_by_key(|plan| as_start(plan).map(Start::id));
    found
}

fn collect(plan: &Arc<dyn ExecutionPlan>, found: &mut Vec<Arc<dyn ExecutionPlan>>) {
    if as_start(plan).is_some() {
        found.push(plan.clone());
    }
    plan.children().into_iter().for_each(|child| collect(child, found));
}

pub fn as_start(plan: &Arc<dyn ExecutionPlan>) -> Option<&dyn Start> {
    fn cast<T: ExecutionPlan + Start>(plan: &Arc<dyn ExecutionPlan>) -> Option<&dyn Start> {
        plan.downcast_ref::<T>().map(|plan| plan as &dyn Start)
    }
    cast::<ShuffleExec>(plan)
        .or_else(|| cast::<RangeShuffleExec>(plan))
        .or_else(|| cast::<GatherExec>(plan))
        .or_else(|| cast::<BroadcastExec>(plan))
        .or_else(|| cast::<SliceExec>(plan))
        .or_else(|| cast::<RowNumberExec>(plan))
        .or_else(|| cast::<DealExec>(plan))
        .or_else(|| cast::<PackedAggregateExec>(plan))
        .or_else(|| cast::<WindowExec>(plan))
        .or_else(|| cast::<SemiFilterExec>(plan))
        .or_else(|| cast::<ClusterExec>(plan))
}

/// Properties of a bounded operator that streams.
pub(crate) fn streaming(equivalence: EquivalenceProperties, partitioning: Partitioning) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(equivalence, partitioning, EmissionType::Incremental, Boundedness::Bounded))
}

/// An iterator that works for its items as a stream that lets other tasks run in between.
pub(crate) fn cooperative<T: Send>(items: impl Iterator<Item = T> + Send) -> impl Stream<Item = T> + Send {
    stream::iter(items).then(|item| async {
        tokio::task::consume_budget().await;
        item
    })
}

/// The methods of `ExecutionPlan` that are alike in all our operators: name, properties, children, and a clone with
/// other children, made by the type's own `with_children`.
macro_rules! plan_methods {
    ($name:literal, [$($child:ident),*]) => {
        fn name(&self) -> &str {
            $name
        }

        fn properties(&self) -> &std::sync::Arc<datafusion::physical_plan::PlanProperties> {
            &self.properties
        }

        fn children(&self) -> Vec<&std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            vec![$(&self.$child),*]
        }

        plan_methods!(rest);
    };
    ($name:literal, all $children:ident) => {
        fn name(&self) -> &str {
            $name
        }

        fn properties(&self) -> &std::sync::Arc<datafusion::physical_plan::PlanProperties> {
            &self.properties
        }

        fn children(&self) -> Vec<&std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            self.$children.iter().collect()
        }

        plan_methods!(rest);
    };
    (rest) => {
        fn replace_children(
            self: std::sync::Arc<Self>,
            children: Vec<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>>,
            _options: datafusion::physical_plan::ReplaceChildrenOptions,
        ) -> datafusion::common::Result<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            Ok(std::sync::Arc::new(self.with_children(children)))
        }

        fn with_new_children(
            self: std::sync::Arc<Self>,
            children: Vec<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>>,
        ) -> datafusion::common::Result<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            Ok(std::sync::Arc::new(self.with_children(children)))
        }
    };
}
pub(crate) use plan_methods;
