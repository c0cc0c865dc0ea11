//! The last rule: from a plan for ranks × threads partitions to the part that this rank runs.
//!
//! ```text
//! RepartitionExec: Hash                      →  ShuffleExec
//! SortPreservingMergeExec over SortExec      →  SortExec over RangeShuffleExec: partitions in order, none has all
//! CoalescePartitionsExec                     →  GatherExec: to partition 0, which rank 0 runs
//! build side of HashJoinExec: CollectLeft,   →  BroadcastExec: the same single partition on every rank
//!   of CrossJoinExec and NestedLoopJoinExec
//! ```
//!
//! Partition i of any operator belongs to rank ⌊i / threads⌋, the only partition of a gathered one to rank 0. On one
//! rank the plan is the same; its exchanges just have nobody to send to.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::common::{Result, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::{LexOrdering, Partitioning};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PartitionMode};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use crate::operators::{BroadcastExec, DealExec, GatherExec, PackedAggregateExec, RangeShuffleExec, RowNumberExec, SemiFilterExec, ShuffleExec, SliceExec, WindowExec};
use crate::run::Ranks;
use crate::specialise::packed_aggregate::is_ordered;

#[derive(Debug)]
pub struct Distribute {
    ranks: Ranks,
}

/// How a parent takes the single ordered partition it asked for.
#[derive(Clone, Copy, PartialEq)]
enum Take {
    /// As the ordered sequence of all partitions.
    Partitions,
    /// As one partition on rank 0.
    One,
}

impl Distribute {
    pub fn new(ranks: Ranks) -> Self {
        Self { ranks }
    }

    fn apply(&self, plan: Arc<dyn ExecutionPlan>, take: Take, ids: &AtomicU64) -> Result<Arc<dyn ExecutionPlan>> {
        let id = || ids.fetch_add(1, Ordering::Relaxed);
        if let Some(repartition) = plan.downcast_ref::<RepartitionExec>() {
            let Partitioning::Hash(keys, _) = repartition.partitioning() else {
                return internal_err!("no exchange for {}", repartition.partitioning());
            };
            let input = self.apply(repartition.input().clone(), Take::One, ids)?;
            // One operation for the rows, one for their keys.
            let id = ids.fetch_add(2, Ordering::Relaxed);
            return Ok(Arc::new(ShuffleExec::new(input, keys.clone(), self.ranks, id)));
        }
        if let Some(merge) = plan.downcast_ref::<SortPreservingMergeExec>() {
            let sorted = self.sorted(merge, ids)?;
            return Ok(match take {
                Take::Partitions => sorted,
                Take::One => Arc::new(GatherExec::new(sorted, self.ranks, id())),
            });
        }
        if let Some(coalesce) = plan.downcast_ref::<CoalescePartitionsExec>() {
            let input = self.apply(coalesce.input().clone(), take, ids)?;
            return Ok(match take {
                Take::Partitions => input,
                Take::One => Arc::new(GatherExec::new(input, self.ranks, id())),
            });
        }
        if let Some((build, probe)) = built_everywhere(&plan) {
            let build = match build.downcast_ref::<CoalescePartitionsExec>() {
                Some(coalesce) => coalesce.input().clone(),
                None => build,
            };
            let build = self.apply(build, Take::One, ids)?;
            let id = ids.fetch_add(2, Ordering::Relaxed);
            let build = Arc::new(BroadcastExec::new(build, self.ranks, id));
            let probe = self.apply(probe, take, ids)?;
            return replace_children_if_necessary(plan, vec![build, probe]);
        }
        let whole = plan.downcast_ref::<WindowExec>().is_some_and(WindowExec::is_whole);
        let take = if whole || plan.is::<SliceExec>() || plan.is::<RowNumberExec>() || plan.is::<DealExec>() {
            Take::Partitions
        } else if plan.is::<ProjectionExec>() || plan.is::<FilterExec>() {
            take
        } else {
            Take::One
        };
        let children = plan.children().into_iter().cloned().map(|child| self.apply(child, take, ids));
        let children = children.collect::<Result<Vec<_>>>()?;
        let plan = if children.is_empty() { plan } else { replace_children_if_necessary(plan, children)? };
        if let Some(slice) = plan.downcast_ref::<SliceExec>() {
            return Ok(Arc::new(slice.distributed(id())));
        }
        if let Some(number) = plan.downcast_ref::<RowNumberExec>() {
            return Ok(Arc::new(number.distributed(id())));
        }
        if let Some(deal) = plan.downcast_ref::<DealExec>() {
            // One operation for the counts, one for the rows.
            return Ok(Arc::new(deal.distributed(self.ranks, ids.fetch_add(2, Ordering::Relaxed))));
        }
        if let Some(window) = plan.downcast_ref::<WindowExec>() {
            return Ok(Arc::new(window.distributed(id())));
        }
        if let Some(semi) = plan.downcast_ref::<SemiFilterExec>() {
            // One operation for the keys, one for those found.
            return Ok(Arc::new(semi.distributed(ids.fetch_add(2, Ordering::Relaxed))));
        }
        if let Some(packed) = plan.downcast_ref::<PackedAggregateExec>() {
            // One operation for the rows, one for the shares.
            return Ok(Arc::new(packed.with_id(ids.fetch_add(2, Ordering::Relaxed))));
        }
        Ok(plan)
    }

    /// The partitions of a sorted table, one after another in order.
    fn sorted(&self, merge: &SortPreservingMergeExec, ids: &AtomicU64) -> Result<Arc<dyn ExecutionPlan>> {
        if is_ordered(merge.input()) || merge.input().downcast_ref::<RowNumberExec>().is_some_and(|number| number.is_in(merge.expr())) {
            return self.apply(merge.input().clone(), Take::Partitions, ids);
        }
        let ordering: LexOrdering = merge.expr().clone();
        // Whatever sorted the input's partitions one by one is in vain: rows go to other partitions first.
        let input = match merge.input().downcast_ref::<SortExec>() {
            Some(sort) => sort.input().clone(),
            None => merge.input().clone(),
        };
        let input = self.apply(input, Take::One, ids)?;
        // One operation for the rows, one for the splitters.
        let id = ids.fetch_add(2, Ordering::Relaxed);
        let ranged = Arc::new(RangeShuffleExec::new(input, ordering.clone(), self.ranks, id));
        Ok(Arc::new(SortExec::new(ordering, ranged).with_preserve_partitioning(true)))
    }
}

/// Both sides of a join whose left side every rank holds whole.
fn built_everywhere(plan: &Arc<dyn ExecutionPlan>) -> Option<(Arc<dyn ExecutionPlan>, Arc<dyn ExecutionPlan>)> {
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        let collected = *join.partition_mode() == PartitionMode::CollectLeft;
        return collected.then(|| (join.left().clone(), join.right().clone()));
    }
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        return Some((join.left().clone(), join.right().clone()));
    }
    let cross = plan.downcast_ref::<CrossJoinExec>()?;
    Some((cross.left().clone(), cross.right().clone()))
}

impl PhysicalOptimizerRule for Distribute {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = plan.output_partitioning().partition_count();
        if partitions != 1 && partitions != self.ranks.partitions() {
            return internal_err!("a plan of {partitions} partitions for {} of the job", self.ranks.partitions());
        }
        self.apply(plan, Take::Partitions, &AtomicU64::new(0))
    }

    fn name(&self) -> &str {
        "distribute"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
