//! What outlives an execution: the ranks, the datasets, the kept tables, memory and worker threads.
mod connect;
mod footers;
mod handed;
mod open;
mod plans;
mod rows;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::PeakRecordingPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionState;
use lockstep_comm::{Communicator, Op, OpKind, RankError};
use lockstep_connectors::clear_output;
use lockstep_functions::ScriptHost;
use lockstep_plan::{Node, Plan, Sink};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::runtime::{Builder as RuntimeBuilder, Handle, Runtime};

pub use self::rows::RankRows;
use self::connect::connect;
use crate::blame::blame;
use crate::error::{EngineError, Result};
use crate::execute::{self, Execution, Outcome};
use crate::planner::{Adapt, ChosenFor, Optimisation, Way, physical::session};
use crate::pool::of_rank;
use crate::progress::Progress;
use crate::resident::Allocator;
use crate::run::{Ranks, Run};
use crate::schedule;
use crate::source::Source;
use crate::spill::SpillFolder;
use crate::spool::{Handed, Spool};

/// How a rank takes its place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EngineOptions {
    pub rank: usize,
    /// 1 needs no transport.
    pub size: usize,
    /// Names the meeting place of ranks of one machine; equal on all of them.
    pub job: String,
    /// Where an MPI launcher started the ranks, which meet over MPI then: how many of them share this machine.
    pub local_ranks: Option<usize>,
    /// Worker threads, each with a partition of every distributed table.
    pub threads: usize,
    /// Bytes; 0: no limit.
    pub memory_limit: u64,
    /// The process's, where the process is this rank's; None: the limit is one of what operators reserve.
    #[serde(skip)]
    pub allocator: Option<Allocator>,
    /// Empty: the system's directory for temporary files.
    pub spill_directory: String,
    /// The profile says when each operator worked.
    pub trace: bool,
    /// Rows that are read of inputs of files that have more; None: all.
    pub sample: Option<u64>,
    /// Names of optimisations to do without; equal on all ranks.
    pub without: Vec<String>,
    /// Executions adapt to the rows that they see however small tables are: for tests; equal on all ranks.
    pub always: bool,
    /// Of tests: ranks of a group in the grid of ranks, 0: each sends to each. None: as the environment says, or their number. Equal on
    /// all ranks.
    pub group: Option<usize>,
    /// Plans are chosen as for so many ranks; None: as for those there are. Equal on all ranks.
    pub planned_for: Option<usize>,
    /// Collectives are recorded, for [`Engine::collectives`].
    pub record: bool,
}

/// The engine of one rank.
pub struct Engine {
    comm: Communicator,
    ranks: Ranks,
    chosen_for: ChosenFor,
    env: Arc<RuntimeEnv>,
    pub(crate) temporary: PathBuf,
    progress: Arc<Progress>,
    /// One a way of planning, in their order.
    sessions: [SessionState; 3],
    /// The way in which executions are tried first.
    first: Way,
    sources: Mutex<HashMap<u32, Source>>,
    spools: Mutex<HashMap<u32, Arc<Spool>>>,
    /// Datasets in the making, of rows that the program hands over.
    handed: Mutex<HashMap<u32, Handed>>,
    position: Mutex<Position>,
    workers: Mutex<Option<Runtime>>,
    handle: Handle,
    traced: bool,
    sample: Option<u64>,
    adapt: Adapt,
}

/// Where the program is: which call, which operation in it, the last dataset opened.
#[derive(Default)]
struct Position {
    call: u64,
    sequence: u64,
    dataset: u32,
}

/// Operation numbers of the end of a call: after all others.
const SETTLE: u64 = u64::MAX - 2;

