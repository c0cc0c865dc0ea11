//! All rows of one partition to its groups, in key order.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use arrow::buffer::NullBuffer;

use super::accumulator::{Accumulator, AggregateKind, ArgKind, SumOverflow, accumulators};
use super::chunk::{Chunk, LowKeys};

/// The groups of one partition: keys ascending, one array per aggregate.
#[derive(Debug)]
pub struct GroupColumns {
    pub keys: Vec<u64>,
    pub columns: Vec<ArrayRef>,
}

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
}

impl PartitionAggregator {
    /// `low_bits`: the bits of a key below the partition's number.
    pub fn new(low_bits: u32, aggregates: Vec<AggregateKind>, args: Vec<ArgKind>) -> Self {
        let accumulators = accumulators(&aggregates, &args);
        Self { low_bits, aggregates, args, counts: vec![], accumulators }
    }

    /// Bytes of a slot's running values.
    pub fn slot_bytes(&self) -> usize {
        8 * (1 + self.accumulators.iter().map(Accumulator::width).sum::<usize>())
    }

    /// Adds rows: their keys and, by argument, their values.
    pub fn add(&mut self, keys: &[u32], args: &[&[u64]]) -> Result<(), SumOverflow> {
        self.accumulate(keys, args, false)
    }

    /// The groups of all rows added since [`Self::reset`].
    pub fn groups(&self) -> Chunk {
        let used = self.used();
        self.states(LowKeys::Narrow(used.clone()), &used)
    }

    /// All groups of a partition, whose rows and earlier groups are `chunks`.
    pub fn run(&mut self, partition: usize, chunks: &[Chunk]) -> Result<GroupColumns, SumOverflow> {
        let (keys, used) = self.group(chunks)?;
        let high = (partition as u64) << self.low_bits;
        let keys = keys.words().into_iter().map(|low| high | low).collect();
        let columns = self.aggregates.iter().map(|aggregate| self.column(*aggregate, &used)).collect();
        Ok(GroupColumns { keys, columns })
    }

    /// As [`Self::run`], as groups that a later run takes as input: their counts and states.
    pub fn compact(&mut self, chunks: &[Chunk]) -> Result<Chunk, SumOverflow> {
        let (keys, used) = self.group(chunks)?;
        Ok(self.states(keys, &used))
    }

    fn states(&self, keys: LowKeys, used: &[u32]) -> Chunk {
        let counts = used.iter().map(|slot| self.counts[*slot as usize]).collect();
        let states = self.accumulators.iter().flat_map(|accumulator| accumulator.states(used, &self.counts));
        let chunk = Chunk { keys, columns: std::iter::once(counts).chain(states).collect(), groups: true };
        if self.accumulators.iter().any(Accumulator::has_rests) { self.with_rests(chunk, used) } else { chunk }
    }

    /// Behind a group whose sums need more than two floats, groups of the same key and of no rows that have the others.
    fn with_rests(&self, chunk: Chunk, used: &[u32]) -> Chunk {
        let mut keys = LowKeys::with_capacity(self.low_bits, used.len());
        let mut columns: Vec<Vec<u64>> = chunk.columns.iter().map(|column| Vec::with_capacity(column.len())).collect();
        let nothing: Vec<u64> = std::iter::once(0).chain(self.accumulators.iter().flat_map(Accumulator::nothing)).collect();
        for (group, slot) in used.iter().enumerate() {
            let own: Vec<u64> = chunk.columns.iter().map(|column| column[group]).collect();
            let mut first = 1;
            let mut states = vec![own];
            for accumulator in &self.accumulators {
                for rest in accumulator.rests(*slot) {
                    let mut state = nothing.clone();
                    state[first..first + rest.len()].copy_from_slice(&rest);
                    states.push(state);
                }
                first += accumulator.width();
            }
            for state in states {
                keys.extend_from(&chunk.keys, group..group + 1);
                columns.iter_mut().zip(state).for_each(|(column, value)| column.push(value));
            }
        }
        Chunk { keys, columns, groups: true }
    }

    /// The distinct keys, ascending, and the slot of each.
    fn group(&mut self, chunks: &[Chunk]) -> Result<(LowKeys, Vec<u32>), SumOverflow> {
        let rows: usize = chunks.iter().map(|chunk| chunk.keys.len()).sum();
        let slots = 1usize << self.low_bits.min(40);
        if slots <= DENSE_ALWAYS || (slots <= DENSE_NEVER && slots / DENSE_FACTOR <= rows) {
            self.dense(chunks, slots)
        } else {
            self.sorted(chunks, rows)
        }
    }

