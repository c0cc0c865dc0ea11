//! Where the pages of a row group stand, for a chunk of which not all rows are read: other pages are neither fetched nor
//! looked at.
//!
//! ```text
//! column   [dictionary][page 0][page 1][page 2][page 3]     rows 0 … 1,000,000
//! chunk     read                read    read                rows 300,000 … 600,000
//! ```
//!
//! Of a file without an offset index all pages of the columns are fetched, and those in front of the chunk are passed over by
//! their headers.
use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use parquet::{
    arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions},
    errors::{ParquetError, Result as ParquetResult},
    file::{
        metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaDataReader, RowGroupMetaData},
        page_index::offset_index::{OffsetIndexMetaData, PageLocation},
        reader::{ChunkReader, Length},
    },
};

use super::{errors::guarded, read::{Headers, Pages}, schema::typed, thrift::has_room};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::{ConnectorError, Result},
    store::Blob,
};

/// A row group of fewer bytes is fetched whole: to ask where its pages are would be a request more.
const WORTH: u64 = 1 << 20;

/// Indexes that lie over more bytes are not read: they are read together, and a file of very many columns has those of all of them.
const LONGEST: u64 = 64 << 20;

/// The footer to read `chunk` with: where it is a part of a large row group, or its pages were asked for before, with the places of
/// the file's pages if the file says them.
pub fn footer_of(dataset: &Dataset, chunk: &Chunk, blob: &Blob) -> Result<ArrowReaderMetadata> {
    let footer = dataset.footers.get(dataset, chunk.file, blob)?;
    let part = dataset.files[chunk.file].groups[chunk.group].rows != chunk.rows && compressed(&footer, chunk) >= WORTH;
    let placed = if part { paged(dataset, chunk, blob)? } else { dataset.footers.known_places(chunk.file).filter(|placed| in_order(placed, chunk.group)) };
    Ok(placed.unwrap_or(footer))
}

/// The footer with the places of the pages, and what their values are bound by; None where the file does not say that of the chunk.
pub fn paged(dataset: &Dataset, chunk: &Chunk, blob: &Blob) -> Result<Option<ArrowReaderMetadata>> {
    let footer = dataset.footers.get(dataset, chunk.file, blob)?;
    let placed = dataset.footers.placed(chunk.file, || placed(&footer, blob))?;
    // What is not in order in one group says nothing of others.
    Ok(placed.filter(|placed| in_order(placed, chunk.group)))
}

/// Bytes of the chunk's row group.
pub fn compressed(footer: &ArrowReaderMetadata, chunk: &Chunk) -> u64 {
    let columns = footer.metadata().row_group(chunk.group).columns();
    columns.iter().map(|column| u64::try_from(column.compressed_size()).unwrap_or(0)).sum()
}

/// The footer with the indexes of all pages; None where the file has none, or too many.
fn placed(footer: &ArrowReaderMetadata, blob: &Blob) -> Result<Option<ArrowReaderMetadata>> {
    let indexes = Indexes::of(footer, blob);
    if indexes.span().is_none_or(|span| span > LONGEST) {
        return Ok(None);
    }
    let read = guarded(blob.name(), "the page index", || {
        let mut reader = ParquetMetaDataReader::new_with_metadata(footer.metadata().as_ref().clone())
            .with_column_index_policy(PageIndexPolicy::Optional)
            .with_offset_index_policy(PageIndexPolicy::Optional);
        let read = reader.read_page_indexes(&indexes).and_then(|()| reader.finish());
        let footer = read.and_then(|metadata| ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())).and_then(typed);
        footer.map_err(|error| ConnectorError::corrupt(blob.name(), error))
    });
    match read {
        Ok(footer) => Ok(Some(footer)),
        // Bytes that did not come are an error; an index that is damaged is none.
        Err(error) => blob.failure().map_or(Ok(None), |_| Err(error)),
    }
}

/// A file whose page indexes are looked at before they are parsed.
struct Indexes {
    pages: Pages,
    /// Where they stand, and their lengths.
    places: Vec<(u64, usize)>,
}

