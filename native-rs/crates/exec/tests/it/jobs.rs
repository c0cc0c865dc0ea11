//! The shapes of whole jobs.
use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use lockstep_connectors::{ParquetRequest, ReadOptions, open_parquet, read};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::tables::{dataset, trips};
use crate::world::*;

/// The taxi job in small: dates of trips joined with a CSV of days, grouped, sorted, written.
fn monthly(d: &[u64]) -> Vec<Value> {
    let t = || column("t", "date");
    let get = |part: &str| call(&format!("date.getUTC{part}"), "number", vec![t()]);
    let date = call("Date", "date", vec![call("Date.UTC", "number", vec![get("FullYear"), get("Month"), get("Date")])]);
    let early = call("lt", "boolean", vec![column("hour", "number"), number(12.0)]);
    let text = |value: &str| json!({ "kind": "literal", "type": "string", "value": value });
    let bucket = json!({ "kind": "if", "type": "string", "test": early, "then": text("morning"), "else": text("later") });
    vec![
        scan(d[0], &[("DATE", "date"), ("PRCP", "number")]),
        select(0, &[("DATE", "date"), ("PRCP", "precipitation")]),
        scan(d[1], &[("t", "date"), ("zone", "number"), ("miles", "number")]),
        derive(2, vec![("date", date), ("month", call("add", "number", vec![get("Month"), number(1.0)])), ("hour", get("Hours"))]),
        join("inner", (3, 1), ("date", "date", "date"), &["zone", "miles", "month", "hour"], &["precipitation"]),
        derive(4, vec![
            ("wet", call("gt", "boolean", vec![column("precipitation", "number"), number(0.1)])),
            ("bucket", bucket),
        ]),
        aggregate(5, &[("zone", "number"), ("month", "number"), ("wet", "boolean"), ("bucket", "string")], vec![
            ("trips", "count", None),
            ("avg", "mean", Some(column("miles", "number"))),
        ]),
        sort(6, &[("zone", "number", false), ("month", "number", false), ("wet", "boolean", false), ("bucket", "string", false)]),
    ]
}

fn weather() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weather.csv");
    let days = (1..=31).map(|day| format!("2024-01-{day:02},{}\n", f64::from(day % 4) / 10.0));
    std::fs::write(&path, format!("DATE,PRCP\n{}", days.collect::<String>())).unwrap();
    (directory, path)
}

#[test]
fn the_taxi_job_is_the_same_on_all_ranks() {
    let (_a, weather) = weather();
    let (_b, trips_path) = dataset("trips", &[trips(20_000), trips(20_000)]);
    let rows = same_everywhere(&[&weather, &trips_path], monthly);
    assert_eq!(rows.schema().fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>(), ["zone", "month", "wet", "bucket", "trips", "avg"]);
    assert_eq!(rows.num_rows(), 40 * 2 * 2);
    assert_eq!(rows.column(4).as_primitive::<Int64Type>().values().iter().sum::<i64>(), 40_000);
    assert!(rows.column(5).as_primitive::<Float64Type>().values().iter().all(|mean| (40.0..90.0).contains(mean)));
}

