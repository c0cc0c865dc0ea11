//! Order is the program's wherever it is seen.
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};

use serde_json::json;

use crate::tables::{dataset, trips, zones};
use crate::world::*;

const TRIPS: [(&str, &str); 4] = [("t", "date"), ("zone", "number"), ("miles", "number"), ("name", "string")];

fn by_name(batch: &arrow::array::RecordBatch, name: &str) -> Vec<Option<f64>> {
    let column = arrow::compute::cast(batch.column_by_name(name).unwrap(), &arrow::datatypes::DataType::Float64).unwrap();
    column.as_primitive::<Float64Type>().iter().collect()
}

#[test]
fn a_scan_keeps_file_order() {
    let (_guard, path) = dataset("trips", &[trips(2500), trips(700)]);
    let rows = same_everywhere(&[&path], |d| {
        vec![scan(d[0], &TRIPS), filter(0, call("gt", "boolean", vec![column("miles", "number"), number(100.0)]))]
    });
    let both: Vec<_> = [trips(2500), trips(700)].iter().flat_map(|b| by_name(b, "miles")).flatten().filter(|m| *m > 100.0).collect();
    assert_eq!(by_name(&rows, "miles").into_iter().flatten().collect::<Vec<_>>(), both);
}

#[test]
fn groups_come_in_order_of_first_appearance() {
    let (_guard, path) = dataset("trips", &[trips(3000)]);
    let rows = same_everywhere(&[&path], |d| {
        vec![
            scan(d[0], &TRIPS),
            aggregate(0, &[("zone", "number")], vec![
                ("n", "count", None),
                ("miles", "mean", Some(column("miles", "number"))),
                ("who", "any", Some(column("name", "string"))),
                ("most", "max", Some(column("t", "date"))),
            ]),
        ]
    });
    let source = trips(3000);
    let mut seen = vec![];
    for zone in source.column(1).as_primitive::<Int32Type>().values() {
        if !seen.contains(zone) {
            seen.push(*zone);
        }
    }
    assert_eq!(rows.column(0).as_primitive::<Int32Type>().values().to_vec(), seen);
    assert_eq!(rows.column(1).as_primitive::<Int64Type>().values().iter().sum::<i64>(), 3000);
}

#[test]
fn ties_of_a_sort_keep_their_order() {
    let (_guard, path) = dataset("trips", &[trips(2000)]);
    let rows = same_everywhere(&[&path], |d| vec![scan(d[0], &TRIPS), sort(0, &[("name", "string", false), ("zone", "number", true)])]);
    // Null first, then by UTF-16 code units: the emoji's surrogate stands before U+FB01.
    let names: Vec<_> = rows.column(3).as_string::<i32>().iter().collect();
    let mut distinct = names.clone();
    distinct.dedup();
    assert_eq!(distinct, [None, Some(""), Some("ann"), Some("bob"), Some("zoë"), Some("😀"), Some("ﬁ")]);
    let zones = by_name(&rows, "zone");
    let times = by_name(&rows, "t");
    for i in 1..rows.num_rows() {
        if names[i] == names[i - 1] {
            assert!(zones[i] < zones[i - 1] || (zones[i] == zones[i - 1] && times[i] > times[i - 1]), "row {i}");
        }
    }
}

#[test]
fn numbers_sort_as_arquero_does() {
    let (_guard, path) = dataset("trips", &[trips(600)]);
    for descending in [false, true] {
        let rows = same_everywhere(&[&path], |d| vec![scan(d[0], &TRIPS), sort(0, &[("miles", "number", descending)])]);
        let miles = by_name(&rows, "miles");
        let nulls = miles.iter().filter(|m| m.is_none()).count();
        let values: Vec<f64> = miles.iter().flatten().copied().collect();
        assert!(values.is_sorted_by(|a, b| if descending { a >= b } else { a <= b }));
        let first = if descending { &miles[values.len()..] } else { &miles[..nulls] };
        assert!(first.iter().all(Option::is_none));
    }
}

#[test]
fn joins_go_left_then_right() {
    let (_a, trips_path) = dataset("trips", &[trips(900)]);
    let (_b, zones_path) = dataset("zones", &[zones()]);
    for kind in ["inner", "left"] {
        let rows = same_everywhere(&[&trips_path, &zones_path], |d| {
            vec![
                scan(d[0], &TRIPS),
                scan(d[1], &[("zone", "number"), ("borough", "string")]),
                join(kind, (0, 1), ("zone", "zone", "number"), &["t", "zone"], &["borough"]),
            ]
        });
        // Trip by trip; for each the zones in their order; trips without a zone at the end.
        let (trips, zones) = (trips(900), zones());
        let (mut expected, mut unmatched) = (vec![], vec![]);
        for (row, zone) in trips.column(1).as_primitive::<Int32Type>().iter().enumerate() {
            let matches: Vec<_> =
                (0..60).filter(|&i| zones.column(0).is_valid(i) && zones.column(0).as_primitive::<Int32Type>().value(i) == zone.unwrap()).collect();
            if matches.is_empty() && kind == "left" {
                unmatched.push((row, None));
            }
            expected.extend(matches.into_iter().map(|i| (row, Some(zones.column(1).as_string::<i32>().value(i).to_owned()))));
        }
        expected.extend(unmatched);
        let found: Vec<_> = by_name(&rows, "t")
            .into_iter()
            .map(|t| (t.unwrap() as i64 - 1_704_067_200_000) as usize / 60_000)
            .zip(rows.column(2).as_string::<i32>().iter().map(|name| name.map(str::to_owned)))
            .collect();
        assert_eq!(found, expected, "{kind}");
    }
}

