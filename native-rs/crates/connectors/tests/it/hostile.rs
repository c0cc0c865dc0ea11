//! Files that lie: an error that names the file or an answer; never a panic, a hang or an allocation out of proportion.
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    collections::BTreeSet,
    fs,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, Date32Array, Decimal128Array, Decimal256Array, DictionaryArray, FixedSizeBinaryArray, Float64Array,
        Int64Array, ListArray, NullArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
        new_null_array,
    },
    compute::cast,
    datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimestampNanosecondType, i256},
};
use bytes::Bytes;
use lockstep_connectors::{
    ConnectorError, CsvRequest, Dataset, ParquetRequest, ReadOptions, js_type, open_csv, open_parquet, read_labels,
};
use lockstep_plan::{ColumnType, JsType};
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, Encoding, ZstdLevel},
    column::writer::ColumnWriter,
    data_type::Int96,
    file::{
        properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};

use super::{columns, read_all, text, travelled};

/// Remembers the largest block that a thread asked for.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

fn saw(size: usize) {
    LARGEST.set(LARGEST.get().max(size));
}

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        saw(layout.size());
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        saw(layout.size());
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        saw(size);
        // SAFETY: the caller's promises about `block` and `layout` are passed on.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises about `block` and `layout` are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static WATCHED: Watched = Watched;

fn open(path: &Path) -> Result<Arc<Dataset>, ConnectorError> {
    Ok(Arc::new(open_parquet(&ParquetRequest { paths: vec![text(path)], ..ParquetRequest::default() })?))
}

fn all_columns(dataset: &Dataset) -> ReadOptions {
    ReadOptions { columns: dataset.schema.fields().iter().map(|field| field.name().clone()).collect(), ..ReadOptions::default() }
}

/// Everything a job may do with a file's text columns and rows.
fn read_whole(path: &Path) -> Result<RecordBatch, ConnectorError> {
    let dataset = open(path)?;
    let mut options = all_columns(&dataset);
    let strings = dataset.schema.fields().iter().filter(|field| js_type(field.data_type()) == Some(JsType::String));
    for name in strings.map(|field| field.name()) {
        read_labels(&dataset, name, 100)?;
        options.dictionary.insert(name.clone());
    }
    let coded = read_all(&dataset, 2, &options)?;
    // arrow-rs builds some arrays unchecked.
    for column in coded.columns() {
        column.to_data().validate_full().unwrap();
    }
    options.dictionary = BTreeSet::new();
    let plain = read_all(&dataset, 1, &options)?;
    for column in plain.columns() {
        column.to_data().validate_full().unwrap();
    }
    Ok(plain)
}

fn write(directory: &Path, batch: &RecordBatch, properties: WriterPropertiesBuilder) -> PathBuf {
    let path = directory.join("x.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    path
}

/// As those write who know nothing of Arrow.
fn write_plain(directory: &Path, batch: &RecordBatch, properties: WriterPropertiesBuilder) -> PathBuf {
    let path = directory.join("x.parquet");
    let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(File::create(&path).unwrap(), batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    path
}

fn small() -> RecordBatch {
    let rows = 0..40_i64;
    let names = rows.clone().map(|id| (id % 5 != 3).then(|| format!("zone {}", id % 4)));
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>(rows.clone().map(|id| Some(vec![Some(id); (id % 3) as usize])));
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(rows.clone())) as ArrayRef),
        ("miles", Arc::new(Float64Array::from_iter(rows.map(|id| (id % 7 != 0).then_some(id as f64 / 8.0))))),
        ("zone", Arc::new(StringArray::from_iter(names))),
        ("stops", Arc::new(list)),
    ])
    .unwrap()
}

