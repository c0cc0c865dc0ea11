//! What is known of an input before any data is read. Rank 0 opens it and broadcasts it, or all ranks describe its files to each other;
//! from then on every rank plans and reads from this description alone, so all ranks see the same files, types and statistics.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use lockstep_functions::kinds::is_seen_as_text;
use lockstep_plan::JsType;
use serde::{Deserialize, Serialize};

use crate::{
    bounds::Bound,
    csv::Dialect,
    described::{packed, unpacked},
    errors::Result,
    iceberg::{DeleteFile, Deleted, Fit},
    ipc::Layouts,
    parquet::Footers,
    paths,
    store::{Blob, Secret, StoreOptions, Version, is_remote},
    text::{BadRows, unpacked_of},
};

/// An opened input: files in table order, each a list of groups of rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dataset {
    pub format: Format,
    pub files: Vec<DataFile>,
    /// All columns of the files. A column that the interface calls non-null is non-null here: reading checks it.
    #[serde(with = "crate::arrow_types::schema_text")]
    pub schema: SchemaRef,
    pub rows: u64,
    /// Size of all files.
    pub bytes: u64,
    /// How the stores of its files are reached.
    #[serde(default)]
    pub store: StoreOptions,
    /// Of a table that knows its columns by ids: one a column of the schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i32>,
    /// Of a sample: how many rows of each group are read, from its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Vec<u64>>,
    /// Of files that must not be dealt apart: the unit of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<u32>,
    /// Files that say which rows of the others are deleted; `rows` and all statistics count these rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deletes: Vec<DeleteFile>,
    /// Lines that are left out.
    #[serde(default)]
    pub bad: BadRows,
    #[serde(skip)]
    pub(crate) footers: Footers,
    #[serde(skip)]
    pub(crate) deleted: Deleted,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    Parquet,
    Csv(Dialect),
    JsonLines,
    Arrow(Layouts),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataFile {
    pub path: String,
    pub size: u64,
    /// A file changed after opening is an error, not a wrong answer.
    pub version: Version,
    /// What its URL has behind the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Secret>,
    /// Of a compressed file of text, its bytes when it is decompressed: groups stand in these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpacked: Option<u64>,
    pub rows: u64,
    pub groups: Vec<Group>,
    /// Of a table that knows its columns by more than their names: where each column of the schema is in this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Vec<Held>>,
    /// Which of `Dataset::deletes` may delete rows of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deletes: Vec<usize>,
}

impl DataFile {
    /// Its rows are those of its groups, and no group is without any.
    pub(crate) fn recount(&mut self) {
        self.groups.retain(|group| group.rows > 0);
        self.rows = self.groups.iter().map(|group| group.rows).sum();
    }
}

/// A column of a dataset in one of its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Held {
    /// A top-level column of the file, and how its values become the dataset's.
    Column(usize, Fit),
    /// The file has none; what every row has in its place.
    Constant(Option<Bound>),
}

impl Held {
    /// Which column of the file.
    pub(crate) fn column(&self) -> Option<usize> {
        match self {
            Self::Column(root, _) => Some(*root),
            Self::Constant(_) => None,
        }
    }
}

/// A run of rows that is read from one place: a row group of Parquet, a record batch of Arrow IPC, a record-aligned byte range of CSV or JSON Lines.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Group {
    pub rows: u64,
    /// CSV, JSON Lines: first byte, length, and the line number (from 1) of the first record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
    /// Parquet, Arrow IPC: one entry a column of the dataset's schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnChunk>,
    /// CSV, JSON Lines: the numbers of lines that are no rows (`onBadRow`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    pub offset: u64,
    pub bytes: u64,
    pub line: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ColumnChunk {
    /// Encoded size before compression: what decoding costs.
    pub bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Bound>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Bound>,
    /// `min` and `max` are values of the column, not shortened ones.
    #[serde(default)]
    pub exact: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nulls: Option<u64>,
    /// Every data page is dictionary-encoded.
    #[serde(default)]
    pub dictionary: bool,
}

/// Statistics of a column over the whole dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnStatistics {
    /// A lower bound of all values but NaN; the smallest value if `exact`.
    pub min: Option<ScalarValue>,
    pub max: Option<ScalarValue>,
    /// Every group has bounds that are values of the column.
    pub exact: bool,
    pub null_count: Option<u64>,
    /// All of the column is dictionary-encoded: [`crate::read_labels`] gives its distinct values.
    pub dictionary: bool,
}

impl Dataset {
    pub(crate) fn new(format: Format, files: Vec<DataFile>, schema: SchemaRef, store: StoreOptions) -> Self {
        let rows = files.iter().map(|file| file.rows).sum();
        let bytes = files.iter().map(|file| file.size).sum();
        Self { format, files, schema, rows, bytes, store, ids: Vec::new(), units: Vec::new(), sampled: None, deletes: Vec::new(), bad: BadRows::default(), footers: Footers::default(), deleted: Deleted::default() }
    }

