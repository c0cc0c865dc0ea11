//! What the accumulators share.
use std::fmt;

use arrow::array::{Array, ArrayRef, BooleanArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::ArrowPrimitiveType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// Accumulators of many groups; [`OneGroup`] makes one of them serve an aggregation without groups.
pub(crate) trait Groups: GroupsAccumulator + Sync {
    /// Makes room for groups 0..`count`.
    fn resize(&mut self, count: usize);

    /// Bytes beside `size` that the next batch may take for a moment, where all rows are of one group: a collection that grows is there
    /// twice, once of twice its size.
    fn growth(&self) -> usize {
        2 * self.size()
    }
}

/// Rows that count: not null and let through by the filter; none if all do.
pub(crate) fn selected(nulls: Option<&NullBuffer>, filter: Option<&BooleanArray>) -> Option<BooleanBuffer> {
    let filter = filter.map(|filter| match filter.nulls() {
        Some(nulls) => filter.values() & nulls.inner(),
        None => filter.values().clone(),
    });
    match (nulls.filter(|nulls| nulls.null_count() > 0), filter) {
        (None, None) => None,
        (Some(nulls), None) => Some(nulls.inner().clone()),
        (None, Some(filter)) => Some(filter),
        (Some(nulls), Some(filter)) => Some(nulls.inner() & &filter),
    }
}

/// The rows that a filter does not let through.
pub(crate) fn refused(filter: &BooleanArray) -> BooleanArray {
    let passes = selected(None, Some(filter)).unwrap_or_else(|| BooleanBuffer::new_set(filter.len()));
    BooleanArray::new(!&passes, None)
}

/// `f(group, value)` of every row that counts.
#[inline(always)]
pub(crate) fn each<T: ArrowPrimitiveType>(
    groups: &[usize],
    array: &PrimitiveArray<T>,
    filter: Option<&BooleanArray>,
    mut f: impl FnMut(usize, T::Native),
) {
    let values = array.values();
    match selected(array.nulls(), filter) {
        None => groups.iter().zip(values.iter()).for_each(|(&group, &value)| f(group, value)),
        Some(rows) => rows.set_indices().for_each(|row| f(groups[row], values[row])),
    }
}

/// The group accumulator with group 0 alone.
pub(crate) struct OneGroup {
    groups: Box<dyn Groups>,
    zeros: Vec<usize>,
}

impl OneGroup {
    pub(crate) fn new(mut groups: Box<dyn Groups>) -> Self {
        groups.resize(1);
        Self { groups, zeros: Vec::new() }
    }

    fn zeros(&mut self, rows: usize) {
        self.zeros.resize(rows, 0);
    }
}

impl fmt::Debug for OneGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneGroup")
    }
}

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.zeros(values[0].len());
        self.groups.update_batch(values, &self.zeros, None, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.zeros(states[0].len());
        self.groups.merge_batch(states, &self.zeros, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.groups.evaluate(EmitTo::All)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.groups.state(EmitTo::All)?.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn size(&self) -> usize {
        // Memory is asked for by what this says, and what is asked for behind it has been taken.
        self.groups.size() + self.groups.growth() + self.zeros.capacity() * size_of::<usize>()
    }
}
