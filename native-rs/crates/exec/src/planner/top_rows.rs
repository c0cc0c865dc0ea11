//! The first rows of a sorted table: each partition finds its own before any row travels.
//!
//! ```text
//! SliceExec: rows 0..10 ← SortExec ← RangeShuffleExec                    ← all rows
//! SliceExec: rows 0..10 ← SortExec ← RangeShuffleExec ← SortExec: TopK   ← all rows
//! ```
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;

use crate::operators::{RangeShuffleExec, RowNumberExec, SliceExec};

/// More first rows than this are not kept in a heap: sorting all is as good.
const FIRST: usize = 1 << 16;

/// Sees where exchanges are, and moves nothing across one.
#[derive(Debug)]
pub struct TopRows;

impl PhysicalOptimizerRule for TopRows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let rows = plan.downcast_ref::<SliceExec>().and_then(SliceExec::first).filter(|rows| (1..=FIRST).contains(rows));
            let Some(rows) = rows else { return Ok(Transformed::no(plan)) };
            let input = plan.children()[0].clone();
            match top(&input, rows)? {
                Some(input) => Ok(Transformed::yes(replace_children_if_necessary(plan, vec![input])?)),
                None => Ok(Transformed::no(plan)),
            }
        })
        .data()
    }

    fn name(&self) -> &str {
        "top-rows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The same where of the sort below only the first `rows` are wanted; None: there is none.
fn top(plan: &Arc<dyn ExecutionPlan>, rows: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if plan.is::<ProjectionExec>() || plan.is::<RowNumberExec>() {
        let input = top(plan.children()[0], rows)?;
        return input.map(|input| replace_children_if_necessary(plan.clone(), vec![input])).transpose();
    }
    let Some(sort) = plan.downcast_ref::<SortExec>().filter(|sort| sort.fetch().is_none()) else { return Ok(None) };
    let of = |input: &Arc<dyn ExecutionPlan>| {
        let top = SortExec::new(sort.expr().clone(), input.clone()).with_fetch(Some(rows));
        Arc::new(top.with_preserve_partitioning(true)) as Arc<dyn ExecutionPlan>
    };
    if !sort.input().is::<RangeShuffleExec>() {
        return Ok(Some(of(sort.input())));
    }
    let exchange = sort.input().clone();
    let input = of(exchange.children()[0]);
    let exchange = replace_children_if_necessary(exchange, vec![input])?;
    replace_children_if_necessary(plan.clone(), vec![exchange]).map(Some)
}
