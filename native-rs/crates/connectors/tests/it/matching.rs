//! Rows left out by what files say of their pages, by Bloom filters and by dictionaries: none that matches, in files of another writer.
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray},
    buffer::BooleanBuffer,
    datatypes::Int64Type,
};
use datafusion::{
    common::DFSchema,
    logical_expr::{Expr, col, execution_props::ExecutionProps, lit, physical_planning_context::PhysicalPlanningContext},
    physical_expr::create_physical_expr,
};
use lockstep_connectors::{Dataset, KeyTest, ParquetPart, ParquetRequest, ParquetWriteOptions, Pruner, ReadOptions, chunks, open_parquet, read};
use parquet::{
    arrow::ArrowWriter,
    file::{
        properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder},
        reader::{FileReader, SerializedFileReader},
    },
};

use super::{columns, read_all, text, travelled};

const ROWS: i64 = 40_000;
const NAMES: [&str; 5] = ["id", "day", "code", "name", "miles"];

/// Without order, each once.
fn code(row: i64) -> i64 {
    row * 7919 % 40_009 * 2
}

/// None: null or NaN.
fn miles(row: i64) -> Option<f64> {
    (row / 5000 % 2 == 0 && row % 100 != 7).then_some(row as f64 / 8.0)
}

/// `id` and `day` ascend, `code` and `name` are in no order, whole pages of `miles` are null.
fn table() -> RecordBatch {
    let rows = || 0..ROWS;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(rows()))),
        ("day", Arc::new(Int32Array::from_iter_values(rows().map(|row| (row / 900) as i32)))),
        ("code", Arc::new(Int64Array::from_iter_values(rows().map(code)))),
        ("name", Arc::new(StringArray::from_iter(rows().map(|row| (row % 9 != 4).then(|| format!("a name of some length {}", code(row))))))),
        ("miles", Arc::new(Float64Array::from_iter(rows().map(|row| (row / 5000 % 2 == 0).then_some(if row % 100 == 7 { f64::NAN } else { row as f64 / 8.0 }))))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// Where the file is.
fn file_in(directory: &Path) -> PathBuf {
    directory.join("of-another-writer.parquet")
}

/// One file in row groups of 25,000 rows, whose pages have 1,000 of numbers, and fewer of text.
fn opened(directory: &Path, with: impl FnOnce(WriterPropertiesBuilder) -> WriterPropertiesBuilder) -> Arc<Dataset> {
    let table = table();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(25_000))
        .set_data_page_row_count_limit(1_000)
        .set_data_page_size_limit(12_000)
        .set_write_batch_size(250)
        .set_dictionary_enabled(false);
    let file = File::create(file_in(directory)).unwrap();
    let mut writer = ArrowWriter::try_new(file, table.schema(), Some(with(properties).build())).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    travelled(&open_parquet(&ParquetRequest { paths: vec![text(directory)], ..ParquetRequest::default() }).unwrap())
}

pub fn pruner(dataset: &Dataset, names: &[&str], filter: &Expr) -> Arc<Pruner> {
    let schema = dataset.scan_schema(&columns(names).columns, &Default::default());
    let bound = DFSchema::try_from(schema.as_ref().clone()).unwrap();
    let filter = create_physical_expr(filter, &bound, &ExecutionProps::new(), &PhysicalPlanningContext::default()).unwrap();
    Arc::new(Pruner::new(&filter, &schema).unwrap())
}

/// The rows read, which are those of the table and among them all that match; of how many parts whatever.
fn left(dataset: &Arc<Dataset>, filter: &Expr, matches: &dyn Fn(i64) -> bool, tests: &[KeyTest]) -> usize {
    let whole = table();
    let pruner = pruner(dataset, &NAMES, filter);
    let rows = [(1, 8192), (3, 100), (7, 1000)].map(|(parts, batch_size)| {
        let options = ReadOptions { batch_size, row_number: Some("#".into()), prune: Some(pruner.clone()), tests: tests.to_vec(), ..columns(&NAMES) };
        let read = read_all(dataset, parts, &options).unwrap();
        let numbers = read.column(5).as_primitive::<Int64Type>();
        let taken = arrow::compute::take_record_batch(&whole, numbers).unwrap();
        assert!((0..5).all(|column| taken.column(column).to_data() == read.column(column).to_data()), "{filter} in {parts} parts");
        assert!(numbers.values().is_sorted_by(|a, b| a < b));
        let matching = numbers.values().iter().filter(|row| matches(**row)).count();
        assert_eq!(matching, (0..ROWS).filter(|row| matches(*row)).count(), "{filter} in {parts} parts");
        read.num_rows()
    });
    rows[0].max(rows[1]).max(rows[2])
}

