//! A reader's paths → the files it names. The list is fixed at the reader's own statement.
mod local;
mod remote;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    errors::{ConnectorError, Result},
    files::Folder,
    store::{Blob, Location, Object, Secret, StoreOptions, Version, is_remote, wait},
};

/// A file found, in table order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// As it is printed; of a URL without its query.
    pub path: String,
    pub size: u64,
    pub version: Version,
    pub query: Option<Secret>,
    /// What the folders between the path that was given and the file say of its rows.
    pub folders: Vec<Folder>,
}

/// Files, folders (all files with one of the extensions below, by name; hidden and `_` names skipped) and globs, in the order given, of
/// this machine and of object stores. Of a folder whose writer left a manifest, what the manifest names.
///
/// LS2001: nothing there, with near misses; an empty folder; a glob without a match. LS2020, LS2021: a store's refusal.
pub fn resolve(paths: &[String], extensions: &'static [&'static str], options: &StoreOptions) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for path in paths {
        if is_remote(path) {
            if let Some((output, _)) = path.split_once("/_lockstep-") {
                let message = format!("{output} is written in this call and cannot be read before the call has returned; keep the table in a variable");
                return Err(ConnectorError::unsupported(message, json!({ "path": output })));
            }
            let (location, options) = (Location::parse(path)?, options.clone());
            found.extend(wait(async move { remote::resolve(&location, extensions, &options).await })?);
        } else {
            local::resolve(path.strip_prefix("file://").unwrap_or(path), extensions, &mut found)?;
        }
    }
    if found.is_empty() {
        return Err(missing("no input path was given".to_owned(), ""));
    }
    Ok(found)
}

/// Opens a file as it was found; LS2019 if it has changed since.
pub fn open(path: &str, size: u64, version: &Version, query: Option<&Secret>, options: &StoreOptions) -> Result<Blob> {
    if !is_remote(path) {
        return Blob::open_unchanged(path, size, version);
    }
    let location = Location { query: query.cloned(), ..Location::parse(path)? };
    let store = location.store(options)?;
    let key = store.path(&location.key)?;
    Ok(Blob::remote(Object { key, name: path.into(), size, version: version.clone(), store }))
}

impl Found {
    pub fn open(&self, options: &StoreOptions) -> Result<Blob> {
        open(&self.path, self.size, &self.version, self.query.as_ref(), options)
    }
}

/// Where a pattern begins to be one: what stands before it is the folder that was given.
fn root_of(pattern: &str) -> &str {
    let first = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    pattern[..first].rfind('/').map_or("", |slash| &pattern[..=slash])
}

/// Whether a file's name ends as one of a format, whatever the case.
fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    extensions.iter().any(|extension| name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.')))
}

/// `.jsonl or .ndjson`, those of compressed files left out.
fn listed(extensions: &[&str]) -> String {
    extensions.iter().filter(|extension| !extension.contains('.')).map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(" or ")
}

/// LS2018 for the folder of a table whose metadata say which of its files count.
fn iceberg(path: &str) -> ConnectorError {
    let message = format!("{path} is an Iceberg table, in whose folder are files that do not belong to it now; readIceberg reads the table");
    ConnectorError::new("LS2018", message, json!({ "path": path }))
}

/// Of a file in an Iceberg table's folder `metadata`.
fn is_metadata(name: &str) -> bool {
    name.ends_with(".metadata.json")
}

fn missing(message: String, path: &str) -> ConnectorError {
    ConnectorError::new("LS2001", message, json!({ "path": path }))
}