#[test]
fn an_ordered_write_is_read_back_in_order() {
    let (_a, weather) = weather();
    let (_b, trips_path) = dataset("trips", &[trips(20_000)]);
    let mut written: Vec<String> = vec![];
    for (size, threads) in WORLDS {
        let out = tempfile::tempdir().unwrap();
        let results = World::new(size, threads).run(|engine| {
            let nodes = monthly(&[1, 2]);
            let plan = plan(nodes, vec![write(7, out.path(), true), count(7)]);
            let (weather, trips) = (weather.clone(), trips_path.clone());
            async move {
                open(&engine, &[&weather]).await;
                open(&engine, &[&trips]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        let files = results[0].sinks[0].files.clone().unwrap();
        assert!(files.is_sorted() && !files.is_empty());
        assert_eq!(results[0].sinks[0].rows, results[0].sinks[1].rows);
        let request = ParquetRequest { paths: vec![out.path().display().to_string()], ..Default::default() };
        let dataset = Arc::new(open_parquet(&request).unwrap());
        let columns = dataset.schema.fields().iter().map(|f| f.name().clone()).collect();
        let chunks = lockstep_connectors::chunks(&dataset, &[], 1, None).remove(0);
        let reader = read(dataset.clone(), chunks, ReadOptions { columns, ..Default::default() });
        let batches: Vec<_> = reader.collect::<Result<_, _>>().unwrap();
        written.push(text(&arrow::compute::concat_batches(&dataset.schema, &batches).unwrap()));
    }
    written.iter().for_each(|other| assert_eq!(*other, written[0]));
}

#[test]
fn aggregates_of_nothing() {
    let (_guard, path) = dataset("trips", &[trips(100)]);
    let miles = || Some(column("miles", "number"));
    let rows = same_everywhere(&[&path], |d| {
        vec![
            scan(d[0], &[("miles", "number")]),
            filter(0, call("gt", "boolean", vec![column("miles", "number"), number(1e9)])),
            aggregate(1, &[], vec![("n", "count", None), ("sum", "sum", miles()), ("mean", "mean", miles()), ("max", "max", miles())]),
        ]
    });
    assert_eq!(text(&rows), "\
+---+-----+------+-----+
| n | sum | mean | max |
+---+-----+------+-----+
| 0 |     |      |     |
+---+-----+------+-----+");
}

#[test]
fn every_aggregate_over_all_rows() {
    let (_guard, path) = dataset("trips", &[trips(5000)]);
    let miles = || Some(column("miles", "number"));
    // Sums of eighths are exact, whatever their order; a variance is not and is compared by itself.
    let functions = ["valid", "distinct", "sum", "mean", "min", "max", "median", "any"];
    let rows = same_everywhere(&[&path], |d| {
        let mut aggregates: Vec<_> = functions.iter().map(|name| (*name, *name, miles())).collect();
        aggregates.push(("n", "count", None));
        vec![scan(d[0], &[("miles", "number"), ("zone", "number")]), aggregate(0, &[], aggregates)]
    });
    assert_eq!(rows.num_rows(), 1);
    let grouped = same_everywhere(&[&path], |d| {
        let aggregates: Vec<_> = functions.iter().map(|name| (*name, *name, miles())).collect();
        vec![scan(d[0], &[("miles", "number"), ("zone", "number")]), aggregate(0, &[("zone", "number")], aggregates)]
    });
    assert_eq!(grouped.num_rows(), 40);
    let values: Vec<f64> = trips(5000).column(2).as_primitive::<Float64Type>().iter().flatten().collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
    for (size, threads) in WORLDS {
        let results = World::new(size, threads).run(|engine| {
            let aggregates = vec![("variance", "variance", miles()), ("stdev", "stdev", miles())];
            let plan = plan(vec![scan(1, &[("miles", "number")]), aggregate(0, &[], aggregates)], vec![collect(1)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        let found: Vec<_> = results.iter().map(|result| rows_of(result)).collect();
        found.iter().for_each(|other| assert_eq!(other, &found[0], "a scalar is the same bits on all ranks"));
        assert!((found[0][0] / variance - 1.0).abs() < 1e-12 && (found[0][1] / variance.sqrt() - 1.0).abs() < 1e-12);
    }
}

fn rows_of(result: &lockstep_exec::Execution) -> Vec<f64> {
    let batch = rows(result.sinks[0].ipc.as_ref().unwrap());
    batch.columns().iter().map(|column| column.as_primitive::<Float64Type>().value(0)).collect()
}

#[test]
fn literal_tables_are_dealt_over_ranks() {
    let table = trips(50);
    let mut ipc = vec![];
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut ipc, &table.schema()).unwrap();
    writer.write(&table).unwrap();
    writer.finish().unwrap();
    drop(writer);
    for (size, threads) in WORLDS {
        let ipc = ipc.clone();
        let results = World::new(size, threads).run(|engine| {
            let ipc = ipc.clone();
            async move {
                let table = engine.register_table(&ipc).unwrap();
                let nodes = vec![scan(table.into(), &[("zone", "number"), ("t", "date")]), sort(0, &[("zone", "number", false)])];
                execute(&engine, &plan(nodes, vec![collect(0), collect(1)])).await.unwrap()
            }
        });
        for result in results {
            assert_eq!(rows(result.sinks[0].ipc.as_ref().unwrap()), table.project(&[1, 0]).unwrap());
            assert_eq!(result.sinks[1].rows, 50);
        }
    }
}

/// Ranks but 0 read no rows of the one total: what they send for it is still to be read then.
#[test]
fn a_look_up_join_below_one_total() {
    let (_a, trips_path) = dataset("trips", &[trips(2_000), trips(2_000)]);
    let rows = same_everywhere(&[&trips_path], |d| {
        vec![
            scan(d[0], &[("zone", "number"), ("miles", "number")]),
            aggregate(0, &[("zone", "number")], vec![("n", "count", None)]),
            join("inner", (0, 1), ("zone", "zone", "number"), &["miles"], &["n"]),
            aggregate(2, &[], vec![("rows", "count", None)]),
        ]
    });
    assert_eq!(rows.column(0).as_primitive::<Int64Type>().values(), &[4_000]);
}
