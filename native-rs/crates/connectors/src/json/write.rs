//! One part file of a written dataset: an object a line, its keys the columns in their order, values as
//! `JSON.stringify` prints them, but integers and decimals with all digits.
use std::{io::Write, path::Path, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::Field,
};

use crate::{
    errors::Result,
    files::FilePart,
    outputs::PartFile,
    parquet::FileInfo,
    store::StoreOptions,
    text::{Compression, Printed, TextPart},
};

/// Writes a file of JSON Lines.
pub struct JsonLinesPart {
    part: TextPart,
}

impl JsonLinesPart {
    /// Creates `part-NNNNN.jsonl`. LS2008 if that is not possible.
    pub fn create(staging: impl AsRef<Path>, index: usize, store: &StoreOptions) -> Result<Self> {
        Self::of(PartFile::create(staging.as_ref(), &format!("part-{index:05}.jsonl"), store)?, Compression::None)
    }

    pub(crate) fn of(file: PartFile, compression: Compression) -> Result<Self> {
        Ok(Self { part: TextPart::of(file, compression)? })
    }

    /// Appends rows. LS2008 disk full, LS2015 a column of a type without a text form.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            columns.push((key_of(field.name()), Cells::of(field.name(), column)?));
        }
        for row in 0..batch.num_rows() {
            members(&columns, row, &mut self.part.buffer);
            self.part.buffer.push(b'\n');
            self.part.row()?;
        }
        Ok(())
    }

    pub fn close(self) -> Result<FileInfo> {
        self.part.close()
    }
}

impl FilePart for JsonLinesPart {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        JsonLinesPart::write(self, batch)
    }

    fn memory_size(&self) -> usize {
        self.part.buffer.len()
    }

    fn end_group(&mut self) -> Result<()> {
        self.part.flush()
    }

    fn close(self: Box<Self>) -> Result<FileInfo> {
        JsonLinesPart::close(*self)
    }
}

/// A column as it is printed.
enum Cells {
    Values(Printed),
    /// Where they end, the nulls, and the elements; of maps the entries.
    Lists(OffsetBuffer<i32>, Option<NullBuffer>, Box<Cells>),
    /// The nulls, and the members by their quoted names and a colon.
    Objects(Option<NullBuffer>, Vec<(Vec<u8>, Cells)>),
}

/// A name as a key of an object.
fn key_of(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    quoted(name, &mut key);
    key.push(b':');
    key
}

/// An object's members.
fn members<'a>(cells: impl IntoIterator<Item = &'a (Vec<u8>, Cells)>, row: usize, buffer: &mut Vec<u8>) {
    buffer.push(b'{');
    for (index, (key, cells)) in cells.into_iter().enumerate() {
        if index > 0 {
            buffer.push(b',');
        }
        buffer.extend_from_slice(key);
        cells.print(row, buffer);
    }
    buffer.push(b'}');
}

impl Cells {
    fn of(name: &str, column: &dyn Array) -> Result<Self> {
        if let Some(map) = column.as_map_opt() {
            return Ok(Self::Lists(map.offsets().clone(), map.nulls().cloned(), Box::new(Self::of(name, map.entries())?)));
        }
        if let Some(list) = column.as_list_opt::<i32>() {
            return Ok(Self::Lists(list.offsets().clone(), list.nulls().cloned(), Box::new(Self::of(name, list.values())?)));
        }
        if let Some(object) = column.as_struct_opt() {
            let member = |(field, column): (&Arc<Field>, &ArrayRef)| {
                Ok((key_of(field.name()), Self::of(&format!("{name}.{}", field.name()), column)?))
            };
            let members = object.fields().iter().zip(object.columns()).map(member).collect::<Result<Vec<_>>>()?;
            return Ok(Self::Objects(object.nulls().cloned(), members));
        }
        Ok(Self::Values(Printed::of(name, column, "JSON Lines")?))
    }

    fn print(&self, row: usize, buffer: &mut Vec<u8>) {
        match self {
            Self::Values(values) => value(values, row, buffer),
            Self::Lists(_, Some(nulls), _) if nulls.is_null(row) => buffer.extend_from_slice(b"null"),
            Self::Objects(Some(nulls), _) if nulls.is_null(row) => buffer.extend_from_slice(b"null"),
            Self::Objects(_, cells) => members(cells, row, buffer),
            Self::Lists(offsets, _, elements) => {
                buffer.push(b'[');
                let (first, last) = (offsets[row] as usize, offsets[row + 1] as usize);
                for at in first..last {
                    if at > first {
                        buffer.push(b',');
                    }
                    elements.print(at, buffer);
                }
                buffer.push(b']');
            }
        }
    }
}

fn value(column: &Printed, row: usize, buffer: &mut Vec<u8>) {
    match column {
        _ if column.is_null(row) => buffer.extend_from_slice(b"null"),
        // JSON has no NaN and no infinities.
        Printed::Number(values) if !values.value(row).is_finite() => buffer.extend_from_slice(b"null"),
        Printed::Text(values) => quoted(values.value(row), buffer),
        Printed::Instant(..) | Printed::Day(_) => {
            buffer.push(b'"');
            column.print(row, buffer);
            buffer.push(b'"');
        }
        _ => column.print(row, buffer),
    }
}

fn quoted(text: &str, buffer: &mut Vec<u8>) {
    buffer.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(plain) = rest.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')) {
        buffer.extend_from_slice(&rest[..plain]);
        match rest[plain] {
            byte @ (b'"' | b'\\') => buffer.extend_from_slice(&[b'\\', byte]),
            0x08 => buffer.extend_from_slice(b"\\b"),
            0x09 => buffer.extend_from_slice(b"\\t"),
            0x0A => buffer.extend_from_slice(b"\\n"),
            0x0C => buffer.extend_from_slice(b"\\f"),
            0x0D => buffer.extend_from_slice(b"\\r"),
            control => write!(buffer, "\\u{control:04x}").expect("a buffer grows"),
        }
        rest = &rest[plain + 1..];
    }
    buffer.extend_from_slice(rest);
    buffer.push(b'"');
}
