//! Broadcast or shuffle, and which side is built, decided by agreed sizes.
//!
//! With p ranks a broadcast of side S moves S·(p−1) bytes, a shuffle of both (S+L)·(p−1)/p in p·(p−1) messages. Where ranks are a grid of
//! g groups of m, a broadcast moves as much (the doors hand on), a shuffle twice as much, (S+L)·((g−1)/g + (m−1)/m), in p·(g+m−2) messages.
//! A broadcast is worth more than that: the large side stays in place, keeps its order of rows and is read while the small one is built.
//! A semi join that keeps few rows broadcasts their keys instead.
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, JoinType, Result};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_expr::PhysicalExprRef;
use datafusion::physical_expr::expressions::{Column, cast};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PartitionMode, SortMergeJoinExec};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

use crate::operators::{MemoryExec, ScanExec, SemiFilterExec};
use crate::planner::{ChosenFor, Way};
use crate::spool::SpoolExec;

/// A build side is held by every rank: beyond this it is partitioned whatever the other side's size.
const LARGEST_BROADCAST: usize = 64 << 20;

/// Bytes of a key, about.
const KEY_BYTES: usize = 16;

/// Bytes that a message costs beside its own, at least.
const MESSAGE_COST: usize = 256;

/// The same in two hops, where rows wait for a door before they go on: what is sent in 32 µs at 125 MB/s.
const RELAYED_COST: usize = 4096;

/// A build side of at most so many bytes is no reason to sort the other side, however little memory there is.
const SURELY_SMALL: usize = 1 << 20;

#[derive(Debug)]
pub struct ChooseJoin {
    chosen_for: ChosenFor,
    way: Way,
}

impl ChooseJoin {
    pub fn new(chosen_for: ChosenFor, way: Way) -> Self {
        Self { chosen_for, way }
    }

    fn choose(&self, join: &HashJoinExec) -> Result<Arc<dyn ExecutionPlan>> {
        if self.way == Way::Merging {
            return merged(join);
        }
        if let Some(kept) = few_kept(join)? {
            return Ok(kept);
        }
        let (left, right) = (bytes(join.left())?, bytes(join.right())?);
        let worth = |build: Option<usize>, probe: Option<usize>| match build {
            Some(build) if build <= LARGEST_BROADCAST => {
                let probe = probe.unwrap_or(usize::MAX / 2);
                let partitions = self.chosen_for.ranks.partitions();
                let (hops, spoken_to, cost) = match self.chosen_for.grid {
                    Some(grid) => (2, grid.groups() + grid.longest() - 2, RELAYED_COST),
                    None => (1, partitions - 1, MESSAGE_COST),
                };
                let messages = cost * partitions * spoken_to;
                build.saturating_mul(partitions - 1) <= build.saturating_add(probe).saturating_mul(hops).saturating_add(messages)
            }
            _ => false,
        };
        let keep_left = worth(left, right) && replicable(*join.join_type());
        let keep_right = worth(right, left) && replicable(join.join_type().swap());
        let right_smaller = right.unwrap_or(usize::MAX) < left.unwrap_or(usize::MAX);
        match (keep_left, keep_right) {
            (_, true) if right_smaller || !keep_left => join.swap_inputs(PartitionMode::CollectLeft),
            (true, _) => join.builder().with_partition_mode(PartitionMode::CollectLeft).build_exec(),
            _ if right_smaller => join.swap_inputs(PartitionMode::Partitioned),
            _ => join.builder().with_partition_mode(PartitionMode::Partitioned).build_exec(),
        }
    }
}

/// A semi or anti join that keeps rows of a table that is much smaller than the one it looks into.
fn few_kept(join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let (Some(kept), Some(other)) = (rows(join.left())?, rows(join.right())?) else { return Ok(None) };
    // Keys alone go to all ranks, however wide their rows are.
    if kept > other / 2 || kept.saturating_mul(KEY_BYTES * join.on().len()) > LARGEST_BROADCAST {
        return Ok(None);
    }
    SemiFilterExec::try_new(join)?.map(|semi| projected(join, Arc::new(semi))).transpose()
}

