//! The rows of a kept table that lie on this rank.
use std::sync::Arc;

use lockstep_exec::{Engine, RankRows};
use napi::bindgen_prelude::Buffer;
use napi::tokio::sync::Mutex;
use napi_derive::napi;

use crate::engine::run;

#[napi(js_name = "RankRows")]
pub struct JsRankRows {
    engine: Arc<Engine>,
    rows: Arc<Mutex<RankRows>>,
}

impl JsRankRows {
    pub(crate) fn new(engine: Arc<Engine>, rows: RankRows) -> Self {
        Self { engine, rows: Arc::new(Mutex::new(rows)) }
    }
}

#[napi]
impl JsRankRows {
    /// The next rows, so many or those that are left, as an Arrow IPC stream. This rank alone.
    #[napi]
    pub async fn next(&self, rows: u32) -> napi::Result<Buffer> {
        let from = self.rows.clone();
        let ipc = run(&self.engine, async move { from.lock().await.next(rows as usize).await }).await?;
        Ok(Buffer::from(ipc))
    }
}
