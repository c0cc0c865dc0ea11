//! One chunk → arrays: the group's bytes are read at once, records before and after the chunk are only counted.
use std::{borrow::Cow, sync::Arc};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;

use super::{
    options::Dialect,
    records::{Field, Records},
    schema::malformed,
};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::{ConnectorError, Result},
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
    text::{Builder, Source, bad_line, bad_value},
};

/// The text of a field, quotes undone.
pub fn text<'a>(source: Source<'a>, field: &Field) -> Cow<'a, str> {
    let text = source.text(field.range());
    if field.escaped { Cow::Owned(text.replace("\"\"", "\"")) } else { text }
}

pub fn open_chunk(dataset: &Dataset, blob: &Blob, dialect: &Dialect, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef) -> Result<ChunkBatches> {
    let file = &dataset.files[chunk.file];
    let lines = file.groups[chunk.group].lines.unwrap_or_default();
    let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
    let mut columns = Vec::with_capacity(scan.fields().len());
    for field in scan.fields() {
        let held = dataset.held(chunk.file, field.name(), &dataset.schema).and_then(|held| held.column());
        let index = held.ok_or_else(|| ConnectorError::corrupt(&file.path, format!("column {} is gone", field.name())))?;
        columns.push(Column { index, name: field.name().clone(), builder: Builder::new(field.data_type()) });
    }
    Ok(Box::new(Batches {
        file: file.path.as_str().into(),
        bytes,
        delimiter: dialect.delimiter,
        width: dialect.width,
        columns,
        position: 0,
        line: lines.line,
        skip: chunk.start,
        left: chunk.rows,
        batch_size: options.batch_size as u64,
    }))
}

struct Batches {
    file: Arc<str>,
    bytes: Bytes,
    delimiter: u8,
    /// Columns of the file.
    width: usize,
    columns: Vec<Column>,
    position: usize,
    line: u64,
    skip: u64,
    left: u64,
    batch_size: u64,
}

struct Column {
    index: usize,
    name: String,
    builder: Builder,
}

impl Batches {
    fn batch(&mut self) -> Result<u64> {
        let mut records = Records::new(&self.bytes[self.position..], self.delimiter, self.line, Some(self.width));
        let source = Source::new(&self.bytes[self.position..]);
        let mut fields = Vec::with_capacity(self.width);
        let mut rows = 0;
        while rows < self.left.min(self.batch_size) {
            let more = records.next(&mut fields).map_err(|wrong| malformed(&self.file, &records, wrong))?;
            if !more {
                break;
            }
            if fields.len() != self.width {
                let what = format!("{} fields, the header has {}", fields.len(), self.width);
                return Err(bad_line(&self.file, records.record_line, &what));
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            for column in &mut self.columns {
                let field = &fields[column.index];
                let value = source.bytes(field.range());
                // An empty field without quotes is null.
                if value.is_empty() && !field.quoted {
                    column.builder.append_null();
                } else if let Err(wrong) = column.builder.append(value, || text(source, field)) {
                    return Err(bad_value(&self.file, records.record_line, &column.name, value, wrong));
                }
            }
            rows += 1;
        }
        (self.position, self.line) = (self.position + records.position(), records.line());
        self.left -= rows;
        Ok(rows)
    }
}

impl Iterator for Batches {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.batch() {
            Err(error) => Some(Err(error)),
            Ok(0) => None,
            Ok(_) => Some(Ok(Piece::whole(self.columns.iter_mut().map(|column| column.builder.finish()).collect()))),
        }
    }
}
