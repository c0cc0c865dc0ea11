//! Windows are the same on any number of ranks, in pieces of any size, and within the memory limit.
use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use serde_json::{Value, json};

use crate::tables::{dataset, trips};
use crate::world::*;

const TRIPS: [(&str, &str); 4] = [("t", "date"), ("zone", "number"), ("miles", "number"), ("name", "string")];

pub fn window(input: usize, keys: &[(&str, &str)], columns: Vec<(&str, Value)>) -> Value {
    let keys: Vec<_> = keys.iter().map(|(name, js)| json!({ "name": name, "expression": column(name, js) })).collect();
    let columns: Vec<_> = columns.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({ "op": "window", "input": input, "keys": keys, "columns": columns, "site": "job.ts:11:1" })
}

pub fn function(function: &str, arg: Option<Value>, parameters: Vec<Value>) -> Value {
    match arg {
        Some(arg) => json!({ "kind": "function", "function": function, "arg": arg, "parameters": parameters }),
        None => json!({ "kind": "function", "function": function, "parameters": parameters }),
    }
}

fn rows(start: Value, end: Value) -> Value {
    json!({ "kind": "rows", "start": { "kind": "literal", "type": "number", "value": start }, "end": { "kind": "literal", "type": "number", "value": end }, "peers": false })
}

fn over(function: &str, arg: Option<Value>, frame: Value) -> Value {
    let aggregate = match arg {
        Some(arg) => json!({ "name": "", "function": function, "arg": arg }),
        None => json!({ "name": "", "function": function }),
    };
    json!({ "kind": "aggregate", "aggregate": aggregate, "frame": frame })
}

fn whole_table() -> Value {
    window(0, &[], vec![
        ("place", function("rowNumber", None, vec![])),
        ("before", function("lag", Some(column("t", "date")), vec![number(40_000.0)])),
        ("down", function("fillDown", Some(column("miles", "number")), vec![])),
        ("so_far", over("count", None, rows("-Infinity".into(), 0.into()))),
        ("near", over("max", Some(column("miles", "number")), rows((-3).into(), 3.into()))),
        ("still", over("valid", Some(column("miles", "number")), rows(0.into(), "Infinity".into()))),
    ])
}

/// More rows than a part: a rank's parts see each other as they see other ranks'.
#[test]
fn a_table_in_many_parts() {
    let (_guard, path) = dataset("trips", &[trips(70_000), trips(10_001)]);
    let answer = same_everywhere(&[&path], |d| vec![scan(d[0], &TRIPS), whole_table()]);
    let place = answer.column_by_name("place").unwrap().as_primitive::<Int64Type>();
    assert!(place.values().iter().enumerate().all(|(row, &place)| place == row as i64 + 1));
    assert_eq!(answer.column_by_name("so_far").unwrap(), answer.column_by_name("place").unwrap());
    let before = answer.column_by_name("before").unwrap();
    assert_eq!(before.null_count(), 40_000);
    assert_eq!(before.slice(40_000, 40_001).to_data(), answer.column_by_name("t").unwrap().slice(0, 40_001).to_data());
    let still = answer.column_by_name("still").unwrap().as_primitive::<Int64Type>();
    let miles = answer.column_by_name("miles").unwrap().as_primitive::<Float64Type>();
    assert_eq!(still.value(0) as usize, miles.iter().flatten().count());
}

/// A group larger than a part is read in parts; it has the answer of a table that is one group.
#[test]
fn a_group_in_many_parts() {
    let (_guard, path) = dataset("trips", &[trips(70_000), trips(5000)]);
    let few = || call("eq", "boolean", vec![call("mod", "number", vec![column("place", "number"), number(97.0)]), number(5.0)]);
    let zone = || call("gt", "boolean", vec![column("zone", "number"), number(0.0)]);
    let grouped = same_everywhere(&[&path], |d| {
        let mut window = whole_table();
        window["keys"] = json!([{ "name": "some", "expression": zone() }]);
        vec![scan(d[0], &TRIPS), window, filter(1, zone()), filter(2, few())]
    });
    let alone = same_everywhere(&[&path], |d| {
        let mut window = whole_table();
        window["input"] = 1.into();
        vec![scan(d[0], &TRIPS), filter(0, zone()), window, filter(2, few())]
    });
    assert!(grouped.num_rows() > 700);
    assert_eq!(text(&grouped), text(&alone));
}

#[test]
fn groups_and_what_is_sliced_from_them() {
    let (_guard, path) = dataset("trips", &[trips(5000), trips(1)]);
    let answer = same_everywhere(&[&path], |d| {
        vec![
            scan(d[0], &TRIPS),
            sort(0, &[("name", "string", true)]),
            window(1, &[("zone", "number")], vec![
                ("rank", function("rank", None, vec![])),
                ("share", function("cumeDist", None, vec![])),
                ("after", function("lead", Some(column("miles", "number")), vec![number(2.0), number(-1.0)])),
                ("so_far", over("sum", Some(column("miles", "number")), rows("-Infinity".into(), 0.into()))),
            ]),
            json!({ "op": "slice", "input": 2, "start": -3, "end": -1, "keys": [{ "name": "zone", "expression": column("zone", "number") }], "site": "job.ts:12:1" }),
        ]
    });
    assert_eq!(answer.num_rows(), 40 * 2);
}

#[test]
fn consumers_that_stop_early() {
    let (_guard, path) = dataset("trips", &[trips(20_000)]);
    for end in [0, 1, 9000] {
        let answer = same_everywhere(&[&path], |d| vec![scan(d[0], &TRIPS), whole_table(), slice(1, 0, Some(end))]);
        assert_eq!(answer.num_rows(), end as usize);
    }
}

#[test]
fn rows_set_aside_spill() {
    let (_guard, path) = dataset("trips", &[trips(150_000)]);
    for (size, threads) in [(1, 1), (2, 1)] {
        let world = World { memory: 10 << 20, ..World::new(size, threads) };
        let results = world.run(|engine| {
            let path = path.clone();
            async move {
                let d = open(&engine, &[&path]).await;
                let plan = plan(vec![scan(d, &TRIPS), whole_table()], vec![count(1)]);
                execute(&engine, &plan).await.map(|execution| execution.sinks[0].rows)
            }
        });
        for result in results {
            assert_eq!(result.unwrap_or_else(|error| panic!("{}", error.to_json())), 150_000);
        }
    }
}
