//! One chunk → arrays: of a record batch the buffers of the columns that are read, its rows a few at a time.
use std::{ops::Range, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, MutableArrayData, make_array, new_empty_array, new_null_array},
    buffer::Buffer,
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, Schema, SchemaRef},
    error::ArrowError,
    ipc::reader::RecordBatchDecoder,
};

use super::{
    compressed,
    layout::Layouts,
    messages::{message, spans},
};
use crate::{
    bounds::Bound,
    chunks::Chunk,
    dataset::{Dataset, Held, is_string},
    errors::{ConnectorError, Result},
    files::{Origin, repeated, widened},
    parquet::guarded,
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
};

/// Bytes of a batch, about: offsets of strings have 31 bits, and memory is counted in batches.
pub const BATCH_BYTES: u64 = 16 << 20;
/// Bytes between two buffers that are read rather than left out.
const GAP: u64 = 64 << 10;

/// Batches of `chunk` with the columns and types of `scan`.
pub fn open_chunk(dataset: &Dataset, layouts: &Layouts, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef) -> Result<ChunkBatches> {
    let file: Arc<str> = blob.name().into();
    let place = format!("record batch {}", chunk.group);
    let schema = layouts.schema(chunk.file, &file)?;
    let located = located(dataset, chunk.file, scan, &schema)?;
    let mut roots: Vec<usize> = located.iter().filter_map(Held::column).collect();
    roots.sort_unstable();
    roots.dedup();
    let decoded = guarded(&file, &place, || decode(layouts, &blob, chunk, &schema, &roots)).map_err(|error| blob.failure().unwrap_or(error))?;
    let source = |held: Held| match held {
        Held::Column(root, _) => From::Column(decoded[roots.binary_search(&root).expect("it is one of them")].clone()),
        Held::Constant(value) => From::Constant(value),
    };
    let sources = located.into_iter().zip(scan.fields()).map(|(held, field)| (source(held), Arc::clone(field))).collect();
    let group = &dataset.files[chunk.file].groups[chunk.group];
    let bytes: u64 = scan.fields().iter().filter_map(|field| dataset.schema.index_of(field.name()).ok()).map(|index| group.columns[index].bytes).sum();
    let most = (BATCH_BYTES / (bytes / group.rows.max(1)).max(1)).max(1).min(options.batch_size as u64);
    Ok(Box::new(Batches { sources, next: chunk.start, end: chunk.start + chunk.rows, most, file, place }))
}

/// Where the columns of `scan` are in a file.
fn located(dataset: &Dataset, file: usize, scan: &Schema, columns: &Schema) -> Result<Vec<Held>> {
    let gone = |name: &str| ConnectorError::corrupt(&dataset.files[file].path, format!("column {name} is gone"));
    scan.fields().iter().map(|field| dataset.held(file, field.name(), columns).ok_or_else(|| gone(field.name()))).collect()
}

/// The columns `roots` of the chunk's record batch, all of its rows.
fn decode(layouts: &Layouts, blob: &Blob, chunk: &Chunk, schema: &SchemaRef, roots: &[usize]) -> Result<Vec<ArrayRef>> {
    let file = blob.name();
    let place = layouts.files[chunk.file].batches[chunk.group];
    let metadata = blob.bytes(place.offset, place.metadata as usize)?;
    let message = message(file, &metadata)?;
    let batch = message.header_as_record_batch().ok_or_else(|| ConnectorError::corrupt(file, "a record batch is missing"))?;
    let spans = spans(file, schema, &batch, message.version(), place.body)?;
    let buffers: Vec<Range<u64>> = batch.buffers().into_iter().flatten().map(|buffer| buffer.offset() as u64..(buffer.offset() + buffer.length()) as u64).collect();
    let read = || roots.iter().flat_map(|root| spans[*root].buffers.clone());
    // The bytes of other columns stay zeros that nobody touches.
    let mut body = vec![0; place.body as usize];
    for range in runs(read().map(|buffer| buffers[buffer].clone()).collect()) {
        blob.fill(&mut body[range.start as usize..range.end as usize], place.body() + range.start)?;
    }
    compressed::check(file, &batch, read(), &body)?;
    let fields = roots.iter().map(|root| schema.field(*root));
    let dictionaries = layouts.dictionaries(chunk.file, chunk.group, schema, fields, blob)?;
    let failed = |error: &dyn std::fmt::Display| ConnectorError::corrupt(file, format!("record batch {}: {error}", chunk.group));
    let body = Buffer::from_vec(body);
    let version = message.version();
    let decoder = RecordBatchDecoder::try_new(&body, batch, Arc::clone(schema), &dictionaries, &version).map_err(|error| failed(&error))?;
    let decoded = decoder.with_projection(Some(roots)).read_record_batch().map_err(|error| failed(&error))?;
    decoded.columns().iter().map(|column| settled(column).map_err(|error| failed(&error))).collect()
}

