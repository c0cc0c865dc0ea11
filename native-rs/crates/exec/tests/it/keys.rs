//! Keys of one side of a join, told to the scan of the other: the same answers, fewer rows read and sent.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tables::{dataset, random};
use crate::world::*;

const FACTS: [(&str, &str); 4] = [("id", "number"), ("key", "number"), ("label", "string"), ("n", "number")];
const DIMS: [(&str, &str); 3] = [("key", "number"), ("label", "string"), ("name", "string")];

/// 20,000 rows in groups of 1,000: `id` ascends, so that groups have ranges of it; `key` is 0 … 1999 or null, `label` made of it.
fn facts() -> (TempDir, PathBuf) {
    let key = |row: usize| (row % 23 != 7).then(|| random(row as u64, 2000) as i64);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..20_000))),
        ("key", Arc::new(Int64Array::from_iter((0..20_000).map(key)))),
        ("label", Arc::new(StringArray::from_iter((0..20_000).map(|row| key(row).map(|key| format!("é{key}")))))),
        ("n", Arc::new(Int64Array::from_iter_values((0..20_000).map(|row| row * 7 % 1000)))),
    ];
    dataset("facts", &[RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()])
}

/// `rows` keys, `apart` from each other, some twice and one null; of another width than the facts'.
fn dims(rows: i32, apart: i32) -> (TempDir, PathBuf) {
    let key = |row: i32| (row != 3).then_some(if row % 11 == 5 { (row - 1) * apart } else { row * apart });
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("key", Arc::new(Int32Array::from_iter((0..rows).map(key)))),
        ("label", Arc::new(StringArray::from_iter((0..rows).map(|row| key(row).map(|key| format!("é{key}")))))),
        ("name", Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("name {}", row % 7))))),
    ];
    dataset("dims", &[RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()])
}

struct Run {
    text: String,
    dropped: u64,
    skipped: u64,
    sent: u64,
    explained: String,
}

/// The rows of the last node, and what the scans and exchanges counted.
fn run(inputs: &[&Path], nodes: &[Value], size: usize, threads: usize, adapt: Adapt) -> Run {
    let results = World { adapt, ..World::new(size, threads) }.run(|engine| {
        let inputs: Vec<_> = inputs.iter().map(|path| path.to_path_buf()).collect();
        let plan = plan(nodes.to_vec(), vec![collect(nodes.len() - 1)]);
        async move {
            for path in &inputs {
                open(&engine, &[path]).await;
            }
            let done = execute(&engine, &plan).await.unwrap_or_else(|error| panic!("{}", error.to_json()));
            (done, engine.explain(&plan.to_string(), None).await.unwrap())
        }
    });
    let (done, explained) = &results[0];
    let operators = operators(&done.profile);
    let sum = |counter: &str| operators.iter().flat_map(|operator| by_rank(operator, counter)).sum();
    let text = text(&rows(done.sinks[0].ipc.as_ref().unwrap()));
    Run { text, dropped: sum("rowsDropped"), skipped: sum("groupsSkipped"), sent: sum("bytesSent"), explained: explained.clone() }
}

fn joined(kind: &str, on: &[(&str, &str)], left: &[&str], right: &[&str]) -> Value {
    let mut join = join(kind, (0, 1), ("key", "key", "number"), left, right);
    let js = |name: &str| if name == "label" { "string" } else { "number" };
    join["on"] = on.iter().map(|(left, right)| json!({ "left": column(left, js(left)), "right": column(right, js(right)) })).collect();
    join
}

