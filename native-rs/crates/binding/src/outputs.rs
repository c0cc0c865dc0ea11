//! Outputs become visible whole or not at all; rank 0 alone calls these. They wait for the disk on threads of their own.
use lockstep_connectors::{ConnectorError, OutputOptions, abort_output, commit_output, prepare_output};
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

/// `{ store, identity }`
fn options(json: &str) -> napi::Result<OutputOptions> {
    serde_json::from_str(json).map_err(|error| to_js(EngineError::bug(format!("options of an output that cannot be read: {error}"))))
}

/// Makes a place for the parts: of a local path a hidden sibling. Null: this job has committed the output before. LS2007:
/// `path` exists; LS2008: it cannot be written.
#[napi(js_name = "prepareOutput")]
pub async fn js_prepare_output(path: String, overwrite: bool, attempt: String, options: String) -> napi::Result<Option<String>> {
    let options = self::options(&options)?;
    blocking(move || prepare_output(&path, overwrite, &attempt, &options)).await
}

/// Makes the staged parts visible as `path`, in one step; may be repeated.
#[napi(js_name = "commitOutput")]
pub async fn js_commit_output(staging: String, path: String, overwrite: bool, options: String) -> napi::Result<()> {
    let options = self::options(&options)?;
    blocking(move || commit_output(&staging, &path, overwrite, &options)).await
}

/// Removes the staging place with all it holds.
#[napi(js_name = "abortOutput")]
pub async fn js_abort_output(staging: String, options: String) -> napi::Result<()> {
    let options = self::options(&options)?;
    blocking(move || abort_output(&staging, &options)).await
}
