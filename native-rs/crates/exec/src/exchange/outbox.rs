//! What one task sends, collected by destination.
use arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, Gauge, MetricBuilder};
use lockstep_comm::{ExchangeSender, Sent};

use super::framing::Frames;
use crate::EngineError;

/// Bytes collected for a rank before they are sent.
pub const MESSAGE: usize = 256 << 10;

/// Bytes collected for all ranks together: for many, messages are shorter.
const COLLECTED: usize = 4 << 20;

/// Bytes of memory that wait at most for so many ranks, as long as no frame is longer than a message: a buffer that grows is up to twice as
/// long as what is in it.
pub fn buffered(ranks: usize) -> usize {
    2 * ranks * full(ranks)
}

/// Bytes that are sent at once, at least, where one of so many ranks has so many to come.
pub fn full(ranks: usize) -> usize {
    (COLLECTED / ranks.max(1)).min(MESSAGE)
}

/// What is counted of what one task sends.
#[derive(Clone)]
pub struct Meter {
    pub bytes: Count,
    pub messages: Count,
    /// The most memory that has waited to be sent.
    pub buffered: Gauge,
}

impl Meter {
    pub fn new(metrics: &ExecutionPlanMetricsSet, rank: usize) -> Self {
        let counter = |name: &'static str| MetricBuilder::new(metrics).counter(name, rank);
        Self { bytes: counter("bytes_sent"), messages: counter("messages_sent"), buffered: MetricBuilder::new(metrics).gauge("buffered", rank) }
    }
}

pub struct Outboxes {
    sender: ExchangeSender,
    boxes: Vec<Outbox>,
    full: usize,
    /// Memory of all boxes.
    held: usize,
    meter: Meter,
}

struct Outbox {
    rank: usize,
    frames: Frames,
    closed: bool,
}

impl Outboxes {
    /// One for each of `ranks`, which are named by their places among them below. Nothing is sent to this rank, which is `own`.
    pub fn new(sender: &ExchangeSender, ranks: impl IntoIterator<Item = usize>, own: usize, meter: Meter) -> Self {
        let boxes: Vec<_> = ranks.into_iter().map(|rank| Outbox { rank, frames: Frames::default(), closed: rank == own }).collect();
        let full = full(boxes.len());
        Self { sender: sender.clone(), boxes, full, held: 0, meter }
    }

    /// Whether any rank wants more.
    pub fn any_open(&self) -> bool {
        self.boxes.iter().any(|outbox| !outbox.closed)
    }

    /// Sends rows as a frame.
    pub async fn post(&mut self, place: usize, key: usize, batch: &RecordBatch) -> Result<()> {
        self.fill(place, |frames| frames.push(batch, key)).await
    }

    /// Sends bytes on as they are.
    pub async fn append(&mut self, place: usize, frames: &[u8]) -> Result<()> {
        self.write(place, |bytes| bytes.extend_from_slice(frames)).await
    }

    /// Sends what is appended to the bytes.
    pub async fn write(&mut self, place: usize, append: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let append = |frames: &mut Frames| {
            frames.append(append);
            Ok(())
        };
        self.fill(place, append).await
    }

    async fn fill(&mut self, place: usize, fill: impl FnOnce(&mut Frames) -> Result<()>) -> Result<()> {
        let outbox = &mut self.boxes[place];
        if outbox.closed {
            return Ok(());
        }
        let before = outbox.frames.capacity();
        fill(&mut outbox.frames)?;
        self.held += outbox.frames.capacity() - before;
        self.meter.buffered.set_max(self.held);
        self.flush_from(place, self.full).await
    }

    /// Sends bytes on as they are, to all.
    pub async fn append_to_all(&mut self, bytes: &[u8]) -> Result<()> {
        for place in 0..self.boxes.len() {
            self.append(place, bytes).await?;
        }
        Ok(())
    }

    /// Sends what is left.
    pub async fn flush(&mut self) -> Result<()> {
        for place in 0..self.boxes.len() {
            self.flush_from(place, 1).await?;
        }
        Ok(())
    }

    async fn flush_from(&mut self, place: usize, least: usize) -> Result<()> {
        let outbox = &mut self.boxes[place];
        let length = outbox.frames.len();
        if length < least {
            return Ok(());
        }
        // Where so much has come, as much is to come.
        let before = outbox.frames.capacity();
        let bytes = outbox.frames.take(if length < self.full { 0 } else { length });
        self.held = self.held + outbox.frames.capacity() - before;
        let sent = self.sender.send(outbox.rank, bytes).await.map_err(EngineError::from)?;
        match sent {
            Sent::Delivered => {
                self.meter.bytes.add(length);
                self.meter.messages.add(1);
            }
            Sent::Closed => {
                outbox.closed = true;
                self.held -= std::mem::take(&mut outbox.frames).capacity();
            }
        }
        Ok(())
    }
}
