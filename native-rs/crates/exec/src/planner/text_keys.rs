//! Group-bys by one text: compared as views.
//!
//! A view has a text of up to twelve bytes in itself, and of a longer one its length and first bytes. A hash table of views
//! mostly compares what its entry holds, where one of offsets goes to the bytes of each text that it finds. Of several keys,
//! DataFusion compares columns of texts, where views gain nothing.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::expressions::{Column, cast};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, PhysicalGroupBy};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

/// Sees where exchanges are and which inputs are in order, and changes neither.
#[derive(Debug)]
pub struct TextKeys;

impl PhysicalOptimizerRule for TextKeys {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let views = |plan: Arc<dyn ExecutionPlan>| match plan.downcast_ref::<AggregateExec>().map(in_views).transpose()?.flatten() {
            Some(group_by) => Ok(Transformed::yes(group_by)),
            None => Ok(Transformed::no(plan)),
        };
        plan.transform_up(views).data()
    }

    fn name(&self) -> &str {
        "text-keys"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The same group-by, whose text is a view between its input and what it gives. None: its key is another, or it compares
/// nothing because its input comes in order.
fn in_views(group_by: &AggregateExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let [(key, name)] = group_by.group_expr().expr() else { return Ok(None) };
    let input = group_by.input();
    let compares = *group_by.input_order_mode() == InputOrderMode::Linear && group_by.limit_options().is_none();
    if !compares || group_by.group_expr().has_grouping_set() || key.data_type(&input.schema())? != DataType::Utf8 {
        return Ok(None);
    }
    let view = cast(key.clone(), &input.schema(), DataType::Utf8View)?;
    let aggregate = AggregateExec::try_new(
        *group_by.mode(),
        PhysicalGroupBy::new_single(vec![(view, name.clone())]),
        group_by.aggr_expr().to_vec(),
        group_by.filter_expr().to_vec(),
        input.clone(),
        group_by.input_schema(),
    )?;
    let schema = aggregate.schema();
    let outputs = schema.fields().iter().enumerate().map(|(at, field)| {
        let column = Arc::new(Column::new(field.name(), at));
        let expr = if at == 0 { cast(column, &schema, DataType::Utf8)? } else { column };
        Ok(ProjectionExpr { expr, alias: field.name().clone() })
    });
    let outputs = outputs.collect::<Result<Vec<_>>>()?;
    Ok(Some(Arc::new(ProjectionExec::try_new(outputs, Arc::new(aggregate))?)))
}
