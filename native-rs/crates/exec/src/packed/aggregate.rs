//! All rows of one partition to its groups, in key order.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use arrow::buffer::NullBuffer;

use super::Chunk;

/// An aggregate over packed groups; `arg` is the index of its argument column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateKind {
    /// Rows.
    Count,
    /// Values that are not NaN (null arrives as NaN).
    Valid { arg: usize },
    Sum { arg: usize },
    /// Of a float argument: the caller converts integers.
    Mean { arg: usize },
    Min { arg: usize },
    Max { arg: usize },
}

/// What the 8 bytes of an argument are. Integers have no null here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    Float,
    Int,
}

/// The groups of one partition: keys ascending, one array per aggregate.
#[derive(Debug)]
pub struct GroupColumns {
    pub keys: Vec<u64>,
    pub columns: Vec<ArrayRef>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sum of an integer column does not fit 64 bits")]
pub struct SumOverflow;

/// Dense arrays while a partition's key space is at most this many times its rows (and always below 2^12 slots).
const DENSE_FACTOR: usize = 16;
const DENSE_ALWAYS: usize = 1 << 12;
const DENSE_NEVER: usize = 1 << 24;

/// Reusable state: one per thread.
#[derive(Debug)]
pub struct PartitionAggregator {
    low_bits: u32,
    aggregates: Vec<AggregateKind>,
    args: Vec<ArgKind>,
    counts: Vec<u64>,
    accumulators: Vec<Accumulator>,
    ids: Vec<u32>,
}

/// One running value per slot.
#[derive(Debug)]
enum Accumulator {
    /// Compensated: the sum is `sums + errors` (Neumaier), so that its error does not grow with the rows.
    SumFloat { arg: usize, sums: Vec<f64>, errors: Vec<f64> },
    SumInt { arg: usize, sums: Vec<i64> },
    /// Kept only where NaN was met: otherwise the row count is the valid count.
    Valid { arg: usize, counts: Vec<u64>, used: bool },
    MinFloat { arg: usize, values: Vec<f64> },
    MaxFloat { arg: usize, values: Vec<f64> },
    MinInt { arg: usize, values: Vec<i64> },
    MaxInt { arg: usize, values: Vec<i64> },
}

impl PartitionAggregator {
    /// `low_bits`: the bits of a key below the partition's number.
    pub fn new(low_bits: u32, aggregates: Vec<AggregateKind>, args: Vec<ArgKind>) -> Self {
        let accumulators = accumulators(&aggregates, &args);
        Self { low_bits, aggregates, args, counts: vec![], accumulators, ids: vec![] }
    }

    /// All groups of a partition, whose rows and earlier groups are `chunks`.
    pub fn run(&mut self, chunks: &[Chunk]) -> Result<GroupColumns, SumOverflow> {
        let (keys, used) = self.group(chunks)?;
        let columns = self.aggregates.iter().map(|aggregate| self.column(*aggregate, &used)).collect();
        Ok(GroupColumns { keys, columns })
    }

    /// As [`Self::run`], as groups that a later run takes as input: their counts and states.
    pub fn compact(&mut self, chunks: &[Chunk]) -> Result<Chunk, SumOverflow> {
        let (keys, used) = self.group(chunks)?;
        let counts = used.iter().map(|slot| self.counts[*slot as usize]).collect();
        let states = self.accumulators.iter().flat_map(|accumulator| accumulator.states(&used, &self.counts));
        Ok(Chunk { keys, columns: std::iter::once(counts).chain(states).collect(), groups: true })
    }

    /// The distinct keys, ascending, and the slot of each.
    fn group(&mut self, chunks: &[Chunk]) -> Result<(Vec<u64>, Vec<u32>), SumOverflow> {
        let rows: usize = chunks.iter().map(|chunk| chunk.keys.len()).sum();
        let slots = 1usize << self.low_bits.min(40);
        if slots <= DENSE_ALWAYS || (slots <= DENSE_NEVER && slots / DENSE_FACTOR <= rows) {
            self.dense(chunks, slots)
        } else {
            self.sorted(chunks, rows)
        }
    }

