//! Where memory is short, groups one after another.
//!
//! An aggregation of rows as they come holds all groups; those that it has put on the disk it merges, and a median or a list keeps
//! all values of its group until the group ends. Of rows sorted by the keys, on disk where memory ends, it holds one group at a time.
use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::InputOrderMode;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::sorts::sort::SortExec;

#[derive(Debug)]
pub struct SortGroups;

impl PhysicalOptimizerRule for SortGroups {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let sorted = plan.downcast_ref::<AggregateExec>().and_then(sorted);
            match sorted {
                Some(input) => Ok(Transformed::yes(replace_children_if_necessary(plan, vec![input])?)),
                None => Ok(Transformed::no(plan)),
            }
        })
        .data()
    }

    fn name(&self) -> &str {
        "sort-groups"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Its input by its keys. A partial aggregation needs none: it gives its groups away where memory ends.
fn sorted(aggregate: &AggregateExec) -> Option<Arc<dyn ExecutionPlan>> {
    let partial = matches!(aggregate.mode(), AggregateMode::Partial | AggregateMode::PartialReduce);
    let groups = aggregate.group_expr();
    if partial || groups.has_grouping_set() || *aggregate.input_order_mode() == InputOrderMode::Sorted {
        return None;
    }
    let key = |expr| PhysicalSortExpr::new(expr, SortOptions::default());
    let ordering = LexOrdering::new(groups.input_exprs().into_iter().map(key))?;
    Some(Arc::new(SortExec::new(ordering, aggregate.input().clone()).with_preserve_partitioning(true)))
}
