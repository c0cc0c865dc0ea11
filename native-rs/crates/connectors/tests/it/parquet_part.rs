//! What a Parquet file of ours holds: types asked for, strings of any layout, row groups by bytes.
use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, RecordBatch, StringArray, TimestampSecondArray},
    datatypes::{DataType, TimestampMillisecondType},
};
use lockstep_connectors::{ParquetPart, ParquetWriteOptions, ReadOptions};

use super::{
    columns,
    parquet::{ALL, open, table},
    read_all, travelled,
};

#[test]
fn written_types() {
    let directory = tempfile::tempdir().unwrap();
    let types = |pairs: &[(&str, &str)]| ParquetWriteOptions {
        types: pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        ..ParquetWriteOptions::default()
    };
    let create = |pairs: &[(&str, &str)]| ParquetPart::create(directory.path(), 0, &table(0, 0).schema(), types(pairs));
    for (name, wrong) in [("id", "int"), ("none", "int32"), ("stops", "date32")] {
        assert_eq!(create(&[(name, wrong)]).err().unwrap().code, "LS2015");
    }
    let mut part = create(&[("id", "int32"), ("zone", "dictionary<values=string, indices=int32>")]).unwrap();
    part.write(&table(0, 10)).unwrap();
    let error = part.write(&table(1 << 40, (1 << 40) + 1)).unwrap_err();
    assert_eq!(error.code, "LS2015");
    assert!(error.message.contains("column \"id\" is int64"), "{}", error.message);
    part.close().unwrap();
    let halves = RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(2.5)])) as ArrayRef)]).unwrap();
    let mut part = ParquetPart::create(directory.path(), 1, &halves.schema(), types(&[("x", "int64")])).unwrap();
    part.write(&halves.slice(0, 2)).unwrap();
    let error = part.write(&halves).unwrap_err();
    assert!(error.code == "LS2015" && error.message.contains("2.5 is not whole"), "{}", error.message);
    std::fs::remove_file(directory.path().join("part-00001.parquet")).unwrap();
    let dataset = Arc::new(open(directory.path()).unwrap());
    let all = read_all(&dataset, 1, &columns(&["id", "zone"])).unwrap();
    assert_eq!(all.column(0).as_ref(), &Int32Array::from_iter_values(0..10) as &dyn Array);
    assert!(matches!(all.column(1).data_type(), DataType::Dictionary(..)));
}

/// Polars and pandas lay strings out in other ways; a dictionary in one file and plain text in another are one column.
#[test]
fn strings_of_any_layout_are_one_type() {
    let directory = tempfile::tempdir().unwrap();
    let small = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::LargeUtf8));
    let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("é"), None, Some("")]));
    for (index, data_type) in [DataType::LargeUtf8, DataType::Utf8View, small].iter().enumerate() {
        let batch = RecordBatch::try_from_iter([("s", arrow::compute::cast(&plain, data_type).unwrap())]).unwrap();
        let mut part = ParquetPart::create(directory.path(), index, &batch.schema(), ParquetWriteOptions::default()).unwrap();
        part.write(&batch).unwrap();
        part.close().unwrap();
    }
    let dataset = travelled(&open(directory.path()).unwrap());
    assert_eq!(dataset.schema.field(0).data_type(), &DataType::Utf8);
    let all = read_all(&dataset, 2, &columns(&["s"])).unwrap();
    assert_eq!(all.column(0), &arrow::compute::concat(&[&plain, &plain, &plain]).unwrap());
    let options = ReadOptions { dictionary: BTreeSet::from(["s".to_owned()]), ..columns(&["s"]) };
    assert_eq!(read_all(&dataset, 2, &options).unwrap().column(0).logical_null_count(), 3);
    let last = open(&directory.path().join("part-00002.parquet")).unwrap();
    assert_eq!(lockstep_connectors::print_type(last.schema.field(0).data_type()), "dictionary<values=string, indices=int32>");
}

#[test]
fn seconds_are_written_as_milliseconds() {
    let directory = tempfile::tempdir().unwrap();
    let at: ArrayRef = Arc::new(TimestampSecondArray::from(vec![1, -1]).with_timezone("UTC"));
    let batch = RecordBatch::try_from_iter([("at", at)]).unwrap();
    let mut part = ParquetPart::create(directory.path(), 0, &batch.schema(), ParquetWriteOptions::default()).unwrap();
    part.write(&batch).unwrap();
    part.close().unwrap();
    let dataset = Arc::new(open(directory.path()).unwrap());
    let all = read_all(&dataset, 1, &columns(&["at"])).unwrap();
    assert_eq!(all.column(0).as_primitive::<TimestampMillisecondType>().values(), &[1000, -1000]);
}

#[test]
fn row_groups_end_by_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let large = table(0, 100_000);
    let options = ParquetWriteOptions { row_group_bytes: 1 << 16, ..ParquetWriteOptions::default() };
    let mut part = ParquetPart::create(directory.path(), 0, &large.schema(), options).unwrap();
    for start in (0..100_000).step_by(5000) {
        part.write(&large.slice(start, 5000)).unwrap();
        // Some rows are sampled first, and a row group has some thousands whatever they take.
        assert!(part.memory_size() < 4 << 20, "{}", part.memory_size());
    }
    part.close().unwrap();
    let dataset = Arc::new(open(directory.path()).unwrap());
    let groups: Vec<u64> = dataset.files[0].groups.iter().map(|group| group.rows).collect();
    assert!(groups.len() > 2 && groups[..groups.len() - 1].iter().all(|rows| *rows >= 5000), "{groups:?}");
    assert_eq!(read_all(&dataset, 2, &columns(&ALL)).unwrap(), large);
}
