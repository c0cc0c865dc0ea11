//! What a program can say when it reads from Snowflake, and what Snowflake has answered to the runtime.
use std::collections::BTreeMap;

use lockstep_plan::{ColumnType, Expression, JsType};
use serde::{Deserialize, Serialize};

/// `readSnowflake(table, …)` with what the compiler saw of it, and the columns that there are.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnowflakeRequest {
    /// As messages name it.
    pub name: String,
    /// A table's name as SQL writes it, or a query.
    pub table: String,
    /// What the table or the query has.
    pub found: Vec<Described>,
    /// The columns that are read.
    pub columns: Vec<String>,
    /// The interface; empty: no interface, any columns.
    #[serde(default)]
    pub declared: Vec<ColumnType>,
    /// Column → type, where it is looked at otherwise than by default.
    #[serde(default)]
    pub types: BTreeMap<String, JsType>,
    /// What the program asks of every row.
    #[serde(default)]
    pub filter: Option<Expression>,
    /// So many of the first rows are wanted; there is no filter then.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Connections at once, over all ranks.
    #[serde(default = "eight")]
    pub connections: usize,
}

fn eight() -> usize {
    8
}

/// A column as Snowflake describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    pub name: String,
    /// `fixed`, `real`, `text`, `timestamp_ntz` …
    #[serde(rename = "type")]
    pub kind: String,
    pub nullable: bool,
    pub precision: Option<u8>,
    pub scale: Option<u8>,
}

/// Where the rows of a statement are.
#[derive(Deserialize)]
pub struct SnowflakeResult {
    /// As it was sent.
    pub statement: String,
    /// The columns that come.
    pub came: Vec<Described>,
    /// A stream of Arrow IPC in base64, or nothing, and how many rows it has.
    pub first: String,
    pub rows: u64,
    pub chunks: Vec<ResultChunk>,
    /// With which chunks are asked for.
    pub headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub struct ResultChunk {
    pub url: String,
    pub rows: u64,
}
