//! One part file of a written dataset.
//!
//! Encodings are chosen by looking at the first rows: dictionaries pay for few distinct values and cost a hash a row
//! where they do not, so columns that show themselves unique are written plain.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, StructArray},
    compute::{CastOptions, can_cast_types, cast_with_options},
    datatypes::{DataType, Field, FieldRef, Float64Type, Schema, SchemaRef, TimeUnit},
};
use lockstep_functions::{
    as_list, bytes_of_rows,
    kinds::{Wrong, is_seen_as_text, of_texts, texts},
    visible,
};
use lockstep_plan::FileSort;
use parquet::{
    file::{
        metadata::SortingColumn,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    errors::writing,
    options::ParquetWriteOptions,
    row_groups::{RowGroups, dictionaries},
};
use crate::{
    arrow_types::{parse_type, print_type},
    dataset::is_text,
    errors::{ConnectorError, Result},
    extensions::extended,
    files::{FilePart, map_of},
    outputs::PartFile,
};

/// Rows looked at before the encodings are chosen.
const SAMPLE_ROWS: usize = 1 << 16;

/// The share of the values that a row group has not, of which its Bloom filter says that they may be there. Plain Node's filters are as large.
const FALSE_POSITIVES: f64 = 0.01;

/// A part file as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
}

/// Writes `part-NNNNN.parquet`. Dropped without `close`, it leaves a file without a footer in the staging directory.
pub struct ParquetPart {
    path: PathBuf,
    schema: SchemaRef,
    options: ParquetWriteOptions,
    state: State,
    rows: u64,
}

enum State {
    Sampling(Sample, PartFile),
    Writing(Box<RowGroups>),
    /// While it changes, and after a failure.
    Closed,
}

/// The first rows, until the encodings are chosen.
#[derive(Default)]
struct Sample {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl Sample {
    fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.bytes += bytes_of_rows(&batch);
        self.batches.push(batch);
    }
}

impl ParquetPart {
    /// Creates the file. LS2008 if that is not possible, LS2015 if `types` asks for something that cannot be written.
    pub fn create(staging: impl AsRef<Path>, index: usize, schema: &Schema, options: ParquetWriteOptions) -> Result<Self> {
        let schema = options.written(schema)?;
        let file = PartFile::create(staging.as_ref(), &format!("part-{index:05}.parquet"), &options.store)?;
        Ok(Self::of(file, schema, options))
    }

    /// Rows are cast to the types of `schema`, column by column.
    pub(crate) fn of(file: PartFile, schema: SchemaRef, options: ParquetWriteOptions) -> Self {
        Self { path: file.path.clone(), schema, options, state: State::Sampling(Sample::default(), file), rows: 0 }
    }

    /// Appends rows. LS2008 disk full, LS2015 a value that its written type cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = as_written(batch, &self.schema)?;
        self.rows += batch.num_rows() as u64;
        match &mut self.state {
            State::Writing(writer) => writer.write(&batch).map_err(|error| writing(&self.path, error)),
            State::Closed => Err(self.closed()),
            State::Sampling(sample, _) => {
                sample.push(batch);
                if sample.rows >= SAMPLE_ROWS || sample.bytes >= self.options.row_group_bytes { self.start() } else { Ok(()) }
            }
        }
    }

    /// Memory held until the next row group is flushed.
    pub fn memory_size(&self) -> usize {
        match &self.state {
            State::Sampling(sample, _) => sample.bytes,
            State::Writing(writer) => writer.memory_size(),
            State::Closed => 0,
        }
    }

    /// Bytes of the file so far, about.
    pub fn bytes(&self) -> u64 {
        match &self.state {
            State::Writing(writer) => writer.bytes(),
            State::Sampling(..) | State::Closed => 0,
        }
    }

    /// Writes the footer.
    pub fn close(mut self) -> Result<FileInfo> {
        let path = self.path.clone();
        let rows = self.rows;
        self.start()?;
        let State::Writing(writer) = std::mem::replace(&mut self.state, State::Closed) else { return Err(self.closed()) };
        let (bytes, file) = writer.finish().map_err(|error| writing(&path, error))?;
        file.finish()?;
        Ok(FileInfo { path: path.to_string_lossy().into_owned(), rows, bytes })
    }

    /// Leaves the sampling state: chooses encodings, writes the sample.
    fn start(&mut self) -> Result<()> {
        if !matches!(self.state, State::Sampling(..)) {
            return Ok(());
        }
        if let State::Sampling(Sample { batches: sample, .. }, file) = std::mem::replace(&mut self.state, State::Closed) {
            let dictionaries = dictionaries(&self.schema, &sample);
            let properties = properties(&self.schema, &dictionaries, &self.options);
            let mut writer = RowGroups::new(file, Arc::clone(&self.schema), properties, dictionaries, &self.options)
                .map_err(|error| writing(&self.path, error))?;
            for batch in &sample {
                writer.write(batch).map_err(|error| writing(&self.path, error))?;
            }
            self.state = State::Writing(Box::new(writer));
        }
        Ok(())
    }

    /// Ends the row group, so that nothing is held.
    pub fn end_group(&mut self) -> Result<()> {
        self.start()?;
        let State::Writing(writer) = &mut self.state else { return Err(self.closed()) };
        writer.end_early().map_err(|error| writing(&self.path, error))
    }

    fn closed(&self) -> ConnectorError {
        ConnectorError::new("LS2099", "a part was written after a failure", json!({ "path": self.path.display().to_string() }))
    }

}

