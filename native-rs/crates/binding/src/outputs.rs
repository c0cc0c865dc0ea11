//! Outputs become visible whole or not at all; rank 0 alone calls these. They wait for the disk on threads of their own.
use std::path::PathBuf;

use lockstep_connectors::{ConnectorError, abort_output, commit_output, prepare_output};
use lockstep_exec::EngineError;
use napi::tokio::task::spawn_blocking;
use napi_derive::napi;

use crate::engine::to_js;

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConnectorError> + Send + 'static,
) -> napi::Result<T> {
    let done = spawn_blocking(work).await.map_err(|error| to_js(EngineError::bug(error.to_string())))?;
    done.map_err(|error| to_js(error.into()))
}

/// Makes the staging directory, a hidden sibling of `path`. LS2007: `path` exists; LS2008: it cannot be written.
#[napi(js_name = "prepareOutput")]
pub async fn js_prepare_output(path: String, overwrite: bool, job: String) -> napi::Result<String> {
    let staging = blocking(move || prepare_output(&PathBuf::from(path), overwrite, &job)).await?;
    Ok(staging.display().to_string())
}

/// Makes the staged parts visible as `path`, in one step; may be repeated.
#[napi(js_name = "commitOutput")]
pub async fn js_commit_output(staging: String, path: String, overwrite: bool) -> napi::Result<()> {
    blocking(move || commit_output(&PathBuf::from(staging), &PathBuf::from(path), overwrite)).await
}

/// Removes the staging directory with all it holds.
#[napi(js_name = "abortOutput")]
pub async fn js_abort_output(staging: String) -> napi::Result<()> {
    blocking(move || abort_output(&PathBuf::from(staging))).await
}
