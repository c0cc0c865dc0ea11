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
//! others are serialised ([`framing`]) and collected ([`outbound`]) into messages of at least 256 KiB, shorter ones where
//! many ranks get some ([`outbox`]).
//!
//! Many ranks are a [grid](lockstep_comm::Grid) of groups, and rows for another group go in two hops ([`relay`]): messages
//! of a rank are as many as there are groups and members of one, not as many as there are ranks.
//!
//! ```text
//!   group A                                group B
//!   rank (A, i) ─ rows for anybody in B ─► rank (B, i) ─► ranks (B, 0), (B, 1), …
//! ```
mod asked;
mod bytes;
pub mod framing;
mod inbound;
mod outbound;
mod outbox;
pub mod queue;
mod relay;
mod routing;
mod sources;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
use lockstep_comm::{Hop, OpKind};
use parking_lot::Mutex;

pub use self::asked::Asked;
pub use self::bytes::Counting;
use self::inbound::{Inbound, Queues};
use self::outbound::{Across, Ends, Outbound, Within, finish};
use self::queue::{Gate, Queue, QueueStream};
use self::relay::{Labelled, Pending, Relay};
pub use self::outbox::{Meter, Outboxes, buffered, full};
pub use self::relay::HELD;
pub use self::routing::{HashRouter, Routed, Router, To, counting_sort, hashes};
use self::sources::{InOrder, Sources};
use crate::run::{Ranks, Run};

/// Who gets what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
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
    streams: Mutex<Streams>,
    metrics: ExecutionPlanMetricsSet,
}

/// What nobody has taken yet.
#[derive(Default)]
struct Streams {
    partitions: HashMap<usize, QueueStream>,
    in_order: Option<InOrder>,
}

/// A partition of an exchange's input: its number, its rows, and where they go.
pub type Source = (usize, SendableRecordBatchStream, Box<dyn Router>);

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
    pub fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>, schema: &SchemaRef, of: usize, sources: Vec<Source>) -> Result<()> {
        let (ranks, id, shape) = (run.ranks, offset + self.id, self.shape);
        let counter = |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, ranks.rank);
        let meter = || Meter::new(&self.metrics, ranks.rank);
        let (queues, gate) = self.queues(ranks, context, schema, of);
        let batches = MetricBuilder::new(&self.metrics).output_batches(ranks.rank);
        let inbound = Arc::new(Inbound::new(queues, gate, counter("rows_received"), batches));
        let time = MetricBuilder::new(&self.metrics).subset_time("route_time", ranks.rank);

        let grid = run.comm.grid();
        let (sender, receiver) = match grid {
            Some(_) => run.hop(id, self.kind, Hop::Within)?,
            None => run.exchange(id, self.kind)?,
        };
        let ends = Ends::new(&sender);
        let labelled = Labelled::new(schema);
        let members = grid.map_or(0..ranks.size, |grid| grid.members(grid.group()));
        let within = || {
            let pending = grid.map(|_| Pending::new(&labelled, members.start * ranks.threads, meter().buffered));
            Arc::new(tokio::sync::Mutex::new(Within::new(shape, ranks, members.clone(), &sender, inbound.clone(), meter(), time.clone(), pending)))
        };
        // A source of a grid has little for its group, and sends it with what the relay has. Threads do not wait for each other.
        let shared = grid.filter(|_| ranks.threads == 1).map(|_| within());
        let mut across = None;
        if let Some(grid) = grid {
            let (sender, receiver) = run.hop(id, self.kind, Hop::Across)?;
            across = Some((grid, Ends::new(&sender), sender));
            let relay = Relay { shape, labelled: labelled.clone(), within: shared.clone().unwrap_or_else(within), bytes: counter("bytes_received") };
            let (end, pushing) = (ends.enter(), inbound.enter());
            run.spawn(async move {
                relay.run(receiver).await?;
                pushing.leave();
                end.leave().await
            });
        }
        for source in sources {
            let to_others = across.as_ref().map(|(grid, _, sender)| Across::new(shape, ranks, *grid, labelled.clone(), sender, meter(), time.clone()));
            let outbound = Outbound { shape, across: to_others, within: shared.clone().unwrap_or_else(within), inbound: inbound.clone() };
            let (end, end_across, pushing) = (ends.enter(), across.as_ref().map(|(_, ends, _)| ends.enter()), inbound.enter());
            run.spawn(async move {
                outbound.send(source).await?;
                pushing.leave();
                if let Some(end) = end_across {
                    end.leave().await?;
                }
                end.leave().await
            });
        }
        // All have entered.
        let pushing = inbound.enter();
        run.spawn(async move {
            if let Some(within) = shared {
                finish(within).await?;
            }
            pushing.leave();
            if let Some((_, ends, _)) = across {
                ends.leave().await?;
            }
            ends.leave().await
        });
        let (schema, bytes) = (schema.clone(), counter("bytes_received"));
        run.spawn(async move { inbound.receive(receiver, schema, bytes).await });
        Ok(())
    }

    /// Where this rank's rows wait, and the streams of them.
    fn queues(&self, ranks: Ranks, context: &Arc<TaskContext>, schema: &SchemaRef, of: usize) -> (Queues, Arc<Gate>) {
        let mut streams = self.streams.lock();
        if self.shape == Shape::Scatter {
            let gate = Gate::streaming(context);
            let mut queues = HashMap::new();
            for partition in ranks.local(ranks.partitions()) {
                let (queue, stream) = Queue::new(self.name, &gate, schema.clone(), context, &self.metrics, partition);
                queues.insert(partition, queue);
                streams.partitions.insert(partition, stream);
            }
            return (Queues::Partitions(queues), gate);
        }
        let gate = Gate::open();
        if self.shape == Shape::Gather && ranks.rank != 0 {
            return (Queues::Sources(None), gate);
        }
        let (sources, rows) = Sources::new(self.name, schema.clone(), context, &self.metrics, &gate, of);
        streams.in_order = Some(rows);
        (Queues::Sources(Some(sources)), gate)
    }

    /// The rows of a partition (`Scatter`). Each can be taken once.
    pub fn take(&self, partition: usize) -> Result<SendableRecordBatchStream> {
        let stream = self.streams.lock().partitions.remove(&partition);
        let stream = stream.ok_or_else(|| internal_datafusion_err!("{} {}: partition {partition} is not here", self.name, self.id))?;
        Ok(Box::pin(stream))
    }

    /// The rows of all sources, one source after another (`Gather`, `Everywhere`). Can be taken once.
    pub fn take_in_order(&self) -> Result<SendableRecordBatchStream> {
        let rows = self.streams.lock().in_order.take();
        Ok(Box::pin(rows.ok_or_else(|| internal_datafusion_err!("{} {}: its rows are not here", self.name, self.id))?))
    }

    /// Closes the streams that nobody has taken.
    pub fn abandon(&self) {
        *self.streams.lock() = Streams::default();
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.id)
    }
}
