//! One chunk → arrays. Synchronous: a warm local file is a memory copy away, so a page is read where it is decoded.
use std::{
    collections::{BTreeSet, HashMap},
    io::{self, Read},
    ops::Range,
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array},
    compute::cast,
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection},
    },
    basic::{ConvertedType, Type as PhysicalType},
    errors::{ParquetError, Result as ParquetResult},
    file::{
        metadata::RowGroupMetaData,
        reader::{ChunkReader, Length},
    },
};

use super::{
    errors::{guarded, reading},
    matching::Matching,
    offsets::{byte_ranges, footer_of},
    schema::with_types,
};
use crate::{
    chunks::Chunk,
    dataset::{Dataset, Group, Held, is_string, is_text},
    errors::{ConnectorError, Result},
    files::{Origin, widened},
    iceberg::{FileDeletes, Fit, field_id},
    read::{ChunkBatches, Piece, ReadOptions},
    store::Blob,
};

/// Bytes of a batch, about: offsets of strings have 31 bits, and memory is counted in batches.
const BATCH_BYTES: u64 = 16 << 20;

/// A file as arrow-rs wants to see it.
pub struct Pages {
    blob: Blob,
    /// Size of the largest page that can be right.
    largest: u64,
    /// Pages are read by their places, each with its header in one piece.
    placed: bool,
}

impl Pages {
    /// For reading the footer.
    pub fn footer(blob: &Blob) -> Self {
        Self { blob: blob.clone(), largest: u64::MAX, placed: false }
    }

    /// For reading a row group. arrow-rs allocates what a page header asks for, up to 2 GiB, before it finds the page
    /// damaged; no page is larger than its column chunk.
    pub fn group(blob: Blob, group: &RowGroupMetaData, placed: bool) -> Self {
        let sizes = group.columns().iter().map(|column| u64::try_from(column.uncompressed_size()).unwrap_or(0));
        Self { blob, largest: sizes.max().unwrap_or(0).max(1 << 24), placed }
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.blob.size()
    }
}

impl ChunkReader for Pages {
    type T = Headers;

    fn get_read(&self, start: u64) -> ParquetResult<Headers> {
        let (blob, largest) = (self.blob.clone(), self.largest);
        Ok(Headers { blob, largest, offset: start, buffer: [0; 512], filled: 0, used: 0 })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let bytes = self.blob.bytes(start, length).map_err(|error| ParquetError::External(Box::new(error)))?;
        match self.placed && page_size(&bytes) > self.largest {
            true => Err(too_large().into()),
            false => Ok(bytes),
        }
    }
}

/// Reads page headers, which are short and parsed byte by byte.
pub struct Headers {
    blob: Blob,
    largest: u64,
    offset: u64,
    buffer: [u8; 512],
    filled: usize,
    used: usize,
}

impl Read for Headers {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.used == self.filled {
            let first = self.filled == 0;
            self.filled = self.blob.read_at(&mut self.buffer, self.offset)?;
            self.offset += self.filled as u64;
            self.used = 0;
            if first && page_size(&self.buffer[..self.filled]) > self.largest {
                return Err(too_large());
            }
        }
        let count = target.len().min(self.filled - self.used);
        target[..count].copy_from_slice(&self.buffer[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a page is larger than its column")
}

/// `uncompressed_page_size`, the second field of a page header in Thrift's compact protocol; 0 if this is none.
fn page_size(header: &[u8]) -> u64 {
    const I32: u8 = 0x15;
    let [I32, _, I32, rest @ ..] = header else { return 0 };
    let mut value = 0;
    for (index, byte) in rest.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return value >> 1;
        }
    }
    0
}

/// Batches of `chunk` with the columns and types of `scan`.
pub fn open_chunk(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef) -> Result<ChunkBatches> {
    open_rows(dataset, blob, chunk, options, scan, None)
}

