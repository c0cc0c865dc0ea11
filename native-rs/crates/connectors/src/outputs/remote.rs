//! The commit of an output in an object store; `manifest.rs` has the protocol. Every step may fail, be repeated, or be done
//! without its answer arriving.
use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::{
    Mode, OutputOptions, folder_of, is_own,
    manifest::{MANIFEST, Manifest, Replaced, Upload, join},
};
use crate::{
    errors::{ConnectorError, Result},
    store::{Condition, Listed, Location, Store, StoreOptions, wait},
};

/// Requests of a commit that are under way at a time.
const AT_ONCE: usize = 8;
/// Attempts at a put whose answer does not come.
const ATTEMPTS: usize = 4;

/// An output's folder.
#[derive(Clone)]
struct Folder {
    store: Store,
    key: String,
    url: String,
}

impl Folder {
    fn of(path: &str, options: &OutputOptions) -> Result<Self> {
        let location = Location::parse(path)?;
        if location.key.is_empty() {
            let message = format!("cannot write {path}: an output needs a name of its own");
            return Err(ConnectorError::new("LS2008", message, json!({ "path": path })));
        }
        let store = location.store(&options.store)?;
        store.uploads()?;
        Ok(Self { url: location.url(&location.key), key: location.key, store })
    }

    /// What is there of data with its sizes, hidden names left out, and whether a manifest is.
    async fn visible(&self) -> Result<(BTreeMap<String, u64>, bool)> {
        let listed = self.store.list(&self.key).await?;
        let names = listed.iter().map(|file| (file.key[self.key.len() + 1..].to_owned(), file.size));
        let (manifest, names): (Vec<_>, Vec<_>) = names.partition(|(name, _)| name == MANIFEST);
        let shown = names.into_iter().filter(|(name, _)| !name.split('/').any(|part| part.starts_with(['.', '_'])));
        Ok((shown.collect(), !manifest.is_empty()))
    }

    fn exists(&self) -> ConnectorError {
        ConnectorError::new("LS2007", format!("{} exists", self.url), json!({ "path": self.url }))
    }

    /// Overwriting removes data: only what looks like an output is removed. LS2007.
    fn check_replaceable(&self, names: &[String]) -> Result<()> {
        let Some(stranger) = names.iter().find(|name| !is_own(&name.to_lowercase())) else { return Ok(()) };
        let message = format!("{} is not an output: it holds \"{stranger}\", and overwriting would remove it", self.url);
        Err(ConnectorError::new("LS2007", message, json!({ "path": self.url, "holds": stranger })))
    }
}

pub fn prepare(path: &str, mode: Mode, attempt: &str, options: &OutputOptions) -> Result<Option<String>> {
    let folder = Folder::of(path, options)?;
    let staging = format!("{}/_lockstep-{attempt}", folder.url);
    let identity = options.identity.clone();
    let committed = wait(async move {
        let (names, manifest) = folder.visible().await?;
        if let Some(identity) = identity && manifest && let Some((found, _)) = Manifest::read(&folder.store, &folder.key).await? {
            if found.has(&identity) {
                finish(&folder, &found).await?;
                return Ok(true);
            }
        }
        if mode == Mode::Create && (manifest || !names.is_empty()) {
            return Err(folder.exists());
        }
        folder.check_replaceable(&names.into_keys().collect::<Vec<_>>())?;
        Ok::<_, ConnectorError>(false)
    })?;
    Ok((!committed).then_some(staging))
}

pub fn commit(staging: &str, path: &str, mode: Mode, options: &OutputOptions) -> Result<()> {
    let folder = Folder::of(path, options)?;
    let staging = Location::parse(staging)?.key;
    let identity = options.identity.clone();
    let writer = staging.rsplit_once("_lockstep-").map_or(staging.as_str(), |(_, attempt)| attempt).to_owned();
    wait(async move {
        let records = folder.store.list(&staging).await?;
        let reading: Vec<_> = records.iter().map(|record| read_record(folder.store.clone(), record.key.clone())).collect();
        let mut files: Vec<Upload> = stream::iter(reading).buffer_unordered(AT_ONCE).try_collect().await?;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let manifest = Manifest { version: 1, writer, identity, files, replaces: Vec::new(), history: Vec::new(), added: Vec::new() };
        let decided = decide(&folder, manifest, mode).await?;
        if let Some(decided) = decided {
            finish(&folder, &decided).await?;
        }
        let removing = |record: &Listed| {
            let (store, key) = (folder.store.clone(), record.key.clone());
            async move { store.remove(&key).await }
        };
        let removing: Vec<_> = records.iter().map(removing).collect();
        // Left over, a record is hidden and harms nobody.
        stream::iter(removing).buffer_unordered(AT_ONCE).for_each(|_| async {}).await;
        Ok(())
    })
}

