//! `distinct`: how many values, with null and NaN together as one more if there are any.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{HashMap, HashSet, Result};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::groups::{Groups, selected};
use super::{Aggregate, without_nan};
use crate::keys::canonical;

pub(crate) static DISTINCT: Aggregate = Aggregate {
    name: "distinct",
    result: |_| DataType::Int64,
    state: |_| vec![DataType::new_list(DataType::Binary, true), DataType::Boolean],
    groups: |arguments| Ok(Box::new(Distinct::new(arguments[0].data_type())?)),
};

/// Values that come at a time, about.
const MORE: usize = 8192;

/// State: each group's values in Arrow's row format, and whether it saw null or NaN.
struct Distinct {
    converter: RowConverter,
    /// Every value of any group, numbered.
    numbers: HashMap<Box<[u8]>, u32>,
    values: Vec<Box<[u8]>>,
    bytes: usize,
    seen: HashSet<(usize, u32)>,
    /// Values of each group in the order they came.
    groups: Vec<Vec<u32>>,
    invalid: Vec<bool>,
}

impl Distinct {
    fn new(data_type: &DataType) -> Result<Self> {
        Ok(Self {
            converter: RowConverter::new(vec![SortField::new(data_type.clone())])?,
            numbers: HashMap::default(),
            values: Vec::new(),
            bytes: 0,
            seen: HashSet::default(),
            groups: Vec::new(),
            invalid: Vec::new(),
        })
    }

    fn insert(&mut self, group: usize, value: &[u8]) {
        let number = match self.numbers.get(value) {
            Some(&number) => number,
            None => {
                let number = self.values.len() as u32;
                self.values.push(value.into());
                self.numbers.insert(value.into(), number);
                self.bytes += 2 * value.len();
                number
            }
        };
        if self.seen.insert((group, number)) {
            self.groups[group].push(number);
        }
    }

    fn take(&mut self, emit_to: EmitTo) -> (Vec<Vec<u32>>, Vec<bool>) {
        let groups = emit_to.take_needed(&mut self.groups);
        let invalid = emit_to.take_needed(&mut self.invalid);
        // The groups that stay move to the front.
        let first = groups.len();
        self.seen = self.seen.drain().filter_map(|(group, number)| Some((group.checked_sub(first)?, number))).collect();
        (groups, invalid)
    }

    /// Forgets the values of groups that are gone, where they are most of all: who emits groups one after another holds a few.
    fn tidy(&mut self) {
        if self.values.len() <= 2 * self.seen.len() {
            return;
        }
        let values = std::mem::take(&mut self.values);
        self.numbers = HashMap::default();
        self.seen = HashSet::default();
        self.bytes = 0;
        for (group, numbers) in std::mem::take(&mut self.groups).into_iter().enumerate() {
            self.groups.push(Vec::with_capacity(numbers.len()));
            numbers.into_iter().for_each(|number| self.insert(group, &values[number as usize]));
        }
    }

    fn lists(&self, groups: &[Vec<u32>]) -> ArrayRef {
        let offsets = OffsetBuffer::from_lengths(groups.iter().map(Vec::len));
        let mut values = BinaryBuilder::new();
        for &number in groups.iter().flatten() {
            values.append_value(&self.values[number as usize]);
        }
        let field = Arc::new(Field::new_list_field(DataType::Binary, true));
        Arc::new(ListArray::new(field, offsets, Arc::new(values.finish()), None))
    }
}

impl Groups for Distinct {
    fn resize(&mut self, count: usize) {
        self.groups.resize(count, Vec::new());
        self.invalid.resize(count, false);
    }

    /// It is in the size.
    fn growth(&self) -> usize {
        0
    }
}

/// Bytes of so many entries, and of those that they move to if the next batch's rows have no place beside them.
fn with_growth<T>(length: usize, capacity: usize) -> usize {
    let bytes = capacity * size_of::<T>();
    if length + MORE > capacity { 3 * bytes } else { bytes }
}

impl GroupsAccumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, count: usize) -> Result<()> {
        self.resize(count);
        let array = without_nan(&canonical(&values[0]));
        let rows = self.converter.convert_columns(&[Arc::clone(&array)])?;
        let nulls = array.logical_nulls();
        let counts = selected(None, filter);
        for (row, &group) in groups.iter().enumerate() {
            if counts.as_ref().is_some_and(|counts| !counts.value(row)) {
                continue;
            }
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                self.invalid[group] = true;
            } else {
                self.insert(group, rows.row(row).data());
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.resize(count);
        let (lists, invalid) = (states[0].as_list::<i32>(), states[1].as_boolean());
        for (row, &group) in groups.iter().enumerate() {
            let values = lists.value(row);
            let values: &BinaryArray = values.as_binary();
            for at in 0..values.len() {
                self.insert(group, values.value(at));
            }
            self.invalid[group] |= invalid.value(row);
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (groups, invalid) = self.take(emit_to);
        self.tidy();
        let counts = groups.iter().zip(invalid).map(|(values, invalid)| values.len() as i64 + invalid as i64);
        Ok(Arc::new(Int64Array::from_iter_values(counts)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (groups, invalid) = self.take(emit_to);
        let lists = self.lists(&groups);
        self.tidy();
        Ok(vec![lists, Arc::new(BooleanArray::from(invalid))])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut each = Self::new(values[0].data_type())?;
        let rows: Vec<usize> = (0..values[0].len()).collect();
        each.update_batch(values, &rows, filter, rows.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.bytes
            + with_growth::<Box<[u8]>>(self.values.len(), self.values.capacity())
            + with_growth::<(Box<[u8]>, u32)>(self.numbers.len(), self.numbers.capacity())
            + with_growth::<(usize, u32)>(self.seen.len(), self.seen.capacity())
            + self.seen.len() * size_of::<u32>()
            + self.groups.capacity() * size_of::<Vec<u32>>()
            + self.invalid.capacity()
    }
}
