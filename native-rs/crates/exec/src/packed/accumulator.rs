//! Running values of aggregates, one per slot.
use lockstep_functions::exact_sum::{Exact, Rests};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sum of an integer column does not fit 64 bits")]
pub struct SumOverflow;

/// One running value per slot.
#[derive(Debug)]
pub enum Accumulator {
    /// Exact, so that its bits do not depend on the order of the rows.
    SumFloat { arg: usize, sums: Vec<Exact>, rests: Rests },
    SumInt { arg: usize, sums: Vec<i64> },
    /// Kept only where NaN was met: otherwise the row count is the valid count.
    Valid { arg: usize, counts: Vec<u64>, used: bool },
    MinFloat { arg: usize, values: Vec<f64> },
    MaxFloat { arg: usize, values: Vec<f64> },
    MinInt { arg: usize, values: Vec<i64> },
    MaxInt { arg: usize, values: Vec<i64> },
}

/// What the aggregates need, each once.
pub fn accumulators(aggregates: &[AggregateKind], args: &[ArgKind]) -> Vec<Accumulator> {
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
                need(Accumulator::SumFloat { arg, sums: vec![], rests: Rests::default() });
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

    pub fn arg(&self) -> usize {
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

    pub fn reset(&mut self, slots: usize) {
        fn fill<T: Clone>(values: &mut Vec<T>, slots: usize, value: T) {
            values.clear();
            values.resize(slots, value);
        }
        match self {
            Self::SumFloat { sums, rests, .. } => {
                fill(sums, slots, Exact::default());
                rests.clear();
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
    pub fn add(&mut self, ids: &[u32], values: &[u64], rows_before: &[u64]) -> Result<(), SumOverflow> {
        let pairs = || ids.iter().map(|id| *id as usize).zip(values.iter().copied());
        match self {
            Self::SumFloat { sums, rests, .. } => {
                for (slot, value) in pairs() {
                    let value = f64::from_bits(value);
                    add_to(sums, rests, slot, if value.is_nan() { 0.0 } else { value });
                }
            }
            Self::SumInt { sums, .. } => {
                for (slot, value) in pairs() {
                    sums[slot] = sums[slot].checked_add(value as i64).ok_or(SumOverflow)?;
                }
            }
            Self::Valid { counts, used, .. } => {
                // All of them, without a branch: there hardly ever is one.
                if !*used && values.iter().fold(false, |found, value| found | f64::from_bits(*value).is_nan()) {
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

    /// Columns of its state, of eight bytes a slot.
    pub fn width(&self) -> usize {
        match self {
            Self::SumFloat { .. } => 2,
            _ => 1,
        }
    }

    /// Adds groups: their slots, states and row counts.
    pub fn merge(&mut self, ids: &[u32], states: &[impl AsRef<[u64]>], rows: &[u64], rows_before: &[u64]) -> Result<(), SumOverflow> {
        let first = states[0].as_ref();
        match self {
            Self::Valid { counts, used, .. } => {
                if !*used && first != rows {
                    counts.clear();
                    counts.extend_from_slice(rows_before);
                    *used = true;
                }
                if *used {
                    ids.iter().zip(first).for_each(|(id, state)| counts[*id as usize] += *state);
                }
                Ok(())
            }
            Self::SumFloat { sums, rests, .. } => {
                for part in states {
                    ids.iter().zip(part.as_ref()).for_each(|(id, part)| add_to(sums, rests, *id as usize, f64::from_bits(*part)));
                }
                Ok(())
            }
            // An integer sum's state is a value to add, an extreme's one to compare.
            _ => self.add(ids, first, rows_before),
        }
    }

    /// The state that adds nothing.
    pub fn nothing(&self) -> Vec<u64> {
        match self {
            Self::SumFloat { .. } => vec![0.0f64.to_bits(); 2],
            Self::SumInt { .. } | Self::Valid { .. } => vec![0],
            Self::MinFloat { .. } => vec![f64::INFINITY.to_bits()],
            Self::MaxFloat { .. } => vec![f64::NEG_INFINITY.to_bits()],
            Self::MinInt { .. } => vec![i64::MAX as u64],
            Self::MaxInt { .. } => vec![i64::MIN as u64],
        }
    }

    /// Whether slots hold more than [`Self::states`] says.
    pub fn has_rests(&self) -> bool {
        matches!(self, Self::SumFloat { rests, .. } if !rests.is_empty())
    }

    /// States that have to be merged, too: what the sum of a slot is beyond two floats.
    pub fn rests(&self, slot: u32) -> Vec<Vec<u64>> {
        let Self::SumFloat { rests, .. } = self else { return vec![] };
        let parts = rests.floats(slot as usize);
        parts.chunks(2).map(|pair| vec![pair[0].to_bits(), pair.get(1).copied().unwrap_or(0.0).to_bits()]).collect()
    }

    /// The states of `used` slots, as `merge` takes them.
    pub fn states(&self, used: &[u32], rows: &[u64]) -> Vec<Vec<u64>> {
        fn pick<T: Copy>(values: &[T], used: &[u32], bits: impl Fn(T) -> u64) -> Vec<u64> {
            used.iter().map(|slot| bits(values[*slot as usize])).collect()
        }
        match self {
            Self::Valid { counts, used: true, .. } => vec![pick(counts, used, |count| count)],
            Self::Valid { used: false, .. } => vec![pick(rows, used, |count| count)],
            Self::SumFloat { sums, .. } => vec![pick(sums, used, |exact| exact.sum.to_bits()), pick(sums, used, |exact| exact.lost.to_bits())],
            Self::MinFloat { values, .. } | Self::MaxFloat { values, .. } => vec![pick(values, used, f64::to_bits)],
            Self::SumInt { sums: values, .. } | Self::MinInt { values, .. } | Self::MaxInt { values, .. } => {
                vec![pick(values, used, |value| value as u64)]
            }
        }
    }
}

#[inline(always)]
fn add_to(sums: &mut [Exact], rests: &mut Rests, slot: usize, value: f64) {
    if !sums[slot].add(value) {
        rests.spill(slot, &mut sums[slot], value);
    }
}
