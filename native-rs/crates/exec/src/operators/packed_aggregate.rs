//! Groups by packed keys, in key order over all partitions: a group-by, its shuffle and a sort in one operator.
//!
//! ```text
//! rank 0   input ─► radix store ─┐                      ┌► radix partitions 0…k   ─► groups, keys ascending
//!                                ├─ agree on k (all) ───┤
//! rank 1   input ─► radix store ─┘   by rows counted    └► radix partitions k+1…n ─► groups, keys ascending
//! ```
//!
//! Every rank keeps its rows in 2^r partitions by the high bits of the packed key. At the end of input the ranks add
//! up their counts and cut the sequence of partitions into equal shares; each share travels to its owner, which
//! aggregates it in key order. While rows come in, a store that has grown aggregates what it has, so that memory
//! follows the number of groups, not of rows.
//!
//! A value outside its domain or a full memory pool ends the execution with [`specialise::GENERAL`]: the engine
//! then runs the plan with general operators.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::ScalarBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef, ToByteSlice};
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};
use lockstep_comm::{ExchangeReceiver, ExchangeSender, OpKind};
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::{Start, plan_methods, streaming};
use crate::error::EngineError;
use crate::packed::{AggregateKind, ArgKind, Chunk, KeyLayout, PartitionAggregator, RadixStore};
use crate::planner::physical::BATCH_ROWS;
use crate::run::{Ranks, Run};
use crate::specialise;

/// High bits of the key that number the partitions: enough to share out evenly, few enough to fill chunks.
const RADIX_BITS: u32 = 9;

/// A store of this size aggregates what it has for the first time: while it is in the cache.
const COMPACT_BYTES: usize = 8 << 20;

/// What is grouped by what.
#[derive(Debug)]
pub struct Grouping {
    /// In the order of the layout: the order of the output.
    pub keys: Vec<Arc<dyn PhysicalExpr>>,
    pub layout: KeyLayout,
    /// Output key column → place in the layout.
    pub places: Vec<usize>,
    pub args: Vec<(Arc<dyn PhysicalExpr>, ArgKind)>,
    pub aggregates: Vec<AggregateKind>,
}

impl Grouping {
    fn aggregator(&self, low_bits: u32) -> PartitionAggregator {
        let kinds = self.args.iter().map(|(_, kind)| *kind).collect();
        PartitionAggregator::new(low_bits, self.aggregates.clone(), kinds)
    }

    fn low_bits(&self) -> u32 {
        self.layout.bits().saturating_sub(RADIX_BITS)
    }
}

#[derive(Debug, Clone)]
pub struct PackedAggregateExec {
    input: Arc<dyn ExecutionPlan>,
    grouping: Arc<Grouping>,
    ranks: Ranks,
    id: u64,
    owned: Arc<watch::Sender<Option<Arc<Owned>>>>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

/// What this rank aggregates after the exchange.
#[derive(Debug)]
struct Owned {
    /// Radix partitions of each partition of the output.
    shares: Vec<Range<usize>>,
    /// Rows by radix partition, emptied as they are read.
    chunks: Mutex<Vec<Vec<Chunk>>>,
    /// Of the chunks.
    memory: MemoryReservation,
}

impl Owned {
    fn take(&self, radix: usize) -> Vec<Chunk> {
        let chunks = std::mem::take(&mut self.chunks.lock()[radix]);
        self.memory.shrink(bytes_of(&chunks));
        chunks
    }
}

fn bytes_of(chunks: &[Chunk]) -> usize {
    chunks.iter().map(Chunk::bytes).sum()
}

impl PackedAggregateExec {
    /// `schema`: key columns, then one column an aggregate. Uses two operation ids: `id` for the exchange, `id` + 1
    /// for the shares.
    pub fn new(
        input: Arc<dyn ExecutionPlan>,
        grouping: Arc<Grouping>,
        schema: SchemaRef,
        ranks: Ranks,
        id: u64,
    ) -> Self {
        let partitioning = Partitioning::UnknownPartitioning(ranks.partitions());
        let properties = streaming(EquivalenceProperties::new(schema), partitioning);
        let (owned, _) = watch::channel(None);
        Self { input, grouping, ranks, id, owned: Arc::new(owned), metrics: Default::default(), properties }
    }

