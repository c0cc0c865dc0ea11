//! Opening: what columns there are, the statement that asks for the rows, and where they then are.
use std::{collections::BTreeMap, fmt, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use datafusion::logical_expr::{
    Expr,
    utils::{conjunction, split_conjunction},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    options::{Described, SnowflakeRequest, SnowflakeResult},
    types::arrow_type,
};
use crate::{
    declared,
    errors::{ConnectorError, Result},
    relation::{Asked, Turns, check_names, check_types, condition, share},
};

/// A query that has run: all that planning and reading need.
#[derive(Clone, Serialize, Deserialize)]
pub struct SnowflakeRelation {
    /// As messages name it.
    pub name: String,
    /// Of all columns, also those that are not asked for.
    #[serde(with = "crate::arrow_types::schema_text")]
    pub schema: SchemaRef,
    /// As it was sent.
    pub(super) statement: String,
    /// The columns that come, in their order.
    pub(super) columns: Vec<Described>,
    pub(super) parts: Vec<Rows>,
    /// With which chunks are asked for.
    pub(super) headers: BTreeMap<String, String>,
    /// Connections that there may be at once, over all ranks.
    pub(super) connections: usize,
    /// The rows that came with the answer: rank 0 alone has them, and reads them.
    #[serde(skip)]
    pub(super) first: Bytes,
    /// This rank's share of the connections.
    #[serde(skip)]
    pub(super) turns: Turns,
}

/// A part of the rows.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Rows {
    pub rows: u64,
    /// None: they came with the answer.
    pub url: Option<String>,
}

/// Without URLs and headers, which are all that it takes to get the rows.
impl fmt::Debug for SnowflakeRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnowflakeRelation").field("name", &self.name).field("statement", &self.statement).field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

impl SnowflakeRelation {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!(null)))
    }

    /// The inverse of [`Self::to_bytes`], on one of `ranks`; `first`: what rank 0 kept.
    pub fn from_bytes(bytes: &[u8], first: Bytes, rank: usize, ranks: usize) -> Result<Self> {
        let bug = |error: serde_json::Error| ConnectorError::new("LS2099", format!("a query that cannot be read: {error}"), json!(null));
        let relation: Self = serde_json::from_slice(bytes).map_err(bug)?;
        let turns = Turns::new(share(relation.connections, rank, ranks));
        Ok(Self { first, turns, ..relation })
    }

    pub(super) fn rows(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.rows))
    }

    /// Of a chunk as messages name it.
    pub(super) fn part_name(&self, part: usize) -> String {
        let before = self.parts.iter().filter(|part| part.url.is_none()).count();
        match self.parts[part].url {
            Some(_) => format!("{}, chunk {} of {}", self.name, part + 1 - before, self.parts.len() - before),
            None => self.name.clone(),
        }
    }

    #[cfg(test)]
    pub(super) fn of(rows: &[u64], connections: usize) -> Self {
        let parts = rows.iter().map(|rows| Rows { rows: *rows, url: Some(String::new()) }).collect();
        Self { name: String::new(), schema: Arc::new(Schema::empty()), statement: String::new(), columns: Vec::new(), parts, headers: BTreeMap::new(), connections, first: Bytes::new(), turns: Turns::default() }
    }
}

/// A table or a query of which the columns are known, and that is not asked for yet.
pub struct SnowflakeSource {
    request: SnowflakeRequest,
    asked: Asked,
    pub schema: SchemaRef,
}

impl SnowflakeSource {
    /// Holds the columns against the interface. LS2002, LS2015.
    pub fn new(request: SnowflakeRequest) -> Result<Self> {
        let fields: Vec<Field> = request.found.iter().map(|column| Field::new(&column.name, arrow_type(column), column.nullable)).collect();
        let schema = Arc::new(Schema::new(fields));
        check_names(&request.name, &schema)?;
        check_types(&request.types, &request.name, &schema)?;
        let schema = declared::check(&request.name, "Snowflake has", &schema, &request.declared, |_, _| false)?;
        Ok(Self { asked: Asked::new(&request.table), request, schema })
    }

    /// What is sent; `filter`: what stored columns of all that are wanted meet.
    pub fn statement(&self, filter: Option<&Expr>) -> String {
        let condition = filter.filter(|_| self.asked.is_open()).and_then(|filter| self.comparable(filter)).and_then(|filter| condition(&filter));
        let columns = self.columns();
        self.asked.reading(&columns, columns.len() == self.request.found.len(), condition.as_deref(), self.request.limit)
    }

    /// What of a filter, all of whose parts hold, compares columns that come as what they are: a VARIANT comes as its JSON text, but is
    /// compared as what it holds.
    fn comparable(&self, filter: &Expr) -> Option<Expr> {
        let plain = |name: &str| {
            let found = self.request.found.iter().find(|found| found.name == name);
            found.is_some_and(|found| matches!(found.kind.as_str(), "fixed" | "real" | "text" | "boolean" | "date" | "timestamp_ntz"))
        };
        conjunction(split_conjunction(filter).into_iter().filter(|part| part.column_refs().iter().all(|column| plain(&column.name))).cloned())
    }

    /// The columns that come.
    fn columns(&self) -> Vec<String> {
        let all: Vec<String> = self.request.found.iter().map(|column| column.name.clone()).collect();
        // In the table's order they are all of it.
        if !self.asked.is_open() || self.request.columns.len() == all.len() && self.request.columns.iter().all(|column| all.contains(column)) { all } else { self.request.columns.clone() }
    }

    /// The rows of the statement, and those that came with the answer. LS2005, LS2019.
    pub fn relation(self, result: SnowflakeResult) -> Result<(SnowflakeRelation, Bytes)> {
        let (SnowflakeRequest { name, found, connections, .. }, wanted) = (&self.request, self.columns());
        let described = |column: &String| found.iter().find(|found| found.name == *column);
        // Of no columns, some number a row.
        let columns = if wanted.is_empty() { Vec::new() } else { result.came };
        let same = columns.len() == wanted.len() && wanted.iter().zip(&columns).all(|(name, came)| described(name).is_some_and(|found| found.name == came.name && arrow_type(found) == arrow_type(came)));
        if !same {
            return Err(ConnectorError::changed(name));
        }
        let first = BASE64_STANDARD.decode(&result.first).map_err(|error| ConnectorError::corrupt(name, error))?;
        let parts = (!first.is_empty()).then_some(Rows { rows: result.rows, url: None }).into_iter();
        let parts = parts.chain(result.chunks.into_iter().map(|chunk| Rows { rows: chunk.rows, url: Some(chunk.url) })).collect();
        let relation = SnowflakeRelation { name: name.clone(), schema: self.schema, statement: result.statement, columns, parts, headers: result.headers, connections: *connections, first: Bytes::new(), turns: Turns::default() };
        Ok((relation, first.into()))
    }
}
