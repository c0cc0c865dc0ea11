//! Outputs become visible whole or not at all: `local` by renaming a folder, `remote` by one conditional put of a
//! manifest. `part` is a file of an output while it is written.
mod local;
mod manifest;
mod part;
mod remote;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub(crate) use manifest::{MANIFEST, Manifest};
pub use part::PartFile;
pub(crate) use remote::completed;

use crate::{
    errors::Result,
    store::{StoreOptions, is_remote},
};

/// How the names of the files end that overwriting may remove.
const PARTS: [&str; 3] = [".parquet", ".csv", ".jsonl"];

/// Which of a job's outputs: the `output`th of the `call`th annotated call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub job: String,
    pub call: u64,
    pub output: u64,
}

/// What a write says of its output besides the path.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct OutputOptions {
    #[serde(default)]
    pub store: StoreOptions,
    /// Where the job keeps its identity over a scheduler's attempts. (A local output is signed by the runtime.)
    #[serde(default)]
    pub identity: Option<Identity>,
}

/// Makes a place for the parts of a write, new for each `attempt`; None: an earlier attempt of the same job has
/// committed this very output. LS2007: `path` exists and `overwrite` is false. LS2008: not writable.
pub fn prepare_output(path: &str, overwrite: bool, attempt: &str, options: &OutputOptions) -> Result<Option<String>> {
    match is_remote(path) {
        true => remote::prepare(path, overwrite, attempt, options),
        false => local::prepare(Path::new(path), overwrite, attempt).map(|staging| Some(staging.display().to_string())),
    }
}

/// Makes the staged parts visible as `path`; may be repeated.
pub fn commit_output(staging: &str, path: &str, overwrite: bool, options: &OutputOptions) -> Result<()> {
    match is_remote(path) {
        true => remote::commit(staging, path, overwrite, options),
        false => local::commit(Path::new(staging), Path::new(path), overwrite),
    }
}

/// Removes the files of a write that begins again, from its staging place or its folder in an Iceberg table; the place stays. No
/// part of it may be open.
pub fn clear_output(place: &str, store: &StoreOptions) -> Result<()> {
    match is_remote(place) {
        true => remote::clear(place, store),
        false => local::clear(Path::new(place)),
    }
}

/// Removes what was staged; no error if it is gone.
pub fn abort_output(staging: &str, options: &OutputOptions) -> Result<()> {
    match is_remote(staging) {
        true => remote::abort(staging, options),
        false => local::abort(Path::new(staging)),
    }
}
