//! `mode(value, position)`: the value that comes most often, of several the first in table order. And all distinct values,
//! in table order.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Int64Array, ListArray, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Int64Type, UInt64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{HashMap, Result};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::groups::{Groups, selected};
use super::lists::{element_type, list_of};
use super::{Aggregate, without_nan};
use crate::keys::canonical;

pub(crate) static MODE: Aggregate = Aggregate {
    name: "mode",
    result: |arguments| arguments[0].clone(),
    state: |_| [DataType::Binary, DataType::Int64, DataType::UInt64].map(|item| DataType::new_list(item, true)).into(),
    groups: |arguments| Ok(Box::new(Tallies::new(arguments[0].data_type(), false)?)),
};

pub(crate) static ARRAY_AGG_DISTINCT: Aggregate = Aggregate {
    name: "array_agg_distinct",
    result: |arguments| DataType::new_list(element_type(&arguments[0]), true),
    groups: |arguments| Ok(Box::new(Tallies::new(arguments[0].data_type(), true)?)),
    ..MODE
};

/// State: each group's distinct values in Arrow's row format, how often each came and its first position.
struct Tallies {
    /// The answer is all values, not the one that comes most often.
    all: bool,
    converter: RowConverter,
    data_type: DataType,
    groups: Vec<HashMap<Box<[u8]>, Tally>>,
    /// Bytes of all values.
    bytes: usize,
    tallies: usize,
}

#[derive(Clone, Copy)]
struct Tally {
    count: i64,
    first: u64,
}

impl Tallies {
    fn new(data_type: &DataType, all: bool) -> Result<Self> {
        let converter = RowConverter::new(vec![SortField::new(data_type.clone())])?;
        Ok(Self { all, converter, data_type: data_type.clone(), groups: Vec::new(), bytes: 0, tallies: 0 })
    }

    fn add(&mut self, group: usize, value: &[u8], tally: Tally) {
        if let Some(own) = self.groups[group].get_mut(value) {
            own.count += tally.count;
            own.first = own.first.min(tally.first);
            return;
        }
        self.groups[group].insert(value.into(), tally);
        self.bytes += value.len();
        self.tallies += 1;
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<HashMap<Box<[u8]>, Tally>> {
        let groups = emit_to.take_needed(&mut self.groups);
        self.bytes -= groups.iter().flat_map(HashMap::keys).map(|value| value.len()).sum::<usize>();
        self.tallies -= groups.iter().map(HashMap::len).sum::<usize>();
        groups
    }

    /// The values of each group by their first positions.
    fn lists(&self, groups: &[HashMap<Box<[u8]>, Tally>]) -> Result<ArrayRef> {
        let parser = self.converter.parser();
        let mut rows = Vec::with_capacity(groups.iter().map(HashMap::len).sum());
        for group in groups {
            let mut values: Vec<_> = group.iter().collect();
            values.sort_unstable_by_key(|(_, tally)| tally.first);
            rows.extend(values.into_iter().map(|(value, _)| parser.parse(value)));
        }
        let values = cast(&self.converter.convert_rows(rows)?.swap_remove(0), &element_type(&self.data_type))?;
        list_of(values, groups.iter().map(HashMap::len))
    }
}

impl Groups for Tallies {
    fn resize(&mut self, count: usize) {
        self.groups.resize_with(count, HashMap::default);
    }
}

impl GroupsAccumulator for Tallies {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        let array = without_nan(&canonical(&values[0]));
        let positions = values[1].as_primitive::<UInt64Type>();
        let rows = self.converter.convert_columns(&[Arc::clone(&array)])?;
        let valid = selected(array.logical_nulls().as_ref(), filter);
        for (row, &group) in groups.iter().enumerate() {
            if valid.as_ref().is_none_or(|valid| valid.value(row)) {
                self.add(group, rows.row(row).data(), Tally { count: 1, first: positions.value(row) });
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let [values, counts, firsts] = [0, 1, 2].map(|field| states[field].as_list::<i32>());
        for (row, &group) in groups.iter().enumerate() {
            let (values, counts, firsts) = (values.value(row), counts.value(row), firsts.value(row));
            let (values, counts, firsts): (&BinaryArray, _, _) = (values.as_binary(), counts.as_primitive::<Int64Type>(), firsts.as_primitive::<UInt64Type>());
            for at in 0..values.len() {
                self.add(group, values.value(at), Tally { count: counts.value(at), first: firsts.value(at) });
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.take(emit_to);
        if self.all {
            return self.lists(&groups);
        }
        let parser = self.converter.parser();
        let mut places = Vec::with_capacity(groups.len());
        let mut rows = vec![];
        for group in &groups {
            let mode = group.iter().max_by(|(_, a), (_, b)| a.count.cmp(&b.count).then(b.first.cmp(&a.first)));
            places.push(mode.map(|_| rows.len() as u64));
            rows.extend(mode.map(|(value, _)| parser.parse(value)));
        }
        let values = self.converter.convert_rows(rows)?.swap_remove(0);
        // Rows hold no dictionaries.
        Ok(cast(&take(&values, &UInt64Array::from(places), None)?, &self.data_type)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.take(emit_to);
        let offsets = OffsetBuffer::from_lengths(groups.iter().map(HashMap::len));
        let mut values = BinaryBuilder::new();
        groups.iter().flat_map(HashMap::keys).for_each(|value| values.append_value(value));
        let tallies = || groups.iter().flat_map(HashMap::values);
        let counts = Int64Array::from_iter_values(tallies().map(|tally| tally.count));
        let firsts = UInt64Array::from_iter_values(tallies().map(|tally| tally.first));
        let columns: [ArrayRef; 3] = [Arc::new(values.finish()), Arc::new(counts), Arc::new(firsts)];
        let list = |items: ArrayRef| -> ArrayRef {
            Arc::new(ListArray::new(Arc::new(Field::new_list_field(items.data_type().clone(), true)), offsets.clone(), items, None))
        };
        Ok(columns.map(list).into())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut each = Self::new(&self.data_type, self.all)?;
        let rows: Vec<usize> = (0..values[0].len()).collect();
        each.update_batch(values, &rows, filter, rows.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.bytes + self.groups.capacity() * size_of::<HashMap<Box<[u8]>, Tally>>() + 2 * self.tallies * size_of::<(Box<[u8]>, Tally)>()
    }
}