    /// The slot of a row is its key.
    fn dense(&mut self, chunks: &[Chunk], slots: usize) -> Result<(LowKeys, Vec<u32>), SumOverflow> {
        self.reset(slots);
        for chunk in chunks {
            let LowKeys::Narrow(keys) = &chunk.keys else { unreachable!("keys of fewer than 2^24 slots are narrow") };
            self.accumulate(keys, &chunk.columns, chunk.groups)?;
        }
        let used = self.used();
        Ok((LowKeys::Narrow(used.clone()), used))
    }

    /// The slots that have rows, ascending.
    fn used(&self) -> Vec<u32> {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(slot, _)| slot as u32).collect()
    }

    /// The slot of a row is the rank of its key among the partition's distinct keys.
    fn sorted(&mut self, chunks: &[Chunk], rows: usize) -> Result<(LowKeys, Vec<u32>), SumOverflow> {
        let mut order: Vec<(u64, u32)> = Vec::with_capacity(rows);
        let all = chunks.iter().flat_map(|chunk| chunk.keys.words());
        order.extend(all.enumerate().map(|(row, key)| (key, row as u32)));
        order.sort_unstable();
        let mut keys: Vec<u64> = Vec::new();
        let mut slots = vec![0u32; rows];
        for (key, row) in order {
            if keys.last() != Some(&key) {
                keys.push(key);
            }
            slots[row as usize] = keys.len() as u32 - 1;
        }
        self.reset(keys.len());
        let mut rest = &slots[..];
        for chunk in chunks {
            let (own, after) = rest.split_at(chunk.keys.len());
            self.accumulate(own, &chunk.columns, chunk.groups)?;
            rest = after;
        }
        let used = (0..keys.len() as u32).collect();
        Ok((LowKeys::new(self.low_bits, keys.into_iter()), used))
    }

    /// Begins again, with keys, or slots, below `slots`.
    pub fn reset(&mut self, slots: usize) {
        self.counts.clear();
        self.counts.resize(slots, 0);
        self.accumulators.iter_mut().for_each(|accumulator| accumulator.reset(slots));
    }

    /// Adds rows, or groups, that have these slots; `columns` as in a [`Chunk`].
    fn accumulate(&mut self, slots: &[u32], columns: &[impl AsRef<[u64]>], groups: bool) -> Result<(), SumOverflow> {
        // Before the counts: a valid count starts as a copy of the row counts so far.
        let mut states = columns.get(1..).unwrap_or_default();
        for accumulator in &mut self.accumulators {
            if groups {
                let (own, others) = states.split_at(accumulator.width());
                accumulator.merge(slots, own, columns[0].as_ref(), &self.counts)?;
                states = others;
            } else {
                accumulator.add(slots, columns[accumulator.arg()].as_ref(), &self.counts)?;
            }
        }
        if groups {
            for (slot, count) in slots.iter().zip(columns[0].as_ref()) {
                self.counts[*slot as usize] += *count;
            }
        } else {
            for slot in slots {
                self.counts[*slot as usize] += 1;
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
            Accumulator::SumFloat { arg: a, sums, rests } if *a == arg => Some((sums, rests)),
            _ => None,
        });
        let (sums, rests) = found.expect("every aggregate has its accumulator");
        used.iter().map(|slot| rests.value(*slot as usize, sums[*slot as usize]))
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
        for (low_bits, distinct) in [(10, 700u64), (30, 700), (40, 700), (40, 3)] {
            let high = 5u64 << low_bits;
            let rows: Vec<(u64, f64, i64)> = (0..20_000u64)
                .map(|i| {
                    let key = high | ((i * 7919 % distinct) * if low_bits > 20 { 1_000_003 } else { 1 });
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
            let keys: Vec<u64> = rows.iter().map(|row| row.0 - high).collect();
            let floats: Vec<u64> = rows.iter().map(|row| row.1.to_bits()).collect();
            let ints: Vec<u64> = rows.iter().map(|row| row.2 as u64).collect();
            let mut chunks: Vec<Chunk> = (0..keys.len())
                .step_by(999)
                .map(|start| {
                    let rows = start..(start + 999).min(keys.len());
                    let columns = vec![floats[rows.clone()].to_vec(), ints[rows.clone()].to_vec()];
                    Chunk { keys: LowKeys::new(low_bits, keys[rows].iter().copied()), columns, groups: false }
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
                let groups = aggregator.run(5, &chunks).unwrap();
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
        let chunk = |rows: usize, value: f64| Chunk { keys: LowKeys::Narrow(vec![1; rows]), columns: vec![vec![value.to_bits(); rows]], groups: false };
        let mut aggregator = PartitionAggregator::new(4, vec![AggregateKind::Sum { arg: 0 }], vec![ArgKind::Float]);
        let half = aggregator.compact(&[chunk(rows / 2, 0.1)]).unwrap();
        for chunks in [vec![chunk(rows, 0.1)], vec![half.clone(), chunk(rows / 2, 0.1)], vec![half.clone(), half]] {
            let groups = aggregator.run(0, &chunks).unwrap();
            assert!((groups.columns[0].as_primitive::<Float64Type>().value(0) - 1e6).abs() < 1e-9);
        }
        let cancelling = [chunk(1, 1e300), chunk(1, 1.0), chunk(1, -1e300)];
        assert_eq!(aggregator.run(0, &cancelling).unwrap().columns[0].as_primitive::<Float64Type>().value(0), 1.0);
        for (values, expected) in [(vec![f64::INFINITY, 1.0], f64::INFINITY), (vec![f64::MAX, f64::MAX], f64::INFINITY)] {
            let chunks: Vec<_> = values.into_iter().map(|value| chunk(1, value)).collect();
            assert_eq!(aggregator.run(0, &chunks).unwrap().columns[0].as_primitive::<Float64Type>().value(0), expected);
        }
        // What two floats do not hold goes on as groups of no rows.
        let wide = [chunk(1, 1e300), chunk(1, 1.0), chunk(1, 1e-300), chunk(1, -1e300), chunk(1, -1.0)];
        let halves = wide.split_at(2);
        let groups = [aggregator.compact(halves.0).unwrap(), aggregator.compact(halves.1).unwrap()];
        assert!(groups[0].keys.len() > 1 || groups[1].keys.len() > 1);
        assert_eq!(aggregator.run(0, &groups).unwrap().columns[0].as_primitive::<Float64Type>().value(0), 1e-300);
        let opposite = [chunk(1, f64::INFINITY), chunk(1, f64::NEG_INFINITY)];
        assert!(aggregator.run(0, &opposite).unwrap().columns[0].as_primitive::<Float64Type>().value(0).is_nan());
    }

    /// More rows in one group than 32 bits count.
    #[test]
    fn counts_have_64_bits() {
        let many = 1u64 << 33;
        let groups = Chunk { keys: LowKeys::Narrow(vec![1]), columns: vec![vec![many]], groups: true };
        let mut aggregator = PartitionAggregator::new(4, vec![AggregateKind::Count], vec![]);
        let groups = aggregator.run(0, &[groups.clone(), groups]).unwrap();
        assert_eq!(groups.columns[0].as_primitive::<Int64Type>().value(0), 1 << 34);
    }

    #[test]
    fn nothing_valid_is_null() {
        let keys = vec![1, 1, 2];
        let values = [f64::NAN.to_bits(), f64::NAN.to_bits(), 3.0f64.to_bits()];
        let kinds = vec![AggregateKind::Mean { arg: 0 }, AggregateKind::Max { arg: 0 }];
        let mut aggregator = PartitionAggregator::new(4, kinds, vec![ArgKind::Float]);
        let chunk = Chunk { keys: LowKeys::Narrow(keys), columns: vec![values.to_vec()], groups: false };
        let groups = aggregator.run(0, &[chunk]).unwrap();
        for column in &groups.columns {
            assert!(column.is_null(0) && !column.is_null(1));
        }
    }

    #[test]
    fn an_integer_sum_that_overflows_is_an_error() {
        let keys = vec![1, 1];
        let values = [i64::MAX as u64, 1];
        let mut aggregator = PartitionAggregator::new(4, vec![AggregateKind::Sum { arg: 0 }], vec![ArgKind::Int]);
        let chunk = Chunk { keys: LowKeys::Narrow(keys), columns: vec![values.to_vec()], groups: false };
        assert!(aggregator.run(0, &[chunk]).is_err());
    }
}
