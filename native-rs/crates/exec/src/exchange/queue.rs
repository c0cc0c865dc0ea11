//! What waits between a producer and a consumer that goes at its own pace: batches in memory while the rank's
//! memory lasts, on disk beyond.
//!
//! A [`Gate`] joins the queues that one producer fills. It holds the producer back only while it is over its
//! budget *and* every queue has something to read: whoever waits for a batch is waiting for an empty queue,
//! so holding back can never be what everybody waits for (credits alone deadlock on diamonds).
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::spill_pool::{SpillPoolSink, spsc_channel};
use datafusion::physical_plan::spill::SpillManager;
use futures::{Stream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Counting;

/// Bytes that may wait before a producer is held back, where these are no more than a sixteenth of the memory.
const BUDGET: usize = 16 << 20;

/// Holds producers back while all queues behind it have batches waiting.
pub struct Gate {
    budget: usize,
    /// Bytes in memory beyond which batches go to the disk. A queue fills although its producer could be held back while another
    /// one is empty; what it took could not be given back to sorts and aggregations.
    most: usize,
    /// The queues hold whole tables: their memory is divided fairly with sorts and aggregations.
    whole: bool,
    state: Mutex<GateState>,
    opened: Notify,
}

#[derive(Default)]
struct GateState {
    bytes: usize,
    /// Queues that a consumer may be waiting for.
    hungry: usize,
    /// Consumers that are still there.
    open: usize,
}

/// A consumer, until dropped.
pub struct Reader(Arc<Gate>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.change(|gate| gate.open -= 1);
    }
}

impl Gate {
    /// For rows that are read as they come.
    pub fn streaming(context: &TaskContext) -> Arc<Self> {
        let (budget, most) = match context.memory_pool().memory_limit() {
            MemoryLimit::Finite(limit) => (BUDGET.min(limit / 16), limit / 4),
            _ => (BUDGET, usize::MAX),
        };
        Self::new(budget, most, false)
    }

    /// Never holds back, for tables that are read whole before anything else happens, and perhaps not at all.
    pub fn open() -> Arc<Self> {
        Self::new(usize::MAX, usize::MAX, false)
    }

    /// Always open: for queues that are filled to the end before they are read.
    pub fn whole() -> Arc<Self> {
        Self::new(usize::MAX, usize::MAX, true)
    }

    fn new(budget: usize, most: usize, whole: bool) -> Arc<Self> {
        Arc::new(Self { budget, most, whole, state: Mutex::default(), opened: Notify::new() })
    }

    fn is_full(&self) -> bool {
        self.state.lock().bytes >= self.most
    }

    /// Returns when the producer may go on: true, or false when no consumer is left.
    pub async fn pass(&self) -> bool {
        loop {
            let opened = self.opened.notified();
            {
                let state = self.state.lock();
                if state.open == 0 {
                    return false;
                }
                if state.bytes < self.budget || state.hungry > 0 {
                    return true;
                }
            }
            opened.await;
        }
    }

    /// One who reads queues that are made on the way, until dropped.
    pub fn reader(self: &Arc<Self>) -> Reader {
        self.change(|gate| gate.open += 1);
        Reader(self.clone())
    }

    /// Whether nobody reads any more.
    pub fn is_abandoned(&self) -> bool {
        self.state.lock().open == 0
    }

    fn change(&self, change: impl FnOnce(&mut GateState)) {
        change(&mut self.state.lock());
        self.opened.notify_waiters();
    }
}

enum Item {
    Memory(RecordBatch, usize),
    /// The next batch of the spill file.
    Spilled,
}

struct State {
    items: VecDeque<Item>,
    counting: Counting,
    reservation: MemoryReservation,
    spill: SpillPoolSink,
    /// No more producers: the stream ends when the items do.
    finished: bool,
    /// The consumer is gone.
    closed: bool,
    waker: Option<Waker>,
}

/// The producers' end. Any number of them may push.
#[derive(Clone)]
pub struct Queue {
    gate: Arc<Gate>,
    state: Arc<Mutex<State>>,
}

/// The consumer's end: a stream in the order pushed. Dropping it tells the producers that nothing more is wanted.
pub struct QueueStream {
    queue: Queue,
    spilled: SendableRecordBatchStream,
    reading_spill: bool,
    schema: SchemaRef,
}

impl Queue {
    /// `name` is what a memory error calls it.
    pub fn new(
        name: &str,
        gate: &Arc<Gate>,
        schema: SchemaRef,
        context: &TaskContext,
        metrics: &ExecutionPlanMetricsSet,
        partition: usize,
    ) -> (Self, QueueStream) {
        // Memory that may be spilled is divided evenly over all who have it: a queue that is held back by its gate is
        // small and must not take a share from a sort.
        let reservation = MemoryConsumer::new(name).with_can_spill(gate.whole).register(context.memory_pool());
        let manager = SpillManager::new(context.runtime_env(), SpillMetrics::new(metrics, partition), schema.clone());
        let (spill, spilled) = spsc_channel(128 << 20, Arc::new(manager));
        gate.change(|gate| {
            gate.hungry += 1;
            gate.open += 1;
        });
        let state = State {
            items: VecDeque::new(),
            counting: Counting::default(),
            reservation,
            spill,
            finished: false,
            closed: false,
            waker: None,
        };
        let queue = Self { gate: gate.clone(), state: Arc::new(Mutex::new(state)) };
        (queue.clone(), QueueStream { queue, spilled, reading_spill: false, schema })
    }

