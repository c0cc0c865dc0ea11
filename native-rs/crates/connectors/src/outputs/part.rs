//! A file of an output while it is written: a local file, or an upload in pieces that stays invisible. Of an Iceberg table it
//! appears when it is finished: nobody knows its name yet.
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use object_store::{PutPayload, multipart::PartId};
use serde_json::json;
use tokio::task::JoinHandle;

use super::manifest::{Upload, join};
use crate::{
    errors::{ConnectorError, Result},
    store::{Location, Store, StoreOptions, background, is_remote, wait},
};

/// Bytes of a piece: all are alike but the last, as some stores want it.
const PIECE: usize = 16 << 20;
/// Pieces that are under way while the next one fills.
const UNDER_WAY: usize = 3;

/// Dropped without `finish`, an upload is given up and a local file stays in its staging folder.
pub struct PartFile {
    /// As it is called in errors and answers.
    pub path: PathBuf,
    target: Target,
    bytes: u64,
}

enum Target {
    Local(File),
    /// Synced when it is finished.
    Durable(File),
    Remote(Box<Pieces>),
}

impl PartFile {
    /// `name` with its extension, in the staging place that `prepare_output` made. LS2008, LS2020, LS2021.
    pub fn create(staging: &Path, name: &str, options: &StoreOptions) -> Result<Self> {
        if let Some(staging) = staging.to_str().filter(|staging| is_remote(staging)) {
            let pieces = Pieces::new(staging, name, options)?;
            return Ok(Self { path: PathBuf::from(pieces.store.url(&pieces.key)), target: Target::Remote(Box::new(pieces)), bytes: 0 });
        }
        let path = staging.join(name);
        // In the folder of its partition.
        if let Some(folder) = path.parent().filter(|folder| *folder != staging) {
            fs::create_dir_all(folder).map_err(|error| ConnectorError::write(&path, &error))?;
        }
        let file = File::create(&path).map_err(|error| ConnectorError::write(&path, &error))?;
        Ok(Self { path, target: Target::Local(file), bytes: 0 })
    }

    /// A file that appears in `folder` when it is finished. LS2008, LS2020, LS2021.
    pub fn visible(folder: &str, name: &str, options: &StoreOptions) -> Result<Self> {
        if is_remote(folder) {
            let pieces = Pieces::appearing(folder, name, options)?;
            return Ok(Self { path: PathBuf::from(pieces.store.url(&pieces.key)), target: Target::Remote(Box::new(pieces)), bytes: 0 });
        }
        let path = Path::new(folder).join(name);
        let file = File::create_new(&path).map_err(|error| ConnectorError::write(&path, &error))?;
        Ok(Self { path, target: Target::Durable(file), bytes: 0 })
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All is written. A local file of a staged output is not yet synced: the commit does that for all parts.
    pub fn finish(self) -> Result<()> {
        match self.target {
            Target::Local(_) => Ok(()),
            Target::Durable(file) => file.sync_all().map_err(|error| ConnectorError::write(&self.path, &error)),
            Target::Remote(pieces) => pieces.finish(),
        }
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::Local(file) | Target::Durable(file) => file.write(bytes),
            Target::Remote(pieces) => pieces.write(bytes).map(|()| bytes.len()).map_err(io::Error::other),
        }?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Local(file) | Target::Durable(file) => file.flush(),
            Target::Remote(_) => Ok(()),
        }
    }
}

/// `year=1.5/part-00000.csv.gz` → the stem, folders before it, and `.csv.gz`.
fn split_name(name: &str) -> (&str, &str) {
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    name.split_at(name[start..].find('.').map_or(name.len(), |dot| start + dot))
}

struct Pieces {
    store: Store,
    /// Of the file, when it appears.
    key: String,
    name: String,
    /// Of the record that tells the commit of it; none: it is completed here.
    record: Option<String>,
    upload: Option<String>,
    buffer: Vec<u8>,
    bytes: u64,
    count: usize,
    under_way: VecDeque<JoinHandle<Result<PartId>>>,
    done: Vec<String>,
}

impl Pieces {
    /// The staging place is `out/_lockstep-ATTEMPT`; the file will be `out/part-00000-ATTEMPT.parquet`.
    fn new(staging: &str, name: &str, options: &StoreOptions) -> Result<Self> {
        let location = Location::parse(staging)?;
        let store = location.store(options)?;
        let bug = || ConnectorError::new("LS2099", format!("{staging} is no staging place"), json!({ "path": staging }));
        let (folder, place) = location.key.rsplit_once('/').ok_or_else(bug)?;
        let attempt = place.strip_prefix("_lockstep-").ok_or_else(bug)?;
        let (stem, extension) = split_name(name);
        let name = format!("{stem}-{attempt}{extension}");
        let record = join(&location.key, &format!("{stem}.json"));
        Ok(Self::of(store, join(folder, &name), name, Some(record)))
    }

    fn appearing(folder: &str, name: &str, options: &StoreOptions) -> Result<Self> {
        let location = Location::parse(folder)?;
        Ok(Self::of(location.store(options)?, join(&location.key, name), name.to_owned(), None))
    }

    fn of(store: Store, key: String, name: String, record: Option<String>) -> Self {
        Self { store, key, name, record, upload: None, buffer: Vec::new(), bytes: 0, count: 0, under_way: VecDeque::new(), done: Vec::new() }
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        while self.buffer.len() + bytes.len() >= PIECE {
            let (now, rest) = bytes.split_at(PIECE - self.buffer.len());
            self.buffer.extend_from_slice(now);
            self.send()?;
            bytes = rest;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Sends what is gathered; waits while too much is under way.
    fn send(&mut self) -> Result<()> {
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => {
                let (store, key) = (self.store.clone(), self.key.clone());
                let upload = wait(async move { store.begin(&key).await })?;
                self.upload.insert(upload).clone()
            }
        };
        while self.under_way.len() >= UNDER_WAY {
            self.take()?;
        }
        let (store, key, index) = (self.store.clone(), self.key.clone(), self.count);
        let payload = PutPayload::from(std::mem::take(&mut self.buffer));
        self.under_way.push_back(background(async move {
            store.piece(&key, &upload, index, payload).await
        }));
        self.count += 1;
        Ok(())
    }

    /// Waits for the oldest piece under way.
    fn take(&mut self) -> Result<()> {
        let Some(oldest) = self.under_way.pop_front() else { return Ok(()) };
        let gone = |_| Err(ConnectorError::new("LS2099", "an upload was given up", json!({})));
        let part = wait(async move { oldest.await.unwrap_or_else(gone) })?;
        self.done.push(part.content_id);
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        if !self.buffer.is_empty() || self.count == 0 {
            self.send()?;
        }
        while !self.under_way.is_empty() {
            self.take()?;
        }
        let (store, upload, pieces) = (self.store.clone(), self.upload.clone().unwrap_or_default(), std::mem::take(&mut self.done));
        match self.record.clone() {
            None => {
                let key = self.key.clone();
                wait(async move { store.complete(&key, &upload, &pieces).await })?;
            }
            Some(key) => {
                let record = Upload { name: self.name.clone(), bytes: self.bytes, upload, pieces };
                let text = serde_json::to_vec(&record).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))?;
                wait(async move { store.put(&key, text).await })?;
            }
        }
        // The commit, or its failure, sees to it from here on.
        self.upload = None;
        Ok(())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        self.under_way.iter().for_each(JoinHandle::abort);
        let (store, key) = (self.store.clone(), self.key.clone());
        // Best effort: what stays is invisible, and the store's own rules remove it.
        background(async move { store.give_up(&key, &upload).await });
    }
}
