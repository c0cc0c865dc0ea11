//! The rule that puts [`LookupJoinExec`] in the place of a hash join.
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;

use crate::operators::LookupJoinExec;

/// Replaces hash joins whose build side is collected and whose key is one integer-like column.
pub fn look_up_joins(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|plan| {
        let Some(join) = plan.downcast_ref::<HashJoinExec>() else { return Ok(Transformed::no(plan)) };
        Ok(match LookupJoinExec::try_new(join)? {
            Some(lookup) => Transformed::yes(Arc::new(lookup) as Arc<dyn ExecutionPlan>),
            None => Transformed::no(plan),
        })
    })
    .data()
}