impl FilePart for ParquetPart {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        ParquetPart::write(self, batch)
    }

    fn memory_size(&self) -> usize {
        ParquetPart::memory_size(self)
    }

    fn end_group(&mut self) -> Result<()> {
        ParquetPart::end_group(self)
    }

    fn close(self: Box<Self>) -> Result<FileInfo> {
        ParquetPart::close(*self)
    }
}

/// A batch with the types of `schema`. LS2015 of a value that they do not hold.
pub fn as_written(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let column = |(column, field): (&ArrayRef, &Arc<Field>)| cast_to(column, field);
    let columns = batch.columns().iter().zip(schema.fields()).map(column).collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))
}

impl ParquetWriteOptions {
    /// The columns as they are written. LS2015
    pub fn written(&self, schema: &Schema) -> Result<SchemaRef> {
        written_schema(schema, &self.types, representable)
    }
}

/// `usual`: what a column is written as of which `types` says nothing. LS2015
pub fn written_schema(schema: &Schema, types: &BTreeMap<String, String>, usual: fn(&DataType) -> DataType) -> Result<SchemaRef> {
    if let Some(unknown) = types.keys().find(|name| schema.index_of(name).is_err()) {
        let message = format!("types names the column {unknown}, which the written table does not have");
        return Err(ConnectorError::unsupported(message, json!({ "column": unknown })));
    }
    let field = |field: &Arc<Field>| {
        let Some(text) = types.get(field.name()) else {
            return Ok(field.as_ref().clone().with_data_type(usual(field.data_type())));
        };
        let data_type = parse_type(text)?;
        if !can_write(field.data_type(), &data_type) {
            return Err(cannot_write(field, field.data_type(), &data_type, "there is no conversion"));
        }
        Ok(field.as_ref().clone().with_data_type(data_type))
    };
    Ok(extended(&Schema::new(schema.fields().iter().map(field).collect::<Result<Vec<_>>>()?)))
}

/// Whether some values of the first type are written as the second.
fn can_write(from: &DataType, to: &DataType) -> bool {
    match (is_seen_as_text(from), is_seen_as_text(to)) {
        (false, false) => can_cast_types(from, to) || matches!((from, to), (DataType::List(_), DataType::Map(..)) | (DataType::Map(..), DataType::List(_) | DataType::Map(..))),
        (true, true) => from == to || is_time(from) && is_time(to),
        (true, false) => is_text(to),
        (false, true) => is_text(from),
    }
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Time32(_) | DataType::Time64(_))
}

/// Parquet has no timestamps in seconds and no days in milliseconds: arrow-rs would write bare integers.
fn representable(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Date64 => DataType::Date32,
        // As the format's specification names it, whatever it is called in memory.
        DataType::List(item) => DataType::List(Arc::new(Field::new("element", representable(item.data_type()), true))),
        DataType::Map(entries, _) => map_of(&representable(entries.data_type())).unwrap_or_else(|| data_type.clone()),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| Field::new(field.name(), representable(field.data_type()), true)).collect())
        }
        other => other.clone(),
    }
}

