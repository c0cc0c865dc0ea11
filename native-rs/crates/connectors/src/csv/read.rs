//! One chunk → arrays: the group's bytes are read at once, records before and after the chunk are only counted.
use std::{borrow::Cow, ops::Range, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, StringDictionaryBuilder, TimestampMillisecondBuilder},
    datatypes::{DataType, Int32Type, SchemaRef},
};
use bytes::Bytes;

use super::{
    errors::{Wrong, bad_line, bad_value},
    options::Dialect,
    records::{Field, Records},
    schema::malformed,
    values,
};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::{ConnectorError, Result},
    read::{ChunkBatches, ReadOptions},
    store::Blob,
};

/// Bytes that fields are ranges of, looked at once for whether they are UTF-8.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    bytes: &'a [u8],
    text: Option<&'a str>,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: std::str::from_utf8(bytes).ok() }
    }

    pub fn bytes(&self, field: &Field) -> &'a [u8] {
        &self.bytes[field.start..field.end]
    }

    /// The text of a field: quotes undone, bytes that are no UTF-8 replaced by U+FFFD as `TextDecoder` does.
    pub fn text(&self, field: &Field) -> Cow<'a, str> {
        let text = match self.text {
            Some(text) => Cow::Borrowed(&text[field.start..field.end]),
            None => String::from_utf8_lossy(self.bytes(field)),
        };
        if field.escaped { Cow::Owned(text.replace("\"\"", "\"")) } else { text }
    }
}

/// Where the records of a chunk's group stand in its file.
pub fn needs(dataset: &Dataset, chunk: &Chunk) -> Vec<Range<u64>> {
    let lines = dataset.files[chunk.file].groups[chunk.group].lines.unwrap_or_default();
    vec![lines.offset..lines.offset.saturating_add(lines.bytes)]
}

pub fn open_chunk(dataset: &Dataset, blob: &Blob, dialect: &Dialect, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef) -> Result<ChunkBatches> {
    let file = &dataset.files[chunk.file];
    let lines = file.groups[chunk.group].lines.unwrap_or_default();
    let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
    let mut columns = Vec::with_capacity(scan.fields().len());
    for field in scan.fields() {
        let index = dataset.schema.index_of(field.name());
        let index = index.map_err(|_| ConnectorError::corrupt(&file.path, format!("column {} is gone", field.name())))?;
        columns.push(Column { index, name: field.name().clone(), builder: Builder::new(field.data_type()) });
    }
    Ok(Box::new(Batches {
        file: file.path.as_str().into(),
        bytes,
        delimiter: dialect.delimiter,
        width: dataset.schema.fields().len(),
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
                if let Err(wrong) = column.builder.append(source, field) {
                    return Err(bad_value(&self.file, records.record_line, &column.name, source.bytes(field), wrong));
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
    type Item = Result<Vec<ArrayRef>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.batch() {
            Err(error) => Some(Err(error)),
            Ok(0) => None,
            Ok(_) => Some(Ok(self.columns.iter_mut().map(|column| column.builder.finish()).collect())),
        }
    }
}

enum Builder {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Bigint(Int64Builder),
    Date(TimestampMillisecondBuilder),
    Text(StringBuilder),
    Dictionary(StringDictionaryBuilder<Int32Type>),
}

impl Builder {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Float64 => Self::Number(Float64Builder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Bigint(Int64Builder::new()),
            DataType::Timestamp(..) => Self::Date(TimestampMillisecondBuilder::new().with_data_type(data_type.clone())),
            DataType::Dictionary(..) => Self::Dictionary(StringDictionaryBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// An empty field without quotes is null.
    fn append(&mut self, source: Source<'_>, field: &Field) -> Result<(), Wrong> {
        let value = source.bytes(field);
        let null = value.is_empty() && !field.quoted;
        match self {
            Self::Text(builder) if null => builder.append_null(),
            Self::Text(builder) => builder.append_value(source.text(field)),
            Self::Dictionary(builder) if null => builder.append_null(),
            Self::Dictionary(builder) => builder.append_value(source.text(field)),
            Self::Number(builder) if null => builder.append_null(),
            Self::Number(builder) => {
                let number = values::number(value).ok_or(Wrong::Not("a number"))?;
                if values::loses(value, number) {
                    return Err(Wrong::Loses);
                }
                builder.append_value(number);
            }
            Self::Boolean(builder) if null => builder.append_null(),
            Self::Boolean(builder) => builder.append_value(values::boolean(value).ok_or(Wrong::Not("true or false"))?),
            Self::Bigint(builder) if null => builder.append_null(),
            Self::Bigint(builder) => builder.append_value(values::bigint(value).ok_or(Wrong::Not("an integer of 64 bits"))?),
            Self::Date(builder) if null => builder.append_null(),
            Self::Date(builder) => {
                let expected = "a date such as 2024-01-31 or 2024-01-31T12:00:00Z";
                builder.append_value(values::date(value).ok_or(Wrong::Not(expected))?);
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Number(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Bigint(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Dictionary(builder) => Arc::new(builder.finish()),
        }
    }
}
