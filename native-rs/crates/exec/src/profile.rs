//! What each operator did on each rank.
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan};
use lockstep_comm::OpKind;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::operators::as_start;
use crate::planner::stages::{Stage, Stages};
use crate::trace::{Span, Trace, TraceExec};

/// One operator of a stage; `depth` 0 is the stage's root, an operator's inputs follow it one deeper.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    pub stage: usize,
    pub depth: usize,
    /// Operators of one lane run in the same tasks: the number of the exchange above them, or of the stage's root.
    pub lane: usize,
    pub name: String,
    /// What the operator is told, as `explain` prints it.
    pub detail: String,
    pub ranks: Vec<Counters>,
}

/// Counts of one rank.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Rows that came out; for an exchange, rows that came in on this rank.
    pub rows: u64,
    pub batches: u64,
    pub busy_ms: f64,
    pub bytes_sent: u64,
    pub messages_sent: u64,
    pub bytes_received: u64,
    pub spilled_bytes: u64,
    /// Rows that a scan has left out, and row groups that it has not read, because another table has no such key.
    pub rows_dropped: u64,
    pub groups_skipped: u64,
    /// Rows that a scan has not read because pages, Bloom filters or dictionaries say that a filter does not match them.
    pub rows_pruned: u64,
    /// Rows of heavy keys that a shuffle has sent elsewhere than by their hash.
    pub rows_split: u64,
    /// Of an exchange: the most memory that its tasks have had wait to be sent.
    pub bytes_buffered: u64,
}

/// What a rank tells rank 0 of what it has taken.
#[derive(Serialize, Deserialize)]
struct Measured {
    /// The most memory that operators have held at once since the job began.
    peak_bytes: u64,
    /// Sent to others since the job began, and the bytes of them.
    messages: u64,
    bytes: u64,
    /// By operator.
    counters: Vec<Counters>,
    spans: Vec<Span>,
    /// Bytes sent to each rank, of a traced execution.
    sent: Vec<u64>,
}

#[derive(Serialize)]
struct Profile {
    seconds: f64,
    /// By rank.
    #[serde(rename = "peakBytes")]
    peak_bytes: Vec<u64>,
    messages: Vec<u64>,
    bytes: Vec<u64>,
    operations: u64,
    /// Collectives that were recorded before this one.
    recorded: usize,
    operators: Vec<Operator>,
    /// By rank, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<Vec<Span>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<Vec<Vec<u64>>>,
}

impl Counters {
    fn of(metrics: &MetricsSet) -> Self {
        let sum = |name: &str| metrics.sum(|metric| metric.value().name() == name).map_or(0, |value| value.as_usize() as u64);
        let received = metrics.iter().any(|metric| metric.value().name() == "rows_received");
        let routed = metrics.iter().filter(|metric| metric.value().name() == "route_time");
        let routing: usize = routed
            .map(|metric| match metric.value() {
                MetricValue::Time { time, .. } => time.value(),
                _ => 0,
            })
            .sum();
        let busy = metrics.elapsed_compute().unwrap_or(0) + routing;
        Self {
            rows: if received { sum("rows_received") } else { metrics.output_rows().unwrap_or(0) as u64 },
            batches: sum("output_batches"),
            busy_ms: busy as f64 / 1e6,
            bytes_sent: sum("bytes_sent"),
            messages_sent: sum("messages_sent"),
            bytes_received: sum("bytes_received"),
            spilled_bytes: metrics.spilled_bytes().unwrap_or(0) as u64,
            rows_dropped: sum("rows_dropped"),
            groups_skipped: sum("groups_skipped"),
            rows_pruned: sum("rows_pruned"),
            rows_split: sum("rows_split"),
            bytes_buffered: sum("buffered"),
        }
    }
}

/// The operators of all stages with this rank's counters, top down.
pub fn operators(stages: &[Stage]) -> Vec<Operator> {
    let mut list = vec![];
    for (index, stage) in stages.iter().enumerate() {
        walk(index, 0, list.len(), &stage.plan, &mut list);
    }
    list
}

fn walk(stage: usize, depth: usize, lane: usize, plan: &Arc<dyn ExecutionPlan>, list: &mut Vec<Operator>) {
    let plan = plan.downcast_ref::<TraceExec>().map_or(plan, TraceExec::watched);
    let below = if as_start(plan).is_some() { list.len() } else { lane };
    let line = line(plan);
    let (name, detail) = line.split_once(": ").unwrap_or((&line, ""));
    let counters = plan.metrics().map(|metrics| Counters::of(&metrics)).unwrap_or_default();
    let ranks = vec![counters];
    list.push(Operator { stage, depth, lane, name: name.to_owned(), detail: detail.to_owned(), ranks });
    plan.children().into_iter().for_each(|child| walk(stage, depth + 1, below, child, list));
}

/// An operator as `explain` prints it.
pub fn line(plan: &Arc<dyn ExecutionPlan>) -> String {
    struct Line<'a>(&'a dyn ExecutionPlan);
    impl std::fmt::Display for Line<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.fmt_as(DisplayFormatType::Default, f)
        }
    }
    Line(plan.as_ref()).to_string()
}

/// What all ranks have taken, on rank 0; elsewhere what this one has.
pub async fn of_all_ranks(engine: &Engine, stages: &Stages, started: Instant, trace: Option<&Arc<Trace>>) -> Result<String> {
    let mut operators = operators(&stages.stages);
    let (spans, sent) = trace.map(|trace| (trace.take(), trace.sent(&engine.sent()))).unwrap_or_default();
    let counters = operators.iter_mut().flat_map(|operator| std::mem::take(&mut operator.ranks)).collect();
    let ((messages, bytes), recorded) = (engine.traffic(), engine.recorded());
    let own = to_json(&Measured { peak_bytes: engine.peak_reserved() as u64, messages, bytes, counters, spans, sent })?;
    let measured = match engine.gather(OpKind::Plan, Bytes::from(own.clone())).await? {
        Some(all) => all,
        None => vec![own.into()],
    };
    let mut measured: Vec<Measured> = measured.iter().map(from_json).collect::<Result<_>>()?;
    for one in &mut measured {
        operators.iter_mut().zip(std::mem::take(&mut one.counters)).for_each(|(operator, counters)| operator.ranks.push(counters));
    }
    let peak_bytes = measured.iter().map(|one| one.peak_bytes).collect();
    let messages = measured.iter().map(|one| one.messages).collect();
    let bytes = measured.iter().map(|one| one.bytes).collect();
    // Ranks begin together; planning is behind them.
    let spans = trace.map(|trace| {
        let planned = trace.began().duration_since(started).as_secs_f64() * 1e3;
        let shifted = |span: &Span| Span(span.0, span.1, span.2 + planned, span.3 + planned);
        measured.iter().map(|one| one.spans.iter().map(shifted).collect()).collect()
    });
    let sent = trace.map(|_| measured.into_iter().map(|one| one.sent).collect());
    let profile = Profile { seconds: started.elapsed().as_secs_f64(), peak_bytes, messages, bytes, operations: engine.operations(), recorded, operators, spans, sent };
    serde_json::to_string(&profile).map_err(|error| EngineError::bug(error.to_string()))
}

pub fn to_json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| EngineError::bug(error.to_string()))
}

pub fn from_json<T: for<'a> Deserialize<'a>>(bytes: &Bytes) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| EngineError::bug(error.to_string()))
}
