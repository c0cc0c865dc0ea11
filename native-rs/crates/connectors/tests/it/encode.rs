//! Our own column encoder against arrow-rs' reader, on tables made to reach its corners.
use std::{path::Path, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
        StringArray, TimestampMillisecondArray,
    },
    compute::{concat_batches, max, max_boolean, max_string, min, min_boolean, min_string},
    datatypes::Int32Type,
};
use datafusion::scalar::ScalarValue;
use lockstep_connectors::{Dataset, ParquetPart, ParquetRequest, ParquetWriteOptions, ReadOptions, open_parquet};
use parquet::{arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions}, basic::Compression, file::metadata::PageIndexPolicy};

use super::{columns, read_all, text};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const NAMES: [&str; 9] = ["i64", "i32", "day", "at", "f64", "bit", "text", "label", "constant"];

/// Rows with `distinct` values a column, `nulls` per cent of them null, in runs of up to `run`.
fn table(random: &mut Random, rows: usize, distinct: u64, nulls: u64, run: u64) -> RecordBatch {
    let mut picks = Vec::with_capacity(rows);
    while picks.len() < rows {
        let pick = (random.below(100) >= nulls).then(|| random.below(distinct));
        picks.extend(vec![pick; 1 + random.below(run) as usize]);
    }
    picks.truncate(rows);
    let float = |pick: u64| match pick % 50 {
        7 => f64::NAN,
        11 => f64::INFINITY,
        13 => -0.0,
        _ => (pick as f64 - 100.0) / 8.0,
    };
    let word = |pick: u64| format!("{}{pick}", ["", "é", "a long prefix of a string "][(pick % 3) as usize]);
    let entries: StringArray = (0..distinct).map(|pick| (pick != 3).then(|| word(pick))).collect();
    let label = DictionaryArray::<Int32Type>::new(picks.iter().map(|pick| pick.map(|pick| pick as i32)).collect(), Arc::new(entries));
    let i64s = || picks.iter().map(|pick| pick.map(|pick| pick as i64 - 50));
    let i32s = || picks.iter().map(|pick| pick.map(|pick| pick as i32 - 50));
    let arrays: [ArrayRef; 9] = [
        Arc::new(i64s().map(|value| value.map(|value| value << 40)).collect::<Int64Array>()),
        Arc::new(i32s().collect::<Int32Array>()),
        Arc::new(i32s().collect::<Date32Array>()),
        Arc::new(i64s().collect::<TimestampMillisecondArray>().with_timezone("UTC")),
        Arc::new(picks.iter().map(|pick| pick.map(float)).collect::<Float64Array>()),
        Arc::new(picks.iter().map(|pick| pick.map(|pick| pick % 2 == 0)).collect::<BooleanArray>()),
        Arc::new(picks.iter().map(|pick| pick.map(word)).collect::<StringArray>()),
        Arc::new(label),
        Arc::new(Int64Array::from(vec![7; rows])),
    ];
    let nullable = |name: &str| nulls > 0 && name != "constant" || name == "label";
    RecordBatch::try_from_iter_with_nullable(NAMES.into_iter().zip(arrays).map(|(name, array)| (name, array, nullable(name)))).unwrap()
}

fn write(directory: &Path, batches: &[RecordBatch], options: ParquetWriteOptions) -> Arc<Dataset> {
    let mut part = ParquetPart::create(directory, 0, &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| part.write(batch).unwrap());
    part.close().unwrap();
    Arc::new(open_parquet(&ParquetRequest { paths: vec![text(directory)], ..ParquetRequest::default() }).unwrap())
}

#[test]
fn reads_back_with_right_statistics() {
    let mut random = Random(11);
    for round in 0..60 {
        let directory = tempfile::tempdir().unwrap();
        let distinct = [1, 2, 5, 300, 100_000][random.below(5) as usize];
        let (nulls, run) = ([0, 10, 100][random.below(3) as usize], [1, 30, 1000][random.below(3) as usize]);
        let batches: Vec<RecordBatch> = (0..1 + random.below(4))
            .map(|_| {
                let rows = [1, 7, 9000, 45_000][random.below(4) as usize];
                let whole = table(&mut random, rows, distinct, nulls, run);
                // A slice: offsets into shared buffers.
                let start = random.below(rows as u64 / 2 + 1) as usize;
                whole.slice(start, rows - start)
            })
            .collect();
        let options = ParquetWriteOptions {
            row_group_rows: [1000, 30_000, 1 << 20][random.below(3) as usize],
            compression: [Compression::SNAPPY, Compression::UNCOMPRESSED, Compression::LZ4_RAW][random.below(3) as usize],
            ..ParquetWriteOptions::default()
        };
        let dataset = write(directory.path(), &batches, options);
        let expected = concat_batches(&batches[0].schema(), &batches).unwrap();
        let found = read_all(&dataset, 1 + random.below(3) as usize, &columns(&NAMES)).unwrap();
        for (index, name) in NAMES.iter().enumerate() {
            // Dictionaries may be numbered anew: the values count.
            let plain = |batch: &RecordBatch| arrow::compute::cast(batch.column(index), dataset_type(batch, index)).unwrap();
            assert_eq!(&plain(&found), &plain(&expected), "{name}, round {round}");
        }
        check_statistics(&dataset, &expected);
        let file = std::fs::File::open(directory.path().join("part-00000.parquet")).unwrap();
        let indexed = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required)).unwrap();
        assert_eq!(indexed.metadata().offset_index().unwrap().len(), dataset.files[0].groups.len());
    }
}

