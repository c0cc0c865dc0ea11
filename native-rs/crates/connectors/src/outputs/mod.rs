//! Outputs become visible whole or not at all: `local` by renaming a folder, `remote` by one conditional put of a
//! manifest. `part` is a file of an output while it is written.
mod local;
mod manifest;
mod part;
mod remote;

use std::{collections::BTreeSet, path::Path};

use serde::{Deserialize, Serialize};

pub(crate) use manifest::{MANIFEST, Manifest};
pub use part::PartFile;
pub(crate) use remote::completed;

use crate::{
    errors::Result,
    store::{StoreOptions, is_remote},
};

/// How the names of the files end that overwriting may remove.
const PARTS: [&str; 8] = [".parquet", ".arrow", ".csv", ".jsonl", ".csv.gz", ".csv.zst", ".jsonl.gz", ".jsonl.zst"];

/// Whether a name in an output is one of its own: a part's, a partition's folder's, a hidden one.
fn is_own(name: &str) -> bool {
    name.starts_with(['.', '_']) || name.contains('=') || PARTS.iter().any(|ending| name.ends_with(ending))
}

/// Which of a job's outputs: the `output`th of the `call`th annotated call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub job: String,
    pub call: u64,
    pub output: u64,
}

/// What becomes of an output that is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is an error.
    #[default]
    Create,
    Overwrite,
    /// The new parts come to those that are there.
    Append,
    /// The same, less the parts in folders that the new ones have, too.
    OverwritePartitions,
}

impl Mode {
    fn adds(self) -> bool {
        matches!(self, Self::Append | Self::OverwritePartitions)
    }

    /// Whether a file of the output stays; names are within it, `written` are the new files'.
    fn keeps(self, name: &str, written: &BTreeSet<&str>) -> bool {
        self == Self::Append || self == Self::OverwritePartitions && !written.contains(folder_of(name))
    }
}

/// The folder of a name, without its `/`.
fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What a write says of its output besides the path.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct OutputOptions {
    #[serde(default)]
    pub store: StoreOptions,
    /// Where the job keeps its identity over a scheduler's attempts. (A local output is signed by the runtime.)
    #[serde(default)]
    pub identity: Option<Identity>,
    /// The output is a file, of the path's name.
    #[serde(default)]
    pub single: bool,
}

/// Makes a place for the parts of a write, new for each `attempt`; None: an earlier attempt of the same job has
/// committed this very output. LS2007: `path` exists and `mode` does not say what becomes of it. LS2008: not writable.
pub fn prepare_output(path: &str, mode: Mode, attempt: &str, options: &OutputOptions) -> Result<Option<String>> {
    match is_remote(path) {
        true => remote::prepare(path, mode, attempt, options),
        false => local::prepare(Path::new(path), mode, attempt).map(|staging| Some(staging.display().to_string())),
    }
}

/// Makes the staged parts visible as `path`; may be repeated.
pub fn commit_output(staging: &str, path: &str, mode: Mode, options: &OutputOptions) -> Result<()> {
    match is_remote(path) {
        true => remote::commit(staging, path, mode, options),
        false => local::commit(Path::new(staging), Path::new(path), mode, options.single),
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