#[test]
fn semi_and_anti_keep_left_rows_in_order() {
    let (_a, trips_path) = dataset("trips", &[trips(900)]);
    let (_b, zones_path) = dataset("zones", &[zones()]);
    let half = |d: &[u64]| {
        vec![
            scan(d[0], &TRIPS),
            scan(d[1], &[("zone", "number"), ("borough", "string")]),
            filter(1, call("lt", "boolean", vec![column("zone", "number"), number(20.0)])),
        ]
    };
    let mut counted = 0;
    for kind in ["semi", "anti"] {
        let rows = same_everywhere(&[&trips_path, &zones_path], |d| {
            let mut nodes = half(d);
            nodes.push(join(kind, (0, 2), ("zone", "zone", "number"), &[], &[]));
            nodes
        });
        assert!(by_name(&rows, "t").is_sorted());
        assert_eq!(rows.num_columns(), 4);
        assert!(rows.num_rows() > 0);
        counted += rows.num_rows();
    }
    assert_eq!(counted, 900);
}

#[test]
fn slices_count_from_both_ends() {
    let (_guard, path) = dataset("trips", &[trips(2000)]);
    for (start, end, expected) in [(0, Some(5), 0..5), (-3, None, 1997..2000), (995, Some(-995), 995..1005), (1990, Some(3000), 1990..2000), (5, Some(2), 0..0)] {
        let rows = same_everywhere(&[&path], |d| vec![scan(d[0], &TRIPS), slice(0, start, end)]);
        let found: Vec<_> = by_name(&rows, "t").into_iter().map(|t| (t.unwrap() as i64 - 1_704_067_200_000) / 60_000).collect();
        assert_eq!(found, expected.collect::<Vec<i64>>(), "{start}..{end:?}");
    }
}

#[test]
fn a_slice_of_a_sort_is_its_top() {
    let (_guard, path) = dataset("trips", &[trips(2000)]);
    let rows = same_everywhere(&[&path], |d| {
        vec![
            scan(d[0], &TRIPS),
            sort(0, &[("miles", "number", true)]),
            slice(1, 0, Some(100)),
            aggregate(2, &[("zone", "number")], vec![("n", "count", None), ("best", "any", Some(column("miles", "number")))]),
        ]
    });
    // Groups of the sorted top: their first values fall.
    let best: Vec<_> = by_name(&rows, "best").into_iter().flatten().collect();
    assert!(best.is_sorted_by(|a, b| a >= b));
    assert_eq!(by_name(&rows, "n").into_iter().flatten().sum::<f64>(), 100.0);
}

#[test]
fn sums_of_floats_have_the_same_bits_everywhere() {
    let (_guard, path) = dataset("trips", &[trips(3000), trips(10), trips(1700)]);
    for keys in [vec![], vec![("zone", "number")], vec![("name", "string")], vec![("miles", "number")]] {
        for scale in [0.1, 1e-3] {
            let rows = same_everywhere(&[&path], |d| {
                // Tenths, and values of very different sizes.
                let tenth = call("mul", "number", vec![column("miles", "number"), number(scale)]);
                let wide = call("Math.pow", "number", vec![column("miles", "number"), number(9.0)]);
                let names = ["sum", "mean", "variance", "stdev", "variancep", "stdevp"];
                let aggregates = names.iter().flat_map(|name| [(*name, "x"), (*name, "y")]).map(|(name, of)| json!({ "name": format!("{name} {of}"), "function": name, "arg": column(of, "number") }));
                let pairs = ["covariance", "covariancep", "corr"].iter().map(|name| json!({ "name": name, "function": name, "arg": column("x", "number"), "other": column("y", "number") }));
                let keys: Vec<_> = keys.iter().map(|(name, js)| json!({ "name": name, "expression": column(name, js) })).collect();
                vec![
                    scan(d[0], &TRIPS),
                    derive(0, vec![("x", tenth), ("y", wide)]),
                    json!({ "op": "aggregate", "input": 1, "keys": keys, "aggregates": aggregates.chain(pairs).collect::<Vec<_>>(), "site": "job.ts:6:1" }),
                ]
            });
            assert!(rows.num_rows() > 0);
        }
    }
}

