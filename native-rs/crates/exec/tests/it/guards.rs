//! What specialised operators promise themselves is checked, and where it does not hold the general ones answer.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use serde_json::{Value, json};

use crate::tables::dataset;
use crate::world::{World, aggregate, call, collect, column, count, execute, join, open, plan, rows, same_everywhere, scan, sort, text, write};

const COLUMNS: [(&str, &str); 2] = [("zone", "number"), ("miles", "number")];
/// A zone whose eight bytes occur nowhere else in a file.
const FAR: i64 = 0x0000_1122_3344_5566;

/// 5,000 rows of 50 zones, one row of zone `FAR`.
fn table() -> RecordBatch {
    let zones: Int64Array = (0..5000).map(|row| if row == 3333 { FAR } else { row % 50 }).collect();
    let miles: Float64Array = (0..5000).map(|row| f64::from(row % 16)).collect();
    RecordBatch::try_from_iter([("zone", Arc::new(zones) as _), ("miles", Arc::new(miles) as _)]).unwrap()
}

/// Makes the footer of every file say that `FAR` is 60: statistics that lie.
fn lie(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let length = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
        let footer = bytes.len() - 8 - length;
        let mut changed = 0;
        for at in footer..bytes.len() - 8 {
            if bytes[at..at + 8] == FAR.to_le_bytes() {
                bytes[at..at + 8].copy_from_slice(&60i64.to_le_bytes());
                changed += 1;
            }
        }
        assert!(changed > 0, "no statistics to change in {}", path.display());
        std::fs::write(path, bytes).unwrap();
    }
}

fn grouped(dataset: u64) -> Vec<Value> {
    let aggregates = vec![("n", "count", None), ("mean", "mean", Some(column("miles", "number")))];
    vec![scan(dataset, &COLUMNS), aggregate(0, &[("zone", "number")], aggregates), sort(1, &[("zone", "number", false)])]
}

#[test]
fn statistics_that_lie_cost_time_not_answers() {
    let (_guard, path) = dataset("lying", &[table()]);
    lie(&path);
    let groups = same_everywhere(&[&path], |d| grouped(d[0]));
    assert_eq!(groups.num_rows(), 51);
    let zones = groups.column(0).as_primitive::<Int64Type>();
    assert_eq!((zones.value(0), zones.value(49), zones.value(50)), (0, 49, FAR));
}

