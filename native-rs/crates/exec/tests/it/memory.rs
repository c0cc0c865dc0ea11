//! Operators whose memory is a tenth of their data finish, on the disk.
use std::path::Path;

use arrow::array::RecordBatch;
use serde_json::{Value, json};

use crate::tables::{dataset, trips};
use crate::windows::{function, window};
use crate::world::*;

const TRIPS: [(&str, &str); 4] = [("t", "date"), ("zone", "number"), ("miles", "number"), ("name", "string")];

const ROWS: usize = 2_000_000;
/// Bytes of a row in memory: an instant, an integer, a float, an offset and about two bytes of text.
const ROW: usize = 8 + 4 + 8 + 4 + 2;

/// Each with the rows that it gives: both files have the same instants.
fn cases() -> Vec<(&'static str, Vec<Value>, usize)> {
    let miles = || Some(column("miles", "number"));
    let sums = vec![("best", "max", miles()), ("sum", "sum", miles()), ("first", "first", Some(column("name", "string")))];
    let values = vec![("middle", "median", miles()), ("kinds", "distinct", miles())];
    let at = |input: usize, fraction: f64| {
        let mut node = aggregate(input, &[], vec![("at", "quantile", miles()), ("rows", "count", None)]);
        node["aggregates"][0]["fraction"] = fraction.into();
        node
    };
    let of_table = |name: &'static str, function: &'static str, of: (&str, &str)| (name, vec![aggregate(0, &[], vec![("value", function, Some(column(of.0, of.1)))])], 1);
    let both = |kind: &str| vec![scan(1, &TRIPS), join(kind, (0, 1), ("t", "t", "date"), &["t", "zone", "name"], &["miles"])];
    let before = |column_: Value, rows: f64| function("lag", Some(column_), vec![number(rows)]);
    vec![
        ("sort", vec![sort(0, &[("miles", "number", true), ("name", "string", false)])], ROWS),
        ("groups", vec![aggregate(0, &[("t", "date")], sums)], ROWS / 2),
        ("groups that keep values", vec![aggregate(0, &[("zone", "number"), ("name", "string")], values)], 280),
        ("lists", vec![aggregate(0, &[("t", "date")], vec![("all", "arrayAgg", miles())])], ROWS / 2),
        ("join", both("inner"), 2 * ROWS),
        ("left join", both("left"), 2 * ROWS),
        ("window of groups", vec![window(0, &[("zone", "number")], vec![("place", function("rowNumber", None, vec![])), ("before", before(column("miles", "number"), 3.0))])], ROWS),
        ("window of the table", vec![window(0, &[], vec![("before", before(column("t", "date"), 700.0))])], ROWS),
        of_table("median", "median", ("miles", "number")),
        of_table("distinct", "distinct", ("t", "date")),
        of_table("mode", "mode", ("t", "date")),
        ("quantile", vec![at(0, 0.9)], 1),
        ("quantile of a join", [both("inner"), vec![at(2, 0.25)]].concat(), 1),
        ("dedupe", vec![json!({ "op": "dedupe", "input": 0, "keys": [column("t", "date")], "site": "job.ts:9:1" })], ROWS / 2),
    ]
}

/// The rows of a case, the answer where it is short, and the most memory that operators have held.
fn run(world: World, path: &Path, name: &'static str, nodes: &[Value], rows_: usize) -> (u64, Option<RecordBatch>, usize) {
    let results = world.run(|engine| {
        let (path, nodes) = (path.to_path_buf(), [vec![scan(1, &TRIPS)], nodes.to_vec()].concat());
        async move {
            open(&engine, &[&path]).await;
            let last = nodes.len() - 1;
            let out = tempfile::tempdir().unwrap();
            let mut sinks = vec![write(last, out.path(), name == "sort")];
            sinks.extend((rows_ <= 300).then(|| collect(last)));
            let end = execute(&engine, &plan(nodes, sinks)).await.unwrap_or_else(|error| panic!("{name}: {}", error.to_json()));
            (end.sinks[0].rows, end.sinks.get(1).map(|sink| rows(sink.ipc.as_ref().unwrap())), engine.peak_reserved())
        }
    });
    results.into_iter().next().unwrap()
}

#[test]
fn a_tenth_of_the_data_is_memory_enough() {
    let (_guard, path) = dataset("trips", &[trips(ROWS / 2), trips(ROWS / 2)]);
    for (name, nodes, expected) in cases() {
        let (_, answer, _) = run(World::new(1, 1), &path, name, &nodes, expected);
        // Of each rank: less than this, and a sort has no room for its two or three batches.
        let limit = ROWS * ROW / 10;
        for size in [1, 3] {
            // The merges of three sorts are nearly all of so small a limit, and so is a block of a window's groups beside an exchange.
            let wide = name == "quantile of a join" || (size > 1 && name == "window of groups");
            let limit = if wide { 2 * limit } else { limit };
            let (rows, limited, peak) = run(World { memory: limit as u64, ..World::new(size, 1) }, &path, name, &nodes, expected);
            assert_eq!(rows, expected as u64, "{name} on {size} ranks");
            assert_eq!(limited.as_ref().map(RecordBatch::columns), answer.as_ref().map(RecordBatch::columns), "{name} on {size} ranks");
            assert!(peak <= limit, "{name} held {peak} bytes of {limit}");
        }
    }
}

/// Where memory ends, a join sorts one side after the other; ranks with several threads, and those that stop early, do not wait for
/// each other.
#[test]
fn sides_that_are_sorted_are_read_in_turn() {
    let (_guard, path) = dataset("trips", &[trips(ROWS / 2), trips(ROWS / 2)]);
    let all = |kind: &str| vec![scan(1, &TRIPS), scan(1, &TRIPS), join(kind, (0, 1), ("t", "t", "date"), &["t", "zone"], &["miles"])];
    let few = |kind: &str| [all(kind), vec![slice(2, 1000, Some(1003))]].concat();
    let cases = [("inner", all("inner"), 2 * ROWS), ("right", all("right"), 2 * ROWS), ("full", all("full"), 2 * ROWS), ("full", few("full"), 3)];
    for (size, threads) in [(1, 2), (2, 1), (3, 2), (7, 1)] {
        for (kind, nodes, expected) in cases.clone() {
            let world = World { memory: (threads * ROWS * ROW / 10) as u64, ..World::new(size, threads) };
            let ends = world.run(|engine| {
                let (path, nodes) = (path.clone(), nodes.clone());
                async move {
                    open(&engine, &[&path]).await;
                    let sinks = vec![count(nodes.len() - 1)];
                    execute(&engine, &plan(nodes, sinks)).await.unwrap_or_else(|error| panic!("{kind}: {}", error.to_json()))
                }
            });
            let place = format!("{kind} on {size} ranks × {threads} threads");
            assert_eq!(ends[0].sinks[0].rows, expected as u64, "{place}");
            let asked = operators(&ends[0].profile).iter().filter(|operator| operator["detail"].as_str().is_some_and(|detail| detail.contains("when asked for"))).count();
            assert_eq!(asked, 1, "{place}: {}", ends[0].profile);
        }
    }
}
