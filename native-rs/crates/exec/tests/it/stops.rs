//! Whoever stops reading early, anywhere in a plan: nobody waits for it, and what it has read is right.
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use lockstep_exec::Engine;
use serde_json::{Value, json};

use crate::tables::{dataset, trips, zones};
use crate::windows::{function, window};
use crate::world::*;

const TRIPS: [(&str, &str); 4] = [("t", "date"), ("zone", "number"), ("miles", "number"), ("name", "string")];

/// Trips, zones, and the trips of one half: what every case begins with.
fn inputs() -> Vec<Value> {
    let even = call("eq", "boolean", vec![call("mod", "number", vec![column("zone", "number"), number(2.0)]), number(0.0)]);
    vec![scan(1, &TRIPS), scan(2, &[("zone", "number"), ("borough", "string")]), filter(0, even)]
}

fn joined(kind: &str) -> Value {
    let right: &[&str] = if matches!(kind, "semi" | "anti") { &[] } else { &["borough"] };
    let left: &[&str] = if right.is_empty() { &[] } else { &["t", "zone"] };
    join(kind, (0, 1), ("zone", "zone", "number"), left, right)
}

/// Of a large table with itself: rows of both sides travel.
fn shuffled(kind: &str) -> Value {
    join(kind, (0, 2), ("t", "t", "date"), &["t", "miles"], &["name"])
}

/// Of node 3 with the zones.
fn without_keys() -> Value {
    let mut cross = join("inner", (3, 1), ("zone", "zone", "number"), &["t", "zone"], &["borough"]);
    cross["on"] = json!([]);
    cross
}

fn asof(by: bool) -> Value {
    let key = |name: &str, js: &str| json!({ "left": column(name, js), "right": column(name, js) });
    let by = if by { vec![key("zone", "number")] } else { vec![] };
    json!({ "op": "asofJoin", "left": 0, "right": 2, "on": key("t", "date"), "by": by, "strategy": "backward",
            "columns": [{ "side": "left", "from": "t", "as": "t" }, { "side": "right", "from": "miles", "as": "before" }], "site": "job.ts:5:1" })
}

/// Every operator that a program can ask for, the node's last.
fn cases() -> Vec<(&'static str, Vec<Value>)> {
    let zone = || json!([{ "name": "zone", "expression": column("zone", "number") }]);
    let words = call("string.split", "string[]", vec![call("String", "string", vec![column("name", "string")]), json!({ "kind": "literal", "type": "string", "value": "" })]);
    let short = call("lt", "boolean", vec![column("miles", "number"), number(60.0)]);
    let best = || vec![("best", "max", Some(column("miles", "number"))), ("first", "first", Some(column("name", "string")))];
    vec![
        ("scan", vec![]),
        ("filter", vec![filter(0, short)]),
        ("derive", vec![derive(0, vec![("half", call("div", "number", vec![column("miles", "number"), number(2.0)]))])]),
        ("select", vec![select(0, &[("name", "who")])]),
        ("inner join", vec![joined("inner")]),
        ("left join", vec![joined("left")]),
        ("right join", vec![joined("right")]),
        ("full join", vec![joined("full")]),
        ("semi join", vec![joined("semi")]),
        ("anti join", vec![join("anti", (0, 2), ("zone", "zone", "number"), &[], &[])]),
        ("shuffled inner join", vec![shuffled("inner")]),
        ("shuffled left join", vec![shuffled("left")]),
        ("shuffled full join", vec![shuffled("full")]),
        ("cross join", vec![slice(0, 0, Some(500)), without_keys()]),
        ("as-of join", vec![asof(false)]),
        ("as-of join by zone", vec![asof(true)]),
        ("groups", vec![aggregate(0, &[("zone", "number")], best())]),
        ("many groups", vec![aggregate(0, &[("t", "date")], best())]),
        ("one group", vec![aggregate(0, &[], best())]),
        ("median", vec![aggregate(0, &[("zone", "number")], vec![("middle", "median", Some(column("miles", "number")))])]),
        ("window of groups", vec![window(0, &[("zone", "number")], vec![("place", function("rowNumber", None, vec![]))])]),
        ("window of the table", vec![window(0, &[], vec![("before", function("lag", Some(column("t", "date")), vec![number(700.0)]))])]),
        ("sort", vec![sort(0, &[("miles", "number", true), ("name", "string", false)])]),
        ("sort and slice", vec![sort(0, &[("miles", "number", true)]), slice(3, 10, Some(9_000))]),
        ("slice", vec![slice(0, 5_000, Some(-5_000))]),
        ("first of groups", vec![json!({ "op": "slice", "input": 0, "start": 0, "end": 3, "keys": zone(), "site": "job.ts:8:1" })]),
        ("middle of groups", vec![json!({ "op": "slice", "input": 0, "start": 2, "end": -1, "keys": zone(), "site": "job.ts:8:1" })]),
        ("concat", vec![json!({ "op": "concat", "inputs": [0, 2, 0], "site": "job.ts:9:1" })]),
        ("unroll", vec![json!({ "op": "unroll", "input": 0, "lists": [{ "name": "letter", "expression": words }], "index": "at", "site": "job.ts:9:1" })]),
        ("dedupe", vec![json!({ "op": "dedupe", "input": 0, "keys": [column("zone", "number"), column("name", "string")], "site": "job.ts:9:1" })]),
        ("rebalance", vec![json!({ "op": "rebalance", "input": 0, "site": "job.ts:9:1" })]),
        ("rebalance in steps", vec![json!({ "op": "rebalance", "input": 0, "step": 1_000, "site": "job.ts:9:1" })]),
        ("spool", vec![json!({ "op": "spool", "input": 2, "spool": 1, "site": "job.ts:9:1" })]),
    ]
}

