//! One value of any type for each group: a place in an array that is kept.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::EmitTo;

/// Array 0 holds a single null: the value of groups that have none yet.
const EMPTY: (usize, usize) = (0, 0);

/// Rows kept beyond the groups' own before they are copied together.
const SLACK: usize = 65_536;

pub(crate) struct Slots {
    arrays: Vec<ArrayRef>,
    slots: Vec<(usize, usize)>,
    kept: usize,
}

impl Slots {
    pub(crate) fn new(data_type: &DataType) -> Self {
        Self { arrays: vec![new_null_array(data_type, 1)], slots: Vec::new(), kept: 1 }
    }

    pub(crate) fn resize(&mut self, count: usize) {
        self.slots.resize(count, EMPTY);
    }

    /// The array and row of a group's value.
    pub(crate) fn get(&self, group: usize) -> Option<(&ArrayRef, usize)> {
        let (array, row) = self.slots[group];
        ((array, row) != EMPTY).then(|| (&self.arrays[array], row))
    }

    /// Gives `array` to `choose`, which sets groups to its rows; then drops arrays that few groups need.
    pub(crate) fn update(&mut self, array: &ArrayRef, choose: impl FnOnce(&mut Self, usize)) -> Result<()> {
        self.arrays.push(Arc::clone(array));
        self.kept += array.len();
        choose(self, self.arrays.len() - 1);
        if self.kept > 2 * self.slots.len() + SLACK { self.compact() } else { Ok(()) }
    }

    fn compact(&mut self) -> Result<()> {
        let all = self.gather(&self.slots)?;
        self.arrays.truncate(1);
        self.kept = 1 + all.len();
        for (group, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| **slot != EMPTY) {
            *slot = (1, group);
        }
        self.arrays.push(all);
        Ok(())
    }

    pub(crate) fn set(&mut self, group: usize, array: usize, row: usize) {
        self.slots[group] = (array, row);
    }

    pub(crate) fn take(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let slots = emit_to.take_needed(&mut self.slots);
        let taken = self.gather(&slots)?;
        // Who emits groups one after another holds a few.
        if self.slots.is_empty() {
            self.arrays.truncate(1);
            self.kept = 1;
        } else if self.kept > 2 * self.slots.len() + 1 {
            self.compact()?;
        }
        Ok(taken)
    }

    fn gather(&self, slots: &[(usize, usize)]) -> Result<ArrayRef> {
        let arrays: Vec<&dyn Array> = self.arrays.iter().map(|array| array.as_ref()).collect();
        Ok(interleave(&arrays, slots)?)
    }

    pub(crate) fn size(&self) -> usize {
        self.arrays.iter().map(|array| array.get_array_memory_size()).sum::<usize>()
            + self.slots.capacity() * size_of::<(usize, usize)>()
    }
}
