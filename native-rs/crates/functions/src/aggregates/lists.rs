//! `array_agg(value, position)`: the values of a group as a list, in table order.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt64Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, interleave};
use arrow::datatypes::{DataType, Field, UInt64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::groups::{Groups, selected};
use super::{Aggregate, without_nan};

pub(crate) static ARRAY_AGG: Aggregate = Aggregate {
    name: "array_agg",
    result: |arguments| DataType::new_list(element_type(&arguments[0]), true),
    state: |arguments| [element_type(&arguments[0]), DataType::UInt64].map(|item| DataType::new_list(item, true)).into(),
    groups: |arguments| Ok(Box::new(Lists::new(element_type(arguments[0].data_type())))),
};

/// Lists hold no dictionaries.
pub(crate) fn element_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        other => other.clone(),
    }
}

pub(crate) fn list_of(values: ArrayRef, lengths: impl IntoIterator<Item = usize>) -> Result<ArrayRef> {
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, None)?))
}

/// State: each group's values and their positions.
struct Lists {
    element: DataType,
    /// As they came, their rows and bytes.
    batches: Vec<ArrayRef>,
    rows: usize,
    bytes: usize,
    groups: Vec<Vec<Place>>,
    places: usize,
}

/// A value of a group: where it stands in the table, and in which of the batches.
#[derive(Clone, Copy)]
struct Place {
    position: u64,
    batch: u32,
    row: u32,
}

impl Lists {
    fn new(element: DataType) -> Self {
        Self { element, batches: Vec::new(), rows: 0, bytes: 0, groups: Vec::new(), places: 0 }
    }

    /// Each group's places by position, and their values one after another.
    fn take(&mut self, emit_to: EmitTo) -> Result<(Vec<Vec<Place>>, ArrayRef)> {
        let mut groups = emit_to.take_needed(&mut self.groups);
        groups.iter_mut().for_each(|places| places.sort_unstable_by_key(|place| place.position));
        self.places -= groups.iter().map(Vec::len).sum::<usize>();
        let batches: Vec<&dyn Array> = self.batches.iter().map(AsRef::as_ref).collect();
        let places: Vec<(usize, usize)> = groups.iter().flatten().map(|place| (place.batch as usize, place.row as usize)).collect();
        let values = if batches.is_empty() { new_empty_array(&self.element) } else { interleave(&batches, &places)? };
        self.tidy()?;
        Ok((groups, values))
    }

    /// Drops the values of groups that are gone, where they are most of all: who emits groups one after another holds a few.
    fn tidy(&mut self) -> Result<()> {
        if self.rows <= 2 * self.places {
            return Ok(());
        }
        let batches = std::mem::take(&mut self.batches);
        (self.rows, self.bytes) = (0, 0);
        if self.places == 0 {
            return Ok(());
        }
        let batches: Vec<&dyn Array> = batches.iter().map(AsRef::as_ref).collect();
        let places: Vec<(usize, usize)> = self.groups.iter().flatten().map(|place| (place.batch as usize, place.row as usize)).collect();
        let kept = interleave(&batches, &places)?;
        for (row, place) in self.groups.iter_mut().flatten().enumerate() {
            (place.batch, place.row) = (0, row as u32);
        }
        self.keep(kept)
    }

    fn keep(&mut self, batch: ArrayRef) -> Result<()> {
        self.rows += batch.len();
        self.bytes += batch.to_data().get_slice_memory_size()?;
        self.batches.push(batch);
        Ok(())
    }
}

impl Groups for Lists {
    fn resize(&mut self, count: usize) {
        self.groups.resize_with(count, Vec::new);
    }

    /// Values are kept in the batches that they came in.
    fn growth(&self) -> usize {
        2 * self.places * size_of::<Place>()
    }
}

impl GroupsAccumulator for Lists {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        let array = without_nan(&cast(&values[0], &self.element)?);
        let positions = values[1].as_primitive::<UInt64Type>();
        let valid = selected(array.logical_nulls().as_ref(), filter);
        let batch = self.batches.len() as u32;
        for (row, &group) in groups.iter().enumerate() {
            if valid.as_ref().is_none_or(|valid| valid.value(row)) {
                self.groups[group].push(Place { position: positions.value(row), batch, row: row as u32 });
                self.places += 1;
            }
        }
        self.keep(array)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let [values, positions] = [0, 1].map(|field| states[field].as_list::<i32>());
        let (batch, offsets) = (self.batches.len() as u32, values.value_offsets());
        for (row, &group) in groups.iter().enumerate() {
            let own = positions.value(row);
            for (at, &position) in (offsets[row] - offsets[0]..offsets[row + 1] - offsets[0]).zip(own.as_primitive::<UInt64Type>().values()) {
                self.groups[group].push(Place { position, batch, row: at as u32 });
                self.places += 1;
            }
        }
        // Of a slice of many lists these alone.
        let (first, last) = (offsets[0] as usize, offsets[values.len()] as usize);
        self.keep(values.values().slice(first, last - first))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (groups, values) = self.take(emit_to)?;
        list_of(values, groups.iter().map(Vec::len))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (groups, values) = self.take(emit_to)?;
        let positions = UInt64Array::from_iter_values(groups.iter().flatten().map(|place| place.position));
        let lengths = || groups.iter().map(Vec::len);
        Ok(vec![list_of(values, lengths())?, list_of(Arc::new(positions), lengths())?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut each = Self::new(self.element.clone());
        let rows: Vec<usize> = (0..values[0].len()).collect();
        each.update_batch(values, &rows, filter, rows.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.bytes + self.groups.capacity() * size_of::<Vec<Place>>() + 2 * self.places * size_of::<Place>()
    }
}
