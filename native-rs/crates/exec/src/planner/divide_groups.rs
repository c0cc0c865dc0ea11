//! Group-bys whose input is as many rows as groups, or nearly: divided by their keys.
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

use crate::operators::DividedAggregateExec;

/// Sees which inputs are in order. Nothing but the operator changes.
#[derive(Debug)]
pub struct DivideGroups;

impl PhysicalOptimizerRule for DivideGroups {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let divided = |plan: Arc<dyn ExecutionPlan>| match plan.downcast_ref::<AggregateExec>().filter(|aggregate| gains(aggregate)) {
            Some(aggregate) => Ok(Transformed::yes(Arc::new(DividedAggregateExec::of(aggregate)) as _)),
            None => Ok(Transformed::no(plan)),
        };
        plan.transform_up(divided).data()
    }

    fn name(&self) -> &str {
        "divide-groups"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether a partial aggregation has gone before, and rows come in no order.
fn gains(aggregate: &AggregateExec) -> bool {
    let groups = aggregate.group_expr();
    let last = matches!(aggregate.mode(), AggregateMode::FinalPartitioned | AggregateMode::Final);
    last && !groups.is_empty() && !groups.has_grouping_set() && *aggregate.input_order_mode() == InputOrderMode::Linear && aggregate.limit_options().is_none()
}