/// Every byte of a file, each replaced in two ways, under every layout a writer may choose.
#[test]
fn every_byte_damaged() {
    let plain = || WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Chunk);
    let layouts: Vec<(&str, WriterPropertiesBuilder)> = vec![
        ("dictionaries, snappy", plain().set_compression(Compression::SNAPPY)),
        ("plain", plain().set_dictionary_enabled(false)),
        ("zstd, version 2", plain().set_compression(Compression::ZSTD(ZstdLevel::default())).set_writer_version(WriterVersion::PARQUET_2_0)),
        (
            "deltas",
            plain()
                .set_dictionary_enabled(false)
                .set_writer_version(WriterVersion::PARQUET_2_0)
                .set_column_encoding("id".into(), Encoding::DELTA_BINARY_PACKED)
                .set_column_encoding("zone".into(), Encoding::DELTA_BYTE_ARRAY)
                .set_column_encoding("miles".into(), Encoding::BYTE_STREAM_SPLIT),
        ),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (index, (layout, properties)) in layouts.into_iter().enumerate() {
        let path = if index == 0 { write(directory.path(), &small(), properties) } else { write_plain(directory.path(), &small(), properties) };
        let whole = fs::read(&path).unwrap();
        LARGEST.set(0);
        let mut errors = 0;
        for at in 0..whole.len() {
            for byte in [[0x00, 0xff][at % 2], whole[at] ^ (1 << (at % 8))] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                fs::write(&path, &bytes).unwrap();
                let start = Instant::now();
                if let Err(error) = read_whole(&path) {
                    let known = ["LS2001", "LS2002", "LS2003", "LS2005", "LS2018"].contains(&error.code);
                    assert!(known && error.message.contains("x.parquet"), "{layout}, {at} = {byte}: {}", error.message);
                    errors += 1;
                }
                assert!(start.elapsed() < Duration::from_secs(5), "{layout}, {at} = {byte}: {:?}", start.elapsed());
            }
        }
        assert!(errors > whole.len() / 2, "{layout}: {errors}");
        let largest = LARGEST.get();
        assert!(largest < 64 << 20, "{layout}: {largest} bytes at once for a file of {}", whole.len());
    }
}

/// A count of rows is believed only if the columns have as many values: a scan without columns would go on for years.
#[test]
fn rows_that_no_column_has() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), &small().project(&[0]).unwrap(), WriterProperties::builder());
    let footer = parquet::arrow::arrow_reader::ArrowReaderMetadata::load(&Bytes::from(fs::read(&path).unwrap()), Default::default()).unwrap();
    let group = footer.metadata().row_group(0).clone().into_builder().set_num_rows(1 << 50).build().unwrap();
    let lying = footer.metadata().as_ref().clone().into_builder().set_row_groups(vec![group]).build();
    let mut bytes = fs::read(&path).unwrap();
    parquet::file::metadata::ParquetMetaDataWriter::new(&mut bytes, &lying).finish().unwrap();
    fs::write(&path, bytes).unwrap();
    let error = open(&path).unwrap_err();
    assert_eq!(error.code, "LS2005");
    assert!(error.message.contains("rows"), "{}", error.message);
}

/// Indices into a dictionary of no entries.
#[test]
fn an_empty_dictionary() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = DictionaryArray::<Int32Type>::new(vec![None, None].into(), Arc::new(StringArray::from(Vec::<&str>::new())));
    let batch = RecordBatch::try_from_iter([("s", Arc::new(nothing) as ArrayRef)]).unwrap();
    let path = write(directory.path(), &batch, WriterProperties::builder());
    let read = read_whole(&path).unwrap();
    assert_eq!((read.num_rows(), read.column(0).logical_null_count()), (2, 2));
}

