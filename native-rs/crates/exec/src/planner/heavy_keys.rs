//! Which joins deal the rows of heavy keys: those of which both sides are shuffled, whose build rows may be on every rank, and
//! above which nobody relies on equal keys being in one partition.
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::Distribution;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::ExecutionPlan;

use super::joins::{replicable, rows};
use crate::heavy::{Heavy, Share};
use crate::operators::{BroadcastExec, ClusterExec, DealExec, GatherExec, PackedAggregateExec, RangeShuffleExec, ShuffleExec};
use crate::run::Ranks;

/// Fewer rows are joined before it matters where.
const LEAST_ROWS: usize = 1 << 20;

#[derive(Debug)]
pub struct HeavyKeys {
    ranks: Ranks,
    /// However small the tables are.
    always: bool,
}

impl HeavyKeys {
    pub fn new(ranks: Ranks, always: bool) -> Self {
        Self { ranks, always }
    }

    /// `free`: nobody above asks where keys are.
    fn apply(&self, plan: Arc<dyn ExecutionPlan>, free: bool) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = match plan.downcast_ref::<HashJoinExec>() {
            Some(join) if free => self.dealt(join)?.unwrap_or(plan),
            _ => plan,
        };
        let free = free || is_exchange(&plan);
        let asked = plan.input_distribution_requirements();
        let children = plan.children().into_iter().cloned().enumerate().map(|(index, child)| {
            let keyed = matches!(asked.child_distribution(index), Some(Distribution::KeyPartitioned(_)));
            self.apply(child, free && !keyed)
        });
        let children = children.collect::<Result<Vec<_>>>()?;
        if children.is_empty() { Ok(plan) } else { replace_children_if_necessary(plan, children) }
    }

    fn dealt(&self, join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let shuffled = *join.partition_mode() == PartitionMode::Partitioned && replicable(*join.join_type());
        let (Some(build), Some(probe)) = (join.left().downcast_ref::<ShuffleExec>(), join.right().downcast_ref::<ShuffleExec>()) else { return Ok(None) };
        let few = !self.always && rows(join.right().children()[0])?.is_some_and(|rows| rows < LEAST_ROWS);
        if !shuffled || few || self.ranks.partitions() == 1 {
            return Ok(None);
        }
        let heavy = Arc::new(Heavy::default());
        let build: Arc<dyn ExecutionPlan> = Arc::new(build.sharing(heavy.clone(), Share::Copied));
        let probe: Arc<dyn ExecutionPlan> = Arc::new(probe.sharing(heavy, Share::Dealt));
        Ok(Some(join.builder().with_new_children(vec![build, probe])?.build_exec()?))
    }
}

/// What these are given they send on as they like. Operators that only agree with other ranks leave rows where they are.
fn is_exchange(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.is::<ShuffleExec>()
        || plan.is::<RangeShuffleExec>()
        || plan.is::<GatherExec>()
        || plan.is::<BroadcastExec>()
        || plan.is::<DealExec>()
        || plan.is::<ClusterExec>()
        || plan.is::<PackedAggregateExec>()
}

impl PhysicalOptimizerRule for HeavyKeys {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        self.apply(plan, true)
    }

    fn name(&self) -> &str {
        "heavy-keys"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
