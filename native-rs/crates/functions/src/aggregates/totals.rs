//! `sum` and `mean`. Float sums are compensated: the error does not grow with the number of rows.
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Aggregate;
use super::groups::{Groups, each, selected};
use crate::error::RowError;

pub(crate) static SUM: Aggregate = Aggregate {
    name: "sum",
    result: |_| DataType::Float64,
    state: |_| vec![DataType::Float64, DataType::Int64],
    groups: |_| Ok(Box::new(Totals { totals: Vec::new(), mean: false })),
};

pub(crate) static MEAN: Aggregate = Aggregate {
    name: "mean",
    result: |_| DataType::Float64,
    state: |_| vec![DataType::Float64, DataType::Int64],
    groups: |_| Ok(Box::new(Totals { totals: Vec::new(), mean: true })),
};

pub(crate) static INTEGER_SUM: Aggregate = Aggregate {
    name: "sum.int64",
    result: |_| DataType::Int64,
    state: |_| vec![DataType::Int64, DataType::Int32],
    groups: |arguments| Ok(Box::new(IntegerTotals { totals: Vec::new(), column: arguments[0].name().clone() })),
};

/// One group's running sum, together in memory because groups come at random.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    sum: f64,
    /// What rounding lost of the sum (D. Knuth's TwoSum, without a branch).
    lost: f64,
    count: i64,
}

impl Total {
    #[inline(always)]
    fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        let kept = sum - self.sum;
        self.lost += (self.sum - (sum - kept)) + (x - kept);
        self.sum = sum;
    }

    fn value(self) -> f64 {
        // What an infinite sum lost is NaN.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// State: the sum rounded once, and the number of values. Merging adds one rounding for each partial sum.
struct Totals {
    totals: Vec<Total>,
    mean: bool,
}

impl Groups for Totals {
    fn resize(&mut self, count: usize) {
        self.totals.resize(count, Total::default());
    }
}

impl GroupsAccumulator for Totals {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        each(groups, values[0].as_primitive::<Float64Type>(), filter, |group, x| {
            if !x.is_nan() {
                let total = &mut self.totals[group];
                total.add(x);
                total.count += 1;
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let sums = states[0].as_primitive::<Float64Type>().values();
        let counts = states[1].as_primitive::<Int64Type>().values();
        for ((&group, &sum), &count) in groups.iter().zip(sums).zip(counts) {
            let total = &mut self.totals[group];
            total.add(sum);
            total.count += count;
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let totals = emit_to.take_needed(&mut self.totals);
        let value = |total: &Total| {
            let divisor = if self.mean { total.count as f64 } else { 1.0 };
            (total.count > 0).then(|| total.value() / divisor)
        };
        Ok(Arc::new(totals.iter().map(value).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let totals = emit_to.take_needed(&mut self.totals);
        Ok(vec![
            Arc::new(Float64Array::from_iter_values(totals.iter().map(|total| total.value()))),
            Arc::new(Int64Array::from_iter_values(totals.iter().map(|total| total.count))),
        ])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Float64Type>();
        let rows = selected(arrow::array::Array::nulls(values), filter);
        let counts = |row: usize, x: f64| !x.is_nan() && rows.as_ref().is_none_or(|rows| rows.value(row));
        let of = |(row, &x): (usize, &f64)| if counts(row, x) { (x, 1) } else { (0.0, 0) };
        let (sums, counts): (Vec<f64>, Vec<i64>) = values.values().iter().enumerate().map(of).unzip();
        Ok(vec![Arc::new(Float64Array::from(sums)), Arc::new(Int64Array::from(counts))])
    }

    fn size(&self) -> usize {
        self.totals.capacity() * size_of::<Total>()
    }
}

/// One group's exact sum of integers, whatever the order they come in: `low` + `high` · 2^64.
#[derive(Debug, Clone, Copy, Default)]
struct IntegerTotal {
    low: i64,
    high: i32,
    /// Of nothing the sum is null.
    some: bool,
}

impl IntegerTotal {
    #[inline(always)]
    fn add(&mut self, x: i64) {
        let (low, overflows) = self.low.overflowing_add(x);
        self.high += i32::from(overflows) * if x < 0 { -1 } else { 1 };
        (self.low, self.some) = (low, true);
    }

    fn value(self) -> i128 {
        (i128::from(self.high) << 64) + i128::from(self.low)
    }
}

/// State: both parts, null of nothing.
struct IntegerTotals {
    totals: Vec<IntegerTotal>,
    /// Whose values they are, for the error.
    column: String,
}

impl IntegerTotals {
    fn parts(totals: &[IntegerTotal]) -> [ArrayRef; 2] {
        let low = totals.iter().map(|total| total.some.then_some(total.low));
        let high = totals.iter().map(|total| total.some.then_some(total.high));
        [Arc::new(low.collect::<Int64Array>()), Arc::new(high.collect::<Int32Array>())]
    }
}

impl Groups for IntegerTotals {
    fn resize(&mut self, count: usize) {
        self.totals.resize(count, IntegerTotal::default());
    }
}

impl GroupsAccumulator for IntegerTotals {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        each(groups, values[0].as_primitive::<Int64Type>(), filter, |group, x| self.totals[group].add(x));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.update_batch(states, groups, None, count)?;
        each(groups, states[1].as_primitive::<Int32Type>(), None, |group, high| self.totals[group].high += high);
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let totals = emit_to.take_needed(&mut self.totals);
        if let Some(total) = totals.iter().find(|total| total.high != 0) {
            let message = format!("the sum of the column \"{}\" is {}, which does not fit int64", self.column, total.value());
            return RowError::throw("LS2015", "RangeError", 0, message);
        }
        let [low, _] = Self::parts(&totals);
        Ok(low)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(Self::parts(&emit_to.take_needed(&mut self.totals)).into())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Int64Type>();
        let rows = selected(arrow::array::Array::nulls(values), filter);
        let nulls = rows.map(arrow::buffer::NullBuffer::new);
        let high = Int32Array::new(vec![0; values.len()].into(), nulls.clone());
        Ok(vec![Arc::new(Int64Array::new(values.values().clone(), nulls)), Arc::new(high)])
    }

    fn size(&self) -> usize {
        self.totals.capacity() * size_of::<IntegerTotal>()
    }
}
