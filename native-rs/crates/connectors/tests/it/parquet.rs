use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
        ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    },
    buffer::BooleanBuffer,
    compute::filter_record_batch,
    datatypes::{DataType, Int32Type, Int64Type},
};
use datafusion::{
    common::DFSchema,
    logical_expr::{Expr, cast, col, lit},
    logical_expr::{execution_props::ExecutionProps, physical_planning_context::PhysicalPlanningContext},
    physical_expr::{PhysicalExpr, create_physical_expr},
    scalar::ScalarValue,
};
use lockstep_connectors::{
    Columns, ConnectorError, Dataset, Described, KeyTest, ParquetListing, ParquetPart, ParquetRequest, ParquetWriteOptions, Pruner, ReadOptions, chunks, open_parquet, read, read_labels,
};
use lockstep_plan::{ColumnType, JsType};

use super::{columns, read_all, text, travelled};

/// Rows `from..to` of a table with every kind of column; its ids are the row numbers.
pub fn table(from: i64, to: i64) -> RecordBatch {
    let rows = || from..to;
    let zone: ArrayRef = Arc::new(StringArray::from_iter(rows().map(|id| (id % 5 != 3).then(|| format!("zone {}", id % 11)))));
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>(rows().map(|id| Some(vec![Some(id); (id % 3) as usize])));
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(rows())), false),
        ("miles", Arc::new(Float64Array::from_iter(rows().map(|id| (id % 7 != 0).then_some(id as f64 / 8.0)))), true),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(rows().map(|id| id * 1_000_001))), false),
        ("zone", zone, true),
        ("code", Arc::new(rows().map(|id| Some(["a", "b"][(id % 2) as usize])).collect::<DictionaryArray<Int32Type>>()), true),
        ("shared", Arc::new(BooleanArray::from_iter(rows().map(|id| Some(id % 2 == 0)))), true),
        ("fare", Arc::new(Decimal128Array::from_iter_values(rows().map(i128::from)).with_precision_and_scale(10, 2).unwrap()), false),
        ("stops", Arc::new(list), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub const ALL: [&str; 8] = ["id", "miles", "at", "zone", "code", "shared", "fare", "stops"];

/// Three files of 1,000, 0 and 2,500 rows in row groups of 300.
fn written(directory: &Path) {
    for (index, (from, to)) in [(0, 1000), (1000, 1000), (1000, 3500)].into_iter().enumerate() {
        let options = ParquetWriteOptions { row_group_rows: 300, ..ParquetWriteOptions::default() };
        let mut part = ParquetPart::create(directory, index, &table(0, 0).schema(), options).unwrap();
        for start in (from..to).step_by(400) {
            part.write(&table(start, to.min(start + 400))).unwrap();
        }
        let info = part.close().unwrap();
        assert_eq!(info.rows, (to - from) as u64);
        assert_eq!(info.bytes, fs::metadata(&info.path).unwrap().len());
    }
}

pub fn open(directory: &Path) -> Result<Dataset, ConnectorError> {
    open_parquet(&ParquetRequest { paths: vec![text(directory)], ..ParquetRequest::default() })
}

#[test]
fn what_is_written_is_read_by_any_number_of_parts() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let opened = open(directory.path()).unwrap();
    assert_eq!((opened.files.len(), opened.rows), (3, 3500));
    assert_eq!(opened.schema, table(0, 0).schema());
    for dataset in [Arc::new(opened.clone()), travelled(&opened)] {
        for parts in [1, 2, 3, 7, 40] {
            let all = read_all(&dataset, parts, &ReadOptions { batch_size: 128, ..columns(&ALL) }).unwrap();
            assert_eq!(all, table(0, 3500), "{parts} parts");
        }
        let picked = read_all(&dataset, 3, &columns(&["shared", "id"])).unwrap();
        assert_eq!(picked, table(0, 3500).project(&[5, 0]).unwrap());
    }
}

#[test]
fn rows_are_numbered_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = Arc::new(open(directory.path()).unwrap());
    let numbered = ReadOptions { row_number: Some("#".into()), ..columns(&["id"]) };
    let all = read_all(&dataset, 7, &numbered).unwrap();
    assert_eq!(all.column(0).as_primitive::<Int64Type>().values(), all.column(1).as_primitive::<Int64Type>().values());
    let counted = ReadOptions { batch_size: 100, ..columns(&[]) };
    let parts = chunks(&dataset, &[], 3, None);
    let rows: usize = parts.into_iter().flat_map(|part| read(Arc::clone(&dataset), part, counted.clone())).map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 3500);
}

