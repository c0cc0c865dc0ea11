//! `any(value, position)`: the first value in table order.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use arrow::datatypes::{DataType, UInt64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::groups::{Groups, refused, selected};
use super::slots::Slots;
use super::{Aggregate, without_nan};

pub(crate) static ANY: Aggregate = Aggregate {
    name: "any",
    result: |arguments| arguments[0].clone(),
    state: |arguments| vec![arguments[0].clone(), DataType::UInt64],
    groups: |arguments| Ok(Box::new(First { values: Slots::new(arguments[0].data_type()), positions: Vec::new() })),
};

/// The position of a group without a value.
const NOWHERE: u64 = u64::MAX;

/// State: the value and its position.
struct First {
    values: Slots,
    positions: Vec<u64>,
}

impl Groups for First {
    fn resize(&mut self, count: usize) {
        self.values.resize(count);
        self.positions.resize(count, NOWHERE);
    }
}

impl GroupsAccumulator for First {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        let array = without_nan(&values[0]);
        let order = values[1].as_primitive::<UInt64Type>().values();
        let rows = selected(array.logical_nulls().as_ref(), filter);
        let positions = &mut self.positions;
        self.values.update(&array, |slots, index| {
            let mut visit = |row: usize| {
                let group = groups[row];
                if order[row] < positions[group] {
                    positions[group] = order[row];
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
        emit_to.take_needed(&mut self.positions);
        self.values.take(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let positions = emit_to.take_needed(&mut self.positions);
        Ok(vec![self.values.take(emit_to)?, Arc::new(UInt64Array::from(positions))])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let array = without_nan(&values[0]);
        let array = match filter {
            None => array,
            Some(filter) => arrow::compute::nullif(&array, &refused(filter))?,
        };
        Ok(vec![array, Arc::clone(&values[1])])
    }

    fn size(&self) -> usize {
        self.values.size() + self.positions.capacity() * size_of::<u64>()
    }
}