async fn read_record(store: Store, key: String) -> Result<Upload> {
    let found = store.small(&key).await?;
    let record = found.and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok());
    record.ok_or_else(|| ConnectorError::new("LS2005", format!("{} is no record of an upload", store.url(&key)), json!({ "file": store.url(&key) })))
}

/// The one put that commits: if nobody else's came first. The manifest as it stands there; None: ours has been
/// overwritten since, or another attempt of the job came first.
async fn decide(folder: &Folder, mut manifest: Manifest, mode: Mode) -> Result<Option<Manifest>> {
    let mut failures = 0;
    let new = std::mem::take(&mut manifest.files);
    loop {
        let found = Manifest::read(&folder.store, &folder.key).await?;
        if let Some((there, _)) = &found && there.knows(&manifest.writer) {
            return Ok((there.writer == manifest.writer).then(|| there.clone()));
        }
        if let Some(identity) = &manifest.identity && found.as_ref().is_some_and(|(there, _)| there.has(identity)) {
            for file in &new {
                folder.store.give_up(&join(&folder.key, &file.name), &file.upload).await;
            }
            return Ok(None);
        }
        // A second call after all was done finds no records: the parts were the other's to replace.
        if new.is_empty() {
            return if found.is_some() { Ok(None) } else { Err(nothing(folder)) };
        }
        let (sizes, _) = folder.visible().await?;
        let names: Vec<String> = sizes.keys().cloned().collect();
        if mode == Mode::Create && (found.is_some() || !names.is_empty()) {
            return Err(folder.exists());
        }
        folder.check_replaceable(&names)?;
        let written: BTreeSet<&str> = new.iter().map(|file| folder_of(&file.name)).collect();
        let mut there: BTreeMap<String, Upload> =
            found.iter().flat_map(|(there, _)| &there.files).map(|file| (file.name.clone(), file.clone())).collect();
        // Of a folder without a manifest all is the output's; beside a manifest what it does not name is left over.
        let strangers = found.is_some();
        for name in names {
            let bytes = sizes[&name];
            there.entry(name.clone()).or_insert(Upload { name, bytes, upload: String::new(), pieces: Vec::new() });
        }
        let named = |name: &str| !strangers || found.iter().any(|(there, _)| there.files.iter().any(|file| file.name == name));
        let (kept, gone): (Vec<Upload>, Vec<Upload>) = there.into_values().partition(|file| named(&file.name) && mode.keeps(&file.name, &written));
        manifest.replaces = gone.into_iter().map(|file| Replaced { upload: named(&file.name).then_some(file.upload).filter(|upload| !upload.is_empty()), name: file.name }).collect();
        manifest.files = kept.into_iter().chain(new.iter().cloned()).collect();
        manifest.files.sort_by(|a, b| a.name.cmp(&b.name));
        manifest.history = found.as_ref().map(|(there, _)| there.passed_on()).unwrap_or_default();
        manifest.added = found.as_ref().filter(|_| mode.adds()).map(|(there, _)| there.added_to()).unwrap_or_default();
        let text = serde_json::to_vec(&manifest).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))?;
        let condition = found.map_or(Condition::Absent, |(_, version)| Condition::Unchanged(version));
        // Refused may mean that an earlier request of ours did it and its answer was lost: the next round sees.
        if let Err(error) = folder.store.put_if(&join(&folder.key, MANIFEST), text, condition).await {
            failures += 1;
            if failures == ATTEMPTS {
                return Err(match Manifest::read(&folder.store, &folder.key).await {
                    Ok(found) if !found.as_ref().is_some_and(|(there, _)| there.knows(&manifest.writer)) => error,
                    Ok(found) => return Ok(found.map(|(there, _)| there).filter(|there| there.writer == manifest.writer)),
                    Err(_) => unknown(folder, &error),
                });
            }
        }
    }
}

fn nothing(folder: &Folder) -> ConnectorError {
    ConnectorError::new("LS2008", format!("cannot write {}: nothing was staged for it", folder.url), json!({ "path": folder.url }))
}

/// Nobody may remove anything then: it may be committed.
fn unknown(folder: &Folder, error: &ConnectorError) -> ConnectorError {
    let message = format!("cannot write {}: whether it is committed is not known, its files are kept ({})", folder.url, error.message);
    ConnectorError::new("LS2008", message, json!({ "path": folder.url, "committed": "unknown" }))
}

