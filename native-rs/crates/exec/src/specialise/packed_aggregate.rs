//! The rule that puts [`PackedAggregateExec`] in the place of a group-by with small-domain keys.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{JoinType, Result};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, Partitioning, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::domain::{Domain, domains};
use super::memo::MemoExpr;
use crate::operators::{Grouping, MOST_PARTITIONS, PackedAggregateExec, ScanExec};
use crate::packed::{AggregateKind, ArgKind, KeyCodec, KeyLayout, KeyValues};
use crate::run::Ranks;

/// Key values past this number are looked up in hash tables as well as anywhere.
const MAX_CARDINALITY: u64 = 1 << 32;

/// Group-bys whose keys all have known domains; sorts by those keys become their order.
pub fn pack_aggregates(plan: Arc<dyn ExecutionPlan>, ranks: Ranks) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_down(|plan| {
        if let Some(merge) = plan.downcast_ref::<SortPreservingMergeExec>()
            && merge.fetch().is_none()
            && let Some(sort) = merge.input().downcast_ref::<SortExec>()
            && sort.fetch().is_none()
            && let Some(ordered) = ordered(sort.input(), merge.expr(), ranks)?
        {
            // The merge stays: it says that the partitions are one sequence.
            return Ok(Transformed::yes(Arc::new(SortPreservingMergeExec::new(merge.expr().clone(), ordered)) as _));
        }
        if let Some(sort) = plan.downcast_ref::<SortExec>()
            && ranks.partitions() == 1
            && sort.fetch().is_none()
            && let Some(ordered) = ordered(sort.input(), sort.expr(), ranks)?
        {
            return Ok(Transformed::yes(ordered));
        }
        Ok(match packed(&plan, None, ranks)? {
            Some(packed) => Transformed::yes(packed),
            None => Transformed::no(plan),
        })
    })
    .data()?
    .transform_up(|plan| match plan.downcast_ref::<HashJoinExec>() {
        Some(join) if *join.partition_mode() == PartitionMode::Partitioned && ranks.partitions() > 1 => {
            let (left, right): (Vec<_>, Vec<_>) = join.on().iter().cloned().unzip();
            let children = vec![hashed(join.left(), left, ranks)?, hashed(join.right(), right, ranks)?];
            replace_children_if_necessary(plan, children).map(Transformed::yes)
        }
        _ => Ok(Transformed::no(plan)),
    })
    .data()
}

/// A side of a join by hash of its keys: the group-by that it may have had that from is packed, its groups in ranges.
fn hashed(
    side: &Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    ranks: Ranks,
) -> Result<Arc<dyn ExecutionPlan>> {
    if matches!(side.output_partitioning(), Partitioning::Hash(..)) {
        return Ok(side.clone());
    }
    Ok(Arc::new(RepartitionExec::try_new(side.clone(), Partitioning::Hash(keys, ranks.partitions()))?))
}

/// Whether the partitions of `plan`, one after another, are in the order that a sort of it would give.
pub fn is_ordered(plan: &Arc<dyn ExecutionPlan>) -> bool {
    match plan.downcast_ref::<ProjectionExec>() {
        Some(projection) => is_ordered(projection.input()),
        None => plan.is::<PackedAggregateExec>(),
    }
}

/// `plan` (projections over a group-by) made to give its rows in `order`.
fn ordered(plan: &Arc<dyn ExecutionPlan>, order: &LexOrdering, ranks: Ranks) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let mut keys = Vec::with_capacity(order.len());
    for sort in order {
        // Null and NaN first ascending, last descending: the order of codes.
        if sort.options.nulls_first == sort.options.descending {
            return Ok(None);
        }
        let Some(column) = plain_column(&sort.expr) else { return Ok(None) };
        keys.push((column, sort.options));
    }
    under_projections(plan, &keys, ranks)
}

