//! Footers that the ranks read together: what one rank finds in all of them, and one error where some are wrong.
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use lockstep_exec::EngineError;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tables::dataset;
use crate::world::*;

/// `id` of 10 rows (wider from the eighth file on), `part`, which the third file lacks, and `late`, which files after the fifth have.
fn file(number: i64) -> RecordBatch {
    let ids = || number * 10..number * 10 + 10;
    let id: ArrayRef = match number {
        0..7 => Arc::new(Int32Array::from_iter_values(ids().map(|id| id as i32))),
        _ => Arc::new(Int64Array::from_iter_values(ids())),
    };
    let mut columns: Vec<(&str, ArrayRef)> = vec![("id", id)];
    if number != 2 {
        columns.push(("part", Arc::new(StringArray::from_iter_values(ids().map(|id| format!("part {}", id % 3))))));
    }
    if number > 4 {
        columns.push(("late", Arc::new(Float64Array::from_iter(ids().map(|id| (id % 4 > 0).then_some(id as f64 / 3.0))))));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn files(count: i64) -> (TempDir, PathBuf) {
    dataset("many", &(0..count).map(file).collect::<Vec<_>>())
}

fn request(path: &Path, declared: Value) -> String {
    json!({ "paths": [path], "declared": declared, "types": {}, "site": "job.ts:1:1" }).to_string()
}

/// Of each number of ranks. Few files are dealt where executions adapt always.
fn worlds() -> impl Iterator<Item = World> {
    [1, 2, 3, 5, 7, 12].into_iter().map(|size| World { adapt: Adapt::Always, ..World::new(size, 1) })
}

#[test]
fn the_same_of_however_many_ranks() {
    for count in [2, 9, 20] {
        let (_guard, path) = files(count);
        let mut answers: Vec<String> = Vec::new();
        for world in worlds().chain([World::new(3, 1)]) {
            let results = world.run(|engine| {
                let path = path.clone();
                async move {
                    let opened = engine.open_parquet(&request(&path, json!([]))).await.unwrap();
                    let opened: Value = serde_json::from_str(&opened).unwrap();
                    let columns: Vec<(&str, &str)> = [("id", "number"), ("part", "string"), ("late", "number")][..if count > 5 { 3 } else { 2 }].to_vec();
                    // Plans of which one rank's statistics are others are refused.
                    let done = execute(&engine, &plan(vec![scan(1, &columns), sort(0, &[("id", "number", true)])], vec![collect(1)])).await.unwrap();
                    format!("{opened}\n{}", text(&rows(done.sinks[0].ipc.as_ref().unwrap())))
                }
            });
            answers.extend(results);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{count} files: {}", answers.join("\n"));
        assert!(answers[0].contains(&format!("\"rows\":{}", count * 10)), "{}", answers[0]);
    }
}

#[test]
fn the_first_error_in_the_order_of_the_files() {
    let declared = |late: bool| json!([{ "name": "id", "type": "number", "nullable": true }, { "name": "late", "type": "number", "nullable": late }]);
    // Which files are cut off, and which have texts for numbers; the interface; what is said.
    type Wrong<'a> = (&'a [usize], &'a [usize], Value, &'a str, &'a str);
    let cases: [Wrong<'_>; 6] = [
        (&[5, 19], &[], json!([]), "LS2005", "part-00005.parquet"),
        (&[19], &[], json!([]), "LS2005", "part-00019.parquet"),
        (&[18], &[3, 12], json!([]), "LS2002", "part-00003.parquet"),
        (&[1], &[12], json!([]), "LS2005", "part-00001.parquet"),
        (&[9], &[10], declared(true), "LS2005", "part-00009.parquet"),
        (&[], &[], declared(false), "LS2002", "part-00000.parquet"),
    ];
    for (cut, texts, declared, code, named) in cases {
        let (_guard, path) = files(20);
        let at = |number: &usize| path.join(format!("part-{number:05}.parquet"));
        cut.iter().for_each(|number| OpenOptions::new().write(true).open(at(number)).unwrap().set_len(60).unwrap());
        for number in texts {
            let (_other, text) = dataset("text", &[RecordBatch::try_from_iter([("id", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)]).unwrap()]);
            fs::copy(text.join("part-00000.parquet"), at(number)).unwrap();
        }
        let (_good, good) = files(4);
        let mut all: Vec<EngineError> = Vec::new();
        for world in worlds() {
            let results = world.run(|engine| {
                let (path, good, declared) = (path.clone(), good.clone(), declared.clone());
                async move {
                    let failed = engine.open_parquet(&request(&path, declared)).await.unwrap_err();
                    engine.settle(Bytes::new()).await.unwrap();
                    open(&engine, &[&good]).await;
                    failed
                }
            });
            all.extend(results);
        }
        for error in &all {
            assert_eq!((error.code.as_str(), &error.message, error.site.as_deref()), (code, &all[0].message, Some("job.ts:1:1")));
        }
        assert!(all[0].message.contains(named), "{named}: {}", all[0].message);
    }
}