    /// Leaves `rows` of its rows, where it has more: of groups of one size every so manieth, the last one cut; of few large ones
    /// the beginning of the first.
    pub fn sample(&mut self, rows: u64) {
        if self.rows <= rows || rows == 0 {
            return;
        }
        let stride = self.rows.div_ceil(rows);
        let (mut left, mut nth) = (rows, 0);
        let groups = self.files.iter().flat_map(|file| &file.groups);
        let taken = groups.map(|group| {
            let is_in = nth % stride == 0;
            nth += u64::from(group.rows > 0);
            let taken = if is_in { group.rows.min(left) } else { 0 };
            left -= taken;
            taken
        });
        self.sampled = Some(taken.collect());
        self.rows = rows - left;
    }

    /// Opens a file as it was when the dataset was opened.
    pub(crate) fn open(&self, file: usize) -> Result<Blob> {
        let DataFile { path, size, version, query, unpacked, .. } = &self.files[file];
        let blob = paths::open(path, *size, version, query.as_ref(), &self.store)?;
        Ok(unpacked.map_or(blob.clone(), |size| unpacked_of(blob, size)))
    }

    /// Where the file, whose columns are `columns`, has a column of the schema.
    pub(crate) fn held(&self, file: usize, name: &str, columns: &Schema) -> Option<Held> {
        match &self.files[file].held {
            Some(held) => held.get(self.schema.index_of(name).ok()?).cloned(),
            None => columns.index_of(name).ok().map(|root| Held::Column(root, Fit::Value)),
        }
    }

    /// Whether any of its files is in an object store.
    pub fn is_remote(&self) -> bool {
        self.files.iter().any(|file| is_remote(&file.path))
    }

    /// For the other ranks: the description, and behind it the footers of remote files.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        packed(self, &self.footers)
    }

    /// The inverse of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &Bytes) -> Result<Self> {
        let (dataset, footers): (Self, Footers) = unpacked(bytes)?;
        Ok(Self { footers, ..dataset })
    }

    /// Statistics by name; None for a column that does not exist.
    pub fn column_statistics(&self, name: &str) -> Option<ColumnStatistics> {
        let (index, field) = self.schema.column_with_name(name)?;
        let filled = || self.files.iter().flat_map(|file| &file.groups).filter(|group| group.rows > 0);
        let mut all = ColumnStatistics { min: None, max: None, exact: true, null_count: Some(0), dictionary: true };
        let (mut min, mut max): (Option<&Bound>, Option<&Bound>) = (None, None);
        let mut bounded = true;
        for group in filled() {
            let Some(column) = group.columns.get(index) else {
                return Some(ColumnStatistics { exact: false, null_count: None, dictionary: false, ..all });
            };
            // Of the part of a group only that it has none is known.
            let nulls = column.nulls.filter(|nulls| self.sampled.is_none() || *nulls == 0);
            all.null_count = all.null_count.zip(nulls).map(|(sum, nulls)| sum + nulls);
            all.dictionary &= column.dictionary;
            // A group of nulls alone has no bounds and needs none.
            if column.nulls == Some(group.rows) {
                continue;
            }
            all.exact &= column.exact && self.deletes.is_empty() && self.sampled.is_none();
            match (&column.min, &column.max) {
                (Some(low), Some(high)) => {
                    min = Some(min.map_or(low, |min| min.least(low)));
                    max = Some(max.map_or(high, |max| max.greatest(high)));
                }
                _ => bounded = false,
            }
        }
        if bounded {
            all.min = min.and_then(|bound| bound.to_scalar(field.data_type()));
            all.max = max.and_then(|bound| bound.to_scalar(field.data_type()));
        }
        all.exact &= all.min.is_some() && all.max.is_some();
        Some(all)
    }

    /// The schema of a scan of `columns`, in that order; `dictionary` columns come as dictionary(int32, utf8).
    ///
    /// Panics if a column does not exist: the compiler and the interface check have seen them all.
    pub fn scan_schema(&self, columns: &[String], dictionary: &std::collections::BTreeSet<String>) -> SchemaRef {
        let field = |name: &String| {
            let field = self.schema.field_with_name(name).unwrap_or_else(|_| panic!("no column {name} in the dataset"));
            match dictionary.contains(name) && is_string(field.data_type()) {
                true => Field::new_dictionary(name, DataType::Int32, DataType::Utf8, field.is_nullable()),
                false => field.clone(),
            }
        };
        Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
    }
}

/// Plain text, whatever its layout.
pub(crate) fn is_string(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Its values are texts, in themselves or as entries of a dictionary.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Dictionary(_, values) if is_string(values)) || is_string(data_type)
}

/// What JavaScript sees in a column of this type when nothing else is said; None where it has no view.
pub fn js_type(data_type: &DataType) -> Option<JsType> {
    match data_type {
        DataType::Boolean => Some(JsType::Boolean),
        // Where a value has more digits than a number, who looks at it is told.
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => Some(JsType::Number),
        text if is_seen_as_text(text) => Some(JsType::String),
        other if other.is_integer() || other.is_floating() => Some(JsType::Number),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Some(JsType::Date),
        DataType::Dictionary(..) => is_text(data_type).then_some(JsType::String),
        DataType::List(item) | DataType::Map(item, _) => Some(js_type(item.data_type())?.list()),
        DataType::Struct(fields) => {
            let members = fields.iter().map(|field| Some((field.name().clone(), js_type(field.data_type())?)));
            Some(JsType::object(members.collect::<Option<Vec<_>>>()?))
        }
        other => is_string(other).then_some(JsType::String),
    }
}