fn cast_to(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if column.data_type() == field.data_type() {
        return Ok(Arc::clone(column));
    }
    if let (DataType::List(_) | DataType::Map(..), DataType::List(item)) = (column.data_type(), field.data_type()) {
        let list = list_in(column, field)?;
        let elements = cast_to(list.values(), &Field::new(field.name(), item.data_type().clone(), true))?;
        return Ok(Arc::new(ListArray::new(Arc::clone(item), list.offsets().clone(), elements, list.nulls().cloned())));
    }
    if let (DataType::Struct(_), DataType::Struct(members)) = (column.data_type(), field.data_type())
        && column.as_struct().num_columns() == members.len()
    {
        let held = column.as_struct();
        let member = |(column, member): (&ArrayRef, &Arc<Field>)| {
            cast_to(column, &Field::new(format!("{}.{}", field.name(), member.name()), member.data_type().clone(), true))
        };
        let columns = held.columns().iter().zip(members).map(member).collect::<Result<Vec<_>>>()?;
        let written = StructArray::try_new_with_length(members.clone(), columns, held.nulls().cloned(), held.len());
        return Ok(Arc::new(written.map_err(|error| cannot_write(field, column.data_type(), field.data_type(), &error.to_string()))?));
    }
    if let (DataType::List(_) | DataType::Map(..), DataType::Map(entries, sorted)) = (column.data_type(), field.data_type()) {
        return entries_as(column, entries, *sorted, field);
    }
    let refused = |why: &str| cannot_write(field, column.data_type(), field.data_type(), why);
    let wrong = |wrong: Wrong| refused(&format!("{} in row {} is none", wrong.what, wrong.row));
    // Times of another unit, too: what its digits do not hold is refused.
    if let Some(texts) = texts(column) {
        return cast_to(&(Arc::new(texts.map_err(wrong)?) as ArrayRef), field);
    }
    if is_text(column.data_type()) && is_seen_as_text(field.data_type()) {
        let plain = cast_with_options(column, &DataType::Utf8, &CastOptions::default()).map_err(|error| refused(&error.to_string()))?;
        return of_texts(plain.as_string(), field.data_type()).ok_or_else(|| refused("there is no conversion"))?.map_err(wrong);
    }
    // Not `safe`: a value that does not fit is an error, not a null.
    let strict = CastOptions { safe: false, ..Default::default() };
    let cast = |column: &ArrayRef, to: &DataType| cast_with_options(column, to, &strict).map_err(|error| refused(&error.to_string()));
    let written = cast(column, field.data_type())?;
    // A cast cuts fractions off.
    if column.data_type().is_floating() && field.data_type().is_integer() {
        let values = cast(column, &DataType::Float64)?;
        if let Some(value) = values.as_primitive::<Float64Type>().iter().flatten().find(|value| value.fract() != 0.0) {
            return Err(refused(&format!("{value} is not whole")));
        }
    }
    Ok(written)
}

/// A list, or a map as one, with the elements that its rows have.
fn list_in(column: &ArrayRef, field: &Field) -> Result<ListArray> {
    as_list(column).and_then(|list| visible(&list)).map_err(|error| cannot_write(field, column.data_type(), field.data_type(), &error.to_string()))
}

/// A map, or a list of objects with a key and a value, as a map.
fn entries_as(column: &ArrayRef, entries: &FieldRef, sorted: bool, field: &Field) -> Result<ArrayRef> {
    let refused = |why: &str| cannot_write(field, column.data_type(), field.data_type(), why);
    let list = list_in(column, field)?;
    if list.values().null_count() > 0 {
        return Err(refused("an entry is null"));
    }
    let held = cast_to(list.values(), &Field::new(field.name(), entries.data_type().clone(), true))?;
    let map = MapArray::try_new(Arc::clone(entries), list.offsets().clone(), held.as_struct().clone(), list.nulls().cloned(), sorted);
    map.map(|map| Arc::new(map) as ArrayRef).map_err(|error| refused(&error.to_string()))
}

fn cannot_write(field: &Field, from: &DataType, to: &DataType, why: &str) -> ConnectorError {
    let (from, to) = (print_type(from), print_type(to));
    let message = format!("the column \"{}\" is {from} and cannot be written as {to}: {why}", field.name());
    ConnectorError::unsupported(message, json!({ "column": field.name(), "from": from, "to": to }))
}

/// Which of the file's leaves the rows are sorted by: a column of lists or structs may have several, and no order.
fn sorting(schema: &Schema, options: &ParquetWriteOptions) -> Option<Vec<SortingColumn>> {
    let column = |sort: &FileSort| {
        let index = schema.index_of(&sort.column).ok().filter(|index| !schema.field(*index).data_type().is_nested())?;
        let leaf = schema.fields()[..index].iter().map(|field| leaves(field.data_type())).sum::<usize>();
        Some(SortingColumn { column_idx: i32::try_from(leaf).ok()?, descending: sort.descending, nulls_first: sort.nulls_first })
    };
    let columns: Vec<_> = options.sort.iter().map_while(column).collect();
    (!columns.is_empty()).then_some(columns)
}

fn leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::List(item) | DataType::Map(item, _) => leaves(item.data_type()),
        DataType::Struct(members) => members.iter().map(|member| leaves(member.data_type())).sum(),
        _ => 1,
    }
}

fn properties(schema: &Schema, dictionaries: &[bool], options: &ParquetWriteOptions) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(options.compression)
        .set_max_row_group_row_count(Some(options.row_group_rows))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(sorting(schema, options))
        .set_created_by(concat!("lockstep ", env!("CARGO_PKG_VERSION")).to_owned());
    for (field, worth) in schema.fields().iter().zip(dictionaries) {
        if !worth {
            builder = builder.set_column_dictionary_enabled(ColumnPath::new(vec![field.name().clone()]), false);
        }
    }
    for name in &options.bloom_filters {
        builder = builder.set_column_bloom_filter_fpp(ColumnPath::new(vec![name.clone()]), FALSE_POSITIVES);
    }
    builder.build()
}
