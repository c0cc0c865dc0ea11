//! Footers, and what they say: row groups, types and statistics.
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef},
    compute::cast,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use parquet::{
    arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, statistics::StatisticsConverter},
    basic::{Encoding, LogicalType, PageType},
    errors::Result as ParquetResult,
    file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData},
    schema::types::ColumnDescPtr,
};

use super::{
    errors::{guarded, reading},
    read::Pages,
};
use crate::{
    bounds::Bound,
    dataset::{ColumnChunk, DataFile, Group, Held, is_string},
    errors::{ConnectorError, Result},
    extensions::is_uuid,
    files::constant,
    paths::Found,
    store::{Blob, StoreOptions},
};

/// At both ends of every Parquet file.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// Remote footers that a rank fetches at a time.
pub const FOOTERS_AHEAD: usize = 16;
/// Bytes of a file's end that are asked for: most footers are shorter.
const TAIL: u64 = 64 << 10;

/// Tells the footers one after another (the file's number, the file, its footer, and the footer's bytes where they come from a
/// store); the ends of remote files are on their way while earlier footers are read.
pub fn each_footer(found: &[Found], store: &StoreOptions, mut tell: impl FnMut(usize, &Blob, ArrowReaderMetadata, Option<Bytes>) -> Result<()>) -> Result<()> {
    let mut coming = VecDeque::new();
    let mut next = found.iter();
    for (index, file) in found.iter().enumerate() {
        while coming.len() < FOOTERS_AHEAD && let Some(file) = next.next() {
            let blob = file.open(store);
            if let Ok(blob) = &blob && blob.pieces().is_some() {
                blob.will_need(vec![blob.size().saturating_sub(TAIL)..blob.size()]);
            }
            coming.push_back(blob);
        }
        let blob = coming.pop_front().expect("one a file")?;
        let (footer, raw) = guarded(&file.path, "the footer", || load(&blob))?;
        tell(index, &blob, footer, raw)?;
    }
    Ok(())
}

/// The footer, and its bytes where they come from a store.
pub fn load(blob: &Blob) -> Result<(ArrowReaderMetadata, Option<Bytes>)> {
    if blob.size() < 12 {
        return Err(ConnectorError::corrupt(blob.name(), format!("{} bytes are no Parquet file", blob.size())));
    }
    if blob.bytes(blob.size() - 4, 4)? != PARQUET_MAGIC && blob.bytes(0, 4)? != PARQUET_MAGIC {
        return Err(ConnectorError::another_format(blob.name(), "Parquet", if blob.bytes(0, 6)?.starts_with(b"ARROW1") { "it is Arrow IPC, which readArrow reads" } else { "readCsv reads CSV, readJsonLines JSON Lines" }));
    }
    if blob.pieces().is_some() {
        let raw = raw_footer(blob)?;
        return Ok((parsed(blob.name(), &raw)?, Some(raw)));
    }
    ArrowReaderMetadata::load(&Pages::footer(blob), ArrowReaderOptions::new())
        .and_then(typed)
        .map(|footer| (footer, None))
        .map_err(|error| reading(blob.name(), "the footer", error))
}

/// What stands between the data and its length at the file's end.
fn raw_footer(blob: &Blob) -> Result<Bytes> {
    let end = blob.bytes(blob.size() - 8, 8)?;
    if end[4..] != *PARQUET_MAGIC {
        return Err(ConnectorError::corrupt(blob.name(), "the footer: it does not end as Parquet does"));
    }
    let length = u32::from_le_bytes(end[..4].try_into().expect("four bytes"));
    let Some(start) = (blob.size() - 8).checked_sub(u64::from(length)) else {
        return Err(ConnectorError::corrupt(blob.name(), "the footer is longer than the file"));
    };
    // A copy: the piece that it is a part of need not stay.
    Ok(Bytes::copy_from_slice(&blob.bytes(start, length as usize)?))
}

/// The footer of its bytes.
pub fn parsed(name: &str, raw: &Bytes) -> Result<ArrowReaderMetadata> {
    ParquetMetaDataReader::decode_metadata(raw)
        .and_then(|metadata| ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new()))
        .and_then(typed)
        .map_err(|error| reading(name, "the footer", error))
}

pub fn typed(footer: ArrowReaderMetadata) -> ParquetResult<ArrowReaderMetadata> {
    with_types(&footer, |_, field| canonical(field.data_type()))
}

/// Strings have one layout here, whoever wrote the file: how Polars or pandas laid them out in memory is not in the data.
fn canonical(data_type: &DataType) -> DataType {
    match data_type {
        text if is_string(text) => DataType::Utf8,
        DataType::Dictionary(_, values) if is_string(values) => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        other => other.clone(),
    }
}