fn under_projections(
    plan: &Arc<dyn ExecutionPlan>,
    keys: &[(usize, SortOptions)],
    ranks: Ranks,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(projection) = plan.downcast_ref::<ProjectionExec>() else { return packed(plan, Some(keys), ranks) };
    let mut below = Vec::with_capacity(keys.len());
    for (column, options) in keys {
        let Some(column) = plain_column(&projection.expr()[*column].expr) else { return Ok(None) };
        below.push((column, *options));
    }
    let Some(input) = under_projections(projection.input(), &below, ranks)? else { return Ok(None) };
    Ok(Some(Arc::new(ProjectionExec::try_new(projection.expr().to_vec(), input)?)))
}

/// The column behind an expression, if that is all it is; keys are wrapped to make equal floats bytewise equal, or to
/// order strings as JavaScript does, which codes do by themselves.
fn plain_column(expression: &Arc<dyn PhysicalExpr>) -> Option<usize> {
    unwrap_key(expression).downcast_ref::<Column>().map(Column::index)
}

fn unwrap_key(expression: &Arc<dyn PhysicalExpr>) -> &Arc<dyn PhysicalExpr> {
    match expression.downcast_ref::<ScalarFunctionExpr>() {
        Some(function) if matches!(function.fun().name(), "key" | "sort") => unwrap_key(&function.args()[0]),
        _ => expression,
    }
}

/// The packed form of a group-by; `order` are output columns that must come first in the key.
fn packed(
    plan: &Arc<dyn ExecutionPlan>,
    order: Option<&[(usize, SortOptions)]>,
    ranks: Ranks,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if ranks.partitions() > MOST_PARTITIONS {
        return Ok(None);
    }
    let Some((first, last)) = group_by(plan) else { return Ok(None) };
    let groups = first.group_expr();
    let plain = !groups.has_grouping_set() && !groups.is_empty() && first.filter_expr().iter().all(Option::is_none);
    if !plain || last.limit_options().is_some() {
        return Ok(None);
    }
    let mut input = first.input().clone();
    // Strings that a memo makes travel as codes of its labels.
    for (key, _) in groups.expr() {
        if let Some(column) = plain_column(key)
            && let Some(labelled) = with_labels(&input, column)?
        {
            input = labelled;
        }
    }
    let known = domains(&input);
    let schema = input.schema();
    let mut keys = vec![];
    for (key, _) in groups.expr() {
        let Some(column) = plain_column(key) else { return Ok(None) };
        let field = schema.field(column);
        let Some(codec) = codec(&known[column], field) else { return Ok(None) };
        keys.push((Arc::new(Column::new(field.name(), column)) as Arc<dyn PhysicalExpr>, codec));
    }
    let Some(places) = places(keys.len(), order, &mut keys) else { return Ok(None) };
    let Some((args, aggregates)) = aggregates(first, &schema)? else { return Ok(None) };
    let (columns, codecs): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    let Some(layout) = KeyLayout::new(codecs) else { return Ok(None) };
    let grouping = Grouping { keys: columns, layout, places, args, aggregates };
    Ok(Some(Arc::new(PackedAggregateExec::new(input, Arc::new(grouping), last.schema(), ranks, 0))))
}

/// The two ends of a group-by: the aggregation that reads rows and the one that writes groups.
fn group_by(plan: &Arc<dyn ExecutionPlan>) -> Option<(&AggregateExec, &AggregateExec)> {
    let last = plan.downcast_ref::<AggregateExec>()?;
    match last.mode() {
        AggregateMode::Single | AggregateMode::SinglePartitioned => Some((last, last)),
        AggregateMode::Final | AggregateMode::FinalPartitioned => {
            let mut below = last.input();
            if let Some(repartition) = below.downcast_ref::<RepartitionExec>() {
                below = repartition.input();
            } else if let Some(coalesce) = below.downcast_ref::<CoalescePartitionsExec>() {
                below = coalesce.input();
            }
            let first = below.downcast_ref::<AggregateExec>()?;
            (*first.mode() == AggregateMode::Partial).then_some((first, last))
        }
        _ => None,
    }
}

