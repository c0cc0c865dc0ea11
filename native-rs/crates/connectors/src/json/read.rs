//! One chunk → arrays: the group's bytes are read at once, lines before and after the chunk are only counted.
use std::{ops::Range, sync::Arc};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use lockstep_plan::JsType;

use super::{
    keys::Keys,
    lines::Lines,
    members::{Elements, Kind, Malformed, Members, Value},
    schema::malformed,
};
use crate::{
    chunks::Chunk,
    dataset::{DataFile, Dataset, Group},
    errors::Result,
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
    text::{BadRows, Builder, LeftOut, NOT_UTF8, Source, Tolerance, Wrong, arrow_type, as_key, bad_value},
};

pub fn open_chunk(dataset: &Dataset, blob: &Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef) -> Result<ChunkBatches> {
    let file = &dataset.files[chunk.file];
    let lines = file.groups[chunk.group].lines.unwrap_or_default();
    let mut keys = Keys::default();
    let mut columns = Vec::with_capacity(scan.fields().len());
    for field in scan.fields() {
        keys.add(field.name().clone());
        columns.push(Column { name: field.name().clone(), builder: Builder::new(field.data_type()), value: None });
    }
    Ok(Box::new(Batches {
        bytes: blob.bytes(lines.offset, lines.bytes as usize)?,
        parser: Parser { file: file.path.as_str().into(), keys, columns },
        left_out: LeftOut::of(&file.groups[chunk.group].bad),
        position: 0,
        line: lines.line,
        skip: chunk.start,
        left: chunk.rows,
        batch_size: options.batch_size as u64,
    }))
}

struct Batches {
    bytes: Bytes,
    parser: Parser,
    left_out: LeftOut,
    position: usize,
    line: u64,
    skip: u64,
    left: u64,
    batch_size: u64,
}

struct Parser {
    file: Arc<str>,
    /// Those of the columns read, then others.
    keys: Keys,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    builder: Builder,
    /// Of the current line.
    value: Option<Value>,
}

impl Batches {
    fn batch(&mut self) -> Result<u64> {
        let bytes = self.bytes.slice(self.position..);
        let source = Source::new(&bytes);
        let mut lines = Lines::new(&bytes, self.line);
        let mut rows = 0;
        while rows < self.left.min(self.batch_size) {
            let Some((line, range)) = lines.next() else { break };
            if self.left_out.next() {
                continue;
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.parser.read(&bytes, range.clone(), source).map_err(|wrong| malformed(&self.parser.file, line, source, range, wrong))?;
            self.parser.append(source, line)?;
            rows += 1;
        }
        self.line = lines.line();
        self.position += lines.position();
        self.left -= rows;
        Ok(rows)
    }
}

impl Parser {
    /// Of a key that a line has twice the last value counts.
    fn read(&mut self, bytes: &[u8], range: Range<usize>, source: Source<'_>) -> Result<(), Malformed> {
        let mut members = Members::new(bytes, range)?;
        let mut place = 0;
        while let Some((key, value)) = members.next()? {
            match self.keys.find(place, &key, source) {
                Ok(index) => {
                    if let Some(column) = self.columns.get_mut(index) {
                        column.value = Some(value);
                    }
                }
                Err(name) => self.keys.add(name.into_owned()),
            }
            place += 1;
        }
        Ok(())
    }

