//! N engines in one test, and plans written as JSON.
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::StreamReader;
use arrow::util::pretty::pretty_format_batches;
use lockstep_exec::{Engine, EngineError, EngineOptions, Execution};
use serde_json::{Value, json};

/// Ranks × threads that every plan is tried on.
pub const WORLDS: [(usize, usize); 8] = [(1, 1), (1, 2), (2, 1), (3, 1), (7, 1), (2, 2), (5, 1), (4, 2)];

/// Ranks that are a grid, of groups of two: two groups, and three of which one has one rank.
const GRIDS: [usize; 2] = [4, 5];

/// Longer than any test.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether executions adapt to the rows that they see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapt {
    /// Where it is worth it.
    Sized,
    Always,
    Never,
}

pub struct World {
    pub size: usize,
    pub threads: usize,
    /// Bytes a rank; 0: no limit.
    pub memory: u64,
    pub adapt: Adapt,
    /// Ranks of a group in their grid, 0: each sends to each.
    pub group: usize,
}

impl World {
    pub fn new(size: usize, threads: usize) -> Self {
        let group = if GRIDS.contains(&size) { 2 } else { 0 };
        Self { size, threads, memory: 0, adapt: Adapt::Sized, group }
    }

    /// Runs `body` on every rank; the results in rank order.
    pub fn run<T, F>(&self, body: impl Fn(Arc<Engine>) -> F + Sync) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let job = format!("exec-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let rank = |rank: usize| {
            let options = EngineOptions {
                rank,
                size: self.size,
                job: job.clone(),
                local_ranks: None,
                threads: self.threads,
                memory_limit: self.memory,
                spill_directory: String::new(),
                sample: None,
                without: if self.adapt == Adapt::Never { vec!["keys".into(), "heavy".into()] } else { vec![] },
                trace: false,
                always: self.adapt == Adapt::Always,
                group: Some(self.group),
                allocator: None,
                planned_for: None,
                record: true,
            };
            let engine = Engine::create(options).expect("the ranks meet");
            let (done, result) = std::sync::mpsc::channel();
            let work = body(engine.clone());
            engine.handle().spawn(async move { done.send(work.await) });
            let result = result.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("rank {rank} hangs or panicked"));
            (engine, result)
        };
        // Engines stay until all ranks are done: a rank that leaves early ends the others' operations.
        let ended: Vec<_> = std::thread::scope(|scope| {
            let rank = &rank;
            let ranks: Vec<_> = (0..self.size).map(|index| scope.spawn(move || rank(index))).collect();
            ranks.into_iter().map(|rank| rank.join().expect("a rank ends")).collect()
        });
        ended.into_iter().map(|(_, result)| result).collect()
    }
}

pub async fn open(engine: &Engine, paths: &[&Path]) -> u64 {
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    let request = json!({ "paths": paths, "declared": [], "types": {}, "site": "job.ts:1:1" }).to_string();
    let opened = if paths[0].ends_with("csv") { engine.open_csv(&request).await } else { engine.open_parquet(&request).await };
    let opened: Value = serde_json::from_str(&opened.expect("the input opens")).unwrap();
    opened["dataset"].as_u64().unwrap()
}

pub fn plan(nodes: Vec<Value>, sinks: Vec<Value>) -> Value {
    json!({ "function": "job.ts#f", "nodes": nodes, "sinks": sinks })
}

pub async fn execute(engine: &Engine, plan: &Value) -> Result<Execution, EngineError> {
    engine.execute(&plan.to_string(), None).await
}

pub fn scan(dataset: u64, columns: &[(&str, &str)]) -> Value {
    let columns: Vec<_> = columns.iter().map(|(name, js)| json!({ "name": name, "type": js, "nullable": true })).collect();
    json!({ "op": "scan", "dataset": dataset, "columns": columns, "site": "job.ts:1:1" })
}

pub fn column(name: &str, js: &str) -> Value {
    json!({ "kind": "column", "name": name, "type": js })
}

pub fn number(value: f64) -> Value {
    json!({ "kind": "literal", "type": "number", "value": value })
}

pub fn call(function: &str, js: &str, args: Vec<Value>) -> Value {
    json!({ "kind": "call", "function": function, "type": js, "args": args })
}

pub fn filter(input: usize, predicate: Value) -> Value {
    json!({ "op": "filter", "input": input, "predicate": predicate, "site": "job.ts:2:1" })
}

pub fn derive(input: usize, columns: Vec<(&str, Value)>) -> Value {
    let columns: Vec<_> = columns.into_iter().map(|(name, value)| json!({ "name": name, "expression": value })).collect();
    json!({ "op": "derive", "input": input, "columns": columns, "site": "job.ts:3:1" })
}

pub fn select(input: usize, columns: &[(&str, &str)]) -> Value {
    let columns: Vec<_> = columns.iter().map(|(from, name)| json!({ "from": from, "as": name })).collect();
    json!({ "op": "select", "input": input, "columns": columns, "site": "job.ts:4:1" })
}

/// `on`: a column of both sides; the output has all `left` and `right` columns.
pub fn join(kind: &str, inputs: (usize, usize), on: (&str, &str, &str), left: &[&str], right: &[&str]) -> Value {
    let side = |side: &str, names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| json!({ "side": side, "from": name, "as": name })).collect()
    };
    let columns = [side("left", left), side("right", right)].concat();
    let on = json!({ "left": column(on.0, on.2), "right": column(on.1, on.2) });
    json!({ "op": "join", "left": inputs.0, "right": inputs.1, "type": kind, "on": [on], "columns": columns, "site": "job.ts:5:1" })
}

