//! A key with most of the rows of a shuffled join: its rows are dealt over the ranks.
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tables::{dataset, random};
use crate::world::*;

const FACTS: [(&str, &str); 3] = [("id", "number"), ("key", "number"), ("n", "number")];
const OTHERS: [(&str, &str); 2] = [("key", "number"), ("m", "number")];

/// 60,000 rows of which nine in ten have `heavy` as their key, the others one of 30,000.
fn facts(heavy: Option<i64>) -> (TempDir, PathBuf) {
    let key = |row: i64| if row % 10 == 0 { Some(random(row as u64, 30_000) as i64) } else { heavy };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..60_000))),
        ("key", Arc::new(Int64Array::from_iter((0..60_000).map(key)))),
        ("n", Arc::new(Int64Array::from_iter_values((0..60_000).map(|row| row * 7 % 1000)))),
    ];
    dataset("facts", &[RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()])
}

/// 30,000 keys, one of them twice.
fn others() -> (TempDir, PathBuf) {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("key", Arc::new(Int64Array::from_iter_values((0..30_000).chain([77])))),
        ("m", Arc::new(Int64Array::from_iter_values(0..30_001))),
    ];
    dataset("others", &[RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()])
}

fn joined(kind: &str) -> Vec<Value> {
    let one_side = kind == "semi" || kind == "anti";
    let (left, right): (&[&str], &[&str]) = if one_side { (&[], &[]) } else { (&["id", "n"], &["m"]) };
    vec![scan(1, &FACTS), scan(2, &OTHERS), join(kind, (0, 1), ("key", "key", "number"), left, right)]
}

/// The answer, the operators, and the plan.
fn run(files: &[&PathBuf], nodes: Vec<Value>, size: usize, threads: usize, adapt: Adapt) -> (String, Vec<Value>, String) {
    let results = World { adapt, ..World::new(size, threads) }.run(|engine| {
        let (files, last): (Vec<PathBuf>, _) = (files.iter().map(|file| (*file).clone()).collect(), nodes.len() - 1);
        let plan = plan(nodes.clone(), vec![collect(last)]);
        async move {
            for file in &files {
                open(&engine, &[file]).await;
            }
            let done = execute(&engine, &plan).await.unwrap_or_else(|error| panic!("{}", error.to_json()));
            (done, engine.explain(&plan.to_string(), None).await.unwrap())
        }
    });
    let (done, explained) = &results[0];
    (text(&rows(done.sinks[0].ipc.as_ref().unwrap())), operators(&done.profile), explained.clone())
}

#[test]
fn no_rank_joins_more_than_its_share() {
    let ((_f, facts), (_o, others)) = (facts(Some(77)), others());
    let most = |adapt| {
        let (text, operators, explained) = run(&[&facts, &others], joined("inner"), 7, 1, adapt);
        assert!(explained.contains("mode=Partitioned"), "{explained}");
        let rows = by_rank(operators.iter().find(|operator| operator["name"] == "HashJoinExec").unwrap(), "rows");
        let split: Vec<u64> = operators.iter().filter(|operator| operator["name"] == "ShuffleExec").map(|shuffle| by_rank(shuffle, "rowsSplit").iter().sum()).collect();
        let mean = rows.iter().sum::<u64>() as f64 / 7.0;
        (text, *rows.iter().max().unwrap() as f64 / mean, split, explained)
    };
    let (without, uneven, none, plain) = most(Adapt::Never);
    let (with, even, split, explained) = most(Adapt::Always);
    assert_eq!(with, without);
    assert!(uneven > 5.0 && none.iter().all(|rows| *rows == 0) && !plain.contains("heavy"), "{uneven} {none:?}\n{plain}");
    assert!(even <= 1.5, "the largest rank joins {even} of the mean\n{explained}");
    // Of the build side the two rows of the key, of the other its 54,000 and those that have it by chance.
    assert!(split.contains(&2) && split.iter().any(|rows| *rows >= 54_000), "{split:?}");
    assert!(explained.contains("heavy keys dealt") && explained.contains("heavy keys to all"), "{explained}");
}