/// The columns of a file. Bytes of a fixed width are uuids where it says so, and plain bytes elsewhere.
pub fn with_uuids(footer: &ArrowReaderMetadata) -> SchemaRef {
    let mut leaves = footer.parquet_schema().columns().iter();
    let fields: Vec<FieldRef> = footer.schema().fields().iter().map(|field| bytes_named(field, &mut leaves)).collect();
    Arc::new(Schema::new(fields))
}

/// A field of these leaves, which stand in its order.
fn bytes_named<'a>(field: &FieldRef, leaves: &mut impl Iterator<Item = &'a ColumnDescPtr>) -> FieldRef {
    use DataType as T;
    let data_type = match field.data_type() {
        T::List(item) => T::List(bytes_named(item, leaves)),
        T::LargeList(item) => T::LargeList(bytes_named(item, leaves)),
        T::FixedSizeList(item, size) => T::FixedSizeList(bytes_named(item, leaves), *size),
        T::Map(entries, sorted) => T::Map(bytes_named(entries, leaves), *sorted),
        T::Struct(members) => T::Struct(members.iter().map(|member| bytes_named(member, leaves)).collect()),
        of => {
            let is_called_so = leaves.next().is_some_and(|leaf| leaf.logical_type_ref() == Some(&LogicalType::Uuid));
            match of {
                T::FixedSizeBinary(_) if !is_called_so && !is_uuid(field) => T::Binary,
                _ => return Arc::clone(field),
            }
        }
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// The footer with its columns decoded as `wanted` says (their indices and fields).
pub fn with_types(footer: &ArrowReaderMetadata, wanted: impl Fn(usize, &Field) -> DataType) -> ParquetResult<ArrowReaderMetadata> {
    let fields = footer.schema().fields().iter();
    let typed = |(index, field): (usize, &Arc<Field>)| field.as_ref().clone().with_data_type(wanted(index, field));
    let fields: Vec<Field> = fields.enumerate().map(typed).collect();
    if fields.iter().zip(footer.schema().fields()).all(|(new, old)| new == old.as_ref()) {
        return Ok(footer.clone());
    }
    let schema = Arc::new(Schema::new_with_metadata(fields, footer.schema().metadata().clone()));
    ArrowReaderMetadata::try_new(Arc::clone(footer.metadata()), ArrowReaderOptions::new().with_schema(schema))
}

/// `size`: of the file in bytes; `held`: where it has each column of `schema`; `wanted`: those whose bounds are looked at.
pub fn describe(
    file: &Found,
    footer: &ArrowReaderMetadata,
    size: u64,
    schema: &Schema,
    held: &[Held],
    wanted: impl Fn(&str) -> bool,
) -> Result<DataFile> {
    let metadata = footer.metadata();
    let fail = |what: &str| Err(ConnectorError::corrupt(&file.path, what));
    let mut groups = Vec::with_capacity(metadata.num_row_groups());
    let columns: HashMap<usize, usize> = held.iter().enumerate().filter_map(|(index, held)| held.column().map(|root| (root, index))).collect();
    let column_of = |leaf: usize| columns.get(&footer.parquet_schema().get_column_root_idx(leaf)).copied();
    let mut rows = 0_u64;
    for group in metadata.row_groups() {
        let Ok(count) = u64::try_from(group.num_rows()) else { return fail("a row group has a negative number of rows") };
        if group.columns().iter().any(|column| !lies_within(column, size)) {
            return fail("a column chunk lies outside the file");
        }
        let flat = group.columns().iter().filter(|column| column.column_descr().max_rep_level() == 0);
        if flat.into_iter().any(|column| column.num_values() != group.num_rows()) {
            return fail("a row group says to have other rows than its columns");
        }
        rows = rows.saturating_add(count);
        let mut columns: Vec<ColumnChunk> = held.iter().zip(schema.fields()).map(|(held, field)| constant(held, field.data_type(), count)).collect();
        for (leaf, column) in group.columns().iter().enumerate() {
            let Some(index) = column_of(leaf) else { continue };
            columns[index].bytes += u64::try_from(column.uncompressed_size()).unwrap_or(0);
            columns[index].dictionary = is_dictionary(column);
        }
        groups.push(Group { rows: count, columns, ..Group::default() });
    }
    for leaf in 0..footer.parquet_schema().num_columns() {
        let Some(index) = column_of(leaf) else { continue };
        let (field, in_file) = (schema.field(index), footer.schema().field(footer.parquet_schema().get_column_root_idx(leaf)));
        if wanted(field.name()) && !in_file.data_type().is_nested() {
            statistics(metadata, footer, leaf, in_file, field.data_type(), index, &mut groups);
        }
    }
    let Found { path, size, version, query, .. } = file.clone();
    Ok(DataFile { path, size, version, query, unpacked: None, rows, groups, held: None, deletes: Vec::new() })
}

fn lies_within(column: &ColumnChunkMetaData, size: u64) -> bool {
    let start = column.dictionary_page_offset().unwrap_or(i64::MAX).min(column.data_page_offset());
    let (Ok(start), Ok(length)) = (u64::try_from(start), u64::try_from(column.compressed_size())) else { return false };
    start.checked_add(length).is_some_and(|end| end <= size)
}

/// True only where the footer proves it: every data page refers to the dictionary, and it says so of one at least. Writers that do not count pages
/// by encoding (DuckDB) list the encodings; plain is listed by some for the dictionary page itself.
fn is_dictionary(column: &ColumnChunkMetaData) -> bool {
    let encoded = |encoding| matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
    let data = |page| matches!(page, PageType::DATA_PAGE | PageType::DATA_PAGE_V2);
    match (column.page_encoding_stats(), column.page_encoding_stats_mask()) {
        (Some(pages), _) => {
            let mut pages = pages.iter().filter(|page| data(page.page_type)).peekable();
            pages.peek().is_some() && pages.all(|page| encoded(page.encoding))
        }
        (None, Some(mask)) => {
            let mut encodings = mask.encodings().peekable();
            encodings.peek().is_some() && encodings.all(encoded)
        }
        (None, None) => {
            column.encodings().any(encoded) && column.encodings().all(|encoding| encoded(encoding) || encoding == Encoding::RLE)
        }
    }
}

/// Fills in bounds and null counts of the column `index`, the file's leaf `leaf` of type `field`, as values of `wanted`; what a
/// file does not say stays unknown.
fn statistics(metadata: &ParquetMetaData, footer: &ArrowReaderMetadata, leaf: usize, field: &Field, wanted: &DataType, index: usize, groups: &mut [Group]) {
    let Ok(converter) = StatisticsConverter::from_column_index(leaf, field, footer.parquet_schema()) else { return };
    let converter = converter.with_missing_null_counts_as_zero(false);
    let all = || metadata.row_groups().iter().collect::<Vec<&RowGroupMetaData>>();
    let typed = |values: ParquetResult<ArrayRef>| Some(values.ok()?).and_then(|values| if values.data_type() == wanted { Some(values) } else { cast(&values, wanted).ok() });
    let (Some(mins), Some(maxes)) = (typed(converter.row_group_mins(all())), typed(converter.row_group_maxes(all()))) else { return };
    let (Ok(exact_min), Ok(exact_max)) =
        (converter.row_group_is_min_value_exact(all()), converter.row_group_is_max_value_exact(all()))
    else {
        return;
    };
    let Ok(nulls) = converter.row_group_null_counts(all()) else { return };
    // Numbers are never shortened, so writers that say nothing about exactness mean exact ones.
    let fixed = field.data_type().is_primitive() || *field.data_type() == DataType::Boolean;
    let rounded = wanted.is_floating() && !field.data_type().is_floating();
    for (position, group) in groups.iter_mut().enumerate() {
        let bound = |values: &ArrayRef| ScalarValue::try_from_array(values, position).ok().as_ref().and_then(Bound::from_scalar);
        let column = &mut group.columns[index];
        column.min = bound(&mins);
        column.max = bound(&maxes);
        let said = |flags: &arrow::array::BooleanArray| flags.is_valid(position) && flags.value(position);
        column.exact = column.min.is_some() && column.max.is_some() && !rounded && (fixed || said(&exact_min) && said(&exact_max));
        column.nulls = nulls.is_valid(position).then(|| nulls.value(position));
    }
}

#[cfg(test)]
mod tests {
    use parquet::{
        file::metadata::PageEncodingStats,
        schema::{parser::parse_message_type, types::SchemaDescriptor},
    };

    use super::*;

    #[test]
    fn what_says_nothing_of_its_data_proves_no_dictionary() {
        let schema = SchemaDescriptor::new(Arc::new(parse_message_type("message m { OPTIONAL BYTE_ARRAY a (STRING); }").unwrap()));
        let is = |stats: &[(PageType, Encoding)]| {
            let stats = stats.iter().map(|(page_type, encoding)| PageEncodingStats { page_type: *page_type, encoding: *encoding, count: 1 });
            is_dictionary(&ColumnChunkMetaData::builder(schema.column(0)).set_page_encoding_stats(stats.collect()).build().unwrap())
        };
        let (dictionary, coded, plain) = ((PageType::DICTIONARY_PAGE, Encoding::PLAIN), (PageType::DATA_PAGE, Encoding::RLE_DICTIONARY), (PageType::DATA_PAGE_V2, Encoding::PLAIN));
        assert_eq!([is(&[]), is(&[dictionary]), is(&[dictionary, coded]), is(&[dictionary, coded, plain])], [false, false, true, false]);
    }
}
