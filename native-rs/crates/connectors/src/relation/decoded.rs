//! A record batch that has come, on its way to batches of the engine's size.
use arrow::array::ArrayRef;
use arrow::datatypes::Schema;

use crate::{
    errors::{ConnectorError, Result},
    ipc::{BATCH_BYTES, as_type, copied},
    parquet::guarded,
};

/// The selected columns of a record batch, of which rows were delivered.
pub struct Decoded {
    columns: Vec<ArrayRef>,
    rows: usize,
    next: usize,
    /// Rows at a time.
    most: usize,
}

impl Decoded {
    /// `bytes`: of the record batch, of which columns may share some.
    pub fn new(columns: Vec<ArrayRef>, rows: usize, bytes: usize, batch_rows: usize) -> Self {
        let bytes: usize = columns.iter().map(|column| column.get_array_memory_size()).sum::<usize>().min(bytes);
        let fitting = BATCH_BYTES / (bytes as u64 / (rows as u64).max(1)).max(1);
        Self { columns, rows, next: 0, most: batch_rows.min(fitting.max(1) as usize) }
    }

    /// The next rows, `wanted` at most, as the columns of `schema`, and how many; None: there are no more. LS2005
    pub fn piece(&mut self, source: &str, schema: &Schema, wanted: u64) -> Result<Option<(Vec<ArrayRef>, usize)>> {
        let count = (self.rows - self.next).min(self.most).min(usize::try_from(wanted).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(None);
        }
        let (start, failed) = (self.next, |error: &dyn std::fmt::Display| ConnectorError::corrupt(source, error));
        let piece = guarded(source, "a record batch", || {
            let types = schema.fields().iter().map(|field| field.data_type());
            self.columns.iter().zip(types).map(|(column, data_type)| copied(column, start, count).and_then(|rows| as_type(&rows, data_type)).map_err(|error| failed(&error))).collect::<Result<Vec<_>>>()
        })?;
        self.next += count;
        Ok(Some((piece, count)))
    }
}
