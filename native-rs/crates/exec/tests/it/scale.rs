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
