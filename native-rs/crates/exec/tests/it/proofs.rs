//! What the path must not do: read twice, gather everything, hang.
use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use serde_json::json;

use crate::tables::{dataset, in_groups, trips};
use crate::world::*;

const TRIPS: [(&str, &str); 3] = [("t", "date"), ("zone", "number"), ("miles", "number")];

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
        assert!(by_rank(&scans[0], "batches").iter().sum::<u64>() >= size as u64);
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
        for name in ["ScanExec", "RangeShuffleExec", "SortRowsExec"] {
            let found = operators.iter().find(|operator| operator["name"] == name).unwrap_or_else(|| panic!("no {name}"));
            let rows = by_rank(found, "rows");
            assert_eq!(rows.iter().sum::<u64>(), 70_017, "{name}");
            let share = 70_017.0 / size as f64;
            assert!(rows.iter().all(|&rows| rows as f64 <= 1.1 * share), "{name} {rows:?}");
        }
    }
}

#[test]
fn one_row_group_is_shared_out() {
    let (_guard, path) = in_groups("one-group", &[trips(300_000)], 1 << 20);
    for size in [2, 3, 7] {
        let results = World::new(size, 1).run(|engine| {
            let nodes = vec![scan(1, &TRIPS), filter(0, call("gt", "boolean", vec![column("miles", "number"), number(-1.0)]))];
            let plan = plan(nodes, vec![count(1)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        let operators = operators(&results[0].profile);
        let rows = by_rank(operators.iter().find(|operator| operator["name"] == "ScanExec").unwrap(), "rows");
        assert_eq!(rows.iter().sum::<u64>(), 300_000);
        assert!(rows.iter().all(|&rows| rows as f64 <= 1.2 * 300_000.0 / size as f64), "{rows:?}");
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
fn rank_0_receives_no_rows_but_its_share() {
    let (_guard, path) = dataset("trips", &[trips(50_000)]);
    let out = tempfile::tempdir().unwrap();
    let results = World::new(7, 1).run(|engine| {
        let nodes = vec![
            scan(1, &TRIPS),
            aggregate(0, &[("t", "date")], vec![("miles", "sum", Some(column("miles", "number")))]),
        ];
        let plan = plan(nodes, vec![write(1, out.path(), false), count(1)]);
        let path = path.clone();
        async move {
            open(&engine, &[&path]).await;
            execute(&engine, &plan).await.unwrap()
        }
    });
    assert_eq!(results[0].sinks[1].rows, 50_000);
    for operator in operators(&results[0].profile) {
        let rows = by_rank(&operator, "rows");
        assert!(rows[0] <= 50_000 / 7 * 11 / 10, "{} {rows:?}", operator["name"]);
    }
}

#[test]
fn a_large_build_side_reaches_ranks_that_have_nothing_to_join() {
    let (_guard, path) = dataset("trips", &[trips(400_000)]);
    let results = World::new(3, 1).run(|engine| {
        // One row, on rank 0, joined with a table that is broadcast because the one row's size is not known.
        let nodes = vec![
            scan(1, &TRIPS),
            aggregate(0, &[], vec![("zone", "max", Some(column("zone", "number")))]),
            join("inner", (0, 1), ("zone", "zone", "number"), &["t", "miles"], &[]),
        ];
        let plan = plan(nodes, vec![count(2)]);
        let path = path.clone();
        async move {
            open(&engine, &[&path]).await;
            (execute(&engine, &plan).await.unwrap().sinks[0].rows, engine.explain(&plan.to_string(), None).await.unwrap())
        }
    });
    let expected = trips(400_000).column(1).as_primitive::<Int32Type>().values().iter().filter(|&&zone| zone == 39).count();
    results.iter().for_each(|(rows, explained)| assert_eq!(*rows, expected as u64, "{explained}"));
}

#[test]
fn a_consumer_that_stops_early_hangs_nobody() {
    let (_guard, path) = dataset("trips", &[trips(300_000)]);
    for end in [0, 1, 9_000, 250_000] {
        let results = World::new(7, 1).run(|engine| {
            // Slices stop reading; below the join's they stop what comes through an exchange.
            let nodes = vec![
                scan(1, &TRIPS),
                slice(0, 0, Some(end)),
                aggregate(0, &[("zone", "number")], vec![("n", "count", None)]),
                join("inner", (1, 2), ("zone", "zone", "number"), &["t", "zone"], &["n"]),
                slice(3, 0, Some(1)),
            ];
            let plan = plan(nodes, vec![count(4), count(1), count(2)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                execute(&engine, &plan).await.unwrap()
            }
        });
        let expected = [end.min(1) as u64, end as u64, 40];
        results.iter().for_each(|result| assert_eq!(result.sinks.iter().map(|sink| sink.rows).collect::<Vec<_>>(), expected));
    }
}

#[test]
fn memory_of_filter_and_group_does_not_grow_with_the_input() {
    let peak = |rows: usize| {
        let (_guard, path) = dataset("trips", &[trips(rows)]);
        // Enough for the groups and what is under way, far less than the larger input.
        let world = World { memory: 24 << 20, ..World::new(2, 1) };
        let results = world.run(|engine| {
            let nodes = vec![
                scan(1, &TRIPS),
                filter(0, call("gt", "boolean", vec![column("miles", "number"), number(1.0)])),
                aggregate(1, &[("zone", "number")], vec![("best", "max", Some(column("miles", "number"))), ("n", "count", None)]),
            ];
            let plan = plan(nodes, vec![count(2)]);
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                let result = execute(&engine, &plan).await.unwrap();
                (result.sinks[0].rows, engine.peak_reserved())
            }
        });
        assert!(results.iter().all(|(rows, _)| *rows == 40));
        results.iter().map(|(_, peak)| *peak).max().unwrap()
    };
    let (small, large) = (peak(800_000), peak(3_200_000));
    assert!(large <= small + small / 4, "{small} → {large}");
}

#[test]
fn a_small_memory_limit_spills() {
    let (_guard, path) = dataset("trips", &[trips(1_000_000)]);
    let sorted = |memory: u64, size: usize| {
        let world = World { memory, ..World::new(size, 1) };
        let mut results = world.run(|engine| {
            let nodes = vec![scan(1, &TRIPS), sort(0, &[("miles", "number", false)]), slice(1, -50, None)];
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
    let (limited, some) = sorted(10 << 20, 2);
    assert_eq!((free, none), (limited, 0));
    assert!(some > 0, "12 MB a rank fit into 10 MB");
}