/// Puts the keys of `order` first, with their directions; returns where each output key went.
fn places(
    count: usize,
    order: Option<&[(usize, SortOptions)]>,
    keys: &mut Vec<(Arc<dyn PhysicalExpr>, KeyCodec)>,
) -> Option<Vec<usize>> {
    let mut sequence: Vec<usize> = vec![];
    for (column, options) in order.unwrap_or_default() {
        // An aggregate's column, or a key twice: not an order of the keys.
        if *column >= count {
            return None;
        }
        if !sequence.contains(column) {
            keys[*column].1.descending = options.descending;
            sequence.push(*column);
        }
    }
    // Ties would have to keep the order of the input.
    if order.is_some() && sequence.len() < count {
        return None;
    }
    sequence.extend((0..count).filter(|column| !sequence.contains(column)).collect::<Vec<_>>());
    *keys = sequence.iter().map(|column| keys[*column].clone()).collect();
    Some((0..count).map(|column| sequence.iter().position(|at| *at == column).expect("every key has a place")).collect())
}

fn codec(domain: &Domain, field: &Field) -> Option<KeyCodec> {
    if domain.count()? > MAX_CARDINALITY {
        return None;
    }
    let values = match domain {
        Domain::Unknown => return None,
        Domain::Boolean if *field.data_type() == DataType::Boolean => KeyValues::Boolean,
        Domain::Boolean => return None,
        Domain::Steps { min, stride, .. } => {
            // Integers wider than the codec reads, decimals, intervals: not yet.
            let readable = matches!(
                field.data_type(),
                DataType::Int8
                    | DataType::Int16
                    | DataType::Int32
                    | DataType::Int64
                    | DataType::UInt8
                    | DataType::UInt16
                    | DataType::UInt32
                    | DataType::Date32
                    | DataType::Timestamp(..)
                    | DataType::Float64
            );
            if !readable {
                return None;
            }
            KeyValues::Steps { min: *min, stride: *stride, count: domain.count()? }
        }
        Domain::Labels(labels) if matches!(field.data_type(), DataType::Dictionary(..)) => KeyValues::Labels(labels.clone()),
        Domain::Labels(_) => return None,
    };
    Some(KeyCodec { data_type: field.data_type().clone(), values, nullable: field.is_nullable(), descending: false })
}

/// The arguments and aggregates in packed form; None if one has none.
#[allow(clippy::type_complexity)]
fn aggregates(
    first: &AggregateExec,
    schema: &Schema,
) -> Result<Option<(Vec<(Arc<dyn PhysicalExpr>, ArgKind)>, Vec<AggregateKind>)>> {
    let mut args: Vec<(Arc<dyn PhysicalExpr>, ArgKind)> = vec![];
    let mut kinds = vec![];
    for aggregate in first.aggr_expr() {
        if aggregate.is_distinct() || !aggregate.order_bys().is_empty() {
            return Ok(None);
        }
        let expressions = aggregate.expressions();
        let name = aggregate.fun().name();
        if name == "count" {
            // Of rows: `count(1)`.
            let constant = expressions.iter().all(|expression| expression.is::<datafusion::physical_expr::expressions::Literal>());
            if !constant {
                return Ok(None);
            }
            kinds.push(AggregateKind::Count);
            continue;
        }
        let [argument] = expressions.as_slice() else { return Ok(None) };
        let data_type = argument.data_type(schema)?;
        let integer = matches!(data_type, DataType::Int64 | DataType::Int32 | DataType::Int16 | DataType::Int8)
            && !argument.nullable(schema)?;
        let mut arg = |kind: ArgKind| {
            let known = args.iter().position(|(known, of)| known.eq(argument) && *of == kind);
            known.unwrap_or_else(|| {
                args.push((argument.clone(), kind));
                args.len() - 1
            })
        };
        let float = data_type == DataType::Float64;
        kinds.push(match name {
            "mean" if float || integer => AggregateKind::Mean { arg: arg(ArgKind::Float) },
            "valid" if float => AggregateKind::Valid { arg: arg(ArgKind::Float) },
            "sum" if float => AggregateKind::Sum { arg: arg(ArgKind::Float) },
            "sum.int64" if integer => AggregateKind::Sum { arg: arg(ArgKind::Int) },
            "min" if float => AggregateKind::Min { arg: arg(ArgKind::Float) },
            "max" if float => AggregateKind::Max { arg: arg(ArgKind::Float) },
            "min" if integer => AggregateKind::Min { arg: arg(ArgKind::Int) },
            "max" if integer => AggregateKind::Max { arg: arg(ArgKind::Int) },
            _ => return Ok(None),
        });
    }
    Ok(Some((args, kinds)))
}