    /// What was read is a row. LS2006, LS2004
    fn append(&mut self, source: Source<'_>, line: u64) -> Result<()> {
        for column in &mut self.columns {
            column.append(source).map_err(|(value, wrong)| {
                let error = bad_value(&self.file, line, &column.name, source.bytes(value.at), wrong);
                match wrong {
                    Wrong::Not(_) => error.with_fix(format!("Mend the value, or leave such lines out: `onBadRow: \"skip\"` with {} in `types`.", as_key(&column.name))),
                    Wrong::Loses => error,
                }
            })?;
        }
        Ok(())
    }
}

/// Finds the lines of a file that are no rows: no object, or with a value that one of `types` is not. They count no more.
pub fn leave_out(blob: &Blob, file: &mut DataFile, types: &[(String, JsType)], tolerance: Tolerance, bad: &mut BadRows) -> Result<()> {
    for group in &mut file.groups {
        let lines = group.lines.unwrap_or_default();
        let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
        let source = Source::new(&bytes);
        let mut parser = Parser { file: file.path.as_str().into(), keys: Keys::default(), columns: Vec::new() };
        for (name, js) in types {
            parser.keys.add(name.clone());
            parser.columns.push(Column { name: name.clone(), builder: Builder::new(&arrow_type(*js)), value: None });
        }
        for (number, (line, range)) in (0..).zip(Lines::new(&bytes, lines.line)) {
            let reason = match source.is_utf8(range.clone()).then(|| parser.read(&bytes, range.clone(), source)) {
                None => Some(NOT_UTF8.to_owned()),
                Some(Ok(())) => parser.append(source, line).err().map(|error| error.message),
                // What exactly is wrong with it JavaScript's parser and this one say in other words.
                Some(Err(Malformed::At(_))) => Some("no JSON object".to_owned()),
                Some(Err(wrong)) => Some(malformed(&file.path, line, source, range.clone(), wrong).message),
            };
            if let Some(reason) = reason {
                parser.columns.iter_mut().for_each(|column| column.value = None);
                bad.add(tolerance, &file.path, line, &bytes[range], &reason)?;
                group.bad.push(number);
            }
        }
        group.rows -= group.bad.len() as u64;
    }
    file.recount();
    Ok(())
}

/// The number of the line that is a row of a group, for errors.
pub fn line_of(blob: &Blob, group: &Group, row: u64) -> Result<Option<u64>> {
    let lines = group.lines.unwrap_or_default();
    let bytes = blob.bytes(lines.offset, lines.bytes as usize)?;
    let mut left_out = LeftOut::of(&group.bad);
    let found = Lines::new(&bytes, lines.line).filter(|_| !left_out.next()).nth(row as usize);
    Ok(found.map(|(line, _)| line))
}

impl Column {
    /// The line's value; absent is null.
    fn append(&mut self, source: Source<'_>) -> Result<(), (Value, Wrong)> {
        let Some(value) = self.value.take().filter(|value| value.kind != Kind::Null) else {
            self.builder.append_null();
            return Ok(());
        };
        append(&mut self.builder, value, source)
    }
}

/// What is wrong, and of which value: of an element it is its list's, but of digits that it would lose.
fn append(builder: &mut Builder, value: Value, source: Source<'_>) -> Result<(), (Value, Wrong)> {
    let fits = match builder {
        Builder::Number(_) | Builder::Bigint(_) => value.kind == Kind::Number,
        Builder::Boolean(_) => value.kind == Kind::Boolean,
        Builder::Date(_) | Builder::Text(_) | Builder::Dictionary(_) => value.kind == Kind::String,
        Builder::List(_) => matches!(value.kind, Kind::Nulls | Kind::Numbers | Kind::Strings | Kind::Booleans | Kind::List),
        Builder::Object(_) => value.kind == Kind::Object,
    };
    let wrong = builder.expected();
    if let (true, Builder::List(lists)) = (fits, &mut *builder) {
        let mut length = 0;
        for element in Elements::new(source.bytes(0..value.at.end), value.at.clone()) {
            length += 1;
            match element.kind {
                Kind::Null => lists.elements.append_null(),
                _ => append(&mut lists.elements, element, source).map_err(|(element, found)| match found {
                    Wrong::Loses => (element, found),
                    Wrong::Not(_) => (value.clone(), wrong),
                })?,
            }
        }
        lists.end(length, true);
        return Ok(());
    }
    if let (true, Builder::Object(object)) = (fits, &mut *builder) {
        let mut values: Vec<Option<Value>> = vec![None; object.members.len()];
        let mut members = Members::inside(source.bytes(0..value.at.end), value.at.clone());
        while let Ok(Some((key, member))) = members.next() {
            match object.place(&key.text(source)) {
                Some(place) => values[place] = Some(member),
                None => return Err((value, wrong)),
            }
        }
        for ((_, builder), member) in object.members.iter_mut().zip(values) {
            match member.filter(|member| member.kind != Kind::Null) {
                None => builder.append_null(),
                Some(member) => append(builder, member, source).map_err(|(member, found)| match found {
                    Wrong::Loses => (member, found),
                    Wrong::Not(_) => (value.clone(), wrong),
                })?,
            }
        }
        object.valid.push(true);
        return Ok(());
    }
    let appended = match fits {
        true if value.escaped => builder.append(value.text(source).as_bytes(), || value.text(source)),
        true => builder.append(source.bytes(value.at.clone()), || value.text(source)),
        false => Err(wrong),
    };
    appended.map_err(|wrong| (value, wrong))
}

impl Iterator for Batches {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.batch() {
            Err(error) => Some(Err(error)),
            Ok(0) => None,
            Ok(_) => Some(Ok(Piece::whole(self.parser.columns.iter_mut().map(|column| column.builder.finish()).collect()))),
        }
    }
}