/// Aggregates as (name, function, argument).
pub fn aggregate(input: usize, keys: &[(&str, &str)], aggregates: Vec<(&str, &str, Option<Value>)>) -> Value {
    let keys: Vec<_> = keys.iter().map(|(name, js)| json!({ "name": name, "expression": column(name, js) })).collect();
    let aggregates: Vec<_> = aggregates
        .into_iter()
        .map(|(name, function, arg)| match arg {
            Some(arg) => json!({ "name": name, "function": function, "arg": arg }),
            None => json!({ "name": name, "function": function }),
        })
        .collect();
    json!({ "op": "aggregate", "input": input, "keys": keys, "aggregates": aggregates, "site": "job.ts:6:1" })
}

/// Keys as (column, type, descending).
pub fn sort(input: usize, keys: &[(&str, &str, bool)]) -> Value {
    let keys: Vec<_> =
        keys.iter().map(|(name, js, descending)| json!({ "expression": column(name, js), "descending": descending })).collect();
    json!({ "op": "sort", "input": input, "keys": keys, "site": "job.ts:7:1" })
}

pub fn slice(input: usize, start: i64, end: Option<i64>) -> Value {
    match end {
        Some(end) => json!({ "op": "slice", "input": input, "start": start, "end": end, "site": "job.ts:8:1" }),
        None => json!({ "op": "slice", "input": input, "start": start, "site": "job.ts:8:1" }),
    }
}

/// Of trips and zones, opened in this order: rows that are scattered by hash and by range, and copied; agreements on keys and splitters.
pub fn every_exchange(trips: &[(&str, &str)]) -> Vec<Value> {
    vec![
        scan(1, trips),
        scan(2, &[("zone", "number"), ("borough", "string")]),
        join("inner", (0, 1), ("zone", "zone", "number"), &["t", "miles", "name"], &["borough"]),
        join("left", (2, 0), ("t", "t", "date"), &["t", "borough", "miles"], &["name"]),
        aggregate(3, &[("borough", "string"), ("name", "string")], vec![("middle", "median", Some(column("miles", "number"))), ("n", "count", None)]),
        sort(4, &[("n", "number", true), ("name", "string", false)]),
    ]
}

pub fn collect(input: usize) -> Value {
    json!({ "op": "collect", "input": input, "limit": 1_000_000, "everywhere": true, "site": "job.ts:9:1" })
}

pub fn count(input: usize) -> Value {
    json!({ "op": "count", "input": input, "site": "job.ts:9:2" })
}

pub fn write(input: usize, staging: &Path, ordered: bool) -> Value {
    json!({ "op": "writeParquet", "input": input, "path": "out", "staging": staging.display().to_string(), "ordered": ordered,
            "compression": "snappy", "rowGroupRows": 1 << 20, "types": {}, "site": "job.ts:10:1" })
}

/// The rows of a collect.
pub fn rows(ipc: &[u8]) -> RecordBatch {
    let reader = StreamReader::try_new(std::io::Cursor::new(ipc), None).unwrap();
    let schema = reader.schema();
    concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>().unwrap()).unwrap()
}

pub fn text(batch: &RecordBatch) -> String {
    pretty_format_batches(std::slice::from_ref(batch)).unwrap().to_string()
}

/// Collects node `node` of the plan that `nodes` makes of the opened inputs, on every world and rank: the same rows.
pub fn same_everywhere(inputs: &[&Path], nodes: impl Fn(&[u64]) -> Vec<Value> + Sync) -> RecordBatch {
    let mut answers: Vec<(String, RecordBatch)> = vec![];
    for (index, (size, threads)) in WORLDS.into_iter().enumerate() {
        let adapt = [Adapt::Never, Adapt::Always][index % 2];
        let results = World { adapt, ..World::new(size, threads) }.run(|engine| {
            let inputs: Vec<_> = inputs.iter().map(|path| path.to_path_buf()).collect();
            let nodes = &nodes;
            let engine_ = engine.clone();
            // Datasets are numbered from 1 in the order opened.
            let numbers: Vec<u64> = (1..=inputs.len() as u64).collect();
            let nodes = nodes(&numbers);
            let last = nodes.len() - 1;
            let plan = plan(nodes, vec![collect(last), count(last)]);
            async move {
                for path in &inputs {
                    open(&engine_, &[path]).await;
                }
                execute(&engine_, &plan).await
            }
        });
        for (rank, result) in results.into_iter().enumerate() {
            let place = format!("rank {rank} of {size} × {threads} threads");
            let execution = result.unwrap_or_else(|error| panic!("{place}: {}", error.to_json()));
            let batch = rows(execution.sinks[0].ipc.as_ref().expect("collected everywhere"));
            assert_eq!(execution.sinks[1].rows, batch.num_rows() as u64, "{place}");
            answers.push((place, batch));
        }
    }
    let (_, first) = answers.remove(0);
    for (place, other) in answers {
        assert_eq!(text(&other), text(&first), "{place}");
    }
    first
}

/// What a profile says of each operator.
pub fn operators(profile: &str) -> Vec<Value> {
    let profile: Value = serde_json::from_str(profile).unwrap();
    profile["operators"].as_array().unwrap().clone()
}

/// A counter of an operator on each rank.
pub fn by_rank(operator: &Value, counter: &str) -> Vec<u64> {
    operator["ranks"].as_array().unwrap().iter().map(|rank| rank[counter].as_u64().unwrap()).collect()
}