/// Of two keys that are one of 14 bits: all groups' running values are in the cache, and rows are added to them as they come.
#[test]
fn groups_that_fit_the_cache_are_those_of_a_map() {
    const ROWS: i64 = 30_000;
    let zone = |row: i64| row * 7919 % 97;
    let hour = |row: i64| (row % 41 != 3).then_some(row * 31 % 90);
    let miles = |row: i64| (row % 13 != 5).then_some((row % 1009) as f64 / 10.0);
    let columns: [(&str, Arc<dyn Array>); 3] = [
        ("zone", Arc::new((0..ROWS).map(|row| Some(zone(row))).collect::<Int64Array>())),
        ("hour", Arc::new((0..ROWS).map(hour).collect::<Int64Array>())),
        ("miles", Arc::new((0..ROWS).map(miles).collect::<Float64Array>())),
    ];
    let table = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
    let mut expected: BTreeMap<(i64, Option<i64>), (i64, Vec<f64>)> = BTreeMap::new();
    for row in 0..ROWS {
        let group = expected.entry((zone(row), hour(row))).or_default();
        group.0 += 1;
        group.1.extend(miles(row));
    }
    let (_guard, path) = dataset("cached", &[table.slice(0, 11_000), table.slice(11_000, 19_000)]);
    let groups = same_everywhere(&[&path], |d| {
        let miles = || Some(column("miles", "number"));
        let aggregates = vec![("n", "count", None), ("sum", "sum", miles()), ("least", "min", miles()), ("most", "max", miles())];
        let keys = [("zone", "number"), ("hour", "number")];
        let columns = [("zone", "number"), ("hour", "number"), ("miles", "number")];
        vec![scan(d[0], &columns), aggregate(0, &keys, aggregates), sort(1, &[("zone", "number", false), ("hour", "number", false)])]
    });
    assert_eq!(groups.num_rows(), expected.len());
    let int = |name: &str, row: usize| {
        let column = groups.column_by_name(name).unwrap().as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let float = |name: &str, row: usize| {
        let column = groups.column_by_name(name).unwrap().as_primitive::<Float64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    for (row, ((zone, hour), (n, values))) in expected.into_iter().enumerate() {
        assert_eq!((int("zone", row), int("hour", row), int("n", row)), (Some(zone), hour, Some(n)));
        let extreme = |of: fn(f64, f64) -> f64| values.iter().copied().reduce(of);
        assert_eq!((float("least", row), float("most", row)), (extreme(f64::min), extreme(f64::max)));
        let sum: f64 = values.iter().sum();
        assert!((float("sum", row).unwrap_or(0.0) - sum).abs() < 1e-9);
    }
}

#[test]
fn groups_that_do_not_fit_the_memory_are_left_to_operators_that_spill() {
    let zones: Int64Array = (0..400_000i64).map(|row| row * 7919 % 400_000).collect();
    let miles: Float64Array = (0..400_000).map(|row| f64::from(row % 16)).collect();
    let table = RecordBatch::try_from_iter([("zone", Arc::new(zones) as _), ("miles", Arc::new(miles) as _)]).unwrap();
    let (_guard, path) = dataset("many", &[table]);
    for (size, memory) in [(1, 24 << 20), (3, 24 << 20)] {
        let results = World { memory, ..World::new(size, 1) }.run(|engine| {
            let aggregates = vec![("n", "count", None), ("mean", "mean", Some(column("miles", "number")))];
            let nodes = vec![scan(1, &COLUMNS), aggregate(0, &[("zone", "number")], aggregates)];
            let plan = plan(nodes, vec![count(1)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await
            }
        });
        for result in results {
            // Done, or told: never a wrong answer, a hang, or the engine's own word for giving up.
            match result {
                Ok(execution) => assert_eq!(execution.sinks[0].rows, 400_000),
                Err(error) => assert_eq!(error.code, "LS2010", "{}", error.to_json()),
            }
        }
    }
}

/// Keys of 40 bytes that a hash table would hold whole: both sides of a join are some 24 MB, a rank may hold 12.
#[test]
fn joins_beyond_the_memory_sort_both_sides_on_disk() {
    const ROWS: i64 = 300_000;
    let keyed = |salt: i64, name: &str| {
        let key = |row: i64| (row % 101 != 3).then(|| format!("a long key, to fill memory with it {:07}", row * 7919 % ROWS + salt));
        let keys: StringArray = (0..ROWS).map(key).collect();
        let numbers: Int64Array = (0..ROWS).collect();
        RecordBatch::try_from_iter_with_nullable([("key", Arc::new(keys) as _, true), (name, Arc::new(numbers) as _, false)]).unwrap()
    };
    let ((_a, left), (_b, right)) = (dataset("left", &[keyed(0, "l")]), dataset("right", &[keyed(ROWS / 2, "r")]));
    let answer = |kind: &str, conditional: bool, size: usize, memory: u64| {
        let results = World { memory, ..World::new(size, 1) }.run(|engine| {
            let one_side = kind == "semi" || kind == "anti";
            let (l, r): (&[&str], &[&str]) = if one_side { (&[], &[]) } else { (&["l"], &["r"]) };
            let sum = |name: &str| (if name == "l" { "left" } else { "right" }, "sum", Some(column(name, "number")));
            let sums = if one_side { vec![("rows", "count", None), sum("l")] } else { vec![("rows", "count", None), sum("l"), sum("r")] };
            let mut joined = join(kind, (0, 1), ("key", "key", "string"), l, r);
            if conditional {
                let of = |side: &str, name: &str| json!({ "side": side, "from": name, "as": name });
                let less = call("lt", "boolean", vec![column("l", "number"), column("r", "number")]);
                joined["condition"] = json!({ "expression": less, "columns": [of("left", "l"), of("right", "r")] });
            }
            let nodes = vec![
                scan(1, &[("key", "string"), ("l", "number")]),
                scan(2, &[("key", "string"), ("r", "number")]),
                joined,
                aggregate(2, &[], sums),
            ];
            let plan = plan(nodes, vec![collect(3)]);
            let (left, right) = (left.clone(), right.clone());
            async move {
                open(&engine, &[&left]).await;
                open(&engine, &[&right]).await;
                let execution = execute(&engine, &plan).await.unwrap();
                // What follows is as if nothing had happened.
                assert_eq!(execute(&engine, &plan).await.unwrap().sinks[0].ipc, execution.sinks[0].ipc);
                execution
            }
        });
        let merged = results[0].profile.contains("SortMergeJoinExec");
        (text(&rows(results[0].sinks[0].ipc.as_ref().unwrap())), merged)
    };
    for (kind, conditional) in ["inner", "left", "full", "semi", "anti"].into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let (free, hashed) = answer(kind, conditional, 1, 0);
        assert!(!hashed);
        for size in [1, 3] {
            let (limited, merged) = answer(kind, conditional, size, 12 << 20);
            assert_eq!(limited, free, "{kind} on {size}, conditional: {conditional}");
            assert!(merged || size > 1, "{kind}");
        }
    }
}

#[test]
fn after_giving_up_the_ranks_go_on_together() {
    let (_guard, path) = dataset("lying", &[table()]);
    lie(&path);
    let results = World::new(3, 1).run(|engine| {
        let plan = plan(grouped(1), vec![collect(2)]);
        let path = path.clone();
        async move {
            open(&engine, &[&path]).await;
            assert!(engine.explain(&plan.to_string(), None).await.unwrap().contains("PackedAggregateExec"));
            let mut answers = vec![];
            for _ in 0..3 {
                let execution = execute(&engine, &plan).await.unwrap();
                assert!(!execution.profile.contains("PackedAggregateExec"), "the general operators ran");
                answers.push(rows(execution.sinks[0].ipc.as_ref().unwrap()));
            }
            answers
        }
    });
    results.iter().flatten().for_each(|answer| assert_eq!(answer, &results[0][0]));
}

#[test]
fn what_an_execution_that_gave_up_has_written_is_gone() {
    let (_guard, path) = dataset("lying", &[table()]);
    lie(&path);
    for size in [1, 3] {
        let (parquet, iceberg) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // Of a partition that has rows in the first execution only.
        for folder in [&parquet, &iceberg] {
            std::fs::write(folder.path().join("part-00099.parquet"), "stale").unwrap();
        }
        let columns = json!([{ "name": "zone", "id": 1, "type": "int64" }, { "name": "miles", "id": 2, "type": "float64" }]);
        let lake = json!({ "op": "writeIceberg", "input": 0, "path": "lake", "folder": iceberg.path().display().to_string(), "ordered": false,
            "columns": columns, "partition": [], "compression": "snappy", "site": "job.ts:10:1" });
        let results = World::new(size, 1).run(|engine| {
            let plan = plan(grouped(1), vec![write(0, parquet.path(), false), lake.clone(), collect(2)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        assert!(!results[0].profile.contains("PackedAggregateExec"), "the general operators ran");
        for (folder, sink) in [(&parquet, 0), (&iceberg, 1)] {
            let files = results[0].sinks[sink].files.as_ref().unwrap();
            assert_eq!((results[0].sinks[sink].rows, std::fs::read_dir(folder.path()).unwrap().count()), (5000, files.len()));
        }
    }
}

/// Sums of integers are packed too; one that leaves 64 bits half-way is the general operator's to judge.
#[test]
fn integer_sums_are_packed_and_their_overflow_is_told() {
    for (value, fits) in [(7i64, true), (i64::MAX / 2, false)] {
        let zones: Int64Array = (0..1000).map(|row| row % 50).collect();
        let fares = Int64Array::from(vec![value; 1000]);
        let schema = Schema::new(vec![Field::new("zone", DataType::Int64, false), Field::new("fare", DataType::Int64, false)]);
        let table = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(zones), Arc::new(fares)]).unwrap();
        let (_guard, path) = dataset("fares", &[table]);
        for size in [1, 2, 3, 5, 7] {
            let results = World::new(size, 1).run(|engine| {
                let sum = vec![("total", "sum", Some(column("fare", "number")))];
                let nodes = vec![scan(1, &[("zone", "number"), ("fare", "number")]), aggregate(0, &[("zone", "number")], sum)];
                let plan = plan(nodes, vec![collect(1)]);
                let path = path.clone();
                async move {
                    open(&engine, &[&path]).await;
                    assert!(engine.explain(&plan.to_string(), None).await.unwrap().contains("PackedAggregateExec"));
                    execute(&engine, &plan).await
                }
            });
            for result in results {
                match result {
                    Ok(execution) => {
                        assert!(fits && execution.profile.contains("PackedAggregateExec"));
                        let groups = rows(execution.sinks[0].ipc.as_ref().unwrap());
                        let totals = groups.column(1).as_primitive::<Int64Type>();
                        assert!(totals.len() == 50 && totals.iter().all(|total| total == Some(20 * value)));
                    }
                    Err(error) => assert_eq!((fits, error.code.as_str()), (false, "LS2015"), "{}", error.to_json()),
                }
            }
        }
    }
}