#[test]
fn strings_come_as_dictionaries_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = Arc::new(open(directory.path()).unwrap());
    let options = ReadOptions { dictionary: BTreeSet::from(["zone".to_owned()]), ..columns(&["zone", "id"]) };
    let all = read_all(&dataset, 2, &options).unwrap();
    let zones = all.column(0).as_dictionary::<Int32Type>();
    let plain = arrow::compute::cast(zones, &DataType::Utf8).unwrap();
    assert_eq!(&plain, table(0, 3500).column(3));
    assert!(dataset.column_statistics("zone").unwrap().dictionary);
    let labels = read_labels(&travelled(&dataset), "zone", 20).unwrap().unwrap();
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), ["0", "1", "10", "2", "3", "4", "5", "6", "7", "8", "9"].map(|id| format!("zone {id}")));
    assert_eq!(read_labels(&dataset, "zone", 10).unwrap(), None);
    assert_eq!(read_labels(&dataset, "id", 10_000).unwrap(), None);
}

#[test]
fn statistics_are_those_of_the_whole_dataset() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = travelled(&open(directory.path()).unwrap());
    let of = |name: &str| dataset.column_statistics(name).unwrap();
    assert_eq!((of("id").min, of("id").max), (Some(ScalarValue::Int64(Some(0))), Some(ScalarValue::Int64(Some(3499)))));
    assert!(of("id").exact && of("zone").exact && of("fare").exact);
    assert_eq!(of("miles").null_count, Some(500));
    assert_eq!(of("at").max, Some(ScalarValue::TimestampMicrosecond(Some(3499 * 1_000_001), None)));
    assert_eq!(of("fare").max, Some(ScalarValue::Decimal128(Some(3499), 10, 2)));
    assert_eq!(of("zone").max, Some(ScalarValue::Utf8(Some("zone 9".into()))));
    assert_eq!(of("stops").min, None);
    assert_eq!(dataset.column_statistics("none"), None);
}

pub fn physical(dataset: &Dataset, names: &[&str], expression: Expr) -> Arc<dyn PhysicalExpr> {
    let schema = dataset.scan_schema(&columns(names).columns, &BTreeSet::new());
    let schema = DFSchema::try_from(schema.as_ref().clone()).unwrap();
    create_physical_expr(&expression, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default()).unwrap()
}

#[test]
fn filters_prune_groups_and_drop_rows() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = Arc::new(open(directory.path()).unwrap());
    let schema = dataset.scan_schema(&columns(&["id", "miles"]).columns, &BTreeSet::new());
    let kept = |filter: Expr| {
        let pruner = Pruner::new(&physical(&dataset, &["id", "miles"], filter), &schema);
        pruner.map_or(13, |pruner| pruner.groups(&dataset).into_iter().filter(|keep| *keep).count())
    };
    assert_eq!(kept(col("id").gt_eq(lit(3300_i64))), 2);
    assert_eq!(kept(col("id").eq(lit(-1_i64))), 0);
    assert_eq!(kept(col("miles").gt(lit(430.0))), 1);
    // An int64 column looked at as a number.
    assert_eq!(kept(cast(col("id"), DataType::Float64).gt_eq(lit(3300.0))), 2);
    // NaN is outside Parquet's bounds, so a negated comparison of floats must keep everything.
    assert_eq!(kept(!col("miles").gt(lit(-1.0))), 13);
    let filter = physical(&dataset, &["id"], col("id").gt_eq(lit(1290_i64)).and(col("id").lt(lit(1310_i64))));
    let options = ReadOptions { filter: Some(Arc::clone(&filter)), row_number: Some("#".into()), ..columns(&["id"]) };
    let keep = Pruner::new(&filter, &dataset.scan_schema(&options.columns, &BTreeSet::new())).unwrap().groups(&dataset);
    let mut ids = Vec::new();
    for part in chunks(&dataset, &options.columns, 3, Some(&keep)) {
        for batch in read(Arc::clone(&dataset), part, options.clone()) {
            let batch = batch.unwrap();
            assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), batch.column(1).as_primitive::<Int64Type>().values());
            ids.extend_from_slice(batch.column(0).as_primitive::<Int64Type>().values());
        }
    }
    assert_eq!(ids, (1290..1310).collect::<Vec<_>>());
}

