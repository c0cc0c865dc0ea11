//! Rows to partitions by ranges of the sort keys: partition i's rows all come before partition i + 1's, and sorting
//! each partition sorts the table. No partition gets more than its share, however the keys are distributed.
//!
//! ```text
//! partition 0 ─ buffer ─┬ sample ┐                          ┌► keys < a
//! partition 1 ─ buffer ─┼ sample ┼─ agree on a, b (all) ────┼► a ≤ keys < b
//! partition 2 ─ buffer ─┴ sample ┘  then replay the buffer  └► b ≤ keys
//! ```
//!
//! Keys that repeat are no exception: the planner ends the keys of a sort that has ties with the rows' positions.
//!
//! Sample sort (Blelloch et al. 1991): splitters are quantiles of samples of the whole input, so every source is
//! read to its end first; its rows wait in memory, or on disk. Rows are sampled at jittered strides with a fixed seed.
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{BatchCoalescer, take_arrays};
use arrow::row::{RowConverter, SortField};
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};
use lockstep_comm::OpKind;
use tokio::sync::watch;

use super::{Start, Traffic, plan_methods, streaming, waiting};
use crate::exchange::queue::{Gate, Queue};
use crate::exchange::{Exchange, Routed, Router, Shape};
use crate::planner::physical::BATCH_ROWS;
use crate::run::{Ranks, Run};

/// Samples a source keeps at least, if it has so many rows. With p partitions the largest exceeds its share by 10 %
/// with probability < 0.1 % for p ≤ 16.
const SAMPLES: usize = 2048;

/// Samples of all sources together, which every rank sees, at the least, and up to twice as many: thousands of sources keep fewer each.
/// With 10,000 partitions the largest has up to 1.6 times its share, and a rank holds 50 MB of samples of 18 bytes.
const ALL_SAMPLES: usize = 1 << 19;

#[derive(Debug, Clone)]
pub struct RangeShuffleExec {
    input: Arc<dyn ExecutionPlan>,
    ordering: LexOrdering,
    ranks: Ranks,
    exchange: Arc<Exchange>,
    properties: Arc<PlanProperties>,
}

impl RangeShuffleExec {
    /// Uses two operation ids: `id` for the exchange, `id` + 1 for the splitters.
    pub fn new(input: Arc<dyn ExecutionPlan>, ordering: LexOrdering, ranks: Ranks, id: u64) -> Self {
        let mut equivalence = input.equivalence_properties().clone();
        equivalence.clear_orderings();
        equivalence.clear_per_partition_constants();
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(ranks.partitions()));
        let exchange = Arc::new(Exchange::new(id, "RangeShuffleExec", OpKind::Shuffle, Shape::Scatter));
        Self { input, ordering, ranks, exchange, properties }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self::new(children.swap_remove(0), self.ordering.clone(), self.ranks, self.exchange.id())
    }

    fn keys(&self) -> Result<Keys> {
        let schema = self.input.schema();
        let field = |sort: &datafusion::physical_expr::PhysicalSortExpr| -> Result<SortField> {
            Ok(SortField::new_with_options(sort.expr.data_type(&schema)?, sort.options))
        };
        let fields = self.ordering.iter().map(field).collect::<Result<Vec<_>>>()?;
        let expressions = self.ordering.iter().map(|sort| sort.expr.clone()).collect();
        Ok(Keys { expressions, converter: RowConverter::new(fields)? })
    }
}

