//! The distinct values of a string column, from its dictionary pages alone: a few kilobytes a row group.
use std::collections::BTreeSet;

use bytes::Bytes;
use parquet::basic::Type as PhysicalType;

use super::{
    dictionary::{dictionary_page, values_in},
    errors::{guarded, reading},
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
                    Labels::Page(bytes, count) => labels_in(&bytes, count).ok_or_else(|| ConnectorError::corrupt(&file.path, "a dictionary page is cut off")),
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
    let page = dictionary_page(&blob, group, leaf).map_err(fail)?;
    Ok(page.map_or(Labels::None, |(bytes, count)| Labels::Page(bytes, count)))
}

fn labels_in(page: &[u8], count: u32) -> Option<Vec<String>> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    values_in(page, count, PhysicalType::BYTE_ARRAY)?.into_iter().map(text).collect()
}
