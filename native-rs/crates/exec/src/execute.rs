//! One execution from plan to answer: plan, agree, run the stages, agree again.
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::TaskContext;
use futures::future::try_join_all;
use futures::{FutureExt, TryStreamExt};
use lockstep_comm::OpKind;
use lockstep_connectors::print_type;
use lockstep_functions::ScriptHost;
use lockstep_plan::{Plan, Sink};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::copies::{Copies, copied, copies};
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::exchange::framing::{self, Frames};
use crate::operators::{SharedTable, Start, as_start, starters};
use crate::planner::stages::{Fill, Stage, StageOutput, Stages};
use crate::profile;
use crate::planner::Way;
use crate::run::{Run, from_panic};
use crate::sinks::{Part, Tally, check_limit, is_written, to_ipc};
use crate::specialise::GENERAL;
use crate::spool::Spool;
use crate::trace::{Trace, Watcher};

/// The answer of an execution.
#[derive(Debug)]
pub struct Execution {
    /// One a sink, in the plan's order.
    pub sinks: Vec<SinkOutput>,
    /// JSON: `{ seconds, peakBytes: [by rank], messages: [sent by each rank since the job began],
    /// operations: those that the ranks have done together since then, operators: [{ stage, depth, lane, name, detail, ranks: [counters by rank] }] }`, and
    /// of a traced execution `spans: [[[operator, partition, start, end]] by rank]`, in milliseconds since it began, and
    /// `sent: [[bytes to each rank] by rank]`, collectives included. Rank 0 has that of all ranks, another its own.
    pub profile: String,
}

/// What left the plan through a sink.
#[derive(Debug, Default)]
pub struct SinkOutput {
    /// Rows of the whole table.
    pub rows: u64,
    /// A collect's rows as an Arrow IPC stream, where they were asked for.
    pub ipc: Option<Vec<u8>>,
    /// Part files of all ranks, in table order if the write was ordered; of an Iceberg table each as JSON (`IcebergFileInfo`).
    pub files: Option<Vec<String>>,
}

/// What a rank tells all when its part is done.
#[derive(Serialize, Deserialize)]
struct Report {
    tallies: Vec<Tally>,
    /// Rows put into each spool.
    spooled: Vec<u64>,
}

/// How an execution ended that did not fail.
pub enum Outcome {
    Done(Execution),
    /// On all ranks, and nothing was done: it is to be executed in this way.
    GaveUp(Way),
}

/// Runs the plan on all ranks; every rank calls it with the same plan and way.
pub async fn execute(
    engine: &Engine,
    plan: &Plan,
    scripts: Option<&Arc<dyn ScriptHost>>,
    way: Way,
) -> Result<Outcome> {
    let started = std::time::Instant::now();
    let mut stages = engine.plan(plan, scripts, way).await?;
    let (specialised, holding) = (way == Way::Specialised && stages.guarded(), way != Way::Merging && stages.hold());
    let run = engine.begin(&text(&stages), stages.operations, plan).await?;
    // The number of the next operation, should this execution fail and be forgotten: past all that it can use.
    let after = engine.sequence() + 2;
    let context = engine.context();
    let trace = engine.traced().then(|| Trace::new(engine.sent()));
    if let Some(trace) = &trace {
        stages.watch(trace)?;
    }
    let copies = copies(engine, plan)?;
    let work = AssertUnwindSafe(local(&run, &context, plan, &stages, &copies, trace.as_ref())).catch_unwind();
    let outcome = tokio::select! {
        biased;
        error = run.failed() => Err(error),
        error = run.comm.failed() => Err(error.into()),
        outcome = work => outcome.unwrap_or_else(|panic| Err(from_panic(panic.as_ref()))),
    };
    // A rank that has read all it is to read may still have to send.
    let outcome = match outcome {
        Ok(done) => tokio::select! {
            biased;
            error = run.failed() => Err(error),
            error = run.comm.failed() => Err(error.into()),
            () = run.join() => Ok(done),
        },
        failed => failed,
    };
    let agreed = match outcome {
        Ok((tallies, collected, spools)) => {
            agree(engine, tallies, &spools).await.map(|reports| (reports, collected, spools))
        }
        Err(error) => {
            run.stop().await;
            Err(error)
        }
    };
    match agreed {
        Ok((reports, collected, spools)) => {
            copied(engine, plan, &copies).await?;
            finish(engine, plan, &stages, reports, collected, spools, started, trace.as_ref()).await.map(Outcome::Done)
        }
        // Nobody has agreed, so everybody is here.
        Err(error) if specialised || holding => {
            let reported = engine.recover(&error, after).await?;
            let some = |code: &str| reported.iter().any(|error| error.code == code);
            if specialised && some(GENERAL) {
                Ok(Outcome::GaveUp(Way::General))
            } else if holding && some("LS2010") {
                Ok(Outcome::GaveUp(Way::Merging))
            } else {
                Err(error)
            }
        }
        Err(error) => Err(error),
    }
}

