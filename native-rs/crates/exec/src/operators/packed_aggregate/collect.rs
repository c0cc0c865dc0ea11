//! The rows of one input partition, by radix partition of their keys.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::ScalarBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;

use super::grouping::{Grouping, RADIX_BITS, overflow};
use crate::packed::{ArgKind, Chunk, LowKeys, PartitionAggregator, RadixStore};
use crate::specialise;

/// A store of this size aggregates what it has for the first time: while it is in the cache.
const COMPACT_BYTES: usize = 8 << 20;

/// Where the running values of all keys are no more, they stay in the cache: a row is added to them as it comes, and not stored.
const DIRECT_BYTES: usize = 2 << 20;
/// Keys of so few bits have several each: rows of one key that follow each other do not wait for each other's sum.
const LANES_UP_TO: u32 = 8;
const LANE_BITS: u32 = 2;

/// The groups of all rows so far, where there are few keys. The number of a row's lane is below its key's bits.
struct Direct {
    aggregator: PartitionAggregator,
    lane_bits: u32,
    slots: Vec<u32>,
}

impl Direct {
    /// None: there are too many keys, or is too little memory.
    fn new(grouping: &Grouping, memory: &MemoryReservation) -> Option<Self> {
        let bits = grouping.layout.bits();
        let lane_bits = if bits <= LANES_UP_TO { LANE_BITS } else { 0 };
        let mut aggregator = grouping.aggregator(bits);
        let slots = 1usize.checked_shl(bits + lane_bits)?;
        let bytes = slots.checked_mul(aggregator.slot_bytes()).filter(|bytes| *bytes <= DIRECT_BYTES)?;
        memory.try_grow(bytes).ok()?;
        aggregator.reset(slots);
        Some(Self { aggregator, lane_bits, slots: vec![] })
    }

    fn add(&mut self, keys: &[u64], args: &[&[u64]]) -> Result<()> {
        let (bits, lanes) = (self.lane_bits, (1u32 << self.lane_bits) - 1);
        self.slots.clear();
        self.slots.extend(keys.iter().zip(0u32..).map(|(key, row)| (*key as u32) << bits | (row & lanes)));
        self.aggregator.add(&self.slots, args).map_err(overflow)
    }

    /// Each radix partition's groups go into the store; the lanes of a key are groups of their own there.
    fn flush(self, store: &mut RadixStore) {
        let Chunk { keys, columns, .. } = self.aggregator.groups();
        let keys: Vec<u64> = keys.words().into_iter().map(|slot| slot >> self.lane_bits).collect();
        let low_bits = store.low_bits();
        let mut start = 0;
        for same in keys.chunk_by(|a, b| a >> low_bits == b >> low_bits) {
            let rows = start..start + same.len();
            start = rows.end;
            let low = same.iter().map(|key| key & ((1 << low_bits) - 1));
            let columns = columns.iter().map(|column| column[rows.clone()].to_vec()).collect();
            store.put((same[0] >> low_bits) as usize, Chunk { keys: LowKeys::new(low_bits, low), columns, groups: true });
        }
    }
}

/// Rows of one input partition on their way into the store.
pub struct Collector {
    grouping: Arc<Grouping>,
    pub store: RadixStore,
    direct: Option<Direct>,
    memory: MemoryReservation,
    words: Vec<u64>,
    /// Bytes at which the store aggregates what it has.
    compact_at: usize,
    /// The last time that was worth it.
    reduces: bool,
}

impl Collector {
    pub fn new(grouping: Arc<Grouping>, context: &TaskContext) -> Self {
        let store = RadixStore::new(grouping.layout.bits(), RADIX_BITS, grouping.args.len());
        let memory = MemoryConsumer::new("PackedAggregateExec").register(context.memory_pool());
        let direct = Direct::new(&grouping, &memory);
        Self { grouping, store, direct, memory, words: vec![], compact_at: COMPACT_BYTES, reduces: false }
    }

    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        let evaluate = |expression: &Arc<dyn PhysicalExpr>| expression.evaluate(batch)?.into_array(rows);
        let keys = self.grouping.keys.iter().map(evaluate).collect::<Result<Vec<_>>>()?;
        self.grouping.layout.pack(&keys, rows, &mut self.words).map_err(|_| specialise::general("a value outside its domain"))?;
        let args = self.grouping.args.iter().map(|(arg, kind)| bits_of(&evaluate(arg)?, *kind)).collect::<Result<Vec<_>>>()?;
        let args: Vec<&[u64]> = args.iter().map(|arg| &arg[..]).collect();
        if let Some(direct) = &mut self.direct {
            return direct.add(&self.words, &args);
        }
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
    pub fn finish(&mut self) -> Result<()> {
        if let Some(direct) = self.direct.take() {
            direct.flush(&mut self.store);
        }
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
