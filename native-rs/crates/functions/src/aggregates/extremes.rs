//! `min` and `max` of strings, by UTF-16 code units, and of floats, without NaN. DataFusion begins floats with the largest
//! finite number: of infinities alone that would be the answer.
use std::cmp::Ordering;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float16Type, Float32Type, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Aggregate;
use super::groups::{Groups, each, refused, selected};
use super::slots::Slots;
use crate::error::not_supported;
use crate::text::compare_utf16;

pub(crate) static MIN: Aggregate = Aggregate {
    name: "min.string",
    result: |arguments| arguments[0].clone(),
    state: |arguments| vec![arguments[0].clone()],
    groups: |arguments| Ok(Box::new(Extreme { values: Slots::new(arguments[0].data_type()), wins: Ordering::Less })),
};

pub(crate) static MAX: Aggregate = Aggregate {
    name: "max.string",
    result: |arguments| arguments[0].clone(),
    state: |arguments| vec![arguments[0].clone()],
    groups: |arguments| Ok(Box::new(Extreme { values: Slots::new(arguments[0].data_type()), wins: Ordering::Greater })),
};

pub(crate) static FLOAT_MIN: Aggregate = Aggregate { name: "min.float", groups: |arguments| floats(arguments[0].data_type(), Ordering::Less), ..MIN };

pub(crate) static FLOAT_MAX: Aggregate = Aggregate { name: "max.float", groups: |arguments| floats(arguments[0].data_type(), Ordering::Greater), ..MAX };

fn floats(data_type: &DataType, wins: Ordering) -> Result<Box<dyn Groups>> {
    Ok(match data_type {
        DataType::Float16 => Box::new(FloatExtreme::<Float16Type> { values: Vec::new(), wins }),
        DataType::Float32 => Box::new(FloatExtreme::<Float32Type> { values: Vec::new(), wins }),
        DataType::Float64 => Box::new(FloatExtreme::<Float64Type> { values: Vec::new(), wins }),
        other => return not_supported(format!("min and max of floats got {other}")),
    })
}

/// State: the value.
struct Extreme {
    values: Slots,
    /// How a value compares with the one it replaces.
    wins: Ordering,
}

impl Groups for Extreme {
    fn resize(&mut self, count: usize) {
        self.values.resize(count);
    }
}

impl GroupsAccumulator for Extreme {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        let (array, wins) = (&values[0], self.wins);
        let rows = selected(array.logical_nulls().as_ref(), filter);
        self.values.update(array, |slots, index| {
            let mut visit = |row: usize| {
                let group = groups[row];
                let better = slots
                    .get(group)
                    .is_none_or(|(held, at)| compare_utf16(text(array, row), text(held, at)) == wins);
                if better {
                    slots.set(group, index, row);
                }
            };
            match &rows {
                None => (0..array.len()).for_each(visit),
                Some(rows) => rows.set_indices().for_each(&mut visit),
            }
        })
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.update_batch(states, groups, None, count)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.values.take(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        rows_as_states(&values[0], filter)
    }

    fn size(&self) -> usize {
        self.values.size()
    }
}

/// State: the value, null of nothing.
struct FloatExtreme<T: ArrowPrimitiveType> {
    values: Vec<Option<T::Native>>,
    /// How a value compares with the one it replaces.
    wins: Ordering,
}

impl<T: ArrowPrimitiveType<Native: PartialOrd>> Groups for FloatExtreme<T> {
    fn resize(&mut self, count: usize) {
        self.values.resize(count, None);
    }
}

impl<T: ArrowPrimitiveType<Native: PartialOrd>> GroupsAccumulator for FloatExtreme<T> {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        let wins = self.wins;
        each(groups, values[0].as_primitive::<T>(), filter, |group, value| {
            let held = &mut self.values[group];
            match *held {
                Some(best) if value.partial_cmp(&best) != Some(wins) => {}
                // NaN does not compare, not even with itself.
                _ if value.partial_cmp(&value).is_none() => {}
                _ => *held = Some(value),
            }
        });
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.update_batch(states, groups, None, count)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(emit_to.take_needed(&mut self.values).into_iter().collect::<PrimitiveArray<T>>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        rows_as_states(&values[0], filter)
    }

    fn size(&self) -> usize {
        self.values.capacity() * size_of::<Option<T::Native>>()
    }
}

fn rows_as_states(values: &ArrayRef, filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
    Ok(vec![match filter {
        None => ArrayRef::clone(values),
        Some(filter) => arrow::compute::nullif(values, &refused(filter))?,
    }])
}

/// The string at a row that is not null.
fn text(array: &ArrayRef, row: usize) -> &str {
    match array.data_type() {
        DataType::Utf8View => array.as_string_view().value(row),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            text(dictionary.values(), dictionary.normalized_keys()[row])
        }
        _ => array.as_string::<i32>().value(row),
    }
}
