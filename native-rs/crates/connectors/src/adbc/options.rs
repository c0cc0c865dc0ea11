//! What a program can say when it reads through a driver of ADBC.
use std::{collections::BTreeMap, fmt};

use lockstep_plan::{ColumnType, JsType};
use serde::Deserialize;

/// `readAdbc(table, …)` with what the compiler saw of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdbcRequest {
    /// As messages name it.
    pub name: String,
    /// What is sent.
    pub statement: String,
    #[serde(flatten)]
    pub place: AdbcPlace,
    /// The interface; empty: no interface, any columns.
    #[serde(default)]
    pub declared: Vec<ColumnType>,
    /// Column → type, where it is looked at otherwise than by default.
    #[serde(default)]
    pub types: BTreeMap<String, JsType>,
    /// Connections at once, over all ranks.
    #[serde(default = "eight")]
    pub connections: usize,
}

fn eight() -> usize {
    8
}

/// Where a database is, as a process finds it: each has the options of its own environment, and they are sent to none.
#[derive(Clone, Default, Deserialize)]
pub struct AdbcPlace {
    /// A path, or a name.
    pub driver: String,
    /// Of the database, as drivers name them: `uri`, `username`, `password`, and their own.
    pub options: BTreeMap<String, String>,
}

/// Without the options: a password is one.
impl fmt::Debug for AdbcPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdbcPlace").field("driver", &self.driver).finish_non_exhaustive()
    }
}

impl AdbcPlace {
    /// What no message may hold, in the forms in which drivers print it, the longest first: options but short ones, of which words are
    /// full, and a URI that has no login in it; each of their words; and what is secret in a URI.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets: Vec<String> = Vec::new();
        for (name, value) in &self.options {
            if name == "uri" {
                secrets.extend(in_uri(value));
                continue;
            }
            // Messages are told with one blank between words.
            secrets.push(value.split_whitespace().collect::<Vec<_>>().join(" "));
            secrets.extend(value.split_whitespace().map(str::to_owned));
        }
        let decoded: Vec<String> = secrets.iter().filter_map(|secret| decoded(secret)).collect();
        secrets.extend(decoded);
        secrets.retain(|secret| secret.len() >= 4 && !["true", "false", "Bearer", "Basic"].contains(&secret.as_str()));
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        secrets.dedup();
        secrets
    }
}

/// The URI where it has a login or a query, the password of the login, what a query or `key=value` pairs give.
fn in_uri(uri: &str) -> Vec<String> {
    let after = uri.split_once("://").map_or(uri, |(_, after)| after);
    let (address, query) = after.split_once('?').unwrap_or((after, ""));
    let password = address.rsplit_once('@').and_then(|(login, _)| login.split_once(':')).map(|(_, password)| password);
    let pairs = query.split('&').chain(uri.split_whitespace()).filter_map(|pair| pair.split_once('='));
    let hidden = |(key, value): (&str, &str)| {
        let key = key.to_lowercase();
        ["pass", "pwd", "token", "key", "secret", "sig", "auth"].iter().any(|word| key.contains(word)).then(|| value.trim_matches('\'').to_owned())
    };
    let mut found: Vec<String> = password.map(str::to_owned).into_iter().chain(pairs.filter_map(hidden)).collect();
    if !found.is_empty() {
        found.push(uri.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    found
}

/// Without percent escapes; None: there are none.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok().filter(|decoded| decoded != text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_known_in_all_its_forms() {
        let of = |name: &str, value: &str| AdbcPlace { driver: "x".into(), options: BTreeMap::from([(name.to_owned(), value.to_owned())]) }.secrets();
        assert!(of("uri", "postgresql://ann:p%40ssw@host/db").contains(&"p@ssw".to_owned()));
        assert!(of("uri", "user:pa:ss@wo@myorg/db").contains(&"pa:ss@wo".to_owned()));
        assert!(of("uri", "host=db user=ann password=hunter22").contains(&"hunter22".to_owned()));
        assert!(of("uri", "https://host/?warehouse=w&sig=abcdef").contains(&"abcdef".to_owned()));
        assert!(of("auth", "Bearer abcd.efgh").contains(&"abcd.efgh".to_owned()));
        assert!(of("key", "-----BEGIN KEY-----\nMIIB\nxyzw").contains(&"-----BEGIN KEY----- MIIB xyzw".to_owned()));
        assert_eq!(of("uri", "grpc://host:1234/db"), Vec::<String>::new());
        assert_eq!(of("readonly", "true"), Vec::<String>::new());
    }
}
