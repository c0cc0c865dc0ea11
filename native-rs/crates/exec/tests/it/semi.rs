//! Semi and anti joins that keep few rows, filters above scans, sorts above what filters.
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use serde_json::{Value, json};

use crate::tables::{dataset, random, trips};
use crate::world::*;

const EVENTS: [(&str, &str); 2] = [("key", "number"), ("label", "string")];

/// Keys of which some are null, some repeat, and labels made of them; a batch is a file.
fn events(files: &[usize], spread: i64, salt: u64) -> Vec<RecordBatch> {
    let key = |row: u64| (row % 19 != 4).then(|| (random(row + salt, 4000) as i64 - 2000) * spread);
    let file = |rows: &usize| {
        let keys: Vec<Option<i64>> = (0..*rows as u64).map(|row| key(row * files.len() as u64 + *rows as u64)).collect();
        let labels = StringArray::from_iter(keys.iter().map(|key| key.map(|key| format!("é{}", key % 700))));
        let columns: Vec<(&str, ArrayRef)> = vec![("key", Arc::new(Int64Array::from(keys))), ("label", Arc::new(labels))];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    };
    files.iter().map(file).collect()
}

type Row = (Option<i64>, Option<String>);

fn pairs(batches: &[RecordBatch]) -> Vec<Row> {
    let rows = |batch: &RecordBatch| {
        let labels = batch.column(1).as_string::<i32>().iter().map(|label| label.map(str::to_owned));
        batch.column(0).as_primitive::<Int64Type>().iter().zip(labels).collect::<Vec<_>>()
    };
    batches.iter().flat_map(rows).collect()
}

/// The operators of a plan on one rank, which counts the rows of its last node.
fn profile(inputs: &[&Path], nodes: &[Value]) -> Vec<Value> {
    let results = World::new(1, 1).run(|engine| {
        let inputs: Vec<_> = inputs.iter().map(|path| path.to_path_buf()).collect();
        let plan = plan(nodes.to_vec(), vec![count(nodes.len() - 1)]);
        async move {
            for path in &inputs {
                open(&engine, &[path]).await;
            }
            execute(&engine, &plan).await.unwrap().profile
        }
    });
    operators(&results[0])
}

