//! Column chunks of the common types, encoded by us: a value costs one probe of a small table and a few bits, where
//! arrow-rs hashes it and compares it for the statistics again. Same format, same pages, same choices; three times as
//! fast on the main job's output. What this does not know is left to arrow-rs (`row_groups.rs`).
//!
//! ```text
//! append(array) ──► values.rs: codes or plain values ──► a page every 20,000 rows ──► pages.rs
//!                   (dictionary.rs)                       (hybrid.rs: bits)
//! ```
mod dictionary;
mod hybrid;
mod labels;
mod pages;
mod values;

use arrow::{
    array::{Array, ArrayRef},
    buffer::NullBuffer,
    datatypes::DataType,
};
use parquet::{column::writer::ColumnCloseResult, errors::Result, schema::types::ColumnDescPtr};

use labels::Labels;
use pages::Pages;
use values::{Bits, Values, Words};

/// Rows of a page, as arrow-rs has it.
const PAGE_ROWS: usize = 20_000;
/// Encoded bytes after which a page ends early.
const PAGE_BYTES: usize = 1 << 20;

/// One column of the row group being written.
pub struct Column {
    values: Box<dyn Values>,
    pages: Pages,
    /// Nulls of the page, if the column may have any.
    levels: Option<Vec<u32>>,
    nulls: usize,
    rows: usize,
}

impl Column {
    /// None: a type or codec for arrow-rs. `dictionary`: try one.
    pub fn new(data_type: &DataType, descriptor: &ColumnDescPtr, snappy: bool, dictionary: bool) -> Option<Self> {
        let values: Box<dyn Values> = match data_type {
            DataType::Boolean => Box::new(Bits::default()),
            DataType::Utf8 if dictionary => Box::new(Labels::default()),
            DataType::Dictionary(keys, values) if **keys == DataType::Int32 && **values == DataType::Utf8 => {
                Box::new(Labels::default())
            }
            other => Box::new(Words::new(other, dictionary)?),
        };
        let levels = (descriptor.max_def_level() == 1).then(Vec::new);
        let flat = descriptor.max_rep_level() == 0 && descriptor.max_def_level() <= 1;
        flat.then(|| Self { values, pages: Pages::new(descriptor.clone(), snappy), levels, nulls: 0, rows: 0 })
    }

    pub fn append(&mut self, array: &ArrayRef) -> Result<()> {
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let mut start = 0;
        while start < array.len() {
            let length = (array.len() - start).min(PAGE_ROWS - self.rows);
            let piece = nulls.as_ref().map(|nulls| nulls.slice(start, length)).filter(|nulls| nulls.null_count() > 0);
            self.append_levels(length, piece.as_ref());
            self.values.append(&array.slice(start, length), piece.as_ref());
            self.rows += length;
            start += length;
            if self.rows == PAGE_ROWS || self.values.pending_bytes() > PAGE_BYTES {
                self.end_page()?;
            }
        }
        Ok(())
    }

    fn append_levels(&mut self, length: usize, nulls: Option<&NullBuffer>) {
        let Some(levels) = &mut self.levels else { return };
        match nulls {
            Some(nulls) => {
                self.nulls += nulls.null_count();
                levels.extend(nulls.iter().map(u32::from));
            }
            None => levels.resize(levels.len() + length, 1),
        }
    }

    fn end_page(&mut self) -> Result<()> {
        if self.rows > 0 {
            let page = self.values.take_page();
            self.pages.write(page, self.rows, self.nulls, self.levels.as_deref())?;
            self.levels.iter_mut().for_each(Vec::clear);
            (self.rows, self.nulls) = (0, 0);
        }
        Ok(())
    }

    /// The chunk's bytes and metadata, offsets counted from its start.
    pub fn close(mut self) -> Result<(Vec<u8>, ColumnCloseResult)> {
        self.end_page()?;
        let dictionary = self.values.take_dictionary();
        self.pages.close(dictionary)
    }

    /// Bytes held.
    pub fn memory_size(&self) -> usize {
        self.pages.memory_size() + self.values.pending_bytes()
    }
}
