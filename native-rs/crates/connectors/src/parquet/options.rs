//! What a program can say when it reads or writes Parquet.
use std::collections::BTreeMap;

use lockstep_plan::{ColumnType, FileSort, IcebergWrite, JsType, ParquetWrite};
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    errors::{ConnectorError, Result},
    store::StoreOptions,
};

/// `readParquet(paths, …)` with the interface the compiler saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ParquetRequest {
    /// Files, directories, globs.
    pub paths: Vec<String>,
    /// The interface; empty: no interface, any schema.
    #[serde(default)]
    pub declared: Vec<ColumnType>,
    #[serde(default)]
    pub store: StoreOptions,
    /// What columns are that folders say, instead of what their values look like.
    #[serde(default)]
    pub types: BTreeMap<String, JsType>,
}

/// Bytes that the files of a part may hold which are not written yet, where nobody says less.
pub const WRITER_MEMORY: usize = 256 << 20;

#[derive(Debug, Clone, PartialEq)]
pub struct ParquetWriteOptions {
    pub compression: Compression,
    pub row_group_rows: usize,
    /// Encoded bytes after which a row group ends early: it is held until then.
    pub row_group_bytes: usize,
    /// Column → printed Arrow type.
    pub types: BTreeMap<String, String>,
    /// What the rows come sorted by, which the files say.
    pub sort: Vec<FileSort>,
    /// Columns of whose values each row group has a Bloom filter.
    pub bloom_filters: Vec<String>,
    /// Whether the files say their columns' Arrow types, dictionaries among them.
    pub arrow_schema: bool,
    pub store: StoreOptions,
}

impl Default for ParquetWriteOptions {
    fn default() -> Self {
        Self {
            compression: Compression::SNAPPY,
            row_group_rows: 1 << 20,
            row_group_bytes: WRITER_MEMORY,
            types: BTreeMap::new(),
            sort: Vec::new(),
            bloom_filters: Vec::new(),
            arrow_schema: true,
            store: StoreOptions::default(),
        }
    }
}

impl TryFrom<&ParquetWrite> for ParquetWriteOptions {
    type Error = ConnectorError;

    fn try_from(write: &ParquetWrite) -> Result<Self> {
        let row_group_rows = usize::try_from(write.row_group_rows).unwrap_or(usize::MAX).max(1);
        Ok(Self {
            compression: compression(&write.compression)?,
            row_group_rows,
            types: write.types.clone(),
            sort: write.sort.clone(),
            bloom_filters: write.bloom_filters.clone(),
            store: write.store.clone(),
            ..Self::default()
        })
    }
}

impl TryFrom<&IcebergWrite> for ParquetWriteOptions {
    type Error = ConnectorError;

    fn try_from(write: &IcebergWrite) -> Result<Self> {
        // What a column is the table says.
        Ok(Self {
            compression: compression(&write.compression)?,
            sort: write.sort.clone(),
            bloom_filters: write.bloom_filters.clone(),
            arrow_schema: false,
            store: write.store.clone(),
            ..Self::default()
        })
    }
}

fn compression(name: &str) -> Result<Compression> {
    Ok(match name {
        "snappy" => Compression::SNAPPY,
        "zstd" => Compression::ZSTD(ZstdLevel::default()),
        "lz4" => Compression::LZ4_RAW,
        "gzip" => Compression::GZIP(GzipLevel::default()),
        "none" => Compression::UNCOMPRESSED,
        other => {
            let message = format!("compression \"{other}\" is not supported: use snappy, zstd, lz4, gzip or none");
            return Err(ConnectorError::unsupported(message, json!({ "compression": other })));
        }
    })
}