/// What every rank has done, once all are done.
async fn agree(engine: &Engine, tallies: Vec<Tally>, spools: &Spools) -> Result<Vec<Report>> {
    let report = Report { tallies, spooled: spools.iter().map(|(_, rows, _)| *rows).collect() };
    engine.allgather(OpKind::Plan, profile::to_json(&report)?.into(), "").await?.iter().map(profile::from_json).collect()
}

type Collected = Vec<Option<(SchemaRef, Vec<RecordBatch>)>>;
type Spools = Vec<(u32, u64, Spool)>;

/// This rank's part: starts everything, reads what this rank's sinks read.
async fn local(
    run: &Arc<Run>,
    context: &Arc<TaskContext>,
    plan: &Plan,
    stages: &Stages,
    copies: &Copies,
    trace: Option<&Arc<Trace>>,
) -> Result<(Vec<Tally>, Collected, Spools)> {
    // All queues stand before anybody executes: an exchange asks its input for rows as soon as it starts.
    let open = |stage: &Stage| match &stage.output {
        StageOutput::Shared(table) => Some(table.open(run, context)),
        StageOutput::Sinks(_) => None,
    };
    let mut opened: Vec<_> = stages.stages.iter().map(open).collect();
    for (stage, open) in stages.stages.iter().zip(&mut opened) {
        for operator in starters(&stage.plan) {
            as_start(&operator).map(|start| start.start(run, stage.offset, context)).transpose()?;
        }
        if let Some(open) = open.take() {
            SharedTable::fill(&stage.plan, open, run, context)?;
        }
    }
    let fills = stages.fills.iter().map(|fill| filled(run, context, fill));
    let reads = stages.stages.iter().filter(|stage| matches!(stage.output, StageOutput::Sinks(_)));
    let reads = reads.map(|stage| read(run, context, plan, stage, copies, trace));
    let (spools, done) = tokio::try_join!(try_join_all(fills), try_join_all(reads))?;
    for stage in &stages.stages {
        starters(&stage.plan).iter().filter_map(as_start).for_each(Start::abandon);
        if let StageOutput::Shared(table) = &stage.output {
            table.abandon();
        }
    }

    let mut tallies = vec![Tally::default(); plan.sinks.len()];
    let mut collected: Collected = plan.sinks.iter().map(|_| None).collect();
    for (index, tally, schema, batches) in done.into_iter().flatten() {
        tallies[index] = tally;
        if matches!(plan.sinks[index], Sink::Collect { .. }) {
            collected[index] = Some((schema, batches));
        }
    }
    Ok((tallies, collected, spools))
}

async fn filled(run: &Run, context: &Arc<TaskContext>, fill: &Fill) -> Result<(u32, u64, Spool)> {
    let local = run.ranks.local(fill.filling.partitions);
    let parts = local.map(|partition| Ok((partition, fill.table.take(fill.consumer, partition)?)));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let (rows, spool) = fill.filling.clone().fill(parts, context).await?;
    Ok((fill.spool, rows, spool))
}

/// Reads this rank's partitions of a stage, each in a task, every batch into each of the stage's sinks.
async fn read(
    run: &Arc<Run>,
    context: &Arc<TaskContext>,
    plan: &Plan,
    stage: &Stage,
    copies: &Copies,
    trace: Option<&Arc<Trace>>,
) -> Result<Vec<(usize, Tally, SchemaRef, Vec<RecordBatch>)>> {
    use datafusion::physical_plan::ExecutionPlanProperties;
    let StageOutput::Sinks(indices) = &stage.output else { return Ok(vec![]) };
    let sinks: Arc<Vec<Sink>> = Arc::new(indices.iter().map(|&index| plan.sinks[index].clone()).collect());
    let copies: Copies = indices.iter().map(|&index| copies[index].clone()).collect();
    let mut parts = vec![];
    let local = run.ranks.local(stage.plan.output_partitioning().partition_count());
    let writers = local.len() * plan.sinks.iter().filter(|sink| is_written(sink)).count();
    for partition in local {
        let pool = context.memory_pool().clone();
        let mut rows = stage.plan.execute(partition, context.clone())?;
        let (done, part) = tokio::sync::oneshot::channel();
        let (sinks, copies) = (sinks.clone(), copies.clone());
        let watcher = |&index: &usize| trace.map(|trace| trace.watcher(-1 - index as i32, partition));
        let mut watchers: Vec<Option<Watcher>> = indices.iter().map(watcher).collect();
        run.spawn(async move {
            let mut parts: Vec<Part> = sinks.iter().zip(copies).map(|(sink, copy)| Part::new(sink, copy, partition, rows.schema(), &pool, writers)).collect();
            let at = |error: EngineError, sink: &Sink| error.at(sink.site());
            while let Some(batch) = rows.try_next().await? {
                for ((part, sink), watcher) in parts.iter_mut().zip(sinks.iter()).zip(&mut watchers) {
                    timed(watcher, || part.push(&batch)).map_err(|error| at(error, sink))?;
                }
            }
            let mut finished = vec![];
            for ((part, sink), watcher) in parts.into_iter().zip(sinks.iter()).zip(&mut watchers) {
                finished.push(timed(watcher, || part.finish()).map_err(|error| at(error, sink))?);
            }
            drop(watchers);
            let _ = done.send(finished);
            Ok(())
        });
        parts.push(part);
    }
    let mut totals: Vec<_> =
        indices.iter().map(|&index| (index, Tally::default(), stage.plan.schema(), vec![])).collect();
    for part in parts {
        // A task that failed reports its own error, and the execution ends with it.
        let Ok(finished) = part.await else { futures::future::pending().await };
        for ((_, total, _, all), (tally, batches)) in totals.iter_mut().zip(finished) {
            total.rows += tally.rows;
            total.bytes += tally.bytes;
            total.files.extend(tally.files);
            all.extend(batches);
        }
    }
    Ok(totals)
}

