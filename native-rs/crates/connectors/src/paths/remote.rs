//! Paths in an object store: one listing for a folder or a pattern, one request for a file.
use glob::{MatchOptions, Pattern};

use super::{Found, has_extension, iceberg, is_metadata, listed, local::alternatives, missing, root_of};
use crate::{
    errors::{ConnectorError, Result},
    files::folders_of,
    names::{did_you_mean, near_misses},
    outputs::{MANIFEST, Manifest, completed},
    store::{Listed, Location, Scheme, Store, StoreOptions},
};

const PATTERN: [char; 4] = ['*', '?', '[', '{'];
/// As in a shell: a star is within a folder and finds no hidden name.
const GLOB: MatchOptions = MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

pub async fn resolve(location: &Location, extensions: &[&str], options: &StoreOptions) -> Result<Vec<Found>> {
    let store = location.store(options)?;
    let url = location.url(&location.key);
    if location.scheme == Scheme::Http {
        let found = match location.query {
            Some(_) => store.probe(&location.key).await?,
            None => store.head(&location.key).await?,
        };
        let Some(file) = found else {
            return Err(missing(format!("{url} does not exist: over http and https there are files, but no folders and patterns"), &url));
        };
        return Ok(vec![Found { path: url, size: file.size, version: file.version, query: location.query.clone(), folders: Vec::new() }]);
    }
    let root = if location.key.contains(PATTERN) { root_of(&location.key) } else { &location.key };
    let found = |listed: Listed| Found { path: location.url(&listed.key), folders: folders_of(root, &listed.key), size: listed.size, version: listed.version, query: None };
    if let Some(first) = location.key.find(PATTERN) {
        let folder = location.key[..first].rsplit_once('/').map_or("", |(folder, _)| folder);
        let files = matches(&store, folder, &location.key, extensions).await?;
        if files.is_empty() {
            return Err(missing(format!("no file matches {url}"), &url));
        }
        return Ok(files.into_iter().map(found).collect());
    }
    // What looks like a file is asked for, anything else is listed: mostly one request decides.
    let named = has_extension(&location.key, extensions);
    if named && let Some(file) = store.head(&location.key).await? {
        return Ok(vec![found(file)]);
    }
    let below = store.list(&location.key).await?;
    if below.is_empty() {
        if !named && !location.key.is_empty() && let Some(file) = store.head(&location.key).await? {
            return Ok(vec![found(file)]);
        }
        return Err(not_found(&store, location).await);
    }
    let metadata = format!("{}/metadata/", location.key);
    if below.iter().any(|file| file.key.strip_prefix(&metadata).is_some_and(is_metadata)) {
        return Err(iceberg(&url));
    }
    let files = visible(committed(&store, below, |_| true).await?, &location.key, extensions);
    if files.is_empty() {
        return Err(missing(format!("{url} has no {} file", listed(extensions)), &url));
    }
    Ok(files.into_iter().map(found).collect())
}

/// The files below `folder` that are data: not hidden, of the format.
fn visible(mut below: Vec<Listed>, folder: &str, extensions: &[&str]) -> Vec<Listed> {
    below.retain(|file| has_extension(&file.key, extensions) && !hidden(&file.key, folder.len()));
    below
}

async fn matches(store: &Store, folder: &str, pattern: &str, extensions: &[&str]) -> Result<Vec<Listed>> {
    let wrong = |error| missing(format!("{} is not a pattern: {error}", store.url(pattern)), pattern);
    let patterns = alternatives(pattern).iter().map(|pattern| Pattern::new(pattern)).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let any = |key: &str| patterns.iter().any(|pattern| pattern.matches_with(key, GLOB));
    let within = |key: &str| any(key) || key.match_indices('/').any(|(end, _)| any(&key[..end]));
    let mut below = committed(store, store.list(folder).await?, within).await?;
    below.retain(|file| {
        let folders = file.key.match_indices('/').map(|(end, _)| end);
        // A folder that matches stands for the files of the format below it.
        any(&file.key) || has_extension(&file.key, extensions) && folders.into_iter().any(|end| any(&file.key[..end]) && !hidden(&file.key, end))
    });
    Ok(below)
}