#[test]
fn pages_without_a_matching_row_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let dataset = opened(directory.path(), |properties| properties);
    let cases: Vec<(Expr, &dyn Fn(i64) -> bool, usize)> = vec![
        (col("id").gt_eq(lit(12_345_i64)).and(col("id").lt(lit(12_346_i64))), &|row| row == 12_345, 1000),
        (col("id").lt(lit(10_i64)).or(col("id").gt(lit(39_990_i64))), &|row| !(10..=39_990).contains(&row), 2000),
        // Pages of two columns, which do not begin at the same rows.
        (col("day").eq(lit(3_i32)).and(col("miles").gt(lit(400.0))), &|row| row / 900 == 3 && miles(row).is_some_and(|miles| miles > 400.0), 2000),
        (col("miles").gt(lit(4000.0)), &|row| miles(row).is_some_and(|miles| miles > 4000.0), 4000),
        (col("miles").is_not_null().and(col("miles").gt(lit(4000.0))), &|row| miles(row).is_some_and(|miles| miles > 4000.0), 4000),
        (col("miles").is_null(), &|row| miles(row).is_none() && row / 5000 % 2 == 1, 20_000),
        (col("miles").is_not_null(), &|row| row / 5000 % 2 == 0, 20_000),
        // Bounds of text that may be cut off.
        (col("name").eq(lit("a name of some length 7919")), &|_| false, ROWS as usize),
        // In the bounds of the groups, in those of no page.
        (col("id").eq(lit(-1_i64)).or(col("day").eq(lit(44_i32)).and(col("id").lt(lit(30_000_i64)))), &|_| false, 0),
    ];
    for (filter, matches, most) in cases {
        let rows = left(&dataset, &filter, matches, &[]);
        assert!(rows <= most, "{filter} leaves {rows}");
    }
}

#[test]
fn row_groups_whose_bloom_filter_has_no_such_value_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let dataset = opened(directory.path(), |properties| properties.set_bloom_filter_enabled(true).set_statistics_enabled(EnabledStatistics::Chunk));
    let code_at = |row| lit(code(row));
    let name_at = |row| lit(format!("a name of some length {}", code(row)));
    // No row group has an odd code.
    assert_eq!(left(&dataset, &col("code").eq(lit(4001_i64)), &|_| false, &[]), 0);
    assert_eq!(left(&dataset, &col("name").eq(lit("a name of some length 4001")), &|_| false, &[]), 0);
    // Of one row group.
    let group = |filter: &Expr, row: i64| left(&dataset, filter, &|other| other == row, &[]);
    assert_eq!((group(&col("code").eq(code_at(100)), 100), group(&col("code").eq(code_at(30_000)), 30_000)), (25_000, 15_000));
    assert_eq!(group(&col("name").eq(name_at(30_002)), 30_002), 15_000);
    let either = col("code").in_list(vec![code_at(30_000), lit(4001_i64)], false);
    assert_eq!(group(&either, 30_000), 15_000);
    let both = col("code").eq(code_at(5)).or(col("code").eq(code_at(39_999)));
    assert_eq!(left(&dataset, &both, &|row| row == 5 || row == 39_999, &[]), ROWS as usize);
    assert_eq!(left(&dataset, &col("miles").eq(lit(4000.01)), &|_| false, &[]), 0);
}

