//! How rows get from one partition to another, here or on another rank.
//!
//! ```text
//! rank 0   source 0 ─router─┬─────────── queue ──► partition 0        rank 0's partitions are
//!          source 1 ─router─┼──┐   ┌───► queue ──► partition 1        filled by everybody's routers
//!                           │  └───┼──────┐
//!                           └──────┼─┐    │ frames
//! rank 1   source 2 ─router────────┘ └► queue ──► partition 2
//!          source 3 ─router─────────────► queue ──► partition 3
//! ```
//!
//! The sending half is a task a source, started on all ranks when the plan starts, whoever reads: it ends when its
//! input does, or when nobody wants more. Rows for this rank's own partitions are handed over as they are; rows for
//! others are serialised ([`framing`]) and sent in messages of at least [`MESSAGE`] bytes.
pub mod framing;
pub mod queue;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};
use futures::StreamExt;
use lockstep_comm::{ExchangeReceiver, ExchangeSender, OpKind, Sent};
use parking_lot::Mutex;

use self::queue::{Gate, Queue, QueueStream};
use crate::EngineError;
use crate::run::Run;

/// Bytes collected for a rank before they are sent.
const MESSAGE: usize = 256 << 10;

/// Decides where the rows of a source go.
pub trait Router: Send {
    /// Splits a batch by destination partition.
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<(usize, RecordBatch)>>;
}

/// Who gets what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A row goes to the partition its router says; partitions have owners.
    Scatter,
    /// Every row goes to rank 0. The rows of each source stay together, sources in order.
    Gather,
    /// Every row goes to every rank, sources in order.
    Everywhere,
}

/// One exchange of a plan. An operator holds it, starts it once and hands out its streams.
pub struct Exchange {
    id: u64,
    name: &'static str,
    kind: OpKind,
    shape: Shape,
    streams: Mutex<HashMap<usize, QueueStream>>,
    metrics: ExecutionPlanMetricsSet,
}

impl Exchange {
    /// `id` is the exchange's number in the plan, equal on all ranks.
    pub fn new(id: u64, name: &'static str, kind: OpKind, shape: Shape) -> Self {
        let metrics = ExecutionPlanMetricsSet::new();
        Self { id, name, kind, shape, streams: Mutex::default(), metrics }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    /// Starts sending and receiving. `sources`: this rank's partitions of the input, which has `of` in all.
    pub fn start(
        &self,
        run: &Arc<Run>,
        offset: u64,
        context: &Arc<TaskContext>,
        schema: &SchemaRef,
        of: usize,
        sources: Vec<(usize, SendableRecordBatchStream, Box<dyn Router>)>,
    ) -> Result<()> {
        let ranks = run.ranks;
        let received: Vec<usize> = match self.shape {
            Shape::Scatter => ranks.local(ranks.partitions()).collect(),
            Shape::Gather if ranks.rank != 0 => vec![],
            Shape::Gather | Shape::Everywhere => (0..of).collect(),
        };
        let gate = if self.shape == Shape::Scatter { Gate::streaming(context) } else { Gate::open() };
        let mut queues = HashMap::new();
        for key in received {
            let (queue, stream) = Queue::new(self.name, &gate, schema.clone(), context, &self.metrics, key);
            queues.insert(key, queue);
            self.streams.lock().insert(key, stream);
        }
        let (sender, receiver) = run.exchange(offset + self.id, self.kind)?;
        let counter = |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, ranks.rank);
        let inbound = Arc::new(Inbound {
            shape: self.shape,
            queues,
            gate,
            // The local sources and the receiver of all remote ones.
            open: AtomicUsize::new(sources.len() + 1),
            rows: counter("rows_received"),
            batches: MetricBuilder::new(&self.metrics).output_batches(ranks.rank),
        });
        if sources.is_empty() {
            let sender = sender.clone();
            run.spawn(async move { Ok(sender.finish().await.map_err(EngineError::from)?) });
        }
        let left = Arc::new(AtomicUsize::new(sources.len()));
        for (source, input, router) in sources {
            let outbound = Outbound {
                source,
                shape: self.shape,
                ranks,
                sender: sender.clone(),
                outboxes: vec![Outbox::default(); ranks.size],
                sent: counter("bytes_sent"),
            };
            let (inbound, left) = (inbound.clone(), left.clone());
            run.spawn(async move { outbound.send(input, router, inbound, left).await });
        }
        let (schema, bytes) = (schema.clone(), counter("bytes_received"));
        run.spawn(async move { inbound.receive(receiver, schema, bytes).await });
        Ok(())
    }

    /// The rows of a partition (`Scatter`), or of a source (`Gather`, `Everywhere`). Each can be taken once.
    pub fn take(&self, key: usize) -> Result<SendableRecordBatchStream> {
        let stream = self.streams.lock().remove(&key);
        let stream = stream.ok_or_else(|| internal_datafusion_err!("{} {}: partition {key} is not here", self.name, self.id))?;
        Ok(Box::pin(stream))
    }