fn timed<T>(watcher: &mut Option<Watcher>, work: impl FnOnce() -> T) -> T {
    match watcher {
        Some(watcher) => watcher.time(work),
        None => work(),
    }
}

/// All ranks are done: totals, collected rows, profile.
async fn finish(
    engine: &Engine,
    plan: &Plan,
    stages: &Stages,
    mut reports: Vec<Report>,
    collected: Collected,
    spools: Spools,
    started: std::time::Instant,
    trace: Option<&Arc<Trace>>,
) -> Result<Execution> {
    let mut sinks: Vec<SinkOutput> = plan.sinks.iter().map(|_| SinkOutput::default()).collect();
    for (index, (sink, output)) in plan.sinks.iter().zip(&mut sinks).enumerate() {
        output.rows = reports.iter().map(|report| report.tallies[index].rows).sum();
        match sink {
            Sink::Collect { limit, .. } => check_limit(output.rows, *limit).map_err(|error| error.at(sink.site()))?,
            Sink::WriteParquet(_) | Sink::WriteArrow(_) | Sink::WriteCsv(_) | Sink::WriteJsonLines(_) | Sink::WriteIceberg(_) | Sink::WriteSnowflake(_) => {
                output.files = Some(reports.iter_mut().flat_map(|report| std::mem::take(&mut report.tallies[index].files)).collect());
            }
            Sink::Count { .. } | Sink::Materialize { .. } | Sink::WritePostgres(_) => {}
        }
    }
    for ((sink, output), rows) in plan.sinks.iter().zip(&mut sinks).zip(collected) {
        let (Sink::Collect { everywhere, .. }, Some((schema, batches))) = (sink, rows) else { continue };
        output.ipc = gather(engine, *everywhere, &schema, batches).await.map_err(|error| error.at(sink.site()))?;
    }
    for (position, (id, _, mut spool)) in spools.into_iter().enumerate() {
        spool.rows = reports.iter().map(|report| report.spooled[position]).sum();
        for (sink, output) in plan.sinks.iter().zip(&mut sinks) {
            if matches!(sink, Sink::Materialize { input, .. } if *input == stages.fills[position].node) {
                output.rows = spool.rows;
            }
        }
        engine.keep_spool(id, spool);
    }
    let profile = profile::of_all_ranks(engine, stages, started, trace).await?;
    Ok(Execution { sinks, profile })
}

/// The rows of all ranks in rank order as an Arrow IPC stream, on rank 0 or everywhere.
async fn gather(
    engine: &Engine,
    everywhere: bool,
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<Option<Vec<u8>>> {
    if engine.ranks().size == 1 {
        return to_ipc(schema, &batches).map(Some);
    }
    let mut frames = Frames::default();
    for batch in &batches {
        frames.push(batch, 0)?;
    }
    let bytes = frames.take(0);
    let all = match everywhere {
        true => Some(engine.allgather(OpKind::Collect, bytes, "").await?),
        false => engine.gather(OpKind::Collect, bytes).await?,
    };
    let Some(all) = all else { return Ok(None) };
    let mut rows = vec![];
    for bytes in &all {
        rows.extend(framing::decode(bytes, schema)?.into_iter().map(|(_, batch)| batch));
    }
    to_ipc(schema, &rows).map(Some)
}

/// The columns that the first sink sees, as JSON: `[{ name, type }]`.
pub fn schema(stages: &Stages) -> Result<String> {
    let stage = stages.stages.iter().find(|stage| matches!(&stage.output, StageOutput::Sinks(sinks) if sinks.contains(&0)));
    let stage = stage.ok_or_else(|| EngineError::bug("a plan without sinks"))?;
    let schema = stage.plan.schema();
    let columns = schema.fields().iter().map(|field| json!({ "name": field.name(), "type": print_type(field.data_type()) }));
    Ok(json!(columns.collect::<Vec<_>>()).to_string())
}

/// The stages as text: what `explain` shows and what all ranks must agree on.
pub fn text(stages: &Stages) -> String {
    use datafusion::physical_plan::displayable;
    let mut text = String::new();
    for (index, stage) in stages.stages.iter().enumerate() {
        let to = match &stage.output {
            StageOutput::Shared(table) => format!("{table:?}"),
            StageOutput::Sinks(sinks) => format!("sink {}", sinks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        text += &format!("stage {index} -> {to}\n{}", displayable(stage.plan.as_ref()).indent(false));
    }
    text
}
