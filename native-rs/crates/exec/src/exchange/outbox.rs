//! What one task sends, collected by destination.
use arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::physical_plan::metrics::Count;
use lockstep_comm::{ExchangeSender, Sent};

use super::framing::Frames;
use crate::EngineError;

/// Bytes collected for a rank before they are sent.
pub const MESSAGE: usize = 256 << 10;

/// Bytes collected for all ranks together: for many, messages are shorter.
const COLLECTED: usize = 4 << 20;

/// Bytes that are collected at most for so many ranks.
pub fn buffered(ranks: usize) -> usize {
    ranks * full(ranks)
}

/// Bytes that are sent at once, at least, where one of so many ranks has so many to come.
pub fn full(ranks: usize) -> usize {
    (COLLECTED / ranks.max(1)).min(MESSAGE)
}

pub struct Outboxes {
    sender: ExchangeSender,
    boxes: Vec<Outbox>,
    full: usize,
    sent: Count,
}

struct Outbox {
    rank: usize,
    frames: Frames,
    closed: bool,
}

impl Outboxes {
    /// One for each of `ranks`, which are named by their places among them below. Nothing is sent to this rank, which is `own`.
    pub fn new(sender: &ExchangeSender, ranks: impl IntoIterator<Item = usize>, own: usize, sent: Count) -> Self {
        let boxes: Vec<_> = ranks.into_iter().map(|rank| Outbox { rank, frames: Frames::default(), closed: rank == own }).collect();
        let full = full(boxes.len());
        Self { sender: sender.clone(), boxes, full, sent }
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
        fill(&mut outbox.frames)?;
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
        let bytes = outbox.frames.take(if length < self.full { 0 } else { length });
        self.sent.add(length);
        let sent = self.sender.send(outbox.rank, bytes).await.map_err(EngineError::from)?;
        outbox.closed = matches!(sent, Sent::Closed);
        Ok(())
    }
}