impl Indexes {
    fn of(footer: &ArrowReaderMetadata, blob: &Blob) -> Self {
        let columns = footer.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
        let place = |offset: Option<i64>, length: Option<i32>| Some((u64::try_from(offset?).ok()?, usize::try_from(length?).ok()?));
        let places = columns.flat_map(|column| {
            [place(column.offset_index_offset(), column.offset_index_length()), place(column.column_index_offset(), column.column_index_length())]
        });
        Self { pages: Pages::footer(blob), places: places.flatten().collect() }
    }

    /// Bytes from the first to the last; None: there are none.
    fn span(&self) -> Option<u64> {
        let start = self.places.iter().map(|(place, _)| *place).min()?;
        let end = self.places.iter().map(|(place, length)| place.saturating_add(*length as u64)).max()?;
        Some(end - start)
    }
}

impl Length for Indexes {
    fn len(&self) -> u64 {
        self.pages.len()
    }
}

impl ChunkReader for Indexes {
    type T = Headers;

    fn get_read(&self, start: u64) -> ParquetResult<Headers> {
        self.pages.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let bytes = self.pages.get_bytes(start, length)?;
        let own = |(place, length): &(u64, usize)| {
            let from = usize::try_from(place.checked_sub(start)?).ok()?;
            bytes.get(from..from.checked_add(*length)?)
        };
        match self.places.iter().filter_map(own).all(has_room) {
            true => Ok(bytes),
            false => Err(ParquetError::General("a page index says to have more pages than it has bytes".into())),
        }
    }
}

/// Whether the places of a group's pages can be right: decoding takes them on trust.
fn in_order(footer: &ArrowReaderMetadata, group: usize) -> bool {
    let metadata = footer.metadata();
    let Some(index) = metadata.offset_index().and_then(|index| index.get(group)) else { return false };
    let (rows, columns) = (metadata.row_group(group).num_rows(), metadata.row_group(group).columns());
    let each = |(column, index): (&ColumnChunkMetaData, &OffsetIndexMetaData)| {
        let (start, length) = column.byte_range();
        let pages = index.page_locations();
        let (mut offset, mut row) = (start as i64, -1);
        let ascending = pages.iter().all(|page| {
            let follows = page.offset >= offset && page.compressed_page_size > 0 && page.first_row_index > row && page.first_row_index < rows;
            (offset, row) = (page.offset.saturating_add(page.compressed_page_size.into()), page.first_row_index);
            follows
        });
        ascending && pages.first().is_some_and(|page| page.first_row_index == 0) && offset as u64 <= start + length
    };
    index.len() == columns.len() && columns.iter().zip(index).all(each)
}

/// What is read of a file for the rows `rows` of a row group, in ascending ranges, of its columns `roots`.
pub fn byte_ranges(footer: &ArrowReaderMetadata, group: usize, rows: &[Range<u64>], roots: &[usize]) -> Vec<Range<u64>> {
    let metadata = footer.metadata();
    let columns = metadata.row_group(group).columns().iter().enumerate();
    let read = columns.filter(|(leaf, _)| roots.contains(&footer.parquet_schema().get_column_root_idx(*leaf)));
    let ranges = read.flat_map(|(leaf, column)| {
        let (start, length) = column.byte_range();
        match metadata.offset_index() {
            Some(index) => pages_of(&index[group][leaf], rows, start),
            None => vec![start..start + length],
        }
    });
    ranges.filter(|range| range.start < range.end).collect()
}

/// The dictionary, which stands in front of the pages, and the pages that have one of the rows.
fn pages_of(index: &OffsetIndexMetaData, rows: &[Range<u64>], start: u64) -> Vec<Range<u64>> {
    let pages = index.page_locations();
    let row = |page: &PageLocation| page.first_row_index as u64;
    let mut ranges = vec![start..pages[0].offset as u64];
    for rows in rows {
        let first = pages.partition_point(|page| row(page) <= rows.start).saturating_sub(1);
        let last = pages.partition_point(|page| row(page) < rows.end).max(first + 1) - 1;
        let (from, end) = (pages[first].offset as u64, pages[last].offset as u64 + pages[last].compressed_page_size as u64);
        match ranges.last_mut() {
            Some(before) if before.end >= from => before.end = before.end.max(end),
            _ => ranges.push(from..end),
        }
    }
    ranges
}
