//! What one source sends: to the ranks of its group, which are all where there is no grid, and across to other groups.
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::physical_plan::metrics::Time;
use futures::StreamExt;
use lockstep_comm::{ExchangeSender, Grid};
use tokio::sync::Mutex;

use super::inbound::Inbound;
use super::outbox::{Meter, Outboxes};
use super::relay::{Labelled, Pending};
use super::routing::{Routed, To};
use super::{Shape, Source, framing};
use crate::EngineError;
use crate::run::Ranks;

/// Those who send by one sender; the last to leave ends it.
pub struct Ends {
    open: AtomicUsize,
    sender: ExchangeSender,
}

impl Ends {
    /// For the one who starts the others, and then leaves.
    pub fn new(sender: &ExchangeSender) -> Arc<Self> {
        Arc::new(Self { open: AtomicUsize::new(1), sender: sender.clone() })
    }

    /// For one more.
    pub fn enter(self: &Arc<Self>) -> Arc<Self> {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.clone()
    }

    pub async fn leave(&self) -> Result<()> {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.sender.finish().await.map_err(EngineError::from)?;
        }
        Ok(())
    }
}

/// One source of an exchange.
pub struct Outbound {
    pub shape: Shape,
    /// To other groups; None without a grid.
    pub across: Option<Across>,
    pub within: SharedWithin,
    pub inbound: Arc<Inbound>,
}

impl Outbound {
    /// Sends all rows of a source, until nobody wants more.
    pub async fn send(mut self, (source, mut input, mut router): Source) -> Result<()> {
        let schema = input.schema();
        while self.wanted().await
            && let Some(batch) = input.next().await
        {
            for routed in router.route(batch?)? {
                self.deliver(routed).await?;
            }
        }
        drop(input);
        if self.shape != Shape::Scatter {
            // No rows end a source.
            self.deliver(Routed::one(RecordBatch::new_empty(schema), source)).await?;
        }
        if let Some(across) = &mut self.across {
            across.outboxes.flush().await?;
        }
        finish(self.within).await
    }

    /// Whether anybody wants more; waits while this rank's own consumers are behind.
    async fn wanted(&self) -> bool {
        let here = self.inbound.pass().await;
        here || self.across.as_ref().is_some_and(|across| across.outboxes.any_open()) || self.within.lock().await.outboxes.any_open()
    }

    async fn deliver(&mut self, routed: Routed) -> Result<()> {
        match &mut self.across {
            Some(across) => across.deliver(routed, &self.within).await,
            None => self.within.lock().await.deliver(routed).await,
        }
    }
}

/// To the other groups' ranks, each by its door.
pub struct Across {
    shape: Shape,
    ranks: Ranks,
    grid: Grid,
    labelled: Labelled,
    /// By group.
    outboxes: Outboxes,
    /// Of dividing rows.
    time: Time,
}

impl Across {
    pub fn new(shape: Shape, ranks: Ranks, grid: Grid, labelled: Labelled, sender: &ExchangeSender, meter: Meter, time: Time) -> Self {
        let own = grid.group();
        let closed = |group| group == own || (shape == Shape::Gather && group != grid.group_of(0));
        // This rank is not its own door.
        let doors = (0..grid.groups()).map(|group| if closed(group) { ranks.rank } else { grid.door(group) });
        Self { shape, ranks, grid, labelled, outboxes: Outboxes::new(sender, doors, ranks.rank, meter), time }
    }

    async fn deliver(&mut self, routed: Routed, within: &SharedWithin) -> Result<()> {
        let own = self.grid.group();
        if self.shape != Shape::Scatter {
            let source = source_of(&routed)?;
            for group in (0..self.grid.groups()).filter(|group| *group != own) {
                self.outboxes.post(group, source, &routed.rows).await?;
            }
            return within.lock().await.deliver(routed).await;
        }
        let timer = self.time.timer();
        let parts = routed.by_place(self.grid.groups(), |partition| self.grid.group_of(self.ranks.owner(partition)), own)?;
        timer.done();
        for (group, routed) in parts {
            let first = self.grid.members(group).start * self.ranks.threads;
            let rows = self.labelled.label(routed, first)?;
            match group == own {
                true => within.lock().await.collect(rows).await?,
                false => self.outboxes.post(group, 0, &rows).await?,
            }
        }
        Ok(())
    }
}

