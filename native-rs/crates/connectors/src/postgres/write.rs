//! Writing: this rank's rows go to a table that is the write's alone, by COPY over the rank's share of the sessions. The runtime makes
//! that table, and brings its rows into the table they are for, in one transaction (`runtime/src/connectors/postgres/commit.ts`).
//!
//! ```text
//! partitions ─ batch ─► encode.rs ─► blocks of whole rows ─┬─► COPY of the rank's session     (ends when all ranks are done)
//!                                                          └─► a temporary file, where the rank has none: copied by turns afterwards
//! ```
//! A COPY that does not end leaves nothing: an execution that fails, or begins again, drops its sessions.
use std::{fmt, pin::Pin, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, SchemaRef},
};
use bytes::Bytes;
use datafusion::execution::disk_manager::DiskManager;
use futures::SinkExt;
use lockstep_plan::PostgresWrite;
use parking_lot::Mutex;
use serde_json::json;
use tokio_postgres::CopyInSink;

use super::{
    encode::{Encoder, HEADER, TRAILER},
    errors,
    session::Session,
    target::Target,
};
use crate::{
    arrow_types::parse_type,
    errors::{ConnectorError, Result},
    parquet::as_written,
    relation::{Aside, share, sql::name},
    store::{background, wait},
};

/// Bytes of rows that are sent at once, about.
const BLOCK: usize = 256 << 10;

/// What one rank copies; all its partitions share it.
pub struct PostgresCopy {
    write: PostgresWrite,
    schema: SchemaRef,
    lanes: Vec<Mutex<Option<Lane>>>,
    /// Of a rank without a session: what has come, and when it may be copied.
    aside: Mutex<Option<Aside>>,
    turn: usize,
    turns: usize,
    disk: Arc<DiskManager>,
}

impl fmt::Debug for PostgresCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresCopy({})", self.write.path)
    }
}

impl PostgresCopy {
    pub fn new(write: &PostgresWrite, rank: usize, ranks: usize, threads: usize, disk: Arc<DiskManager>) -> Result<Self> {
        let field = |column: &lockstep_plan::CopiedColumn| Ok(Field::new(&column.name, parse_type(&column.data_type)?, true));
        let schema = Arc::new(Schema::new(write.columns.iter().map(field).collect::<Result<Vec<_>>>()?));
        let sessions = write.connections.saturating_sub(1).max(1);
        let own = share(sessions, rank, ranks).min(threads);
        let waiting = |before: usize| (0..before).filter(|rank| share(sessions, *rank, ranks) == 0).count();
        let turn = if own > 0 { 0 } else { 1 + waiting(rank) / sessions };
        let turns = 1 + waiting(ranks).div_ceil(sessions);
        let lanes = (0..own).map(|_| Mutex::new(None)).collect();
        Ok(Self { write: write.clone(), schema, lanes, aside: Mutex::new(None), turn, turns, disk })
    }

    /// How often [`Self::finish`] is called, with all ranks meeting between.
    pub fn turns(&self) -> usize {
        self.turns
    }

    fn send(&self, part: usize, block: Vec<u8>) -> Result<()> {
        if self.lanes.is_empty() {
            let mut aside = self.aside.lock();
            let aside = match aside.as_mut() {
                Some(aside) => aside,
                None => aside.insert(Aside::new(&self.disk)?),
            };
            return aside.put(0, &block);
        }
        let mut lane = self.lanes[part % self.lanes.len()].lock();
        let (open, write) = (lane.take(), self.write.clone());
        *lane = Some(wait(async move {
            let mut lane = match open {
                Some(lane) => lane,
                None => Lane::open(&write).await?,
            };
            lane.send(block.into()).await?;
            Ok::<_, ConnectorError>(lane)
        })?);
        Ok(())
    }

