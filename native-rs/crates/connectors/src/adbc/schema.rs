//! Opening: the query runs, and its columns are held against the interface.
use std::{fmt, sync::Arc};

use arrow::datatypes::SchemaRef;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    driver::{Connection, Statement, Stream},
    options::{AdbcPlace, AdbcRequest},
};
use crate::{
    declared,
    errors::{ConnectorError, Result},
    ipc::seen,
    relation::{check_names, check_types},
};

/// A query that runs: all that planning and reading need.
#[derive(Clone, Serialize, Deserialize)]
pub struct AdbcRelation {
    /// As messages name it.
    pub name: String,
    #[serde(with = "crate::arrow_types::schema_text")]
    pub schema: SchemaRef,
    /// As it was sent.
    pub(super) statement: String,
    /// None: all rows come at once, to rank 0.
    pub(super) parts: Option<Vec<Vec<u8>>>,
    /// That there may be at once, over all ranks.
    pub(super) connections: usize,
    /// This process's way to the database.
    #[serde(skip)]
    pub(super) place: AdbcPlace,
    /// Rank 0's rows of the first part, whose columns it has looked at; taken by who reads them first.
    #[serde(skip)]
    pub(super) begun: Begun,
}

pub type Begun = Arc<Mutex<Option<Stream>>>;

/// Without the parts, which may be all that it takes to get the rows.
impl fmt::Debug for AdbcRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdbcRelation").field("name", &self.name).field("statement", &self.statement).field("parts", &self.count()).finish_non_exhaustive()
    }
}

impl AdbcRelation {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!(null)))
    }

    /// The inverse of [`Self::to_bytes`], with what each process has of its own.
    pub fn from_bytes(bytes: &[u8], place: AdbcPlace, begun: Begun) -> Result<Self> {
        let bug = |error: serde_json::Error| ConnectorError::new("LS2099", format!("a query that cannot be read: {error}"), json!(null));
        let relation: Self = serde_json::from_slice(bytes).map_err(bug)?;
        Ok(Self { place, begun, ..relation })
    }

    /// What rank 0 keeps.
    pub fn begun(&self) -> Begun {
        Arc::clone(&self.begun)
    }

    /// All rows come at once, to rank 0.
    pub fn is_whole(&self) -> bool {
        self.parts.is_none()
    }

    pub(super) fn count(&self) -> usize {
        self.parts.as_ref().map_or(1, Vec::len)
    }

    /// The rows of a part.
    pub(super) fn rows(&self, part: usize, connection: &mut Option<Arc<Connection>>) -> Result<Stream> {
        if part == 0 && let Some(begun) = self.begun.lock().take() {
            return Ok(begun);
        }
        let connection = match connection {
            Some(open) => open,
            None => connection.insert(Connection::open(&self.place, &self.name)?),
        };
        match &self.parts {
            Some(parts) => connection.part(&parts[part]),
            None => Statement::new(connection, &self.statement)?.run(),
        }
    }
}

/// Runs the query. LS2001, LS2002, LS2015, LS2020, LS2021.
pub fn open_adbc(request: AdbcRequest) -> Result<AdbcRelation> {
    let AdbcRequest { name, statement, place, declared, types, connections } = request;
    let connection = Connection::open(&place, &name)?;
    let mut query = Statement::new(&connection, &statement)?;
    let (columns, parts, begun) = match query.parts()? {
        Some((Some(columns), parts)) => (columns, Some(parts), None),
        // The first part says the columns.
        Some((None, parts)) => {
            let first = parts.first().ok_or_else(|| ConnectorError::unsupported(format!("{name}: of a result without a part the driver says no columns"), json!({ "source": name })))?;
            let begun = connection.part(first)?;
            (begun.schema.clone(), Some(parts), Some(begun))
        }
        None => {
            // A statement that was asked for parts is another one.
            drop(query);
            let begun = Statement::new(&connection, &statement)?.run()?;
            (begun.schema.clone(), None, Some(begun))
        }
    };
    check_names(&name, &columns)?;
    let schema = seen(&columns, &declared);
    check_types(&types, &name, &schema)?;
    let schema = declared::check(&name, "the database has", &schema, &declared, |_, _| false)?;
    Ok(AdbcRelation { name, schema, statement, parts, connections, place, begun: Arc::new(Mutex::new(begun)) })
}
