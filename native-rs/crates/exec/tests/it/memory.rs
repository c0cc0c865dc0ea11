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

/// Where memory ends, a join sorts one side after the other. Ranks with several threads, in groups, with nothing on one side and those
/// that stop early do not wait for each other.
#[test]
fn sides_that_are_sorted_are_read_in_turn() {
    let (_guard, path) = dataset("trips", &[trips(ROWS / 2), trips(ROWS / 2)]);
    let both = |kind: &str| vec![scan(1, &TRIPS), scan(1, &TRIPS), join(kind, (0, 1), ("t", "t", "date"), &["t", "zone"], if kind == "semi" || kind == "anti" { &[] } else { &["miles"] })];
    let then = |mut nodes: Vec<Value>, more: Vec<Value>| {
        nodes.extend(more);
        nodes
    };
    let miles = |function: &str, bound: f64| call(function, "boolean", vec![column("miles", "number"), number(bound)]);
    // What comes out of a join, joined with all rows.
    let again = |kind: &str, rows: Value, right: &[&str]| then(both("inner"), vec![filter(2, rows), scan(1, &TRIPS), join(kind, (3, 4), ("t", "t", "date"), &["t", "zone"], right)]);
    let cases = [
        ("inner", both("inner"), 1),
        ("right", both("right"), 1),
        ("anti", both("anti"), 1),
        ("full, some of it", then(both("full"), vec![slice(2, 1000, Some(1003))]), 1),
        ("joined again", again("left", miles("ge", 60.0), &["name"]), 1),
        ("nothing, without those of all", again("anti", miles("lt", -1.0), &[]), 1),
        ("all without those of nothing", then(both("inner"), vec![filter(2, miles("lt", -1.0)), scan(1, &TRIPS), join("anti", (4, 3), ("t", "t", "date"), &["t"], &[])]), 1),
        ("one table on both sides", vec![scan(1, &TRIPS), filter(0, miles("ge", 0.0)), join("inner", (1, 1), ("t", "t", "date"), &["t", "zone"], &["miles"])], 1),
    ];
    let rows_of = |world: World, name: &str, nodes: &[Value]| {
        let ends = world.run(|engine| {
            let (path, nodes, name) = (path.clone(), nodes.to_vec(), name.to_owned());
            async move {
                open(&engine, &[&path]).await;
                let sinks = vec![count(nodes.len() - 1)];
                execute(&engine, &plan(nodes, sinks)).await.unwrap_or_else(|error| panic!("{name}: {}", error.to_json()))
            }
        });
        let when_asked = |operator: &&Value| operator["detail"].as_str().is_some_and(|detail| detail.contains("when asked for"));
        (ends[0].sinks[0].rows, operators(&ends[0].profile).iter().filter(when_asked).count())
    };
    for (name, nodes, least) in &cases {
        let (expected, _) = rows_of(World::new(1, 1), name, nodes);
        for (size, threads, group) in [(1, 2, 0), (2, 1, 0), (3, 2, 0), (7, 1, 2)] {
            let memory = (threads * ROWS * ROW / 10) as u64;
            let (rows, when_asked) = rows_of(World { memory, group, ..World::new(size, threads) }, name, nodes);
            assert_eq!(rows, expected, "{name} on {size} ranks × {threads} threads, groups of {group}");
            assert!(when_asked >= *least, "{name}: {when_asked} sides are asked for");
        }
    }
}
