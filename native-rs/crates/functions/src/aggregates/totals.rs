//! `sum` and `mean`. Sums of floats are exact, and rounded once; sums of integers have to fit 64 bits.
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Aggregate;
use super::groups::{Groups, each, selected};
use super::sums::{Summary, Summed, Sums, state};
use crate::error::RowError;

pub(crate) static SUM: Aggregate = Aggregate { name: "sum", result: |_| DataType::Float64, state: |_| state(1), groups: |_| Ok(Sums::of(Total { mean: false })) };

pub(crate) static MEAN: Aggregate = Aggregate { name: "mean", groups: |_| Ok(Sums::of(Total { mean: true })), ..SUM };

pub(crate) static INTEGER_SUM: Aggregate = Aggregate {
    name: "sum.int64",
    result: |_| DataType::Int64,
    state: |_| vec![DataType::Int64, DataType::Int32],
    groups: |arguments| Ok(Box::new(IntegerTotals { totals: Vec::new(), column: arguments[0].name().clone() })),
};

#[derive(Clone, Copy)]
struct Total {
    mean: bool,
}

impl Summary<1, 1> for Total {
    const PRODUCTS: &'static [(usize, usize)] = &[];

    fn answer(&self, sums: &Summed<1, 1>) -> Option<f64> {
        Some(sums.total(0) / if self.mean { sums.count() as f64 } else { 1.0 })
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
