//! What a program can say when it reads over Flight SQL.
use std::collections::BTreeMap;

use lockstep_plan::{ColumnType, Expression, JsType};
use serde::{Deserialize, Serialize};

/// `readFlightSql(table, …)` with what the compiler saw of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlightSqlRequest {
    /// A table's name as SQL writes it, or a query.
    pub table: String,
    /// `grpc+tls://host:port`; else the environment says it.
    #[serde(default)]
    pub url: Option<String>,
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
