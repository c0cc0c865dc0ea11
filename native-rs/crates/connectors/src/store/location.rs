//! A URL of an object → which store, which key. What may be a secret in it is kept apart and never printed.
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{profile, remote::Store};
use crate::{errors::{ConnectorError, Result}, store::StoreOptions};

/// What must not be printed: the query of a signed URL.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    S3,
    Gs,
    Az,
    Http,
    /// A store of this process, for tests.
    Memory,
}

impl Scheme {
    /// Of a URL, or of what errors call it.
    pub fn of(url: &str) -> Option<Self> {
        Some(match url.split_once("://")?.0 {
            "s3" | "s3a" => Self::S3,
            "gs" => Self::Gs,
            "az" => Self::Az,
            "http" | "https" => Self::Http,
            "memory" => Self::Memory,
            _ => return None,
        })
    }
}

/// An object, a folder or a pattern in a store.
#[derive(Debug, Clone)]
pub struct Location {
    pub scheme: Scheme,
    /// `s3://bucket`, `https://host:port`: all before the key.
    pub root: String,
    /// The bucket, the container, the host with its port.
    pub bucket: String,
    /// Without slashes at its ends.
    pub key: String,
    pub query: Option<Secret>,
}

/// Whether `path` names something in an object store.
pub fn is_remote(path: &str) -> bool {
    path.contains("://") && !path.starts_with("file://")
}

impl Location {
    /// LS2015: a scheme we do not know, credentials in the URL. LS2001: no bucket.
    pub fn parse(url: &str) -> Result<Self> {
        let (name, rest) = url.split_once("://").unwrap_or(("", url));
        let Some(scheme) = Scheme::of(url) else {
            // A URL may hold a password or a signature: of one that is not understood nothing is printed.
            let message = format!("{name}:// is not supported; s3://, gs://, az://, https:// and local files are");
            return Err(ConnectorError::unsupported(message, json!({ "scheme": name })));
        };
        let (rest, query) = match (scheme, rest.split_once('?')) {
            (Scheme::Http, Some((rest, query))) => (rest, Some(Secret(query.split('#').next().unwrap_or(query).to_owned()))),
            _ => (rest, None),
        };
        let rest = if scheme == Scheme::Http { rest.split('#').next().unwrap_or(rest) } else { rest };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        // A secret key can hold slashes: then its end, with the @, stands in what looks like the key.
        let port = scheme == Scheme::Http;
        if bucket.contains('@') || !port && bucket.contains(':') || port && odd_port(bucket) {
            let message = format!("{name}://…: the URL holds credentials; they are taken from the environment alone");
            return Err(ConnectorError::unsupported(message, json!({ "scheme": name })));
        }
        if bucket.is_empty() {
            return Err(ConnectorError::new("LS2001", format!("{name}:// without the name of a bucket or host"), json!({ "scheme": name })));
        }
        let name = if name == "s3a" { "s3" } else { name };
        let key = key.trim_matches('/').to_owned();
        Ok(Self { scheme, root: format!("{name}://{bucket}"), bucket: bucket.to_owned(), key, query })
    }

    /// The store it is in.
    pub fn store(&self, options: &StoreOptions) -> Result<Store> {
        profile::store(self, options)
    }

    /// The URL of a key in the same store, as it is printed.
    pub fn url(&self, key: &str) -> String {
        format!("{}/{key}", self.root)
    }
}

fn odd_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let found = Location::parse("s3a://bucket/a/b c.parquet/").unwrap();
        assert_eq!((found.root.as_str(), found.bucket.as_str(), found.key.as_str()), ("s3://bucket", "bucket", "a/b c.parquet"));
        let found = Location::parse("https://host:8080/a/b.csv?X-Amz-Signature=planted").unwrap();
        assert_eq!((found.root.as_str(), found.key.as_str()), ("https://host:8080", "a/b.csv"));
        assert_eq!(found.query.as_ref().unwrap().0, "X-Amz-Signature=planted");
        assert!(!format!("{found:?}").contains("planted"));
        for url in ["s3://key:planted@bucket/x", "s3://key:pla/nted@bucket/x", "https://user:planted@host/x", "https://user:plan/ted@host/x", "ftp://planted/x"] {
            let error = Location::parse(url).unwrap_err();
            assert_eq!(error.code, "LS2015", "{url}");
            assert!(!format!("{error:?}").contains("planted") && !format!("{error:?}").contains("nted@"), "{error:?}");
        }
        assert_eq!(Location::parse("s3:///x").unwrap_err().code, "LS2001");
        assert!(is_remote("gs://a") && !is_remote("file:///a") && !is_remote("/a"));
    }
}
