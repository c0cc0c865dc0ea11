//! The scale model, beside what ranks do.
use serde_json::{Value, json};

use crate::tables::{dataset, trips, zones};
use crate::world::*;

const TRIPS: [(&str, &str); 4] = [("t", "date"), ("zone", "number"), ("miles", "number"), ("name", "string")];

fn number_of(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} of {value}"))
}

#[test]
fn ranks_do_as_many_operations_as_the_model_says_and_send_no_more_messages() {
    let ((_t, trips), (_z, zones)) = (dataset("trips", &[trips(4_000), trips(10)]), dataset("zones", &[zones()]));
    for (size, group) in [(2, 0), (3, 0), (8, 0), (16, 0), (4, 2), (7, 3), (9, 3), (12, 4), (16, 4)] {
        let results = World { group, ..World::new(size, 1) }.run(|engine| {
            let (trips, zones) = (trips.clone(), zones.clone());
            async move {
                open(&engine, &[&trips]).await;
                open(&engine, &[&zones]).await;
                let plan = plan([every_exchange(&TRIPS), vec![slice(5, 1, Some(-1))]].concat(), vec![count(6)]);
                let model: Value = serde_json::from_str(&engine.model(&plan.to_string(), size, 1).await.unwrap()).unwrap();
                let mut profiles = vec![];
                for _ in 0..2 {
                    let profile = execute(&engine, &plan).await.unwrap().profile;
                    profiles.push(serde_json::from_str::<Value>(&profile).unwrap());
                }
                (model, profiles)
            }
        });
        let (model, profiles) = &results[0];
        // From the end of one execution to the end of the next.
        assert_eq!(number_of(&profiles[1], "operations") - number_of(&profiles[0], "operations"), number_of(model, "operations"), "{size} ranks");
        let peers = number_of(model, "groups") - 1 + number_of(model, "groupRanks") - 1;
        let expected = if group == 0 { size - 1 } else { size.div_ceil(group) - 1 + group - 1 };
        assert!(peers as usize <= expected, "{peers} of {size} ranks in groups of {group}");
        let sent = |rank: usize| profiles[1]["messages"][rank].as_u64().unwrap() - profiles[0]["messages"][rank].as_u64().unwrap();
        for rank in 0..size {
            assert!(sent(rank) <= number_of(model, "operations") * peers, "rank {rank} of {size} in groups of {group}: {} messages\n{model:#}", sent(rank));
        }
        // Every rank tells every other what it has planned, at least.
        assert!((0..size).map(sent).sum::<u64>() >= size as u64 * peers);
    }
}

fn numbers(value: &Value) -> Vec<u64> {
    serde_json::from_value(value.clone()).unwrap_or_else(|_| panic!("numbers: {value}"))
}

/// Plans of every shape that ranks exchange rows in, over trips (1) and zones (2).
fn shapes() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    let miles = || Some(column("miles", "number"));
    let zones = || scan(2, &[("zone", "number"), ("borough", "string")]);
    let early = || call("lt", "boolean", vec![column("miles", "number"), number(40.0)]);
    let by_zone = || aggregate(0, &[("zone", "number")], vec![("n", "count", None), ("mean", "mean", miles())]);
    let by_name = || aggregate(0, &[("name", "string")], vec![("middle", "median", miles())]);
    vec![
        ("scan", vec![scan(1, &TRIPS), filter(0, early())], vec![count(1)]),
        ("collect", vec![scan(1, &TRIPS), filter(0, early())], vec![collect(1)]),
        ("group-by of packed keys", vec![scan(1, &TRIPS), by_zone()], vec![collect(1)]),
        ("group-by", vec![scan(1, &TRIPS), by_name()], vec![collect(1)]),
        ("rollup", vec![scan(1, &TRIPS), aggregate(0, &[], vec![("sum", "sum", miles())])], vec![collect(1)]),
        ("sort", vec![scan(1, &TRIPS), sort(0, &[("miles", "number", true)])], vec![collect(1), count(1)]),
        ("slice", vec![scan(1, &TRIPS), sort(0, &[("miles", "number", false)]), slice(1, 10, Some(300))], vec![collect(2)]),
        ("broadcast join", vec![scan(1, &TRIPS), zones(), join("inner", (0, 1), ("zone", "zone", "number"), &["t", "miles"], &["borough"])], vec![collect(2)]),
        ("shuffle join", vec![scan(1, &TRIPS), scan(1, &TRIPS), join("full", (0, 1), ("t", "t", "date"), &["zone"], &["name"])], vec![count(2)]),
        ("all of them", every_exchange(&TRIPS), vec![collect(5)]),
    ]
}

