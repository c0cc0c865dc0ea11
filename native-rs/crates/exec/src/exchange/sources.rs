//! The rows of many sources, read one source after another, whatever comes first.
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::{RecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{Stream, StreamExt};
use parking_lot::Mutex;

use super::queue::{Gate, Queue, QueueStream, Reader};

/// A queue a source, made when its first rows come or its turn to be read does: thousands of sources without rows take no memory.
pub struct Sources {
    name: &'static str,
    schema: SchemaRef,
    context: Arc<TaskContext>,
    metrics: ExecutionPlanMetricsSet,
    gate: Arc<Gate>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of the sources that have begun and not ended.
    queues: HashMap<usize, Queue>,
    /// Of those that have begun and are not read yet.
    waiting: HashMap<usize, QueueStream>,
    /// Those that have ended without rows.
    empty: HashSet<usize>,
    /// Nothing comes any more.
    ended: bool,
    /// Nothing is read any more.
    closed: bool,
}

impl Sources {
    /// What is pushed, and the stream of it: `of` sources, in their order.
    pub fn new(
        name: &'static str,
        schema: SchemaRef,
        context: &Arc<TaskContext>,
        metrics: &ExecutionPlanMetricsSet,
        gate: &Arc<Gate>,
        of: usize,
    ) -> (Arc<Self>, InOrder) {
        let (context, metrics) = (context.clone(), metrics.clone());
        let sources = Arc::new(Self { name, schema, context, metrics, gate: gate.clone(), state: Mutex::default() });
        (sources.clone(), InOrder { sources, of, next: 0, current: None, _reader: gate.reader() })
    }

    fn queue(&self, state: &mut State, source: usize) -> Queue {
        let queue = state.queues.entry(source).or_insert_with(|| {
            let (queue, stream) = Queue::new(self.name, &self.gate, self.schema.clone(), &self.context, &self.metrics, source);
            state.waiting.insert(source, stream);
            queue
        });
        queue.clone()
    }

    /// Appends rows of a source; false when nobody reads them. Fails when the disk is full.
    pub fn push(&self, source: usize, batch: RecordBatch) -> Result<bool> {
        let queue = {
            let mut state = self.state.lock();
            if state.closed {
                return Ok(false);
            }
            self.queue(&mut state, source)
        };
        queue.push(batch)
    }

    /// A source has no more rows.
    pub fn finish(&self, source: usize) {
        let mut state = self.state.lock();
        match state.queues.remove(&source) {
            Some(queue) => queue.finish(),
            None => drop(state.empty.insert(source)),
        }
    }

    /// No source has any more.
    pub fn finish_all(&self) {
        let mut state = self.state.lock();
        state.ended = true;
        state.queues.drain().for_each(|(_, queue)| queue.finish());
    }

    /// The rows of a source whose turn it is; None where it has none.
    fn turn(&self, source: usize) -> Option<QueueStream> {
        let mut state = self.state.lock();
        if !state.waiting.contains_key(&source) {
            if state.ended || state.empty.remove(&source) {
                return None;
            }
            self.queue(&mut state, source);
        }
        state.waiting.remove(&source)
    }

    fn close(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.closed = true;
            state.queues.clear();
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
    }
}

/// The rows of all sources, one source after another. Dropping it tells the producers that nothing more is wanted.
pub struct InOrder {
    sources: Arc<Sources>,
    of: usize,
    next: usize,
    current: Option<QueueStream>,
    _reader: Reader,
}

impl Stream for InOrder {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(current) = &mut self.current {
                if let Some(batch) = ready!(current.poll_next_unpin(cx)) {
                    return Poll::Ready(Some(batch));
                }
                self.current = None;
            }
            if self.next == self.of {
                return Poll::Ready(None);
            }
            self.current = self.sources.turn(self.next);
            self.next += 1;
        }
    }
}

impl RecordBatchStream for InOrder {
    fn schema(&self) -> SchemaRef {
        self.sources.schema.clone()
    }
}

impl Drop for InOrder {
    fn drop(&mut self) {
        self.sources.close();
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use futures::TryStreamExt;

    use super::*;

    fn batch(value: i64) -> RecordBatch {
        RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![value; 100])) as _)]).unwrap()
    }

    fn sources(of: usize, memory: usize) -> (Arc<Gate>, Arc<Sources>, InOrder) {
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build_arc().unwrap();
        let context = SessionContext::new_with_config_rt(SessionConfig::new(), runtime).task_ctx();
        let gate = Gate::open();
        let (sources, rows) = Sources::new("test", batch(0).schema(), &context, &Default::default(), &gate, of);
        (gate, sources, rows)
    }

    fn first(batch: &RecordBatch) -> i64 {
        batch.column(0).as_primitive::<Int64Type>().value(0)
    }

    #[tokio::test]
    async fn sources_are_read_in_order_whatever_comes_first() {
        for memory in [1 << 20, 3000] {
            let (_gate, sources, rows) = sources(10_000, memory);
            sources.push(7, batch(70)).unwrap();
            sources.finish(2);
            sources.push(2000, batch(20_000)).unwrap();
            sources.push(7, batch(71)).unwrap();
            sources.finish(7);
            sources.push(1, batch(10)).unwrap();
            assert_eq!(sources.state.lock().queues.len(), 2, "those with rows");
            sources.finish(1);
            sources.finish_all();
            let values: Vec<i64> = rows.try_collect::<Vec<_>>().await.unwrap().iter().map(first).collect();
            assert_eq!(values, [10, 70, 71, 20_000]);
        }
    }

    #[tokio::test]
    async fn a_source_can_come_when_its_turn_has() {
        let (_gate, sources, mut rows) = sources(3, 1 << 20);
        assert!(futures::poll!(rows.next()).is_pending());
        sources.push(2, batch(2)).unwrap();
        sources.push(0, batch(0)).unwrap();
        assert_eq!(rows.next().await.map(|batch| first(&batch.unwrap())), Some(0));
        assert!(futures::poll!(rows.next()).is_pending());
        sources.finish(0);
        sources.finish(1);
        assert_eq!(rows.next().await.map(|batch| first(&batch.unwrap())), Some(2));
        sources.finish_all();
        assert!(rows.next().await.is_none());
    }

    #[tokio::test]
    async fn who_reads_no_more_wants_no_more() {
        let (gate, sources, rows) = sources(3, 1 << 20);
        assert!(gate.pass().await);
        assert!(sources.push(1, batch(1)).unwrap());
        drop(rows);
        assert!(!gate.pass().await);
        assert!(!sources.push(1, batch(1)).unwrap() && !sources.push(2, batch(1)).unwrap());
    }
}
