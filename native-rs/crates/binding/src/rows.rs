//! The rows of a kept table that lie on this rank.
use std::sync::Arc;

use lockstep_exec::{Engine, EngineError, RankRows};
use napi::bindgen_prelude::Buffer;
use napi::tokio::sync::Mutex;
use napi_derive::napi;

use crate::engine::run;

#[napi(js_name = "RankRows")]
pub struct JsRankRows {
    engine: Arc<Engine>,
    /// None: closed.
    rows: Arc<Mutex<Option<RankRows>>>,
}

impl JsRankRows {
    pub(crate) fn new(engine: Arc<Engine>, rows: RankRows) -> Self {
        Self { engine, rows: Arc::new(Mutex::new(Some(rows))) }
    }
}

#[napi]
impl JsRankRows {
    /// The next rows, so many or those that are left, as an Arrow IPC stream. This rank alone.
    #[napi]
    pub async fn next(&self, rows: u32) -> napi::Result<Buffer> {
        let from = self.rows.clone();
        let next = async move {
            match from.lock().await.as_mut() {
                Some(from) => from.next(rows as usize).await,
                None => Err(EngineError::bug("rows are asked of a reader that is closed")),
            }
        };
        Ok(Buffer::from(run(&self.engine, next).await?))
    }

    /// Frees what is left of them, memory and disk.
    #[napi]
    pub fn close(&self) {
        // A read that goes on keeps them until it ends.
        if let Ok(mut rows) = self.rows.try_lock() {
            rows.take();
        }
    }
}
