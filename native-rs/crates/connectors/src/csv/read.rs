//! One chunk → arrays: the group's bytes are read at once, records before and after the chunk are only counted.
use std::{borrow::Cow, sync::Arc};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use lockstep_plan::JsType;

use super::{
    options::Dialect,
    records::{Field, Records},
    schema::malformed,
};
use crate::{
    chunks::Chunk,
    dataset::{DataFile, Dataset, Group},
    errors::{ConnectorError, Result},
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
    text::{BadRows, Builder, LeftOut, NOT_UTF8, Source, Tolerance, Wrong, as_key, arrow_type, bad_line, bad_value},
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
        dialect: dialect.clone(),
        columns,
        position: 0,
        line: lines.line,
        left_out: LeftOut::of(&file.groups[chunk.group].bad),
        skip: chunk.start,
        left: chunk.rows,
        batch_size: options.batch_size as u64,
    }))
}

struct Batches {
    file: Arc<str>,
    bytes: Bytes,
    dialect: Dialect,
    columns: Vec<Column>,
    position: usize,
    line: u64,
    left_out: LeftOut,
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
        let mut records = Records::new(&self.bytes[self.position..], self.dialect.delimiter, self.line, Some(self.dialect.width));
        let source = Source::new(&self.bytes[self.position..]);
        let mut fields = Vec::with_capacity(self.dialect.width);
        let mut rows = 0;
        while rows < self.left.min(self.batch_size) {
            let more = records.next(&mut fields).map_err(|wrong| malformed(&self.file, &records, wrong))?;
            if !more {
                break;
            }
            if self.left_out.next() {
                continue;
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            append(&mut self.columns, &fields, source, &self.dialect, &self.file, records.record_line)?;
            rows += 1;
        }
        (self.position, self.line) = (self.position + records.position(), records.line());
        self.left -= rows;
        Ok(rows)
    }
}

const RAGGED: &str = "Mend the line: a field with the delimiter or a line break in it stands in quotes. Or leave such lines out: `onBadRow: \"skip\"`.";

fn as_text(column: &str) -> String {
    let key = as_key(column);
    format!("Mend the value, or read the column as text and parse it in derive: `types: {{ {key}: \"string\" }}` and `{key}: string` in the interface. Where it stands for no value, `nulls: [\"NA\", \"\"]` names such texts.")
}

/// LS2006, LS2004 where the record is no row.
fn append(columns: &mut [Column], fields: &[Field], source: Source<'_>, dialect: &Dialect, file: &str, line: u64) -> Result<()> {
    if fields.len() != dialect.width {
        return Err(bad_line(file, line, &format!("{} fields, the header has {}", fields.len(), dialect.width)).with_fix(RAGGED));
    }
    for column in columns {
        let field = &fields[column.index];
        let value = source.bytes(field.range());
        if dialect.is_null(source, field) {
            column.builder.append_null();
        } else if let Err(wrong) = column.builder.append(value, || text(source, field)) {
            let error = bad_value(file, line, &column.name, value, wrong);
            return Err(match wrong {
                Wrong::Not(_) => error.with_fix(as_text(&column.name)),
                Wrong::Loses => error,
            });
        }
    }
    Ok(())
}

/// Finds the records of a file that are no rows: of another width, or with a value that one of `types` is not. They count no more.
pub fn leave_out(blob: &Blob, file: &mut DataFile, dialect: &Dialect, types: &[(usize, String, JsType)], tolerance: Tolerance, bad: &mut BadRows) -> Result<()> {
    let mut fields = Vec::new();
    for group in &mut file.groups {
        let lines = group.lines.unwrap_or_default();
        let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
        let source = Source::new(&bytes);
        let mut records = Records::new(&bytes, dialect.delimiter, lines.line, Some(dialect.width));
        // What they build is not looked at.
        let column = |(index, name, js): &(usize, String, JsType)| Column { index: *index, name: name.clone(), builder: Builder::new(&arrow_type(*js)) };
        let mut columns: Vec<Column> = types.iter().map(column).collect();
        let mut number = 0;
        while records.next(&mut fields).map_err(|wrong| malformed(&file.path, &records, wrong))? {
            let (line, range) = (records.record_line, records.record_start..records.position());
            let reason = match source.is_utf8(range.clone()) {
                true => append(&mut columns, &fields, source, dialect, &file.path, line).err().map(|error| error.message),
                false => Some(NOT_UTF8.to_owned()),
            };
            if let Some(reason) = reason {
                bad.add(tolerance, &file.path, line, &bytes[range], &reason)?;
                group.bad.push(number);
            }
            number += 1;
        }
        group.rows -= group.bad.len() as u64;
    }
    file.recount();
    Ok(())
}

/// The number of the line at which a row of a group begins, for errors.
pub fn line_of(blob: &Blob, dialect: &Dialect, group: &Group, row: u64) -> Result<Option<u64>> {
    let lines = group.lines.unwrap_or_default();
    let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
    let (mut records, mut fields) = (Records::new(&bytes, dialect.delimiter, lines.line, Some(dialect.width)), Vec::new());
    let (mut left_out, mut left) = (LeftOut::of(&group.bad), row);
    while records.next(&mut fields).unwrap_or(false) {
        if left_out.next() {
            continue;
        }
        if left == 0 {
            return Ok(Some(records.record_line));
        }
        left -= 1;
    }
    Ok(None)
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