#[test]
fn every_kind_of_join_answers_as_without() {
    for heavy in [Some(77), None, Some(70_000)] {
        let ((_f, facts), (_o, others)) = (facts(heavy), others());
        for kind in ["inner", "left", "right", "full", "semi", "anti"] {
            let (without, ..) = run(&[&facts, &others], joined(kind), 1, 1, Adapt::Never);
            for (size, threads) in [(2, 2), (3, 1), (7, 1), (5, 1)] {
                let (with, _, explained) = run(&[&facts, &others], joined(kind), size, threads, Adapt::Always);
                assert!(with == without, "{kind} of {heavy:?}, {size} × {threads}\n{explained}");
            }
        }
    }
}

#[test]
fn groups_of_the_key_above_the_join_are_whole() {
    let ((_f, facts), (_o, others)) = (facts(Some(77)), others());
    let grouped = || {
        let aggregates = vec![("rows", "count", None), ("sum", "sum", Some(column("m", "number")))];
        let mut joined = joined("inner");
        joined[2]["columns"].as_array_mut().unwrap().push(json!({ "side": "left", "from": "key", "as": "key" }));
        [joined, vec![aggregate(2, &[("key", "number")], aggregates)]].concat()
    };
    let (without, ..) = run(&[&facts, &others], grouped(), 1, 1, Adapt::Never);
    for (size, threads) in [(2, 2), (3, 1), (7, 1), (5, 1)] {
        let (with, _, explained) = run(&[&facts, &others], grouped(), size, threads, Adapt::Always);
        assert!(with == without, "{size} × {threads}\n{explained}");
    }
}

/// A semi join that gives its keys to all ranks leaves rows where they are: groups above it still rely on the join below.
#[test]
fn groups_above_a_semi_join_are_whole() {
    let ((_f, facts), (_o, others)) = (facts(Some(77)), others());
    // So many that the joined rows' keys go to all ranks.
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values((0..300_000).map(|row| row % 900)));
    let (_m, many) = dataset("many", &[RecordBatch::try_from_iter([("n", n)]).unwrap()]);
    let aggregates = || vec![("rows", "count", None), ("sum", "sum", Some(column("m", "number")))];
    let nodes = || {
        let mut nodes = joined("inner");
        nodes[2]["columns"].as_array_mut().unwrap().push(json!({ "side": "left", "from": "key", "as": "key" }));
        [nodes, vec![scan(3, &[("n", "number")]), join("semi", (2, 3), ("n", "n", "number"), &[], &[]), aggregate(4, &[("key", "number")], aggregates())]].concat()
    };
    let (without, _, explained) = run(&[&facts, &others, &many], nodes(), 1, 1, Adapt::Never);
    assert!(explained.contains("SemiFilterExec"), "{explained}");
    for (size, threads) in [(2, 2), (3, 1), (7, 1), (5, 1)] {
        let (with, _, explained) = run(&[&facts, &others, &many], nodes(), size, threads, Adapt::Always);
        assert!(with == without, "{size} × {threads}\n{explained}");
    }
}

/// The probe side of one is another: what holds its first rows until all ranks have counted theirs must not hold up those ranks.
#[test]
fn joins_in_a_row_wait_for_each_other_and_end() {
    let ((_f, facts), (_o, others)) = (facts(Some(77)), others());
    let nodes = || {
        let mut first = joined("full");
        first[2]["columns"] = json!([{ "side": "left", "from": "id", "as": "id" }, { "side": "left", "from": "n", "as": "n" }, { "side": "right", "from": "m", "as": "m" }, { "side": "both", "from": "key", "as": "key" }]);
        let few = call("lt", "boolean", vec![column("n", "number"), number(3.0)]);
        let second = join("left", (3, 1), ("m", "key", "number"), &["id", "key"], &["m"]);
        [first, vec![filter(2, few), second, slice(4, 0, Some(100))]].concat()
    };
    let (without, ..) = run(&[&facts, &others], nodes(), 1, 1, Adapt::Never);
    for (size, threads) in [(2, 2), (3, 1), (7, 1), (5, 1)] {
        for memory in [0, 16 << 20] {
            let results = World { adapt: Adapt::Always, memory, ..World::new(size, threads) }.run(|engine| {
                let (facts, others) = (facts.clone(), others.clone());
                let plan = plan(nodes(), vec![collect(5), count(4)]);
                async move {
                    open(&engine, &[&facts]).await;
                    open(&engine, &[&others]).await;
                    execute(&engine, &plan).await.unwrap_or_else(|error| panic!("{}", error.to_json()))
                }
            });
            assert!(text(&rows(results[0].sinks[0].ipc.as_ref().unwrap())) == without, "{size} × {threads}, {memory}");
        }
    }
}