    /// Its place among the operations of the plan.
    pub fn with_id(&self, id: u64) -> Self {
        Self::new(self.input.clone(), self.grouping.clone(), self.schema(), self.ranks, id)
    }

    pub fn grouping(&self) -> &Arc<Grouping> {
        &self.grouping
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self::new(children.swap_remove(0), self.grouping.clone(), self.schema(), self.ranks, self.id)
    }
}

/// Rows of one input partition on their way into the store.
struct Collector {
    grouping: Arc<Grouping>,
    store: RadixStore,
    memory: MemoryReservation,
    words: Vec<u64>,
    /// Bytes at which the store aggregates what it has.
    compact_at: usize,
    /// The last time that was worth it.
    reduces: bool,
}

impl Collector {
    fn new(grouping: Arc<Grouping>, context: &TaskContext) -> Self {
        let store = RadixStore::new(grouping.layout.bits(), RADIX_BITS, grouping.args.len());
        let memory = MemoryConsumer::new("PackedAggregateExec").register(context.memory_pool());
        Self { grouping, store, memory, words: vec![], compact_at: COMPACT_BYTES, reduces: false }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        let evaluate = |expression: &Arc<dyn PhysicalExpr>| expression.evaluate(batch)?.into_array(rows);
        let keys = self.grouping.keys.iter().map(evaluate).collect::<Result<Vec<_>>>()?;
        self.grouping.layout.pack(&keys, rows, &mut self.words).map_err(|_| specialise::general("a value outside its domain"))?;
        let args = self.grouping.args.iter().map(|(arg, kind)| bits_of(&evaluate(arg)?, *kind)).collect::<Result<Vec<_>>>()?;
        let args: Vec<&[u64]> = args.iter().map(|arg| &arg[..]).collect();
        self.store.append(&self.words, &args);
        let bytes = self.store.bytes();
        if bytes > self.compact_at {
            self.compact()?;
        }
        self.memory.try_resize(self.store.bytes()).map_err(|_| specialise::general("the memory limit"))
    }

    /// Aggregates the fullest partition, and the others if that was worth it; else waits for twice as much.
    fn compact(&mut self) -> Result<()> {
        let rows = self.store.rows();
        let fullest = (0..rows.len()).max_by_key(|partition| rows[*partition]).unwrap_or(0);
        let before = rows[fullest];
        self.aggregate([fullest])?;
        self.reduces = self.store.rows()[fullest] * 2 < before;
        if self.reduces {
            self.aggregate((0..self.store.rows().len()).filter(|partition| *partition != fullest))?;
        }
        self.compact_at = (2 * self.store.bytes()).max(COMPACT_BYTES);
        Ok(())
    }

    /// No more rows: where rows become few groups, groups travel.
    fn finish(&mut self) -> Result<()> {
        if self.reduces {
            self.aggregate(0..self.store.rows().len())?;
        }
        self.memory.resize(self.store.bytes());
        Ok(())
    }