/// A side that surely is small is broadcast as ever; of other joins both sides are sorted, on disk where memory ends.
fn merged(join: &HashJoinExec) -> Result<Arc<dyn ExecutionPlan>> {
    let small = |side: &Arc<dyn ExecutionPlan>| at_most(side).is_some_and(|rows| rows.saturating_mul(row_bytes(side)) <= SURELY_SMALL);
    if small(join.left()) && replicable(*join.join_type()) {
        return join.builder().with_partition_mode(PartitionMode::CollectLeft).build_exec();
    }
    if small(join.right()) && replicable(join.join_type().swap()) {
        return join.swap_inputs(PartitionMode::CollectLeft);
    }
    let on = match join.join_type() {
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => join.on().to_vec(),
        _ => join.on().iter().map(|(left, right)| Ok((comparable(left, join.left())?, comparable(right, join.right())?))).collect::<Result<_>>()?,
    };
    let merge = SortMergeJoinExec::try_new(
        join.left().clone(),
        join.right().clone(),
        on,
        join.filter().map(of_unmatched),
        *join.join_type(),
        vec![SortOptions::default(); join.on().len()],
        join.null_equality(),
    )?;
    projected(join, Arc::new(merge))
}

/// A key of a semi or anti join as one of the types that DataFusion's merge compares in these: what is equal and what comes first is the same.
fn comparable(key: &PhysicalExprRef, side: &Arc<dyn ExecutionPlan>) -> Result<PhysicalExprRef> {
    let own = key.data_type(&side.schema())?;
    let compared = match &own {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, None),
        DataType::Time32(_) => DataType::Int32,
        DataType::Time64(_) | DataType::Duration(_) => DataType::Int64,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => DataType::Decimal128(*precision, *scale),
        // Texts in another order, of both sides.
        DataType::Decimal256(..) => DataType::Utf8,
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        _ => return Ok(key.clone()),
    };
    cast(key.clone(), &side.schema(), compared)
}