    /// Closes the streams that nobody has taken.
    pub fn abandon(&self) {
        self.streams.lock().clear();
    }

    /// The rows of all sources, one source after another.
    pub fn take_all(&self, of: usize) -> Result<Vec<SendableRecordBatchStream>> {
        (0..of).map(|source| self.take(source)).collect()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.id)
    }
}

/// What comes in on this rank: from its own sources and from other ranks.
struct Inbound {
    shape: Shape,
    queues: HashMap<usize, Queue>,
    gate: Arc<Gate>,
    open: AtomicUsize,
    rows: Count,
    batches: Count,
}

impl Inbound {
    fn push(&self, key: usize, batch: RecordBatch) -> Result<bool> {
        let queue = self.queues.get(&key).ok_or_else(|| internal_datafusion_err!("rows for partition {key}, which is not here"))?;
        self.rows.add(batch.num_rows());
        self.batches.add(1);
        queue.push(batch)
    }

    /// A source has no more rows.
    fn finish(&self, source: usize) {
        if self.shape != Shape::Scatter
            && let Some(queue) = self.queues.get(&source)
        {
            queue.finish();
        }
    }

    /// One who pushed pushes no more.
    fn leave(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.queues.values().for_each(Queue::finish);
        }
    }

    async fn receive(&self, mut receiver: ExchangeReceiver, schema: SchemaRef, bytes: Count) -> Result<()> {
        while let Some(message) = receiver.next().await {
            let message = message.map_err(EngineError::from)?;
            bytes.add(message.bytes.len());
            for (key, batch) in framing::decode(&message.bytes, &schema)? {
                // An empty batch ends a source.
                if batch.num_rows() == 0 {
                    self.finish(key);
                } else {
                    self.push(key, batch)?;
                }
            }
            drop(message);
            if !self.gate.pass().await {
                receiver.close();
                break;
            }
        }
        self.leave();
        Ok(())
    }
}

#[derive(Default, Clone)]
struct Outbox {
    bytes: Vec<u8>,
    closed: bool,
}

/// What one source sends.
struct Outbound {
    source: usize,
    shape: Shape,
    ranks: crate::run::Ranks,
    sender: ExchangeSender,
    outboxes: Vec<Outbox>,
    sent: Count,
}

impl Outbound {
    async fn send(
        mut self,
        mut input: SendableRecordBatchStream,
        mut router: Box<dyn Router>,
        inbound: Arc<Inbound>,
        left: Arc<AtomicUsize>,
    ) -> Result<()> {
        let schema = input.schema();
        while self.wanted(&inbound).await
            && let Some(batch) = input.next().await
        {
            for (partition, batch) in router.route(batch?)? {
                self.deliver(partition, batch, &inbound).await?;
            }
        }
        drop(input);
        if self.shape != Shape::Scatter {
            self.deliver(self.source, RecordBatch::new_empty(schema), &inbound).await?;
        }
        for rank in 0..self.ranks.size {
            self.flush(rank).await?;
        }
        inbound.leave();
        if left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.sender.finish().await.map_err(EngineError::from)?;
        }
        Ok(())
    }

    /// Whether anybody wants more; waits while this rank's own consumers are behind.
    async fn wanted(&self, inbound: &Inbound) -> bool {
        let here = inbound.gate.pass().await;
        let others = (0..self.ranks.size).filter(|&rank| rank != self.ranks.rank && (self.shape != Shape::Gather || rank == 0));
        here || others.into_iter().any(|rank| !self.outboxes[rank].closed)
    }

    async fn deliver(&mut self, partition: usize, batch: RecordBatch, inbound: &Inbound) -> Result<()> {
        let me = self.ranks.rank;
        let (key, destinations) = match self.shape {
            Shape::Scatter => (partition, self.ranks.owner(partition)..self.ranks.owner(partition) + 1),
            Shape::Gather => (self.source, 0..1),
            Shape::Everywhere => (self.source, 0..self.ranks.size),
        };
        for rank in destinations {
            if rank != me {
                self.post(rank, key, &batch).await?;
            } else if batch.num_rows() == 0 {
                inbound.finish(key);
            } else {
                inbound.push(key, batch.clone())?;
            }
        }
        Ok(())
    }

    async fn post(&mut self, rank: usize, key: usize, batch: &RecordBatch) -> Result<()> {
        let outbox = &mut self.outboxes[rank];
        if outbox.closed {
            return Ok(());
        }
        framing::encode(batch, key, &mut outbox.bytes)?;
        if outbox.bytes.len() >= MESSAGE { self.flush(rank).await } else { Ok(()) }
    }

    async fn flush(&mut self, rank: usize) -> Result<()> {
        let bytes = std::mem::take(&mut self.outboxes[rank].bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        self.sent.add(bytes.len());
        let sent = self.sender.send(rank, Bytes::from(bytes)).await.map_err(EngineError::from)?;
        self.outboxes[rank].closed = matches!(sent, Sent::Closed);
        Ok(())
    }
}