    fn aggregate(&mut self, partitions: impl IntoIterator<Item = usize>) -> Result<()> {
        let mut aggregator = self.grouping.aggregator(self.store.low_bits());
        for partition in partitions {
            if self.store.rows()[partition] > 0 {
                let groups = aggregator.compact(&self.store.take(partition)).map_err(overflow)?;
                self.store.put(partition, groups);
            }
        }
        Ok(())
    }
}

/// An argument's values as 8 bytes each; null floats as NaN.
fn bits_of(array: &ArrayRef, kind: ArgKind) -> Result<ScalarBuffer<u64>> {
    match kind {
        ArgKind::Float => {
            let array = cast(array, &DataType::Float64)?;
            let floats = array.as_primitive::<Float64Type>();
            Ok(match floats.nulls().filter(|nulls| nulls.null_count() > 0) {
                None => floats.values().inner().clone().into(),
                Some(_) => floats.iter().map(|value| value.unwrap_or(f64::NAN).to_bits()).collect(),
            })
        }
        ArgKind::Int => {
            let array = cast(array, &DataType::Int64)?;
            if array.null_count() > 0 {
                return Err(specialise::general("null in an integer argument"));
            }
            Ok(array.as_primitive::<Int64Type>().values().inner().clone().into())
        }
    }
}

/// The general operator says where, in its own words, if it overflows too.
fn overflow(error: crate::packed::SumOverflow) -> datafusion::error::DataFusionError {
    specialise::general(&error.to_string())
}

impl Start for PackedAggregateExec {
    fn id(&self) -> u64 {
        self.id
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        let of = self.input.output_partitioning().partition_count();
        let mut stores = vec![];
        for partition in self.ranks.local(of) {
            let mut input = self.input.execute(partition, context.clone())?;
            let mut collector = Collector::new(self.grouping.clone(), context);
            let time = MetricBuilder::new(&self.metrics).subset_time("pack_time", partition);
            let (done, ended) = oneshot::channel();
            stores.push(ended);
            run.spawn(async move {
                while let Some(batch) = input.try_next().await? {
                    let _timer = time.timer();
                    collector.add(&batch)?;
                }
                collector.finish()?;
                let _ = done.send(collector);
                Ok(())
            });
        }
        let (sender, receiver) = run.exchange(offset + self.id, OpKind::Shuffle)?;
        let memory = MemoryConsumer::new("PackedAggregateExec").register(context.memory_pool());
        let exchange = Sharing { run: run.clone(), ranks: self.ranks, agreement: offset + self.id + 1, sender, receiver, memory };
        let (owned, sent) = (self.owned.clone(), MetricBuilder::new(&self.metrics).counter("bytes_sent", self.ranks.rank));
        let time = MetricBuilder::new(&self.metrics).subset_time("share_time", self.ranks.rank);
        run.spawn(async move {
            let mut collectors = vec![];
            for ended in stores {
                // A collector that has failed reports its own error.
                let Ok(collector) = ended.await else { return Ok(()) };
                collectors.push(collector);
            }
            let timer = time.timer();
            owned.send_replace(Some(Arc::new(exchange.share(collectors, &sent).await?)));
            timer.done();
            Ok(())
        });
        Ok(())
    }
}

/// The exchange of radix partitions after the input has ended.
struct Sharing {
    run: Arc<Run>,
    ranks: Ranks,
    agreement: u64,
    sender: ExchangeSender,
    receiver: ExchangeReceiver,
    memory: MemoryReservation,
}

impl Sharing {
    async fn share(self, collectors: Vec<Collector>, sent: &datafusion::physical_plan::metrics::Count) -> Result<Owned> {
        let radix = 1usize << RADIX_BITS;
        let memory = self.memory;
        // Their reservations go, this one takes over.
        let mut stores: Vec<_> = collectors.into_iter().map(|collector| collector.store).collect();
        memory.grow(stores.iter().map(RadixStore::bytes).sum());
        let mut counts = vec![0u64; radix];
        for store in &stores {
            store.rows().iter().zip(&mut counts).for_each(|(rows, count)| *count += *rows as u64);
        }
        let mine: Bytes = counts.iter().flat_map(|count| count.to_le_bytes()).collect::<Vec<_>>().into();
        let all = self.run.agree(self.agreement, OpKind::Sample, mine).await?;
        let shares = shares(&all, radix, self.ranks.partitions());
        let own = self.ranks.local(self.ranks.partitions());

        let mut from_others: Vec<Vec<(usize, Chunk)>> = (0..self.ranks.size).map(|_| vec![]).collect();
        let (sender, mut receiver) = (self.sender, self.receiver);
        let mut own_chunks: Vec<Vec<Chunk>> = (0..radix).map(|_| vec![]).collect();
        let send = async {
            for (partition, share) in shares.iter().enumerate() {
                for radix in share.clone() {
                    let chunks = stores.iter_mut().flat_map(|store| store.take(radix));
                    if own.contains(&partition) {
                        own_chunks[radix] = chunks.collect();
                        continue;
                    }
                    for chunk in chunks {
                        let bytes = message_bytes(&chunk);
                        let Some(mut slot) = sender.reserve(self.ranks.owner(partition), bytes).await.map_err(EngineError::from)?
                        else {
                            memory.shrink(chunk.bytes());
                            continue;
                        };
                        encode(radix, &chunk, &mut slot);
                        slot.commit().await.map_err(EngineError::from)?;
                        sent.add(bytes);
                        memory.shrink(chunk.bytes());
                        drop(chunk);
                        // What has arrived comes first: memory that a chunk has left is warm for the next.
                        tokio::task::yield_now().await;
                    }
                }
            }
            sender.finish().await.map_err(EngineError::from)?;
            Ok::<_, datafusion::error::DataFusionError>(())
        };
        let receive = async {
            while let Some(message) = receiver.next().await {
                let message = message.map_err(EngineError::from)?;
                let (radix, chunk) = decode(&message.bytes)?;
                memory.try_grow(chunk.bytes()).map_err(|_| specialise::general("the memory limit"))?;
                from_others[message.from].push((radix, chunk));
            }
            Ok(())
        };
        tokio::try_join!(send, receive)?;
        // In rank order, never in arrival order: sums must not depend on timing.
        let mut chunks: Vec<Vec<Chunk>> = (0..radix).map(|_| vec![]).collect();
        for (rank, received) in from_others.into_iter().enumerate() {
            if rank == self.ranks.rank {
                own_chunks.iter_mut().enumerate().for_each(|(radix, own)| chunks[radix].append(own));
            }
            received.into_iter().for_each(|(radix, chunk)| chunks[radix].push(chunk));
        }
        Ok(Owned { shares: shares[own].to_vec(), chunks: Mutex::new(chunks), memory })
    }
}

/// Contiguous radix partitions for each output partition, of about equal rows.
fn shares(counts: &[Bytes], radix: usize, partitions: usize) -> Vec<Range<usize>> {
    let mut sums = vec![0u64; radix];
    for counts in counts {
        for (count, sum) in counts.chunks_exact(8).zip(&mut sums) {
            *sum += u64::from_le_bytes(count.try_into().expect("eight bytes"));
        }
    }
    let total: u64 = sums.iter().sum();
    let mut shares = Vec::with_capacity(partitions);
    let (mut start, mut before) = (0, 0u64);
    for partition in 1..=partitions {
        let goal = (u128::from(total) * partition as u128 / partitions as u128) as u64;
        let mut end = start;
        // A partition that straddles the goal goes where its larger half lies.
        while end < radix && (partition == partitions || before + sums[end] / 2 < goal) {
            before += sums[end];
            end += 1;
        }
        shares.push(start..end);
        start = end;
    }
    shares
}

const HEADER_WORDS: usize = 4;

fn message_bytes(chunk: &Chunk) -> usize {
    8 * (HEADER_WORDS + chunk.keys.len() * (1 + chunk.columns.len()))
}

/// Header (radix partition, rows, columns, groups?), keys, columns: all in 8-byte words of this machine's order, which is
/// that of all ranks.
fn encode(radix: usize, chunk: &Chunk, bytes: &mut [u8]) {
    let header = [radix as u64, chunk.keys.len() as u64, chunk.columns.len() as u64, u64::from(chunk.groups)];
    let mut rest = bytes;
    for words in std::iter::once(&header[..]).chain([&chunk.keys[..]]).chain(chunk.columns.iter().map(Vec::as_slice)) {
        let (target, after) = rest.split_at_mut(8 * words.len());
        target.copy_from_slice(words.to_byte_slice());
        rest = after;
    }
}

fn decode(bytes: &[u8]) -> Result<(usize, Chunk)> {
    let invalid = || EngineError::bug("an exchanged partition is malformed");
    let word = |index: usize| bytes.get(index * 8..index * 8 + 8).map(|word| u64::from_ne_bytes(word.try_into().expect("eight bytes")));
    let header: Option<Vec<u64>> = (0..HEADER_WORDS).map(word).collect();
    let [radix, rows, columns, groups] = header.ok_or_else(invalid)?[..] else { return Err(invalid().into()) };
    let (radix, rows, columns) = (radix as usize, rows as usize, columns as usize);
    let expected = rows.checked_mul(columns + 1).and_then(|words| words.checked_add(HEADER_WORDS)?.checked_mul(8));
    if radix >= 1 << RADIX_BITS || expected != Some(bytes.len()) {
        return Err(invalid().into());
    }
    let column = |index: usize| -> Vec<u64> {
        let start = 8 * (HEADER_WORDS + index * rows);
        let words = bytes[start..start + 8 * rows].chunks_exact(8);
        words.map(|word| u64::from_ne_bytes(word.try_into().expect("eight bytes"))).collect()
    };
    Ok((radix, Chunk { keys: column(0), columns: (1..=columns).map(column).collect(), groups: groups != 0 }))
}

/// The groups of one radix partition, in the operator's schema.
fn batch_of(chunks: &[Chunk], grouping: &Grouping, aggregator: &mut PartitionAggregator, schema: &SchemaRef) -> Result<RecordBatch> {
    let groups = aggregator.run(chunks).map_err(overflow)?;
    let rows = groups.keys.len();
    let keys = grouping.layout.unpack(&groups.keys);
    let columns = grouping.places.iter().map(|place| keys[*place].clone()).chain(groups.columns);
    // Labels become strings again.
    let columns = columns.zip(schema.fields()).map(|(column, field)| Ok(cast(&column, field.data_type())?));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_>>()?, &options)?)
}