#[test]
fn every_kind_of_join_answers_as_without() {
    let ((_f, facts), (_d, dims)) = (facts(), dims(60, 7));
    for on in [vec![("key", "key")], vec![("id", "key")], vec![("label", "label")], vec![("label", "label"), ("key", "key")]] {
        for kind in ["inner", "left", "right", "full", "semi", "anti"] {
            for facts_first in [true, false] {
                let one_side = kind == "semi" || kind == "anti";
                let (left, right): (&[&str], &[&str]) = match (one_side, facts_first) {
                    (true, _) => (&[], &[]),
                    (false, true) => (&["id", "n"], &["name"]),
                    (false, false) => (&["name"], &["id", "n"]),
                };
                let on: Vec<_> = on.iter().map(|&(fact, dim)| if facts_first { (fact, dim) } else { (dim, fact) }).collect();
                let scans = if facts_first { vec![scan(1, &FACTS), scan(2, &DIMS)] } else { vec![scan(2, &DIMS), scan(1, &FACTS)] };
                let nodes = [scans, vec![joined(kind, &on, left, right)]].concat();
                let without = run(&[&facts, &dims], &nodes, 1, 1, Adapt::Never);
                assert_eq!((without.dropped, without.skipped), (0, 0));
                for (size, threads) in [(1, 1), (2, 2), (3, 1), (7, 1), (5, 1)] {
                    let with = run(&[&facts, &dims], &nodes, size, threads, Adapt::Always);
                    assert!(with.text == without.text, "{kind} on {on:?}, {size} × {threads}\n{}", with.explained);
                    if kind == "inner" && size == 1 {
                        assert!(with.dropped > 0 && with.explained.contains(", keys=["), "{kind} on {on:?}\n{}", with.explained);
                    }
                }
            }
        }
    }
}

#[test]
fn groups_without_a_key_are_not_read() {
    let ((_f, facts), (_d, dims)) = (facts(), dims(60, 7));
    let nodes = vec![scan(1, &FACTS), scan(2, &DIMS), joined("inner", &[("id", "key")], &["id", "n"], &["name"])];
    for size in [1, 2, 3, 5, 7] {
        let with = run(&[&facts, &dims], &nodes, size, 1, Adapt::Always);
        // Keys up to 413 are in the first of 20 groups, which ranks may share.
        assert!(with.skipped >= 19, "{}", with.skipped);
        assert!(with.dropped > 900 && with.dropped < 1000, "{}", with.dropped);
        assert!(with.explained.contains("keys=[id by bits]") && with.explained.contains("keys told=["), "{}", with.explained);
    }
}

#[test]
fn rows_without_a_key_are_not_sent() {
    let ((_f, facts), (_d, dims)) = (facts(), dims(15_000, 40));
    let nodes = vec![scan(1, &FACTS), scan(2, &DIMS), joined("inner", &[("key", "key")], &["id", "label", "n"], &["name"])];
    for size in [2, 3, 4, 7] {
        let [without, with] = [Adapt::Never, Adapt::Always].map(|adapt| run(&[&facts, &dims], &nodes, size, 1, adapt));
        assert_eq!(with.text, without.text);
        if without.explained.matches("ShuffleExec: by hash of").count() >= 2 {
            assert!(with.sent < without.sent * 3 / 4, "{size} ranks: {} bytes of {}\n{}", with.sent, without.sent, with.explained);
        } else {
            assert!(size < 7, "{}", without.explained);
        }
    }
}