#[test]
fn what_is_dealt_evenly_keeps_its_order() {
    let (_guard, path) = dataset("trips", &[trips(1500), trips(0), trips(7)]);
    for step in [None, Some(1), Some(100), Some(5000)] {
        let mut rebalance = json!({ "op": "rebalance", "input": 1, "site": "job.ts:5:1" });
        step.into_iter().for_each(|step| rebalance["step"] = json!(step));
        let few = |d: &[u64]| vec![scan(d[0], &TRIPS), filter(0, call("gt", "boolean", vec![column("miles", "number"), number(100.0)]))];
        let right = same_everywhere(&[&path], few);
        let dealt = same_everywhere(&[&path], |d| [few(d), vec![rebalance.clone()]].concat());
        assert_eq!(dealt, right, "{step:?}");
    }
}

#[test]
fn a_rank_reads_its_part_of_each_step() {
    let (_guard, path) = dataset("trips", &[trips(1000)]);
    for (size, threads) in WORLDS {
        let parts = World::new(size, threads).run(|engine| {
            let path = path.clone();
            let rebalance = json!({ "op": "rebalance", "input": 1, "step": 300, "site": "job.ts:5:1" });
            let spool = json!({ "op": "spool", "input": 2, "spool": 1, "site": "job.ts:5:1" });
            let sink = json!({ "op": "materialize", "input": 3, "site": "job.ts:5:1" });
            async move {
                open(&engine, &[&path]).await;
                let plan = plan(vec![scan(1, &TRIPS), sort(0, &[("t", "date", true)]), rebalance, spool], vec![sink, count(3)]);
                assert_eq!(execute(&engine, &plan).await.unwrap().sinks[1].rows, 1000);
                let mut dealt = engine.rank_rows(1).unwrap();
                let rank = engine.ranks().rank as u64;
                let mut steps = vec![];
                for of in [300, 300, 300, 100] {
                    let share = |rank: u64| (rank * of).div_ceil(size as u64);
                    let mine = (share(rank + 1) - share(rank)) as usize;
                    steps.push(by_name(&rows(&dealt.next(mine).await.unwrap()), "t"));
                }
                assert_eq!(rows(&dealt.next(1).await.unwrap()).num_rows(), 0);
                steps
            }
        });
        let all: Vec<_> = (0..4).flat_map(|step| parts.iter().flat_map(move |part| part[step].clone())).collect();
        assert_eq!(all.len(), 1000);
        assert!(all.is_sorted_by(|a, b| a > b), "{size} × {threads}");
    }
}

#[test]
fn tables_are_concatenated_one_after_another() {
    let (_a, trips_path) = dataset("trips", &[trips(400)]);
    let (_b, zones_path) = dataset("zones", &[zones()]);
    let rows = same_everywhere(&[&trips_path, &zones_path], |d| {
        vec![
            scan(d[0], &TRIPS),
            select(0, &[("zone", "zone"), ("miles", "miles")]),
            scan(d[1], &[("zone", "number"), ("borough", "string")]),
            json!({ "op": "concat", "inputs": [1, 2, 1], "site": "job.ts:5:1" }),
        ]
    });
    assert_eq!((rows.num_columns(), rows.num_rows()), (2, 860));
    let miles = by_name(&rows, "miles");
    assert_eq!(miles[..400], by_name(&trips(400), "miles"));
    assert!(miles[400..460].iter().all(Option::is_none));
    assert_eq!(miles[460..], miles[..400]);
}

#[test]
fn dedupe_keeps_the_first_row_of_each_key() {
    let (_guard, path) = dataset("trips", &[trips(1500)]);
    let rows = same_everywhere(&[&path], |d| {
        vec![
            scan(d[0], &TRIPS),
            sort(0, &[("t", "date", true)]),
            json!({ "op": "dedupe", "input": 1, "keys": [column("name", "string")], "site": "job.ts:5:1" }),
        ]
    });
    assert_eq!(rows.num_rows(), 7);
    assert!(by_name(&rows, "t").is_sorted_by(|a, b| a > b));
}

#[test]
fn keys_that_are_derived_away_still_order() {
    let (_guard, path) = dataset("trips", &[trips(500)]);
    let rows = same_everywhere(&[&path], |d| {
        vec![
            scan(d[0], &TRIPS),
            sort(0, &[("miles", "number", false)]),
            derive(1, vec![("miles", number(1.0))]),
            select(2, &[("zone", "zone"), ("miles", "m")]),
        ]
    });
    let sorted = same_everywhere(&[&path], |d| vec![scan(d[0], &TRIPS), sort(0, &[("miles", "number", false)])]);
    assert_eq!(by_name(&rows, "zone"), by_name(&sorted, "zone"));
}