/// The same of some rows of the row group alone, in ascending ranges; of a file without deletes.
pub fn open_rows(dataset: &Dataset, blob: Blob, chunk: &Chunk, options: &ReadOptions, scan: &SchemaRef, rows: Matching) -> Result<ChunkBatches> {
    let footer = footer_of(dataset, chunk, &blob)?;
    let file: Arc<str> = blob.name().into();
    let place = format!("row group {}", chunk.group);
    let unchecked = unchecked_roots(&footer);
    let columns = located(dataset, chunk.file, scan, footer.schema())?;
    let names = scan.fields().iter().map(|field| field.name().clone());
    let deletes = FileDeletes::of(dataset, chunk.file)?;
    let keys = || deletes.iter().flat_map(FileDeletes::columns);
    let keys: Vec<(Held, DataType)> = keys().map(|(id, data_type)| (by_id(dataset, chunk.file, *id, &footer), data_type.clone())).collect();
    let footer = with_layout_of(&footer, &columns, &unchecked).map_err(|error| reading(&file, "the footer", error))?;
    let roots: Vec<usize> = columns.iter().chain(&keys).filter_map(|(held, _)| held.column()).collect();
    // Asked for while the first page is decoded; a remote file's are here already.
    let ranges = rows.as_deref().map_or_else(|| vec![chunk.start..chunk.start + chunk.rows], <[Range<u64>]>::to_vec);
    blob.will_need(byte_ranges(&footer, chunk.group, &ranges, &roots));
    let group = &dataset.files[chunk.file].groups[chunk.group];
    let whole = group.rows == chunk.rows;
    let batch_size = rows_of_batch(dataset, group, scan).min(options.batch_size);
    let mask = ProjectionMask::roots(footer.parquet_schema(), roots.iter().copied());
    let pages = Pages::group(blob.clone(), footer.metadata().row_group(chunk.group), footer.metadata().offset_index().is_some());
    let reader = guarded(&file, &place, || {
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(pages, footer)
            .with_row_groups(vec![chunk.group])
            .with_projection(mask)
            .with_batch_size(batch_size);
        if let Some(rows) = rows {
            let rows = rows.iter().map(|rows| rows.start as usize..rows.end as usize);
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(rows, group.rows as usize));
        } else if !whole {
            builder = builder.with_offset(chunk.start as usize).with_limit(chunk.rows as usize);
        }
        builder.build().map_err(|error| reading(&file, &place, error))
    });
    let reader = reader.map_err(|error| blob.failure().unwrap_or(error))?;
    // The reader delivers columns in file order.
    let mut ascending = roots.clone();
    ascending.sort_unstable();
    ascending.dedup();
    let from = |(held, data_type): &(Held, DataType)| match held {
        Held::Column(root, fit) => From::Column { index: ascending.binary_search(root).expect("it is one of them"), unchecked: unchecked.contains(root), fit: fit.clone() },
        Held::Constant(value) => From::Constant(value.as_ref().and_then(|value| value.to_scalar(data_type))),
    };
    let sources = columns.iter().zip(names).map(|(column, name)| Source { from: from(column), data_type: column.1.clone(), name }).collect();
    let keys = keys.iter().map(|key| (from(key), key.1.clone())).collect();
    let first: u64 = dataset.files[chunk.file].groups[..chunk.group].iter().map(|group| group.rows).sum();
    Ok(Box::new(Batches { reader, sources, deletes, keys, next: first + chunk.start, blob, file, place }))
}

/// Where the columns of `scan` are in a file, and what they are to be.
fn located(dataset: &Dataset, file: usize, scan: &Schema, columns: &Schema) -> Result<Vec<(Held, DataType)>> {
    let located = |field: &Arc<Field>| {
        let held = dataset.held(file, field.name(), columns);
        let held = held.ok_or_else(|| ConnectorError::corrupt(&dataset.files[file].path, format!("column {} is gone", field.name())))?;
        Ok((held, field.data_type().clone()))
    };
    scan.fields().iter().map(located).collect()
}

/// Where a file has the column with the id, which need not be in the schema any more.
fn by_id(dataset: &Dataset, file: usize, id: i32, footer: &ArrowReaderMetadata) -> Held {
    if let (Some(held), Some(index)) = (&dataset.files[file].held, dataset.ids.iter().position(|known| *known == id)) {
        return held[index].clone();
    }
    let root = (0..footer.schema().fields().len()).find(|root| field_id(footer, *root) == Some(id));
    root.map_or(Held::Constant(None), |root| Held::Column(root, Fit::Value))
}

/// Where an output column comes from, and what it is to be.
struct Source {
    from: From,
    data_type: DataType,
    name: String,
}

enum From {
    /// A column of the reader's batches. Unchecked: arrow-rs did not look whether its bytes are what its type says.
    Column { index: usize, unchecked: bool, fit: Fit },
    Constant(Option<ScalarValue>),
}

struct Batches {
    reader: ParquetRecordBatchReader,
    /// One an output column.
    sources: Vec<Source>,
    deletes: Option<FileDeletes>,
    /// One a column that `deletes` looks at, and the type in which it does: what does not fit is no row's there.
    keys: Vec<(From, DataType)>,
    /// Number of the next row in the file.
    next: u64,
    blob: Blob,
    file: Arc<str>,
    place: String,
}

impl Batches {
    fn column(&self, Source { from, data_type, name }: &Source, batch: &RecordBatch) -> Result<ArrayRef> {
        let (own, origin) = (self.own(from, batch)?, Origin { file: &self.file, column: name });
        match from {
            From::Column { fit, .. } => fit.apply(&own, data_type, origin),
            From::Constant(_) => widened(&own, data_type, origin),
        }
    }