/// After the decision: files appear, what they replace goes. Harmless at any time, and for a manifest that has been
/// overwritten since.
async fn finish(folder: &Folder, manifest: &Manifest) -> Result<()> {
    if let Err(error) = completed(&folder.store, &folder.key, manifest, &BTreeMap::new()).await {
        let now = Manifest::read(&folder.store, &folder.key).await?;
        return if now.is_some_and(|(there, _)| there.writer == manifest.writer) { Err(unfinished(folder, &error)) } else { Ok(()) };
    }
    let remove = |old: &Replaced| {
        let (store, key, upload) = (folder.store.clone(), join(&folder.key, &old.name), old.upload.clone());
        async move {
            // First: what is completed afterwards would stay.
            if let Some(upload) = upload.filter(|upload| !upload.is_empty()) {
                store.give_up(&key, &upload).await;
            }
            // Left over, it is in no manifest.
            let _ = store.remove(&key).await;
        }
    };
    let removing: Vec<_> = manifest.replaces.iter().map(remove).collect();
    stream::iter(removing).buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
    Ok(())
}

fn unfinished(folder: &Folder, error: &ConnectorError) -> ConnectorError {
    let message = format!("{} is committed, and its next reader makes its files visible: here that failed ({})", folder.url, error.message);
    ConnectorError::new("LS2008", message, json!({ "path": folder.url, "committed": true }))
}

/// The files of a manifest, those completed that are not there. `present`: what a listing has shown, by key. LS2005.
pub async fn completed(store: &Store, folder: &str, manifest: &Manifest, present: &BTreeMap<String, Listed>) -> Result<Vec<Listed>> {
    let complete = |file: &Upload| {
        let (store, key, file) = (store.clone(), join(folder, &file.name), file.clone());
        let listed = present.get(&key).filter(|listed| listed.size == file.bytes).cloned();
        async move {
            if let Some(listed) = listed {
                return Ok(listed);
            }
            // Not every store has names for uploads: Azure's is empty.
            let failed = store.complete(&key, &file.upload, &file.pieces).await.err();
            match store.head(&key).await? {
                Some(found) if found.size == file.bytes => Ok(found),
                _ => Err(interrupted(&store.url(&key), failed)),
            }
        }
    };
    let completing: Vec<_> = manifest.files.iter().map(complete).collect();
    stream::iter(completing).buffered(AT_ONCE).try_collect().await
}

fn interrupted(url: &str, error: Option<ConnectorError>) -> ConnectorError {
    let why = error.map(|error| format!(" ({})", error.message)).unwrap_or_default();
    let message = format!(
        "{url} is part of an output whose commit was interrupted, and cannot be completed from here{why}; run the writing job again with \
         mode \"overwrite\", or, where files were removed by hand, remove {MANIFEST} beside them too"
    );
    ConnectorError::new("LS2005", message, json!({ "file": url }))
}

/// Gives up what was staged, or removes what is visible in a folder.
pub fn clear(place: &str, options: &StoreOptions) -> Result<()> {
    let location = Location::parse(place)?;
    if location.key.contains("/_lockstep-") {
        return abort(place, &OutputOptions { store: options.clone(), ..OutputOptions::default() });
    }
    let (store, folder) = (location.store(options)?, location.key.clone());
    wait(async move {
        let removing: Vec<_> = store.list(&folder).await?.into_iter().map(|file| {
            let store = store.clone();
            async move { store.remove(&file.key).await }
        }).collect();
        stream::iter(removing).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await.map(|_| ())
    })
}

/// Gives up what was staged: never what a manifest names.
pub fn abort(staging: &str, options: &OutputOptions) -> Result<()> {
    let location = Location::parse(staging)?;
    let store = location.store(&options.store)?;
    let (folder, attempt) = location.key.rsplit_once("/_lockstep-").unwrap_or((&location.key, ""));
    let (folder, attempt, staging) = (folder.to_owned(), attempt.to_owned(), location.key.clone());
    wait(async move {
        if Manifest::read(&store, &folder).await?.is_some_and(|(found, _)| found.knows(&attempt)) {
            return Ok(());
        }
        let records = store.list(&staging).await?;
        let give_up = |record: &Listed| {
            let (store, folder, key) = (store.clone(), folder.clone(), record.key.clone());
            async move {
                if let Ok(file) = read_record(store.clone(), key.clone()).await {
                    store.give_up(&join(&folder, &file.name), &file.upload).await;
                }
                store.remove(&key).await
            }
        };
        let giving_up: Vec<_> = records.iter().map(give_up).collect();
        stream::iter(giving_up).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await.map(|_| ())
    })
}
