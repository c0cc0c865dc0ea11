//! When each operator worked, where a trace was asked for: a wrapper around every operator times each look for a batch.
//!
//! Looks nest as operators do within one task. An exchange reads its inputs in tasks of their own: `Operator::lane` says
//! which operators share tasks.
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{Stream, StreamExt};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::operators::plan_methods;

/// Work on one partition without a pause: operator, partition, start and end in milliseconds since the execution began on the
/// rank. Operators are numbered as the profile lists them; −1, −2, … are the plan's sinks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Span(pub i32, pub u32, pub f64, pub f64);

/// A shorter pause is none.
const PAUSE: Duration = Duration::from_micros(100);
/// Spans that one partition of one operator keeps: past this, longer pauses are none.
const MOST_SPANS: usize = 4096;

/// The spans of one execution on this rank.
#[derive(Debug)]
pub struct Trace {
    began: Instant,
    spans: Mutex<Vec<Span>>,
    /// Bytes that had been sent to each rank before.
    sent: Vec<u64>,
}

impl Trace {
    pub fn new(sent: Vec<u64>) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), spans: Mutex::default(), sent })
    }

    /// Bytes sent to each rank since the execution began.
    pub fn sent(&self, now: &[u64]) -> Vec<u64> {
        now.iter().zip(&self.sent).map(|(now, before)| now - before).collect()
    }

    pub fn began(&self) -> Instant {
        self.began
    }

    pub fn take(&self) -> Vec<Span> {
        let mut spans = std::mem::take(&mut *self.spans.lock());
        spans.sort_by(|a, b| a.2.total_cmp(&b.2));
        spans
    }

    /// The plan with every operator watched; `next` counts operators as the profile does.
    pub fn watch(self: &Arc<Self>, plan: Arc<dyn ExecutionPlan>, next: &mut i32) -> Result<Arc<dyn ExecutionPlan>> {
        let operator = *next;
        *next += 1;
        let children = plan.children().into_iter().cloned().map(|child| self.watch(child, next)).collect::<Result<Vec<_>>>()?;
        let plan = if children.is_empty() { plan } else { replace_children_if_necessary(plan, children)? };
        Ok(Arc::new(TraceExec { properties: plan.properties().clone(), inputs: vec![plan], operator, trace: self.clone() }))
    }

    pub fn watcher(self: &Arc<Self>, operator: i32, partition: usize) -> Watcher {
        Watcher { trace: self.clone(), operator, partition, pause: PAUSE, spans: vec![] }
    }
}

/// Times the work on one partition.
pub struct Watcher {
    trace: Arc<Trace>,
    operator: i32,
    partition: usize,
    pause: Duration,
    spans: Vec<(Instant, Instant)>,
}

impl Watcher {
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.add(start, Instant::now());
        done
    }

    fn add(&mut self, start: Instant, end: Instant) {
        match self.spans.last_mut() {
            Some((_, last)) if start.duration_since(*last) < self.pause => *last = end,
            _ => self.spans.push((start, end)),
        }
        if self.spans.len() > MOST_SPANS {
            self.pause *= 2;
            for (start, end) in std::mem::take(&mut self.spans) {
                self.add(start, end);
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let since = |at: Instant| at.duration_since(self.trace.began).as_secs_f64() * 1e3;
        let spans = self.spans.iter().map(|&(start, end)| Span(self.operator, self.partition as u32, since(start), since(end)));
        self.trace.spans.lock().extend(spans);
    }
}

/// An operator under watch.
#[derive(Debug, Clone)]
pub struct TraceExec {
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
    operator: i32,
    trace: Arc<Trace>,
}

impl TraceExec {
    pub fn watched(&self) -> &Arc<dyn ExecutionPlan> {
        &self.inputs[0]
    }

    fn with_children(&self, inputs: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self { inputs, ..self.clone() }
    }
}

impl DisplayAs for TraceExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TraceExec")
    }
}

impl ExecutionPlan for TraceExec {
    plan_methods!("TraceExec", all inputs);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut watcher = self.trace.watcher(self.operator, partition);
        let batches = watcher.time(|| self.watched().execute(partition, context))?;
        Ok(Box::pin(TracedStream { batches, watcher }))
    }
}

struct TracedStream {
    batches: SendableRecordBatchStream,
    watcher: Watcher,
}

impl Stream for TracedStream {
    type Item = Result<RecordBatch>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { batches, watcher } = self.get_mut();
        watcher.time(|| batches.poll_next_unpin(cx))
    }
}

impl RecordBatchStream for TracedStream {
    fn schema(&self) -> SchemaRef {
        self.batches.schema()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_part_spans_and_grow_where_there_are_many() {
        let trace = Trace::new(vec![]);
        let at = |micros: u64| trace.began() + Duration::from_micros(micros);
        let mut watcher = trace.watcher(3, 1);
        watcher.add(at(0), at(50));
        watcher.add(at(60), at(90));
        watcher.add(at(500), at(600));
        drop(watcher);
        let spans = trace.take();
        let micros = |ms: f64| (ms * 1e3).round() as u64;
        let shown: Vec<_> = spans.iter().map(|span| (span.0, span.1, micros(span.2), micros(span.3))).collect();
        assert_eq!(shown, [(3, 1, 0, 90), (3, 1, 500, 600)]);

        let mut watcher = trace.watcher(0, 0);
        (0..20_000).for_each(|n| watcher.add(at(n * 300), at(n * 300 + 1)));
        drop(watcher);
        assert_eq!(trace.take().len(), 1);
        let mut watcher = trace.watcher(0, 0);
        (0..4000).for_each(|n| watcher.add(at(n * 300), at(n * 300 + 1)));
        drop(watcher);
        let spans = trace.take();
        assert_eq!(spans.len(), 4000);
        assert!(spans.windows(2).all(|pair| pair[0].3 <= pair[1].2));
    }
}
