//! What the runtime found in a table's metadata.
use std::collections::BTreeMap;

use lockstep_plan::{ColumnType, Expression};
use serde::{Deserialize, Serialize};

use crate::{bounds::Bound, store::StoreOptions};

/// `readIceberg(table, …)`: the snapshot that is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct IcebergRequest {
    /// As messages call it.
    pub table: String,
    pub columns: Vec<IcebergColumn>,
    /// In table order.
    pub files: Vec<IcebergFile>,
    #[serde(default)]
    pub deletes: Vec<DeleteFile>,
    /// The interface; empty: no interface, any schema.
    #[serde(default)]
    pub declared: Vec<ColumnType>,
    /// What all rows that are read satisfy: files that the manifests' bounds leave nothing of are not opened.
    #[serde(default)]
    pub filter: Option<Expression>,
    #[serde(default)]
    pub store: StoreOptions,
}

/// A column of the table's schema, or a part of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IcebergColumn {
    pub id: i32,
    pub name: String,
    /// Arrow's printed type, "list" or "struct" of what has parts; of what no program can look at, what messages print.
    #[serde(rename = "type")]
    pub data_type: String,
    pub nullable: bool,
    /// Its names in files without ids; null: the table says nothing of such files.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// A list's elements, a struct's members.
    #[serde(default)]
    pub parts: Vec<IcebergColumn>,
}

/// A data file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IcebergFile {
    pub path: String,
    pub size: u64,
    /// What its rows have in columns that the file lacks, by their ids: partition values, initial defaults.
    #[serde(default)]
    pub constants: BTreeMap<i32, Option<Constant>>,
    /// Files of one, which stand together, are read by one partition.
    #[serde(default)]
    pub unit: Option<u32>,
    /// Indices into `IcebergRequest::deletes`.
    #[serde(default)]
    pub deletes: Vec<usize>,
    /// Also those that are deleted.
    #[serde(default)]
    pub rows: u64,
    /// What its manifest says of the columns that the filter looks at, by their ids.
    #[serde(default)]
    pub bounds: BTreeMap<i32, ColumnBounds>,
    /// Of columns that its partition has in buckets, by their ids.
    #[serde(default)]
    pub buckets: BTreeMap<i32, Vec<Bucket>>,
}

/// In which of so many buckets all values are; None: there are none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bucket {
    pub of: u32,
    #[serde(default)]
    pub bucket: Option<i32>,
}

/// No value is outside of the bounds, which need not be values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ColumnBounds {
    #[serde(default)]
    pub min: Option<Constant>,
    #[serde(default)]
    pub max: Option<Constant>,
    #[serde(default)]
    pub nulls: Option<u64>,
}

/// A value as a column stores it; numbers in digits: JavaScript's do not hold all integers, and JSON's parser is off by the last bit of some floats.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Constant {
    Boolean(bool),
    Integer(String),
    Float(String),
    Text(String),
}

impl Constant {
    pub fn bound(&self) -> Option<Bound> {
        match self {
            Self::Boolean(value) => Some(Bound::Boolean(*value)),
            Self::Integer(digits) => digits.parse().ok().map(Bound::Integer),
            Self::Float(digits) => digits.parse().ok().map(Bound::Float),
            Self::Text(text) => Some(Bound::Text(text.clone())),
        }
    }
}

/// A file that deletes rows of others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteFile {
    pub path: String,
    pub size: u64,
    /// Ids of the columns whose values it lists; none: it lists files and positions in them.
    #[serde(default)]
    pub equality: Vec<i32>,
}