    /// The slot of a row is the key's low bits.
    fn dense(&mut self, chunks: &[Chunk], slots: usize) -> Result<(Vec<u64>, Vec<u32>), SumOverflow> {
        self.reset(slots);
        let mask = slots as u64 - 1;
        let mut base = 0;
        for chunk in chunks.iter().filter(|chunk| !chunk.keys.is_empty()) {
            base = chunk.keys[0] & !mask;
            self.ids.clear();
            self.ids.extend(chunk.keys.iter().map(|key| (key & mask) as u32));
            self.accumulate(chunk)?;
        }
        let used: Vec<u32> =
            self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(slot, _)| slot as u32).collect();
        let keys = used.iter().map(|slot| base | u64::from(*slot)).collect();
        Ok((keys, used))
    }

    /// The slot of a row is the rank of its key among the partition's distinct keys.
    fn sorted(&mut self, chunks: &[Chunk], rows: usize) -> Result<(Vec<u64>, Vec<u32>), SumOverflow> {
        let mut order: Vec<(u64, u32)> = Vec::with_capacity(rows);
        let all = chunks.iter().flat_map(|chunk| &chunk.keys);
        order.extend(all.enumerate().map(|(row, key)| (*key, row as u32)));
        order.sort_unstable();
        let mut keys: Vec<u64> = Vec::new();
        let mut ids = vec![0u32; rows];
        for (key, row) in order {
            if keys.last() != Some(&key) {
                keys.push(key);
            }
            ids[row as usize] = keys.len() as u32 - 1;
        }
        self.reset(keys.len());
        let mut start = 0;
        for chunk in chunks {
            let end = start + chunk.keys.len();
            self.ids.clear();
            self.ids.extend_from_slice(&ids[start..end]);
            self.accumulate(chunk)?;
            start = end;
        }
        let used = (0..keys.len() as u32).collect();
        Ok((keys, used))
    }

    fn reset(&mut self, slots: usize) {
        self.counts.clear();
        self.counts.resize(slots, 0);
        self.accumulators.iter_mut().for_each(|accumulator| accumulator.reset(slots));
    }

    fn accumulate(&mut self, chunk: &Chunk) -> Result<(), SumOverflow> {
        // Before the counts: a valid count starts as a copy of the row counts so far.
        let mut states = chunk.columns.get(1..).unwrap_or_default();
        for accumulator in &mut self.accumulators {
            if chunk.groups {
                let (own, others) = states.split_at(accumulator.width());
                accumulator.merge(&self.ids, own, &chunk.columns[0], &self.counts)?;
                states = others;
            } else {
                accumulator.add(&self.ids, &chunk.columns[accumulator.arg()], &self.counts)?;
            }
        }
        if chunk.groups {
            for (id, count) in self.ids.iter().zip(&chunk.columns[0]) {
                self.counts[*id as usize] += *count;
            }
        } else {
            for id in &self.ids {
                self.counts[*id as usize] += 1;
            }
        }
        Ok(())
    }

    fn column(&self, aggregate: AggregateKind, used: &[u32]) -> ArrayRef {
        let pick = |values: &[i64]| Arc::new(Int64Array::from_iter_values(used.iter().map(|slot| values[*slot as usize]))) as ArrayRef;
        match aggregate {
            AggregateKind::Count => {
                Arc::new(Int64Array::from_iter_values(used.iter().map(|slot| self.counts[*slot as usize] as i64)))
            }
            AggregateKind::Valid { arg } => {
                let valid = self.valid(arg);
                Arc::new(Int64Array::from_iter_values(used.iter().map(|slot| valid[*slot as usize] as i64)))
            }
            AggregateKind::Sum { arg } if self.args[arg] == ArgKind::Int => pick(self.sums_int(arg)),
            AggregateKind::Sum { arg } => {
                let values = self.sums_float(arg, used).collect();
                Arc::new(Float64Array::new(values, self.nulls(arg, used)))
            }
            AggregateKind::Mean { arg } => {
                let valid = self.valid(arg);
                let mean = |(sum, slot): (f64, &u32)| sum / valid[*slot as usize] as f64;
                let values = self.sums_float(arg, used).zip(used).map(mean).collect();
                Arc::new(Float64Array::new(values, self.nulls(arg, used)))
            }
            AggregateKind::Min { arg } => self.extreme(arg, used, true),
            AggregateKind::Max { arg } => self.extreme(arg, used, false),
        }
    }

