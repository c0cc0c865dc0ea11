//! Drivers of ADBC for programs under plain Node, which has no other way to a C library.
use lockstep_connectors::{AdbcRequest, adbc_rows};
use lockstep_exec::EngineError;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::{engine::to_js, outputs::blocking};

/// The rows of a query, a stream of Arrow IPC a part of the result; `only_columns`: one without rows. LS2001, LS2005, LS2015, LS2020, LS2021.
#[napi]
pub async fn read_adbc(json: String, only_columns: bool) -> napi::Result<Vec<Buffer>> {
    let request: AdbcRequest = serde_json::from_str(&json).map_err(|error| to_js(EngineError::bug(format!("a query to run that cannot be read: {error}"))))?;
    Ok(blocking(move || adbc_rows(request, only_columns)).await?.into_iter().map(Buffer::from).collect())
}