#[test]
fn files_and_groups_without_rows() {
    let directory = tempfile::tempdir().unwrap();
    let empty = small().slice(0, 0);
    let path = write(directory.path(), &empty, WriterProperties::builder());
    assert_eq!(read_whole(&path).unwrap(), empty);
    // Row groups of 0, 2, 0 and 1 rows: arrow-rs' own writer makes none that are empty.
    let schema = Arc::new(parse_message_type("message m { required int64 id; }").unwrap());
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Default::default()).unwrap();
    for values in [&[][..], &[1, 2], &[], &[3]] {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let ColumnWriter::Int64ColumnWriter(ids) = column.untyped() else { unreachable!() };
        ids.write_batch(values, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    let read = read_whole(&path).unwrap();
    assert_eq!(read.column(0).as_primitive::<Int64Type>().values(), &[1, 2, 3]);
    let dataset = travelled(&open(&path).unwrap());
    let statistics = dataset.column_statistics("id").unwrap();
    assert_eq!(statistics.max, Some(datafusion::scalar::ScalarValue::Int64(Some(3))));
}

/// Columns that JavaScript cannot see, or only at their edges, pass through bit by bit.
#[test]
fn extreme_types() {
    let directory = tempfile::tempdir().unwrap();
    let wide = Decimal128Array::from(vec![10_i128.pow(38) - 1, 1 - 10_i128.pow(38), 0]).with_precision_and_scale(38, 10).unwrap();
    let most = i256::from_string(&"9".repeat(76)).unwrap();
    let wider = Decimal256Array::from(vec![most, -most, i256::ZERO]).with_precision_and_scale(76, 0).unwrap();
    let place = StructArray::from(vec![
        (Arc::new(Field::new("x", DataType::Float64, true)), Arc::new(Float64Array::from(vec![Some(f64::NAN), None, Some(-0.0)])) as ArrayRef),
        (Arc::new(Field::new("zone", DataType::Utf8, true)), Arc::new(StringArray::from(vec![Some("é"), None, Some("\0")])) as ArrayRef),
    ]);
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("wide", Arc::new(wide) as ArrayRef, true),
        ("wider", Arc::new(wider), true),
        ("us", Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN, i64::MAX, -1])), true),
        ("ms", Arc::new(TimestampMillisecondArray::from(vec![i64::MIN, i64::MAX, 0]).with_timezone("UTC")), true),
        ("day", Arc::new(Date32Array::from(vec![i32::MIN, i32::MAX, 0])), true),
        ("id", Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX, 0])), true),
        ("bytes", Arc::new(FixedSizeBinaryArray::try_from_iter([[0_u8; 16], [255; 16], [7; 16]].into_iter()).unwrap()), true),
        ("place", Arc::new(place), true),
        ("text", Arc::new(StringArray::from(vec![Some("\0"), None, Some("\u{10ffff}")])), true),
        ("nothing", new_null_array(&DataType::Utf8, 3), true),
        ("untyped", Arc::new(NullArray::new(3)), true),
    ])
    .unwrap();
    let path = write(directory.path(), &batch, WriterProperties::builder());
    let read = read_whole(&path).unwrap();
    let bytes = batch.schema().index_of("bytes").unwrap();
    for (index, (own, column)) in batch.columns().iter().zip(read.columns()).enumerate() {
        // Nothing says that they are uuids.
        let own = if index == bytes { cast(own, &DataType::Binary).unwrap() } else { Arc::clone(own) };
        assert_eq!(column, &own);
    }
    let dataset = travelled(&open(&path).unwrap());
    for field in dataset.schema.fields() {
        dataset.column_statistics(field.name()).unwrap();
    }
    let seen = |name: &str, js| {
        let declared = vec![ColumnType { name: name.into(), js, nullable: true }];
        open_parquet(&ParquetRequest { paths: vec![text(&path)], declared, ..ParquetRequest::default() })
    };
    for name in ["bytes", "untyped"] {
        let error = seen(name, JsType::Number).unwrap_err();
        assert!(error.code == "LS2002" && error.message.contains("no JavaScript type fits"), "{}", error.message);
    }
    let error = seen("place", JsType::Number).unwrap_err();
    assert!(error.code == "LS2002" && error.message.contains("place: { x: number; zone: string }"), "{}", error.message);
}

