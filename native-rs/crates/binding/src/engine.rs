use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use lockstep_comm::{OpKind, mpi};
use lockstep_exec::{Engine, EngineError, EngineOptions, ScriptHost};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::rows::JsRankRows;
use crate::scripts::{ScriptCallback, Scripts};

/// What one rank is told when its engine starts.
#[napi(object)]
pub struct JsEngineOptions {
    pub rank: u32,
    /// Number of ranks; 1 needs no transport.
    pub size: u32,
    /// Names the meeting place of ranks of one machine; the same on all of them.
    pub job: String,
    /// Where an MPI launcher started the ranks, which meet over MPI then: how many of them share this machine.
    pub local_ranks: Option<u32>,
    /// Worker threads, each with a partition of every distributed table.
    pub threads: u32,
    /// Bytes; 0: no limit.
    pub memory_limit: f64,
    /// Empty: the system's directory for temporary files.
    pub spill_directory: String,
    /// Profiles say when each operator worked.
    pub trace: Option<bool>,
    /// Rows that are read of inputs of files that have more.
    pub sample: Option<f64>,
    /// Names of optimisations to do without.
    pub without: Option<Vec<String>>,
    /// Executions adapt to the rows that they see however small tables are: for tests.
    pub always: Option<bool>,
    /// Plans are chosen as for so many ranks.
    pub planned_for: Option<u32>,
    /// Collectives are recorded.
    pub record: Option<bool>,
}

/// What left a plan through a sink.
#[napi(object)]
pub struct JsSink {
    /// Rows of the whole table.
    pub rows: Option<f64>,
    /// A collect's rows as an Arrow IPC stream, where they were asked for.
    pub ipc: Option<Buffer>,
    /// Part files of all ranks, in table order if the write was ordered; of an Iceberg table each as JSON.
    pub files: Option<Vec<String>>,
}

#[napi(object)]
pub struct JsExecution {
    /// One a sink, in the plan's order.
    pub sinks: Vec<JsSink>,
    /// JSON: seconds, and per operator rows, time, bytes exchanged and spilled on each rank.
    pub profile: String,
}

/// The engine of one rank. All ranks call the same methods in the same order with equal arguments.
#[napi(js_name = "Engine")]
pub struct JsEngine {
    engine: Arc<Engine>,
}

pub(crate) fn to_js(error: EngineError) -> napi::Error {
    napi::Error::from_reason(error.to_json())
}

/// Runs a future on the engine's worker threads; a panic in it is an error.
pub(crate) async fn run<T: Send + 'static>(engine: &Engine, work: impl Future<Output = Result<T, EngineError>> + Send + 'static) -> napi::Result<T> {
    let task = engine.handle().spawn(work);
    let ended = task.await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => lockstep_exec::from_panic(panic.as_ref()),
        Err(_) => EngineError::new("LS2014", "the engine was closed"),
    });
    ended.flatten().map_err(to_js)
}

impl JsEngine {
    async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T, EngineError>> + Send + 'static) -> napi::Result<T> {
        run(&self.engine, work).await
    }
}

#[napi]
impl JsEngine {
    /// Joins the other ranks; rejects with LS2011 if they do not come.
    #[napi(factory)]
    pub async fn create(options: JsEngineOptions) -> napi::Result<Self> {
        let options = EngineOptions {
            rank: options.rank as usize,
            size: options.size as usize,
            job: options.job,
            local_ranks: options.local_ranks.map(|ranks| ranks as usize),
            threads: options.threads as usize,
            memory_limit: options.memory_limit as u64,
            allocator: Some(crate::ALLOCATOR),
            spill_directory: options.spill_directory,
            trace: options.trace.unwrap_or(false),
            sample: options.sample.map(|rows| rows as u64),
            without: options.without.unwrap_or_default(),
            always: options.always.unwrap_or(false),
            group: None,
            planned_for: options.planned_for.map(|ranks| ranks.max(1) as usize),
            record: options.record.unwrap_or(false),
        };
        let created = napi::tokio::task::spawn_blocking(move || Engine::create(options)).await;
        let engine = created.map_err(|error| to_js(EngineError::bug(error.to_string())))?.map_err(to_js)?;
        Ok(Self { engine })
    }

