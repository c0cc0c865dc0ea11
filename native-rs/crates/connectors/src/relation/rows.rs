//! Columns that have come → batches: nulls where the interface denies them, and positions.
use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions},
    datatypes::SchemaRef,
};
use serde_json::json;

use super::{Relation, Selection};
use crate::errors::{ConnectorError, Result};

/// More rows than a part of a query has: the parts' positions are so far apart.
pub const ROWS_A_PART: u64 = 1 << 36;

/// The rows of a partition, span by span.
pub struct Rows {
    source: String,
    schema: SchemaRef,
    numbered: bool,
    /// Not all rows were asked for.
    filtered: bool,
    /// The position of the span's first row, and where that is, for messages.
    first: u64,
    place: String,
    /// Rows of the span that were delivered.
    done: u64,
}

impl Rows {
    pub fn new(relation: &dyn Relation, selection: &Selection) -> Self {
        let (source, schema) = (relation.name().to_owned(), selection.schema(relation));
        Self { source, schema, numbered: selection.position.is_some(), filtered: selection.condition.is_some(), first: 0, place: String::new(), done: 0 }
    }

    /// With the position, if it is asked for.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows that follow are another span's.
    pub fn begin(&mut self, first: u64, place: &str) {
        (self.first, self.done) = (first, 0);
        place.clone_into(&mut self.place);
    }

    /// The columns but the position. LS2003
    pub fn batch(&mut self, mut columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        for (field, column) in self.schema.fields().iter().zip(&columns) {
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(self.null_found(field.name(), column));
            }
        }
        let first = self.first + self.done;
        self.done += rows as u64;
        if self.numbered {
            columns.push(Arc::new(Int64Array::from_iter_values(first as i64..(first + rows as u64) as i64)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(|error| ConnectorError::corrupt(&self.source, error))
    }

    /// LS2015: a value, so many rows behind those delivered, that no column of ours holds.
    pub fn wrong(&self, column: usize, behind: usize, what: &str) -> ConnectorError {
        let (column, row) = (self.schema.field(column).name(), self.done + behind as u64);
        let message = format!("{}: column {column} has {what}, in {}", self.source, self.row(row));
        ConnectorError::unsupported(message, json!({ "source": self.source, "column": column, "row": row }))
    }

    fn null_found(&self, column: &str, values: &ArrayRef) -> ConnectorError {
        let row = self.done + (0..values.len()).find(|row| values.is_null(*row)).unwrap_or(0) as u64;
        let message = format!("{}: column {column} is null in {}, the interface says it never is; write {column}: … | null", self.source, self.row(row));
        ConnectorError::new("LS2003", message, json!({ "source": self.source, "column": column, "row": row }))
    }

    fn row(&self, row: u64) -> String {
        let of = if self.filtered { " of those asked for" } else { "" };
        if self.place.is_empty() { format!("row {row}{of}") } else { format!("row {row}{of} {}", self.place) }
    }
}
