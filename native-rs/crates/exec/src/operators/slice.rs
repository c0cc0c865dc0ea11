//! Rows start..end of a table whose partitions come one after another in order, as `Array.slice`.
//!
//! ```text
//! partition 0 ─ buffer, count ┐                       ┌► the part of start..end that lies in 0..n₀
//! partition 1 ─ buffer, count ┼─ agree on all counts ─┼► … in n₀..n₀+n₁
//! partition 2 ─ buffer, count ┘                       └► …
//! ```
//! With a positive end no partition reads further than `end` rows.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, LexOrdering, OrderingRequirements, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, future};
use lockstep_comm::OpKind;

use super::waiting::{self, Waiting};
use super::{QueryExec, Start, Traffic, plan_methods, streaming};
use crate::exchange::queue::{Gate, Queue, QueueStream};
use crate::run::Run;

#[derive(Debug, Clone)]
pub struct SliceExec {
    input: Arc<dyn ExecutionPlan>,
    start: i64,
    end: Option<i64>,
    ordering: Option<LexOrdering>,
    counted: Arc<Counted>,
    properties: Arc<PlanProperties>,
}

impl SliceExec {
    /// `input` comes in table order, which is `ordering` unless it is the files', as one partition or, once distributed, as
    /// a sequence of them.
    pub fn new(input: Arc<dyn ExecutionPlan>, start: i64, end: Option<i64>, ordering: Option<LexOrdering>, partitions: usize) -> Self {
        let mut equivalence = input.equivalence_properties().clone();
        equivalence.clear_per_partition_constants();
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(partitions));
        let input = narrowed(input, start, end, &ordering);
        Self { input, start, end, ordering, counted: Arc::default(), properties }
    }

    /// The number of first rows that it takes its rows from, if the bounds say it.
    pub fn first(&self) -> Option<usize> {
        self.end.filter(|_| self.start >= 0).and_then(|end| usize::try_from(end).ok())
    }

    /// The same with a number in the plan.
    pub fn distributed(&self, id: u64) -> Self {
        Self { counted: Arc::new(Counted::new(id)), ..self.clone() }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self { input: narrowed(children.swap_remove(0), self.start, self.end, &self.ordering), ..self.clone() }
    }
}

/// A database need not send what lies behind the last row.
fn narrowed(input: Arc<dyn ExecutionPlan>, start: i64, end: Option<i64>, ordering: &Option<LexOrdering>) -> Arc<dyn ExecutionPlan> {
    let last = end.and_then(|end| u64::try_from(end).ok()).filter(|_| start >= 0 && ordering.is_none());
    match (input.downcast_ref::<QueryExec>(), last) {
        (Some(query), Some(rows)) => Arc::new(query.limited(rows)),
        _ => input,
    }
}

/// `Array.prototype.slice`'s bounds in a table of `total` rows.
fn bounds(start: i64, end: Option<i64>, total: u64) -> Range<u64> {
    let place = |index: i64| match u64::try_from(index) {
        Ok(index) => index.min(total),
        Err(_) => total.saturating_sub(index.unsigned_abs()),
    };
    place(start)..end.map_or(total, place)
}

/// The most rows that can lie between the bounds, if they say it.
fn most(start: i64, end: Option<i64>) -> Option<usize> {
    let rows = match end {
        Some(end) if (start < 0) == (end < 0) => end.saturating_sub(start).max(0),
        Some(end) if start < 0 => end.min(start.saturating_neg()),
        None if start < 0 => start.saturating_neg(),
        _ => return None,
    };
    usize::try_from(rows).ok()
}

impl Start for SliceExec {
    fn id(&self) -> u64 {
        self.counted.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::agreements(1)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        let enough = self.first().map(|rows| rows as u64);
        self.counted.start(&self.input, enough, run, offset, context)
    }

    fn abandon(&self) {
        self.counted.abandon();
    }
}

impl DisplayAs for SliceExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            Some(end) => write!(f, "SliceExec: rows {}..{end}", self.start),
            None => write!(f, "SliceExec: rows {}..", self.start),
        }
    }
}

