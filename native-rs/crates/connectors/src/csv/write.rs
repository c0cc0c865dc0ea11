//! One part file of a written dataset, as RFC 4180 says: a field is quoted if it has to be. An empty string is quoted,
//! null is an empty field.
use std::path::Path;

use arrow::array::RecordBatch;

use super::options::CsvWriteOptions;
use crate::{
    errors::Result,
    files::FilePart,
    outputs::PartFile,
    parquet::FileInfo,
    text::{Printed, TextPart},
};

/// Writes a file of CSV.
pub struct CsvPart {
    part: TextPart,
    delimiter: u8,
    /// The delimiter can be part of a number or a date: these are looked at, too.
    odd: bool,
}

impl CsvPart {
    /// Creates `part-NNNNN.csv`. LS2008 if that is not possible.
    pub fn create(staging: impl AsRef<Path>, index: usize, names: &[&str], options: &CsvWriteOptions) -> Result<Self> {
        Self::of(PartFile::create(staging.as_ref(), &format!("part-{index:05}.csv"), &options.store)?, names, options)
    }

    /// Begins the file with its header.
    pub(crate) fn of(file: PartFile, names: &[&str], options: &CsvWriteOptions) -> Result<Self> {
        let delimiter = options.delimiter;
        let odd = delimiter.is_ascii_alphanumeric() || matches!(delimiter, b'.' | b'-' | b'+' | b':');
        let mut part = Self { part: TextPart::of(file, options.compression)?, delimiter, odd };
        if options.header {
            for (index, name) in names.iter().enumerate() {
                part.separate(index);
                part.text(name);
            }
            part.part.buffer.push(b'\n');
        }
        Ok(part)
    }

    /// Appends rows. LS2008 disk full, LS2015 a column of a type without a text form.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| Printed::of(field.name(), column, "CSV"));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                self.separate(index);
                match column {
                    _ if column.is_null(row) => {}
                    Printed::Text(values) => self.text(values.value(row)),
                    _ => self.value(column, row),
                }
            }
            self.part.buffer.push(b'\n');
            self.part.row()?;
        }
        Ok(())
    }

    pub fn close(self) -> Result<FileInfo> {
        self.part.close()
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.part.buffer.push(self.delimiter);
        }
    }

    fn value(&mut self, column: &Printed, row: usize) {
        let start = self.part.buffer.len();
        column.print(row, &mut self.part.buffer);
        if self.odd {
            let text = String::from_utf8_lossy(&self.part.buffer.split_off(start)).into_owned();
            self.text(&text);
        }
    }

    fn text(&mut self, text: &str) {
        let buffer = &mut self.part.buffer;
        let special = |byte: u8| byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if !text.is_empty() && !text.bytes().any(special) {
            buffer.extend_from_slice(text.as_bytes());
            return;
        }
        buffer.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                buffer.push(b'"');
            }
            buffer.push(byte);
        }
        buffer.push(b'"');
    }
}

impl FilePart for CsvPart {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        CsvPart::write(self, batch)
    }

    fn memory_size(&self) -> usize {
        self.part.buffer.len()
    }

    fn end_group(&mut self) -> Result<()> {
        self.part.flush()
    }

    fn close(self: Box<Self>) -> Result<FileInfo> {
        CsvPart::close(*self)
    }
}