    /// Ends what this rank has copied, in its turn: nobody begins again any more.
    pub async fn finish(&self, turn: usize) -> Result<()> {
        if turn != self.turn {
            return Ok(());
        }
        let aside = self.aside.lock().take();
        let lanes: Vec<Lane> = self.lanes.iter().filter_map(|lane| lane.lock().take()).collect();
        let write = self.write.clone();
        let ended = background(async move {
            for lane in lanes {
                lane.finish().await?;
            }
            if let Some(aside) = aside {
                let mut lane = Lane::open(&write).await?;
                for entry in aside.entries()? {
                    lane.send(entry?.1).await?;
                }
                lane.finish().await?;
            }
            Ok(())
        });
        ended.await.map_err(|error| ConnectorError::new("LS2099", error.to_string(), json!({})))?
    }
}

/// A session that copies.
struct Lane {
    table: String,
    session: Session,
    copy: Pin<Box<CopyInSink<Bytes>>>,
}

impl Lane {
    async fn open(write: &PostgresWrite) -> Result<Self> {
        let session = Session::open(&Target::find(write.url.as_deref())?).await?;
        let columns: Vec<String> = write.columns.iter().map(|column| name(&column.name)).collect();
        let sql = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", write.staging, columns.join(", "));
        let copy = session.client().copy_in(&sql).await.map_err(|error| errors::writing(&write.path, &error))?;
        let mut lane = Self { table: write.path.clone(), session, copy: Box::pin(copy) };
        lane.send(Bytes::from_static(&HEADER)).await?;
        Ok(lane)
    }

    async fn send(&mut self, block: Bytes) -> Result<()> {
        self.copy.send(block).await.map_err(|error| errors::writing(&self.table, &error))
    }

    async fn finish(mut self) -> Result<()> {
        self.send(Bytes::from_static(&TRAILER)).await?;
        self.copy.as_mut().finish().await.map_err(|error| errors::writing(&self.table, &error))?;
        self.session.end().await;
        Ok(())
    }
}

/// One partition's rows.
pub struct PostgresPart {
    copy: Arc<PostgresCopy>,
    part: usize,
    encoder: Encoder,
    block: Vec<u8>,
}

impl PostgresPart {
    pub fn new(copy: Arc<PostgresCopy>, part: usize) -> Self {
        let encoder = Encoder::new(&copy.write.path, copy.write.columns.clone(), part);
        Self { encoder, copy, part, block: Vec::new() }
    }

    /// LS2015 a value that the column cannot hold, LS2021, LS2008.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = as_written(batch, &self.copy.schema)?;
        let mut row = 0;
        while row < batch.num_rows() {
            // A row may have gigabytes, a block may not.
            row = self.encoder.encode(&batch, row, BLOCK, &mut self.block)?;
            if self.block.len() >= BLOCK {
                self.copy.send(self.part, std::mem::take(&mut self.block))?;
            }
        }
        Ok(())
    }

    pub fn close(self) -> Result<()> {
        if self.block.is_empty() { Ok(()) } else { self.copy.send(self.part, self.block) }
    }
}

/// The session in which the runtime makes the tables of a write and commits it.
pub struct PostgresSession(Mutex<Option<Arc<Session>>>);

impl PostgresSession {
    /// LS2001, LS2015, LS2020, LS2021.
    pub fn open(url: Option<&str>) -> Result<Self> {
        let target = Target::find(url)?;
        let session = wait(async move { Session::open(&target).await })?;
        Ok(Self(Mutex::new(Some(Arc::new(session)))))
    }

    /// The rows of a statement about `table`, as messages name it, as texts.
    pub fn ask(&self, table: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let Some(session) = self.0.lock().clone() else { return Err(errors::lost(table)) };
        let (table, sql) = (table.to_owned(), sql.to_owned());
        wait(async move {
            let messages = session.client().simple_query(&sql).await.map_err(|error| errors::writing(&table, &error))?;
            Ok(super::session::rows_of(&messages))
        })
    }

    pub fn end(&self) {
        if let Some(session) = self.0.lock().take().and_then(Arc::into_inner) {
            wait(session.end());
        }
    }
}
