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
    /// What no message may hold, the longest first: options but short ones, of which words are full, and a URI that has no login in it; then
    /// the password in one.
    pub fn secrets(&self) -> Vec<String> {
        let login = self.options.values().filter_map(|value| value.split_once("://")?.1.split_once('@')?.0.split_once(':')).map(|(_, password)| password);
        let open = |(name, value): &(&String, &String)| *name == "uri" && !value.contains(['@', '?']);
        let mut secrets: Vec<String> = self.options.iter().filter(|option| !open(option)).map(|(_, value)| value.as_str()).chain(login).filter(|value| value.len() >= 4 && *value != "true" && *value != "false").map(str::to_owned).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}
