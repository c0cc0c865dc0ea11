//! Joins that sort both sides: the side that is sorted second is read when the first has been.
//!
//! ```text
//! SortMergeJoinExec                    polls the streamed side first
//!   SortRowsExec                       whose sort reads all of its rows before it gives one;
//!   SortRowsExec ─ ShuffleExec         then the other, which sends now
//! ```
//! Whoever asks for rows of the second has all of the first's, from all ranks: none waits for another to ask. A semi or anti join
//! of nothing does not ask, and drops the second, which sends then what others want.
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{JoinSide, Result};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::SortMergeJoinExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::ExecutionPlan;

use crate::operators::{ShuffleExec, SortRowsExec};

#[derive(Debug)]
pub struct JoinsInTurn;

fn in_turn(join: &SortMergeJoinExec, plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let mut sides = [join.left().clone(), join.right().clone()];
    let first = usize::from(SortMergeJoinExec::probe_side(&join.join_type()) != JoinSide::Left);
    let Some(second) = when_asked(&sides[1 - first])?.filter(|_| is_sorted_whole(&sides[first])) else { return Ok(None) };
    sides[1 - first] = second;
    replace_children_if_necessary(plan.clone(), sides.into()).map(Some)
}

/// Whether the first row comes when all have been read. Of a side that gives rows as it reads them both are wanted at a time.
fn is_sorted_whole(side: &Arc<dyn ExecutionPlan>) -> bool {
    side.is::<SortRowsExec>() || row_by_row(side).is_some_and(is_sorted_whole)
}

/// The side with the shuffle below it sending when it is asked for; None where there is none.
fn when_asked(side: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(shuffle) = side.downcast_ref::<ShuffleExec>() {
        return Ok(Some(Arc::new(shuffle.when_asked())));
    }
    let input = side.downcast_ref::<SortRowsExec>().map(|_| side.children()[0]).or_else(|| row_by_row(side));
    let asked = input.map_or(Ok(None), when_asked)?;
    asked.map(|input| replace_children_if_necessary(side.clone(), vec![input])).transpose()
}

/// The input of an operator that gives a row, or none, for each that it reads.
fn row_by_row(plan: &Arc<dyn ExecutionPlan>) -> Option<&Arc<dyn ExecutionPlan>> {
    (plan.is::<ProjectionExec>() || plan.is::<FilterExec>()).then(|| plan.children()[0])
}

impl PhysicalOptimizerRule for JoinsInTurn {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let turned = plan.downcast_ref::<SortMergeJoinExec>().map_or(Ok(None), |join| in_turn(join, &plan))?;
            Ok(turned.map_or_else(|| Transformed::no(plan), Transformed::yes))
        })
        .data()
    }

    fn name(&self) -> &str {
        "joins-in-turn"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