#[test]
fn keys_go_through_what_throws_for_no_row_alone() {
    let ((_f, facts), (_d, dims)) = (facts(), dims(60, 7));
    let of = |function: &str| call(function, "string", vec![column("label", "string")]);
    for (above, told) in [
        (vec![filter(0, call("lt", "boolean", vec![column("n", "number"), number(900.0)])), derive(2, vec![("m", call("add", "number", vec![column("n", "number"), number(1.0)]))])], true),
        (vec![filter(0, call("isNull", "boolean", vec![column("label", "string")])), derive(2, vec![("m", of("String"))])], true),
        // Of null a method throws.
        (vec![filter(0, call("ge", "boolean", vec![column("n", "number"), number(0.0)])), derive(2, vec![("m", of("string.trim"))])], false),
        (vec![slice(0, 5, None), derive(2, vec![("m", of("String"))])], false),
    ] {
        let mut join = joined("inner", &[("id", "key")], &["id", "m"], &["name"]);
        (join["left"], join["right"]) = (json!(3), json!(1));
        let nodes = [vec![scan(1, &FACTS), scan(2, &DIMS)], above, vec![join]].concat();
        let explained = |adapt| {
            World { adapt, ..World::new(2, 1) }.run(|engine| {
                let (facts, dims, plan) = (facts.clone(), dims.clone(), plan(nodes.clone(), vec![collect(4)]));
                async move {
                    open(&engine, &[&facts]).await;
                    open(&engine, &[&dims]).await;
                    engine.explain(&plan.to_string(), None).await.unwrap()
                }
            }).remove(0)
        };
        let text = explained(Adapt::Always);
        assert_eq!(text.contains(", keys=["), told, "{text}");
        assert!(!explained(Adapt::Never).contains("keys"));
    }
}

#[test]
fn joins_of_joins_and_consumers_that_stop_early() {
    let ((_f, facts), (_d, dims), (_o, others)) = (facts(), dims(300, 3), dims(200, 5));
    let mut first = joined("inner", &[("key", "key")], &["id", "key", "n"], &["label"]);
    (first["left"], first["right"]) = (json!(0), json!(3));
    let mut second = joined("inner", &[("key", "key")], &["id", "n", "label"], &["name"]);
    (second["left"], second["right"]) = (json!(4), json!(2));
    let few = filter(1, call("lt", "boolean", vec![column("key", "number"), number(700.0)]));
    let nodes = vec![scan(1, &FACTS), scan(2, &DIMS), scan(3, &DIMS), few, first, second];
    let without = run(&[&facts, &dims, &others], &nodes, 1, 1, Adapt::Never);
    for (size, threads) in WORLDS {
        let with = run(&[&facts, &dims, &others], &nodes, size, threads, Adapt::Always);
        assert_eq!(with.text, without.text, "{size} × {threads}");
        assert!(with.dropped > 0, "{}", with.explained);
        for end in [0, 1, 500] {
            let sliced = [nodes.clone(), vec![slice(5, 0, Some(end))]].concat();
            let [with, without] = [Adapt::Always, Adapt::Never].map(|adapt| run(&[&facts, &dims, &others], &sliced, size, threads, adapt).text);
            assert_eq!(with, without, "{end} rows, {size} × {threads}");
        }
    }
}

#[test]
fn no_key_at_all_and_an_error_on_the_way() {
    let ((_f, facts), (_d, dims)) = (facts(), dims(60, 7));
    let none = filter(1, call("lt", "boolean", vec![column("key", "number"), number(-1.0)]));
    let failing = derive(1, vec![("name", call("string.trim", "string", vec![column("label", "string")]))]);
    for (size, threads) in WORLDS {
        let join = |build: Value| {
            let mut join = joined("inner", &[("key", "key")], &["id"], &["name"]);
            join["right"] = json!(2);
            vec![scan(1, &FACTS), scan(2, &DIMS), build, join]
        };
        let empty = run(&[&facts, &dims], &join(none.clone()), size, threads, Adapt::Always);
        assert_eq!(empty.text.lines().count(), 4, "{}", empty.text);
        let results = World { adapt: Adapt::Always, ..World::new(size, threads) }.run(|engine| {
            let (facts, dims, plan) = (facts.clone(), dims.clone(), plan(join(failing.clone()), vec![collect(3)]));
            async move {
                open(&engine, &[&facts]).await;
                open(&engine, &[&dims]).await;
                let failed = execute(&engine, &plan).await.unwrap_err();
                engine.settle(Bytes::new()).await.unwrap();
                failed
            }
        });
        assert!(results.iter().all(|error| error.code == "LS2009"), "{}", results[0].to_json());
    }
}
