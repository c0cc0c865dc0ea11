//! Sinks that write files.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{NodeId, Site};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct ParquetWrite {
    pub input: NodeId,
    pub path: String,
    /// The output that the runtime staged for this write: parts go there.
    pub staging: String,
    /// True: part files read in name order give the table's order.
    pub ordered: bool,
    /// "snappy" | "zstd" | "lz4" | "gzip" | "none"
    pub compression: String,
    #[ts(type = "number")]
    pub row_group_rows: u64,
    /// Column → printed Arrow type, e.g. "int32", "dictionary<values=string, indices=int32>".
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub types: BTreeMap<String, String>,
    /// What the rows of each file are sorted by.
    #[serde(default)]
    pub sort: Vec<FileSort>,
    /// Columns of whose values each row group has a Bloom filter.
    #[serde(default)]
    pub bloom_filters: Vec<String>,
    #[serde(default)]
    pub layout: Layout,
    #[serde(default)]
    pub store: StoreOptions,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct ArrowWrite {
    pub input: NodeId,
    pub path: String,
    pub staging: String,
    pub ordered: bool,
    /// Of each buffer: "lz4" | "zstd" | "none"
    pub compression: String,
    /// Column → printed Arrow type.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub types: BTreeMap<String, String>,
    /// What the rows of each file are sorted by.
    #[serde(default)]
    pub sort: Vec<FileSort>,
    #[serde(default)]
    pub layout: Layout,
    #[serde(default)]
    pub store: StoreOptions,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct CsvWrite {
    pub input: NodeId,
    pub path: String,
    pub staging: String,
    pub ordered: bool,
    /// One character.
    pub delimiter: String,
    pub header: bool,
    /// "gzip" | "zstd" | "none"
    pub compression: String,
    #[serde(default)]
    pub layout: Layout,
    #[serde(default)]
    pub store: StoreOptions,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct JsonLinesWrite {
    pub input: NodeId,
    pub path: String,
    pub staging: String,
    pub ordered: bool,
    /// "gzip" | "zstd" | "none"
    pub compression: String,
    #[serde(default)]
    pub layout: Layout,
    #[serde(default)]
    pub store: StoreOptions,
    pub site: Site,
}

/// How the rows of a write are dealt to files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[ts(export, export_to = "../../../plan/index.d.ts", optional_fields)]
pub struct Layout {
    /// Columns whose values name the folders of their rows, `year=2024/month=1`, and are in no file.
    pub partition_by: Vec<String>,
    /// Rows of a folder meet in one place before they are written, as far as these are not many.
    pub cluster: bool,
    /// Rows of a file at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub file_rows: Option<u64>,
    /// There are no rows: a file in the folder of nulls says what columns there are.
    pub without_rows: bool,
    /// The runtime makes one file of the parts: only the first has a header.
    pub single: bool,
    /// Of an append: the number of its first part, behind those that are there, and what no other append's parts are called.
    #[ts(type = "number")]
    pub first_part: u64,
    pub suffix: String,
}

/// Writes data files of an Iceberg table, which nobody sees before the runtime commits them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct IcebergWrite {
    pub input: NodeId,
    /// The table, as messages call it.
    pub path: String,
    /// Where the files go: a place of this write alone.
    pub folder: String,
    pub ordered: bool,
    /// What the rows' columns are in the files, in their order.
    pub columns: Vec<WrittenColumn>,
    /// Which rows stand in a file together; empty: all.
    pub partition: Vec<PartitionField>,
    /// As of a layout.
    #[serde(default)]
    pub cluster: bool,
    /// As of Parquet.
    #[serde(default)]
    pub sort: Vec<FileSort>,
    /// As of Parquet.
    #[serde(default)]
    pub bloom_filters: Vec<String>,
    /// Bytes of a file about, at which the next one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub file_bytes: Option<u64>,
    /// The rows have one more column, whole numbers, which no file has: rows of a number come together, and are in files of their own.
    #[serde(default)]
    pub units: bool,
    /// As of Parquet.
    pub compression: String,
    #[serde(default)]
    pub store: StoreOptions,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct WrittenColumn {
    pub name: String,
    /// The table's id of it.
    pub id: i32,
    /// Printed Arrow type; of what has parts "list" or "struct".
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether null may not stand there, of a column that has parts and of these: of other columns the files' statistics say it.
    #[serde(default)]
    pub required: bool,
    /// A list's elements, a struct's members.
    #[serde(default)]
    pub parts: Vec<WrittenColumn>,
}

/// A column that the rows of a file are sorted by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct FileSort {
    pub column: String,
    pub descending: bool,
    pub nulls_first: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct PartitionField {
    pub column: String,
    /// Iceberg's name: "identity", "day", "bucket[16]".
    pub transform: String,
}

/// Writes Parquet files that each rank keeps by itself until the runtime has brought them to a stage of Snowflake's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct SnowflakeWrite {
    pub input: NodeId,
    /// The table that the rows are for, as messages call it.
    pub path: String,
    /// What a rank's folder of this write is called, among its temporary files; a dot and the rank stand behind.
    pub folder: String,
    /// What the rows' columns are in the files, in their order.
    pub columns: Vec<WrittenColumn>,
    /// Bytes of a file about, at which the next one begins.
    #[ts(type = "number")]
    pub file_bytes: u64,
    pub site: Site,
}

/// Copies rows into a table of PostgreSQL that is this write's alone, which the runtime makes and commits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts", optional_fields)]
pub struct PostgresWrite {
    pub input: NodeId,
    /// The table that the rows are for, as messages call it.
    pub path: String,
    /// The table that they are copied into, as SQL writes it.
    pub staging: String,
    /// Where the database is; what it leaves out the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Sessions at once, over all ranks; the runtime has one of them.
    pub connections: usize,
    /// What the rows' columns are there, in their order.
    pub columns: Vec<CopiedColumn>,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts", optional_fields)]
pub struct CopiedColumn {
    pub name: String,
    /// Printed Arrow type.
    #[serde(rename = "type")]
    pub data_type: String,
    pub wire: Wire,
    /// Of an array: the server's number of its elements' type, whose form `wire` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<u32>,
}

/// The form in which PostgreSQL takes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum Wire {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// Texts, and what is sent as its text: enums, json, citext.
    Text,
    Jsonb,
    Uuid,
    Bytea,
    Date,
    Time,
    /// With a time zone or without.
    Timestamp,
}

/// How an object store is reached, where the environment does not say it; no secrets, so it may travel and be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[ts(export, export_to = "../../../plan/index.d.ts", optional_fields)]
pub struct StoreOptions {
    /// Another server than the cloud's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// S3: the bucket in the path instead of the host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_style: Option<bool>,
    /// Requests are not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<bool>,
}
