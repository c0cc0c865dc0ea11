//! An object store and its objects: what we ask of it, and what it means when it refuses.
use std::{fmt, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, TryStreamExt, future::BoxFuture};
use object_store::{
    Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion, aws::AmazonS3, azure::MicrosoftAzure,
    gcp::GoogleCloudStorage, http::HttpStore, memory::InMemory, multipart::{MultipartStore, PartId}, path::Path,
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{
    blob::Version,
    errors::{chain, error_code, failure},
};
use crate::errors::{ConnectorError, Result};

/// Requests for data that one rank has in flight: enough to fill a fast network with pieces of 16 MiB.
const IN_FLIGHT: usize = 8;
/// Times that a request is made again after an error that the client takes for final and a network can cause.
const AGAIN: u32 = 4;

static DATA: Semaphore = Semaphore::const_new(IN_FLIGHT);

/// An object store, with uploads in pieces where it has them.
pub trait Remote: ObjectStore {
    fn uploads(&self) -> Option<&dyn MultipartStore>;
}

macro_rules! with_uploads {
    ($($store:ty),*) => {$(
        impl Remote for $store {
            fn uploads(&self) -> Option<&dyn MultipartStore> {
                Some(self)
            }
        }
    )*};
}
with_uploads!(AmazonS3, GoogleCloudStorage, MicrosoftAzure, InMemory);

impl Remote for HttpStore {
    fn uploads(&self) -> Option<&dyn MultipartStore> {
        None
    }
}

/// A bucket, a container, or a host.
#[derive(Clone)]
pub struct Store {
    pub remote: Arc<dyn Remote>,
    root: Arc<str>,
}

impl fmt::Debug for Store {
    // The client holds credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)
    }
}

/// What a listing says of an object.
#[derive(Debug, Clone)]
pub struct Listed {
    pub key: String,
    pub size: u64,
    pub version: Version,
}

impl Store {
    pub fn new(root: String, remote: Arc<dyn Remote>) -> Self {
        Self { remote, root: root.into() }
    }

    /// The URL of a key, as it is printed.
    pub fn url(&self, key: &str) -> String {
        format!("{}/{key}", self.root)
    }

    pub fn path(&self, key: &str) -> Result<Path> {
        // A URL's path is encoded already.
        let path = if self.root.starts_with("http") { Path::from_url_path(key) } else { Path::parse(key) };
        path.map_err(|_| ConnectorError::new("LS2001", format!("{} is no key of an object", self.url(key)), json!({ "path": self.url(key) })))
    }

    /// All objects below `prefix/`, in order of their keys.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let path = self.path(prefix)?;
        let path = &path;
        let found: Result<Vec<ObjectMeta>, Error> = again(|| self.remote.list(Some(path)).try_collect().boxed()).await;
        let mut found: Vec<Listed> = found.map_err(|error| failure(&self.url(prefix), &error))?.iter().map(listed).collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    /// One object; None if there is none of this key.
    pub async fn head(&self, key: &str) -> Result<Option<Listed>> {
        let path = self.path(key)?;
        let path = &path;
        match again(|| self.remote.head(path).boxed()).await {
            Ok(meta) => Ok(Some(Listed { key: key.to_owned(), ..listed(&meta) })),
            Err(Error::NotFound { source, .. }) if error_code(&source.to_string()) != Some("NoSuchBucket") => Ok(None),
            Err(error) => Err(failure(&self.url(key), &error)),
        }
    }

    /// One object by a request for its first byte: a signed URL is signed for GET alone.
    pub async fn probe(&self, key: &str) -> Result<Option<Listed>> {
        let options = GetOptions { range: Some(GetRange::Bounded(0..1)), ..GetOptions::default() };
        let (path, options) = (&self.path(key)?, &options);
        match again(|| self.remote.get_opts(path, options.clone()).boxed()).await {
            Ok(found) => Ok(Some(Listed { key: key.to_owned(), ..listed(&found.meta) })),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failure(&self.url(key), &error)),
        }
    }

    /// The names directly below `prefix/`: folders and objects.
    pub async fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let path = self.path(prefix)?;
        let found = self.remote.list_with_delimiter(Some(&path)).await.map_err(|error| failure(&self.url(prefix), &error))?;
        let paths = found.common_prefixes.iter().chain(found.objects.iter().map(|object| &object.location));
        Ok(paths.filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    /// A small object as a whole, and as a condition names its version; None if there is none.
    pub async fn small(&self, key: &str) -> Result<Option<(Bytes, UpdateVersion)>> {
        let path = self.path(key)?;
        let read = async || {
            let found = self.remote.get(&path).await?;
            let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok::<_, Error>((found.bytes().await?, version))
        };
        match again(|| read().boxed()).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failure(&self.url(key), &error)),
        }
    }
}

/// Under which an object is written.
pub enum Condition {
    Absent,
    Unchanged(UpdateVersion),
}