    fn extreme(&self, arg: usize, used: &[u32], min: bool) -> ArrayRef {
        for accumulator in &self.accumulators {
            match accumulator {
                Accumulator::MinFloat { arg: a, values } if *a == arg && min => return self.floats(arg, values, used),
                Accumulator::MaxFloat { arg: a, values } if *a == arg && !min => return self.floats(arg, values, used),
                Accumulator::MinInt { arg: a, values } if *a == arg && min => return ints(values, used),
                Accumulator::MaxInt { arg: a, values } if *a == arg && !min => return ints(values, used),
                _ => {}
            }
        }
        unreachable!("every aggregate has its accumulator")
    }

    /// Values of `used` slots; null where no value was valid.
    fn floats(&self, arg: usize, values: &[f64], used: &[u32]) -> ArrayRef {
        let values = used.iter().map(|slot| values[*slot as usize]).collect();
        Arc::new(Float64Array::new(values, self.nulls(arg, used)))
    }

    fn nulls(&self, arg: usize, used: &[u32]) -> Option<NullBuffer> {
        let valid = self.valid(arg);
        used.iter()
            .any(|slot| valid[*slot as usize] == 0)
            .then(|| used.iter().map(|slot| valid[*slot as usize] > 0).collect())
    }

    fn valid(&self, arg: usize) -> &[u64] {
        let found = self.accumulators.iter().find_map(|accumulator| match accumulator {
            Accumulator::Valid { arg: a, counts, used: true } if *a == arg => Some(counts.as_slice()),
            _ => None,
        });
        found.unwrap_or(&self.counts)
    }

    fn sums_float(&self, arg: usize, used: &[u32]) -> impl Iterator<Item = f64> {
        let found = self.accumulators.iter().find_map(|accumulator| match accumulator {
            Accumulator::SumFloat { arg: a, sums, errors } if *a == arg => Some((sums, errors)),
            _ => None,
        });
        let (sums, errors) = found.expect("every aggregate has its accumulator");
        used.iter().map(|slot| {
            let sum = sums[*slot as usize];
            // Of an infinite sum the error is NaN.
            if sum.is_finite() { sum + errors[*slot as usize] } else { sum }
        })
    }

    fn sums_int(&self, arg: usize) -> &[i64] {
        let found = self.accumulators.iter().find_map(|accumulator| match accumulator {
            Accumulator::SumInt { arg: a, sums } if *a == arg => Some(sums.as_slice()),
            _ => None,
        });
        found.expect("every aggregate has its accumulator")
    }
}

fn ints(values: &[i64], used: &[u32]) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(used.iter().map(|slot| values[*slot as usize])))
}

/// What the aggregates need, each once.
fn accumulators(aggregates: &[AggregateKind], args: &[ArgKind]) -> Vec<Accumulator> {
    let mut result: Vec<Accumulator> = vec![];
    let mut need = |accumulator: Accumulator| {
        if !result.iter().any(|present| present.same(&accumulator)) {
            result.push(accumulator);
        }
    };
    for aggregate in aggregates {
        let arg = match *aggregate {
            AggregateKind::Count => continue,
            AggregateKind::Valid { arg }
            | AggregateKind::Sum { arg }
            | AggregateKind::Mean { arg }
            | AggregateKind::Min { arg }
            | AggregateKind::Max { arg } => arg,
        };
        if args[arg] == ArgKind::Float {
            need(Accumulator::Valid { arg, counts: vec![], used: false });
        }
        match (aggregate, args[arg]) {
            (AggregateKind::Sum { .. }, ArgKind::Int) => need(Accumulator::SumInt { arg, sums: vec![] }),
            (AggregateKind::Sum { .. }, ArgKind::Float) | (AggregateKind::Mean { .. }, _) => {
                need(Accumulator::SumFloat { arg, sums: vec![], errors: vec![] });
            }
            (AggregateKind::Min { .. }, ArgKind::Float) => need(Accumulator::MinFloat { arg, values: vec![] }),
            (AggregateKind::Max { .. }, ArgKind::Float) => need(Accumulator::MaxFloat { arg, values: vec![] }),
            (AggregateKind::Min { .. }, ArgKind::Int) => need(Accumulator::MinInt { arg, values: vec![] }),
            (AggregateKind::Max { .. }, ArgKind::Int) => need(Accumulator::MaxInt { arg, values: vec![] }),
            (AggregateKind::Count | AggregateKind::Valid { .. }, _) => {}
        }
    }
    result
}

