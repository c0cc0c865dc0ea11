//! One clear error, the same on every rank, and an engine that goes on.
use std::path::Path;

use bytes::Bytes;
use serde_json::json;

use crate::tables::{big_ids, dataset, trips};
use crate::world::*;

#[test]
fn a_row_function_that_throws_on_one_rank_fails_on_all() {
    // Only the last row's id cannot be seen as a number; it belongs to the last rank.
    let (_guard, path) = dataset("ids", &[trips(3000)]);
    let (_ids, ids) = dataset("ids", &[big_ids(1)]);
    for (size, threads) in WORLDS {
        let results = World::new(size, threads).run(|engine| {
            let (path, ids) = (path.clone(), ids.clone());
            async move {
                open(&engine, &[&path]).await;
                open(&engine, &[&ids]).await;
                let looked_at = vec![scan(2, &[("id", "number")]), derive(0, vec![("twice", call("mul", "number", vec![column("id", "number"), number(2.0)]))])];
                let failed = execute(&engine, &plan(looked_at, vec![collect(1)])).await.unwrap_err();
                let outcomes = engine.settle(Bytes::from_static(b"failed")).await.unwrap();
                let after = execute(&engine, &plan(vec![scan(1, &[("zone", "number")])], vec![count(0)])).await.unwrap();
                assert_eq!(failed.site.as_deref(), Some("job.ts:3:1"));
                (failed, outcomes.len(), after.sinks[0].rows)
            }
        });
        let first = &results[0].0;
        assert_eq!(first.code, "LS2004");
        for (error, outcomes, rows) in &results {
            assert_eq!(error.to_json(), first.to_json());
            assert_eq!((*outcomes, *rows), (size, 3000));
        }
    }
}

#[test]
fn a_join_beyond_the_memory_limit_says_what_to_do() {
    let (_guard, path) = dataset("trips", &[trips(120_000)]);
    let world = World { memory: 1 << 20, ..World::new(2, 1) };
    let results = world.run(|engine| {
        let path = path.clone();
        async move {
            open(&engine, &[&path]).await;
            // Without keys there is nothing to sort by: one side must fit.
            let pairs = json!({ "op": "join", "left": 0, "right": 0, "type": "inner", "on": [], "columns": [{ "side": "left", "from": "zone", "as": "zone" }], "site": "job.ts:5:1" });
            let nodes = vec![scan(1, &[("t", "date"), ("zone", "number"), ("miles", "number")]), pairs];
            let failed = execute(&engine, &plan(nodes, vec![count(1)])).await.unwrap_err();
            engine.settle(Bytes::new()).await.unwrap();
            failed
        }
    });
    for error in results {
        assert_eq!(error.code, "LS2010", "{}", error.message);
        assert!(error.message.contains(" needs ") && error.message.contains("--memory"), "{}", error.message);
        assert!(error.rank.is_some());
    }
}

#[test]
fn a_rank_that_gives_up_stops_the_others() {
    let (_guard, path) = dataset("trips", &[trips(100_000)]);
    let results = World::new(3, 1).run(|engine| {
        let path = path.clone();
        async move {
            open(&engine, &[&path]).await;
            if engine.ranks().rank == 2 {
                engine.fail(&lockstep_exec::EngineError::new("LS2014", "interrupted"));
            }
            let nodes = vec![scan(1, &[("t", "date"), ("miles", "number")]), sort(0, &[("miles", "number", false)])];
            let failed = execute(&engine, &plan(nodes, vec![collect(1)])).await.unwrap_err();
            engine.settle(Bytes::new()).await.unwrap();
            failed
        }
    });
    results.iter().for_each(|error| assert_eq!((error.code.as_str(), error.rank), ("LS2014", Some(2))));
}

#[test]
fn a_collect_past_its_limit() {
    let (_guard, path) = dataset("trips", &[trips(3000)]);
    for (size, threads) in WORLDS {
        let results = World::new(size, threads).run(|engine| {
            let path = path.clone();
            async move {
                open(&engine, &[&path]).await;
                let sink = json!({ "op": "collect", "input": 0, "limit": 2999, "everywhere": false, "site": "job.ts:9:9" });
                execute(&engine, &plan(vec![scan(1, &[("zone", "number")])], vec![sink])).await.unwrap_err()
            }
        });
        results.iter().for_each(|error| assert_eq!((error.code.as_str(), error.site.as_deref()), ("LS2013", Some("job.ts:9:9"))));
    }
}

#[test]
fn a_missing_input_is_named_on_every_rank() {
    for size in [1, 3] {
        let results = World::new(size, 1).run(|engine| async move {
            let request = json!({ "paths": ["/no/such/file.parquet"], "declared": [], "site": "job.ts:1:1" }).to_string();
            let failed = engine.open_parquet(&request).await.unwrap_err();
            engine.settle(Bytes::new()).await.unwrap();
            failed
        });
        results.iter().for_each(|error| assert_eq!((error.code.as_str(), error.site.as_deref()), ("LS2001", Some("job.ts:1:1"))));
    }
}

#[test]
fn an_output_that_cannot_be_written() {
    let (_guard, path) = dataset("trips", &[trips(3000)]);
    let results = World::new(3, 1).run(|engine| {
        let path = path.clone();
        async move {
            open(&engine, &[&path]).await;
            let sink = write(0, Path::new("/proc/no/such/place"), false);
            execute(&engine, &plan(vec![scan(1, &[("zone", "number")])], vec![sink])).await.unwrap_err()
        }
    });
    results.iter().for_each(|error| assert_eq!(error.code, "LS2008"));
}

#[test]
fn different_plans_are_found_before_they_run() {
    let (_guard, path) = dataset("trips", &[trips(300)]);
    let results = World::new(2, 1).run(|engine| {
        let path = path.clone();
        async move {
            open(&engine, &[&path]).await;
            let columns: &[_] = if engine.ranks().rank == 0 { &[("zone", "number")] } else { &[("miles", "number")] };
            execute(&engine, &plan(vec![scan(1, columns)], vec![collect(0)])).await.unwrap_err()
        }
    });
    results.iter().for_each(|error| assert_eq!(error.code, "LS2012"));
}
