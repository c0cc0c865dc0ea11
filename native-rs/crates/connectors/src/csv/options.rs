//! What a program can say when it reads or writes CSV.
use std::collections::BTreeMap;

use lockstep_plan::{ColumnType, CsvWrite, JsType};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{read::text, records::Field};
use crate::{
    errors::{ConnectorError, Result},
    store::StoreOptions,
    text::{Compression, Source, Tolerance},
};

/// `readCsv(paths, …)` with the interface the compiler saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CsvRequest {
    /// Files, directories, globs.
    pub paths: Vec<String>,
    /// The interface; empty: no interface, all columns inferred.
    #[serde(default)]
    pub declared: Vec<ColumnType>,
    #[serde(default)]
    pub store: StoreOptions,
    /// Column → type, instead of what its values look like.
    #[serde(default)]
    pub types: BTreeMap<String, JsType>,
    #[serde(default = "comma")]
    pub delimiter: String,
    /// False: the first line is data and the columns are col1, col2, …
    #[serde(default = "yes")]
    pub header: bool,
    /// Texts of cells that are null, in quotes or not; None: the empty text without quotes.
    #[serde(default)]
    pub nulls: Option<Vec<String>>,
    /// Bad lines are left out; None: an error.
    #[serde(default)]
    pub tolerance: Option<Tolerance>,
}

impl Default for CsvRequest {
    fn default() -> Self {
        Self { paths: Vec::new(), declared: Vec::new(), store: StoreOptions::default(), types: BTreeMap::new(), delimiter: comma(), header: true, nulls: None, tolerance: None }
    }
}

fn comma() -> String {
    ",".to_owned()
}

fn yes() -> bool {
    true
}

/// How the bytes of an opened CSV dataset are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    pub delimiter: u8,
    /// Fields of a record.
    pub width: usize,
    /// As in [`CsvRequest`].
    pub nulls: Option<Vec<String>>,
}

impl Dialect {
    /// Whether a cell has no value. As in pandas, Polars, DuckDB and pyarrow, quotes do not make a text of `nulls` a value.
    pub(super) fn is_null(&self, source: Source<'_>, field: &Field) -> bool {
        match &self.nulls {
            None => field.start == field.end && !field.quoted,
            Some(nulls) if field.escaped => nulls.iter().any(|null| *null == text(source, field)),
            Some(nulls) => nulls.iter().any(|null| null.as_bytes() == source.bytes(field.range())),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvWriteOptions {
    pub delimiter: u8,
    /// Every part file begins with the header line, so that each is a CSV file by itself.
    pub header: bool,
    pub compression: Compression,
    pub store: StoreOptions,
}

impl Default for CsvWriteOptions {
    fn default() -> Self {
        Self { delimiter: b',', header: true, compression: Compression::None, store: StoreOptions::default() }
    }
}

impl TryFrom<&CsvWrite> for CsvWriteOptions {
    type Error = ConnectorError;

    fn try_from(write: &CsvWrite) -> Result<Self> {
        Ok(Self { delimiter: delimiter(&write.delimiter)?, header: write.header, compression: Compression::of(&write.compression)?, store: write.store.clone() })
    }
}

/// One ASCII character that cannot be part of a quoted field's frame. LS2015 otherwise.
pub fn delimiter(text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => {
            let message = format!("the delimiter {text:?} is not supported: use one ASCII character such as \",\", \";\" or \"\\t\"");
            Err(ConnectorError::unsupported(message, json!({ "delimiter": text })))
        }
    }
}
