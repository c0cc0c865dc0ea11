//! The dictionary of a column chunk: the distinct values of its rows, and values that no row has any more.
use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use parquet::{
    basic::Type as PhysicalType,
    column::page::{Page, PageReader},
    errors::Result,
    file::{
        metadata::{ColumnChunkMetaData, RowGroupMetaData},
        serialized_reader::SerializedPageReader,
    },
};

use super::read::Pages;
use crate::store::Blob;

/// Where it stands: in front of the first page of data. None: the column chunk has none, or does not say where.
pub fn dictionary_place(column: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let (start, end) = (u64::try_from(column.dictionary_page_offset()?).ok()?, u64::try_from(column.data_page_offset()).ok()?);
    (start < end).then_some(start..end)
}

/// Its values, plainly encoded, and how many there are.
pub fn dictionary_page(blob: &Blob, group: &RowGroupMetaData, leaf: usize) -> Result<Option<(Bytes, u32)>> {
    let pages = Arc::new(Pages::group(blob.clone(), group, false));
    let mut reader = SerializedPageReader::new(pages, group.column(leaf), group.num_rows() as usize, None)?;
    Ok(match reader.get_next_page()? {
        Some(Page::DictionaryPage { buf, num_values, .. }) => Some((buf, num_values)),
        _ => None,
    })
}

/// The bytes of each value of a dictionary; None: it is cut off, or of a type that we do not take apart.
pub fn values_in(page: &[u8], count: u32, physical: PhysicalType) -> Option<Vec<&[u8]>> {
    let width = match physical {
        PhysicalType::INT32 | PhysicalType::FLOAT => 4,
        PhysicalType::INT64 | PhysicalType::DOUBLE => 8,
        PhysicalType::BYTE_ARRAY => return texts_in(page, count),
        PhysicalType::BOOLEAN | PhysicalType::INT96 | PhysicalType::FIXED_LEN_BYTE_ARRAY => return None,
    };
    let values = page.get(..width * count as usize)?;
    Some(values.chunks_exact(width).collect())
}

/// Each behind its length.
fn texts_in(mut page: &[u8], count: u32) -> Option<Vec<&[u8]>> {
    // A damaged count must not become an allocation.
    let mut found = Vec::with_capacity((count as usize).min(page.len() / 4));
    for _ in 0..count {
        let (length, rest) = page.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        found.push(text);
        page = rest;
    }
    Some(found)
}
