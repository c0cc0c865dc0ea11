//! What a program can say when it reads or writes Arrow IPC.
use std::collections::BTreeMap;

use arrow::ipc::CompressionType;
use lockstep_plan::{ArrowWrite, ColumnType, JsType};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    errors::{ConnectorError, Result},
    store::StoreOptions,
};

/// `readArrow(paths, …)` with the interface the compiler saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ArrowRequest {
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

#[derive(Debug, Clone, Default)]
pub struct ArrowWriteOptions {
    /// Of each buffer.
    pub compression: Option<CompressionType>,
    /// Column → printed Arrow type.
    pub types: BTreeMap<String, String>,
}

impl TryFrom<&ArrowWrite> for ArrowWriteOptions {
    type Error = ConnectorError;

    fn try_from(write: &ArrowWrite) -> Result<Self> {
        let compression = match write.compression.as_str() {
            "none" => None,
            "lz4" => Some(CompressionType::LZ4_FRAME),
            "zstd" => Some(CompressionType::ZSTD),
            other => {
                let message = format!("compression \"{other}\" is not supported: use lz4, zstd or none");
                return Err(ConnectorError::unsupported(message, json!({ "compression": other })));
            }
        };
        Ok(Self { compression, types: write.types.clone() })
    }
}