impl ExecutionPlan for SliceExec {
    plan_methods!("SliceExec", [input]);

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.ordering.clone().map(OrderingRequirements::from)]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (start, end) = (self.start, self.end);
        let rows = self.counted.stream(partition, move |rows, before, total| {
            let wanted = bounds(start, end, total);
            let skip = wanted.start.saturating_sub(before);
            let stop = wanted.end.saturating_sub(before);
            within(rows, skip..stop)
        })?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.counted.metrics().clone_inner())
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let rows = inputs[0].num_rows.get_value().copied().into_iter().chain(most(self.start, self.end)).min();
        let num_rows = rows.map_or(Precision::Absent, Precision::Inexact);
        Ok(Arc::new(Statistics { num_rows, ..Statistics::new_unknown(&self.schema()) }))
    }
}

/// The rows of a stream whose index is in `wanted`.
fn within(rows: QueueStream, wanted: Range<u64>) -> BoxStream<'static, Result<RecordBatch>> {
    let mut at = 0;
    rows.map_ok(move |batch| {
        let rows = batch.num_rows() as u64;
        let first = wanted.start.clamp(at, at + rows) - at;
        let last = wanted.end.clamp(at + first, at + rows) - at;
        at += rows;
        batch.slice(first as usize, (last - first) as usize)
    })
    .try_filter(|batch| future::ready(batch.num_rows() > 0))
    .boxed()
}

/// Partitions read to their ends, so that every row's place in the table is known: the counts of all partitions.
#[derive(Debug, Default)]
pub(super) struct Counted {
    waiting: Waiting<Vec<u64>>,
    metrics: ExecutionPlanMetricsSet,
}

impl Counted {
    pub fn new(id: u64) -> Self {
        Self { waiting: Waiting::new(id), metrics: Default::default() }
    }

    pub fn id(&self) -> u64 {
        self.waiting.id()
    }

    pub fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    pub fn abandon(&self) {
        self.waiting.abandon();
    }

    /// Reads this rank's partitions of `input`, each up to `enough` rows, and agrees on the counts.
    pub fn start(
        self: &Arc<Self>,
        input: &Arc<dyn ExecutionPlan>,
        enough: Option<u64>,
        run: &Arc<Run>,
        offset: u64,
        context: &Arc<TaskContext>,
    ) -> Result<()> {
        let mut counting = vec![];
        for partition in run.ranks.local(input.output_partitioning().partition_count()) {
            let gate = Gate::whole();
            let (buffer, rows) = Queue::new("SliceExec", &gate, input.schema(), context, &self.metrics, partition);
            self.waiting.hold(partition, rows);
            let mut input = input.execute(partition, context.clone())?;
            counting.push(async move {
                let mut rows = 0;
                while enough.is_none_or(|enough| rows < enough)
                    && let Some(batch) = input.try_next().await?
                {
                    rows += batch.num_rows() as u64;
                    buffer.push(batch)?;
                }
                buffer.finish();
                Result::<_>::Ok(rows)
            });
        }
        let counting = waiting::all(run, counting);
        let (this, agreeing, id) = (self.clone(), run.clone(), offset + self.id());
        run.spawn(async move {
            let Some(mine) = counting.await else { return Ok(()) };
            let bytes: Vec<u8> = mine.into_iter().flat_map(u64::to_le_bytes).collect();
            let all = agreeing.agree(id, OpKind::Allgather, Bytes::from(bytes)).await?;
            let words = all.iter().flat_map(|bytes| bytes.as_chunks::<8>().0);
            this.waiting.tell(Arc::new(words.map(|word| u64::from_le_bytes(*word)).collect()));
            Ok(())
        });
        Ok(())
    }

    /// What `make` makes of a partition's rows, the number of rows before them, and of all.
    pub fn stream(
        &self,
        partition: usize,
        make: impl FnOnce(QueueStream, u64, u64) -> BoxStream<'static, Result<RecordBatch>> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.waiting.stream(partition, move |rows, counts| make(rows, counts[..partition].iter().sum(), counts.iter().sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::{bounds, most};

    #[test]
    fn bounds_are_those_of_array_slice() {
        let cases = [((0, Some(2)), 0..2), ((-2, None), 3..5), ((1, Some(-1)), 1..4), ((7, None), 5..5), ((-9, Some(9)), 0..5)];
        for ((start, end), expected) in cases.clone() {
            assert_eq!(bounds(start, end, 5), expected);
        }
        assert!(bounds(4, Some(2), 5).is_empty());
        // However long the table is, no more rows than that.
        for (start, end) in cases.map(|(bounds, _)| bounds) {
            let longest = (0..20).map(|total| bounds(start, end, total)).map(|rows| rows.end.saturating_sub(rows.start)).max();
            assert!(most(start, end).is_none_or(|most| Some(most as u64) == longest), "{start} {end:?}");
        }
    }
}
