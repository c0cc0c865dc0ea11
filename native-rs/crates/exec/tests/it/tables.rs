//! Input tables, made by rule.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use lockstep_connectors::{ParquetPart, ParquetWriteOptions};
use tempfile::TempDir;

/// The same numbers on every run.
pub fn random(index: u64, below: u64) -> u64 {
    let mut x = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 32) % below
}

/// A directory with one Parquet file a batch, row groups of 1,000 rows.
pub fn dataset(name: &str, batches: &[RecordBatch]) -> (TempDir, PathBuf) {
    in_groups(name, batches, 1000)
}

/// The same in row groups of so many rows.
pub fn in_groups(name: &str, batches: &[RecordBatch], rows: usize) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::create_dir(&path).unwrap();
    for (index, batch) in batches.iter().enumerate() {
        write(&path, index, batch, rows);
    }
    (directory, path)
}

fn write(path: &Path, index: usize, batch: &RecordBatch, row_group_rows: usize) {
    let options = ParquetWriteOptions { row_group_rows, ..ParquetWriteOptions::default() };
    let mut part = ParquetPart::create(path, index, &batch.schema(), options).unwrap();
    part.write(batch).unwrap();
    part.close().unwrap();
}

/// `t` (a minute apart from 2024-01-01), `zone`, `miles` (some null), `name` (some null, some not ASCII).
pub fn trips(rows: usize) -> RecordBatch {
    let at = |row: usize| 1_704_067_200_000 + row as i64 * 60_000;
    let miles = |row: usize| (row % 13 != 5).then(|| random(row as u64, 1000) as f64 / 8.0);
    let names = ["ann", "bob", "", "zoë", "😀", "ﬁ"];
    let name = |row: usize| (row % 17 != 3).then(|| names[random(row as u64 + 9, 6) as usize]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("t", Arc::new(TimestampMillisecondArray::from_iter_values((0..rows).map(at)).with_timezone("UTC"))),
        ("zone", Arc::new(Int32Array::from_iter_values((0..rows).map(|row| random(row as u64 + 5, 40) as i32)))),
        ("miles", Arc::new(Float64Array::from_iter((0..rows).map(miles)))),
        ("name", Arc::new(StringArray::from_iter((0..rows).map(name)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// `zone` (several rows a zone, a null, zones that no trip has) and `borough`.
pub fn zones() -> RecordBatch {
    let zone = Int32Array::from_iter((0..60).map(|row| (row != 7).then_some(row * 7 % 50)));
    let borough = StringArray::from_iter_values((0..60).map(|row| format!("borough {}", row % 5)));
    let columns: Vec<(&str, ArrayRef)> = vec![("zone", Arc::new(zone)), ("borough", Arc::new(borough))];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// `id` beyond 2^53 and `n`, in `rows` rows.
pub fn big_ids(rows: i64) -> RecordBatch {
    let ids = Int64Array::from_iter_values((0..rows).map(|row| (1 << 60) + row));
    let n = Int64Array::from_iter_values(0..rows);
    RecordBatch::try_from_iter([("id", Arc::new(ids) as ArrayRef), ("n", Arc::new(n) as ArrayRef)]).unwrap()
}
