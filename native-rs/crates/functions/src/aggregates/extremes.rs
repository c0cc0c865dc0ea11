//! `min` and `max` of strings, by UTF-16 code units.
use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Aggregate;
use super::groups::{Groups, refused, selected};
use super::slots::Slots;
use crate::text::compare_utf16;

pub(crate) static MIN: Aggregate = Aggregate {
    name: "min.string",
    result: |arguments| arguments[0].clone(),
    state: |arguments| vec![arguments[0].clone()],
    groups: |arguments| Ok(Box::new(Extreme { values: Slots::new(&arguments[0]), wins: Ordering::Less })),
};

pub(crate) static MAX: Aggregate = Aggregate {
    name: "max.string",
    result: |arguments| arguments[0].clone(),
    state: |arguments| vec![arguments[0].clone()],
    groups: |arguments| Ok(Box::new(Extreme { values: Slots::new(&arguments[0]), wins: Ordering::Greater })),
};

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
        Ok(vec![match filter {
            None => ArrayRef::clone(&values[0]),
            Some(filter) => arrow::compute::nullif(&values[0], &refused(filter))?,
        }])
    }

    fn size(&self) -> usize {
        self.values.size()
    }
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
