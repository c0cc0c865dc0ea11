//! What comes in on this rank: from its own sources and from other ranks.
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::physical_plan::metrics::Count;
use lockstep_comm::ExchangeReceiver;

use super::framing;
use super::queue::{Gate, Queue};
use super::sources::Sources;
use crate::EngineError;

pub struct Inbound {
    queues: Queues,
    gate: Arc<Gate>,
    /// Those that still push.
    open: AtomicUsize,
    rows: Count,
    batches: Count,
}

/// Where rows wait for who reads them.
pub enum Queues {
    /// Of this rank's partitions.
    Partitions(HashMap<usize, Queue>),
    /// Of all sources; none where this rank gets nothing.
    Sources(Option<Arc<Sources>>),
}

impl Inbound {
    /// For the one who [receives](Self::receive).
    pub fn new(queues: Queues, gate: Arc<Gate>, rows: Count, batches: Count) -> Self {
        Self { queues, gate, open: AtomicUsize::new(1), rows, batches }
    }

    /// For one more who pushes.
    pub fn enter(self: &Arc<Self>) -> Arc<Self> {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.clone()
    }

    /// Rows of a partition, or of a source, which no rows end.
    pub fn push(&self, key: usize, batch: RecordBatch) -> Result<()> {
        let not_here = || internal_datafusion_err!("rows for {key}, which is not here");
        let last = batch.num_rows() == 0;
        if !last {
            self.rows.add(batch.num_rows());
            self.batches.add(1);
        }
        match &self.queues {
            Queues::Partitions(queues) => drop(queues.get(&key).ok_or_else(not_here)?.push(batch)?),
            Queues::Sources(Some(sources)) if last => sources.finish(key),
            Queues::Sources(sources) => drop(sources.as_ref().ok_or_else(not_here)?.push(key, batch)?),
        }
        Ok(())
    }

    /// Waits while this rank's consumers are behind; false when there are none any more.
    pub async fn pass(&self) -> bool {
        self.gate.pass().await
    }

    /// Whether this rank wants no more.
    pub fn is_abandoned(&self) -> bool {
        self.gate.is_abandoned()
    }

    /// One who pushed pushes no more.
    pub fn leave(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        match &self.queues {
            Queues::Partitions(queues) => queues.values().for_each(Queue::finish),
            Queues::Sources(sources) => sources.iter().for_each(|sources| sources.finish_all()),
        }
    }

    /// Takes in what others send.
    pub async fn receive(&self, mut receiver: ExchangeReceiver, schema: SchemaRef, bytes: Count) -> Result<()> {
        while let Some(message) = receiver.next().await {
            let message = message.map_err(EngineError::from)?;
            bytes.add(message.bytes.len());
            for (key, batch) in framing::decode(&message.bytes, &schema)? {
                self.push(key, batch)?;
            }
            drop(message);
            if !self.pass().await {
                receiver.close();
                break;
            }
        }
        self.leave();
        Ok(())
    }
}