impl Accumulator {
    fn same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.arg() == other.arg()
    }

    fn arg(&self) -> usize {
        match self {
            Self::SumFloat { arg, .. }
            | Self::SumInt { arg, .. }
            | Self::Valid { arg, .. }
            | Self::MinFloat { arg, .. }
            | Self::MaxFloat { arg, .. }
            | Self::MinInt { arg, .. }
            | Self::MaxInt { arg, .. } => *arg,
        }
    }

    fn reset(&mut self, slots: usize) {
        fn fill<T: Clone>(values: &mut Vec<T>, slots: usize, value: T) {
            values.clear();
            values.resize(slots, value);
        }
        match self {
            Self::SumFloat { sums, errors, .. } => {
                fill(sums, slots, 0.0);
                fill(errors, slots, 0.0);
            }
            Self::SumInt { sums, .. } => fill(sums, slots, 0),
            Self::Valid { counts, used, .. } => {
                counts.clear();
                *used = false;
            }
            Self::MinFloat { values, .. } => fill(values, slots, f64::INFINITY),
            Self::MaxFloat { values, .. } => fill(values, slots, f64::NEG_INFINITY),
            Self::MinInt { values, .. } => fill(values, slots, i64::MAX),
            Self::MaxInt { values, .. } => fill(values, slots, i64::MIN),
        }
    }

    /// Adds rows: their slots and argument values.
    fn add(&mut self, ids: &[u32], values: &[u64], rows_before: &[u64]) -> Result<(), SumOverflow> {
        let pairs = || ids.iter().map(|id| *id as usize).zip(values.iter().copied());
        match self {
            Self::SumFloat { sums, errors, .. } => {
                for (slot, value) in pairs() {
                    let value = f64::from_bits(value);
                    add_to(&mut sums[slot], &mut errors[slot], if value.is_nan() { 0.0 } else { value });
                }
            }
            Self::SumInt { sums, .. } => {
                for (slot, value) in pairs() {
                    sums[slot] = sums[slot].checked_add(value as i64).ok_or(SumOverflow)?;
                }
            }
            Self::Valid { counts, used, .. } => {
                if !*used && values.iter().any(|value| f64::from_bits(*value).is_nan()) {
                    counts.clear();
                    counts.extend_from_slice(rows_before);
                    *used = true;
                }
                if *used {
                    for (slot, value) in pairs() {
                        counts[slot] += u64::from(!f64::from_bits(value).is_nan());
                    }
                }
            }
            // `f64::min` returns the other operand for NaN: null and NaN are skipped.
            Self::MinFloat { values: slots, .. } => {
                pairs().for_each(|(slot, value)| slots[slot] = slots[slot].min(f64::from_bits(value)));
            }
            Self::MaxFloat { values: slots, .. } => {
                pairs().for_each(|(slot, value)| slots[slot] = slots[slot].max(f64::from_bits(value)));
            }
            Self::MinInt { values: slots, .. } => {
                pairs().for_each(|(slot, value)| slots[slot] = slots[slot].min(value as i64));
            }
            Self::MaxInt { values: slots, .. } => {
                pairs().for_each(|(slot, value)| slots[slot] = slots[slot].max(value as i64));
            }
        }
        Ok(())
    }

    /// Columns of its state.
    fn width(&self) -> usize {
        match self {
            Self::SumFloat { .. } => 2,
            _ => 1,
        }
    }

    /// Adds groups: their slots, states and row counts.
    fn merge(&mut self, ids: &[u32], states: &[Vec<u64>], rows: &[u64], rows_before: &[u64]) -> Result<(), SumOverflow> {
        match self {
            Self::Valid { counts, used, .. } => {
                if !*used && states[0] != rows {
                    counts.clear();
                    counts.extend_from_slice(rows_before);
                    *used = true;
                }
                if *used {
                    ids.iter().zip(&states[0]).for_each(|(id, state)| counts[*id as usize] += *state);
                }
                Ok(())
            }
            Self::SumFloat { sums, errors, .. } => {
                // NaN included: as a state it is a sum (∞ - ∞), not a value to skip.
                for (id, (sum, error)) in ids.iter().zip(states[0].iter().zip(&states[1])) {
                    let slot = *id as usize;
                    add_to(&mut sums[slot], &mut errors[slot], f64::from_bits(*sum));
                    errors[slot] += f64::from_bits(*error);
                }
                Ok(())
            }
            // An integer sum's state is a value to add, an extreme's one to compare.
            _ => self.add(ids, &states[0], rows_before),
        }
    }

    /// The states of `used` slots, as `merge` takes them.
    fn states(&self, used: &[u32], rows: &[u64]) -> Vec<Vec<u64>> {
        fn pick<T: Copy>(values: &[T], used: &[u32], bits: impl Fn(T) -> u64) -> Vec<u64> {
            used.iter().map(|slot| bits(values[*slot as usize])).collect()
        }
        match self {
            Self::Valid { counts, used: true, .. } => vec![pick(counts, used, |count| count)],
            Self::Valid { used: false, .. } => vec![pick(rows, used, |count| count)],
            Self::SumFloat { sums, errors, .. } => vec![pick(sums, used, f64::to_bits), pick(errors, used, f64::to_bits)],
            Self::MinFloat { values, .. } | Self::MaxFloat { values, .. } => vec![pick(values, used, f64::to_bits)],
            Self::SumInt { sums: values, .. } | Self::MinInt { values, .. } | Self::MaxInt { values, .. } => {
                vec![pick(values, used, |value| value as u64)]
            }
        }
    }
}