/// What ranks have sent since they met, beside what the schedule says of their collectives and their exchanges of rows: every message and
/// every byte of every rank. And no task collects more than the model says before it sends.
#[test]
fn every_message_and_byte_is_of_a_schedule_or_of_rows() {
    let ((_t, trips), (_z, zones)) = (dataset("trips", &[trips(9_000), trips(10)]), dataset("zones", &[zones()]));
    let shapes = shapes();
    for (size, group, threads) in [(1, 0, 1), (2, 0, 1), (4, 0, 1), (8, 0, 1), (16, 0, 1), (4, 2, 1), (8, 2, 2), (7, 3, 1), (16, 4, 1), (16, 5, 1)] {
        let results = World { group, ..World::new(size, threads) }.run(|engine| {
            let (trips, zones, shapes) = (trips.clone(), zones.clone(), shapes.clone());
            async move {
                open(&engine, &[&trips]).await;
                open(&engine, &[&zones]).await;
                let mut executed = vec![];
                for (_, nodes, sinks) in shapes {
                    let plan = plan(nodes, sinks);
                    let model: Value = serde_json::from_str(&engine.model(&plan.to_string(), size, 1).await.unwrap()).unwrap();
                    engine.broadcast(Some(vec![1; 1000].into()), 0, "job.ts:1:1").await.unwrap();
                    executed.push((model, execute(&engine, &plan).await.unwrap().profile));
                }
                (executed, engine.collectives().unwrap())
            }
        });
        let (executed, recorded) = &results[0];
        let recorded: Vec<Value> = serde_json::from_str(recorded).unwrap();
        let mut rows = vec![(0, 0); size];
        for ((model, profile), (name, ..)) in executed.iter().zip(&shapes) {
            let parsed: Value = serde_json::from_str(profile).unwrap();
            for (operator, scheduled) in operators(profile).iter().zip(model["operators"].as_array().unwrap()) {
                let (messages, bytes) = (by_rank(operator, "messagesSent"), by_rank(operator, "bytesSent"));
                rows.iter_mut().zip(messages.iter().zip(&bytes)).for_each(|(all, (messages, bytes))| *all = (all.0 + messages, all.1 + bytes));
                let where_ = format!("{name} on {size} ranks in groups of {group}: {}", operator["name"]);
                assert_eq!(operator["name"], scheduled["name"], "{where_}");
                let most = &scheduled["exchange"];
                for (rank, messages) in messages.iter().enumerate() {
                    let most = most["messages"].as_u64().unwrap_or(0);
                    assert!(*messages <= most, "{where_}: {messages} messages of rank {rank}, at most {most}");
                }
                let buffers = most["buffers"].as_u64().unwrap_or(0);
                let buffered = by_rank(operator, "bytesBuffered");
                assert!(buffered.iter().all(|held| *held <= buffers), "{where_}: {buffered:?} bytes wait, at most {buffers}");
            }
            let before = &recorded[..parsed["recorded"].as_u64().unwrap() as usize];
            let group = if size == 1 { Value::Null } else { json!(group) };
            let schedule = lockstep_exec::schedule::schedule(&json!({ "ranks": size, "local": size, "group": group, "collectives": before }).to_string()).unwrap();
            let schedule: Value = serde_json::from_str(&schedule).unwrap();
            let sum = |scheduled: &Value, rows: Vec<u64>| numbers(scheduled).iter().zip(rows).map(|(one, other)| one + other).collect::<Vec<_>>();
            let (messages, bytes) = rows.iter().copied().unzip();
            assert_eq!(numbers(&parsed["messages"]), sum(&schedule["messages"], messages), "messages of {name} on {size} ranks in groups of {group}");
            assert_eq!(numbers(&parsed["bytes"]), sum(&schedule["bytes"], bytes), "bytes of {name} on {size} ranks in groups of {group}");
        }
    }
}

#[test]
fn the_rows_that_ranks_read_are_those_of_the_model() {
    let (_t, trips) = dataset("trips", &[trips(4_000), trips(10), trips(900)]);
    for size in [1, 3, 5, 16] {
        let results = World::new(size, 1).run(|engine| {
            let trips = trips.clone();
            async move {
                open(&engine, &[&trips]).await;
                let plan = plan(vec![scan(1, &TRIPS)], vec![count(0)]);
                (engine.model(&plan.to_string(), size, 1).await.unwrap(), execute(&engine, &plan).await.unwrap().profile)
            }
        });
        let (model, profile) = &results[0];
        let model: Value = serde_json::from_str(model).unwrap();
        let scan = model["operators"].as_array().unwrap().iter().find(|operator| operator["name"] == "ScanExec").unwrap();
        let read = by_rank(operators(profile).iter().find(|operator| operator["name"] == "ScanExec").unwrap(), "rows");
        let reading = read.iter().filter(|rows| **rows > 0).count();
        assert_eq!(scan["scan"], json!({ "chunks": scan["scan"]["chunks"].as_u64().filter(|chunks| *chunks >= reading.max(3) as u64), "rows": 4_910, "mostRows": read.iter().max(), "reading": reading }), "{size} ranks");
    }
}
