//! What a program can say when it reads from PostgreSQL.
use std::collections::BTreeMap;

use lockstep_plan::{ColumnType, JsType};
use serde::{Deserialize, Serialize};

/// `readPostgres(table, …)` with the interface the compiler saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostgresRequest {
    /// `schema.table`, or a query.
    pub table: String,
    /// Where the database is; what it leaves out the environment says.
    #[serde(default)]
    pub url: Option<String>,
    /// The interface; empty: no interface, any columns.
    #[serde(default)]
    pub declared: Vec<ColumnType>,
    /// Column → type, instead of what PostgreSQL's is to JavaScript.
    #[serde(default)]
    pub types: BTreeMap<String, JsType>,
    /// A column by whose ranges a view or a query is read.
    #[serde(default)]
    pub partition_by: Option<String>,
    /// Sessions at once, over all ranks; one of them holds the snapshot.
    #[serde(default = "eight")]
    pub connections: usize,
}

fn eight() -> usize {
    8
}
