//! `quantile` and `median`: exact, interpolated between the two values around the place. Keeps all values of a group.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Aggregate;
use super::groups::{Groups, each};

pub(crate) static MEDIAN: Aggregate = Aggregate {
    name: "median",
    result: |_| DataType::Float64,
    state: |_| state_types(),
    groups: |_| Ok(Box::new(Values { groups: Vec::new(), fraction: 0.5, held: 0 })),
};

/// The second argument is the fraction, the same in every row.
pub(crate) static QUANTILE: Aggregate = Aggregate { name: "quantile", ..MEDIAN };

fn state_types() -> Vec<DataType> {
    vec![DataType::new_list(DataType::Float64, true), DataType::Float64]
}

/// State: the values as they came, and the fraction, which whoever merges states is not told otherwise.
struct Values {
    groups: Vec<Vec<f64>>,
    fraction: f64,
    /// Bytes of all groups' values.
    held: usize,
}

impl Values {
    fn push(&mut self, group: usize, x: f64) {
        let values = &mut self.groups[group];
        let before = values.capacity();
        values.push(x);
        self.held += (values.capacity() - before) * size_of::<f64>();
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Vec<f64>> {
        let groups = emit_to.take_needed(&mut self.groups);
        self.held -= groups.iter().map(|values| values.capacity() * size_of::<f64>()).sum::<usize>();
        groups
    }
}

/// What the rows' second argument says, if there is one and there are rows.
fn fraction_of(values: &[ArrayRef]) -> Option<f64> {
    values.get(1).filter(|fractions| !fractions.is_empty()).map(|fractions| fractions.as_primitive::<Float64Type>().value(0))
}

impl Groups for Values {
    fn resize(&mut self, count: usize) {
        self.groups.resize(count, Vec::new());
    }
}

impl GroupsAccumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        self.fraction = fraction_of(values).unwrap_or(self.fraction);
        each(groups, values[0].as_primitive::<Float64Type>(), filter, |group, x| {
            if !x.is_nan() {
                self.push(group, x);
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        self.fraction = fraction_of(states).unwrap_or(self.fraction);
        let lists = states[0].as_list::<i32>();
        for (row, &group) in groups.iter().enumerate() {
            for &x in lists.value(row).as_primitive::<Float64Type>().values() {
                self.push(group, x);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let fraction = self.fraction;
        Ok(Arc::new(self.take(emit_to).iter_mut().map(|values| quantile(values, fraction)).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(columns(&self.take(emit_to), self.fraction))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut groups = vec![Vec::new(); values[0].len()];
        let rows: Vec<usize> = (0..groups.len()).collect();
        each(&rows, values[0].as_primitive::<Float64Type>(), filter, |row, x| {
            if !x.is_nan() {
                groups[row].push(x);
            }
        });
        Ok(columns(&groups, fraction_of(values).unwrap_or(self.fraction)))
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Vec<f64>>() + self.held
    }
}

fn columns(groups: &[Vec<f64>], fraction: f64) -> Vec<ArrayRef> {
    vec![lists(groups), Arc::new(Float64Array::from_value(fraction, groups.len()))]
}

fn lists(groups: &[Vec<f64>]) -> ArrayRef {
    let offsets = OffsetBuffer::from_lengths(groups.iter().map(Vec::len));
    let values = Float64Array::from_iter_values(groups.iter().flatten().copied());
    Arc::new(ListArray::new(Arc::new(Field::new_list_field(DataType::Float64, true)), offsets, Arc::new(values), None))
}

/// Arquero's: outside of 0 and 1 the first and the last value.
fn quantile(values: &mut [f64], fraction: f64) -> Option<f64> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let position = (count - 1) as f64 * fraction.clamp(0.0, 1.0);
    let below = position.floor() as usize;
    let (_, &mut lower, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let upper = above.iter().copied().min_by(f64::total_cmp).unwrap_or(lower);
    Some(if count == 1 || fraction <= 0.0 || fraction >= 1.0 { lower } else { lower + (upper - lower) * (position - below as f64) })
}