/// A test of one column by its values.
fn key_test(column: &str, wanted: impl Fn(&ArrayRef, usize) -> bool + Send + Sync + 'static) -> KeyTest {
    let wanted = move |values: &ArrayRef| Ok(BooleanBuffer::collect_bool(values.len(), |row| wanted(values, row)));
    KeyTest { column: column.to_owned(), wanted: Arc::new(wanted) }
}

#[test]
fn rows_that_fail_a_test_are_dropped() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = Arc::new(open(directory.path()).unwrap());
    let id = |values: &ArrayRef, row: usize| values.as_primitive::<Int64Type>().value(row);
    let all = ["zone", "id", "stops", "code", "miles"];
    let whole = read_all(&dataset, 1, &ReadOptions { row_number: Some("#".into()), ..columns(&all) }).unwrap();
    let ids = whole.column(1).clone();
    let zones = whole.column(0).clone();
    type Cases = Vec<(&'static str, Vec<KeyTest>, Vec<bool>)>;
    let cases = |kept: &dyn Fn(usize) -> bool| (0..3500).map(kept).collect::<Vec<bool>>();
    let tests: Cases = vec![
        ("one here and there", vec![key_test("id", move |values, row| id(values, row) % 97 == 5)], cases(&|row| id(&ids, row) % 97 == 5)),
        ("every second", vec![key_test("id", move |values, row| id(values, row) % 2 == 0)], cases(&|row| row % 2 == 0)),
        ("a run over groups and files", vec![key_test("id", move |values, row| (250..1700).contains(&id(values, row)))], cases(&|row| (250..1700).contains(&row))),
        ("none", vec![key_test("id", |_, _| false)], cases(&|_| false)),
        (
            "by two columns",
            vec![key_test("id", move |values, row| id(values, row) % 5 < 3), key_test("zone", |values, row| values.is_valid(row) && values.as_string::<i32>().value(row).ends_with('4'))],
            cases(&|row| row % 5 < 3 && zones.is_valid(row) && zones.as_string::<i32>().value(row).ends_with('4')),
        ),
    ];
    for (name, tests, kept) in tests {
        let expected = filter_record_batch(&whole, &BooleanArray::from(kept)).unwrap();
        for (parts, batch_size) in [(1, 8192), (3, 100), (7, 1)] {
            let options = ReadOptions { batch_size, row_number: Some("#".into()), tests: tests.clone(), ..columns(&all) };
            assert_eq!(read_all(&dataset, parts, &options).unwrap(), expected, "{name}, {parts} parts");
            let (keys, number) = (ReadOptions { tests: tests.clone(), ..columns(&["id", "zone"]) }, expected.schema().index_of("id").unwrap());
            assert_eq!(read_all(&dataset, parts, &keys).unwrap().column(0), expected.column(number), "{name}, {parts} parts");
        }
    }
    let counted = |tests: Vec<KeyTest>| {
        let mut reader = read(Arc::clone(&dataset), chunks(&dataset, &[], 1, None).remove(0), ReadOptions { tests, ..columns(&all) });
        let rows: usize = reader.by_ref().map(|batch| batch.unwrap().num_rows()).sum();
        (rows, reader.dropped())
    };
    assert_eq!(counted(vec![key_test("id", move |values, row| id(values, row) < 1000)]), (1000, 2500));
}

#[test]
fn a_test_that_keeps_nearly_all_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let large = table(0, 60_000);
    let options = ParquetWriteOptions { row_group_rows: 30_000, ..ParquetWriteOptions::default() };
    let mut part = ParquetPart::create(directory.path(), 0, &large.schema(), options).unwrap();
    part.write(&large).unwrap();
    part.close().unwrap();
    let dataset = Arc::new(open(directory.path()).unwrap());
    let tests = vec![key_test("id", |values, row| values.as_primitive::<Int64Type>().value(row) % 10 != 0)];
    assert_eq!(read_all(&dataset, 2, &ReadOptions { tests, ..columns(&ALL) }).unwrap(), large);
}

#[test]
fn the_interface_is_checked_before_and_its_nulls_while_reading() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let declared = |name: &str, js| vec![ColumnType { name: name.into(), js, nullable: false }];
    let with = |declared| open_parquet(&ParquetRequest { paths: vec![text(directory.path())], declared, ..ParquetRequest::default() });
    let error = with(declared("mile", JsType::Number)).unwrap_err();
    assert_eq!(error.code, "LS2002");
    assert!(error.message.contains("did you mean \"miles\"?"), "{}", error.message);
    let dataset = Arc::new(with(declared("miles", JsType::Number)).unwrap());
    assert!(!dataset.scan_schema(&columns(&["miles"]).columns, &BTreeSet::new()).field(0).is_nullable());
    let parts = chunks(&dataset, &columns(&["miles"]).columns, 2, None);
    let error = read(Arc::clone(&dataset), parts[1].clone(), columns(&["miles"])).find_map(Result::err).unwrap();
    assert_eq!(error.code, "LS2003");
    let row = error.detail["row"].as_i64().unwrap();
    assert!(error.detail["file"].as_str().unwrap().ends_with("part-00002.parquet"));
    assert_eq!((row + 1000) % 7, 0);
}