impl Start for RangeShuffleExec {
    fn id(&self) -> u64 {
        self.exchange.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::exchange(Shape::Scatter).and(1)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        let of = self.input.output_partitioning().partition_count();
        let (local, partitions) = (self.ranks.local(of), self.ranks.partitions());
        let (announce, splitters) = watch::channel(None);
        let mut collectors = vec![];
        let mut sources: Vec<(usize, SendableRecordBatchStream, Box<dyn Router>)> = vec![];
        for partition in local {
            // Nobody reads the buffer before the input has ended, so it has no limit but the disk.
            let gate = Gate::whole();
            let (buffer, replay) =
                Queue::new("RangeShuffleExec", &gate, self.schema(), context, self.exchange.metrics(), partition);
            let mut input = self.input.execute(partition, context.clone())?;
            let keys = self.keys()?;
            collectors.push(async move {
                let mut sampler = Sampler::new(keys, partition as u64, SAMPLES.min(ALL_SAMPLES / partitions + 1));
                while let Some(batch) = input.try_next().await? {
                    sampler.see(&batch)?;
                    buffer.push(batch)?;
                }
                buffer.finish();
                Result::<_>::Ok(sampler.finish())
            });
            let mut decided: watch::Receiver<Option<Arc<Splitters>>> = splitters.clone();
            let router = RangeRouter { keys: self.keys()?, splitters: splitters.clone() };
            let replay = stream::once(async move {
                if decided.wait_for(Option::is_some).await.is_err() {
                    // The agreement failed, which ends the execution.
                    return futures::future::pending().await;
                }
                replay
            });
            let replay = RecordBatchStreamAdapter::new(self.schema(), replay.flatten());
            sources.push((partition, Box::pin(replay), Box::new(router)));
        }
        self.exchange.start(run, offset, context, &self.schema(), of, sources)?;

        let (id, agreeing) = (offset + self.exchange.id() + 1, run.clone());
        let collected = waiting::all(run, collectors);
        run.spawn(async move {
            let Some(samples) = collected.await else { return Ok(()) };
            let mine = encode_samples(&samples);
            let all = agreeing.agree(id, OpKind::Sample, mine).await?;
            announce.send_replace(Some(Arc::new(Splitters::choose(&all, partitions))));
            Ok(())
        });
        Ok(())
    }

    fn abandon(&self) {
        self.exchange.abandon();
    }
}

/// The sort keys of rows as bytes that compare like the keys.
struct Keys {
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    converter: RowConverter,
}

impl Keys {
    fn columns(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        self.expressions.iter().map(|key| key.evaluate(batch)?.into_array(batch.num_rows())).collect()
    }
}

/// One row of every `stride`, chosen by a generator with a fixed seed; the stride doubles as the input grows.
struct Sampler {
    keys: Keys,
    rows: Vec<Vec<u8>>,
    stride: u64,
    /// Samples that are kept at least.
    least: usize,
    /// Rows until the next choice.
    skip: u64,
    random: u64,
    seen: u64,
}

impl Sampler {
    fn new(keys: Keys, seed: u64, least: usize) -> Self {
        Self { keys, rows: vec![], stride: 1, least, skip: 0, random: seed ^ 0x9e37_79b9_7f4a_7c15, seen: 0 }
    }

    /// Rows from one choice to the next: one choice in each stride, at a random place in it.
    fn next_skip(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.stride / 2 + (self.random >> 33) % self.stride.max(1)
    }

    fn see(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut chosen: Vec<u32> = vec![];
        let rows = batch.num_rows() as u64;
        let mut at = self.skip;
        while at < rows {
            chosen.push(at as u32);
            at += 1 + self.next_skip();
        }
        self.skip = at - rows;
        self.seen += rows;
        if chosen.is_empty() {
            return Ok(());
        }
        let columns = take_arrays(&self.keys.columns(batch)?, &UInt32Array::from(chosen), None)?;
        let rows = self.keys.converter.convert_columns(&columns)?;
        self.rows.extend(rows.iter().map(|row| row.data().to_vec()));
        while self.rows.len() >= 2 * self.least {
            let mut index = 0;
            self.rows.retain(|_| {
                index += 1;
                index % 2 == 0
            });
            self.stride *= 2;
        }
        Ok(())
    }

    fn finish(self) -> (u64, Vec<Vec<u8>>) {
        (self.seen, self.rows)
    }
}

/// Per source: rows, number of samples, then each sample with its length.
fn encode_samples(sources: &[(u64, Vec<Vec<u8>>)]) -> Bytes {
    let mut bytes = vec![];
    for (rows, samples) in sources {
        bytes.extend_from_slice(&rows.to_le_bytes());
        bytes.extend_from_slice(&(samples.len() as u64).to_le_bytes());
        for sample in samples {
            bytes.extend_from_slice(&(sample.len() as u64).to_le_bytes());
            bytes.extend_from_slice(sample);
        }
    }
    bytes.into()
}

