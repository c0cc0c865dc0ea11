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

use super::{errors::guarded, read::{Headers, Pages}, schema::typed};
use crate::{
    chunks::Chunk,
    dataset::Dataset,
    errors::{ConnectorError, Result},
    store::Blob,
};

/// A part of a row group of fewer bytes is read with all of its pages: to ask where they are would be a request more.
const WORTH_PLACES: u64 = 1 << 20;

/// Indexes that lie over more bytes are not read: they are read together, and a file of very many columns has those of all of them.
const LONGEST_INDEXES: u64 = 64 << 20;

/// What of the page indexes is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// Where pages stand.
    Places,
    /// And what their values are bound by.
    Bounds,
}

/// The footer to read `chunk` with: where it is a part of a large row group, or its pages were judged, with the places of the file's
/// pages if the file says them.
pub fn footer_of(dataset: &Dataset, chunk: &Chunk, blob: &Blob) -> Result<ArrowReaderMetadata> {
    let footer = dataset.footers.get(dataset, chunk.file, blob)?;
    let known = [Index::Bounds, Index::Places].into_iter().find_map(|index| dataset.footers.known(chunk.file, index));
    let part = dataset.files[chunk.file].groups[chunk.group].rows != chunk.rows && compressed(&footer, chunk.group, |_| true) >= WORTH_PLACES;
    let indexed = match known {
        None if part => indexed(dataset, chunk.file, blob, Index::Places)?,
        known => known,
    };
    Ok(indexed.filter(|indexed| in_order(indexed, chunk.group)).unwrap_or(footer))
}

/// The footer with the places of the chunk's pages, and what their values are bound by; None where the file does not say that.
pub fn bounded(dataset: &Dataset, chunk: &Chunk, blob: &Blob) -> Result<Option<ArrowReaderMetadata>> {
    // What is not in order in one group says nothing of others.
    Ok(indexed(dataset, chunk.file, blob, Index::Bounds)?.filter(|indexed| in_order(indexed, chunk.group)))
}

fn indexed(dataset: &Dataset, file: usize, blob: &Blob, index: Index) -> Result<Option<ArrowReaderMetadata>> {
    let footer = dataset.footers.get(dataset, file, blob)?;
    dataset.footers.indexed(file, index, || read(&footer, blob, index))
}

/// Bytes of a row group's columns, of those of which the roots are asked for.
pub fn compressed(footer: &ArrowReaderMetadata, group: usize, of: impl Fn(usize) -> bool) -> u64 {
    let columns = footer.metadata().row_group(group).columns().iter().enumerate();
    let read = columns.filter(|(leaf, _)| of(footer.parquet_schema().get_column_root_idx(*leaf)));
    read.map(|(_, column)| u64::try_from(column.compressed_size()).unwrap_or(0)).sum()
}

/// Where a file's page indexes lie, from the first to the last; None: it has none, or they lie over too much.
pub fn place_of(footer: &ArrowReaderMetadata, blob: &Blob, index: Index) -> Option<Range<u64>> {
    Indexes::of(footer, blob, index).place().filter(|place| place.end - place.start <= LONGEST_INDEXES)
}

/// The footer with the indexes of all pages; None where the file has none, too many, or damaged ones.
fn read(footer: &ArrowReaderMetadata, blob: &Blob, index: Index) -> Result<Option<ArrowReaderMetadata>> {
    let Some(place) = place_of(footer, blob, index) else { return Ok(None) };
    let bounds = if index == Index::Bounds { PageIndexPolicy::Optional } else { PageIndexPolicy::Skip };
    let read = guarded(blob.name(), "the page index", || {
        let mut reader = ParquetMetaDataReader::new_with_metadata(footer.metadata().as_ref().clone())
            .with_column_index_policy(bounds)
            .with_offset_index_policy(PageIndexPolicy::Optional);
        let read = reader.read_page_indexes(&Indexes::of(footer, blob, index)).and_then(|()| reader.finish());
        let footer = read.and_then(|metadata| ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())).and_then(typed);
        footer.map_err(|error| ConnectorError::corrupt(blob.name(), error))
    });
    if let Some(pieces) = blob.pieces() {
        pieces.forget(&place);
    }
    match read {
        Ok(footer) => Ok(Some(footer)),
        // Bytes that did not come are an error; an index that is damaged is none.
        Err(error) => blob.failure().map_or(Ok(None), |_| Err(error)),
    }
}

/// A file whose offset indexes are looked at before they are parsed: arrow-rs (`OffsetIndexMetaData::try_from_fast`) allocates as many
/// places as an index says that it has.
struct Indexes {
    pages: Pages,
    /// Where offset indexes stand, and their lengths.
    places: Vec<(u64, usize)>,
    /// The same of the indexes of bounds that are read with them.
    bounds: Vec<(u64, usize)>,
}

impl Indexes {
    fn of(footer: &ArrowReaderMetadata, blob: &Blob, index: Index) -> Self {
        let columns = || footer.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
        let place = |offset: Option<i64>, length: Option<i32>| Some((u64::try_from(offset?).ok()?, usize::try_from(length?).ok()?));
        let places = columns().filter_map(|column| place(column.offset_index_offset(), column.offset_index_length()));
        let bounds = columns().filter_map(|column| place(column.column_index_offset(), column.column_index_length()));
        Self { pages: Pages::footer(blob), places: places.collect(), bounds: if index == Index::Bounds { bounds.collect() } else { Vec::new() } }
    }

    fn place(&self) -> Option<Range<u64>> {
        if self.places.is_empty() {
            return None;
        }
        let all = || self.places.iter().chain(&self.bounds);
        let start = all().map(|(place, _)| *place).min()?;
        let end = all().map(|(place, length)| place.saturating_add(*length as u64)).max()?;
        Some(start..end)
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
            false => Err(ParquetError::General("an offset index says to have more pages than it has bytes".into())),
        }
    }
}

/// Whether an index, in Thrift's compact protocol, has a byte for each page that its list says to have.
fn has_room(index: &[u8]) -> bool {
    // The first field, a list: its length and its elements' type in one byte, or the length behind it.
    let [0x19, header, rest @ ..] = index else { return false };
    let length = match header >> 4 {
        15 => rest.iter().take(5).enumerate().fold((0_u64, true), |(value, goes_on), (index, byte)| match goes_on {
            true => (value | u64::from(byte & 0x7f) << (7 * index), byte & 0x80 != 0),
            false => (value, false),
        }),
        few => (u64::from(few), false),
    };
    !length.1 && length.0 <= index.len() as u64
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

/// What is read of a file, nothing for no rows, for the rows `rows` of a row group, in ascending ranges, of its columns `roots`.
pub fn byte_ranges(footer: &ArrowReaderMetadata, group: usize, rows: &[Range<u64>], roots: &[usize]) -> Vec<Range<u64>> {
    let metadata = footer.metadata();
    if rows.is_empty() {
        return Vec::new();
    }
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

#[cfg(test)]
mod tests {
    use super::has_room;

    #[test]
    fn an_index_has_room_for_its_pages() {
        let long = |length: &[u8]| [&[0x19, 0xfc], length, &[0; 40]].concat();
        assert!(has_room(&[0x19, 0x2c, 0x16, 8, 0x15, 8]) && has_room(&long(&[40])));
        assert!(!has_room(&long(&[0xff, 0xff, 0xff, 0xff, 0x07])) && !has_room(&long(&[0xff; 8])) && !has_room(&long(&[0x80, 1])));
        assert!(!has_room(&[]) && !has_room(&[0x19]) && !has_room(&[0x29, 0x2c, 0]));
    }
}
