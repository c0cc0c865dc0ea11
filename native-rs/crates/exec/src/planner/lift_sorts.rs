//! Sorts above what leaves fewer rows, in place of below it.
//!
//! The rule that places sorts moves them down as far as rows keep their order, so that one sort may serve several operators: below
//! a filter, or a semi join whose other side is small, it sorts rows that nobody wants.
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;

#[derive(Debug)]
pub struct LiftSorts;

impl PhysicalOptimizerRule for LiftSorts {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let lifted = lifted(&plan)?;
            Ok(lifted.map_or_else(|| Transformed::no(plan), Transformed::yes))
        })
        .data()
    }

    fn name(&self) -> &str {
        "lift_sorts"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// `plan` over a sort as a sort over `plan`.
fn lifted(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some((side, outputs)) = passes(plan) else { return Ok(None) };
    let Some(sort) = plan.children()[side].downcast_ref::<SortExec>().filter(|sort| sort.fetch().is_none()) else { return Ok(None) };
    let schema = plan.schema();
    let moved = |key: &PhysicalSortExpr| {
        let at = key.expr.downcast_ref::<Column>()?.index();
        let output = outputs.iter().position(|input| *input == Some(at))?;
        Some(PhysicalSortExpr::new(Arc::new(Column::new(schema.field(output).name(), output)) as Arc<dyn PhysicalExpr>, key.options))
    };
    let keys: Option<Vec<_>> = sort.expr().iter().map(moved).collect();
    let Some(ordering) = keys.and_then(LexOrdering::new) else { return Ok(None) };
    let mut children: Vec<_> = plan.children().into_iter().cloned().collect();
    children[side] = sort.input().clone();
    let below = replace_children_if_necessary(plan.clone(), children)?;
    Ok(Some(Arc::new(SortExec::new(ordering, below).with_preserve_partitioning(sort.preserve_partitioning()))))
}

/// Of an operator whose rows are some of an input's, in its order, and no wider: which input, and which of its columns each output is.
fn passes(plan: &Arc<dyn ExecutionPlan>) -> Option<(usize, Vec<Option<usize>>)> {
    let projected = |columns: usize, projection: Option<&[usize]>| match projection {
        Some(projection) => projection.iter().map(|index| Some(*index)).collect(),
        None => (0..columns).map(Some).collect(),
    };
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        return Some((0, projected(filter.input().schema().fields().len(), filter.projection().as_deref())));
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        let some = matches!(join.join_type(), JoinType::RightSemi | JoinType::RightAnti);
        return some.then(|| (1, projected(join.right().schema().fields().len(), join.projection.as_deref())));
    }
    let projection = plan.downcast_ref::<ProjectionExec>()?;
    let narrow = projection.expr().len() <= projection.input().schema().fields().len();
    let column = |expr: &Arc<dyn PhysicalExpr>| expr.downcast_ref::<Column>().map(Column::index);
    narrow.then(|| (0, projection.expr().iter().map(|output| column(&output.expr)).collect()))
}