fn dataset_type(batch: &RecordBatch, index: usize) -> &arrow::datatypes::DataType {
    match batch.column(index).data_type() {
        arrow::datatypes::DataType::Dictionary(_, values) => values,
        other => other,
    }
}

fn check_statistics(dataset: &Dataset, table: &RecordBatch) {
    let of = |name: &str| dataset.column_statistics(name).unwrap();
    let column = |name: &str| table.column_by_name(name).unwrap();
    for name in NAMES {
        assert_eq!(of(name).null_count, Some(column(name).logical_null_count() as u64), "{name}");
    }
    let integers: &Int64Array = column("i64").as_any().downcast_ref().unwrap();
    assert_eq!((of("i64").min, of("i64").max), (min(integers).map(|value| ScalarValue::Int64(Some(value))), max(integers).map(|value| ScalarValue::Int64(Some(value)))));
    let bits: &BooleanArray = column("bit").as_any().downcast_ref().unwrap();
    assert_eq!((of("bit").min, of("bit").max), (min_boolean(bits).map(ScalarValue::from), max_boolean(bits).map(ScalarValue::from)));
    let texts: &StringArray = column("text").as_any().downcast_ref().unwrap();
    assert_eq!((of("text").min, of("text").max), (min_string(texts).map(ScalarValue::from), max_string(texts).map(ScalarValue::from)));
    let floats: &Float64Array = column("f64").as_any().downcast_ref().unwrap();
    let numbers = || floats.iter().flatten().filter(|value| !value.is_nan());
    if let (Some(ScalarValue::Float64(Some(low))), Some(ScalarValue::Float64(Some(high)))) = (of("f64").min, of("f64").max) {
        assert_eq!(low, numbers().fold(f64::INFINITY, f64::min));
        assert_eq!(high, numbers().fold(f64::NEG_INFINITY, f64::max));
    }
}

/// More distinct values than a dictionary holds, after few: the chunk has coded and plain pages.
#[test]
fn a_dictionary_that_overflows() {
    let directory = tempfile::tempdir().unwrap();
    let numbers = |rows: std::ops::Range<i64>| -> RecordBatch {
        let text: StringArray = rows.clone().map(|row| Some(format!("{:0>60}", if row < 70_000 { row % 10 } else { row }))).collect();
        let number = Int64Array::from_iter_values(rows.map(|row| if row < 70_000 { row % 10 } else { row * 3 }));
        RecordBatch::try_from_iter([("number", Arc::new(number) as ArrayRef), ("text", Arc::new(text))]).unwrap()
    };
    let batches = [numbers(0..70_000), numbers(70_000..400_000)];
    let dataset = write(directory.path(), &batches, ParquetWriteOptions::default());
    let found = read_all(&dataset, 3, &columns(&["number", "text"])).unwrap();
    assert_eq!(found, concat_batches(&batches[0].schema(), &batches).unwrap());
    let of = |name: &str| dataset.column_statistics(name).unwrap();
    assert!(!of("number").dictionary && !of("text").dictionary);
    assert_eq!(of("number").max, Some(ScalarValue::Int64(Some(399_999 * 3))));
    assert_eq!(of("text").max, Some(ScalarValue::from(format!("{:0>60}", 399_999))));
}

/// A bound too long for the footer is left out, not cut.
#[test]
fn long_strings_have_no_bounds() {
    let directory = tempfile::tempdir().unwrap();
    let text = StringArray::from_iter_values((0..10).map(|row| "x".repeat(if row == 4 { 300 } else { 3 })));
    let batch = RecordBatch::try_from_iter([("text", Arc::new(text) as ArrayRef)]).unwrap();
    let dataset = write(directory.path(), std::slice::from_ref(&batch), ParquetWriteOptions::default());
    assert_eq!(read_all(&dataset, 1, &columns(&["text"])).unwrap(), batch);
    assert_eq!(dataset.column_statistics("text").unwrap().min, None);
}

#[test]
fn an_empty_part_keeps_its_schema() {
    let directory = tempfile::tempdir().unwrap();
    let empty = table(&mut Random(1), 0, 1, 10, 1);
    let dataset = write(directory.path(), std::slice::from_ref(&empty), ParquetWriteOptions::default());
    assert_eq!(read_all(&dataset, 2, &ReadOptions { ..columns(&NAMES) }).unwrap(), empty);
}