impl Engine {
    /// Joins the other ranks; blocks until all have come. LS2011 if they do not, LS2015 where the environment asks for groups
    /// of a number that is none.
    pub fn create(options: EngineOptions) -> Result<Arc<Self>> {
        let ranks = Ranks { rank: options.rank, size: options.size.max(1), threads: options.threads.max(1) };
        let without = options.without.iter().map(|name| name.parse()).collect::<Result<Vec<Optimisation>>>()?;
        let adapt = Adapt::new(&without, options.always);
        let spill = match options.spill_directory.as_str() {
            "" => std::env::temp_dir(),
            directory => PathBuf::from(directory),
        };
        let comm = connect(&options, spill.clone())?;
        if options.record {
            comm.record();
        }
        let chosen_for = match options.planned_for {
            Some(size) => ChosenFor::absent(Ranks { size, ..ranks }),
            None => ChosenFor { ranks, grid: comm.grid() },
        };
        let workers = RuntimeBuilder::new_multi_thread()
            .worker_threads(ranks.threads)
            .thread_name("lockstep-worker")
            .enable_all()
            .build()
            .map_err(|error| EngineError::bug(format!("no worker threads: {error}")))?;
        let disk = DiskManagerBuilder::default().with_temp_file_factory(Arc::new(SpillFolder::within(&spill)?));
        let env = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(PeakRecordingPool::new(of_rank(options.memory_limit as usize, options.allocator)))).with_disk_manager_builder(disk).build_arc()?;
        let progress = Arc::<Progress>::default();
        Ok(Arc::new(Self {
            comm,
            ranks,
            chosen_for,
            sessions: [Way::Specialised, Way::General, Way::Merging].map(|way| session(ranks, chosen_for, env.clone(), progress.clone(), way, adapt)),
            first: if without.contains(&Optimisation::Specialise) { Way::General } else { Way::Specialised },
            env,
            temporary: spill,
            progress,
            sources: Mutex::default(),
            spools: Mutex::default(),
            handed: Mutex::default(),
            position: Mutex::default(),
            handle: workers.handle().clone(),
            workers: Mutex::new(Some(workers)),
            traced: options.trace,
            sample: options.sample,
            adapt,
        }))
    }

    pub fn ranks(&self) -> Ranks {
        self.ranks
    }

    /// Whether executions say when each operator worked.
    pub(crate) fn traced(&self) -> bool {
        self.traced
    }

    /// Bytes sent to each rank so far.
    pub(crate) fn sent(&self) -> Vec<u64> {
        let stats = self.comm.stats();
        (0..self.ranks.size).map(|rank| stats.get(&rank).map_or(0, |peer| peer.bytes_sent)).collect()
    }

    /// Messages sent to others so far, and the bytes of them.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        let others = self.comm.stats().into_iter().filter(|(rank, _)| *rank != self.ranks.rank);
        others.fold((0, 0), |(messages, bytes), (_, peer)| (messages + peer.messages_sent, bytes + peer.bytes_sent))
    }

    /// Collectives that were recorded so far.
    pub(crate) fn recorded(&self) -> usize {
        self.comm.recorded(<[_]>::len)
    }

    /// The collectives so far, where [`EngineOptions::record`] asked for them: JSON of a list.
    pub fn collectives(&self) -> Result<String> {
        self.comm.recorded(schedule::recorded)
    }

    /// Operations with other ranks so far.
    pub(crate) fn operations(&self) -> u64 {
        self.comm.operations()
    }

    /// How far this rank's scans are.
    pub fn progress(&self) -> [u64; 4] {
        self.progress.now()
    }

    /// The worker threads: everything asynchronous here must be polled by them.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    fn add(&self, source: Source) -> u32 {
        let id = self.number();
        self.sources.lock().insert(id, source);
        id
    }

    /// Of the next dataset.
    fn number(&self) -> u32 {
        let mut position = self.position.lock();
        position.dataset += 1;
        position.dataset
    }

    /// Forgets an opened dataset or table.
    pub fn close_dataset(&self, id: u32) {
        self.sources.lock().remove(&id);
        self.handed.lock().remove(&id);
    }

    /// Frees a kept table.
    pub fn release_spool(&self, id: u32) {
        self.spools.lock().remove(&id);
    }

    pub(crate) fn keep_spool(&self, id: u32, spool: Spool) {
        self.spools.lock().insert(id, Arc::new(spool));
    }

    /// Collective. Runs a plan; `scripts` runs what only V8 can. A failure on any rank is the same error on every rank.
    pub async fn execute(&self, plan: &str, scripts: Option<Arc<dyn ScriptHost>>) -> Result<Execution> {
        let plan = parse(plan)?;
        let mut way = self.first;
        let executed = loop {
            match execute::execute(self, &plan, scripts.as_ref(), way).await {
                // All ranks are here, and go the next way, which no rank begins before rank 0 does.
                Ok(Outcome::GaveUp(next)) => match self.clear(&plan) {
                    Ok(()) => way = next,
                    Err(error) => break Err(error),
                },
                Ok(Outcome::Done(done)) => break Ok(done),
                Err(error) => break Err(error),
            }
        };
        executed.map_err(|error| {
            let site = blame(&plan, &error).unwrap_or_else(|| plan.sinks.first().map_or("", |sink| sink.site()));
            let error = error.at(site).on(self.ranks.rank);
            self.fail(&error);
            error
        })
    }

    /// Removes what an execution that gave up has written: the next one has other rows in other parts.
    fn clear(&self, plan: &Plan) -> Result<()> {
        let places = plan.sinks.iter().filter_map(Sink::place).filter(|_| self.ranks.rank == 0);
        places.map(|(place, store)| Ok(clear_output(place, store)?)).collect()
    }

    /// Agrees with the other ranks on what is run; the plan's `operations` get numbers of their own.
    pub(crate) async fn begin(&self, text: &str, operations: u64, plan: &Plan) -> Result<Arc<Run>> {
        let site = plan.sinks.first().map_or("", |sink| sink.site());
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        // What stands in the program as a table is as much a part of the plan as its constants.
        for node in &plan.nodes {
            if let Node::Scan { dataset, .. } = node
                && let Some(Source::Table { hash, .. }) = self.sources.lock().get(dataset)
            {
                hash.hash(&mut hasher);
            }
        }
        let fingerprint = hasher.finish() | 1;
        let all = self.comm.allgather(&self.next(OpKind::Plan, site), fingerprint.to_le_bytes().to_vec().into()).await?;
        if let Some(rank) = all.iter().position(|other| other[..] != fingerprint.to_le_bytes()) {
            let message = format!("rank {rank} and rank {} have different plans for {site}", self.ranks.rank);
            return Err(EngineError::new("LS2012", message));
        }
        let (call, first) = {
            let mut position = self.position.lock();
            let first = position.sequence;
            position.sequence += operations;
            (position.call, first)
        };
        Ok(Run::new(self.comm.clone(), self.ranks, call, first, fingerprint, site))
    }

    pub(crate) fn context(&self) -> Arc<TaskContext> {
        self.sessions[Way::General as usize].task_ctx()
    }

    /// The number of the next operation.
    pub(crate) fn sequence(&self) -> u64 {
        self.position.lock().sequence
    }

    fn next(&self, kind: OpKind, site: &str) -> Op {
        let mut position = self.position.lock();
        let op = Op { call: position.call, sequence: position.sequence, kind, site: site.into(), fingerprint: 0 };
        position.sequence += 1;
        op
    }

    /// Collective, as the following: `site` is where the program has it, "": nowhere. Root's bytes, on every rank.
    pub async fn broadcast(&self, bytes: Option<Bytes>, root: usize, site: &str) -> Result<Bytes> {
        Ok(self.comm.broadcast(&self.next(OpKind::Broadcast, site), root, bytes).await?)
    }

    /// Collective. Every rank's bytes in rank order.
    pub async fn allgather(&self, kind: OpKind, bytes: Bytes, site: &str) -> Result<Vec<Bytes>> {
        Ok(self.comm.allgather(&self.next(kind, site), bytes).await?)
    }

    /// Collective. Every rank's bytes in rank order, on rank 0.
    pub async fn gather(&self, kind: OpKind, bytes: Bytes) -> Result<Option<Vec<Bytes>>> {
        Ok(self.comm.gather(&self.next(kind, ""), 0, bytes).await?)
    }

    /// Collective. `parts[rank]` is for that rank; what the ranks had for this one, in rank order.
    pub async fn alltoall(&self, parts: Vec<Option<Bytes>>, site: &str) -> Result<Vec<Option<Bytes>>> {
        Ok(self.comm.alltoall(&self.next(OpKind::Alltoall, site), parts).await?)
    }

    /// Collective. Returns when all ranks are here.
    pub async fn barrier(&self, site: &str) -> Result<()> {
        Ok(self.comm.barrier(&self.next(OpKind::Barrier, site)).await?)
    }

    /// Tells the other ranks: every operation of the current call, pending or later, fails with this error.
    pub fn fail(&self, error: &EngineError) {
        let rank = error.rank.unwrap_or(self.ranks.rank);
        self.comm.fail(RankError { rank, message: error.to_json() });
    }

    /// Collective end of a call: leaves a failed state behind; every rank's outcome in rank order. LS2011 only.
    pub async fn settle(&self, outcome: Bytes) -> Result<Vec<Bytes>> {
        let call = {
            let mut position = self.position.lock();
            let call = position.call;
            *position = Position { call: call + 1, sequence: 0, ..*position };
            call
        };
        let op = |sequence| Op { call, sequence, kind: OpKind::Settle, site: "".into(), fingerprint: 0 };
        match self.comm.allgather(&op(SETTLE), outcome.clone()).await {
            Err(error) if error.recoverable() => {
                self.comm.recover(&Op { kind: OpKind::Recover, ..op(SETTLE + 1) }).await?;
                Ok(self.comm.allgather(&op(SETTLE + 2), outcome).await?)
            }
            settled => Ok(settled?),
        }
    }

    /// Collective, after the same execution failed on all ranks: what the ranks reported, the same list everywhere, and the
    /// failure is forgotten. `after`: the number of the next operation.
    pub(crate) async fn recover(&self, error: &EngineError, after: u64) -> Result<Vec<EngineError>> {
        self.fail(error);
        self.position.lock().sequence = after;
        let errors = self.comm.recover(&self.next(OpKind::Recover, "")).await?;
        Ok(match errors.is_empty() {
            true => vec![error.clone()],
            false => errors.into_iter().map(EngineError::from).collect(),
        })
    }

    /// Leaves the group; nothing works afterwards.
    pub fn close(&self) {
        self.comm.close();
        self.spools.lock().clear();
        self.sources.lock().clear();
        if let Some(workers) = self.workers.lock().take() {
            workers.shutdown_background();
        }
    }

    /// The most memory, in bytes, that operators of this rank have held at once.
    pub fn peak_reserved(&self) -> usize {
        PeakRecordingPool::from_pool(self.env.memory_pool.as_ref()).map_or(0, PeakRecordingPool::max_reserved)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A runtime must not be dropped where something is awaited.
        self.close();
    }
}

fn parse(plan: &str) -> Result<Plan> {
    serde_json::from_str(plan).map_err(|error| EngineError::bug(format!("a plan that cannot be read: {error}")))
}
