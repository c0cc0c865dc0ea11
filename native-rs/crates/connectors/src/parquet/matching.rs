//! Which rows of a chunk a filter can match, by what the file says of its pages and by Bloom filters.
//!
//! ```text
//! day    [1 … 4        ][4 … 9        ][9 … 12          ]    pages of different columns begin at different rows:
//! name   [a … c ][c … f ][f … m   ][m … q ][q … z       ]    each run between two beginnings is judged by itself
//! runs   |      |       |      |   |      |              |
//! ```
use std::{cell::RefCell, collections::HashSet, ops::Range};

use arrow::{array::Array, compute::cast, datatypes::DataType};
use datafusion::scalar::ScalarValue;
use parquet::{
    arrow::arrow_reader::{ArrowReaderMetadata, statistics::StatisticsConverter},
    basic::Type as PhysicalType,
    bloom_filter::Sbbf,
    file::metadata::ColumnChunkMetaData,
};

use super::{
    errors::guarded,
    offsets::{compressed, paged},
    read::Pages,
};
use crate::{
    bounds::Bound,
    chunks::Chunk,
    dataset::{ColumnChunk, Dataset, is_string},
    errors::Result,
    prune::Pruner,
    store::Blob,
};

/// Row groups of fewer bytes are read whole: what is known of their pages costs more than it spares, a remote file's a request.
const WORTH: u64 = 64 << 10;
const WORTH_REMOTE: u64 = 8 << 20;

/// Longer Bloom filters than these are no filters of a row group.
const LONGEST: i32 = 128 << 20;

/// Rows of the chunk's row group, in ascending ranges, outside of which no row of the chunk satisfies the filter; None: any may.
pub fn matching(dataset: &Dataset, blob: &Blob, chunk: &Chunk, pruner: &Pruner) -> Result<Option<Vec<Range<u64>>>> {
    let footer = dataset.footers.get(dataset, chunk.file, blob)?;
    let columns = Column::all(dataset, chunk, pruner, &footer);
    let group = footer.metadata().row_group(chunk.group);
    let says = |what: fn(&ColumnChunkMetaData) -> Option<i64>| columns.iter().filter_map(|column| column.leaf).any(|leaf| what(group.column(leaf)).is_some());
    let (bounds, blooms) = (says(ColumnChunkMetaData::column_index_offset), says(ColumnChunkMetaData::bloom_filter_offset));
    let worth = if blob.pieces().is_some() { WORTH_REMOTE } else { WORTH };
    if !(bounds || blooms) || compressed(&footer, chunk) < worth {
        return Ok(None);
    }
    let footer = if bounds { paged(dataset, chunk, blob)?.unwrap_or(footer) } else { footer };
    let judged = guarded(blob.name(), "what is known of its pages", || Ok(judged(dataset, blob, chunk, pruner, &footer, &columns)));
    // Of a damaged file whoever reads it says what is damaged.
    let Ok((runs, keep)) = judged else { return Ok(None) };
    if let Some(error) = blob.failure() {
        return Err(error);
    }
    let mut rows: Vec<Range<u64>> = Vec::new();
    for run in runs.iter().zip(keep).filter_map(|(run, keep)| keep.then_some(run)) {
        match rows.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ => rows.push(run.clone()),
        }
    }
    let whole = rows.len() == 1 && rows[0].end - rows[0].start == chunk.rows;
    Ok((!whole).then_some(rows))
}

/// A column that the filter looks at.
struct Column {
    /// Of the dataset's schema.
    index: usize,
    /// Of the file; None where it has no such column of one leaf.
    leaf: Option<usize>,
}

impl Column {
    fn all(dataset: &Dataset, chunk: &Chunk, pruner: &Pruner, footer: &ArrowReaderMetadata) -> Vec<Self> {
        let schema = footer.parquet_schema();
        let leaf = |name: &str| {
            let root = dataset.held(chunk.file, name, footer.schema())?.column()?;
            let leaf = (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == root)?;
            (!footer.schema().field(root).data_type().is_nested()).then_some(leaf)
        };
        let column = |name: &String| Some(Self { index: dataset.schema.index_of(name).ok()?, leaf: leaf(name) });
        pruner.columns().iter().filter_map(column).collect()
    }
}

/// Runs of rows of a column of which something is known: its pages, or all of the row group.
struct Known {
    /// First rows, and what follows the last run.
    starts: Vec<u64>,
    chunks: Vec<ColumnChunk>,
}

impl Known {
    fn of(dataset: &Dataset, chunk: &Chunk, footer: &ArrowReaderMetadata, column: &Column) -> Self {
        let group = &dataset.files[chunk.file].groups[chunk.group];
        let whole = || Self { starts: vec![0, group.rows], chunks: vec![group.columns.get(column.index).cloned().unwrap_or_default()] };
        let pages = column.leaf.and_then(|leaf| Self::pages(chunk, footer, leaf, dataset.schema.field(column.index).data_type(), group.rows));
        pages.unwrap_or_else(whole)
    }