    /// Collective. `{ paths, declared, types, site }` → `{ dataset, files, rows, bytes, schema: [{ name, type, nullable }] }`.
    #[napi]
    pub async fn open_parquet(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_parquet(&json).await }).await
    }

    /// Collective. `{ paths, declared, types, site }` → as `openParquet`.
    #[napi]
    pub async fn open_arrow(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_arrow(&json).await }).await
    }

    /// Collective. `{ paths, declared, types, delimiter, header, nulls?, site }` → as `openParquet`.
    #[napi]
    pub async fn open_csv(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_csv(&json).await }).await
    }

    /// Collective. `{ paths, declared, types: [[name, type]], whole, site }` → as `openParquet`.
    #[napi]
    pub async fn open_json_lines(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_json_lines(&json).await }).await
    }

    /// Collective. `{ table, columns, files, deletes, declared, site }` → as `openParquet`; `rows` is null where some may be deleted.
    #[napi]
    pub async fn open_iceberg(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_iceberg(&json).await }).await
    }

    /// This rank alone. As `openIceberg`, with a filter → the numbers of the files that it can match.
    #[napi]
    pub fn prune_iceberg(&self, json: String) -> napi::Result<Vec<u32>> {
        self.engine.prune_iceberg(&json).map_err(to_js)
    }

    /// Collective. `{ table, url?, declared, types, partitionBy?, connections?, site }` → as `openParquet`; rows and bytes are estimates.
    #[napi]
    pub async fn open_postgres(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_postgres(&json).await }).await
    }

    /// Collective. `{ table, url?, columns, declared, types, filter?, connections?, site }` → as `openParquet`; rows may be null.
    #[napi]
    pub async fn open_flight_sql(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_flight_sql(&json).await }).await
    }

    /// Collective. `{ name, statement, driver, options, declared, types, connections?, site }` → as `openParquet`; rows are null.
    #[napi]
    pub async fn open_adbc(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_adbc(&json).await }).await
    }

    /// Collective. As `openParquet`; rows are exact. `{ failed, site }`: rank 0 could not ask, and why.
    #[napi]
    pub async fn open_snowflake(&self, json: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.open_snowflake(&json).await }).await
    }

    /// The statement that asks Snowflake for the rows of a request.
    #[napi]
    pub fn snowflake_statement(&self, json: String) -> napi::Result<String> {
        self.engine.snowflake_statement(&json).map_err(to_js)
    }

    /// A literal table as an Arrow IPC stream, equal on all ranks; its dataset number.
    #[napi]
    pub async fn register_table(&self, ipc: Buffer) -> napi::Result<u32> {
        let engine = self.engine.clone();
        self.run(async move { engine.register_table(&ipc) }).await
    }

    /// This rank alone, in the same order on all. Begins a dataset of rows that each rank hands over, of the columns of a stream of Arrow IPC; its number.
    #[napi]
    pub fn begin_rows(&self, ipc: Buffer) -> napi::Result<u32> {
        self.engine.begin_rows(&ipc).map_err(to_js)
    }

    /// This rank alone. Adds rows, a stream of Arrow IPC, to the `part`th of its threads' partitions; `place`, that of the first of them, orders all.
    #[napi]
    pub async fn add_rows(&self, id: u32, part: u32, place: f64, ipc: Buffer) -> napi::Result<()> {
        let engine = self.engine.clone();
        self.run(async move { engine.add_rows(id, part as usize, place as i64, &ipc) }).await
    }

    /// This rank alone, in the same order on all. The rows of a dataset have come, so many on all ranks together.
    #[napi]
    pub fn end_rows(&self, id: u32, rows: f64) -> napi::Result<()> {
        self.engine.end_rows(id, rows as u64).map_err(to_js)
    }

    /// Collective. Runs a plan (JSON of `Plan`); a failure on any rank is the same error on every rank. `scripts` is
    /// called on the JavaScript thread, a batch at a time, for what only V8 can run.
    #[napi]
    pub async fn execute(&self, plan: String, scripts: Option<ScriptCallback>) -> napi::Result<JsExecution> {
        let engine = self.engine.clone();
        let scripts = scripts.map(|scripts| Arc::new(Scripts(scripts)) as Arc<dyn ScriptHost>);
        let execution = self.run(async move { engine.execute(&plan, scripts).await }).await?;
        let sinks = execution.sinks.into_iter().map(|sink| JsSink {
            rows: Some(sink.rows as f64),
            ipc: sink.ipc.map(Buffer::from),
            files: sink.files,
        });
        Ok(JsExecution { sinks: sinks.collect(), profile: execution.profile })
    }

    /// The distributed physical plan of a plan, one tree a stage; `ranks`: as it would be on so many.
    #[napi]
    pub async fn explain(&self, plan: String, ranks: Option<u32>) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.explain(&plan, ranks.map(|ranks| ranks.max(1) as usize)).await }).await
    }

    /// What a plan is on so many ranks, of which `local` share a machine: JSON of a `Model`.
    #[napi]
    pub async fn model(&self, plan: String, ranks: u32, local: u32) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.model(&plan, ranks.max(1) as usize, local.max(1) as usize).await }).await
    }

    /// The collectives that this rank has been through, where they are recorded: JSON of a list of
    /// `{ collective, kind, site, parts: [bytes] }`.
    #[napi]
    pub fn collectives(&self) -> napi::Result<String> {
        self.engine.collectives().map_err(to_js)
    }

    /// The columns that a plan's first sink sees: JSON of `[{ name, type }]`.
    #[napi]
    pub async fn schema_of(&self, plan: String) -> napi::Result<String> {
        let engine = self.engine.clone();
        self.run(async move { engine.schema_of(&plan).await }).await
    }

    /// Rows read by this rank's scans, rows they are to read, and the same in bytes of the input files.
    #[napi]
    pub fn progress(&self) -> Vec<f64> {
        self.engine.progress().map(|count| count as f64).to_vec()
    }

    /// Requests that this rank has made to object stores, and the bytes of them both ways.
    #[napi]
    pub fn store_traffic(&self) -> Vec<f64> {
        lockstep_connectors::traffic().map(|count| count as f64).to_vec()
    }

    /// This rank alone. Its rows of a kept table that was dealt in steps, in table order.
    #[napi]
    pub async fn rank_rows(&self, spool: u32) -> napi::Result<JsRankRows> {
        let engine = self.engine.clone();
        let rows = self.run(async move { engine.rank_rows(spool) }).await?;
        Ok(JsRankRows::new(self.engine.clone(), rows))
    }

    /// Frees a kept table.
    #[napi]
    pub fn release_spool(&self, id: u32) {
        self.engine.release_spool(id);
    }

    /// Forgets an opened dataset or a registered table.
    #[napi]
    pub fn close_dataset(&self, id: u32) {
        self.engine.close_dataset(id);
    }

    /// Collective. The root's bytes on every rank; the others pass null. `site`, here and below: where the program has it; ranks that
    /// are at different ones have diverged.
    #[napi]
    pub async fn broadcast(&self, bytes: Option<Buffer>, root: u32, site: Option<String>) -> napi::Result<Buffer> {
        let engine = self.engine.clone();
        let bytes = bytes.map(|bytes| Bytes::from_owner(Owned(bytes)));
        let bytes = self.run(async move { engine.broadcast(bytes, root as usize, &site.unwrap_or_default()).await }).await?;
        Ok(Buffer::from(Vec::from(bytes)))
    }

    /// Collective. Every rank's bytes in rank order.
    #[napi]
    pub async fn allgather(&self, bytes: Buffer, site: Option<String>) -> napi::Result<Vec<Buffer>> {
        let engine = self.engine.clone();
        let bytes = Bytes::from_owner(Owned(bytes));
        let all = self.run(async move { engine.allgather(OpKind::Allgather, bytes, &site.unwrap_or_default()).await }).await?;
        Ok(all.into_iter().map(|bytes| Buffer::from(Vec::from(bytes))).collect())
    }

    /// Collective. `parts[rank]` is for that rank, null: nothing; what the ranks had for this one, in rank order.
    #[napi]
    pub async fn alltoall(&self, parts: Vec<Option<Buffer>>, site: Option<String>) -> napi::Result<Vec<Option<Buffer>>> {
        let engine = self.engine.clone();
        let parts = parts.into_iter().map(|part| part.map(|part| Bytes::from_owner(Owned(part)))).collect();
        let received = self.run(async move { engine.alltoall(parts, &site.unwrap_or_default()).await }).await?;
        Ok(received.into_iter().map(|part| part.map(|bytes| Buffer::from(Vec::from(bytes)))).collect())
    }

    /// Collective. Resolves when all ranks are here.
    #[napi]
    pub async fn barrier(&self, site: Option<String>) -> napi::Result<()> {
        let engine = self.engine.clone();
        self.run(async move { engine.barrier(&site.unwrap_or_default()).await }).await
    }

    /// Tells the other ranks: every operation of the current call, pending or later, rejects with this error (JSON).
    #[napi]
    pub fn fail(&self, error: String) {
        self.engine.fail(&EngineError::from_json(&error));
    }

    /// Collective end of a call: leaves a failed state behind; every rank's outcome in rank order. Rejects only when a
    /// rank is gone (LS2011).
    #[napi]
    pub async fn settle(&self, outcome: Buffer) -> napi::Result<Vec<Buffer>> {
        let engine = self.engine.clone();
        let outcome = Bytes::from_owner(Owned(outcome));
        let all = self.run(async move { engine.settle(outcome).await }).await?;
        Ok(all.into_iter().map(|bytes| Buffer::from(Vec::from(bytes))).collect())
    }

    /// Leaves the ranks; nothing works afterwards.
    #[napi]
    pub async fn close(&self) {
        let engine = self.engine.clone();
        // Over MPI it waits for the others.
        let _ = napi::tokio::task::spawn_blocking(move || engine.close()).await;
    }

    /// As `close`, in the last moment of a process that ends with `code`; where the others do not leave, it ends them.
    #[napi]
    pub fn leave(&self, code: i32) {
        mpi::set_exit_code(code);
        self.engine.close();
    }
}

/// JavaScript's bytes, kept alive by the engine while it sends them.
struct Owned(Buffer);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