fn rows_of(operators: &[Value], name: &str) -> u64 {
    let found = operators.iter().find(|operator| operator["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    by_rank(found, "rows")[0]
}

#[test]
fn few_rows_are_kept_by_the_keys_that_another_table_has() {
    // Close integers, integers far apart, texts, and two columns.
    for (spread, on) in [(1, vec!["key"]), (1 << 40, vec!["key"]), (1, vec!["label"]), (3, vec!["label", "key"])] {
        let (kept, other) = (events(&[300, 0, 41], spread, 1), events(&[2000, 1, 900], spread, 77));
        let ((_a, kept_path), (_b, other_path)) = (dataset("kept", &kept), dataset("other", &other));
        for anti in [false, true] {
            let nodes = |d: &[u64]| {
                let mut join = join(if anti { "anti" } else { "semi" }, (0, 1), ("key", "key", "number"), &[], &[]);
                let js = |name: &str| if name == "key" { "number" } else { "string" };
                join["on"] = on.iter().map(|name| json!({ "left": column(name, js(name)), "right": column(name, js(name)) })).collect();
                vec![scan(d[0], &EVENTS), scan(d[1], &EVENTS), join]
            };
            let has = |row: &Row, other: &[Row]| match on.as_slice() {
                ["key"] => row.0.is_some() && other.iter().any(|found| found.0 == row.0),
                ["label"] => row.1.is_some() && other.iter().any(|found| found.1 == row.1),
                _ => row.0.is_some() && other.contains(row),
            };
            let found = pairs(&[same_everywhere(&[&kept_path, &other_path], nodes)]);
            let other_rows = pairs(&other);
            let expected: Vec<_> = pairs(&kept).into_iter().filter(|row| has(row, &other_rows) != anti).collect();
            assert!(!expected.is_empty() && expected.len() < 341);
            assert_eq!(found, expected, "{on:?} {anti}");
            assert_eq!(rows_of(&profile(&[&kept_path, &other_path], &nodes(&[1, 2])), "SemiFilterExec"), expected.len() as u64);
        }
    }
}

#[test]
fn nothing_kept_and_nothing_to_look_into() {
    let ((_a, few), (_b, many)) = (dataset("few", &events(&[7], 1, 1)), dataset("many", &events(&[500], 1, 9)));
    let none = |node| filter(node, call("gt", "boolean", vec![column("key", "number"), number(1e9)]));
    for (anti, empty, expected) in [(false, 0, 0), (true, 0, 0), (false, 1, 0), (true, 1, 7)] {
        let rows = same_everywhere(&[&few, &many], |d| {
            let kind = if anti { "anti" } else { "semi" };
            let sides = if empty == 0 { (2, 1) } else { (0, 2) };
            vec![scan(d[0], &EVENTS), scan(d[1], &EVENTS), none(empty), join(kind, sides, ("key", "key", "number"), &[], &[])]
        });
        assert_eq!(rows.num_rows(), expected, "{anti} {empty}");
    }
}

#[test]
fn a_slice_ends_it_on_every_rank() {
    let ((_a, few), (_b, many)) = (dataset("few", &events(&[40, 30], 1, 1)), dataset("many", &events(&[3000, 3000], 1, 9)));
    for end in [0, 1, 5] {
        let rows = same_everywhere(&[&few, &many], |d| {
            vec![scan(d[0], &EVENTS), scan(d[1], &EVENTS), join("semi", (0, 1), ("key", "key", "number"), &[], &[]), slice(2, 0, Some(end))]
        });
        assert_eq!(rows.num_rows(), end as usize);
    }
}

#[test]
fn filters_above_a_scan_choose_its_row_groups() {
    let (_guard, path) = dataset("trips", &[trips(6000)]);
    let minute = |minute: f64| json!({ "kind": "literal", "type": "date", "value": 1_704_067_200_000.0 + minute * 60_000.0 });
    let nodes = |dataset: u64| {
        vec![
            scan(dataset, &[("t", "date"), ("zone", "number")]),
            filter(0, call("ge", "boolean", vec![column("t", "date"), minute(2500.0)])),
            filter(1, call("lt", "boolean", vec![column("t", "date"), minute(2600.0)])),
        ]
    };
    assert_eq!(same_everywhere(&[&path], |d| nodes(d[0])).num_rows(), 100);
    assert_eq!(rows_of(&profile(&[&path], &nodes(1)), "ScanExec"), 1000, "one row group of six");
    // One that may throw of a row is not skipped with it.
    let throws = call("eq", "boolean", vec![call("date.getUTCMonth", "number", vec![column("t", "date")]), number(0.0)]);
    let mut guarded = nodes(1);
    guarded.insert(1, filter(0, throws));
    guarded[2]["input"] = json!(1);
    guarded[3]["input"] = json!(2);
    assert_eq!(rows_of(&profile(&[&path], &guarded), "ScanExec"), 6000);
}

#[test]
fn rows_are_sorted_after_they_are_filtered() {
    let (_guard, path) = dataset("trips", &[trips(4000)]);
    // The mean of its zone beside each row: rows by zone, for which they are sorted.
    let window = json!({ "op": "window", "input": 1, "keys": [{ "name": "zone", "expression": column("zone", "number") }],
        "columns": [{ "name": "mean", "value": { "kind": "aggregate", "aggregate": { "name": "", "function": "mean", "arg": column("miles", "number") } } }], "site": "job.ts:2:2" });
    let nodes = vec![scan(1, &[("zone", "number"), ("miles", "number")]), filter(0, call("lt", "boolean", vec![column("miles", "number"), number(3.0)])), window];
    let operators = profile(&[&path], &nodes);
    let (sorted, left) = (rows_of(&operators, "SortRowsExec"), rows_of(&operators, "FilterExec"));
    assert!(left < 4000);
    assert_eq!(sorted, left, "{operators:?}");
}