/// The filter as a merge asks it: of rows without a match as well, whose other side is null.
fn of_unmatched(filter: &JoinFilter) -> JoinFilter {
    let fields = filter.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    JoinFilter::new(filter.expression().clone(), filter.column_indices().to_vec(), Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// What the join gives of `rows`, which have the columns of the join without its projection.
fn projected(join: &HashJoinExec, rows: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(columns) = &join.projection else { return Ok(rows) };
    let schema = rows.schema();
    let output = columns.iter().map(|&index| {
        let name = schema.field(index).name();
        ProjectionExpr { expr: Arc::new(Column::new(name, index)), alias: name.clone() }
    });
    Ok(Arc::new(ProjectionExec::try_new(output.collect::<Vec<_>>(), rows)?))
}

/// A bound of the number of rows, no estimate; None where rows can multiply or nothing is known.
fn at_most(plan: &Arc<dyn ExecutionPlan>) -> Option<usize> {
    let (leaf, fewer) = (
        plan.is::<ScanExec>() || plan.is::<MemoryExec>() || plan.is::<SpoolExec>(),
        plan.is::<FilterExec>() || plan.is::<ProjectionExec>() || plan.is::<AggregateExec>() || plan.is::<SortExec>(),
    );
    match plan.children().as_slice() {
        [] if leaf => rows(plan).ok()?,
        [input] if fewer => at_most(input),
        _ => None,
    }
}

/// Bytes of a row, about.
fn row_bytes(plan: &Arc<dyn ExecutionPlan>) -> usize {
    plan.schema().fields().iter().map(|field| field.data_type().primitive_width().unwrap_or(64)).sum::<usize>().max(1)
}

/// Whether every rank may hold the whole build side: not where unmatched or matched build rows come out, which would
/// then come out on every rank.
pub fn replicable(join: JoinType) -> bool {
    matches!(join, JoinType::Inner | JoinType::Right | JoinType::RightSemi | JoinType::RightAnti)
}

/// The estimated number of rows; None when nothing is known.
pub fn rows(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<usize>> {
    let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new())?;
    Ok(statistics.num_rows.get_value().copied())
}

/// The estimated size of a table; None when nothing is known.
fn bytes(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<usize>> {
    let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new())?;
    let known = statistics.total_byte_size.get_value().copied();
    let width = 16 * plan.schema().fields().len().max(1);
    Ok(known.or_else(|| statistics.num_rows.get_value().map(|rows| rows.saturating_mul(width))))
}

impl PhysicalOptimizerRule for ChooseJoin {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
                return self.choose(join).map(Transformed::yes);
            }
            // Without keys the left side is held by every rank: the smaller one, as far as is known.
            let smaller = |right, left| Ok::<_, DataFusionError>(bytes(right)?.unwrap_or(usize::MAX) < bytes(left)?.unwrap_or(usize::MAX));
            match (plan.downcast_ref::<CrossJoinExec>(), plan.downcast_ref::<NestedLoopJoinExec>()) {
                (Some(join), _) if smaller(join.right(), join.left())? => join.swap_inputs().map(Transformed::yes),
                (_, Some(join)) if smaller(join.right(), join.left())? => join.swap_inputs().map(Transformed::yes),
                _ => Ok(Transformed::no(plan)),
            }
        })
        .data()
    }

    fn name(&self) -> &str {
        "choose_join"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use arrow::datatypes::TimeUnit;
    use datafusion::common::NullEquality;
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::execution::TaskContext;
    use datafusion::physical_plan::collect;

    use super::*;

    /// A batch a row: groups of keys go over batches, which is where a merge of this kind compares them by itself.
    fn input(values: &[i64], data_type: &DataType) -> Arc<dyn ExecutionPlan> {
        let batch = |value: i64| {
            let small = arrow::compute::cast(&Int64Array::from(vec![value]), &DataType::Int32).unwrap();
            let of = if matches!(data_type, DataType::Time32(_)) { small } else { Arc::new(Int64Array::from(vec![value])) as ArrayRef };
            RecordBatch::try_from_iter([("key", arrow::compute::cast(&of, data_type).unwrap())]).unwrap()
        };
        let batches: Vec<_> = values.iter().map(|value| batch(*value)).collect();
        MemorySourceConfig::try_new_exec(&[batches.clone()], batches[0].schema(), None).unwrap()
    }

    #[tokio::test]
    async fn keys_of_every_type_are_merged() {
        let types = [
            DataType::Int64,
            DataType::Utf8,
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            DataType::Time32(TimeUnit::Millisecond),
            DataType::Time64(TimeUnit::Microsecond),
            DataType::Duration(TimeUnit::Millisecond),
            DataType::Decimal64(10, 2),
            DataType::Decimal256(50, 2),
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        ];
        for data_type in types {
            let on = || Arc::new(Column::new("key", 0)) as PhysicalExprRef;
            for (kind, expected) in [(JoinType::Inner, 5), (JoinType::LeftSemi, 3), (JoinType::LeftAnti, 1), (JoinType::RightSemi, 3), (JoinType::RightAnti, 1)] {
                let (left, right) = (input(&[1, 2, 2, 3], &data_type), input(&[1, 2, 2, 4], &data_type));
                let join = HashJoinExec::try_new(left, right, vec![(on(), on())], None, &kind, None, PartitionMode::Partitioned, NullEquality::NullEqualsNothing, false).unwrap();
                let rows = collect(merged(&join).unwrap(), Arc::new(TaskContext::default())).await;
                let rows: usize = rows.unwrap_or_else(|error| panic!("{kind} by {data_type}: {error}")).iter().map(RecordBatch::num_rows).sum();
                assert_eq!(rows, expected, "{kind} by {data_type}");
            }
        }
    }
}
