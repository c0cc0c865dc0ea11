//! Which scans are told the keys of a join's other side.
//!
//! ```text
//! HashJoinExec                         rows of the probe side without a partner come to nothing, and so does whatever is
//!   BroadcastExec  … keys told         made of them on the way up: filters, projections and joins that keep a row's fate its own
//!   ProjectionExec
//!     FilterExec
//!       ScanExec  … keys
//! ```
//!
//! Not where something in between may throw: of a row that is left out it would not.
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::common::{JoinType, NullEquality, Result};
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::expressions::{BinaryExpr, CaseExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::projection::ProjectionExec;
use lockstep_connectors::Bound;
use lockstep_functions::never_throws;

use super::joins::rows;
use crate::key_filter::{Form, KeyFilter};
use crate::operators::{BroadcastExec, ScanExec, SemiFilterExec, ShuffleExec};
use crate::run::Ranks;
use crate::specialise::{codes::ByEntry, memo::MemoExpr};
use crate::steps::is_integer_like;
use crate::told_keys::Told;

/// A scan of fewer rows is done before keys are agreed on.
const LEAST_ROWS: u64 = 32_768;

/// Bytes of one filter's messages, of all ranks: each gets them all.
const MOST_BYTES: usize = 16 << 20;

/// Bits of a Bloom filter for each key that is expected.
const BITS_A_KEY: usize = 16;

#[derive(Debug)]
pub struct KeyFilters {
    ranks: Ranks,
    /// However small the tables are.
    always: bool,
}

/// A scan that can be told keys, and where it stands below a join's probe side.
struct Found {
    scan: ScanExec,
    column: usize,
    /// Number of the child to take, from the probe side down.
    path: Vec<usize>,
}

impl KeyFilters {
    pub fn new(ranks: Ranks, always: bool) -> Self {
        Self { ranks, always }
    }

    fn apply(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = match plan.downcast_ref::<HashJoinExec>() {
            Some(join) => self.told(join)?.unwrap_or(plan),
            None => plan,
        };
        let children = plan.children().into_iter().cloned().map(|child| self.apply(child)).collect::<Result<Vec<_>>>()?;
        if children.is_empty() { Ok(plan) } else { replace_children_if_necessary(plan, children) }
    }

    fn told(&self, join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let partners = matches!(join.join_type(), JoinType::Inner | JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::RightSemi);
        if !partners || join.null_equality() != NullEquality::NullEqualsNothing || join.null_aware {
            return Ok(None);
        }
        let (build, mut probe, mut keys) = (join.left(), join.right().clone(), vec![]);
        for (key, value) in join.on() {
            let Some(column) = column_of(value) else { continue };
            let Some(found) = scan_of(&probe, column) else { continue };
            let Some(form) = self.form(build, key, &found)? else { continue };
            let filter = Arc::new(KeyFilter::new(form));
            let scan: Arc<dyn ExecutionPlan> = Arc::new(found.scan.told(found.column, filter.clone()));
            probe = replaced(probe, &found.path, scan)?;
            keys.push((key.clone(), filter));
        }
        if keys.is_empty() {
            return Ok(None);
        }
        let told = Arc::new(Told { keys });
        let build: Arc<dyn ExecutionPlan> = match (build.downcast_ref::<ShuffleExec>(), build.downcast_ref::<BroadcastExec>()) {
            (Some(shuffle), _) => Arc::new(shuffle.telling(told)),
            (_, Some(broadcast)) => Arc::new(broadcast.telling(told)),
            _ => return Ok(None),
        };
        Ok(Some(join.builder().with_new_children(vec![build, probe])?.build_exec()?))
    }

    /// How the keys are told to the scan; None where that is not worth it.
    fn form(&self, build: &Arc<dyn ExecutionPlan>, key: &Arc<dyn PhysicalExpr>, found: &Found) -> Result<Option<Form>> {
        if !build.is::<ShuffleExec>() && !build.is::<BroadcastExec>() {
            return Ok(None);
        }
        let key_type = key.data_type(&build.schema())?;
        let read = found.scan.dataset().schema.field_with_name(&found.scan.columns()[found.column])?.data_type().clone();
        let integers = is_integer_like(&key_type) && is_integer_like(&read);
        if !integers && text(&key_type) != text(&read) {
            return Ok(None);
        }
        let read_rows = found.scan.parts().iter().flatten().map(|chunk| chunk.rows).sum::<u64>();
        let most = MOST_BYTES / self.ranks.size;
        let range = found.scan.dataset().column_statistics(&found.scan.columns()[found.column]).and_then(|known| {
            match (Bound::from_scalar(&known.min?)?, Bound::from_scalar(&known.max?)?) {
                (Bound::Integer(min), Bound::Integer(max)) if integers => Some((min, u64::try_from(max.checked_sub(min)?).ok()?.checked_add(1)?)),
                _ => None,
            }
        });
        let expected = rows(build.children()[0])?;
        if !self.always {
            // All rows of a table, as many as the scan has values (keys of TPC-H leave gaps), leave nothing out.
            let complete = !leaves_out(build) && range.is_none_or(|(_, count)| expected.is_some_and(|rows| rows as u64 >= count / 8));
            if read_rows < LEAST_ROWS || complete {
                return Ok(None);
            }
        }
        if let Some((min, count)) = range.filter(|(_, count)| *count <= 8 * most as u64) {
            return Ok(Some(Form::Bits { min, count }));
        }
        let words = (expected.unwrap_or(read_rows as usize).saturating_mul(BITS_A_KEY) / 64).clamp(64, usize::MAX / 4).next_power_of_two();
        Ok((8 * words <= most).then_some(Form::Bloom { words }))
    }
}

/// Types of which values are compared as they are stored.
fn text(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

/// Whether rows of the tables below are missing.
fn leaves_out(plan: &Arc<dyn ExecutionPlan>) -> bool {
    match plan.children().as_slice() {
        [] => !plan.is::<ScanExec>(),
        [input] if plan.is::<ProjectionExec>() || plan.is::<ShuffleExec>() || plan.is::<BroadcastExec>() => leaves_out(input),
        _ => true,
    }
}

/// The column that an expression is, also of a wider type.
fn column_of(expression: &Arc<dyn PhysicalExpr>) -> Option<usize> {
    if let Some(cast) = expression.downcast_ref::<CastExpr>() {
        return (*cast.cast_type() == DataType::Int64).then(|| column_of(cast.expr())).flatten();
    }
    if let Some(memo) = expression.downcast_ref::<MemoExpr>() {
        return column_of(memo.expression());
    }
    expression.downcast_ref::<Column>().map(Column::index)
}

/// The scan that a column comes from, where a row that it leaves out is missing in the plan's output and nothing else is.
fn scan_of(plan: &Arc<dyn ExecutionPlan>, column: usize) -> Option<Found> {
    let below = |child: usize, column: usize| {
        let mut found = scan_of(plan.children()[child], column)?;
        found.path.insert(0, child);
        Some(found)
    };
    if let Some(scan) = plan.downcast_ref::<ScanExec>() {
        return (column < scan.columns().len()).then(|| Found { scan: scan.clone(), column, path: vec![] });
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let schema = projection.input().schema();
        let harmless = projection.expr().iter().all(|output| harmless(&output.expr, &schema));
        return below(0, column_of(&projection.expr()[column].expr).filter(|_| harmless)?);
    }
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        let column = filter.projection().as_ref().map_or(column, |columns| columns[column]);
        return harmless(filter.predicate(), &filter.input().schema()).then(|| below(0, column))?;
    }
    if plan.is::<ShuffleExec>() || plan.is::<BroadcastExec>() || plan.is::<SemiFilterExec>() {
        return below(0, column);
    }
    let join = plan.downcast_ref::<HashJoinExec>()?;
    if join.filter().is_some() {
        return None;
    }
    let column = join.projection.as_ref().map_or(column, |columns| columns[column]);
    let left = join.left().schema().fields().len();
    match join.join_type() {
        JoinType::Inner | JoinType::Right if column >= left => below(1, column - left),
        JoinType::Inner | JoinType::Left if column < left => below(0, column),
        JoinType::RightSemi | JoinType::RightAnti => below(1, column),
        JoinType::LeftSemi | JoinType::LeftAnti => below(0, column),
        _ => None,
    }
}

/// The plan with another operator at a place.
fn replaced(plan: Arc<dyn ExecutionPlan>, path: &[usize], operator: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let [child, path @ ..] = path else { return Ok(operator) };
    let mut children: Vec<_> = plan.children().into_iter().cloned().collect();
    children[*child] = replaced(children[*child].clone(), path, operator)?;
    replace_children_if_necessary(plan, children)
}

/// Whether an expression throws for no row.
fn harmless(expression: &Arc<dyn PhysicalExpr>, schema: &Schema) -> bool {
    let itself = match expression.downcast_ref::<ScalarFunctionExpr>() {
        Some(call) => never_throws(call, schema),
        None => {
            expression.is::<Column>()
                || expression.is::<Literal>()
                || expression.is::<BinaryExpr>()
                || expression.is::<CaseExpr>()
                || expression.is::<InListExpr>()
                || expression.is::<IsNullExpr>()
                || expression.is::<IsNotNullExpr>()
                || expression.is::<NotExpr>()
                || expression.downcast_ref::<CastExpr>().is_some_and(|cast| widens(cast, schema))
                // It has been evaluated on all values that there are.
                || expression.is::<MemoExpr>()
                || expression.downcast_ref::<ByEntry>().is_some_and(|entries| {
                    let (condition, schema) = entries.condition();
                    harmless(condition, schema)
                })
        }
    };
    itself && expression.children().into_iter().all(|child| harmless(child, schema))
}

/// Whether every value has one of the other type.
fn widens(cast: &CastExpr, schema: &Schema) -> bool {
    let Ok(from) = cast.expr().data_type(schema) else { return false };
    match cast.cast_type() {
        DataType::Utf8 => text(&from) == &DataType::Utf8,
        DataType::Float64 => from.is_integer() || from.is_floating(),
        DataType::Int64 => from.is_integer() && from != DataType::UInt64,
        to => *to == from,
    }
}

impl PhysicalOptimizerRule for KeyFilters {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        self.apply(plan)
    }

    fn name(&self) -> &str {
        "key-filters"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