/// The buffers to read, those together that are near.
fn runs(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| range.start);
    let mut runs: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match runs.last_mut() {
            Some(last) if range.start <= last.end + GAP => last.end = last.end.max(range.end),
            _ => runs.push(range),
        }
    }
    runs
}

/// A dictionary's entries are brought into our layout once, not with every few rows; those that are null are nulls of the rows.
pub fn settled(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(dictionary) = column.as_any_dictionary_opt() else { return Ok(Arc::clone(column)) };
    let values = dictionary.values();
    match is_string(values.data_type()) {
        true if values.null_count() == 0 => as_type(column, &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))),
        true => as_type(column, &DataType::Utf8),
        false => as_type(column, values.data_type()),
    }
}

pub fn as_type(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    match column.data_type() == wanted {
        true => Ok(Arc::clone(column)),
        false if column.is_empty() => Ok(new_empty_array(wanted)),
        // Not `safe`: what does not fit is no null.
        false => cast_with_options(column, wanted, &CastOptions { safe: false, ..Default::default() }),
    }
}

/// Rows with memory of their own: a slice would keep, and be counted as, the whole record batch.
pub fn copied(column: &ArrayRef, start: usize, rows: usize) -> Result<ArrayRef, ArrowError> {
    let all = column.to_data();
    let mut copy = MutableArrayData::new(vec![&all], false, rows);
    copy.try_extend(0, start, start + rows)?;
    Ok(make_array(copy.freeze()))
}

/// Where an output column comes from.
enum From {
    /// Of all rows of the batch.
    Column(ArrayRef),
    Constant(Option<Bound>),
}

struct Batches {
    /// One an output column, and what it is to be.
    sources: Vec<(From, Arc<Field>)>,
    next: u64,
    end: u64,
    /// Rows at a time.
    most: u64,
    file: Arc<str>,
    place: String,
}

impl Batches {
    fn piece(&self, start: usize, rows: usize) -> Result<Piece> {
        let failed = |error: &dyn std::fmt::Display| ConnectorError::corrupt(&self.file, format!("{}: {error}", self.place));
        let column = |(from, field): &(From, Arc<Field>)| match from {
            From::Column(column) => {
                let own = copied(column, start, rows).map_err(|error| failed(&error))?;
                widened(&own, field.data_type(), Origin { file: &self.file, column: field.name() })
            }
            From::Constant(None) => Ok(new_null_array(field.data_type(), rows)),
            From::Constant(Some(value)) => repeated(Some(value), field.data_type(), rows).ok_or_else(|| failed(&"a folder's value is gone")),
        };
        Ok(Piece { columns: self.sources.iter().map(column).collect::<Result<_>>()?, rows, kept: None, picked: None })
    }
}

impl Iterator for Batches {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = (self.end - self.next).min(self.most);
        if rows == 0 {
            return None;
        }
        let start = self.next as usize;
        self.next += rows;
        Some(guarded(&self.file, &self.place, || self.piece(start, rows as usize)))
    }
}

/// Where the columns of a chunk stand in its remote file.
pub fn needs(dataset: &Dataset, layouts: &Layouts, chunk: &Chunk, scan: &Schema) -> Result<Vec<Range<u64>>> {
    let file = &dataset.files[chunk.file].path;
    let schema = layouts.schema(chunk.file, file)?;
    let roots: Vec<usize> = located(dataset, chunk.file, scan, &schema)?.iter().filter_map(Held::column).collect();
    Ok(layouts.needs(chunk.file, chunk.group, &roots))
}
