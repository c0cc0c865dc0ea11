//! What an output in an object store consists of: `out/_lockstep.json`, put under a condition in one request. With that put
//! the output is committed. The files it names are uploads in pieces, invisible until they are completed, which happens
//! after the put: by the writer or, where that one was killed, by whoever comes next and may write. Files of the folder
//! that it does not name are no part of the output.
//!
//! ```text
//! ranks:   create upload, put pieces ─► record out/_lockstep-ATTEMPT/part-00000.json        (nothing is visible)
//! rank 0:  list records ─► put out/_lockstep.json if it is still absent, or as it was read  (the decision)
//!          ─► complete the uploads ─► remove what is replaced ─► remove the records
//! ```
//! Plain Node writes and reads the same (runtime/src/connectors/store/manifest.ts).
use bytes::Bytes;
use object_store::UpdateVersion;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Identity;
use crate::{
    errors::{ConnectorError, Result},
    store::Store,
};

pub const MANIFEST: &str = "_lockstep.json";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub version: u32,
    /// The attempt that wrote it.
    pub writer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    pub files: Vec<Upload>,
    /// What it takes the place of: to be removed.
    pub replaces: Vec<Replaced>,
    /// The writers before it, the last ones at the end: one whose answer was lost learns here that it had committed.
    #[serde(default)]
    pub history: Vec<String>,
    /// The identities of those before it whose files it goes on with: a later attempt of such a job does not add them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Identity>,
}

/// Writers, and identities, that a manifest remembers at most.
const HISTORY: usize = 100;

/// A file of an output: the upload that it is, or was. Also what a record holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    pub name: String,
    pub bytes: u64,
    pub upload: String,
    pub pieces: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replaced {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
}

impl Manifest {
    /// Whether `writer` has committed: its output is this one, or was.
    pub fn knows(&self, writer: &str) -> bool {
        self.writer == writer || self.history.iter().any(|before| before == writer)
    }

    /// Whether a job has committed this very output: it is this one, or was added to.
    pub fn has(&self, identity: &Identity) -> bool {
        self.identity.iter().chain(&self.added).any(|known| known == identity)
    }

    /// The history of the manifest that comes after it.
    pub fn passed_on(&self) -> Vec<String> {
        last(self.history.iter().chain([&self.writer]))
    }

    /// The identities of one that adds to it.
    pub fn added_to(&self) -> Vec<Identity> {
        last(self.added.iter().chain(&self.identity))
    }

    /// A folder's manifest and its version as a condition names it. LS2005 if it is none of ours, LS2015 if a later version wrote it.
    pub async fn read(store: &Store, folder: &str) -> Result<Option<(Self, UpdateVersion)>> {
        let key = join(folder, MANIFEST);
        let Some((bytes, version)) = store.small(&key).await? else { return Ok(None) };
        Ok(Some((Self::parse(&store.url(&key), &bytes)?, version)))
    }

    fn parse(url: &str, bytes: &Bytes) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|_| ConnectorError::new("LS2005", format!("{url} is no manifest of an output"), json!({ "file": url })))?;
        match manifest.version {
            1 => Ok(manifest),
            _ => Err(ConnectorError::unsupported(format!("{url} was written by a later version of Lockstep; update it"), json!({ "file": url }))),
        }
    }
}

fn last<'a, T: Clone + 'a>(all: impl Iterator<Item = &'a T>) -> Vec<T> {
    let all: Vec<&T> = all.collect();
    all[all.len().saturating_sub(HISTORY)..].iter().map(|one| (*one).clone()).collect()
}

pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
