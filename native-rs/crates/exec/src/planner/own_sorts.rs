//! Sorts of all rows by our operator, in the places that the rules before have given DataFusion's.
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;

use crate::operators::SortRowsExec;

#[derive(Debug)]
pub struct OwnSorts;

impl PhysicalOptimizerRule for OwnSorts {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let own = plan.downcast_ref::<SortExec>().and_then(SortRowsExec::of);
            Ok(own.map_or_else(|| Transformed::no(plan), |own| Transformed::yes(Arc::new(own) as _)))
        })
        .data()
    }

    fn name(&self) -> &str {
        "own-sorts"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