#[test]
fn row_groups_whose_dictionary_has_no_such_value_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let coded = |properties: WriterPropertiesBuilder| properties.set_dictionary_enabled(true).set_statistics_enabled(EnabledStatistics::None);
    let dataset = opened(directory.path(), coded);
    let read = |dataset: &Arc<Dataset>, filter: &Expr, matches: &dyn Fn(i64) -> bool| left(dataset, filter, matches, &[]);
    assert_eq!(read(&dataset, &col("code").eq(lit(4001_i64)), &|_| false), 0);
    assert_eq!(read(&dataset, &col("day").eq(lit(45_i32)), &|_| false), 0);
    // Of one row group.
    assert_eq!(read(&dataset, &col("code").eq(lit(code(100))), &|row| row == 100), 25_000);
    assert_eq!(read(&dataset, &col("day").eq(lit(44_i32)), &|row| row / 900 == 44), 15_000);
    assert_eq!(read(&dataset, &col("day").in_list(vec![lit(44_i32), lit(45_i32), lit(-3_i32)], false), &|row| row / 900 == 44), 15_000);
    assert_eq!(read(&dataset, &col("day").eq(lit(1_i32)).and(col("code").eq(lit(4001_i64))), &|_| false), 0);
    // Zero is two; NaN and null are in no dictionary that is looked at.
    assert_eq!(read(&dataset, &col("miles").eq(lit(-0.0)), &|row| row == 0), 25_000);
    assert_eq!(read(&dataset, &col("miles").eq(lit(0.01)), &|_| false), 0);
    assert_eq!(read(&dataset, &col("miles").is_null(), &|row| row / 5000 % 2 == 1), ROWS as usize);
    for filter in [col("day").not_eq(lit(44_i32)), col("day").eq(lit(44_i32)).or(col("miles").gt(lit(0.0)))] {
        assert_eq!(read(&dataset, &filter, &|_| false), ROWS as usize, "{filter}");
    }
    // One that is a large part of what it may spare.
    assert_eq!(read(&dataset, &col("name").eq(lit("a name of some length 4001")), &|_| false), ROWS as usize);
    // One that holds the first values alone: the others stand in pages without it.
    let full = opened(directory.path(), |properties| coded(properties).set_dictionary_page_size_limit(20_000));
    assert_eq!(read(&full, &col("code").eq(lit(code(24_999))), &|row| row == 24_999), ROWS as usize);
    // Statistics and Bloom filters are asked before.
    let known = opened(directory.path(), |properties| properties.set_dictionary_enabled(true).set_bloom_filter_enabled(true));
    assert_eq!(read(&known, &col("code").eq(lit(4001_i64)), &|_| false), 0);
}

#[test]
fn a_damaged_dictionary_is_an_error_or_none() {
    let directory = tempfile::tempdir().unwrap();
    opened(directory.path(), |properties| properties.set_dictionary_enabled(true).set_statistics_enabled(EnabledStatistics::None));
    let bytes = fs::read(file_in(directory.path())).unwrap();
    let metadata = SerializedFileReader::new(File::open(file_in(directory.path())).unwrap()).unwrap().metadata().clone();
    let starts = metadata.row_groups().iter().flat_map(|group| group.columns()).map(|column| column.dictionary_page_offset().unwrap() as usize);
    let filter = col("day").eq(lit(44_i32)).and(col("code").eq(lit(code(39_999)))).and(col("name").eq(lit("a name")));
    for (number, place) in starts.flat_map(|start| (start..).take(24)).enumerate() {
        let mut damaged = bytes.clone();
        damaged[place] ^= if number % 2 == 0 { 0xff } else { 0x10 };
        fs::write(file_in(directory.path()), damaged).unwrap();
        let dataset = open_parquet(&ParquetRequest { paths: vec![text(directory.path())], ..ParquetRequest::default() }).unwrap();
        let options = ReadOptions { prune: Some(pruner(&dataset, &NAMES, &filter)), ..columns(&NAMES) };
        match read_all(&Arc::new(dataset), 3, &options) {
            Ok(rows) => assert!(rows.num_rows() <= ROWS as usize, "byte {place}"),
            Err(error) => assert_eq!(error.code, "LS2005", "byte {place}: {}", error.message),
        }
    }
}

#[test]
fn bloom_filters_that_are_asked_for_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let table = table();
    let options = ParquetWriteOptions { row_group_rows: 25_000, bloom_filters: vec!["code".into(), "name".into(), "miles".into()], ..ParquetWriteOptions::default() };
    let mut part = ParquetPart::create(directory.path(), 0, &table.schema(), options).unwrap();
    part.write(&table).unwrap();
    let file = part.close().unwrap();
    let footer = SerializedFileReader::new(File::open(&file.path).unwrap()).unwrap();
    let filters = |group: usize| footer.metadata().row_group(group).columns().iter().map(|column| column.bloom_filter_length()).collect::<Vec<_>>();
    // As large as what is there asks for: a byte and a fifth a value, up to a power of two.
    assert!(matches!(filters(0)[..], [None, None, Some(32_768..33_000), Some(32_768..33_000), Some(..33_000)]), "{:?}", filters(0));
    let dataset = travelled(&open_parquet(&ParquetRequest { paths: vec![text(directory.path())], ..ParquetRequest::default() }).unwrap());
    let read = |filter: Expr, matches: &dyn Fn(i64) -> bool| left(&dataset, &filter, matches, &[]);
    assert_eq!(read(col("code").eq(lit(4001_i64)), &|_| false), 0);
    assert_eq!(read(col("name").eq(lit("a name of some length 4001")), &|_| false), 0);
    assert_eq!(read(col("miles").eq(lit(4000.01)), &|_| false), 0);
    // Of two zeros the file has one.
    assert!(read(col("miles").eq(lit(-0.0)), &|row| row == 0) > 0);
}