/// Writing.
impl Store {
    /// LS2015: a store that is only read.
    pub fn uploads(&self) -> Result<&dyn MultipartStore> {
        let message = || format!("{}: over http and https files are read, not written", self.root);
        self.remote.uploads().ok_or_else(|| ConnectorError::unsupported(message(), json!({ "source": &*self.root })))
    }

    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let (path, bytes) = (&self.path(key)?, &PutPayload::from(bytes));
        let put = again(|| self.remote.put(path, bytes.clone()).boxed()).await;
        put.map(|_| ()).map_err(|error| failure(&self.url(key), &error))
    }

    /// False: the condition did not hold, or, after an answer that was lost, holds no more.
    pub async fn put_if(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<bool> {
        let mode = match condition {
            Condition::Absent => PutMode::Create,
            Condition::Unchanged(version) => PutMode::Update(version),
        };
        match self.remote.put_opts(&self.path(key)?, bytes.into(), PutOptions { mode, ..PutOptions::default() }).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. }) => Ok(false),
            Err(error) => Err(failure(&self.url(key), &error)),
        }
    }

    /// No error if there is none.
    pub async fn remove(&self, key: &str) -> Result<()> {
        let path = &self.path(key)?;
        match again(|| self.remote.delete(path).boxed()).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failure(&self.url(key), &error)),
        }
    }

    /// Begins an upload in pieces.
    pub async fn begin(&self, key: &str) -> Result<String> {
        let (uploads, path) = (self.uploads()?, &self.path(key)?);
        again(|| uploads.create_multipart(path)).await.map_err(|error| failure(&self.url(key), &error))
    }

    pub async fn piece(&self, key: &str, upload: &String, index: usize, bytes: PutPayload) -> Result<PartId> {
        let (uploads, path, bytes) = (self.uploads()?, &self.path(key)?, &bytes);
        again(|| uploads.put_part(path, upload, index, bytes.clone())).await.map_err(|error| failure(&self.url(key), &error))
    }

    pub async fn complete(&self, key: &str, upload: &String, pieces: &[String]) -> Result<()> {
        let parts: &Vec<PartId> = &pieces.iter().map(|piece| PartId { content_id: piece.clone() }).collect();
        let (uploads, path) = (self.uploads()?, &self.path(key)?);
        let completed = again(|| uploads.complete_multipart(path, upload, parts.clone())).await;
        completed.map(|_| ()).map_err(|error| failure(&self.url(key), &error))
    }

    /// Best effort.
    pub async fn give_up(&self, key: &str, upload: &String) {
        if let (Ok(uploads), Ok(path)) = (self.uploads(), self.path(key)) {
            let _ = uploads.abort_multipart(&path, upload).await;
        }
    }
}

fn listed(meta: &ObjectMeta) -> Listed {
    Listed { key: meta.location.to_string(), size: meta.size, version: version(meta) }
}

pub fn version(meta: &ObjectMeta) -> Version {
    // Azure's listings have tags without the quotes that its answers have.
    let tag = meta.e_tag.as_ref().map(|tag| tag.trim_matches('"').to_owned());
    Version::Tag(tag.unwrap_or_else(|| meta.last_modified.to_rfc3339()))
}

/// Makes a request again while that can help.
async fn again<'a, T>(request: impl Fn() -> BoxFuture<'a, Result<T, Error>>) -> Result<T, Error> {
    for attempt in 0.. {
        match request().await {
            Err(error) if attempt < AGAIN && passing(&error) => pause(attempt).await,
            done => return done,
        }
    }
    unreachable!("the last attempt returns")
}

async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
}

/// An object in the version that was listed.
#[derive(Debug, Clone)]
pub struct Object {
    pub store: Store,
    pub key: Path,
    /// Its URL as it is printed.
    pub name: Arc<str>,
    pub size: u64,
    pub version: Version,
}

impl Object {
    /// A range, whole and of the listed version; LS2019 if the object is another by now.
    pub async fn get(&self, range: Range<u64>) -> Result<Bytes> {
        let _turn = DATA.acquire().await.expect("never closed");
        let length = range.end - range.start;
        for attempt in 0.. {
            let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
            let read = async {
                let found: GetResult = self.store.remote.get_opts(&self.key, options).await?;
                let same = (self.version == Version::Once || version(&found.meta) == self.version) && found.meta.size == self.size;
                Ok::<_, Error>(if same { Some(found.bytes().await?) } else { None })
            };
            match read.await {
                Ok(Some(bytes)) if bytes.len() as u64 == length => return Ok(bytes),
                Ok(None) => return Err(ConnectorError::changed(&self.name)),
                Err(Error::NotFound { .. } | Error::Precondition { .. }) => return Err(ConnectorError::changed(&self.name)),
                Ok(Some(_)) if attempt < AGAIN => pause(attempt).await,
                Err(error) if attempt < AGAIN && passing(&error) => pause(attempt).await,
                Ok(Some(bytes)) => {
                    let what = format!("{} bytes came where {length} were asked for", bytes.len());
                    return Err(ConnectorError::new("LS2021", format!("{}: {what}", self.name), json!({ "source": &*self.name })));
                }
                Err(error) => return Err(failure(&self.name, &error)),
            }
        }
        unreachable!("the last attempt returns")
    }
}

/// Whether asking again can help: a connection that broke, not an answer, and not a server that the client has given up.
pub fn passing(error: &Error) -> bool {
    let text = chain(error);
    matches!(error, Error::Generic { .. }) && error_code(&text).is_none() && !text.contains("retries, max_retries") && !text.contains("status code")
}
