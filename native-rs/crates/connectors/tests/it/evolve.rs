//! Files with other columns and types than the first: read, pruned and counted as one table.
use std::{path::Path, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, TimestampSecondArray},
    compute::cast,
    datatypes::{DataType, TimeUnit, TimestampMicrosecondType},
};
use datafusion::{logical_expr::{col, lit}, scalar::ScalarValue};
use lockstep_connectors::{Dataset, ParquetPart, ParquetRequest, ParquetWriteOptions, Pruner, ReadOptions, Result, open_parquet, print_type, read_labels};
use lockstep_plan::{ColumnType, JsType};

use super::{columns, parquet::physical, read_all, text, travelled};

type Columns = Vec<(&'static str, ArrayRef)>;

fn write(directory: &Path, index: usize, columns: Columns) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true))).unwrap();
    let options = ParquetWriteOptions { row_group_rows: 50, bloom_filters: vec!["id".to_owned()], ..ParquetWriteOptions::default() };
    let mut part = ParquetPart::create(directory, index, &batch.schema(), options).unwrap();
    part.write(&batch).unwrap();
    part.close().unwrap();
}

/// Rows 0 … 199 in one file, 200 … 299 in another: ids that are even, and what the other file has in other types or not at all.
fn written(directory: &Path) {
    let ids = |from: i32, to: i32| (from..to).map(|row| row * 2);
    write(directory, 0, vec![
        ("id", Arc::new(Int32Array::from_iter_values(ids(0, 200)))),
        ("x", Arc::new(Float32Array::from_iter_values((0..200).map(|row| row as f32 / 2.0)))),
        ("at", Arc::new(TimestampSecondArray::from_iter_values((0..200).map(i64::from)))),
        ("price", Arc::new(Decimal128Array::from_iter_values((0..200).map(i128::from)).with_precision_and_scale(9, 2).unwrap())),
        ("only", Arc::new(StringArray::from_iter_values((0..200).map(|row| format!("only {}", row % 3))))),
    ]);
    write(directory, 1, vec![
        ("note", Arc::new(StringArray::from_iter_values((200..300).map(|row| format!("note {}", row % 3))))),
        ("price", Arc::new(Decimal128Array::from_iter_values((200..300).map(i128::from)).with_precision_and_scale(12, 4).unwrap())),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values((200..300).map(|row| row * 1_000_000)).with_timezone("UTC"))),
        ("x", Arc::new(Float64Array::from_iter_values((200..300).map(|row| f64::from(row) / 2.0)))),
        ("id", Arc::new(Int64Array::from_iter_values(ids(200, 300).map(i64::from)))),
    ]);
}

fn open(directory: &Path, declared: &[(&str, JsType, bool)]) -> Result<Arc<Dataset>> {
    let declared = declared.iter().map(|(name, js, nullable)| ColumnType { name: (*name).to_owned(), js: *js, nullable: *nullable }).collect();
    open_parquet(&ParquetRequest { paths: vec![text(directory)], declared, ..ParquetRequest::default() }).map(|dataset| travelled(&dataset))
}

#[test]
fn columns_are_those_of_all_files() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = open(directory.path(), &[]).unwrap();
    let said: Vec<String> = dataset.schema.fields().iter().map(|field| format!("{} {}", field.name(), print_type(field.data_type()))).collect();
    assert_eq!(said, ["id int64", "x float64", "at timestamp[us, tz=UTC]", "price decimal128(12, 4)", "only string", "note string"]);
    for parts in [1, 2, 3, 7] {
        let all = read_all(&dataset, parts, &ReadOptions { batch_size: 32, ..columns(&["note", "id", "x", "at", "price"]) }).unwrap();
        assert_eq!(all.column(0).null_count(), 200);
        assert_eq!(all.column(0).as_string::<i32>().value(201), format!("note {}", 201 % 3));
        assert_eq!(all.column(1).as_ref(), &Int64Array::from_iter_values((0..300).map(|row| row * 2)) as &dyn Array);
        assert_eq!(all.column(2).as_ref(), &Float64Array::from_iter_values((0..300).map(|row| f64::from(row) / 2.0)) as &dyn Array);
        assert!(all.column(3).as_primitive::<TimestampMicrosecondType>().values().iter().enumerate().all(|(row, at)| *at == row as i64 * 1_000_000));
        let price = cast(all.column(4), &DataType::Float64).unwrap();
        assert_eq!(price.as_primitive::<arrow::datatypes::Float64Type>().values()[199..201], [1.99, 0.02]);
        // Nothing of the first file is decoded.
        let note = read_all(&dataset, parts, &columns(&["note"])).unwrap();
        assert_eq!((note.num_rows(), note.column(0).null_count()), (300, 200));
    }
}