/// What is visible of a listing: of a folder with a manifest the files that this names, completed where a writer was
/// killed. Folders without a file that `concerns` us are left alone.
async fn committed(store: &Store, listed: Vec<Listed>, concerns: impl Fn(&str) -> bool) -> Result<Vec<Listed>> {
    let folder_of = |key: &str| key.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let manifests = listed.iter().filter(|file| file.key.rsplit('/').next() == Some(MANIFEST)).map(|file| folder_of(&file.key));
    let mut folders: Vec<String> = manifests.collect();
    folders.retain(|folder| concerns(folder) || listed.iter().any(|file| is_below(&file.key, folder) && concerns(&file.key)));
    let mut files = listed;
    for folder in folders {
        let Some((manifest, _)) = Manifest::read(store, &folder).await? else { continue };
        let (inside, outside): (Vec<Listed>, Vec<Listed>) = files.into_iter().partition(|file| is_below(&file.key, &folder));
        let present = inside.into_iter().map(|file| (file.key.clone(), file)).collect();
        files = outside;
        files.extend(completed(store, &folder, &manifest, &present).await?);
    }
    files.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(files)
}

fn is_below(key: &str, folder: &str) -> bool {
    folder.is_empty() || key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a name of the path below the first `from` bytes begins with `.` or `_`.
fn hidden(key: &str, from: usize) -> bool {
    key[from..].trim_start_matches('/').split('/').any(|name| name.starts_with(['.', '_']))
}

/// The neighbours of the last part of a path that does not exist are the near misses.
async fn not_found(store: &Store, location: &Location) -> ConnectorError {
    let url = location.url(&location.key);
    let (folder, name) = location.key.rsplit_once('/').unwrap_or(("", &location.key));
    let names = match store.names(folder).await {
        Ok(names) => names,
        // It says more: no bucket, no access.
        Err(error) => return error,
    };
    let hint = did_you_mean(&near_misses(name, names.iter().map(String::as_str))).map(|hint| format!("; {hint}")).unwrap_or_default();
    missing(format!("{url} does not exist: no \"{name}\" in {}{hint}", store.url(folder)), &url)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::{ObjectStoreExt, memory::InMemory, path::Path};

    use super::*;
    use crate::store::{install, wait};

    fn find(path: &str) -> Result<Vec<String>> {
        let location = Location::parse(&format!("memory://paths/{path}")).unwrap();
        let found = wait(async move { resolve(&location, &["parquet"], &StoreOptions::default()).await });
        found.map(|files| files.into_iter().map(|file| file.path.replace("memory://paths/", "")).collect())
    }

    #[test]
    fn folders_globs_and_mistakes() {
        let store = Arc::new(InMemory::new());
        let filled = Arc::clone(&store);
        wait(async move {
            for file in ["b.parquet", "a.parquet", ".c.parquet", "_SUCCESS", "notes.txt", "2024/z.parquet", "_staging/y.parquet"] {
                filled.put(&Path::from(format!("trips/{file}")), "x".into()).await.unwrap();
            }
        });
        install("paths", store);
        let all = ["trips/2024/z.parquet", "trips/a.parquet", "trips/b.parquet"];
        assert_eq!(find("trips").unwrap(), all);
        assert_eq!(find("trips/").unwrap(), all);
        assert_eq!(find("tri*").unwrap(), all);
        assert_eq!(find("trips/*.parquet").unwrap(), all[1..]);
        assert_eq!(find("trips/{2024/z,{b,b,c}}.parquet").unwrap(), ["trips/2024/z.parquet", "trips/b.parquet"]);
        assert_eq!(find("trips/notes.txt").unwrap(), ["trips/notes.txt"]);
        for (path, message) in [
            ("trip/a.parquet", "no \"a.parquet\" in"),
            ("trip", "did you mean \"trips\"?"),
            ("trips/c.parquet", "did you mean"),
            ("x*", "no file matches"),
        ] {
            let error = find(path).unwrap_err();
            assert_eq!(error.code, "LS2001");
            assert!(error.message.contains(message), "{}", error.message);
        }
    }
}