#[test]
fn damaged_files_are_errors_not_panics() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let path = directory.path().join("part-00000.parquet");
    let whole = fs::read(&path).unwrap();
    let expected = table(0, 1000);
    let attempt = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let dataset = open_parquet(&ParquetRequest { paths: vec![text(&path)], ..ParquetRequest::default() })?;
        read_all(&Arc::new(dataset), 2, &columns(&ALL))
    };
    for length in [0, 3, 8, 100, whole.len() / 2, whole.len() - 1] {
        let error = attempt(&whole[..length]).unwrap_err();
        assert_eq!(error.code, "LS2005", "{}", error.message);
        assert!(error.message.contains("part-00000.parquet"));
    }
    let mut seed = 3_u64;
    let mut errors = 0;
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] ^= 1 << (seed >> 61);
        }
        match attempt(&bytes) {
            Ok(read) => assert_eq!(read.num_columns(), expected.num_columns()),
            Err(error) => {
                assert!(["LS2005", "LS2002", "LS2003"].contains(&error.code), "{}: {}", error.code, error.message);
                errors += 1;
            }
        }
    }
    assert!(errors > 100);
}

#[test]
fn a_file_changed_after_opening_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let dataset = travelled(&open(directory.path()).unwrap());
    fs::write(directory.path().join("part-00002.parquet"), "x").unwrap();
    let error = read_all(&dataset, 1, &columns(&["id"])).unwrap_err();
    assert_eq!(error.code, "LS2019");
    assert!(error.message.contains("changed"), "{}", error.message);
}

/// Ranks describe their shares of the files to each other: each opens those alone.
#[test]
fn files_are_described_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..5 {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(number * 10..number * 10 + 10));
        let ratio: ArrayRef = Arc::new(Float64Array::from_iter_values((0..10).map(|row| f64::from(row + 1) / 3e9 / (number + 7) as f64)));
        let batch = RecordBatch::try_from_iter([("id", ids), ("ratio", ratio)]).unwrap();
        let mut part = ParquetPart::create(directory.path(), number as usize, &batch.schema(), ParquetWriteOptions::default()).unwrap();
        part.write(&batch).unwrap();
        part.close().unwrap();
    }
    let listing = ParquetListing::new(ParquetRequest { paths: vec![text(directory.path())], ..ParquetRequest::default() }).unwrap();
    let listing: ParquetListing = serde_json::from_slice(&serde_json::to_vec(&listing).unwrap()).unwrap();
    let away = |number: usize| directory.path().join(format!("part-0000{number}.parquet"));
    let (mut columns, mut shares) = (Columns::default(), Vec::new());
    for share in [0..2, 2..2, 2..5] {
        let others: Vec<usize> = (0..5).filter(|number| !share.contains(number)).collect();
        others.iter().for_each(|number| std::fs::rename(away(*number), away(*number).with_extension("away")).unwrap());
        let (footed, read) = listing.read(share);
        read.unwrap();
        others.iter().for_each(|number| std::fs::rename(away(*number).with_extension("away"), away(*number)).unwrap());
        listing.columns_of(&footed).unwrap().iter().for_each(|alike| listing.add(&mut columns, alike).unwrap());
        shares.push(footed);
    }
    let parts = shares.iter().map(|footed| Described::from_bytes(&listing.describe(&columns, footed).unwrap().to_bytes().unwrap().into()).unwrap());
    let together = listing.dataset(&columns, parts.collect()).unwrap();
    let alone = listing.open().unwrap();
    // Whoever reads bounds of floats must find them as they are.
    assert_eq!(together.to_bytes().unwrap(), alone.to_bytes().unwrap());
    let (_, failed) = listing.read(0..0);
    failed.unwrap();
    std::fs::write(away(3), b"PAR1").unwrap();
    let (_, failed) = listing.read(2..5);
    assert_eq!(failed.unwrap_err().code, "LS2019");
}