#[test]
fn statistics_know_what_files_lack() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = open(directory.path(), &[]).unwrap();
    let known = |name: &str| dataset.column_statistics(name).unwrap();
    assert_eq!((known("note").null_count, known("only").null_count, known("id").null_count), (Some(200), Some(100), Some(0)));
    assert_eq!((known("id").min, known("id").max, known("id").exact), (Some(ScalarValue::Int64(Some(0))), Some(ScalarValue::Int64(Some(598))), true));
    // Parquet's writers say -0 of a least value of 0.
    assert_eq!((known("x").min, known("x").max), (Some(ScalarValue::Float64(Some(-0.0))), Some(ScalarValue::Float64(Some(149.5)))));
    assert_eq!(known("at").max, Some(ScalarValue::TimestampMicrosecond(Some(299_000_000), Some("UTC".into()))));
    assert_eq!((known("price").min, known("price").max), (Some(ScalarValue::Decimal128(Some(0), 12, 4)), Some(ScalarValue::Decimal128(Some(19_900), 12, 4))));
    let labels = read_labels(&dataset, "note", 10).unwrap().unwrap();
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), ["note 0", "note 1", "note 2"]);
}

#[test]
fn filters_prune_files_that_lack_the_column() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = open(directory.path(), &[]).unwrap();
    let at = |seconds: i64| lit(ScalarValue::TimestampMicrosecond(Some(seconds * 1_000_000), Some("UTC".into())));
    let cases = [
        (col("note").eq(lit("note 1")), vec!["note"], 33, 2),
        (col("note").is_null(), vec!["note"], 200, 4),
        (col("only").is_not_null(), vec!["only"], 200, 4),
        (col("id").gt(lit(500_i64)), vec!["id"], 49, 1),
        (col("id").eq(lit(102_i64)), vec!["id"], 1, 1),
        (col("id").eq(lit(103_i64)), vec!["id"], 0, 1),
        (col("x").lt(lit(10.0)), vec!["x"], 20, 1),
        (col("at").gt_eq(at(250)), vec!["at"], 50, 1),
        (col("price").gt(lit(ScalarValue::Decimal128(Some(15_000), 12, 4))), vec!["price"], 49, 1),
        (col("note").is_null().and(col("id").lt(lit(20_i64))), vec!["note", "id"], 10, 1),
    ];
    for (expression, names, rows, groups) in cases {
        let filter = physical(&dataset, &names, expression.clone());
        let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let pruner = Pruner::new(&filter, &dataset.scan_schema(&owned, &Default::default())).unwrap().eager(true);
        assert_eq!(pruner.groups(&dataset).iter().filter(|kept| **kept).count(), groups, "{expression}");
        let options = ReadOptions { filter: Some(filter), prune: Some(pruner.into()), ..columns(&names) };
        for parts in [1, 3, 7] {
            assert_eq!(read_all(&dataset, parts, &options).unwrap().num_rows(), rows, "{expression} in {parts} parts");
        }
    }
}

#[test]
fn the_interface_is_told_what_files_lack_before_the_run() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let error = open(directory.path(), &[("id", JsType::Number, false), ("note", JsType::String, false)]).unwrap_err();
    assert_eq!(error.code, "LS2002");
    let expected = ["part-00000.parquet differs from the interface in 1 column", "  column  the file has  the interface says  fix", "  note    (missing)     string              write note: string | null, which it is where a file lacks it"];
    assert!(error.message.ends_with(&expected.join("\n")), "{}", error.message);
    assert!(open(directory.path(), &[("id", JsType::Bigint, false), ("note", JsType::String, true)]).is_ok());
    let error = open(directory.path(), &[("x", JsType::Bigint, false)]).unwrap_err();
    assert!(error.message.contains("float64"), "{}", error.message);
}

#[test]
fn files_that_disagree() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    write(directory.path(), 9, vec![("note", Arc::new(Int32Array::from(vec![1]))), ("id", Arc::new(StringArray::from(vec!["a"])))]);
    let error = open(directory.path(), &[]).unwrap_err();
    assert_eq!(error.code, "LS2002");
    assert!(error.message.contains("part-00009.parquet differs from") && error.message.contains("part-00001.parquet in 1 column\n"), "{}", error.message);
    // Each beside the file that says the other thing.
    let error = open(directory.path(), &[("id", JsType::Number, true)]).unwrap_err();
    assert!(error.message.contains("part-00000.parquet in 1 column\n") && error.message.contains("string"), "{}", error.message);
    // Nobody looks at them.
    let dataset = open(directory.path(), &[("x", JsType::Number, true)]).unwrap();
    assert_eq!(read_all(&dataset, 3, &columns(&["x"])).unwrap().column(0).null_count(), 1);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let far = (1_i64 << 53) + 1;
    write(directory.path(), 0, vec![("n", Arc::new(Int64Array::from(vec![far]))), ("at", Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX / 10])))]);
    write(directory.path(), 1, vec![("n", Arc::new(Float64Array::from(vec![0.5]))), ("at", cast(&(Arc::new(Int64Array::from(vec![1])) as ArrayRef), &DataType::Timestamp(TimeUnit::Nanosecond, None)).unwrap())]);
    let dataset = open(directory.path(), &[]).unwrap();
    let error = read_all(&dataset, 2, &columns(&["n"])).unwrap_err();
    assert!(error.code == "LS2004" && error.message.contains(&format!("part-00000.parquet holds {far}, an integer past")), "{}", error.message);
    assert!(!dataset.column_statistics("n").unwrap().exact);
    let error = read_all(&dataset, 2, &columns(&["at"])).unwrap_err();
    assert!(error.code == "LS2015" && error.message.contains("which does not fit timestamp[ns]"), "{}", error.message);
}
