//! Outputs become visible whole or not at all; rank 0 alone calls these. They wait for the disk on threads of their own.
use lockstep_connectors::{ConnectorError, Mode, OutputOptions, abort_output, commit_output, join_parts, prepare_output};
use lockstep_exec::EngineError;
use napi::tokio::task::spawn_blocking;
use napi_derive::napi;

use crate::engine::to_js;

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConnectorError> + Send + 'static,
) -> napi::Result<T> {
    let done = spawn_blocking(work).await.map_err(|error| to_js(EngineError::bug(error.to_string())))?;
    done.map_err(|error| to_js(error.into()))
}

/// "create" | "overwrite" | "append" | "overwrite-partitions"
fn mode(name: String) -> napi::Result<Mode> {
    serde_json::from_value(name.into()).map_err(|error| to_js(EngineError::bug(format!("a mode that cannot be read: {error}"))))
}

/// `{ store, identity, single }`
fn options(json: &str) -> napi::Result<OutputOptions> {
    serde_json::from_str(json).map_err(|error| to_js(EngineError::bug(format!("options of an output that cannot be read: {error}"))))
}

/// Makes a place for the parts: of a local path a hidden sibling. Null: this job has committed the output before. LS2007:
/// `path` exists; LS2008: it cannot be written.
#[napi(js_name = "prepareOutput")]
pub async fn js_prepare_output(path: String, mode: String, attempt: String, options: String) -> napi::Result<Option<String>> {
    let (options, mode) = (self::options(&options)?, self::mode(mode)?);
    blocking(move || prepare_output(&path, mode, &attempt, &options)).await
}

/// Makes the staged parts visible as `path`, in one step; may be repeated.
#[napi(js_name = "commitOutput")]
pub async fn js_commit_output(staging: String, path: String, mode: String, options: String) -> napi::Result<()> {
    let (options, mode) = (self::options(&options)?, self::mode(mode)?);
    blocking(move || commit_output(&staging, &path, mode, &options)).await
}

/// Makes one file, `name`, of the parts in a staging folder.
#[napi(js_name = "joinParts")]
pub async fn js_join_parts(staging: String, name: String) -> napi::Result<()> {
    blocking(move || join_parts(&staging, &name)).await
}

/// Removes the staging place with all it holds.
#[napi(js_name = "abortOutput")]
pub async fn js_abort_output(staging: String, options: String) -> napi::Result<()> {
    let options = self::options(&options)?;
    blocking(move || abort_output(&staging, &options)).await
}