/// The node that a case is about.
fn with_inputs(nodes: &[Value]) -> (Vec<Value>, usize) {
    let all = [inputs(), nodes.to_vec()].concat();
    let last = if nodes.is_empty() { 0 } else { all.len() - 1 };
    (all, last)
}

/// The rows of the first sink, and what the second one counts.
async fn run(engine: &Engine, name: &str, nodes: Vec<Value>, sinks: Vec<Value>) -> (RecordBatch, Option<u64>) {
    let result = execute(engine, &plan(nodes, sinks)).await.unwrap_or_else(|error| panic!("{name}: {}", error.to_json()));
    engine.release_spool(1);
    (rows(result.sinks[0].ipc.as_ref().unwrap()), result.sinks.get(1).map(|sink| sink.rows))
}

/// `body` on every rank, the two datasets open.
fn on<T: Send + 'static, F: Future<Output = T> + Send + 'static>(world: World, files: [&Path; 2], body: impl Fn(Arc<Engine>) -> F + Sync) -> Vec<T> {
    world.run(|engine| {
        let (files, work) = (files.map(Path::to_path_buf), body(engine.clone()));
        async move {
            for file in &files {
                open(&engine, &[file]).await;
            }
            work.await
        }
    })
}

#[test]
fn every_operator_below_a_consumer_that_stops() {
    let (_a, trips_path) = dataset("trips", &[trips(6_000), trips(3), trips(2_000)]);
    let (_b, zones_path) = dataset("zones", &[zones()]);
    let files = [trips_path.as_path(), zones_path.as_path()];
    let whole = on(World::new(1, 1), files, |engine| async move {
        let mut all = vec![];
        for (name, nodes) in cases() {
            let (nodes, last) = with_inputs(&nodes);
            all.push(run(&engine, name, nodes, vec![collect(last)]).await.0);
        }
        all
    });
    let expected = Arc::new(whole.into_iter().next().unwrap());
    for (size, threads) in [(2, 2), (7, 1), (5, 1)] {
        on(World::new(size, threads), files, |engine| {
            let expected = expected.clone();
            async move {
                for ((name, nodes), expected) in cases().into_iter().zip(&*expected) {
                    let length = expected.num_rows();
                    for end in [0, 1, length / 2] {
                        let (mut nodes, last) = with_inputs(&nodes);
                        nodes.push(slice(last, 0, Some(end as i64)));
                        let first = collect(nodes.len() - 1);
                        let right = expected.slice(0, end.min(length));
                        // Alone, and beside a consumer that reads all: what stops must not stop the other one.
                        let (alone, _) = run(&engine, name, nodes.clone(), vec![first.clone()]).await;
                        let (beside, count) = run(&engine, name, nodes, vec![first, count(last)]).await;
                        assert!(alone == right && beside == right, "{name} to {end} on {size} ranks");
                        assert_eq!(count, Some(length as u64), "{name}, beside a slice of {end}");
                    }
                }
            }
        });
    }
}