#[test]
fn of_a_sample_the_rows_that_are_in_it_are_judged() {
    let directory = tempfile::tempdir().unwrap();
    opened(directory.path(), |properties| properties);
    let mut dataset = open_parquet(&ParquetRequest { paths: vec![text(directory.path())], ..ParquetRequest::default() }).unwrap();
    dataset.sample(10_000);
    let dataset = travelled(&dataset);
    let whole = read_all(&dataset, 1, &columns(&NAMES)).unwrap();
    assert_eq!(whole.num_rows(), 10_000);
    let prune = Some(pruner(&dataset, &NAMES, &col("id").gt_eq(lit(4_321_i64)).and(col("id").lt(lit(4_400_i64)))));
    for parts in [1, 3] {
        let read = read_all(&dataset, parts, &ReadOptions { prune: prune.clone(), ..columns(&NAMES) }).unwrap();
        let ids = read.column(0).as_primitive::<Int64Type>();
        assert!(read.num_rows() <= 1000 && (4_321..4_400).all(|id| ids.values().contains(&id)));
    }
}

#[test]
fn a_damaged_index_or_bloom_filter_is_an_error_or_none() {
    let directory = tempfile::tempdir().unwrap();
    opened(directory.path(), |properties| properties.set_bloom_filter_enabled(true));
    let bytes = fs::read(file_in(directory.path())).unwrap();
    let metadata = SerializedFileReader::new(File::open(file_in(directory.path())).unwrap()).unwrap().metadata().clone();
    let columns_of = || metadata.row_groups().iter().flat_map(|group| group.columns());
    let indexes = columns_of().flat_map(|column| [(column.column_index_offset(), column.column_index_length()), (column.offset_index_offset(), column.offset_index_length())]);
    // The headers of Bloom filters: their bits may be anything.
    let blooms = columns_of().map(|column| (column.bloom_filter_offset(), Some(20)));
    let filter = col("id").gt_eq(lit(12_345_i64)).and(col("code").eq(lit(code(12_345)))).and(col("miles").gt(lit(0.0))).and(col("name").eq(lit("a name")));
    let mut looked = 0;
    for (number, place) in indexes.chain(blooms).flat_map(|(offset, length)| (offset.unwrap()..).take(length.unwrap() as usize)).enumerate() {
        if number % 23 > 0 {
            continue;
        }
        looked += 1;
        let mut damaged = bytes.clone();
        damaged[place as usize] ^= if number % 2 == 0 { 0xff } else { 0x10 };
        fs::write(file_in(directory.path()), damaged).unwrap();
        let Ok(dataset) = open_parquet(&ParquetRequest { paths: vec![text(directory.path())], ..ParquetRequest::default() }) else { continue };
        let options = ReadOptions { prune: Some(pruner(&dataset, &NAMES, &filter)), ..columns(&NAMES) };
        match read_all(&Arc::new(dataset), 3, &options) {
            Ok(rows) => assert!(rows.num_rows() <= ROWS as usize, "byte {place}"),
            Err(error) => assert_eq!(error.code, "LS2005", "byte {place}: {}", error.message),
        }
    }
    assert!(looked > 200, "{looked}");
}

#[test]
fn keys_are_tested_in_the_pages_that_are_left() {
    let directory = tempfile::tempdir().unwrap();
    let dataset = opened(directory.path(), |properties| properties);
    let wanted = |values: &ArrayRef| {
        let codes = values.as_primitive::<Int64Type>();
        Ok(BooleanBuffer::collect_bool(codes.len(), |row| codes.value(row) % 10 == 0))
    };
    let tests = [KeyTest { column: "code".into(), wanted: Arc::new(wanted) }];
    let filter = col("id").gt_eq(lit(24_500_i64)).and(col("id").lt(lit(25_500_i64)));
    let matches = |row: i64| (24_500..25_500).contains(&row) && code(row) % 10 == 0;
    assert!(left(&dataset, &filter, &matches, &tests) < 500);
    let options = ReadOptions { prune: Some(pruner(&dataset, &NAMES, &filter)), tests: tests.to_vec(), ..columns(&NAMES) };
    let mut reader = read(Arc::clone(&dataset), chunks(&dataset, &[], 1, None).remove(0), options);
    let rows: u64 = reader.by_ref().map(|batch| batch.unwrap().num_rows() as u64).sum();
    assert_eq!(rows + reader.dropped() + reader.pruned(), ROWS as u64);
    assert!(reader.pruned() >= 37_000 && reader.dropped() > 500, "{} {}", reader.pruned(), reader.dropped());
}