/// `plan` with its string column as a dictionary of labels, where a memo below makes it and nothing between looks at
/// it; None where that is not so.
fn with_labels(plan: &Arc<dyn ExecutionPlan>, column: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if !matches!(plan.schema().field(column).data_type(), DataType::Utf8) {
        return Ok(None);
    }
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        let mut outputs: Vec<ProjectionExpr> = projection.expr().to_vec();
        if let Some(memo) = unwrap_key(&outputs[column].expr).downcast_ref::<MemoExpr>() {
            let Some(labelled) = memo.as_labels() else { return Ok(None) };
            outputs[column].expr = Arc::new(labelled);
            return Ok(Some(Arc::new(ProjectionExec::try_new(outputs, projection.input().clone())?)));
        }
        let Some(below) = plain_column(&outputs[column].expr) else { return Ok(None) };
        let elsewhere = outputs.iter().enumerate().any(|(at, output)| at != column && reads(&output.expr, below));
        if elsewhere {
            return Ok(None);
        }
        let Some(input) = with_labels(projection.input(), below)? else { return Ok(None) };
        let name = input.schema().field(below).name().clone();
        outputs[column].expr = Arc::new(Column::new(&name, below));
        return Ok(Some(Arc::new(ProjectionExec::try_new(outputs, input)?)));
    }
    if let Some(scan) = plan.downcast_ref::<ScanExec>() {
        return Ok(scan.labelled(column)?.map(|scan| Arc::new(scan) as _));
    }
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        let place = filter.projection().as_ref().map_or(column, |columns| columns[column]);
        if reads(filter.predicate(), place) {
            return Ok(None);
        }
        let Some(input) = with_labels(filter.input(), place)? else { return Ok(None) };
        return replace_children_if_necessary(plan.clone(), vec![input]).map(Some);
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        // Which side the columns of a semijoin are of is another story.
        if !matches!(join.join_type(), JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full) {
            return Ok(None);
        }
        let place = join.projection.as_ref().map_or(column, |columns| columns[column]);
        let left_columns = join.left().schema().fields().len();
        let in_keys = join.on().iter().any(|(left, right)| {
            reads(left, place) && place < left_columns || place >= left_columns && reads(right, place - left_columns)
        });
        if in_keys || join.filter().is_some() {
            return Ok(None);
        }
        let (mut left, mut right) = (join.left().clone(), join.right().clone());
        if place < left_columns {
            let Some(labelled) = with_labels(&left, place)? else { return Ok(None) };
            left = labelled;
        } else {
            let Some(labelled) = with_labels(&right, place - left_columns)? else { return Ok(None) };
            right = labelled;
        }
        return Ok(Some(join.builder().with_new_children(vec![left, right])?.recompute_properties().build_exec()?));
    }
    Ok(None)
}

pub fn reads(expression: &Arc<dyn PhysicalExpr>, column: usize) -> bool {
    match expression.downcast_ref::<Column>() {
        Some(found) => found.index() == column,
        None => expression.children().into_iter().any(|child| reads(child, column)),
    }
}