impl DisplayAs for PackedAggregateExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.grouping.keys.iter().zip(self.grouping.layout.codecs());
        let keys: Vec<_> = keys.map(|(key, codec)| format!("{key}: {codec}")).collect();
        let bits = self.grouping.layout.bits();
        write!(f, "PackedAggregateExec: keys=[{}] in {bits} bits, aggregates={:?}", keys.join(", "), self.grouping.aggregates)
    }
}

impl ExecutionPlan for PackedAggregateExec {
    plan_methods!("PackedAggregateExec", [input]);

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.grouping.keys.iter().chain(self.grouping.args.iter().map(|(arg, _)| arg)), f)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, grouping) = (self.schema(), self.grouping.clone());
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let local = partition - self.ranks.rank * self.ranks.threads;
        let mut owned = self.owned.subscribe();
        let output = schema.clone();
        let groups = stream::once(async move {
            // An error here means that a task of this operator failed, which ends the execution by itself.
            let owned = owned.wait_for(Option::is_some).await.ok().and_then(|owned| owned.clone());
            let share = owned.as_ref().map_or(0..0, |owned| owned.shares[local].clone());
            let mut aggregator = grouping.aggregator(grouping.low_bits());
            let batches = share.filter_map(move |radix| {
                let chunks = owned.as_ref()?.take(radix);
                if chunks.is_empty() {
                    return None;
                }
                let timer = baseline.elapsed_compute().timer();
                let batch = batch_of(&chunks, &grouping, &mut aggregator, &schema);
                timer.done();
                batch.iter().for_each(|batch| baseline.record_output(batch.num_rows()));
                Some(batch)
            });
            super::cooperative(batches.flat_map(split))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(output, groups.flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// A large batch as batches of the usual size.
fn split(batch: Result<RecordBatch>) -> Vec<Result<RecordBatch>> {
    match batch {
        Ok(batch) => (0..batch.num_rows())
            .step_by(BATCH_ROWS)
            .map(|start| Ok(batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start))))
            .collect(),
        error => vec![error],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_contiguous_and_even() {
        for partitions in [1, 2, 3, 7] {
            let counts: Vec<u64> = (0..512).map(|radix| 1000 / (radix + 1)).collect();
            let bytes: Bytes = counts.iter().flat_map(|count| count.to_le_bytes()).collect::<Vec<_>>().into();
            let shares = shares(&[bytes.clone(), bytes], 512, partitions);
            assert_eq!(shares.len(), partitions);
            assert_eq!(shares[0].start, 0);
            assert_eq!(shares.last().unwrap().end, 512);
            assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn a_chunk_travels_whole() {
        let chunk = Chunk { keys: vec![1, 2, 3], columns: vec![vec![4, 5, 6], vec![7, 8, u64::MAX]], groups: true };
        let mut bytes = vec![0; message_bytes(&chunk)];
        encode(17, &chunk, &mut bytes);
        let (radix, back) = decode(&bytes).unwrap();
        assert_eq!((radix, &back.keys, &back.columns, back.groups), (17, &chunk.keys, &chunk.columns, true));
        assert!(decode(&bytes[..bytes.len() - 8]).is_err());
        assert!(decode(&bytes[..16]).is_err());
        bytes[0] = 0xff;
        bytes[1] = 0xff;
        assert!(decode(&bytes).is_err());
    }
}
