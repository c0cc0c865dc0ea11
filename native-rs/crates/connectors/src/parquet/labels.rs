//! The distinct values of a string column, from its dictionary pages alone: a few kilobytes a row group.
use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use parquet::{
    column::page::{Page, PageReader},
    file::serialized_reader::SerializedPageReader,
};

use super::{
    errors::{guarded, reading},
    read::Pages,
};
use crate::{
    bounds::Bound,
    dataset::{Dataset, Format, Held, is_text},
    errors::{ConnectorError, Result},
};

/// All strings that `column` can hold; some may occur in no row. None: not dictionary-encoded throughout, or more
/// than `limit`.
pub fn read_labels(dataset: &Dataset, column: &str, limit: usize) -> Result<Option<BTreeSet<String>>> {
    let text = dataset.schema.field_with_name(column).is_ok_and(|field| is_text(field.data_type()));
    let coded = dataset.column_statistics(column).is_some_and(|known| known.dictionary);
    if !matches!(dataset.format, Format::Parquet) || !text || !coded {
        return Ok(None);
    }
    let mut labels = BTreeSet::new();
    for (index, file) in dataset.files.iter().enumerate() {
        for group in (0..file.groups.len()).filter(|group| file.groups[*group].rows > 0) {
            let place = format!("row group {group}");
            let found = guarded(&file.path, &place, || {
                match labels_of(dataset, index, group, column)? {
                    Labels::Constant(text) => Ok(text.into_iter().collect()),
                    Labels::Page(bytes, count) => strings(&bytes, count, &file.path),
                    Labels::None => Ok(Vec::new()),
                }
            })?;
            labels.extend(found);
            if labels.len() > limit {
                return Ok(None);
            }
        }
    }
    Ok(Some(labels))
}

/// Where the strings of a column in a row group are.
enum Labels {
    None,
    /// One in all rows.
    Constant(Option<String>),
    /// A dictionary page, and how many there are.
    Page(Bytes, u32),
}

fn labels_of(dataset: &Dataset, file: usize, group: usize, column: &str) -> Result<Labels> {
    let blob = dataset.open(file)?;
    let footer = dataset.footers.get(dataset, file, &blob)?;
    let name = blob.name().to_owned();
    let fail = |error| reading(&name, "a dictionary", error);
    let root = match dataset.held(file, column, footer.schema()) {
        Some(Held::Column(root, _)) => root,
        Some(Held::Constant(Some(Bound::Text(text)))) => return Ok(Labels::Constant(Some(text))),
        Some(Held::Constant(_)) => return Ok(Labels::Constant(None)),
        None => return Err(ConnectorError::corrupt(&name, format!("column {column} is gone"))),
    };
    let group = footer.metadata().row_group(group);
    let leaf = (0..group.num_columns()).find(|leaf| footer.parquet_schema().get_column_root_idx(*leaf) == root);
    let Some(leaf) = leaf else { return Ok(Labels::None) };
    let pages = Arc::new(Pages::group(blob, group, false));
    let mut reader = SerializedPageReader::new(pages, group.column(leaf), group.num_rows() as usize, None).map_err(fail)?;
    match reader.get_next_page().map_err(fail)? {
        Some(Page::DictionaryPage { buf, num_values, .. }) => Ok(Labels::Page(buf, num_values)),
        _ => Ok(Labels::None),
    }
}

/// Plain encoding: each string behind its length.
fn strings(mut bytes: &[u8], count: u32, file: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for _ in 0..count {
        let next = bytes.split_first_chunk::<4>().and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
        let text = next.and_then(|(text, rest)| {
            bytes = rest;
            std::str::from_utf8(text).ok()
        });
        found.push(text.ok_or_else(|| ConnectorError::corrupt(file, "a dictionary page is cut off"))?.to_owned());
    }
    Ok(found)
}
