//! Skew: keys that have more rows than a rank's share, in a join of which both sides are shuffled: the rows of such a key on the probe
//! side are dealt over all partitions, and its build rows go to each of them.
//!
//! ```text
//! probe rows ─► sampled ─┐                                  ┌► by hash; of heavy keys in turn
//!                        ├─ counts of all ranks (Allgather) ┤
//! build rows ─► held ────┘                                  └► by hash; of heavy keys to every partition
//! ```
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};
use lockstep_comm::OpKind;
use tokio::sync::{oneshot, watch};

use crate::exchange::{HashRouter, Routed, Router, To, hashes};
use crate::exchange::queue::{Gate, Queue};
use crate::run::Run;

/// Rows of each source that are counted, the first ones.
const SAMPLE: usize = 16_384;

/// A key of fewer counted rows on a rank is not told of.
const LEAST: u32 = 32;

/// Rows of a heavy key that stay together.
const TOGETHER: usize = 128;

/// What both exchanges of a join know of its heavy keys.
pub struct Heavy {
    /// Hashes.
    known: watch::Sender<Option<Arc<HashSet<u64>>>>,
}

impl fmt::Debug for Heavy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heavy")
    }
}

impl Default for Heavy {
    fn default() -> Self {
        Self { known: watch::Sender::new(None) }
    }
}

/// What becomes of the rows of heavy keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Each to one partition, in turn: the probe side.
    Dealt,
    /// Each to all partitions: the build side.
    Copied,
}

/// Rows of a source, and how many of them have each key's hash.
type Counted = (u64, HashMap<u64, u32>);

type Source<R> = (usize, SendableRecordBatchStream, R);

impl Heavy {
    async fn known(&self) -> Arc<HashSet<u64>> {
        let mut known = self.known.subscribe();
        let known = known.wait_for(Option::is_some).await.ok().and_then(|known| known.clone());
        known.unwrap_or_default()
    }

    /// Counts the first rows of this rank's sources and agrees on what is heavy, as operation `id`; what comes until then is held, on
    /// the disk where memory ends: another rank may be waiting for rows that only come when these are taken.
    pub fn sample<R>(
        self: &Arc<Self>,
        run: &Arc<Run>,
        id: u64,
        keys: &[Arc<dyn PhysicalExpr>],
        context: &TaskContext,
        metrics: &ExecutionPlanMetricsSet,
        sources: Vec<Source<R>>,
    ) -> Vec<Source<R>> {
        let mut counting = vec![];
        let sources = sources.into_iter().map(|(source, input, router)| {
            let schema = input.schema();
            let (counted, counts) = oneshot::channel();
            counting.push(counts);
            let (left, rest) = oneshot::channel();
            let (buffer, rows) = Queue::new("ShuffleExec", &Gate::whole(), schema.clone(), context, metrics, source);
            let (heavy, keys) = (self.clone(), keys.to_vec());
            run.spawn(async move {
                if let Some(input) = heavy.count(&keys, input, &buffer, counted).await? {
                    // Nobody may want the rest.
                    let _ = left.send(input);
                }
                buffer.finish();
                Ok(())
            });
            let heavy = self.clone();
            let begun = async move {
                heavy.known().await;
                rows.chain(stream::once(async move { rest.await.map_or_else(|_| stream::empty().left_stream(), StreamExt::right_stream) }).flatten())
            };
            (source, Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(begun).flatten())) as SendableRecordBatchStream, router)
        });
        let sources = sources.collect();
        let (heavy, agreeing) = (self.clone(), run.clone());
        run.spawn(async move {
            let (mut seen, mut counts) = (0, HashMap::<u64, u32>::new());
            for counted in counting {
                // Of a source that nobody wants nothing is known.
                let Ok((rows, own)) = counted.await else { continue };
                seen += rows;
                own.into_iter().for_each(|(hash, count)| *counts.entry(hash).or_default() += count);
            }
            let partitions = agreeing.ranks.partitions() as u64;
            let told = |count: u32| count >= LEAST && u64::from(count) * 4 * partitions >= seen;
            let mut mine = seen.to_le_bytes().to_vec();
            for (hash, count) in counts.into_iter().filter(|(_, count)| told(*count)) {
                mine.extend(hash.to_le_bytes());
                mine.extend(u64::from(count).to_le_bytes());
            }
            let all = agreeing.agree(id, OpKind::Allgather, mine.into()).await?;
            heavy.known.send_replace(Some(Arc::new(heaviest(&all, partitions))));
            Ok(())
        });
        sources
    }

    /// Holds rows until it is known what is heavy, or there are no more; tells how many it has `counted`, of each key. What is left.
    async fn count(&self, keys: &[Arc<dyn PhysicalExpr>], mut input: SendableRecordBatchStream, buffer: &Queue, counted: oneshot::Sender<Counted>) -> Result<Option<SendableRecordBatchStream>> {
        let (mut counted, mut counts, mut seen) = (Some(counted), HashMap::<u64, u32>::new(), 0);
        let mut known = self.known.subscribe();
        let left = loop {
            let batch = tokio::select! {
                biased;
                _ = known.wait_for(Option::is_some) => break Some(input),
                batch = input.try_next() => batch?,
            };
            let Some(batch) = batch else { break None };
            if counted.is_some() {
                hashes(keys, &batch)?.into_iter().for_each(|hash| *counts.entry(hash).or_default() += 1);
                seen += batch.num_rows();
            }
            if seen >= SAMPLE
                && let Some(counted) = counted.take()
            {
                let _ = counted.send((seen as u64, std::mem::take(&mut counts)));
            }
            if !buffer.push(batch)? {
                // Nobody wants these rows: of them nothing is known.
                return Ok(None);
            }
        };
        if let Some(counted) = counted {
            let _ = counted.send((seen as u64, counts));
        }
        Ok(left)
    }

    /// Sources whose rows wait until all ranks know what is heavy; on the disk where memory ends.
    pub fn hold<R>(self: &Arc<Self>, run: &Arc<Run>, context: &TaskContext, metrics: &ExecutionPlanMetricsSet, sources: Vec<Source<R>>) -> Vec<Source<R>> {
        let held = sources.into_iter().map(|(source, mut input, router)| {
            let schema = input.schema();
            let (buffer, rows) = Queue::new("ShuffleExec", &Gate::whole(), schema.clone(), context, metrics, source);
            run.spawn(async move {
                while let Some(batch) = input.try_next().await? {
                    if !buffer.push(batch)? {
                        return Ok(());
                    }
                }
                buffer.finish();
                Ok(())
            });
            let heavy = self.clone();
            let begun = async move {
                heavy.known().await;
                rows
            };
            (source, Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(begun).flatten())) as SendableRecordBatchStream, router)
        });
        held.collect()
    }
}