    /// As the file has it.
    fn own(&self, from: &From, batch: &RecordBatch) -> Result<ArrayRef> {
        match from {
            From::Column { index, unchecked, .. } => {
                let column = batch.column(*index);
                sound(column, *unchecked).map_err(|error| reading(&self.file, &self.place, error))?;
                Ok(Arc::clone(column))
            }
            From::Constant(None) => Ok(new_null_array(&DataType::Null, batch.num_rows())),
            From::Constant(Some(value)) => value.to_array_of_size(batch.num_rows()).map_err(|error| ConnectorError::corrupt(&self.file, error)),
        }
    }

    fn keys(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let key = |(from, data_type): &(From, DataType)| cast(&self.own(from, batch)?, data_type).map_err(|error| ConnectorError::corrupt(&self.file, error));
        self.keys.iter().map(key).collect()
    }

    fn step(&mut self) -> Result<Option<Piece>> {
        let Some(batch) = self.reader.next() else { return Ok(None) };
        let batch = batch.map_err(|error| reading(&self.file, &self.place, error.into()))?;
        let columns = self.sources.iter().map(|source| self.column(source, &batch)).collect::<Result<Vec<_>>>()?;
        let rows = batch.num_rows();
        let kept = match &self.deletes {
            Some(deletes) => Some(deletes.kept(self.next, rows, &self.keys(&batch)?)?),
            None => None,
        };
        self.next += rows as u64;
        Ok(Some(Piece { columns, rows, kept, picked: None }))
    }
}

impl Iterator for Batches {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        let (file, place) = (Arc::clone(&self.file), self.place.clone());
        let step = guarded(&file, &place, || self.step());
        step.map_err(|error| self.blob.failure().unwrap_or(error)).transpose()
    }
}

/// What arrow-rs takes on trust: text without an annotation that it is UTF-8, and indices into an empty dictionary.
fn sound(column: &ArrayRef, unchecked: bool) -> ParquetResult<()> {
    let dictionary = column.as_any_dictionary_opt();
    if dictionary.is_some_and(|column| column.values().is_empty() && column.keys().null_count() < column.len()) {
        return Err(ParquetError::General("a dictionary has no entries".into()));
    }
    if unchecked { column.to_data().validate_full().map_err(ParquetError::from) } else { Ok(()) }
}

/// Columns of the file with bytes of which arrow-rs does not check whether they are UTF-8 (JSON, or text that only the
/// writer's Arrow schema calls so).
fn unchecked_roots(footer: &ArrowReaderMetadata) -> BTreeSet<usize> {
    let schema = footer.parquet_schema();
    let bytes = |leaf: &usize| {
        let column = schema.column(*leaf);
        column.physical_type() == PhysicalType::BYTE_ARRAY && column.converted_type() != ConvertedType::UTF8
    };
    (0..schema.num_columns()).filter(bytes).map(|leaf| schema.get_column_root_idx(leaf)).collect()
}

/// Rows of which a batch has about [`BATCH_BYTES`] at most.
fn rows_of_batch(dataset: &Dataset, group: &Group, scan: &Schema) -> usize {
    let column = |field: &Arc<Field>| dataset.schema.index_of(field.name()).ok().and_then(|index| group.columns.get(index));
    let bytes: u64 = scan.fields().iter().filter_map(column).map(|column| column.bytes).sum();
    let row = bytes / group.rows.max(1);
    (BATCH_BYTES / row.max(1)).max(1) as usize
}

/// Strings as the scan wants them: as dictionaries their pages are decoded to indices, not to text.
fn with_layout_of(footer: &ArrowReaderMetadata, columns: &[(Held, DataType)], unchecked: &BTreeSet<usize>) -> ParquetResult<ArrowReaderMetadata> {
    let asked: HashMap<usize, &DataType> = columns.iter().filter_map(|(held, data_type)| Some((held.column()?, data_type))).collect();
    with_types(footer, |index, field| match asked.get(&index) {
        // Its dictionary would be one of bytes.
        Some(_) if unchecked.contains(&index) && is_string(field.data_type()) => DataType::Utf8,
        Some(asked) if is_text(field.data_type()) => (*asked).clone(),
        _ => field.data_type().clone(),
    })
}

/// Where the columns of a chunk stand in its file; `rows`: of these rows of its row group.
pub fn needs(dataset: &Dataset, blob: &Blob, chunk: &Chunk, rows: Option<&[Range<u64>]>, scan: &Schema) -> Result<Vec<Range<u64>>> {
    let footer = footer_of(dataset, chunk, blob)?;
    let held = |field: &Arc<Field>| dataset.held(chunk.file, field.name(), footer.schema()).and_then(|held| held.column());
    let roots: Vec<usize> = scan.fields().iter().filter_map(held).collect();
    let all = [chunk.start..chunk.start + chunk.rows];
    Ok(byte_ranges(&footer, chunk.group, rows.unwrap_or(&all), &roots))
}
