//! The session in which the runtime makes and commits what ranks write into a database; rank 0 alone has one.
use std::sync::Arc;

use lockstep_connectors::PostgresSession;
use napi_derive::napi;

use crate::outputs::blocking;

#[napi(js_name = "PostgresSession")]
pub struct JsPostgresSession(Arc<PostgresSession>);

#[napi]
impl JsPostgresSession {
    /// `url`: where the database is; what it leaves out, and the password, the environment says. LS2001, LS2015, LS2020, LS2021.
    #[napi(factory)]
    pub async fn open(url: Option<String>) -> napi::Result<Self> {
        Ok(Self(Arc::new(blocking(move || PostgresSession::open(url.as_deref())).await?)))
    }

    /// The rows of a statement about `table`, as messages name it, as texts.
    #[napi]
    pub async fn ask(&self, table: String, sql: String) -> napi::Result<Vec<Vec<Option<String>>>> {
        let session = self.0.clone();
        blocking(move || session.ask(&table, &sql)).await
    }

    #[napi]
    pub async fn end(&self) -> napi::Result<()> {
        let session = self.0.clone();
        blocking(move || Ok(session.end())).await
    }
}