/// The hashes that more than half of a partition's share of the counted rows has.
fn heaviest(all: &[Bytes], partitions: u64) -> HashSet<u64> {
    let (mut seen, mut counts) = (0, HashMap::<u64, u64>::new());
    for bytes in all {
        let mut words = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        seen += words.next().unwrap_or(0);
        while let (Some(hash), Some(count)) = (words.next(), words.next()) {
            *counts.entry(hash).or_default() += count;
        }
    }
    counts.into_iter().filter(|(_, count)| count * 2 * partitions > seen).map(|(hash, _)| hash).collect()
}

/// Sends the rows of heavy keys as their side says, others by `plain`.
pub struct HeavyRouter {
    plain: HashRouter,
    heavy: Arc<Heavy>,
    found: OnceLock<Arc<HashSet<u64>>>,
    share: Share,
    /// The partition whose turn it is.
    next: usize,
    split: Count,
}

impl HeavyRouter {
    /// `split` counts the rows of heavy keys; `first`: the partition that gets some first.
    pub fn new(plain: HashRouter, heavy: Arc<Heavy>, share: Share, first: usize, split: Count) -> Self {
        Self { plain, heavy, found: OnceLock::new(), share, next: first, split }
    }
}

impl Router for HeavyRouter {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>> {
        // Sources begin when it is known.
        let found = self.found.get_or_init(|| self.heavy.known.borrow().clone().unwrap_or_default());
        let hashes = self.plain.hashes(&batch)?;
        let mut to = self.plain.places(&hashes);
        if found.is_empty() {
            return Ok(vec![Routed::each(batch, to)]);
        }
        let (rows, others): (Vec<u32>, Vec<u32>) = (0..batch.num_rows() as u32).partition(|row| found.contains(&hashes[*row as usize]));
        self.split.add(rows.len());
        if rows.is_empty() || self.share == Share::Dealt {
            let partitions = self.plain.partitions();
            for rows in rows.chunks(rows.len().div_ceil(partitions).max(TOGETHER)) {
                rows.iter().for_each(|row| to[*row as usize] = self.next as u32);
                self.next = (self.next + 1) % partitions;
            }
            return Ok(vec![Routed::each(batch, to)]);
        }
        let some = |rows: Vec<u32>| take_record_batch(&batch, &UInt32Array::from(rows));
        let to = others.iter().map(|row| to[*row as usize]).collect();
        Ok(vec![Routed { rows: some(rows)?, to: To::All }, Routed::each(some(others)?, to)])
    }
}
