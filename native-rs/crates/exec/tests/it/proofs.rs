//! What the path must not do: read twice, gather everything, hang.
use serde_json::{Value, json};

use crate::tables::{dataset, trips};
use crate::world::*;

const TRIPS: [(&str, &str); 3] = [("t", "date"), ("zone", "number"), ("miles", "number")];

fn operators(profile: &str) -> Vec<Value> {
    let profile: Value = serde_json::from_str(profile).unwrap();
    profile["operators"].as_array().unwrap().clone()
}

fn by_rank(operator: &Value, counter: &str) -> Vec<u64> {
    operator["ranks"].as_array().unwrap().iter().map(|rank| rank[counter].as_u64().unwrap()).collect()
}

#[test]
fn a_table_with_four_consumers_is_read_once() {
    let (_guard, path) = dataset("trips", &[trips(6000)]);
    for (size, threads) in WORLDS {
        let out = tempfile::tempdir().unwrap();
        let results = World::new(size, threads).run(|engine| {
            let nodes = vec![
                scan(1, &TRIPS),
                derive(0, vec![("half", call("div", "number", vec![column("miles", "number"), number(2.0)]))]),
                aggregate(1, &[("zone", "number")], vec![("n", "count", None)]),
                aggregate(1, &[], vec![("sum", "sum", Some(column("half", "number")))]),
            ];
            let plan = plan(nodes, vec![collect(2), collect(3), write(1, out.path(), false), count(1)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        let result = &results[0];
        assert_eq!((result.sinks[0].rows, result.sinks[1].rows), (40, 1));
        assert_eq!((result.sinks[2].rows, result.sinks[3].rows), (6000, 6000));
        let scans: Vec<_> = operators(&result.profile).into_iter().filter(|operator| operator["name"] == "ScanExec").collect();
        assert_eq!(scans.len(), 1);
        assert_eq!(by_rank(&scans[0], "rows").iter().sum::<u64>(), 6000);
    }
}

#[test]
fn no_rank_holds_more_than_its_share() {
    let (_guard, path) = dataset("trips", &[trips(40_000), trips(17), trips(30_000)]);
    for size in [2, 3, 7] {
        let out = tempfile::tempdir().unwrap();
        let results = World::new(size, 1).run(|engine| {
            let nodes = vec![scan(1, &TRIPS), sort(0, &[("miles", "number", false), ("t", "date", true)])];
            let plan = plan(nodes, vec![write(1, out.path(), true)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        let operators = operators(&results[0].profile);
        for name in ["ScanExec", "RangeShuffleExec", "SortExec"] {
            let found = operators.iter().find(|operator| operator["name"] == name).unwrap_or_else(|| panic!("no {name}"));
            let rows = by_rank(found, "rows");
            assert_eq!(rows.iter().sum::<u64>(), 70_017, "{name}");
            let share = 70_017.0 / size as f64;
            assert!(rows.iter().all(|&rows| rows as f64 <= 1.1 * share), "{name} {rows:?}");
        }
    }
}

#[test]
fn a_spool_is_computed_once_and_kept() {
    let (_guard, path) = dataset("trips", &[trips(3000)]);
    for (size, threads) in WORLDS {
        let results = World::new(size, threads).run(|engine| {
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                let nodes = vec![
                    scan(1, &TRIPS),
                    sort(0, &[("zone", "number", false)]),
                    json!({ "op": "spool", "input": 1, "spool": 9, "site": "job.ts:3:1" }),
                ];
                let materialize = json!({ "op": "materialize", "input": 2, "site": "job.ts:3:1" });
                let first = execute(&engine, &plan(nodes.clone(), vec![materialize, count(2)])).await.unwrap();
                let second = execute(&engine, &plan(nodes.clone(), vec![collect(2)])).await.unwrap();
                let direct = execute(&engine, &plan(nodes[..2].to_vec(), vec![collect(1)])).await.unwrap();
                engine.release_spool(9);
                let again = execute(&engine, &plan(nodes, vec![count(2)])).await.unwrap();
                (first, second, direct, again)
            }
        });
        for (first, second, direct, again) in results {
            assert_eq!((first.sinks[0].rows, first.sinks[1].rows, again.sinks[0].rows), (3000, 3000, 3000));
            assert_eq!(rows(second.sinks[0].ipc.as_ref().unwrap()), rows(direct.sinks[0].ipc.as_ref().unwrap()));
            assert!(operators(&second.profile).iter().all(|operator| operator["name"] != "ScanExec"));
        }
    }
}

#[test]
fn a_small_memory_limit_spills() {
    let (_guard, path) = dataset("trips", &[trips(60_000)]);
    let sorted = |memory: u64, size: usize| {
        let world = World { memory, ..World::new(size, 1) };
        let mut results = world.run(|engine| {
            let nodes = vec![scan(1, &TRIPS), sort(0, &[("miles", "number", false)]), slice(1, 0, Some(50))];
            let plan = plan(nodes, vec![collect(2)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        let first = results.remove(0);
        let spilled: u64 = operators(&first.profile).iter().flat_map(|operator| by_rank(operator, "spilledBytes")).sum();
        (rows(first.sinks[0].ipc.as_ref().unwrap()), spilled)
    };
    let (free, none) = sorted(0, 2);
    let (limited, some) = sorted(14 << 20, 2);
    assert_eq!((free, none), (limited.clone(), 0));
    assert!(some > 0 || limited.num_rows() == 50);
}