/// Adds a value, and what the addition rounds away to `error`: Knuth's exact sum of two floats, without a branch.
#[inline(always)]
fn add_to(sum: &mut f64, error: &mut f64, value: f64) {
    let total = *sum + value;
    let added = total - *sum;
    *error += (*sum - (total - added)) + (value - added);
    *sum = total;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::*;

    const ALL: [AggregateKind; 6] = [
        AggregateKind::Count,
        AggregateKind::Valid { arg: 0 },
        AggregateKind::Mean { arg: 0 },
        AggregateKind::Min { arg: 0 },
        AggregateKind::Sum { arg: 1 },
        AggregateKind::Max { arg: 1 },
    ];

    /// The same groups from a map, for dense and for sorted slots.
    #[test]
    fn agrees_with_a_map() {
        for (low_bits, distinct) in [(10, 700u64), (40, 700), (40, 3)] {
            let base = 5u64 << low_bits;
            let rows: Vec<(u64, f64, i64)> = (0..20_000u64)
                .map(|i| {
                    let key = base | ((i * 7919 % distinct) * if low_bits > 20 { 1_000_003 } else { 1 });
                    let value = if i % 13 == 0 { f64::NAN } else { (i % 101) as f64 - 50.0 };
                    (key, value, i as i64 - 10_000)
                })
                .collect();
            let mut expected: BTreeMap<u64, (i64, i64, f64, f64, i64, i64)> = BTreeMap::new();
            for (key, value, int) in &rows {
                let group = expected.entry(*key).or_insert((0, 0, 0.0, f64::INFINITY, 0, i64::MIN));
                group.0 += 1;
                if !value.is_nan() {
                    group.1 += 1;
                    group.2 += value;
                    group.3 = group.3.min(*value);
                }
                group.4 += int;
                group.5 = group.5.max(*int);
            }
            let keys: Vec<u64> = rows.iter().map(|row| row.0).collect();
            let floats: Vec<u64> = rows.iter().map(|row| row.1.to_bits()).collect();
            let ints: Vec<u64> = rows.iter().map(|row| row.2 as u64).collect();
            let mut chunks: Vec<Chunk> = (0..keys.len())
                .step_by(999)
                .map(|start| {
                    let rows = start..(start + 999).min(keys.len());
                    let columns = vec![floats[rows.clone()].to_vec(), ints[rows.clone()].to_vec()];
                    Chunk { keys: keys[rows].to_vec(), columns, groups: false }
                })
                .collect();
            let mut aggregator = PartitionAggregator::new(low_bits, ALL.to_vec(), vec![ArgKind::Float, ArgKind::Int]);
            for round in 0..3 {
                if round > 0 {
                    // The first rows as groups, the others as rows.
                    let later = chunks.split_off(chunks.len() / 2);
                    let groups = aggregator.compact(&chunks).unwrap();
                    assert!(groups.keys.len() <= expected.len());
                    chunks = [vec![groups], later].concat();
                }
                let groups = aggregator.run(&chunks).unwrap();
                assert_eq!(groups.keys, expected.keys().copied().collect::<Vec<_>>());
                for (row, group) in expected.values().enumerate() {
                    let int = |column: usize| groups.columns[column].as_primitive::<Int64Type>().value(row);
                    let float = |column: usize| groups.columns[column].as_primitive::<Float64Type>().value(row);
                    assert_eq!((int(0), int(1)), (group.0, group.1));
                    assert!((float(2) - group.2 / group.1 as f64).abs() < 1e-9);
                    assert_eq!((float(3), int(4), int(5)), (group.3, group.4, group.5));
                }
            }
        }
    }

    /// 0.1 is no binary fraction: a plain sum of ten million of them is off by 1.6e-10.
    #[test]
    fn sums_do_not_drift() {
        let rows = 10_000_000;
        let chunk = |rows: usize, value: f64| Chunk { keys: vec![1; rows], columns: vec![vec![value.to_bits(); rows]], groups: false };
        let mut aggregator = PartitionAggregator::new(4, vec![AggregateKind::Sum { arg: 0 }], vec![ArgKind::Float]);
        let half = aggregator.compact(&[chunk(rows / 2, 0.1)]).unwrap();
        for chunks in [vec![chunk(rows, 0.1)], vec![half.clone(), chunk(rows / 2, 0.1)], vec![half.clone(), half]] {
            let groups = aggregator.run(&chunks).unwrap();
            assert!((groups.columns[0].as_primitive::<Float64Type>().value(0) - 1e6).abs() < 1e-9);
        }
        let cancelling = [chunk(1, 1e300), chunk(1, 1.0), chunk(1, -1e300)];
        assert_eq!(aggregator.run(&cancelling).unwrap().columns[0].as_primitive::<Float64Type>().value(0), 1.0);
        for (values, expected) in [(vec![f64::INFINITY, 1.0], f64::INFINITY), (vec![f64::MAX, f64::MAX], f64::INFINITY)] {
            let chunks: Vec<_> = values.into_iter().map(|value| chunk(1, value)).collect();
            assert_eq!(aggregator.run(&chunks).unwrap().columns[0].as_primitive::<Float64Type>().value(0), expected);
        }
        let opposite = [chunk(1, f64::INFINITY), chunk(1, f64::NEG_INFINITY)];
        assert!(aggregator.run(&opposite).unwrap().columns[0].as_primitive::<Float64Type>().value(0).is_nan());
    }

    /// More rows in one group than 32 bits count.
    #[test]
    fn counts_have_64_bits() {
        let many = 1u64 << 33;
        let groups = Chunk { keys: vec![1], columns: vec![vec![many]], groups: true };
        let mut aggregator = PartitionAggregator::new(4, vec![AggregateKind::Count], vec![]);
        let groups = aggregator.run(&[groups.clone(), groups]).unwrap();
        assert_eq!(groups.columns[0].as_primitive::<Int64Type>().value(0), 1 << 34);
    }

    #[test]
    fn nothing_valid_is_null() {
        let keys = [1u64, 1, 2];
        let values = [f64::NAN.to_bits(), f64::NAN.to_bits(), 3.0f64.to_bits()];
        let kinds = vec![AggregateKind::Mean { arg: 0 }, AggregateKind::Max { arg: 0 }];
        let mut aggregator = PartitionAggregator::new(4, kinds, vec![ArgKind::Float]);
        let chunk = Chunk { keys: keys.to_vec(), columns: vec![values.to_vec()], groups: false };
        let groups = aggregator.run(&[chunk]).unwrap();
        for column in &groups.columns {
            assert!(column.is_null(0) && !column.is_null(1));
        }
    }

    #[test]
    fn an_integer_sum_that_overflows_is_an_error() {
        let keys = [1u64, 1];
        let values = [i64::MAX as u64, 1];
        let mut aggregator = PartitionAggregator::new(4, vec![AggregateKind::Sum { arg: 0 }], vec![ArgKind::Int]);
        let chunk = Chunk { keys: keys.to_vec(), columns: vec![values.to_vec()], groups: false };
        assert!(aggregator.run(&[chunk]).is_err());
    }
}