/// What several tasks send by, so that of a little there is one message; without a grid each task has its own.
pub type SharedWithin = Arc<Mutex<Within>>;

/// One task has no more; the last of them sends what is left.
pub async fn finish(within: SharedWithin) -> Result<()> {
    match Arc::into_inner(within) {
        Some(within) => within.into_inner().finish().await,
        None => Ok(()),
    }
}

/// To the ranks of this rank's group, itself included.
pub struct Within {
    shape: Shape,
    ranks: Ranks,
    /// The ranks that get rows.
    targets: Range<usize>,
    outboxes: Outboxes,
    inbound: Arc<Inbound>,
    /// Of dividing rows.
    time: Time,
    /// Rows of which a part each goes to many: they are sent in large batches.
    pending: Option<Pending>,
}

impl Within {
    /// `members`: of the group. `pending`: where there is a grid.
    pub fn new(
        shape: Shape,
        ranks: Ranks,
        members: Range<usize>,
        sender: &ExchangeSender,
        inbound: Arc<Inbound>,
        meter: Meter,
        time: Time,
        pending: Option<Pending>,
    ) -> Self {
        let targets = if shape == Shape::Gather { members.start..members.end.min(1) } else { members };
        let targets = if targets.is_empty() { 0..0 } else { targets };
        Self { shape, ranks, outboxes: Outboxes::new(sender, targets.clone(), ranks.rank, meter), targets, inbound, time, pending }
    }

    /// Whether anybody in the group wants more.
    pub fn wanted(&self) -> bool {
        !self.inbound.is_abandoned() || self.outboxes.any_open()
    }

    pub async fn deliver(&mut self, routed: Routed) -> Result<()> {
        if self.shape != Shape::Scatter {
            let source = source_of(&routed)?;
            for rank in self.targets.clone() {
                self.hand(rank, source, routed.rows.clone()).await?;
            }
            return Ok(());
        }
        let timer = self.time.timer();
        let partitions = self.targets.start * self.ranks.threads..self.targets.end * self.ranks.threads;
        let parts = routed.by_partition(partitions, self.ranks.local(self.ranks.partitions()))?;
        timer.done();
        for (partition, rows) in parts {
            self.hand(self.ranks.owner(partition), partition, rows).await?;
        }
        Ok(())
    }

    /// Labelled rows, sooner or later.
    pub async fn collect(&mut self, rows: RecordBatch) -> Result<()> {
        let pending = self.pending.as_mut().ok_or_else(|| internal_datafusion_err!("labelled rows without a grid"))?;
        for routed in pending.push(rows)? {
            self.deliver(routed).await?;
        }
        Ok(())
    }

    /// Frames of sources on their way to all of the group.
    pub async fn forward(&mut self, frames: &[u8], schema: &SchemaRef) -> Result<()> {
        self.outboxes.append_to_all(frames).await?;
        if self.targets.contains(&self.ranks.rank) {
            for (source, rows) in framing::decode(frames, schema)? {
                self.inbound.push(source, rows)?;
            }
        }
        Ok(())
    }

    /// Sends what is left.
    async fn finish(mut self) -> Result<()> {
        if let Some(rest) = self.pending.as_mut().map(Pending::finish).transpose()?.flatten() {
            self.deliver(rest).await?;
        }
        self.outboxes.flush().await
    }

    async fn hand(&mut self, rank: usize, key: usize, rows: RecordBatch) -> Result<()> {
        match rank == self.ranks.rank {
            true => self.inbound.push(key, rows),
            false => self.outboxes.post(rank - self.targets.start, key, &rows).await,
        }
    }
}

/// Rows that are not scattered are one source's.
fn source_of(routed: &Routed) -> Result<usize> {
    match routed.to {
        To::One(source) => Ok(source),
        _ => Err(internal_datafusion_err!("rows of no source")),
    }
}
