//! Where the pages of a row group stand, for a chunk that is a part of one: pages of other chunks are neither fetched nor
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

/// A row group of fewer bytes is fetched whole: to ask where its pages are would be a request more.
const WORTH: u64 = 1 << 20;

/// The footer to read `chunk` with: where it is a part of a large row group, with the places of the file's pages if the file says them.
pub fn footer_of(dataset: &Dataset, chunk: &Chunk, blob: &Blob) -> Result<ArrowReaderMetadata> {
    let footer = dataset.footers.get(dataset, chunk.file, blob)?;
    let group = footer.metadata().row_group(chunk.group);
    let bytes: i64 = group.columns().iter().map(|column| column.compressed_size()).sum();
    if dataset.files[chunk.file].groups[chunk.group].rows == chunk.rows || u64::try_from(bytes).unwrap_or(0) < WORTH {
        return Ok(footer);
    }
    let placed = dataset.footers.placed(chunk.file, || placed(&footer, blob))?;
    // What is not in order in one group says nothing of others.
    Ok(placed.filter(|placed| in_order(placed, chunk.group)).unwrap_or(footer))
}

/// The footer with the places of all pages; None where the file does not say them.
fn placed(footer: &ArrowReaderMetadata, blob: &Blob) -> Result<Option<ArrowReaderMetadata>> {
    if footer.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns).all(|column| column.offset_index_offset().is_none()) {
        return Ok(None);
    }
    let read = guarded(blob.name(), "the offset index", || {
        let mut reader = ParquetMetaDataReader::new_with_metadata(footer.metadata().as_ref().clone())
            .with_column_index_policy(PageIndexPolicy::Skip)
            .with_offset_index_policy(PageIndexPolicy::Optional);
        let read = reader.read_page_indexes(&Indexes::of(footer, blob)).and_then(|()| reader.finish());
        let footer = read.and_then(|metadata| ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())).and_then(typed);
        footer.map_err(|error| ConnectorError::corrupt(blob.name(), error))
    });
    match read {
        Ok(footer) => Ok(Some(footer)),
        // Bytes that did not come are an error; an index that is damaged is none.
        Err(error) => blob.failure().map_or(Ok(None), |_| Err(error)),
    }
}

/// A file whose offset indexes are looked at before they are parsed: arrow-rs allocates as many places as an index says that it has.
struct Indexes {
    pages: Pages,
    /// Where they stand, and their lengths.
    places: Vec<(u64, usize)>,
}

impl Indexes {
    fn of(footer: &ArrowReaderMetadata, blob: &Blob) -> Self {
        let columns = footer.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
        let place = |column: &ColumnChunkMetaData| Some((u64::try_from(column.offset_index_offset()?).ok()?, usize::try_from(column.offset_index_length()?).ok()?));
        Self { pages: Pages::footer(blob), places: columns.filter_map(place).collect() }
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

/// What is read of a file for `chunk` of its columns `roots`.
pub fn byte_ranges(footer: &ArrowReaderMetadata, chunk: &Chunk, roots: &[usize]) -> Vec<Range<u64>> {
    let metadata = footer.metadata();
    let columns = metadata.row_group(chunk.group).columns().iter().enumerate();
    let read = columns.filter(|(leaf, _)| roots.contains(&footer.parquet_schema().get_column_root_idx(*leaf)));
    let ranges = read.flat_map(|(leaf, column)| {
        let (start, length) = column.byte_range();
        match metadata.offset_index() {
            Some(index) => pages_of(&index[chunk.group][leaf], chunk, start),
            None => vec![start..start + length],
        }
    });
    ranges.filter(|range| range.start < range.end).collect()
}

/// The dictionary, which stands in front of the pages, and the pages that have rows of the chunk.
fn pages_of(index: &OffsetIndexMetaData, chunk: &Chunk, start: u64) -> Vec<Range<u64>> {
    let pages = index.page_locations();
    let row = |page: &PageLocation| page.first_row_index as u64;
    let first = pages.partition_point(|page| row(page) <= chunk.start).saturating_sub(1);
    let last = pages.partition_point(|page| row(page) < chunk.start + chunk.rows).max(first + 1) - 1;
    let end = pages[last].offset as u64 + pages[last].compressed_page_size as u64;
    vec![start..pages[0].offset as u64, pages[first].offset as u64..end]
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