    fn pages(chunk: &Chunk, footer: &ArrowReaderMetadata, leaf: usize, wanted: &DataType, rows: u64) -> Option<Self> {
        let metadata = footer.metadata();
        let (bounds, places) = (metadata.column_index()?, metadata.offset_index()?);
        let pages = places.get(chunk.group)?.get(leaf)?.page_locations();
        let field = footer.schema().field(footer.parquet_schema().get_column_root_idx(leaf));
        let converter = StatisticsConverter::from_column_index(leaf, field, footer.parquet_schema()).ok()?;
        let group = [chunk.group];
        let mins = cast(&converter.data_page_mins(bounds, places, &group).ok()?, wanted).ok()?;
        let maxes = cast(&converter.data_page_maxes(bounds, places, &group).ok()?, wanted).ok()?;
        let nulls = converter.data_page_null_counts(bounds, places, &group).ok()?;
        if [mins.len(), maxes.len(), nulls.len()] != [pages.len(); 3] {
            return None;
        }
        let bound = |values, page| ScalarValue::try_from_array(values, page).ok().as_ref().and_then(Bound::from_scalar);
        let chunks = (0..pages.len()).map(|page| ColumnChunk {
            min: bound(&mins, page),
            max: bound(&maxes, page),
            nulls: nulls.is_valid(page).then(|| nulls.value(page)),
            ..ColumnChunk::default()
        });
        Some(Self { starts: pages.iter().map(|page| page.first_row_index as u64).chain([rows]).collect(), chunks: chunks.collect() })
    }

    /// What is known of a run of rows that lies in one of these.
    fn at(&self, run: &Range<u64>) -> ColumnChunk {
        let place = self.starts.partition_point(|start| *start <= run.start).clamp(1, self.chunks.len()) - 1;
        let (chunk, rows) = (&self.chunks[place], self.starts[place + 1] - self.starts[place]);
        // Of a part all that is known is whether all or none are null.
        let nulls = match chunk.nulls {
            Some(0) => Some(0),
            Some(nulls) if nulls == rows => Some(run.end - run.start),
            _ => None,
        };
        ColumnChunk { nulls, ..chunk.clone() }
    }
}

/// The runs of the chunk, and whether a row of each can satisfy the filter.
fn judged(dataset: &Dataset, blob: &Blob, chunk: &Chunk, pruner: &Pruner, footer: &ArrowReaderMetadata, columns: &[Column]) -> (Vec<Range<u64>>, Vec<bool>) {
    let known: Vec<Known> = columns.iter().map(|column| Known::of(dataset, chunk, footer, column)).collect();
    let all = chunk.start..chunk.start + chunk.rows;
    let mut starts: Vec<u64> = known.iter().flat_map(|known| known.starts.iter().copied()).filter(|start| all.contains(start)).collect();
    starts.push(all.start);
    starts.sort_unstable();
    starts.dedup();
    let ends = starts[1..].iter().copied().chain([all.end]);
    let runs: Vec<Range<u64>> = starts.iter().zip(ends).map(|(start, end)| *start..end).collect();
    let at: Vec<Vec<ColumnChunk>> = known.iter().map(|known| runs.iter().map(|run| known.at(run)).collect()).collect();
    let place = |index: usize| columns.iter().position(|column| column.index == index);
    let blooms = RefCell::new(Blooms { blob, chunk, footer, read: Vec::new() });
    let lacks = |index: usize, values: &HashSet<ScalarValue>| {
        let leaf = place(index).and_then(|place| columns[place].leaf);
        leaf.is_some_and(|leaf| blooms.borrow_mut().lack(leaf, dataset.schema.field(index).data_type(), values))
    };
    let rows = runs.iter().map(|run| run.end - run.start).collect();
    let keep = pruner.judge(&dataset.schema, rows, |index, run| Some(&at[place(index)?][run]), lacks);
    (runs, keep)
}

/// The Bloom filters of a row group, read when they are asked for.
struct Blooms<'a> {
    blob: &'a Blob,
    chunk: &'a Chunk,
    footer: &'a ArrowReaderMetadata,
    read: Vec<(usize, Option<Sbbf>)>,
}

impl Blooms<'_> {
    /// Whether the column `leaf`, read as `wanted`, has none of the values.
    fn lack(&mut self, leaf: usize, wanted: &DataType, values: &HashSet<ScalarValue>) -> bool {
        let column = self.footer.metadata().row_group(self.chunk.group).column(leaf);
        let stored = self.footer.schema().field(self.footer.parquet_schema().get_column_root_idx(leaf)).data_type();
        // Written as they are read, or their bytes are others.
        if !(stored == wanted || is_string(stored) && is_string(wanted)) {
            return false;
        }
        if !self.read.iter().any(|(known, _)| *known == leaf) {
            let likely = column.bloom_filter_length().is_none_or(|length| (1..=LONGEST).contains(&length));
            let pages = Pages::footer(self.blob);
            let filter = if likely { Sbbf::read_from_column_chunk(column, &pages).ok().flatten().filter(|filter| filter.num_blocks() > 0) } else { None };
            self.read.push((leaf, filter));
        }
        let Some((_, Some(filter))) = self.read.iter().find(|(known, _)| *known == leaf) else { return false };
        values.iter().all(|value| has_not(filter, column.column_descr().physical_type(), value))
    }
}

/// Whether the filter says that no row has the value: of what is one sequence of bytes whoever writes it. A float is not (there are two zeros).
fn has_not(filter: &Sbbf, physical: PhysicalType, value: &ScalarValue) -> bool {
    use ScalarValue as S;
    match (physical, value) {
        (PhysicalType::BYTE_ARRAY, S::Utf8(Some(text)) | S::LargeUtf8(Some(text)) | S::Utf8View(Some(text))) => !filter.check(text.as_str()),
        (PhysicalType::BYTE_ARRAY, S::Dictionary(_, value)) => has_not(filter, physical, value),
        (PhysicalType::INT64, S::Int64(Some(value))) => !filter.check(value),
        (PhysicalType::INT32, S::Int32(Some(value))) => !filter.check(value),
        (PhysicalType::INT32, S::Int16(Some(value))) => !filter.check(&i32::from(*value)),
        (PhysicalType::INT32, S::Int8(Some(value))) => !filter.check(&i32::from(*value)),
        _ => false,
    }
}
