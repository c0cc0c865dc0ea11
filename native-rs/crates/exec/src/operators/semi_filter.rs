//! A semi or anti join whose kept side is the smaller one: its keys go to every rank, the other side is looked at where it is,
//! and nothing of it moves or stays in memory.
//!
//! ```text
//! kept   rank 0 ─ buffer, keys ┐                    ┌─ look at other, rank 0: keys found ┐             ┌► rows with a found key
//!        rank 1 ─ buffer, keys ┴─ all keys (all) ───┴─ look at other, rank 1: keys found ┴─ or (all) ──┴► …
//! ```
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;
use bytes::Bytes;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, NullEquality, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, Statistics};
use futures::{StreamExt, TryStreamExt};
use lockstep_comm::OpKind;

use super::waiting::{self, Waiting};
use super::{Start, Traffic, plan_methods, streaming};
use crate::exchange::queue::{Gate, Queue};
use crate::keys::{Key, KeySet, LocalKeys};
use crate::run::Run;

#[derive(Debug, Clone)]
pub struct SemiFilterExec {
    kept: Arc<dyn ExecutionPlan>,
    other: Arc<dyn ExecutionPlan>,
    /// Pairs of equal type, of kept and other.
    on: Vec<(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)>,
    /// Rows without an equal one are kept.
    anti: bool,
    /// The kept rows, until it is known which keys were found.
    waiting: Arc<Waiting<Found>>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

/// The keys of all kept rows and, a bit each, which of them the other side has.
struct Found {
    keys: KeySet,
    bits: Vec<AtomicU64>,
    /// Of the keys.
    #[expect(dead_code, reason = "held as long as they are")]
    memory: MemoryReservation,
}

impl Found {
    fn new(keys: KeySet, memory: MemoryReservation) -> Self {
        let bits = (0..keys.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { keys, bits, memory }
    }

    fn mark(&self, index: usize) {
        let (word, bit) = (&self.bits[index / 64], 1 << (index % 64));
        // Most are marked already, and a word that is only read is in the caches of all threads.
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn is_marked(&self, index: usize) -> bool {
        self.bits[index / 64].load(Ordering::Relaxed) & (1 << (index % 64)) != 0
    }

    fn to_bytes(&self) -> Bytes {
        self.bits.iter().flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect::<Vec<_>>().into()
    }

    fn merge(&self, all: &[Bytes]) {
        for bytes in all {
            let words = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
            for (bits, word) in self.bits.iter().zip(words) {
                bits.fetch_or(word, Ordering::Relaxed);
            }
        }
    }
}

impl SemiFilterExec {
    /// In the place of a join that keeps rows of its left side; None where it does more, or keys compare otherwise.
    pub fn try_new(join: &HashJoinExec) -> Result<Option<Self>> {
        let anti = match join.join_type() {
            JoinType::LeftSemi => false,
            JoinType::LeftAnti => true,
            _ => return Ok(None),
        };
        let (kept, other) = (join.left().clone(), join.right().clone());
        if join.filter().is_some() || join.null_equality() != NullEquality::NullEqualsNothing || join.null_aware {
            return Ok(None);
        }
        for (left, right) in join.on() {
            if left.data_type(&kept.schema())? != right.data_type(&other.schema())? {
                return Ok(None);
            }
        }
        Ok(Some(Self::new(kept, other, join.on().to_vec(), anti, u64::MAX)))
    }

    fn new(
        kept: Arc<dyn ExecutionPlan>,
        other: Arc<dyn ExecutionPlan>,
        on: Vec<(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)>,
        anti: bool,
        id: u64,
    ) -> Self {
        let properties = streaming(kept.equivalence_properties().clone(), kept.output_partitioning().clone());
        Self { kept, other, on, anti, waiting: Arc::new(Waiting::new(id)), metrics: Default::default(), properties }
    }

    /// The same with numbers in the plan: `id` for the keys, `id` + 1 for what was found.
    pub fn distributed(&self, id: u64) -> Self {
        Self::new(self.kept.clone(), self.other.clone(), self.on.clone(), self.anti, id)
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let other = children.swap_remove(1);
        Self::new(children.swap_remove(0), other, self.on.clone(), self.anti, self.waiting.id())
    }

    pub fn kept(&self) -> &Arc<dyn ExecutionPlan> {
        &self.kept
    }

    fn key(&self, side: impl Fn(&(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)) -> Arc<dyn PhysicalExpr>) -> Result<Key> {
        let schema = self.kept.schema();
        let types: Vec<DataType> = self.on.iter().map(|(left, _)| left.data_type(&schema)).collect::<Result<_>>()?;
        Key::new(self.on.iter().map(side).collect(), &types)
    }
}

impl Start for SemiFilterExec {
    fn id(&self) -> u64 {
        self.waiting.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::agreements(2)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        let mut collecting = vec![];
        for partition in run.ranks.local(self.kept.output_partitioning().partition_count()) {
            let gate = Gate::whole();
            let (buffer, rows) = Queue::new("SemiFilterExec", &gate, self.schema(), context, &self.metrics, partition);
            self.waiting.hold(partition, rows);
            let mut input = self.kept.execute(partition, context.clone())?;
            let (mut key, mut keys) = (self.key(|(left, _)| left.clone())?, LocalKeys::default());
            let memory = MemoryConsumer::new("SemiFilterExec").register(context.memory_pool());
            collecting.push(async move {
                while let Some(batch) = input.try_next().await? {
                    keys.extend(&mut key, &batch)?;
                    memory.try_resize(keys.bytes())?;
                    buffer.push(batch)?;
                }
                buffer.finish();
                Result::<_>::Ok((keys, memory))
            });
        }
        let collecting = waiting::all(run, collecting);
        // Taken now, though read later: what nobody has taken when a rank has no more to do is closed.
        let mut others = vec![];
        for partition in run.ranks.local(self.other.output_partitioning().partition_count()) {
            let metrics = BaselineMetrics::new(&self.metrics, partition);
            others.push((self.other.execute(partition, context.clone())?, self.key(|(_, right)| right.clone())?, metrics));
        }
        let memory = MemoryConsumer::new("SemiFilterExec").register(context.memory_pool());
        let (waiting, agreeing, id) = (self.waiting.clone(), run.clone(), offset + self.waiting.id());
        run.spawn(async move {
            let Some(mine) = collecting.await else { return Ok(()) };
            let all = agreeing.agree(id, OpKind::Allgather, LocalKeys::encode(mine.iter().map(|(keys, _)| keys)).into()).await?;
            drop(mine);
            memory.try_resize(KeySet::bytes(&all))?;
            let found = Arc::new(Found::new(KeySet::new(&all), memory));
            drop(all);
            if found.keys.len() > 0 {
                let looking = others.into_iter().map(|(rows, key, metrics)| look(rows, key, metrics, found.clone())).collect();
                let Some(_) = waiting::all(&agreeing, looking).await else { return Ok(()) };
                found.merge(&agreeing.agree(id + 1, OpKind::Allgather, found.to_bytes()).await?);
            }
            waiting.tell(found);
            Ok(())
        });
        Ok(())
    }

    fn abandon(&self) {
        self.waiting.abandon();
    }
}

/// Marks the keys that the rows of the other side have.
async fn look(mut rows: SendableRecordBatchStream, mut key: Key, metrics: BaselineMetrics, found: Arc<Found>) -> Result<()> {
    while let Some(batch) = rows.try_next().await? {
        let timer = metrics.elapsed_compute().timer();
        key.each(&batch, &mut |_, key| {
            if let Some(index) = key.and_then(|key| found.keys.index_of(key)) {
                found.mark(index);
            }
        })?;
        timer.done();
    }
    Ok(())
}

/// Of kept rows those that stay.
fn kept(batch: &RecordBatch, key: &mut Key, anti: bool, found: &Found) -> Result<RecordBatch> {
    let mut keep = vec![anti; batch.num_rows()];
    key.each(batch, &mut |row, key| {
        if key.and_then(|key| found.keys.index_of(key)).is_some_and(|index| found.is_marked(index)) {
            keep[row] = !anti;
        }
    })?;
    Ok(filter_record_batch(batch, &BooleanArray::from(keep))?)
}

impl DisplayAs for SemiFilterExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.anti { "without" } else { "with" };
        let on: Vec<String> = self.on.iter().map(|(left, right)| format!("({left}, {right})")).collect();
        write!(f, "SemiFilterExec: rows {kind} an equal, on=[{}]", on.join(", "))
    }
}

impl ExecutionPlan for SemiFilterExec {
    plan_methods!("SemiFilterExec", [kept, other]);

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true, false]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.on.iter().flat_map(|(left, right)| [left, right]), f)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (mut key, anti) = (self.key(|(left, _)| left.clone())?, self.anti);
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let rows = self.waiting.stream(partition, move |rows, found| {
            let rows = rows.map(move |batch| {
                let timer = metrics.elapsed_compute().timer();
                let kept = kept(&batch?, &mut key, anti, &found)?;
                timer.done();
                metrics.record_output(kept.num_rows());
                Ok(kept)
            });
            rows.boxed()
        })?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    /// At most what is kept.
    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(Arc::new(inputs[0].as_ref().clone().to_inexact()))
    }
}