/// Impala's and old Spark's timestamps: nanoseconds of a day and a Julian day.
#[test]
fn int96() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.parquet");
    let schema = Arc::new(parse_message_type("message m { required int96 at; }").unwrap());
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let ColumnWriter::Int96ColumnWriter(instants) = column.untyped() else { unreachable!() };
    let of = |day, nanoseconds: u64| {
        let mut value = Int96::new();
        value.set_data(nanoseconds as u32, (nanoseconds >> 32) as u32, day);
        value
    };
    instants.write_batch(&[of(2_440_588, 0), of(2_440_589, 1), of(u32::MAX, u64::MAX)], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let read = read_whole(&path).unwrap();
    let instants = read.column(0).as_primitive::<TimestampNanosecondType>();
    assert_eq!(instants.values()[..2], [0, 86_400_000_000_001]);
    assert_eq!(open(&path).unwrap().column_statistics("at").unwrap().min, None);
}

/// A batch is bounded in bytes as well as in rows.
#[test]
fn long_strings() {
    let directory = tempfile::tempdir().unwrap();
    let long = StringArray::from_iter_values((0..24).map(|row| format!("{row:2}{}", "x".repeat(4 << 20))));
    let batch = RecordBatch::try_from_iter([("s", Arc::new(long) as ArrayRef)]).unwrap();
    let path = write(directory.path(), &batch, WriterProperties::builder().set_compression(Compression::SNAPPY));
    let dataset = open(&path).unwrap();
    let part = lockstep_connectors::chunks(&dataset, &["s".to_owned()], 1, None).remove(0);
    let batches: Vec<RecordBatch> = lockstep_connectors::read(Arc::clone(&dataset), part, columns(&["s"])).map(Result::unwrap).collect();
    assert_eq!(arrow::compute::concat_batches(&batch.schema(), &batches).unwrap(), batch);
    let largest = batches.iter().map(RecordBatch::get_array_memory_size).max().unwrap();
    assert!(largest < 64 << 20, "{largest}");
}

#[test]
fn very_many_columns() {
    let directory = tempfile::tempdir().unwrap();
    const WIDTH: usize = 100_000;
    let names: Vec<String> = (0..WIDTH).map(|index| format!("c{index}")).collect();
    let path = directory.path().join("x.csv");
    let line = |value: &str| vec![value; WIDTH].join(",");
    fs::write(&path, format!("{}\n{}\n{}\n", names.join(","), line("1"), line("x"))).unwrap();
    let start = Instant::now();
    let request = CsvRequest { paths: vec![text(&path)], ..CsvRequest::default() };
    let dataset = Arc::new(open_csv(&request).unwrap());
    let last = read_all(&dataset, 2, &columns(&["c99999"])).unwrap();
    assert_eq!(last.column(0).as_string::<i32>().value(1), "x");
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Int64, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_new(schema, vec![column; WIDTH]).unwrap();
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let path = write(directory.path(), &batch, WriterProperties::builder().set_dictionary_enabled(false));
    let start = Instant::now();
    let dataset = open(&path).unwrap();
    assert_eq!(read_all(&dataset, 1, &columns(&["c7", "c99999"])).unwrap().num_columns(), 2);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

/// An open quote makes the rest of a file one field: an error when it is longer than any string of JavaScript.
#[test]
fn csv_fields_of_any_size() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    let request = CsvRequest { paths: vec![text(&path)], ..CsvRequest::default() };
    let long = "é".repeat(3 << 20);
    fs::write(&path, format!("a,b\n\"{long}\",\0\n,\"\0\"\"\"\n")).unwrap();
    let dataset = Arc::new(open_csv(&request).unwrap());
    let read = read_all(&dataset, 3, &columns(&["a", "b"])).unwrap();
    let (a, b) = (read.column(0).as_string::<i32>(), read.column(1).as_string::<i32>());
    assert_eq!((a.value(0), b.value(0), a.is_null(1), b.value(1)), (long.as_str(), "\0", true, "\0\""));
    fs::write(&path, "a,b\n1,2\n\"x").unwrap();
    File::options().write(true).open(&path).unwrap().set_len(3 << 30).unwrap();
    LARGEST.set(0);
    let error = open_csv(&request).unwrap_err();
    assert_eq!((error.code, &error.detail["line"]), ("LS2006", &3.into()));
    assert!(error.message.contains("quote"), "{}", error.message);
    assert!(LARGEST.get() < 256 << 20);
}