    /// Appends a batch without waiting; false when the consumer is gone. Fails when the disk is full.
    pub fn push(&self, batch: RecordBatch) -> Result<bool> {
        if batch.num_rows() == 0 {
            return Ok(!self.state.lock().closed);
        }
        let mut state = self.state.lock();
        if state.closed {
            return Ok(false);
        }
        let bytes = state.counting.bytes(&batch);
        let was_empty = state.items.is_empty();
        let held = if !self.gate.is_full() && state.reservation.try_grow(bytes).is_ok() {
            state.items.push_back(Item::Memory(batch, bytes));
            bytes
        } else {
            state.spill.push_batch(&batch)?;
            state.items.push_back(Item::Spilled);
            0
        };
        // With the queue still locked: whoever takes the batch gives back what has been counted.
        self.gate.change(|gate| {
            gate.bytes += held;
            gate.hungry -= usize::from(was_empty);
        });
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        Ok(true)
    }

    /// No more batches.
    pub fn finish(&self) {
        let mut state = self.state.lock();
        state.finished = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl QueueStream {
    fn poll_spilled(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        let batch = futures::ready!(self.spilled.poll_next_unpin(cx));
        self.reading_spill = false;
        Poll::Ready(batch)
    }
}

impl Stream for QueueStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.reading_spill {
            return self.poll_spilled(cx);
        }
        let queue = self.queue.clone();
        let mut state = queue.state.lock();
        let Some(item) = state.items.pop_front() else {
            if state.finished {
                return Poll::Ready(None);
            }
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let emptied = state.items.is_empty();
        let freed = match &item {
            Item::Memory(_, bytes) => *bytes,
            Item::Spilled => 0,
        };
        state.reservation.shrink(freed);
        queue.gate.change(|gate| {
            gate.bytes -= freed;
            gate.hungry += usize::from(emptied);
        });
        drop(state);
        match item {
            Item::Memory(batch, _) => Poll::Ready(Some(Ok(batch))),
            Item::Spilled => {
                self.reading_spill = true;
                self.poll_spilled(cx)
            }
        }
    }
}

impl RecordBatchStream for QueueStream {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Drop for QueueStream {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        state.closed = true;
        let held: usize = state.items.iter().map(|item| if let Item::Memory(_, bytes) = item { *bytes } else { 0 }).sum();
        let was_hungry = state.items.is_empty();
        state.items.clear();
        state.reservation.free();
        self.queue.gate.change(|gate| {
            gate.bytes -= held;
            gate.hungry -= usize::from(was_hungry);
            gate.open -= 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, RecordBatch};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use futures::TryStreamExt;

    use super::*;

    fn batch(value: i64) -> RecordBatch {
        RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![value; 1000])) as _)]).unwrap()
    }

    fn context(memory: usize) -> Arc<TaskContext> {
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build_arc().unwrap();
        SessionContext::new_with_config_rt(SessionConfig::new(), runtime).task_ctx()
    }

    #[tokio::test]
    async fn order_is_kept_through_the_disk() {
        let metrics = ExecutionPlanMetricsSet::new();
        let gate = Gate::open();
        let (queue, stream) = Queue::new("test", &gate, batch(0).schema(), &context(40_000), &metrics, 0);
        let expected: Vec<_> = (0..50).map(batch).collect();
        for batch in &expected {
            assert!(queue.push(batch.clone()).unwrap());
        }
        queue.finish();
        assert_eq!(stream.try_collect::<Vec<_>>().await.unwrap(), expected);
        assert!(metrics.clone_inner().spilled_bytes().unwrap() > 0);
    }

    #[tokio::test]
    async fn the_gate_closes_only_when_no_queue_is_empty() {
        let metrics = ExecutionPlanMetricsSet::new();
        let context = context(1 << 30);
        let gate = Gate::new(1000, 8_500, false);
        let (a, mut from_a) = Queue::new("a", &gate, batch(0).schema(), &context, &metrics, 0);
        let (b, from_b) = Queue::new("b", &gate, batch(0).schema(), &context, &metrics, 0);
        a.push(batch(1)).unwrap();
        assert!(gate.pass().await, "b is empty");
        let spilled = || metrics.clone_inner().spilled_bytes().unwrap_or(0);
        a.push(batch(1)).unwrap();
        assert_eq!(spilled(), 0);
        a.push(batch(1)).unwrap();
        assert!(spilled() > 0, "17 KB wait already");
        b.push(batch(2)).unwrap();
        let waiting = gate.pass();
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        for _ in 0..3 {
            assert_eq!(from_a.next().await.unwrap().unwrap(), batch(1));
        }
        assert!(waiting.await);
        drop((from_a, from_b));
        assert!(!gate.pass().await, "nobody reads any more");
        assert!(!a.push(batch(3)).unwrap());
    }
}