/// Samples, where they lie, with the number of rows that each stands for.
fn decode_samples<'a>(mut bytes: &'a [u8], samples: &mut Vec<(&'a [u8], f64)>) {
    fn word(bytes: &mut &[u8]) -> Option<u64> {
        let (word, rest) = bytes.split_first_chunk::<8>()?;
        *bytes = rest;
        Some(u64::from_le_bytes(*word))
    }
    while let (Some(rows), Some(count)) = (word(&mut bytes), word(&mut bytes)) {
        for _ in 0..count {
            let length = word(&mut bytes).unwrap_or(0) as usize;
            let Some((sample, rest)) = bytes.split_at_checked(length) else { return };
            samples.push((sample, rows as f64 / count as f64));
            bytes = rest;
        }
    }
}

/// The first key of each partition but the first.
#[derive(Debug)]
struct Splitters(Vec<Vec<u8>>);

impl Splitters {
    /// Equal on all ranks: a function of all samples, sorted.
    fn choose(all: &[Bytes], partitions: usize) -> Self {
        let mut samples = vec![];
        all.iter().for_each(|bytes| decode_samples(bytes, &mut samples));
        samples.sort_by(|a, b| a.0.cmp(b.0));
        let total: f64 = samples.iter().map(|(_, weight)| weight).sum();
        let mut splitters = vec![];
        let mut before = 0.0;
        for (key, weight) in samples {
            if splitters.len() + 1 < partitions && before >= total * (splitters.len() + 1) as f64 / partitions as f64 {
                splitters.push(key.to_vec());
            }
            before += weight;
        }
        Self(splitters)
    }

    fn partition(&self, key: &[u8]) -> usize {
        self.0.partition_point(|splitter| splitter.as_slice() <= key)
    }
}

struct RangeRouter {
    keys: Keys,
    splitters: watch::Receiver<Option<Arc<Splitters>>>,
}

impl Router for RangeRouter {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>> {
        let splitters = self.splitters.borrow().clone().expect("rows are replayed after the splitters are known");
        if splitters.0.is_empty() {
            return Ok(vec![Routed::one(batch, 0)]);
        }
        let rows = self.keys.converter.convert_columns(&self.keys.columns(&batch)?)?;
        let to = rows.iter().map(|key| splitters.partition(key.data()) as u32).collect();
        Ok(vec![Routed::each(batch, to)])
    }
}

impl DisplayAs for RangeShuffleExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RangeShuffleExec: by ranges of ({})", self.ordering)
    }
}

impl ExecutionPlan for RangeShuffleExec {
    plan_methods!("RangeShuffleExec", [input]);

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.ordering.iter().map(|sort| &sort.expr), f)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        Ok(coalesced(self.exchange.take(partition)?))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.exchange.metrics().clone_inner())
    }
}

/// Small batches put together: a sort merges what it gets batch by batch, and counts the whole message that a batch is a
/// part of as its memory.
fn coalesced(input: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = input.schema();
    let coalescer = BatchCoalescer::new(schema.clone(), BATCH_ROWS).with_biggest_coalesce_batch_size(Some(BATCH_ROWS / 8));
    let batches = stream::try_unfold((input, coalescer, false), |(mut input, mut coalescer, mut ended)| async move {
        loop {
            if let Some(batch) = coalescer.next_completed_batch() {
                return Ok(Some((batch, (input, coalescer, ended))));
            }
            if ended {
                return Ok(None);
            }
            match input.try_next().await? {
                Some(batch) => coalescer.push_batch(batch)?,
                None => {
                    ended = true;
                    coalescer.finish_buffered_batch()?;
                }
            }
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitters_halve_what_the_samples_stand_for() {
        let key = |n: u8| vec![n];
        // 300 rows with keys 0..3, 100 rows with keys 4..5.
        let a = encode_samples(&[(300, (0..4).map(key).collect())]);
        let b = encode_samples(&[(100, (4..6).map(key).collect())]);
        let splitters = Splitters::choose(&[a, b], 2);
        assert_eq!(splitters.0, [key(3)]);
        assert_eq!((splitters.partition(&key(2)), splitters.partition(&key(3))), (0, 1));
        assert!(Splitters::choose(&[Bytes::new()], 4).0.is_empty());
    }
}
