//! `any(value, position)`: the first value in table order; `first` and `last`: the value of the first and of the last row.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use arrow::datatypes::{DataType, UInt64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::groups::{Groups, selected};
use super::slots::Slots;
use super::{Aggregate, without_nan};

pub(crate) static ANY: Aggregate = Aggregate {
    name: "any",
    result: |arguments| arguments[0].clone(),
    state: |arguments| vec![arguments[0].clone(), DataType::UInt64],
    groups: |arguments| Ok(Chosen::of(arguments[0].data_type(), true, false)),
};

pub(crate) static FIRST: Aggregate = Aggregate { name: "first", groups: |arguments| Ok(Chosen::of(arguments[0].data_type(), false, false)), ..ANY };

pub(crate) static LAST: Aggregate = Aggregate { name: "last", groups: |arguments| Ok(Chosen::of(arguments[0].data_type(), false, true)), ..ANY };

/// The place of a group without a row.
const NOWHERE: u64 = u64::MAX;

/// State: the value and its place, the least of which is chosen: the position, or for the last row how far below the largest it is.
struct Chosen {
    values: Slots,
    places: Vec<u64>,
    /// Rows of null and NaN are none.
    skips: bool,
    last: bool,
}

impl Chosen {
    fn of(data_type: &DataType, skips: bool, last: bool) -> Box<dyn Groups> {
        Box::new(Self { values: Slots::new(data_type), places: Vec::new(), skips, last })
    }

    fn valid(&self, array: &ArrayRef) -> ArrayRef {
        if self.skips { without_nan(array) } else { Arc::clone(array) }
    }

    fn places_of(&self, positions: &ArrayRef) -> UInt64Array {
        let positions = positions.as_primitive::<UInt64Type>();
        if self.last { positions.unary(|position| NOWHERE - 1 - position) } else { positions.clone() }
    }

    fn choose(&mut self, array: &ArrayRef, places: &UInt64Array, groups: &[usize], filter: Option<&BooleanArray>) -> Result<()> {
        let nulls = if self.skips { array.logical_nulls() } else { None };
        let rows = selected(nulls.as_ref(), filter);
        let least = &mut self.places;
        self.values.update(array, |slots, index| {
            let mut visit = |row: usize| {
                let group = groups[row];
                if places.value(row) < least[group] {
                    least[group] = places.value(row);
                    slots.set(group, index, row);
                }
            };
            match &rows {
                None => (0..array.len()).for_each(visit),
                Some(rows) => rows.set_indices().for_each(&mut visit),
            }
        })
    }
}

impl Groups for Chosen {
    fn resize(&mut self, count: usize) {
        self.values.resize(count);
        self.places.resize(count, NOWHERE);
    }
}

impl GroupsAccumulator for Chosen {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        let places = self.places_of(&values[1]);
        self.choose(&self.valid(&values[0]), &places, groups, filter)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        self.choose(&states[0], states[1].as_primitive::<UInt64Type>(), groups, None)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        emit_to.take_needed(&mut self.places);
        self.values.take(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let places = emit_to.take_needed(&mut self.places);
        Ok(vec![self.values.take(emit_to)?, Arc::new(UInt64Array::from(places))])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let places = self.places_of(&values[1]);
        let Some(rows) = selected(None, filter) else { return Ok(vec![self.valid(&values[0]), Arc::new(places)]) };
        let place = |row: usize| if rows.value(row) { places.value(row) } else { NOWHERE };
        Ok(vec![self.valid(&values[0]), Arc::new(UInt64Array::from_iter_values((0..places.len()).map(place)))])
    }

    fn size(&self) -> usize {
        self.values.size() + self.places.capacity() * size_of::<u64>()
    }
}
